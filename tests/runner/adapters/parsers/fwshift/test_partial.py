"""Texts that hold policies alone: what they leave out is unknown by its name, and the rest is judged all the same.

Input: partial configurations of our own writing. Output: verdicts that were derived by hand.
"""

from collections.abc import Callable

import pytest

from murenger.adapters.parsers.fwshift.platforms import parser
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
