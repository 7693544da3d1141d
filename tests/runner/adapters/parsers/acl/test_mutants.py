"""Every kind of edit that changes what passes is found, with a packet to show it; every edit that does not is not.

Input: the fixtures and edits of them as text. Output: the verdict of the comparison.
"""

from pathlib import Path

import pytest
from tests.runner.adapters.parsers.edits import catalogue, compared, edited

from murenger.model.impact import Effect, Verdict

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"
CATALOGUE = {name: catalogue(FIXTURES / f"{name}.edits") for name in ("eos/rules/leaf", "nxos/rules/edge")}


def _cases(verdict: str) -> list[tuple[str, str]]:
    return [(file, name) for file, edits in CATALOGUE.items() for kind, name in edits if kind == verdict]


def _both(file: str, verdict: str, name: str) -> tuple[str, str, str]:
    """Return platform, golden and live."""
    text = (FIXTURES / f"{file}.txt").read_text(encoding="utf-8")
    return file.split("/", 1)[0], text, edited(text, CATALOGUE[file][verdict, name])


@pytest.mark.parametrize(("file", "name"), _cases("different"))
def test_a_change_of_what_passes_is_proven_with_a_witness(file: str, name: str) -> None:
    platform, golden, live = _both(file, "different", name)
    found, back = compared(platform, golden, live), compared(platform, live, golden)
    assert found.verdict is back.verdict is Verdict.DIFFERENT
    assert any(region.is_certain for region in found.regions)
    assert {region.opened for region in back.regions} == {not region.opened for region in found.regions}


@pytest.mark.parametrize(("file", "name"), _cases("unknown"))
def test_a_change_that_nobody_can_judge_is_unknown(file: str, name: str) -> None:
    found = compared(*_both(file, "unknown", name))
    assert (found.verdict, found.effect) == (Verdict.UNKNOWN, Effect.UNKNOWN)


@pytest.mark.parametrize(("file", "name"), _cases("equal"))
def test_a_rewrite_that_changes_nothing_is_proven_equal(file: str, name: str) -> None:
    found = compared(*_both(file, "equal", name))
    assert (found.verdict, found.effect, found.residue) == (Verdict.EQUAL, Effect.NONE, ())


def test_sections_in_another_order_are_proven_equal() -> None:
    folder = FIXTURES / "eos" / "harmless-reorder"
    found = compared("eos", *((folder / f"{side}.conf").read_text(encoding="utf-8") for side in ("golden", "live")))
    assert (found.verdict, found.effect, found.residue) == (Verdict.EQUAL, Effect.NONE, ())


def test_a_lost_log_is_a_change_of_handling_alone() -> None:
    text = (FIXTURES / "eos/rules/leaf.txt").read_text(encoding="utf-8")
    line = "   60 deny ip any 203.0.113.0/25"
    found = compared("eos", text, edited(text, [(f"{line} log", line)]))
    assert found.verdict is Verdict.EQUAL
    assert {(one.before, one.now) for one in found.handling} == {("log", "")}
