"""No line of a configuration can change unnoticed, and no text brings the parsers down.

Input: every fixture with each line deleted and altered; hostile text. Output: rules or residue that differ, or a line
on the list of what is harmless; a ruleset or a ParseError.
"""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from murenger.adapters.parsers import parser_for
from murenger.errors import ParseError
from murenger.semantics.ir import Ruleset

Configuration = Callable[[str], str]

HARMLESS = re.compile(r"!.*|end|description .*|(\d+ )?remark .*|(counters|statistics) per-entry|")
BANNERS = {"eos": ("banner login", "EOF"), "nxos": ("banner motd #", "#")}


def _meaning(ruleset: Ruleset) -> object:
    """Return all that a comparison looks at."""
    lists = [
        (one.hooks, one.acl, one.bound, [(rule.action, rule.any_of, rule.unless, rule.handling) for rule in one.rules])
        for one in ruleset.lists
    ]
    return lists, ruleset.covers, [(one.name, one.digest) for one in ruleset.residue]


def _changed(platform: str, text: str, before: object) -> bool:
    try:
        return _meaning(parser_for(platform).parse(text)) != before
    except ParseError:
        return True


def _is_harmless(platform: str, lines: list[str], index: int) -> bool:
    begin, end = BANNERS[platform]
    first = lines.index(begin)
    last = lines.index(end, first + 1)
    return first <= index <= last or HARMLESS.fullmatch(lines[index].strip()) is not None


def _altered(line: str) -> Iterator[str]:
    yield line + "x"
    yield re.sub(r"\d(?=\D*$)", lambda digit: str((int(digit[0]) + 1) % 10), line)
    yield re.sub(r"\S+$", "other", line)
    yield re.sub(r"permit|deny", lambda word: "deny" if word[0] == "permit" else "permit", line)
    yield line.replace("established", "").replace(" log", "")


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_no_line_can_be_deleted_or_altered_unnoticed(platform: str, configuration: Configuration) -> None:
    lines = configuration(platform).splitlines()
    before = _meaning(parser_for(platform).parse("\n".join(lines)))
    silent: list[tuple[int, str, str]] = []
    for index, line in enumerate(lines):
        if _is_harmless(platform, lines, index):
            continue
        variants = [[], *([one] for one in dict.fromkeys(_altered(line)) if _says(one) != _says(line))]
        for variant in variants:
            text = "\n".join([*lines[:index], *variant, *lines[index + 1 :]])
            if not _changed(platform, text, before):
                silent.append((index + 1, line, "".join(variant)))
    assert silent == []


def _says(line: str) -> str:
    """Return a line without its sequence number, which is a place and no meaning, and without doubled blanks."""
    return re.sub(r"^\d+ (?=permit|deny|host|eq|range|\d)", "", " ".join(line.split()))


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_what_is_harmless_changes_nothing(platform: str, configuration: Configuration) -> None:
    lines = configuration(platform).splitlines()
    before = _meaning(parser_for(platform).parse("\n".join(lines)))
    kept = [line for index, line in enumerate(lines) if not _is_harmless(platform, lines, index)]
    assert len(kept) < len(lines)
    assert not _changed(platform, "\n".join(kept), before)


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_a_section_that_appears_for_the_first_time_is_residue(platform: str, configuration: Configuration) -> None:
    text = configuration(platform)
    added = "router bgp 65001\n   neighbor 192.0.2.9 remote-as 65002\n" + text
    names = {one.name for one in parser_for(platform).parse(added).residue}
    assert names - {one.name for one in parser_for(platform).parse(text).residue} == {"router bgp 65001"}


@pytest.mark.parametrize("platform", ["eos", "nxos"])
def test_every_beginning_of_a_configuration_is_read_or_refused(platform: str, configuration: Configuration) -> None:
    text = configuration(platform)
    whole = _meaning(parser_for(platform).parse(text))
    for end in range(0, len(text) - 40, 7):
        assert _changed(platform, text[:end], whole)


HOSTILE = {
    "one line of ten megabytes": "ip access-list " + "x" * 10_000_000,
    "one entry of ten megabytes": "ip access-list T\n permit tcp any any eq " + "1 " * 5_000_000,
    "a long header above many lines": "interface x\n " + "y" * 1_000_000 + "\n" + "  z\n" * 20_000,
    "one unreadable word of ten megabytes": "ip access-list T\n permit tcp any any " + "y" * 10_000_000,
    "a number of a million digits": "ip access-list T\n "
    + "9" * 1_000_000
    + " permit tcp any any eq "
    + "9" * 1_000_000,
    "an address of a million digits": "ip access-list T\n permit ip 1.2.3." + "9" * 1_000_000 + "/24 any",
    "wildcards that explode": "ip access-list T\n"
    + "".join(f" permit ip 10.0.0.{n} 0.170.170.170 any\n" for n in range(200)),
    "groups that name one another": "object-group ip address A\n addrgroup B\nobject-group ip address B\n addrgroup A\n"
    "ip access-list T\n permit ip addrgroup A addrgroup B",
    "an interface of many VLANs": "vlan filter M vlan-list 1-99999999999999999999,2-4",
    "a text that is not ended": "banner motd #\nhello",
    "control characters": "ip access-list T\x1b[2J\n permit ip any any\x85\x0b\u2028 established",
    "other digits": "ip access-list T\n"
    " \u0661\u0660 permit tcp any any eq \u0668\u0660\n permit ip \u0661.0.2.0/24 any",
    "carriage returns": "ip access-list T\r\n permit ip any any\r\n",
    "tabs": "ip access-list T\n\tpermit ip any any\n",
    "nothing": "",
}


def _read_or_refused(platform: str, text: str) -> Ruleset | None:
    try:
        return parser_for(platform).parse(text)
    except ParseError as exc:
        message = str(exc)
    assert len(message) < 300
    return None


@pytest.mark.parametrize("platform", ["eos", "nxos"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_in_time(platform: str, name: str) -> None:
    began = time.process_time()
    ruleset = _read_or_refused(platform, HOSTILE[name])
    if ruleset is not None:
        assert all(len(one.name) <= 400 for one in ruleset.residue)
        assert all(len(one.text) <= 200 for one in ruleset.remarks)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ip access-list T\n permit ip any any\0\n", "line 2: NUL character"),
        ("\n".join(" " * depth + "x" for depth in range(100)), "line 65: sections nested deeper than 64"),
        ("a\n" * 500_001, "text longer than 500000 lines"),
        ("banner login\nip access-list T\n", "line 1: text is not ended"),
    ],
)
def test_what_no_device_prints_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parser_for("eos").parse(text)


def test_digits_of_other_scripts_are_no_numbers() -> None:
    ruleset = parser_for("eos").parse(HOSTILE["other digits"])
    assert all(match.opaque for rule in ruleset.lists[0].rules[:-1] for match in rule.any_of)


def test_ten_thousand_entries_are_read_in_a_few_seconds_at_most() -> None:
    entries = "".join(
        f"   {n + 1} permit tcp 10.{n >> 8 & 255}.{n & 255}.0/24 host 203.0.113.{n % 256} eq {n % 65535 + 1}\n"
        for n in range(10_000)
    )
    text = f"ip access-list BIG\n{entries}interface Vlan7\n   ip access-group BIG in\n"
    began = time.process_time()
    ruleset = parser_for("eos").parse(text)
    assert time.process_time() - began < 5
    assert len(ruleset.lists[0].rules) == 10_002
