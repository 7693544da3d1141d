"""Security keys: the touch that a signature shows, judged from signatures that ssh-keygen itself accepts."""

import base64
import datetime
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from murenger.adapters.keys import SshVerifier
from murenger.record.sshsig import parse_signature
from murenger.record.verify.presence import user_presence

NAMESPACE = "change-approval@murenger"
KIND, APPLICATION = b"sk-ssh-ed25519@openssh.com", b"ssh:"


def field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def signed_by_security_key(content: bytes, flags: int) -> tuple[str, str]:
    """Return a signature as a security key makes it, with these flags, and its public key line."""
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key = field(KIND) + field(raw) + field(APPLICATION)
    hashed = hashlib.sha512(content).digest()
    message = b"SSHSIG" + b"".join(map(field, (NAMESPACE.encode(), b"", b"sha512", hashed)))
    tail = bytes([flags]) + (7).to_bytes(4, "big")
    inner = private.sign(hashlib.sha256(APPLICATION).digest() + tail + hashlib.sha256(message).digest())
    wrapped = field(KIND) + field(inner) + tail
    blob = b"SSHSIG\0\0\0\1" + b"".join(map(field, (key, NAMESPACE.encode(), b"", b"sha512", wrapped)))
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    armoured = "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])
    return armoured, f"{KIND.decode()} {base64.b64encode(key).decode()}"


@pytest.mark.parametrize(("flags", "touched"), [(0, False), (1, True), (4, False), (5, True)])
def test_the_touch_is_read_from_a_signature_that_ssh_keygen_accepts(tmp_path: Path, flags: int, touched: bool) -> None:  # noqa: FBT001 - a table's column
    content = b"a decision"
    armoured, line = signed_by_security_key(content, flags)
    (tmp_path / "sig").write_text(armoured)
    command = ["ssh-keygen", "-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(tmp_path / "sig")]
    assert subprocess.run(command, input=content, capture_output=True, check=False).returncode == 0
    trust = tmp_path / "allowed_signers"
    trust.write_text(f'alice@example namespaces="{NAMESPACE}" {line}\n')
    at = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    signer = SshVerifier(trust).verify(content, armoured, namespace=NAMESPACE, at=at)
    assert signer.principal == "alice@example"
    assert user_presence(parse_signature(armoured)) is touched
