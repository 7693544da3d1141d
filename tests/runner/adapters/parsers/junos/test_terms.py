"""Terms of firewall filters decide the packets at their edges as Juniper says.

Input: one term, or a few, in a filter that is bound nowhere. Output: verdicts derived by hand.
"""

from collections.abc import Callable, Mapping

import pytest

from murenger.adapters.parsers import parser_for
from murenger.semantics.ir import Ruleset

Verdict = Callable[[Ruleset, Mapping[str, object]], str]

A, B = "192.0.2.1", "198.51.100.7"


def _read(*terms: str, family: str = "inet", more: str = "") -> Ruleset:
    body = "".join(f"term t{number} {{ {term} }}\n" for number, term in enumerate(terms))
    return parser_for("junos").parse(f"firewall {{ family {family} {{ filter T {{ {body} }} }} {more} }}\n")


def _tcp(dport: int = 80, src: str = A, dst: str = B, **more: object) -> dict[str, object]:
    return {"acl": "T", "src": src, "dst": dst, "proto": "tcp", "dport": dport, **more}


def _udp(dport: int = 80) -> dict[str, object]:
    return {**_tcp(dport), "proto": "udp"}


def _icmp(kind: int = 8, code: int = 0) -> dict[str, object]:
    return {"acl": "T", "src": A, "dst": B, "proto": "icmp", "type": kind, "code": code}


GRE = {"acl": "T", "src": A, "dst": B, "proto": "gre"}
TCP = "protocol tcp;"

