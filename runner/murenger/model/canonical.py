"""Canonical JSON: the one byte form of every file that is signed.

Input: JSON values without floats. Output: RFC 8785 bytes, and back again only from bytes in exactly that form.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

import rfc8785

JsonValue: TypeAlias = "bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

# Beyond this an integer loses its value in readers that hold numbers as IEEE 754 doubles (RFC 8785, section 3.2.2.3).
MAX_INTEGER = 2**53 - 1


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
