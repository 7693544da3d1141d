"""The outside of an SSHSIG: its armour, the key it names and its namespace, without any cryptography.

Input: an armoured signature. Output: what it claims; only `ssh-keygen` says whether the claim is true.
Source: OpenSSH PROTOCOL.sshsig.
"""

import base64
import binascii
import dataclasses
import functools
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
        return _fingerprint(self.public_key)


@functools.lru_cache(maxsize=64)
def _fingerprint(public_key: bytes) -> str:
    digest = hashlib.sha256(public_key).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


# A signature is looked at by several checks, one right after the other.
@functools.lru_cache(maxsize=8)
def parse_signature(armoured: str) -> SshSignature:
    """Return what an armoured signature claims.

    Raises:
        ValueError: it is not an SSHSIG.
    """
    lines = armoured.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004 - begin, text, end
        raise ValueError("not an armoured SSH signature")
    try:
        blob = binascii.a2b_base64("".join(lines[1:-1]), strict_mode=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("the signature is not base64") from exc
    head = len(_MAGIC) + 4
    if blob[:head] != _MAGIC + _VERSION.to_bytes(4, "big"):
        raise ValueError("not an SSH signature of version 1")
    key_end = head + 4 + int.from_bytes(blob[head : head + 4], "big")
    name_end = key_end + 4 + int.from_bytes(blob[key_end : key_end + 4], "big")
    public_key, key_type, namespace = _names(blob[head:name_end])
    return SshSignature(blob=blob, public_key=public_key, key_type=key_type, namespace=namespace)


@functools.lru_cache(maxsize=64)
def _names(data: bytes) -> tuple[bytes, str, str]:
    """Return key, kind of key and namespace; a log's records have the same few."""
    public_key, rest = _string(data)
    namespace, _ = _string(rest)
    key_type, _ = _string(public_key)
    try:
        return public_key, key_type.decode("ascii"), namespace.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ValueError("the signature names its key or namespace in bytes that are no text") from exc


def canonical_armour(armoured: str) -> str:
    """Return the same signature as `ssh-keygen` itself writes it, so that one signature has one byte form.

    Raises:
        ValueError: it is not an SSHSIG.
    """
    text = binascii.b2a_base64(parse_signature(armoured).blob, newline=False).decode("ascii")
    lines = [text[start : start + _LINE_LENGTH] for start in range(0, len(text), _LINE_LENGTH)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def is_canonical(armoured: str) -> bool:
    """Tell whether a signature is in the one byte form that `ssh-keygen` itself writes."""
    try:
        return canonical_armour(armoured) == armoured
    except ValueError:
        return False


def _string(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise ValueError("the signature is cut short")
    return data[4 : 4 + length], data[4 + length :]
