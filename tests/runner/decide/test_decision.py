"""Deciding: what heals, what holds, and that every reason names what would have to change."""

import dataclasses
import datetime
import itertools
from typing import Any

import pytest

from murenger.decide import decide
from murenger.model import (
    Action,
    ApprovalMode,
    Decision,
    Difference,
    Digest,
    Effect,
    Impact,
    Mode,
    Operation,
    Severity,
    Verdict,
)
from murenger.model.impact import NOT_ASSESSED

OTHER_PLAN = Digest("sha256:" + "9" * 64)
SECOND = datetime.timedelta(seconds=1)


def decided(case: Any) -> Decision:
    return decide(
        case.drift,
        case.policy,
        standing=(case.change, case.signed()) if case.has_standing else None,
        approval=case.approval,
        plan_digest=case.plan_digest,
        now=case.now,
    )


def held(case: Any, *words: str, awaits: bool) -> None:
    decision = decided(case)
    assert decision.action is Action.HOLD
    assert decision.approval is None
    assert decision.awaits_approval is awaits
    for word in words:
        assert word in "; ".join(decision.reasons)


def difference(operation: Operation = Operation.ADDED, severity: Severity = Severity.POLICY) -> Difference:
    return Difference(path=("table ip other",), operation=operation, golden=None, live="x", severity=severity)


def test_a_drift_within_the_standing_change_heals_on_its_authority(case: Any) -> None:
    decision = decided(case)
    assert decision.action is Action.HEAL
    assert decision.approval == case.signed()
    assert decision.approval.mode is ApprovalMode.STANDING
    assert decision.reasons == (
        "widening drift",
        "standing change cccccccccccc, signed by alice@example.net, covers it",
    )
    assert (decision.device, decision.mode, decision.policy) == ("fw1", Mode.HEAL, case.policy)
    assert decision.decided_at == case.now


@pytest.mark.parametrize("mode", list(Mode))
def test_in_sync_is_nothing_to_do_in_any_mode(case: Any, mode: Mode) -> None:
    case.vary_policy(mode=mode)
    case.drift = dataclasses.replace(case.drift, differences=())
    assert decided(case).action is Action.NONE


def test_mode_observe_never_heals_whatever_is_signed(case: Any) -> None:
    case.vary_policy(mode=Mode.OBSERVE)
    case.approval = case.approved()
    held(case, "mode is observe", "`mode: heal`", "policy 'edge'", awaits=False)


def test_the_default_policy_is_told_apart_from_one_in_the_file(case: Any) -> None:
    case.vary_policy(mode=Mode.OBSERVE, name="default", devices=())
    held(case, "in a policy that names the device", awaits=False)


def test_mode_propose_waits_for_a_person_even_under_a_standing_change(case: Any) -> None:
    case.vary_policy(mode=Mode.PROPOSE)
    held(case, "a person must approve the plan", awaits=True)


def test_mode_propose_heals_what_a_person_approved(case: Any) -> None:
    case.vary_policy(mode=Mode.PROPOSE)
    case.approval = case.approved()
    decision = decided(case)
    assert decision.action is Action.HEAL
    assert decision.approval == case.approval
    assert decision.reasons == ("widening drift", "bob@example.net approved this plan")


@pytest.mark.parametrize("mode", [Mode.PROPOSE, Mode.HEAL])
def test_an_approval_of_another_plan_does_not_count(case: Any, mode: Mode) -> None:
    case.vary_policy(mode=mode)
    case.has_standing = False
    case.approval = case.approved(OTHER_PLAN)
    held(case, "is for another plan", awaits=True)
    case.approval, case.plan_digest = case.approved(), None
    held(case, "is for another plan", awaits=True)
    case.approval = case.approved(None)
    held(case, "is for another plan", awaits=True)


def test_a_standing_changes_approval_is_not_a_persons_approval_of_a_plan(case: Any) -> None:
    case.vary_policy(mode=Mode.PROPOSE)
    case.approval = dataclasses.replace(case.signed(), plan_digest=case.plan_digest)
    held(case, "is for another plan", awaits=True)


def test_an_approval_ends_at_its_end(case: Any) -> None:
    case.vary_policy(mode=Mode.PROPOSE)
    case.approval = case.approved()
    case.now = case.approval.expires_at - SECOND
    assert decided(case).action is Action.HEAL
    case.now = case.approval.expires_at
    held(case, "ended at 2026-11-22T11:00:00Z", awaits=True)


def test_mode_heal_without_a_standing_change_holds(case: Any) -> None:
    case.has_standing = False
    held(case, "there is no signed standing change", awaits=True)


def test_a_person_may_approve_what_the_standing_change_does_not_cover(case: Any) -> None:
    case.vary_change(max_differences=1)
    case.drifted(difference(), difference())
    held(case, "2 differences, the standing change covers 1", awaits=True)
    case.approval = case.approved()
    decision = decided(case)
    assert decision.action is Action.HEAL
    assert decision.approval.mode is ApprovalMode.PERSON


