"""The sink on a witness, against the real service.

Input: heads of honest, cut and rewritten logs. Output: receipts, or pass where there must be none.
"""

import dataclasses
import datetime
import shutil
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.witness.server import server_tls
from murenger.errors import AnchorConflictError, AnchorError, ConfigError
from murenger.lab.material import write_certificate
from murenger.model import ReceiptKind
from murenger.record.tree.checkpoint import open_cosigned
from murenger.record.tree.note import parse_vkey


def test_a_head_is_cosigned_and_the_receipt_proves_itself(witness: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(witness, log)
    receipt = sink.submit(log.head(5), proof=log.proof(5))
    assert (receipt.sink, receipt.kind, receipt.sequence) == ("w1", ReceiptKind.WITNESS, 4)
    assert receipt.held_elsewhere
    opened = open_cosigned(receipt.content, log_keys=[parse_vkey(log.vkey)], witness_keys=[parse_vkey(witness.vkey)])
    assert opened.checkpoint.size == 5
    assert opened.earliest == receipt.at
    assert receipt.at is not None
    assert abs(receipt.at - datetime.datetime.now(tz=datetime.UTC)) < datetime.timedelta(seconds=30)


def test_what_the_witness_remembers_is_remembered(witness: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(witness, log)
    for size in (3, 8, 8, 9):
        log.submit(sink, size)
    assert log.asked == [3, 8]


def test_a_sink_that_knows_nothing_asks_the_witness(witness: Any, log: Any, sink_of: Any) -> None:
    log.submit(sink_of(witness, log), 8)
    fresh = sink_of(witness, log)
    log.submit(fresh, 13)
    assert log.asked == [8]
    log.submit(sink_of(witness, log), 13)
    assert log.asked == [8]


def test_a_sink_catches_up_with_a_head_that_another_process_gave(witness: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(witness, log)
    log.submit(sink, 3)
    log.submit(sink_of(witness, log), 7)
    log.submit(sink, 9)
    assert log.asked == [3, 3, 7]


def test_a_log_that_was_cut_is_a_conflict(witness: Any, log: Any, sink_of: Any) -> None:
    log.submit(sink_of(witness, log), 12)
    with pytest.raises(AnchorConflictError, match="holds 12 records, and this log has 9"):
        log.submit(sink_of(witness, log), 9)


@pytest.mark.parametrize("size", [12, 13, 40])
def test_a_log_that_was_rewritten_is_a_conflict(
    witness: Any, log: Any, size: int, sink_of: Any, other_log: Any
) -> None:
    forged = other_log(log.signer, tag="forged")
    log.submit(sink_of(witness, log), 12)
    for sink in (sink_of(witness, log), sink_of(witness, log)):
        with pytest.raises(AnchorConflictError, match="another history of the first 12 records"):
            forged.submit(sink, size)


def test_a_witness_that_does_not_know_the_log_says_so(witness: Any, sink_of: Any, other_log: Any) -> None:
    stranger = other_log()
    with pytest.raises(AnchorError, match=r"answers 403.*log\.vkey") as caught:
        stranger.submit(sink_of(witness, stranger), 5)
    assert not isinstance(caught.value, AnchorConflictError)


def test_the_state_is_what_the_witness_holds(witness: Any, log: Any, sink_of: Any) -> None:
    sink = sink_of(witness, log)
    assert sink.state() == "answers, and holds nothing of this log yet"
    log.submit(sink, 5)
    assert sink.state().startswith("holds 5 records as of 20")


def test_a_restarted_witness_goes_on_where_it_was(tmp_path: Path, log: Any, sink_of: Any, running: Any) -> None:
    with running(tmp_path, log.vkey) as first:
        log.submit(sink_of(first, log), 5)
    with pytest.raises(AnchorError, match="refused"):
        log.submit(sink_of(first, log), 6)
    with running(tmp_path, log.vkey) as second:
        log.submit(sink_of(second, log), 6)
        with pytest.raises(AnchorConflictError):
            log.submit(sink_of(second, log), 5)


def test_a_witness_restored_from_a_snapshot_cosigns_a_fork_which_is_the_documented_limit(
    tmp_path: Path, log: Any, sink_of: Any, running: Any, other_log: Any
) -> None:
    with running(tmp_path, log.vkey) as witness:
        log.submit(sink_of(witness, log), 5)
    shutil.copytree(tmp_path / "state", tmp_path / "snapshot")
    with running(tmp_path, log.vkey) as witness:
        log.submit(sink_of(witness, log), 12)
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "snapshot").rename(tmp_path / "state")
    forged = other_log(log.signer, tag="forged")
    with running(tmp_path, log.vkey) as witness:
        assert forged.submit(sink_of(witness, log), 12).startswith(forged.head(12).checkpoint.encode())


def test_over_tls_only_the_named_authority_counts(tmp_path: Path, log: Any, sink_of: Any, running: Any) -> None:
    write_certificate(tmp_path, "localhost", "127.0.0.1")
    with running(tmp_path, log.vkey, server_tls(tmp_path / "server.pem", tmp_path / "server.key")) as witness:
        log.submit(sink_of(witness, log, ca=tmp_path / "ca.pem"), 5)
        with pytest.raises(AnchorError, match=r"certificate verify failed|CERTIFICATE_VERIFY_FAILED"):
            log.submit(sink_of(witness, log), 5)
        by_name = dataclasses.replace(witness, url=witness.url.replace("127.0.0.1", "localhost"))
        log.submit(sink_of(by_name, log, ca=tmp_path / "ca.pem"), 6)
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other, "elsewhere.example", "192.0.2.1")
    with running(tmp_path, log.vkey, server_tls(other / "server.pem", other / "server.key")) as witness:
        with pytest.raises(AnchorError, match=r"not valid for|doesn't match|mismatch"):
            log.submit(sink_of(witness, log, ca=other / "ca.pem"), 7)
        with pytest.raises(ConfigError, match="cannot be read"):
            sink_of(witness, log, ca=tmp_path / "missing.pem")
