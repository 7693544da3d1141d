"""Where records lie, and what one of them says: the truth that the index is derived from.

Input: a log's folder; nothing is written and no lock is taken. Output: records by number, or in order from a number on.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from murenger.errors import LedgerError
from murenger.model import ChangeRecord, JsonValue, RecordKind
from murenger.record.entry import LogEntry, entry_of
from murenger.record.predicate import BASE, MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES
from murenger.record.reading import Group, group_of, text_of
from murenger.record.store import (
    DAYS,
    LEAF_LINE_BYTES,
    LEAVES,
    RECORD_FILE,
    RECORDS,
    day_names,
    read_regular,
    record_name,
)


class RecordFiles:
    """The record files of one log.

    Args:
        folder: the log's own folder.
        origin: name of the log.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.origin = origin
        self._starts: list[tuple[int, str]] = []

    def days(self) -> list[str]:
        """Return the days that the log has folders for, oldest first; none where there is no log yet.

        Raises:
            LedgerError: they cannot be listed.
        """
        try:
            return day_names(self.folder)
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise LedgerError(f"the ledger {self.folder} cannot be read: {exc.strerror}") from exc

    def first_kept_day(self) -> str:
        """Return the oldest day whose records are not pruned, or "" for a log without any."""
        return next((day for day in self.days() if (self.folder / DAYS / day / RECORDS).is_dir()), "")

    def day_of(self, sequence: int) -> str | None:
        """Return the day that a record lies in, or None if there is no such file.

        Raises:
            LedgerError: the days cannot be listed.
        """
        guess = self._guess(sequence)
        if guess is not None and self._path(guess, sequence).is_file():
            return guess
        # LEAVES tell how many records a day has, but only the names prove it; days after the guess may be new.
        self._starts = []
        guess = self._guess(sequence)
        if guess is not None and self._path(guess, sequence).is_file():
            return guess
        return next((day for day in reversed(self.days()) if self._path(day, sequence).is_file()), None)

    def read(self, sequence: int) -> ChangeRecord | None:
        """Return a record as it lies in its file now, or None if there is no such file.

        Raises:
            LedgerError: it cannot be read, or is no record with that number.
        """
        day = self.day_of(sequence)
        return None if day is None else self._read(day, sequence)

    def digest(self, day: str, sequence: int) -> str | None:
        """Return the digest of a record's file in a day, or None if it is not there or cannot be read."""
        try:
            return hashlib.sha256(read_regular(self._path(day, sequence), MAX_RECORD_BYTES)).hexdigest()
        except (OSError, ValueError):
            return None

    def after(self, start: int) -> Iterator[LogEntry]:
        """Yield what the records say from a number on; pruned ones are left out.

        Args:
            start: the first number wanted, >= 0.

        Raises:
            LedgerError: a record cannot be read, or one is missing among those that are kept.
        """
        expected: int | None = None
        for day, numbers in self._listed_from(start):
            for number in numbers:
                if expected is not None and number != expected:
                    raise LedgerError(f"record {expected} of {self.origin} is missing", hint="murenger verify")
                expected = number + 1
                yield self._entry(day, number)

    def backwards(self, stop: int) -> Iterator[LogEntry]:
        """Yield what the records say, newest first, down to a number.

        Args:
            stop: the number before the last one wanted, -1 for all that are kept.

        Raises:
            LedgerError: a record cannot be read, or one is missing among those that are kept.
        """
        expected: int | None = None
        for day in reversed(self.days()):
            for number in reversed(self._numbers(day)):
                if number <= stop:
                    return
                if expected is not None and number != expected:
                    raise LedgerError(f"record {expected} of {self.origin} is missing", hint="murenger verify")
                expected = number - 1
                yield self._entry(day, number)

    def newest(self) -> tuple[str, int] | None:
        """Return day and number of the newest record, or None for a log without records.

        Raises:
            LedgerError: the days cannot be listed.
        """
        for day in reversed(self.days()):
            numbers = self._numbers(day)
            if numbers:
                return day, numbers[-1]
        return None

    def ends_at(self, day: str, sequence: int) -> bool:
        """Tell, without listing a day, that no record follows one; False may also mean that nobody knows.

        Raises:
            LedgerError: the days cannot be listed.
        """
        days = self.days()
        return bool(days) and days[-1] == day and not self._path(day, sequence + 1).exists()

    def count(self) -> int:
        """Return how many record files there are.

        Raises:
            LedgerError: the days cannot be listed.
        """
        return sum(len(self._numbers(day)) for day in self.days())

    def _listed_from(self, start: int) -> Iterator[tuple[str, list[int]]]:
        """Yield the days that hold records from a number on, oldest first, with those numbers."""
        found: list[tuple[str, list[int]]] = []
        for day in reversed(self.days()):
            numbers = self._numbers(day)
            found.append((day, [number for number in numbers if number >= start]))
            if numbers and numbers[0] <= start:
                break
        yield from reversed(found)

    def _numbers(self, day: str) -> list[int]:
        try:
            with os.scandir(self.folder / DAYS / day / RECORDS) as entries:
                return sorted(
                    int(match[1]) for match in (RECORD_FILE.fullmatch(entry.name) for entry in entries) if match
                )
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise LedgerError(f"the ledger {self.folder} cannot be read: {exc.strerror}") from exc

    def _guess(self, sequence: int) -> str | None:
        if not self._starts:
            total = 0
            for day in self.days():
                self._starts.append((total, day))
                leaves = self.folder / DAYS / day / LEAVES
                total += leaves.stat().st_size // LEAF_LINE_BYTES if leaves.is_file() else 0
        fitting = (day for first, day in reversed(self._starts) if first <= sequence)
        return next(fitting, None)

    def _path(self, day: str, sequence: int) -> Path:
        return self.folder / DAYS / day / RECORDS / record_name(sequence)

    def _entry(self, day: str, sequence: int) -> LogEntry:
        path = self._path(day, sequence)
        with _told(path):
            record, said = _record(self.origin, sequence, read_regular(path, MAX_RECORD_BYTES), "")
            return entry_of(record, day=day, said=said)

    def _read(self, day: str, sequence: int) -> ChangeRecord:
        path = self._path(day, sequence)
        with _told(path):
            signature = read_regular(path.with_name(path.name + ".sig"), MAX_SIGNATURE_BYTES).decode("ascii")
            return _record(self.origin, sequence, read_regular(path, MAX_RECORD_BYTES), signature)[0]


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn whatever a file does to its reader into one clear error."""
    try:
        yield
    except OSError as exc:
        raise LedgerError(f"{path} cannot be read: {exc.strerror}", hint="murenger verify") from exc
    except (ValueError, RecursionError) as exc:
        raise LedgerError(f"the record {path} is damaged: {exc}", hint="murenger verify") from exc


def _record(origin: str, sequence: int, content: bytes, signature: str) -> tuple[ChangeRecord, Group]:
    """Return a record from its bytes, and what it says.

    Raises:
        ValueError: the bytes are not that record.
    """
    statement = json.loads(content)
    if not isinstance(statement, dict):
        raise ValueError("no statement")  # noqa: TRY004 - callers handle one error
    predicate = group_of(statement, "predicate")
    if (predicate.get("origin"), predicate.get("seq")) != (origin, sequence):
        raise ValueError("it says it is another record")
    record = ChangeRecord(
        origin=origin,
        sequence=sequence,
        kind=_kind(statement),
        device=text_of(group_of(predicate, "device"), "name"),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        signature=signature,
    )
    return record, predicate


def _kind(statement: Mapping[str, JsonValue]) -> RecordKind:
    """Return the kind that a statement's predicateType names; listing must not wait for the schemas.

    Raises:
        ValueError: it names none that this version knows.
    """
    named = text_of(statement, "predicateType")
    return RecordKind(named.removeprefix(f"{BASE}/").removesuffix("/v1"))
