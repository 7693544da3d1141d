"""Cuts Junos text (curly or one console line) into tokens, and quotes words for output.

Input: configuration text with LF or CRLF line ends. Output: tokens with their kind and line number.
"""

import dataclasses
import enum
import re
from collections.abc import Iterator

from murenger.lab.junos.errors import Complaint, JunosError


class Kind(enum.Enum):
    """What a token is."""

    WORD = "word"
    """A bare word."""
    STRING = "string"
    """A word that stood in double quotes; its text is unescaped."""
    MARK = "mark"
    """One of `; { } [ ]`."""
    COMMENT = "comment"
    """A comment that the device keeps: `/* ... */`, or `#` to the end of the line."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token.

    Attributes:
        kind: what it is.
        text: its text, without quotes and unescaped; comments keep their delimiters.
        line: line number, from 1.
    """

    kind: Kind
    text: str
    line: int

    def is_mark(self, text: str) -> bool:
        """Tell whether this is the given punctuation mark."""
        return self.kind is Kind.MARK and self.text == text


_LEXEME = re.compile(
    r"""(?P<space>\s+)
      | (?P<block>/\*.*?\*/)
      | (?P<hashes>\#\#[^\n]*)
      | (?P<hash>\#[^\n]*)
      | (?P<mark>[;{}\[\]])
      | "(?P<string>(?:[^"\\]|\\.)*)"
      | (?P<word>(?!/\*)[^\s;{}\[\]"]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r'\\(["\\n])')
_BARE = re.compile(r"[A-Za-z0-9_.:/@%+*~^=<>,-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of configuration text.

    `##` comments (volatile headers, SECRET-DATA marks) are dropped, as the device does.

    Args:
        text: curly configuration or one console line.

    Yields:
        Tokens in order.

    Raises:
        JunosError: an unterminated string or comment, or a control character.
    """
    if control := _CONTROL.search(text):
        raise JunosError(Complaint(message=f"invalid character 0x{ord(control.group()):02x} in configuration data"))
    position, line = 0, 1
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            what = "missing or unbalanced quote" if text[position] == '"' else "unterminated comment"
            raise JunosError(Complaint(message=what, bad_element=text[position : position + 20].splitlines()[0]))
        token = _token(match, line)
        if token is not None:
            yield token
        line += match.group().count("\n")
        position = match.end()


def _token(match: re.Match[str], line: int) -> Token | None:
    lexeme = match.group()
    match match.lastgroup:
        case "word":
            return Token(kind=Kind.WORD, text=lexeme, line=line)
        case "string":
            text = _ESCAPE.sub(lambda found: "\n" if found.group(1) == "n" else found.group(1), match.group("string"))
            return Token(kind=Kind.STRING, text=text, line=line)
        case "mark":
            return Token(kind=Kind.MARK, text=lexeme, line=line)
        case "block" | "hash":
            return Token(kind=Kind.COMMENT, text=lexeme.strip(), line=line)
        case _:
            return None


def quote(word: str, *, always: bool = False) -> str:
    """Return a word as the device prints it: bare where it can be, otherwise quoted and escaped.

    Args:
        word: the word's text.
        always: quote even where a bare word would do.

    Returns:
        Text that `tokenize` reads back to exactly `word`.
    """
    if not always and _BARE.fullmatch(word) and not word.startswith("/*"):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
