"""Making the index anew from the files, and what is left of pruned records."""

import os
import sqlite3
from typing import Any

import pytest

from murenger.adapters.sqlite.index import FILE
from murenger.adapters.sqlite.rebuild import rebuild
from murenger.adapters.sqlite.writer import writing
from murenger.errors import LedgerError

ORIGIN = "fw-site1.example"


def nothing(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def make(log: Any) -> None:
    """Make the index."""
    assert rebuild(log.folder, origin=ORIGIN, progress=nothing).agrees


def numbers(entries: Any) -> list[int]:
    return [entry.sequence for entry in entries]


def test_pruned_rows_stay_and_say_so(log: Any) -> None:
    log.some(30)
    make(log)
    log.prune("2026-11-20")
    entries = log.listed()
    assert numbers(entries) == list(range(30))
    assert [entry.pruned for entry in entries] == [True] * 10 + [False] * 20
    assert entries[3].verdict == "healed"
    assert log.index().record(3) is None
    assert log.index().pruned(3) == entries[3]
    assert log.index().pruned(12) is None
    log.index().keep("{}")
    assert numbers(log.listed()) == list(range(30))


def test_a_rebuild_keeps_of_pruned_days_what_their_manifests_confirm(log: Any) -> None:
    log.some(30)
    make(log)
    log.prune("2026-11-20")
    with sqlite3.connect(log.folder / FILE) as connection:
        connection.execute("UPDATE records SET sha256 = zeroblob(32) WHERE seq = 4")
    connection.close()
    rebuilt = rebuild(log.folder, origin=ORIGIN, progress=nothing)
    assert (rebuilt.entries, rebuilt.pruned, rebuilt.files, rebuilt.agrees) == (20, 10, 20, True)
    entries = log.listed()
    assert numbers(entries) == list(range(30))
    assert (entries[3].kind, entries[4].kind) == ("outcome", "")
    assert entries[4].sha256 != "0" * 64


def test_a_rebuild_without_an_old_index_knows_of_pruned_days_the_digests(log: Any) -> None:
    log.some(30)
    digests = [entry.sha256 for entry in log.listed()]
    log.prune("2026-11-20")
    assert numbers(log.listed()) == list(range(10, 30))
    make(log)
    assert [entry.sha256 for entry in log.listed()] == digests
    assert [entry.kind for entry in log.listed()[:10]] == [""] * 10


def test_a_rebuild_tells_how_far_it_is_and_how_it_compares(log: Any) -> None:
    log.some(2500)
    told: list[tuple[int, int]] = []
    rebuilt = rebuild(log.folder, origin=ORIGIN, progress=lambda done, total: told.append((done, total)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert (rebuilt.head, rebuilt.head_sha256) == (2499, log.previous)
    assert (rebuilt.file_head, rebuilt.file_head_sha256) == (2499, log.previous)


def test_an_empty_log_has_an_empty_index(log: Any) -> None:
    rebuilt = rebuild(log.folder, origin=ORIGIN, progress=nothing)
    assert (rebuilt.entries, rebuilt.head, rebuilt.agrees) == (0, None, True)
    assert log.listed() == []


def test_before_there_is_a_log_there_is_nothing_to_list_and_nothing_is_made(log: Any) -> None:
    log.folder.rmdir()
    assert log.listed() == []
    log.index().keep("{}")
    assert not log.folder.exists()
    with pytest.raises(LedgerError, match="cannot be written"):
        rebuild(log.folder, origin=ORIGIN, progress=nothing)


def test_a_rebuild_that_another_process_is_at_is_refused(log: Any) -> None:
    log.some(5)
    with writing(log.folder / FILE), pytest.raises(LedgerError, match="another process is writing the index"):
        rebuild(log.folder, origin=ORIGIN, progress=nothing)


def test_others_cannot_read_the_index_and_it_belongs_to_whom_the_log_belongs(log: Any) -> None:
    if os.geteuid() == 0:
        os.chown(log.folder, 12345, 12346)
    log.some(5)
    make(log)
    status = (log.folder / FILE).stat()
    assert oct(status.st_mode & 0o777) == "0o640"
    if os.geteuid() == 0:
        assert (status.st_uid, status.st_gid) == (12345, 12346)
