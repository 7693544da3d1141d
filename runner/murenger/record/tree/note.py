"""Signed notes: text with one or more signatures, each by a key that has a name.

Input: the bytes of a note, and the keys that somebody trusts. Output: its text and who signed it, or a refusal.
Source: c2sp.org/signed-note; type 0x04 from c2sp.org/tlog-cosignature.
"""

import base64
import binascii
import dataclasses
import datetime
import enum
import hashlib
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from murenger.errors import SignatureError

# Room for sixteen signatures of the largest kinds, which every reader of notes has to accept.
MAX_NOTE_BYTES = 128 * 1024
MAX_SIGNATURES = 64
MAX_KEY_TEXT = 1024

_ID_BYTES, _TIME_BYTES, _KEY_BYTES = 4, 8, 32
_DASH = "\u2014"
_PRIVATE = "PRIVATE+KEY+"
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_LARGEST = 2**63 - 1


class SignatureType(enum.IntEnum):
    """How a key signs; the value is the type byte in its public form."""

    ED25519 = 0x01
    """Ed25519 over the note's text: a log signs its checkpoints so."""
    COSIGNATURE = 0x04
    """Ed25519 over a time and the checkpoint's text: a witness signs so."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A key that somebody trusts.

    Attributes:
        name: whose it is; without blanks or plus.
        type: how it signs.
        public: the Ed25519 public key, 32 bytes.
    """

    name: str
    type: SignatureType
    public: bytes

    @property
    def key_id(self) -> int:
        """The number that stands for the key in a signature line; a hint, no proof."""
        hashed = hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public)
        return int.from_bytes(hashed.digest()[:_ID_BYTES], "big")

    @property
    def vkey(self) -> str:
        """The key as one line of text."""
        return f"{self.name}+{self.key_id:08x}+{_base64(bytes([self.type]) + self.public)}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """A private key with its name.

    Attributes:
        name: whose it is; without blanks or plus.
        type: how it signs.
        private: the Ed25519 private key.
    """

    name: str
    type: SignatureType
    private: Ed25519PrivateKey = dataclasses.field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a name that no note could carry.

        Raises:
            ValueError: it is empty, or holds a blank, a plus or a control character.
        """
        check_key_name(self.name)

    @property
    def verifier(self) -> VerifierKey:
        """Its public half."""
        return VerifierKey(name=self.name, type=self.type, public=self.private.public_key().public_bytes_raw())

    @property
    def skey(self) -> str:
        """The key as one line of secret text, in the form of Go's `sumdb/note`."""
        secret = bytes([self.type]) + self.private.private_bytes_raw()
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id:08x}+{_base64(secret)}"

    def sign(self, text: str, *, at: datetime.datetime | None = None) -> "NoteSignature":
        """Return a signature over a note's text.

        Args:
            text: the whole text, with its last line end.
            at: the time to vouch for, whole seconds count; a cosignature needs it, no other type takes it.

        Raises:
            ValueError: a time is missing or out of place.
        """
        if (at is None) is (self.type is SignatureType.COSIGNATURE):
            raise ValueError("a cosignature carries a time, and nothing else does")
        stamp = b"" if at is None else int(at.timestamp()).to_bytes(_TIME_BYTES, "big")
        made = self.private.sign(_signed_bytes(self.type, text, stamp))
        return NoteSignature(name=self.name, key_id=self.verifier.key_id, raw=stamp + made)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line, checked or not.

    Attributes:
        name: name of the key, as claimed.
        key_id: number of the key, as claimed.
        raw: what follows the number.
    """

    name: str
    key_id: int
    raw: bytes

    @property
    def line(self) -> str:
        """The line, with its line end."""
        return f"{_DASH} {self.name} {_base64(self.key_id.to_bytes(_ID_BYTES, 'big') + self.raw)}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Tell whether it claims to be by this key."""
        return self.name == key.name and self.key_id == key.key_id


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note, checked or not.

    Attributes:
        text: the text, with its last line end; not to be believed before `verify_note`.
        signatures: every signature line in order, also those of unknown keys.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def content(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}".encode()

    def signed_by(self, *more: NoteSignature) -> "Note":
        """Return the note with further signatures at its end."""
        return Note(text=self.text, signatures=(*self.signatures, *more))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature that holds.

    Attributes:
        key: whose it is.
        at: the time that a cosignature vouches for; None for any other type.
        signature: the line.
    """

    key: VerifierKey
    at: datetime.datetime | None
    signature: NoteSignature


def parse_note(content: bytes) -> Note:
    """Return a note's text and signature lines; nothing is checked against a key.

    Raises:
        ValueError: it is no note, and why.
    """
    if len(content) > MAX_NOTE_BYTES:
        raise ValueError(f"the note has {len(content)} bytes, more than {MAX_NOTE_BYTES}")
    try:
        whole = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ValueError(f"byte {exc.start} of the note is not UTF-8") from exc
    if any(character < " " and character != "\n" for character in whole):
        raise ValueError("the note holds a control character")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank:
        raise ValueError("no empty line separates the note's text from its signatures")
    return Note(text=text + "\n", signatures=parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[NoteSignature, ...]:
    """Return the signature lines of a note, at least one.

    Raises:
        ValueError: a line is none, there are none, or there are too many.
    """
    *whole, rest = lines.split("\n")
    if rest:
        raise ValueError("the last signature line has no line end")
    if not 0 < len(whole) <= MAX_SIGNATURES:
        raise ValueError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(whole)}")
    return tuple(_parse_signature(line) for line in whole)


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[Signed, ...]:
    """Return the signatures that known keys made, in the note's order.

    Signatures of unknown keys are passed over, as the specification asks.

    Args:
        note: as parsed.
        keys: those trusted for this note.

    Raises:
        SignatureError: `reason` unknown: no known key signed; invalid: a known key's signature is not over this text.
    """
    trusted = tuple(keys)
    found = tuple(
        _verified(note.text, signature, key) for signature in note.signatures for key in trusted if signature.is_by(key)
    )
    if not found:
        claimed = ", ".join(dict.fromkeys(signature.name for signature in note.signatures))
        raise SignatureError(f"no trusted key signed the note, only {claimed!a}", reason="unknown")
    return found


def parse_vkey(text: str) -> VerifierKey:
    """Return a public key from its line of text.

    Raises:
        ValueError: it is no such line, of a type that is not supported, or its number is not that of its key.
    """
    name, key_id, type_, public = _key_parts(text.strip())
    key = VerifierKey(name=name, type=type_, public=public)
    if f"{key.key_id:08x}" != key_id:
        raise ValueError(f"the key {name!a} has the number {key.key_id:08x}, not {key_id}")
    return key


def read_vkeys(text: str) -> tuple[VerifierKey, ...]:
    """Return the public keys of a file with one a line; empty lines and those that begin with # are passed over.

    Raises:
        ValueError: a line is no key; names it.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(parse_vkey(line))
            except ValueError as exc:
                raise ValueError(f"line {number}: {exc}") from exc
    return tuple(keys)


