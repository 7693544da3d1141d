"""Packages that import a name's module when it is first asked for: their stub says the same, and each name is there.

Input: each `__init__.pyi` of ours and the package beside it. Output: pass when checkers and the interpreter agree.
"""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parents[2] / "runner"
STUBS = sorted(RUNNER.rglob("__init__.pyi"))


def package_of(stub: Path) -> str:
    return ".".join(stub.parent.relative_to(RUNNER).parts)


def test_there_are_such_packages() -> None:
    assert {"murenger.model", "murenger.record"} <= {package_of(stub) for stub in STUBS}


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_the_stub_says_what_the_package_gives(stub: Path) -> None:
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    said = {alias.name: node.module for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    listed = next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    package = importlib.import_module(package_of(stub))
    assert sorted(listed) == sorted(said) == dir(package)
    for name, module in said.items():
        assert module is not None
        assert getattr(package, name) is getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_a_name_that_is_not_there_is_refused_as_ever(stub: Path) -> None:
    package = importlib.import_module(package_of(stub))
    with pytest.raises(AttributeError, match=f"module '{package_of(stub)}' has no attribute 'Nonsense'"):
        _ = package.Nonsense


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_the_package_alone_loads_none_of_its_modules(stub: Path) -> None:
    name = package_of(stub)
    program = f"import sys, {name}; print(*(module for module in sys.modules if module.startswith('{name}.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