CASES = [
    # from, packet, verdict with `then accept`
    ("", _tcp(), "allow"),
    ("protocol tcp;", _tcp(), "allow"),
    ("protocol tcp;", _udp(), "deny"),
    ("protocol [ udp gre ];", GRE, "allow"),
    ("protocol 47;", GRE, "allow"),
    ("protocol 6-17;", _udp(), "allow"),
    ("protocol-except [ tcp udp ];", _udp(), "deny"),
    ("protocol-except [ tcp udp ];", GRE, "allow"),
    ("source-address { 192.0.2.0/25; }", _tcp(src="192.0.2.127"), "allow"),
    ("source-address { 192.0.2.0/25; }", _tcp(src="192.0.2.128"), "deny"),
    ("source-address 192.0.2.1;", _tcp(src="192.0.2.1"), "allow"),
    ("source-address 192.0.2.1;", _tcp(src="192.0.2.0"), "deny"),
    ("source-address { 192.0.2.0/24; 192.0.2.64/26 except; 192.0.2.99/32; }", _tcp(src="192.0.2.63"), "allow"),
    ("source-address { 192.0.2.0/24; 192.0.2.64/26 except; 192.0.2.99/32; }", _tcp(src="192.0.2.64"), "deny"),
    ("source-address { 192.0.2.0/24; 192.0.2.64/26 except; 192.0.2.99/32; }", _tcp(src="192.0.2.99"), "allow"),
    ("source-address { 192.0.2.64/26 except; 192.0.2.0/24; }", _tcp(src="192.0.2.127"), "deny"),
    ("source-address { 192.0.2.64/26 except; }", _tcp(src="192.0.2.1"), "deny"),
    ("source-address { 192.0.2.0/24; 192.0.2.0/24 except; }", _tcp(), "unknown"),
    ("source-address { 10.9.0.3/255.255.0.255; }", _tcp(src="10.9.77.3"), "allow"),
    ("source-address { 10.9.0.3/255.255.0.255; }", _tcp(src="10.9.77.4"), "deny"),
    ("source-address { 10.9.0.3/255.255.0.255; 10.9.1.0/24 except; }", _tcp(src="10.9.77.3"), "unknown"),
    ("source-address { 10.0.0.3/255.0.0.255; }", _tcp(src="10.9.77.3"), "unknown"),
    ("source-address { 2001:db8::/32; }", _tcp(), "unknown"),
    ("source-address { 192.0.2.0/33; }", _tcp(), "unknown"),
    ("address { 198.51.100.0/24; }", _tcp(), "allow"),
    ("address { 198.51.100.0/24; }", _tcp(src=B, dst=A), "allow"),
    ("address { 198.51.100.0/24; }", _tcp(dst="203.0.113.1"), "deny"),
    ("address { 198.51.100.0/24; } source-address { 192.0.2.0/24; }", _tcp(src=B, dst=A), "deny"),
    ("protocol tcp; destination-port ssh;", _tcp(22), "allow"),
    ("protocol tcp; destination-port ssh;", _tcp(23), "deny"),
    ("protocol tcp; destination-port [ ssh 8000-8010 ];", _tcp(8010), "allow"),
    ("protocol tcp; destination-port [ ssh 8000-8010 ];", _tcp(8011), "deny"),
    ("protocol tcp; destination-port-except [ ssh 8000-8010 ];", _tcp(8010), "deny"),
    ("protocol tcp; destination-port-except [ ssh 8000-8010 ];", _tcp(8011), "allow"),
    ("protocol tcp; source-port 20;", _tcp(20, sport=21), "deny"),
    ("protocol tcp; port 20;", _tcp(20, sport=21), "allow"),
    ("protocol tcp; port 20;", _tcp(21, sport=20), "allow"),
    ("protocol tcp; port 20;", _tcp(21, sport=22), "deny"),
    ("protocol tcp; port 20; source-port 21;", _tcp(20, sport=21), "allow"),
    ("protocol tcp; port 20; source-port 21;", _tcp(21, sport=20), "deny"),
    ("protocol icmp; icmp-type echo-request;", _icmp(8), "allow"),
    ("protocol icmp; icmp-type echo-request;", _icmp(0), "deny"),
    ("protocol icmp; icmp-type [ unreachable ]; icmp-code [ 4 port-unreachable ];", _icmp(3, 3), "allow"),
    ("protocol icmp; icmp-type [ unreachable ]; icmp-code [ 4 port-unreachable ];", _icmp(3, 2), "deny"),
    ("protocol icmp; icmp-type-except echo-request;", _icmp(8), "deny"),
    ("protocol icmp; icmp-type-except echo-request;", _icmp(9), "allow"),
    ("protocol tcp; tcp-established;", _tcp(flags="ack"), "allow"),
    ("protocol tcp; tcp-established;", _tcp(flags="syn"), "deny"),
    ("protocol tcp; tcp-initial;", _tcp(flags="syn"), "allow"),
    ("protocol tcp; tcp-initial;", _tcp(flags="ack"), "deny"),
    ('protocol tcp; tcp-flags "syn & !ack";', _tcp(flags="syn"), "allow"),
    ('protocol tcp; tcp-flags "(ack | rst)";', _tcp(flags="rst"), "allow"),
    ('protocol tcp; tcp-flags "(ack | rst)";', _tcp(flags="none"), "deny"),
    # A match that does not fit the protocol compares whatever bytes are there.
    ("destination-port 80;", _tcp(80), "allow"),
    ("destination-port 80;", _udp(80), "allow"),
    ("destination-port 80;", _udp(81), "deny"),
    ("destination-port 80;", GRE, "unknown"),
    ("destination-port 80;", _icmp(), "unknown"),
    ("icmp-type 8;", _icmp(8), "allow"),
    ("icmp-type 8;", _icmp(9), "deny"),
    ("icmp-type 8;", _tcp(), "unknown"),
    ("tcp-established;", _tcp(flags="ack"), "allow"),
    ("tcp-established;", _udp(), "unknown"),
    ("protocol [ tcp icmp ]; destination-port 80;", _icmp(), "unknown"),
    ("protocol [ tcp icmp ]; destination-port 80;", _udp(80), "deny"),
    # What is not understood is neither any nor nothing.
    ('protocol tcp; tcp-flags "syn";', _tcp(), "unknown"),
    ("protocol tcp; tcp-flags [ syn fin ];", _udp(), "deny"),
    ("protocol no-such-protocol;", _tcp(), "unknown"),
    ("protocol 256;", _tcp(), "unknown"),
    ("protocol tcp; destination-port no-such-port;", _tcp(), "unknown"),
    ("protocol tcp; destination-port 65536;", _tcp(), "unknown"),
    ("protocol tcp; destination-port no-such-port;", _udp(), "deny"),
    ("protocol tcp; destination-port 80; dscp ef;", _tcp(80), "unknown"),
    ("protocol tcp; destination-port 80; dscp ef;", _tcp(81), "deny"),
    ("is-fragment;", _tcp(), "unknown"),
    ("interface ge-0/0/0.0;", _tcp(), "unknown"),
    ("source-prefix-list { nowhere; }", _tcp(), "unknown"),
    ("some-new-field 7;", _tcp(), "unknown"),
]


@pytest.mark.parametrize(("source", "packet", "expected"), CASES, ids=lambda value: str(value)[:60])
def test_a_term_decides_as_documented(source: str, packet: dict[str, object], expected: str, verdict: Verdict) -> None:
    assert verdict(_read(f"from {{ {source} }} then accept;"), packet) == expected


ACTIONS = [
    ("then accept;", "allow"),
    ("then discard;", "deny"),
    ("then { reject tcp-reset; }", "deny"),
    ("then { count seen; log; syslog; sample; }", "allow"),
    ("then { loss-priority high; forwarding-class assured-forwarding; accept; }", "allow"),
    ("", "allow"),
    ("then { policer slow; accept; }", "unknown"),
    ("then { policer slow; discard; }", "deny"),
    ("then { routing-instance red; }", "unknown"),
    ("then { accept; discard; }", "unknown"),
    ("then { some-new-action; }", "unknown"),
    ("filter OTHER;", "unknown"),
]


