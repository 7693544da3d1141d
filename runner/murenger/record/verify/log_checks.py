"""The checks on a log as a whole: is every record there, once, and nothing else?

Input: a log's files and what the walk through its records saw. Output: its faults, each check a function of its own.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from murenger.record.store import ATTACHMENTS, DECISIONS, LEAVES, RECORDS, record_name
from murenger.record.verify.case import Case
from murenger.record.verify.decision_checks import is_own_work, open_decision
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.examined import NO_DIGEST, read_bytes
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.scan import Day

LogCheck: TypeAlias = Callable[[Case], Iterator[Finding]]

_MAX_ATTACHMENT_BYTES = 1024 * 1024 * 1024


def check_strays(case: Case) -> Iterator[Finding]:
    """Find files that do not belong to the log."""
    yield from case.scan.findings


def check_not_empty(case: Case) -> Iterator[Finding]:
    """Find logs without a record: nothing to check is not the same as nothing wrong."""
    if not any(day.numbers for day in case.scan.days):
        yield Finding(code=Code.EMPTY_LOG, file="", sequence=None, text="the log holds no record")


def check_sequence(case: Case) -> Iterator[Finding]:
    """Find numbers that are missing, occur twice or go back.

    A log may begin in the middle, as a pack or after pruning does, if the seal before it lists the record before.
    """
    previous = -1
    for day in case.scan.days:
        for number in day.numbers:
            if number != previous + 1:
                yield from _out_of_sequence(case, day, number, previous)
            previous = max(previous, number)


def _out_of_sequence(case: Case, day: Day, number: int, previous: int) -> Iterator[Finding]:
    file = case.scan.record_file(day, number)
    if number <= previous:
        yield Finding(code=Code.SEQUENCE, file=file, sequence=number, text=f"comes after record {previous}")
        return
    if case.books.listed_digest(number - 1) is not None:
        missing = [before for before in range(previous + 1, number) if case.books.listed_digest(before) is None]
        if missing and previous >= 0:
            text = f"records {missing[0]} to {missing[-1]} are missing before it"
            yield Finding(code=Code.SEQUENCE, file=file, sequence=number, text=text)
        elif missing:
            case.limit(f"records {missing[0]} to {missing[-1]} are not here; what is here follows them")
        return
    text = f"records {previous + 1} to {number - 1} are missing before it"
    yield Finding(code=Code.SEQUENCE, file=file, sequence=number, text=text)


def check_leaves(case: Case) -> Iterator[Finding]:
    """Find records that `LEAVES` lists and that are gone, or are others; and records it does not list."""
    after = case.books.first - 1
    for day in case.scan.days:
        judged = day.name not in case.listed and (day.numbers or day.leaves)
        if judged and not (day.numbers and day.numbers[-1] < case.since):
            yield from _leaves_of(case, day, first=after + 1)
        after = max(after + (0 if day.numbers else day.leaf_count), *day.numbers[-1:], after)


def _leaves_of(case: Case, day: Day, *, first: int) -> Iterator[Finding]:
    file = case.scan.name_of(day.folder / LEAVES)
    if not day.leaves_sound:
        yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=None, text="holds a line that is no leaf hash")
    listed, numbers = day.leaves or b"", day.numbers
    if not numbers and day.sealed:
        # Pruned: the seal's own line speaks for the list, and another check for the records.
        return
    present = b"".join(_leaf(case, number, listed, first) for number in numbers)
    if listed == present:
        return
    # Where a record was removed the list still has its line, so lines are matched to numbers, not to files.
    start = first if len(listed) > len(present) else (numbers[0] if numbers else first)
    count = len(listed) // DIGEST_BYTES
    for number, place in enumerate(range(0, len(listed), DIGEST_BYTES), start=start):
        if number not in day:
            missing = case.scan.name_of(day.folder / RECORDS / record_name(number))
            yield Finding(code=Code.RECORD_MISSING, file=missing, sequence=number, text=f"{LEAVES} lists it")
        elif _is_other(case, number, listed[place : place + DIGEST_BYTES]):
            text = f"has another line for record {number}"
            yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=number, text=text)
    for number in numbers:
        if number >= start + count:
            text = f"does not list record {number}"
            yield Finding(code=Code.LEAVES_MISMATCH, file=file, sequence=number, text=text)


def _leaf(case: Case, number: int, listed: bytes, first: int) -> bytes:
    """Return a record's leaf; of one that was not to be examined, what the list says."""
    if number < case.since:
        place = (number - first) * DIGEST_BYTES
        return listed[place : place + DIGEST_BYTES]
    return case.walk.leaves.get(number) or NO_DIGEST


def _is_other(case: Case, number: int, line: bytes) -> bool:
    return number >= case.since and case.walk.leaves.get(number) != line and number not in case.walk.seen.altered