def test_a_standing_change_covers_only_the_devices_it_names(case: Any) -> None:
    case.vary_change(devices=("fw2", "fw10"))
    held(case, "does not cover fw1", awaits=True)


def test_a_standing_change_covers_only_its_operations(case: Any) -> None:
    case.vary_change(operations=("added",))
    case.drifted(difference(), difference(Operation.MOVED), difference(Operation.REMOVED))
    held(case, "kind moved, removed", awaits=True)


def test_a_standing_change_covers_as_many_differences_as_it_says(case: Any) -> None:
    case.drifted(*[difference()] * 5)
    assert decided(case).action is Action.HEAL
    case.drifted(*[difference()] * 6)
    held(case, "6 differences, the standing change covers 5", awaits=True)


def test_a_standing_change_ends_at_its_end(case: Any) -> None:
    case.now = case.change.not_after - SECOND
    assert decided(case).action is Action.HEAL
    case.now = case.change.not_after
    held(case, "ended at 2026-12-22T10:00:00Z", awaits=True)


def test_an_approval_of_another_standing_change_does_not_count(case: Any) -> None:
    signed = dataclasses.replace(case.signed(), decision_sha256="0" * 64)
    decision = decide(
        case.drift, case.policy, standing=(case.change, signed), approval=None, plan_digest=None, now=case.now
    )
    assert decision.action is Action.HOLD
    assert "for another document" in "; ".join(decision.reasons)


def test_an_approval_of_a_plan_is_not_one_of_the_standing_change(case: Any) -> None:
    signed = dataclasses.replace(case.approved(), decision_sha256=case.change.sha256)
    decision = decide(
        case.drift, case.policy, standing=(case.change, signed), approval=None, plan_digest=None, now=case.now
    )
    assert decision.action is Action.HOLD


def test_no_standing_change_covers_an_effect_that_is_not_proven(case: Any) -> None:
    case.drifted(impact=NOT_ASSESSED)
    held(case, "the effect on traffic is not proven (not-assessed): a person must look", awaits=True)


def test_a_proven_difference_with_an_unproven_effect_needs_a_person_too(case: Any) -> None:
    case.drifted(impact=Impact(verdict=Verdict.DIFFERENT, effect=Effect.UNKNOWN, unknowns=("residue: nat changed",)))
    held(case, "the effect on traffic is not proven (residue: nat changed)", awaits=True)


@pytest.mark.parametrize("mode", [Mode.PROPOSE, Mode.HEAL])
def test_a_person_may_approve_a_change_whose_effect_is_not_proven(case: Any, mode: Mode) -> None:
    case.vary_policy(mode=mode)
    case.approval = case.approved()
    case.drifted(impact=NOT_ASSESSED)
    assert decided(case).action is Action.HEAL


def test_only_foreign_differences_hold_and_are_named(case: Any) -> None:
    case.drifted(*[difference(severity=Severity.FOREIGN)] * 5)
    case.approval = case.approved()
    held(case, "belongs to somebody else: table ip other, table ip other, table ip other and 2 more", awaits=False)


def test_foreign_differences_beside_ours_neither_count_nor_stop(case: Any) -> None:
    case.vary_change(max_differences=1, operations=("added",))
    case.drifted(difference(), *[difference(Operation.REMOVED, Severity.FOREIGN)] * 3)
    assert decided(case).action is Action.HEAL


def test_every_reason_against_is_given_at_once(case: Any) -> None:
    case.vary_policy(mode=Mode.OBSERVE)
    case.drifted(difference(severity=Severity.FOREIGN))
    decision = decided(case)
    assert decision.reasons[0] == "widening drift"
    assert len(decision.reasons) == 3
    assert all(reason and not reason.endswith(".") for reason in decision.reasons)


def test_deny_beats_allow_in_every_combination(case: Any) -> None:
    """Heal comes out exactly where nothing forbids it and somebody with authority said so."""
    for mode, standing, approved, assessed, ours in itertools.product(Mode, *[(True, False)] * 4):
        case.vary_policy(mode=mode)
        case.has_standing = standing
        case.approval = case.approved() if approved else None
        severity = Severity.POLICY if ours else Severity.FOREIGN
        impact = type(case)().drift.impact if assessed else NOT_ASSESSED
        case.drifted(difference(severity=severity), impact=impact)
        allowed = mode is not Mode.OBSERVE and ours
        authority = approved or (mode is Mode.HEAL and standing and assessed)
        decision = decided(case)
        assert (decision.action is Action.HEAL) == (allowed and authority)
        assert (decision.approval is not None) == (decision.action is Action.HEAL)
        assert decision.awaits_approval == (allowed and not authority)
