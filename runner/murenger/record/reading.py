"""Reading records back: from a record's bytes to what it says.

Input: a change record. Output: its groups of fields and the few facts that other records build on.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from murenger.errors import LedgerError
from murenger.model import ChangeRecord, JsonValue

Group: TypeAlias = dict[str, JsonValue]

# What stands where a secret stood.
REDACTED = "<redacted>"


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


def flow_text(flow: Mapping[str, JsonValue]) -> str:
    """Return traffic, or a violated intent, as one line; the same words wherever a record is shown."""
    risk, reference = text_of(flow, "risk"), text_of(flow, "reference")
    text = f"{risk}: {text_of(flow, 'text')}" if risk else text_of(flow, "text")
    text += f" ({reference})" if reference else ""
    return text if flow.get("certain") is not False else f"{text} (may be so)"


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


def plain(value: JsonValue) -> str:
    """Return a value of a record as text, whether it is one string or parts with redactions between them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _plain_group(value)
    if isinstance(value, Sequence):
        return "".join(map(plain, value))
    return "" if value is None else str(value)


def _plain_group(value: Mapping[str, JsonValue]) -> str:
    if "redacted" in value:
        return REDACTED
    if isinstance(value.get("text"), str):
        return flow_text(value)
    return ", ".join(f"{name} {plain(item)}" for name, item in value.items())
