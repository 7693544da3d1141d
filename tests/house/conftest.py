"""What the house tests share: the repository's root and its Python files.

Input: the working copy. Output: the fixtures `root` and `python_files`.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("runner", "plugins", "tests", "benchmarks", "extensions")
NOT_OURS = {"__pycache__", "output", "collections", "ansible_collections"}


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def python_files() -> tuple[Path, ...]:
    """Return every Python file of ours, sorted; an empty answer would make every house rule hold."""
    found = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py") if not NOT_OURS & set(path.parts))
    assert len(found) > 10, "the house tests look in the wrong place"
    return tuple(found)
