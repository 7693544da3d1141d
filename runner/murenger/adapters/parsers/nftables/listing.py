"""The JSON of an nftables listing, checked before anything is concluded from it.

Input: what `nft -j list ruleset` prints. Output: the same as a value, whole and of the expected shape.
"""

import collections
import json
import re
from collections.abc import Sequence
from typing import NoReturn

from murenger.adapters.parsers.nftables.lexer import MAX_CHARACTERS
from murenger.errors import ParseError
from murenger.model.json_value import JsonValue

_SCHEMA_VERSION = 1
_MAX_DEPTH = 48
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_OURS = ("line", "unreadable")


def read_json(text: str) -> JsonValue:
    """Return the value of a JSON listing.

    Args:
        text: a whole JSON document; may be hostile.

    Raises:
        ParseError: it is cut off, too large or deep, has a key twice, or is no listing; the message says where.
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(f"the listing is longer than {MAX_CHARACTERS} characters")
    _refuse_depth(text)
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_float=_refuse_number, parse_constant=_refuse_number)
    except json.JSONDecodeError as exc:
        raise ParseError(f"line {exc.lineno}: the listing is not whole JSON: {exc.msg}") from exc
    except ValueError as exc:
        raise ParseError(f"the listing is no JSON that nft writes: {exc}") from exc
    if not isinstance(found, dict) or list(found) != ["nftables"] or not isinstance(found["nftables"], list):
        raise ParseError("the JSON is no listing: it must be an object with the one key nftables, a list")
    for number, entry in enumerate(found["nftables"], 1):
        _check_entry(entry, number)
    return {"nftables": found["nftables"]}


def _check_entry(entry: object, number: int) -> None:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ParseError(f"entry {number} of the listing is not an object with one key")
    ((kind, said),) = entry.items()
    if not isinstance(said, dict) or kind in _OURS or "line" in said:
        raise ParseError(f"entry {number} of the listing ({kind[:40]}) is nothing that nft lists")
    if kind == "metainfo" and said.get("json_schema_version") != _SCHEMA_VERSION:
        raise ParseError(f"the listing is not of JSON schema version {_SCHEMA_VERSION}, the only one known")
    if kind == "rule" and not isinstance(said.get("expr", []), list):
        raise ParseError(f"entry {number} of the listing is a rule whose expr is no list")


def _refuse_depth(text: str) -> None:
    depth = 0
    for piece in _BRACKETS.findall(text):
        if piece in "[{":
            depth += 1
            if depth > _MAX_DEPTH:
                raise ParseError(f"the listing is nested deeper than {_MAX_DEPTH}")
        elif piece in "]}":
            depth -= 1


def _object(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = collections.Counter(key for key, _ in pairs)
        raise ValueError(f"the key {times.most_common(1)[0][0][:40]!r} stands twice in one object")
    return found


def _refuse_number(word: str) -> NoReturn:
    raise ValueError(f"{word[:40]} is no whole number")
