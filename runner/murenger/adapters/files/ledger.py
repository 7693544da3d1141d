"""Port Ledger on plain files: one record, one file, which nothing ever rewrites.

Input: statement bytes. Output: a folder that `ssh-keygen` and `sha256sum` can check without us.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from murenger.adapters.files.ledger_days import Place, list_days, newest_place, read_leaves, read_records
from murenger.adapters.files.ledger_files import Step, Transaction, no_step
from murenger.adapters.files.ledger_prune import check_prunable, prune_day
from murenger.adapters.files.ledger_receipts import keep_checkpoint, keep_receipt
from murenger.adapters.files.ledger_seal import seal_day
from murenger.adapters.files.ledger_tail import Tail
from murenger.adapters.files.ledger_writer import LedgerWriter
from murenger.errors import LedgerError
from murenger.model import ChangeRecord, JsonValue, Receipt, parse_canonical
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
    RECORDS,
    LedgerDay,
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
        at_step: called with a name before each step of a change; for tests that crash there.
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
        self._writer = LedgerWriter(self._folder, at_step)
        self._written_day = ""
        self._place: Place | None = None
        self._head: ChangeRecord | None = None
        self._head_version: tuple[str, int, int] | None = None

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
        with self._writer.turn():
            pass
        return self._writer.take_found()

    def append(
        self, build: Callable[[int, str], bytes], *, documents: Sequence[tuple[bytes, str]] = ()
    ) -> ChangeRecord:
        """Make the next record durable before returning.

        It goes to the day that it says it was written on, or to a later one: never to a day before the newest, nor to
        one that is sealed.

        Args:
            build: called once, under the log's lock, with the new sequence number and the hex digest of the previous
                record; returns the statement's bytes.
            documents: decision files that the record cites, each with its signature; stored beside it first.

        Raises:
            LedgerError: the folder is full, read-only or damaged; then nothing was appended.
            SignatureError: the record could not be signed; then nothing was appended.
        """
        with self._writer.turn() as turn:
            tail = self._writer.tail
            content = build(tail.sequence + 1, tail.sha256)
            statement, day = self._check(content, tail)
            signature = canonical_armour(self._signer.sign(content, namespace=RECORD_NAMESPACE))
            record = _record(self._origin, tail.sequence + 1, content, signature, statement)
            cited = text_of(group_of(group_of(statement, "predicate"), "approval"), "decision_sha256")
            leaves_bytes = tail.leaves_bytes if day == tail.record_day else 0
            with self._writer.change(turn) as transaction:
                carried = self._carried(cited, documents, day)
                self._write(transaction, record, day, [*documents, *carried], leaves_bytes)
            tail = Tail(
                day=day,
                record_day=day,
                sequence=record.sequence,
                sha256=record.sha256,
                leaves_bytes=leaves_bytes + LEAF_LINE_BYTES,
            )
            self._writer.settle(turn, tail)
            self._place, self._written_day = Place(day=day, number=record.sequence), day
            return record

    def records(self, start: int = 0) -> Iterator[ChangeRecord]:
        """Yield the records in order, one in memory at a time.

        Args:
            start: number of the first one wanted; where it was pruned, the oldest that is kept comes first.

        Raises:
            LedgerError: a file cannot be read, or a record is missing or not where it belongs.
        """
        with self._reading():
            yield from read_records(self._folder, start, self._read)

    def head(self) -> ChangeRecord | None:
        """Return the newest record, or None for a log without records.

        Raises:
            LedgerError: it cannot be read.
        """
        with self._reading():
            self._place = newest_place(self._folder, self._place)
            if self._place is None:
                return None
            path = self._folder / DAYS / self._place.day / RECORDS / record_name(self._place.number)
            # A name may be given anew, should an append be undone; the same file cannot change.
            status = path.stat(follow_symlinks=False)
            version = (path.name, status.st_ino, status.st_mtime_ns)
            if self._head is None or version != self._head_version:
                self._head, self._head_version = self._read(path), version
            return self._head

    def leaves(self, start: int = 0) -> bytes:
        """Return the RFC 6962 leaf hashes of the records, 32 bytes each, those of pruned days included.

        One that another process is appending at this moment may not be among them yet.

        Args:
            start: number of the first record wanted.

        Raises:
            LedgerError: a `LEAVES` file cannot be read or is damaged.
        """
        with self._reading():
            return read_leaves(self._folder, start)

    def days(self) -> tuple[LedgerDay, ...]:
        """Return every day that holds a file, oldest first.

        Raises:
            LedgerError: the log cannot be read.
        """
        with self._reading():
            return list_days(self._folder)

    def keep_receipt(self, receipt: Receipt) -> None:
        """Make a receipt durable in the newest day, or in the day after that if it is sealed.

        A receipt of the same sink for the same record that the day has already is left as it is: it vouches for the
        earlier time.

        Raises:
            LedgerError: the folder is full, read-only or damaged, or the receipt has no usable name or is for a record
                that is not there; then nothing was kept.
        """
        keep_receipt(self._writer, receipt)

    def keep_checkpoint(self, text: str) -> None:
        """Put a signed checkpoint in place of the newest day's, durably; in the day after that if it is sealed.

        Args:
            text: the signed note; "", which a log without a log key has, keeps nothing.

        Raises:
            LedgerError: the folder is full, read-only or damaged, or the log has no record; then the old checkpoint is
                still there, or already the new one.
        """
        if text:
            keep_checkpoint(self._writer, text)

    def seal(self, day: str, *, stamp: Callable[[bytes], bytes] | None = None) -> bool:
        """List every file of a day, sign the list, and have it stamped; nothing is added to the day afterwards.

        Days are sealed oldest first, the newest too if asked. A day that is sealed and not stamped is stamped.

        Args:
            day: YYYY-MM-DD, one of `days()`.
            stamp: given the list's bytes, returns the DER of a time-stamping authority's response; None for no stamp.

        Returns:
            False if there was nothing to do.

        Raises:
            LedgerError: the folder is full, read-only or damaged, there is no such day or an earlier one is unsealed,
                or it holds a file that does not belong, or a record that is not the one appended.
            SignatureError: the list could not be signed.
            AnchorError: `stamp` raised it; the day is sealed all the same, and the next call stamps it.
        """
        return seal_day(self._writer, day, signer=self._signer, stamp=stamp)

    def prune(self, days: Sequence[str]) -> None:
        """Remove the records, decisions and attachments of sealed days for good; all else of them stays.

        Doing it again is harmless, and finishes what a crash broke off. A day goes whole or not at all.

        Args:
            days: YYYY-MM-DD each; older days must be pruned already or be among them.

        Raises:
            LedgerError: the log is on hold; a day is unknown, unsealed, the newest record's or not the oldest; its seal
                does not cover what would be left; or the folder is read-only or damaged.
        """
        wanted = set(days)
        for day in ["", *sorted(wanted)]:
            with self._writer.turn() as turn:
                states = list_days(self._folder)
                tail = self._writer.tail
                # All are judged before the first is touched, and each again when its turn comes.
                check_prunable(self._folder, states, {day} if day else wanted, record_day=tail.record_day)
                if any(state.name == day and not state.pruned for state in states):
                    self._writer.begin(turn)
                    prune_day(self._folder, day, self._writer.at_step)
                    self._writer.settle(turn, tail)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise LedgerError(f"the ledger {self._folder} cannot be read: {exc.strerror or exc}") from exc

    def _check(self, content: bytes, tail: Tail) -> tuple[Mapping[str, JsonValue], str]:
        """Return what a statement says, and the day that it is put in.

        Raises:
            LedgerError: it does not fit the place it was built for.
        """
        try:
            statement = parse_canonical(content)
        except ValueError as exc:
            raise LedgerError(f"the record to be written is not canonical: {exc}") from exc
        predicate = group_of(statement, "predicate")
        place = (predicate.get("origin"), predicate.get("seq"), predicate.get("prev_record_sha256"))
        if place != (self._origin, tail.sequence + 1, tail.sha256):
            raise LedgerError(f"the record to be written is not record {tail.sequence + 1} of {self._origin}")
        day = text_of(predicate, "written_at")[:10]
        if not DAY.fullmatch(day) or len(content) > MAX_RECORD_BYTES:
            raise LedgerError("the record to be written has no day, or is too large")
        return statement, tail.day_for(day)

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
        self,
        transaction: Transaction,
        record: ChangeRecord,
        day: str,
        documents: Sequence[tuple[bytes, str]],
        leaves_bytes: int,
    ) -> None:
        folder = self._folder / DAYS / day
        if day != self._written_day or not (folder / RECORDS).exists():
            transaction.make_folders(folder, folder / RECORDS, folder / DECISIONS)
        for content, signature in documents:
            _keep_document(transaction, folder / DECISIONS, content, signature)
        signature_file = transaction.stage(record.signature.encode("ascii"))
        record_file = transaction.stage(record.content)
        path = folder / RECORDS / record_name(record.sequence)
        transaction.publish(signature_file, path.with_name(path.name + ".sig"))
        transaction.publish(record_file, path)
        transaction.sync(folder / RECORDS)
        line = leaf_hash(record.content).encode("ascii") + b"\n"
        transaction.append(folder / LEAVES, line, at_bytes=leaves_bytes)
        if not leaves_bytes:
            transaction.sync(folder)
        transaction.finish()

    def _read(self, path: Path) -> ChangeRecord:
        """Return the record in a file; a file that is not there is the caller's to judge."""
        content = _read_file(path, MAX_RECORD_BYTES, missing=True)
        signature = _read_file(path.with_name(path.name + ".sig"), MAX_SIGNATURE_BYTES)
        number = int(path.name.removesuffix(".json"))
        try:
            return _record(self._origin, number, content, signature.decode("ascii"), json.loads(content))
        except ValueError as exc:
            raise LedgerError(f"the record {path} is damaged: {exc}", hint="murenger verify") from exc


def _record(origin: str, sequence: int, content: bytes, signature: str, statement: object) -> ChangeRecord:
    """Return a record from its bytes and what they say.

    Raises:
        ValueError: the bytes are not that record.
    """
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


def _read_file(path: Path, limit_bytes: int, *, missing: bool = False) -> bytes:
    try:
        return read_regular(path, limit_bytes)
    except OSError as exc:
        if missing and isinstance(exc, FileNotFoundError):
            raise
        raise LedgerError(f"{path} cannot be read: {exc.strerror}", hint="murenger verify") from exc
    except ValueError as exc:
        raise LedgerError(f"{path} cannot be used: {exc}", hint="murenger verify") from exc