def parse_skey(text: str) -> SignerKey:
    """Return a private key from its line of text.

    Raises:
        ValueError: it is no such line; the message repeats nothing secret.
    """
    line = text.strip()
    if not line.startswith(_PRIVATE):
        raise ValueError(f"a private key begins with {_PRIVATE}")
    name, key_id, type_, seed = _key_parts(line.removeprefix(_PRIVATE))
    key = SignerKey(name=name, type=type_, private=Ed25519PrivateKey.from_private_bytes(seed))
    if f"{key.verifier.key_id:08x}" != key_id:
        raise ValueError(f"the key {name!a} has the number {key.verifier.key_id:08x}, not {key_id}")
    return key


def make_key(name: str, type_: SignatureType) -> SignerKey:
    """Make a new key.

    Raises:
        ValueError: the name cannot stand in a note.
    """
    return SignerKey(name=name, type=type_, private=Ed25519PrivateKey.generate())


def check_key_name(name: str) -> str:
    """Return a key's name.

    Raises:
        ValueError: it is empty, or holds a blank, a plus, a control character or an undecodable byte.
    """
    bad = any(c.isspace() or c == "+" or c < " " or "\ud800" <= c <= "\udfff" for c in name)
    if not name or bad:
        raise ValueError(f"a key cannot be named {name!a}: no blanks, plus or control characters")
    return name


