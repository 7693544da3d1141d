"""The index of one log: lists, and where to begin without reading the whole log.

Input: a log's folder. Output: entries and records. Whatever the index cannot tell is read from the files, so that it
may be missing, old, foreign, locked or damaged, and the answers are the same.
"""

import contextlib
import dataclasses
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.adapters.sqlite import database
from murenger.adapters.sqlite.files import RecordFiles
from murenger.adapters.sqlite.writer import writing
from murenger.errors import LedgerError
from murenger.model import ChangeRecord
from murenger.record.entry import LogEntry, RecordQuery

FILE = "index.sqlite3"
# The most that is added beside other work; `rebuild` adds the rest of a long log.
MOST_ROWS_ASIDE = 10_000
# How far back an append that was undone may have left rows behind.
MOST_ROWS_TAKEN_BACK = 16
# So many files are read within a moment; whoever waits for more is told why.
_SOON_READ = 2000
_CHUNK = 1000
# What a broken index can do to whoever opens it; a row of another form is a ValueError.
BROKEN = (sqlite3.Error, ValueError, TypeError, OverflowError)


def silent(_: str) -> None:
    """Say nothing."""


class RecordIndex:
    """Reads the index, and what it lacks from the files; keeps, if asked to, what is known of the past.

    Args:
        folder: the log's own folder.
        origin: name of the log.
        notice: is told, once, in one clause, why the files had to be read although there might be an index.
    """

    def __init__(self, folder: Path, *, origin: str, notice: Callable[[str], None] = silent) -> None:
        self.path = folder / FILE
        self._origin = origin
        self._files = RecordFiles(folder, origin)
        self._tell = notice
        self._told = False
        self._checked = False

    def entries(self, query: RecordQuery) -> Iterator[LogEntry]:
        """Yield the entries that fit a query, oldest first; nothing is written.

        Raises:
            LedgerError: a record that the index lacks cannot be read from its file.
        """
        head = self._head()
        kept = self._files.first_kept_day()
        found = self._in_order(query, head) if query.last is None else self._last(query, query.last, head)
        for entry in found:
            yield dataclasses.replace(entry, origin=self._origin, pruned=entry.day < kept)

    def record(self, sequence: int) -> ChangeRecord | None:
        """Return a record from its file, or None if there is none with that number; nothing is written.

        Raises:
            LedgerError: it cannot be read.
        """
        return self._files.read(sequence) if sequence >= 0 else None

    def day_of(self, sequence: int) -> str:
        """Return the day that a record's file lies in, or "" if there is none.

        Raises:
            LedgerError: the days cannot be listed.
        """
        return self._files.day_of(sequence) or ""

    def pruned(self, sequence: int) -> LogEntry | None:
        """Return what is left of a record whose file was pruned, or None if nothing is."""
        try:
            with database.opened(self.path) as connection:
                entry = database.one(connection, sequence)
        except BROKEN:
            return None
        if entry is None or entry.day >= self._files.first_kept_day():
            return None
        return dataclasses.replace(entry, origin=self._origin, pruned=True)

    def recall(self) -> str | None:
        """Return what was known of the past when it was kept last, or None."""
        try:
            with database.opened(self.path) as connection:
                return database.recall(connection)
        except BROKEN:
            return None

    def fetch(self, sequence: int) -> ChangeRecord | None:
        """Return a record from its file, or None if it is not there."""
        return self.record(sequence)

    def keep(self, text: str) -> None:
        """Keep what is known of the past, and add to the index what was appended since; failing changes nothing."""
        if self._files.newest() is None:
            return
        try:
            with writing(self.path, checked=not self._checked) as connection:
                self._checked = True
                self.add_missing(connection, most=MOST_ROWS_ASIDE)
                database.keep(connection, text)
        except (*BROKEN, OSError, LedgerError) as exc:
            self._notice(f"the index {self.path} could not be written ({exc}); nothing but speed depends on it")

    def add_missing(
        self, connection: sqlite3.Connection, *, most: int | None = None, progress: Callable[[int], None] | None = None
    ) -> int:
        """Add entries for the records that the index lacks; return how many were added.

        Args:
            connection: the index, open to write.
            most: at most so many; None for all.
            progress: called now and then with the number added so far.

        Raises:
            LedgerError: a record cannot be read.
            sqlite3.Error: the index cannot be written.
        """
        start = self._agreed(connection) + 1
        missing = itertools.islice(self._files.after(start), most)
        added = 0
        while chunk := list(itertools.islice(missing, _CHUNK)):
            database.put(connection, chunk)
            added += len(chunk)
            if progress is not None:
                progress(added)
        return added

    def _agreed(self, connection: sqlite3.Connection) -> int:
        """Return the number of the newest row that tells of the record in its file; remove the rows after it."""
        rows = database.newest(connection, MOST_ROWS_TAKEN_BACK)
        agreed = next((row.sequence for row in rows if self._agrees(row)), -1)
        if rows and agreed != rows[0].sequence:
            database.cut(connection, agreed + 1)
        return agreed

    def _agrees(self, row: LogEntry) -> bool:
        found = self._files.digest(row.day, row.sequence)
        # All that is kept may be pruned; then the row is all there is.
        return found == row.sha256 or (found is None and row.day < self._files.first_kept_day())

    def _head(self) -> LogEntry | None:
        """Return the newest row if the index can be used, else None."""
        try:
            with database.opened(self.path) as connection:
                rows = database.newest(connection)
        except BROKEN as exc:
            rows = []
            if self.path.exists():
                self._notice(_unusable(self.path, exc))
        head = rows[0] if rows else None
        if head is not None and not self._agrees(head):
            self._notice(f"the index {self.path} is not of these records, so the files are read")
            head = None
        newest = None if self._is_whole(head) else self._files.newest()
        if newest is not None and newest[1] - _number(head) > _SOON_READ:
            self._notice(f"the index lacks {newest[1] - _number(head)} records: murenger log --rebuild adds them")
        return head

    def _in_order(self, query: RecordQuery, head: LogEntry | None) -> Iterator[LogEntry]:
        """Yield all that fits; should the index break on the way, the rest comes from the files."""
        after = -1
        while after < _number(head):
            try:
                with self._unchanged(head) as connection:
                    rows = database.page(connection, query, after)
            except BROKEN as exc:
                self._notice(_unusable(self.path, exc))
                break
            yield from (row for row in rows if row.sequence <= _number(head))
            after = rows[-1].sequence if len(rows) == database.PAGE else _number(head)
        if after != _number(head) or not self._is_whole(head):
            yield from (entry for entry in self._files.after(after + 1) if query.fits(entry))

    def _last(self, query: RecordQuery, most: int, head: LogEntry | None) -> Iterator[LogEntry]:
        """Yield the newest that fit, oldest first."""
        newest = [] if self._is_whole(head) else self._newest_from_files(query, most, _number(head))
        wanted = most - len(newest)
        if wanted and head is not None:
            try:
                with self._unchanged(head) as connection:
                    rows = database.last(connection, query, wanted)
            except BROKEN as exc:
                self._notice(_unusable(self.path, exc))
                newest, rows = self._newest_from_files(query, most, -1), []
            yield from (row for row in rows if row.sequence <= head.sequence)
        yield from newest

    def _is_whole(self, head: LogEntry | None) -> bool:
        """Tell that the index lacks no record, as far as that is known without listing a day."""
        return head is not None and self._files.ends_at(head.day, head.sequence)

    @contextlib.contextmanager
    def _unchanged(self, head: LogEntry | None) -> Iterator[sqlite3.Connection]:
        """Return a context with the index open, if it still holds the row that was its newest.

        Raises:
            sqlite3.Error: it is being made anew, or cannot be used.
        """
        with database.opened(self.path) as connection:
            if database.one(connection, _number(head)) != head:
                raise sqlite3.DatabaseError("it is being made anew")
            yield connection

    def _newest_from_files(self, query: RecordQuery, most: int, stop: int) -> list[LogEntry]:
        every = self._files.backwards(stop)
        return list(itertools.islice((entry for entry in every if query.fits(entry)), most))[::-1]

    def _notice(self, why: str) -> None:
        if not self._told:
            self._told = True
            self._tell(why)


def _number(head: LogEntry | None) -> int:
    return -1 if head is None else head.sequence


def _unusable(path: Path, exc: Exception) -> str:
    return f"the index {path} cannot be used ({exc}), so the files are read"