def check_open_intents(case: Case) -> Iterator[Finding]:
    """Find changes that were begun and whose outcome nobody recorded."""
    for intent in case.walk.seen.intents.values():
        if intent.settled_by is None:
            text = "a change was begun and its outcome is not recorded"
            if case.walk.seen.altered:
                text += ", or is in an altered record"
            yield Finding(code=Code.OPEN_INTENT, file=intent.file, sequence=intent.number, text=text)


def check_uncited_decisions(case: Case) -> Iterator[Finding]:
    """Find decision files that no record cites and nobody signed; a crash may leave a sound one, which is harmless."""
    for day in case.scan.days:
        if day.numbers and day.numbers[-1] < case.since:
            continue
        for sha256 in day.decisions:
            if (day.name, sha256) not in case.walk.seen.cited:
                findings: list[Finding] = []
                at = case.walk.state.at
                verifier = case.trust.verifier
                opened = open_decision(case.scan, day, sha256, verifier, at=at, findings=findings, sequence=None)
                yield from findings
                if opened is not None and is_own_work(*opened):
                    file = case.scan.name_of(day.folder / DECISIONS / f"{sha256}.json")
                    text = "its author approved it, and no record cites it"
                    yield Finding(code=Code.APPROVAL_SELF, file=file, sequence=None, text=text)


def check_attachments(case: Case) -> Iterator[Finding]:
    """Find attachments that are not the ones of their names, and those that a record names and that are gone."""
    held = {(day.name, name) for day in case.scan.days for name in day.attachments}
    for day in case.scan.days:
        for name in day.attachments:
            path = day.folder / ATTACHMENTS / name
            try:
                digest = hashlib.sha256(read_bytes(path, _MAX_ATTACHMENT_BYTES)).hexdigest()
            except (OSError, ValueError) as exc:
                digest = str(exc)
            if digest != name:
                text = "the attachment is not the one of its name"
                yield Finding(code=Code.ATTACHMENT, file=case.scan.name_of(path), sequence=None, text=text)
    for day_name, sha256, number in case.walk.seen.attachments:
        if (day_name, sha256) not in held:
            text = f"the record names an attachment {sha256[:64]!r} that is not there"
            yield Finding(code=Code.ATTACHMENT, file=f"days/{day_name}", sequence=number, text=text)


def check_references_before(case: Case) -> Iterator[Finding]:
    """Find references, over a stretch of the log, to records that are other than they say."""
    for number, cited, sha256 in case.walk.seen.references:
        known = case.walk.digests.get(cited) or case.books.digest_of(cited)
        if known is None and cited < case.books.first:
            case.limit("references to records that are not here were not followed")
        elif known is None:
            yield _reference(case, number, f"refers to record {cited}, which is not there")
        elif known != sha256 and cited not in case.walk.seen.altered:
            yield _reference(case, number, f"refers to record {cited}, but with another digest")


def _reference(case: Case, number: int, text: str) -> Finding:
    day = case.scan.day_of(number)
    file = case.scan.record_file(day, number) if day else ""
    return Finding(code=Code.REFERENCE, file=file, sequence=number, text=text)


def check_pruned(case: Case) -> Iterator[Finding]:
    """Find records that are gone although no record says that they were pruned."""
    named = {str(day.get("day")): str(day.get("manifest")) for day in pruned_days(case)}
    # Days are pruned oldest first, and the record about the oldest is pruned itself in the end.
    newest = max(named, default="")
    for day in case.scan.days:
        path = case.scan.name_of(day.folder / "SHA256SUMS")
        if day.name in named and day.sealed and named[day.name] != _seal_digest(day):
            text = "is not the seal that the record about pruning names"
            yield Finding(code=Code.SEAL_MALFORMED, file=path, sequence=None, text=text)
        gone = case.gone.get(day.name, [])
        if day.name <= newest:
            if gone:
                case.limit(f"records up to {day.name} were pruned, as a record says; only their seals were checked")
        elif day.numbers or day.leaves is not None:
            yield from gone
        elif gone:
            case.limit(f"the seal of {day.name} stands for what came before; its files are not here")


def pruned_days(case: Case) -> "list[dict[str, object]]":
    """Return what records about pruning say of each day."""
    said = [noted.said for noted in case.walk.seen.noted if noted.kind.value == "prune"]
    listed = [days for group in said if isinstance(days := group.get("days"), list)]
    return [dict(day) for days in listed for day in days if isinstance(day, dict)]


def _seal_digest(day: Day) -> str:
    try:
        return hashlib.sha256(read_bytes(day.folder / "SHA256SUMS", _MAX_ATTACHMENT_BYTES)).hexdigest()
    except (OSError, ValueError):
        return ""


LOG_CHECKS: tuple[LogCheck, ...] = (
    check_strays,
    check_not_empty,
    check_sequence,
    check_leaves,
    check_references_before,
    check_open_intents,
    check_uncited_decisions,
    check_attachments,
    check_pruned,
)
