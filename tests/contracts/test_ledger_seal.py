"""Seals, receipts and checkpoints: a sealed day is listed whole, signed, chained and never added to again."""

import hashlib
import importlib.util
import os
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import AnchorError, LedgerError, SignatureError
from murenger.model import ReceiptKind
from murenger.record.seal import parse_manifest

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


SITE, CHANGES = _sibling("ledger_site"), _sibling("ledger_changes")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = SITE.make_keys(tmp_path_factory.mktemp("keys"))
    return folder


@pytest.fixture
def site(tmp_path: Path, keys: Path) -> Any:
    return SITE.Site(tmp_path / "store", keys)


def seal_all(site: Any) -> list[bool]:
    ledger = site.ledger()
    return [ledger.seal(day.name) for day in ledger.days()]


def test_a_seal_lists_every_file_of_the_day_and_the_seal_before(site: Any) -> None:
    CHANGES.append_on(0)(site, site.ledger())
    ledger = site.ledger()
    ledger.keep_receipt(CHANGES.receipt())
    ledger.keep_checkpoint("a checkpoint\n")
    site.fill(2)
    assert seal_all(site) == [True, True]
    assert site.unsound() == []
    first = parse_manifest((site.day() / "SHA256SUMS").read_bytes())
    names = {str(path.relative_to(site.day())) for path in site.day().rglob("*") if path.is_file()}
    assert {file.path for file in first.files} == names - {"SHA256SUMS", "SHA256SUMS.sig"}
    assert len(first.files) == 7
    assert first.previous_day == ""
    second = parse_manifest((site.day(2) / "SHA256SUMS").read_bytes())
    assert second.previous_day == site.day().name
    assert second.previous_sha256 == hashlib.sha256((site.day() / "SHA256SUMS").read_bytes()).hexdigest()
    assert all(path.stat().st_mode & 0o777 == 0o440 for path in site.day().rglob("*") if path.is_file())


def test_verify_finds_no_fault_in_sealed_days(site: Any) -> None:
    CHANGES.append_on(0)(site, site.ledger())
    site.fill(0, 2, 3)
    assert seal_all(site) == [True, True, True]
    assert site.faults() == []


def test_a_sealed_day_is_sealed_once(site: Any) -> None:
    site.fill(0, 1)
    assert seal_all(site) == [True, True]
    before = site.content()
    assert seal_all(site) == [False, False]
    assert site.content() == before


def test_days_are_sealed_in_order_and_only_where_there_are_any(site: Any) -> None:
    site.fill(0, 1)
    with pytest.raises(LedgerError, match="in order"):
        site.ledger().seal(site.day(1).name)
    for name in ("2026-11-20", "../2026-11-21", "", "x"):
        with pytest.raises(LedgerError, match="no day"):
            site.ledger().seal(name)
    assert not list(site.folder.rglob("SHA256SUMS*"))


@pytest.mark.parametrize("clock", [-1, 0, 1])
def test_nothing_is_added_to_a_sealed_day_whatever_the_clock_says(site: Any, clock: int) -> None:
    site.fill(-1, 0)
    ledger = site.ledger()
    seal_all(site)
    before = {name: content for name, content in site.content().items() if name.startswith("days/")}
    ledger.append(site.build_on(clock))
    ledger.keep_receipt(CHANGES.receipt(1))
    ledger.keep_checkpoint("later\n")
    after = site.content()
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(f"days/{site.day(1).name}/") for name in after.keys() - before.keys() if "days/" in name)
    assert [day.name for day in ledger.days()][2:] == [site.day(1).name]
    assert site.unsound() == []


def test_a_stamp_is_over_the_list_and_comes_later_if_it_must(site: Any) -> None:
    site.fill(0)
    ledger, stamped = site.ledger(), []

    def fail(_content: bytes) -> bytes:
        raise AnchorError("tsa1 does not answer")

    def stamp(content: bytes) -> bytes:
        stamped.append(content)
        return bytes(CHANGES.TOKEN)

    with pytest.raises(AnchorError, match="tsa1"):
        ledger.seal(site.day().name, stamp=fail)
    assert [(day.sealed, day.stamped) for day in ledger.days()] == [(True, False)]
    assert not ledger.seal(site.day().name)
    assert ledger.seal(site.day().name, stamp=stamp)
    assert stamped == [(site.day() / "SHA256SUMS").read_bytes()]
    assert (site.day() / "SHA256SUMS.tsr").read_bytes() == CHANGES.TOKEN
    assert [(day.sealed, day.stamped) for day in ledger.days()] == [(True, True)]
    assert not ledger.seal(site.day().name, stamp=fail)
    assert site.unsound() == []


