"""Guard blast-radius: how much may be changed within an hour, whatever else is right.

Input: a case with what the ledger remembers and what is under way. Output: a check, or a refusal.
"""

import datetime

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check

HOUR = datetime.timedelta(hours=1)
PERCENT = 100


class BlastRadiusGuard:
    """Refuses a change that undoes too much, or that follows too many others within the hour."""

    name = "blast-radius"

    def check(self, case: GuardCase) -> Check:
        """Return how much of each limit is used, this change included.

        Raises:
            GuardRefusedError: a limit would be passed.
        """
        differences, limits = len(case.plan.drift.healable), case.limits
        if differences > limits.differences:
            raise self._refusal(case, f"the change undoes {differences} differences", "differences", limits.differences)
        site = _changed(case) | {case.device.name}
        if len(site) > limits.devices_per_hour:
            told = f"{len(site)} devices would have been changed within the hour"
            raise self._refusal(case, told, "devices_per_hour", limits.devices_per_hour)
        used = f"{differences} differences; {len(site)} of {limits.devices_per_hour} devices within the hour"
        allowed = f"at most {limits.differences} differences, {limits.devices_per_hour} devices within the hour"
        if not case.device.zone:
            return passed(self.name, case, expected=allowed, observed=f"{used}; in no zone")
        members = {*case.zone_members, case.device.name}
        zone = _changed(case, case.device.zone) & members | {case.device.name}
        most = max(1, len(members) * limits.zone_share // PERCENT)
        if len(zone) > most:
            told = f"{len(zone)} of {len(members)} devices of zone {case.device.zone} would have been changed"
            raise self._refusal(case, f"{told} within the hour", "zone_share", f"{limits.zone_share}%")
        return passed(
            self.name,
            case,
            expected=f"{allowed}, {most} of {len(members)} in zone {case.device.zone}",
            observed=f"{used}; {len(zone)} in zone {case.device.zone}",
        )

    def _refusal(self, case: GuardCase, told: str, setting: str, limit: object) -> Exception:
        return refused(
            self.name,
            case,
            f"{told}, guards.{setting} is {limit}",
            hint=f"find out why so much drifts at once; then wait, or raise guards.{setting}",
        )


def _changed(case: GuardCase, zone: str | None = None) -> set[str]:
    """Return the devices that are being changed, or were within the hour; a time ahead of ours counts too."""
    recent = {
        outcome.device
        for outcome in case.past
        if outcome.touched and outcome.ended_at > case.now - HOUR and zone in (None, outcome.zone)
    }
    return recent | {change.device for change in case.under_way if zone in (None, change.zone)}
