"""The script that takes guards away: it knows every guard, fits the tree, and tells which mutant lives and which dies.

Input: tests/mutation/guards.py and the tree. Output: pass when `make mutants` would judge what it says it judges.
"""

import dataclasses
from pathlib import Path

import pytest
from tests.mutation import guards
from tests.mutation.guards import MUTANTS, NAMES, Mutant, UnfitError

from murenger.heal.guards import AFTER_A_PROOF, AFTER_A_READ, AT_HOME, COUNTING, LiveUnchangedGuard

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/concepts/guards.md"
TREE = """\
[pytest]
addopts = --import-mode=importlib
"""
TEST = """\
import guard

def test_it_refuses():
    assert guard.refuses
"""


def test_every_guard_is_taken_away_at_least_once() -> None:
    asked = [guard.name for guard in (*AT_HOME, *AFTER_A_READ, *AFTER_A_PROOF)]
    assert tuple(asked) == NAMES[: len(asked)]
    assert {guard.name for guard in COUNTING} < set(asked)
    assert LiveUnchangedGuard.name in NAMES
    assert {mutant.guard for mutant in MUTANTS} == set(NAMES)


def test_the_page_names_every_guard() -> None:
    rows = [line.split("`")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(NAMES)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.guard}: {mutant.way}")
def test_each_mutant_fits_the_tree_and_its_tests_are_there(mutant: Mutant) -> None:
    whole = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.applied(whole)
    assert changed != whole
    compile(changed, mutant.file, "exec")
    assert mutant.tests
    assert not [test for test in mutant.tests if not (ROOT / test).is_file()]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree with one guard and one test of it."""
    (tmp_path / "runner").mkdir()
    (tmp_path / "runner/guard.py").write_text("refuses = True\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(TREE, encoding="utf-8")
    (tmp_path / "test_guard.py").write_text(TEST, encoding="utf-8")
    return tmp_path


def test_a_mutant_that_a_test_misses_lives_and_one_that_it_notices_dies(tree: Path) -> None:
    one = Mutant(guard="x", way="y", file="runner/guard.py", new="refuses = False\n", tests=("test_guard.py",))
    assert guards.judge(tree, one).killed_by == ("test_it_refuses",)
    harmless = dataclasses.replace(one, new="refuses = 1\n")
    judged = guards.judge(tree, harmless)
    assert judged.killed_by == ()
    assert "NOBODY" in judged.line
    assert (tree / "runner/guard.py").read_text(encoding="utf-8") == "refuses = True\n"


@pytest.mark.parametrize("new", ["import nonsense_that_is_not_there\n", "def broken(:\n"])
def test_a_mutant_that_only_breaks_the_import_is_not_called_killed(tree: Path, new: str) -> None:
    one = Mutant(guard="x", way="y", file="runner/guard.py", new=new, tests=("test_guard.py",))
    with pytest.raises(UnfitError):
        guards.judge(tree, one)


def test_what_is_to_be_replaced_must_stand_there_exactly_once() -> None:
    one = Mutant(guard="x", way="y", file="f", old="a", new="b", tests=())
    assert one.applied("xa") == "xb"
    for text in ("x", "aa"):
        with pytest.raises(UnfitError):
            one.applied(text)
