"""Does a statement keep the schema of its kind? Asked of every record, so answered without looking twice.

Input: a parsed statement and its bytes. Output: nothing, or what is wrong in the words of `record.schema`.
"""

import functools
import importlib.resources
import json

import jsonschema_rs

from murenger.model import RecordKind
from murenger.record.predicate import BASE, UNIQUE_KEYS
from murenger.record.schema import check_statement
from murenger.record.verify.examined import Examined

_COMMON = "common.v1.json"
# Canonical bytes escape quotes in text, so this can only be a key.
_KEYS = tuple(f'"{key}":'.encode() for key in UNIQUE_KEYS)


def check_contract(record: Examined) -> None:
    """Refuse a record that breaks the schema of its kind.

    Raises:
        ValueError: it does, and how.
        RecursionError: it is nested too deeply.
    """
    if record.statement is None or record.content is None:
        return
    content = record.content
    if (
        record.kind is None
        or any(content.count(key) > 1 for key in _KEYS)
        or not _validator(record.kind).is_valid(record.statement)
    ):
        check_statement(record.statement)
        raise ValueError("the record breaks the schema of its kind")


@functools.cache
def _validator(kind: RecordKind) -> jsonschema_rs.Draft202012Validator:
    registry = jsonschema_rs.Registry([(f"{BASE}/schemas/{_COMMON}", _load(_COMMON))])
    return jsonschema_rs.Draft202012Validator(_load(f"{kind.value}.v1.json"), registry=registry, offline=True)


def _load(name: str) -> dict[str, object]:
    file = importlib.resources.files("murenger.record") / "schemas" / name
    schema: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return schema
