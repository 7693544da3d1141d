"""One clause for a whole record.

Input: what a record says. Output: one line, not escaped.
"""

from collections.abc import Mapping

from murenger.model import JsonValue, RecordKind
from murenger.record.reading import group_of, text_of

# A list shows a line a record; the record itself has the whole text.
MAX_CHARACTERS = 300


def summary(kind: RecordKind, said: Mapping[str, JsonValue]) -> str:
    """Return what a record says in one clause, not escaped.

    Args:
        kind: what the record is about.
        said: its predicate.
    """
    event = group_of(said, "event")
    parts = [text_of(event, "type"), text_of(group_of(said, "outcome"), "reason")]
    operations = group_of(said, "drift").get("ops")
    if isinstance(operations, list) and operations and kind is RecordKind.DRIFT:
        parts.append(f"{len(operations)} difference(s)")
    parts.append(text_of(group_of(said, "hold"), "detail"))
    approval = group_of(said, "approval")
    if approval:
        parts.append(f"{text_of(approval, 'mode')} approval of {text_of(approval, 'principal')}")
    clause = "; ".join(part for part in parts if part)
    return clause if len(clause) <= MAX_CHARACTERS else clause[: MAX_CHARACTERS - 3] + "..."
