"""Healing: whatever breaks, the outcome tells the state that the device is really in."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.errors import GuardRefusedError, RemediationError, RollbackError, SecretError, UnreachableError
from murenger.model import Effect, Impact, OutcomeVerdict, Proof, Verdict

GOLDEN, LIVE = "golden\n", "drifted\n"
PROOF = Proof(
    engine="oxidd 1",
    parser="nft 1",
    stage="digest",
    cpu_s=0.25,
    cpu_budget_s=60.0,
    nodes=7,
    node_budget=100,
    rules=(9, 9),
    opaque_rules=(2, 2),
)


def test_a_heal_stages_commits_looks_confirms_and_cuts_flows_in_that_order(bench: Any) -> None:
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert bench.running == GOLDEN
    assert bench.pending is None
    in_order = "open fw1,stage,lease,sending,commit,committed,observe,probes,lease,confirm,observe,cut flows fw1"
    assert bench.trace == in_order.split(",")
    assert outcome.confirmed_at is not None
    assert all(check.passed for check in outcome.checks)
    assert outcome.checks


def test_live_changed_since_compared_is_refused_before_commit(bench: Any) -> None:
    bench.change_while_staged = "somebody else was here\n"
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert "commit" not in bench.trace
    assert bench.running == "somebody else was here\n"
    assert "no longer what was compared" in outcome.reason


def test_a_refused_candidate_changes_nothing_and_leaks_nothing(bench: Any, refusal: GuardRefusedError) -> None:
    bench.faults["stage"] = refusal
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert bench.running == LIVE
    assert "CANARY" not in outcome.reason


def test_a_change_that_is_not_what_was_promised_is_rolled_back(bench: Any) -> None:
    bench.applies = lambda _text: "something else\n"
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert bench.running == LIVE
    assert "confirm" not in bench.trace
    assert not outcome.checks[0].passed


def test_a_device_that_lists_golden_in_another_form_is_healed_and_the_check_says_so(bench: Any) -> None:
    bench.applies = str.upper
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert "the same in every part" in outcome.checks[0].observed


def test_a_lock_out_is_undone_over_the_old_connection(bench: Any) -> None:
    bench.unreachable_after_commit = True
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert bench.running == LIVE


def test_the_outcome_says_how_it_was_proven_that_the_same_packets_pass(bench: Any) -> None:
    bench.impact = dataclasses.replace(bench.impact, proof=PROOF)
    check = bench.heal().checks[1]
    assert check.passed
    assert check.name == "packets that pass, live against golden"
    assert check.observed == (
        "equal; oxidd 1 at stage digest, read by nft 1; 0.25 of 60 s, 7 of 100 nodes; "
        "2 of 9 rules with a condition that cannot be told"
    )


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.DIFFERENT])
def test_a_device_that_may_pass_other_packets_than_golden_is_rolled_back(bench: Any, verdict: Verdict) -> None:
    bench.impact = Impact(verdict=verdict, effect=Effect.UNKNOWN, unknowns=("residue: nat changed",))
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert bench.running == LIVE
    assert not outcome.checks[1].passed
    assert outcome.checks[1].observed == f"{verdict.value}; residue: nat changed"


def test_a_lock_out_with_a_dead_link_ends_when_the_timer_fires(bench: Any) -> None:
    bench.unreachable_after_commit = True
    bench.faults["undo"] = RollbackError("link is dead", device="fw1")
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert bench.running == LIVE
    assert outcome.ended_at - outcome.started_at >= datetime.timedelta(seconds=60)
    assert "no answer" in outcome.reason


def test_a_link_that_breaks_in_commit_is_settled_from_the_device(bench: Any) -> None:
    bench.faults["committed"] = RemediationError("link broke", device="fw1")
    assert bench.heal().verdict is OutcomeVerdict.ROLLED_BACK
    assert bench.running == LIVE


def test_a_late_confirm_is_not_called_healed(bench: Any) -> None:
    bench.faults["confirm"] = RemediationError("the device's timer was faster", device="fw1")
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert outcome.confirmed_at is None


def test_a_commit_that_the_device_refuses_for_live_moved_is_not_applied(bench: Any, refusal: GuardRefusedError) -> None:
    bench.faults["commit"] = refusal
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert bench.running == LIVE
    assert outcome.after_digest == outcome.before_digest


def test_a_third_state_is_called_partial(bench: Any) -> None:
    bench.applies = lambda _text: "third\n"
    bench.faults["undo"] = RollbackError("refused", device="fw1")
    bench.faults["committed"] = RemediationError("link broke", device="fw1")
    original_wait = bench.wait

    def wait_without_timer(seconds: float) -> None:
        bench.pending = None
        original_wait(seconds)

    bench.wait = wait_without_timer
    assert bench.heal().verdict is OutcomeVerdict.PARTIAL


def test_a_device_that_is_gone_is_called_unknown(bench: Any) -> None:
    bench.faults["committed"] = RemediationError("link broke", device="fw1")
    bench.faults["observe"] = UnreachableError("gone", device="fw1")
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.UNKNOWN
    assert outcome.after_digest is None


def test_flows_that_cannot_be_cut_do_not_undo_a_heal(bench: Any) -> None:
    bench.faults["cut flows fw1"] = UnreachableError("gone", device="fw1")
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert outcome.flows_cut is None
    assert "live on" in outcome.flows_note


def test_a_plan_for_another_device_touches_nothing(bench: Any, make_device: Any) -> None:
    with pytest.raises(GuardRefusedError, match="the plan is for fw1"):
        bench.heal(make_device("fw2"))
    assert bench.trace == []


def test_an_expired_plan_touches_nothing(bench: Any) -> None:
    bench.time += datetime.timedelta(hours=2)
    with pytest.raises(GuardRefusedError, match="expired"):
        bench.heal()
    assert bench.trace == []


def test_a_secret_that_cannot_be_had_touches_nothing(bench: Any) -> None:
    def no_secret(_text: str) -> str:
        raise SecretError("a placeholder has no value", device="fw1")

    tools = bench.tools()
    object.__setattr__(tools, "fill", no_secret)
    bench.tools = lambda: tools
    with pytest.raises(SecretError):
        bench.heal()
    assert bench.trace == []


def test_a_change_that_would_leave_live_as_it_is_makes_no_plan(make_plan: Any) -> None:
    assert make_plan(GOLDEN).revert_in_s == 60
    with pytest.raises(GuardRefusedError, match="leave live as it is"):
        make_plan(LIVE)
