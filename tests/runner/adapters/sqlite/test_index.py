"""The index answers as the files do, whatever state it is in."""

import datetime
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murenger.adapters.sqlite import database
from murenger.adapters.sqlite.index import FILE
from murenger.adapters.sqlite.rebuild import rebuild
from murenger.errors import LedgerError
from murenger.record.entry import RecordQuery

ORIGIN = "fw-site1.example"


def nothing(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def make(log: Any) -> None:
    """Make the index."""
    assert rebuild(log.folder, origin=ORIGIN, progress=nothing).agrees


def numbers(entries: Any) -> list[int]:
    return [entry.sequence for entry in entries]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def bare(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder but the index."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != FILE}


def test_an_entry_says_what_its_record_says(log: Any) -> None:
    log.write("plan", device="fw1", change={"plan_sha256": "a" * 64})
    refs = [{"rel": "plan", "at_seq": 0, "sha256": log.previous}]
    outcome = {"verdict": "healed", "reason": "live equals golden"}
    sha256 = log.write("outcome", device="fw1", refs=refs, outcome=outcome, change={"plan_sha256": "a" * 64})
    for _ in range(2):
        entry = log.listed()[1]
        assert (entry.origin, entry.sequence, entry.kind, entry.device) == (ORIGIN, 1, "outcome", "fw1")
        assert (entry.sha256, entry.day, entry.pruned) == (sha256, "2026-11-20", False)
        assert (entry.result, entry.verdict, entry.plan_sha256) == ("success", "healed", "a" * 64)
        assert entry.title == "event-outcome; live equals golden"
        assert entry.follows == (("plan", 0),)
        assert entry.written_at == log.truth()[1]["written_at"]
        make(log)


MOMENTS = st.none() | st.integers(-1, 4).map(
    lambda days: datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC) + datetime.timedelta(days=days, seconds=11)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    device=st.sampled_from([None, "fw0", "fw1", "nowhere"]),
    kind=st.sampled_from([None, "outcome", "heartbeat", "waiver"]),
    since=MOMENTS,
    until=MOMENTS,
    last=st.none() | st.integers(1, 40),
)
def test_index_index_and_tail_and_files_alone_give_the_same_answer(log: Any, **asked: Any) -> None:
    if not log.count:
        log.some(30)
        make(log)
        log.some(10, days=1)
    chosen = [
        number
        for number, said in enumerate(log.truth())
        if asked["device"] in (None, said.get("device", {}).get("name", ""))
        and asked["kind"] in (None, said["kind"])
        and (asked["since"] is None or datetime.datetime.fromisoformat(said["written_at"]) >= asked["since"])
        and (asked["until"] is None or datetime.datetime.fromisoformat(said["written_at"]) < asked["until"])
    ]
    wanted = chosen if asked["last"] is None else chosen[-asked["last"] :]
    from_index = log.listed(**asked)
    assert numbers(from_index) == wanted
    hidden = log.folder.parent / "hidden"
    (log.folder / FILE).rename(hidden)
    try:
        assert log.listed(**asked) == from_index
    finally:
        hidden.rename(log.folder / FILE)


def test_more_rows_than_a_page_are_all_listed_once_and_in_order(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAGE", 7)
    log.some(40)
    make(log)
    assert numbers(log.listed()) == list(range(40))
    assert numbers(log.listed(kind="drift")) == list(range(1, 40, 5))


def test_a_record_without_a_readable_time_is_never_hidden(log: Any) -> None:
    log.write("drift", written_at="not a time")
    since = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    assert numbers(log.listed(since=since)) == [0]
    make(log)
    assert numbers(log.listed(since=since)) == [0]


def test_looking_writes_nothing(log: Any) -> None:
    log.some(10)
    make(log)
    log.some(5)
    before, names = bare(log.folder), names_in(log.folder)
    index_before = (log.folder / FILE).read_bytes()
    index = log.index()
    list(index.entries(RecordQuery()))
    assert index.record(14) is not None
    index.recall()
    assert index.pruned(3) is None
    assert (bare(log.folder), names_in(log.folder)) == (before, names)
    assert (log.folder / FILE).read_bytes() == index_before


def test_only_new_files_are_read_when_it_catches_up(log: Any) -> None:
    log.some(30)
    make(log)
    log.some(3, days=1)
    # What was indexed before may be unreadable by now: nobody opens it again.
    for number in range(20):
        log.path(number).write_bytes(b"torn")
    log.index().keep("{}")
    assert log.index().recall() == "{}"
    with database.opened(log.folder / FILE) as connection:
        assert database.count(connection) == 33
    assert numbers(log.listed(last=33)) == list(range(33))


def spoil_nothing(_: Path) -> None:
    """Leave it as it is."""


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff<html>" * 3000)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xa5" * 4000
    path.write_bytes(bytes(content))


def another_form(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def no_tables(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def hostile_rows(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET follows = '[[1]]'")
    connection.close()


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET sha256 = zeroblob(32)")
    connection.close()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS = [remove, empty, garbage, torn, overwritten, another_form, no_tables, hostile_rows, foreign, a_folder]


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("last", [None, 12])
def test_whatever_befalls_the_index_lists_are_as_the_files_say(log: Any, harm: Any, last: int | None) -> None:
    log.some(60)
    wanted = log.listed(last=last)
    make(log)
    harm(log.folder / FILE)
    said: list[str] = []
    assert log.listed(said, last=last) == wanted
    assert len(said) <= 1
    assert said or harm is remove


@pytest.mark.parametrize("harm", [harm for harm in HARMS if harm is not a_folder])
def test_whatever_befalls_the_index_it_is_usable_again_after_the_next_write(log: Any, harm: Any) -> None:
    log.some(60)
    make(log)
    harm(log.folder / FILE)
    log.index().keep("{}")
    said: list[str] = []
    assert numbers(log.listed(said)) == list(range(60))
    assert said == []
    with database.opened(log.folder / FILE) as connection:
        assert database.count(connection) == 60


def test_an_index_that_breaks_while_it_is_read_is_left_for_the_files(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAGE", 10)
    log.some(35)
    make(log)
    said: list[str] = []
    entries = log.index(said).entries(RecordQuery())
    begun = [next(entries) for _ in range(10)]
    garbage(log.folder / FILE)
    assert numbers([*begun, *entries]) == list(range(35))
    assert len(said) == 1


def test_an_index_made_anew_while_it_is_read_hides_nothing(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAGE", 10)
    log.some(35)
    make(log)
    entries = log.index().entries(RecordQuery())
    begun = [next(entries) for _ in range(10)]
    with database.opened(log.folder / FILE, to_write=True) as connection:
        database.cut(connection, 12)
    assert numbers([*begun, *entries]) == list(range(35))


def test_a_locked_index_keeps_nobody_from_reading(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    log.some(20)
    make(log)
    holder = sqlite3.connect(log.folder / FILE, isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        said: list[str] = []
        index = log.index(said)
        assert numbers(index.entries(RecordQuery())) == list(range(20))
        index.keep("{}")
        assert index.recall() is None
        assert len(said) == 1
        assert "locked" in said[0]
    finally:
        holder.close()


def test_two_processes_writing_at_once_leave_one_whole_index(log: Any) -> None:
    log.some(3000)
    program = (
        "import sys, pathlib; from murenger.adapters.sqlite import RecordIndex\n"
        "said = []\n"
        f"RecordIndex(pathlib.Path(sys.argv[1]), origin={ORIGIN!r}, notice=said.append).keep('{{}}')\n"
        "print(said)"
    )
    command = [sys.executable, "-c", program, str(log.folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert "[]\n" in said
    said_here: list[str] = []
    log.index(said_here).keep("{}")
    assert said_here == []
    with database.opened(log.folder / FILE) as connection:
        assert database.count(connection) == 3000
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_append_that_was_undone_leaves_no_row_behind(log: Any) -> None:
    log.some(12)
    make(log)
    path = log.path(11)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    assert numbers(log.listed()) == list(range(11))
    log.index().keep("{}")
    with database.opened(log.folder / FILE) as connection:
        assert database.count(connection) == 11
    said: list[str] = []
    log.listed(said)
    assert said == []


def test_another_log_put_in_its_place_is_indexed_anew(log: Any) -> None:
    log.some(40)
    make(log)
    for path in log.folder.glob("days/*/records/*.json"):
        path.write_bytes(path.read_bytes().replace(b"event-", b"other-"))
    said: list[str] = []
    assert all(entry.title.startswith("other-") for entry in log.listed(said))
    assert "not of these records" in said[0]
    log.index().keep("{}")
    said = []
    assert all(entry.title.startswith("other-") for entry in log.listed(said))
    assert said == []


def test_a_damaged_or_missing_record_is_told_and_never_skipped(log: Any) -> None:
    log.some(10)
    log.path(6).write_bytes(b"torn")
    with pytest.raises(LedgerError, match=r"000000006\.json is damaged"):
        log.listed()
    log.path(6).unlink()
    with pytest.raises(LedgerError, match=r"record 6 of fw-site1\.example is missing"):
        log.listed()
    with pytest.raises(LedgerError, match=r"record 6 of fw-site1\.example is missing"):
        log.listed(last=8)
    said: list[str] = []
    log.index(said).keep("{}")
    assert len(said) == 1


@pytest.mark.parametrize(
    "content",
    [b"[]", b'{"predicate": 1}', b'{"predicate": {"origin": "other", "seq": 1}}', b"\xff", b"[" * 100_000, b"{}"],
)
def test_no_record_can_be_so_odd_that_it_breaks_the_list(log: Any, content: bytes) -> None:
    log.write()
    log.publish(content, "2026-11-20")
    with pytest.raises(LedgerError, match="damaged"):
        log.listed()


def test_the_file_of_a_record_is_found_on_any_day_even_where_leaves_lie(log: Any) -> None:
    log.some(30)
    for leaves in log.folder.glob("days/*/LEAVES"):
        leaves.write_text("x" * 65 * 1000)
    index = log.index()
    assert [index.record(number).sequence for number in (29, 0, 15)] == [29, 0, 15]
    assert index.record(30) is None
    assert index.record(-1) is None
    log.write(day=9)
    assert index.record(30).sequence == 30
    assert index.day_of(30) == "2026-11-29"
    assert index.day_of(31) == ""


def test_a_record_comes_from_its_file_whatever_the_index_says(log: Any) -> None:
    log.some(5)
    make(log)
    with sqlite3.connect(log.folder / FILE) as connection:
        connection.execute("UPDATE records SET kind = 'heartbeat', device = 'lie', title = 'lie'")
    connection.close()
    record = log.index().record(3)
    assert (record.kind.value, record.device) == ("outcome", "fw0")
    assert record.content == log.path(3).read_bytes()
    assert record.signature == "signature\n"


def test_only_a_large_log_without_an_index_is_worth_a_word(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    log.some(30)
    log.listed(said)
    assert said == []
    monkeypatch.setattr("murenger.adapters.sqlite.index._SOON_READ", 20)
    log.listed(said)
    assert said == ["the index lacks 30 records: murenger log --rebuild adds them"]
