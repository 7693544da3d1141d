"""Probes: what an operator wants to see with their own eyes before a change is confirmed.

Input: the `probes` list of a policy. Output: values that say what is looked at, from where, and what must be seen.
"""

import dataclasses
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool

# NAPALM 5.2's getters, without those that show configuration text, password hashes or communities: what a probe sees is
# written into records.
GETTERS = (
    "get_arp_table",
    "get_bgp_neighbors",
    "get_bgp_neighbors_detail",
    "get_environment",
    "get_facts",
    "get_interfaces",
    "get_interfaces_counters",
    "get_interfaces_ip",
    "get_ipv6_neighbors_table",
    "get_lldp_neighbors",
    "get_lldp_neighbors_detail",
    "get_mac_address_table",
    "get_network_instances",
    "get_ntp_peers",
    "get_ntp_servers",
    "get_ntp_stats",
    "get_optics",
    "get_probes_results",
    "get_vlans",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TcpProbe:
    """A connection that must, or must not, come about.

    Attributes:
        name: what people call it.
        host: name or address.
        port: TCP port, 1 to 65535.
        is_open: True if it must come about.
        vantage: inventory name of the host that tries, or "" for this one.
        timeout_s: seconds, > 0; a port that gives no answer within them counts as closed.
    """

    name: str
    host: str
    port: int
    is_open: bool
    vantage: str = ""
    timeout_s: int = 5

    @property
    def limit_s(self) -> int:
        """Seconds that the probe takes at the most."""
        return self.timeout_s + (VANTAGE_S if self.vantage else NAME_S)

    @property
    def claim(self) -> str:
        """What must be seen, one clause."""
        state, where = "open" if self.is_open else "closed", self.vantage or "this host"
        return f"tcp {self.host} port {self.port} is {state}, seen from {where}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GetterProbe:
    """A value that the device must report.

    Attributes:
        name: what people call it.
        getter: one of `GETTERS`.
        path: keys and indices that lead from the getter's answer to the value; empty for all of it.
        expected: what the value must equal or contain.
        is_contained: False if it must equal, True if it must contain: a part of a text, an item of a list, a key.
        timeout_s: seconds, > 0.
    """

    name: str
    getter: str
    path: tuple[str, ...]
    expected: Scalar
    is_contained: bool = False
    timeout_s: int = 30

    @property
    def limit_s(self) -> int:
        """Seconds that the probe takes at the most."""
        return self.timeout_s

    @property
    def claim(self) -> str:
        """What must be seen, one clause."""
        verb = "contains" if self.is_contained else "equals"
        return f"{' / '.join((self.getter, *self.path))} {verb} {self.expected!r}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookProbe:
    """A playbook that must succeed, run with the device as its limit.

    Attributes:
        name: what people call it.
        playbook: fully qualified name, or absolute path.
        timeout_s: seconds, > 0.
    """

    name: str
    playbook: str
    timeout_s: int = 60

    @property
    def limit_s(self) -> int:
        """Seconds that the probe takes at the most."""
        return self.timeout_s

    @property
    def claim(self) -> str:
        """What must be seen, one clause."""
        return f"playbook {self.playbook} succeeds"


Probe: TypeAlias = TcpProbe | GetterProbe | PlaybookProbe

# What Ansible takes to log in to another host and to start its module there.
VANTAGE_S = 20
# What looking up the host's name takes.
NAME_S = 1
