"""The contract of the port Ledger; every adapter passes it."""

import datetime
import hashlib
import importlib.util
import os
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.keys import SshSigner
from murenger.errors import LedgerError, SignatureError
from murenger.model import canonical_bytes
from murenger.ports import Ledger


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


def test_a_log_without_records_has_no_head(site: Any) -> None:
    assert site.ledger().head() is None
    assert list(site.ledger().records()) == []


def test_records_come_back_in_order_exactly_as_they_were_appended(site: Any) -> None:
    ledger = site.ledger()
    appended = [ledger.append(site.build()) for _ in range(3)]
    assert list(site.ledger().records()) == appended
    assert site.ledger().head() == appended[-1]
    assert site.faults() == []


def test_each_record_is_told_its_number_and_the_digest_before_it(site: Any) -> None:
    told: list[tuple[int, str]] = []
    build = site.build()

    def listen(sequence: int, previous: str) -> bytes:
        told.append((sequence, previous))
        return bytes(build(sequence, previous))

    first, second = (site.ledger().append(listen) for _ in range(2))
    assert told == [(0, "0" * 64), (1, first.sha256)]
    assert first.sha256 == hashlib.sha256(first.content).hexdigest()
    assert second.signature.startswith("-----BEGIN SSH SIGNATURE-----\n")


def test_a_build_that_fails_appends_nothing(site: Any) -> None:
    ledger = site.ledger()
    ledger.append(site.build())

    def fail(_sequence: int, _previous: str) -> bytes:
        raise SignatureError("no key")

    with pytest.raises(SignatureError):
        ledger.append(fail)
    assert numbers(ledger) == [0]
    assert ledger.append(site.build()).sequence == 1


@pytest.mark.parametrize("content", [b"{}", b"{ }", b'{"predicate":{"seq":7}}'])
def test_bytes_for_another_place_are_refused(site: Any, content: bytes) -> None:
    with pytest.raises(LedgerError):
        site.ledger().append(lambda _sequence, _previous: content)
    assert site.ledger().head() is None


def test_a_decision_lies_beside_the_record_in_every_day_that_cites_it(site: Any) -> None:
    ledger = site.ledger()
    decision = canonical_bytes({"type": "plan", "n": 1})
    signature = SshSigner("alice@site", site.approver).sign(decision, namespace=SITE.APPROVAL)
    ledger.append(site.build(), documents=[(decision, signature.replace("\n", "\r\n"))])
    name = f"{hashlib.sha256(decision).hexdigest()}.json"
    folder = site.folder / "days" / "2026-11-21" / "decisions"
    assert (folder / name).read_bytes() == decision
    assert (folder / f"{name}.sig").read_text() == signature


def test_files_are_read_only_and_folders_closed_to_others(site: Any) -> None:
    previous = os.umask(0)
    try:
        site.ledger().append(site.build())
    finally:
        os.umask(previous)
    for path in (site.folder / "days").rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o750 if path.is_dir() else 0o640 if path.name == "LEAVES" else 0o440), path
    assert list((site.folder / "tmp").iterdir()) == []


def test_a_new_day_begins_at_midnight_utc_and_never_ends_before_it_began(site: Any) -> None:
    ledger = site.ledger()
    for hours in (0, 24, 0):
        ledger.append(site.build(SITE.NOW + datetime.timedelta(hours=hours)))
    placed = [path.parent.parent.name for path in sorted(site.folder.glob("days/*/records/*.json"))]
    assert placed == ["2026-11-21", "2026-11-22", "2026-11-22"]
    assert site.faults() == []


@pytest.mark.parametrize("origin", ["", ".", "..", "a/b", "a b", ".x", "x" * 129, "a\n"])
def test_a_log_cannot_be_named_so_that_it_leaves_its_store(tmp_path: Path, keys: Path, origin: str) -> None:
    with pytest.raises(LedgerError, match="cannot be named"):
        FileLedger(tmp_path, origin=origin, signer=SshSigner("runner@site", keys / "runner"))
