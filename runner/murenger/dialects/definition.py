"""What a dialect is: everything the stages know about one platform, as data.

Input: the facts written down in nftables.py, eos.py and junos.py. Output: a frozen `Dialect` that the parser, the
secret mask and the comparison read; none of them ever asks which platform it works on.
"""

import dataclasses
import enum
import re
from collections.abc import Sequence

# A secret that a person wrote into a description or comment. Neither a placeholder nor what resembles one is such.
DESCRIBED = r"(?i)(?<![\w:.{>-])(?:password|passwd|passphrase|secret|token|psk)\s?[=:]\s?(?P<secret>[^\s\";]+)"
# Lengths are bounded: without them a crafted line would take time that grows with its square.
URL_PASSWORD = r"://[^\s/:@\"]{1,256}:(?P<secret>[^\s@\"]{1,256})@"  # noqa: S105 - a pattern, not a password

Patterns = tuple[re.Pattern[str], ...]


class Syntax(enum.Enum):
    """How a platform writes structure."""

    BRACES_NFT = "braces-nft"
    """`table inet t {`, one statement a line, braces inside a statement are values."""
    BRACES_JUNOS = "braces-junos"
    """`name {`, statements end in `;`."""
    INDENT = "indent"
    """Deeper indentation belongs to the line above."""


