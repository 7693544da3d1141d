"""The end of a log: its newest record, and what a crash left beside it.

Input: a log's folder, its lock held. Output: the newest record's place; strays are put aside, never deleted.
"""

import dataclasses
import datetime
import hashlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from murenger.adapters.files.ledger_days import is_empty, is_sealed, list_days
from murenger.adapters.files.ledger_files import OWN_FILE_MODE, sync_folder
from murenger.adapters.files.ledger_prune import finish_pruning
from murenger.errors import LedgerError
from murenger.model import parse_canonical
from murenger.record.executor import Found
from murenger.record.predicate import MAX_RECORD_BYTES
from murenger.record.seal import MAX_MANIFEST_BYTES, manifest_lines
from murenger.record.store import (
    DAYS,
    DECISION_FILE,
    DECISION_SIGNATURE_FILE,
    DECISIONS,
    LEAF_LINE_BYTES,
    LEAVES,
    QUARANTINE,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SIGNATURE_FILE,
    TMP,
    day_names,
    leaf_hash,
    read_regular,
    record_name,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Where a log ends.

    Attributes:
        day: the newest day that has a folder, "" for none; records never go to an earlier one.
        sealed: True if that day is sealed; then records go to a later one.
        record_day: the day of the newest record, "" for none.
        sequence: the newest record's number, -1 for none.
        sha256: hex digest of the newest record, 64 zeros for none.
        leaves_bytes: length that `LEAVES` of `record_day` has.
    """

    day: str = ""
    sealed: bool = False
    record_day: str = ""
    sequence: int = -1
    sha256: str = "0" * 64
    leaves_bytes: int = 0

    @property
    def stamp(self) -> str:
        """All of it in one line, which no other place of the log has."""
        sealed = "sealed" if self.sealed else "open"
        return f"{self.sequence} {self.sha256} {self.record_day} {self.leaves_bytes} {self.day} {sealed}"

    def day_for(self, written: str) -> str:
        """Return the day that something of a given day is to be put in.

        Args:
            written: YYYY-MM-DD by the clock, or "" for the earliest that may be.

        Raises:
            LedgerError: there is no such day.
        """
        try:
            earliest = self.day
            if self.sealed:
                earliest = (datetime.date.fromisoformat(self.day) + datetime.timedelta(days=1)).isoformat()
            if written:
                datetime.date.fromisoformat(written)
        except (ValueError, OverflowError) as exc:
            raise LedgerError(f"no record can follow the day {self.day or written}: {exc}") from exc
        # A clock that was set back must not make two histories of one day, nor add to what is sealed.
        return max(written, earliest)


def find_tail(folder: Path) -> tuple[Tail, tuple[Found, ...]]:
    """Return where a log ends, after putting aside what a crash left and completing `LEAVES`.

    Raises:
        OSError: the log cannot be read, or strays cannot be put aside.
        LedgerError: a record is torn or unsigned, so nothing may follow it.
    """
    found = [*finish_pruning(folder)]
    found.extend(_put_aside(folder, path) for path in sorted((folder / TMP).iterdir()))
    days = day_names(folder)
    while days and _removed_if_empty(folder / DAYS / days[-1]):
        days.pop()
    # Days are sealed in order, so a half-made seal lies after the newest whole one.
    for day in itertools.takewhile(lambda day: not is_sealed(folder, day), reversed(days)):
        signature = folder / DAYS / day / SEAL_SIGNATURE
        if signature.exists():
            found.append(_put_aside(folder, signature))
    if not days:
        return Tail(), tuple(found)
    tail, settled = _find_record(folder, days)
    return (
        dataclasses.replace(tail, day=days[-1], sealed=is_sealed(folder, days[-1])),
        (*found, *settled),
    )


def _find_record(folder: Path, days: list[str]) -> tuple[Tail, tuple[Found, ...]]:
    """Return where the newest record lies, and what was put aside or completed on the way."""
    found: list[Found] = []
    for day in reversed(days):
        if not is_sealed(folder, day):
            found.extend(_put_aside(folder, path) for path in list(_orphans(folder / DAYS / day)))
        elif not (folder / DAYS / day / RECORDS).exists() and (folder / DAYS / day / LEAVES).exists():
            return _pruned_tail(folder, day), tuple(found)
        numbers = _record_numbers(folder / DAYS / day)
        if numbers:
            tail, completed = _tail_in(folder, day, numbers)
            return tail, (*found, *completed)
    return Tail(), tuple(found)


def _removed_if_empty(day: Path) -> bool:
    """Remove the folder of a day that a crash began and put nothing in; tell whether it is gone."""
    if not is_empty(day):
        return False
    for folder in (*day.iterdir(), day):
        folder.rmdir()
    return True


def _pruned_tail(folder: Path, day: str) -> Tail:
    """Return the end of a log whose newest records were pruned, as their seal gives it.

    Raises:
        LedgerError: the seal does not give it.
    """
    last = next(entry.last for entry in list_days(folder) if entry.name == day)
    wanted = f"{RECORDS}/{record_name(last if last is not None else 0)}"
    try:
        lines = manifest_lines(read_regular(folder / DAYS / day / SEAL, MAX_MANIFEST_BYTES))
        sha256 = next((line.sha256 for line in lines if line.path == wanted), "")
    except ValueError as exc:
        raise LedgerError(f"the seal of {folder / DAYS / day} is damaged: {exc}", hint="murenger verify") from exc
    if last is None or not sha256:
        raise LedgerError(f"the seal of {folder / DAYS / day} does not list {wanted}", hint="murenger verify")
    leaves_bytes = (folder / DAYS / day / LEAVES).stat().st_size
    return Tail(record_day=day, sequence=last, sha256=sha256, leaves_bytes=leaves_bytes)


def _tail_in(folder: Path, day: str, numbers: list[int]) -> tuple[Tail, tuple[Found, ...]]:
    records = folder / DAYS / day / RECORDS
    first = next(entry.first for entry in list_days(folder) if entry.name == day)
    if numbers != list(range(first, first + len(numbers))):
        # Nothing is built on a gap: a copy that was taken of a busy store may have one.
        raise LedgerError(f"records are missing in {records} or before it", hint="murenger verify names them")
    path = records / record_name(numbers[-1])
    try:
        content = read_regular(path, MAX_RECORD_BYTES)
        predicate = parse_canonical(content).get("predicate")
        if not isinstance(predicate, dict) or predicate.get("seq") != numbers[-1]:
            raise ValueError("it carries another number")  # noqa: TRY301 - one message for all that is wrong with it
    except (ValueError, RecursionError) as exc:
        raise LedgerError(
            f"the newest record {path} is torn or altered: {exc}", hint="nothing is appended until a person has looked"
        ) from exc
    leaves_bytes, completed = _complete_leaves(folder, day, numbers)
    sha256 = hashlib.sha256(content).hexdigest()
    return Tail(record_day=day, sequence=numbers[-1], sha256=sha256, leaves_bytes=leaves_bytes), completed


def _record_numbers(day: Path) -> list[int]:
    """Return the numbers of a day's records, each of which has its signature.

    Raises:
        LedgerError: one is unsigned.
    """
    names = _names(day / RECORDS)
    records = [name for name in names if name.endswith(".json") and RECORD_FILE.fullmatch(name)]
    for name in records:
        if name + ".sig" not in names:
            raise LedgerError(
                f"the record {day / RECORDS / name} is unsigned", hint="nothing is appended until a person has looked"
            )
    return sorted(int(name[:-5]) for name in records)


def _orphans(day: Path) -> Iterator[Path]:
    """Yield signatures whose file was never published: a crash came between the two."""
    records, decisions = _names(day / RECORDS), _names(day / DECISIONS)
    # A day may have very many: whatever stands beside its record needs no closer look.
    for name in sorted(name for name in records if name.endswith(".sig") and name[:-4] not in records):
        if SIGNATURE_FILE.fullmatch(name):
            yield day / RECORDS / name
    for name in sorted(decisions):
        match = DECISION_SIGNATURE_FILE.fullmatch(name)
        if match and not (DECISION_FILE.fullmatch(f"{match[1]}.json") and f"{match[1]}.json" in decisions):
            yield day / DECISIONS / name


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - names are all we need
    except FileNotFoundError:
        return set()


def _put_aside(folder: Path, path: Path) -> Found:
    quarantine = folder / QUARANTINE
    target = next(
        name for name in (quarantine / f"{path.name}.{count}" for count in range(1_000_000)) if not name.exists()
    )
    try:
        sha256 = hashlib.sha256(read_regular(path, MAX_RECORD_BYTES)).hexdigest()
    except (ValueError, OSError):
        # A stray that is no file of ours has nothing to be digested; it is put aside all the same.
        sha256 = hashlib.sha256(b"").hexdigest()
    path.rename(target)
    sync_folder(quarantine)
    sync_folder(path.parent)
    return Found(
        file=str(path.relative_to(folder)),
        sha256=sha256,
        cause="crash",
        action=f"put aside as {target.relative_to(folder)}",
    )


def _complete_leaves(folder: Path, day: str, numbers: list[int]) -> tuple[int, tuple[Found, ...]]:
    """Return the length of a day's `LEAVES`, after adding the lines that a crash kept from being written.

    Raises:
        LedgerError: its lines are not those of the day's records.
    """
    path = folder / DAYS / day / LEAVES
    length = LEAF_LINE_BYTES * len(numbers)
    try:
        existing = read_regular(path, length)
    except FileNotFoundError:
        existing = b""
    except ValueError as exc:
        raise LedgerError(f"{path} does not fit the day's records: {exc}", hint="murenger verify") from exc
    if len(existing) == length:
        return length, ()
    if is_sealed(folder, day):
        raise LedgerError(f"{path} does not fit the day's records", hint="murenger verify")
    whole = len(existing) // LEAF_LINE_BYTES
    records = folder / DAYS / day / RECORDS
    missing = b"".join(
        leaf_hash(read_regular(records / record_name(number), MAX_RECORD_BYTES)).encode("ascii") + b"\n"
        for number in numbers[whole:]
    )
    if not missing.startswith(existing[whole * LEAF_LINE_BYTES :]):
        raise LedgerError(f"{path} does not fit the day's records", hint="murenger verify")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWN_FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.seek(whole * LEAF_LINE_BYTES)
        file.write(missing)
        file.flush()
        os.fsync(descriptor)
    sync_folder(path.parent)
    return length, (
        Found(
            file=str(path.relative_to(folder)),
            sha256=hashlib.sha256(existing).hexdigest(),
            cause="crash",
            action=f"{len(numbers) - whole} line(s) added",
        ),
    )
