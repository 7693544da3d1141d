"""No line of a configuration can change unnoticed, and no text brings a parser down.

Input: every fixture with each line deleted and altered; hostile text. Output: rules or residue that differ, or a line
on the list of what is harmless; a ruleset or a ParseError, in bounded time.
"""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from murenger.adapters.parsers.fwshift import lines
from murenger.adapters.parsers.fwshift.platforms import MAX_LINE, MAX_TEXT, parser
from murenger.errors import ParseError, UnsupportedPlatformError
from murenger.semantics.ir import Ruleset

Text = Callable[[str, str], str]

FIXTURES = [
    ("asa", "gateway.txt"),
    ("asa", "levels.txt"),
    ("asa", "lists.txt"),
    ("fortios", "office.conf"),
    ("ios", "edge.txt"),
    ("ios", "zones.txt"),
    ("ios", "lists.txt"),
    ("iptables", "both.txt"),
    ("iptables", "gateway.txt"),
    ("junos", "srx.conf"),
    ("opnsense", "config.xml"),
    ("panos", "vsys.xml"),
    ("pfsense", "config.xml"),
]

HARMLESS = {
    "asa": r"!.*|description .*|access-list \S+ remark .*",
    "fortios": r"#.*|set (uuid|comments?|category|name) .*|set service-negate disable",
    "ios": r"!.*|description .*|(\d+ )?remark .*|access-list \d+ remark .*"
    r"|banner .*|ip access-list extended FAKE|permit ip any any|\^C",
    "iptables": r"#.*",
    "junos": r"description .*",
    "opnsense": r"<\?xml.*|<descr(iption)?>.*",
    "panos": r"<\?xml.*|<description>.*|<config .*",
    "pfsense": r"<\?xml.*|<descr>.*",
}
"""Comments, descriptions, names that people give."""

RENAMED = {
    "iptables": r":\S+ \S+ \[\d+:\d+\]",  # counters
    "junos": r"(policy \S+|outside) \{",
    "opnsense": r"<(rule|alias) uuid=.*",
    "panos": r'<entry name="[a-z ]+"( uuid=.*)?>',
}
"""Lines that an alteration only gives another name."""

RESTATED = {
    "junos": r"deny-all;",
    "opnsense": r"<(type|action)>pass<.*|<(enabled|quick)>1<.*|<sequence>[12]<.*|<direction>in<.*|<ipprotocol>inet<.*"
    r"|<(source|destination)_net>any<.*",
    "pfsense": r"<type>pass<.*|<ipprotocol>inet(46)?<.*|<floating>yes<.*|<direction>in<.*",
}
"""Lines that say what holds anyway: without them the configuration means the same."""


def _meaning(platform: str, text: str) -> object:
    """Return all that a comparison looks at, or nothing for a text that is refused."""
    try:
        found: Ruleset = parser(platform).parse(text)
    except ParseError:
        return None
    lists = [
        (one.hooks, one.acl, one.bound, [(rule.action, rule.any_of, rule.unless, rule.handling) for rule in one.rules])
        for one in found.lists
    ]
    return lists, found.covers, found.zones, [(one.name, one.digest) for one in found.residue]


def _altered(line: str) -> Iterator[str]:
    """Yield a line with its last letter or digit changed."""
    for found in list(re.finditer(r"[A-Za-z0-9]", line))[-1:]:
        other = "2" if found[0] == "1" else "1"
        yield line[: found.start()] + other + line[found.end() :]


def _matches(table: dict[str, str], platform: str, line: str) -> bool:
    return platform in table and re.fullmatch(table[platform], line.strip()) is not None


@pytest.mark.parametrize(("platform", "name"), FIXTURES)
def test_no_line_can_be_deleted_or_altered_unnoticed(platform: str, name: str, configuration: Text) -> None:
    texts = configuration(platform, name).splitlines()
    before = _meaning(platform, "\n".join(texts))
    assert before is not None
    silent: list[tuple[int, str, str]] = []
    for index, line in enumerate(texts):
        if not line.strip() or _matches(HARMLESS, platform, line):
            continue
        variants: list[list[str]] = [] if _matches(RESTATED, platform, line) else [[]]
        if not _matches(RENAMED, platform, line):
            variants += [[one] for one in _altered(line)]
        silent += [
            (index + 1, line, "".join(variant))
            for variant in variants
            if _meaning(platform, "\n".join([*texts[:index], *variant, *texts[index + 1 :]])) == before
        ]
    assert silent == []


@pytest.mark.parametrize(("platform", "name"), FIXTURES)
def test_a_text_that_is_cut_off_never_brings_a_parser_down(platform: str, name: str, configuration: Text) -> None:
    text = configuration(platform, name)
    for end in range(0, len(text), max(1, len(text) // 40)):
        _meaning(platform, text[:end])


@pytest.mark.parametrize("platform", sorted(HARMLESS))
def test_hostile_text_is_refused_or_read_in_bounded_time(platform: str) -> None:
    began = time.process_time()
    for text in (
        "",
        "\0",
        "\ud800",
        "\ufeff",
        "<" * 10_000,
        "{" * 10_000,
        '"' * 10_001,
        "x" * (MAX_LINE - 1),
        "access-list a extended permit ip any any\n" * 200 + "\x0b\x0c\x1c\x85\u2028\u2029",
        (
            "object-group network a\n group-object b\nobject-group network b\n group-object a\n"
            "access-list c extended permit ip object-group a any\n"
        ),
        "set security address-book global address-set a address-set a\n",
        "*filter\n" + ":a - [0:0]\n" * 1000 + "COMMIT\n",
    ):
        try:
            parser(platform).parse(text)
        except ParseError:
            continue
    assert time.process_time() - began < 10


def test_groups_that_hold_each_other_are_undecidable(configuration: Text) -> None:
    text = configuration("fortios", "office.conf").replace('set member "web1" "db-net"', 'set member "web1" "nested"')
    rules = {rule.provenance.rule: rule for rule in parser("fortios").parse(text).lists[0].rules}
    assert all(box.opaque for box in rules["policy 3"].any_of)


def test_an_object_of_ten_megabytes_is_refused() -> None:
    with pytest.raises(ParseError, match="longer than"):
        parser("asa").parse("object-group network a\n network-object host " + "1" * 10_000_000 + "\n")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ParseError, match="longer than"):
        parser("iptables").parse("#" * (MAX_TEXT + 1))


def test_a_platform_that_fwshift_does_not_read_is_refused() -> None:
    with pytest.raises(UnsupportedPlatformError, match="eos"):
        parser("eos")


def test_the_digest_of_texts_depends_on_where_each_ends() -> None:
    assert lines.digest("ab", "c") != lines.digest("a", "bc")
