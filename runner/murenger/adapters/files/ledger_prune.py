"""Pruning: take the records of a sealed day away, and keep what proves that they were there.

Input: a log's folder, its lock held, and a sealed day. Output: the day without records, decisions and attachments; its
seal, `LEAVES`, checkpoint and receipts stay for ever.

The records go first and by one rename, so a day has all of them or is pruned; what a crash leaves is finished by
whoever writes next.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from murenger.adapters.files.ledger_days import PRUNED_FOLDERS, is_sealed
from murenger.adapters.files.ledger_files import Step, make_folder, no_step, sync_folder
from murenger.errors import LedgerError
from murenger.record.executor import Found
from murenger.record.seal import MAX_MANIFEST_BYTES, parse_manifest
from murenger.record.store import (
    DAY,
    DAYS,
    HOLD,
    LEAF_LINE_BYTES,
    LEAVES,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    TMP,
    LedgerDay,
    read_regular,
)

_PREFIX = "pruned-"


def check_prunable(folder: Path, days: tuple[LedgerDay, ...], wanted: set[str], *, record_day: str) -> None:
    """Refuse to prune what must be kept.

    Args:
        folder: the log's.
        days: all of its days, oldest first.
        wanted: the names of those to be pruned.
        record_day: the day of the newest record.

    Raises:
        LedgerError: the log is on hold; a day is not there, unsealed or not the oldest, or its seal does not cover
            what would be left of it.
        OSError: a file cannot be read.
    """
    if (folder / HOLD).exists():
        raise LedgerError(f"nothing is pruned while {folder / HOLD} is there", hint="the hold is lifted by removing it")
    unknown = wanted - {day.name for day in days}
    if unknown:
        raise LedgerError(f"there is no day {min(unknown)} in {folder}")
    # A day without records has nothing to be pruned, so it stands in nobody's way.
    before = max(wanted, default="")
    left = [day.name for day in days if not day.pruned and day.last is not None and day.name < before]
    for day in days:
        if day.name not in wanted:
            continue
        if not day.sealed:
            raise LedgerError(f"the day {day.name} is not sealed, so it is not pruned")
        if day.name >= record_day:
            raise LedgerError(f"the day {day.name} holds the newest record, so it is not pruned")
        if not day.pruned:
            _check_seal(folder / DAYS / day.name)
    older = [name for name in left if name not in wanted]
    if older:
        raise LedgerError(f"the day {older[0]} is older and kept, so {max(wanted)} is not pruned")


def _check_seal(day: Path) -> None:
    """Refuse a day whose seal would vouch for nothing once its records are gone.

    Raises:
        LedgerError: the seal is unsigned or malformed, or does not list `LEAVES` as it is and each of its records.
        OSError: a file cannot be read.
    """
    try:
        manifest = parse_manifest(read_regular(day / SEAL, MAX_MANIFEST_BYTES))
        read_regular(day / SEAL_SIGNATURE, MAX_MANIFEST_BYTES)
        leaves = read_regular(day / LEAVES, MAX_MANIFEST_BYTES) if (day / LEAVES).exists() else b""
    except (ValueError, FileNotFoundError) as exc:
        raise LedgerError(f"the seal of {day} cannot be used: {exc}", hint="murenger verify") from exc
    listed = {file.path: file.sha256 for file in manifest.files}
    records = [path for path in listed if path.startswith(f"{RECORDS}/") and RECORD_FILE.fullmatch(path[8:])]
    if len(records) * LEAF_LINE_BYTES != len(leaves) or (
        leaves and listed.get(LEAVES) != hashlib.sha256(leaves).hexdigest()
    ):
        raise LedgerError(f"the seal of {day} does not cover its {LEAVES}", hint="murenger verify")
    for name in PRUNED_FOLDERS:
        if (day / name).is_symlink():
            raise LedgerError(f"{day / name} is a symbolic link", hint="murenger verify")


def prune_day(folder: Path, day: str, at_step: Step) -> None:
    """Take a day's records, decisions and attachments away, durably.

    Raises:
        OSError: the disk refused; the day is whole, or whoever writes next finishes.
    """
    aside = folder / TMP / f"{_PREFIX}{day}"
    at_step("make aside")
    make_folder(aside)
    _move(folder / DAYS / day, aside, at_step)
    _remove(aside, at_step)
    at_step("sync folder")
    sync_folder(aside.parent)


def finish_pruning(folder: Path) -> tuple[Found, ...]:
    """Finish what a crash broke off.

    Returns:
        What was found and done, for each day whose pruning had begun.

    Raises:
        OSError: the disk refused.
    """
    found = []
    for aside in sorted((folder / TMP).iterdir()):
        day = aside.name.removeprefix(_PREFIX)
        if not aside.name.startswith(_PREFIX) or not DAY.fullmatch(day) or aside.is_symlink() or not aside.is_dir():
            continue
        if (folder / DAYS / day / RECORDS).exists():
            # Nothing was taken away yet, so nothing is: the decision may have been another by now.
            with contextlib.suppress(OSError):
                aside.rmdir()
        elif is_sealed(folder, day):
            found.append(_finish(folder, day, aside))
    return tuple(found)


def _finish(folder: Path, day: str, aside: Path) -> Found:
    seal = read_regular(folder / DAYS / day / SEAL, MAX_MANIFEST_BYTES)
    _move(folder / DAYS / day, aside, no_step)
    _remove(aside, no_step)
    sync_folder(aside.parent)
    return Found(
        file=f"{DAYS}/{day}/{SEAL}",
        sha256=hashlib.sha256(seal).hexdigest(),
        cause="crash",
        action="the pruning of this day was finished",
    )


def _move(day: Path, aside: Path, at_step: Step) -> None:
    for name in PRUNED_FOLDERS:
        if (day / name).exists():
            at_step(f"move {name}")
            (day / name).rename(aside / name)
            at_step("sync folder")
            sync_folder(aside)
            sync_folder(day)


def _remove(folder: Path, at_step: Step) -> None:
    """Remove a folder and all in it; a link is removed, never followed."""
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                _remove(Path(entry.path), at_step)
            else:
                at_step("remove")
                os.unlink(entry.path)  # noqa: PTH108 - of very many, and a path of its own is dear
    at_step("remove folder")
    folder.rmdir()
