"""Cut nft text into tokens, as far as quotes, comments and braces need it.

Input: text in nft's own language. Output: tokens with their place and depth. It knows no grammar: it exists so that a
brace in a comment, or a key word in a quoted string, is never mistaken for the real thing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class NftTextError(ValueError):
    """The text is not whole: a quote or a brace does not close, or an end is missing."""


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    """A key word, name, address or number."""
    STRING = "string"
    """A quoted string, quotes included; it may span lines."""
    OPEN = "open"
    """An opening brace."""
    CLOSE = "close"
    """A closing brace."""
    NEWLINE = "newline"
    """An end of line."""
    SEMICOLON = "semicolon"
    """A semicolon."""
    MARK = "mark"
    """Any other single character: comma, comparison, bracket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token.

    Attributes:
        kind: what it is.
        text: its characters, as found.
        start: offset of its first character.
        end: offset after its last character.
        depth: open braces around it; a brace itself counts as outside.
        line: line number, from 1.
    """

    kind: Kind
    text: str
    start: int
    end: int
    depth: int
    line: int


_KINDS = {kind.value: kind for kind in Kind}
_TOKEN = re.compile(
    r"""(?P<skip>[\ \t\r]+|\\\n|\#[^\n]*)
      | (?P<string>"[^"]*")
      | (?P<newline>\n)
      | (?P<open>\{) | (?P<close>\}) | (?P<semicolon>;)
      | (?P<word>[^\s"{};\#,=!<>()|&^\\]+)
      | (?P<mark>.)""",
    re.VERBOSE,
)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of nft text; comments and blanks are dropped.

    Args:
        text: nft text, whole.

    Raises:
        NftTextError: a quote does not close, a brace closes too early, or braces are open at the end.
    """
    depth, line = 0, 1
    for match in _TOKEN.finditer(text):
        group = match.lastgroup or "mark"
        value = match.group()
        if group != "skip":
            if value == '"':
                raise NftTextError(f"line {line}: a quote is opened and never closed")
            if group == "close":
                depth -= 1
            if depth < 0:
                raise NftTextError(f"line {line}: a brace closes that was never opened")
            yield Token(kind=_KINDS[group], text=value, start=match.start(), end=match.end(), depth=depth, line=line)
            if group == "open":
                depth += 1
        line += value.count("\n")
    if depth:
        raise NftTextError(f"the text ends inside {depth} open brace(s)")
