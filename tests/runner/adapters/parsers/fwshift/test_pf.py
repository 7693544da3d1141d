"""pfSense and OPNsense: rules of interfaces, floating rules, aliases, what is not loaded.

Input: fixtures of our own writing. Output: verdicts that were derived by hand from the products' sources.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import Ruleset

Text = Callable[[str, str], str]
Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

PFSENSE = [
    ("WAN>LAN 192.0.2.1>10.1.1.10 tcp 80", "allow web in"),
    ("em0>em1 192.0.2.1>10.1.1.10 tcp 80", "allow web in"),
    ("wan>lan 192.0.2.1>10.1.1.11 tcp 443", "allow web in"),
    ("WAN>LAN 192.0.2.1>10.1.1.12 tcp 443", "deny default deny"),
    ("WAN>LAN 192.0.2.1>10.1.1.64 tcp 8080", "allow web in"),
    ("WAN>LAN 192.0.2.1>10.1.1.127 tcp 8000", "allow web in"),
    ("WAN>LAN 192.0.2.1>10.1.1.128 tcp 8000", "deny default deny"),
    ("WAN>LAN 192.0.2.1>10.1.1.64 tcp 8081", "deny default deny"),
    ("WAN>LAN 192.0.2.1>10.1.1.10 udp 80", "deny default deny"),
    ("WAN>LAN 10.9.9.9>10.1.1.10 tcp 80", "deny Block private networks from WAN"),
    ("WAN>LAN fd00::1>2001:db8::1 tcp 80", "deny Block private networks from WAN"),
    ("WAN>LAN 192.0.2.1>10.1.1.10 tcp 53", "deny no dns"),
    ("LAN>WAN 10.1.1.10>192.0.2.1 udp 53", "deny no dns"),
    ("DMZ>WAN 10.2.2.10>192.0.2.1 udp 53", "unknown"),
    ("WAN>LAN 192.0.2.1>10.1.1.22 tcp 22", "unknown"),
    ("WAN>LAN 192.0.2.1>10.1.1.22 tcp 23", "deny default deny"),
    ("LAN>DMZ 10.1.1.10>10.2.2.10 icmp/8 0", "deny rule 3"),
    ("LAN>DMZ 10.1.1.10>10.2.2.10 icmp/0 0", "allow lan out"),
    ("LAN>WAN 10.1.1.10>192.0.2.1 icmp/8 0", "allow lan out"),
    ("LAN>WAN 10.1.2.10>192.0.2.1 tcp 80", "deny default deny"),
    ("LAN>WAN 2001:db8::1>2001:db8::2 tcp 80", "deny default deny"),
    ("DMZ>WAN 10.2.2.10>192.0.2.1 udp 99", "unknown"),
    ("DMZ>LAN 10.2.2.10>10.1.1.10 udp 99", "deny default deny"),
    ("DMZ>LAN 10.2.2.10>10.1.1.10 gre", "allow late gre"),
    ("DMZ>LAN 10.2.2.10>10.1.1.10 esp", "deny default deny"),
    ("WAN>LAN 10.9.9.9>10.1.1.10 tcp 80 state=established", "allow established connections"),
]

OPNSENSE = [
    ("WAN>LAN 192.0.2.1>10.1.1.10 tcp 443", "allow web in"),
    ("WAN>LAN 192.0.2.1>10.1.1.11 tcp 443", "allow web in"),
    ("WAN>LAN 192.0.2.1>10.1.1.12 tcp 443", "deny default deny"),
    ("WAN>LAN 192.0.2.1>10.1.1.11 tcp 444", "deny default deny"),
    ("WAN>LAN 10.9.9.9>10.1.1.11 tcp 443", "deny Block private networks from WAN"),
    ("WAN>LAN 192.0.2.1>10.1.1.22 tcp 22", "unknown"),
    ("WAN>LAN 192.0.2.1>10.1.1.23 tcp 22", "deny"),
    ("LAN>WAN 10.1.1.9>192.0.2.1 tcp 22", "allow lan out"),
    ("LAN>WAN 10.1.1.9>10.4.0.1 tcp 22", "deny default deny"),
    ("LAN>WAN 10.1.1.9>10.5.0.1 tcp 22", "allow lan out"),
    ("LAN>WAN 10.1.2.9>192.0.2.1 tcp 22", "deny default deny"),
]


@pytest.mark.parametrize(("said", "wanted"), PFSENSE)
def test_rules_of_pfsense_decide_as_pf_evaluates_them(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("pfsense", "config.xml"), said) == wanted


@pytest.mark.parametrize(("said", "wanted"), OPNSENSE)
def test_rules_of_opnsense_decide_as_pf_evaluates_them(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("opnsense", "config.xml"), said).startswith(wanted)


def test_a_rule_that_is_not_loaded_is_remarked_and_residue(ruleset: Read, configuration: Text) -> None:
    before = ruleset("pfsense", "config.xml")
    assert [one.text for one in before.remarks if one.code == "rule-not-loaded"] == [
        "no such interface: the firewall does not load it, or it decides nothing"
    ]
    other = parser("pfsense").parse(configuration("pfsense", "config.xml").replace("opt9", "opt8"))
    assert other.lists == before.lists
    assert other.residue != before.residue


@pytest.mark.parametrize("platform", ["pfsense", "opnsense"])
def test_a_filter_that_is_switched_off_passes_everything(platform: str, configuration: Text, verdict: Ask) -> None:
    text = configuration(platform, "config.xml").replace("<system>", "<system>\n    <disablefilter>1</disablefilter>")
    found = verdict(parser(platform).parse(text), "WAN>LAN 192.0.2.1>10.1.1.99 tcp 9")
    assert found == "allow packet filtering is switched off"


def test_port_forwards_that_pass_their_traffic_leave_it_undecided(configuration: Text, verdict: Ask) -> None:
    text = configuration("pfsense", "config.xml").replace(
        "<target>", "<associated-rule-id>pass</associated-rule-id><target>"
    )
    assert verdict(parser("pfsense").parse(text), "WAN>LAN 192.0.2.1>10.1.1.99 tcp 9") == "unknown"


def test_an_alias_with_an_entry_that_cannot_be_read_is_undecidable(configuration: Text, verdict: Ask) -> None:
    text = configuration("pfsense", "config.xml").replace("10.1.1.11 more", "10.1.1.11 ?nobody?")
    assert verdict(parser("pfsense").parse(text), "WAN>LAN 192.0.2.1>10.1.1.10 tcp 80") == "unknown"


def test_interfaces_and_nat_are_residue(configuration: Text) -> None:
    text = configuration("pfsense", "config.xml")
    base = parser("pfsense").parse(text)
    for before, after in (
        ("<target>10.1.1.10", "<target>10.1.1.11"),
        ("<if>em2", "<if>em9"),
        ("10.99.0.1", "10.98.0.1"),
    ):
        other = parser("pfsense").parse(text.replace(before, after))
        assert (other.lists, other.residue == base.residue) == (base.lists, False)


def test_rules_name_their_lines_and_aliases(ruleset: Read, configuration: Text) -> None:
    lines = configuration("pfsense", "config.xml").splitlines()
    found = {rule.provenance.rule: rule.provenance for rule in ruleset("pfsense", "config.xml").lists[0].rules}
    assert found["web in"].objects == ("more", "ports", "webs")
    assert lines[found["web in"].first_line - 1].strip() == "<rule>"
    assert lines[found["web in"].last_line - 1].strip() == "</rule>"


@pytest.mark.parametrize(
    ("platform", "text", "reason"),
    [
        ("pfsense", "<opnsense/>", "configuration of an OPNsense"),
        ("pfsense", "<a/>", "not a pfSense configuration"),
        ("opnsense", "<pfsense/>", "not an OPNsense configuration"),
        ("opnsense", "<opnsense/>", "no version"),
        ("pfsense", "<pfsense><filter>", "not well-formed"),
        ("pfsense", '<!DOCTYPE p [<!ENTITY a "b">]><pfsense>&a;</pfsense>', "document type"),
        ("pfsense", "hello", "not well-formed"),
    ],
)
def test_what_is_no_configuration_is_refused(platform: str, text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parser(platform).parse(text)
