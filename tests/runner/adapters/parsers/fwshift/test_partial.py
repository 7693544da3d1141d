"""Texts that hold policies alone: what they leave out is unknown by its name, and the rest is judged all the same.

Input: partial configurations of our own writing. Output: verdicts that were derived by hand.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.errors import ParseError
from murenger.model.impact import Verdict
from murenger.semantics.compare import compare
from murenger.semantics.ir import Ruleset

Ask = Callable[[Ruleset, str], str]

SRX = """
security {
    policies {
        from-zone untrust to-zone trust {
            policy bad { match { source-address blocklist; destination-address any; application any; } then { deny; } }
            policy web {
                match { source-address any; destination-address web; application [ web-tcp junos-https unheard-of ]; }
                then { permit; }
            }
            policy voice {
                match { source-address any; destination-address any; application voice; }
                then { permit; }
            }
        }
    }
    address-book { global { address web 10.1.1.0/24; } }
}
applications {
    application web-tcp { term t1 protocol tcp destination-port 80; term t2 protocol tcp destination-port 8080; }
    application voice { term t1 protocol udp; term t2 protocol tcp source-port 5060; }
}
"""


def _srx(*changes: tuple[str, str]) -> Ruleset:
    text = SRX
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parser("junos").parse(text)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("untrust>trust 192.0.2.1>10.2.1.1 udp 5", "unknown"),
        ("untrust>trust 192.0.2.1>10.2.1.1 tcp/5060 5", "unknown"),
        ("untrust>trust 192.0.2.1>10.2.1.1 tcp/5061 5", "deny default-policy"),
        ("trust>untrust 192.0.2.1>10.2.1.1 tcp 80", "deny default-policy"),
        ("untrust>dmz 192.0.2.1>10.1.1.1 tcp 80", "deny default-policy"),
    ],
)
def test_policies_without_zones_are_judged_between_the_zones_they_name(said: str, wanted: str, verdict: Ask) -> None:
    assert verdict(_srx(), said).startswith(wanted)


def test_an_application_without_ports_means_every_port(verdict: Ask) -> None:
    rules = _srx(("source-address blocklist", "source-address web"))
    assert verdict(rules, "untrust>trust 192.0.2.1>10.2.1.1 udp 65535").startswith("allow voice")
    assert verdict(rules, "untrust>trust 192.0.2.1>10.2.1.1 tcp/5060 1").startswith("allow voice")
    assert verdict(rules, "untrust>trust 192.0.2.1>10.2.1.1 icmp/8 0").startswith("deny default-policy")
    wider = _srx(("source-address blocklist", "source-address web"), ("protocol tcp source-port 5060", "protocol tcp"))
    assert compare(rules, wider).verdict is Verdict.DIFFERENT


def test_an_undefined_name_leaves_the_rest_comparable() -> None:
    assert compare(_srx(), _srx()).verdict is Verdict.EQUAL
    swapped = _srx(("[ web-tcp junos-https unheard-of ]", "[ unheard-of junos-https web-tcp ]"))
    assert compare(_srx(), swapped).verdict is Verdict.EQUAL
    assert compare(_srx(), _srx(("address blocklist", "address others"))).verdict is Verdict.UNKNOWN
    nowhere = (
        ("source-address blocklist; destination-address any", "source-address any; destination-address nowhere"),
    )
    assert compare(_srx(), _srx(*nowhere)).verdict is Verdict.UNKNOWN
    other_way = ("from-zone untrust to-zone trust", "from-zone untrust to-zone dmz")
    assert (
        compare(_srx(("source-address blocklist", "source-address web")), _srx(other_way)).verdict is not Verdict.EQUAL
    )


def test_the_order_of_a_list_is_no_part_of_a_condition() -> None:
    unread = (
        "then { permit; }\n            }\n            policy voice",
        "then { permit { x-new; } }\n            }\n            policy voice",
    )
    swapped = ("[ web-tcp junos-https unheard-of ]", "[ unheard-of junos-https web-tcp ]")
    assert compare(_srx(unread), _srx(unread, swapped)).verdict is Verdict.EQUAL


def test_only_names_of_the_configuration_are_shown() -> None:
    rules = _srx()
    assert {one.name for one in rules.addresses} == {"web"}
    assert {one.name for one in rules.services} == {"web-tcp", "voice", "junos-https"}
    asa = parser("asa").parse("access-list A extended permit tcp any host 10.1.1.1 range 443 444\n")
    assert not asa.services
    assert not asa.addresses


def test_what_cannot_be_read_stays_between_the_zones_of_its_policy(verdict: Ask) -> None:
    rules = _srx(("then { deny; }", "then { deny; x-new; }"))
    assert verdict(rules, "untrust>trust 192.0.2.1>10.1.1.1 tcp 80") == "unknown"
    assert verdict(rules, "trust>untrust 192.0.2.1>10.1.1.1 tcp 80").startswith("deny default-policy")


PANOS = """<config><devices><entry name="localhost.localdomain"><vsys><entry name="vsys1"><rulebase><security><rules>
<entry name="web">
  <from><member>untrust</member></from><to><member>trust</member></to>
  <source><member>any</member></source><destination><member>web1</member><member>10.1.1.0/24</member></destination>
  <application><member>any</member></application><service><member>service-https</member></service>
  <action>allow</action>
