"""Looking at a device after the commit, over a fresh connection: text, packets, and what the user wants to see.

Input: a plan and the tools of a heal. Output: checks, in the heal's progress; an error where one did not pass.
"""

import datetime

from murenger.errors import MurengerError, VerificationAfterHealError
from murenger.heal.steps import Step
from murenger.heal.tools import HealTools, Progress
from murenger.model import Check, Impact, Plan, Snapshot, Verdict

FRESH_READ = "configuration read over a fresh connection"
READ_AGAIN = "configuration read again after the confirmation"


def verify(plan: Plan, tools: HealTools, progress: Progress) -> None:
    """Make every test that must pass before the change is confirmed.

    Raises:
        MurengerError: one did not pass, or could not be made.
    """
    seen = _prove_text(plan, tools, progress)
    tools.at(Step.TEXT_PROVED)
    proof = packet_space(tools.impact(seen), tools.clock.now())
    progress.checks.append(proof)
    if not proof.passed:
        raise _broken(plan)
    tools.at(Step.PACKETS_PROVED)
    probes = tools.probes()
    progress.checks += probes
    failed = [probe.name for probe in probes if not probe.passed]
    if failed:
        raise VerificationAfterHealError(
            f"after the change, {', '.join(failed)} did not pass", device=plan.device, hint="it was not confirmed"
        )


def is_promised(seen: Snapshot, plan: Plan, tools: HealTools) -> bool:
    """Tell whether a snapshot is what the plan promised, in these words or in others that mean the same."""
    return seen.digest == plan.expected_digest or tools.agrees(seen)


def text_check(name: str, seen: Snapshot, plan: Plan, tools: HealTools) -> Check:
    """Return what a fresh read says about the text."""
    observed: str = seen.digest
    passed = is_promised(seen, plan, tools)
    if passed and seen.digest != plan.expected_digest:
        observed = f"{seen.digest}, which is the same in every part that is compared"
    return Check(name=name, expected=plan.expected_digest, observed=observed, passed=passed, at=tools.clock.now())


def unread_check(name: str, why: str, plan: Plan, tools: HealTools) -> Check:
    """Return the check of a read that could not be had."""
    return Check(
        name=name,
        expected=plan.expected_digest,
        observed=tools.redact(why),
        passed=False,
        at=tools.clock.now(),
    )


def _prove_text(plan: Plan, tools: HealTools, progress: Progress) -> Snapshot:
    try:
        seen = tools.observe()
    except MurengerError as exc:
        progress.checks.append(unread_check(FRESH_READ, str(exc), plan, tools))
        raise
    progress.after = seen.digest
    check = text_check(FRESH_READ, seen, plan, tools)
    progress.checks.append(check)
    if not check.passed:
        raise _broken(plan)
    return seen


def _broken(plan: Plan) -> VerificationAfterHealError:
    return VerificationAfterHealError("after the change the device is not what the plan promised", device=plan.device)


def packet_space(impact: Impact, now: datetime.datetime) -> Check:
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
