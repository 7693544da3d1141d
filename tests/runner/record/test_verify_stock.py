"""Oracles that we did not write: the operator's own ssh-keygen and sha256sum agree with the ledger and with verify."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.keys import SshSigner, SshVerifier, fingerprint, generate_key
from murenger.errors import SignatureError
from murenger.record import Code, verify_store
from murenger.record.sshsig import canonical_armour, parse_signature


@pytest.fixture
def trust(told: Any, tmp_path: Path) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text(told.verifier.allowed_signers())
    return path


def stock_verify(path: Path, trust: Path, principal: str, namespace: str) -> str:
    judged_as = ["-f", str(trust), "-I", principal, "-n", namespace, "-s", f"{path}.sig"]
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-O", "verify-time=20261122000000Z", *judged_as],
        input=path.read_bytes(),
        capture_output=True,
        check=False,
    )
    return done.stdout.decode() if done.returncode == 0 else ""


def test_plain_ssh_keygen_accepts_every_record_and_decision(told: Any, trust: Path) -> None:
    records = sorted((told.folder / "days").glob("*/records/*.json"))
    decisions = sorted((told.folder / "days").glob("*/decisions/*.json"))
    assert len(records) == 9
    assert len(decisions) == 2
    for path in records:
        assert "Good" in stock_verify(path, trust, "runner@fw-site1", "change-record@murenger")
    for path in decisions:
        assert "Good" in stock_verify(path, trust, "alice@example", "change-approval@murenger")
    path = records[3]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"mgmt1", b"mgmt2"))
    assert not stock_verify(path, trust, "runner@fw-site1", "change-record@murenger")


def test_sha256sum_and_grep_alone_follow_the_chain(told: Any) -> None:
    previous = "0" * 64
    for path in sorted((told.folder / "days").glob("*/records/*.json")):
        found = subprocess.run(
            ["grep", "-o", '"prev_record_sha256":"[0-9a-f]*"', str(path)], capture_output=True, text=True, check=True
        ).stdout
        assert found == f'"prev_record_sha256":"{previous}"\n'
        previous = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True).stdout[:64]


def test_verify_by_ssh_keygen_gives_the_verdicts_of_the_oracle(told: Any, tools: Any, trust: Path) -> None:
    verifier = SshVerifier(trust)
    assert verify_store(told.folder, verifier=verifier).exit_code == 3
    path = tools.record_path(told.folder, 8)
    original = path.read_bytes(), path.with_name(path.name + ".sig").read_bytes()
    tools.forge(path, original[0], told.stranger)
    assert _codes(told, verifier) == {Code.SIGNER_UNKNOWN}
    tools.forge(path, original[0], told.approver)
    assert _codes(told, verifier) == {Code.NAMESPACE}
    tools.rewrite(path.with_name(path.name + ".sig"), original[1])
    tools.rewrite(path, original[0].replace(b"mgmt1", b"mgmt2"))
    assert _codes(told, verifier) == {Code.RECORD_ALTERED}


def test_every_damaged_signature_is_named_as_damaged_by_ssh_keygen_too(told: Any, tools: Any, trust: Path) -> None:
    path = tools.record_path(told.folder, 8)
    signature = path.with_name(path.name + ".sig")
    original = signature.read_bytes()
    for position in range(0, len(original), 11):
        flipped = bytearray(original)
        flipped[position] ^= 1 << (position % 8)
        tools.rewrite(signature, bytes(flipped))
        assert _codes(told, SshVerifier(trust)) == {Code.RECORD_SIGNATURE}, position


def _codes(told: Any, verifier: SshVerifier) -> set[Code]:
    (log,) = verify_store(told.folder, verifier=verifier).logs
    return {finding.code for finding in log.findings}


def test_a_trust_file_with_a_key_for_every_role_stops_verification(told: Any, trust: Path) -> None:
    with trust.open("a") as file:
        file.write(f"eve@example {told.stranger.line}\n")
    with pytest.raises(SignatureError, match="every role"):
        verify_store(told.folder, verifier=SshVerifier(trust))


def test_a_missing_trust_file_is_trouble_and_no_verdict(told: Any, tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="no trust file"):
        verify_store(told.folder, verifier=SshVerifier(tmp_path / "missing"))


def test_a_log_signed_by_ssh_keygen_itself_is_intact(world: Any, tmp_path: Path) -> None:
    key = tmp_path / "runner"
    line = generate_key(key, "runner", "ecdsa-p256")
    world.ledger._signer = SshSigner("runner@fw-site1", key)  # noqa: SLF001 - the same world with a real key
    trust = tmp_path / "allowed_signers"
    trust.write_text(world.verifier.allowed_signers() + f'runner@fw-site1 namespaces="change-record@murenger" {line}\n')
    world.start()
    world.outcome(world.intent())
    report = verify_store(world.folder, verifier=SshVerifier(trust))
    assert report.logs[0].findings == ()
    assert json.loads(world.ledger.head().content)["predicate"]["executor"]["key_fp"] == fingerprint(key)


def test_our_reading_of_a_signature_is_that_of_ssh_keygen(tmp_path: Path) -> None:
    key = tmp_path / "key"
    generate_key(key, "x")
    signature = SshSigner("x", key).sign(b"content", namespace="change-record@murenger")
    claim = parse_signature(signature)
    assert (claim.key_fingerprint, claim.namespace) == (fingerprint(key), "change-record@murenger")
    assert canonical_armour(signature) == signature
    assert canonical_armour(signature.replace("\n", "\r\n")) == signature


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="signature"):
        parse_signature(text)
