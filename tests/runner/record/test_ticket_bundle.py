"""The bundle of one record: everything in it is the log's own, and verifies without the log."""

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.tickets import lay_down, ticket_bundle
from murenger.errors import LedgerError
from murenger.model import RecordKind
from murenger.record.store import leaf_hash
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.merkle import root_of
from murenger.record.tree.note import SignatureType, SignerKey, make_key
from murenger.record.verify.bundle import verify_bundle
from murenger.record.verify.trust import Trust

ORIGIN = "fw-site1.example"


@pytest.fixture
def log_key() -> SignerKey:
    """Give the log's own key."""
    return make_key(ORIGIN, SignatureType.ED25519)


def outcome(world: Any) -> Any:
    return next(record for record in world.ledger.records() if record.kind is RecordKind.OUTCOME)


def checkpoint(world: Any, key: SignerKey, size: int | None = None) -> bytes:
    """Return a checkpoint over the first records, computed past everything under test."""
    leaves = b"".join(bytes.fromhex(leaf_hash(record.content)) for record in world.ledger.records())
    size = len(leaves) // 32 if size is None else size
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root_of(leaves, size)), key).encode()


def keep(world: Any, name: str, content: bytes) -> Path:
    """Lay a file into the newest day."""
    path: Path = max((world.folder / "days").iterdir()) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def bundle_of(world: Any, number: int, earlier: Path | None = None) -> dict[str, bytes]:
    return dict(ticket_bundle(world.folder, origin=ORIGIN, sequence=number, earlier=earlier))


def test_a_bundle_verifies_alone_and_any_byte_of_its_record_counts(
    told: Any, log_key: SignerKey, tmp_path: Path
) -> None:
    keep(told, "checkpoint", checkpoint(told, log_key))
    number = outcome(told).sequence
    lay_down(tmp_path / "CHG", bundle_of(told, number), write=True)
    proof = tmp_path / "CHG" / f"{number:09d}.tlog-proof"
    trust = Trust(verifier=told.verifier, log_keys=(log_key.verifier,))
    assert verify_bundle(proof, trust=trust).logs[0].findings == ()
    record = tmp_path / "CHG" / f"{number:09d}.json"
    record.write_bytes(record.read_bytes().replace(b"healed", b"herded", 1))
    assert verify_bundle(proof, trust=trust).logs[0].findings


def test_a_bundle_holds_the_logs_own_bytes(told: Any) -> None:
    found = outcome(told)
    bundle = bundle_of(told, found.sequence)
    name = f"{found.sequence:09d}.json"
    assert bundle[name] == found.content
    assert bundle[f"{name}.sig"].decode() == found.signature
    sha256 = json.loads(found.content)["predicate"]["approval"]["decision_sha256"]
    decision = next(told.folder.glob(f"days/*/decisions/{sha256}.json"))
    assert bundle[decision.name] == decision.read_bytes()
    assert bundle[f"{decision.name}.sig"] == decision.with_name(f"{decision.name}.sig").read_bytes()
    fields = json.loads(bundle["servicenow.json"])
    assert f"{found.sequence} {found.sha256}" in fields["work_notes"]
    assert set(bundle) == {name, f"{name}.sig", decision.name, f"{decision.name}.sig", "servicenow.json"}


def test_a_record_that_is_no_change_has_no_change_request(told: Any) -> None:
    assert set(bundle_of(told, 0)) == {"000000000.json", "000000000.json.sig"}


def test_of_each_sink_the_nearest_receipt_goes_along(told: Any) -> None:
    number = outcome(told).sequence
    for sequence, sink, kind in (
        (number - 1, "tsa1", "tsr"),
        (number, "tsa1", "tsr"),
        (number + 1, "tsa1", "tsr"),
        (number + 1, "git1", "git"),
    ):
        keep(told, f"receipts/{sequence:09d}-{sink}.{kind}", f"{sequence} {sink}".encode())
    receipts = {name: content for name, content in bundle_of(told, number).items() if "-" in name}
    assert receipts == {
        f"{number:09d}-tsa1.tsr": f"{number} tsa1".encode(),
        f"{number + 1:09d}-git1.git": f"{number + 1} git1".encode(),
    }


def test_a_proof_stays_the_same_while_the_logs_own_checkpoint_moves_on(
    told: Any, log_key: SignerKey, tmp_path: Path
) -> None:
    number = outcome(told).sequence
    keep(told, "checkpoint", checkpoint(told, log_key, number + 1))
    lay_down(tmp_path, bundle_of(told, number), write=True)
    keep(told, "checkpoint", checkpoint(told, log_key))
    assert lay_down(tmp_path, bundle_of(told, number, tmp_path), write=True) == ()
    (tmp_path / f"{number:09d}.tlog-proof").write_bytes(b"no proof")
    assert lay_down(tmp_path, bundle_of(told, number, tmp_path), write=True) == (f"{number:09d}.tlog-proof",)


def test_a_cosigned_checkpoint_is_preferred_to_the_logs_own(told: Any, log_key: SignerKey) -> None:
    number = outcome(told).sequence
    keep(told, "checkpoint", checkpoint(told, log_key, number + 1))
    cosigned = checkpoint(told, log_key)
    keep(told, f"receipts/{number + 1:09d}-w1.cosig", cosigned)
    proof = bundle_of(told, number)[f"{number:09d}.tlog-proof"]
    assert cosigned in proof


def test_a_checkpoint_of_another_history_proves_nothing_and_is_left_out(told: Any, log_key: SignerKey) -> None:
    other = sign_checkpoint(Checkpoint(origin=ORIGIN, size=9, root=b"\x07" * 32), log_key).encode()
    keep(told, "checkpoint", other)
    assert not [name for name in bundle_of(told, 0) if name.endswith(".tlog-proof")]


@pytest.mark.parametrize("number", [-1, 99])
def test_a_record_that_is_not_there_has_no_bundle(told: Any, number: int) -> None:
    with pytest.raises(LedgerError, match=f"there is no record {number}"):
        bundle_of(told, number)


def test_a_decision_that_is_gone_is_told(told: Any) -> None:
    for path in told.folder.glob("days/*/decisions/*.json"):
        path.unlink()
    with pytest.raises(LedgerError, match="what belongs to record"):
        bundle_of(told, outcome(told).sequence)


def test_a_folder_that_cannot_be_written_is_told_and_holds_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerError, match="cannot be laid into"):
        lay_down(tmp_path / "file" / "below", {"a": b"x"}, write=True)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "b").mkdir()
    with pytest.raises(LedgerError, match="cannot be laid into"):
        lay_down(tmp_path / "taken", {"a": b"x", "b": b"y"}, write=True)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["b"]


def test_a_disk_that_is_full_leaves_no_half_file(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(LedgerError, match="cannot be laid into"):
            lay_down(tmp_path, {"a": b"x" * 100_000}, write=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_what_would_be_written_is_foretold(tmp_path: Path) -> None:
    assert lay_down(tmp_path / "new", {"b": b"1", "a": b"2"}, write=False) == ("a", "b")
    assert not (tmp_path / "new").exists()
    assert lay_down(tmp_path / "new", {"b": b"1", "a": b"2"}, write=True) == ("a", "b")
    assert oct((tmp_path / "new" / "a").stat().st_mode & 0o777) == "0o640"
    assert lay_down(tmp_path / "new", {"b": b"1", "a": b"3"}, write=False) == ("a",)
