"""The checks on time and duty: was the runner watching, were changes anchored, were seals and keys in time?

Input: what the walk through the records saw, and what evidence proves. Output: faults.
"""

import bisect
import datetime
from collections.abc import Iterator

from murenger.model import RecordKind
from murenger.record.reading import number_of, text_of, time_of
from murenger.record.store import SEAL
from murenger.record.verify.case import Case
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.log_checks import LogCheck
from murenger.record.verify.scan import Day
from murenger.record.verify.walk import Noted

# A forgery that is stamped anew is late by nature.
SEAL_TIME = datetime.timedelta(hours=24)


def check_gaps(case: Case) -> Iterator[Finding]:
    """Find stretches without a heartbeat, longer than two intervals, that no record explains."""
    interval_s = _interval_s(case)
    seen = case.walk.seen
    if interval_s is None:
        if len(seen.heartbeats) > 1:
            case.limit("gaps between heartbeats were not looked for: the log's first record is not here")
        return
    explained = [noted.number for noted in seen.noted if _explains_silence(noted)]
    for place in range(1, len(seen.heartbeats)):
        silence_s = seen.beaten_at[place] - seen.beaten_at[place - 1]
        before, number = seen.heartbeats[place - 1], seen.heartbeats[place]
        if silence_s > 2 * interval_s and bisect.bisect(explained, before) == bisect.bisect(explained, number):
            text = f"no heartbeat for {int(silence_s)} s after record {before}, where one was due every {interval_s} s"
            yield _about(case, number, Code.GAP, text)


def _interval_s(case: Case) -> int | None:
    terms = (noted.said for noted in case.walk.seen.noted if noted.kind is RecordKind.GENESIS)
    return next((number_of(said, "heartbeat_s") for said in terms), None)


def _explains_silence(noted: Noted) -> bool:
    """Tell whether a record says why nothing was watched: the runner was stopped, or something failed."""
    return noted.kind in {RecordKind.FAILURE, RecordKind.RECOVERY} or text_of(noted.said, "phase") == "stop"


def check_anchored_changes(case: Case) -> Iterator[Finding]:
    """Find changes that were begun without the receipt that their record says was waited for."""
    numbers = sorted(case.waited)
    for intent in case.walk.seen.intents.values():
        # Where nobody confirmed, the change was refused: the outcome says so, and no receipt is to be found.
        if not intent.waited or intent.refused:
            continue
        place = bisect.bisect_left(numbers, intent.number)
        latest = case.books.last if intent.settled_by is None else intent.settled_by - 1
        if place == len(numbers) or numbers[place] > latest:
            text = "the record says that a receipt was waited for before the change, and there is none"
            yield Finding(code=Code.UNANCHORED_CHANGE, file=intent.file, sequence=intent.number, text=text)


def check_seal_time(case: Case) -> Iterator[Finding]:
    """Find seals that were stamped long after their day, unless a record of the log says why."""
    excused = {
        text_of(noted.said, "affected")
        for noted in case.walk.seen.noted
        if noted.kind is RecordKind.RECOVERY and text_of(noted.said, "cause") == "late-seal"
    }
    for day in case.scan.days:
        stamped = case.stamped.get(day.name)
        if stamped is None or stamped <= _end_of(day) + SEAL_TIME:
            continue
        if any(day.name in affected for affected in excused):
            case.limit(f"the seal of {day.name} was stamped late, at {stamped:%Y-%m-%dT%H:%M:%SZ}, as a record says")
            continue
        text = f"was stamped at {stamped:%Y-%m-%dT%H:%M:%SZ}, more than 24 hours after the day"
        yield Finding(code=Code.SEAL_LATE, file=case.scan.name_of(day.folder / SEAL), sequence=_newest(day), text=text)


def _newest(day: Day) -> int | None:
    return day.numbers[-1] if day.numbers else None


def _end_of(day: Day) -> datetime.datetime:
    try:
        start = datetime.datetime.fromisoformat(f"{day.name}T00:00:00+00:00")
        return start + datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        return datetime.datetime.max.replace(tzinfo=datetime.UTC) - SEAL_TIME


def check_key_events(case: Case) -> Iterator[Finding]:
    """Find records signed with a key after the log itself had said that it ended."""
    for noted in case.walk.seen.noted:
        if noted.kind is not RecordKind.KEY_EVENT or text_of(noted.said, "action") not in {"expire", "compromise"}:
            continue
        key, until = text_of(noted.said, "key_fp"), time_of(noted.said, "valid_until")
        if text_of(noted.said, "suspect_from"):
            since = text_of(noted.said, "suspect_from")
            case.limit(f"record {noted.number} says that key {key} is compromised, and in doubt from {since} on")
        if until is not None and noted.at is not None and until > noted.at:
            # Announced ahead: allowed_signers says from when on.
            continue
        later = _first_signed_after(case, noted.number, key)
        if later is not None:
            text = f"signed with key {key}, which record {noted.number} says had ended"
            yield _about(case, later, Code.SIGNER_EXPIRED, text)


def _first_signed_after(case: Case, number: int, key: str) -> int | None:
    """Return the number of the first record after one that a key signed, or None."""
    signers = case.walk.seen.signers
    for place, (start, signer) in enumerate(signers):
        end = signers[place + 1][0] if place + 1 < len(signers) else case.books.last + 1
        first = max(start, number + 1)
        if signer == key and first < end:
            return first
    return None


def check_anchor_roots(case: Case) -> Iterator[Finding]:
    """Find records that say an anchor holds another tree than the log's."""
    seen = case.walk.seen.roots
    roots = case.books.roots(size for _, size, _ in seen)
    for number, size, root in seen:
        if size in roots and roots[size] != root:
            text = f"says that an anchor holds another tree of {size} records"
            yield _about(case, number, Code.REFERENCE, text)


def _about(case: Case, number: int, code: Code, text: str) -> Finding:
    day = case.scan.day_of(number)
    file = case.scan.record_file(day, number) if day else ""
    return Finding(code=code, file=file, sequence=number, text=text)


TIME_CHECKS: tuple[LogCheck, ...] = (
    check_gaps,
    check_anchored_changes,
    check_seal_time,
    check_key_events,
    check_anchor_roots,
)
