"""IOS: access lists without connections, their bindings, the zone-based firewall.

Input: fixtures of our own writing. Output: verdicts that were derived by hand from the vendor's documentation.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import Hook, Ruleset

Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

E0, E1, E2, E3 = (f"GigabitEthernet0/{number}" for number in range(4))

EDGE = [
    (f"{E0}>{E1} 203.0.113.5>10.9.1.1 tcp 22 flags=ack", "allow"),
    (f"{E0}>{E1} 203.0.113.5>10.9.1.1 tcp 22 flags=rst", "allow"),
    (f"{E0}>{E1} 203.0.113.5>10.1.1.10 tcp 443 flags=ack", "allow"),
    (f"{E0}> 203.0.113.5>10.1.1.10 tcp 80", "allow"),
    (f"{E0}> 203.0.113.5>10.1.1.10 tcp 443", "allow"),
    (f"{E0}> 203.0.113.5>10.1.1.11 tcp 443", "unknown"),
    (f"{E0}> 203.0.113.5>10.1.2.255 tcp 443", "allow"),
    (f"{E0}> 203.0.113.5>10.1.3.20 tcp 443", "allow"),
    (f"{E0}> 203.0.113.5>10.1.3.21 udp/100 1024", "deny OUTSIDE 30"),
    (f"{E0}> 203.0.113.5>10.1.3.21 icmp/8 0", "allow"),
    (f"{E0}> 203.0.113.5>10.1.3.21 icmp/3 3", "allow"),
    (f"{E0}> 203.0.113.5>10.1.3.21 icmp/3 4", "unknown"),
    (f"{E1}> 10.1.1.9>10.1.1.1 tcp 22", "allow"),
    (f"{E1}> 2001:db8:1::9>2001:db8:1::1 tcp 443", "allow"),
    (f"{E1}> 2001:db8:1::9>2001:db9::1 tcp 443", "deny end of V6"),
    (f"{E1}> 2001:db8:1::9>2001:db8:1::1 udp 443", "deny V6 30"),
    (f"{E1}> fe80::9>ff02::1 icmpv6/135 0", "allow"),
    (f"{E1}> fe80::9>ff02::1 icmpv6/136 0", "allow"),
    (f"{E1}> fe80::9>ff02::1 icmpv6/134 0", "deny end of V6"),
    (f"{E1}>{E0} 10.1.255.255>192.0.2.1 gre", "allow"),
    (f"{E1}>{E0} 10.2.0.0>192.0.2.1 gre", "deny 101 20"),
    (f"{E1}>{E0} 10.1.255.255>192.0.2.1 gre state=invalid", "allow"),
    ("> 10.9.255.255>10.9.1.1 gre acl=TO_LAN", "allow TO_LAN 10"),
    ("> 10.10.0.0>10.9.1.1 gre acl=TO_LAN", "deny TO_LAN 20"),
    ("> 11.0.0.0>10.9.1.1 gre acl=TO_LAN", "allow TO_LAN 30"),
    ("> 10.1.2.3>192.0.2.1 tcp 22 acl=INSIDE_OUT", "allow INSIDE_OUT 10"),
    ("> 10.2.2.3>192.0.2.1 tcp 22 acl=INSIDE_OUT", "deny end of INSIDE_OUT"),
    ("> 10.1.1.255>192.0.2.1 tcp 22 acl=23", "allow 23 10"),
    ("> 10.1.2.0>192.0.2.1 tcp 22 acl=23", "deny end of 23"),
]

MIRRORLESS = [
    (f"{E0}> 203.0.113.5>10.9.9.9 tcp 22", "unknown"),
    (f"{E0}> 203.0.113.7>10.9.9.9 tcp 5432", "allow"),
    (f"{E0}> 203.0.113.7>10.9.9.9 udp 5010", "allow"),
    (f"{E0}> 203.0.113.7>10.9.9.9 udp 5011", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.113.7>10.9.9.10 tcp 5432", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.113.8>10.9.9.9 tcp 5432", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.113.8>10.1.77.1 udp 54", "allow"),
    (f"{E0}> 203.0.113.8>10.1.77.1 udp 53", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.113.8>10.1.77.2 udp 54", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.114.8>10.1.77.1 udp 54", "deny OUTSIDE 100"),
    (f"{E0}> 203.0.113.8>10.1.77.2 tcp 179", "unknown"),
    (f"{E0}> 203.0.113.8>10.1.77.2 tcp 178", "deny OUTSIDE 100"),
]

ZONES = [
    (f"{E1}>{E0} 10.1.1.1>192.0.2.1 tcp 80", "allow IN_OUT WEB"),
    (f"{E1}>{E0} 10.1.1.1>192.0.2.1 tcp 443", "allow IN_OUT WEB"),
    (f"{E1}>{E0} 10.2.1.1>192.0.2.1 tcp 80", "deny IN_OUT class-default"),
    (f"{E1}>{E0} 10.1.1.1>203.0.113.66 tcp 80", "deny IN_OUT BADNESS"),
    (f"{E1}>{E0} 10.1.1.1>192.0.2.1 tcp 22", "deny IN_OUT class-default"),
    (f"{E0}>{E1} 192.0.2.1>10.1.1.1 tcp 80 state=established", "allow established connections"),
    (f"{E0}>{E1} 192.0.2.1>10.1.1.1 tcp 80", "deny zone OUTSIDE to INSIDE"),
    (f"{E1}>{E2} 10.1.1.1>10.1.2.2 tcp 80", "allow zone INSIDE to INSIDE"),
    (f"{E3}>{E0} 10.1.3.1>192.0.2.1 tcp 80", "deny zone GigabitEthernet0/3 to OUTSIDE"),
    (f"{E0}>{E3} 192.0.2.1>10.1.3.1 tcp 80", "deny zone OUTSIDE to GigabitEthernet0/3"),
]


@pytest.mark.parametrize(("said", "wanted"), EDGE)
def test_a_packet_meets_the_lists_on_its_way(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("ios", "edge.txt"), said).startswith(wanted)


@pytest.mark.parametrize(("said", "wanted"), MIRRORLESS)
def test_entries_after_a_reflexive_one_are_read(
    said: str, wanted: str, configuration: Callable[[str, str], str], verdict: Ask
) -> None:
    text = configuration("ios", "edge.txt").replace(" 50 evaluate MIRROR\n", "")
    assert verdict(parser("ios").parse(text), said).startswith(wanted)


@pytest.mark.parametrize(("said", "wanted"), ZONES)
def test_the_zone_based_firewall_decides_between_zones(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("ios", "zones.txt"), said).startswith(wanted)


def test_bare_lists_are_judged_by_their_name(ruleset: Read, verdict: Ask) -> None:
    rules = ruleset("ios", "lists.txt")
    assert rules.covers == frozenset()
    assert verdict(rules, "> 192.0.2.1>10.0.0.255 tcp 443 acl=A") == "allow A 10"
    assert verdict(rules, "> 192.0.2.1>10.0.1.0 tcp 443 acl=A") == "deny A 20"
    assert verdict(rules, "> 192.0.2.1>192.0.2.9 tcp 443 acl=A") == "allow A 30"
    assert verdict(rules, "> 2001:db8::2>2001:db8::1 tcp 100 acl=B") == "allow B 10"
    assert verdict(rules, "> 2001:db8::2>2001:db8::1 tcp 99 acl=B") == "unknown"


def test_what_a_banner_says_is_no_list(ruleset: Read) -> None:
    assert "FAKE" not in {one.acl for one in ruleset("ios", "edge.txt").lists}


def test_a_list_that_is_bound_but_missing_passes_everything(ruleset: Read) -> None:
    assert not any("MISSING" in one.name for one in ruleset("ios", "edge.txt").lists)


def test_a_binding_that_cannot_be_read_leaves_the_interface_unknown(verdict: Ask) -> None:
    text = (
        "interface Gi0\n ip address 192.0.2.1 255.255.255.0\n ip access-group common A B in\n"
        "ip access-list extended A\n permit ip any any\nip access-list extended B\n permit ip any any\n"
    )
    assert verdict(parser("ios").parse(text), "Gi0> 192.0.2.9>192.0.2.1 tcp 22") == "unknown"


def test_host_traffic_is_not_answered_where_the_control_plane_filters_it() -> None:
    text = "interface Gi0\n ip address 192.0.2.1 255.255.255.0\n"
    assert parser("ios").parse(text).covers == {Hook.FORWARD, Hook.INPUT}
    assert parser("ios").parse(text + "control-plane\n service-policy input COPP\n").covers == {Hook.FORWARD}


def test_entries_stand_in_the_order_of_their_numbers(verdict: Ask) -> None:
    text = "ip access-list extended A\n 20 permit ip any any\n 10 deny tcp any any eq 23\n"
    assert verdict(parser("ios").parse(text), "> 192.0.2.1>192.0.2.2 tcp 23 acl=A") == "deny A 10"


def test_a_name_of_both_families_is_refused() -> None:
    text = "ip access-list extended A\n permit ip any any\nipv6 access-list A\n permit ipv6 any any\n"
    with pytest.raises(ParseError, match="IPv4 and of IPv6"):
        parser("ios").parse(text)


@pytest.mark.parametrize("kind", ["network", "service"])
def test_groups_that_multiply_are_refused_at_once(kind: str) -> None:
    rows = [
        f"object-group {kind} {side}{n}\n group-object A{n + 1}\n group-object B{n + 1}"
        for n in range(40)
        for side in "AB"
    ]
    text = "\n".join([*rows, "ip access-list extended X", " permit ip object-group A0 any", ""])
    with pytest.raises(ParseError, match="holds other groups more than"):
        parser("ios").parse(text)


def test_entries_may_be_written_as_one_types_them() -> None:
    typed = (
        "ip access-list extended T\n10 permit tcp any any eq 22\ndeny ip any any\n!\n"
        "ip access-list standard S\nremark x\npermit 192.0.2.1\n"
    )
    shown = typed.replace("\n10", "\n 10").replace("\ndeny", "\n deny").replace("\nremark", "\n remark")
    ours, theirs = (parser("ios").parse(text) for text in (typed, shown.replace("\npermit", "\n permit")))
    assert [[rule.any_of for rule in one.rules] for one in ours.lists] == [
        [rule.any_of for rule in one.rules] for one in theirs.lists
    ]
    assert [len(one.rules) for one in ours.lists] == [len(one.rules) for one in theirs.lists] != []
    assert ours.residue == theirs.residue == ()
