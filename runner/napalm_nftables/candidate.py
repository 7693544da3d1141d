"""Judge a candidate before any nft sees it, and find the tables it speaks of.

Input: candidate text as a person or a tool wrote it. Output: the named tables, or an error that says what is refused.
The kernel judges everything else, in a throw-away network namespace; here is refused what must not even be tried
(reading files of the device) or what would not mean there what it means here (interface indexes, handles).
"""

import re
from collections.abc import Sequence
from pathlib import Path

from napalm_nftables.lexer import Kind, Token, tokens
from napalm_nftables.listing import FAMILIES, TableName

MAXIMUM_BYTES = 16 * 1024 * 1024
"""Longest candidate text, in bytes of UTF-8."""

_VERBS = frozenset(("add", "create", "insert", "delete", "flush", "rename"))
_DEFINITIONS = frozenset(("define", "redefine", "undefine"))
_OBJECTS = frozenset(
    (
        "table",
        "chain",
        "rule",
        "set",
        "map",
        "element",
        "counter",
        "quota",
        "limit",
        "ct",
        "flowtable",
        "secmark",
        "synproxy",
    )
)
# nft reads `22include` as a number and a key word, so digits before the word do not hide it.
_INCLUDE = re.compile(r"(?<![A-Za-z_./-])include(?![A-Za-z0-9_./-])")
_COMPARISONS = frozenset(("=", "!"))


class CandidateError(ValueError):
    """The candidate holds something this driver refuses to try."""


def candidate_text(filename: str | None, config: str | None) -> str:
    """Get the text of a candidate.

    Args:
        filename: file on this side, UTF-8; it wins over `config`.
        config: the text itself.

    Raises:
        CandidateError: neither is given, or the file cannot be read.
    """
    if filename is None:
        if not isinstance(config, str):
            raise CandidateError("give a filename or a config")
        return config
    try:
        return Path(filename).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CandidateError(f"the candidate file cannot be read: {type(error).__name__}") from error


def check_candidate(text: str) -> tuple[TableName, ...]:
    """Refuse what must not be tried; name the tables the candidate speaks of.

    Args:
        text: nft text: tables, or commands on objects of tables; `define` is allowed.

    Returns:
        The tables named at the outermost level, sorted, each once.

    Raises:
        CandidateError: `include`, `flush ruleset`, a handle, an interface index other than that of `lo`, or a
            statement that is no part of a rule set.
        NftTextError: a quote or brace does not close.
    """
    if len(text.encode("utf-8", "surrogateescape")) > MAXIMUM_BYTES:
        raise CandidateError(f"the candidate is longer than {MAXIMUM_BYTES} bytes")
    if "\0" in text:
        raise CandidateError("the candidate holds a NUL character")
    stream = tuple(tokens(text))
    _refuse_words(stream)
    _refuse_indexes(stream)
    names = {name for statement in _outer_statements(stream) if (name := _named_table(statement)) is not None}
    return tuple(sorted(names))


def _refuse_words(stream: Sequence[Token]) -> None:
    for token in stream:
        if token.kind is not Kind.WORD:
            continue
        if _INCLUDE.search(token.text):
            raise CandidateError(f"line {token.line}: 'include' would read a file of the device; put its text here")
        if token.text == "handle":
            raise CandidateError(f"line {token.line}: a handle names another rule once the table is replaced")


def _refuse_indexes(stream: Sequence[Token]) -> None:
    """Refuse `iif` and `oif`: they need the interface to exist where the candidate is tried, and its name may move."""
    for position, token in enumerate(stream):
        if token.kind is not Kind.WORD or token.text not in {"iif", "oif"}:
            continue
        rest = (other.text for other in stream[position + 1 : position + 5] if other.text not in _COMPARISONS)
        if next(rest, "").strip('"') != "lo":
            raise CandidateError(
                f"line {token.line}: '{token.text}' matches an interface by its index; use '{token.text}name'"
            )


def _outer_statements(stream: Sequence[Token]) -> list[list[Token]]:
    statements: list[list[Token]] = [[]]
    for token in stream:
        if token.depth == 0 and token.kind in {Kind.NEWLINE, Kind.SEMICOLON}:
            statements.append([])
        elif token.depth == 0:
            statements[-1].append(token)
    return [statement for statement in statements if statement]


def _named_table(statement: Sequence[Token]) -> TableName | None:
    """Find the table that one outer statement is about; None for a definition."""
    words = [token.text for token in statement]
    line = statement[0].line
    if words[0] in _DEFINITIONS:
        return None
    if words[0] in _VERBS:
        words = words[1:]
        if words[:1] == ["ruleset"]:
            raise CandidateError(f"line {line}: 'flush ruleset' would wipe other programs' tables; name tables instead")
        if words[:1] and words[0] not in _OBJECTS:
            words.insert(0, "rule")
    elif words[0] != "table":
        raise CandidateError(f"line {line}: '{words[0]}' is no part of a rule set")
    kind, words = words[0] if words else "", words[1:]
    if kind == "ct":
        words = words[1:]
    family = words.pop(0) if words and words[0] in FAMILIES else "ip"
    if not words or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", words[0]):
        raise CandidateError(f"line {line}: no table is named here")
    return TableName(family=family, name=words[0])
