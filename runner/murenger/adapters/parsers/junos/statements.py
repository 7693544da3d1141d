"""Statements: a Junos configuration as paths of words, whether it is written in braces or as set commands.

Input: text. Output: statements in order; `from { protocol [ tcp udp ]; }` is two of them.
"""

import bisect
import dataclasses
import re
from collections.abc import Callable, Iterator

from murenger.adapters.parsers.sections import check_text
from murenger.dialects.junos import JUNOS
from murenger.errors import ParseError

_SET_FORMAT = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:set|deactivate)\s")
_MAX_STATEMENTS = 500_000
_MAX_DEPTH = 64
# Every statement of a section repeats its path.
_MAX_PATH = 4_096
# The same words as `JUNOS_TOKEN`, read in longer strides: a slash ends a word only where a comment begins.
_WORD = r'[^\s"{};\[\]/]+(?:/(?!\*)[^\s"{};\[\]/]*)*|(?:/(?!\*)[^\s"{};\[\]/]*)+'
_TOKEN = re.compile(rf'"(?:[^"\\]+|\\.)*"|/\*.*?\*/|#[^\n]*|[{{}};\[\]]|{_WORD}|"|/\*', re.DOTALL)
# The last one is no part of a configuration but of a text to be loaded; it changes nothing of what is loaded.
_MODIFIERS = ("inactive:", "protect:", "replace:")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        words: the path that leads to it and its own words, quotes taken off.
        line: 1-based line where it begins.
        is_active: False if the device does not act on it, as it or something around it is marked inactive.
    """

    words: tuple[str, ...]
    line: int
    is_active: bool = True


def statements_of(text: str) -> tuple[Statement, ...]:
    """Return the statements of a configuration, comments left out.

    Args:
        text: in braces or as set commands.

    Raises:
        ParseError: it is neither, or too large or deep; the message names the line.
    """
    check_text(text)
    return tuple(_from_commands(text) if is_commands(text) else _Reader(text).read())


def is_commands(text: str) -> bool:
    """True if a text begins with a set command."""
    return _SET_FORMAT.match(text) is not None


def only(text: str, wanted: Callable[[str], bool]) -> str:
    """Return a text with everything but some top-level statements blanked, so that each line keeps its number.

    Args:
        text: a configuration that `statements_of` has read.
        wanted: tells by its first word whether a top-level statement stays.
    """
    if is_commands(text):
        rows = text.split("\n")
        return "\n".join(row if len(row.split()) > 1 and wanted(row.split()[1].strip('"')) else "" for row in rows)
    return "".join(_kept(text, wanted))


def _kept(text: str, wanted: Callable[[str], bool]) -> Iterator[str]:
    depth, first, done = 0, "", 0
    for match in _TOKEN.finditer(text):
        piece = match.group()
        yield "\n" * text.count("\n", done, match.start()) or " "
        done = match.end()
        is_mark = piece in {"{", "}", ";"}
        if piece[0] == "#" or piece.startswith("/*"):
            yield "\n" * piece.count("\n")
            continue
        if not first and not is_mark and piece not in _MODIFIERS:
            first = piece.strip('"')
        yield piece if first and wanted(first) else "\n" * piece.count("\n")
        if is_mark:
            depth += {"{": 1, "}": -1, ";": 0}[piece]
            first = first if depth or piece == "{" else ""
    yield "\n" * text.count("\n", done)


class _Reader:
    """Reads a configuration in braces."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._found: list[Statement] = []
        self._words: list[str] = []
        self._begin = 0
        self._brackets = 0
        # For each section that is open: the path below it, and whether what is in it is active.
        self._open: list[tuple[tuple[str, ...], bool]] = [((), True)]
        # For each of them: whether it holds anything, and where it begins.
        self._held: list[tuple[bool, int]] = [(True, 0)]

    def _line(self, position: int) -> int:
        return bisect.bisect_left(self._ends, position) + 1

    def read(self) -> list[Statement]:
        for match in _TOKEN.finditer(self._text):
            piece = match.group()
            first = piece[0]
            if first in "{};[]" and len(piece) == 1:
                self._mark(piece, match.start())
            elif first in '"/#' and self._is_comment(piece, match.start()):
                continue
            else:
                if not self._words:
                    self._begin = match.start()
                self._words.append(_unquoted(piece) if first == '"' else piece)
        if self._words:
            raise ParseError(f"line {self._line(self._begin)}: statement is not ended")
        if len(self._open) > 1:
            raise ParseError(f"text ends inside the section that opens at line {self._line(self._held[-1][1])}")
        return self._found

    def _is_comment(self, piece: str, position: int) -> bool:
        """True for a comment, False for a word.

        Raises:
            ParseError: a quote or a comment is not closed.
        """
        if piece in {'"', "/*"}:
            raise ParseError(f"line {self._line(position)}: quote or comment is not closed")
        return piece[0] == "#" or piece.startswith("/*")

    def _mark(self, piece: str, position: int) -> None:
        if piece in "[]":
            self._brackets += 1 if piece == "[" else -1
            if self._brackets not in {0, 1} or not self._words:
                raise ParseError(f"line {self._line(position)}: bracket out of place")
            self._words.append(_BRACKETS[piece])
            return
        if self._brackets or bool(self._words) is (piece == "}"):
            raise ParseError(f"line {self._line(position)}: {piece!r} out of place")
        if piece == "}":
            self._close(position)
            return
        line, (path, is_active) = self._line(self._begin), self._open[-1]
        words, self._words = self._words, []
        if JUNOS.garbage.match(" ".join(words[:2])):
            raise ParseError(f"line {line}: not part of a configuration")
        self._held[-1] = (True, self._held[-1][1])
        if words[0] in _MODIFIERS:
            marks = _taken_marks(words)
            is_active = is_active and "inactive:" not in marks
            # The mark itself is a line of the configuration: it must not vanish with what it stands before.
            kept = [mark for mark in marks if mark != "replace:"]
            self._found += [Statement((*path, *words, mark), line, is_active=False) for mark in kept]
        if piece == "{":
            self._enter((*path, *words), line, is_active=is_active)
        else:
            self._found += [Statement((*path, *expanded), line, is_active) for expanded in _expanded(words)]
            if len(self._found) > _MAX_STATEMENTS:
                raise ParseError(f"line {line}: more than {_MAX_STATEMENTS} statements")

    def _enter(self, path: tuple[str, ...], line: int, *, is_active: bool) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise ParseError(f"line {line}: sections nested deeper than {_MAX_DEPTH}")
        if sum(map(len, path)) > _MAX_PATH:
            raise ParseError(f"line {line}: names of a section and those around it longer than {_MAX_PATH}")
        self._open.append((path, is_active))
        self._held.append((False, self._begin))

    def _close(self, position: int) -> None:
        if len(self._open) == 1:
            raise ParseError(f"line {self._line(position)}: brace closes nothing")
        (path, is_active), (holds, begin) = self._open.pop(), self._held.pop()
        if not holds:
            self._found.append(Statement(path, self._line(begin), is_active))


