"""Lines of an IOS configuration: what is indented belongs to the line above it; banners are nobody's.

Input: text. Output: the top-level lines with those below them.
"""

import dataclasses
from collections.abc import Iterator

from murenger.errors import ParseError

_MAX_DEPTH = 64
_BANNER_WORDS = 3


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
        one = Line(number, words)
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if len(stack) > _MAX_DEPTH:
            raise ParseError(f"line {number}: indented more than {_MAX_DEPTH} levels deep")
        (stack[-1][1].children if stack else found).append(one)
        stack.append((indent, one))
    return found


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
