"""Entries of access lists decide the packets at their edges as the vendors say.

Input: one entry, or a few, in a list that is bound nowhere. Output: verdicts derived by hand.
"""

import ipaddress
from collections.abc import Callable, Mapping

import pytest

from murenger.adapters.parsers import parser_for
from murenger.semantics.ir import Hook, Ruleset

Verdict = Callable[[Ruleset, Mapping[str, object]], str]

A, B = "192.0.2.1", "198.51.100.7"
A6, B6 = "2001:db8::1", "2001:db8:1::7"


def _read(platform: str, header: str, *entries: str, more: str = "") -> Ruleset:
    return parser_for(platform).parse(f"{header}\n" + "".join(f"   {one}\n" for one in entries) + more)


def _tcp(dport: int = 80, src: str = A, dst: str = B, **more: object) -> dict[str, object]:
    return {"acl": "T", "src": src, "dst": dst, "proto": "tcp", "dport": dport, **more}


def _icmp(kind: int, code: int = 0) -> dict[str, object]:
    return {"acl": "T", "src": A, "dst": B, "proto": "icmp", "type": kind, "code": code}


BOTH = ("eos", "nxos")
CASES = [
    # entry, packet, verdict
    ("permit ip any any", _tcp(), "allow"),
    ("deny ip any any", _tcp(), "deny"),
    ("permit tcp any any", {**_tcp(), "proto": "udp"}, "deny"),
    ("permit 17 any any", {**_tcp(), "proto": "udp"}, "allow"),
    ("permit gre any any", {"acl": "T", "src": A, "dst": B, "proto": 47}, "allow"),
    ("permit ospf any any", {"acl": "T", "src": A, "dst": B, "proto": 88}, "deny"),
    ("permit ip host 192.0.2.1 any", _tcp(src="192.0.2.1"), "allow"),
    ("permit ip host 192.0.2.1 any", _tcp(src="192.0.2.2"), "deny"),
    ("permit ip 192.0.2.64/26 any", _tcp(src="192.0.2.63"), "deny"),
    ("permit ip 192.0.2.64/26 any", _tcp(src="192.0.2.64"), "allow"),
    ("permit ip 192.0.2.64/26 any", _tcp(src="192.0.2.127"), "allow"),
    ("permit ip 192.0.2.64/26 any", _tcp(src="192.0.2.128"), "deny"),
    ("permit ip 192.0.2.99 0.0.0.31 any", _tcp(src="192.0.2.96"), "allow"),
    ("permit ip 192.0.2.99 0.0.0.31 any", _tcp(src="192.0.2.95"), "deny"),
    ("permit ip 10.0.3.0 0.255.0.255 any", _tcp(src="10.77.3.200"), "allow"),
    ("permit ip 10.0.3.0 0.255.0.255 any", _tcp(src="10.77.4.200"), "deny"),
    ("permit ip 10.1.0.0 0.0.31.254 any", _tcp(src="10.1.30.252"), "allow"),
    ("permit ip 10.1.0.0 0.0.31.254 any", _tcp(src="10.1.30.253"), "deny"),
    ("permit ip 10.1.0.0 0.0.63.254 any", _tcp(src="10.1.30.252"), "unknown"),
    ("permit tcp any any eq 80", _tcp(80), "allow"),
    ("permit tcp any any eq 80", _tcp(81), "deny"),
    ("permit tcp any any eq www", _tcp(80), "allow"),
    ("permit udp any any eq syslog", {**_tcp(514), "proto": "udp"}, "allow"),
    ("permit tcp any any neq 80", _tcp(80), "deny"),
    ("permit tcp any any neq 80", _tcp(79), "allow"),
    ("permit tcp any any gt 80", _tcp(80), "deny"),
    ("permit tcp any any gt 80", _tcp(81), "allow"),
    ("permit tcp any any lt 80", _tcp(79), "allow"),
    ("permit tcp any any lt 80", _tcp(80), "deny"),
    ("permit tcp any any gt 65535", _tcp(65535), "deny"),
    ("permit tcp any any range 80 90", _tcp(79), "deny"),
    ("permit tcp any any range 80 90", _tcp(80), "allow"),
    ("permit tcp any any range 80 90", _tcp(90), "allow"),
    ("permit tcp any any range 80 90", _tcp(91), "deny"),
    ("permit tcp any eq 20 any", _tcp(80, sport=20), "allow"),
    ("permit tcp any eq 20 any", _tcp(20, sport=21), "deny"),
    ("permit tcp any any established", _tcp(flags="ack"), "allow"),
    ("permit tcp any any established", _tcp(flags="rst"), "allow"),
    ("permit tcp any any established", _tcp(flags="syn"), "deny"),
    ("permit tcp any any established", _tcp(flags="none"), "deny"),
    ("permit icmp any any", _icmp(13), "allow"),
    ("permit icmp any any echo", _icmp(8), "allow"),
    ("permit icmp any any echo", _icmp(0), "deny"),
    ("permit icmp any any 3 4", _icmp(3, 4), "allow"),
    ("permit icmp any any 3 4", _icmp(3, 3), "deny"),
    ("permit icmp any any port-unreachable", _icmp(3, 3), "allow"),
    ("permit icmp any any port-unreachable", _icmp(3, 1), "deny"),
    # What is not understood is neither any nor nothing.
    ("permit tcp any any eq no-such-name", _tcp(80), "unknown"),
    ("permit tcp any any eq no-such-name", {**_tcp(), "proto": "udp"}, "deny"),
    ("permit tcp any any eq 65536", _tcp(80), "unknown"),
    ("permit ip 192.0.2.0/33 any", _tcp(), "unknown"),
    ("permit ip 192.0.2.300/24 any", _tcp(), "unknown"),
    ("permit ip 010.0.0.1 0.0.0.0 any", _tcp(), "unknown"),
    ("permit ip 85.85.85.85 170.170.170.170 any", _tcp(), "unknown"),
    ("permit no-such-protocol any any", _tcp(), "unknown"),
    ("permit 256 any any", _tcp(), "unknown"),
    ("permit tcp any any syn", _tcp(flags="syn"), "unknown"),
    ("permit tcp any any syn", {**_tcp(), "proto": "udp"}, "deny"),
    ("permit ip 192.0.2.0/24 any fragments", _tcp(), "unknown"),
    ("permit ip 192.0.2.0/24 any fragments", _tcp(src="192.0.3.0"), "deny"),
    ("permit ip any any dscp ef", _tcp(), "unknown"),
    ("permit ip any any established", _tcp(), "unknown"),
    ("permit ip any any some-new-keyword", _tcp(), "unknown"),
    ("evaluate REFLECTED", _tcp(), "unknown"),
    ("permit", _tcp(), "unknown"),
    ("permit tcp any", _tcp(), "unknown"),
    ("permit ip any host", _tcp(), "unknown"),
]


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize(("entry", "packet", "expected"), CASES, ids=lambda value: str(value)[:60])
def test_an_entry_decides_as_documented(
    platform: str, entry: str, packet: dict[str, object], expected: str, verdict: Verdict
) -> None:
    ruleset = _read(platform, "ip access-list T", f"10 {entry}")
    assert verdict(ruleset, packet) == expected
    assert bool(ruleset.remarks) is (expected == "unknown" or "unknown" in _unknowns(entry))


