"""One change to one device: stage, compare-and-swap, commit with revert armed, look again, confirm or go back.

Input: a plan whose intent is already recorded. Output: an outcome, always: once the intent is in the ledger, an error
of the device is a result and not an exception.
"""

import dataclasses
import datetime
from collections.abc import Callable

from murenger.errors import GuardRefusedError, MurengerError, VerificationAfterHealError
from murenger.heal.settle import settle
from murenger.model import (
    Check,
    Decision,
    Device,
    Digest,
    Impact,
    Outcome,
    OutcomeVerdict,
    Plan,
    RawRead,
    Snapshot,
    Verdict,
)
from murenger.ports import ChangeSession, Clock, FlowReport, Remediator


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HealTools:
    """What healing one device needs from the other stages and the world.

    Attributes:
        remediator: opens the change session.
        observe: reads the device over a fresh connection, with the read credential.
        canonical: turns a raw read into a snapshot.
        agrees: tells whether a snapshot is what the plan promised in every part that is compared; a device may list a
            hand-written golden in another form that means the same.
        impact: tells which packets a snapshot treats differently from what the plan promised.
        fill: puts the secrets into a candidate; raises SecretError rather than leave a placeholder.
        redact: removes secrets from a text.
        clock: the time.
    """

    remediator: Remediator
    observe: Callable[[], Snapshot]
    canonical: Callable[[RawRead], Snapshot]
    agrees: Callable[[Snapshot], bool]
    impact: Callable[[Snapshot], Impact]
    fill: Callable[[str], str]
    redact: Callable[[str], str]
    clock: Clock


@dataclasses.dataclass(slots=True, kw_only=True)
class _Progress:
    """How far a change got, so that whatever breaks it off can be told truly."""

    committed: bool = False
    confirmed_at: datetime.datetime | None = None
    after: Digest | None = None
    checks: list[Check] = dataclasses.field(default_factory=list)
    flows: FlowReport = dataclasses.field(default_factory=lambda: FlowReport(cut=None, note="not reached"))
    failure: str = ""


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
    progress, started_at = _Progress(), tools.clock.now()
    try:
        with tools.remediator.open(device) as session:
            _change(session, candidate, plan, tools, progress)
        progress.flows = _cut_flows(device, plan, tools)
    except MurengerError as exc:
        progress.failure = progress.failure or tools.redact(str(exc))
    verdict = _verdict(plan, tools, progress)
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


def _change(session: ChangeSession, candidate: str, plan: Plan, tools: HealTools, progress: _Progress) -> None:
    """Make the change on an open session; leaving it undoes what is not confirmed."""
    staged = session.stage(candidate)
    live = tools.canonical(staged.live)
    if live.digest != plan.drift.live_digest:
        progress.after = live.digest
        raise GuardRefusedError(
            "live is no longer what was compared", device=plan.device, hint="it is compared again at the next pass"
        )
    progress.committed = True
    try:
        session.commit(message=f"murenger {plan.drift.golden_digest}", revert_in_s=plan.revert_in_s)
    except GuardRefusedError:
        # The port's word for: refused before anything was applied. What runs now is somebody else's doing.
        progress.committed, progress.after = False, _digest_now(tools)
        raise
    try:
        _verify(plan, tools, progress)
    except MurengerError as exc:
        progress.failure = tools.redact(str(exc))
        raise
    session.confirm()
    progress.confirmed_at = tools.clock.now()


def _digest_now(tools: HealTools) -> Digest | None:
    try:
        return tools.observe().digest
    except MurengerError:
        return None


def _verify(plan: Plan, tools: HealTools, progress: _Progress) -> None:
    """Read over a fresh connection and compare with what the plan promised."""
    name = "configuration read over a fresh connection"
    try:
        seen = tools.observe()
    except MurengerError as exc:
        progress.checks.append(
            Check(
                name=name,
                expected=plan.expected_digest,
                observed=tools.redact(str(exc)),
                passed=False,
                at=tools.clock.now(),
            )
        )
        raise
    progress.after = seen.digest
    observed: str = seen.digest
    passed = seen.digest == plan.expected_digest
    if not passed and tools.agrees(seen):
        observed, passed = f"{seen.digest}, which is the same in every part that is compared", True
    progress.checks.append(
        Check(name=name, expected=plan.expected_digest, observed=observed, passed=passed, at=tools.clock.now())
    )
    if passed:
        proof = _packet_space(tools.impact(seen), tools.clock.now())
        progress.checks.append(proof)
        passed = proof.passed
    if not passed:
        raise VerificationAfterHealError(
            "after the change the device is not what the plan promised", device=plan.device
        )


def _packet_space(impact: Impact, now: datetime.datetime) -> Check:
    """Return what is proven about the packets that pass after the change."""
    words = [impact.verdict.value, *impact.unknowns]
    proof = impact.proof
    if proof is not None:
        words += [
            f"{proof.engine} at stage {proof.stage}, read by {proof.parser}",
            f"{proof.cpu_s:.2f} of {proof.cpu_budget_s:g} s, {proof.nodes} of {proof.node_budget} nodes",
            f"{proof.opaque_rules[1]} of {proof.rules[1]} rules with a condition that cannot be told",
        ]
    return Check(
        name="packets that pass, live against golden",
        expected=Verdict.EQUAL.value,
        observed="; ".join(words),
        passed=impact.verdict is Verdict.EQUAL,
        at=now,
    )


def _cut_flows(device: Device, plan: Plan, tools: HealTools) -> FlowReport:
    """Cut what the drift admitted; the heal stands whether or not that succeeds."""
    try:
        return tools.remediator.cut_flows(device, plan.drift.healable)
    except MurengerError as exc:
        return FlowReport(cut=None, note=f"connections that the drift admitted live on: {tools.redact(str(exc))}")


def _verdict(plan: Plan, tools: HealTools, progress: _Progress) -> OutcomeVerdict:
    if progress.confirmed_at is not None:
        return OutcomeVerdict.HEALED
    if not progress.committed:
        # Nothing was applied; what was read on the way, if anything was, is the state that somebody else made.
        progress.after = progress.after or plan.drift.live_digest
        return OutcomeVerdict.NOT_APPLIED
    settled = settle(
        observe=tools.observe,
        clock=tools.clock,
        before=plan.drift.live_digest,
        expected=plan.expected_digest,
        wait_s=plan.revert_in_s,
    )
    progress.after = settled.digest
    return settled.verdict
