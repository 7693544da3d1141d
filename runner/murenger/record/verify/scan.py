"""The files of one log at one moment: which records there are, and which files do not belong.

Input: a log's folder. Output: names in order, and a finding for each stray; no record is opened.
"""

import bisect
import contextlib
import dataclasses
import fcntl
import operator
import os
import re
from array import array
from collections.abc import Iterator
from pathlib import Path

from murenger.record.store import (
    ATTACHMENT_FILE,
    ATTACHMENTS,
    CHECKPOINT,
    DAY,
    DAYS,
    DECISION_FILE,
    DECISION_SIGNATURE_FILE,
    DECISIONS,
    HOLD,
    LEAF_LINE_BYTES,
    LEAVES,
    LOCK,
    OUTBOX,
    QUARANTINE,
    RECEIPT_FILE,
    RECEIPTS,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SEAL_TOKEN_FILE,
    TMP,
    TRUST,
    read_regular,
    record_name,
)
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.finding import Code, Finding

# What may lie beside the days: the store's own working files, and those of an evidence pack.
_BESIDE = frozenset(
    {DAYS, LOCK, TMP, QUARANTINE, HOLD, TRUST, OUTBOX, "runner.lock", "private", "index.sqlite3", "index.sqlite3-wal"}
    | {"index.sqlite3-shm", "index.sqlite3-journal", "verify.sh", "index.html", "records.csv", "population.csv"}
)
# An evidence pack carries pages, lists and exports beside the days; they prove nothing and are not looked at.
_PACKED = "VERIFY.md"

