"""Coverage: what beside its signature holds a record in its place, as far as it is kept beside the records.

Input: a log's folder, a record's number and day. Output: the seal of its day, and the nearest receipts that cover it.
Nothing is verified here; `murenger verify` judges receipts and seals.
"""

import dataclasses
from pathlib import Path

from murenger.record.store import (
    DAYS,
    RECEIPT_FILE,
    RECEIPTS,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SEAL_TOKEN,
    day_names,
    read_regular,
)

# A manifest has two lines a record of a hundred bytes each.
_MAX_MANIFEST_BYTES = 1 << 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeptReceipt:
    """A receipt by its file's name.

    Attributes:
        sequence: number of the newest record that it vouches for; it covers all before.
        sink: who gave it.
        kind: `tsr`, `cosig`, `git` or `txt`.
        file: its path inside the log's folder.
    """

    sequence: int
    sink: str
    kind: str
    file: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What holds one record in its place.

    Attributes:
        day: the day that the record lies in.
        sealed: whether the day has a signed manifest.
        stamped: whether the manifest has a time-stamping authority's token.
        receipts: nearest first, of the first day from the record's own on that has any; empty where nobody outside
            has confirmed this record.
    """

    day: str
    sealed: bool
    stamped: bool
    receipts: tuple[KeptReceipt, ...]


def coverage_of(folder: Path, sequence: int, day: str) -> Coverage:
    """Return what holds a record in its place.

    Args:
        folder: the log's own folder.
        sequence: the record's number.
        day: the day that it lies in.

    Raises:
        OSError: the folder cannot be listed.
    """
    place = folder / DAYS / day
    later = (name for name in day_names(folder) if name >= day)
    receipts = next((found for name in later if (found := _receipts(folder, name, sequence))), ())
    return Coverage(
        day=day,
        sealed=(place / SEAL).is_file() and (place / SEAL_SIGNATURE).is_file(),
        stamped=(place / SEAL_TOKEN).is_file(),
        receipts=receipts,
    )


def is_pruned(folder: Path, day: str) -> bool:
    """Tell whether a day's records were removed and its manifest is left."""
    place = folder / DAYS / day
    return not (place / RECORDS).exists() and (place / SEAL).is_file()


def manifest_digests(folder: Path, day: str) -> dict[int, str]:
    """Return the digest of each record of a sealed day, by number; empty where there is no usable manifest."""
    try:
        lines = read_regular(folder / DAYS / day / SEAL, _MAX_MANIFEST_BYTES).decode("ascii").splitlines()
    except (OSError, ValueError):
        return {}
    found = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        number = name.removeprefix(f"{RECORDS}/").removesuffix(".json")
        if name == f"{RECORDS}/{number}.json" and number.isascii() and number.isdigit():
            found[int(number)] = digest
    return found


def _receipts(folder: Path, day: str, sequence: int) -> tuple[KeptReceipt, ...]:
    place = folder / DAYS / day / RECEIPTS
    names = (RECEIPT_FILE.fullmatch(path.name) for path in place.iterdir()) if place.is_dir() else ()
    found = [
        KeptReceipt(
            sequence=int(match[1]), sink=match[2], kind=match[3], file=f"{DAYS}/{day}/{RECEIPTS}/{match.string}"
        )
        for match in names
        if match and int(match[1]) >= sequence
    ]
    return tuple(sorted(found, key=lambda receipt: (receipt.sequence, receipt.sink, receipt.kind)))
