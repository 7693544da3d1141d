"""The engine's child process: it answers, and whatever becomes of it, so does its parent."""

import gc
import os
import signal
from typing import Any

import pytest

from murenger.adapters.engine import ChildAssessor
from murenger.errors import ParseError, UnsupportedPlatformError
from murenger.model import Effect, Verdict
from murenger.model.management import Management
from murenger.semantics.proofs import Proven
from murenger.semantics.verdict import Limits

GOLDEN = """\
ip access-list CDE
   10 permit tcp 10.0.0.0/24 host 203.0.113.10 eq 443
   20 deny ip any any
"""
LIVE = GOLDEN.replace("eq 443", "range 443 444")


def child_of(assessor: ChildAssessor) -> Any:
    (child,) = assessor._idle  # noqa: SLF001 - the process is nobody's business but the test's
    return child._process  # noqa: SLF001


def test_a_widened_rule_is_told_with_a_packet() -> None:
    impact = ChildAssessor().assess("eos", golden=GOLDEN, live=LIVE)
    assert (impact.verdict, impact.effect) == (Verdict.DIFFERENT, Effect.WIDENS)
    assert [packet.dport for packet in impact.witnesses] == [444]
    assert impact.proof is not None
    assert impact.proof.engine


def test_one_child_answers_again_and_again() -> None:
    assessor = ChildAssessor()
    assessor.assess("eos", golden=GOLDEN, live=LIVE)
    first = child_of(assessor).pid
    assert assessor.assess("eos", golden=LIVE, live=GOLDEN).effect is Effect.TIGHTENS
    assert child_of(assessor).pid == first


def test_a_child_that_died_is_replaced() -> None:
    assessor = ChildAssessor()
    assessor.assess("eos", golden=GOLDEN, live=LIVE)
    os.kill(child_of(assessor).pid, signal.SIGKILL)
    lost = assessor.assess("eos", golden=GOLDEN, live=LIVE)
    assert lost.verdict is Verdict.UNKNOWN
    assert lost.effect is Effect.UNKNOWN
    assert assessor.assess("eos", golden=GOLDEN, live=LIVE).verdict is Verdict.DIFFERENT


def test_no_child_outlives_its_owner() -> None:
    assessor = ChildAssessor()
    assessor.assess("eos", golden=GOLDEN, live=LIVE)
    process = child_of(assessor)
    del assessor
    gc.collect()
    assert process.poll() is not None


@pytest.mark.parametrize(("golden", "live", "side"), [("{", GOLDEN, "golden"), (GOLDEN, "{", "live")])
def test_what_cannot_be_read_is_named_by_its_side(golden: str, live: str, side: str) -> None:
    assessor = ChildAssessor()
    with pytest.raises(ParseError, match=f"^{side}: "):
        assessor.assess("nftables", golden=golden if golden == "{" else "", live=live if live == "{" else "")


def test_a_platform_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnsupportedPlatformError, match="'vax'"):
        ChildAssessor().assess("vax", golden="", live="")


def exploding(seed: int) -> str:
    """Return rules whose decision diagrams grow with the number of rules to the power of their fields."""
    lines = ["ip access-list BOOM"]
    for number in range(4_000):
        mixed = (number * 2_654_435_761 + seed * 40_503) % 2**32
        source = f"{mixed & 255}.{mixed >> 8 & 255}.0.0 0.0.255.255"
        target = f"0.{mixed >> 16 & 255}.0.{mixed >> 24 & 255} 255.0.255.0"
        verb = "permit" if mixed >> 5 & 1 else "deny"
        lines.append(f"   {verb} tcp {source} range {mixed % 60_000} 65535 {target} range 0 {mixed % 50_000 + 1}")
    return "\n".join([*lines, "   permit ip any any"]) + "\n"


def test_rules_made_to_explode_end_in_unknown_or_a_proof_within_the_budget() -> None:
    limits = Limits(cpu_s=1, memory_bytes=1 << 30, nodes=200_000)
    impact = ChildAssessor(limits=limits).assess("eos", golden=exploding(1), live=exploding(2))
    assert impact.verdict is not Verdict.EQUAL
    if impact.verdict is Verdict.UNKNOWN:
        assert any(text.startswith("budget") for text in impact.unknowns)


def test_memory_that_is_not_there_is_unknown_and_not_a_crash() -> None:
    limits = Limits(cpu_s=20, memory_bytes=24 << 20)
    impact = ChildAssessor(limits=limits).assess("eos", golden=exploding(1), live=exploding(2))
    assert impact.verdict is Verdict.UNKNOWN


def test_a_plan_is_proven_in_the_child_with_its_steps_and_our_own_way() -> None:
    between = GOLDEN.replace("   20", "   15 permit tcp 10.0.0.0/24 host 203.0.113.10 eq 444\n   20")
    found = ChildAssessor().prove_hitless("eos", (LIVE, between, GOLDEN), steps=("one", "two"))
    assert [(step.step, step.verdict) for step in found.steps] == [("one", Proven.PROVED), ("two", Proven.PROVED)]
    opened = GOLDEN.replace("deny ip", "permit ip")
    refuted = ChildAssessor().prove_hitless("eos", (LIVE, opened, GOLDEN))
    assert refuted.verdict is Proven.REFUTED
    assert refuted.steps[0].witness is not None
    with_us = Management(sources=("10.0.0.9",), address="203.0.113.10", port=443, lists=("CDE",))
    assert ChildAssessor().prove_hitless("eos", (LIVE, GOLDEN), management=with_us).verdict is Proven.PROVED


def test_the_last_state_is_held_against_golden_in_the_child() -> None:
    found = ChildAssessor().prove_hitless("eos", (LIVE, GOLDEN), golden=LIVE)
    assert [step.verdict for step in found.steps] == [Proven.REFUTED]


def test_a_state_that_cannot_be_read_proves_nothing_and_is_named() -> None:
    found = ChildAssessor().prove_hitless("nftables", ("", "{", ""))
    assert (found.verdict, found.steps) == (Proven.UNKNOWN, ())
    assert "state 1: " in found.note
    assert "'vax'" in ChildAssessor().prove_hitless("vax", ("", "")).note


def test_a_child_that_dies_over_a_proof_proves_nothing() -> None:
    assessor = ChildAssessor()
    assessor.prove_hitless("eos", (LIVE, GOLDEN))
    os.kill(child_of(assessor).pid, signal.SIGKILL)
    lost = assessor.prove_hitless("eos", (LIVE, GOLDEN))
    assert lost.verdict is Proven.UNKNOWN
    assert lost.management.text == lost.note
    assert assessor.prove_hitless("eos", (LIVE, GOLDEN)).states_verdict is Proven.PROVED


def test_a_proof_that_takes_too_long_is_unknown() -> None:
    assessor = ChildAssessor(limits=Limits(cpu_s=0.0))
    found = assessor.prove_hitless("eos", (LIVE, GOLDEN.replace("deny ip", "permit ip"), GOLDEN))
    assert found.verdict is Proven.UNKNOWN