_BY_NAME = operator.attrgetter("name")
_DIGITS = 9
_LEAVES_LIMIT_BYTES = LEAF_LINE_BYTES * 10_000_000
NO_DIGEST = bytes(DIGEST_BYTES)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day's files.

    Attributes:
        name: YYYY-MM-DD.
        folder: where they lie.
        numbers: of the records, ascending.
        decisions: hex digest in the name of each decision file, with the names of its signatures.
        attachments: names, each the hex digest of the file.
        receipts: names in order of their numbers.
        leaves: the hashes of `LEAVES`, 32 bytes each, zeros for a line that is none; None where it is missing.
        leaves_sound: whether every line of `LEAVES` is a hash.
        top: names of the other files: the seal's, and `checkpoint`.
    """

    name: str
    folder: Path
    numbers: "array[int]"
    decisions: dict[str, tuple[str, ...]]
    attachments: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    leaves: bytes | None
    leaves_sound: bool = True
    top: frozenset[str] = frozenset()

    def __contains__(self, number: object) -> bool:
        """Tell whether a record of that number lies here."""
        if not isinstance(number, int):
            return False
        place = bisect.bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number

    @property
    def sealed(self) -> bool:
        """Whether there is a seal."""
        return SEAL in self.top

    @property
    def emptied(self) -> bool:
        """Whether the day lists records and holds none of them."""
        return bool(self.leaves) and not self.numbers

    @property
    def bare(self) -> bool:
        """Whether nothing is here but a seal, as a pack carries that of the day before its first."""
        return self.sealed and not (self.numbers or self.decisions or self.receipts or self.leaves is not None)

    @property
    def leaf_count(self) -> int:
        """Number of records that `LEAVES` lists."""
        return len(self.leaves or b"") // DIGEST_BYTES


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

    def day_of(self, number: int) -> Day | None:
        """Return the day that a record lies in, the first if there are two; None where there is no such record."""
        for day in self.days:
            if number in day:
                return day
        return None

    def names_only(self) -> "Scan":
        """Return the same without what only checks of the whole need, to be sent to another process."""
        days = tuple(dataclasses.replace(day, leaves=None, receipts=(), attachments=()) for day in self.days)
        return dataclasses.replace(self, days=days, findings=())

    def name_of(self, path: Path) -> str:
        """Return a file's path below the log's folder."""
        return str(path.relative_to(self.folder))

    def record_file(self, day: Day, number: int) -> str:
        """Return a record's path below the log's folder."""
        return f"{DAYS}/{day.name}/{RECORDS}/{record_name(number)}"


def scan_log(folder: Path) -> Scan:
    """Return a log's files, listed while nobody appends.

    Raises:
        OSError: the folder cannot be listed.
    """
    findings: list[Finding] = []
    with _nobody_appends(folder):
        beside = _listed(folder, folder, findings)
        packed = any(entry.name == _PACKED for entry in beside)
        findings.extend(
            _stray(folder, Path(entry.path)) for entry in beside if entry.name not in _BESIDE and not packed
        )
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
    leaves, sound, top = None, True, set()
    for entry in _listed(day, folder, findings):
        if entry.name == LEAVES:
            leaves, sound = _read_leaves(folder, Path(entry.path), findings)
        elif entry.name in {CHECKPOINT, SEAL, SEAL_SIGNATURE} or SEAL_TOKEN_FILE.fullmatch(entry.name):
            top.add(entry.name)
        elif entry.name not in {RECORDS, DECISIONS, ATTACHMENTS, RECEIPTS}:
            findings.append(_stray(folder, Path(entry.path)))
    return Day(
        name=day.name,
        folder=day,
        numbers=_numbers(folder, day / RECORDS, findings),
        decisions=_decisions(folder, day / DECISIONS, findings),
        attachments=_named(folder, day / ATTACHMENTS, ATTACHMENT_FILE, findings),
        receipts=_named(folder, day / RECEIPTS, RECEIPT_FILE, findings),
        leaves=leaves,
        leaves_sound=sound,
        top=frozenset(top),
    )


def _read_leaves(folder: Path, path: Path, findings: list[Finding]) -> tuple[bytes | None, bool]:
    try:
        content = read_regular(path, _LEAVES_LIMIT_BYTES)
    except (OSError, ValueError) as exc:
        findings.append(
            Finding(code=Code.LEAVES_MISMATCH, file=str(path.relative_to(folder)), sequence=None, text=str(exc))
        )
        return None, True
    with contextlib.suppress(ValueError):
        leaves = bytes.fromhex(content.decode("ascii"))
        if not content or (leaves.hex("\n", DIGEST_BYTES) + "\n").encode("ascii") == content:
            return leaves, True
    return b"".join(_leaf(content[at : at + LEAF_LINE_BYTES]) for at in range(0, len(content), LEAF_LINE_BYTES)), False


def _leaf(line: bytes) -> bytes:
    sound = len(line) == LEAF_LINE_BYTES and line.endswith(b"\n") and not line[:-1].strip(b"0123456789abcdef")
    return bytes.fromhex(line[:-1].decode("ascii")) if sound else NO_DIGEST


def _numbers(folder: Path, records: Path, findings: list[Finding]) -> "array[int]":
    listed = [entry.name for entry in _listed(records, folder, findings)]
    found = [name for name in listed if RECORD_FILE.fullmatch(name)]
    known = set(found)
    known.update([f"{name}.sig" for name in found])
    findings.extend(_stray(folder, records / name) for name in listed if name not in known)
    return array("I", [int(name[:_DIGITS]) for name in found])


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


def _named(folder: Path, directory: Path, pattern: "re.Pattern[str]", findings: list[Finding]) -> tuple[str, ...]:
    """Return the names in a folder that belong there; the others are findings."""
    names = [entry.name for entry in _listed(directory, folder, findings)]
    findings.extend(_stray(folder, directory / name) for name in names if not pattern.fullmatch(name))
    return tuple(name for name in names if pattern.fullmatch(name))


def _listed(directory: Path, folder: Path, findings: list[Finding]) -> "list[os.DirEntry[str]]":
    """Return a folder's entries by name; a missing folder is empty, a link in its place is a finding."""
    if directory != folder and directory.is_symlink():
        findings.append(_irregular(folder, directory))
        return []
    try:
        with os.scandir(directory) as entries:
            listed = sorted(entries, key=_BY_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return []
    findings.extend(_irregular(folder, Path(entry.path)) for entry in listed if entry.is_symlink())
    # A link to a record keeps its place in the list, so that reading it names it once more.
    return listed


def _stray(folder: Path, path: Path) -> Finding:
    return Finding(
        code=Code.EXTRA_FILE, file=str(path.relative_to(folder)), sequence=None, text="does not belong to the log"
    )


def _irregular(folder: Path, path: Path) -> Finding:
    return Finding(
        code=Code.NOT_REGULAR, file=str(path.relative_to(folder)), sequence=None, text="a symbolic link, not followed"
    )
