"""The end of a log: its newest record, and what a crash left beside it.

Input: a log's folder, its lock held. Output: the newest record's place; strays are put aside, never deleted.
"""

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from murenger.adapters.files.ledger_files import OWN_FILE_MODE, sync_folder
from murenger.errors import LedgerError
from murenger.model import parse_canonical
from murenger.record.executor import Found
from murenger.record.predicate import MAX_RECORD_BYTES
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
        record_day: the day of the newest record, "" for none.
        sequence: the newest record's number, -1 for none.
        sha256: hex digest of the newest record, 64 zeros for none.
        leaves_bytes: length that `LEAVES` of `record_day` has.
    """

    day: str = ""
    record_day: str = ""
    sequence: int = -1
    sha256: str = "0" * 64
    leaves_bytes: int = 0


def is_current(folder: Path, tail: Tail) -> bool:
    """Tell whether nothing was appended or left behind since a tail was found.

    Raises:
        OSError: the log cannot be read.
    """
    days = day_names(folder)
    if os.listdir(folder / TMP) or (days[-1] if days else "") != tail.day:  # noqa: PTH208 - names are all we need
        return False
    if tail.sequence < 0:
        return not days
    folder_of_day = folder / DAYS / tail.record_day
    successor = folder_of_day / RECORDS / record_name(tail.sequence + 1)
    if successor.exists() or successor.with_name(successor.name + ".sig").exists():
        return False
    leaves = folder_of_day / LEAVES
    return leaves.exists() and leaves.stat().st_size == tail.leaves_bytes


def find_tail(folder: Path) -> tuple[Tail, tuple[Found, ...]]:
    """Return where a log ends, after putting aside what a crash left and completing `LEAVES`.

    Raises:
        OSError: the log cannot be read, or strays cannot be put aside.
        LedgerError: a record is torn or unsigned, so nothing may follow it.
    """
    found = [_put_aside(folder, path) for path in sorted((folder / TMP).iterdir())]
    days = day_names(folder)
    newest = days[-1] if days else ""
    for day in reversed(days):
        found.extend(_put_aside(folder, path) for path in _orphans(folder / DAYS / day))
        numbers = _record_numbers(folder / DAYS / day)
        if numbers:
            tail, completed = _tail_in(folder, day, numbers)
            return dataclasses.replace(tail, day=newest), (*found, *completed)
    return Tail(day=newest), tuple(found)


def _tail_in(folder: Path, day: str, numbers: list[int]) -> tuple[Tail, tuple[Found, ...]]:
    records = folder / DAYS / day / RECORDS
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        raise LedgerError(f"records are missing in {records}", hint="murenger verify names them")
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
    tail = Tail(day=day, record_day=day, sequence=numbers[-1], sha256=sha256, leaves_bytes=leaves_bytes)
    return tail, completed


def _record_numbers(day: Path) -> list[int]:
    """Return the numbers of a day's records, each of which has its signature.

    Raises:
        LedgerError: one is unsigned.
    """
    names = _names(day / RECORDS)
    for name in names:
        if RECORD_FILE.fullmatch(name) and name + ".sig" not in names:
            raise LedgerError(
                f"the record {day / RECORDS / name} is unsigned", hint="nothing is appended until a person has looked"
            )
    return sorted(int(match[1]) for match in map(RECORD_FILE.fullmatch, names) if match)


def _orphans(day: Path) -> Iterator[Path]:
    """Yield signatures whose file was never published: a crash came between the two."""
    records, decisions = _names(day / RECORDS), _names(day / DECISIONS)
    for name in sorted(records):
        match = SIGNATURE_FILE.fullmatch(name)
        if match and f"{match[1]}.json" not in records:
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
    except ValueError:
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
