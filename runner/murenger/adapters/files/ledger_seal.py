"""Sealing: list every file of a day, sign the list, and have an authority stamp it.

Input: a day of a log. Output: its `SHA256SUMS`, the runner's signature over that, and a token.

A day is read before the lock is taken, since it may be large and others want to append; under the lock it is only
looked at, to see that it is what was read. The signature gets its name before the list does: a seal exists when its
list does.
"""

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.adapters.files.ledger_days import is_sealed, list_days
from murenger.adapters.files.ledger_files import Transaction
from murenger.adapters.files.ledger_receipts import MAX_RECEIPT_BYTES
from murenger.adapters.files.ledger_writer import LedgerWriter
from murenger.errors import LedgerError
from murenger.ports import Signer
from murenger.record.predicate import MAX_RECORD_BYTES, RECORD_NAMESPACE
from murenger.record.seal import MAX_MANIFEST_BYTES, SealedFile, make_manifest
from murenger.record.sshsig import canonical_armour
from murenger.record.store import (
    ATTACHMENT_FILE,
    ATTACHMENTS,
    CHECKPOINT,
    DAYS,
    DECISION_FILE,
    DECISION_SIGNATURE_FILE,
    DECISIONS,
    LEAF_LINE_BYTES,
    LEAVES,
    RECEIPT_FILE,
    RECEIPTS,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SEAL_TOKEN,
    SEAL_TOKEN_FILE,
    SIGNATURE_FILE,
    LedgerDay,
    leaf_hash,
    read_regular,
)

# What a day's folders hold; a file by any other name is nobody's, and the runner does not sign for it.
_MEMBERS = {
    RECORDS: (RECORD_FILE, SIGNATURE_FILE),
    DECISIONS: (DECISION_FILE, DECISION_SIGNATURE_FILE),
    ATTACHMENTS: (ATTACHMENT_FILE,),
    RECEIPTS: (RECEIPT_FILE,),
}


Stamp = Callable[[bytes], bytes]
# A file of a day: its path from there, and by which file, how long and how old it is known again.
_Seen = tuple[str, int, int, int]


def seal_day(writer: LedgerWriter, day: str, *, signer: Signer, stamp: Stamp | None) -> bool:
    """Do what `FileLedger.seal` promises."""
    with writer.turn():
        previous_day, state = _place(writer.folder, day)
    signed = not state.sealed and _sign(writer, day, previous_day, signer)
    if stamp is None or state.stamped or not (signed or state.sealed):
        return signed
    token = stamp(_content(writer.folder / DAYS / day / SEAL))
    if not 0 < len(token) <= MAX_RECEIPT_BYTES:
        raise LedgerError(f"the time stamp of the day {day} is {len(token)} bytes long, so it is none")
    with writer.turn() as turn:
        path = writer.folder / DAYS / day / SEAL_TOKEN
        if path.exists():
            return signed
        with writer.change(turn) as transaction:
            transaction.publish(transaction.stage(token), path)
            transaction.sync(path.parent)
            transaction.finish()
        writer.settle(turn, writer.tail)
    return True


def _place(folder: Path, day: str) -> tuple[str, LedgerDay]:
    """Return the day before a day, "" for none, and the day itself.

    Raises:
        LedgerError: there is no such day, or a day before it is not sealed.
    """
    states = list_days(folder)
    names = [state.name for state in states]
    if day not in names:
        raise LedgerError(f"there is no day {day!r} in {folder}")
    before = states[: names.index(day)]
    unsealed = [state.name for state in before if not state.sealed]
    if unsealed:
        raise LedgerError(f"the day {unsealed[0]} is not sealed, and days are sealed in order")
    return before[-1].name if before else "", states[len(before)]


def _sign(writer: LedgerWriter, day: str, previous_day: str, signer: Signer) -> bool:
    """Sign a day's manifest and publish both; tell whether it was this that sealed the day."""
    seen = _look(writer.folder, day)
    content = _manifest_of(writer.folder, day, seen, previous_day=previous_day)
    signature = canonical_armour(signer.sign(content, namespace=RECORD_NAMESPACE))
    with writer.turn() as turn:
        if is_sealed(writer.folder, day):
            return False
        now = _look(writer.folder, day)
        if now != seen:
            content = _manifest_of(writer.folder, day, now, previous_day=previous_day)
            signature = canonical_armour(signer.sign(content, namespace=RECORD_NAMESPACE))
        with writer.change(turn) as transaction:
            _seal(transaction, writer.folder / DAYS / day, content, signature.encode("ascii"))
        tail = writer.tail
        writer.settle(turn, dataclasses.replace(tail, sealed=True) if day == tail.day else tail)
    return True


