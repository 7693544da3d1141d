"""Making the index anew from the files.

Input: an index of whatever state. Output: one that holds an entry for every record, and how the two compare.
"""

import contextlib
import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from murenger.adapters.sqlite import database
from murenger.adapters.sqlite.files import RecordFiles
from murenger.adapters.sqlite.index import BROKEN, FILE, RecordIndex
from murenger.adapters.sqlite.writer import writing
from murenger.errors import LedgerError
from murenger.record.coverage import is_pruned, manifest_digests
from murenger.record.entry import LogEntry, RecordQuery


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """How the new index compares with the files.

    Attributes:
        entries: entries for records whose files are there.
        pruned: entries for records of which only the digest is left.
        files: record files.
        head: number of the newest entry, or None for a log without records.
        head_sha256: hex digest of that entry, or "".
        file_head: number of the newest record file, or None.
        file_head_sha256: hex digest of that file, or "".
    """

    entries: int
    pruned: int
    files: int
    head: int | None
    head_sha256: str
    file_head: int | None
    file_head_sha256: str

    @property
    def agrees(self) -> bool:
        """True if the index holds what the files hold, no more and no less."""
        heads = (self.head, self.head_sha256) == (self.file_head, self.file_head_sha256)
        return heads and self.entries == self.files


def rebuild(folder: Path, *, origin: str, progress: Callable[[int, int], None]) -> Rebuilt:
    """Make the index of a log anew.

    Records of pruned days keep what the old index told of them where the day's manifest has their digest; of the others
    only number and digest are left.

    Args:
        folder: the log's own folder.
        origin: name of the log.
        progress: called now and then with the number of records read and of all.

    Raises:
        LedgerError: the index cannot be written, or a record cannot be read.
    """
    index, files = RecordIndex(folder, origin=origin), RecordFiles(folder, origin)
    known = _known(folder / FILE, files.first_kept_day())
    count = files.count()
    try:
        with writing(folder / FILE, anew=True) as connection:
            for day in files.days():
                if is_pruned(folder, day):
                    database.put(connection, _left_of(folder, day, known))
            index.add_missing(connection, progress=lambda done: progress(done, count))
            rebuilt = _compared(connection, files)
            if not rebuilt.agrees:
                # Somebody appended meanwhile, or the files are not what they should be.
                index.add_missing(connection)
                rebuilt = _compared(connection, files)
            return rebuilt
    except BlockingIOError as exc:
        raise LedgerError("another process is writing the index", hint="try again when it is done") from exc
    except (sqlite3.Error, OSError) as exc:
        raise LedgerError(
            f"the index {folder / FILE} cannot be written: {exc}", hint="nothing but speed depends on it"
        ) from exc


def _known(path: Path, first_kept_day: str) -> dict[int, LogEntry]:
    """Return what an old index tells of pruned records."""
    known: dict[int, LogEntry] = {}
    after = -1
    # What a damaged index cannot tell is lost with the pruned records.
    with contextlib.suppress(*BROKEN), database.opened(path) as connection:
        while rows := database.page(connection, RecordQuery(), after, first_kept_day):
            known.update((row.sequence, row) for row in rows)
            after = rows[-1].sequence
    return known


def _left_of(folder: Path, day: str, known: dict[int, LogEntry]) -> Iterator[LogEntry]:
    for sequence, sha256 in manifest_digests(folder, day).items():
        entry = known.get(sequence)
        if entry is not None and (entry.sha256, entry.day) == (sha256, day):
            yield entry
        else:
            yield LogEntry(
                origin="",
                sequence=sequence,
                kind="",
                device="",
                written_at="",
                day=day,
                sha256=sha256,
                result="",
                verdict="",
                title="",
                plan_sha256="",
                follows=(),
            )


def _compared(connection: sqlite3.Connection, files: RecordFiles) -> Rebuilt:
    rows, newest = database.newest(connection), files.newest()
    kept = database.count(connection, files.first_kept_day())
    return Rebuilt(
        entries=kept,
        pruned=database.count(connection) - kept,
        files=files.count(),
        head=rows[0].sequence if rows else None,
        head_sha256=rows[0].sha256 if rows else "",
        file_head=newest[1] if newest else None,
        file_head_sha256=(files.digest(*newest) or "") if newest else "",
    )
