"""What a single condition of an nftables rule matches."""

import pytest

from murenger.adapters.parsers import parser_for
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import trace

SHELL = """table inet t {{
{sets}	chain forward {{
		type filter hook forward priority filter; policy drop;
		{rule}
	}}
}}
"""
FOUR = {"in": "eth0", "out": "eth1", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "tcp", "dport": 22}
SIX = {"in": "eth0", "out": "eth1", "src": "2001:db8::1", "dst": "2001:db8:1::1", "proto": "tcp", "dport": 22}


def verdict(rule: str, packet: dict[str, object], sets: str = "") -> str:
    ruleset = parser_for("nftables").parse(SHELL.format(rule=rule, sets=sets))
    return trace(ruleset, packet_from_json(packet)).answer.value


@pytest.mark.parametrize(
    ("rule", "packet", "expected"),
    [
        # A negation negates the field, not what the field implies.
        ("tcp dport != 22 accept", FOUR, "deny"),
        ("tcp dport != 22 accept", FOUR | {"dport": 23}, "allow"),
        ("tcp dport != 22 accept", FOUR | {"proto": "udp", "dport": 23}, "deny"),
        ("ip saddr != 192.0.2.9 accept", FOUR, "allow"),
        ("ip saddr != 192.0.2.1 accept", FOUR, "deny"),
        ("ip saddr != 192.0.2.9 accept", SIX, "deny"),
        ("ip protocol != tcp accept", FOUR | {"proto": "udp"}, "allow"),
        ("ip protocol != tcp accept", SIX | {"proto": "udp"}, "deny"),
        ("meta l4proto != udp accept", SIX, "allow"),
        ("meta nfproto ipv6 accept", SIX, "allow"),
        ("meta nfproto ipv6 accept", FOUR, "deny"),
        ("meta nfproto != ipv4 accept", SIX, "allow"),
        ("meta protocol ip accept", FOUR, "allow"),
        ("meta protocol { ip, ip6 } accept", SIX, "allow"),
        # Values, ranges, prefixes, sets, comparisons.
        ("ip saddr 192.0.2.0/24 accept", FOUR, "allow"),
        ("ip saddr 192.0.2.0/25 accept", FOUR | {"src": "192.0.2.128"}, "deny"),
        ("ip saddr 192.0.2.1-192.0.2.3 accept", FOUR | {"src": "192.0.2.3"}, "allow"),
        ("ip saddr 192.0.2.1-192.0.2.3 accept", FOUR | {"src": "192.0.2.4"}, "deny"),
        ("ip daddr { 203.0.113.0/31, 203.0.113.8 } accept", FOUR | {"dst": "203.0.113.8"}, "allow"),
        ("ip daddr != { 203.0.113.0/31, 203.0.113.8 } accept", FOUR, "deny"),
        ("ip saddr 0.0.0.0/0 accept", FOUR, "allow"),
        ("ip saddr 0.0.0.0/0 accept", SIX, "deny"),
        ("ip saddr < 192.0.2.2 accept", FOUR, "allow"),
        ("ip6 saddr 2001:db8::/48 accept", SIX, "allow"),
        ("ip6 daddr 2001:db8:1::-2001:db8:1::1 accept", SIX, "allow"),
        ("tcp dport > 21 accept", FOUR, "allow"),
        ("tcp dport > 22 accept", FOUR, "deny"),
        ("tcp dport >= 22 tcp dport <= 22 accept", FOUR, "allow"),
        ("tcp dport < 22 accept", FOUR, "deny"),
        ("tcp sport 1024-65535 accept", FOUR, "allow"),
        ("ip saddr & 255.255.0.255 == 192.0.0.1 accept", FOUR | {"src": "192.0.77.1"}, "allow"),
        ("ip saddr & 255.255.0.255 == 192.0.0.1 accept", FOUR | {"src": "192.0.77.2"}, "deny"),
        ("ip saddr & 255.255.0.255 != 192.0.0.1 accept", FOUR | {"src": "192.0.77.2"}, "allow"),
        # Protocols without ports have other bytes there.
        ("th dport 22 accept", FOUR | {"proto": "sctp"}, "allow"),
        ("th dport 23 accept", FOUR, "deny"),
        ("th dport 22 accept", FOUR | {"proto": "gre"}, "unknown"),
        ("meta l4proto { tcp, udp } th dport 22 accept", FOUR | {"proto": "gre"}, "deny"),
        # Interfaces.
        ('iifname "eth*" accept', FOUR, "allow"),
        ('iifname "eth0" oifname != "eth1" accept', FOUR, "deny"),
        ('iifname { "eth0", "ppp*" } accept', FOUR | {"in": "ppp7"}, "allow"),
        ('iifname != { "eth0", "ppp*" } accept', FOUR | {"in": "ppp7"}, "deny"),
        ('iif "eth0" accept', FOUR, "allow"),
        # Connection states: a packet has one.
        ("ct state established,related accept", FOUR | {"state": "related"}, "allow"),
        ("ct state established,related accept", FOUR, "deny"),
        ("ct state { established, new } accept", FOUR, "allow"),
        ("ct state != { established, new } accept", FOUR, "deny"),
        ("ct state != established | related accept", FOUR | {"state": "established"}, "allow"),
        ("ct state ! established,related accept", FOUR, "allow"),
        ("ct state ! established,related accept", FOUR | {"state": "established"}, "deny"),
        ("ct state == untracked accept", FOUR | {"state": "untracked"}, "allow"),
        ("ct state invalid accept", FOUR | {"state": "invalid"}, "allow"),
        # TCP flags: two tests are exact, the others within what is certain.
        ("tcp flags syn / fin,syn,rst,ack accept", FOUR, "allow"),
        ("tcp flags syn / fin,syn,rst,ack accept", FOUR | {"flags": "ack"}, "deny"),
        ("tcp flags rst,ack accept", FOUR | {"flags": "ack"}, "allow"),
        ("tcp flags rst,ack accept", FOUR, "deny"),
        ("tcp flags ! rst,ack accept", FOUR, "allow"),
        ("tcp flags syn accept", FOUR, "allow"),
        ("tcp flags syn accept", FOUR | {"flags": "ack"}, "unknown"),
        ("tcp flags syn accept", FOUR | {"flags": "none"}, "deny"),
        ("tcp flags syn accept", FOUR | {"proto": "udp"}, "deny"),
        ("tcp flags fin,syn / fin,syn accept", FOUR, "unknown"),
        ("tcp flags == syn accept", FOUR, "unknown"),
    ],
)  # fmt: skip
def test_a_condition_matches(rule: str, packet: dict[str, object], expected: str) -> None:
    said = dict(packet)
    if said["proto"] == "gre":
        said.pop("dport", None)
    assert verdict(rule, said) == expected


