"""Statements: the exact bytes of a record.

Input: groups of fields and the place in the log. Output: RFC 8785 bytes of an in-toto Statement v1, valid by schema.
"""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

from murenger.errors import RecordError
from murenger.model import JsonValue, RecordKind, RecordRef, canonical_bytes
from murenger.record.executor import Executor
from murenger.record.groups import Group, clock_group, executor_group, reference_group, time_text
from murenger.record.predicate import MAX_RECORD_BYTES, SCHEMA, STATEMENT_TYPE, predicate_type
from murenger.record.schema import check_statement


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, in the words of an audit log.

    Attributes:
        type: such as `drift-opened`.
        result: success, failure, partial, refused or unknown.
        object: what it happened to, such as `fw1: running configuration`.
    """

    type: str
    result: str
    object: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record before it has its place in the log.

    Attributes:
        kind: what it is about.
        subjects: (name, hex digest) of what it is about; never empty.
        event: what happened.
        groups: the kind's own groups of fields.
        references: earlier records it follows from.
    """

    kind: RecordKind
    subjects: tuple[tuple[str, str], ...]
    event: Event
    groups: Mapping[str, JsonValue]
    references: tuple[RecordRef, ...] = ()


def statement_bytes(
    draft: Draft, *, origin: str, sequence: int, previous_sha256: str, written_at: datetime.datetime, executor: Executor
) -> bytes:
    """Return the bytes to be signed.

    Args:
        draft: what the record says.
        origin: name of the log.
        sequence: the record's number.
        previous_sha256: hex digest of the record before it; 64 zeros for the first.
        written_at: the clock's claim.
        executor: who acts.

    Raises:
        RecordError: the draft breaks the schema of its kind, or is too large.
    """
    event: Group = {
        "type": draft.event.type,
        "result": draft.event.result,
        "origination": f"{executor.trigger.value} on {executor.host}",
        "object": draft.event.object,
    }
    envelope: Group = {
        "origin": origin,
        "seq": sequence,
        "prev_record_sha256": previous_sha256,
        "kind": draft.kind.value,
        "schema": SCHEMA,
        "written_at": time_text(written_at),
        "clock": clock_group(executor),
        "refs": [reference_group(reference) for reference in draft.references],
        "event": event,
        "executor": executor_group(executor),
    }
    statement: Group = {
        "_type": STATEMENT_TYPE,
        "predicateType": predicate_type(draft.kind),
        "subject": _subjects(draft.subjects),
        "predicate": {**envelope, **draft.groups},
    }
    try:
        content = canonical_bytes(statement)
        check_statement(statement)
    except (ValueError, RecursionError) as exc:
        raise RecordError(f"a record of kind {draft.kind.value} would not be valid: {exc}") from exc
    if len(content) > MAX_RECORD_BYTES:
        raise RecordError(f"a record of kind {draft.kind.value} would be {len(content)} bytes, too large to be kept")
    return content


def _subjects(subjects: Sequence[tuple[str, str]]) -> list[JsonValue]:
    return [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in subjects]
