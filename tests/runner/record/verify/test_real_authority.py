"""A real time-stamping authority, `openssl ts`, behind the log: with two certificates, and with an expired one."""

import dataclasses
import datetime
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys.trust_folder import OpensslTimestamps
from murenger.model import ReceiptKind
from murenger.record.verify import Scope, verify_store

SUPPORT = Path(__file__).resolve().parents[3] / "anchor_peers.py"


def support() -> types.ModuleType:
    """Return the tests' own authorities, which pytest's importlib mode keeps off sys.path."""
    spec = importlib.util.spec_from_file_location("anchor_peers", SUPPORT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["anchor_peers"] = module
    spec.loader.exec_module(module)
    return module


PEERS = support()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return PEERS.Authority(tmp_path_factory.mktemp("authority"))


def told(blank: Any, stamper: Any) -> Any:
    """Write a short log of now, its last record stamped by a real authority; return the verdict with it trusted."""
    blank.world.clock.at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=30)
    blank.world.start()
    blank.heartbeat()
    blank.keep(ReceiptKind.TIMESTAMP, stamper.stamp(blank.world.ledger.head().content), sink="tsa1")
    return lambda: judged(blank, stamper.roots)


def judged(blank: Any, roots: Path) -> Any:
    trust = dataclasses.replace(blank.trust, timestamps=OpensslTimestamps(roots))
    (log,) = verify_store(blank.folder, trust=trust, scope=Scope()).logs
    return log


@pytest.mark.parametrize("two_certificates", [False, True])
def test_a_token_is_believed_whether_it_carries_one_certificate_or_two(
    blank: Any, authority: Any, *, two_certificates: bool
) -> None:
    name = f"tsa{int(two_certificates)}"
    stamper = PEERS.Stamper(authority=authority, pair=authority.stamper(name), two_certificates=two_certificates)
    log = told(blank, stamper)()
    assert log.findings == ()
    assert log.spans[0].last == 1
    assert log.spans[0].at is not None


def test_a_token_altered_or_by_a_stranger_or_over_another_record_is_named(
    blank: Any, authority: Any, tmp_path: Path
) -> None:
    stamper = PEERS.Stamper(authority=authority, pair=authority.stamper("tsa"))
    verdict = told(blank, stamper)
    (path,) = blank.receipts()
    original = path.read_bytes()
    for place in range(40, len(original), len(original) // 8):
        flipped = bytearray(original)
        flipped[place] ^= 1
        blank.tools.rewrite(path, bytes(flipped))
        assert {finding.code.value for finding in verdict().findings} <= {"timestamp-bad"}
    blank.tools.rewrite(path, stamper.stamp(b"other bytes"))
    assert {finding.code.value for finding in verdict().findings} == {"timestamp-bad"}
    blank.tools.rewrite(path, original)
    stranger = PEERS.Authority(tmp_path / "stranger")
    assert {finding.code.value for finding in judged(blank, stranger.root).findings} == {"timestamp-bad"}


def test_a_certificate_that_is_no_more_valid_is_judged_at_the_tokens_time(
    blank: Any, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamper = PEERS.Stamper(authority=authority, pair=authority.stamper("short"))
    verdict = told(blank, stamper)
    verify = OpensslTimestamps.verify_timestamp
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)

    def in_400_days(
        self: OpensslTimestamps, content: bytes, token: bytes, *, at: datetime.datetime | None = None
    ) -> datetime.datetime:
        return verify(self, content, token, at=at or later)

    monkeypatch.setattr(OpensslTimestamps, "verify_timestamp", in_400_days)
    log = verdict()
    assert log.findings == ()
    assert any("since expired" in limit for limit in log.limits)
