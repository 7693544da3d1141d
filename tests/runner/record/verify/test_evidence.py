"""Seals, receipts and checkpoints: each way to alter one, and the name that `verify` gives it."""

import datetime
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from murenger.model import ReceiptKind
from murenger.record.executor import Found
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.tree.note import SignatureType, make_key

FIRST, SECOND = "2026-11-21", "2026-11-22"


def day(anchored: Any, name: str = FIRST) -> Path:
    path: Path = anchored.folder / "days" / name
    return path


def edit(anchored: Any, path: Path, change: Callable[[bytes], bytes]) -> None:
    anchored.tools.rewrite(path, change(path.read_bytes()))


def reseal(anchored: Any, name: str = FIRST, *, at: datetime.datetime | None = None) -> None:
    """Seal a day anew over what lies there, as a thief of the runner's key can; the token only as of now."""
    folder = day(anchored, name)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}\n"
        for file in files
        if not file.startswith("SHA256SUMS")
    ]
    manifest = "".join(lines).encode()
    anchored.tools.rewrite(folder / "SHA256SUMS", manifest)
    signature = anchored.world.runner.sign(manifest, namespace=RECORD_NAMESPACE)
    anchored.tools.rewrite(folder / "SHA256SUMS.sig", signature.encode())
    if at is not None:
        anchored.tools.rewrite(folder / "SHA256SUMS.tsr", anchored.authority.stamp(manifest, at))


def remove_record(anchored: Any) -> None:
    for suffix in ("", ".sig"):
        (day(anchored) / "records" / f"000000002.json{suffix}").unlink()


def remove_record_and_its_lines(anchored: Any) -> None:
    remove_record(anchored)
    lines = (day(anchored) / "SHA256SUMS").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b"000000002" not in line or b"receipts" in line]
    anchored.tools.rewrite(day(anchored) / "SHA256SUMS", b"".join(kept))


def stray_decision(anchored: Any) -> None:
    content = anchored.world.decision_file(nonce="another")
    folder = day(anchored) / "decisions"
    name = hashlib.sha256(content).hexdigest()
    anchored.tools.rewrite(folder / f"{name}.json", content)
    signed = anchored.world.approver.sign(content, namespace="change-approval@murenger")
    anchored.tools.rewrite(folder / f"{name}.json.sig", signed.encode())


def other_days_token(anchored: Any) -> None:
    anchored.seal(SECOND)
    shutil.copy(day(anchored, SECOND) / "SHA256SUMS.tsr", anchored.aside / "token")
    edit(anchored, day(anchored) / "SHA256SUMS.tsr", lambda _: (anchored.aside / "token").read_bytes())


def dropped_middle_day(anchored: Any) -> None:
    anchored.seal(SECOND)
    anchored.world.clock.wait(86_400)
    anchored.heartbeat()
    anchored.seal("2026-11-23")
    shutil.rmtree(day(anchored, SECOND))


def swapped_previous_seal(anchored: Any) -> None:
    anchored.seal(SECOND)
    edit(anchored, day(anchored) / "LEAVES", bytes)
    reseal(anchored, at=anchored.world.clock.at)
    (day(anchored) / "SHA256SUMS.tsr").unlink()
    edit(anchored, day(anchored) / "SHA256SUMS", lambda content: content.replace(b"LEAVES", b"LEAVEZ"))


def path_in_seal(line: bytes) -> Callable[[Any], None]:
    def harm(anchored: Any) -> None:
        edit(anchored, day(anchored) / "SHA256SUMS", lambda content: line + content)

    return harm


def seal_signed_by(key: str, namespace: str = RECORD_NAMESPACE) -> Callable[[Any], None]:
    def harm(anchored: Any) -> None:
        path = day(anchored) / "SHA256SUMS"
        signed = getattr(anchored.world, key).sign(path.read_bytes(), namespace=namespace)
        anchored.tools.rewrite(path.with_name("SHA256SUMS.sig"), signed.encode())

    return harm


def altered(name: str, folder: str = FIRST) -> Callable[[Any], None]:
    """Return the harm of one flipped bit in the middle of a file."""

    def harm(anchored: Any) -> None:
        (path,) = day(anchored, folder).glob(name)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        anchored.tools.rewrite(path, bytes(content))

    return harm


def gone(name: str, folder: str = FIRST) -> Callable[[Any], None]:
    def harm(anchored: Any) -> None:
        (path,) = day(anchored, folder).glob(name)
        path.unlink()

    return harm


def late_seal(anchored: Any) -> None:
    reseal(anchored, at=datetime.datetime(2026, 11, 23, 0, 0, 1, tzinfo=datetime.UTC))


