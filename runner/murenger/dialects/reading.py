"""Reading: from a configuration's text to its tree, strictly.

Input: text with LF line ends. Output: a `Tree`, or a `ParseError` that names the line and never quotes it (it may
hold a secret).
"""

import re
from collections.abc import Iterator

from murenger.dialects.definition import Dialect, Syntax, Verbatim
from murenger.dialects.tree import Builder, Reader, Tree, check_size
from murenger.errors import ParseError

# nft knows no escape inside quotes, and a quoted string may hold line ends (seen with nft 1.0.6).
NFT_TOKEN = re.compile(r'"[^"]*"|#[^\n]*|[{}\n"]|[^"#{}\n]+')
JUNOS_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>/\*.*?\*/)|(?P<hash>\#[^\n]*)"""
    r"""|(?P<mark>[{};\[\]])|(?P<broken>"|/\*)|(?P<word>(?:[^\s"{};\[\]/]|/(?!\*))+)|(?P<space>\s+)""",
    re.DOTALL,
)
SECRET_MARK = "## SECRET-DATA"  # noqa: S105 - the words Junos writes, not a secret

# So nft lists a match or target of iptables that it has no words for: part of the rule, and no comment of a person.
UNTRANSLATED = "# xt_"


def parse(text: str, dialect: Dialect) -> Tree:
    """Read a configuration.

    Args:
        text: a platform's configuration, LF line ends.
        dialect: the platform.

    Raises:
        ParseError: unbalanced braces, an unterminated quote or banner, something that no configuration holds, or
            more of anything than the limits allow; the message names the line.
    """
    check_size(text)
    nul = text.find("\0")
    if nul >= 0:
        raise ParseError(f"line {text.count(chr(10), 0, nul) + 1}: NUL character")
    tree = _READERS[dialect.syntax](text, dialect)
    for _, node in tree.walk():
        if dialect.garbage.match(node.line):
            raise ParseError(f"line {node.number}: not part of a configuration")
    return tree


class _NftReader:
    """Reads what `nft list ruleset` prints: one statement a line, sections in two levels."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._headers = dialect.block_headers
        self._builder = Builder()
        self._parts: list[str] = []
        self._started_at = 1
        self._inline = 0
        self._number = 1
        self._line_is_done = False

    def read(self) -> Tree:
        for match in NFT_TOKEN.finditer(self._text):
            piece = match.group()
            if piece == "\n":
                self._end_line()
            elif piece == "{":
                self._open()
            elif piece == "}":
                self._close()
            elif piece == '"':
                raise ParseError(f"line {self._number}: quote is not closed")
            elif piece[0] != "#" or piece.startswith(UNTRANSLATED):
                self._append(piece)
            self._number += piece.count("\n")
        self._end_line()
        if self._inline or self._builder.depth:
            opened_at = self._started_at if self._inline else self._builder.opened_at
            raise ParseError(f"text ends inside the section that opens at line {opened_at}")
        return self._builder.tree()

    def _append(self, piece: str) -> None:
        if not self._parts:
            piece = piece.lstrip()
            self._started_at = self._number
        if piece:
            self._refuse_after_brace()
            self._parts.append(piece)

    def _refuse_after_brace(self) -> None:
        if self._line_is_done:
            raise ParseError(f"line {self._number}: more on the line after a section's brace")

    def _open(self) -> None:
        self._refuse_after_brace()
        header = "".join(self._parts).rstrip()
        depth = self._builder.depth
        if not self._inline and depth < len(self._headers) and self._headers[depth].fullmatch(header):
            self._builder.open(header, self._started_at)
            self._parts.clear()
            self._line_is_done = True
            return
        self._inline += 1
        self._parts.append("{")

    def _close(self) -> None:
        if self._inline:
            self._inline -= 1
            self._parts.append("}")
            return
        if self._parts or not self._builder.depth:
            raise ParseError(f"line {self._number}: brace closes nothing")
        self._refuse_after_brace()
        self._builder.close()
        self._line_is_done = True

    def _end_line(self) -> None:
        if self._inline:
            self._parts.append("\n")
            return
        self._line_is_done = False
        line = "".join(self._parts).rstrip()
        self._parts.clear()
        if not line:
            return
        if not self._builder.depth:
            raise ParseError(f"line {self._started_at}: expected a table", hint="only listings are read")
        self._builder.leaf(line, self._started_at)


def _read_nft(text: str, dialect: Dialect) -> Tree:
    return _NftReader(text, dialect).read()


# How lines begin that say what to change. They cannot replace a configuration, and without the device's own grammar
# nobody can tell which of their words are names and which are sections.
_JUNOS_COMMANDS = frozenset({"set", "delete", "insert", "rename", "copy", "activate", "deactivate", "annotate"})


class _JunosReader:
    """Reads curly Junos configuration."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._builder = Builder()
        self._words: list[str] = []
        self._started_at = 1
        self._number = 1
        self._brackets = 0

    def read(self) -> Tree:
        for match in JUNOS_TOKEN.finditer(self._text):
            piece = match.group()
            kind = match.lastgroup
            if kind in {"word", "string"}:
                self._word(piece)
            elif kind == "mark":
                self._mark(piece)
            elif kind == "broken":
                raise ParseError(f"line {self._number}: quote or comment is not closed")
            elif kind == "comment" and not self._words:
                self._builder.leaf(piece, self._number)
            elif kind == "hash" and piece.startswith(SECRET_MARK):
                self._builder.mark_secret()
            self._number += piece.count("\n")
        if self._words:
            raise self._not_ended()
        if self._builder.depth:
            raise ParseError(f"text ends inside the section that opens at line {self._builder.opened_at}")
        return self._builder.tree()

    def _not_ended(self) -> ParseError:
        if self._words[0] not in _JUNOS_COMMANDS:
            return ParseError(f"line {self._started_at}: statement is not ended")
        return ParseError(
            f"line {self._started_at}: {self._words[0]!r} is a command, and commands are not a configuration",
            hint="give the text with braces, as 'show configuration' prints it without 'display set'",
        )

    def _word(self, piece: str) -> None:
        if not self._words:
            self._started_at = self._number
        self._words.append(piece)

    def _mark(self, piece: str) -> None:
        if piece in "[]":
            self._brackets += 1 if piece == "[" else -1
            if self._brackets not in {0, 1} or not self._words:
                raise ParseError(f"line {self._number}: bracket out of place")
            self._words.append(piece)
            return
        if self._brackets or bool(self._words) is (piece == "}"):
            raise ParseError(f"line {self._number}: {piece!r} out of place")
        if piece == "}":
            if not self._builder.depth:
                raise ParseError(f"line {self._number}: brace closes nothing")
            self._builder.close()
            return
        line = " ".join(self._words)
        self._words.clear()
        if piece == ";":
            self._builder.leaf(line, self._started_at)
        else:
            self._builder.open(line, self._started_at)