def _taken_marks(words: list[str]) -> list[str]:
    """Take the marks off the beginning of a statement and return them."""
    marks: list[str] = []
    while words[0] in _MODIFIERS and len(words) > 1:
        marks.append(words.pop(0))
    return marks


def _unquoted(piece: str) -> str:
    return piece[1:-1].replace('\\"', '"')


def _from_commands(text: str) -> Iterator[Statement]:
    found: list[Statement] = []
    off: set[tuple[str, ...]] = set()
    for number, row in enumerate(text.split("\n"), 1):
        stripped = row.strip()
        if not stripped or stripped.startswith("#"):
            continue
        words = _words(stripped, number)
        if words[0] not in {"set", "deactivate"} or len(words) == 1:
            raise ParseError(f"line {number}: not a set command")
        if words[0] == "deactivate":
            off.add(tuple(words[1:]))
            found.append(Statement((*words[1:], "inactive:"), number, is_active=False))
        else:
            found.extend(Statement(tuple(one), number) for one in _expanded(words[1:]))
        if len(found) > _MAX_STATEMENTS:
            raise ParseError(f"line {number}: more than {_MAX_STATEMENTS} statements")
    lengths = sorted({len(path) for path in off})
    for one in found:
        is_off = any(one.words[:length] in off for length in lengths)
        yield dataclasses.replace(one, is_active=False) if is_off else one


def _words(line: str, number: int) -> list[str]:
    """Return the words of a set command; brackets get a mark, so that no quoted one is taken for them."""
    found: list[str] = []
    for piece in _TOKEN.findall(line):
        if piece[0] == '"' and len(piece) > 1:
            found.append(_unquoted(piece))
        elif piece in _BRACKETS:
            found.append(_BRACKETS[piece])
        elif piece[0] in '{};"' or piece.startswith("/*"):
            raise ParseError(f"line {number}: {piece[0]!r} out of place")
        else:
            found.append(piece)
    return found


_BRACKETS = {"[": "\0[", "]": "\0]"}


def _expanded(words: list[str]) -> list[list[str]]:
    """Return one list of words for each value in brackets."""
    if _BRACKETS["["] not in words:
        return [words]
    begin = words.index(_BRACKETS["["])
    end = words.index(_BRACKETS["]"], begin) if _BRACKETS["]"] in words else len(words)
    rest = [word for word in words[end + 1 :] if word not in _BRACKETS.values()]
    return [[*words[:begin], value, *rest] for value in words[begin + 1 : end] if value not in _BRACKETS.values()]
