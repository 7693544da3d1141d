"""Chains as pure first-match lists: jumps, gotos, returns, verdict maps, policies, hooks, composition."""

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import Answer, Trace, trace
from murenger.semantics.ir import EVERYTHING, Hook, Ruleset

FORWARD = "type filter hook forward priority filter; policy drop;"


def table(*chains: str, family: str = "inet", name: str = "t", first: str = "") -> str:
    blocks = []
    for chain in chains:
        label, _, rules = chain.partition(": ")
        rows = "".join(f"\t\t{rule.strip()}\n" for rule in rules.split("|"))
        blocks.append(f"\tchain {label} {{\n{rows}\t}}\n")
    return f"table {family} {name} {{\n{first}" + "\n".join(blocks) + "}\n"


def parsed(text: str) -> Ruleset:
    ruleset = parser_for("nftables").parse(text)
    for one in ruleset.lists:
        assert one.rules[-1].any_of == EVERYTHING
        assert not one.rules[-1].unless
    return ruleset


def traced(text: str, **change: object) -> Trace:
    packet = {"in": "eth0", "out": "eth1", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "tcp", "dport": 22}
    said = {name: value for name, value in (packet | change).items() if value is not None}
    return trace(parsed(text), packet_from_json(said))


def ports(text: str, *numbers: int) -> str:
    letters = {Answer.ALLOW: "a", Answer.DENY: "d", Answer.UNKNOWN: "?"}
    return "".join(letters[traced(text, dport=number).answer] for number in numbers)


@pytest.mark.parametrize(
    ("sub", "after", "expected"),
    [
        # ports 1, 2, 3, 4; what leads to the chain: ports 1 to 3
        ("tcp dport 1 accept", "drop", "addd"),
        ("tcp dport 1 accept", "accept", "aaaa"),
        ("tcp dport 1 return|drop", "accept", "adda"),
        ("tcp dport 1-2 return|tcp dport 2-3 drop", "tcp dport 2-4 accept", "dada"),
        ("tcp dport 1 drop|return|drop", "accept", "daaa"),
        ("tcp dport 2 continue|tcp dport 2 drop", "accept", "adaa"),
        ("counter|tcp dport != 3 return|drop", "accept", "aada"),
    ],
)
def test_a_jump_comes_back_to_the_rule_after_it(sub: str, after: str, expected: str) -> None:
    text = table(f"sub: {sub}", f"forward: {FORWARD}|tcp dport 1-3 jump sub|{after}")
    assert ports(text, 1, 2, 3, 4) == expected


@pytest.mark.parametrize(
    ("sub", "after", "expected"),
    [
        ("tcp dport 1 accept", "accept", "adda"),
        ("tcp dport 1 return|tcp dport 1-2 accept", "accept", "dada"),
    ],
)
@pytest.mark.parametrize("by", ["goto sub", "jump middle"])
def test_a_goto_does_not_come_back(sub: str, after: str, expected: str, by: str) -> None:
    middle = "tcp dport 1-3 goto sub|drop" if by == "jump middle" else "drop"
    text = table(f"sub: {sub}", f"middle: {middle}", f"forward: {FORWARD}|tcp dport 1-3 {by}|{after}")
    # What a goto inside a jumped-to chain does not decide, the rule after the jump does.
    assert ports(text, 1, 2, 3, 4) == (expected if by == "goto sub" else "aaaa")


def test_a_goto_in_a_chain_that_was_jumped_to_skips_the_rest_of_that_chain_alone() -> None:
    chains = (
        "last: tcp dport 1 accept",
        "sub: tcp dport 1-2 goto last|tcp dport 2-3 drop",
        f"forward: {FORWARD}|jump sub|accept",
    )
    assert ports(table(*chains), 1, 2, 3, 4) == "aada"


def test_return_and_goto_in_a_base_chain_mean_its_policy() -> None:
    assert ports(table(f"forward: {FORWARD}|tcp dport 1 return|accept"), 1, 2) == "da"
    accepting = "type filter hook forward priority filter; policy accept;"
    assert ports(table("sub: tcp dport 5 drop", f"forward: {accepting}|tcp dport 1 goto sub|drop"), 1, 2) == "ad"


def test_a_return_under_an_exception_leaves_the_exception_in_the_chain() -> None:
    sub = "sub: ip saddr . tcp dport != { 192.0.2.1 . 1 } tcp dport 1-2 return|drop"
    assert ports(table(sub, f"forward: {FORWARD}|tcp dport 1-3 jump sub|accept"), 1, 2, 3, 4) == "dada"
    assert (
        traced(table(sub, f"forward: {FORWARD}|tcp dport 1-3 jump sub|accept"), src="192.0.2.2", dport=1).answer
        is Answer.ALLOW
    )


