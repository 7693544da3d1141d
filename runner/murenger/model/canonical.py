"""Canonical JSON: the one byte form of every file that is signed.

Input: JSON values without floats. Output: RFC 8785 bytes, and back again only from bytes in exactly that form.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

import rfc8785
from jsonschema_rs.canonical import json as quick_json

from murenger.model.json_value import JsonValue

__all__ = ["MAX_INTEGER", "JsonValue", "canonical_bytes", "parse_canonical"]

# Beyond this an integer loses its value in readers that hold numbers as IEEE 754 doubles (RFC 8785, section 3.2.2.3).
MAX_INTEGER = 2**53 - 1

# As many as `MAX_INTEGER` has, and a sign: a longer number is refused before it is turned into one.
_MOST_DIGITS = 17
# Shorter numbers are remembered: there are few, and most numbers in a file are among them.
_REMEMBERED_DIGITS = 4

# From here on UTF-8 means characters beyond the basic plane: RFC 8785 sorts keys by UTF-16 units and quick writers by
# character or byte, which agree as long as there is no such character.
_BEYOND_BASIC_PLANE = 0xF0


def canonical_bytes(value: JsonValue) -> bytes:
    """Return the RFC 8785 form of a value.

    Raises:
        ValueError: it holds a float, an integer outside +-(2^53 - 1), a lone surrogate, or a key that is not text.
    """
    _refuse_unsafe(value)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as exc:
        raise ValueError(f"cannot be written as canonical JSON: {exc}") from exc


def parse_canonical(content: bytes) -> dict[str, JsonValue]:
    """Return the object that canonical bytes stand for.

    Raises:
        ValueError: not UTF-8, not one JSON object, a duplicate key, a float, a number out of range, or bytes that are
            not exactly what `canonical_bytes` gives for the value.
    """
    value = _parse_plain(content)
    return _parse_with_care(content) if value is None else value


def _parse_plain(content: bytes) -> dict[str, JsonValue] | None:
    """Return what plain bytes stand for, or None where only the slow way can tell, or can tell what is wrong.

    `jsonschema_rs` writes what RFC 8785 writes for text, whole numbers and the order of keys of the basic plane; a test
    compares the two over random values. A duplicate key shows, because only one of the two is written again.
    """
    if not content.isascii() and max(content) >= _BEYOND_BASIC_PLANE:
        return None
    try:
        value, _ = _DECODER.raw_decode(content.decode("utf-8"))
        # What follows the value shows here, too.
        if not isinstance(value, dict) or quick_json.to_string(value).encode("utf-8") != content:
            return None
    except (ValueError, RecursionError):
        return None
    return value


def _parse_with_care(content: bytes) -> dict[str, JsonValue]:
    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
        )
    except RecursionError as exc:
        raise ValueError("JSON nested too deeply") from exc
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers handle one error
    if canonical_bytes(value) != content:
        raise ValueError("not in canonical form (RFC 8785)")
    return value


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key {next(key for key in keys if keys.count(key) > 1)!r}")
    return result


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"number {text[:40]} is not an integer")


class _SafeIntegers(dict[str, int]):
    """What the digits of a number stand for, if every reader keeps it exactly; the short ones are remembered."""

    def __missing__(self, text: str) -> int:
        number = int(text) if len(text) <= _MOST_DIGITS else MAX_INTEGER + 1
        if not -MAX_INTEGER <= number <= MAX_INTEGER:
            raise ValueError(f"integer {text[:40]} is outside the range that every reader keeps exactly")
        if len(text) <= _REMEMBERED_DIGITS:
            self[text] = number
        return number


def _refuse_unsafe(value: JsonValue) -> None:
    if isinstance(value, float):
        raise ValueError("floats are not allowed in signed files")  # noqa: TRY004 - callers handle one error
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        raise ValueError(f"integer {value} is outside the range that every reader keeps exactly")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_unsafe(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            _refuse_unsafe(item)


_DECODER = json.JSONDecoder(parse_float=_no_float, parse_int=_SafeIntegers().__getitem__, parse_constant=_no_float)
