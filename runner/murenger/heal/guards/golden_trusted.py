"""Guard golden-trusted: the policy still counts at the moment of the change, and it is this very device's.

Input: a case. Output: a check, or a refusal.
"""

import ipaddress
import re

from murenger.dialects.hostnames import expected_hostname, foreign_hostname
from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check


class GoldenTrustedGuard:
    """Refuses a golden policy that does not count any more, or that is another device's."""

    name = "golden-trusted"

    def check(self, case: GuardCase) -> Check:
        """Return which revision counts.

        Raises:
            GuardRefusedError: the revision is not trusted now, its text is not the accepted one, or it says that it is
                of another device.
        """
        fault = _trust_fault(case) or _device_fault(case)
        if fault:
            raise refused(
                self.name, case, fault, hint=f"look at it: murenger golden show {case.device.name}; accept a right one"
            )
        return passed(
            self.name,
            case,
            expected=f"an accepted revision with a policy for {case.device.name}",
            observed=f"{case.golden.revision} signed by {case.golden.approved_by}",
        )


def _trust_fault(case: GuardCase) -> str:
    trust, golden = case.trust, case.golden
    if trust.fault:
        return f"the golden policy is not trusted now: {trust.fault}"
    if trust.revision != golden.revision or golden.revision != case.plan.golden_revision:
        return f"revision {trust.revision[:12] or 'none'} counts now, the plan returns to {golden.revision[:12]}"
    if golden.snapshot.digest != case.plan.drift.golden_digest:
        return "the golden text is not the one that was compared"
    if trust.accepted != golden.snapshot.digest:
        return "the golden text is not the one of this device that the ledger says was accepted"
    return ""


def _device_fault(case: GuardCase) -> str:
    """Return why the golden policy cannot be this device's, where what would be applied says whose it is.

    In parts that golden does not speak for, what would be applied is live's own.
    """
    device, golden, applied = case.device, case.golden.snapshot, case.plan.candidate
    if golden.device != device.name or golden.platform != device.platform:
        return f"the golden policy is of {golden.device} ({golden.platform})"
    foreign = foreign_hostname(applied, device)
    if foreign:
        return f"the golden policy calls the device {foreign!r}, its name is {expected_hostname(device)!r}"
    address = _address(device.address)
    if address and _has(case.live.text, address) and not _has(applied, address):
        return f"the device runs with its management address {address}, which the golden policy does not have"
    return ""


def _address(text: str) -> str:
    """Return a management address that a configuration could hold, or "" for a name or this host's own."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return "" if address.is_loopback else str(address)


def _has(text: str, address: str) -> bool:
    """True if an interface is given an address; that a rule speaks of it says nothing, for drift could add one."""
    return (
        re.search(rf"^\s*(?:ip(?:v6)? )?address {re.escape(address)}/\d", text, re.IGNORECASE | re.MULTILINE)
        is not None
    )
