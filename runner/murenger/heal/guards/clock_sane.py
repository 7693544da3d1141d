"""Guard clock-sane: approvals end, windows open and records are ordered by our clock, so it must not be wrong.

Input: a case. Output: a check, or a refusal. The device's own clock is never asked: its timers count seconds, as ours.
"""

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import ClockFacts, GuardCase
from murenger.model import Check


class ClockSaneGuard:
    """Refuses to heal by a clock that is not in step, or that has gone back behind what was recorded or read."""

    name = "clock-sane"

    def check(self, case: GuardCase) -> Check:
        """Return how good the clock is.

        Raises:
            GuardRefusedError: its error is not known, or larger than allowed, or it stands behind the newest record or
                the read of the device by more than that.
        """
        limit = case.limits.clock_error_s
        fault = _error_fault(case.clock, limit) or _back_fault(case, limit)
        if fault:
            raise refused(
                self.name, case, fault, hint=f"set the clock right (chronyc tracking); guards.clock_error is {limit} s"
            )
        return passed(
            self.name,
            case,
            expected=f"an error of at most {limit} s, and no step back",
            observed=_told(case.clock),
        )


def _error_fault(clock: ClockFacts, limit: int) -> str:
    if clock.synchronised:
        if clock.offset_s is not None and abs(clock.offset_s) > limit:
            return f"our clock is {clock.offset_s:g} s off its source"
        return ""
    if clock.error_s is None:
        return "nothing keeps our clock in step, and its error is not known"
    if clock.error_s > limit:
        return f"nothing keeps our clock in step, and its error may be {clock.error_s:g} s"
    return ""


def _back_fault(case: GuardCase, limit: int) -> str:
    marks = (("the newest record", case.clock.newest_record_at), ("the read of the device", case.live.taken_at))
    for what, at in marks:
        behind = 0.0 if at is None else (at - case.now).total_seconds()
        if behind > limit:
            return f"our clock stands {behind:.0f} s behind {what}"
    return ""


def _told(clock: ClockFacts) -> str:
    if clock.synchronised:
        return "synchronised" if clock.offset_s is None else f"synchronised, {clock.offset_s:g} s off its source"
    return f"not synchronised; the kernel admits an error of {clock.error_s:g} s"
