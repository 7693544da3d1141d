"""Signatures whose arithmetic was done ahead get the same verdicts, and nothing else is taken for one of them."""

import datetime
from pathlib import Path

import pytest

import murenger.adapters.keys.verifier as verifier_module
from murenger.adapters.keys import SshSigner, SshVerifier, generate_key, public_key
from murenger.errors import SignatureError

NAMESPACE = "change-record@murenger"
CONTENT = b'{"a":"record"}'
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


@pytest.fixture
def signer(tmp_path: Path) -> SshSigner:
    generate_key(tmp_path / "key", "key", "ed25519")
    line = f'runner namespaces="{NAMESPACE}",valid-before="20261122120000Z" {public_key(tmp_path / "key")}\n'
    (tmp_path / "allowed_signers").write_text(line)
    return SshSigner("runner", tmp_path / "key")


def verdict(verifier: SshVerifier, content: bytes, signature: str, at: datetime.datetime = NOW) -> str:
    try:
        return verifier.verify(content, signature, namespace=NAMESPACE, at=at).principal
    except SignatureError as exc:
        return exc.reason


def test_a_foreseen_signature_is_not_computed_again(
    signer: SshSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = SshVerifier(tmp_path / "allowed_signers")
    signature = signer.sign(CONTENT, namespace=NAMESPACE)
    verifier.foresee([(CONTENT, signature)])
    asked = []
    monkeypatch.setattr(verifier_module, "is_good", lambda *given: asked.append(given))
    monkeypatch.setenv("PATH", "/nowhere")
    assert verdict(verifier, CONTENT, signature) == "runner"
    assert asked == []


def test_a_foreseen_signature_is_good_for_its_own_bytes_alone(signer: SshSigner, tmp_path: Path) -> None:
    verifier = SshVerifier(tmp_path / "allowed_signers")
    signature = signer.sign(CONTENT, namespace=NAMESPACE)
    verifier.foresee([(CONTENT, signature)])
    assert verdict(verifier, CONTENT + b" ", signature) == "invalid"
    assert verdict(verifier, b"", signature) == "invalid"
    assert verdict(verifier, CONTENT, signature) == "runner"


def test_who_may_sign_and_when_is_judged_when_asked(signer: SshSigner, tmp_path: Path) -> None:
    verifier = SshVerifier(tmp_path / "allowed_signers")
    signature = signer.sign(CONTENT, namespace=NAMESPACE)
    other = signer.sign(CONTENT, namespace="waiver@murenger")
    verifier.foresee([(CONTENT, signature), (CONTENT, other)])
    assert verdict(verifier, CONTENT, signature, NOW + datetime.timedelta(seconds=1)) == "expired"
    assert verdict(verifier, CONTENT, other) == "namespace"
    (tmp_path / "krl").write_text(public_key(tmp_path / "key") + "\n")
    assert verdict(verifier, CONTENT, signature) == "revoked"


def test_a_bad_signature_among_good_ones_stays_bad(signer: SshSigner, tmp_path: Path) -> None:
    verifier = SshVerifier(tmp_path / "allowed_signers")
    contents = [b"%d" % number for number in range(4)]
    signatures = [signer.sign(content, namespace=NAMESPACE) for content in contents]
    signatures[0] = signer.sign(b"other bytes", namespace=NAMESPACE)
    signatures[1], signatures[2] = signatures[3], "no signature"
    verifier.foresee(zip(contents, signatures, strict=True))
    verdicts = [verdict(verifier, *pair) for pair in zip(contents, signatures, strict=True)]
    assert verdicts == ["invalid", "invalid", "invalid", "runner"]


def test_what_was_foreseen_before_is_forgotten(
    signer: SshSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = SshVerifier(tmp_path / "allowed_signers")
    signature = signer.sign(CONTENT, namespace=NAMESPACE)
    verifier.foresee([(CONTENT, signature)])
    verifier.foresee([])
    asked = []
    monkeypatch.setattr(verifier_module, "is_good", lambda *given: bool(asked.append(given)))
    assert verdict(verifier, CONTENT, signature) == "runner"
    assert len(asked) == 1
