"""The page on errors and the tree of errors say the same.

Input: murenger.errors, docs/reference/errors.md. Output: the classes and exit codes that only one of them has.
"""

import inspect
import re
from pathlib import Path

import pytest

from murenger import errors

ROW = re.compile(r"^\| `(?P<name>\w+Error)` \| (?P<code>\d) \| (?P<when>[^|]+) \| (?P<remedy>[^|]+) \|$", re.MULTILINE)


def real() -> dict[str, int]:
    """Return each class of the tree with its exit code."""
    classes = [found for _, found in inspect.getmembers(errors, inspect.isclass)]
    return {found.__name__: found.exit_code for found in classes if issubclass(found, errors.MurengerError)}


def written(page: str) -> dict[str, int]:
    """Return each class that the page explains, with its exit code."""
    return {row["name"]: int(row["code"]) for row in ROW.finditer(page)}


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs/reference/errors.md").read_text(encoding="utf-8")


def test_the_page_explains_every_error_and_no_other(page: str) -> None:
    assert len(real()) > 20
    assert written(page) == real()


def test_every_error_comes_with_something_to_do(page: str) -> None:
    rows = list(ROW.finditer(page))
    assert all(len(row["remedy"].split()) > 1 and len(row["when"].split()) > 1 for row in rows)


def test_a_missing_error_and_a_wrong_exit_code_are_found(page: str) -> None:
    assert written(page.replace("| `ParseError` |", "| ParseError |")) != real()
    assert written(page.replace("| `TamperedError` | 1 |", "| `TamperedError` | 2 |")) != real()