@pytest.mark.parametrize("token", [b"", b"x" * (1024 * 1024 + 1)])
def test_a_stamp_that_can_be_none_is_not_kept(site: Any, token: bytes) -> None:
    site.fill(0)
    with pytest.raises(LedgerError, match="time stamp"):
        site.ledger().seal(site.day().name, stamp=lambda _content: token)
    assert [(day.sealed, day.stamped) for day in site.ledger().days()] == [(True, False)]


def test_a_key_that_cannot_sign_seals_nothing(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fill(0)

    def refuse(_signer: object, _content: bytes, *, namespace: str) -> str:
        raise SignatureError(f"no key for {namespace}")

    ledger = site.ledger()
    monkeypatch.setattr(SITE.RememberingSigner, "sign", refuse)
    with pytest.raises(SignatureError, match="change-record@murenger"):
        ledger.seal(site.day().name)
    assert not list(site.folder.rglob("SHA256SUMS*"))
    assert list((site.folder / "tmp").iterdir()) == []


def stray(site: Any) -> Path:
    path: Path = site.day() / "records" / "notes.txt"
    path.write_text("x")
    return path


def hidden(site: Any) -> Path:
    path: Path = site.day() / ".swp"
    path.write_text("x")
    return path


def link(site: Any) -> Path:
    path: Path = site.day() / "records" / "000000001.json"
    path.symlink_to("000000000.json")
    return path


def folder(site: Any) -> Path:
    path: Path = site.day() / "records" / "000000001.json"
    path.mkdir()
    return path


def seal_by_another(site: Any) -> Path:
    path: Path = site.day() / "SHA256SUMS.asc"
    path.write_text("x")
    return path


@pytest.mark.parametrize("plant", [stray, hidden, link, folder, seal_by_another])
def test_the_runner_signs_for_no_file_that_is_not_its_own(site: Any, plant: Any) -> None:
    site.fill(0, 1)
    path = plant(site)
    with pytest.raises(LedgerError, match=f"{path.name} does not belong"):
        site.ledger().seal(site.day().name)
    assert not list(site.folder.rglob("SHA256SUMS"))


def alter(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("records/000000001.json", "not the record that was appended"),
        ("records/000000001.json.sig", "unsigned"),
        ("LEAVES", "or before it"),
    ],
)
def test_the_runner_signs_for_no_record_that_is_another(site: Any, file: str, said: str) -> None:
    site.fill(0, 0, 1)
    path = site.day() / file
    if file.endswith(".sig"):
        path.unlink()
    else:
        alter(path, path.read_bytes()[:-1])
    with pytest.raises(LedgerError, match=said):
        site.ledger().seal(site.day().name)
    assert not list(site.folder.rglob("SHA256SUMS*"))


@pytest.mark.parametrize("hidden_too", [False, True])
def test_a_record_missing_in_the_middle_is_not_sealed_over(site: Any, *, hidden_too: bool) -> None:
    site.fill(0, 0, 0, 1)
    for path in site.day().glob("records/000000001*"):
        path.unlink()
    if hidden_too:
        lines = (site.day() / "LEAVES").read_text().splitlines(keepends=True)
        alter(site.day() / "LEAVES", (lines[0] + lines[2]).encode())
    with pytest.raises(LedgerError, match="or before it" if hidden_too else "does not fit"):
        site.ledger().seal(site.day().name)
    assert not list(site.folder.rglob("SHA256SUMS*"))


