"""The outside of an SSHSIG: its armour, the key it names and its namespace, without any cryptography.

Input: an armoured signature. Output: what it claims; only `ssh-keygen` says whether the claim is true.
Source: OpenSSH PROTOCOL.sshsig.
"""

import base64
import binascii
import dataclasses
import hashlib

_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = 1
_LINE_LENGTH = 70


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """What a detached SSHSIG claims about itself.

    Attributes:
        blob: the decoded signature.
        public_key: the signer's key (or certificate) in SSH wire form.
        key_type: such as `ssh-ed25519`.
        namespace: the role it was made in.
    """

    blob: bytes
    public_key: bytes
    key_type: str
    namespace: str

    @property
    def key_fingerprint(self) -> str:
        """The key's fingerprint as `ssh-keygen -l` prints it."""
        digest = hashlib.sha256(self.public_key).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def parse_signature(armoured: str) -> SshSignature:
    """Return what an armoured signature claims.

    Raises:
        ValueError: it is not an SSHSIG.
    """
    lines = armoured.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004 - begin, text, end
        raise ValueError("not an armoured SSH signature")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("the signature is not base64") from exc
    head = len(_MAGIC) + 4
    if blob[:head] != _MAGIC + _VERSION.to_bytes(4, "big"):
        raise ValueError("not an SSH signature of version 1")
    public_key, rest = _string(blob[head:])
    namespace, _ = _string(rest)
    key_type, _ = _string(public_key)
    try:
        return SshSignature(
            blob=blob, public_key=public_key, key_type=key_type.decode("ascii"), namespace=namespace.decode("utf-8")
        )
    except UnicodeDecodeError as exc:
        raise ValueError("the signature names its key or namespace in bytes that are no text") from exc


def canonical_armour(armoured: str) -> str:
    """Return the same signature as `ssh-keygen` itself writes it, so that one signature has one byte form.

    Raises:
        ValueError: it is not an SSHSIG.
    """
    text = base64.b64encode(parse_signature(armoured).blob).decode("ascii")
    lines = [text[start : start + _LINE_LENGTH] for start in range(0, len(text), _LINE_LENGTH)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def _string(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise ValueError("the signature is cut short")
    return data[4 : 4 + length], data[4 + length :]
