"""What a crash of another process, a second writer and a damaged file do to a ledger: never a false record."""

import datetime
import importlib.util
import itertools
import os
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError
from murenger.ports import Ledger

# The children of these tests touch no thread of their parent; later Pythons warn of every fork beside a thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SITE = _sibling("ledger_site")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


def numbers(ledger: Ledger) -> list[int]:
    return [record.sequence for record in ledger.records()]


# What other processes leave.


def crashes(site: Any) -> Iterator[int]:
    """Yield after each crash of an append, one step later each time, until it ends before the crash."""
    for step in itertools.count():
        if not SITE.killed(lambda step=step: site.ledger(SITE.dying_at(step)).append(site.build())):
            return
        yield step


def test_a_crash_of_another_process_is_tidied_by_whoever_appends_next(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())
    for _ in crashes(site):
        ledger.append(site.build())
        assert site.unsound() == []
    assert site.faults() == []
    found = ledger.settle()
    assert {item.cause for item in found} == {"crash"}
    assert any("put aside" in item.action for item in found)
    assert any("line(s) added" in item.action for item in found)
    assert not ledger.settle()


def test_a_crash_that_had_only_begun_a_day_leaves_no_empty_day(site: Any) -> None:
    site.fill(0)
    for folder in ("", "records", "decisions"):
        (site.day(5) / folder).mkdir(mode=0o750)
    ledger = site.ledger()
    assert ledger.settle() == ()
    assert not site.day(5).exists()
    ledger.append(site.build_on(1))
    assert [day.name for day in ledger.days()] == [site.day().name, site.day(1).name]


def test_a_stray_of_any_kind_under_tmp_is_put_aside_and_never_followed(site: Any, tmp_path: Path) -> None:
    site.fill(0)
    (tmp_path / "precious").write_text("x")
    (site.folder / "tmp" / "link").symlink_to(tmp_path / "precious")
    (site.folder / "tmp" / "folder").mkdir()
    (site.folder / "tmp" / "pruned-2026-11-21").symlink_to(tmp_path)
    (site.folder / "tmp" / "pruned-2026-13-99").mkdir()
    assert len(site.ledger().settle()) == 4
    assert (tmp_path / "precious").read_text() == "x"
    assert len(list((site.folder / "quarantine").iterdir())) == 4
    assert site.unsound() == []


# What is remembered between two appends.


def test_an_append_sees_what_others_did_since_the_last(site: Any) -> None:
    mine, other = site.ledger(), site.ledger()
    mine.append(site.build())
    assert other.append(site.build()).sequence == 1
    assert mine.append(site.build()).sequence == 2
    other.append(site.build_on(4))
    assert mine.append(site.build()).sequence == 4
    assert mine.days()[-1].name == site.day(4).name
    assert mine.days()[-1].last == 4
    for day in other.days():
        other.seal(day.name)
    assert mine.append(site.build()).sequence == 5
    assert mine.days()[-1].name == site.day(5).name
    other.prune([site.day().name])
    assert mine.append(site.build()).sequence == 6
    assert site.unsound() == []


