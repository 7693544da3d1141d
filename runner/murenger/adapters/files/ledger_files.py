"""Durable writes for the ledger: a file is whole and on disk before it has its name.

Input: bytes and paths inside one log. Output: files that survive a power cut, or no file at all.
"""

import contextlib
import fcntl
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.errors import LedgerError
from murenger.record.store import TMP

FILE_MODE = 0o440
FOLDER_MODE = 0o750
# LEAVES and LOCK are opened for writing again and again, by the owner alone.
OWN_FILE_MODE = 0o640

_STAMP_BYTES = 256

Step = Callable[[str], None]


def no_step(_name: str) -> None:
    """Do nothing between two steps; tests give a function that dies there instead."""


class Turn:
    """One process's turn to write: the lock is held, and its file says where the last writer left the log.

    So a process that appends again needs to look at nothing else to know that nobody else did. The stamp is taken away
    before anything is changed and is not made durable: what a crash leaves says nothing, and then the files are read.

    Args:
        descriptor: the lock file, open for reading and writing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def finds(self, stamp: str) -> bool:
        """Tell whether the last writer left this stamp.

        Raises:
            OSError: the lock file cannot be read.
        """
        return os.pread(self._descriptor, _STAMP_BYTES + 1, 0) == _padded(stamp)

    def begin(self) -> None:
        """Take the stamp away, before anything is changed.

        Raises:
            OSError: the disk refused, so nothing may be changed.
        """
        if os.pwrite(self._descriptor, _padded(""), 0) != _STAMP_BYTES:
            raise OSError("the lock file could not be written")

    def leave(self, stamp: str) -> None:
        """Say where the log ends now; a disk that refuses this makes the next writer read the files."""
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, _padded(stamp), 0)


def _padded(stamp: str) -> bytes:
    return stamp.encode("ascii").ljust(_STAMP_BYTES - 1) + b"\n"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[Turn]:
    """Hold the exclusive lock on a file, which the kernel releases should we die.

    Raises:
        OSError: the file cannot be made or opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWN_FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Turn(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> bool:
    """Make a folder durable, unless it is there; tell whether it was made.

    Raises:
        OSError: it cannot be made.
    """
    try:
        path.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        return False
    path.chmod(FOLDER_MODE)
    sync_folder(path.parent)
    return True


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
        self._made: list[Path] = []
        self._staged: list[Path] = []
        self._linked: list[Path] = []
        self._appended: list[tuple[Path, int]] = []
        self._frozen: list[Path] = []

    def make_folders(self, *paths: Path) -> None:
        """Make folders durable, unless they are there.

        Raises:
            OSError: one cannot be made.
        """
        for path in paths:
            self._at_step(f"make {path.name}")
            try:
                path.mkdir(mode=FOLDER_MODE)
            except FileExistsError:
                continue
            self._made.append(path)
            path.chmod(FOLDER_MODE)
            self._at_step("sync folder")
            sync_folder(path.parent)

    def stage(self, content: bytes) -> Path:
        """Return a new durable file under `tmp/`.

        Raises:
            OSError: the disk is full or refused.
        """
        self._at_step("stage")
        path = self._tmp / f"{os.getpid()}-{len(self._staged)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        self._staged.append(path)
        try:
            os.fchmod(descriptor, FILE_MODE)
            _write_all(descriptor, content)
            self._at_step("sync")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path

    def publish(self, staged: Path, name: Path) -> None:
        """Give a staged file its name; never replaces one.

        Raises:
            OSError: the name is taken, or the disk refused.
        """
        self._at_step(f"link {name.name}")
        os.link(staged, name)
        self._linked.append(name)

    def replace(self, staged: Path, name: Path) -> None:
        """Give a staged file its name in place of the file that has it; this alone cannot be undone.

        Raises:
            OSError: the disk refused.
        """
        self._at_step(f"replace {name.name}")
        staged.replace(name)
        self._staged.remove(staged)

    def sync(self, folder: Path) -> None:
        """Make the names given so far durable.

        Raises:
            OSError: the disk refused.
        """
        self._at_step("sync folder")
        sync_folder(folder)

    def append(self, path: Path, line: bytes, *, at_bytes: int) -> None:
        """Add a durable line to a file, which is made if it is not there.

        Args:
            path: the file.
            line: what is added.
            at_bytes: the length that the file must have before.

        Raises:
            OSError: the disk is full or refused.
            LedgerError: the file has another length.
        """
        self._at_step(f"append {path.name}")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, OWN_FILE_MODE)
        try:
            size_bytes = os.fstat(descriptor).st_size
            self._appended.append((path, size_bytes))
            if size_bytes != at_bytes:
                raise LedgerError(f"{path} does not fit the day's records", hint="murenger verify")
            _write_all(descriptor, line)
            self._at_step("sync line")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def freeze(self, path: Path) -> None:
        """Close a file that was appended to; it is never written again.

        Raises:
            OSError: the disk refused.
        """
        self._at_step(f"freeze {path.name}")
        path.chmod(FILE_MODE)
        self._frozen.append(path)

    def finish(self) -> None:
        """Remove what is left under `tmp/`; the files keep their names."""
        self._at_step("clean up")
        for path in self._staged:
            path.unlink()

    def undo(self) -> tuple[str, ...]:
        """Take back every step, newest first, durably; return what could not be taken back."""
        left: list[str] = []
        for path in self._frozen:
            _attempt(left, path, functools.partial(path.chmod, OWN_FILE_MODE))
        for path, size_bytes in reversed(self._appended):
            _attempt(left, path, functools.partial(_cut, path, size_bytes))
        for path in (*reversed(self._linked), *self._staged):
            _attempt(left, path, functools.partial(path.unlink, missing_ok=True))
        for path in reversed(self._made):
            _attempt(left, path, path.rmdir)
        # Without this a power cut could bring back what the caller was told is not there.
        for folder in dict.fromkeys(path.parent for path in (*self._linked, *self._made)):
            if folder not in self._made:
                _attempt(left, folder, functools.partial(sync_folder, folder))
        return tuple(left)


def _attempt(left: list[str], path: Path, action: Callable[[], None]) -> None:
    try:
        action()
    except OSError as exc:
        left.append(f"{path}: {exc.strerror}")


def _cut(path: Path, size_bytes: int) -> None:
    if size_bytes:
        os.truncate(path, size_bytes)
    else:
        path.unlink(missing_ok=True)


def _write_all(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    while written < len(content):
        written += os.write(descriptor, memoryview(content)[written:])
