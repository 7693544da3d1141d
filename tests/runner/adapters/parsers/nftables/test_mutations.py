"""Every change of meaning is seen, with a packet that shows it; every rewriting that changes none is proven equal."""

import itertools
from pathlib import Path

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.model.impact import Effect, Verdict
from murenger.model.packet import packet_from_json
from murenger.semantics.compare import compare
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.ir import Ruleset
from murenger.semantics.verdict import Comparison, Reason

GATEWAY = (Path(__file__).parents[4] / "fixtures/nftables/rules/gateway.conf").read_text()
HOST = (Path(__file__).parents[4] / "fixtures/nftables/rules/host.conf").read_text()
PLAIN = """table inet plain {
	set admins {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/25, 198.51.100.7 }
	}

	map ways {
		type inet_service : verdict
		elements = { 25 : drop, 53 : accept }
	}

	chain services {
		tcp dport 8000-8100 return
		ip daddr 203.0.113.0/24 accept
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ip saddr 192.0.2.66 drop
		ip saddr @admins tcp dport 22 accept
		iifname "lan0" udp dport vmap @ways
		ip saddr 192.0.2.0/24 tcp sport 1024-65535 jump services
		ip6 saddr 2001:db8:1::/64 ip6 daddr != 2001:db8:2::/64 tcp dport { 80, 443 } accept
		ip daddr 203.0.113.40 tcp dport 8443 log prefix "odd " drop
		ip daddr 203.0.113.40 tcp dport 8000-9000 accept
		icmp type echo-request accept
	}

	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lan0" tcp dport 22 accept
	}
}
"""
RULES = PLAIN[PLAIN.index("\t\tip daddr 203.0.113.40 tcp dport 8443") : PLAIN.index("\t\ticmp type")]
ALSO = """	chain also {
		type filter hook forward priority 5; policy accept;
		tcp dport 22 drop
	}

"""
ADMINS = PLAIN[PLAIN.index("\tset admins") : PLAIN.index("\tmap ways")]
SERVICES = PLAIN[PLAIN.index("\tchain services") : PLAIN.index("\tchain forward")]
CARDS, PING = "\t\tip daddr 203.0.113.40 tcp dport 8443", "\t\ticmp type echo-request accept\n"
JUMP = "tcp sport 1024-65535 jump services"
NO_JUMP = "tcp sport 1024-65535 tcp dport != 8000-8100 ip daddr 203.0.113.0/24 accept"
SWAPPED = "".join(reversed(RULES.splitlines(keepends=True)))


def parsed(text: str) -> Ruleset:
    return parser_for("nftables").parse(text)


