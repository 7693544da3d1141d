"""The decision: heal or hold, and why.

Input: a drift, its policy, what people have signed, why healing stands off, and the time. Output: a `Decision`. Every
reason against is looked for before any reason in favour counts: deny beats allow. Whoever asks, a schedule or a
person, the answer is the same.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from murenger.decide.tiers import tier_of
from murenger.model import (
    Action,
    Approval,
    ApprovalMode,
    Decision,
    Digest,
    Drift,
    Mode,
    Policy,
    Severity,
    StandingChange,
    Standoff,
    Tier,
)

_SHOWN = 3
BY_PERSON_ONLY = frozenset({Tier.UNKNOWN, Tier.MIXED, Tier.TIGHTENING})
"""Tiers that no standing change covers, whatever it says."""

_TOLD = {
    Tier.CROWN_JEWEL: "crown-jewel drift: more passes, some of it to a crown jewel",
    Tier.UNKNOWN: "unknown drift, which counts as widening",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Heal on somebody's word, or hold for a cause."""

    reasons: tuple[str, ...]
    approval: Approval | None = None
    cause: str = ""
    until: datetime.datetime | None = None
    awaits_approval: bool = False


def decide(
    drift: Drift,
    policy: Policy,
    *,
    standing: tuple[StandingChange, Approval] | None,
    approval: Approval | None,
    plan_digest: Digest | None,
    now: datetime.datetime,
    standoffs: Sequence[Standoff] = (),
) -> Decision:
    """Return what to do about a drift.

    Args:
        drift: the drift of one device.
        policy: the device's policy.
        standing: the verified standing change that the policy names, with its approval, or None.
        approval: a verified approval of one plan, or None.
        plan_digest: digest of the plan file that would be carried out, or None if there is none; an approval counts
            for exactly this plan.
        now: the time, aware UTC.
        standoffs: why healing keeps its hands off for now, gravest first; a person's approval of the very plan counts
            for more.
    """
    tier = tier_of(drift)
    if drift.in_sync:
        action, answer = Action.NONE, _Answer(reasons=("live equals golden",))
    else:
        found = _answer(
            drift, policy, tier, standing=standing, approval=approval, plan_digest=plan_digest, now=now, away=standoffs
        )
        answer = dataclasses.replace(found, reasons=(_TOLD.get(tier, f"{tier.value} drift"), *found.reasons))
        action = Action.HEAL if answer.approval else Action.HOLD
    return Decision(
        device=drift.device,
        action=action,
        mode=policy.mode,
        reasons=answer.reasons,
        policy=policy,
        decided_at=now,
        approval=answer.approval,
        awaits_approval=answer.awaits_approval,
        tier=tier,
        cause=answer.cause,
        until=answer.until,
    )


def _answer(
    drift: Drift,
    policy: Policy,
    tier: Tier,
    *,
    standing: tuple[StandingChange, Approval] | None,
    approval: Approval | None,
    plan_digest: Digest | None,
    now: datetime.datetime,
    away: Sequence[Standoff],
) -> _Answer:
    denials = tuple(_denials(drift, policy))
    if denials:
        return _Answer(reasons=denials, cause="policy")
    faults = tuple(_approval_faults(approval, plan_digest, now))
    if approval is not None and not faults:
        return _Answer(reasons=(f"{approval.principal} approved this plan",), approval=approval)
    found = _without_a_person(drift, policy, tier, standing=standing, standoffs=away, now=now)
    return dataclasses.replace(found, reasons=(*faults, *found.reasons))


def _denials(drift: Drift, policy: Policy) -> Iterator[str]:
    """Yield what forbids healing whoever approves it."""
    if policy.mode is Mode.OBSERVE:
        yield f"mode is observe: set `mode: heal` or `mode: propose` in {_named(policy)} to heal"
    if not drift.healable:
        yield f"every difference lies in a part that belongs to somebody else: {_foreign(drift)}"


