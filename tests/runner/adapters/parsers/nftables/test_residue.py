"""No line of a listing is silent: it is in the model, in the residue, or known to be harmless."""

import re
from pathlib import Path

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.semantics.ir import Hook, Ruleset

RULES = Path(__file__).parents[4] / "fixtures/nftables/rules"
FIXTURES = sorted(RULES.glob("*.conf"))
LAB = Path(__file__).parents[5] / "runner/murenger/lab/firewall/initial.nft"

# Reviewed: comments; that a set holds intervals, which its elements show; what a run-time set holds at the moment, and
# how large it may grow; braces, without which the text cannot be read at all.
HARMLESS = re.compile(r'comment ".*"|flags interval|size \d+|[{}]')


def parsed(text: str) -> Ruleset:
    return parser_for("nftables").parse(text)


def meaning(text: str) -> object:
    """Return what a text means, without places and remarks, or the reason why it cannot be read."""
    try:
        ruleset = parsed(text)
    except ParseError as exc:
        return str(exc)
    lists = tuple(
        (one.name, one.hooks, tuple((rule.action, rule.any_of, rule.unless, rule.handling) for rule in one.rules))
        for one in ruleset.lists
    )
    return lists, tuple((section.name, section.digest) for section in ruleset.residue)


def altered(line: str) -> str:
    """Return a line that says something else."""
    for before, after in (
        (" accept", " drop"),
        (" drop", " accept"),
        ("jump", "goto"),
        ("1", "3"),
        ("return", "accept"),
    ):
        if before in line:
            return line.replace(before, after)
    return line + "x"


@pytest.mark.parametrize("path", [*FIXTURES, LAB], ids=lambda path: path.stem)
def test_no_line_is_silent(path: Path) -> None:
    text = path.read_text()
    lines, whole = text.split("\n"), meaning(text)
    assert len(lines) > 30
    silent = [
        line
        for place, line in enumerate(lines)
        if line.strip()
        for instead in ([], [altered(line)])
        if meaning("\n".join([*lines[:place], *instead, *lines[place + 1 :]])) == whole
    ]
    assert [line for line in silent if not HARMLESS.fullmatch(line.strip())] == []


@pytest.mark.parametrize("path", [*FIXTURES, LAB], ids=lambda path: path.stem)
def test_every_character_that_is_added_to_a_line_is_seen(path: Path) -> None:
    text = path.read_text()
    lines, whole = text.split("\n"), meaning(text)
    for place, line in enumerate(lines):
        if line.strip() and not HARMLESS.fullmatch(line.strip()) and 'comment "' not in line:
            assert meaning("\n".join([*lines[:place], line + " x", *lines[place + 1 :]])) != whole, line


def test_the_lab_firewall_has_nothing_opaque_but_its_run_time_set() -> None:
    ruleset = parsed(LAB.read_text())
    assert [remark.text for remark in ruleset.remarks] == ["forward rule 5: ip saddr @guests"]
    assert [section.name for section in ruleset.residue] == []
    assert ruleset.covers == {Hook.FORWARD, Hook.INPUT, Hook.OUTPUT}


def names(text: str) -> list[str]:
    return [section.name for section in parsed(text).residue]


def test_each_part_outside_the_model_is_a_section_with_its_lines() -> None:
    ruleset = parsed((RULES / "gateway.conf").read_text())
    found = {section.name: section for section in ruleset.residue}
    assert len(found) == len(ruleset.residue)
    for name in (
        "hooks",
        "effects",
        "nat",
        "table ip parked",
        "table arp neighbours",
        "table inet gateway / set spare",
    ):
        assert name in found
    lines = (RULES / "gateway.conf").read_text().split("\n")
    assert lines[found["table ip parked"].first_line - 1] == "table ip parked {"
    assert lines[found["table inet gateway / set spare"].first_line - 1] == "\tset spare {"


@pytest.mark.parametrize(
    "table",
    [
        "table bridge b {\n\tchain f {\n\t\ttype filter hook forward priority 0; policy accept;\n\t}\n}\n",
        'table netdev n {\n\tchain i {\n\t\ttype filter hook ingress device "lo" priority 0; policy drop;\n\t}\n}\n',
        "table inet f {\n\tflowtable ft {\n\t\thook ingress priority 0\n\t\tdevices = { lo }\n\t}\n}\n",
        "table inet f {\n\tquota q {\n\t\tover 25 mbytes\n\t}\n}\n",
        "table inet f {\n\tflags owner\n}\n",
        "table inet f {\n}\nsomething else\n",
        "table inet f {\n\tsomething else\n}\n",
        "table inet f {\n\tchain c {\n\t\tmeta mark set 0x00000001\n\t}\n}\n",
        "table inet f {\n\tchain c {\n\t\ttype filter hook egress priority 0; policy accept;\n\t\tdrop\n\t}\n}\n",
    ],
)
def test_what_appears_for_the_first_time_is_residue(table: str) -> None:
    assert names(table)
    assert len(set(names(table))) == len(names(table))
    assert meaning(table) != meaning("")


RUN_TIME = """table inet t {{
	set s {{
		type ipv4_addr
		{flags}
		elements = {{ {elements} }}
	}}

	chain f {{
		type filter hook forward priority filter; policy drop;
		{rule}
		ip saddr @s accept
	}}
}}
"""


@pytest.mark.parametrize(
    ("flags", "rule"),
    [("flags dynamic,timeout", "counter"), ("flags dynamic", "counter"), ("size 9", "add @s { ip saddr }")],
)
def test_what_a_run_time_set_holds_at_the_moment_is_no_part_of_the_policy(flags: str, rule: str) -> None:
    one, other = (RUN_TIME.format(flags=flags, rule=rule, elements=held) for held in ("192.0.2.1", "192.0.2.2"))
    assert meaning(one) == meaning(other)
    assert any(key for rule in parsed(one).lists[0].rules for match in rule.any_of for key in match.opaque)
    assert meaning(one) != meaning(one.replace("@s accept", "@s drop"))


def test_what_a_set_holds_that_nothing_changes_at_run_time_is_part_of_the_policy() -> None:
    for flags in ("flags interval", "flags timeout"):
        one, other = (
            RUN_TIME.format(flags=flags, rule="counter", elements=held) for held in ("192.0.2.1", "192.0.2.2")
        )
        assert meaning(one) != meaning(other)


def test_counts_and_handles_are_harmless() -> None:
    text = (RULES / "gateway.conf").read_text()
    counted = text.replace(
        "ct state invalid counter drop", "ct state invalid counter packets 7 bytes 420 drop # handle 9"
    )
    assert counted != text
    assert meaning(counted) == meaning(text)


def test_sets_name_addresses_and_services_for_reports() -> None:
    ruleset = parsed((RULES / "gateway.conf").read_text())
    addresses = {(one.name, one.family): one.addresses.size for one in ruleset.addresses}
    assert addresses["staff", 4] == 128 + 1 + 10
    assert addresses["staff6", 6] == 2**64 + 1
    assert not {"guests", "banned"} & {name for name, _ in addresses}
    (web,) = [one for one in ruleset.services if one.name == "web_ports"]
    assert [(l4.proto.spans, l4.dport.spans) for l4 in web.l4] == [(((6, 6),), ((80, 80), (443, 443), (8443, 8443)))]


def test_text_and_json_of_one_ruleset_mean_the_same() -> None:
    assert meaning((RULES / "host.json").read_text()) == meaning((RULES / "host.conf").read_text())