def test_a_return_that_may_happen_leaves_both_ways_open() -> None:
    text = table("sub: ip ttl 1 return|drop", f"forward: {FORWARD}|tcp dport 1 jump sub|accept")
    assert ports(text, 1, 2) == "?a"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ("1 : accept, 2-3 : drop", "adda"),
        ("1 : jump sub, 2 : goto sub, 3 : return", "aada"),
        ("1 : drop, * : accept", "daaa"),
        ("1 : continue, 2 : drop, * : drop", "addd"),
    ],
)
def test_a_verdict_map_decides_element_by_element_and_a_miss_goes_on(elements: str, expected: str) -> None:
    for data, first in (
        (f"{{ {elements} }}", ""),
        (
            "@m",
            f"\tmap m {{\n\t\ttype inet_service : verdict\n\t\tflags interval\n\t\telements = {{ {elements} }}\n\t}}\n",
        ),
    ):
        text = table("sub: tcp dport 1-2 accept", f"forward: {FORWARD}|tcp dport vmap {data}|accept", first=first)
        assert ports(text, 1, 2, 3, 4) == expected


def test_a_verdict_map_may_be_of_a_concatenation_or_of_states() -> None:
    text = table(
        f"forward: {FORWARD}|ip saddr . tcp dport vmap {{ 192.0.2.0/24 . 1-2 : accept, 192.0.2.1 . 3 : drop }}|accept"
    )
    assert ports(text, 1, 3, 4) == "ada"
    text = table(f"forward: {FORWARD}|ct state vmap {{ established : accept, invalid : drop }}|tcp dport 1 accept")
    assert traced(text, dport=1, state="invalid").answer is Answer.DENY
    assert traced(text, dport=2, state="established").answer is Answer.ALLOW
    assert traced(text, dport=2).answer is Answer.DENY


def test_a_verdict_map_that_is_filled_at_run_time_leaves_every_verdict_open() -> None:
    first = "\tmap m {\n\t\ttype inet_service : verdict\n\t\tflags dynamic,timeout\n\t}\n"
    text = table("sub: tcp dport vmap @m|drop", f"forward: {FORWARD}|jump sub|accept", first=first)
    assert ports(text, 1) == "?"


def test_a_packet_passes_if_every_base_chain_lets_it() -> None:
    permits = "type filter hook forward priority 10; policy accept;"
    text = table(f"a: {FORWARD}|tcp dport 1-2 accept", f"b: {permits}|tcp dport 2 drop") + table(
        "c: type filter hook postrouting priority 0; policy accept;|tcp dport 3 drop",
        "d: type filter hook prerouting priority 0; policy accept;|tcp dport 1 tcp sport 7 drop",
        family="ip",
    )
    assert ports(text, 1, 2, 3) == "add"
    assert traced(text, dport=1, sport=7).answer is Answer.DENY
    assert len(parsed(text).lists) == 4


@pytest.mark.parametrize(
    ("hook", "hooks"),
    [
        ("prerouting", {Hook.FORWARD, Hook.INPUT}),
        ("input", {Hook.INPUT}),
        ("forward", {Hook.FORWARD}),
        ("output", {Hook.OUTPUT}),
        ("postrouting", {Hook.FORWARD, Hook.OUTPUT}),
    ],
)
def test_a_hook_is_on_the_ways_that_pass_it(hook: str, hooks: set[Hook]) -> None:
    (one,) = parsed(table(f"c: type filter hook {hook} priority 0; policy drop;|tcp dport 1 accept")).lists
    assert one.hooks == hooks


def test_without_a_base_chain_everything_passes() -> None:
    text = table(f"forward: {FORWARD}")
    assert traced(text, out=None).answer is Answer.ALLOW
    assert traced("").answer is Answer.ALLOW


def test_a_chain_of_one_family_lets_the_other_pass() -> None:
    text = table(f"forward: {FORWARD}|tcp dport 1 accept", family="ip")
    assert traced(text).answer is Answer.DENY
    six = traced(text, src="2001:db8::1", dst="2001:db8::2")
    assert six.answer is Answer.ALLOW
    assert (
        traced(table(f"forward: {FORWARD}", family="ip6"), src="2001:db8::1", dst="2001:db8::2").answer is Answer.DENY
    )


def test_a_dormant_table_filters_nothing_but_is_seen() -> None:
    asleep = table(f"forward: {FORWARD}", first="\tflags dormant\n\n")
    assert traced(asleep).answer is Answer.ALLOW
    assert [one.code for one in parsed(asleep).remarks] == ["dormant-table"]
    assert parsed(asleep).residue


@pytest.mark.parametrize("flags", ["ip", "a", "dormant"])
def test_json_that_does_not_say_whether_a_table_is_dormant_decides_nothing(flags: str) -> None:
    listing = (
        '{"nftables": [{"table": {"family": "inet", "name": "t", "flags": "%s"}}, {"chain": {"family": "inet", '
        '"table": "t", "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}]}'
    )
    assert traced(listing % flags).answer is Answer.UNKNOWN


def test_an_output_interface_is_not_known_before_routing() -> None:
    early = "p: type filter hook prerouting priority 0; policy accept;"
    text = table(early + '|oifname "eth1" drop|oifname != "eth9" tcp dport 1 drop')
    assert ports(text, 1, 22) == "da"


