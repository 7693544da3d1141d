"""Statements of a Junos configuration, in braces or as `display set` prints them.

Input: text. Output: each statement as the words of its whole path, with its line. Rendered again one statement a row,
so that statements that share a line can be told apart.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from murenger.errors import ParseError

_MAX_DEPTH = 64
_MAX_STATEMENTS = 2_000_000
_MAX_LIST = 100_000
_TOKEN = re.compile(r'/\*.*?(?:\*/|\Z)|#[^\n]*|"(?:\\.|[^"\\])*(?:"|\Z)|[{};\[\]]|\n|[^\s{};\[\]"]+', re.DOTALL)
_PROMPT = re.compile(r"\{(primary|secondary|master|backup)(:node\d+|:\d+)?\}")
_PROMPT_LINE = re.compile(r"^[ \t]*\{(primary|secondary|master|backup)(:node\d+|:\d+)?\}[ \t]*$", re.MULTILINE)
_Found = tuple[tuple[str, ...], int, bool]
_MARKS = frozenset({"inactive:", "protect:", "active:", "replace:"})
_COMMANDS = frozenset({"delete", "insert", "activate", "rename", "replace", "copy", "annotate"})


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        row: 1-based position among the statements.
        words: the words of its whole path.
        line: 1-based line of the text.
        is_deactivation: True if it says that the path is not in force.
    """

    row: int
    words: tuple[str, ...]
    line: int
    is_deactivation: bool = False

    @property
    def text(self) -> str:
        """The statement as `display set` prints it."""
        return " ".join(("deactivate" if self.is_deactivation else "set", *(_quoted(word) for word in self.words)))


def _quoted(word: str) -> str:
    if word and not any(char in word for char in ' \t\n"\\;{}[]#'):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def statements(text: str) -> list[Statement]:
    """Return the statements of a configuration.

    Raises:
        ParseError: it is not whole, too deep, or it holds commands rather than a configuration.
    """
    for line in text.splitlines():
        word = line.split(None, 1)[:1]
        if word and not line.lstrip().startswith("#") and not _PROMPT.fullmatch(line.strip()):
            is_set = word[0] in {"set", "deactivate", *_COMMANDS}
            found = _set_lines(text) if is_set else _Braces(text).read()
            return [Statement(row, words, number, is_off) for row, (words, number, is_off) in enumerate(found, 1)]
    return []


def _set_lines(text: str) -> Iterator[_Found]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#") or _PROMPT.fullmatch(line):
            continue
        words = [_unquoted(word, number) for word in _TOKEN.findall(line)] if '"' in line else line.split()
        if '"' in line:
            words = [word for word in words if word != "\n"]
        if words[0] in {"set", "deactivate"} and len(words) > 1:
            yield tuple(words[1:]), number, words[0] == "deactivate"
        elif words[0] != "protect":
            raise ParseError(f"line {number}: {line[:40]!r} is no statement of a configuration")


def _unquoted(piece: str, line: int) -> str:
    if not piece.startswith('"'):
        return piece
    if len(piece) < 2 or not piece.endswith('"'):
        raise ParseError(f"line {line}: a quoted text that does not end")
    return re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL)


class _Braces:
    """Reads the form with braces."""

    def __init__(self, text: str) -> None:
        self._text = _PROMPT_LINE.sub("", text)
        self._prefix: list[str] = []
        self._stack: list[tuple[int, int]] = []
        self._words: list[str] = []
        self._listed: list[str] | None = None
        self._inactive = False
        self._found: list[_Found] = []

    def read(self) -> list[_Found]:
        """Return the statements."""
        line = 1
        for found in _TOKEN.finditer(self._text):
            piece = found.group()
            if piece == "\n":
                line += 1
                continue
            if piece.startswith(("/*", "#")):
                line += piece.count("\n")
                continue
            self._take(piece, line)
            line += piece.count("\n")
            if len(self._found) > _MAX_STATEMENTS:
                raise ParseError(f"more than {_MAX_STATEMENTS} statements")
        if self._stack or self._words or self._listed is not None:
            raise ParseError(f"line {line}: the configuration ends inside a statement")
        return self._found

    def _take(self, piece: str, line: int) -> None:
        if self._listed is not None and piece != "]":
            if piece in _STRUCTURE:
                raise ParseError(f"line {line}: a list that does not end, or is in another one")
            self._listed.append(_unquoted(piece, line))
        elif piece in _STRUCTURE:
            _STRUCTURE[piece](self, line)
        elif piece in _MARKS and not self._words:
            self._inactive = self._inactive or piece == "inactive:"
        elif piece == "delete:" and not self._words:
            raise ParseError(f"line {line}: 'delete:' is a command, not a configuration")
        else:
            self._words.append(_unquoted(piece, line))

    def open_list(self, _: int) -> None:
        self._listed = []

    def close_list(self, line: int) -> None:
        if self._listed is None or any(word.startswith("\0") for word in self._words) or len(self._listed) > _MAX_LIST:
            raise ParseError(f"line {line}: a list that cannot be read")
        self._words.append("\0" + "\0".join(self._listed))
        self._listed = None

    def open(self, line: int) -> None:
        if not self._words or len(self._stack) >= _MAX_DEPTH or any(word.startswith("\0") for word in self._words):
            raise ParseError(f"line {line}: a block that cannot be read, or blocks too deep in one another")
        if self._inactive:
            self._found.append(((*self._prefix, *self._words), line, True))
        self._stack.append((len(self._words), len(self._found)))
        self._prefix += self._words
        self._words, self._inactive = [], False

    def close(self, line: int) -> None:
        if self._words or not self._stack:
            raise ParseError(f"line {line}: a closing brace where nothing is open, or in a statement")
        added, before = self._stack.pop()
        if len(self._found) == before:
            self._found.append((tuple(self._prefix), line, False))
        del self._prefix[len(self._prefix) - added :]

    def end(self, line: int) -> None:
        for words in _expanded(self._words):
            path = (*self._prefix, *words)
            self._found.append((path, line, False))
            if self._inactive:
                self._found.append((path, line, True))
        self._words, self._inactive = [], False


_STRUCTURE: Mapping[str, Callable[[_Braces, int], None]] = MappingProxyType(
    {
        "[": _Braces.open_list,
        "]": _Braces.close_list,
        "{": _Braces.open,
        "}": _Braces.close,
        ";": _Braces.end,
    }
)


def _expanded(words: Sequence[str]) -> list[list[str]]:
    """Return one statement for each item of a list in brackets."""
    if not words:
        return []
    found: list[list[str]] = [[]]
    for word in words:
        items = [item for item in word[1:].split("\0") if item] if word.startswith("\0") else [word]
        found = [[*before, item] for before in found for item in items] or found
    return found
