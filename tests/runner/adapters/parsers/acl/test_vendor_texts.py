"""Texts that Aerleon writes from one policy decide every packet at its edges as the policy says.

Input: a policy. Output: for each platform, the verdicts on packets at the edges of its terms.
"""

import dataclasses
import ipaddress
import itertools
from collections.abc import Iterator, Mapping

import pytest
from aerleon import api
from aerleon.lib import naming

from murenger.adapters.parsers import parser_for
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import trace

NETWORKS = {
    "OFFICE": ["192.0.2.0/24"],
    "CARDS": ["203.0.113.0/26", "203.0.113.128/27"],
    "DATABASE": ["203.0.113.10/32"],
    "OFFICE6": ["2001:db8:120::/64"],
    "CARDS6": ["2001:db8:110::/65", "2001:db8:111::7/128"],
}
PORTS = {
    "RDP": [("tcp", 3389, 3389)],
    "WEB": [("tcp", 80, 80), ("tcp", 443, 443)],
    "HIGH": [("tcp", 1024, 65535), ("udp", 1024, 65535)],
    "DNS": [("udp", 53, 53), ("tcp", 53, 53)],
    "FEED": [("tcp", 9000, 9010)],
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of the policy; what is empty says nothing."""

    name: str
    accept: bool
    src: str = ""
    dst: str = ""
    protocols: tuple[str, ...] = ()
    sport: str = ""
    dport: str = ""
    icmp: int = -1
    established: bool = False

    def matches(self, packet: Mapping[str, object]) -> bool:
        """True if the term decides the packet."""
        proto = str(packet["proto"])
        return (
            (not self.protocols or proto in self.protocols)
            and _inside(self.src, packet["src"])
            and _inside(self.dst, packet["dst"])
            and _on(self.sport, proto, packet.get("sport"))
            and _on(self.dport, proto, packet.get("dport"))
            and (self.icmp < 0 or packet.get("type") == self.icmp)
            and (not self.established or packet.get("flags") == "ack")
        )

    def source(self) -> dict[str, object]:
        """Return the term as Aerleon reads it."""
        names = {8: "echo-request", 128: "echo-request"}
        said = {
            "source-address": self.src,
            "destination-address": self.dst,
            "source-port": self.sport,
            "destination-port": self.dport,
            "protocol": list(self.protocols),
            "icmp-type": [names[self.icmp]] if self.icmp >= 0 else "",
            "option": "tcp-established" if self.established else "",
        }
        action = "accept" if self.accept else "deny"
        return {"name": self.name, "action": action} | {key: value for key, value in said.items() if value}


def _inside(name: str, address: object) -> bool:
    return not name or any(ipaddress.ip_address(str(address)) in ipaddress.ip_network(one) for one in NETWORKS[name])


def _on(name: str, proto: str, port: object) -> bool:
    return not name or any(proto == known and low <= int(str(port)) <= high for known, low, high in PORTS[name])


POLICY = (
    Term(name="no-rdp", accept=False, dst="DATABASE", protocols=("tcp",), dport="RDP"),
    Term(name="database", accept=True, src="OFFICE", dst="DATABASE", protocols=("tcp",)),
    Term(name="web", accept=True, src="OFFICE", dst="CARDS", protocols=("tcp",), dport="WEB"),
    Term(name="names", accept=True, src="OFFICE", protocols=("udp", "tcp"), sport="HIGH", dport="DNS"),
    Term(name="feed", accept=True, dst="CARDS", protocols=("tcp",), dport="FEED"),
    Term(name="ping", accept=True, src="OFFICE", protocols=("icmp",), icmp=8),
    Term(name="established", accept=True, dst="OFFICE", protocols=("tcp",), established=True),
    Term(name="tunnel", accept=True, src="CARDS", protocols=("gre",)),
    Term(name="rest", accept=False),
)
POLICY6 = (
    Term(name="web", accept=True, src="OFFICE6", dst="CARDS6", protocols=("tcp",), dport="WEB"),
    Term(name="ping", accept=True, src="OFFICE6", protocols=("icmpv6",), icmp=128),
    Term(name="feed", accept=True, dst="CARDS6", protocols=("tcp",), dport="FEED"),
    Term(name="rest", accept=False),
)
# SRX policies follow connections by themselves.
STATEFUL = tuple(term for term in POLICY if not term.established)
ZONES = {"in": "trust", "out": "untrust"}
OWN = {"acl": "T"}
# Aerleon writes policies alone; a device has the zones that they name.
ZONES_TEXT = """
security {
    zones {
        security-zone trust { interfaces { ge-0/0/1.0; } }
        security-zone untrust { interfaces { ge-0/0/2.0; } }
    }
}
"""
CASES = {
    "eos": ("arista", "T extended", POLICY, OWN),
    "nxos": ("cisconx", "T", POLICY, OWN),
    "junos": ("juniper", "T", POLICY, OWN),
    "junos, IPv6": ("juniper", "T inet6", POLICY6, OWN),
    "nxos, IPv6": ("cisconx", "T inet6", POLICY6, OWN),
    "junos, policies": ("srx", "from-zone trust to-zone untrust", STATEFUL, ZONES),
}


def _text(target: str, options: str, policy: tuple[Term, ...]) -> str:
    definitions = naming.Naming()
    definitions.ParseDefinitionsObject(
        {
            "networks": {name: {"values": [{"address": one} for one in these]} for name, these in NETWORKS.items()},
            "services": {
                name: [
                    {"protocol": proto, "port": str(low) if low == high else f"{low}-{high}"}
                    for proto, low, high in these
                ]
                for name, these in PORTS.items()
            },
        },
        "definitions",
    )
    terms = [term.source() for term in policy]
    header = {"targets": {target: options}}
    found = api.Generate([{"filename": "policy", "filters": [{"header": header, "terms": terms}]}], definitions)
    assert len(found) == 1
    return str(next(iter(found.values()))) + (ZONES_TEXT if target == "srx" else "")


def _edges(names: tuple[str, ...]) -> list[str]:
    found: set[str] = set()
    for name in names:
        for one in map(ipaddress.ip_network, NETWORKS[name]):
            for address in (int(one[0]) - 1, int(one[0]), int(one[-1]), int(one[-1]) + 1):
                found.add(str(type(one[0])(address)))
    return sorted(found)


def _packets(policy: tuple[Term, ...]) -> Iterator[dict[str, object]]:
    addresses = _edges(tuple(sorted({name for term in policy for name in (term.src, term.dst) if name})))
    ends = {port for these in PORTS.values() for _, low, high in these for port in (low - 1, low, high, high + 1)}
    icmp = "icmpv6" if ":" in addresses[0] else "icmp"
    transports: list[dict[str, object]] = [{"proto": "gre"}, {"proto": "ospf"}]
    transports += [{"proto": icmp, "type": kind} for kind in (0, 8, 127, 128, 129)]
    for port in sorted(port for port in ends if port <= 65535):
        transports += [{"proto": "tcp", "sport": 40000, "dport": port, "flags": "syn"}]
        transports += [{"proto": "udp", "sport": sport, "dport": port} for sport in (1023, 1024)]
    transports += [{"proto": "tcp", "sport": 443, "dport": 50000, "flags": flags} for flags in ("ack", "syn", "none")]
    for number, (src, dst, transport) in enumerate(itertools.product(addresses, addresses, transports)):
        # Every third, which is prime to the number of transports: each meets each address.
        if number % 3 == 0:
            yield {"src": src, "dst": dst, **transport}


@pytest.mark.parametrize("name", CASES)
def test_a_text_decides_as_the_policy_from_which_it_was_written(name: str) -> None:
    target, options, policy, place = CASES[name]
    ruleset = parser_for(name.split(",", maxsplit=1)[0]).parse(_text(target, options, policy))
    counts = {"allow": 0, "deny": 0, "unknown": 0}
    for packet in _packets(policy):
        expected = "allow" if next(term for term in policy if term.matches(packet)).accept else "deny"
        found = trace(ruleset, packet_from_json({**packet, **place})).answer.value
        assert found in {expected, "unknown"}, packet
        counts[found] += 1
    assert min(counts["allow"], counts["deny"]) > 20
    # An application of TCP without ports is read by a library that does not vouch for it.
    assert counts["unknown"] <= (counts["deny"] // 50 if name == "junos, policies" else 0)
