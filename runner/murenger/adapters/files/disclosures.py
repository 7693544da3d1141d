"""Disclosures: what opens a redacted value of a record, kept encrypted beside the log and in no pack.

Input: a log's folder, a record's number and a digest that it holds. Output: the value, with what proves it.
"""

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

from murenger.errors import LedgerError, SecretError
from murenger.record.predicate import MAX_RECORD_BYTES
from murenger.record.store import DAYS, RECORDS, day_names, read_regular, record_name

FOLDER = "private/disclosures"

_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")
_MAX_BYTES = 16 * 1024 * 1024
_PARTS = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A redacted value, proved.

    Attributes:
        digest: what the record has in its place.
        text: the disclosure: base64url of the JSON list [salt, name, value]; its SHA-256 is the digest.
        name: what the value is, such as a device and a path.
        value: the value.
    """

    digest: str
    text: str = dataclasses.field(repr=False)
    name: str
    value: str = dataclasses.field(repr=False)


def open_disclosure(ledger: Path, sequence: int, digest: str, *, decrypt: Callable[[bytes], bytes]) -> Opened:
    """Return what a record redacted, if it is still kept.

    Args:
        ledger: the log's folder.
        sequence: number of the record.
        digest: what the record has in place of the value.
        decrypt: opens what the vault encrypted.

    Raises:
        LedgerError: the record is not there, or does not hold that digest.
        SecretError: the disclosure is gone, cannot be decrypted, or is another.
    """
    if not _DIGEST.fullmatch(digest):
        raise LedgerError("a digest of a redaction has 43 letters, digits, hyphens and underscores")
    if f'"redacted":"{digest}"'.encode("ascii") not in _record(ledger, sequence):
        raise LedgerError(f"record {sequence} holds no redaction {digest}", hint=f"murenger show {sequence} -o json")
    path = ledger / FOLDER / f"{digest}.vault"
    try:
        text = decrypt(read_regular(path, _MAX_BYTES)).decode("ascii")
    except FileNotFoundError as exc:
        raise SecretError(
            f"the disclosure {digest} is not kept any more", hint="an erased one cannot be had back, by design"
        ) from exc
    except (OSError, ValueError) as exc:
        raise SecretError(f"the disclosure {digest} cannot be read") from exc
    return _opened(text, digest)


def _opened(text: str, digest: str) -> Opened:
    hashed = base64.urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).decode("ascii").rstrip("=")
    if hashed != digest:
        raise SecretError(f"the disclosure kept as {digest} is another one")
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as exc:
        raise SecretError(f"the disclosure {digest} cannot be read") from exc
    if not isinstance(parts, list) or len(parts) != _PARTS or not all(isinstance(part, str) for part in parts):
        raise SecretError(f"the disclosure {digest} is not salt, name and value")
    return Opened(digest=digest, text=text, name=parts[1], value=parts[2])


def _record(ledger: Path, sequence: int) -> bytes:
    try:
        for day in reversed(day_names(ledger)):
            path = ledger / DAYS / day / RECORDS / record_name(max(sequence, 0))
            if path.exists():
                return read_regular(path, MAX_RECORD_BYTES)
    except (OSError, ValueError) as exc:
        raise LedgerError(f"record {sequence} cannot be read: {exc}", hint="murenger verify") from exc
    raise LedgerError(f"there is no record {sequence}", hint="murenger log lists them")
