"""Filters stand where they are bound, beside the policies of an SRX, and what cannot be told stays open.

Input: whole configurations. Output: verdicts derived by hand.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from murenger.adapters.parsers import parser_for
from murenger.adapters.parsers.junos.statements import is_commands, only, statements_of
from murenger.errors import ParseError
from murenger.lab.junos.device import Settings
from murenger.lab.junos.factory import first_configuration
from murenger.semantics.ir import Hook, Ruleset

Verdict = Callable[[Ruleset, Mapping[str, object]], str]

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "junos"

ROUTER = [
    ({"in": "ge-0/0/0.0", "out": "ge-0/0/1.0", "src": "192.0.2.127", "dst": "203.0.113.1"}, "deny"),
    ({"in": "ge-0/0/0.0", "out": "ge-0/0/1.0", "src": "192.0.2.128", "dst": "203.0.113.1"}, "allow"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/2.0", "src": "192.0.2.127", "dst": "203.0.113.1"}, "allow"),
    ({"in": "ge-0/0/0.0", "out": "ge-0/0/1.0", "src": "198.51.100.9", "dst": "203.0.113.1", "proto": "gre"}, "allow"),
    ({"in": "ge-0/0/0.0", "out": "ge-0/0/1.0", "src": "192.0.2.127", "dst": "203.0.113.1", "proto": "gre"}, "deny"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/0.0", "src": "192.0.2.9", "dst": "203.0.113.80", "dport": 8010}, "allow"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/0.0", "src": "192.0.2.9", "dst": "203.0.113.5", "dport": 3389}, "deny"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/0.0", "src": "192.0.2.9", "dst": "203.0.113.5", "dport": 3390}, "allow"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/0.0", "src": "192.0.2.9", "dst": "203.0.113.5", "proto": "gre"}, "deny"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/0.0", "src": "192.0.2.9", "dst": "203.0.113.5", "proto": "icmp"}, "unknown"),
    ({"in": "ge-0/0/1.0", "src": "198.51.100.127", "dst": "192.0.2.1", "dport": 22}, "deny"),
    ({"in": "ge-0/0/1.0", "src": "198.51.100.128", "dst": "192.0.2.1", "dport": 22}, "allow"),
    ({"in": "ge-0/0/1.0", "src": "198.51.100.127", "dst": "192.0.2.1", "dport": 23}, "allow"),
    ({"in": "ge-0/0/0.0", "src": "198.51.100.127", "dst": "192.0.2.1", "dport": 830}, "deny"),
    ({"in": "ge-0/0/0.0", "src": "192.0.2.127", "dst": "192.0.2.1", "dport": 23}, "deny"),
    ({"in": "ge-0/0/0.0", "out": "x", "src": "2001:db8::1", "dst": "2001:db8:110::1", "dport": 443}, "allow"),
    ({"in": "ge-0/0/0.0", "out": "x", "src": "2001:db8::1", "dst": "2001:db8:111::1", "dport": 443}, "deny"),
    ({"in": "ge-0/0/1.0", "out": "x", "src": "2001:db8::1", "dst": "2001:db8:111::1", "dport": 443}, "allow"),
    ({"acl": "edge-in", "src": "192.0.2.1", "dst": "192.0.2.2"}, "deny"),
]


@pytest.mark.parametrize(("said", "expected"), ROUTER, ids=lambda value: str(value)[:70])
@pytest.mark.parametrize("form", ["braces", "commands"])
def test_filters_decide_where_they_are_bound(
    *,
    form: str,
    said: dict[str, object],
    expected: str,
    router: str,
    as_commands: Callable[[str], str],
    verdict: Verdict,
) -> None:
    ruleset = parser_for("junos").parse(router if form == "braces" else as_commands(router))
    assert verdict(ruleset, {"proto": "tcp", **said}) == expected


def test_both_forms_of_a_configuration_mean_the_same(router: str, as_commands: Callable[[str], str]) -> None:
    braces, commands = (parser_for("junos").parse(text) for text in (router, as_commands(router)))
    assert [[(rule.action, rule.any_of) for rule in one.rules] for one in braces.lists] == [
        [(rule.action, rule.any_of) for rule in one.rules] for one in commands.lists
    ]
    assert [one.name for one in braces.residue] == [one.name for one in commands.residue]


FIREWALL = [
    # Through the policies, in by a filtered interface: both must let it pass.
    ({"in": "ge-0/0/2.0", "out": "trust", "src": "198.18.0.1", "dst": "203.0.113.80", "dport": 443}, "allow"),
    ({"in": "ge-0/0/2.0", "out": "trust", "src": "192.0.2.1", "dst": "203.0.113.80", "dport": 443}, "deny"),
    ({"in": "ge-0/0/3.0", "out": "trust", "src": "192.0.2.1", "dst": "203.0.113.80", "dport": 443}, "allow"),
    ({"in": "ge-0/0/3.0", "out": "ge-0/0/1.0", "src": "192.0.2.1", "dst": "203.0.113.80", "dport": 443}, "allow"),
    ({"in": "ge-0/0/2.0", "out": "trust", "src": "198.18.0.1", "dst": "203.0.113.80", "dport": 80}, "deny"),
    ({"in": "trust", "out": "ge-0/0/3.0", "src": "198.51.100.9", "dst": "192.0.2.1", "dport": 80}, "allow"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/2.0", "src": "198.51.100.9", "dst": "192.0.2.1", "dport": 80}, "allow"),
    ({"in": "ge-0/0/1.0", "out": "ge-0/0/2.0", "src": "198.51.100.129", "dst": "192.0.2.1", "dport": 80}, "deny"),
    # To the device itself: the filter can deny, but nothing here can tell what the zone lets in.
    ({"in": "ge-0/0/1.0", "src": "198.51.100.9", "dst": "198.51.100.1", "dport": 22}, "unknown"),
    ({"in": "ge-0/0/1.0", "src": "198.51.100.9", "dst": "198.51.100.1", "dport": 23}, "deny"),
]


@pytest.mark.parametrize(("said", "expected"), FIREWALL, ids=lambda value: str(value)[:70])
def test_filters_and_policies_must_both_let_a_packet_pass(
    said: dict[str, object], expected: str, firewall: str, verdict: Verdict
) -> None:
    assert verdict(parser_for("junos").parse(firewall), {"proto": "tcp", **said}) == expected


def test_zones_without_filtered_interfaces_stay_zones(firewall: str) -> None:
    ruleset = parser_for("junos").parse(firewall)
    assert ruleset.zones == (("trust", frozenset({"ge-0/0/1.0"})),)
    assert [one.code for one in ruleset.remarks if "untrust" in one.text] == ["zones-spelt-out"]


def test_each_half_keeps_what_the_other_does_not_hold(firewall: str) -> None:
    sections = parser_for("junos").parse(firewall).residue
    assert any("interfaces ge-0/0/2" in one.name for one in sections)
    assert len({one.name for one in sections}) == len(sections)


@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURES.iterdir() if path.name != "rules"))
def test_what_the_emulated_firewall_stores_is_read(folder: str) -> None:
    for name in ("golden.conf", "live.conf"):
        ruleset = parser_for("junos").parse((FIXTURES / folder / name).read_text(encoding="utf-8"))
        own = next(one for one in ruleset.lists if one.acl == "protect")
        assert own.hooks == {Hook.ACL}
        assert not any(match.opaque for rule in own.rules for match in rule.any_of)


def test_what_the_emulated_firewall_boots_with_is_read(verdict: Verdict) -> None:
    ruleset = parser_for("junos").parse(first_configuration(_settings()))
    packet = {"in": "ge-0/0/1.0", "out": "ge-0/0/2.0", "src": "198.51.100.9", "dst": "192.0.2.1", "proto": "tcp"}
    assert verdict(ruleset, {**packet, "dport": 443}) == "allow"
    assert verdict(ruleset, {**packet, "dport": 22}) == "deny"
    assert verdict(ruleset, {**packet, "src": "198.51.100.100", "dport": 443}) == "deny"
    own = {"acl": "protect-management", "dst": "192.0.2.1", "proto": "tcp", "dport": 22}
    assert verdict(ruleset, {**own, "src": "192.0.2.99"}) == "allow"
    assert verdict(ruleset, {**own, "src": "198.51.100.9"}) == "deny"
    assert {one.code for one in ruleset.remarks} <= {"zones-spelt-out"}


def _settings() -> Settings:
    return Settings(
        host_name="srx1",
        address="192.0.2.99",
        port=0,
        users={},
        host_key=Path("host_key"),
        management_clients=(),
        management_interface="fxp0.0",
        secrets={},
    )


BOUND = "interfaces { ge-0/0/0 { unit 0 { family inet { filter { %s } } } } }\n"
FILTER = "firewall { family inet { filter T { term a { then accept; } } %s } }\n"
THROUGH = {"in": "ge-0/0/0.0", "out": "ge-0/0/1.0", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "tcp"}
OTHER = THROUGH | {"in": "ge-0/0/2.0"}


@pytest.mark.parametrize(
    "text",
    [
        BOUND % "input GONE;",
        BOUND % "input T;" + "firewall { family inet { filter T; } }",
        BOUND % "input-list [ T GONE ];" + FILTER % "",
        BOUND % "input T; input-list T;" + FILTER % "",
        BOUND % "group 7;",
        "interfaces { ge-0/0/0 { unit 0 { filter { input T; } } } }" + FILTER % "",
        "interfaces { ge-0/0/0 { unit 0 { family ethernet-switching { filter { input T; } } } } }" + FILTER % "",
    ],
)
def test_a_filter_that_is_unknown_leaves_its_interface_open(text: str, verdict: Verdict) -> None:
    ruleset = parser_for("junos").parse(text)
    assert verdict(ruleset, THROUGH) == "unknown"
    assert verdict(ruleset, OTHER) == "allow"


@pytest.mark.parametrize(
    "text",
    [
        "interfaces { interface-range R { member ge-0/0/0; unit 0 { family inet { filter { input T; } } } } }",
        "forwarding-options { family inet { filter { input T; } } }",
        "groups { G { firewall { family inet { filter T { term z { then accept; } } } } } }\napply-groups G;",
        "groups { G { interfaces { <*> { unit <*> { family inet { filter { input T; } } } } } } }\napply-groups [ G ];",
        "firewall { family inet { apply-groups G; } }",
    ],
)
def test_what_could_filter_anywhere_leaves_everything_open(text: str, verdict: Verdict) -> None:
    assert verdict(parser_for("junos").parse(text + "\n" + FILTER % ""), OTHER) == "unknown"


def test_a_group_that_is_applied_and_touches_no_filter_leaves_nothing_open(verdict: Verdict) -> None:
    text = "groups { G { system { host-name r1; } } }\napply-groups G;\n" + FILTER % ""
    ruleset = parser_for("junos").parse(text)
    assert verdict(ruleset, OTHER) == "allow"
    assert [one.name for one in ruleset.residue] == ["apply-groups", "groups G"]


@pytest.mark.parametrize(
    "text",
    [
        "firewall { family inet { filter T { inactive: term a { then discard; } term b { then accept; } } } }",
        "firewall { family inet { filter T { term a { inactive: then discard; then accept; } } } }",
        (
            "set firewall family inet filter T term a then discard\n"
            "set firewall family inet filter T term b then accept\n"
            "deactivate firewall family inet filter T term a\n"
        ),
    ],
)
def test_what_is_inactive_decides_nothing_but_stays_in_sight(text: str, verdict: Verdict) -> None:
    ruleset = parser_for("junos").parse(text)
    assert verdict(ruleset, {"acl": "T", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "tcp"}) == "allow"
    assert [(one.name, one.is_inert) for one in ruleset.residue] == [("inactive statements", True)]


def test_a_filter_on_another_loopback_unit_is_judged_by_itself_alone() -> None:
    text = "interfaces { lo0 { unit 7 { family inet { filter { input T; } } } } }\n" + FILTER % ""
    ruleset = parser_for("junos").parse(text)
    assert [(one.acl, one.bound) for one in ruleset.lists] == [("T", False)]
    assert [one.name for one in ruleset.residue] == ["interfaces lo0"]
    assert ruleset.remarks[0].code == "unmodelled-filter"


def test_a_prefix_list_that_something_else_uses_stays_in_sight() -> None:
    text = (
        "policy-options { prefix-list P { 192.0.2.0/24; } policy-statement S { from { prefix-list P; } } }\n"
        "firewall { family inet { filter T { term a { from { source-prefix-list { P; } } then accept; } } } }\n"
    )
    assert [one.name for one in parser_for("junos").parse(text).residue] == [
        "policy-options policy-statement", "policy-options prefix-list",
    ]  # fmt: skip


def test_only_blanks_what_is_not_wanted_and_keeps_every_line_in_place() -> None:
    text = 'system { host-name "a } b"; /* { */ }\nsecurity {\n    x; } firewall {\n y { z; }\n}\napplications { q; }\n'
    kept = only(text, {"security", "applications"}.__contains__)
    assert kept.count("\n") == text.count("\n")
    assert [(one.words, one.line) for one in statements_of(kept)] == [
        (("security", "x"), 3), (("applications", "q"), 6),
    ]  # fmt: skip
    commands = "set system host-name a\nset security x\ndeactivate security x\n"
    assert is_commands(commands)
    assert only(commands, {"security"}.__contains__) == "\nset security x\ndeactivate security x\n"


@pytest.mark.parametrize(
    "text", ["set a b\ndelete a b\n", "set\n", "set a b\nset\n", "firewall {", "a }", "set a { b\n"]
)
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parser_for("junos").parse(text)
