"""FortiOS: policies in their order, objects, negation, virtual IPs, what makes a policy undecidable.

Input: a fixture of our own writing. Output: verdicts that were derived by hand from the vendor's documentation.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import Hook, Places, Ruleset

Text = Callable[[str, str], str]
Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

OFFICE = [
    ("wan>lan 192.0.2.1>10.1.1.10 tcp 443", "allow policy 3"),
    ("wan>lan 192.0.2.1>10.1.1.99 tcp 443", "unknown"),
    ("wan>lan 192.0.2.1>10.1.1.10 tcp/1024 8000", "allow policy 3"),
    ("wan>lan 192.0.2.1>10.1.1.10 tcp/1023 8000", "deny implicit deny"),
    ("wan>lan 192.0.2.1>10.1.1.10 tcp/65535 8080", "allow policy 3"),
    ("wan>lan 192.0.2.1>10.1.1.10 tcp/65535 8081", "deny implicit deny"),
    ("wan>lan 192.0.2.1>10.1.1.10 udp/1 5000", "allow policy 3"),
    ("wan>lan 192.0.2.1>10.1.1.10 icmp/8 0", "allow policy 3"),
    ("wan>lan 192.0.2.1>10.1.1.10 icmp/0 0", "deny implicit deny"),
    ("wan>lan 192.0.2.1>10.2.2.0 udp/1 5000", "deny policy 7 no databases"),
    ("wan>lan 192.0.2.1>10.2.2.255 udp/1 5000", "deny policy 7 no databases"),
    ("wan>lan 192.0.2.1>10.3.0.10 udp/1 5000", "deny policy 7 no databases"),
    ("wan>lan 192.0.2.1>10.3.0.21 udp/1 5000", "deny implicit deny"),
    ("wan>lan 192.0.2.1>10.2.3.0 udp/1 5000", "deny implicit deny"),
    ("port1>port3 192.0.2.1>10.1.1.10 udp/1 5000", "allow policy 3"),
    ("dmz>lan 192.0.2.1>10.1.1.10 udp/1 5000", "deny implicit deny"),
    ("wan>lan 192.0.2.1>10.2.2.9 tcp 22 state=established", "allow established connections"),
    ("lan>wan 10.1.9.9>192.0.2.1 tcp 443", "allow policy 4"),
    ("lan>wan 10.2.2.9>192.0.2.1 tcp 443", "unknown"),
    ("lan>wan 10.1.9.9>192.0.2.1 tcp 80", "unknown"),
    ("lan>wan 2001:db8::1>2001:db8::2 tcp 443", "deny implicit deny"),
    ("lan>wan 10.1.1.10>192.0.2.1 gre", "unknown"),
    ("lan>wan 10.1.1.10>10.1.1.10 esp", "unknown"),
    ("lan>wan 2001:db8::1>2001:db8::2 esp", "deny implicit deny"),
    ("wan>lan 10.1.1.10>10.1.1.10 esp", "deny implicit deny"),
    ("any>lan 2001:db8::1>2001:db8:1::10 tcp 443", "allow policy 8"),
    ("any>lan 2001:db8::1>2001:db8:1::11 tcp 443", "deny implicit deny"),
    ("any>lan 192.0.2.1>10.1.1.11 tcp 443", "deny implicit deny"),
    ("lan>wan 10.3.0.10>10.1.1.10 tcp 443", "allow policy 4"),
    ("lan>wan 10.3.0.10>10.1.1.10 tcp/2000 8080", "unknown"),
    ("lan>wan 10.3.0.10>10.1.1.10 ospf", "allow policy 10"),
    ("wan>wan 192.0.2.1>192.0.2.2 tcp 443", "allow inside zone wan"),
    ("lan>lan 10.1.1.1>10.1.1.2 tcp 443", "deny implicit deny"),
]


@pytest.mark.parametrize(("said", "wanted"), OFFICE)
def test_the_first_policy_that_matches_decides(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("fortios", "office.conf"), said).startswith(wanted)


def test_the_model_holds_transit_traffic_alone(ruleset: Read) -> None:
    assert ruleset("fortios", "office.conf").covers == {Hook.FORWARD}


def test_a_policy_names_its_lines_and_all_objects_behind_its_groups(ruleset: Read) -> None:
    rules = {rule.provenance.rule: rule.provenance for rule in ruleset("fortios", "office.conf").lists[0].rules}
    found = rules["policy 3"]
    assert (found.first_line, found.last_line) == (120, 129)
    assert set(found.objects) >= {"nested", "servers", "web1", "db-net", "pool", "app", "bundle", "HTTPS", "ping"}


def test_a_denying_policy_may_spare_what_a_virtual_ip_translates(configuration: Text, verdict: Ask) -> None:
    text = configuration("fortios", "office.conf").replace('mappedip "10.1.1.99"', 'mappedip "10.2.2.7"')
    rules = parser("fortios").parse(text)
    assert verdict(rules, "wan>lan 192.0.2.1>10.2.2.7 udp/1 5000") == "unknown"
    assert verdict(rules, "wan>lan 192.0.2.1>10.2.2.8 udp/1 5000") == "deny policy 7 no databases"
    matched = text.replace('set name "no databases"', 'set name "no databases"\n        set match-vip enable')
    assert verdict(parser("fortios").parse(matched), "wan>lan 192.0.2.1>10.2.2.7 udp/1 5000").startswith("deny")


def test_a_setting_that_nobody_knows_makes_its_policy_undecidable(ruleset: Read) -> None:
    rule = next(one for one in ruleset("fortios", "office.conf").lists[0].rules if one.provenance.rule == "policy 11")
    assert {key.kind for box in rule.any_of for key, _ in box.opaque} == {"finding"}
    assert all(box.ingress == Places.of("lan") for box in rule.any_of)


def test_a_setting_that_turns_a_policy_round_leaves_nothing_to_bound_it(configuration: Text) -> None:
    text = configuration("fortios", "office.conf").replace("set frobnicate enable", "set frob-negate enable")
    rules = {rule.provenance.rule: rule for rule in parser("fortios").parse(text).lists[0].rules}
    assert all(box.opaque and box.ingress.include is None for box in rules["policy 11"].any_of)
    assert {box.family for box in rules["policy 11"].any_of} == {4, 6}


def test_a_service_with_a_setting_that_is_not_read_is_undecidable(ruleset: Read) -> None:
    rules = {rule.provenance.rule: rule for rule in ruleset("fortios", "office.conf").lists[0].rules}
    labels = {key.label for box in rules["policy 9"].any_of for key, _ in box.opaque}
    assert labels == {"src partner", "service lite"}


def test_an_address_that_no_rule_uses_is_residue(configuration: Text) -> None:
    text = configuration("fortios", "office.conf")
    other = parser("fortios").parse(text.replace("10.99.0.0", "10.98.0.0"))
    same = parser("fortios").parse(text)
    assert other.lists == same.lists
    assert other.residue != same.residue


def test_the_only_virtual_domain_is_read() -> None:
    body = 'config firewall policy\nedit 1\nset name "x"\nnext\nend\n'
    one = f"config vdom\nedit root\n{body}next\nend\n"
    assert len(parser("fortios").parse(one).lists[0].rules) == 3
    two = f"config vdom\nedit root\n{body}next\nedit b\n{body}next\nend\n"
    with pytest.raises(ParseError, match="several virtual domains"):
        parser("fortios").parse(two)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config firewall policy\nedit 1\nset name x\n", "is not whole"),
        ("config firewall policy\nedit 1\nset name x\nend\n", "before 'next'"),
        ("config firewall policy\nmove 1 after 2\nend\n", "is a command"),
        ('config firewall policy\nedit 1\nset name "x\nnext\nend\n', "does not end"),
        ("config firewall policy\nedit 1\nedit 2\nnext\nnext\nend\n", "no statement"),
        ("next\n", "without an entry"),
        ("end\n", "without a table"),
        ("frobnicate\n", "no statement"),
        ("config router static\nend\n", "no table of policies"),
        ("", "no table of policies"),
        ("config a\n" * 100, "nested more than"),
    ],
)
def test_what_is_no_whole_configuration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parser("fortios").parse(text)
