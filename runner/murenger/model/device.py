"""Devices: what we watch, as the inventory names it.

Input: inventory facts. Output: a `Device` whose name is safe as a file name and as an Ansible limit.
"""

import dataclasses
import re

from murenger.errors import ConfigError

DEVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
# These would reach `ansible-playbook --limit` as patterns that mean something else.
RESERVED_NAMES = frozenset({"all", "ungrouped", "localhost"})


def check_device_name(name: str) -> str:
    """Return the name if it can be a device's.

    Raises:
        ConfigError: it does not match `DEVICE_NAME`, or it is a word that Ansible reserves.
    """
    if not DEVICE_NAME.fullmatch(name) or name in RESERVED_NAMES:
        raise ConfigError(
            f"device name {name!r} cannot be used",
            hint="1 to 63 of letters, digits, dot, underscore, hyphen, the first a letter or digit; "
            "not all, ungrouped or localhost",
        )
    return name


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device of the inventory.

    Attributes:
        name: the inventory name, checked by `check_device_name`.
        platform: a dialect's name: nftables, eos, junos.
        address: host name or address that management connections go to.
        port: TCP port of the management service, or None for the driver's default.
        zone: the part of the network it guards, or "".
        criticality: low, normal, high or crown-jewel.
        groups: inventory groups it belongs to, sorted.
        labels: further facts as sorted (key, value) pairs.
    """

    name: str
    platform: str
    address: str
    port: int | None = None
    zone: str = ""
    criticality: str = "normal"
    groups: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a name that could reach another program as a pattern or a path."""
        check_device_name(self.name)
