"""Hostile and broken listings: refused with a clear error or read as unknown, in bounded time, never misread."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.model.packet import packet_from_json
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.ir import Ruleset

BASE = {"family": "inet", "table": "t"}
TABLE = {"table": {"family": "inet", "name": "t"}}
CHAIN = {"chain": {**BASE, "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}
PACKET = {"in": "eth0", "out": "eth1", "src": "192.0.2.1", "dst": "203.0.113.1", "proto": "tcp", "dport": 22}


def parsed(text: str) -> Ruleset:
    return parser_for("nftables").parse(text)


def listing(*objects: object) -> str:
    return json.dumps({"nftables": list(objects)})


def rule(*expressions: object) -> dict[str, object]:
    return {"rule": {**BASE, "chain": "f", "expr": list(expressions)}}


def answered(*expressions: object) -> Answer:
    return trace(parsed(listing(TABLE, CHAIN, rule(*expressions))), packet_from_json(PACKET)).answer


def payload(protocol: str, field: str, right: object, op: str = "==") -> dict[str, object]:
    return {"match": {"op": op, "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '{"nftables": 5}',
        '{"nftables": [5]}',
        '{"nftables": [{"table": 5}]}',
        '{"nftables": [{"table": {"family": "inet"}}]}',
        '{"nftables": [{"table": {"family": "inet", "family": "ip", "name": "t"}}]}',
        listing(TABLE, CHAIN)[:-9],
        listing(TABLE, TABLE),
        listing(TABLE, CHAIN, CHAIN),
        listing(CHAIN, rule({"accept": None})),
        listing(TABLE, rule({"accept": None})),
        listing(TABLE, CHAIN, {"rule": {**BASE, "chain": "f", "expr": {"accept": None}}}),
        listing(TABLE, CHAIN, rule("accept")),
        listing(TABLE, CHAIN, rule({"accept": None, "drop": None})),
        listing(TABLE, CHAIN, rule({"jump": {"target": "f"}})),
        listing(TABLE, CHAIN, rule({"jump": None})),
        listing(TABLE, {"chain": {**CHAIN["chain"], "policy": "maybe"}}),
        "[" * 100_000,
        '{"nftables": [' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "]}",
        "table inet t {\n",
        "table inet t {\n\tchain c {\n",
        "}\n",
    ],
)  # fmt: skip
def test_what_is_no_whole_listing_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parsed(text)


@pytest.mark.parametrize(
    "condition",
    [
        payload("ip", "saddr", "2001:db8::1"),
        payload("ip", "saddr", {"prefix": {"addr": "192.0.2.0", "len": 33}}),
        payload("ip", "saddr", {"prefix": {"addr": "192.0.2.0", "len": -1}}),
        payload("ip", "saddr", {"prefix": {"addr": "192.0.2.0", "len": True}}),
        payload("ip", "saddr", {"range": ["192.0.2.9", "192.0.2.1"]}),
        payload("ip", "saddr", {"set": ["192.0.2.1", {"elem": {"val": "192.0.2.1", "limit": {"rate": 1}}}]}),
        payload("ip", "saddr", {"set": [["192.0.2.1"]]}),
        payload("ip", "saddr", None),
        payload("ip", "saddr", "@f"),
        payload("tcp", "dport", 65_536),
        payload("tcp", "dport", -1),
        payload("tcp", "dport", True),
        payload("tcp", "dport", "22x"),
        payload("tcp", "dport", "9" * 5_000),
        payload("tcp", "dport", 22, "~"),
        payload("tcp", "dport", ["22"], "in"),
        {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}}},
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": ""}},
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "*"}},
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "et\\*"}},
        {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": {"range": ["", ""]}}},
        {"match": 5},
        {"match": {"op": "==", "left": {"concat": []}, "right": {"set": []}}},
        {"match": {"op": "==", "left": {"&": [1]}, "right": 1}},
        {"match": {"op": "==", "left": {"ct": {"key": "state"}}, "right": "odd"}},
        {"unreadable": "odd"},
        {"xt": None},
    ],
)
def test_an_impossible_condition_is_opaque_never_any_and_never_nothing(condition: object) -> None:
    assert answered(condition, {"accept": None}) is Answer.UNKNOWN


@pytest.mark.parametrize(
    "statement", [{"xt": None}, {"unreadable": "odd"}, {"dnat": {"addr": "192.0.2.9"}}, {"odd": {}}]
)
def test_a_statement_that_may_be_a_verdict_leaves_it_open(statement: object) -> None:
    assert answered(statement) is Answer.UNKNOWN
    text = listing(TABLE, CHAIN, rule(statement), rule({"accept": None}))
    assert trace(parsed(text), packet_from_json(PACKET)).answer is Answer.UNKNOWN


def test_a_set_of_ten_megabytes_on_one_line_is_read_in_time() -> None:
    firsts = [f"100.{n >> 16}.{n >> 8 & 255}." for n in range(0, 1_200_000, 256)]
    elements = ", ".join(f"{first}{n}-{first}{n + 1}" for first in firsts for n in range(0, 256, 4))
    text = (
        "table inet t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { " + elements + " }\n\t}\n"
        "\tchain f {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tip saddr @s accept\n\t}\n}\n"
    )
    assert len(text) > 8_000_000
    began = time.process_time()
    ruleset = parsed(text)
    assert time.process_time() - began < 30
    assert trace(ruleset, packet_from_json(PACKET | {"src": "100.0.0.5"})).answer is Answer.ALLOW
    assert trace(ruleset, packet_from_json(PACKET | {"src": "100.0.0.6"})).answer is Answer.DENY


def test_crossed_concatenations_do_not_explode() -> None:
    def crossed(first: str, second: str) -> dict[str, object]:
        sides = [{"payload": {"protocol": "ip", "field": first}}, {"payload": {"protocol": "tcp", "field": second}}]
        values = [{"concat": [f"10.0.{n >> 8}.{n & 255}", n * 7 % 65_536]} for n in range(4_000)]
        return {"match": {"op": "==", "left": {"concat": sides}, "right": {"set": values}}}

    rules = [rule(crossed("saddr", "sport"), crossed("daddr", "dport"), {"accept": None}) for _ in range(3)]
    began = time.process_time()
    with pytest.raises(ParseError, match="boxes"):
        parsed(listing(TABLE, CHAIN, *rules))
    assert time.process_time() - began < 30


def test_many_returns_do_not_explode() -> None:
    lines = "".join(f"\t\ttcp dport {n} return\n\t\tudp dport {n} accept\n" for n in range(1, 4_000))
    text = (
        f"table inet t {{\n\tchain s {{\n{lines}\t}}\n"
        "\tchain f {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tjump s\n\t}\n}\n"
    )
    began = time.process_time()
    with pytest.raises(ParseError, match="boxes"):
        parsed(text)
    assert time.process_time() - began < 30


WORDS = st.sampled_from(
    [
        "ip",
        "saddr",
        "daddr",
        "tcp",
        "dport",
        "!=",
        "{",
        "}",
        ",",
        "192.0.2.1",
        "192.0.2.0/24",
        "22",
        "accept",
        "drop",
        "jump",
        "f",
        "goto",
        "return",
        "vmap",
        ":",
        "@s",
        ".",
        "ct",
        "state",
        "new",
        "established",
        "&",
        "==",
        "|",
        "counter",
        "log",
        "meta",
        "mark",
        "set",
        "l4proto",
        "iifname",
        '"eth0"',
        "reject",
        "with",
        "icmp",
        "type",
        "th",
        "limit",
        "rate",
        "*",
        "-",
        ";",
    ]
)


@settings(max_examples=150)
@given(st.lists(WORDS, max_size=30))
def test_no_sequence_of_words_raises_anything_but_a_parse_error(row: list[str]) -> None:
    chain = "type filter hook forward priority filter; policy drop;"
    text = f"table inet t {{\n\tchain f {{\n\t\t{chain}\n\t\t{' '.join(row)}\n\t}}\n}}\n"
    try:
        ruleset = parsed(text)
    except ParseError:
        return
    trace(ruleset, packet_from_json(PACKET))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 70_000)
    | st.sampled_from(["", "@s", "*", "ip", "tcp", "saddr", "192.0.2.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "match",
                    "op",
                    "left",
                    "right",
                    "payload",
                    "protocol",
                    "field",
                    "set",
                    "prefix",
                    "addr",
                    "len",
                    "range",
                    "concat",
                    "&",
                    "|",
                    "vmap",
                    "key",
                    "data",
                    "jump",
                    "target",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(
    st.lists(JSON, max_size=3), st.sampled_from(["match", "vmap", "jump", "set", "mangle", "reject", "limit", "log"])
)
def test_no_json_raises_anything_but_a_parse_error(said: list[object], kind: str) -> None:
    try:
        ruleset = parsed(listing(TABLE, CHAIN, *(rule({kind: one}, {"accept": None}) for one in said)))
    except ParseError:
        return
    trace(ruleset, packet_from_json(PACKET))


@settings(max_examples=150)
@given(
    st.sampled_from(["table", "chain", "set", "map", "rule", "limit"]),
    st.sampled_from(
        [
            "flags",
            "type",
            "hook",
            "prio",
            "policy",
            "dev",
            "elem",
            "timeout",
            "stmt",
            "map",
            "size",
            "comment",
            "line",
            "expr",
            "handle",
        ]
    ),
    JSON,
)
def test_no_attribute_raises_anything_but_a_parse_error(kind: str, attribute: str, said: object) -> None:
    objects: dict[str, dict[str, object]] = {
        "table": {"family": "inet", "name": "t"},
        "chain": {**BASE, "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"},
        "set": {**BASE, "name": "s", "type": "ipv4_addr", "elem": ["192.0.2.1"]},
        "map": {**BASE, "name": "m", "type": "inet_service", "map": "verdict", "elem": [[22, {"accept": None}]]},
        "limit": {**BASE, "name": "l", "rate": 1, "per": "second"},
        "rule": {**BASE, "chain": "f", "expr": [payload("ip", "saddr", "@s"), {"limit": "l"}, {"accept": None}]},
    }
    objects[kind][attribute] = said
    vmap = {"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@m"}}
    try:
        ruleset = parsed(listing(*({name: one} for name, one in objects.items()), rule(vmap)))
    except ParseError:
        return
    trace(ruleset, packet_from_json(PACKET))


def test_thousands_of_unknown_statements_are_read_in_time() -> None:
    conditions = "".join(f"\t\tip ttl {n % 256} ip saddr @s meta mark {n} accept\n" for n in range(4_000))
    unknown = "".join(f"\t\txyzzy {n}\n" for n in range(2_000))
    text = (
        "table inet t {\n\tset s {\n\t\ttype ipv4_addr\n\t\tflags dynamic,timeout\n\t}\n"
        f"\tchain f {{\n\t\ttype filter hook forward priority filter; policy drop;\n{conditions}{unknown}\t}}\n}}\n"
    )
    began = time.process_time()
    ruleset = parsed(text)
    assert time.process_time() - began < 20
    assert len(ruleset.remarks) > 6_000