def _named(policy: Policy) -> str:
    """Return how to speak of the policy: the default one stands in no file yet."""
    return f"policy {policy.name!r}" if policy.devices else "a policy that names the device"


def _foreign(drift: Drift) -> str:
    return _short([" / ".join(d.path) for d in drift.differences if d.severity is Severity.FOREIGN])


def _short(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def _without_a_person(
    drift: Drift,
    policy: Policy,
    tier: Tier,
    *,
    standing: tuple[StandingChange, Approval] | None,
    standoffs: Sequence[Standoff],
    now: datetime.datetime,
) -> _Answer:
    """Return what may be done while no person has approved the very plan: heal by the standing change, or hold."""
    away = tuple(standoff.reason for standoff in standoffs)
    tier_gaps = tuple(_tier_gaps(drift, tier))
    gaps = tuple(_policy_gaps(drift, policy, standing, now))
    if standing is not None and not (away or tier_gaps or gaps):
        change, signed = standing
        reason = f"standing change {change.sha256[:12]}, signed by {signed.principal}, covers it"
        return _Answer(reasons=(reason,), approval=signed)
    first = standoffs[0] if standoffs else None
    alone = first is not None and len(standoffs) == 1 and not (tier_gaps or gaps)
    return _Answer(
        reasons=(*away, *tier_gaps, *gaps),
        cause=first.cause if first else tier.value if tier_gaps else "approval-void",
        # Only where nothing else stands in the way does the hold end with the standoff.
        until=first.until if first and alone else None,
        awaits_approval=True,
    )


def _approval_faults(approval: Approval | None, plan_digest: Digest | None, now: datetime.datetime) -> Iterator[str]:
    if approval is None:
        return
    if approval.mode is not ApprovalMode.PERSON or plan_digest is None or approval.plan_digest != plan_digest:
        yield f"the approval by {approval.principal} is for another plan"
    if approval.expires_at <= now:
        yield f"the approval by {approval.principal} ended at {_utc(approval.expires_at)}"


def _tier_gaps(drift: Drift, tier: Tier) -> Iterator[str]:
    """Yield why no standing change covers a drift of this tier, and what to do."""
    if tier is Tier.UNKNOWN:
        because = _short(drift.impact.unknowns) or "not decided"
        yield f"the effect on traffic is not proven ({because}): a person must look, then approve the plan"
    elif tier is Tier.MIXED:
        yield "it opened some traffic and closed some: a person must look, then approve the plan"
    elif tier is Tier.TIGHTENING:
        yield (
            "it only blocks, perhaps in answer to an incident: ask who did it, then approve the plan to undo it, or "
            "adopt it in golden"
        )


def _policy_gaps(
    drift: Drift, policy: Policy, standing: tuple[StandingChange, Approval] | None, now: datetime.datetime
) -> Iterator[str]:
    """Yield why the policy lets nothing be done without a person."""
    if policy.mode is Mode.HEAL:
        yield from _standing_gaps(drift, standing, now)
    else:
        yield "mode is propose: a person must approve the plan"


def _standing_gaps(
    drift: Drift, standing: tuple[StandingChange, Approval] | None, now: datetime.datetime
) -> Iterator[str]:
    """Yield each way in which the standing change does not cover the drift."""
    if standing is None:
        yield "there is no signed standing change"
        return
    change, signed = standing
    if signed.mode is not ApprovalMode.STANDING or signed.decision_sha256 != change.sha256:
        yield "the approval given for the standing change is for another document"
    if drift.device not in change.devices:
        yield f"the standing change does not cover {drift.device}"
    uncovered = {d.operation.value for d in drift.healable} - set(change.operations)
    if uncovered:
        yield f"the standing change does not cover differences of kind {', '.join(sorted(uncovered))}"
    if len(drift.healable) > change.max_differences:
        yield f"{len(drift.healable)} differences, the standing change covers {change.max_differences}"
    if min(change.not_after, signed.expires_at) <= now:
        yield f"the standing change ended at {_utc(min(change.not_after, signed.expires_at))}"


def _utc(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
