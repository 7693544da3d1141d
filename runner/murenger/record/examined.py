"""One record under examination, and what the walk through the log has seen before it.

Input: a record's files. Output: its parsed content, or why it has none.
"""

import dataclasses
import datetime
import hashlib
from pathlib import Path

from murenger.model import JsonValue, RecordKind, parse_canonical
from murenger.record.groups import Group
from murenger.record.predicate import GENESIS_PREVIOUS, MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES
from murenger.record.reading import group_of, time_of
from murenger.record.scan import Day
from murenger.record.schema import kind_of
from murenger.record.store import RECORDS, leaf_hash, read_regular, record_name

_EARLIEST = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One record as it lies there.

    Attributes:
        number: what its file name says.
        day: the day it lies in.
        file: path below the log's folder.
        content: its bytes; None where they cannot be had.
        unreadable: why not, or "".
        signature: the text of its signature file; None where it cannot be had.
        statement: the parsed content; None where it is not canonical.
        malformed: why not, or "".
    """

    number: int
    day: Day
    file: str
    content: bytes | None
    unreadable: str
    signature: str | None
    statement: dict[str, JsonValue] | None
    malformed: str

    @property
    def predicate(self) -> Group:
        """What the record says; empty where it is not canonical."""
        return group_of(self.statement, "predicate") if self.statement else {}

    @property
    def kind(self) -> RecordKind | None:
        """What it is about; None where that cannot be told."""
        try:
            return kind_of(self.statement) if self.statement else None
        except ValueError:
            return None

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes, or "" where there are none."""
        return "" if self.content is None else hashlib.sha256(self.content).hexdigest()

    @property
    def leaf(self) -> str:
        """The line that `LEAVES` has for it, or "" where there are no bytes."""
        return "" if self.content is None else leaf_hash(self.content)

    @property
    def claimed_at(self) -> datetime.datetime | None:
        """When the record says it was written."""
        return time_of(self.predicate, "written_at")


@dataclasses.dataclass(slots=True, kw_only=True)
class Walk:
    """What has been seen so far, on the way from the first record to the last.

    Attributes:
        origin: name of the log, from its first record that was not altered; "" before that.
        previous_sha256: digest of the record before; zeros at the start, "" where it could not be read.
        previous_altered: whether the record before was found altered, which explains a broken chain.
        at: the newest time claimed so far; without an anchor there is no better one to judge keys by.
        digests: number -> digest of every record so far.
        leaves: number -> line of `LEAVES` of every record so far.
        intents: digest of each intent -> what became of it.
        cited: day and digest of each decision that a record cites.
        altered: numbers of records already found altered.
    """

    origin: str = ""
    previous_sha256: str = GENESIS_PREVIOUS
    previous_altered: bool = False
    at: datetime.datetime = _EARLIEST
    digests: dict[int, bytes] = dataclasses.field(default_factory=dict)
    leaves: dict[int, str] = dataclasses.field(default_factory=dict)
    intents: dict[str, "OpenIntent"] = dataclasses.field(default_factory=dict)
    cited: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    altered: set[int] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True, kw_only=True)
class OpenIntent:
    """A change that was begun.

    Attributes:
        number: of the intent record.
        file: of the intent record.
        at: when, for judging the outcome's approval.
        settled: whether its outcome was recorded.
    """

    number: int
    file: str
    at: datetime.datetime
    settled: bool = False


def examine(folder: Path, day: Day, number: int) -> Examined:
    """Return a record as it lies there; nothing about it is trusted yet."""
    path = day.folder / RECORDS / record_name(number)
    content, unreadable = _content(path)
    statement, malformed = _statement(content)
    return Examined(
        number=number,
        day=day,
        file=str(path.relative_to(folder)),
        content=content,
        unreadable=unreadable,
        signature=read_signature(path.with_name(path.name + ".sig")),
        statement=statement,
        malformed=malformed,
    )


def read_signature(path: Path) -> str | None:
    """Return the text of a signature file, or None where there is no such text."""
    try:
        return read_regular(path, MAX_SIGNATURE_BYTES).decode("ascii")
    except (OSError, ValueError):
        return None


def _content(path: Path) -> tuple[bytes | None, str]:
    try:
        return read_regular(path, MAX_RECORD_BYTES), ""
    except OSError as exc:
        return None, f"cannot be read: {exc.strerror}"
    except ValueError as exc:
        return None, str(exc)


def _statement(content: bytes | None) -> tuple[dict[str, JsonValue] | None, str]:
    if content is None:
        return None, ""
    try:
        return parse_canonical(content), ""
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as exc:
        return None, str(exc)
