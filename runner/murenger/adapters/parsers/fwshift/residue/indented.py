"""Sections of Cisco ASA and IOS: what is indented belongs to the line above it.

Input: text. Output: its lines with the headers above them.

Harmless: comments, remarks, descriptions, banners that end, and what the device writes about the file itself.
Source: Cisco ASA Series and IOS Command References, "banner", "description", "remark".
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from murenger.adapters.parsers.fwshift.residue.said import Said

_PAIRS = frozenset({"ip", "ipv6", "aaa", "crypto", "snmp-server"})
"""First words that say little: the second one names the section as well."""


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How a platform writes what is harmless.

    Attributes:
        comments: beginnings of lines that are comments.
        described: first words of headers below which `description` is a text for people.
        top: whole top-level lines.
        below: lines below a header that `listed` begins.
        listed: headers of access lists.
        has_banners: True if banners go over several lines, between two of their delimiter.
    """

    comments: str
    described: frozenset[str]
    top: re.Pattern[str]
    below: re.Pattern[str]
    listed: re.Pattern[str]
    has_banners: bool


_ASA = Manner(
    comments="!:",
    described=frozenset({"interface", "object", "object-group", "class-map", "policy-map"}),
    top=re.compile(r"banner (motd|login|exec|asdm)( .*)?|access-list \S+ (line \d+ )?remark( .*)?|Cryptochecksum:\S*"),
    below=re.compile(r"(?!)"),
    listed=re.compile(r"(?!)"),
    has_banners=False,
)
_IOS = Manner(
    comments="!",
    described=frozenset({"interface", "object-group", "class-map", "policy-map", "zone", "zone-pair"}),
    top=re.compile(
        r"Building configuration\.\.\.|Current configuration ?: \d+ bytes|Using \d+ out of \d+ bytes.*"
        r"|ntp clock-period \d+|access-list \d+ remark( .*)?|end"
    ),
    below=re.compile(r"(\d+ |sequence \d+ )?remark( .*)?"),
    listed=re.compile(r"(ip|ipv6) access-list .*"),
    has_banners=True,
)


def asa(text: str) -> Iterator[Said]:
    """Yield the lines of an ASA's configuration."""
    return _said(text, _ASA)


def ios(text: str) -> Iterator[Said]:
    """Yield the lines of a configuration of IOS."""
    return _said(text, _IOS)


def _said(text: str, manner: Manner) -> Iterator[Said]:
    lines = text.splitlines()
    banners = _banners(lines) if manner.has_banners else frozenset[int]()
    parents = {number for number, line in enumerate(lines) if line[:1].isspace() and number not in banners}
    stack: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if number in banners:
            continue
        said = " ".join(line.split())
        if not said or said[0] in manner.comments:
            continue
        margin = len(line) - len(line.lstrip())
        while stack and stack[-1][0] >= margin:
            stack.pop()
        path = tuple(header for _, header in stack)
        yield Said(
            number=number + 1,
            section=_section(path[0] if path else said, is_header=bool(path) or number + 1 in parents),
            path=path,
            text=said,
            is_harmless=_is_harmless(said, path, manner),
        )
        stack.append((margin, said))


def _section(header: str, *, is_header: bool) -> str:
    if is_header:
        return header
    words = header.split()
    if words[0] == "no" and len(words) > 1:
        words = words[1:]
    return " ".join(words[: 2 if words[0] in _PAIRS else 1])


def _is_harmless(said: str, path: tuple[str, ...], manner: Manner) -> bool:
    if not path:
        return manner.top.fullmatch(said) is not None
    if said.startswith("description "):
        return path[0].split()[0] in manner.described
    return len(path) == 1 and manner.listed.fullmatch(path[0]) is not None and bool(manner.below.fullmatch(said))


def _banners(lines: Sequence[str]) -> frozenset[int]:
    """Return the positions of lines in banners; one that does not end hides nothing."""
    found: set[int] = set()
    begun, delimiter = 0, ""
    for position, line in enumerate(lines):
        if delimiter:
            if delimiter in line:
                found.update(range(begun, position + 1))
                delimiter = ""
            continue
        words = line.split(None, 2)
        if len(words) == 3 and words[0] == "banner" and not line[0].isspace():
            mark = "^C" if words[2].startswith("^C") else words[2][0]
            begun, delimiter = position, mark
            if mark in words[2][len(mark) :]:
                found.add(position)
                delimiter = ""
    return frozenset(found)
