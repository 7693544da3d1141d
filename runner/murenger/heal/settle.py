"""Which state is the device in? The answer after a change that broke off, from the device and never from memory.

Input: a way to read the device, and the digests before and after. Output: a verdict of `OutcomeVerdict`.
"""

import dataclasses
from collections.abc import Callable
from typing import TypeVar

from murenger.errors import MurengerError
from murenger.heal.tools import WayBack
from murenger.model import Digest, OutcomeVerdict, Snapshot
from murenger.ports import Clock

# Device clocks and ours run at different rates, and applying a large configuration takes time.
MARGIN_S = 10.0
# Looks follow one another slower and slower: a device that is busy going back is not helped by questions.
FIRST_POLL_S = 2.0
LONGEST_POLL_S = 15.0
# A device that has just been changed may refuse a login or two.
READ_AGAIN_S = 30.0

T = TypeVar("T")

_UNDONE = frozenset({WayBack.UNDONE, WayBack.UNDONE_ANEW})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was found.

    Attributes:
        verdict: how the change ended.
        digest: digest of live, or None if it could not be read.
    """

    verdict: OutcomeVerdict
    digest: Digest | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A change that was broken off.

    Attributes:
        before: digest of live before it.
        is_promised: tells whether a snapshot is what it was to give.
        wait_s: seconds from now after which the device's timer has fired, >= 0.
        way_back: what the device said when it was asked to take it back.
        timer_runs: False if the device's timer may have fired before the first look.
        may_be_confirmed: True if the confirmation may have been sent.
        has_pending: asks the device whether a commit still waits for its confirmation.
    """

    before: Digest
    is_promised: Callable[[Snapshot], bool]
    has_pending: Callable[[], bool]
    wait_s: float
    way_back: WayBack = WayBack.NO_ANSWER
    timer_runs: bool = True
    may_be_confirmed: bool = True


def settle(change: Unsettled, *, observe: Callable[[], Snapshot], clock: Clock) -> Settled:
    """Find out how an unconfirmed change ended, letting the device's timer run out if it must.

    That live is as before proves little while what was sent may still arrive, so a device that said nothing is looked
    at until its timer must have fired, by our monotonic clock: no wall clock, and no clock of the device, counts.

    Args:
        change: what was broken off.
        observe: reads the device over a fresh connection.
        clock: the time.

    Returns:
        `NOT_APPLIED` if it was never sent, whatever the device runs: that is somebody else's doing; and if live is as
        before and the device said that it refused it, or it was seen so at each look while the timer ran;
        `ROLLED_BACK` if live is as before and the device said that it undid the change; `REVERTED_BY_DEVICE` if it is
        as before for any other reason; `HEALED` if it is as promised when the timer has run out, the confirmation may
        have been sent, and the device says that nothing waits for one: a timer may be late; `PARTIAL` for any other
        state; `UNKNOWN` if the device could not be read.
    """
    if change.way_back is WayBack.NEVER_SENT:
        found = look_until_read(observe, clock)
        return Settled(verdict=OutcomeVerdict.NOT_APPLIED, digest=found.digest if found else None)
    deadline = clock.monotonic_s() + change.wait_s + MARGIN_S
    # Once it was seen in force, or has been given its time, that live is as before means that it is over.
    is_over, was_unread, poll_s = not change.timer_runs, False, FIRST_POLL_S
    while True:
        seen = look(observe)
        is_before = seen is not None and seen.digest == change.before
        if is_before and (is_over or change.way_back is not WayBack.NO_ANSWER):
            break
        is_over, was_unread = is_over or not (is_before or seen is None), was_unread or seen is None
        left_s = deadline - clock.monotonic_s()
        if left_s <= 0:
            break
        clock.wait(min(poll_s, left_s))
        poll_s = min(2 * poll_s, LONGEST_POLL_S)
    if seen is None:
        return Settled(verdict=OutcomeVerdict.UNKNOWN, digest=None)
    never_in_force = not (is_over or was_unread)
    return Settled(verdict=_verdict(change, seen, clock, never_in_force=never_in_force), digest=seen.digest)


def _verdict(change: Unsettled, seen: Snapshot, clock: Clock, *, never_in_force: bool) -> OutcomeVerdict:
    if seen.digest == change.before:
        if change.way_back in _UNDONE:
            return OutcomeVerdict.ROLLED_BACK
        refused = change.way_back is WayBack.REFUSED
        is_untouched = refused or (never_in_force and change.way_back is WayBack.NO_ANSWER)
        return OutcomeVerdict.NOT_APPLIED if is_untouched else OutcomeVerdict.REVERTED_BY_DEVICE
    is_healed = change.may_be_confirmed and change.is_promised(seen) and _is_permanent(change.has_pending, clock)
    return OutcomeVerdict.HEALED if is_healed else OutcomeVerdict.PARTIAL


def _is_permanent(has_pending: Callable[[], bool], clock: Clock) -> bool:
    """Tell whether the device says that nothing waits for a confirmation any more; False if it does not say."""
    return _until_answered(has_pending, clock) is False


def look(observe: Callable[[], Snapshot]) -> Snapshot | None:
    """Return what the device runs, or None if it cannot be read."""
    return _answer(observe)


def look_until_read(observe: Callable[[], Snapshot], clock: Clock) -> Snapshot | None:
    """Return what the device runs, asking again for a while if it cannot be read; None if that goes on."""
    return _until_answered(observe, clock)


def _answer(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except MurengerError:
        return None


def _until_answered(ask: Callable[[], T], clock: Clock) -> T | None:
    deadline, poll_s = clock.monotonic_s() + READ_AGAIN_S, FIRST_POLL_S
    while True:
        said = _answer(ask)
        left_s = deadline - clock.monotonic_s()
        if said is not None or left_s <= 0:
            return said
        clock.wait(min(poll_s, left_s))
        poll_s = min(2 * poll_s, LONGEST_POLL_S)
