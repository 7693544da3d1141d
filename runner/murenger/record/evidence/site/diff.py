"""What a drift did, line by line: golden -> live, with marks that do not need colour.

Input: the `ops` of a drift as a record holds them. Output: blocks of marked lines, cut where they are very long.
"""

import dataclasses
import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from markupsafe import Markup

from murenger.model import JsonValue
from murenger.record.evidence.site.markup import shown
from murenger.record.groups import Group
from murenger.record.reading import number_of, text_of

MOST_LINES = 300
"""Lines shown of one difference."""
MOST_BLOCKS = 200
"""Differences shown of one drift."""
_MOST_COMPARED = 400
_MOST_TOKENS = 200
_ALIKE = 0.4

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_HEADINGS = {"added": "Added", "removed": "Removed", "changed": "Changed", "moved": "Moved"}
_SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "changed": "±", "moved": "↕"}
_SEVERITIES = {
    "policy": "traffic policy",
    "secret": "a secret or account",
    "foreign": "not managed by us",
    "other": "neither traffic nor access",
}

Atom: TypeAlias = str | tuple[str]
"""A stretch of text, or the digest of a redacted secret."""
Row: TypeAlias = tuple[Atom, ...]
RawLine: TypeAlias = tuple[str, Row, Row | None]
"""Kind, line, and the one line that stands in its place on the other side, if it is one for one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a diff.

    Attributes:
        kind: `added` (only live has it), `removed` (only golden has it) or `unchanged`.
        sign: the same as a sign.
        text: the line as markup.
    """

    kind: str
    sign: str
    text: Markup


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One difference.

    Attributes:
        word: Added, Removed, Changed or Moved.
        sign: a sign for it.
        path: where in the configuration, outermost first.
        severity: what kind of thing differs, in words.
        place: `place 2 -> 1` where the order differs, or "".
        lines: its lines.
        hidden: number of lines that are not shown.
    """

    word: str
    sign: str
    path: tuple[str, ...]
    severity: str
    place: str
    lines: tuple[Line, ...]
    hidden: int


def blocks_of(operations: Sequence[Group]) -> tuple[Block, ...]:
    """Return the first differences of a drift, at most `MOST_BLOCKS`."""
    return tuple(_block(operation) for operation in operations[:MOST_BLOCKS])


def _block(operation: Group) -> Block:
    kind = text_of(operation, "op")
    path = operation.get("path")
    golden, live = _rows(operation.get("before")), _rows(operation.get("after"))
    raw = tuple(_raw_lines(golden, live))
    severity = text_of(operation, "severity")
    return Block(
        word=_HEADINGS.get(kind, kind),
        sign=_SIGNS.get(kind, "?"),
        path=tuple(part for part in path if isinstance(part, str)) if isinstance(path, list) else (),
        severity=_SEVERITIES.get(severity, severity),
        place=_place(operation),
        lines=tuple(_line(each) for each in raw[:MOST_LINES]),
        hidden=max(len(raw) - MOST_LINES, 0),
    )


def _place(operation: Group) -> str:
    golden, live = number_of(operation, "before_position"), number_of(operation, "after_position")
    if golden is not None and live is not None and golden != live:
        return f"place {golden} in golden, place {live} in live"
    alone = live if golden is None else golden
    return "" if alone is None else f"place {alone}"


def _rows(text: JsonValue) -> tuple[Row, ...]:
    """Split a text of a device, with its redactions, into lines."""
    if text is None:
        return ()
    rows: list[list[Atom]] = [[]]
    for part in text if isinstance(text, list) else [text]:
        if isinstance(part, dict):
            rows[-1].append((text_of(part, "redacted"),))
            continue
        first, *more = str(part).split("\n")
        rows[-1].append(first)
        rows.extend([line] for line in more)
    # A text that ends its last line has no further, empty line.
    ended = len(rows) > 1 and rows[-1] in ([], [""])
    return tuple(tuple(row) for row in (rows[:-1] if ended else rows))


def _raw_lines(golden: tuple[Row, ...], live: tuple[Row, ...]) -> Iterator[RawLine]:
    if golden == live:
        yield from (("unchanged", row, None) for row in golden)
    elif not golden or not live or max(len(golden), len(live)) > _MOST_COMPARED:
        yield from _replaced(golden, live)
    else:
        matcher = difflib.SequenceMatcher(None, golden, live, autojunk=False)
        for tag, golden_from, golden_to, live_from, live_to in matcher.get_opcodes():
            ours, theirs = golden[golden_from:golden_to], live[live_from:live_to]
            yield from (("unchanged", row, None) for row in ours) if tag == "equal" else _replaced(ours, theirs)


def _replaced(golden: tuple[Row, ...], live: tuple[Row, ...]) -> Iterator[RawLine]:
    alone = len(golden) == len(live) == 1
    yield from (("removed", row, live[0] if alone else None) for row in golden)
    yield from (("added", row, golden[0] if alone else None) for row in live)


def _line(raw: RawLine) -> Line:
    kind, row, partner = raw
    text = None
    if partner is not None:
        golden, live = (row, partner) if kind == "removed" else (partner, row)
        text = _marked(golden, live, kind)
    return Line(kind=kind, sign=_SIGNS.get(kind, " "), text=_text(row) if text is None else text)


def _marked(golden: Row, live: Row, kind: str) -> Markup | None:
    """Return one of two lines with the words that differ marked, or None where they have little in common."""
    ours, theirs = _tokens(golden), _tokens(live)
    if max(len(ours), len(theirs)) > _MOST_TOKENS:
        return None
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return None
    marked = Markup("")
    for tag, ours_from, ours_to, theirs_from, theirs_to in matcher.get_opcodes():
        stretch = ours[ours_from:ours_to] if kind == "removed" else theirs[theirs_from:theirs_to]
        marked += _stretch(stretch, marked=tag != "equal")
    return marked


def _tokens(row: Row) -> tuple[Atom, ...]:
    return tuple(token for atom in row for token in (_TOKEN.findall(atom) if isinstance(atom, str) else [atom]))


def _stretch(atoms: Sequence[Atom], *, marked: bool) -> Markup:
    text = _text(atoms)
    return Markup("<mark>{}</mark>").format(text) if marked and text else text


def _text(atoms: Sequence[Atom]) -> Markup:
    return Markup("").join(shown(atom if isinstance(atom, str) else {"redacted": atom[0]}) for atom in atoms)
