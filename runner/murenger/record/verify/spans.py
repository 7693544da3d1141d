"""What is promised for which records, and what is not: the part of the verdict about completeness.

Input: a log after its checks. Output: spans of records with who vouches for them, and sentences about the rest.
"""

from murenger.record.verify.case import Case
from murenger.record.verify.finding import Span
from murenger.record.verify.timeline import Anchor

_NO_ANCHOR = (
    "completeness is not proven: no anchor was given, so records cut from the end would not show",
    "a history rewritten whole by somebody who holds the runner's key would not show either",
)
_NO_ANCHOR_BUT_OWN = (
    "completeness is not proven: no anchor was given, so records cut from the end, with the receipts about them, would "
    "not show"
)
_CLAIMED_TIMES = "keys were judged at the times that the records claim, for no anchor gives a better one"


def proven_to(case: Case) -> int | None:
    """Return the number of the newest record that an anchor brought by the reader covers, or None."""
    return max((anchor.sequence for anchor in case.anchors if anchor.given), default=None)


def spans_of(case: Case) -> tuple[Span, ...]:
    """Return which records are covered by the reader's newest anchor, by the log's own newest evidence, and by none."""
    spans: list[Span] = []
    first = _first(case)
    for given in (True, False):
        newest = max((anchor for anchor in case.anchors if anchor.given is given), key=_sequence, default=None)
        if newest is not None and newest.sequence >= first:
            spans.append(Span(first=first, last=newest.sequence, by=newest.by, at=newest.at, given=given))
            first = newest.sequence + 1
    if first <= case.books.last:
        spans.append(Span(first=first, last=case.books.last, by="", at=None, given=False))
    return tuple(spans)


def limits_of(case: Case) -> tuple[str, ...]:
    """Return what was not and could not be proved, one sentence each."""
    limits: list[str] = []
    proven = proven_to(case)
    if proven is None:
        limits += [_NO_ANCHOR_BUT_OWN] if case.anchors else _NO_ANCHOR
    elif proven < case.books.last:
        limits.append(
            f"nothing is promised for records {proven + 1}-{case.books.last}, which came after the last anchor"
        )
    limits += _times(case)
    unsealed = sum(not day.sealed for day in case.scan.days[:-1])
    if unsealed:
        limits.append(f"{unsealed} finished day(s) carry no seal")
    if case.since:
        limits.append(f"records before {case.since} were not looked at")
    if case.only is not None:
        limits.append(f"only record {case.only} and what speaks about it was looked at")
    limits += case.limits
    if case.scan.aside:
        limits.append(f"{case.scan.aside} file(s) that crashes left lie in quarantine and were not looked at")
    return tuple(limits)


def _times(case: Case) -> list[str]:
    timed = max((anchor.sequence for anchor in case.anchors if anchor.at is not None), default=None)
    if timed is None:
        return [_CLAIMED_TIMES]
    if timed < case.books.last:
        return [f"keys of records {timed + 1}-{case.books.last} were judged at the times that these records claim"]
    return []


def _first(case: Case) -> int:
    numbers = [day.numbers[0] for day in case.scan.days if day.numbers]
    return min((*numbers, case.books.first), default=0)


def _sequence(anchor: Anchor) -> int:
    return anchor.sequence
