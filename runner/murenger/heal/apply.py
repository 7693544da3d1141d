"""One change to one device: stage, compare-and-swap, commit with revert armed, look again, confirm or go back.

Input: a plan whose intent is already recorded. Output: an outcome, always: once the intent is in the ledger, an error
of the device is a result and not an exception.
"""

import datetime

from murenger.errors import (
    ConfirmationIgnoredError,
    GuardRefusedError,
    MurengerError,
    RemediationError,
    VerificationAfterHealError,
)
from murenger.heal.back import go_back, way_back_over
from murenger.heal.guards.live_unchanged import LiveUnchangedGuard
from murenger.heal.settle import look, look_until_read
from murenger.heal.steps import Step
from murenger.heal.tools import HealTools, Progress, WayBack
from murenger.heal.verify import READ_AGAIN, is_promised, text_check, unread_check, verify
from murenger.model import Decision, Device, Outcome, OutcomeVerdict, Plan
from murenger.ports import ChangeSession, FlowReport


def heal(device: Device, plan: Plan, decision: Decision, tools: HealTools, *, plan_sha256: str) -> Outcome:
    """Apply a plan and say how it ended.

    Args:
        device: the device; its name must be the plan's.
        plan: what to apply.
        decision: the decision to heal, with its approval.
        tools: what it takes.
        plan_sha256: hex digest of the plan file.

    Raises:
        GuardRefusedError: before anything was touched: plan and device differ, or the plan has expired.
        SecretError: before anything was touched: a secret of the candidate cannot be had.
    """
    _refuse_unfit(device, plan, tools.clock.now())
    candidate = tools.fill(plan.candidate)
    progress, started_at = Progress(), tools.clock.now()
    try:
        with tools.remediator.open(device, token=tools.token) as session:
            tools.at(Step.CONNECTED)
            _change(session, candidate, plan, tools, progress)
    except MurengerError as exc:
        progress.failure = progress.failure or tools.redact(str(exc))
    verdict = _verdict(device, plan, tools, progress)
    if verdict is OutcomeVerdict.HEALED:
        progress.flows = _cut_flows(device, plan, tools)
        tools.at(Step.FLOWS_CUT)
    tools.at(Step.SETTLED)
    return Outcome(
        device=device.name,
        plan_sha256=plan_sha256,
        decision=decision,
        verdict=verdict,
        reason=progress.failure or "live equals golden over a fresh connection",
        before_digest=plan.drift.live_digest,
        after_digest=progress.after,
        checks=tuple(progress.checks),
        flows_cut=progress.flows.cut,
        flows_note=progress.flows.note,
        started_at=started_at,
        ended_at=tools.clock.now(),
        confirmed_at=progress.confirmed_at,
    )


def _refuse_unfit(device: Device, plan: Plan, now: datetime.datetime) -> None:
    if plan.device != device.name or plan.platform != device.platform:
        raise GuardRefusedError(
            f"the plan is for {plan.device} ({plan.platform}), not for this device", device=device.name
        )
    if now >= plan.expires_at:
        raise GuardRefusedError(
            "the plan has expired", device=device.name, hint=f"make a new one: murenger plan {device.name}"
        )


def _change(session: ChangeSession, candidate: str, plan: Plan, tools: HealTools, progress: Progress) -> None:
    """Make the change on an open session; leaving it undoes what is not confirmed."""
    staged = session.stage(candidate)
    tools.at(Step.STAGED)
    live = tools.canonical(staged.live).digest
    progress.after = live
    LiveUnchangedGuard().check_live(
        device=plan.device, compared=plan.drift.live_digest, live=live, now=tools.clock.now()
    )
    tools.lease_held()
    tools.sending()
    tools.at(Step.RECHECKED)
    try:
        _commit(session, plan, tools, progress)
        verify(plan, tools, progress)
        _refuse_lateness(plan, tools, progress)
        tools.lease_held()
        progress.proved = True
        tools.at(Step.PROBED)
        session.confirm()
    except MurengerError as exc:
        progress.failure = tools.redact(str(exc))
        # A confirmation that the device itself says it ignored will not make the change permanent any more.
        progress.proved = progress.proved and not isinstance(exc, ConfirmationIgnoredError)
        if progress.sent_at is not None:
            tools.at(Step.WAY_BACK)
            way_back_over(session, progress)
        raise
    progress.confirmed_at = tools.clock.now()
    tools.at(Step.CONFIRMED)


