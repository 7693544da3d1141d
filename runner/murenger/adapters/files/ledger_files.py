"""Durable writes for the ledger: a file is whole and on disk before it has its name.

Input: bytes and paths inside one log. Output: files that survive a power cut, or no file at all.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.record.store import TMP

FILE_MODE = 0o440
FOLDER_MODE = 0o750
# LEAVES and LOCK are opened for writing again and again, by the owner alone.
OWN_FILE_MODE = 0o640

Step = Callable[[str], None]


def no_step(_name: str) -> None:
    """Do nothing between two steps; tests give a function that dies there instead."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on a file, which the kernel releases should we die.

    Raises:
        OSError: the file cannot be made or opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWN_FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder durable, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return
    path.chmod(FOLDER_MODE)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Transaction:
    """Files that appear together: each is made whole under `tmp/`, then linked to its name; a failure undoes all.

    A crash undoes nothing; the order of the links is what keeps the log sound then.

    Args:
        folder: the log's folder.
        at_step: called with a name before each step that a crash may precede.
    """

    def __init__(self, folder: Path, at_step: Step) -> None:
        self._tmp = folder / TMP
        self._at_step = at_step
        self._staged: list[Path] = []
        self._linked: list[Path] = []
        self._appended: list[tuple[Path, int]] = []

    def stage(self, content: bytes) -> Path:
        """Return a new durable file under `tmp/`.

        Raises:
            OSError: the disk is full or refused.
        """
        self._at_step("stage")
        path = self._tmp / f"{os.getpid()}-{len(self._staged)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        self._staged.append(path)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, FILE_MODE)
            file.write(content)
            file.flush()
            self._at_step("sync")
            os.fsync(descriptor)
        return path

    def publish(self, staged: Path, name: Path) -> None:
        """Give a staged file its name; never replaces one.

        Raises:
            OSError: the name is taken, or the disk refused.
        """
        self._at_step(f"link {name.name}")
        os.link(staged, name)
        self._linked.append(name)

    def sync(self, folder: Path) -> None:
        """Make the names given so far durable.

        Raises:
            OSError: the disk refused.
        """
        self._at_step("sync folder")
        sync_folder(folder)

    def append(self, path: Path, line: bytes) -> None:
        """Add a durable line to a file, which is made if it is not there.

        Raises:
            OSError: the disk is full or refused.
        """
        self._at_step(f"append {path.name}")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, OWN_FILE_MODE)
        with os.fdopen(descriptor, "ab") as file:
            self._appended.append((path, os.fstat(descriptor).st_size))
            file.write(line)
            file.flush()
            self._at_step("sync line")
            os.fsync(descriptor)

    def finish(self) -> None:
        """Remove what is left under `tmp/`; the files keep their names."""
        self._at_step("clean up")
        for path in self._staged:
            path.unlink()

    def undo(self) -> tuple[str, ...]:
        """Take back every step, newest first; return what could not be taken back."""
        left = []
        for path, size_bytes in reversed(self._appended):
            try:
                os.truncate(path, size_bytes)
            except OSError as exc:
                left.append(f"{path}: {exc.strerror}")
        for path in (*reversed(self._linked), *self._staged):
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                left.append(f"{path}: {exc.strerror}")
        return tuple(left)
