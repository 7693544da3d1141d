"""The text of a listing becomes the JSON that nft itself would write, with lines, and nothing of it is lost.

Input: hand-written listings. Output: tables, sets, chains and rules as JSON; errors that name a line.
"""

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murenger.adapters.parsers.nftables import lexer, listing
from murenger.adapters.parsers.nftables.text import read_json, read_text
from murenger.dialects import canonical_tree, dialect, parse, render
from murenger.errors import ParseError
from murenger.model.canonical import JsonValue

LISTINGS = Path(__file__).with_name("listings")
COMMANDS = "nft -f - && nft -s list ruleset && echo ---- && nft -s -j list ruleset"
_MAX_REFUSED = 16
WORD = re.compile(r'"[^"]*"|[^\s"{},;()|&^=!<>]+|[<>=!]=|[{},()|&^=!<>]')
LISTED = (LISTINGS / "shield.txt").read_text(encoding="utf-8")


def objects(text: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the kinds and contents of what a listing holds."""
    found = read_text(text)
    assert isinstance(found, Mapping)
    listed = found["nftables"]
    assert isinstance(listed, Sequence)
    return [next(iter(entry.items())) for entry in listed]  # type: ignore[union-attr] # objects, by the schema


def statements(rule: str, family: str = "inet") -> JsonValue:
    """Return what one rule does."""
    return objects(f"table {family} t {{\nchain c {{\n{rule}\n}}\n}}")[-1][1]["expr"]


def listed_by_nft(ruleset: str) -> tuple[str, str]:
    """Return text and JSON of a ruleset as nft lists it, without the lines that this kernel or nft refuses."""
    lines = ruleset.split("\n")
    for _ in range(_MAX_REFUSED):
        done = subprocess.run(
            ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", COMMANDS),
            input="\n".join(lines),
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.returncode:
            text, _, listing = done.stdout.partition("----\n")
            return text, listing
        # The kernel gives up at the first line that it does not take, and nft then complains about all that follow.
        lines[min(int(found) for found in re.findall(r"^[^\s:]+:(\d+):", done.stderr, re.MULTILINE)) - 1] = ""
    pytest.fail(f"nft refuses the ruleset: {done.stderr}")


@pytest.mark.lab
@pytest.mark.parametrize(("name", "least"), [("statements", 170), ("objects", 30)])
def test_text_is_read_as_the_json_that_nft_writes(name: str, least: int, listings: Any) -> None:
    text, listing = listed_by_nft((LISTINGS / f"{name}.nft").read_text(encoding="utf-8"))
    assert len(objects(text)) >= least
    assert not list(listings.differing_objects(read_text(text), read_json(listing)))
    unread = [said for kind, said in objects(text) if kind == "rule" and "unreadable" in str(said["expr"])]
    assert not unread


@pytest.mark.lab
def test_the_canonical_text_reads_as_the_listing_does() -> None:
    text, _ = listed_by_nft((LISTINGS / "statements.nft").read_text(encoding="utf-8"))
    nftables = dialect("nftables")
    canonical = render(canonical_tree(parse(text, nftables), nftables), nftables)
    assert without_lines(canonical) == without_lines(text)


def without_lines(text: str) -> str:
    """Return a listing as one text, to compare."""
    return json.dumps([(kind, {key: said[key] for key in said if key != "line"}) for kind, said in objects(text)])


def test_every_object_carries_its_lines() -> None:
    assert [(kind, said["line"]) for kind, said in objects(LISTED)] == [
        ("table", [1, 28]),
        ("set", [5, 10]),
        ("map", [12, 15]),
        ("chain", [17, 18]),
        ("chain", [20, 27]),
        ("rule", [22, 22]),
        ("rule", [23, 24]),
        ("rule", [25, 25]),
        ("rule", [26, 26]),
    ]


def test_a_listing_becomes_the_structure_of_libnftables() -> None:
    table, staff, ways, _, forward, first, second, third, fourth = (said for _, said in objects(LISTED))
    assert (table["flags"], table["comment"]) == (["dormant"], "all of it")
    assert staff["elem"] == [
        {"prefix": {"addr": "192.0.2.0", "len": 25}},
        "198.51.100.7",
        {"elem": {"val": "198.51.100.9", "comment": "it"}},
    ]
    assert (ways["type"], ways["map"]) == (["ipv4_addr", "inet_service"], "verdict")
    assert ways["elem"][0] == [{"concat": ["203.0.113.1", 22]}, {"jump": {"target": "inner"}}]
    assert (forward["hook"], forward["prio"], forward["policy"]) == ("forward", 5, "drop")
    assert first["expr"][0]["match"] == {
        "op": "in",
        "left": {"ct": {"key": "state"}},
        "right": ["established", "related"],
    }
    assert second["comment"] == "two\nlines } table x {"
    assert second["expr"][2:] == [{"counter": {"packets": 7, "bytes": 420}}, {"accept": None}]
    assert third["expr"][0]["match"]["left"]["&"][1] == {"|": ["syn", "ack"]}
    assert fourth["expr"][0]["vmap"]["data"] == "@ways"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("zork accept", [{"unreadable": "zork"}, {"accept": None}]),
        ("tcp dport 22 zork 5 jump c", [22, {"unreadable": "zork 5"}, {"jump": {"target": "c"}}]),
        ("ip saddr zork@! drop", [{"unreadable": "ip saddr zork@!"}, {"drop": None}]),
        ("tcp zork 22 accept", [{"unreadable": "tcp zork 22"}, {"accept": None}]),
        ("tcp dport 22 jump { accept }", [22, {"unreadable": "jump { accept }"}]),
        ('iifname { ""-"" } accept', [{"unreadable": 'iifname { ""-"" }'}, {"accept": None}]),
        ("# xt_tcp something", [{"unreadable": "# xt_tcp something"}]),
        (
            "ip saddr { 192.0.2.1, zork zork } accept",
            [{"unreadable": "ip saddr { 192.0.2.1, zork zork }"}, {"accept": None}],
        ),
        ("dnat to zork:zork zork", [{"unreadable": "dnat to zork:zork zork"}]),
    ],
)
def test_what_is_not_understood_is_kept_and_a_verdict_at_the_end_is_read(rule: str, expected: list[object]) -> None:
    said = statements(rule)
    assert isinstance(said, list)
    assert [one.get("match", {}).get("right", one) if isinstance(one, dict) else one for one in said] == expected


def test_a_comment_after_what_is_not_understood_is_a_comment() -> None:
    rule = objects('table ip t {\nchain c {\nzork accept comment "ours; {drop}"\n}\n}')[-1][1]
    assert rule["expr"] == [{"unreadable": "zork"}, {"accept": None}]
    assert rule["comment"] == "ours; {drop}"


def test_objects_and_properties_that_are_not_known_are_kept_with_their_lines() -> None:
    text = (
        "table ip t {\nflowtable f {\nhook ingress priority 0\n}\nzork 5\n"
        "set s {\ntype ipv4_addr\nzork\n}\n}\nflush ruleset"
    )
    found = objects(text)
    assert found[2] == ("unreadable", {"family": "ip", "table": "t", "text": "zork 5", "line": [5, 5]})
    assert found[1][1]["text"] == "flowtable f { hook ingress priority 0 }"
    assert found[3][1]["unreadable"] == ["zork"]
    assert found[4] == ("unreadable", {"text": "flush ruleset", "line": [11, 11]})


@pytest.mark.parametrize(
    "twice", ["type ipv4_addr", "flags interval", "elements = { 192.0.2.1 }", "timeout 5m", "size 5", "counter"]
)
def test_what_stands_twice_in_a_set_is_not_merged_in_silence(twice: str) -> None:
    once = (
        f"table ip t {{\nset s {{\ntype ipv4_addr\nflags interval\nelements = {{ 192.0.2.1 }}\n{twice}\n{twice}\n}}\n}}"
    )
    assert objects(once)[1][1]["unreadable"]


@pytest.mark.parametrize(
    "twice",
    ["type filter hook input priority 5;", "policy accept;", 'comment "x"', "type filter hook zork priority zork;"],
)
def test_what_stands_twice_in_a_chain_is_kept(twice: str) -> None:
    text = f'table ip t {{\nchain c {{\ncomment "x"\ntype filter hook input priority 0; policy drop;\n{twice}\n}}\n}}'
    chain, rule = objects(text)[1:]
    assert (chain[1]["prio"], chain[1]["policy"]) == (0, "drop")
    assert "unreadable" in str(rule)


@pytest.mark.parametrize(
    ("family", "rejection"), [("ip", "icmp"), ("ip6", "icmpv6"), ("inet", "icmpx"), ("bridge", "icmpx")]
)
def test_a_bare_rejection_is_that_of_the_tables_family(family: str, rejection: str) -> None:
    assert statements("reject", family) == [{"reject": {"type": rejection, "expr": "port-unreachable"}}]


@pytest.mark.parametrize(
    ("priority", "family", "expected"),
    [
        ("filter", "bridge", -200),
        ("raw", "ip", -300),
        ("-5", "ip", -5),
        ("srcnat - 10", "inet", 90),
        ("out", "bridge", 100),
    ],
)
def test_a_priority_is_a_number(priority: str, family: str, expected: int) -> None:
    text = f"table {family} t {{\nchain c {{\ntype filter hook forward priority {priority}; policy accept;\n}}\n}}"
    assert objects(text)[1][1]["prio"] == expected


def test_everything_may_stand_on_one_line() -> None:
    text = 'table ip t { chain c { type filter hook input priority 0; tcp dport 22 accept; drop comment "a; b" }; }'
    assert [kind for kind, _ in objects(text)] == ["table", "chain", "rule", "rule"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("table ip t {\n\nchain c {\n}\n", 1),
        ("table ip t {\n}\n}\n", 3),
        ('table ip t {\nchain c {\naccept comment "x\n}\n}\n', 3),
        ("table ip t {\nchain c {\nip saddr {\n", 2),
        ("table ip t {\nchain c {\n" + "{" * 40, 3),
    ],
)
def test_braces_and_quotes_that_do_not_match_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(ParseError, match=f"line {line}: "):
        read_text(text)


@pytest.mark.parametrize(
    "rule",
    [
        "zork" * 2_500_000,
        "(" * 100_000,
        "ip saddr { " + ", ".join(["192.0.2.1"] * 300_000) + " } accept",
        "ip saddr 192.0.2.1 " * 100_000,
        "meta mark " + "9" * 100_000,
        "ip saddr 192.0.2.1/" + "9" * 100_000,
        "ip saddr " + "1-" * 100_000,
        "ip saddr " + ":" * 100_000,
        "jhash " * 5_000,
        "limit rate " + "9" * 10_000 + "/second",
    ],
    ids=lambda rule: rule[:12],
)
def test_huge_rules_are_read_without_harm(rule: str) -> None:
    assert statements(rule)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(("", "zork", "{", "!=", "5")))
def test_no_word_of_a_rule_is_silent(number: int, instead: str) -> None:
    """Deleting or replacing any word of a listing changes what is read, or is refused."""
    words = list(WORD.finditer(LISTED))
    word = words[number % len(words)]
    changed = LISTED[: word.start()] + instead + LISTED[word.end() :]
    comment = LISTED.index("# handle")
    if word[0] == instead or comment <= word.start() < comment + 10:
        return
    try:
        assert without_lines(changed) != without_lines(LISTED)
    except ParseError:
        return


@pytest.mark.parametrize(
    "text",
    [
        '{"nftables": [{"table": {"family": "ip"',
        '{"nftables": [{"table": {"name": "a", "name": "b"}}]}',
        '{"nftables": [{"table": {"name": "a"}, "chain": {}}]}',
        '{"nftables": [{"metainfo": {"json_schema_version": 2}}]}',
        '{"nftables": [{"rule": {"expr": {}}}]}',
        '{"nftables": [{"rule": {"line": [1, 1]}}]}',
        '{"nftables": [{"unreadable": {"text": ""}}]}',
        '{"nftables": [{"set": {"size": 1.5}}]}',
        '{"nftables": [{"set": {"size": NaN}}]}',
        '{"nftables": [{"set": {"size": ' + "9" * 5_000 + "}}]}",
        '{"nftables": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"nftables": {}, "more": 1}',
        '{"nftables": [5]}',
        "[]",
        "",
    ],
    ids=lambda text: text[:40],
)
def test_json_that_is_no_whole_listing_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read_json(text)


def test_json_of_a_listing_is_left_as_it_is() -> None:
    listing = {"nftables": [{"metainfo": {"json_schema_version": 1}}, {"table": {"family": "ip", "name": "}{"}}]}
    assert read_json(json.dumps(listing)) == listing


def test_a_backslash_at_the_end_of_a_line_joins_it_with_the_next() -> None:
    table, _, first, second = objects("table ip t {\nchain c {\ntcp dport 22 \\\n accept\ndrop\n}\n}")
    assert first[1]["expr"][1] == {"accept": None}
    assert (first[1]["line"], second[1]["line"], table[1]["line"]) == ([3, 4], [5, 5], [1, 7])


@pytest.mark.parametrize("read", [read_text, read_json])
def test_a_listing_that_nobody_could_have_written_is_refused(
    read: Callable[[str], JsonValue], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lexer, listing):
        monkeypatch.setattr(module, "MAX_CHARACTERS", 1_000)
    with pytest.raises(ParseError, match="longer than 1000 characters"):
        read(" " * 1_001)
