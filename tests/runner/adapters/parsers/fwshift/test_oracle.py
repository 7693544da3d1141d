"""The library's own simulator as oracle: what it is certain of, our rules must say as well.

Input: every fixture, and packets on the edges of its addresses and ports. Output: the same verdict wherever the
simulator, which reads the whole text with NAT, and our rules are both certain; and enough packets of both verdicts
for that to mean something.
"""

import ipaddress
import random
import re
from collections.abc import Callable, Iterator, Sequence

import pytest
from fwshift import audit, model, report, simulate, transform
from fwshift.parsers import asa, fortios, ios, junos, opnsense, panos, pfsense

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, Packet
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.intervals import any_address
from murenger.semantics.ir import Ruleset

READERS = {
    "asa": asa.parse,
    "fortios": fortios.parse,
    "ios": ios.parse,
    "junos": junos.parse,
    "opnsense": opnsense.parse,
    "panos": panos.parse,
    "pfsense": pfsense.parse,
}
FIXTURES = [
    ("asa", "gateway.txt", ("outside", "inside", "dmz", "guest")),
    ("fortios", "office.conf", ("lan", "wan", "dmz")),
    ("ios", "zones.txt", ("OUTSIDE", "INSIDE", "GigabitEthernet0/3")),
    ("junos", "srx.conf", ("trust", "untrust")),
    ("opnsense", "config.xml", ("WAN", "LAN")),
    ("panos", "vsys.xml", ("trust", "untrust", "dmz")),
    ("pfsense", "config.xml", ("WAN", "LAN", "DMZ")),
]
PLACES = {"OUTSIDE": "GigabitEthernet0/0", "INSIDE": "GigabitEthernet0/1"}
COUNT = 2_500


def _edges(rules: Ruleset) -> tuple[dict[int, list[int]], list[int]]:
    """Return addresses of each family and ports on the edges of the rules."""
    addresses: dict[int, set[int]] = {4: {3232235777}, 6: {1 << 96}}
    ports: set[int] = {1, 65_535}
    for one in rules.lists:
        for rule in one.rules:
            for box in (*rule.any_of, *rule.unless):
                top = any_address(box.family).spans[0][1]
                for low, high in (*box.src.spans, *box.dst.spans):
                    addresses[box.family] |= {edge for edge in (low - 1, low, high, high + 1) if 0 < edge <= top}
                for low, high in (span for l4 in box.l4 for span in l4.dport.spans):
                    ports |= {edge for edge in (low - 1, low, high, high + 1) if 0 <= edge <= 65_535}
    return {family: sorted(found) for family, found in addresses.items()}, sorted(ports)


def _packets(rules: Ruleset, zones: Sequence[str]) -> Iterator[Packet]:
    draw = random.Random(20_261_122)  # noqa: S311 - repeatable tests, no secrets
    addresses, ports = _edges(rules)
    for _ in range(COUNT):
        family = draw.choice((4, 4, 4, 6))
        proto = draw.choice((6, 6, 17, 47, 50, ICMP if family == 4 else ICMPV6))
        has_ports = proto in PORT_PROTOCOLS
        is_icmp = proto in {ICMP, ICMPV6}
        yield Packet(
            family=family,
            src=draw.choice(addresses[family]),
            dst=draw.choice(addresses[family]),
            proto=proto,
            sport=40_000 if has_ports else draw.choice((0, 3, 8, 128)) if is_icmp else 0,
            dport=draw.choice(ports) if has_ports else 0,
            flags="syn" if proto == 6 else "none",
            ingress=draw.choice(zones),
            egress=draw.choice(zones),
        )


def _address(packet: Packet, value: int) -> str:
    return str(ipaddress.IPv4Address(value) if packet.family == 4 else ipaddress.IPv6Address(value))


def _without_routes(text: str) -> str:
    """Return a configuration of an ASA that says nothing of where networks lie: the library narrows entries by that."""
    return re.sub(r"^( ip address|route) .*\n", "", text, flags=re.MULTILINE) if "\naccess-group " in text else text


def _default(policy: model.Policy, packet: Packet) -> bool:
    """Return whether the library's policy permits what no rule matches."""
    if packet.ingress != packet.egress:
        return bool(policy.default_interzone == model.Action.ALLOW)
    zone = policy.zones.get(packet.ingress)
    return bool((zone and zone.intrazone_allow) or policy.default_intrazone == model.Action.ALLOW)


@pytest.mark.parametrize(("platform", "name", "zones"), FIXTURES)
def test_the_simulator_of_the_library_agrees_where_it_is_certain(
    platform: str, name: str, zones: tuple[str, ...], configuration: Callable[[str, str], str]
) -> None:
    text = configuration(platform, name)
    rules = parser(platform).parse(text)
    said = report.Report()
    policy = READERS[platform](_without_routes(text).encode(), said)
    transform.harden(policy, said)
    simulator = simulate.Simulator(policy, audit.Reading.of(said))
    seen = {Answer.ALLOW: 0, Answer.DENY: 0}
    for packet in _packets(rules, zones):
        low = packet.sport if packet.proto in {ICMP, ICMPV6} else packet.dport
        point = (
            packet.ingress,
            packet.egress,
            _address(packet, packet.src),
            _address(packet, packet.dst),
            packet.proto,
        )
        theirs = simulator.attribute((*point, low))
        if theirs.certain is not None:
            permits = theirs.certain.action.value == "allow"
        elif theirs.reason.startswith("no rule matches"):
            permits = _default(policy, packet)
        else:
            continue
        placed = Packet(
            **{
                field: getattr(packet, field)
                for field in ("family", "src", "dst", "proto", "sport", "dport", "flags", "state")
            },
            ingress=PLACES.get(packet.ingress, packet.ingress),
            egress=PLACES.get(packet.egress, packet.egress),
        )
        ours = trace(rules, placed)
        if ours.answer is Answer.UNKNOWN:
            continue
        seen[ours.answer] += 1
        assert (ours.answer is Answer.ALLOW) == permits, (packet, ours, theirs)
    assert min(seen.values()) >= 10, seen
