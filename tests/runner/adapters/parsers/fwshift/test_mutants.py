"""Changes that change what passes change the rules; changes of spelling do not.

Input: fixtures with one edit each: rules swapped, widened, flipped, switched on or off, groups grown, defaults turned;
and edits that keep the meaning. Output: rules that differ, or do not.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
from murenger.semantics.ir import Ruleset

Text = Callable[[str, str], str]

ASA, IOS, IPT, FTG = "gateway.txt", "edge.txt", "gateway.txt", "office.conf"
PAN, SRX, PFS, OPN = "vsys.xml", "srx.conf", "config.xml", "config.xml"

MUTANTS = [
    ("asa", ASA, "deny ip host 203.0.113.66", "deny ip host 203.0.113.67"),
    ("asa", ASA, "10.2.3.0 255.255.255.0", "10.2.2.0 255.255.254.0"),
    ("asa", ASA, "range 8000 8080", "range 8000 8081"),
    ("asa", ASA, "DMZ_OUT extended deny tcp", "DMZ_OUT extended permit tcp"),
    ("asa", ASA, " network-object host 10.1.1.50", " network-object host 10.1.1.50\n network-object host 10.1.1.51"),
    ("asa", ASA, "permit ip any any inactive", "permit ip any any"),
    ("asa", ASA, "access-group DMZ_IN in interface dmz\n", ""),
    ("asa", ASA, "OUTSIDE_IN in interface outside", "DMZ_IN in interface outside"),
    ("asa", ASA, "access-group DMZ_OUT out interface dmz", "access-group DMZ_OUT out interface guest"),
    ("asa", ASA, "access-group GLOBAL global\n", ""),
    ("asa", ASA, "permit inter-interface", "permit intra-interface"),
    ("asa", ASA, "time-range office\n", "time-range other\n"),
    ("asa", ASA, "icmp-object echo-reply", "icmp-object unreachable"),
    ("asa", ASA, "source range 1024 65535", "source range 1023 65535"),
    ("ios", IOS, "established", "log"),
    ("ios", IOS, "10.1.2.0 255.255.255.0", "10.1.2.0 255.255.254.0"),
    ("ios", IOS, "eq www 443", "eq www 443 8443"),
    ("ios", IOS, "range 100 200", "range 100 201"),
    ("ios", IOS, " ip access-group 101 out\n", ""),
    ("ios", IOS, " ip access-group OUTSIDE in", " ip access-group INSIDE_OUT in"),
    ("ios", IOS, "weekdays 8:00 to 18:00", "daily 8:00 to 18:00"),
    ("ios", IOS, "permit tcp 10.1.0.0 0.0.255.255 any reflect", "permit tcp 10.0.0.0 0.255.255.255 any reflect"),
    ("ios", IOS, " 20 deny   10.0.0.0", " 5 deny   10.0.0.0"),
    ("ios", "zones.txt", "  drop log", "  inspect"),
    ("ios", "zones.txt", "any eq www", "any eq 8080"),
    ("ios", "zones.txt", " zone-member security OUTSIDE", " zone-member security INSIDE"),
    ("iptables", IPT, ":FORWARD DROP", ":FORWARD ACCEPT"),
    (
        "iptables",
        IPT,
        "RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -j checks",
        "ESTABLISHED -j ACCEPT\n-A FORWARD -j checks",
    ),
    ("iptables", IPT, "-A FORWARD -j checks\n", ""),
    ("iptables", IPT, "--dport 67:68", "--dport 67:69"),
    ("iptables", IPT, "! -d 192.168.0.0/16", "-d 192.168.0.0/16"),
    ("iptables", IPT, "-p tcp -g web", "-p tcp -j web"),
    ("iptables", IPT, "-s 10.9.0.0/16 -j RETURN", "-s 10.9.0.0/17 -j RETURN"),
    ("iptables", IPT, "--limit 5/sec", "--limit 6/sec"),
    ("iptables", IPT, "-i eth+", "-i eth0"),
    ("iptables", IPT, "! --syn", "--syn"),
    ("iptables", IPT, "-A OUTPUT -d 203.0.113.66/32 -j DROP\n", ""),
    ("fortios", FTG, "edit 7\n", "edit 70\n"),
    ("fortios", FTG, "subnet 10.2.2.0 255.255.255.0", "subnet 10.2.2.0 255.255.254.0"),
    ("fortios", FTG, "8000-8080:1024", "8000-8081:1024"),
    ("fortios", FTG, 'set member "web1" "db-net"', 'set member "web1" "db-net" "unused"'),
    ("fortios", FTG, "set status disable", "set status enable"),
    ("fortios", FTG, "set srcaddr-negate enable", "set srcaddr-negate disable"),
    ("fortios", FTG, "set start 08:00", "set start 00:00"),
    ("fortios", FTG, "set intrazone allow", "set intrazone deny"),
    ("fortios", FTG, 'mappedip "10.1.1.99"', 'mappedip "10.1.1.98"'),
    ("panos", PAN, "<ip-range>10.1.1.20-10.1.1.29", "<ip-range>10.1.1.20-10.1.1.30"),
    ("panos", PAN, "<port>8443,9000-9010", "<port>8443,9000-9011"),
    ("panos", PAN, "<negate-destination>yes", "<negate-destination>no"),
    ("panos", PAN, "<disabled>yes", "<disabled>no"),
    ("panos", PAN, "<member>22:00-06:00", "<member>22:00-07:00"),
    ("panos", PAN, "<rule-type>intrazone", "<rule-type>universal"),
    ("panos", PAN, "<action>drop", "<action>allow"),
    ("panos", PAN, "<action>deny</action>\n                  <log-end>", "<action>allow</action>\n<log-end>"),
    ("junos", SRX, "address db 10.2.0.0/16", "address db 10.2.0.0/15"),
    ("junos", SRX, "destination-port 8000-8080", "destination-port 8000-8081"),
    ("junos", SRX, "inactive: policy everything", "policy everything"),
    ("junos", SRX, "policy bad-guys {", "inactive: policy bad-guys {"),
    ("junos", SRX, "source-address-excluded;", ""),
    ("junos", SRX, "stop-time 18:00", "stop-time 19:00"),
    ("junos", SRX, "deny-all;", "permit-all;"),
    ("junos", SRX, "address-set nested {\n", "address-set nested {\n                address unused;\n"),
    ("pfsense", PFS, "10.1.1.64/26", "10.1.1.64/25"),
    ("pfsense", PFS, "8000:8080", "8000:8081"),
    ("pfsense", PFS, "<disabled/>", ""),
    ("pfsense", PFS, "<not/>\n      </source>", "</source>"),
    ("pfsense", PFS, "<hour>8:00-18:00", "<hour>8:00-19:00"),
    ("pfsense", PFS, "<quick>yes</quick>", ""),
    ("pfsense", PFS, "<blockpriv/>", ""),
    ("opnsense", OPN, "!10.5.0.0/16", "!10.5.0.0/17"),
    ("opnsense", OPN, "<content>SE", "<content>NO"),
    ("opnsense", OPN, "<sequence>3", "<sequence>0"),
    ("opnsense", OPN, "<disabled>1</disabled>", ""),
    ("opnsense", OPN, "<destination_port>443", "<destination_port>444"),
]

REWRITES = [
    ("asa", ASA, "web-range", "web-others"),
    ("asa", ASA, "eq https", "eq 443"),
    (
        "asa",
        ASA,
        " network-object 10.2.3.0 255.255.255.0",
        " network-object 10.2.3.0 255.255.255.128\n network-object 10.2.3.128 255.255.255.128",
    ),
    ("ios", IOS, "eq www 443", "eq 80 443"),
    ("ios", IOS, "WEB", "SHOP"),
    ("iptables", IPT, "--dports 53,123", "--dports 123,53"),
    ("iptables", IPT, "-s 10.1.1.0/24 ! -d", "-s 10.1.1.77/24 ! -d"),
    ("iptables", IPT, "-A INPUT -i lo -j ACCEPT", '-A INPUT -i lo -m comment --comment "ours" -j ACCEPT'),
    ("fortios", FTG, '"nested"', '"all-of-them"'),
    ("fortios", FTG, 'set dstaddr "db-net" "pool"', 'set dstaddr "pool" "db-net"'),
    ("panos", PAN, "<ip-netmask>192.0.2.123<", "<ip-netmask>192.0.2.123/32<"),
    ("panos", PAN, '<entry name="web in"', '<entry name="web inbound"'),
    ("junos", SRX, "[ junos-https app1 ]", "[ app1 junos-https ]"),
    ("junos", SRX, "policy web-in", "policy web-inbound"),
    ("pfsense", PFS, "80 443 8000:8080", "8000:8080 443 80"),
    ("pfsense", PFS, "<descr>lan out", "<descr>outbound"),
    ("opnsense", OPN, "10.1.1.10\n10.1.1.11", "10.1.1.11\n10.1.1.10"),
]


def _decisions(found: Ruleset) -> object:
    """Return what rules decide: residue, names and handling aside."""
    lists = {
        (one.hooks, one.acl, tuple((rule.action, rule.any_of, rule.unless) for rule in one.rules))
        for one in found.lists
    }
    return lists, found.zones


@pytest.mark.parametrize(("platform", "name", "before", "after"), MUTANTS)
def test_a_change_of_what_passes_changes_the_rules(
    platform: str, name: str, before: str, after: str, configuration: Text
) -> None:
    text = configuration(platform, name)
    assert before in text
    old, new = (parser(platform).parse(one) for one in (text, text.replace(before, after, 1)))
    if after == "edit 70\n":
        assert [rule.handling for rule in old.lists[0].rules] != [rule.handling for rule in new.lists[0].rules]
    else:
        assert _decisions(old) != _decisions(new)


@pytest.mark.parametrize(("platform", "name", "before", "after"), REWRITES)
def test_a_change_of_spelling_changes_no_rule(
    platform: str, name: str, before: str, after: str, configuration: Text
) -> None:
    text = configuration(platform, name)
    assert before in text
    old, new = (parser(platform).parse(one) for one in (text, text.replace(before, after)))
    assert _decisions(old) == _decisions(new)


def _swapped(text: str, first: str, second: str) -> str:
    one, two = text.index(first), text.index(second)
    assert one < two
    return text[:one] + second + text[one + len(first) : two] + first + text[two + len(second) :]


def _block(text: str, begin: str, end: str) -> str:
    start = text.index(begin)
    return text[start : text.index(end, start) + len(end)]


@pytest.mark.parametrize(
    ("platform", "name", "rules", "end"),
    [
        (
            "asa",
            ASA,
            ("access-list OUTSIDE_IN extended deny", "access-list OUTSIDE_IN extended permit tcp any object"),
            "\n",
        ),
        ("ios", IOS, ("access-list 101 permit", "access-list 101 deny"), "\n"),
        ("iptables", IPT, ("-A checks -s", "-A checks -p"), "\n"),
        ("fortios", FTG, ("    edit 7\n", "    edit 3\n"), "    next\n"),
        ("panos", PAN, ('<entry name="bad guys">', '<entry name="web in"'), "</entry>"),
        ("junos", SRX, ("policy bad-guys {", "policy web-in {"), "\n            }\n"),
        (
            "pfsense",
            PFS,
            (
                "    <rule>\n      <type>block</type>\n      <interface>lan",
                "    <rule>\n      <type>pass</type>\n      <interface>lan",
            ),
            "    </rule>\n",
        ),
        ("opnsense", OPN, ("<sequence>2", "<sequence>3"), "</sequence>"),
    ],
)
def test_two_rules_that_change_places_change_the_rules(
    platform: str, name: str, rules: tuple[str, str], end: str, configuration: Text
) -> None:
    text = configuration(platform, name)
    other = _swapped(text, *(_block(text, rule, end) for rule in rules))
    before, after = (
        [[(rule.action, rule.any_of, rule.unless) for rule in one.rules] for one in parser(platform).parse(each).lists]
        for each in (text, other)
    )
    assert before != after
