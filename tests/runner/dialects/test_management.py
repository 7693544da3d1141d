"""Management sections: what decides who may manage a device is found, with what it names, and nothing else is."""

import pytest

from murenger.dialects import dialect
from murenger.dialects.management import management_changes
from murenger.errors import ParseError

EOS = """\
hostname leaf1
!
interface Ethernet3
   description office
!
interface Management1
   description out of band
   ip address 198.51.100.129/25
   ip access-group OOB in
!
interface Vlan120
   ip access-group OFFICE in
   ip access-group LEAVING out
!
ip access-list OFFICE
   10 permit ip any any
!
ip access-list LEAVING
   10 permit ip any any
!
ip access-list OOB
   10 permit ip 192.0.2.0/24 any
!
ip access-list standard MGMT
   10 permit 192.0.2.0/24
!
control-plane
   ip access-group CPU in
!
management api http-commands
   no shutdown
   !
   vrf default
      ip access-group MGMT
!
end
"""
JUNOS = """\
system {
    services {
        netconf {
            ssh;
        }
    }
    radius-server {
        192.0.2.18;
    }
}
security {
    zones {
        security-zone trust {
            tcp-rst;
            interfaces {
                ge-0/0/1.0 {
                    host-inbound-traffic {
                        system-services {
                            ping;
                        }
                    }
                }
            }
        }
    }
}
interfaces {
    fxp0 {
        description "out of band";
    }
    ge-0/0/1 {
        unit 0 {
            family inet {
                filter {
                    input guard;
                    output leaving;
                }
            }
        }
    }
}
policy-options {
    prefix-list clients {
        192.0.2.0/24;
    }
    prefix-list others {
        192.0.2.0/24;
    }
}
firewall {
    family inet {
        filter guard {
            term ssh {
                from {
                    source-prefix-list {
                        clients;
                    }
                }
                then accept;
            }
        }
        filter leaving {
            term all {
                then accept;
            }
        }
    }
}
"""


def changed(platform: str, text: str, old: str, new: str, interface: str = "") -> list[tuple[str, str]]:
    """Return the last level and the rule list of each section that a change of text changes."""
    assert old in text
    found, _ = management_changes(text, text.replace(old, new, 1), dialect(platform), interface)
    return [(one.path[-1], one.rule_list) for one in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("description office", "description shop", []),
        ("description out of band", "description aside", []),
        ("198.51.100.129/25", "198.51.100.130/25", [("interface Management1", "")]),
        ("   10 permit 192.0.2.0/24", "   10 deny 192.0.2.0/24", [("ip access-list standard MGMT", "MGMT")]),
        ("   10 permit ip 192.0.2.0/24 any", "   10 deny ip any any", [("ip access-list OOB", "OOB")]),
        ("OFFICE\n   10 permit", "OFFICE\n   10 deny", [("ip access-list OFFICE", "OFFICE")]),
        ("LEAVING\n   10 permit", "LEAVING\n   10 deny", []),
        ("   ip access-group OFFICE in\n", "", [("ip access-group OFFICE in", ""), ("ip access-list OFFICE", "")]),
        ("ip access-group CPU in", "ip access-group MGMT in", [("control-plane", "")]),
        ("   no shutdown\n", "   shutdown\n", [("management api http-commands", "")]),
        ("hostname leaf1\n", "hostname leaf1\n!\nvrf instance OOB\n", [("vrf instance OOB", "")]),
    ],
)
def test_sections_of_a_switch(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert changed("eos", EOS, old, new) == expected


def test_an_interface_that_is_named_stands_for_all_others() -> None:
    assert changed("eos", EOS, "OFFICE\n   10 permit", "OFFICE\n   10 deny", "Management1") == []
    own = changed("eos", EOS, "   ip access-group OFFICE in\n", "", "Vlan120")
    assert own == [("interface Vlan120", ""), ("ip access-list OFFICE", "")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("netconf", "telnet", [("services", "")]),
        ("192.0.2.18", "192.0.2.19", []),
        ("tcp-rst;", "", []),
        ("ping;", "ssh;", [("interfaces", "")]),
        ("ge-0/0/1.0 {", "ge-0/0/2.0 {", [("interfaces", "")]),
        ("term ssh", "term any", [("filter guard", "guard")]),
        ("term all", "term none", []),
        ("192.0.2.0/24", "192.0.3.0/24", [("prefix-list clients", "guard")]),
        ("input guard;", "", [("input guard", ""), ("filter guard", ""), ("prefix-list clients", "")]),
        ('"out of band"', '"aside"', []),
    ],
)
def test_sections_of_an_srx(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert changed("junos", JUNOS, old, new) == expected


def test_the_interface_of_an_srx_may_be_named_with_its_unit() -> None:
    assert changed("junos", JUNOS, "term ssh", "term any", "ge-0/0/1.0") == [("filter guard", "guard")]
    assert changed("junos", JUNOS, "term ssh", "term any", "ge-0/0/2.0") == []


def test_an_inactive_section_is_a_section() -> None:
    assert changed("junos", JUNOS, "services {", "inactive: services {") == [
        ("services", ""),
        ("inactive: services", ""),
    ]


def test_a_name_is_no_pattern() -> None:
    hostile = EOS.replace("ip access-group MGMT", "ip access-group .*")
    assert changed("eos", hostile, "LEAVING\n   10 permit", "LEAVING\n   10 deny") == []


def test_lists_that_name_one_another_end() -> None:
    looped = JUNOS.replace("        192.0.2.0/24;", "        prefix-list clients;")
    assert changed("junos", looped, "prefix-list clients;", "prefix-list guard;") == [("prefix-list clients", "guard")]


def test_a_platform_whose_model_holds_it_has_none() -> None:
    text = "table inet t {\n}\n"
    assert management_changes(text, "table inet u {\n}\n", dialect("nftables")) == ((), 0)


def test_what_is_no_configuration_is_refused() -> None:
    with pytest.raises(ParseError):
        management_changes("system {", JUNOS, dialect("junos"))