def test_what_comes_while_a_day_is_read_is_sealed_too(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fill(0)
    real, late = SITE.RememberingSigner.sign, [site.ledger()]

    def sign(signer: Any, content: bytes, *, namespace: str) -> str:
        if not content.startswith(b"{") and late:
            late.pop().append(site.build())
        return str(real(signer, content, namespace=namespace))

    monkeypatch.setattr(SITE.RememberingSigner, "sign", sign)
    assert site.ledger().seal(site.day().name)
    assert len(parse_manifest((site.day() / "SHA256SUMS").read_bytes()).files) == 5
    assert site.unsound() == []


def test_two_who_seal_one_day_make_one_seal(site: Any) -> None:
    site.fill(0, 0, 0, 1)
    children = [SITE.forked(lambda: CHANGES.seal_with_token(0)(site, site.ledger())) for _ in range(3)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]
    assert site.unsound() == []
    assert site.ledger().days()[0].stamped


def test_a_half_made_seal_is_put_aside_and_the_day_is_open(site: Any) -> None:
    site.fill(0)
    (site.day() / "SHA256SUMS.sig").write_text("half")
    (found,) = site.ledger().settle()
    assert found.file == f"days/{site.day().name}/SHA256SUMS.sig"
    assert "put aside" in found.action
    assert site.ledger().append(site.build()).sequence == 1
    assert site.unsound() == []


# Receipts and checkpoints.


@pytest.mark.parametrize("kind", ReceiptKind)
def test_a_receipt_lies_beside_the_records_under_its_sinks_name(site: Any, kind: ReceiptKind) -> None:
    site.fill(0, 1)
    ledger = site.ledger()
    given = CHANGES.receipt(1, kind=kind)
    for _ in range(2):
        ledger.keep_receipt(given)
    (path,) = site.folder.rglob("receipts/*")
    assert path == site.day(1) / "receipts" / f"000000001-w1.{kind.value}"
    assert path.read_bytes() == given.content
    assert path.stat().st_mode & 0o777 == 0o440


def test_the_receipt_that_was_there_first_stays(site: Any) -> None:
    site.fill(0)
    ledger = site.ledger()
    ledger.keep_receipt(CHANGES.receipt(content=b"first"))
    ledger.keep_receipt(CHANGES.receipt(content=b"second"))
    ledger.seal(site.day().name)
    ledger.keep_receipt(CHANGES.receipt(content=b"third"))
    assert [path.read_bytes() for path in site.folder.rglob("receipts/*")] == [b"first"]


@pytest.mark.parametrize(
    "given",
    [
        {"sequence": 1},
        {"sequence": -1},
        {"sequence": 10**9},
        {"sink": "../../x"},
        {"sink": "a-b"},
        {"sink": ""},
        {"content": b""},
        {"content": b"x" * (1024 * 1024 + 1)},
    ],
)
def test_a_receipt_that_cannot_be_ours_is_refused(site: Any, given: dict[str, Any]) -> None:
    site.fill(0)
    before = site.content()
    with pytest.raises(LedgerError, match="receipt"):
        site.ledger().keep_receipt(CHANGES.receipt(**given))
    assert site.content() == before


def test_a_checkpoint_is_replaced_and_an_absent_one_is_no_file(site: Any) -> None:
    ledger = site.ledger()
    with pytest.raises(LedgerError, match="no record"):
        ledger.keep_checkpoint("x\n")
    ledger.append(site.build())
    ledger.keep_checkpoint("")
    assert not (site.day() / "checkpoint").exists()
    for text in ("one\n", "two \u2014\n"):
        ledger.keep_checkpoint(text)
        assert (site.day() / "checkpoint").read_text() == text
    ledger.append(site.build_on(1))
    ledger.keep_checkpoint("three\n")
    assert [path.read_text() for path in sorted(site.folder.rglob("checkpoint"))] == ["two \u2014\n", "three\n"]


def test_a_day_of_receipts_alone_is_a_day(site: Any) -> None:
    site.fill(0)
    ledger = site.ledger()
    ledger.seal(site.day().name)
    ledger.keep_receipt(CHANGES.receipt())
    assert [(day.first, day.last, day.sealed) for day in ledger.days()] == [(0, 0, True), (1, None, False)]
    assert site.ledger().head().sequence == 0
    assert ledger.seal(site.day(1).name)
    assert ledger.append(site.build()).sequence == 1
    assert [(day.first, day.last) for day in ledger.days()] == [(0, 0), (1, None), (1, 1)]
    assert [record.sequence for record in site.ledger().records()] == [0, 1]
    assert site.unsound() == []
