"""Pruning: whole sealed days, oldest first, and what proves that their records were there stays."""

import importlib.util
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SITE, CHANGES = _sibling("ledger_site"), _sibling("ledger_changes")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


@pytest.fixture
def old(site: Any) -> Any:
    """A log of four days, the first three sealed; each holds a decision."""
    for day in (0, 1, 1, 2, 3):
        CHANGES.append_on(day)(site, site.ledger())
    for day in (0, 1, 2):
        CHANGES.seal_with_token(day)(site, site.ledger())
    return site


def prune(site: Any, *days: int) -> None:
    site.ledger().prune([site.day(day).name for day in days])


def test_only_records_decisions_and_attachments_go(old: Any) -> None:
    (old.day() / "attachments").mkdir()
    before = old.content()
    leaves, head = old.ledger().leaves(), old.ledger().head()
    prune(old, 1, 0)
    gone = before.keys() - old.content().keys()
    assert gone == {
        name
        for name in before
        if name.startswith((f"days/{old.day(0).name}/", f"days/{old.day(1).name}/"))
        and name.split("/")[2] in {"records", "decisions", "attachments"}
    }
    assert {name: before[name] for name in old.content()} == old.content()
    ledger = old.ledger()
    assert [day.pruned for day in ledger.days()] == [True, True, False, False]
    assert [(day.first, day.last) for day in ledger.days()] == [(0, 0), (1, 2), (3, 3), (4, 4)]
    assert (ledger.leaves(), ledger.head()) == (leaves, head)
    assert [record.sequence for record in ledger.records()] == [3, 4]
    assert [record.sequence for record in ledger.records(4)] == [4]
    assert ledger.append(old.build_on(3)).sequence == 5
    assert old.unsound() == []


def test_pruning_again_is_harmless(old: Any) -> None:
    prune(old, 0)
    before = old.content()
    prune(old, 0)
    prune(old)
    assert old.content() == before
    prune(old, 0, 1)
    assert [day.pruned for day in old.ledger().days()] == [True, True, False, False]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((1,), "2026-11-21 is older and kept"),
        ((0, 2), "2026-11-22 is older and kept"),
        ((0, 1, 2, 3), "not sealed"),
        ((0, 7), "no day 2026-11-28"),
    ],
)
def test_what_may_not_be_pruned_is_refused_before_anything_is(old: Any, days: tuple[int, ...], said: str) -> None:
    before = old.content()
    with pytest.raises(LedgerError, match=said):
        prune(old, *days)
    assert old.content() == before


def test_the_newest_record_is_never_pruned(old: Any) -> None:
    ledger = old.ledger()
    ledger.seal(old.day(3).name)
    ledger.keep_receipt(CHANGES.receipt())
    with pytest.raises(LedgerError, match="newest record"):
        prune(old, 0, 1, 2, 3)
    assert [record.sequence for record in ledger.records()] == list(range(5))


def test_a_hold_stops_pruning_until_it_is_lifted(old: Any) -> None:
    (old.folder / "HOLD").write_text("ordered by counsel\n")
    with pytest.raises(LedgerError, match="HOLD"):
        prune(old, 0)
    (old.folder / "HOLD").unlink()
    prune(old, 0)
    assert old.ledger().days()[0].pruned


@pytest.mark.parametrize("damage", ["unsigned", "malformed", "leaves", "record unlisted", "link"])
def test_a_day_whose_seal_would_prove_nothing_keeps_its_records(old: Any, damage: str, tmp_path: Path) -> None:
    day = old.day()
    seal = day / "SHA256SUMS"
    if damage == "unsigned":
        (day / "SHA256SUMS.sig").unlink()
    elif damage == "link":
        (day / "records").rename(tmp_path / "records")
        (day / "records").symlink_to(tmp_path / "records")
    elif damage == "leaves":
        (day / "LEAVES").chmod(0o640)
        (day / "LEAVES").write_text("0" * 64 + "\n")
    else:
        lines = seal.read_text().splitlines(keepends=True)
        seal.chmod(0o640)
        seal.write_text(
            "".join(line for line in lines if ".json\n" not in line) + ("x" if damage == "malformed" else "")
        )
    before = old.content()
    with pytest.raises(LedgerError, match=str(day)):
        prune(old, 0)
    assert old.content() == before


def test_a_log_goes_on_after_records_that_only_a_seal_knows(old: Any) -> None:
    """A store from which somebody removed too much still knows its end: the last seal lists the last record."""
    old.ledger().seal(old.day(3).name)
    head = old.ledger().head()
    for day in range(4):
        for path in (*old.day(day).glob("records/*"), *old.day(day).glob("decisions/*")):
            path.unlink()
        for name in ("records", "decisions"):
            (old.day(day) / name).rmdir()
    told: list[tuple[int, str]] = []
    build = old.build_on(9)

    def listen(sequence: int, previous: str) -> bytes:
        told.append((sequence, previous))
        return bytes(build(sequence, previous))

    record = old.ledger().append(listen)
    assert told == [(5, head.sha256)]
    assert list(old.ledger().records()) == [record]
    assert old.unsound() == []


def test_a_day_without_its_records_is_pruned_only_if_it_is_sealed_and_oldest(old: Any) -> None:
    for path in old.day(1).glob("records/*"):
        path.unlink()
    (old.day(1) / "records").rmdir()
    with pytest.raises(LedgerError, match="record 1 of"):
        list(old.ledger().records())
    for path in old.day(3).glob("records/*"):
        path.unlink()
    (old.day(3) / "records").rmdir()
    with pytest.raises(LedgerError, match="record 4 of"):
        list(old.ledger().records(4))


def test_a_decision_that_was_pruned_is_given_anew(old: Any) -> None:
    prune(old, 0, 1, 2)
    CHANGES.append_on(8)(old, old.ledger())
    assert len(list((old.day(8) / "decisions").iterdir())) == 2
    assert old.unsound() == []
