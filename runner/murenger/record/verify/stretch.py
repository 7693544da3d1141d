"""Stretches of the log: records examined one after another, here or in other processes, with the same result.

Input: the files of a log and stretches of numbers in order. Output: what each stretch was found to hold. A stretch that
is examined elsewhere begins with what the record before it claims; where that turns out otherwise it is examined again.
"""

import concurrent.futures
import dataclasses
import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence

from murenger.record.reading import text_of
from murenger.record.verify.examined import Examined, examine
from murenger.record.verify.record_checks import RecordCheck
from murenger.record.verify.scan import Day, Scan
from murenger.record.verify.timeline import Timeline
from murenger.record.verify.trust import Trust
from murenger.record.verify.walk import EARLIEST, Seen, State, Walk

STRETCH_RECORDS = 1000
# So many records are read before they are checked, unless they are large.
_PIECE_RECORDS = 64
_PIECE_BYTES = 4 * 1024 * 1024
# Stretches that wait to be added, so that a slow parent does not fill the memory.
_AHEAD = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some records of one day.

    Attributes:
        day: index of the day in the scan.
        numbers: of the records, ascending.
        before: number of the record before the first, or None.
    """

    day: int
    numbers: tuple[int, ...]
    before: int | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What a stretch was found to hold.

    Attributes:
        stretch: which.
        start: what was taken to be known of the records before.
        end: what is known after it.
        seen: what it holds.
        digests: of its records, 32 bytes each; zeros for one that cannot be read.
        leaves: their leaf hashes, in the same way.
        signatures: digests of their signature files, in the same way.
    """

    stretch: Stretch
    start: State
    end: State
    seen: Seen
    digests: bytes
    leaves: bytes
    signatures: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that examining a stretch needs.

    Attributes:
        scan: the log's files.
        trust: whom the reader trusts.
        timeline: times at which others had seen the log.
        checks: what to ask of each record.
        first_sha256: digest of the record before the first that is here, where a seal lists it; None otherwise.
    """

    scan: Scan
    trust: Trust
    timeline: Timeline
    checks: Sequence[RecordCheck]
    first_sha256: str | None = None


def stretches(scan: Scan, *, since: int, only: int | None) -> Iterator[Stretch]:
    """Yield the records to be examined in order; for one record, it and its neighbours."""
    before: int | None = None
    for index, day in enumerate(scan.days):
        wanted = [number for number in day.numbers if number >= since]
        if only is not None:
            wanted = [number for number in wanted if abs(number - only) <= 1]
        earlier = [number for number in day.numbers if not wanted or number < wanted[0]]
        before = earlier[-1] if earlier else before
        for start in range(0, len(wanted), STRETCH_RECORDS):
            numbers = tuple(wanted[start : start + STRETCH_RECORDS])
            yield Stretch(day=index, numbers=numbers, before=before)
            before = numbers[-1]


def walk_stretch(task: Task, stretch: Stretch, start: State) -> Walked:
    """Examine the records of a stretch.

    Args:
        task: what examining needs.
        stretch: which records.
        start: what is known of the records before.
    """
    here = Walk(start, task.timeline)
    day = task.scan.days[stretch.day]
    digests, leaves, signatures = bytearray(), bytearray(), bytearray()
    found = here.seen.findings.extend
    for record in itertools.chain.from_iterable(_pieces(task, day, stretch.numbers)):
        for check in task.checks:
            found(check(record, here, task.scan, task.trust))
        here.step(record)
        digests += record.digest
        leaves += record.leaf
        signatures += record.signature_digest
    return Walked(
        stretch=stretch,
        start=start,
        end=here.state,
        seen=here.seen,
        digests=bytes(digests),
        leaves=bytes(leaves),
        signatures=bytes(signatures),
    )


def _pieces(task: Task, day: Day, numbers: Sequence[int]) -> Iterator[list[Examined]]:
    """Yield records a few at a time, their signatures foreseen."""
    left = iter(numbers)
    while True:
        piece: list[Examined] = []
        task.trust.foresee(_signed_piece(day, left, piece))
        if not piece:
            return
        yield piece


def _signed_piece(day: Day, numbers: Iterator[int], piece: list[Examined]) -> Iterator[tuple[bytes, str]]:
    """Add the next records to a piece until it is large enough; yield the bytes and signature of each."""
    size = 0
    for number in itertools.islice(numbers, _PIECE_RECORDS):
        record = examine(day, number)
        piece.append(record)
        if record.content is not None:
            if record.signature is not None:
                yield record.content, record.signature
            size += len(record.content)
            if size > _PIECE_BYTES:
                return


def presumed_start(task: Task, stretch: Stretch) -> State:
    """Return what the record before a stretch claims, for want of having examined it."""
    if stretch.before is None:
        return State() if task.first_sha256 is None else State(previous_sha256=task.first_sha256)
    day = next(day for day in reversed(task.scan.days[: stretch.day + 1]) if stretch.before in day)
    record = examine(day, stretch.before)
    return State(
        origin=text_of(record.predicate, "origin"),
        previous_sha256=record.sha256,
        at=record.claimed_at or EARLIEST,
    )


_TASK: Task | None = None


def _begin(task: Task) -> None:
    global _TASK  # noqa: PLW0603 - a worker process has one task, given once instead of with every stretch
    _TASK = task


def _walk_presumed(stretch: Stretch) -> Walked:
    assert _TASK is not None  # noqa: S101 - every worker begins with its task
    return walk_stretch(_TASK, stretch, presumed_start(_TASK, stretch))


def walk_elsewhere(task: Task, wanted: Iterator[Stretch], jobs: int) -> Iterator[Walked]:
    """Yield stretches in order, examined by several processes on what the records before them claim."""
    # Fresh processes: forking one that holds a whole log would count its memory several times.
    light = dataclasses.replace(task, scan=task.scan.names_only())
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(light,)) as pool:
        waiting: deque[concurrent.futures.Future[Walked]] = deque()
        try:
            for stretch in itertools.islice(wanted, jobs * _AHEAD):
                waiting.append(pool.submit(_walk_presumed, stretch))
            while waiting:
                yield waiting.popleft().result()
                for stretch in itertools.islice(wanted, 1):
                    waiting.append(pool.submit(_walk_presumed, stretch))
        finally:
            pool.shutdown(cancel_futures=True)