@pytest.mark.parametrize(
    ("rule", "icmp", "expected"),
    [
        ("icmp type echo-request accept", {"type": 8}, "allow"),
        ("icmp type != echo-request accept", {"type": 8}, "deny"),
        ("icmp type != echo-request accept", {"type": 0}, "allow"),
        ("icmp type { echo-request, destination-unreachable } accept", {"type": 3, "code": 4}, "allow"),
        # A code is listed by the name that it has for one type, and is a number all the same.
        ("icmp type echo-request icmp code net-unreachable accept", {"type": 8, "code": 0}, "allow"),
        ("icmp code host-unreachable accept", {"type": 8, "code": 0}, "deny"),
        ("icmp type . icmp code { time-exceeded . host-unreachable } accept", {"type": 11, "code": 1}, "allow"),
        ("icmp type 0-8 accept", {"type": 5}, "allow"),
    ],
)
def test_an_icmp_condition_matches(rule: str, icmp: dict[str, object], expected: str) -> None:
    packet = {"in": "eth0", "out": "eth1", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "icmp", **icmp}
    assert verdict(rule, packet) == expected
    six = {**packet, "src": "2001:db8::1", "dst": "2001:db8::2", "proto": "icmpv6"}
    assert verdict(rule, six) == "deny"


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("ip ttl 5 accept", SIX),
        ("ip dscp cs1 accept", SIX),
        ("udp length 8 accept", FOUR),
        ("ip6 hoplimit 5 accept", FOUR),
        ("exthdr hbh exists accept", FOUR),
        ("tcp option maxseg exists accept", FOUR | {"proto": "udp"}),
        ("icmp id 5 accept", FOUR),
        ("esp spi 5 accept", FOUR),
    ],
)
def test_an_opaque_condition_implies_its_header(rule: str, other: dict[str, object]) -> None:
    assert verdict(rule, other) == "deny"


