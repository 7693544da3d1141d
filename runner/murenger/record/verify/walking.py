"""The walk through a log: stretch after stretch, day after day, on one processor or several.

Input: a log under verification and the checks to make. Output: the faults of its records and days; the case then knows
what the records hold.
"""

from collections.abc import Callable, Iterator, Sequence

from murenger.record.verify.case import Case
from murenger.record.verify.day_checks import DayCheck, DaySeen, day_seen
from murenger.record.verify.digests import DIGEST_BYTES, Digests
from murenger.record.verify.examined import examine
from murenger.record.verify.finding import Finding
from murenger.record.verify.record_checks import RecordCheck, judge_decision
from murenger.record.verify.scan import Day
from murenger.record.verify.stretch import (
    STRETCH_RECORDS,
    Stretch,
    Task,
    Walked,
    presumed_start,
    stretches,
    walk_elsewhere,
    walk_stretch,
)
from murenger.record.verify.walk import Seen, Walk

Progress = Callable[[int, int], None]


def walk_records(
    case: Case, record_checks: Sequence[RecordCheck], day_checks: Sequence[DayCheck], progress: Progress
) -> Iterator[Finding]:
    """Examine every record that is asked for, and each day once its records are; yield their faults."""
    wanted = list(stretches(case.scan, since=case.since, only=case.only))
    total = sum(len(stretch.numbers) for stretch in wanted)
    task = Task(
        scan=case.scan,
        trust=case.trust,
        timeline=case.walk.timeline,
        checks=record_checks,
        first_sha256=_listed_before(case, wanted),
    )
    if wanted:
        case.walk.state = presumed_start(task, wanted[0])
    many = case.jobs > 1 and len(wanted) > 1 and total > STRETCH_RECORDS
    results = walk_elsewhere(task, iter(wanted), case.jobs) if many else None
    previous, done, waiting = "", 0, wanted[::-1]
    for index, day in enumerate(case.scan.days):
        seen = day_seen(day, previous)
        previous = day.name
        while waiting and waiting[-1].day == index:
            stretch = waiting.pop()
            walked = next(results) if results is not None else None
            if walked is None or walked.start != case.walk.state:
                walked = walk_stretch(task, stretch, case.walk.state)
            yield from _added(case, task, walked, seen)
            done += len(stretch.numbers)
            progress(done, total)
        _compare_leaves(case, seen)
        if _is_asked_for(case, day):
            for check in day_checks:
                yield from check(seen, case)


def _compare_leaves(case: Case, seen: DaySeen) -> None:
    """Keep a day's leaf hashes only where they are not those that `LEAVES` lists: twice a million are much memory."""
    if not seen.examined:
        return
    if seen.leaves == (seen.day.leaves or b"") and seen.day.leaves_sound:
        case.listed.add(seen.day.name)
        return
    for place, number in enumerate(seen.examined):
        case.walk.leaves.put(number, bytes(seen.leaves[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]))


def _listed_before(case: Case, wanted: Sequence[Stretch]) -> str | None:
    """Return the digest that the seal of a day without records lists for the record before the first."""
    if not wanted or wanted[0].before is not None or wanted[0].numbers[0] == 0:
        return None
    listed = case.books.listed_digest(wanted[0].numbers[0] - 1)
    return None if listed is None else listed.hex()


def _is_asked_for(case: Case, day: Day) -> bool:
    if case.only is not None:
        return case.only in day
    return not day.numbers or day.numbers[-1] >= case.since


def _added(case: Case, task: Task, walked: Walked, day: DaySeen) -> Iterator[Finding]:
    """Add a stretch to what is known of the log, and judge what could not be judged within it; yield its faults."""
    numbers, walk = walked.stretch.numbers, case.walk
    _put(walk.digests, numbers, walked.digests)
    day.digests += walked.digests
    day.leaves += walked.leaves
    day.signatures += walked.signatures
    day.examined.extend(numbers)
    yield from walked.seen.findings
    _merge(walk.seen, walked.seen)
    for number in walked.seen.later:
        record = examine(day.day, number)
        here = Walk(walked.start, walk.timeline)
        here.seen.intents = walk.seen.intents
        yield from judge_decision(record, here, task.scan, task.trust)
    walk.state = walked.end


def _put(known: Digests, numbers: Sequence[int], digests: bytes) -> None:
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        known.put(numbers[0], digests)
        return
    for place, number in enumerate(numbers):
        known.put(number, digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES])


def _merge(known: Seen, more: Seen) -> None:
    known.intents.update(more.intents)
    for sha256, number, refused in more.settled:
        intent = known.intents.get(sha256)
        if intent is not None:
            intent.settle(number, refused=refused)
    known.cited |= more.cited
    known.altered |= more.altered
    known.references += more.references
    start = 1 if known.signers and more.signers and known.signers[-1][1] == more.signers[0][1] else 0
    known.signers += more.signers[start:]
    known.heartbeats += more.heartbeats
    known.beaten_at += more.beaten_at
    known.noted += more.noted
    known.roots += more.roots
    known.attachments += more.attachments
