"""SSHSIG by Ed25519 in process: an oracle that shares no code with the adapters.

Input: bytes. Output: the ports Signer and Verifier, fast enough to try every byte of a log.
Source: OpenSSH PROTOCOL.sshsig.
"""

import base64
import dataclasses
import datetime
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from murenger.errors import SignatureError
from murenger.ports import Signatory


def _wire(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def _unwire(data: bytes, count: int) -> tuple[list[bytes], bytes]:
    fields = []
    for _ in range(count):
        length = int.from_bytes(data[:4], "big")
        if len(data) < 4 + length:
            raise ValueError("cut short")
        fields.append(data[4 : 4 + length])
        data = data[4 + length :]
    return fields, data


def _signed_data(namespace: bytes, content: bytes) -> bytes:
    return b"SSHSIG" + _wire(namespace, b"", b"sha512", hashlib.sha512(content).digest())


def _armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _unarmour(text: str) -> bytes:
    lines = text.splitlines()
    if lines[0] != "-----BEGIN SSH SIGNATURE-----" or lines[-1] != "-----END SSH SIGNATURE-----":
        raise ValueError("no armour")
    return base64.b64decode("".join(lines[1:-1]), validate=True)


def _fields(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return key blob, namespace, raw key and raw signature of an SSHSIG by Ed25519."""
    (blob, namespace, reserved, algorithm, wrapped), rest = _unwire(data[10:], 5)
    (kind, inner), more = _unwire(wrapped, 2)
    (key_kind, raw), left = _unwire(blob, 2)
    sound = data[:10] == b"SSHSIG" + (1).to_bytes(4, "big") and {kind, key_kind} == {b"ssh-ed25519"}
    if not sound or rest or more or left or reserved or algorithm != b"sha512":
        raise ValueError("odd fields")
    return blob, namespace, raw, inner


class Key:
    """An Ed25519 key that signs in process; the port Signer."""

    def __init__(self, principal: str) -> None:
        self.principal = principal
        self.private = Ed25519PrivateKey.generate()
        raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.blob = _wire(b"ssh-ed25519", raw)
        self.fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def line(self) -> str:
        return f"ssh-ed25519 {base64.b64encode(self.blob).decode()}"

    def identity(self) -> Signatory:
        return Signatory(principal=self.principal, key_fingerprint=self.fingerprint)

    def sign(self, content: bytes, *, namespace: str) -> str:
        inner = self.private.sign(_signed_data(namespace.encode(), content))
        signature = _wire(b"ssh-ed25519", inner)
        head = b"SSHSIG" + (1).to_bytes(4, "big")
        return _armour(head + _wire(self.blob, namespace.encode(), b"", b"sha512", signature))


@dataclasses.dataclass
class Role:
    """What one key may do, and until when."""

    key: Key
    namespaces: tuple[str, ...]
    valid_before: datetime.datetime | None = None


class InProcessVerifier:
    """The port Verifier over a list of roles."""

    def __init__(self, *roles: Role) -> None:
        self.roles = list(roles)

    def allowed_signers(self) -> str:
        lines = []
        for role in self.roles:
            options = f'namespaces="{",".join(role.namespaces)}"'
            if role.valid_before:
                options += f',valid-before="{role.valid_before:%Y%m%d%H%M%S}Z"'
            lines.append(f"{role.key.principal} {options} {role.key.line}\n")
        return "".join(lines)

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Signatory:
        blob, made_in = self._sound(content, signature)
        if made_in != namespace.encode():
            raise SignatureError("another role", reason="namespace")
        mine = [role for role in self.roles if role.key.blob == blob]
        if not mine:
            raise SignatureError("a stranger", reason="unknown")
        mine = [role for role in mine if namespace in role.namespaces]
        if not mine:
            raise SignatureError("may not sign here", reason="namespace")
        if not any(role.valid_before is None or at <= role.valid_before for role in mine):
            raise SignatureError("too late", reason="expired")
        return mine[0].key.identity()

    def _sound(self, content: bytes, signature: str) -> tuple[bytes, bytes]:
        try:
            blob, namespace, raw, inner = _fields(_unarmour(signature))
            Ed25519PublicKey.from_public_bytes(raw).verify(inner, _signed_data(namespace, content))
        except (ValueError, InvalidSignature, IndexError) as exc:
            raise SignatureError("damaged", reason="invalid") from exc
        return blob, namespace