def strict_base64(text: str) -> bytes:
    """Return the bytes of standard base64, of which each value has one spelling only.

    Raises:
        ValueError: it is not that spelling.
    """
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("this is not base64") from exc
    if _base64(decoded) != text:
        raise ValueError("this base64 has another, shorter or padded, spelling")
    return decoded


def strict_decimal(text: str) -> int:
    """Return a number below 2^63 from ASCII digits without leading zeroes.

    Raises:
        ValueError: it is not that.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > _LARGEST:
        raise ValueError("this is not a decimal number below 2^63 without leading zeroes")
    return int(text)


def _parse_signature(line: str) -> NoteSignature:
    words = line.split(" ")
    if len(words) != 3 or words[0] != _DASH:  # noqa: PLR2004 - dash, name, signature
        raise ValueError("a signature line is a dash, a name and base64, with a space between each")
    decoded = strict_base64(words[2])
    if len(decoded) <= _ID_BYTES:
        raise ValueError("a signature line is too short")
    key_id = int.from_bytes(decoded[:_ID_BYTES], "big")
    return NoteSignature(name=check_key_name(words[1]), key_id=key_id, raw=decoded[_ID_BYTES:])


def _verified(text: str, signature: NoteSignature, key: VerifierKey) -> Signed:
    cut = _TIME_BYTES if key.type is SignatureType.COSIGNATURE else 0
    stamp, made = signature.raw[:cut], signature.raw[cut:]
    try:
        at = _time(stamp) if cut else None
        Ed25519PublicKey.from_public_bytes(key.public).verify(made, _signed_bytes(key.type, text, stamp))
    except (InvalidSignature, ValueError) as exc:
        raise SignatureError(f"the signature of {key.name!a} is not over this text", reason="invalid") from exc
    return Signed(key=key, at=at, signature=signature)


def _signed_bytes(type_: SignatureType, text: str, stamp: bytes) -> bytes:
    if type_ is SignatureType.ED25519:
        return text.encode()
    return f"cosignature/v1\ntime {int.from_bytes(stamp, 'big')}\n{text}".encode()


def _time(stamp: bytes) -> datetime.datetime:
    seconds = int.from_bytes(stamp, "big")
    # Zero is how other cosigners say that they vouch for no time.
    if len(stamp) != _TIME_BYTES or seconds == 0:
        raise ValueError("the cosignature carries no time")
    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    except (OverflowError, OSError) as exc:
        raise ValueError("the cosignature's time is beyond the calendar") from exc


def _key_parts(line: str) -> tuple[str, str, SignatureType, bytes]:
    """Return name, number in hex, type and key bytes of a key's line, private or public."""
    if len(line) > MAX_KEY_TEXT:
        raise ValueError(f"a key's line has at most {MAX_KEY_TEXT} characters")
    parts = line.split("+", 2)
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):  # noqa: PLR2004 - name, number, key
        raise ValueError("a key reads NAME+8 hex digits+base64")
    decoded = strict_base64(parts[2])
    known = {int(each): each for each in SignatureType}
    if not decoded or decoded[0] not in known:
        raise ValueError(f"the key {parts[0]!a} is of a type that is not supported")
    if len(decoded) != 1 + _KEY_BYTES:
        raise ValueError(f"the key {parts[0]!a} has {len(decoded) - 1} bytes, not {_KEY_BYTES}")
    return check_key_name(parts[0]), parts[1], known[decoded[0]], decoded[1:]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
