"""The gates close: a breach of the import contract and a lab test that is skipped are both found.

Input: copies of the code and of the tests' conftest, with a breach planted. Output: pass when the gate refuses them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.fixture
def code(root: Path, tmp_path: Path) -> Path:
    """Return a copy of the code and its contract that a test may break."""
    shutil.copy(root / "pyproject.toml", tmp_path)
    shutil.copytree(root / "runner", tmp_path / "runner", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def judge_imports(code: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contract on a copy of the code."""
    environment = os.environ | {"PYTHONPATH": str(code / "runner")}
    command = (BIN / "lint-imports", "--no-cache")
    return subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("murenger/errors.py", "from murenger import ports", "murenger.errors is not allowed to import murenger.ports"),
        (
            "murenger/compare/planted.py",
            "from murenger import heal",
            "murenger.compare is not allowed to import murenger.heal",
        ),
        ("murenger/heal/planted.py", "import subprocess", "murenger.heal.planted -> subprocess"),
        ("murenger/adapters/planted.py", "import ansible.errors", "murenger.adapters.planted -> ansible"),
        ("napalm_nftables/planted.py", "import murenger.model", "napalm_nftables.planted -> murenger.model"),
        ("murenger/stray.py", "", "- murenger.stray"),
    ],
)
def test_import_contract_refuses(code: Path, module: str, line: str, said: str) -> None:
    planted = code / "runner" / module
    planted.write_text(
        (planted.read_text(encoding="utf-8") if planted.exists() else "") + f"\n{line}\n", encoding="utf-8"
    )
    judged = judge_imports(code)
    assert judged.returncode == 1, judged.stdout + judged.stderr
    assert said in judged.stdout


@pytest.mark.slow
def test_import_contract_holds(code: Path) -> None:
    judged = judge_imports(code)
    assert judged.returncode == 0, judged.stdout + judged.stderr


LAB_TEST = """
import pytest

@pytest.mark.lab(namespaces=False)
def test_lab():
    pytest.skip("a device is missing")

def test_other():
    pytest.skip("of no concern")
"""
LAB_MODULE = "import pytest\npytest.skip('a tool is missing', allow_module_level=True)\n"


def run_tests(root: Path, folder: Path, text: str, *, required: bool, corpus: str = "") -> str:
    """Run one test file under our conftest and return what pytest says, its exit code last."""
    shutil.copy(root / "tests/conftest.py", folder)
    shutil.copy(root / "pyproject.toml", folder)
    (folder / "test_planted.py").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    environment |= {"MURENGER_REQUIRE_LAB": str(int(required)), "MURENGER_CORPUS": corpus}
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-n",
        "1",
        "--dist",
        "loadgroup",
        # What a worker on a busy machine closes too late is not judged here.
        "-W",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "test_planted.py",
    )
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


def test_skipped_lab_test_is_told_where_the_lab_is_optional(root: Path, tmp_path: Path) -> None:
    said = run_tests(root, tmp_path, LAB_TEST, required=False)
    assert "a device is missing" in said
    assert said.endswith("exit 0")


def test_skipped_lab_test_fails_where_the_lab_is_required(root: Path, tmp_path: Path) -> None:
    said = run_tests(root, tmp_path, LAB_TEST, required=True)
    assert "MURENGER_REQUIRE_LAB is set" in said
    assert "a device is missing" in said
    assert "1 failed, 1 skipped" in said
    assert said.endswith("exit 1")


def test_module_that_skips_itself_fails_where_the_lab_is_required(root: Path, tmp_path: Path) -> None:
    assert not run_tests(root, tmp_path, LAB_MODULE, required=False).endswith("exit 1")
    said = run_tests(root, tmp_path, LAB_MODULE, required=True)
    assert "a tool is missing" in said
    assert not said.endswith(("exit 0", "exit 5"))


def test_lab_that_cannot_start_fails_where_it_is_required(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine whose `unshare` refuses, as one without user namespaces does.
    refusal = tmp_path / "bin" / "unshare"
    refusal.parent.mkdir()
    refusal.write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n", encoding="utf-8")
    refusal.chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusal.parent}{os.pathsep}{os.environ['PATH']}")
    text = "import pytest\n@pytest.mark.lab\ndef test_lab(): pass\n"
    assert "Operation not permitted" in run_tests(root, tmp_path, text, required=False)
    assert run_tests(root, tmp_path, text, required=True).endswith("exit 1")


def test_absent_corpus_is_told(root: Path, tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.corpus\ndef test_corpus(): pass\ndef test_fixture(corpus): pass\n"
    said = run_tests(root, tmp_path, text, required=False, corpus=str(tmp_path / "nowhere"))
    assert "set MURENGER_CORPUS" in said
    assert "2 skipped" in said
