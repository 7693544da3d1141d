"""The contract of every record: one JSON Schema per kind, shipped with the package.

Input: a parsed statement. Output: nothing, or the first rule that it breaks.
"""

import functools
import importlib.resources
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import jsonschema_rs

from murenger.model import JsonValue, RecordKind
from murenger.record.predicate import BASE, UNIQUE_KEYS

_COMMON = "common.v1.json"


def check_statement(statement: Mapping[str, JsonValue]) -> RecordKind:
    """Return a statement's kind if it is valid.

    Raises:
        ValueError: its kind is unknown, it breaks the kind's schema, or a key that must be unique occurs twice.
    """
    kind = kind_of(statement)
    error = next(iter(validator_of(kind).iter_errors(statement)), None)
    if error is not None:
        place = "/".join(str(part) for part in error.instance_path) or "statement"
        raise ValueError(f"{place}: {error.message[:200]}")
    counts = Counter(_keys(statement))
    for key in UNIQUE_KEYS:
        if counts[key] > 1:
            raise ValueError(f"the key {key} occurs {counts[key]} times")
    return kind


def kind_of(statement: Mapping[str, JsonValue]) -> RecordKind:
    """Return the kind that a statement's predicateType names.

    Raises:
        ValueError: it names none that this version knows.
    """
    named = statement.get("predicateType")
    for kind in RecordKind:
        if named == f"{BASE}/{kind.value}/v1":
            return kind
    raise ValueError(f"predicateType {str(named)[:120]!r} is unknown")


@functools.cache
def validator_of(kind: RecordKind) -> jsonschema_rs.Draft202012Validator:
    """Return what judges the statements of a kind."""
    # The kind files name their neighbour by a relative address, which resolves against their own $id.
    registry = jsonschema_rs.Registry([(f"{BASE}/schemas/{_COMMON}", _load(_COMMON))])
    # Offline: a schema is never fetched, whatever it names.
    return jsonschema_rs.Draft202012Validator(_load(f"{kind.value}.v1.json"), registry=registry, offline=True)


def _load(name: str) -> dict[str, object]:
    file = importlib.resources.files("murenger.record") / "schemas" / name
    schema: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def _keys(value: JsonValue) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _keys(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _keys(item)
