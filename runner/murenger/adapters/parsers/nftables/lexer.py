"""The lexer of nftables listings: a text into blocks and statements, a statement into words.

Input: the text of `nft list ruleset`. Output: top-level statements and tables, each with the lines where it stands.
"""

import re
from typing import NamedTuple

from murenger.errors import ParseError

MAX_CHARACTERS = 64 << 20
"""A longer listing is refused: nobody reads it, and it would exhaust memory."""

_MAX_BRACES = 32
_BLOCK_DEPTH = 2
# nft knows no escapes inside quotes, and a comment may hold a line end.
_PIECE = re.compile(r'"[^"]*"|\#[^\n]*|\\\n|[{};\n]|[^"#{};\n\\]+|\\|"')
_WORD = re.compile(r'"[^"]*"|[^\s"{},;()|&^=!<>]+|[<>=!]=|<<|>>|[{},;()|&^=!<>]')


class Statement(NamedTuple):
    """What stands between line ends and semicolons.

    Attributes:
        text: without indentation, on one line unless a quoted comment holds a line end.
        first: 1-based line where it begins.
        last: 1-based line where it ends.
    """

    text: str
    first: int
    last: int


class Block(NamedTuple):
    """A head with braces: a table, or a chain, set or other object in it.

    Attributes:
        head: the text before the opening brace.
        body: what is inside; blocks only directly inside a table.
        first: 1-based line of the head.
        last: 1-based line of the closing brace.
    """

    head: str
    body: "tuple[Block | Statement, ...]"
    first: int
    last: int


def words(text: str) -> list[str]:
    """Return the words of a statement, quoted text with its quotes as one word, and "" at the end."""
    found = _WORD.findall(text)
    found.append("")
    return found


def blocks(text: str) -> tuple[Block | Statement, ...]:
    """Return what stands at the top of a listing.

    Raises:
        ParseError: braces or quotes do not match, or the text is too large or deep; the message names the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(f"the listing is longer than {MAX_CHARACTERS} characters")
    return _Splitter().split(text)


class _Splitter:
    """Follows the braces of one text.

    Tables hold objects and objects hold statements, so a brace below that depth, or after an equals sign, belongs to a
    statement.
    """

    def __init__(self) -> None:
        self._line = 1
        self._begin = 1
        self._buffer: list[str] = []
        self._braces = 0
        self._body: list[Block | Statement] = []
        self._open: list[tuple[str, int, list[Block | Statement]]] = []

    def split(self, text: str) -> tuple[Block | Statement, ...]:
        for piece in _PIECE.findall(text):
            match piece[0]:
                case "\n":
                    self._line_end()
                case "{":
                    self._opening()
                case "}":
                    self._closing()
                case ";" if not self._braces:
                    self._flush()
                case "#":
                    self._comment(piece)
                case "\\":
                    self._line += piece.count("\n")
                    self._keep(" " if len(piece) > 1 else piece)
                case '"':
                    self._quoted(piece)
                case _:
                    self._keep(piece)
        if self._open or self._braces:
            begin = self._open[-1][1] if self._open else self._begin
            raise ParseError(f"line {begin}: the brace that opens here is never closed")
        self._flush()
        return tuple(self._body)

    def _keep(self, piece: str) -> None:
        if not self._buffer:
            if piece.isspace():
                return
            self._begin = self._line
        self._buffer.append(piece)

    def _quoted(self, piece: str) -> None:
        if len(piece) == 1:
            raise ParseError(f"line {self._line}: the quotation mark is never closed")
        self._keep(piece)
        self._line += piece.count("\n")

    def _comment(self, piece: str) -> None:
        # iptables-nft rules that nft cannot say are listed as comments: they are no comments.
        if piece.startswith("# xt_"):
            self._keep(piece)

    def _line_end(self) -> None:
        if self._braces:
            self._buffer.append(" ")
        elif self._buffer:
            self._flush()
        self._line += 1

    def _flush(self) -> None:
        text = "".join(self._buffer).strip()
        self._buffer.clear()
        if text:
            self._body.append(Statement(text, self._begin, self._line))

    def _opening(self) -> None:
        if not self._braces and len(self._open) < _BLOCK_DEPTH:
            head = "".join(self._buffer).strip()
            if not head.endswith("="):
                self._open.append((head, self._begin if self._buffer else self._line, self._body))
                self._buffer.clear()
                self._body = []
                return
        self._braces += 1
        if self._braces > _MAX_BRACES:
            raise ParseError(f"line {self._line}: more than {_MAX_BRACES} braces inside one another")
        self._keep("{")

    def _closing(self) -> None:
        if self._braces:
            self._braces -= 1
            self._buffer.append("}")
            return
        self._flush()
        if not self._open:
            raise ParseError(f"line {self._line}: the brace that closes here was never opened")
        head, first, outside = self._open.pop()
        outside.append(Block(head, tuple(self._body), first, self._line))
        self._body = outside