@pytest.mark.parametrize(("action", "expected"), ACTIONS)
def test_an_action_decides_as_documented(action: str, expected: str, verdict: Verdict) -> None:
    assert verdict(_read(action), _tcp()) == expected


def test_next_term_decides_nothing(verdict: Verdict) -> None:
    ruleset = _read("from { protocol tcp; } then { count seen; next term; }", "from { protocol udp; } then accept;")
    assert verdict(ruleset, _tcp()) == "deny"
    assert verdict(ruleset, _udp()) == "allow"
    assert [(one.name, one.is_inert) for one in ruleset.residue] == [("idle terms", True)]


def test_no_term_matches_is_discarded(verdict: Verdict) -> None:
    assert verdict(_read("from { protocol udp; } then accept;"), _tcp()) == "deny"


def test_terms_decide_in_their_order(verdict: Verdict) -> None:
    ruleset = _read("from { protocol tcp; } then discard;", "then accept;")
    assert (verdict(ruleset, _tcp()), verdict(ruleset, _udp())) == ("deny", "allow")
    assert [rule.provenance.rule for rule in ruleset.lists[0].rules] == ["T t0", "T t1", "T implicit discard"]


def test_ipv6_filters_read_next_headers_and_their_own_messages(verdict: Verdict) -> None:
    ruleset = _read(
        "from { next-header icmp6; icmp-type neighbor-solicit; } then accept;",
        "from { payload-protocol tcp; destination-address 2001:db8::/33; destination-port https; } then accept;",
        family="inet6",
    )
    packet = {"acl": "T", "src": "2001:db8::1", "dst": "2001:db8::7"}
    assert verdict(ruleset, {**packet, "proto": "icmpv6", "type": 135}) == "allow"
    assert verdict(ruleset, {**packet, "proto": "icmpv6", "type": 136}) == "deny"
    assert verdict(ruleset, {**packet, "proto": "tcp", "dport": 443}) == "allow"
    assert verdict(ruleset, {**packet, "proto": "tcp", "dport": 443, "dst": "2001:db8:8000::"}) == "deny"


def test_a_filter_without_a_family_is_one_of_inet(verdict: Verdict) -> None:
    ruleset = parser_for("junos").parse("firewall { filter T { term a { then accept; } } }")
    assert verdict(ruleset, _tcp()) == "allow"


PREFIXES = "policy-options { prefix-list P { 192.0.2.0/24; 192.0.2.64/26; 2001:db8::/32; } }"


@pytest.mark.parametrize(
    ("source", "src", "expected"),
    [
        ("source-prefix-list { P; }", "192.0.2.255", "allow"),
        ("source-prefix-list { P; }", "192.0.3.0", "deny"),
        ("prefix-list { P; }", "192.0.3.0", "deny"),
        ("prefix-list { P; }", "192.0.2.0", "allow"),
        ("source-address { 0.0.0.0/0; } source-prefix-list { P except; }", "192.0.2.64", "deny"),
        ("source-address { 0.0.0.0/0; } source-prefix-list { P except; }", "192.0.3.0", "allow"),
        ("source-address { 192.0.2.7/32; } source-prefix-list { P except; }", "192.0.2.7", "allow"),
        ("source-address { 192.0.2.7/32; } source-prefix-list { P except; }", "192.0.2.8", "deny"),
    ],
)
def test_prefix_lists_are_part_of_the_addresses(source: str, src: str, expected: str, verdict: Verdict) -> None:
    text = f"firewall {{ family inet {{ filter T {{ term a {{ from {{ {source} }} then accept; }} }} }} }} {PREFIXES}"
    ruleset = parser_for("junos").parse(text)
    assert verdict(ruleset, _tcp(src=src)) == expected
    assert {(one.name, one.family) for one in ruleset.addresses} == {("P", 4), ("P", 6)}
    assert ruleset.residue == ()


@pytest.mark.parametrize("body", ['apply-path "system radius-server <*>";', "2001:db8::/32;", "10.0.0.0/40;"])
def test_a_prefix_list_that_is_computed_empty_or_strange_is_unknown(body: str, verdict: Verdict) -> None:
    source = "from { source-prefix-list { P; } protocol tcp; }"
    ruleset = parser_for("junos").parse(
        f"policy-options {{ prefix-list P {{ {body} }} }}\n"
        f"firewall {{ family inet {{ filter T {{ term a {{ {source} then accept; }} }} }} }}"
    )
    assert (verdict(ruleset, _tcp()), verdict(ruleset, _udp())) == ("unknown", "deny")