def _unknowns(entry: str) -> set[str]:
    return {expected for other, _, expected in CASES if other == entry}


IPV6_CASES = [
    ("permit ipv6 any any", {"proto": "tcp"}, "allow"),
    ("permit tcp any 2001:db8:1::/64 eq 443", {"proto": "tcp", "dport": 443}, "allow"),
    ("permit tcp any 2001:db8:1::/64 eq 443", {"proto": "tcp", "dport": 443, "dst": "2001:db8:1:1::"}, "deny"),
    ("permit tcp host 2001:DB8::1 any", {"proto": "tcp"}, "allow"),
    ("permit icmp any any echo-request", {"proto": "icmpv6", "type": 128}, "allow"),
    ("permit icmp any any echo-request", {"proto": "icmpv6", "type": 129}, "deny"),
    ("permit 58 any any 1 4", {"proto": "icmpv6", "type": 1, "code": 4}, "allow"),
    ("permit icmp any any 1 4", {"proto": "icmpv6", "type": 1, "code": 3}, "deny"),
    ("permit ipv6 any 2001:db8::/129", {"proto": "tcp"}, "unknown"),
    ("permit ipv6 any fe80::1%eth0", {"proto": "tcp"}, "unknown"),
    ("permit tcp any any established", {"proto": "tcp", "flags": "ack"}, "allow"),
]


