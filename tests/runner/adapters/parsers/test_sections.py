"""Sections group what a rule model does not hold, and miss nothing.

Input: small indented texts. Output: sections with their lines and digests.
"""

import re

import pytest

from murenger.adapters.parsers.sections import (
    MAX_NAME,
    FreeText,
    Line,
    check_text,
    digest_of,
    outline,
    residue_of,
    shortened,
)
from murenger.errors import ParseError

COMMENTS = re.compile("!")
TEXT = """\
! a comment
hostname r1
interface Vlan7
   description here
   ip address 192.0.2.1/24

   ip access-group A in
no ip domain lookup
ip route a
interface Vlan7
   shutdown
router bgp 1
   address-family ipv4
      neighbor 192.0.2.9 activate
"""


def _lines(text: str = TEXT) -> tuple[Line, ...]:
    return outline(text, comments=COMMENTS)


def _nothing(_line: Line) -> bool:
    return False


def test_lines_know_the_headers_above_them() -> None:
    assert [(line.number, line.text, line.path) for line in _lines()] == [
        (2, "hostname r1", ()),
        (3, "interface Vlan7", ()),
        (4, "description here", ("interface Vlan7",)),
        (5, "ip address 192.0.2.1/24", ("interface Vlan7",)),
        (7, "ip access-group A in", ("interface Vlan7",)),
        (8, "no ip domain lookup", ()),
        (9, "ip route a", ()),
        (10, "interface Vlan7", ()),
        (11, "shutdown", ("interface Vlan7",)),
        (12, "router bgp 1", ()),
        (13, "address-family ipv4", ("router bgp 1",)),
        (14, "neighbor 192.0.2.9 activate", ("router bgp 1", "address-family ipv4")),
    ]


def test_sections_have_names_spans_and_no_carried_line() -> None:
    found = residue_of(_lines(), {3, 7}, lambda line: line.text.startswith("description"))
    assert [(one.name, one.first_line, one.last_line, one.summary) for one in found] == [
        ("hostname", 2, 2, "1 line outside the rule model"),
        ("interface Vlan7", 5, 11, "3 lines outside the rule model"),
        ("ip", 8, 9, "2 lines outside the rule model"),
        ("router bgp 1", 12, 14, "3 lines outside the rule model"),
    ]


def test_a_section_of_carried_and_harmless_lines_is_none() -> None:
    assert residue_of(_lines("interface Vlan7\n description x\n"), {1}, lambda line: bool(line.path)) == ()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ip route a\n", True),
        ("ip   route\ta\n!\n", True),
        ("ip route b\n", False),
        ("ip route a b\n", False),
        ("ip route a\nip route c\n", False),
        ("no ip route a\n", False),
    ],
)
def test_a_digest_is_of_words_and_of_nothing_else(text: str, same: bool) -> None:  # noqa: FBT001 - a test's argument
    (golden,) = residue_of(_lines("ip route a\n"), (), _nothing)
    (live,) = residue_of(_lines(text), (), _nothing)
    assert (golden.digest == live.digest) is same


def test_a_digest_shows_where_a_line_stands() -> None:
    one = residue_of(_lines("a\n b\n  c\n  d\n"), (), _nothing)
    other = residue_of(_lines("a\n b\n  c\n d\n"), (), _nothing)
    assert one[0].name == other[0].name
    assert one[0].digest != other[0].digest


def test_free_text_is_no_configuration() -> None:
    texts = (FreeText(start=re.compile("banner")), FreeText(start=re.compile("say (?P<end>.)")))
    lines = outline(
        "banner\n hostname x\n  EOF\nsay #\nhostname y\n text # more\nhostname z\n",
        comments=COMMENTS,
        free_texts=(FreeText(start=texts[0].start, end="EOF"), texts[1]),
    )
    assert [line.text for line in lines if not line.is_verbatim] == ["banner", "say #", "hostname z"]
    assert [line.path for line in lines if line.is_verbatim] == [("banner",)] * 2 + [("say #",)] * 2


@pytest.mark.parametrize("text", ["a\0", "\n" * 500_001, "x" * (64 * 1024 * 1024 + 1)])
def test_what_no_device_prints_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        check_text(text)


def test_long_names_are_cut_and_stay_apart() -> None:
    long, other = "x" * 5_000, "x" * 4_999 + "y"
    assert len(shortened(long)) == MAX_NAME
    assert shortened(long) != shortened(other)
    assert shortened("x" * MAX_NAME) == "x" * MAX_NAME


def test_digests_of_texts_cut_otherwise_differ() -> None:
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of("abc"), digest_of("abc", "")}) == 4
