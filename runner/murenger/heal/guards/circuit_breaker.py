"""Guard circuit-breaker: where healing has failed, it stops for the whole zone before it fails everywhere.

Input: a case with what the ledger remembers. Output: a check, or a refusal.
"""

import datetime
from collections.abc import Iterable

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check, OutcomeVerdict, PastOutcome


class CircuitBreakerGuard:
    """Refuses to heal in a zone where changes have failed lately; devices without a zone are one zone.

    A failure is a change that touched a device and did not end healed. Once the time has passed, one heal may try: if
    it ends healed the zone is open again, if it fails the time begins anew.
    """

    name = "circuit-breaker"

    def check(self, case: GuardCase) -> Check:
        """Return that the breaker is closed, or that this heal is the one that may try.

        Raises:
            GuardRefusedError: it is open, or another heal is trying.
        """
        limits, zone = case.limits, case.device.zone
        within = datetime.timedelta(seconds=limits.breaker_within_s)
        where = f"zone {zone}" if zone else "the devices without a zone"
        expected = f"fewer than {limits.breaker_failures} failed changes in {where} within {limits.breaker_within_s} s"
        last = _tripped((past for past in case.past if past.zone == zone), limits.breaker_failures, within)
        if last is None:
            return passed(self.name, case, expected=expected, observed="closed")
        open_until = last.ended_at + within
        why = f"changes in {where} failed, the last on {last.device} ({last.verdict.value}, record {last.sequence})"
        if case.now < open_until:
            hint = f"find out why; healing there goes on after {open_until:%Y-%m-%d %H:%M:%S} UTC"
            raise refused(self.name, case, why, hint=hint)
        trying = [change.device for change in case.under_way if change.zone == zone]
        if trying:
            raise refused(
                self.name, case, f"{why}, and {trying[0]} is the one that tries again", hint="wait how it ends"
            )
        return passed(self.name, case, expected=expected, observed=f"half-open: this heal tries again; {why}")


def _tripped(past: Iterable[PastOutcome], failures: int, within: datetime.timedelta) -> PastOutcome | None:
    """Return the failure that holds the breaker open or half-open, or None where it is closed."""
    lately: list[PastOutcome] = []
    tripped: PastOutcome | None = None
    for outcome in past:
        if not outcome.touched:
            continue
        if outcome.verdict is OutcomeVerdict.HEALED:
            if tripped is not None and outcome.ended_at >= tripped.ended_at + within:
                tripped, lately = None, []
            continue
        lately = [failed for failed in lately if failed.ended_at > outcome.ended_at - within]
        lately.append(outcome)
        if tripped is not None or len(lately) >= failures:
            tripped = outcome
    return tripped
