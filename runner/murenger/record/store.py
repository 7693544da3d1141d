"""Where the files of a log lie, and how one of them is read without being fooled by it.

Input: a log's folder. Output: paths, and the bytes of files that are what they seem.
"""

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

DAYS, RECORDS, DECISIONS, LEAVES = "days", "records", "decisions", "LEAVES"
LOCK, TMP, QUARANTINE = "LOCK", "tmp", "quarantine"

LEAF_LINE_BYTES = 65

# Source: RFC 6962, section 2.1: a leaf hash is over a zero byte and the data.
_LEAF_PREFIX = b"\x00"


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
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size > limit_bytes:
            raise ValueError(f"{status.st_size} bytes, more than the {limit_bytes} that any such file has")
        content = file.read(limit_bytes + 1)
        if len(content) > limit_bytes:
            raise ValueError(f"more than the {limit_bytes} bytes that any such file has")
        return content
