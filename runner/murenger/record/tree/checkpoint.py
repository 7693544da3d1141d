"""Checkpoints: the head of a log as a signed note, which witnesses cosign.

Input: origin, size and root; or the bytes of a checkpoint, and the keys that somebody trusts. Output: one from the
other.
Source: c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.
"""

import base64
import dataclasses
import datetime
from collections.abc import Iterable

from murenger.errors import SignatureError
from murenger.record.tree.merkle import HASH_BYTES
from murenger.record.tree.note import (
    Note,
    SignatureType,
    Signed,
    SignerKey,
    VerifierKey,
    parse_note,
    strict_base64,
    strict_decimal,
    verify_note,
)

_FIXED_LINES = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: name of the log.
        size: number of leaves, >= 0.
        root: the tree's root, 32 bytes.
        extensions: further lines, none of them empty; our own logs write none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode("ascii")
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A checkpoint whose log signed it.

    Attributes:
        checkpoint: the head.
        note: the signed note, with every signature line that came.
        log: the log's own signature.
        cosigned: signatures of known witnesses, each with its time; empty where there are none.
    """

    checkpoint: Checkpoint
    note: Note
    log: Signed
    cosigned: tuple[Signed, ...]

    @property
    def earliest(self) -> datetime.datetime | None:
        """The earliest time at which a known witness saw this head, or None."""
        return min((signed.at for signed in self.cosigned if signed.at is not None), default=None)


def parse_checkpoint(content: bytes) -> tuple[Checkpoint, Note]:
    """Return what a checkpoint claims; nothing is checked against a key.

    Raises:
        ValueError: it is no checkpoint, and why.
    """
    note = parse_note(content)
    return parse_checkpoint_text(note.text), note


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Return what the text of a checkpoint says.

    Raises:
        ValueError: it is no such text, and why.
    """
    *lines, rest = text.split("\n")
    if rest or len(lines) < _FIXED_LINES or not all(lines):
        raise ValueError("a checkpoint is origin, size and root, a line each, and no line is empty")
    try:
        size = strict_decimal(lines[1])
    except ValueError as exc:
        raise ValueError(f"the checkpoint's size: {exc}") from exc
    try:
        root = strict_base64(lines[2])
    except ValueError as exc:
        raise ValueError(f"the checkpoint's root: {exc}") from exc
    if len(root) != HASH_BYTES:
        raise ValueError(f"the checkpoint's root has {len(root)} bytes, not {HASH_BYTES}")
    return Checkpoint(origin=lines[0], size=size, root=root, extensions=tuple(lines[_FIXED_LINES:]))


def sign_checkpoint(checkpoint: Checkpoint, key: SignerKey) -> str:
    """Return a checkpoint signed by its log.

    Raises:
        ValueError: the key is not the log's, or a field could not be read back.
    """
    if key.type is not SignatureType.ED25519 or key.name != checkpoint.origin:
        raise ValueError(f"the key {key.name!a} is not that of the log {checkpoint.origin!a}")
    text = checkpoint.text
    if parse_checkpoint_text(text) != checkpoint:
        raise ValueError("the checkpoint cannot be written so that it reads the same")
    return Note(text=text, signatures=(key.sign(text),)).content.decode()


def open_checkpoint(
    content: bytes, *, log_keys: Iterable[VerifierKey], witness_keys: Iterable[VerifierKey] = ()
) -> Opened:
    """Return a checkpoint that its log signed, with the cosignatures of known witnesses.

    A witness that did not sign is no error; one whose signature is false is.

    Args:
        content: the bytes of the signed note.
        log_keys: keys of logs; those named as the checkpoint's origin count.
        witness_keys: keys of witnesses.

    Raises:
        ValueError: it is no checkpoint.
        SignatureError: `reason` unknown: no known key of this log signed; invalid: a known key's signature is false.
    """
    checkpoint, note = parse_checkpoint(content)
    of_log = [key for key in log_keys if key.name == checkpoint.origin and key.type is SignatureType.ED25519]
    log, *_ = verify_note(note, of_log)
    witnesses = [key for key in witness_keys if key.type is SignatureType.COSIGNATURE]
    present = any(signature.is_by(key) for signature in note.signatures for key in witnesses)
    return Opened(checkpoint=checkpoint, note=note, log=log, cosigned=verify_note(note, witnesses) if present else ())


def open_cosigned(content: bytes, *, log_keys: Iterable[VerifierKey], witness_keys: Iterable[VerifierKey]) -> Opened:
    """Return a checkpoint that its log signed and at least one known witness cosigned.

    Raises:
        ValueError: it is no checkpoint.
        SignatureError: as for `open_checkpoint`, or no known witness cosigned.
    """
    opened = open_checkpoint(content, log_keys=log_keys, witness_keys=witness_keys)
    if not opened.cosigned:
        raise SignatureError("no trusted witness cosigned the checkpoint", reason="unknown")
    return opened
