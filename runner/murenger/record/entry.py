"""Entries: what a list of records says of each, and which of them somebody asks for.

Input: change records. Output: one flat value a record, and the question that picks among them.
"""

import dataclasses
import datetime
from collections.abc import Mapping

from murenger.model import ChangeRecord, JsonValue
from murenger.record.reading import group_of, number_of, predicate_of, text_of, time_of
from murenger.record.summary import summary


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """What a list says of one record; everything but number, day and digest is the record's own claim.

    Attributes:
        origin: name of the log.
        sequence: the record's number.
        kind: what it is about, such as `outcome`; "" where the record was pruned before anybody listed it.
        device: name of the device, or "".
        written_at: the time that it claims, as it claims it.
        day: the day that it lies in, `YYYY-MM-DD`, or "" where nobody looked.
        sha256: hex digest of its bytes.
        result: success, failure, partial, refused or unknown, or "".
        verdict: how a heal ended, or "".
        title: what it says in one clause, not escaped.
        plan_sha256: hex digest of the plan that it is about, or "".
        follows: relation and number of each earlier record that it refers to.
        pruned: True if only its digest is left.
    """

    origin: str
    sequence: int
    kind: str
    device: str
    written_at: str
    day: str
    sha256: str
    result: str
    verdict: str
    title: str
    plan_sha256: str
    follows: tuple[tuple[str, int], ...]
    pruned: bool = False

    @property
    def written_ms(self) -> int | None:
        """The claimed time in milliseconds since 1970, or None where the claim is none."""
        at = time_of({"written_at": self.written_at}, "written_at")
        return None if at is None else milliseconds(at)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """Which records are asked for; those that fit every condition.

    Attributes:
        device: name of a device, or None for all.
        kind: a kind, or None for all.
        since: those that claim to have been written then or later. A record without a readable time fits, for what
            cannot be placed must not be hidden.
        until: those that claim to have been written before then; as `since`.
        last: only so many, the newest; None for all.
    """

    device: str | None = None
    kind: str | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    last: int | None = None

    def fits(self, entry: LogEntry) -> bool:
        """Tell whether an entry fits every condition but `last`."""
        if self.device not in (None, entry.device) or self.kind not in (None, entry.kind):
            return False
        written_ms = entry.written_ms if self.since or self.until else None
        if written_ms is None:
            return True
        is_late_enough = self.since is None or written_ms >= milliseconds(self.since)
        return is_late_enough and (self.until is None or written_ms < milliseconds(self.until))


def moment(text: str) -> datetime.datetime:
    """Return the time that a person names: a day, which is its first moment, or RFC 3339; UTC if it names no zone.

    Raises:
        ValueError: it names none.
    """
    try:
        at = datetime.datetime.fromisoformat(text)
        return at.replace(tzinfo=datetime.UTC) if at.tzinfo is None else at.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: 2026-11-22 or 2026-11-22T04:47:31Z") from None


def milliseconds(at: datetime.datetime) -> int:
    """Return a time as whole milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def entry_of(record: ChangeRecord, *, day: str = "", said: Mapping[str, JsonValue] | None = None) -> LogEntry:
    """Return what a list says of a record.

    Args:
        record: the record.
        day: the day that it lies in, "" where nobody looked.
        said: its predicate, where that was read already.

    Raises:
        LedgerError: the record is damaged.
    """
    said = predicate_of(record) if said is None else said
    references = said.get("refs")
    follows = (
        (text_of(item, "rel"), number_of(item, "at_seq"))
        for item in (references if isinstance(references, list) else [])
        if isinstance(item, dict)
    )
    return LogEntry(
        origin=record.origin,
        sequence=record.sequence,
        kind=record.kind.value,
        device=record.device,
        written_at=text_of(said, "written_at"),
        day=day,
        sha256=record.sha256,
        result=text_of(group_of(said, "event"), "result"),
        verdict=text_of(group_of(said, "outcome"), "verdict"),
        title=summary(record.kind, said),
        plan_sha256=text_of(group_of(said, "change"), "plan_sha256"),
        follows=tuple((relation, number) for relation, number in follows if number is not None),
    )
