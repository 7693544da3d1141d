"""The files of one log at one moment: which records there are, and which files do not belong.

Input: a log's folder. Output: names in order, and a finding for each stray; no record is opened.
"""

import contextlib
import dataclasses
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from murenger.record.finding import Code, Finding
from murenger.record.store import (
    DAY,
    DAYS,
    DECISION_FILE,
    DECISION_SIGNATURE_FILE,
    DECISIONS,
    LEAF_LINE_BYTES,
    LEAVES,
    LOCK,
    QUARANTINE,
    RECORD_FILE,
    RECORDS,
    SIGNATURE_FILE,
    TMP,
    read_regular,
)

# What may lie beside the days: the store's own working files, and those of an evidence pack.
_BESIDE = frozenset(
    {DAYS, LOCK, TMP, QUARANTINE, "runner.lock", "trust", "outbox", "private", "index.sqlite3", "index.sqlite3-wal"}
    | {"index.sqlite3-shm", "VERIFY.md", "verify.sh", "index.html", "records.csv", "population.csv", "by-requirement"}
)

_LEAVES_LIMIT_BYTES = LEAF_LINE_BYTES * 10_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's files.

    Attributes:
        name: YYYY-MM-DD.
        folder: where they lie.
        numbers: of the records, ascending.
        decisions: hex digest in the name of each decision file, with the names of its signatures.
        leaves: the bytes of `LEAVES`, or None where it is missing.
    """

    name: str
    folder: Path
    numbers: tuple[int, ...]
    decisions: dict[str, tuple[str, ...]]
    leaves: bytes | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One log's files at one moment.

    Attributes:
        folder: the log's folder.
        days: oldest first.
        findings: files that do not belong, or are not what they should be.
        aside: number of files that crashes left and murenger put aside.
    """

    folder: Path
    days: tuple[Day, ...]
    findings: tuple[Finding, ...]
    aside: int


def scan_log(folder: Path) -> Scan:
    """Return a log's files, listed while nobody appends.

    Raises:
        OSError: the folder cannot be listed.
    """
    findings: list[Finding] = []
    with _nobody_appends(folder):
        beside = _listed(folder, folder, findings)
        findings.extend(_stray(folder, Path(entry.path)) for entry in beside if entry.name not in _BESIDE)
        days = []
        for entry in _listed(folder / DAYS, folder, findings):
            if entry.is_dir(follow_symlinks=False) and DAY.fullmatch(entry.name):
                days.append(_scan_day(folder, Path(entry.path), findings))
            else:
                findings.append(_stray(folder, Path(entry.path)))
        aside = len(os.listdir(folder / QUARANTINE)) if (folder / QUARANTINE).is_dir() else 0  # noqa: PTH208 - only a count is needed
    return Scan(folder=folder, days=tuple(days), findings=tuple(findings), aside=aside)


@contextlib.contextmanager
def _nobody_appends(folder: Path) -> Iterator[None]:
    """Hold the log's lock as a reader, where there is one: an append in progress would look like a fault."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        # A pack or a copy has no lock, and nobody appends to it.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _scan_day(folder: Path, day: Path, findings: list[Finding]) -> Day:
    leaves = None
    for entry in _listed(day, folder, findings):
        if entry.name == LEAVES:
            leaves = _read_leaves(folder, Path(entry.path), findings)
        elif entry.name not in {RECORDS, DECISIONS}:
            findings.append(_stray(folder, Path(entry.path)))
    return Day(
        name=day.name,
        folder=day,
        numbers=_numbers(folder, day / RECORDS, findings),
        decisions=_decisions(folder, day / DECISIONS, findings),
        leaves=leaves,
    )


def _read_leaves(folder: Path, path: Path, findings: list[Finding]) -> bytes | None:
    try:
        return read_regular(path, _LEAVES_LIMIT_BYTES)
    except (OSError, ValueError) as exc:
        findings.append(
            Finding(code=Code.LEAVES_MISMATCH, file=str(path.relative_to(folder)), sequence=None, text=str(exc))
        )
        return None


def _numbers(folder: Path, records: Path, findings: list[Finding]) -> tuple[int, ...]:
    names = {entry.name: entry for entry in _listed(records, folder, findings)}
    for name in names:
        match = RECORD_FILE.fullmatch(name) or SIGNATURE_FILE.fullmatch(name)
        if not match or f"{match[1]}.json" not in names:
            findings.append(_stray(folder, records / name))
    return tuple(sorted(int(match[1]) for match in map(RECORD_FILE.fullmatch, names) if match))


def _decisions(folder: Path, decisions: Path, findings: list[Finding]) -> dict[str, tuple[str, ...]]:
    names = {entry.name: entry for entry in _listed(decisions, folder, findings)}
    signatures: dict[str, list[str]] = {match[1]: [] for match in map(DECISION_FILE.fullmatch, names) if match}
    for name in names:
        match = DECISION_SIGNATURE_FILE.fullmatch(name)
        if match and match[1] in signatures:
            signatures[match[1]].append(name)
        elif not DECISION_FILE.fullmatch(name):
            findings.append(_stray(folder, decisions / name))
    return {sha256: tuple(sorted(found)) for sha256, found in sorted(signatures.items())}


def _listed(directory: Path, folder: Path, findings: list[Finding]) -> "list[os.DirEntry[str]]":
    """Return a folder's entries by name; a missing folder is empty, a link in its place is a finding."""
    if directory != folder and directory.is_symlink():
        findings.append(_irregular(folder, directory))
        return []
    try:
        with os.scandir(directory) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    kept = []
    for entry in listed:
        if entry.is_symlink():
            findings.append(_irregular(folder, Path(entry.path)))
        # A link to a record keeps its place in the list, so that reading it names it once more.
        kept.append(entry)
    return kept


def _stray(folder: Path, path: Path) -> Finding:
    return Finding(
        code=Code.EXTRA_FILE, file=str(path.relative_to(folder)), sequence=None, text="does not belong to the log"
    )


def _irregular(folder: Path, path: Path) -> Finding:
    return Finding(
        code=Code.NOT_REGULAR, file=str(path.relative_to(folder)), sequence=None, text="a symbolic link, not followed"
    )
