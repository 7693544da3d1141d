"""Lines of an IOS configuration: what is indented belongs to the line above it; banners are nobody's.

Input: text. Output: the top-level lines with those below them.
"""

import dataclasses
from collections.abc import Iterable, Iterator

from murenger.errors import ParseError

_MAX_DEPTH = 64
_BANNER_WORDS = 3
_MAX_EXPANDED = 20_000
_ENTRIES = frozenset({("permit",), ("deny",), ("remark",), ("evaluate",)})


@dataclasses.dataclass(slots=True)
class Line:
    """A line with the lines indented below it.

    Attributes:
        number: 1-based.
        words: its words.
        children: the lines below it.
    """

    number: int
    words: tuple[str, ...]
    children: list["Line"] = dataclasses.field(default_factory=list)


def top_lines(text: str) -> list[Line]:
    """Return the top-level lines of a configuration; comments and banners are left out.

    Raises:
        ParseError: it is nested too deeply.
    """
    found: list[Line] = []
    stack: list[tuple[int, Line]] = []
    for number, line in _outside_banners(text):
        words = tuple(line.split())
        if not words or words[0].startswith("!"):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0 and found and _is_entry(words) and found[-1].words[1:2] == ("access-list",):
            # As one types it: no line of its own begins with such a word.
            indent = 1
        one = Line(number, words)
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if len(stack) > _MAX_DEPTH:
            raise ParseError(f"line {number}: indented more than {_MAX_DEPTH} levels deep")
        (stack[-1][1].children if stack else found).append(one)
        stack.append((indent, one))
    return found


def _is_entry(words: tuple[str, ...]) -> bool:
    """True for an entry of an access list, with its number or without."""
    return (words[1:2] if words[0].isdecimal() else words[:1]) in _ENTRIES


def check_groups(lines: Iterable[Line]) -> None:
    """Refuse object groups that hold one another so often that reading them one inside the other would not end.

    Args:
        lines: the top-level lines.

    Raises:
        ParseError: a group stands for too many others; the message names it.
    """
    inner: dict[str, list[str]] = {}
    for line in lines:
        if line.words[0] == "object-group" and len(line.words) > 2:
            held = [one.words[1] for one in line.children if one.words[0] == "group-object" and len(one.words) > 1]
            inner.setdefault(line.words[2], []).extend(held)
    sizes: dict[str, int] = {}
    for name in inner:
        waiting = [name]
        while waiting:
            current = waiting[-1]
            if current not in sizes:
                # Counted as none until it is known: so a cycle ends.
                sizes[current] = 0
                waiting += [one for one in inner.get(current, ()) if one not in sizes]
                continue
            waiting.pop()
            sizes[current] = 1 + sum(sizes[one] for one in inner.get(current, ()))
            if sizes[current] > _MAX_EXPANDED:
                raise ParseError(f"object group {current[:60]!r} holds other groups more than {_MAX_EXPANDED} times")


def _outside_banners(text: str) -> Iterator[tuple[int, str]]:
    delimiter = ""
    for number, line in enumerate(text.splitlines(), 1):
        if delimiter:
            delimiter = "" if delimiter in line else delimiter
            continue
        words = line.split(None, _BANNER_WORDS - 1)
        if len(words) == _BANNER_WORDS and words[0] == "banner" and not line[0].isspace():
            said = words[2]
            mark = "^C" if said.startswith("^C") else said[0]
            delimiter = "" if mark in said[len(mark) :] else mark
            continue
        yield number, line
