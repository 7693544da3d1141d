"""What a witness remembers: the newest checkpoint that it cosigned of each log, on disk before anybody hears of it.

Input: cosigned checkpoints. Output: the same after a crash. Each file is a cosigned checkpoint and so proves itself;
a folder without the marker that `create` puts there is not taken for the memory of a witness, because an empty memory
cosigns anything.
"""

import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from murenger.errors import LedgerError, SignatureError
from murenger.record.store import read_regular
from murenger.record.tree.checkpoint import Checkpoint, parse_checkpoint
from murenger.record.tree.note import MAX_KEY_TEXT, MAX_NOTE_BYTES, Note, VerifierKey, verify_note

MARKER, LOCK = "WITNESS", "LOCK"

_FILE = re.compile(r"([0-9a-f]{64})\.checkpoint")
_UNFINISHED = ".unfinished-"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600

Step = Callable[[str], None]


def no_step(_name: str) -> None:
    """Do nothing at a step."""


def origin_hash(origin: str) -> str:
    """Return what stands for a log in file names and addresses: 64 hex digits."""
    return hashlib.sha256(origin.encode()).hexdigest()


def create_memory(folder: Path, key: VerifierKey) -> None:
    """Make the empty memory of a new witness.

    Args:
        folder: made if it is not there; else it has to be empty.
        key: the witness's public key.

    Raises:
        LedgerError: something is in the folder, or it cannot be written.
    """
    try:
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        if any(folder.iterdir()):
            raise LedgerError(f"{folder} is not empty", hint="a witness that has a memory must keep it")
        _write(folder, MARKER, f"{key.vkey}\n".encode())
        _sync_folder(folder.parent)
    except OSError as exc:
        raise LedgerError(f"the memory of the witness cannot be made in {folder}: {exc.strerror}") from exc


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The newest checkpoint that was cosigned of a log.

    Attributes:
        checkpoint: the head.
        note: the same with the signatures of the log and of this witness.
        at: when it was cosigned.
    """

    checkpoint: Checkpoint
    note: Note
    at: datetime.datetime


class Memory:
    """The newest cosigned checkpoint of each log; one process at a time has it.

    Args:
        folder: made by `create_memory`.
        key: the witness's public key; every file has to be cosigned by it.
        at_step: called with a name before each step of a write; for tests that crash there.

    Raises:
        LedgerError: the folder is no memory of this witness, another process has it, or a file in it is damaged.
    """

    def __init__(self, folder: Path, key: VerifierKey, *, at_step: Step = no_step) -> None:
        self._folder = folder
        self._key = key
        self._at_step = at_step
        self._check_marker()
        self._lock = _lock(folder)
        try:
            self._held = self._read_all()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def newest(self, hashed: str) -> Held | None:
        """Return the newest checkpoint cosigned of the log that a hash stands for, or None."""
        return self._held.get(hashed)

    def keep(self, held: Held) -> None:
        """Put a cosigned checkpoint in the place of the older one, on disk and then in memory.

        Raises:
            LedgerError: the disk would not take it; then the older one still counts.
        """
        hashed = origin_hash(held.checkpoint.origin)
        try:
            _write(self._folder, f"{hashed}.checkpoint", held.note.content, self._at_step)
        except OSError as exc:
            raise LedgerError(f"the witness cannot write its memory: {exc.strerror}") from exc
        self._held[hashed] = held

    def _check_marker(self) -> None:
        path = self._folder / MARKER
        try:
            said = read_regular(path, MAX_KEY_TEXT + 1).decode("utf-8", "replace").strip()
        except FileNotFoundError as exc:
            raise LedgerError(
                f"{self._folder} is not the memory of a witness",
                hint="is its disk mounted? murenger witness init makes the memory of a new witness",
            ) from exc
        except (OSError, ValueError) as exc:
            raise LedgerError(f"{path} cannot be read: {exc}") from exc
        if said != self._key.vkey:
            raise LedgerError(
                f"{self._folder} is the memory of the witness {said!a}, not of {self._key.vkey}",
                hint="a new key is a new witness, with a memory of its own",
            )

    def _read_all(self) -> dict[str, Held]:
        held = {}
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except OSError as exc:
            raise LedgerError(f"the memory of the witness cannot be read: {exc.strerror}") from exc
        for name in names:
            match = _FILE.fullmatch(name)
            if match:
                held[match[1]] = self._read(match[1])
            elif name.startswith(_UNFINISHED):
                # Nobody was answered on the strength of it.
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()
        return held

    def _read(self, hashed: str) -> Held:
        path = self._folder / f"{hashed}.checkpoint"
        try:
            return _held(read_regular(path, MAX_NOTE_BYTES), hashed, self._key)
        except (OSError, ValueError, SignatureError) as exc:
            raise LedgerError(
                f"{path} is damaged: {exc}",
                hint="do not remove it: a witness that forgets may cosign a forked log; see the guide on witnesses",
            ) from exc


def _held(content: bytes, hashed: str, key: VerifierKey) -> Held:
    checkpoint, note = parse_checkpoint(content)
    if origin_hash(checkpoint.origin) != hashed:
        raise ValueError("it is of another log")
    # Our own signature is enough: it was given after the log's had been checked.
    times = [signed.at for signed in verify_note(note, [key]) if signed.at is not None]
    return Held(checkpoint=checkpoint, note=note, at=max(times))


def _lock(folder: Path) -> int:
    path = folder / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE)
    except OSError as exc:
        raise LedgerError(f"{path} cannot be opened: {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(descriptor)
        raise LedgerError(f"another process serves the memory in {folder}", hint="one witness, one process") from exc
    return descriptor


def _write(folder: Path, name: str, content: bytes, at_step: Step = no_step) -> None:
    """Write a file so that after a crash it holds what it held before or all of the new content."""
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=_UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            at_step("write")
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        at_step("rename")
        Path(temporary).replace(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    at_step("sync")
    _sync_folder(folder)
    at_step("written")


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