def test_an_append_after_the_first_lists_no_folder(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day may hold a hundred thousand records, a log a thousand days."""
    ledger = site.ledger()
    for _ in range(2):
        ledger.append(site.build())
    ledger.head()
    listed: list[str] = []

    def noting(real: Callable[[str], object]) -> Callable[[object], object]:
        def note(path: object = ".") -> object:
            listed.append(str(path))
            return real(str(path))

        return note

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    for _ in range(3):
        record = ledger.append(site.build())
    assert listed == []
    assert ledger.head() == record
    assert [found.sequence for found in ledger.records(start=3)] == [3, 4]
    assert len(ledger.leaves()) == 5 * 32
    assert [path for path in listed if path.endswith("records")] == []


def test_a_head_that_was_taken_back_is_forgotten(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())
    assert ledger.head().sequence == 0
    reader = site.ledger()
    ledger.append(site.build(text="one"))
    assert reader.head().sequence == 1
    for path in site.day().glob("records/000000001*"):
        path.unlink()
    (site.day() / "LEAVES").write_bytes((site.day() / "LEAVES").read_bytes()[:65])
    assert reader.head().sequence == 0
    again = site.ledger().append(site.build(text="two"))
    assert reader.head() == again


def test_three_writers_at_once_interleave_without_loss(site: Any) -> None:
    site.ledger().append(site.build())

    def write() -> None:
        ledger = site.ledger()
        for _ in range(10):
            ledger.append(site.build())

    children = [SITE.forked(write) for _ in range(3)]
    assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
    assert numbers(site.ledger()) == list(range(31))
    assert site.faults() == []


def test_writers_sealers_and_pruners_at_once_lose_nothing(site: Any) -> None:
    """Each does on its own what the runner does; every third record has a clock that was set back."""
    site.fill(0)

    def write() -> None:
        ledger = site.ledger()
        for count in range(16):
            ledger.append(site.build(SITE.NOW + datetime.timedelta(hours=12 * (count if count % 3 else 0))))

    def seal() -> None:
        ledger = site.ledger()
        for _ in range(12):
            for day in ledger.days()[:-1]:
                ledger.seal(day.name)

    def prune() -> None:
        ledger = site.ledger()
        for _ in range(12):
            ledger.prune([day.name for day in ledger.days()[:-2] if day.sealed][:2])

    children = [SITE.forked(work) for work in (write, write, seal, seal, prune)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 5
    ledger = site.ledger()
    seal()
    assert ledger.settle() == ()
    assert ledger.head().sequence == 32
    assert len(ledger.leaves()) == 33 * 32
    kept = numbers(ledger)
    assert kept == list(range(kept[0], 33))
    assert [day.last is not None for day in ledger.days()] == [True] * len(ledger.days())
    assert site.unsound() == []


# What is damaged.


def test_nothing_is_appended_after_a_torn_or_unsigned_record(site: Any) -> None:
    site.ledger().append(site.build())
    path = next(site.folder.glob("days/*/records/*.json"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:100])
    with pytest.raises(LedgerError, match="torn"):
        site.ledger().append(site.build())
    path.write_bytes(content)
    path.with_name(path.name + ".sig").unlink()
    with pytest.raises(LedgerError, match="unsigned"):
        site.ledger().settle()


@pytest.mark.parametrize("content", [b"x" * 65, b"0" * 64 + b"\n" + b"x" * 65])
def test_nothing_is_appended_where_leaves_do_not_fit(site: Any, content: bytes) -> None:
    for _ in range(3):
        site.ledger().append(site.build())
    (site.folder / "days" / "2026-11-21" / "LEAVES").write_bytes(content[:-3])
    with pytest.raises(LedgerError, match="does not fit"):
        site.ledger().append(site.build())


def test_a_missing_or_foreign_record_stops_a_reader(site: Any) -> None:
    for _ in range(3):
        site.ledger().append(site.build())
    first, second, third = sorted(site.folder.glob("days/*/records/*.json"))
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(LedgerError, match="record 1 of fw-site1"):
        list(site.ledger().records())
    for wrong in (first.read_bytes(), b"{", b"[]"):
        second.unlink(missing_ok=True)
        second.write_bytes(wrong)
        with pytest.raises(LedgerError, match="damaged"):
            list(site.ledger().records())
    second.unlink()
    second.symlink_to(third)
    with pytest.raises(LedgerError, match="cannot be read"):
        list(site.ledger().records())
    second.unlink()
    second.write_bytes(content)
    assert numbers(site.ledger()) == [0, 1, 2]


def test_a_record_that_only_its_name_places_is_not_passed_over(site: Any) -> None:
    site.fill(0, 0, 0, 0)
    for path in site.day().glob("records/000000002*"):
        path.unlink()
    (site.day() / "LEAVES").write_bytes((site.day() / "LEAVES").read_bytes()[:130])
    with pytest.raises(LedgerError, match="record 2 of fw-site1"):
        list(site.ledger().records())
    with pytest.raises(LedgerError, match="missing in"):
        site.ledger().append(site.build())


@pytest.mark.parametrize("start", [0, 1, 2, 3, 4, 5, 9])
def test_reading_begins_at_any_record(site: Any, start: int) -> None:
    site.fill(0, 0, 1, 3, 3)
    assert [record.sequence for record in site.ledger().records(start)] == list(range(start, 5))
    assert len(site.ledger().leaves(start)) == 32 * len(range(start, 5))
    (site.day() / "LEAVES").unlink()
    assert [record.sequence for record in site.ledger().records(start)] == list(range(start, 5))


@pytest.mark.parametrize("content", ["0" * 64 + "\n" + "x" * 64 + "\n", "0" * 63 + "\n\n", "0" * 65, "0" * 62 + "  \n"])
def test_leaves_that_are_none_are_refused(site: Any, content: str) -> None:
    site.fill(0)
    (site.day() / "LEAVES").write_text(content)
    with pytest.raises(LedgerError, match="no leaf hash"):
        site.ledger().leaves()


@pytest.mark.parametrize("claimed", ["2026-13-01", "2026-02-30", "0000-00-00"])
def test_a_record_of_no_day_is_refused(site: Any, claimed: str) -> None:
    build = site.build()
    with pytest.raises(LedgerError, match="no record can follow"):
        site.ledger().append(lambda *place: build(*place).replace(b"2026-11-21T", f"{claimed}T".encode()))
    assert not list((site.folder / "days").iterdir())


def test_nothing_follows_the_last_day_there_is(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)))
    ledger.seal("9999-12-31")
    with pytest.raises(LedgerError, match="9999-12-31"):
        ledger.append(site.build())


def test_nothing_is_appended_after_a_day_that_is_cut_short(site: Any) -> None:
    """A copy of a busy store may have such a day."""
    site.fill(0, 0, 0, 1)
    for path in site.day().glob("records/000000002*"):
        path.unlink()
    (site.day() / "LEAVES").write_bytes((site.day() / "LEAVES").read_bytes()[:130])
    with pytest.raises(LedgerError, match="or before it"):
        site.ledger().append(site.build_on(1))
    with pytest.raises(LedgerError, match="record 2 of fw-site1"):
        list(site.ledger().records())


@pytest.mark.parametrize("length", [0, 65, 130 - 1, 130 + 65])
def test_leaves_that_changed_under_a_running_process_stop_its_next_append(site: Any, length: int) -> None:
    ledger = site.ledger()
    for _ in range(2):
        ledger.append(site.build())
    path = site.day() / "LEAVES"
    content = path.read_bytes()
    path.write_bytes((content * 2)[:length])
    with pytest.raises(LedgerError, match="does not fit"):
        ledger.append(site.build())
    assert [found.name for found in sorted(site.day().glob("records/*.json"))] == ["000000000.json", "000000001.json"]
    path.write_bytes(content)
    assert ledger.append(site.build()).sequence == 2
    assert site.unsound() == []