</entry>
</rules></security></rulebase></entry></vsys></entry></devices></config>
"""


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("untrust>trust 192.0.2.1>10.1.1.9 tcp 443", "allow web"),
        ("untrust>trust 192.0.2.1>10.9.1.9 tcp 443", "unknown"),
        ("untrust>trust 192.0.2.1>10.1.1.9 tcp 80", "deny interzone-default"),
        ("trust>untrust 192.0.2.1>10.1.1.9 tcp 443", "deny interzone-default"),
        ("trust>trust 192.0.2.1>10.1.1.9 tcp 443", "unknown"),
    ],
)
def test_rules_of_panos_without_zones_say_nothing_of_traffic_inside_one(said: str, wanted: str, verdict: Ask) -> None:
    assert verdict(parser("panos").parse(PANOS), said).startswith(wanted)


def test_a_zone_that_a_new_rule_names_was_not_opened_inside() -> None:
    golden = parser("panos").parse(PANOS)
    rule = PANOS.partition("<rules>\n")[2].partition("</rules>")[0]
    denial = rule.replace('"web"', '"no"').replace("allow", "deny").replace("<member>trust", "<member>guest")
    live = parser("panos").parse(PANOS.replace("</rules>", f"{denial}</rules>"))
    found = compare(golden, live)
    assert found.verdict is Verdict.UNKNOWN
    assert not any(region.is_certain for region in found.regions)


PFSENSE = """<pfsense><filter>
<rule><type>block</type><interface>wan</interface><ipprotocol>inet</ipprotocol>
<source><address>198.51.100.0/24</address></source><destination><any/></destination></rule>
<rule><type>pass</type><interface>wan</interface><ipprotocol>inet46</ipprotocol><protocol>tcp</protocol>
<source><any/></source><destination><address>webs</address><port>443</port></destination></rule>
<rule><type>pass</type><interface>lan,opt1</interface><ipprotocol>inet6</ipprotocol><protocol>tcp</protocol>
<source><any/></source><destination><any/><port>80</port></destination><floating>yes</floating></rule>
</filter><aliases><alias><name>webs</name><type>network</type><address>10.1.1.0/24</address></alias></aliases></pfsense>
"""


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("wan>lan 198.51.100.1>10.1.1.9 tcp 443", "deny rule 1"),
        ("wan>lan 192.0.2.1>10.1.1.9 tcp 443", "allow rule 2"),
        ("wan>lan 192.0.2.1>10.1.2.9 tcp 443", "deny default deny"),
        ("lan>wan 192.0.2.1>10.1.1.9 tcp 443", "deny default deny"),
        ("opt1>wan 2001:db8::1>2001:db8::2 tcp 80", "allow rule 3"),
    ],
)
def test_rules_of_pfsense_without_interfaces_are_rules_of_those_they_name(said: str, wanted: str, verdict: Ask) -> None:
    assert verdict(parser("pfsense").parse(PFSENSE), said).startswith(wanted)


def test_nothing_at_all_is_no_configuration() -> None:
    with pytest.raises(ParseError, match="not a configuration"):
        parser("pfsense").parse("<pfsense/>")


def test_the_address_of_an_interface_is_unknown_and_nothing_else_of_its_entry(verdict: Ask) -> None:
    text = (
        "access-list X extended permit tcp any interface outside eq 22 rule-id 7\n"
        "access-list X extended permit tcp interface outside host 10.1.1.8 eq 23 log\n"
    )
    rules = parser("asa").parse(text)
    assert verdict(rules, "> 192.0.2.1>10.1.1.8 tcp 22 acl=X") == "unknown"
    assert verdict(rules, "> 192.0.2.1>10.1.1.8 tcp 23 acl=X") == "unknown"
    assert verdict(rules, "> 192.0.2.1>10.1.1.9 tcp 23 acl=X").startswith("deny")
    assert verdict(rules, "> 192.0.2.1>10.1.1.8 udp 22 acl=X").startswith("deny")
    assert (
        compare(rules, parser("asa").parse(text.replace("interface outside host", "any host"))).verdict
        is Verdict.UNKNOWN
    )
    assert compare(rules, parser("asa").parse(text.replace("outside", "dmz"))).verdict is Verdict.UNKNOWN
