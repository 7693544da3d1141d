"""A log verified in stretches, on several processors or after pruning, gets the verdict of a walk in one piece."""

import datetime
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys.trust_folder import read_trust
from murenger.record.verify import Report, Scope, stretch, verify_store, walking

FIRST, SECOND = "2026-11-21", "2026-11-22"


def untouched(_: Any) -> None:
    """Leave the log as it is."""


def altered(anchored: Any) -> None:
    path = anchored.tools.record_path(anchored.folder, 3)
    anchored.tools.rewrite(path, path.read_bytes().replace(b"mgmt1", b"mgmt2"))


def removed(anchored: Any) -> None:
    anchored.tools.record_path(anchored.folder, 4).unlink()


def back_dated(anchored: Any) -> None:
    def change(said: dict[str, Any]) -> None:
        said["written_at"] = "2026-11-20T10:00:00.000Z"

    anchored.tools.edit(anchored.tools.record_path(anchored.folder, 5), anchored.world.runner, change)
    anchored.mend()


def of_a_key_that_ended(anchored: Any) -> None:
    anchored.world.verifier.roles[0].valid_before = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def clock_far_ahead(anchored: Any) -> None:
    def change(said: dict[str, Any]) -> None:
        said["written_at"] = "2026-11-22T23:00:00.000Z"

    anchored.tools.edit(anchored.tools.record_path(anchored.folder, 4), anchored.world.runner, change)
    anchored.mend()
    anchored.without_receipts()
    anchored.world.verifier.roles[0].valid_before = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


HARMS = (untouched, altered, removed, back_dated, of_a_key_that_ended, clock_far_ahead)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_length_of_a_stretch_does_not_change_the_verdict(
    anchored: Any, harm: Callable[[Any], None], length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    harm(anchored)
    whole = anchored.verdict()
    monkeypatch.setattr(stretch, "STRETCH_RECORDS", length)
    assert anchored.verdict() == whole


class Hasty:
    """A verifier that is told what it will be asked, and does not listen to the end."""

    def __init__(self, verifier: Any, takes: int) -> None:
        self._verifier = verifier
        self._takes = takes
        self.foreseen: list[int] = []

    def foresee(self, signed: Iterable[tuple[bytes, str]]) -> None:
        self.foreseen.append(len(list(itertools.islice(signed, self._takes))))

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Any:
        return self._verifier.verify(content, signature, namespace=namespace, at=at)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("piece", [(1, 10**9), (2, 10**9), (3, 10**9), (64, 1)])
@pytest.mark.parametrize("takes", [0, 1, 64])
def test_what_is_read_ahead_does_not_change_the_verdict(
    anchored: Any, harm: Callable[[Any], None], piece: tuple[int, int], takes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    harm(anchored)
    whole = verify_store(anchored.folder, verifier=anchored.world.verifier)
    records, size = piece
    monkeypatch.setattr(stretch, "_PIECE_RECORDS", records)
    monkeypatch.setattr(stretch, "_PIECE_BYTES", size)
    hasty = Hasty(anchored.world.verifier, takes)
    assert verify_store(anchored.folder, verifier=hasty) == whole
    assert max(hasty.foreseen) == min(takes, records if size > 1 else 1, 4)


@pytest.mark.parametrize("harm", HARMS)
def test_several_processes_give_the_verdict_of_one(
    anchored: Any, harm: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    harm(anchored)
    (anchored.aside / "allowed_signers").write_text(anchored.world.verifier.allowed_signers())
    trust = read_trust(anchored.aside / "allowed_signers")
    shown: list[tuple[int, int]] = []

    def verdict(jobs: int) -> Report:
        scope = Scope(jobs=jobs, progress=lambda done, total: shown.append((done, total)))
        return verify_store(anchored.folder, trust=trust, scope=scope)

    alone = verdict(1)
    monkeypatch.setattr(stretch, "STRETCH_RECORDS", 2)
    monkeypatch.setattr(walking, "STRETCH_RECORDS", 2)
    assert verdict(2) == alone
    assert shown[-1] == (shown[-1][1], shown[-1][1])


def prune(anchored: Any) -> None:
    """Prune the first day as the runner does: a record names it, then its records go."""
    manifest = hashlib.sha256((anchored.folder / "days" / FIRST / "SHA256SUMS").read_bytes()).hexdigest()
    anchored.heartbeat()
    said = {
        "days": [{"day": FIRST, "first": 0, "last": 3, "manifest": manifest}],
        "policy": {"retention_days": 396, "before": FIRST},
        "carried": [],
    }

    def turn_into_prune(statement: dict[str, Any]) -> None:
        statement.pop("population")
        statement.update(kind="prune", prune=said)

    path = anchored.tools.record_path(anchored.folder, 8)
    anchored.tools.rewrite(path, path.read_bytes().replace(b"/heartbeat/v1", b"/prune/v1"))
    anchored.tools.edit(path, anchored.world.runner, turn_into_prune)
    anchored.mend()
    for name in ("records", "decisions"):
        shutil.rmtree(anchored.folder / "days" / FIRST / name)


def test_a_pruned_day_is_checked_by_its_seal_and_that_is_said(anchored: Any) -> None:
    checkpoint = anchored.checkpoint()
    prune(anchored)
    log = anchored.verdict()
    assert log.findings == ()
    assert any("pruned" in limit and "only their seals were checked" in limit for limit in log.limits)
    assert anchored.verdict(anchored.anchor(checkpoint)).proven_to == 7
    manifest = anchored.folder / "days" / FIRST / "SHA256SUMS"
    anchored.tools.rewrite(manifest, manifest.read_bytes().replace(b"0", b"1"))
    assert "seal-signature" in anchored.codes()


def test_days_that_no_record_says_were_pruned_are_missing(anchored: Any) -> None:
    for name in ("records", "decisions"):
        shutil.rmtree(anchored.folder / "days" / FIRST / name)
    assert {("record-missing", number) for number in range(4)} <= anchored.found()


def test_a_pack_from_the_middle_is_intact_with_the_seal_before_it_and_not_without(anchored: Any) -> None:
    pack = Path(shutil.copytree(anchored.folder, anchored.aside / "pack"))
    (pack / "LOCK").unlink()
    (pack / "VERIFY.md").write_text("")
    (pack / "index.html").write_text("")
    first = pack / "days" / FIRST
    for path in first.iterdir():
        if not path.name.startswith("SHA256SUMS"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (log,) = verify_store(pack, trust=anchored.trust).logs
    assert log.findings == ()
    assert any("its files are not here" in limit for limit in log.limits)
    heads = anchored.anchor(anchored.heads())
    assert verify_store(pack, trust=anchored.trust, scope=heads).exit_code == 0
    shutil.rmtree(first)
    found = {item.code.value for item in verify_store(pack, trust=anchored.trust).logs[0].findings}
    assert {"sequence", "chain-break"} <= found


def test_records_of_a_revoked_key_never_counted(anchored: Any) -> None:
    (anchored.aside / "allowed_signers").write_text(anchored.world.verifier.allowed_signers())
    (anchored.aside / "krl").write_text(anchored.world.runner.line + "\n")
    trust = read_trust(anchored.aside / "allowed_signers")
    (log,) = verify_store(anchored.folder, trust=trust).logs
    revoked = {item.sequence for item in log.findings if item.code.value == "signer-revoked"}
    assert set(range(8)) <= revoked
