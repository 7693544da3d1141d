"""The network of the oracle: one firewall namespace, whose four links end in one namespace of wires.

Input: nothing. Output: what the injector sets up, and where the firewall sends a packet.
"""

import ipaddress
from types import MappingProxyType

INTERFACES = ("eth0", "eth1", "dmz0", "ppp0")
OWN4 = tuple(f"10.{number}.0.1" for number in range(len(INTERFACES)))
OWN6 = tuple(f"2001:db8:{number}::1" for number in range(len(INTERFACES)))
OWN = MappingProxyType(
    {
        4: frozenset(int(ipaddress.IPv4Address(own)) for own in OWN4),
        6: frozenset(int(ipaddress.IPv6Address(own)) for own in OWN6),
    }
)
_NETWORKS4 = tuple(int(ipaddress.IPv4Address(f"10.{number}.0.0")) for number in range(len(INTERFACES)))
_NETWORKS6 = tuple(int(ipaddress.IPv6Address(f"2001:db8:{number}::")) for number in range(len(INTERFACES)))
_DEFAULT = "eth1"
_SYSCTLS = (
    "ipv4/ip_forward=1",
    "ipv4/conf/all/rp_filter=0",
    "ipv4/conf/default/rp_filter=0",
    "ipv4/conf/all/send_redirects=0",
    "ipv4/conf/default/send_redirects=0",
    "ipv4/icmp_echo_ignore_all=1",
    # Frames carry wrong checksums, so that no host answers them; a connection begins with a SYN and nothing else.
    "netfilter/nf_conntrack_checksum=0",
    "netfilter/nf_conntrack_tcp_loose=0",
    "ipv6/conf/all/forwarding=1",
    "ipv6/conf/default/accept_dad=0",
    "ipv6/conf/all/accept_dad=0",
)


def mac(side: int, number: int) -> str:
    """Return the hardware address of the firewall's (0) or the wire's (1) end of a link."""
    return f"02:00:00:00:{side:02x}:{number:02x}"


def setup() -> dict[str, object]:
    """Return the injector's first order: links, `ip` commands and kernel settings of the firewall."""
    commands = ["link set lo up"]
    for number, name in enumerate(INTERFACES):
        gateway4, gateway6 = f"169.254.{number}.2", f"fe80::{number + 2:x}"
        commands += [
            f"link set {name} address {mac(0, number)} up",
            f"addr add {OWN4[number]}/32 dev {name}",
            f"addr add {OWN6[number]}/128 dev {name} nodad",
            f"neigh add {gateway4} lladdr {mac(1, number)} nud permanent dev {name}",
            f"neigh add {gateway6} lladdr {mac(1, number)} nud permanent dev {name}",
        ]
        routes = [(f"10.{number}.0.0/16", f"2001:db8:{number}::/48")]
        routes += [("0.0.0.0/0", "::/0")] if name == _DEFAULT else []
        for network4, network6 in routes:
            commands += [
                f"route add {network4} via {gateway4} dev {name} onlink",
                f"route add {network6} via {gateway6} dev {name} onlink",
            ]
    links = [[name, mac(1, number)] for number, name in enumerate(INTERFACES)]
    own = [ipaddress.ip_address(address).packed.hex() for address in (*OWN4, *OWN6)]
    return {"links": links, "commands": commands, "sysctls": list(_SYSCTLS), "own": own}


def egress_of(family: int, address: int) -> str:
    """Return the interface by which a packet to this address leaves, or "" where it is the firewall's own."""
    if address in OWN[family]:
        return ""
    if family == 4:
        return _by_network(address >> 16, [network >> 16 for network in _NETWORKS4])
    return _by_network(address >> 80, [network >> 80 for network in _NETWORKS6])


def is_usable(family: int, address: int) -> bool:
    """True if the kernel routes packets from and to this address at all."""
    if family == 4:
        first = address >> 24
        return 0 < first < 224 and first != 127 and address >> 16 != 0xA9FE
    return address >> 125 == 1 or address >> 120 == 0xFD


def _by_network(prefix: int, networks: list[int]) -> str:
    return INTERFACES[networks.index(prefix)] if prefix in networks else _DEFAULT