def test_a_state_is_not_known_before_connections_are_tracked() -> None:
    chain = "p: type filter hook prerouting priority {}; policy drop;|ct state new accept"
    assert traced(table(chain.format("-300"))).answer is Answer.UNKNOWN
    assert traced(table(chain.format("-150"))).answer is Answer.ALLOW


def test_an_ingress_chain_sees_its_devices() -> None:
    chain = 'i: type filter hook ingress device "eth0" priority 0; policy drop;|ip saddr 192.0.2.1 accept'
    assert traced(table(chain)).answer is Answer.ALLOW
    assert traced(table(chain), src="192.0.2.2").answer is Answer.DENY
    assert traced(table(chain), src="192.0.2.2", **{"in": "eth5"}).answer is Answer.ALLOW


def test_a_rewritten_packet_is_decided_by_nobody_here() -> None:
    early = "p: type filter hook prerouting priority -150; policy accept;|tcp dport 1 tcp dport set 2"
    text = table(early, f"forward: {FORWARD}|tcp dport 2 accept")
    assert ports(text, 1, 2, 3) == "?ad"
    harmless = "p: type filter hook prerouting priority -150; policy accept;|tcp dport 1 ip dscp set cs1"
    assert ports(table(harmless, f"forward: {FORWARD}|tcp dport 2 accept"), 1, 2, 3) == "dad"


def test_translation_hides_addresses_from_the_chains_before_it() -> None:
    nat = table(
        "n: type nat hook prerouting priority dstnat; policy accept;|tcp dport 80 dnat ip to 203.0.113.1:22", name="n"
    )
    raw = table(
        "p: type filter hook prerouting priority raw; policy accept;|ip daddr 203.0.113.1 drop|tcp sport 9 drop"
    )
    assert traced(raw).answer is Answer.DENY
    assert traced(raw + nat).answer is Answer.UNKNOWN
    assert traced(raw + nat, sport=9).answer is Answer.DENY


def test_a_translating_chain_that_refuses_packets_leaves_new_connections_open() -> None:
    nat = table("n: type nat hook prerouting priority dstnat; policy accept;|tcp dport 80 drop")
    assert traced(nat).answer is Answer.UNKNOWN
    assert traced(nat, state="established").answer is Answer.ALLOW


def test_a_queued_packet_is_decided_by_a_program() -> None:
    text = table(f"forward: {FORWARD}|tcp dport 1 queue to 1|tcp dport 1 drop")
    assert ports(text, 1, 2) == "?d"


def test_a_rule_is_named_by_chain_and_place_and_comment_and_has_its_line() -> None:
    text = table("sub: tcp dport 7 drop", f'forward: {FORWARD}|jump sub|tcp dport 1 accept comment "the first"')
    found = traced(text, dport=1)
    assert found.rule_list == "table inet t / chain forward"
    assert found.rule is not None
    assert (found.rule.rule, found.rule.first_line) == ("chain forward rule 2 the first", 9)
    within = traced(text, dport=7).rule
    assert within is not None
    assert (within.rule, within.first_line) == ("chain sub rule 1", 3)
    policy = traced(text, dport=8).rule
    assert policy is not None
    assert policy.rule == "chain forward policy drop"


def test_what_only_counts_or_logs_is_handling_of_the_next_rule() -> None:
    text = table(f'forward: {FORWARD}|tcp dport 1 log prefix "x" counter accept|ip saddr 192.0.2.0/24 log')
    rules = parsed(text).lists[0].rules
    assert rules[0].handling == "log prefix x; counter"
    assert rules[1].handling.startswith("before it: ")
    assert "192.0.2.0" in rules[1].handling


def chained(depth: int, width: int, leaf: str = "counter") -> str:
    chains = [f"c{depth}: {leaf}"]
    chains += [f"c{n}: " + "|".join([f"jump c{n + 1}"] * width) for n in reversed(range(depth))]
    return table(*chains, f"forward: {FORWARD}|jump c0")


def test_chains_may_be_as_deep_as_the_kernel_allows_and_no_deeper() -> None:
    assert ports(chained(14, 1, "tcp dport 1 accept"), 1, 2) == "ad"
    with pytest.raises(ParseError, match="deep"):
        parsed(chained(20, 1))


@pytest.mark.parametrize("leaf", ["counter", "tcp dport 1 accept", "tcp dport 1 return"])
def test_a_jump_bomb_is_refused(leaf: str) -> None:
    with pytest.raises(ParseError, match="50000 further rules"):
        parsed(chained(10, 40, leaf))


@pytest.mark.parametrize("by", ["jump", "goto"])
def test_a_cycle_is_refused(by: str) -> None:
    with pytest.raises(ParseError, match="back to itself"):
        parsed(table(f"a: {by} b", f"b: {by} a", f"forward: {FORWARD}|jump a"))
    with pytest.raises(ParseError, match="not listed"):
        parsed(table(f"forward: {FORWARD}|{by} nowhere"))
