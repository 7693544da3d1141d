"""Guard capability-proved: a driver is used for what it was seen to do on this version of the platform, nothing else.

Input: a case. Output: a check, or a refusal that names the missing proof.
"""

from murenger.dialects.versions import platform_version
from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check
from murenger.model.capability import NEEDED_TO_HEAL, Capability


class CapabilityGuard:
    """Refuses to heal through a driver of which not all is proved that healing needs."""

    name = "capability-proved"

    def check(self, case: GuardCase) -> Check:
        """Return what is proved, by whom and when.

        Raises:
            GuardRefusedError: nothing is proved for exactly this driver and version of the platform, or a proof that
                healing needs is missing; the message names it.
        """
        live, capability = case.live, case.capability
        what = f"{live.driver} on {live.os_version or 'an unknown version'}"
        hint = f"murenger doctor --conformance {case.device.name} tries it on this device"
        if capability is None or not _is_for(capability, live.driver, live.platform, live.os_version):
            needed = ", ".join(name.value for name in NEEDED_TO_HEAL)
            raise refused(self.name, case, f"nothing is proved for {what}; healing needs {needed}", hint=hint)
        missing = capability.missing()
        if missing:
            told = "; ".join(f"{name.value}: {capability.reason(name)}" for name in missing)
            raise refused(self.name, case, f"not proved for {what}: {told}", hint=hint)
        return passed(
            self.name,
            case,
            expected=f"{', '.join(name.value for name in NEEDED_TO_HEAL)} proved for {what}",
            observed=f"proved on {capability.device} at {capability.made_at:%Y-%m-%dT%H:%M:%SZ}, "
            f"signed by {capability.signed_by}",
        )


def _is_for(capability: Capability, driver: str, platform: str, os_version: str) -> bool:
    """True if the file speaks of exactly this driver and this version; whoever looked it up is not believed blindly."""
    return (
        f"{capability.driver} {capability.driver_version}" == driver
        and capability.platform == platform
        and platform_version(platform, capability.os_version) == platform_version(platform, os_version)
        and bool(capability.signed_by)
    )
