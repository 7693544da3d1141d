"""The three devices of the lab, as data.

Input: none. Output: what each device is, where it stands and how it is reached.
"""

import dataclasses
import enum

from murenger.lab.failure import LabError


class Kind(enum.Enum):
    """How a device is started and spoken to."""

    FIREWALL = "firewall"
    """A real nftables firewall in namespaces, over SSH."""

    SSH_EMULATOR = "ssh emulator"
    """An emulator with an SSH host key."""

    TLS_EMULATOR = "tls emulator"
    """An emulator with a TLS certificate."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """One device of the lab.

    Attributes:
        name: its host name and inventory name.
        kind: how it is started.
        network_os: `ansible_network_os`.
        group: inventory group.
        zone: part of the network it guards.
        criticality: low, normal, high or crown-jewel.
        module: Python module of an emulator, "" for the firewall.
        title: what it is, in a few words.
    """

    name: str
    kind: Kind
    network_os: str
    group: str
    zone: str
    criticality: str
    module: str
    title: str


BLUEPRINTS = (
    Blueprint(
        name="fw1",
        kind=Kind.FIREWALL,
        network_os="nftables",
        group="firewalls",
        zone="card-data",
        criticality="high",
        module="",
        title="nftables firewall, real",
    ),
    Blueprint(
        name="leaf1",
        kind=Kind.TLS_EMULATOR,
        network_os="arista.eos.eos",
        group="switches",
        zone="access",
        criticality="normal",
        module="murenger.lab.eos",
        title="Arista EOS switch, emulated",
    ),
    Blueprint(
        name="srx1",
        kind=Kind.SSH_EMULATOR,
        network_os="junipernetworks.junos.junos",
        group="firewalls",
        zone="perimeter",
        criticality="high",
        module="murenger.lab.junos",
        title="Juniper SRX firewall, emulated",
    ),
)


def blueprint(name: str) -> Blueprint:
    """Return the blueprint of a device.

    Args:
        name: `fw1`, `leaf1` or `srx1`.

    Raises:
        LabError: there is no such device.
    """
    for candidate in BLUEPRINTS:
        if candidate.name == name:
            return candidate
    known = ", ".join(candidate.name for candidate in BLUEPRINTS)
    raise LabError(f"the lab has no device called {name!r}", hint=f"one of {known}")
