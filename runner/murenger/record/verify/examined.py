"""One record under examination: its files read once, and what they say.

Input: a record's files. Output: its parsed content, or why it has none; nothing about it is trusted yet.
"""

import datetime
import os
import stat
from hashlib import sha256 as _sha256
from pathlib import Path

from murenger.model import JsonValue, RecordKind, parse_canonical
from murenger.record.groups import Group
from murenger.record.predicate import MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES, predicate_type
from murenger.record.reading import time_of
from murenger.record.store import DAYS, RECORDS, record_name
from murenger.record.verify.armour import is_armoured
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.scan import Day

_KINDS = {predicate_type(kind): kind for kind in RecordKind}
_NO_GROUP: Group = {}
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Most records and all signatures come in one piece.
_PIECE_BYTES = 16 * 1024
_LARGE_PIECE_BYTES = 1024 * 1024
NO_DIGEST = bytes(DIGEST_BYTES)


class Examined:
    """One record as it lies there.

    Args:
        day: the day it lies in.
        number: what its file name says.
        path: of the record; its signature lies beside it.
        file: the same for people; "" for its place below the log's folder.

    Attributes:
        number: what its file name says.
        day: the day it lies in.
        content: its bytes; None where they cannot be had.
        unreadable: why not, or "".
        signature: the text of its signature file; None where it cannot be had.
        is_armoured: whether that is armoured as ssh-keygen does it.
        statement: the parsed content; None where it is not canonical.
        malformed: why not, or "".
        predicate: what the record says; empty where it is not canonical.
        kind: what it is about; None where that cannot be told.
        claimed_at: when the record says it was written, or None.
        digest: SHA-256 of the bytes; zeros where there are none.
        leaf: the leaf hash of the bytes; zeros where there are none.
        signature_digest: SHA-256 of the signature file; zeros where there is none.
    """

    __slots__ = (
        "_file",
        "claimed_at",
        "content",
        "day",
        "digest",
        "is_armoured",
        "kind",
        "leaf",
        "malformed",
        "number",
        "predicate",
        "signature",
        "signature_digest",
        "statement",
        "unreadable",
    )

    def __init__(self, day: Day, number: int, *, path: str, file: str = "") -> None:
        self.number = number
        self.day = day
        self._file = file
        self.statement: dict[str, JsonValue] | None = None
        self.malformed = ""
        self.predicate: Group = _NO_GROUP
        self.kind: RecordKind | None = None
        self.claimed_at: datetime.datetime | None = None
        self.content, self.unreadable = content, _ = _content(path)
        if content is None:
            self.digest = self.leaf = NO_DIGEST
        else:
            self.digest = _sha256(content).digest()
            self.leaf = _sha256(b"\x00" + content).digest()
            self._parse(content)
        self._read_signature(path + ".sig")

    @property
    def file(self) -> str:
        """Path for people, mostly below the log's folder."""
        return self._file or f"{DAYS}/{self.day.name}/{RECORDS}/{record_name(self.number)}"

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes, or "" where there are none."""
        return "" if self.content is None else self.digest.hex()

    def _parse(self, content: bytes) -> None:
        try:
            self.statement = statement = parse_canonical(content)
        except RecursionError:
            self.malformed = "nested too deeply"
            return
        except ValueError as exc:
            self.malformed = str(exc) or "not canonical JSON"
            return
        predicate, named = statement.get("predicate"), statement.get("predicateType")
        if isinstance(predicate, dict):
            self.predicate = predicate
            self.claimed_at = time_of(predicate, "written_at")
        if isinstance(named, str):
            self.kind = _KINDS.get(named)

    def _read_signature(self, path: str) -> None:
        self.signature: str | None = None
        self.signature_digest = NO_DIGEST
        self.is_armoured = False
        try:
            content = read_bytes(path, MAX_SIGNATURE_BYTES)
            self.signature_digest = _sha256(content).digest()
            self.signature = content.decode("ascii")
        except (OSError, ValueError):
            return
        self.is_armoured = is_armoured(self.signature)


def examine(day: Day, number: int) -> Examined:
    """Return a record as it lies there; nothing about it is trusted yet."""
    path = f"{day.folder}/{RECORDS}/{record_name(number)}"
    return Examined(day, number, path=path)


def read_signature(path: Path) -> str | None:
    """Return the text of a signature file, or None where there is no such text."""
    try:
        return read_bytes(path, MAX_SIGNATURE_BYTES).decode("ascii")
    except (OSError, ValueError):
        return None


def read_bytes(path: str | Path, limit_bytes: int) -> bytes:
    """Return a file's bytes, as `store.read_regular` does: no link is followed, nothing beyond the limit is read.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, or larger than the limit.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        content = os.read(descriptor, min(_PIECE_BYTES, limit_bytes + 1))
        if 0 < len(content) < _PIECE_BYTES and len(content) <= limit_bytes:
            # Nearly every file: it came in one piece, so its size and kind need no further call.
            return content
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size > limit_bytes:
            raise ValueError(f"{status.st_size} bytes, more than the {limit_bytes} that any such file has")
        pieces = [content]
        size = len(content)
        while size <= limit_bytes:
            piece = os.read(descriptor, _LARGE_PIECE_BYTES)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
        raise ValueError(f"more than the {limit_bytes} bytes that any such file has")
    finally:
        os.close(descriptor)


def _content(path: str) -> tuple[bytes | None, str]:
    try:
        return read_bytes(path, MAX_RECORD_BYTES), ""
    except OSError as exc:
        return None, f"cannot be read: {exc.strerror}"
    except ValueError as exc:
        return None, str(exc)
