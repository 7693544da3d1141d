"""A day's `SHA256SUMS`: every file of the day and the seal of the day before, as `sha256sum -c` reads it.

Input: digests and names, or the bytes of a manifest from anywhere. Output: the bytes, or the list that they are; no
disk is touched.

A line is 64 lower-case hex digits, two spaces, a path and a line feed; the lines are sorted by path, each path occurs
once. A path is a file of the day (`LEAVES`) or of one of its folders (`records/000000025.json`), in letters, digits and
`@._-`, no part of it beginning with a dot or a hyphen. At most one line, the first, leads out of the day:
`../YYYY-MM-DD/SHA256SUMS` chains it to the day before. The seal's own files never occur. So absolute names, other
`../`, names that `sha256sum` would escape, and CRLF are all refused, while `sha256sum -c` follows or passes them.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator

from murenger.record.store import DAYS_SEAL, SEAL

# About a million records a day, two files each; no honest day comes near.
MAX_MANIFEST_BYTES = 256 * 1024 * 1024

_PART = r"[A-Za-z0-9@_][A-Za-z0-9@._-]{0,199}"
_PATH = re.compile(rf"{_PART}(?:/{_PART})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(rb"([0-9a-f]{64})  ([^\x00-\x20\x7f-\xff]{1,512})")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """One line of a manifest.

    Attributes:
        path: of the file, from the day's folder; `../YYYY-MM-DD/SHA256SUMS` for the seal of the day before.
        sha256: hex digest of its bytes.
    """

    path: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a day's seal covers.

    Attributes:
        files: the day's own files, sorted by path.
        previous_day: YYYY-MM-DD of the day before that is chained, or "" for a log's first day.
        previous_sha256: hex digest of that day's `SHA256SUMS`, or "".
    """

    files: tuple[SealedFile, ...]
    previous_day: str = ""
    previous_sha256: str = ""


def parse_manifest(content: bytes) -> Manifest:
    """Return what a manifest lists, if it is in exactly the form that `make_manifest` gives.

    Args:
        content: the bytes of a `SHA256SUMS` file; not trusted.

    Raises:
        ValueError: it is empty or too large, or a line is malformed, out of order or there twice, or leads out of the
            day; the message gives the line's number, from 1, and nothing of its text.
    """
    files: list[SealedFile] = []
    previous_day = previous_sha256 = ""
    for line in manifest_lines(content):
        chained = DAYS_SEAL.fullmatch(line.path)
        if chained:
            previous_day, previous_sha256 = chained[1], line.sha256
        else:
            files.append(line)
    return Manifest(files=tuple(files), previous_day=previous_day, previous_sha256=previous_sha256)


def manifest_lines(content: bytes) -> Iterator[SealedFile]:
    """Yield a manifest's lines in order, checked as `parse_manifest` does, without holding them all.

    Raises:
        ValueError: as for `parse_manifest`, at the line concerned.
    """
    if not content or len(content) > MAX_MANIFEST_BYTES:
        raise ValueError("a manifest is never empty" if not content else "larger than any manifest of ours")
    if not content.endswith(b"\n"):
        raise ValueError("the last line is cut short")
    before, chained, start, number = "", False, 0, 0
    while start < len(content):
        number += 1
        end = content.index(b"\n", start)
        match = _LINE.fullmatch(content, start, end)
        if match is None:
            raise ValueError(f"line {number} is malformed")
        sha256, path = match[1].decode("ascii"), match[2].decode("ascii")
        is_chain = DAYS_SEAL.fullmatch(path) is not None
        if not is_chain and not _is_inside(path):
            raise ValueError(f"line {number} names a file that cannot be the day's")
        if is_chain and chained:
            raise ValueError(f"line {number} names a second day before")
        if path <= before:
            raise ValueError(f"line {number} is out of order or there twice")
        yield SealedFile(path=path, sha256=sha256)
        before, chained, start = path, chained or is_chain, end + 1


def make_manifest(files: Iterable[SealedFile]) -> bytes:
    """Return the bytes of a manifest.

    Args:
        files: the day's files in any order, with the seal of the day before if there is one.

    Raises:
        ValueError: there is none, one is there twice or has a name or digest that a manifest cannot hold, or two days
            before are named.
    """
    lines = []
    for file in sorted(files, key=lambda item: item.path):
        if not _DIGEST.fullmatch(file.sha256):
            raise ValueError(f"{file.path!r} has no digest")
        if not _is_inside(file.path) and not DAYS_SEAL.fullmatch(file.path):
            raise ValueError(f"{file.path!r} cannot be a file of the day")
        lines.append(f"{file.sha256}  {file.path}\n")
    # Whatever is written can be read: one place decides what a manifest is.
    content = "".join(lines).encode("ascii")
    for _ in manifest_lines(content):
        pass
    return content


def _is_inside(path: str) -> bool:
    return _PATH.fullmatch(path) is not None and not path.startswith(SEAL)
