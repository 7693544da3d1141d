"""Whose configuration is it? The name that a text gives its device, held against the inventory's.

Input: a configuration text and a device. Output: a name, or whether two names are one.
"""

from murenger.dialects.registry import dialect
from murenger.model import Device

HOSTNAME_LABEL = "hostname"
"""The inventory label with which a device says that it calls itself otherwise than the inventory does."""


def expected_hostname(device: Device) -> str:
    """Return the name that a device should give itself."""
    return dict(device.labels).get(HOSTNAME_LABEL, device.name)


def is_named(told: str, device: Device) -> bool:
    """Tell whether a name is a device's, in any case, with or without its domain."""
    one, other = told.casefold(), expected_hostname(device).casefold()
    return one == other or (("." in one) != ("." in other) and one.split(".", 1)[0] == other.split(".", 1)[0])


def foreign_hostname(text: str, device: Device) -> str:
    """Return the name that a configuration gives its device if it is not this device's; "" if it is, or gives none."""
    pattern = dialect(device.platform).hostname
    match = pattern.search(text) if pattern else None
    told = match["name"] if match else ""
    return "" if not told or is_named(told, device) else told