def of_another_log(anchored: Any) -> None:
    key = make_key("other.example", SignatureType.ED25519)
    text = anchored.checkpoint(6).replace("fw-site1.example\n", "other.example\n", 1).partition("\n\n")[0] + "\n"
    content = f"{text}\n{key.sign(text).line}"
    (path,) = day(anchored, SECOND).glob("receipts/*-w1.cosig")
    anchored.tools.rewrite(path, content.encode())


def of_another_size(anchored: Any) -> None:
    (path,) = day(anchored, SECOND).glob("receipts/*-w1.cosig")
    anchored.tools.rewrite(path, anchored.cosigned(anchored.checkpoint(5)))


def git_of_another_record(anchored: Any) -> None:
    (path,) = day(anchored, SECOND).glob("receipts/*.git")
    edit(anchored, path, lambda content: content.replace(anchored.heads().splitlines()[5][2:].encode(), b"0" * 64))


def renamed_receipt(anchored: Any) -> None:
    (path,) = day(anchored, SECOND).glob("receipts/*.tsr")
    path.rename(path.with_name("000000006-tsa1.tsr"))


def stray_receipt(anchored: Any) -> None:
    anchored.tools.rewrite(day(anchored, SECOND) / "receipts" / "notes.cosig.txt", b"x")


HARMS: dict[str, tuple[Callable[[Any], None], set[str]]] = {
    "record removed": (remove_record, {"record-missing", "chain-break"}),
    "record and its lines removed": (
        remove_record_and_its_lines,
        {"record-missing", "chain-break", "seal-signature", "timestamp-bad"},
    ),
    "record altered": (altered("records/000000001.json"), {"record-altered"}),
    "signature altered": (altered("records/000000001.json.sig"), {"record-signature"}),
    "decision altered": (altered("decisions/*.json"), {"decision-mismatch"}),
    "leaves altered": (altered("LEAVES"), {"leaves-mismatch"}),
    "cosignature altered": (altered("receipts/*.cosig", SECOND), {"checkpoint-bad"}),
    "cosignature of a sealed day altered": (altered("receipts/*.cosig"), {"checkpoint-bad"}),
    "cosignature of a sealed day gone": (gone("receipts/*.cosig"), {"checkpoint-bad"}),
    "cosignature of another log": (of_another_log, {"checkpoint-bad"}),
    "cosignature of another size": (of_another_size, {"checkpoint-bad"}),
    "record's token altered": (altered("receipts/*.tsr", SECOND), {"timestamp-bad"}),
    "record's token of another record": (renamed_receipt, {"timestamp-bad"}),
    "note of git altered": (git_of_another_record, {"receipt-bad"}),
    "line of syslog altered": (altered("receipts/*.txt", SECOND), {"receipt-bad"}),
    "a stray among the receipts": (stray_receipt, {"extra-file"}),
    "checkpoint altered": (altered("checkpoint", SECOND), {"checkpoint-bad"}),
    "seal altered": (altered("SHA256SUMS"), {"timestamp-bad", "seal-signature"}),
    "seal's signature altered": (altered("SHA256SUMS.sig"), {"seal-signature"}),
    "seal's signature gone": (gone("SHA256SUMS.sig"), {"seal-signature"}),
    "seal's token altered": (altered("SHA256SUMS.tsr"), {"timestamp-bad"}),
    "seal gone": (gone("SHA256SUMS"), {"seal-malformed", "timestamp-bad"}),
    "seal by a stranger": (seal_signed_by("stranger"), {"signer-unknown"}),
    "seal by an approver": (seal_signed_by("approver"), {"namespace"}),
    "seal in another role": (seal_signed_by("runner", "change-approval@murenger"), {"namespace"}),
    "seal stamped late": (late_seal, {"seal-late"}),
    "other day's token": (other_days_token, {"timestamp-bad"}),
    "a file the seal does not list": (stray_decision, {"extra-file"}),
    "a middle day dropped": (dropped_middle_day, {"day-chain", "sequence", "chain-break"}),
    "the seal before changed": (swapped_previous_seal, {"day-chain"}),
    "an absolute name": (path_in_seal(b"0" * 64 + b"  /etc/passwd\n"), {"seal-malformed"}),
    "a name that leads out": (path_in_seal(b"0" * 64 + b"  ../../x\n"), {"seal-malformed"}),
    "a malformed line": (path_in_seal(b"# nothing\n"), {"seal-malformed"}),
    "a line twice": (path_in_seal(b"0" * 64 + b"  LEAVES\n"), {"seal-malformed"}),
}


@pytest.mark.parametrize("name", HARMS)
def test_each_harm_to_a_seal_or_receipt_is_named(anchored: Any, name: str) -> None:
    harm, expected = HARMS[name]
    harm(anchored)
    found = anchored.codes()
    assert expected <= found, found


