"""Reading records back: from a record's bytes to what it says.

Input: a change record. Output: its groups of fields and the few facts that other records build on.
"""

import datetime
import json
from collections.abc import Mapping
from typing import TypeAlias

from murenger.errors import LedgerError
from murenger.model import ChangeRecord, JsonValue

Group: TypeAlias = dict[str, JsonValue]


def predicate_of(record: ChangeRecord) -> Group:
    """Return everything a record says.

    Raises:
        LedgerError: the record is damaged.
    """
    try:
        predicate = json.loads(record.content)["predicate"]
    except (ValueError, TypeError, KeyError) as exc:
        raise LedgerError(f"record {record.sequence} of {record.origin} is damaged", hint="murenger verify") from exc
    if not isinstance(predicate, dict):
        raise LedgerError(f"record {record.sequence} of {record.origin} is damaged", hint="murenger verify")
    return predicate


def group_of(predicate: Mapping[str, JsonValue], name: str) -> Group:
    """Return one group of fields, empty where the record has none."""
    group = predicate.get(name)
    return dict(group) if isinstance(group, Mapping) else {}


def text_of(group: Mapping[str, JsonValue], name: str) -> str:
    """Return a field's text, or "" where it is null, absent or no text."""
    value = group.get(name)
    return value if isinstance(value, str) else ""


def number_of(group: Mapping[str, JsonValue], name: str) -> int | None:
    """Return a field's number, or None."""
    value = group.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def time_of(group: Mapping[str, JsonValue], name: str) -> datetime.datetime | None:
    """Return a field's time, or None where it is null, absent or no time."""
    try:
        return datetime.datetime.fromisoformat(text_of(group, name)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def written_at(record: ChangeRecord) -> datetime.datetime:
    """Return the time that a record claims to have been written at.

    Raises:
        LedgerError: it claims none.
    """
    claimed = time_of(predicate_of(record), "written_at")
    if claimed is None:
        raise LedgerError(f"record {record.sequence} of {record.origin} has no time", hint="murenger verify")
    return claimed
