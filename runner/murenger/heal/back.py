"""The way back: a change that must not stand is undone by us where the device can prove it, else by its own timer.

Input: a change that was sent and not confirmed. Output: a verdict, with the read that proves it among the checks.
"""

from murenger.errors import MurengerError
from murenger.heal.settle import Unsettled, settle
from murenger.heal.tools import HealTools, Progress, WayBack
from murenger.heal.verify import is_promised
from murenger.model import Check, Device, OutcomeVerdict, Plan
from murenger.ports import ChangeSession

AS_BEFORE = "live is as before, read over a fresh connection"
_AS_BEFORE = frozenset({OutcomeVerdict.ROLLED_BACK, OutcomeVerdict.REVERTED_BY_DEVICE, OutcomeVerdict.NOT_APPLIED})


def way_back_over(session: ChangeSession, progress: Progress) -> None:
    """Ask the device on the connection of the change to undo it, and note what it says."""
    try:
        undone = session.undo()
    except MurengerError:
        # What is said about the failure stays the reason; that the way back failed too shows in how it went on.
        progress.way_back = WayBack.NO_ANSWER
        return
    if undone:
        progress.way_back = WayBack.UNDONE
    else:
        progress.way_back = WayBack.REFUSED if progress.refused else WayBack.NOTHING_LEFT


def go_back(device: Device, plan: Plan, tools: HealTools, progress: Progress) -> OutcomeVerdict:
    """Force the change back over a new connection if it is still open, or wait for the device, and prove the result.

    Args:
        device: the device.
        plan: what was sent.
        tools: what it takes.
        progress: how far it got; how it ended is noted there.
    """
    if progress.way_back is WayBack.NO_ANSWER and not progress.proved and _taken_back(device, tools, progress):
        progress.way_back = WayBack.UNDONE_ANEW
    waited_s = tools.clock.monotonic_s() - (progress.sent_at or 0.0)
    settled = settle(
        Unsettled(
            before=plan.drift.live_digest,
            is_promised=lambda seen: is_promised(seen, plan, tools),
            wait_s=plan.revert_in_s,
            way_back=progress.way_back,
            timer_runs=waited_s < plan.revert_in_s,
            may_be_confirmed=progress.proved,
            has_pending=lambda: tools.remediator.has_pending(device),
        ),
        observe=tools.observe,
        clock=tools.clock,
    )
    progress.after = settled.digest
    is_before = settled.verdict in _AS_BEFORE
    if settled.verdict is not OutcomeVerdict.HEALED:
        progress.checks.append(
            Check(
                name=AS_BEFORE,
                expected=plan.drift.live_digest,
                observed=settled.digest or "could not be read",
                passed=is_before,
                at=tools.clock.now(),
            )
        )
    progress.failure += f"; {_words(settled.verdict, progress.way_back)}"
    return settled.verdict


def _taken_back(device: Device, tools: HealTools, progress: Progress) -> bool:
    try:
        return bool(progress.handle) and tools.remediator.take_back(device, progress.handle)
    except MurengerError:
        return False


def _words(verdict: OutcomeVerdict, way_back: WayBack) -> str:
    """Return how the change ended, one clause."""
    if verdict is OutcomeVerdict.ROLLED_BACK:
        return way_back.value
    return {
        OutcomeVerdict.NOT_APPLIED: "nothing of it was applied",
        OutcomeVerdict.REVERTED_BY_DEVICE: "the device's timer undid it",
        OutcomeVerdict.HEALED: "the device kept it, as promised: it was confirmed all the same",
        OutcomeVerdict.PARTIAL: "the device is neither as before nor confirmed as promised, and its timer has run out",
    }.get(verdict, "the device cannot be read, and its timer has run out")
