"""Every kind of edit that changes what passes is found, with a packet to show it; every edit that does not is not.

Input: the fixtures and edits of them as text. Output: the verdict of the comparison.
"""

from pathlib import Path

import pytest
from tests.runner.adapters.parsers.edits import catalogue, compared, edited

from murenger.model.impact import Effect, Verdict

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "junos" / "rules"
CATALOGUE = {name: catalogue(FIXTURES / f"{name}.edits") for name in ("router", "mixed")}


def _cases(verdict: str) -> list[tuple[str, str]]:
    return [(file, name) for file, edits in CATALOGUE.items() for kind, name in edits if kind == verdict]


def _both(file: str, verdict: str, name: str) -> tuple[str, str]:
    """Return golden and live."""
    text = (FIXTURES / f"{file}.conf").read_text(encoding="utf-8")
    return text, edited(text, CATALOGUE[file][verdict, name])


@pytest.mark.parametrize(("file", "name"), _cases("different"))
def test_a_change_of_what_passes_is_proven_with_a_witness(file: str, name: str) -> None:
    golden, live = _both(file, "different", name)
    found, back = compared("junos", golden, live), compared("junos", live, golden)
    assert found.verdict is back.verdict is Verdict.DIFFERENT
    assert any(region.is_certain for region in found.regions)


@pytest.mark.parametrize(("file", "name"), _cases("unknown"))
def test_a_change_that_nobody_can_judge_is_unknown(file: str, name: str) -> None:
    found = compared("junos", *_both(file, "unknown", name))
    assert (found.verdict, found.effect) == (Verdict.UNKNOWN, Effect.UNKNOWN)


@pytest.mark.parametrize(("file", "name"), _cases("equal"))
def test_a_rewrite_that_changes_nothing_is_proven_equal(file: str, name: str) -> None:
    found = compared("junos", *_both(file, "equal", name))
    assert (found.verdict, found.effect, found.residue) == (Verdict.EQUAL, Effect.NONE, ())


def test_what_zones_let_in_to_the_device_cannot_be_told(firewall: str) -> None:
    found = compared(
        "junos", firewall, edited(firewall, [("                    ping;\n", "                    ssh;\n")])
    )
    assert found.verdict is Verdict.UNKNOWN


def test_a_lost_log_is_a_change_of_handling_alone(router: str) -> None:
    found = compared("junos", router, edited(router, [("                    log;\n", "")]))
    assert found.verdict is Verdict.EQUAL
    assert {(one.before, one.now) for one in found.handling} == {("log", "")}
