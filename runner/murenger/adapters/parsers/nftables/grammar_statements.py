"""The grammar of nftables rules: matches, and how the statements of a rule follow one another.

Input: the text of one rule. Output: its statements as libnftables would write them in JSON. What is not understood is
kept as `{"unreadable": TEXT}`, to the end of the rule or to the verdict that ends it.
"""

import re
from collections.abc import Callable
from types import MappingProxyType

from murenger.adapters.parsers.nftables.grammar_actions import ACTIONS, assignment
from murenger.adapters.parsers.nftables.grammar_fields import BIT_FIELDS, DURATIONS, NAMES, left_side
from murenger.adapters.parsers.nftables.grammar_values import (
    VERDICTS,
    Found,
    elements,
    mapped,
    quoted,
    right_side,
    seconds,
    value,
)
from murenger.adapters.parsers.nftables.lexer import words
from murenger.model.json_value import JsonValue

_RELATIONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "!"})
_MAX_PARENTHESES = 32
_VERDICT = re.compile(r"(?:accept|drop|return|continue|(?:jump|goto)\s+[^\s{}\"]+)\Z")
_COMMENT = re.compile(r'\bcomment\s+"([^"]*)"\s*\Z')


def rule(text: str, family: str) -> tuple[list[JsonValue], str | None]:
    """Return the statements of a rule, and its comment.

    Args:
        text: the rule, without a handle.
        family: of the table; decides what a bare `reject` answers.
    """
    found: list[JsonValue] = []
    row = words(text)
    if row.count("(") > _MAX_PARENTHESES:
        return [{"unreadable": text}], None
    i = 0
    try:
        while True:
            word = row[i]
            verdict = VERDICTS.get(word)
            if verdict is not None:
                found.append(verdict)
                i += 1
                continue
            if not word:
                return found, None
            if word == "comment" and i and len(row) == i + 3:
                return found, quoted(row[i + 1])
            action = ACTIONS.get(word)
            statement, after = _match(row, i) if action is None else action(row, i, family)
            if statement is None:
                statement, after = _match(row, i)
            found.append(statement)
            i = after
    except (ValueError, IndexError):
        return _with_the_rest(found, text, i)


def _with_the_rest(found: list[JsonValue], text: str, i: int) -> tuple[list[JsonValue], str | None]:
    """Add what was not understood; verdicts are words that nft keeps for verdicts, so the one at the end is certain."""
    rest = text[_position(text, i) :]
    comment = _COMMENT.search(rest)
    if comment and (found or comment.start()):
        rest = rest[: comment.start()].rstrip()
    verdict = _VERDICT.search(rest)
    last: JsonValue = None
    if verdict and (verdict.start() == 0 or rest[verdict.start() - 1].isspace()):
        said = verdict[0].split()
        last = VERDICTS.get(said[0]) or {said[0]: {"target": said[-1]}}
        rest = rest[: verdict.start()].rstrip()
    if rest:
        found.append({"unreadable": rest})
    if last:
        found.append(last)
    return found, comment[1] if comment and (i or comment.start()) else None


def _position(text: str, i: int) -> int:
    """Return where the word with this index begins."""
    position = 0
    for word in words(text)[: i + 1]:
        begin = text.index(word, position)
        position = begin + len(word)
    return begin


def _match(row: list[str], i: int) -> Found:
    """Read what begins with a field: a match, a verdict map, or a field that is set."""
    key = row[i], row[i + 1]
    left, i = left_side(row, i)
    word = row[i]
    if word in _RELATIONS:
        right, i = right_side(row, i + 1)
        relation = word
    elif word == "vmap":
        return _verdict_map(left, row, i + 1)
    elif word == "set":
        return assignment(left, row, i + 1)
    else:
        right, i = right_side(row, i)
        relation = "in" if key in BIT_FIELDS and _is_plain(right) else "=="
    if row[i] == "/":
        mask, i = right_side(row, i + 1)
        left = {"&": [left, mask]}
        relation = "==" if relation == "in" else relation
    convert = _CONVERTED.get(key)
    if convert is not None:
        right = mapped(right, convert)
    return {"match": {"op": relation, "left": left, "right": right}}, i


def _is_plain(right: JsonValue) -> bool:
    return not (isinstance(right, dict) and "set" in right) and not (isinstance(right, str) and right.startswith("@"))


def _verdict_map(left: JsonValue, row: list[str], i: int) -> Found:
    data: JsonValue
    if row[i] == "{":
        found, i = elements(row, i + 1)
        data = {"set": found}
    else:
        data = value(row[i])
        i += 1
    return {"vmap": {"key": left, "data": data}}, i


def _seconds(word: JsonValue) -> JsonValue:
    return seconds(word) if isinstance(word, str) and not word.startswith("@") else word


def _name(word: JsonValue) -> JsonValue:
    return str(word) if isinstance(word, int) else word


_CONVERTED: MappingProxyType[tuple[str, str], Callable[[JsonValue], JsonValue]] = MappingProxyType(
    dict.fromkeys(DURATIONS, _seconds) | dict.fromkeys(NAMES, _name)
)
