"""The checks on a log as a whole: is every record there, once, and nothing else?

Input: a log's files and what the walk through its records saw. Output: its faults, each check a function of its own.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from murenger.ports import Verifier
from murenger.record.decision_checks import open_decision
from murenger.record.examined import Walk
from murenger.record.finding import Code, Finding
from murenger.record.scan import Day, Scan
from murenger.record.store import LEAF_LINE_BYTES, LEAVES, RECORDS, record_name

LogCheck: TypeAlias = Callable[[Scan, Walk, Verifier], Iterator[Finding]]


def check_strays(scan: Scan, _walk: Walk, _verifier: Verifier) -> Iterator[Finding]:
    """Find files that do not belong to the log."""
    yield from scan.findings


def check_not_empty(scan: Scan, _walk: Walk, _verifier: Verifier) -> Iterator[Finding]:
    """Find logs without a record: nothing to check is not the same as nothing wrong."""
    if not any(day.numbers for day in scan.days):
        yield Finding(code=Code.EMPTY_LOG, file="", sequence=None, text="the log holds no record")


def check_sequence(scan: Scan, _walk: Walk, _verifier: Verifier) -> Iterator[Finding]:
    """Find numbers that are missing, occur twice or go back."""
    previous = -1
    for day in scan.days:
        for number in day.numbers:
            file = _file(scan, day, number)
            if number <= previous:
                text = f"comes after record {previous}"
                yield Finding(code=Code.SEQUENCE, file=file, sequence=number, text=text)
            elif number > previous + 1:
                text = f"records {previous + 1} to {number - 1} are missing before it"
                yield Finding(code=Code.SEQUENCE, file=file, sequence=number, text=text)
            previous = max(previous, number)


def check_leaves(scan: Scan, walk: Walk, _verifier: Verifier) -> Iterator[Finding]:
    """Find records that `LEAVES` lists and that are gone, or are others; and records it does not list."""
    after = -1
    for day in scan.days:
        if day.numbers or day.leaves:
            yield from _leaves_of(scan, day, walk, first=after + 1)
        after = max((after, *day.numbers))


def _leaves_of(scan: Scan, day: Day, walk: Walk, *, first: int) -> Iterator[Finding]:
    file = str((day.folder / LEAVES).relative_to(scan.folder))
    listed, sound = _lines(day.leaves or b"")
    if not sound:
        yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=None, text="holds a line that is no leaf hash")
    present = [walk.leaves.get(number, "") for number in day.numbers]
    if listed == present:
        return
    # Where a record was removed the list still has its line, so lines are matched to numbers, not to files.
    start = first if len(listed) > len(present) else (day.numbers[0] if day.numbers else first)
    for number, line in enumerate(listed, start=start):
        if number not in day.numbers:
            missing = str((day.folder / RECORDS / record_name(number)).relative_to(scan.folder))
            yield Finding(code=Code.RECORD_MISSING, file=missing, sequence=number, text=f"{LEAVES} lists it")
        elif walk.leaves.get(number) != line and number not in walk.altered:
            text = f"has another line for record {number}"
            yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=number, text=text)
    for number in day.numbers:
        if number >= start + len(listed):
            text = f"does not list record {number}"
            yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=number, text=text)


def _lines(leaves: bytes) -> tuple[list[str], bool]:
    lines = [leaves[start : start + LEAF_LINE_BYTES] for start in range(0, len(leaves), LEAF_LINE_BYTES)]
    sound = all(
        len(line) == LEAF_LINE_BYTES and line.endswith(b"\n") and not line[:-1].strip(b"0123456789abcdef")
        for line in lines
    )
    return [line[:-1].decode("ascii", "replace") for line in lines], sound


def check_open_intents(_scan: Scan, walk: Walk, _verifier: Verifier) -> Iterator[Finding]:
    """Find changes that were begun and whose outcome nobody recorded."""
    for intent in walk.intents.values():
        if not intent.settled:
            text = "a change was begun and its outcome is not recorded"
            if walk.altered:
                text += ", or is in an altered record"
            yield Finding(code=Code.OPEN_INTENT, file=intent.file, sequence=intent.number, text=text)


def check_uncited_decisions(scan: Scan, walk: Walk, verifier: Verifier) -> Iterator[Finding]:
    """Find decision files that no record cites and nobody signed; a crash may leave a sound one, which is harmless."""
    for day in scan.days:
        for sha256 in day.decisions:
            if (day.name, sha256) not in walk.cited:
                findings: list[Finding] = []
                open_decision(scan, day, sha256, verifier, at=walk.at, findings=findings, sequence=None)
                yield from findings


def _file(scan: Scan, day: Day, number: int) -> str:
    return str((day.folder / RECORDS / record_name(number)).relative_to(scan.folder))


LOG_CHECKS: tuple[LogCheck, ...] = (
    check_strays,
    check_not_empty,
    check_sequence,
    check_leaves,
    check_open_intents,
    check_uncited_decisions,
)
