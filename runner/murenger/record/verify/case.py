"""Everything about one log that its checks may look at.

Input: files, lists, trust, and what walks and evidence gave. Output: one value that every check of the whole is given.
"""

import dataclasses
import datetime

from murenger.record.verify.books import Books
from murenger.record.verify.finding import Finding
from murenger.record.verify.scan import Scan
from murenger.record.verify.timeline import Anchor
from murenger.record.verify.trust import Trust
from murenger.record.verify.walk import Walk


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What some evidence says about the log.

    Attributes:
        sequence: number of the newest record that it covers.
        sha256: digest of that record, or None.
        size: number of records, or None.
        root: tree root over them, or None.
        at: the time that is vouched for, or None.
        by: who vouches for it, for people.
        file: where it was found.
        given: whether the reader brought it.
        proven: whether it is signed by somebody whom the reader trusts, or was brought by the reader.
    """

    sequence: int
    sha256: bytes | None = None
    size: int | None = None
    root: bytes | None = None
    at: datetime.datetime | None = None
    by: str
    file: str
    given: bool = False
    proven: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class Case:
    """One log under verification.

    Attributes:
        scan: its files.
        books: what they say by their lists.
        trust: whom the reader trusts.
        walk: what its records hold; complete once all were examined.
        claims: what evidence says about the log, not yet compared.
        anchors: evidence that agrees.
        stamped: day -> the earliest time that a token of its seal proves.
        waited: numbers for which somebody else gave a receipt.
        listed: days whose `LEAVES` lists exactly the records that are there.
        gone: day -> findings about files that its seal lists and that are gone, unless they were pruned.
        limits: what could not be judged, one sentence each.
        older: leaf hashes of an older copy, and the number of the first; None where none was given.
        since: number of the first record to be examined.
        only: the one record that was asked about, or None.
        jobs: number of processes to use.
    """

    scan: Scan
    books: Books
    trust: Trust
    walk: Walk
    claims: list[Claim] = dataclasses.field(default_factory=list)
    anchors: list[Anchor] = dataclasses.field(default_factory=list)
    stamped: dict[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    waited: list[int] = dataclasses.field(default_factory=list)
    listed: set[str] = dataclasses.field(default_factory=set)
    gone: dict[str, list[Finding]] = dataclasses.field(default_factory=dict)
    limits: dict[str, None] = dataclasses.field(default_factory=dict)
    older: tuple[int, bytes] | None = None
    since: int = 0
    only: int | None = None
    jobs: int = 1

    def limit(self, sentence: str) -> None:
        """Remember something that could not be judged."""
        self.limits[sentence] = None