class Scheme(enum.Enum):
    """How a secret is written."""

    OPAQUE = "opaque"
    """Equal values are equal text."""
    TYPE_7 = "type-7"
    """Reversible, with a salt in front: the same value can be written in sixteen ways."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderedSection:
    """A section in which the order of some items has meaning.

    Attributes:
        path: one pattern for each of the last levels of the section's path, outermost first; each must match whole.
        items: matches the items that are ordered; the group `key`, where there is one, is what identifies an item
            whose content may change, else the whole line does.
    """

    path: Patterns
    items: re.Pattern[str]

    def covers(self, path: Sequence[str]) -> bool:
        """True if the section at this path, its levels without modifiers, is one of these."""
        return matches_suffix(self.path, path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """A place where a secret stands.

    Attributes:
        name: what it is, such as `user secret`; part of the path that binds the fingerprint.
        line: searched in a line; the group `secret` is the value, the group `key`, where there is one, tells apart
            several of the kind, such as the user's name.
        path: as in `OrderedSection`; empty means anywhere.
        by_looks: True if the value is known by its own looks and not by the words around it.
        scheme: how the value is written.
        resalted: True if the device writes the same secret differently at each read, so that values say nothing.
    """

    name: str
    line: re.Pattern[str]
    path: Patterns = ()
    by_looks: bool = False
    scheme: Scheme = Scheme.OPAQUE
    resalted: bool = False

    def covers(self, path: Sequence[str]) -> bool:
        """True if a line in the section at this path, its levels without modifiers, can hold the secret."""
        return matches_suffix(self.path, path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """A command followed by free text.

    Attributes:
        start: matches the whole command line.
        end: the line, stripped, that ends the text.
    """

    start: re.Pattern[str]
    end: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ephemeral:
    """Lines that are data of a running device and not policy.

    Attributes:
        section: matches the whole header of the section.
        when: the section must hold a line that this matches.
        drop: matches the lines to leave out.
    """

    section: re.Pattern[str]
    when: re.Pattern[str]
    drop: re.Pattern[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ManagementName:
    """How a management section names another part of the configuration, which then counts as one too.

    Attributes:
        line: searched in a statement with the levels above it within its section, joined by spaces; the group `name` is
            what it names.
        sections: paths of what is named, from the top, one pattern a level, with `{name}` for the name.
        is_rule_list: True if what is named is a rule list, against which packets can be held.
    """

    line: re.Pattern[str]
    sections: tuple[tuple[str, ...], ...]
    is_rule_list: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One platform's way of writing configuration.

    Attributes:
        name: the platform's name, such as `eos`.
        syntax: how structure is written.
        indent: what one level of indentation is when written.
        block_headers: for `braces-nft`, the headers allowed at each depth.
        comments: matches a line that says nothing, without its indentation.
        verbatim: commands followed by free text.
        end_marker: the last line of a whole configuration, or "" where there is none.
        refused_header: matches, at a line's start, the header of a text that is not a running configuration, or None.
        garbage: matches, at a line's start, what a transcript holds and a configuration never does.
        volatile: matches what changes by itself in the group `volatile`, and quoted text, which is kept; or None.
        hostname: finds the device's own name in the group `name`, or None where the text has none.
        attribution: finds who changed the device last in the group `who`, or None.
        ordered: sections whose order has meaning; everything else is compared as a set.
        modifier: a prefix that changes an item's state and not its identity, such as `inactive: `.
        position_number: a number that only says an item's place, such as an access list's sequence number.
        keyed: finds, in the group `key`, what identifies an item that has no section below it.
        lists_without_order: matches the word before a bracketed list whose order has no meaning.
        value_list: matches a statement that lists values in the group `values`, separated by commas, in free order.
        commentary: matches a line that is for people only.
        inert: first levels of paths below which nothing changes traffic or access.
        ephemeral: lines that are data.
        foreign_sections: True if top-level sections that golden does not have belong to somebody else.
        management: paths, from the top, of the sections that decide who may manage the device over the network, where
            the rule model does not hold what is for the device itself; empty where it does.
        management_interface: the path of an interface, with `{name}` for its name, `{base}` for it without its unit.
        management_names: how such a section names other parts.
        secrets: places where secrets stand, the first match wins.
        secret_hint: searched before the places, as a quick way out; matches wherever one of them does.
        network_os: values of `ansible_network_os` that mean this platform.
        napalm_driver: NAPALM's name for its driver.
    """

    name: str
    syntax: Syntax
    indent: str
    network_os: tuple[str, ...]
    napalm_driver: str
    comments: re.Pattern[str]
    garbage: re.Pattern[str]
    ordered: tuple[OrderedSection, ...]
    keyed: re.Pattern[str]
    commentary: re.Pattern[str]
    inert: tuple[Patterns, ...]
    secrets: tuple[SecretPlace, ...]
    secret_hint: re.Pattern[str]
    block_headers: Patterns = ()
    verbatim: tuple[Verbatim, ...] = ()
    end_marker: str = ""
    refused_header: re.Pattern[str] | None = None
    volatile: re.Pattern[str] | None = None
    hostname: re.Pattern[str] | None = None
    attribution: re.Pattern[str] | None = None
    modifier: re.Pattern[str] | None = None
    position_number: re.Pattern[str] | None = None
    lists_without_order: re.Pattern[str] | None = None
    value_list: re.Pattern[str] | None = None
    ephemeral: tuple[Ephemeral, ...] = ()
    foreign_sections: bool = False
    management: tuple[Patterns, ...] = ()
    management_interface: tuple[str, ...] = ()
    management_names: tuple[ManagementName, ...] = ()

    def ordered_items(self, path: Sequence[str]) -> re.Pattern[str] | None:
        """Return what matches the ordered items of the section at a path, or None where order has no meaning."""
        levels = [self.bare(level) for level in path]
        return next((section.items for section in self.ordered if section.covers(levels)), None)

    def is_inert(self, path: Sequence[str]) -> bool:
        """True if what stands at this path, its own line last, changes neither traffic nor access."""
        if self.commentary.match(self.bare(path[-1])):
            return True
        return any(
            len(levels) <= len(path) and all(p.match(level) for p, level in zip(levels, path, strict=False))
            for levels in self.inert
        )

    def bare(self, line: str) -> str:
        """Return a line without the modifier before it."""
        return self.modifier.sub("", line, count=1) if self.modifier else line


def matches_suffix(patterns: Patterns, path: Sequence[str]) -> bool:
    """True if the last levels of a path match the patterns one by one; no pattern matches every path."""
    if len(patterns) > len(path):
        return False
    tail = path[len(path) - len(patterns) :]
    return all(pattern.fullmatch(level) for pattern, level in zip(patterns, tail, strict=True))


def compiled(*patterns: str) -> Patterns:
    """Return the patterns compiled, for the `path` of a section or a secret place.

    A quoted name may hold a line end, which must not make a section look like another; so `.` matches it.
    """
    return tuple(re.compile(pattern, re.DOTALL) for pattern in patterns)
