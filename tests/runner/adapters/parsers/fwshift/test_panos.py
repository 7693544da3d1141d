"""PAN-OS: rules over zones, rule types, applications, objects of shared and of the virtual system, default rules.

Input: a fixture of our own writing. Output: verdicts that were derived by hand from the vendor's documentation.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.semantics.ir import Ruleset

Text = Callable[[str, str], str]
Read = Callable[[str, str], Ruleset]
Ask = Callable[[Ruleset, str], str]

VSYS = [
    ("untrust>trust 203.0.113.66>10.1.1.10 tcp 443", "deny bad guys"),
    ("untrust>untrust 203.0.113.66>10.1.1.10 tcp 443", "deny bad guys"),
    ("untrust>trust 203.0.113.67>10.1.1.10 tcp 443", "allow web in"),
    ("ethernet1/2>ethernet1/3 203.0.113.67>10.1.1.10 tcp 443", "allow web in"),
    ("untrust>trust 203.0.113.67>10.1.1.10 tcp/1024 8443", "allow web in"),
    ("untrust>trust 203.0.113.67>10.1.1.10 tcp/1023 8443", "deny interzone-default"),
    ("untrust>trust 203.0.113.67>10.1.1.29 tcp/2000 9010", "allow web in"),
    ("untrust>trust 203.0.113.67>10.1.1.30 tcp/2000 9010", "deny interzone-default"),
    ("untrust>trust 203.0.113.67>10.1.1.29 tcp/2000 9011", "deny interzone-default"),
    ("untrust>trust 203.0.113.67>10.1.1.20 udp 53", "allow web in"),
    ("untrust>trust 203.0.113.67>10.1.1.20 tcp 53", "deny interzone-default"),
    ("untrust>trust 2001:db8:9::1>2001:db8:1:ffff::1 tcp 443", "allow web in"),
    ("untrust>trust 2001:db8:9::1>2001:db8:2::1 tcp 443", "deny interzone-default"),
    ("untrust>dmz 203.0.113.67>10.1.1.10 tcp 443", "deny interzone-default"),
    ("untrust>trust 203.0.113.67>10.1.9.9 tcp 443 state=established", "allow established connections"),
    ("trust>trust 10.1.1.66>10.1.1.10 tcp 22", "deny inside only"),
    ("trust>trust 10.1.1.67>10.1.1.10 tcp 22", "allow intrazone-default"),
    ("trust>trust 10.1.1.67>192.0.2.123 udp 123", "allow intrazone-default"),
    ("trust>dmz 10.1.1.66>10.9.9.9 tcp 22", "deny interzone-default"),
    ("trust>dmz 10.1.1.66>192.0.2.123 udp 123", "allow between zones"),
    ("dmz>trust 10.1.1.66>192.0.2.123 udp 123", "allow between zones"),
    ("dmz>untrust 10.1.1.66>192.0.2.123 udp 123", "deny interzone-default"),
    ("dmz>untrust 10.9.9.9>192.0.2.1 udp 53", "allow not the webs"),
    ("dmz>untrust 10.9.9.9>10.1.1.10 udp 53", "deny interzone-default"),
    ("dmz>untrust 10.9.9.9>10.1.1.19 udp 53", "allow not the webs"),
    ("dmz>untrust 2001:db8::1>2001:db8:1::1 udp 53", "deny interzone-default"),
    ("dmz>untrust 2001:db8::1>2001:db8:2::1 udp 53", "allow not the webs"),
    ("trust>untrust 10.1.1.1>10.1.1.10 tcp 443", "unknown"),
    ("trust>untrust 10.1.1.1>192.0.2.1 tcp 443", "unknown"),
    ("dmz>trust 10.7.7.7>10.1.1.10 udp 53", "unknown"),
    ("dmz>trust 10.8.8.8>10.1.1.10 udp 54", "deny interzone-default"),
    ("dmz>trust 10.8.8.8>10.1.1.10 udp 53", "unknown"),
    ("dmz>dmz 10.1.1.1>10.1.1.2 tcp 1", "allow intrazone-default"),
]


@pytest.mark.parametrize(("said", "wanted"), VSYS)
def test_the_first_rule_that_matches_decides(said: str, wanted: str, ruleset: Read, verdict: Ask) -> None:
    assert verdict(ruleset("panos", "vsys.xml"), said) == wanted


def test_a_default_rule_that_is_overridden_decides_otherwise(configuration: Text, verdict: Ask) -> None:
    text = configuration("panos", "vsys.xml")
    default = text.index('<entry name="interzone-default">')
    opened = parser("panos").parse(text[:default] + text[default:].replace("deny", "allow"))
    assert verdict(opened, "untrust>dmz 2001:db8:5::1>2001:db8:6::1 esp") == "allow interzone-default"


def test_an_element_that_is_not_read_makes_its_rule_undecidable(ruleset: Read) -> None:
    rules = {rule.provenance.rule: rule for rule in ruleset("panos", "vsys.xml").lists[0].rules}
    assert {key.label for box in rules["by device"].any_of for key, _ in box.opaque} == {
        "element source-device, which is not read"
    }


def test_the_tags_of_addresses_belong_to_a_dynamic_group(configuration: Text) -> None:
    text = configuration("panos", "vsys.xml")
    keys = []
    for one in (text, text.replace("<member>blocked</member>", "<member>free</member>")):
        rules = {rule.provenance.rule: rule for rule in parser("panos").parse(one).lists[0].rules}
        keys.append({key for box in rules["quarantine"].any_of for key, _ in box.opaque})
    assert keys[0] != keys[1]


def test_rules_name_the_lines_of_their_entry(ruleset: Read, configuration: Text) -> None:
    lines = configuration("panos", "vsys.xml").splitlines()
    found = {rule.provenance.rule: rule.provenance for rule in ruleset("panos", "vsys.xml").lists[0].rules}
    for name in ("bad guys", "web in", "by application"):
        assert f'name="{name}"' in lines[found[name].first_line - 1]
        assert lines[found[name].last_line - 1].strip() == "</entry>"


def test_a_file_on_one_line_means_the_same(ruleset: Read, configuration: Text) -> None:
    pretty = ruleset("panos", "vsys.xml")
    flat = parser("panos").parse("".join(line.strip() for line in configuration("panos", "vsys.xml").splitlines()))
    assert [[rule.any_of for rule in one.rules] for one in flat.lists] == [
        [rule.any_of for rule in one.rules] for one in pretty.lists
    ]
    assert [one.digest for one in flat.residue] == [one.digest for one in pretty.residue]


def test_set_commands_mean_the_same_as_xml(verdict: Ask) -> None:
    text = (
        "set zone trust network layer3 ethernet1/1\n"
        "set zone untrust network layer3 ethernet1/2\n"
        "set address web1 ip-netmask 10.1.1.10\n"
        "set service alt protocol tcp port 8443\n"
        "set rulebase security rules in from untrust to trust source any destination web1 application any\n"
        "set rulebase security rules in service alt action allow\n"
    )
    rules = parser("panos").parse(text)
    assert verdict(rules, "ethernet1/2>trust 192.0.2.1>10.1.1.10 tcp 8443") == "allow in"
    assert verdict(rules, "ethernet1/2>trust 192.0.2.1>10.1.1.10 tcp 8444") == "deny interzone-default"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<config><shared/>", "not well-formed"),
        ("<rpc/>", "no element <config>"),
        ("<config/>", "no virtual system"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><config><shared/></config>', "document type"),
        ("<config>" + "<a>" * 5000 + "</a>" * 5000 + "</config>", "too deeply"),
        ("delete address web1\nset address a ip-netmask 10.0.0.1\n", "commands other than set"),
        (
            "<config><devices><entry><vsys><entry name='a'/><entry name='b'/></vsys></entry></devices></config>",
            "several virtual systems",
        ),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        parser("panos").parse(text)
