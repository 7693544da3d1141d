"""No line of a Junos configuration can change unnoticed, and no text brings the parser down.

Input: the fixtures with each line deleted and altered; hostile text. Output: rules or residue that differ, or a line
on the list of what is harmless; a ruleset or a ParseError.
"""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.semantics.ir import Ruleset

HARMLESS = re.compile(r"#.*|/\*.*\*/|description .*;|set interfaces \S+ description .*|")


def _meaning(ruleset: Ruleset) -> object:
    """Return all that a comparison looks at."""
    lists = [
        (one.hooks, one.acl, one.bound, [(rule.action, rule.any_of, rule.unless, rule.handling) for rule in one.rules])
        for one in ruleset.lists
    ]
    return lists, ruleset.covers, ruleset.zones, [(one.name, one.digest) for one in ruleset.residue]


def _changed(text: str, before: object) -> bool:
    try:
        return _meaning(parser_for("junos").parse(text)) != before
    except ParseError:
        return True


def _altered(line: str) -> Iterator[str]:
    yield line.replace(";", "x;")
    yield re.sub(r"\d(?=\D*$)", lambda digit: str((int(digit[0]) + 1) % 10), line)
    yield re.sub(r"[^\s;{]+(?=;? *\{?$)", "other", line)
    yield re.sub(r"accept|discard", lambda word: "discard" if word[0] == "accept" else "accept", line)
    yield re.sub(r"^( *)(\w)", r"\1inactive: \2", line)


@pytest.mark.parametrize("name", ["router", "firewall", "commands"])
def test_no_line_can_be_deleted_or_altered_unnoticed(
    name: str, router: str, firewall: str, as_commands: Callable[[str], str]
) -> None:
    lines = {"router": router, "firewall": firewall, "commands": as_commands(router)}[name].splitlines()
    before = _meaning(parser_for("junos").parse("\n".join(lines)))
    silent: list[tuple[int, str, str]] = []
    for index, line in enumerate(lines):
        if HARMLESS.fullmatch(line.strip()):
            continue
        variants = [[], *([one] for one in dict.fromkeys(_altered(line)) if one != line)]
        for variant in variants:
            text = "\n".join([*lines[:index], *variant, *lines[index + 1 :]])
            if not _changed(text, before):
                silent.append((index + 1, line, "".join(variant)))
    assert [one for one in silent if not _says_the_same(*one[1:])] == []


def _says_the_same(line: str, variant: str) -> bool:
    """True for the name of a term or policy, which nothing else uses, and for what the device does unsaid."""
    if variant and "inactive:" not in variant:
        return re.search(r"\b(term|policy) [\w-]+( \{)?$", line) is not None
    return re.search(r"\baccept;?$|^ +(deny-all;|default-policy \{)$", line) is not None


def test_what_is_harmless_changes_nothing(router: str) -> None:
    lines = router.splitlines()
    kept = [line for line in lines if not HARMLESS.fullmatch(line.strip())]
    assert len(kept) < len(lines)
    assert not _changed("\n".join(kept), _meaning(parser_for("junos").parse(router)))


def test_every_beginning_of_a_configuration_is_read_or_refused(
    router: str, firewall: str, as_commands: Callable[[str], str]
) -> None:
    for text in (router, firewall, as_commands(router)):
        whole = _meaning(parser_for("junos").parse(text))
        for end in range(0, len(text) - 3, 61):
            assert _changed(text[:end], whole)


TERM = "firewall { family inet { filter T { term a { from { %s } then accept; } } } }"
HOSTILE = {
    "one name of ten megabytes": "firewall { family inet { filter "
    + "x" * 10_000_000
    + " { term a { then accept; } } } }",
    "one value of a megabyte": TERM % ("destination-port " + "1" * 1_000_000 + ";"),
    "one list of a hundred thousand values": TERM % ("protocol [ " + "tcp " * 30_000 + "];"),
    "a long name around many statements": "firewall { family inet { filter "
    + "x" * 1_000_000
    + " {"
    + "".join(f" term t{n} {{ then accept; }}" for n in range(20_000))
    + "} } }",
    "a set command of a megabyte": "set firewall filter T term a from protocol " + "t" * 1_000_000,
    "deep nesting": "a { " * 10_000 + "b;" + " }" * 10_000,
    "not ended": "firewall { family inet {",
    "a quote that is not ended": 'firewall { family inet { filter "T',
    "a comment that is not ended": "firewall { /* family inet {",
    "brackets within brackets": TERM % "protocol [ [ tcp ] ];",
    "masks that explode": TERM
    % ("source-address { " + "".join(f"10.0.0.{n}/255.85.85.85;" for n in range(200)) + " }"),
    "filters that call one another": "firewall { family inet { filter A { term a { filter B; } } "
    "filter B { term a { filter A; } } } }",
    "groups that apply themselves": "groups { G { apply-groups G; "
    "firewall { filter T { term a { then accept; } } } } } "
    "apply-groups G;",
    "prefix lists of each other": 'policy-options { prefix-list A { apply-path "policy-options prefix-list B <*>"; } '
    'prefix-list B { apply-path "policy-options prefix-list A <*>"; } }' + TERM % "prefix-list { A; }",
    "control characters": TERM % 'protocol "tcp\x1b[2J\x85";',
    "other digits": TERM % "destination-port ٨٠; source-address { ١٩٢.0.2.0/٢٤; }",
    "ten thousand deactivations": "set system x\n" + "".join(f"deactivate system a{n} b\n" for n in range(10_000)),
    "nothing": "",
}


def _read_or_refused(text: str) -> Ruleset | None:
    try:
        return parser_for("junos").parse(text)
    except ParseError as exc:
        message = str(exc)
    assert len(message) < 300
    return None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_in_time(name: str) -> None:
    began = time.process_time()
    ruleset = _read_or_refused(HOSTILE[name])
    if ruleset is not None:
        assert all(len(one.name) <= 400 for one in ruleset.residue)
        assert all(len(one.text) <= 600 for one in ruleset.remarks)
        assert all(len(rule.provenance.rule) <= 600 for one in ruleset.lists for rule in one.rules)
    assert time.process_time() - began < 20


def test_ten_thousand_terms_are_read_in_a_few_seconds_at_most() -> None:
    terms = "".join(
        f"term t{n} {{ from {{ source-address {{ 10.{n >> 8 & 255}.{n & 255}.0/24; }} protocol tcp; "
        f"destination-port {n % 65535}; }} then accept; }}\n"
        for n in range(10_000)
    )
    began = time.process_time()
    ruleset = parser_for("junos").parse(f"firewall {{ family inet {{ filter BIG {{ {terms} }} }} }}")
    assert time.process_time() - began < 8
    assert len(ruleset.lists[0].rules) == 10_001