def _read_junos(text: str, _: Dialect) -> Tree:
    return _JunosReader(text).read()


def _read_indent(text: str, dialect: Dialect) -> Tree:
    builder = Builder()
    margins = [0]
    lines = iter(enumerate(text.split("\n"), 1))
    for number, raw in lines:
        line = raw.strip(" ")
        if not line or dialect.comments.match(line):
            continue
        margin = len(raw) - len(raw.lstrip(" "))
        if line == dialect.end_marker and not margin:
            _expect_nothing_more(lines, dialect)
            break
        if raw[margin] in "\t\r\v\f":
            raise ParseError(f"line {number}: indented with something other than spaces")
        _indent_to(builder, margins, margin, number)
        verbatim = next((place for place in dialect.verbatim if place.start.fullmatch(line)), None)
        builder.leaf(_with_text(line, number, lines, verbatim) if verbatim else line, number)
    for _ in margins[1:]:
        builder.close()
    return builder.tree()


def _indent_to(builder: Builder, margins: list[int], margin: int, number: int) -> None:
    if margin > margins[-1]:
        if number == 1 or not builder.has_last:
            raise ParseError(f"line {number}: indented below nothing")
        builder.deepen()
        margins.append(margin)
    while margin < margins[-1]:
        margins.pop()
        builder.close()
    if margin != margins[-1]:
        raise ParseError(f"line {number}: indentation fits no section")


def _with_text(line: str, number: int, lines: Iterator[tuple[int, str]], verbatim: Verbatim) -> str:
    parts = [line]
    for _, raw in lines:
        parts.append(raw)
        if raw.strip() == verbatim.end:
            return "\n".join(parts)
    raise ParseError(f"line {number}: text is not ended by {verbatim.end}")


def _expect_nothing_more(lines: Iterator[tuple[int, str]], dialect: Dialect) -> None:
    for number, raw in lines:
        if raw.strip():
            raise ParseError(f"line {number}: text goes on after {dialect.end_marker!r}")


_READERS: dict[Syntax, Reader] = {
    Syntax.BRACES_NFT: _read_nft,
    Syntax.BRACES_JUNOS: _read_junos,
    Syntax.INDENT: _read_indent,
}
