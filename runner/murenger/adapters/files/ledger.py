"""Port Ledger on plain files: one record, one file, which nothing ever rewrites.

Input: statement bytes. Output: a folder that `ssh-keygen` and `sha256sum` can check without us.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from murenger.adapters.files.ledger_files import Step, Transaction, locked, make_folder, no_step
from murenger.adapters.files.ledger_tail import Tail, find_tail, is_current
from murenger.errors import LedgerError
from murenger.model import ChangeRecord, parse_canonical
from murenger.ports import Signer
from murenger.record.executor import Found
from murenger.record.predicate import MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES, ORIGIN, RECORD_NAMESPACE
from murenger.record.reading import group_of, text_of
from murenger.record.schema import kind_of
from murenger.record.sshsig import canonical_armour
from murenger.record.store import (
    DAY,
    DAYS,
    DECISIONS,
    LEAF_LINE_BYTES,
    LEAVES,
    LOCK,
    QUARANTINE,
    RECORD_FILE,
    RECORDS,
    TMP,
    day_names,
    leaf_hash,
    read_regular,
    record_name,
)


class FileLedger:
    """One log as a folder of files; several processes may append to it, each waiting its turn.

    Args:
        root: the store; each log is a folder in it.
        origin: name of the log.
        signer: signs each record.
        at_step: called with a name before each step of an append; for tests that crash there.
    """

    def __init__(self, root: Path, *, origin: str, signer: Signer, at_step: Step = no_step) -> None:
        if not ORIGIN.fullmatch(origin):
            raise LedgerError(
                f"a log cannot be named {origin!r}",
                hint="1 to 128 of letters, digits, @, dot, underscore, hyphen, the first a letter or digit",
            )
        self._folder = root / origin
        self._origin = origin
        self._signer = signer
        self._at_step = at_step
        self._tail: Tail | None = None
        self._head: ChangeRecord | None = None
        self._head_version: tuple[str, int, int] | None = None
        self._found: list[Found] = []

    @property
    def folder(self) -> Path:
        """The log's own folder."""
        return self._folder

    def settle(self) -> tuple[Found, ...]:
        """Put aside what a crash left behind; return that, and anything found since the last call.

        Each item is to become a `recovery` record.

        Raises:
            LedgerError: the folder cannot be written, or the newest record is torn or unsigned.
        """
        with self._writing():
            self._find_tail()
        found, self._found = tuple(self._found), []
        return found

    def append(
        self, build: Callable[[int, str], bytes], *, documents: Sequence[tuple[bytes, str]] = ()
    ) -> ChangeRecord:
        """Make the next record durable before returning.

        Args:
            build: called once, under the log's lock, with the new sequence number and the hex digest of the previous
                record; returns the statement's bytes.
            documents: decision files that the record cites, each with its signature; stored beside it first.

        Raises:
            LedgerError: the folder is full, read-only or damaged; then nothing was appended.
            SignatureError: the record could not be signed; then nothing was appended.
        """
        with self._writing():
            tail = self._find_tail()
            content = build(tail.sequence + 1, tail.sha256)
            day, decision_sha256 = self._check(content, tail)
            signature = canonical_armour(self._signer.sign(content, namespace=RECORD_NAMESPACE))
            record = _record(self._origin, tail.sequence + 1, content, signature)
            transaction = Transaction(self._folder, self._at_step)
            try:
                self._write(transaction, record, day, [*documents, *self._carried(decision_sha256, documents, day)])
            except BaseException as exc:
                self._tail = None
                left = transaction.undo()
                if left:
                    raise LedgerError(
                        f"an unfinished record could not be taken back: {'; '.join(left)}", hint="murenger verify"
                    ) from exc
                raise
            leaves_bytes = (tail.leaves_bytes if day == tail.record_day else 0) + LEAF_LINE_BYTES
            self._tail = Tail(
                day=day, record_day=day, sequence=record.sequence, sha256=record.sha256, leaves_bytes=leaves_bytes
            )
            return record

    def records(self) -> Iterator[ChangeRecord]:
        """Yield every record in order, one in memory at a time.

        Raises:
            LedgerError: a file cannot be read, or a record is missing or not where it belongs.
        """
        for expected, path in enumerate(self._paths()):
            number = int(path.name.removesuffix(".json"))
            if number != expected:
                raise LedgerError(f"record {expected} of {self._origin} is missing", hint="murenger verify")
            yield self._read(path)

    def head(self) -> ChangeRecord | None:
        """Return the newest record, or None for a log without records.

        Raises:
            LedgerError: it cannot be read.
        """
        newest = max(self._newest_paths(), key=lambda path: path.name, default=None)
        if newest is None:
            return None
        # A name may be given anew, should an append be undone; the same file cannot change.
        version = _version(newest)
        if self._head is None or version != self._head_version:
            self._head, self._head_version = self._read(newest), version
        return self._head

    def _find_tail(self) -> Tail:
        if self._tail is None or not is_current(self._folder, self._tail):
            self._tail, found = find_tail(self._folder)
            self._found.extend(found)
        return self._tail

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the log's lock; whatever the disk refuses becomes a LedgerError that names the folder."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder, *(self._folder / name for name in (DAYS, TMP, QUARANTINE))):
                make_folder(folder)
            with locked(self._folder / LOCK):
                yield
        except OSError as exc:
            raise LedgerError(
                f"the ledger {self._folder} cannot be written: {exc.strerror or exc}",
                hint="nothing was recorded, so nothing may be changed",
            ) from exc

    def _check(self, content: bytes, tail: Tail) -> tuple[str, str]:
        """Return the day that a statement belongs to, and the decision it cites or "".

        Raises:
            LedgerError: it does not fit the place it was built for.
        """
        try:
            predicate = group_of(parse_canonical(content), "predicate")
        except ValueError as exc:
            raise LedgerError(f"the record to be written is not canonical: {exc}") from exc
        place = (predicate.get("origin"), predicate.get("seq"), predicate.get("prev_record_sha256"))
        if place != (self._origin, tail.sequence + 1, tail.sha256):
            raise LedgerError(f"the record to be written is not record {tail.sequence + 1} of {self._origin}")
        day = text_of(predicate, "written_at")[:10]
        if not DAY.fullmatch(day) or len(content) > MAX_RECORD_BYTES:
            raise LedgerError("the record to be written has no day, or is too large")
        # A clock that was set back must not make two histories of one day.
        return max(day, tail.day), text_of(group_of(predicate, "approval"), "decision_sha256")

    def _carried(
        self, decision_sha256: str, documents: Sequence[tuple[bytes, str]], day: str
    ) -> Iterator[tuple[bytes, str]]:
        """Yield the cited decision from an earlier day, so that each day stands alone.

        Raises:
            LedgerError: it is nowhere in the log.
        """
        given = {hashlib.sha256(content).hexdigest() for content, _ in documents}
        if not decision_sha256 or decision_sha256 in given:
            return
        for earlier in reversed(day_names(self._folder)):
            path = self._folder / DAYS / earlier / DECISIONS / f"{decision_sha256}.json"
            if path.exists():
                if earlier != day:
                    signature = _read_file(path.with_name(path.name + ".sig"), MAX_SIGNATURE_BYTES)
                    yield _read_file(path, MAX_RECORD_BYTES), signature.decode("ascii", "replace")
                return
        raise LedgerError(f"the decision {decision_sha256} that a record cites is not in the ledger")

    def _write(
        self, transaction: Transaction, record: ChangeRecord, day: str, documents: Sequence[tuple[bytes, str]]
    ) -> None:
        folder = self._folder / DAYS / day
        for name in (folder, folder / RECORDS, folder / DECISIONS):
            make_folder(name)
        for content, signature in documents:
            _keep_document(transaction, folder / DECISIONS, content, signature)
        signature_file = transaction.stage(record.signature.encode("ascii"))
        record_file = transaction.stage(record.content)
        path = folder / RECORDS / record_name(record.sequence)
        transaction.publish(signature_file, path.with_name(path.name + ".sig"))
        transaction.publish(record_file, path)
        transaction.sync(folder / RECORDS)
        transaction.append(folder / LEAVES, leaf_hash(record.content).encode("ascii") + b"\n")
        transaction.sync(folder)
        transaction.finish()

    def _paths(self) -> Iterator[Path]:
        for day in self._days():
            yield from self._paths_of(day)

    def _newest_paths(self) -> list[Path]:
        return next((paths for day in reversed(self._days()) if (paths := self._paths_of(day))), [])

    def _days(self) -> list[str]:
        try:
            return day_names(self._folder)
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise LedgerError(f"the ledger {self._folder} cannot be read: {exc.strerror}") from exc

    def _paths_of(self, day: str) -> list[Path]:
        folder = self._folder / DAYS / day / RECORDS
        try:
            return sorted(path for path in folder.iterdir() if RECORD_FILE.fullmatch(path.name))
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise LedgerError(f"the ledger {folder} cannot be read: {exc.strerror}") from exc

    def _read(self, path: Path) -> ChangeRecord:
        content = _read_file(path, MAX_RECORD_BYTES)
        signature = _read_file(path.with_name(path.name + ".sig"), MAX_SIGNATURE_BYTES)
        number = int(path.name.removesuffix(".json"))
        try:
            return _record(self._origin, number, content, signature.decode("ascii"))
        except ValueError as exc:
            raise LedgerError(f"the record {path} is damaged: {exc}", hint="murenger verify") from exc