def _commit(session: ChangeSession, plan: Plan, tools: HealTools, progress: Progress) -> None:
    progress.sent_at = tools.clock.monotonic_s()
    try:
        session.commit(message=_message(plan, tools), revert_in_s=plan.revert_in_s)
    except GuardRefusedError:
        # The port's word for: refused before anything was applied. What runs now is somebody else's doing.
        seen = look(tools.observe)
        progress.sent_at, progress.after = None, seen.digest if seen else None
        raise
    except RemediationError:
        progress.refused = True
        raise
    finally:
        progress.handle = session.handle
    tools.at(Step.COMMITTED)


def _message(plan: Plan, tools: HealTools) -> str:
    """Return the mark that a device which stores commit messages keeps: which golden, and under which lease."""
    return f"murenger {plan.drift.golden_digest}" + (f" lease {tools.token}" if tools.token else "")


def _refuse_lateness(plan: Plan, tools: HealTools, progress: Progress) -> None:
    """Refuse to confirm what the device must have taken back by now, whatever it says."""
    took_s = tools.clock.monotonic_s() - (progress.sent_at or 0.0)
    if took_s >= plan.revert_in_s:
        raise VerificationAfterHealError(
            f"the tests after the change took {took_s:.0f} s, the device's timer only {plan.revert_in_s} s",
            device=plan.device,
            hint="give the policy a longer revert_in",
        )


def _cut_flows(device: Device, plan: Plan, tools: HealTools) -> FlowReport:
    """Cut what the drift admitted; the heal stands whether or not that succeeds."""
    try:
        return tools.remediator.cut_flows(device, plan.drift.healable)
    except MurengerError as exc:
        return FlowReport(cut=None, note=f"connections that the drift admitted live on: {tools.redact(str(exc))}")


def _verdict(device: Device, plan: Plan, tools: HealTools, progress: Progress) -> OutcomeVerdict:
    if progress.confirmed_at is not None:
        return _look_again(plan, tools, progress)
    if progress.sent_at is None:
        # Nothing was applied; what was read on the way, if anything was, is the state that somebody else made.
        progress.after = progress.after or plan.drift.live_digest
        return OutcomeVerdict.NOT_APPLIED
    return go_back(device, plan, tools, progress)


def _look_again(plan: Plan, tools: HealTools, progress: Progress) -> OutcomeVerdict:
    """Read the device once more after it accepted the confirmation: some accept it and go back all the same."""
    seen = look_until_read(tools.observe, tools.clock)
    tools.at(Step.READ_AGAIN)
    progress.after = seen.digest if seen else None
    if seen is None:
        progress.checks.append(unread_check(READ_AGAIN, "could not be read", plan, tools))
        progress.failure = "the device accepted the confirmation and could not be read afterwards"
        return OutcomeVerdict.UNKNOWN
    progress.checks.append(text_check(READ_AGAIN, seen, plan, tools))
    if is_promised(seen, plan, tools):
        return OutcomeVerdict.HEALED
    progress.failure = "the device accepted the confirmation, and is not what the plan promised all the same"
    if seen.digest != plan.drift.live_digest:
        return OutcomeVerdict.PARTIAL
    progress.failure += f": it is as before; {WayBack.NOTHING_LEFT.value}"
    return OutcomeVerdict.REVERTED_BY_DEVICE
