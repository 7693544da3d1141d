"""SRX: policies of zone pairs, global policies, address books, applications, the default policy.

Input: a fixture of our own writing. Output: verdicts that were derived by hand from the vendor's documentation.
"""

import re
from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.adapters.parsers.fwshift.srx_lines import statements
from murenger.errors import ParseError
from murenger.semantics.ir import Ruleset

Text = Callable[[str, str], str]
Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

SRX = [
    ("untrust>trust 203.0.113.66>10.1.1.10 tcp 443", "deny bad-guys"),
    ("untrust>trust 203.0.113.67>10.1.1.10 tcp 443", "allow web-in"),
    ("ge-0/0/0.0>ge-0/0/2.0 203.0.113.67>10.1.1.10 tcp 443", "allow web-in"),
    ("untrust>trust 10.1.1.10>10.1.1.10 tcp 443", "allow web-in"),
    ("untrust>trust 203.0.113.67>10.2.255.255 tcp/1024 8000", "allow web-in"),
    ("untrust>trust 203.0.113.67>10.2.255.255 tcp/1023 8000", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.2.255.255 tcp/1024 8081", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.3.0.0 tcp 443", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.3.0.10 tcp 443", "allow web-in"),
    ("untrust>trust 203.0.113.67>10.3.0.20 tcp 443", "allow web-in"),
    ("untrust>trust 203.0.113.67>10.3.0.21 tcp 443", "deny default-policy"),
    ("untrust>trust 2001:db8:9::1>2001:db8:1::1 tcp 443", "allow web-in"),
    ("untrust>trust 2001:db8:9::1>2001:db8:2::1 tcp 443", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.9.9.9 tcp 22 state=established", "allow established connections"),
    ("trust>untrust 10.1.1.1>192.0.2.1 udp 53", "allow not-databases"),
    ("trust>untrust 10.1.1.1>192.0.2.1 tcp 53", "allow not-databases"),
    ("trust>untrust 10.1.1.1>192.0.2.1 tcp 80", "allow not-databases"),
    ("trust>untrust 10.2.1.1>192.0.2.1 tcp 80", "unknown"),
    ("trust>untrust 10.9.1.1>192.0.2.1 tcp 81", "deny default-policy"),
    ("trust>untrust 10.1.1.10>192.0.2.1 tcp 81", "unknown"),
    ("trust>untrust 2001:db8:1::1>2001:db8:2::1 tcp 80", "allow not-databases"),
    ("trust>trust 10.1.1.1>10.1.1.2 tcp 22", "allow inside"),
    ("trust>trust 10.1.1.1>10.1.1.2 tcp 23", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.9.9.9 icmp/8 0", "deny ping"),
    ("untrust>trust 203.0.113.67>10.9.9.9 icmp/0 0", "deny default-policy"),
    ("untrust>trust 203.0.113.67>10.9.9.9 gre", "allow gre"),
    ("trust>untrust 10.9.9.9>203.0.113.67 gre", "allow gre"),
    ("other>trust 203.0.113.67>10.9.9.9 gre", "deny default-policy"),
    ("other>trust 203.0.113.67>10.9.9.9 icmp/8 0", "deny ping"),
]


@pytest.mark.parametrize(("said", "wanted"), SRX)
def test_the_first_policy_that_matches_decides(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("junos", "srx.conf"), said).startswith(wanted)


def _as_set(text: str) -> str:
    return "\n".join(one.text for one in statements(text)) + "\n"


def test_both_forms_of_a_configuration_mean_the_same(ruleset: Read, configuration: Text) -> None:
    braces = ruleset("junos", "srx.conf")
    text = _as_set(configuration("junos", "srx.conf"))
    assert re.search(r"^deactivate security policies .* policy everything$", text, re.MULTILINE)
    lines = parser("junos").parse(text)
    assert [[rule.any_of for rule in one.rules] for one in lines.lists] == [
        [rule.any_of for rule in one.rules] for one in braces.lists
    ]
    assert [one.digest for one in lines.residue] == [one.digest for one in braces.residue]


def test_a_policy_names_the_lines_of_its_statements(ruleset: Read, configuration: Text) -> None:
    lines = configuration("junos", "srx.conf").splitlines()
    found = {rule.provenance.rule: rule.provenance for rule in ruleset("junos", "srx.conf").lists[0].rules}
    policy = found["web-in (untrust to trust)"]
    span = "\n".join(lines[policy.first_line - 1 : policy.last_line])
    assert "destination-address nested;" in span
    assert "count;" in span
    assert {"nested", "servers", "web1", "db", "pool", "six", "app1"} <= set(policy.objects)


def test_host_traffic_is_residue(ruleset: Read, configuration: Text) -> None:
    text = configuration("junos", "srx.conf")
    for before, after in (("policy to-me", "policy to-you"), ("ike;", "ssh;"), ("screen outside", "screen inside")):
        other = parser("junos").parse(text.replace(before, after))
        assert other.lists == ruleset("junos", "srx.conf").lists
        assert other.residue != ruleset("junos", "srx.conf").residue


def test_statements_that_share_a_line_are_told_apart() -> None:
    text = (
        "security { zones { security-zone a { interfaces { ge-0; } host-inbound-traffic {"
        " system-services { ssh; } } } } policies { global { policy p { "
        "match { source-address any; destination-address any; application any; } then { permit; } } } } }\n"
    )
    one, other = (parser("junos").parse(each) for each in (text, text.replace("ssh", "all")))
    assert one.lists == other.lists
    assert one.residue != other.residue


def test_bare_policies_are_read_without_their_zones(verdict: Ask) -> None:
    text = (
        "set security policies from-zone a to-zone b policy p match source-address any destination-address any\n"
        "set security policies from-zone a to-zone b policy p match application junos-https\n"
        "set security policies from-zone a to-zone b policy p then permit\n"
    )
    rules = parser("junos").parse(text)
    assert rules.zones == ()
    assert verdict(rules, "a>b 192.0.2.1>192.0.2.2 tcp 443") == "allow p (a to b)"
    assert verdict(rules, "b>a 192.0.2.1>192.0.2.2 tcp 443").startswith("deny default-policy")


def test_a_changed_scheduler_changes_the_condition(configuration: Text) -> None:
    text = configuration("junos", "srx.conf")
    lists = [parser("junos").parse(one).lists for one in (text, text.replace("18:00", "23:00"))]
    assert lists[0] != lists[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("security {\n", "ends inside"),
        ("security { policies }\n", "in a statement"),
        ("}\n", "nothing is open"),
        ('security { a "b; }\n', "does not end"),
        ("security { a [ b { ; }\n", "list that does not end"),
        ("set security zones security-zone a\ndelete security\n", "no statement"),
        ("system { host-name a; }\n", "no part 'security'"),
        ("security {\n" + "a {\n" * 200, "too deep"),
        ("", "no part 'security'"),
        (
            "set groups g security policies global policy p then permit\nset apply-groups g\nset security zones\n",
            "apply-groups",
        ),
    ],
)
def test_what_is_no_whole_configuration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parser("junos").parse(text)