@pytest.mark.parametrize(
    "condition",
    [
        "ip ttl 5", "ip length 40-60", "ip frag-off 0", "meta mark 0x00000001", "meta skuid 1000", "meta cpu 1",
        'meta hour "09:00"-"17:00"', "ct mark 0x00000001", "ct status dnat", 'ct helper "ftp"', "fib daddr type local",
        "rt classid 5", "numgen inc mod 2 0", "ether saddr 00:00:5e:00:53:01", "vlan id 5", "limit rate 10/second",
        "quota over 10 mbytes", "ct count over 10", "meta random > 5", "tcp sequence 5", "tcp option maxseg exists",
        "ip saddr @nowhere", "ip saddr & 0.0.0.255 == 0.0.0.1", "xyzzy 5", "socket transparent 1", "iifgroup 5",
        "meta pkttype broadcast", "meta mark . ip saddr { 0x00000001 . 192.0.2.1 }", "iif 999",
        "tcp sport != 1 tcp dport != 23", 'ip saddr "odd"',
    ],
)  # fmt: skip
def test_an_unknown_condition_may_match_or_not(condition: str) -> None:
    assert verdict(f"{condition} accept", FOUR) == "unknown"
    assert verdict(f"{condition} drop", FOUR) == "deny"


def test_neighbouring_negations_that_nft_joins_are_opaque_but_within_their_header() -> None:
    assert verdict("tcp sport != 1 counter tcp dport != 22 accept", FOUR) == "unknown"
    assert verdict("tcp sport != 1 tcp dport != 22 accept", FOUR | {"proto": "udp"}) == "deny"
    assert verdict("ip saddr != 192.0.2.7 ip daddr != 203.0.113.7 accept", FOUR) == "allow"


CONCATENATED = """	set s {
		type ipv4_addr . inet_proto . inet_service
		flags interval
		elements = { 192.0.2.0/24 . tcp . 22, 192.0.2.1-192.0.2.9 . udp . 50-60 }
	}

"""


@pytest.mark.parametrize(
    ("operator", "change", "expected"),
    [
        ("", {}, "allow"),
        ("", {"dport": 23}, "deny"),
        ("", {"proto": "udp", "dport": 60}, "allow"),
        ("", {"proto": "udp", "dport": 60, "src": "192.0.2.10"}, "deny"),
        ("!= ", {}, "deny"),
        ("!= ", {"dport": 23}, "allow"),
    ],
)
def test_a_concatenation_is_met_element_by_element(operator: str, change: dict[str, object], expected: str) -> None:
    rule = f"ip saddr . meta l4proto . th dport {operator}@s accept"
    assert verdict(rule, FOUR | change, CONCATENATED) == expected


def test_a_negated_concatenation_still_implies_its_headers() -> None:
    assert verdict("ip saddr . tcp dport != { 192.0.2.9 . 22 } accept", FOUR) == "allow"
    assert verdict("ip saddr . tcp dport != { 192.0.2.9 . 22 } accept", FOUR | {"proto": "udp"}) == "deny"
    assert verdict("ip saddr . tcp dport != { 192.0.2.9 . 22 } accept", SIX) == "deny"


@pytest.mark.parametrize(
    ("reject", "packet", "expected"),
    [
        # nft lists a typed reject without the family that it implies.
        ("icmp port-unreachable", FOUR, "deny"),
        ("icmp port-unreachable", SIX, "allow"),
        ("icmpv6 no-route", FOUR, "allow"),
        ("icmpv6 no-route", SIX, "deny"),
        ("icmpx admin-prohibited", SIX, "deny"),
        # It does not list a family beside a reset either, so that there may be one.
        ("tcp reset", FOUR, "unknown"),
        ("tcp reset", FOUR | {"proto": "udp"}, "allow"),
    ],
)
def test_a_typed_reject_implies_its_family(reject: str, packet: dict[str, object], expected: str) -> None:
    assert verdict(f"reject with {reject}\n\t\taccept", packet) == expected


def test_a_reset_whose_family_is_told_is_certain() -> None:
    assert verdict("ip saddr 192.0.2.0/24 reject with tcp reset\n\t\taccept", FOUR) == "deny"


def test_equal_values_are_one_object() -> None:
    text = SHELL.format(sets="", rule="ip saddr 192.0.2.0/24 tcp dport 22 accept\n\t\tip saddr 192.0.2.0/24 drop")
    (one,) = parser_for("nftables").parse(text).lists
    assert one.rules[0].any_of[0].src is one.rules[1].any_of[0].src


def test_an_opaque_condition_is_named_with_its_line() -> None:
    ruleset = parser_for("nftables").parse(SHELL.format(sets="", rule="ip ttl 5 accept"))
    (remark,) = ruleset.remarks
    assert remark.line == 4
    assert "ip ttl 5" in remark.text
