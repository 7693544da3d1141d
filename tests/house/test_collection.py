"""What collection and distribution promise together: one version, complete groups, nothing extra in the tarball.

Input: galaxy.yml, meta/, pyproject.toml and the built tarball. Output: pass, or what differs.
"""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

import murenger

# What users get. A new top-level folder is shipped only when it is added here, knowingly.
SHIPPED = frozenset(
    [
        "FILES.json",
        "MANIFEST.json",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "meta",
        "plugins",
        "roles",
        "playbooks",
        "extensions",
        "changelogs",
        "docs",
        "tests",
    ]
)
SHIPPED_TESTS = frozenset(["config.yml", "unit", "integration", "sanity"])
# Without these the collection is no collection of ours.
REQUIRED = frozenset(["MANIFEST.json", "README.md", "LICENSE", "CHANGELOG.md", "meta", "plugins", "roles", "playbooks"])
MODULES = (
    *("change_record", "change_record_info", "drift_info", "golden_config", "live_config_info", "plan"),
    "remediation",
)


def versions(root: Path) -> dict[str, str]:
    """Return every place that states the version, with what it states."""
    galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    pin = re.fullmatch(r"murenger==(\S+)\n", (root / "meta/ee-requirements.txt").read_text(encoding="utf-8"))
    return {
        "galaxy.yml": galaxy["version"],
        "pyproject.toml": project["project"]["version"],
        "murenger.__version__": murenger.__version__,
        "meta/ee-requirements.txt": pin[1] if pin else "unreadable",
    }


def unwanted(names: Iterable[str]) -> list[str]:
    """Return what of a tarball's names must not be shipped."""
    found = []
    for name in names:
        parts = Path(name).parts
        foreign = parts[0] not in SHIPPED or (parts[0] == "tests" and len(parts) > 1 and parts[1] not in SHIPPED_TESTS)
        litter = any(part.startswith(".") or part == "__pycache__" for part in parts) or name.endswith(".pyc")
        if foreign or litter or parts[:2] == ("docs", "adr"):
            found.append(name)
    return found


def test_one_version_is_stated_everywhere(root: Path) -> None:
    stated = versions(root)
    assert len(set(stated.values())) == 1, stated


def test_action_group_names_every_module(root: Path) -> None:
    groups = yaml.safe_load((root / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    modules = sorted(path.stem for path in (root / "plugins/modules").glob("*.py"))
    actions = sorted(path.stem for path in (root / "plugins/action").glob("*.py"))
    assert sorted(groups["drift"]) == modules == actions
    assert set(MODULES) <= set(modules)


def test_execution_environment_reads_files_that_are_there(root: Path) -> None:
    environment = yaml.safe_load((root / "meta/execution-environment.yml").read_text(encoding="utf-8"))
    assert environment["version"] == 3
    for name in environment["dependencies"].values():
        assert (root / name).is_file(), name


@pytest.mark.slow
def test_tarball_holds_what_users_need_and_nothing_else(root: Path, tmp_path: Path) -> None:
    # Isolated from the user's Ansible settings, and never a server.
    environment = os.environ | {"HOME": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    command = (Path(sys.executable).parent / "ansible-galaxy", "collection", "build", "--output-path", tmp_path, root)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (tarball,) = tmp_path.glob("murenger-drift-*.tar.gz")
    with tarfile.open(tarball) as opened:
        names = [name for name in opened.getnames() if name not in ("", ".")]
    assert not unwanted(names)
    assert {Path(name).parts[0] for name in names} >= REQUIRED


@pytest.mark.parametrize(
    "name",
    [
        "runner/murenger/errors.py",
        "pyproject.toml",
        "tests/house/x.py",
        "tests/conftest.py",
        "docs/adr/0001.md",
        ".ci/run",
        "roles/heal/.cache",
        "plugins/__pycache__/a.pyc",
        "inventories/lab/hosts.yml",
    ],
)
def test_unwanted_files_are_found(name: str) -> None:
    assert unwanted([name]) == [name]
    assert not unwanted(["plugins/modules/plan.py", "tests/unit/plugins/a.py", "docs/README.md", "tests"])
