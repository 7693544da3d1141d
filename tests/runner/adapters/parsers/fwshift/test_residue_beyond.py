"""What a rule or an object says besides what it matches does not change unnoticed.

Input: the fixtures `perimeter`, each with one thing more said. Output: rules, handling or residue that differ.
"""

import re
from collections.abc import Callable

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.model.impact import Verdict
from murenger.semantics.compare import compare

Text = Callable[[str, str], str]

FILES = {"fortios": "perimeter.conf", "junos": "perimeter-srx.conf", "asa": "perimeter.txt", "ios": "perimeter.txt"}
FORTIOS_POLICY = (
    *("anti-replay disable", "auto-asic-offload disable", "np-acceleration disable", "session-ttl 300", "brand-new x"),
    *("tcp-mss-sender 1300", "timeout-send-rst enable", "tcp-session-without-syn all", "internet-service enable"),
    *("reputation-minimum 3", "policy-expiry enable", "ztna-status enable", "tos-mask 0x10", "groups g", "nat enable"),
    *(
        "av-profile x",
        "ssl-ssh-profile x",
        "application 15816",
        "vpntunnel x",
        "disclaimer enable",
        "port-preserve disable",
    ),
)
PF_RULE = (
    *(
        "nosync",
        "nopfsync",
        "associated-rule-id",
        "max",
        "max-src-conn",
        "statetimeout",
        "tag",
        "tagged",
        "os",
        "gateway",
    ),
    *(
        "dscp",
        "tcpflags1",
        "tcpflags_any",
        "allowopts",
        "dnpipe",
        "defaultqueue",
        "vlanprio",
        "floating",
        "disablereplyto",
    ),
    *("reply-to", "overload", "state-policy", "divert-to", "prio", "not", "brand-new"),
)
PANOS_RULE = (
    *("<log-start>yes</log-start>", "<log-setting>x</log-setting>", "<icmp-unreachable>yes</icmp-unreachable>"),
    *(
        "<qos><marking><ip-dscp>ef</ip-dscp></marking></qos>",
        "<rule-type>intrazone</rule-type>",
        "<nw-slice>x</nw-slice>",
    ),
    *(
        "<source-hip><member>x</member></source-hip>",
        "<target><negate>yes</negate></target>",
        "<brand-new>x</brand-new>",
    ),
    *("<option><disable-server-response-inspection>yes</disable-server-response-inspection></option>",),
)
SRX_PERMIT = (
    *("tcp-options { syn-check-required; }", "services-offload;", "tunnel { ipsec-vpn v; }", "brand-new;"),
    *("destination-address { drop-translated; }", "firewall-authentication { pass-through; }"),
)
MORE = [
    *(("fortios", "        set logtraffic all\n", f"        set {one}\n") for one in FORTIOS_POLICY),
    *(
        ("fortios", "        set tcp-portrange 3389\n", f"        set {one}\n")
        for one in (
            "session-ttl 300",
            "helper disable",
            "check-reset-range strict",
            "proxy enable",
        )
    ),
    *(
        ("fortios", "        set subnet 203.0.113.10 255.255.255.255\n", f"        set {one}\n")
        for one in ("allow-routing enable", "cache-ttl 3", "associated-interface port1", "fabric-object enable")
    ),
    *(("panos", "                  <description>the application alone</description>\n", one) for one in PANOS_RULE),
    ("panos", "                  <port>3389</port>\n", "<override><yes><timeout>5</timeout></yes></override>"),
    ("panos", "                  <port>3389</port>\n", "<source-port>1024</source-port>"),
    ("panos", "              <description>the database</description>\n", "<disable-override>no</disable-override>"),
    *(("junos", "            policy app-to-db {\n", f"then {{ permit {{ {one} }} }}\n") for one in SRX_PERMIT),
    *(
        ("junos", "        protocol tcp;\n        destination-port 3389;\n", f"{one};\n")
        for one in ("inactivity-timeout 60", "application-protocol ftp", "source-port 1", "brand-new x")
    ),
    *(("pfsense", "\t\t\t<descr>application to database</descr>\n", f"<{one}>1</{one}>") for one in PF_RULE),
    *(("opnsense", "      <descr>application to database</descr>\n", f"<{one}>1</{one}>") for one in PF_RULE),
    ("asa", "object network APP\n host 192.0.2.66\n", " nat (inside,outside) static 198.51.100.4\n"),
    ("asa", "mtu outside 1500\n", "no sysopt connection permit-vpn\n"),
    ("asa", "mtu outside 1500\n", "access-list ETH ethertype permit bpdu\n"),
    ("asa", "access-group INSIDE_IN in interface inside\n", "access-group BOX out interface inside\n"),
    ("ios", " ip access-group OFFICE-IN in\n", " ip verify unicast source reachable-via rx\n"),
    ("ios", " ip access-group OFFICE-IN in\n", " zone-member security Z\n"),
    ("ios", "ip http server\n", "no ip source-route\n"),
]


@pytest.mark.parametrize(("platform", "after", "more"), MORE)
def test_what_is_said_besides_is_seen(platform: str, after: str, more: str, configuration: Text) -> None:
    text = configuration(platform, FILES.get(platform, "perimeter.xml"))
    assert text.count(after) == 1
    read = parser_for(platform).parse
    found = compare(read(text), read(text.replace(after, after + more)))
    assert found.verdict is not Verdict.EQUAL or found.handling


@pytest.mark.parametrize("platform", ["pfsense", "opnsense"])
@pytest.mark.parametrize("value", ["<type>pass1</type>", "<ipprotocol>inet5</ipprotocol>", "<direction>up</direction>"])
def test_a_value_that_nobody_knows_makes_a_rule_of_pf_undecidable(
    platform: str, value: str, configuration: Text
) -> None:
    text = configuration(platform, "perimeter.xml")
    begin = text.rindex("<rule", 0, text.index("<descr>application to database"))
    end = text.index("</rule>", begin)
    tag = value[1 : value.index(">")]
    others = re.sub(rf"<{tag}>.*</{tag}>", "", text[begin:end])
    try:
        found = parser_for(platform).parse(text[:begin] + others + value + text[end:])
    except ParseError as refused:
        said = str(refused)
    else:
        said = " ".join(one.text for one in found.remarks if "application to database" in one.text)
    assert said, "refused, or said to be undecidable or not loaded"
