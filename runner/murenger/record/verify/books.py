"""What the files of a log say by their lists alone: which record has which number, digest and leaf.

Input: a log's files at one moment. Output: digests, leaves and tree roots; nothing here is proof before the records
themselves are checked against it.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable, Iterator

from murenger.model import parse_canonical
from murenger.record.predicate import MAX_RECORD_BYTES
from murenger.record.reading import group_of, text_of
from murenger.record.seal import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from murenger.record.store import DAYS, RECORDS, SEAL, record_name
from murenger.record.tree.merkle import Tree
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.examined import read_bytes
from murenger.record.verify.scan import Day, Scan

_RECORD_PATH = re.compile(rf"{RECORDS}/([0-9]{{9}})\.json")


class Books:
    """The lists of one log.

    Args:
        scan: the log's files.

    Attributes:
        first: number of the first record that a `LEAVES` file lists.
        last: number of the newest record that is there or listed; -1 for none.
        origin: name of the log by its first readable record, or "".
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._listed = {
            day.name: _record_digests(self._manifest(day)) for day in scan.days if day.sealed and not day.numbers
        }
        self._firsts: dict[str, int] = {}
        after: int | None = None
        for day in scan.days:
            if day.leaves or day.numbers:
                self._firsts[day.name] = self._first_of(day) if after is None else after
                after = max(self._firsts[day.name] + day.leaf_count, day.numbers[-1] + 1 if day.numbers else 0)
        self.first = min(self._firsts.values(), default=0)
        self.last = max(
            (number for day in scan.days for number in (*day.numbers[-1:], *max_of(self._listed.get(day.name)))),
            default=-1,
        )
        self.origin = self._origin()

    def first_leaf(self, day: Day) -> int:
        """Return the number of the record that the first line of a day's `LEAVES` is about."""
        return self._firsts.get(day.name, 0)

    @property
    def whole(self) -> bool:
        """Whether the leaves begin with the log, so that tree roots can be computed."""
        return self.first == 0 and bool(self._firsts)

    def content_of(self, number: int) -> bytes | None:
        """Return a record's bytes, or None where they are not there."""
        day = self._scan.day_of(number)
        if day is None:
            return None
        try:
            return read_bytes(f"{day.folder}/{RECORDS}/{record_name(number)}", MAX_RECORD_BYTES)
        except (OSError, ValueError):
            return None

    def digest_of(self, number: int) -> bytes | None:
        """Return a record's digest: of its bytes, or the one that the seal of its day lists once they are gone."""
        content = self.content_of(number)
        if content is not None:
            return hashlib.sha256(content).digest()
        return self.listed_digest(number)

    def listed_digest(self, number: int) -> bytes | None:
        """Return the digest that the seal of a day without records lists, or None."""
        for listed in self._listed.values():
            if number in listed:
                return bytes.fromhex(listed[number])
        return None

    def listed_numbers(self, day: Day) -> "array[int]":
        """Return the numbers that the seal of a day without records lists, ascending."""
        return array("I", sorted(self._listed.get(day.name, ())))

    def roots(self, sizes: Iterable[int]) -> dict[int, bytes]:
        """Return the tree root at each of these sizes, as far as there are so many leaves."""
        wanted = sorted({size for size in sizes if size >= 0})
        found: dict[int, bytes] = {}
        if not wanted or not self.whole:
            return found
        tree = Tree()
        for leaves in self._stretches(wanted):
            tree.extend(leaves)
            if wanted and tree.size == wanted[0]:
                found[wanted.pop(0)] = tree.root()
        return found

    def _stretches(self, sizes: list[int]) -> Iterator[bytes]:
        """Yield the leaves in pieces that end at each of these sizes."""
        done, marks = 0, list(sizes)
        if marks and marks[0] == 0:
            marks.pop(0)
            yield b""
        for day in self._scan.days:
            leaves, start = day.leaves or b"", 0
            while marks and marks[0] - done <= (len(leaves) - start) // DIGEST_BYTES:
                end = start + (marks.pop(0) - done) * DIGEST_BYTES
                yield leaves[start:end]
                done += (end - start) // DIGEST_BYTES
                start = end
            if not marks:
                return
            yield leaves[start:]
            done += (len(leaves) - start) // DIGEST_BYTES

    def _first_of(self, day: Day) -> int:
        if not day.numbers:
            return min(self._listed.get(day.name, {0: ""}), default=0)
        if day.leaf_count <= len(day.numbers):
            return day.numbers[0]
        # A record was removed and its line stayed; the newest is there more often than not.
        return max(0, day.numbers[-1] + 1 - day.leaf_count)

    def _manifest(self, day: Day) -> Manifest | None:
        try:
            return parse_manifest(read_bytes(f"{self._scan.folder}/{DAYS}/{day.name}/{SEAL}", MAX_MANIFEST_BYTES))
        except (OSError, ValueError):
            return None

    def _origin(self) -> str:
        for day in self._scan.days:
            for number in day.numbers[:3]:
                try:
                    return text_of(group_of(parse_canonical(self.content_of(number) or b""), "predicate"), "origin")
                except (ValueError, RecursionError):
                    continue
        return ""


def max_of(numbers: Iterable[int] | None) -> list[int]:
    """Return the largest of some numbers as a list, empty where there is none."""
    listed = list(numbers or ())
    return [max(listed)] if listed else []


def _record_digests(manifest: Manifest | None) -> dict[int, str]:
    matches = ((_RECORD_PATH.fullmatch(file.path), file.sha256) for file in manifest.files) if manifest else ()
    return {int(match[1]): sha256 for match, sha256 in matches if match}
