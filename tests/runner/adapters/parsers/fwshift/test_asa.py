"""ASA: access lists where they are bound, objects, security levels.

Input: fixtures of our own writing. Output: verdicts that were derived by hand from the vendor's documentation.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.semantics.ir import Hook, Ruleset

Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

GATEWAY = [
    ("outside>dmz 203.0.113.66>10.2.2.10 tcp 443", "deny OUTSIDE_IN 1"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 443", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 7999", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 8000", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 8080", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 8081", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.10 udp 443", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.19 tcp 443", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.20 tcp 443", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.29 tcp 443", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.30 tcp 443", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.3.255 tcp 443", "allow"),
    ("outside>dmz 203.0.113.65>10.2.4.0 tcp 443", "deny end of GLOBAL"),
    ("outside>dmz 2001:db8::9>2001:db8:2::10 tcp 443", "allow"),
    ("outside>dmz 2001:db8::9>2001:db8:2::11 tcp 443", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp/1024 8443", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp/1023 8443", "deny end of GLOBAL"),
    ("outside>inside 203.0.113.1>10.1.1.1 gre", "allow"),
    ("outside>inside 203.0.113.1>10.1.1.1 esp", "allow"),
    ("outside>inside 203.0.113.1>10.1.1.1 ah", "deny end of GLOBAL"),
    ("outside>inside 203.0.113.2>10.1.1.1 gre", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.10 icmp/8 0", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 icmp/0 0", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 icmp/3 1", "deny end of GLOBAL"),
    ("outside>inside 203.0.113.65>10.1.1.50 tcp 5432", "unknown"),
    ("outside>inside 203.0.113.65>10.1.1.50 tcp 5433", "deny end of GLOBAL"),
    ("outside>inside 203.0.113.65>10.9.0.5 tcp 22", "unknown"),
    ("outside>inside 203.0.113.65>10.9.0.6 tcp 22", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.53 udp 160", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.53 udp 161", "deny end of GLOBAL"),
    ("outside>dmz 203.0.113.65>10.2.2.54 udp 53", "allow"),
    ("outside>dmz 203.0.113.65>10.2.3.9 tcp 23 state=established", "allow"),
    ("outside>dmz 203.0.113.65>10.2.2.10 tcp 443 state=invalid", "deny end of GLOBAL"),
    ("dmz>inside 10.2.2.10>10.1.1.50 tcp 5432", "allow"),
    ("dmz>inside 10.2.2.10>10.1.1.50 udp 5000", "allow"),
    ("dmz>inside 10.2.2.10>10.1.1.50 udp 4999", "deny end of GLOBAL"),
    ("dmz>inside 10.2.2.10>10.1.1.50 icmp/8 0", "allow"),
    ("dmz>inside 10.2.2.10>10.1.1.51 tcp 5432", "deny end of GLOBAL"),
    ("dmz>outside 10.2.2.77>192.0.2.1 tcp/1023 60001", "allow"),
    ("dmz>outside 10.2.2.77>192.0.2.1 tcp/1024 60001", "deny end of GLOBAL"),
    ("dmz>outside 10.2.2.77>192.0.2.1 tcp/1023 60000", "deny end of GLOBAL"),
    ("guest>dmz 10.3.3.3>10.2.2.10 udp 53", "allow"),
    ("guest>dmz 10.3.3.3>10.2.2.10 tcp 23", "deny end of GLOBAL"),
    ("inside>dmz 10.1.1.1>10.2.2.10 udp 53", "allow"),
    ("inside>inside 10.1.1.1>10.1.1.9 udp 53", "deny same security level as inside"),
    ("mgmt>outside 10.1.1.1>192.0.2.9 udp 53", "deny mgmt is for management only"),
    ("outside>mgmt 203.0.113.65>10.2.2.54 udp 53", "deny same security level as outside"),
    ("GigabitEthernet0/0>GigabitEthernet0/2 203.0.113.65>10.2.2.10 tcp 443", "allow"),
]

LEVELS = [
    ("inside>outside 10.1.1.1>192.0.2.1 tcp 443", "allow lower security than inside"),
    ("outside>inside 192.0.2.1>10.1.1.1 tcp 443", "deny not lower security than outside"),
    ("outside>inside 192.0.2.1>10.1.1.1 tcp 443 state=established", "allow established connections"),
    ("inside>lab 10.1.1.1>10.4.4.4 tcp 443", "deny not lower security than inside"),
    ("inside>inside 10.1.1.1>10.1.1.2 tcp 443", "allow lower security than inside"),
    ("lab>outside 10.4.4.4>192.0.2.1 tcp 443", "allow LAB 1"),
    ("lab>inside 10.4.4.4>10.1.1.1 tcp 443", "deny same security level as lab"),
    ("inside>mgmt 10.1.1.1>10.8.8.8 tcp 443", "deny not lower security than inside"),
    ("nowhere>outside 10.1.1.1>192.0.2.1 tcp 443", "deny no interface of this device"),
]

LISTS = [
    ("> 192.0.2.1>10.0.0.255 tcp 443 acl=A", "allow A 1"),
    ("> 192.0.2.1>10.0.1.0 tcp 443 acl=A", "deny A 2"),
    ("> 192.0.2.2>10.0.0.5 tcp 443 acl=A", "deny A 2"),
    ("> 192.0.2.2>11.0.0.0 tcp 443 acl=A", "allow A 3"),
    ("> 2001:db8::2>2001:db8::1 tcp 443 acl=A", "allow A 3"),
    ("> 2001:db8::2>2001:db8::1 tcp 200 acl=B", "allow B 1"),
    ("> 2001:db8::2>2001:db8::1 tcp 201 acl=B", "unknown"),
    ("> 192.0.2.2>10.0.0.5 tcp 150 acl=B", "unknown"),
]


@pytest.mark.parametrize(("said", "wanted"), GATEWAY)
def test_a_packet_meets_the_lists_on_its_way(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("asa", "gateway.txt"), said).startswith(wanted)


@pytest.mark.parametrize(("said", "wanted"), LEVELS)
def test_security_levels_decide_where_no_list_does(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("asa", "levels.txt"), said) == wanted


@pytest.mark.parametrize(("said", "wanted"), LISTS)
def test_a_list_that_is_bound_nowhere_answers_by_its_name(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("asa", "lists.txt"), said) == wanted


def test_bare_lists_hold_no_way_but_their_own(ruleset: Read) -> None:
    found = ruleset("asa", "lists.txt")
    assert found.covers == frozenset()
    assert {one.acl: one.hooks for one in found.lists} == {"A": {Hook.ACL}, "B": {Hook.ACL}}


def test_what_is_bound_to_through_traffic_is_marked_as_bound(ruleset: Read) -> None:
    named = {one.acl: one.bound for one in ruleset("asa", "gateway.txt").lists if one.acl}
    bound = {"OUTSIDE_IN", "DMZ_IN", "DMZ_OUT", "GLOBAL"}
    assert named == {name: name in bound for name in (*bound, "SPLIT", "SSH_TO_BOX")}


def test_rules_name_their_line_and_the_objects_that_they_use(ruleset: Read) -> None:
    lists = ruleset("asa", "gateway.txt").lists
    rules = {rule.provenance.rule: rule.provenance for one in lists for rule in one.rules}
    shop = rules["OUTSIDE_IN 2"]
    assert (shop.first_line, shop.last_line) == (71, 71)
    assert shop.objects == ("web-ports", "web-range", "web1", "webs")


def test_an_entry_that_is_inactive_is_no_rule_but_residue(configuration: Callable[[str, str], str]) -> None:
    text = configuration("asa", "gateway.txt")
    names = {one.name for one in parser("asa").parse(text).residue}
    assert "disabled rules" in names
    assert "disabled rules" not in {one.name for one in parser("asa").parse(text.replace(" inactive", "")).residue}


def test_a_changed_time_range_changes_the_condition_and_not_the_box(configuration: Callable[[str, str], str]) -> None:
    text = configuration("asa", "gateway.txt")
    keys = []
    for one in (text, text.replace("8:00 to 18:00", "0:00 to 23:59")):
        lists = parser("asa").parse(one).lists
        keys.append({key for each in lists for rule in each.rules for box in rule.any_of for key, _ in box.opaque})
    kinds = [{key.kind for key in found} for found in keys]
    assert kinds[0] == kinds[1] == {"schedule", "member"}
    assert len(keys[0] ^ keys[1]) == 2


def test_before_release_9_any_is_ipv4_alone(verdict: Ask) -> None:
    text = "ASA Version 8.4(7)\naccess-list A extended permit ip any any\n"
    assert verdict(parser("asa").parse(text), "> 192.0.2.1>10.0.0.1 tcp 443 acl=A") == "allow A 1"
    assert verdict(parser("asa").parse(text), "> 2001:db8::1>2001:db8::2 tcp 443 acl=A").startswith("deny")
