"""Evidence packs on disk: the days copied byte for byte, and a folder or ZIP file that appears whole or not at all.

Input: a log's folder and the files of a pack. Output: the pack at its final place; until then nothing is there.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from murenger.errors import LedgerError
from murenger.record.evidence.entry import entry_of
from murenger.record.evidence.view import DayView
from murenger.record.predicate import MAX_RECORD_BYTES
from murenger.record.reading import group_of, number_of
from murenger.record.store import (
    CHECKPOINT,
    DAYS,
    LEAF_LINE_BYTES,
    LEAVES,
    LOCK,
    RECEIPTS,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SEAL_TOKEN,
    day_names,
    read_regular,
    record_name,
)

_FILE_MODE, _SCRIPT_MODE, _FOLDER_MODE = 0o640, 0o750, 0o750
_CHUNK = 1024 * 1024
# A witness may have been behind when it answered; one of the last few covers everything up to it.
_NEWEST = 8
# The earliest that a ZIP file can say, so that the same pack has the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class PackFolder:
    """A pack while it is made, in a hidden folder beside its final place.

    Use it as a context: whatever was not finished is removed.

    Args:
        target: where the pack goes; a name that ends in `.zip` makes a ZIP file.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._handles: dict[str, tuple[BinaryIO, hashlib._Hash]] = {}
        self._digests: dict[str, str] = {}
        self.folder = Path()

    def __enter__(self) -> Self:
        """Make the hidden folder.

        Raises:
            LedgerError: something is at the final place already, or nothing can be written beside it.
        """
        if os.path.lexists(self._target):
            raise LedgerError(f"{self._target} exists already", hint="a pack is never overwritten; choose another name")
        with _told(self._target):
            self.folder = Path(tempfile.mkdtemp(prefix=f".{self._target.name}.", dir=self._target.parent))
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not finished."""
        self._close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, path: str, content: bytes) -> None:
        """Write a file at once.

        Raises:
            LedgerError: the disk refused, the path leads out of the pack, or the file is there already.
        """
        if path in self._handles:
            raise LedgerError(f"{path} would be in the pack twice")
        self.append(path, content)
        self._end(path)

    def append(self, path: str, content: bytes) -> None:
        """Add to a file, making it if it is not there.

        Raises:
            LedgerError: the disk refused, or the path leads out of the pack.
        """
        if path not in self._handles:
            if path in self._digests:
                raise LedgerError(f"{path} would be in the pack twice")
            self._handles[path] = (self._open(path), hashlib.sha256())
        file, digest = self._handles[path]
        digest.update(content)
        with _told(self._target):
            file.write(content)

    def copy(self, source: Path, path: str, *, listed: bool) -> None:
        """Copy a file byte for byte.

        Args:
            source: the file; never a link.
            path: in the pack.
            listed: whether the pack's own SHA256SUMS is to list it, which no day's seal does.

        Raises:
            LedgerError: it is no regular file, or the disk refused.
        """
        digest = hashlib.sha256()
        try:
            descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as exc:
            raise LedgerError(f"{source} cannot be copied: {exc.strerror}", hint="murenger verify") from exc
        with os.fdopen(descriptor, "rb") as file, _told(self._target):
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LedgerError(f"{source} is no regular file", hint="murenger verify")
            with self._open(path) as copy:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    copy.write(chunk)
        if listed:
            self._digests[path] = digest.hexdigest()

    def digests(self) -> tuple[tuple[str, str], ...]:
        """Return (path, hex digest) of each file that no day's seal covers, by path."""
        self._close()
        return tuple(sorted(self._digests.items(), key=lambda item: item[0].encode()))

    def finish(self) -> None:
        """Put the pack at its final place, at once.

        Raises:
            LedgerError: something is there by now, or the disk refused.
        """
        self._close()
        with _told(self._target):
            if self._target.suffix == ".zip":
                self._finish_zip()
            else:
                self.folder.chmod(_FOLDER_MODE)
                os.sync()
                # Fails where anything but an empty folder has come to be there meanwhile.
                self.folder.rename(self._target)

    def _finish_zip(self) -> None:
        packed = self.folder.with_name(self.folder.name + ".part")
        try:
            with zipfile.ZipFile(packed, "x", compression=zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(_files_below(self.folder), key=lambda path: str(path.relative_to(self.folder))):
                    _add(archive, path, str(path.relative_to(self.folder)))
            packed.chmod(_FILE_MODE)
            os.sync()
            # A link never overwrites, as a rename would.
            os.link(packed, self._target)
        finally:
            packed.unlink(missing_ok=True)

    def _open(self, path: str) -> BinaryIO:
        if not path or any(part in {"", ".", ".."} for part in path.split("/")):
            raise LedgerError(f"{path!r} cannot be a file of a pack")
        with _told(self._target):
            final = self.folder / path
            final.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            mode = _SCRIPT_MODE if path.endswith(".sh") else _FILE_MODE
            descriptor = os.open(final, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            os.fchmod(descriptor, mode)
            return os.fdopen(descriptor, "wb")

    def _close(self) -> None:
        for path in tuple(self._handles):
            self._end(path)

    def _end(self, path: str) -> None:
        file, digest = self._handles.pop(path)
        self._digests[path] = digest.hexdigest()
        with _told(self._target):
            file.close()


def copy_days(ledger: Path, pack: PackFolder, *, first: str, last: str) -> tuple[tuple[DayView, ...], str]:
    """Copy whole days into a pack, and the bare SHA256SUMS of the day before them.

    Args:
        ledger: the log's folder.
        pack: where they go.
        first: first day, `YYYY-MM-DD`.
        last: last day.

    Returns:
        The days, oldest first, and the name of the day whose SHA256SUMS was carried, or "".

    Raises:
        LedgerError: there is no such day, its records were pruned, or a file cannot be copied.
    """
    with _told(ledger):
        with _nobody_appends(ledger):
            names = day_names(ledger)
            chosen = [name for name in names if first <= name <= last]
            if not chosen:
                raise LedgerError(f"the log has no day from {first} to {last}", hint="murenger log")
            # A sealed day never changes again. What is not sealed grows, so it is copied while nobody appends.
            growing = [name for name in chosen if not (ledger / DAYS / name / SEAL).exists()]
            days = [_copy_day(ledger, pack, name) for name in growing]
        days += [_copy_day(ledger, pack, name) for name in chosen if name not in growing]
        before = [name for name in names if name < chosen[0]]
        carried = before[-1] if before and (ledger / DAYS / before[-1] / SEAL).exists() else ""
        if carried:
            path = f"{DAYS}/{carried}/{SEAL}"
            pack.copy(ledger / path, path, listed=True)
    return tuple(sorted(days, key=lambda day: day.name)), carried


def read_leaves(ledger: Path) -> bytes:
    """Return 32 bytes for each record of a log from number 0 on, pruned ones included.

    Raises:
        LedgerError: a LEAVES file cannot be read, or holds something else.
    """
    with _told(ledger), _nobody_appends(ledger):
        lines = [(ledger / DAYS / name / LEAVES) for name in day_names(ledger)]
        text = b"".join(path.read_bytes() for path in lines if path.exists())
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError as exc:
        raise LedgerError(f"a {LEAVES} file of {ledger} is damaged", hint="murenger verify") from exc


def read_checkpoints(ledger: Path) -> tuple[bytes, ...]:
    """Return the newest checkpoints of a log: what a witness cosigned first, then the log's own; none if it has none.

    Raises:
        LedgerError: a file cannot be read.
    """
    with _told(ledger):
        names = day_names(ledger)
        cosigned = sorted(
            (path for name in names for path in (ledger / DAYS / name / RECEIPTS).glob("*.cosig")),
            key=lambda path: path.name,
        )
        own = [path for name in reversed(names) if (path := ledger / DAYS / name / CHECKPOINT).exists()]
        return tuple(path.read_bytes() for path in (*reversed(cosigned[-_NEWEST:]), *own[:1]))


def read_promise(ledger: Path) -> int | None:
    """Return the seconds between heartbeats that the first record of a log promised, or None if it was pruned.

    Raises:
        LedgerError: it cannot be read.
    """
    with _told(ledger):
        first = next((path for path in (ledger / DAYS).glob(f"*/{RECORDS}/{record_name(0)}")), None)
        if first is None:
            return None
        try:
            said = entry_of(read_regular(first, MAX_RECORD_BYTES), sequence=0, day=first.parent.parent.name).said
        except ValueError as exc:
            raise LedgerError(f"{first} cannot be read: {exc}", hint="murenger verify") from exc
        return number_of(group_of(said, "genesis"), "heartbeat_s")


def _copy_day(ledger: Path, pack: PackFolder, name: str) -> DayView:
    folder = ledger / DAYS / name
    sealed, stamped = (folder / SEAL).exists(), (folder / SEAL_TOKEN).exists()
    numbers = []
    for path in sorted(_files_below(folder)):
        relative = path.relative_to(folder)
        # The seal lists every file of its day but itself, its signature and its time stamps.
        own = str(relative).startswith((SEAL, SEAL_SIGNATURE, SEAL_TOKEN))
        pack.copy(path, f"{DAYS}/{name}/{relative}", listed=own or not sealed)
        match = RECORD_FILE.fullmatch(path.name) if relative.parts[0] == RECORDS else None
        if match:
            numbers.append(int(match[1]))
    leaves = folder / LEAVES
    if not numbers and leaves.exists() and leaves.stat().st_size >= LEAF_LINE_BYTES:
        raise LedgerError(
            f"the records of {name} were pruned: they are past the time that they had to be kept",
            hint="let the pack begin later",
        )
    first, last = (min(numbers), max(numbers)) if numbers else (None, None)
    return DayView(name=name, first=first, last=last, sealed=sealed, stamped=stamped, pruned=False)


def _files_below(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(Path(entry.path))
        else:
            yield Path(entry.path)


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    info = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | (_SCRIPT_MODE if name.endswith(".sh") else _FILE_MODE)) << 16
    with path.open("rb") as file, archive.open(info, "w", force_zip64=True) as member:
        shutil.copyfileobj(file, member, _CHUNK)


@contextlib.contextmanager
def _nobody_appends(ledger: Path) -> Iterator[None]:
    """Hold the log's lock as a reader, where there is one."""
    try:
        descriptor = os.open(ledger / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        # A copy of a log has no lock, and nobody appends to it.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    """Let whatever the disk refuses become a LedgerError."""
    try:
        yield
    except OSError as exc:
        raise LedgerError(f"the pack cannot be made: {exc.filename or place}: {exc.strerror or exc}") from exc
