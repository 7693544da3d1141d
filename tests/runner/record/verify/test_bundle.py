"""One exported record with its proof verifies alone, away from its log."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import ConfigError
from murenger.record.tree.proof import make_proof
from murenger.record.verify import Report
from murenger.record.verify.bundle import verify_bundle


@pytest.fixture
def bundle(anchored: Any, tmp_path: Path) -> Path:
    """Return the proof of record 5, with the record and its signature beside it."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    record = anchored.tools.record_path(anchored.folder, 5)
    for suffix in ("", ".sig"):
        shutil.copy(f"{record}{suffix}", folder)
    proof = make_proof(anchored.world.ledger.leaves(), 5, anchored.cosigned(anchored.checkpoint()))
    path = folder / "000000005.tlog-proof"
    path.write_bytes(proof.content)
    return path


def codes(report: Report) -> set[str]:
    return {finding.code.value for finding in report.logs[0].findings}


def test_a_record_with_its_proof_verifies_alone(anchored: Any, bundle: Path) -> None:
    report = verify_bundle(bundle, trust=anchored.trust)
    assert (report.exit_code, codes(report)) == (3, set())
    assert report.logs[0].spans[0].by == "witness.example/w1"
    assert any("only this record" in limit for limit in report.logs[0].limits)


def test_a_record_is_found_in_the_pack_around_its_proof(anchored: Any, bundle: Path, tmp_path: Path) -> None:
    pack = Path(shutil.copytree(anchored.folder, tmp_path / "pack"))
    (pack / "proofs").mkdir()
    shutil.copy(bundle, pack / "proofs")
    assert codes(verify_bundle(pack / "proofs" / bundle.name, trust=anchored.trust)) == set()


def test_another_record_or_an_altered_signature_or_proof_is_named(anchored: Any, bundle: Path) -> None:
    record, signature = bundle.with_name("000000005.json"), bundle.with_name("000000005.json.sig")
    content, signed, proof = record.read_bytes(), signature.read_bytes(), bundle.read_bytes()
    anchored.tools.rewrite(record, content.replace(b"mgmt1", b"mgmt2"))
    assert codes(verify_bundle(bundle, trust=anchored.trust)) == {"checkpoint-bad", "record-altered"}
    anchored.tools.rewrite(record, content)
    anchored.tools.rewrite(signature, signed.replace(b"A", b"B", 1))
    assert codes(verify_bundle(bundle, trust=anchored.trust)) & {"record-signature", "record-altered"}
    anchored.tools.rewrite(signature, signed)
    last = len(proof) - 20
    anchored.tools.rewrite(bundle, proof[:last] + bytes([proof[last] ^ 1]) + proof[last + 1 :])
    assert codes(verify_bundle(bundle, trust=anchored.trust)) == {"checkpoint-bad"}


def test_what_is_no_proof_or_has_no_record_is_trouble(anchored: Any, bundle: Path, tmp_path: Path) -> None:
    for path, content in ((tmp_path / "x.txt", b""), (tmp_path / "x.tlog-proof", b"nonsense")):
        path.write_bytes(content)
        with pytest.raises(ConfigError):
            verify_bundle(path, trust=anchored.trust)
    bundle.with_name("000000005.json").unlink()
    with pytest.raises(ConfigError, match="is not there"):
        verify_bundle(bundle, trust=anchored.trust)
