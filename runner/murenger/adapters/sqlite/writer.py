"""Writing the index: one process at a time, and a file that cannot be used is made anew.

Input: where the index lies. Output: the database, open to write. Nobody waits here: who finds another process writing
goes without, for the files hold everything.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from murenger.adapters.sqlite import database

FILE_MODE = 0o640
# SQLite's extended result codes carry the primary one in their lowest byte.
_PRIMARY = 0xFF


@contextlib.contextmanager
def writing(path: Path, *, anew: bool = False, checked: bool = False) -> Iterator[sqlite3.Connection]:
    """Return a context with the index open to write.

    Args:
        path: the database file.
        anew: True to begin with an empty one.
        checked: True to look at every page first, which takes a second for a million records.

    Raises:
        OSError: the folder cannot be written, or another process is writing the index (BlockingIOError).
        sqlite3.Error: the index cannot be written.
    """
    with _alone(path.parent):
        if anew:
            _remove(path)
        with _usable(path, checked=checked) as connection:
            yield connection


@contextlib.contextmanager
def _usable(path: Path, *, checked: bool) -> Iterator[sqlite3.Connection]:
    with contextlib.ExitStack() as stack:
        _make(path)
        try:
            connection = stack.enter_context(database.opened(path, to_write=True))
            database.check(connection, whole=checked)
        except (sqlite3.Error, ValueError, TypeError) as exc:
            if isinstance(exc, sqlite3.OperationalError) and exc.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_ERROR:
                # Locked, read-only or on a full disk: none of these gets better by removing it.
                raise
            stack.close()
            _remove(path)
            _make(path)
            connection = stack.enter_context(database.opened(path, to_write=True))
        yield connection


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock on the log's folder itself, which needs no file of its own and ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _make(path: Path) -> None:
    """Make an empty file of the right mode that belongs to whoever the log belongs to."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, FILE_MODE)
    except FileExistsError:
        return
    try:
        os.fchmod(descriptor, FILE_MODE)
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    """Remove the index with the journal of a write that was never finished, which would spoil the next one."""
    for name in (f"{path.name}-journal", path.name):
        path.with_name(name).unlink(missing_ok=True)