def test_a_seal_that_is_a_link_is_named_and_not_followed(anchored: Any) -> None:
    path = day(anchored) / "SHA256SUMS"
    path.rename(anchored.aside / "SHA256SUMS")
    path.symlink_to(anchored.aside / "SHA256SUMS")
    assert {"not-regular", "seal-malformed"} <= anchored.codes()


def test_a_record_edited_with_the_stolen_key_in_a_sealed_day_is_named_by_its_seal(anchored: Any) -> None:
    anchored.tools.edit(
        anchored.tools.record_path(anchored.folder, 3),
        anchored.world.runner,
        lambda said: said["event"].update(object="something else"),
    )
    anchored.mend()
    assert ("record-altered", 3) in anchored.found()


@pytest.mark.slow
@pytest.mark.parametrize("index", range(17))
def test_a_flipped_bit_at_every_byte_of_evidence_is_found_in_that_file(blank: Any, index: int) -> None:
    blank.world.clock.wait(300)
    blank.world.start()
    blank.witness()
    blank.stamp()
    blank.world.ledger.keep_checkpoint(blank.checkpoint())
    blank.world.clock.wait(400)
    blank.heartbeat()
    blank.seal(FIRST)
    blank.witness()
    blank.stamp()
    blank.note()
    blank.world.ledger.keep_checkpoint(blank.checkpoint())
    assert blank.codes() == set()
    paths = sorted(path for path in (blank.folder / "days").rglob("*") if path.is_file())
    assert len(paths) == 17
    path = paths[index]
    original, name = path.read_bytes(), str(path.relative_to(blank.folder))
    for position in range(0, len(original), 1 if len(original) < 400 else 3):
        flipped = bytearray(original)
        flipped[position] ^= 1 << (position % 8)
        blank.tools.rewrite(path, bytes(flipped))
        findings = blank.verdict().findings
        if harmless(name, original, flipped):
            continue
        assert name in {finding.file for finding in findings} or sealed_with(name, findings), (name, position)


def harmless(name: str, original: bytes, flipped: bytearray) -> bool:
    """Tell whether a bit is in what nobody signs: where git lies, and the words of a syslog line before the head."""
    if name.endswith(".git"):
        return bytes(flipped).splitlines()[:1] == original.splitlines()[:1]
    return name.endswith(".txt") and flipped[-68:] == bytearray(original[-68:])


def sealed_with(name: str, findings: Any) -> bool:
    """Tell whether a seal's own files are named: its signature and its token speak of the seal, and it of them."""
    return "/SHA256SUMS" in name and any(f"{name.rpartition('/')[0]}/SHA256SUMS" in item.file for item in findings)


def test_without_trust_in_authorities_nothing_is_judged_and_that_is_said(anchored: Any) -> None:
    log = anchored.verdict(timestamps=None, log_keys=(), witness_keys=())
    assert log.findings == ()
    said = " ".join(log.limits)
    assert "tsa-roots.pem" in said
    assert "log.vkey" in said
    assert "keys were judged at the times that the records claim" in said
    assert all(not span.by for span in log.spans)


def test_a_witness_that_nobody_trusts_vouches_for_nothing(anchored: Any) -> None:
    stranger = make_key("witness.example/w9", SignatureType.COSIGNATURE)
    log = anchored.verdict(witness_keys=(stranger.verifier,), timestamps=None)
    assert log.findings == ()
    assert all(not span.by for span in log.spans)


def test_a_token_whose_certificate_has_since_expired_is_judged_at_its_own_time(anchored: Any) -> None:
    anchored.authority.ends_at = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
    log = anchored.verdict()
    assert log.findings == ()
    assert any("since expired" in limit for limit in log.limits)
    anchored.authority.ends_at = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    assert anchored.codes() == {"timestamp-bad"}


def test_a_late_seal_that_a_record_explains_is_said_and_no_fault(anchored: Any) -> None:
    reseal(anchored, at=datetime.datetime(2026, 11, 23, 0, 0, 1, tzinfo=datetime.UTC))
    assert "seal-late" in anchored.codes()
    found = Found(file=f"days/{FIRST}/SHA256SUMS", sha256="0" * 64, cause="late-seal", action="sealed")
    anchored.world.recorder.recovered((found,))
    assert "seal-late" not in anchored.codes()
    assert any("stamped late" in limit for limit in anchored.verdict().limits)


def test_an_unsealed_past_day_is_said(blank: Any) -> None:
    blank.world.story()
    assert any("carry no seal" in limit for limit in blank.verdict().limits)


def test_a_receipt_that_came_after_the_seal_lies_in_the_newest_day_and_is_sound(anchored: Any) -> None:
    text = anchored.cosigned(anchored.checkpoint(4))
    anchored.keep(ReceiptKind.WITNESS, text, sink="w2", sequence=3)
    assert anchored.codes() == set()