def _record(origin: str, sequence: int, content: bytes, signature: str) -> ChangeRecord:
    """Return a record from its bytes.

    Raises:
        ValueError: the bytes are not that record.
    """
    statement = json.loads(content)
    if not isinstance(statement, dict):
        raise ValueError("no statement")  # noqa: TRY004 - callers handle one error
    predicate = group_of(statement, "predicate")
    if (predicate.get("origin"), predicate.get("seq")) != (origin, sequence):
        raise ValueError("it says it is another record")
    return ChangeRecord(
        origin=origin,
        sequence=sequence,
        kind=kind_of(statement),
        device=text_of(group_of(predicate, "device"), "name"),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        signature=signature,
    )


def _version(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat(follow_symlinks=False)
    except OSError as exc:
        raise LedgerError(f"{path} cannot be read: {exc.strerror}", hint="murenger verify") from exc
    return path.name, status.st_ino, status.st_mtime_ns


def _keep_document(transaction: Transaction, folder: Path, content: bytes, signature: str) -> None:
    """Store a decision file and its signature, unless the day has them; a second signature gets a second name.

    Raises:
        LedgerError: the signature is none.
        OSError: the disk refused.
    """
    try:
        armoured = canonical_armour(signature).encode("ascii")
    except ValueError as exc:
        raise LedgerError(f"a decision file's signature is not usable: {exc}") from exc
    path = folder / f"{hashlib.sha256(content).hexdigest()}.json"
    names = [path.name + ".sig", *(f"{path.name}.{count}.sig" for count in range(2, 100))]
    for name in names:
        taken = folder / name
        if not taken.exists():
            transaction.publish(transaction.stage(armoured), taken)
            break
        if _read_file(taken, MAX_SIGNATURE_BYTES) == armoured:
            break
    if not path.exists():
        transaction.publish(transaction.stage(content), path)
    transaction.sync(folder)


def _read_file(path: Path, limit_bytes: int) -> bytes:
    try:
        return read_regular(path, limit_bytes)
    except OSError as exc:
        raise LedgerError(f"{path} cannot be read: {exc.strerror}", hint="murenger verify") from exc
    except ValueError as exc:
        raise LedgerError(f"{path} cannot be used: {exc}", hint="murenger verify") from exc