def _seal(transaction: Transaction, folder: Path, content: bytes, signature: bytes) -> None:
    signature_file, list_file = transaction.stage(signature), transaction.stage(content)
    transaction.publish(signature_file, folder / SEAL_SIGNATURE)
    transaction.publish(list_file, folder / SEAL)
    transaction.sync(folder)
    if (folder / LEAVES).exists():
        transaction.freeze(folder / LEAVES)
    transaction.finish()


def _look(folder: Path, day: str) -> tuple[_Seen, ...]:
    """Return which files a day has, sorted, opening none.

    Raises:
        OSError: the day cannot be listed.
        LedgerError: a file is there that does not belong to a day.
    """
    path = folder / DAYS / day
    return tuple(sorted(_entries(path, path)))


def _entries(day: Path, folder: Path) -> Iterator[_Seen]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.path[len(str(day)) + 1 :]
            if folder == day and entry.name in _MEMBERS and entry.is_dir(follow_symlinks=False):
                yield from _entries(day, folder / entry.name)
            elif name not in {SEAL, SEAL_SIGNATURE} and not SEAL_TOKEN_FILE.fullmatch(name):
                status = entry.stat(follow_symlinks=False)
                if not stat.S_ISREG(status.st_mode) or not _belongs(name):
                    raise LedgerError(
                        f"{day / name} does not belong to the day, so the day is not sealed", hint="murenger verify"
                    )
                yield name, status.st_ino, status.st_size, status.st_mtime_ns


def _belongs(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    if not folder:
        return file in {LEAVES, CHECKPOINT}
    return any(pattern.fullmatch(file) for pattern in _MEMBERS[folder])


def _manifest_of(folder: Path, day: str, seen: tuple[_Seen, ...], *, previous_day: str) -> bytes:
    """Return the manifest of a day, after reading each of its files.

    Args:
        folder: the log's.
        day: YYYY-MM-DD.
        seen: its files.
        previous_day: the day before that has a folder, sealed; "" for none.

    Raises:
        OSError: a file cannot be read.
        LedgerError: a record is unsigned or is not the one that `LEAVES` lists.
    """
    path = folder / DAYS / day
    sealed = []
    leaves: dict[str, str] = {}
    for name, *_ in seen:
        content = _content(path / name)
        sealed.append(SealedFile(path=name, sha256=hashlib.sha256(content).hexdigest()))
        if name.startswith(f"{RECORDS}/") and name.endswith(".json"):
            leaves[name] = leaf_hash(content)
    _check_records(path, leaves, {name for name, *_ in seen})
    if previous_day:
        seal = _content(folder / DAYS / previous_day / SEAL)
        chained = f"../{previous_day}/{SEAL}"
        sealed.append(SealedFile(path=chained, sha256=hashlib.sha256(seal).hexdigest()))
    return make_manifest(sealed)


def _content(path: Path) -> bytes:
    limit_bytes = MAX_MANIFEST_BYTES if path.name in {LEAVES, SEAL} else MAX_RECORD_BYTES
    try:
        return read_regular(path, limit_bytes)
    except ValueError as exc:
        raise LedgerError(f"{path} cannot be sealed: {exc}", hint="murenger verify") from exc


def _check_records(day: Path, leaves: dict[str, str], names: set[str]) -> None:
    """Refuse to sign for records that are not those which were appended.

    Raises:
        LedgerError: one was changed, is missing or is unsigned.
    """
    listed = _content(day / LEAVES).decode("ascii", "replace") if LEAVES in names else ""
    numbers = sorted(int(name[-14:-5]) for name in leaves)
    if len(listed) != LEAF_LINE_BYTES * len(leaves) or (numbers and numbers[-1] - numbers[0] + 1 != len(numbers)):
        raise LedgerError(f"{day / LEAVES} does not fit the day's records", hint="murenger verify")
    for index, name in enumerate(sorted(leaves)):
        if listed[index * LEAF_LINE_BYTES : (index + 1) * LEAF_LINE_BYTES] != leaves[name] + "\n":
            raise LedgerError(f"{day / name} is not the record that was appended", hint="murenger verify")
        if f"{name}.sig" not in names:
            raise LedgerError(f"{day / name} is unsigned", hint="murenger verify")
