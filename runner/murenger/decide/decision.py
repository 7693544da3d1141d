"""The decision: heal or hold, and why.

Input: a drift, its policy, what people have signed, and the time. Output: a `Decision`. Every reason against is looked
for before any reason in favour counts: deny beats allow. Whoever asks, a schedule or a person, the answer is the same.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from murenger.model import (
    Action,
    Approval,
    ApprovalMode,
    Decision,
    Digest,
    Drift,
    Effect,
    Mode,
    Policy,
    Severity,
    StandingChange,
)

_SHOWN = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    """On whose word a heal would be made, or why there is none."""

    approval: Approval | None
    reasons: tuple[str, ...]


def decide(
    drift: Drift,
    policy: Policy,
    *,
    standing: tuple[StandingChange, Approval] | None,
    approval: Approval | None,
    plan_digest: Digest | None,
    now: datetime.datetime,
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
    """

    def made(action: Action, reasons: tuple[str, ...], *, by: Approval | None = None, awaits: bool = False) -> Decision:
        return Decision(
            device=drift.device,
            action=action,
            mode=policy.mode,
            reasons=reasons,
            policy=policy,
            decided_at=now,
            approval=by,
            awaits_approval=awaits,
        )

    if drift.in_sync:
        return made(Action.NONE, ("live equals golden",))
    denials = tuple(_denials(drift, policy))
    authority = _authority(drift, policy, standing=standing, approval=approval, plan_digest=plan_digest, now=now)
    if denials:
        return made(Action.HOLD, denials)
    if authority.approval is None:
        return made(Action.HOLD, authority.reasons, awaits=True)
    return made(Action.HEAL, authority.reasons, by=authority.approval)


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


def _authority(
    drift: Drift,
    policy: Policy,
    *,
    standing: tuple[StandingChange, Approval] | None,
    approval: Approval | None,
    plan_digest: Digest | None,
    now: datetime.datetime,
) -> _Authority:
    """Return a person's word on this very plan if there is one, else the standing change's in mode heal."""
    faults = tuple(_approval_faults(approval, plan_digest, now))
    if approval is not None and not faults:
        return _Authority(approval=approval, reasons=(f"{approval.principal} approved this plan",))
    if policy.mode is not Mode.HEAL:
        return _Authority(approval=None, reasons=(*faults, "mode is propose: a person must approve the plan"))
    gaps = tuple(_standing_gaps(drift, standing, now))
    if gaps or standing is None:
        return _Authority(approval=None, reasons=(*faults, *gaps))
    change, signed = standing
    reason = f"standing change {change.sha256[:12]}, signed by {signed.principal}, covers it"
    return _Authority(approval=signed, reasons=(reason,))


def _approval_faults(approval: Approval | None, plan_digest: Digest | None, now: datetime.datetime) -> Iterator[str]:
    if approval is None:
        return
    if approval.mode is not ApprovalMode.PERSON or plan_digest is None or approval.plan_digest != plan_digest:
        yield f"the approval by {approval.principal} is for another plan"
    if approval.expires_at <= now:
        yield f"the approval by {approval.principal} ended at {_utc(approval.expires_at)}"


def _standing_gaps(
    drift: Drift, standing: tuple[StandingChange, Approval] | None, now: datetime.datetime
) -> Iterator[str]:
    """Yield each way in which the standing change does not cover the drift."""
    if standing is None:
        yield "there is no signed standing change"
        return
    if drift.impact.effect is Effect.UNKNOWN:
        because = _short(drift.impact.unknowns) or "not decided"
        yield f"the effect on traffic is not proven ({because}): a person must look"
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
