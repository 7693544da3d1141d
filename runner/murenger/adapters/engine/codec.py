"""Frozen values as JSON between the child process and us; nothing that arrives is ever executed.

Input: a dataclass of numbers, texts, enums, tuples and other such dataclasses. Output: JSON values, and back.
"""

import dataclasses
import enum
import functools
import types
import typing
from typing import TypeVar

_Value = TypeVar("_Value")


def encode(value: object) -> object:
    """Return a value as what `json.dumps` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [encode(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value


def decode(kind: type[_Value], said: object) -> _Value:
    """Return the value of a type that JSON stands for.

    Raises:
        ValueError: it stands for none.
    """
    found = _decode(kind, said)
    if not isinstance(found, kind):
        raise ValueError(f"not a {kind.__name__}")  # noqa: TRY004 - what arrived is wrong, not the call
    return found


def _decode(kind: object, said: object) -> object:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(kind, said)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(said)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and isinstance(said, list):
        return _decode_tuple(inner, said)
    if origin in (types.UnionType, typing.Union):
        return None if said is None else _decode(next(one for one in inner if one is not types.NoneType), said)
    if kind is float and isinstance(said, int):
        return float(said)
    if isinstance(kind, type) and type(said) is kind:
        return said
    raise ValueError(f"not a {kind}")


def _decode_dataclass(kind: type, said: object) -> object:
    fields = _fields(kind)
    if not isinstance(said, list) or len(said) != len(fields):
        raise ValueError(f"not a {kind.__name__}")
    values = {name: _decode(inner, item) for (name, inner), item in zip(fields, said, strict=True)}
    return kind(**values)


def _decode_tuple(inner: tuple[object, ...], said: list[object]) -> tuple[object, ...]:
    if inner[-1] is Ellipsis:
        return tuple(_decode(inner[0], item) for item in said)
    return tuple(_decode(kind, item) for kind, item in zip(inner, said, strict=True))


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(kind))