def edited(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def compared(golden: str, live: str) -> Comparison:
    return compare(parsed(golden), parsed(live))


def assert_different(golden: str, live: str) -> None:
    """Assert that they are proven different, by packets on which the interpreter agrees."""
    found = compared(golden, live)
    assert found.verdict is Verdict.DIFFERENT, found.unknowns
    certain = [region for region in found.regions if region.is_certain]
    assert certain
    for region in certain:
        was, now = trace(parsed(golden), region.witness), trace(parsed(live), region.witness)
        expected = (Answer.DENY, Answer.ALLOW) if region.opened else (Answer.ALLOW, Answer.DENY)
        assert (was.answer, now.answer) == expected


MUTANTS = {
    "swap of overlapping rules": ((RULES, SWAPPED),),
    "deciding rule deleted": (("\t\tip saddr 192.0.2.66 drop\n", ""),),
    "prefix of a rule widened": (("ip saddr 192.0.2.0/24 tcp", "ip saddr 192.0.2.0/23 tcp"),),
    "prefix of an element widened": (("192.0.2.0/25, 198", "192.0.2.0/24, 198"),),
    "IPv6 prefix widened": (("2001:db8:1::/64", "2001:db8:1::/63"),),
    "end of a port range + 1": (("8000-9000", "8000-9001"),),
    "start of a port range - 1": (("8000-9000", "7999-9000"),),
    "source port - 1": (("1024-65535", "1023-65535"),),
    "accept to drop": (("icmp type echo-request accept", "icmp type echo-request drop"),),
    "drop to accept": (("192.0.2.66 drop", "192.0.2.66 accept"),),
    "drop to reject and back is none, but accept to reject is": (("dport 8000-9000 accept", "dport 8000-9000 reject"),),
    "element added": (("198.51.100.7 }", "198.51.100.7-198.51.100.8 }"),),
    "element removed": ((", 198.51.100.7 }", " }"),),
    "anonymous element added": (("{ 80, 443 }", "{ 80, 443, 8080 }"),),
    "verdict of an element": (("25 : drop, 53 : accept", "25 : accept, 53 : accept"),),
    "element of a verdict map removed": (("25 : drop, 53 : accept", "25 : drop"),),
    "policy": (("hook forward priority filter; policy drop", "hook forward priority filter; policy accept"),),
    "policy of input": (("hook input priority filter; policy drop", "hook input priority filter; policy accept"),),
    "source negated": (("ip saddr 192.0.2.66 drop", "ip saddr != 192.0.2.66 drop"),),
    "negation lost": (("daddr != 2001", "daddr 2001"),),
    "set negated": (("saddr @admins", "saddr != @admins"),),
    "established deleted": (("\t\tct state established,related accept\n", ""),),
    "established widened": (("established,related accept", "established,related,new accept"),),
    "related dropped": (("established,related accept", "established accept"),),
    "state negated": (("ct state established,related accept", "ct state ! established,related accept"),),
    "protocol": (("tcp dport 22 accept\n\t\tiifname", "udp dport 22 accept\n\t\tiifname"),),
    "interface": (('iifname "lan0" tcp dport 22', 'iifname "lan1" tcp dport 22'),),
    "interface becomes a beginning": (('iifname "lan0" tcp dport 22', 'iifname "lan*" tcp dport 22'),),
    "interface the other way": (('iifname "lan0" udp', 'oifname "lan0" udp'),),
    "ICMP type": (("icmp type echo-request", "icmp type echo-reply"),),
    "jump becomes goto": (("jump services\n\t\tip6", "goto services\n\t\tip6"),),
    "return becomes accept": (("8000-8100 return", "8000-8100 accept"),),
    "return deleted": (("\t\ttcp dport 8000-8100 return\n", ""),),
    "rule of a chain that is jumped to": (("ip daddr 203.0.113.0/24 accept", "ip daddr 203.0.112.0/23 accept"),),
    "drop that logs to accept": (('port 8443 log prefix "odd " drop', 'port 8443 log prefix "odd " accept'),),
    "table dormant": (("table inet plain {\n", "table inet plain {\n\tflags dormant\n\n"),),
    "hook changed": (("hook input priority filter; policy drop", "hook output priority filter; policy drop"),),
    "second base chain": (("\tchain input {", ALSO + "\tchain input {"),),
    "IPv6-only rule added": (("\t\ticmp type echo", "\t\tip6 daddr 2001:db8::1 accept\n\t\ticmp type echo"),),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_change_of_meaning_is_proven_with_a_packet(name: str) -> None:
    live = edited(PLAIN, *MUTANTS[name])
    assert parsed(PLAIN) != parsed(live)
    assert_different(PLAIN, live)


TWINS = {
    "disjoint rules swapped": ((PING, ""), (CARDS, PING + CARDS)),
    "rule split in two": (
        ("dport 8000-9000 accept", "dport 8000-8500 accept\n\t\tip daddr 203.0.113.40 tcp dport 8501-9000 accept"),
    ),
    "prefix split in two": (("ip saddr 192.0.2.0/24 tcp", "ip saddr { 192.0.2.0/25, 192.0.2.128/25 } tcp"),),
    "prefix as a range": (("ip saddr 192.0.2.0/24 tcp", "ip saddr 192.0.2.0-192.0.2.255 tcp"),),
    "prefix as a mask": (("ip saddr 192.0.2.0/24 tcp", "ip saddr & 255.255.255.0 == 192.0.2.0 tcp"),),
    "elements in another order": (("192.0.2.0/25, 198.51.100.7", "198.51.100.7, 192.0.2.0/25"),),
    "element split": (("192.0.2.0/25, 198", "192.0.2.0/26, 192.0.2.64/26, 198"),),
    "verdicts in another order": (("25 : drop, 53 : accept", "53 : accept, 25 : drop"),),
    "set renamed": (("set admins", "set staff"), ("@admins", "@staff")),
    "map renamed": (("map ways", "map paths"), ("@ways", "@paths")),
    "set written in place": (("saddr @admins", "saddr { 192.0.2.0/25, 198.51.100.7 }"), (ADMINS, "")),
    "chain renamed": (("chain services", "chain servers"), ("jump services", "jump servers")),
    "comment added": (("\t\ticmp type echo-request accept", '\t\ticmp type echo-request accept comment "ping"'),),
    "conditions in another order": (
        ("ip daddr 203.0.113.40 tcp dport 8000-9000", "tcp dport 8000-9000 ip daddr 203.0.113.40"),
    ),
    "flattened by hand": ((JUMP, NO_JUMP), (SERVICES, "")),
    "dead rule": ((PING, PING + PING.replace("accept", "drop")),),
    "drop to reject": (("192.0.2.66 drop", "192.0.2.66 reject"),),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_a_rewriting_without_change_of_meaning_is_proven_equal(name: str) -> None:
    live = edited(PLAIN, *TWINS[name])
    assert live != PLAIN
    found = compared(PLAIN, live)
    assert found.verdict is Verdict.EQUAL, (found.regions, found.unknowns, found.residue)


def test_a_verdict_that_refuses_in_another_way_or_a_lost_log_is_handling() -> None:
    for change in (("192.0.2.66 drop", "192.0.2.66 reject"), ('log prefix "odd " drop', "drop")):
        assert compared(PLAIN, edited(PLAIN, change)).handling


UNDECIDED = {
    "translation": ("tcp dport 8080 dnat to 203.0.113.10:443", "tcp dport 8080 dnat to 203.0.113.11:443"),
    "translation added": ('oifname "wan0" masquerade', 'oifname "wan1" masquerade'),
    "ARP": ("arp operation request accept", "arp operation request drop"),
    "mark": ("meta mark set 0x00000007", "meta mark set 0x00000008"),
    "priority": ("hook output priority filter", "hook output priority security"),
    "rate": ("limit rate 5/minute", "limit rate 6/minute"),
    "rate of an object": ("rate 10/second", "rate 99/second"),
    "user": ("meta skuid 1000", "meta skuid 1001"),
    "reverse path": ("fib saddr . iif oif missing", "fib saddr . mark oif missing"),
    "run-time set": ("ip saddr @guests", "ip daddr @guests"),
    "something unknown": ("meta skuid 1000 drop", "xyzzy 7 meta skuid 1000 drop"),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_a_change_outside_the_model_is_never_equal(name: str) -> None:
    live = edited(GATEWAY, UNDECIDED[name])
    assert compared(GATEWAY, live).verdict is Verdict.UNKNOWN


INERT = {
    "table that sleeps": ("ip saddr 192.0.2.1 accept", "ip saddr 192.0.2.2 accept"),
    "set that no rule uses": ("203.0.113.99", "203.0.113.98"),
    "chain that none leads to": ("ip saddr 203.0.113.77 drop", "ip saddr 203.0.113.78 drop"),
}


@pytest.mark.parametrize("name", INERT)
def test_a_change_of_what_the_kernel_never_reads_is_equal_and_reported(name: str) -> None:
    found = compared(GATEWAY, edited(GATEWAY, INERT[name]))
    assert (found.verdict, found.residue, len(found.handling)) == (Verdict.EQUAL, (), 1)


PLAIN_CHAIN = (
    "table ip more { chain c { type filter hook forward priority %s; policy accept; tcp dport 8080 drop; } }\n"
)


def test_one_more_chain_that_drops_tightens_wherever_it_stands() -> None:
    for priority in ("-5", "filter", "50"):
        found = compared(PLAIN, PLAIN + PLAIN_CHAIN % priority)
        assert (found.verdict, found.effect) == (Verdict.DIFFERENT, Effect.TIGHTENS), found.unknowns
    assert compared(PLAIN_CHAIN % "-5", PLAIN_CHAIN % "50").verdict is Verdict.EQUAL


def test_a_table_put_to_sleep_widens() -> None:
    awake = PLAIN_CHAIN % "0"
    found = compared(awake, awake.replace("{ chain", "{ flags dormant; chain", 1))
    assert (found.verdict, found.effect) == (Verdict.DIFFERENT, Effect.WIDENS), found.unknowns


def test_what_stands_beside_the_tables_leaves_nothing_certain() -> None:
    rules = parsed(f"{PLAIN}\nadd rule inet filter forward drop\n")
    packet = packet_from_json({"in": "a", "out": "b", "src": "192.0.2.1", "dst": "192.0.2.2", "proto": "gre"})
    assert trace(parsed("table inet t {\n}\nadd rule inet t c drop\n"), packet).answer is Answer.UNKNOWN
    assert any(one.name == "outside every table" for one in rules.lists)
    with pytest.raises(ParseError):
        parsed("add rule inet filter forward drop\n")


def test_a_file_to_be_loaded_may_begin_by_flushing() -> None:
    assert compared(PLAIN, f"#!/usr/sbin/nft -f\nflush ruleset\n{PLAIN}").verdict is Verdict.EQUAL
    assert compared(PLAIN, f"{PLAIN}\nflush ruleset\n").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("text", [GATEWAY, HOST, PLAIN], ids=["gateway", "host", "plain"])
def test_a_ruleset_is_equal_to_itself_and_to_itself_without_comments(text: str) -> None:
    assert compared(text, text).verdict is Verdict.EQUAL
    bare = "\n".join(
        line.partition(' comment "')[0] for line in text.split("\n") if not line.strip().startswith("comment ")
    )
    assert bare != text or 'comment "' not in text
    assert compared(text, bare).verdict is Verdict.EQUAL


@pytest.mark.parametrize("text", [GATEWAY, HOST], ids=["gateway", "host"])
def test_no_deleted_rule_of_a_filter_goes_unnoticed(text: str) -> None:
    lines = text.split("\n")
    golden = parsed(text)
    verdicts = (" accept", " drop", " return", "reject", "vmap", "jump", "goto")
    # What the policy would do anyway.
    dead = (
        "icmp code host-unreachable drop",
        "udp dport 161 return",
        "udp dport 546 accept",
        "icmp admin-prohibited",
        "icmpv6 no-route",
        "slow",
        "@banned",
        # Of a chain that none leads to, and of a table that sleeps.
        "203.0.113.77 drop",
        "ip saddr 192.0.2.1 accept",
    )
    places = [n for n, line in enumerate(lines) if any(word in line for word in verdicts) and ";" not in line]
    assert len(places) > 10
    for place in places:
        live = parsed("\n".join(itertools.chain(lines[:place], lines[place + 1 :])))
        is_equal = compare(golden, live).verdict is Verdict.EQUAL
        assert is_equal is any(words in lines[place] for words in dead), lines[place]


def test_a_change_that_only_rewritten_packets_meet_is_not_equal() -> None:
    early = """table ip early {
	chain p {
		type filter hook prerouting priority mangle; policy accept;
		tcp dport 1 tcp dport set 2
	}
}
"""
    live = edited(PLAIN, ("dport 8000-9000 accept", "dport 8000-9001 accept"))
    assert compared(early + PLAIN, early + PLAIN).verdict is Verdict.EQUAL
    found = compared(early + PLAIN, early + live)
    assert found.verdict is Verdict.DIFFERENT
    assert any(unknown.reason is Reason.OPAQUE for unknown in found.unknowns)
