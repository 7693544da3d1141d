"""Where the files of a log lie, and how one of them is read without being fooled by it.

Input: a log's folder. Output: paths, and the bytes of files that are what they seem.
"""

import dataclasses
import hashlib
import os
import re
import stat
from pathlib import Path

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
RECORD_FILE = re.compile(r"([0-9]{9})\.json")
SIGNATURE_FILE = re.compile(r"([0-9]{9})\.json\.sig")
DECISION_FILE = re.compile(r"([0-9a-f]{64})\.json")
DECISION_SIGNATURE_FILE = re.compile(r"([0-9a-f]{64})\.json(?:\.([2-9]|[1-9][0-9]))?\.sig")

# Number of the newest record that it vouches for, name of the sink, kind (see `model.ReceiptKind`).
RECEIPT_FILE = re.compile(r"([0-9]{9})-([A-Za-z0-9][A-Za-z0-9._]{0,63})\.(tsr|cosig|git|txt)")

DAYS, RECORDS, DECISIONS, LEAVES = "days", "records", "decisions", "LEAVES"
RECEIPTS, CHECKPOINT, OUTBOX, TRUST = "receipts", "checkpoint", "outbox", "trust"
# A day's seal: what it holds, the runner's signature over that, and the token of a time-stamping authority.
SEAL, SEAL_SIGNATURE, SEAL_TOKEN = "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.tsr"
# The line of a manifest that chains it to the day before.
DAYS_SEAL = re.compile(r"\.\./([0-9]{4}-[0-9]{2}-[0-9]{2})/SHA256SUMS")
# Later tokens over the same seal, made before the first one's authority expires: `SHA256SUMS.tsr.2` and so on.
SEAL_TOKEN_FILE = re.compile(r"SHA256SUMS\.tsr(?:\.([2-9]|[1-9][0-9]))?")
ATTACHMENTS = "attachments"
ATTACHMENT_FILE = re.compile(r"[0-9a-f]{64}")
# While this file lies in a log's folder, nothing is pruned.
HOLD = "HOLD"
LOCK, TMP, QUARANTINE = "LOCK", "tmp", "quarantine"

LEAF_LINE_BYTES = 65

_PIECE_BYTES = 16 * 1024 * 1024

# Source: RFC 6962, section 2.1: a leaf hash is over a zero byte and the data.
_LEAF_PREFIX = b"\x00"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDay:
    """One day of a log.

    Attributes:
        name: YYYY-MM-DD.
        first: number of its first record; of the next record to come, for a day without any.
        last: number of its last record, or None for a day without any.
        sealed: True if it has its seal, so nothing is ever added to it but time stamps of that seal.
        pruned: True if it is sealed and nothing is left in it that could be pruned.
        stamped: True if a time stamp of its seal lies beside it.
    """

    name: str
    first: int
    last: int | None
    sealed: bool
    pruned: bool
    stamped: bool


def record_name(sequence: int) -> str:
    """Return the file name of a record."""
    return f"{sequence:09d}.json"


def leaf_hash(content: bytes) -> str:
    """Return a record's line in `LEAVES`, as 64 hex digits."""
    return hashlib.sha256(_LEAF_PREFIX + content).hexdigest()


def day_names(folder: Path) -> list[str]:
    """Return the days that a log has folders for, oldest first.

    Raises:
        OSError: the folder cannot be listed.
    """
    with os.scandir(folder / DAYS) as entries:
        return sorted(entry.name for entry in entries if DAY.fullmatch(entry.name) and is_folder(entry))


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Tell whether an entry is a folder and no symbolic link to one."""
    return entry.is_dir(follow_symlinks=False)


def read_regular(path: Path, limit_bytes: int) -> bytes:
    """Return a file's bytes, never following a link and never reading more than the limit.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, or larger than the limit.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size > limit_bytes:
            raise ValueError(f"{status.st_size} bytes, more than the {limit_bytes} that any such file has")
        content = os.read(descriptor, status.st_size + 1)
        if len(content) == status.st_size:
            return content
        # It grew meanwhile, or is so large that one read does not give it.
        parts = [content]
        while content and sum(map(len, parts)) <= limit_bytes:
            parts.append(content := os.read(descriptor, _PIECE_BYTES))
        content = b"".join(parts)
        if len(content) > limit_bytes:
            raise ValueError(f"more than the {limit_bytes} bytes that any such file has")
        return content
    finally:
        os.close(descriptor)
