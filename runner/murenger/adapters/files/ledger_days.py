"""Reading a log by its days: which there are, what each holds, and its records in order.

Input: a log's folder; no lock is needed, for what is published never changes. Output: values and records, read without
listing a day's records where its `LEAVES` says how many there are.
"""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.errors import LedgerError
from murenger.model import ChangeRecord
from murenger.record.store import (
    ATTACHMENTS,
    DAYS,
    DECISIONS,
    LEAF_LINE_BYTES,
    LEAVES,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_TOKEN_FILE,
    LedgerDay,
    day_names,
    read_regular,
    record_name,
)

Read = Callable[[Path], ChangeRecord]

# Prune takes these; whatever else a day has is kept for ever.
PRUNED_FOLDERS = (RECORDS, DECISIONS, ATTACHMENTS)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record lies.

    Attributes:
        day: YYYY-MM-DD.
        number: the record's.
    """

    day: str
    number: int


def is_sealed(folder: Path, day: str) -> bool:
    """Tell whether a day has its seal; a signature alone is none."""
    return (folder / DAYS / day / SEAL).exists()


def list_days(folder: Path) -> tuple[LedgerDay, ...]:
    """Return every day that holds a file, oldest first.

    Raises:
        OSError: the log cannot be read.
    """
    found = []
    for name in _names(folder):
        path = folder / DAYS / name
        count = count_records(path)
        if count or not is_empty(path):
            found.append((name, count))
    newest = max((index for index, (_, count) in enumerate(found) if count), default=-1)
    days = []
    first = 0
    for index, (name, count) in enumerate(found):
        last = first + count - 1
        # The newest record may be there and its line not yet.
        while index == newest and (folder / DAYS / name / RECORDS / record_name(last + 1)).exists():
            last += 1
        days.append(_day(folder / DAYS / name, first, last))
        first = last + 1
    return tuple(days)


def _day(path: Path, first: int, last: int) -> LedgerDay:
    names = set(os.listdir(path))  # noqa: PTH208 - names are all we need
    return LedgerDay(
        name=path.name,
        first=first,
        last=last if last >= first else None,
        sealed=SEAL in names,
        pruned=SEAL in names and not names & set(PRUNED_FOLDERS),
        stamped=any(SEAL_TOKEN_FILE.fullmatch(name) for name in names),
    )


def is_empty(day: Path) -> bool:
    """Tell whether a day's folder holds nothing but empty folders: a crash came before its first file.

    Raises:
        OSError: it cannot be read.
    """
    with os.scandir(day) as entries:
        return all(
            entry.is_dir(follow_symlinks=False) and not os.listdir(entry.path)  # noqa: PTH208 - emptiness is all we need
            for entry in entries
        )


def count_records(day: Path) -> int:
    """Return how many records a day's `LEAVES` lists, so also how many it held before it was pruned.

    Args:
        day: its folder.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return (day / LEAVES).stat(follow_symlinks=False).st_size // LEAF_LINE_BYTES
    except FileNotFoundError:
        return len(record_numbers(day))


def record_numbers(day: Path) -> list[int]:
    """Return the numbers of a day's records as their files' names give them, ascending."""
    try:
        names = os.listdir(day / RECORDS)  # noqa: PTH208 - names are all we need
    except FileNotFoundError:
        return []
    # A day may have very many: half of the names are signatures', which need no closer look.
    return sorted(int(name[:-5]) for name in names if name.endswith(".json") and RECORD_FILE.fullmatch(name))


def read_leaves(folder: Path, start: int) -> bytes:
    """Return the leaf hashes of all records from a number on, 32 bytes each.

    Raises:
        OSError: a file cannot be read.
        LedgerError: one holds a line that is no leaf hash.
    """
    leaves = []
    first = 0
    for name in _names(folder):
        path = folder / DAYS / name / LEAVES
        try:
            size_bytes = path.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
        count = size_bytes // LEAF_LINE_BYTES
        if first + count > start:
            leaves.append(_decoded(path, count)[32 * max(start - first, 0) :])
        first += count
    return b"".join(leaves)


def _decoded(path: Path, count: int) -> bytes:
    """Return the first lines of a `LEAVES` file; a line that is being written now is not there yet."""
    try:
        content = read_regular(path, (count + 1_000_000) * LEAF_LINE_BYTES)[: count * LEAF_LINE_BYTES]
        decoded = bytes.fromhex(content.decode("ascii"))
    except ValueError as exc:
        raise LedgerError(f"{path} holds a line that is no leaf hash", hint="murenger verify") from exc
    if len(decoded) != 32 * count or content[LEAF_LINE_BYTES - 1 :: LEAF_LINE_BYTES] != b"\n" * count:
        raise LedgerError(f"{path} holds a line that is no leaf hash", hint="murenger verify")
    return decoded


def read_records(folder: Path, start: int, read: Read) -> Iterator[ChangeRecord]:
    """Yield the records from a number on, or from the oldest that is kept.

    Args:
        folder: the log's.
        start: number of the first record wanted.
        read: returns the record in a file; lets FileNotFoundError through.

    Raises:
        OSError: a file cannot be read.
        LedgerError: a record is missing.
    """
    days = list_days(folder)
    kept = next(
        (index for index, day in enumerate(days) if not day.pruned and day.last is not None),
        len(days),
    )
    number = max(start, days[kept].first if kept < len(days) else 0)
    for day in days[kept:]:
        if day.last is None or (day.last < number and day is not days[-1]):
            continue
        whole = number == day.first
        records = folder / DAYS / day.name / RECORDS
        while (record := _read_at(records, number, read)) is not None:
            yield record
            number += 1
        # Looking for records that lie where none should be costs as much as reading them, so only then.
        beyond = max(record_numbers(records.parent), default=-1) >= number if whole else False
        if number <= day.last or beyond:
            raise LedgerError(f"record {number} of {folder.name} is missing", hint="murenger verify")


def _read_at(records: Path, number: int, read: Read) -> ChangeRecord | None:
    try:
        return read(records / record_name(number))
    except FileNotFoundError:
        return None


def newest_place(folder: Path, known: Place | None) -> Place | None:
    """Return where the newest record lies, or None for a log without records.

    Args:
        folder: the log's.
        known: where a record was found earlier; from there only newer ones are looked for.

    Raises:
        OSError: the log cannot be read.
    """
    names = _names(folder)
    if known and (folder / DAYS / known.day / RECORDS / record_name(known.number)).exists():
        day, number = known.day, known.number
        for name in names[names.index(day) :]:
            while (folder / DAYS / name / RECORDS / record_name(number + 1)).exists():
                day, number = name, number + 1
        return Place(day=day, number=number)
    for name in reversed(names):
        numbers = record_numbers(folder / DAYS / name)
        if numbers:
            return Place(day=name, number=numbers[-1])
    return None


def _names(folder: Path) -> list[str]:
    try:
        return day_names(folder)
    except FileNotFoundError:
        return []