@pytest.mark.parametrize("platform", BOTH)
@pytest.mark.parametrize(("entry", "said", "expected"), IPV6_CASES, ids=lambda value: str(value)[:60])
def test_an_ipv6_entry_decides_as_documented(
    platform: str, entry: str, said: dict[str, object], expected: str, verdict: Verdict
) -> None:
    ruleset = _read(platform, "ipv6 access-list T", entry)
    assert verdict(ruleset, {"acl": "T", "src": A6, "dst": B6, **said}) == expected


def test_eos_reads_several_ports_and_names_them(verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list T", "permit tcp any any eq ssh https 8443 log")
    assert [verdict(ruleset, _tcp(port)) for port in (22, 443, 8443, 80)] == ["allow", "allow", "allow", "deny"]
    assert ruleset.lists[0].rules[0].handling == "log"


def test_one_unknown_name_in_a_list_of_ports_leaves_none_of_them_certain(verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list T", "permit tcp any any eq ssh no-such-name")
    assert verdict(ruleset, _tcp(22)) == verdict(ruleset, _tcp(23)) == "unknown"


def test_eos_leaves_out_several_ports(verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list T", "permit tcp any any neq 22 23")
    assert [verdict(ruleset, _tcp(port)) for port in (21, 22, 23, 24)] == ["allow", "deny", "deny", "allow"]


@pytest.mark.parametrize(
    ("source", "packet", "expected"),
    [("any", A, "allow"), ("host 192.0.2.1", "192.0.2.2", "deny"), ("192.0.2.1", A, "allow"),
     ("192.0.2.1", "192.0.2.0", "deny"), ("192.0.2.0 0.0.0.255 log", "192.0.2.255", "allow"),
     ("192.0.2.0/31", "192.0.2.1", "allow"), ("some-host", A, "unknown")],
)  # fmt: skip
def test_a_standard_list_looks_at_sources_alone(source: str, packet: str, expected: str, verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list standard T", f"10 permit {source}")
    assert verdict(ruleset, _tcp(src=packet)) == expected


def test_entries_stand_in_the_order_of_their_numbers(verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list T", "20 deny tcp any any eq 80", "10 permit tcp any any", "deny ip any any")
    assert [rule.provenance.rule for rule in ruleset.lists[0].rules] == ["T 10", "T 20", "T 30", "T implicit deny"]
    assert [rule.provenance.first_line for rule in ruleset.lists[0].rules] == [3, 2, 4, 0]
    assert verdict(ruleset, _tcp(80)) == "allow"


def test_numbers_are_places_and_no_identity() -> None:
    first = _read("nxos", "ip access-list T", "10 permit tcp any any eq 80", "20 deny ip any any")
    second = _read("nxos", "ip access-list T", "100 permit tcp any any eq 80", "4000000000 deny ip any any")
    assert [rule.any_of for rule in first.lists[0].rules] == [rule.any_of for rule in second.lists[0].rules]


def test_two_entries_of_one_number_leave_open_which_of_them_the_device_keeps(verdict: Verdict) -> None:
    ruleset = _read("eos", "ip access-list T", "10 permit tcp any any eq 80", "10 permit udp any any")
    assert verdict(ruleset, _tcp(80)) == "allow"
    assert verdict(ruleset, _tcp(81)) == "unknown"


def test_a_list_that_is_removed_and_written_anew_is_the_new_one(verdict: Verdict) -> None:
    again = "no ip access-list T\nip access-list T\n   permit tcp any any eq 81\n"
    ruleset = _read("eos", "ip access-list T", "permit tcp any any eq 80", more=again)
    assert [verdict(ruleset, _tcp(port)) for port in (80, 81)] == ["deny", "allow"]


def test_one_name_in_both_families_is_one_list_of_both(verdict: Verdict) -> None:
    more = "ipv6 access-list T\n   permit tcp any any eq 443\n"
    ruleset = _read("eos", "ip access-list T", "permit tcp any any eq 80", more=more)
    assert [one.acl for one in ruleset.lists] == ["T"]
    assert verdict(ruleset, _tcp(80)) == "allow"
    assert verdict(ruleset, _tcp(80, A6, B6)) == "deny"
    assert verdict(ruleset, _tcp(443, A6, B6)) == "allow"


@pytest.mark.parametrize("platform", BOTH)
def test_a_list_without_entries_is_unknown(platform: str, verdict: Verdict) -> None:
    text = "ip access-list T\n   10 remark nothing here\ninterface Vlan7\n   ip access-group T in\n"
    ruleset = parser_for(platform).parse(text)
    assert verdict(ruleset, _tcp()) == "unknown"
    packet = {**_tcp(), "acl": "", "in": "Vlan7", "out": "Vlan8"}
    assert verdict(ruleset, packet) == "unknown"
    assert verdict(ruleset, {**packet, "in": "Vlan9"}) == "allow"


def test_object_groups_are_resolved_by_family_and_kind(verdict: Verdict) -> None:
    groups = (
        "object-group ip address G\n  10 host 198.51.100.7\n  20 203.0.113.64/26\n  30 10.0.3.0 0.255.0.255\n"
        "object-group ipv6 address G\n  host 2001:db8:1::7\n"
        "object-group ip port G\n  10 eq 80\n  20 range 443 445\n  30 gt 65000\n  40 lt 3\n"
    )
    ruleset = _read("nxos", "ip access-list T", "permit tcp any addrgroup G portgroup G", more=groups)
    ports = {2: "allow", 3: "deny", 79: "deny", 80: "allow", 81: "deny", 443: "allow", 445: "allow", 446: "deny"}
    assert {port: verdict(ruleset, _tcp(port)) for port in ports} == ports
    assert verdict(ruleset, _tcp(65000)) == "deny"
    assert verdict(ruleset, _tcp(65001)) == "allow"
    for host, expected in (("203.0.113.63", "deny"), ("203.0.113.64", "allow"), ("10.9.3.1", "allow"), (A, "deny")):
        assert verdict(ruleset, _tcp(80, dst=host)) == expected
    assert ruleset.lists[0].rules[0].provenance.objects == ("G", "G")
    assert {(one.name, one.family) for one in ruleset.addresses} == {("G", 4), ("G", 6)}
    assert [one.name for one in ruleset.services] == ["G"]
    assert ruleset.residue[0].name == "object-group ipv6 address G"


@pytest.mark.parametrize(
    "group", ["", "object-group ip address G\n", "object-group ip address G\n  10 host x.example\n"]
)
def test_a_group_that_is_undefined_empty_or_strange_is_unknown(group: str, verdict: Verdict) -> None:
    ruleset = _read("nxos", "ip access-list T", "permit tcp any addrgroup G eq 80", more=group)
    assert verdict(ruleset, _tcp(80)) == "unknown"
    assert verdict(ruleset, _tcp(81)) == "deny"


def test_neighbour_discovery_that_no_entry_matches_depends_on_the_nxos_release(verdict: Verdict) -> None:
    def discovery(platform: str, *entries: str) -> str:
        ruleset = _read(platform, "ipv6 access-list T", *entries)
        return verdict(ruleset, {"acl": "T", "src": A6, "dst": B6, "proto": "icmpv6", "type": 135})

    assert discovery("nxos", "permit tcp any any") == "unknown"
    assert discovery("nxos", "permit tcp any any", "deny ipv6 any any") == "deny"
    assert discovery("eos", "permit tcp any any") == "deny"


def test_a_wildcard_with_holes_holds_exactly_the_addresses_that_its_bits_say() -> None:
    ruleset = _read("eos", "ip access-list T", "permit ip 10.1.3.4 0.0.5.129 any")
    addresses = ruleset.lists[0].rules[0].any_of[0].src
    base, ignored = int(ipaddress.IPv4Address("10.1.3.4")), int(ipaddress.IPv4Address("0.0.5.129"))
    low = int(ipaddress.IPv4Address("10.1.0.0"))
    expected = {address for address in range(low, low + 4096) if not (address ^ base) & ~ignored}
    assert {address for address in range(low, low + 4096) if address in addresses} == expected
    assert addresses.size == len(expected) == 16


def test_every_named_list_is_one_of_its_own_and_ends_with_a_catch_all() -> None:
    ruleset = _read("eos", "ip access-list T", "permit ip any any")
    assert [(one.acl, one.hooks, one.bound) for one in ruleset.lists] == [("T", frozenset({Hook.ACL}), False)]
