"""Sections: the outline of an indented configuration, and a digest of every line of it that a rule model does not hold.

Input: text of an indented configuration; then which lines a parser has carried into its model and which are known to
be harmless. Output: lines with the headers above them; then residue, one section for each top-level header.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from murenger.errors import ParseError
from murenger.semantics.ir import ResidueSection

MAX_CHARACTERS = 64 * 1024 * 1024
MAX_LINES = 500_000
MAX_NAME = 200
"""Longer names of sections are cut, and told apart by a digest."""

_MAX_DEPTH = 64
_SEPARATOR = "\x1f"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line that says something.

    Attributes:
        number: 1-based line of the text.
        text: the line without blanks at either end, blanks within it made one; verbatim text is kept as it is.
        path: the headers above it, outermost first; empty at top level.
        is_verbatim: True if it stands in free text, such as a banner, and is no configuration.
    """

    number: int
    text: str
    path: tuple[str, ...] = ()
    is_verbatim: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FreeText:
    """Text that is no configuration, such as a banner.

    Attributes:
        start: matches the whole line that begins it; a group `end` says what ends it, wherever it stands in a line.
        end: without that group, the line that ends it.
    """

    start: re.Pattern[str]
    end: str = ""


def check_text(text: str) -> None:
    """Refuse a text that no device would print.

    Raises:
        ParseError: it is too large, or holds a NUL character.
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(f"text larger than {MAX_CHARACTERS} characters")
    if text.count("\n") > MAX_LINES:
        raise ParseError(f"text longer than {MAX_LINES} lines")
    nul = text.find("\0")
    if nul >= 0:
        raise ParseError(f"line {text.count(chr(10), 0, nul) + 1}: NUL character")


def outline(text: str, *, comments: re.Pattern[str], free_texts: Sequence[FreeText] = ()) -> tuple[Line, ...]:
    """Return the lines of an indented configuration, each with the headers above it.

    Args:
        text: the configuration, lines ended by LF or CRLF.
        comments: matches the beginning of a line, without its indentation, that the device does not act on.
        free_texts: what is not configuration.

    Raises:
        ParseError: it is too large, nested too deeply, or ends inside a free text; the message names the line.
    """
    check_text(text)
    found: list[Line] = []
    margins: list[int] = []
    headers: list[str] = []
    rows = iter(enumerate(text.split("\n"), 1))
    for number, raw in rows:
        words = raw.split()
        if not words or comments.match(words[0]):
            continue
        row = raw.expandtabs()
        margin = len(row) - len(row.lstrip())
        while margins and margin <= margins[-1]:
            margins.pop()
            headers.pop()
        if len(margins) >= _MAX_DEPTH:
            raise ParseError(f"line {number}: sections nested deeper than {_MAX_DEPTH}")
        line = Line(number, " ".join(words), tuple(headers))
        found.append(line)
        margins.append(margin)
        # Every line below repeats it.
        headers.append(shortened(line.text))
        found.extend(_free_text(line, rows, free_texts))
    return tuple(found)


def _free_text(line: Line, rows: Iterator[tuple[int, str]], free_texts: Sequence[FreeText]) -> Iterator[Line]:
    for known in free_texts:
        begin = known.start.fullmatch(line.text)
        if begin is None:
            continue
        anywhere = begin.groupdict().get("end")
        path = (*line.path, shortened(line.text))
        for number, raw in rows:
            yield Line(number, raw.rstrip(), path, is_verbatim=True)
            if anywhere in raw if anywhere else raw.strip() == known.end:
                return
        raise ParseError(f"line {line.number}: text is not ended")


def residue_of(
    lines: Iterable[Line], carried: Collection[int], harmless: Callable[[Line], bool]
) -> tuple[ResidueSection, ...]:
    """Return a section for each top-level header under which a line is neither carried nor harmless.

    A top-level line without lines below it belongs to the section that its first word names (a leading `no` aside).
    Sections that the text repeats are one. They come by name: their order says nothing to the device, which prints them
    in its own; the order of the lines in each may.

    Args:
        lines: from `outline`.
        carried: numbers of the lines that the model holds.
        harmless: tells whether a line is known to have no meaning for traffic or for the device's safety.
    """
    lines = tuple(lines)
    headers = {line.path[0] for line in lines if line.path}
    sections: dict[str, list[Line]] = {}
    for line in lines:
        if line.number not in carried and not harmless(line):
            sections.setdefault(_section_name(line, headers), []).append(line)
    return tuple(_section(name, found) for name, found in sorted(sections.items()))


def _section_name(line: Line, headers: Collection[str]) -> str:
    top = line.path[0] if line.path else shortened(line.text)
    if top not in headers:
        words = top.split(" ", 2)
        top = words[1] if words[0] == "no" and len(words) > 1 else words[0]
    return shortened(top)


def shortened(text: str) -> str:
    """Return a text of at most `MAX_NAME` characters; a longer one is cut, and other texts stay other texts."""
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 33]} {digest_of(text)[:32]}"


def _section(name: str, lines: Sequence[Line]) -> ResidueSection:
    count = len(lines)
    return ResidueSection(
        name=name,
        digest=digest_of(*(_SEPARATOR.join((*line.path[1:], line.text)) for line in lines)),
        first_line=lines[0].number,
        last_line=lines[-1].number,
        summary=f"{count} line{'' if count == 1 else 's'} outside the rule model",
    )


def digest_of(*parts: str) -> str:
    """Return one SHA-256, hex, over texts; other texts, or the same ones cut otherwise, have another."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
