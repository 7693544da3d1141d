"""The database file: its tables, and the few statements that are run on it.

Input: entries. Output: rows. What SQLite raises passes through as `sqlite3.Error`, and a row that no version of ours
wrote as `ValueError`; callers decide what a broken index means.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from murenger.record.entry import LogEntry, RecordQuery, milliseconds

# The form of the tables; an index of another form is made anew.
FORM = 1
# "mrng", so that `file` tells whose database it is.
APPLICATION = 0x6D726E67
BUSY_S = 2.0
# Rows that one statement fetches: between two pages nobody is kept from writing.
PAGE = 2000

_TABLES = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, device TEXT NOT NULL, written_at TEXT NOT NULL, written_ms INTEGER,
    day TEXT NOT NULL, sha256 BLOB NOT NULL, result TEXT NOT NULL, verdict TEXT NOT NULL, title TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL, follows TEXT NOT NULL
) STRICT;
CREATE INDEX by_device ON records (device, seq);
CREATE INDEX by_kind ON records (kind, seq);
CREATE TABLE history (id INTEGER PRIMARY KEY CHECK (id = 0), body TEXT NOT NULL) STRICT;
"""
_SELECT = "SELECT seq, kind, device, written_at, day, sha256, result, verdict, title, plan_sha256, follows FROM records"
_INSERT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@contextlib.contextmanager
def opened(path: Path, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
    """Return a context with the database open; tables are made where there are none, if it is opened to write.

    Raises:
        sqlite3.Error: it cannot be opened, or is not an index of this form.
    """
    mode = "rwc" if to_write else "ro"
    # Each statement stands alone unless a transaction is begun by hand.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        form = connection.execute("PRAGMA user_version").fetchone()[0]
        if form == 0 and to_write:
            connection.executescript(
                f"BEGIN IMMEDIATE;{_TABLES}PRAGMA application_id = {APPLICATION};PRAGMA user_version = {FORM};COMMIT;"
            )
        elif form != FORM:
            raise sqlite3.DatabaseError(f"an index of form {form}")
        yield connection
    finally:
        connection.close()


def check(connection: sqlite3.Connection, *, whole: bool) -> None:
    """Look whether the index can be read: its newest row, or every page.

    Raises:
        sqlite3.Error: it cannot.
        ValueError: no version of ours wrote it.
    """
    newest(connection)
    if whole and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the index is damaged")


def put(connection: sqlite3.Connection, entries: Iterable[LogEntry]) -> None:
    """Write entries, all or none.

    Raises:
        sqlite3.Error: they cannot be written.
    """
    with _transaction(connection):
        connection.executemany(_INSERT, map(_row, entries))


def cut(connection: sqlite3.Connection, start: int) -> None:
    """Remove the entries from a number on, and what was known of the past."""
    with _transaction(connection):
        connection.execute("DELETE FROM records WHERE seq >= ?", (start,))
        connection.execute("DELETE FROM history")


def newest(connection: sqlite3.Connection, most: int = 1) -> list[LogEntry]:
    """Return the newest entries, newest first."""
    return [_entry(row) for row in connection.execute(f"{_SELECT} ORDER BY seq DESC LIMIT ?", (most,))]


def one(connection: sqlite3.Connection, sequence: int) -> LogEntry | None:
    """Return the entry of a record, or None."""
    row = connection.execute(f"{_SELECT} WHERE seq = ?", (sequence,)).fetchone()
    return None if row is None else _entry(row)


def count(connection: sqlite3.Connection, first_day: str = "") -> int:
    """Return how many entries there are of a day and those after it."""
    return int(connection.execute("SELECT count(*) FROM records WHERE day >= ?", (first_day,)).fetchone()[0])


def page(
    connection: sqlite3.Connection, query: RecordQuery, after: int, before_day: str | None = None
) -> list[LogEntry]:
    """Return the next entries that fit a query, oldest first, at most a page of them.

    Args:
        connection: the database.
        query: which; its `last` is not looked at.
        after: entries with greater numbers.
        before_day: only those of earlier days, or None for all.
    """
    conditions, values = _conditions(query)
    if before_day is not None:
        conditions.append("day < ?")
        values.append(before_day)
    where = " AND ".join(["seq > ?", *conditions])
    statement = f"{_SELECT} WHERE {where} ORDER BY seq LIMIT {PAGE}"
    return [_entry(row) for row in connection.execute(statement, (after, *values))]


def last(connection: sqlite3.Connection, query: RecordQuery, most: int) -> list[LogEntry]:
    """Return the newest entries that fit a query, oldest first."""
    conditions, values = _conditions(query)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = f"{_SELECT}{where} ORDER BY seq DESC LIMIT ?"
    return [_entry(row) for row in connection.execute(statement, (*values, most))][::-1]


def recall(connection: sqlite3.Connection) -> str | None:
    """Return what was known of the past, or None."""
    row = connection.execute("SELECT body FROM history WHERE id = 0").fetchone()
    return None if row is None else str(row[0])


def keep(connection: sqlite3.Connection, body: str) -> None:
    """Keep what is known of the past."""
    connection.execute("INSERT OR REPLACE INTO history VALUES (0, ?)", (body,))


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _conditions(query: RecordQuery) -> tuple[list[str], list[str | int]]:
    given: tuple[tuple[str, str | int | None], ...] = (
        ("device = ?", query.device),
        ("kind = ?", query.kind),
        ("(written_ms IS NULL OR written_ms >= ?)", milliseconds(query.since) if query.since else None),
        ("(written_ms IS NULL OR written_ms < ?)", milliseconds(query.until) if query.until else None),
    )
    chosen = [(condition, value) for condition, value in given if value is not None]
    return [condition for condition, _ in chosen], [value for _, value in chosen]


def _row(entry: LogEntry) -> tuple[object, ...]:
    return (
        entry.sequence,
        entry.kind,
        entry.device,
        entry.written_at,
        entry.written_ms,
        entry.day,
        bytes.fromhex(entry.sha256),
        entry.result,
        entry.verdict,
        entry.title,
        entry.plan_sha256,
        json.dumps(entry.follows),
    )


def _entry(row: tuple[object, ...]) -> LogEntry:
    """Return a row as an entry; the name of the log is not in it.

    Raises:
        ValueError: no version of ours wrote it.
    """
    sequence, kind, device, written_at, day, sha256, result, verdict, title, plan_sha256, follows = row
    if not isinstance(sequence, int) or not isinstance(sha256, bytes):
        raise ValueError("a row of another form")  # noqa: TRY004 - callers handle one error
    return LogEntry(
        origin="",
        sequence=sequence,
        kind=str(kind),
        device=str(device),
        written_at=str(written_at),
        day=str(day),
        sha256=sha256.hex(),
        result=str(result),
        verdict=str(verdict),
        title=str(title),
        plan_sha256=str(plan_sha256),
        follows=tuple((str(relation), int(number)) for relation, number in json.loads(str(follows))),
    )
