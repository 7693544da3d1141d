"""Which state is the device in? The answer after a change that broke off, from the device and never from memory.

Input: a way to read the device, and the digests before and after. Output: a verdict of `OutcomeVerdict`.
"""

import dataclasses
from collections.abc import Callable

from murenger.errors import MurengerError
from murenger.model import Digest, OutcomeVerdict, Snapshot
from murenger.ports import Clock

# Device clocks and ours differ, and applying a large configuration takes time.
MARGIN_S = 10.0
POLL_S = 2.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was found.

    Attributes:
        verdict: rolled-back, reverted-by-device, healed, partial or unknown.
        digest: digest of live, or None if it could not be read.
    """

    verdict: OutcomeVerdict
    digest: Digest | None


def settle(
    *, observe: Callable[[], Snapshot], clock: Clock, before: Digest, expected: Digest, wait_s: float
) -> Settled:
    """Find out how an unconfirmed change ended, letting the device's timer run out if it must.

    Args:
        observe: reads the device over a fresh connection.
        clock: the time.
        before: digest of live before the change.
        expected: digest that the change was to give.
        wait_s: seconds after which the device's timer has fired, >= 0.

    Returns:
        `ROLLED_BACK` if live is as before at the first look; `REVERTED_BY_DEVICE` if it became so within the timer;
        `HEALED` if it still is as planned when the timer has run out, so the commit was confirmed after all;
        `PARTIAL` for any third state; `UNKNOWN` if the device could not be read.
    """
    digest = _look(observe)
    if digest == before:
        return Settled(verdict=OutcomeVerdict.ROLLED_BACK, digest=digest)
    deadline = clock.monotonic_s() + wait_s + MARGIN_S
    while clock.monotonic_s() < deadline:
        clock.wait(POLL_S)
        digest = _look(observe)
        if digest == before:
            return Settled(verdict=OutcomeVerdict.REVERTED_BY_DEVICE, digest=digest)
    if digest is None:
        return Settled(verdict=OutcomeVerdict.UNKNOWN, digest=None)
    verdict = OutcomeVerdict.HEALED if digest == expected else OutcomeVerdict.PARTIAL
    return Settled(verdict=verdict, digest=digest)


def _look(observe: Callable[[], Snapshot]) -> Digest | None:
    try:
        return observe().digest
    except MurengerError:
        return None
