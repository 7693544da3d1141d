"""Gaps: the stretches of a period in which nothing, or not everything, was observed.

Input: records in order, and how often a heartbeat was promised. Output: gaps, each with the records that tell it.

A gap is measured by the runner's own clock and shows what the runner did not do; that it observed honestly at other
times is not proved by the absence of gaps.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from murenger.record.evidence.entry import Entry
from murenger.record.evidence.incidents import references, seconds
from murenger.record.evidence.view import GapKind, GapView
from murenger.record.groups import Group
from murenger.record.reading import group_of, text_of, time_of

# One heartbeat may be late; a second one missing is a gap.
_MISSED = 2


@dataclasses.dataclass(slots=True)
class _Since:
    at: datetime.datetime
    record: int
    cause: str = ""


class Gaps:
    """Collects gaps; holds the open ones and the list, and no record.

    Args:
        heartbeat_s: seconds between heartbeats that the log promised, > 0.
        started_at: when the period began.
    """

    def __init__(self, heartbeat_s: int, started_at: datetime.datetime) -> None:
        self._longest = datetime.timedelta(seconds=_MISSED * heartbeat_s)
        self._gaps: list[GapView] = []
        self._observed: _Since | None = _Since(at=started_at, record=-1)
        self._stopped: _Since | None = None
        self._unreachable: dict[str, _Since] = {}
        self._failures: dict[int, tuple[str, _Since]] = {}
        self._previous: datetime.datetime | None = None

    def take(self, entry: Entry) -> None:
        """Take in the next record."""
        at = entry.written_at
        if at is None:
            return
        if entry.kind == "genesis":
            # Nothing was promised before the log began.
            self._observed = _Since(at=at, record=entry.sequence)
        elif entry.kind == "heartbeat":
            self._heartbeat(entry, at)
        elif entry.kind == "runner":
            self._runner(entry, at)
        elif entry.kind == "failure":
            self._failure(entry, at)
        elif entry.kind == "recovery":
            self._recovery(entry, at)

    def views(self, ended_at: datetime.datetime) -> tuple[GapView, ...]:
        """Return every gap by its start; those not over yet have no end.

        Args:
            ended_at: when the period, or the log, ended.
        """
        gaps = list(self._gaps)
        if self._stopped is not None:
            gaps.append(_gap(GapKind.STOPPED, self._stopped, None, "the runner stopped: " + self._stopped.cause))
        elif self._observed is not None and ended_at - self._observed.at > self._longest:
            gaps.append(_gap(GapKind.SILENT, self._observed, None, "no heartbeat any more"))
        for device, since in self._unreachable.items():
            gaps.append(_gap(GapKind.UNREACHABLE, since, None, "not read", device=device))
        for device, since in self._failures.values():
            gaps.append(_gap(GapKind.FAILURE, since, None, since.cause, device=device))
        return tuple(sorted(gaps, key=lambda gap: (gap.started_at, gap.records)))

    def _heartbeat(self, entry: Entry, at: datetime.datetime) -> None:
        self._end_silence(at, entry.sequence)
        # The last time that every device not named was seen is the heartbeat before.
        seen_at = self._observed.at if self._observed is not None and self._observed.record >= 0 else at
        listed = group_of(entry.said, "population").get("unreachable")
        names = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
        for name in sorted(names - set(self._unreachable)):
            self._unreachable[name] = _Since(at=min(seen_at, at), record=entry.sequence)
        for name in sorted(set(self._unreachable) - names):
            since = self._unreachable.pop(name)
            self._gaps.append(_gap(GapKind.UNREACHABLE, since, at, "not read", device=name, record=entry.sequence))
        self._observed = _Since(at=at, record=entry.sequence)

    def _runner(self, entry: Entry, at: datetime.datetime) -> None:
        runner = group_of(entry.said, "runner")
        if text_of(runner, "phase") == "stop":
            self._end_silence(at, entry.sequence)
            self._observed = None
            self._stopped = _Since(at=at, record=entry.sequence, cause=text_of(runner, "reason"))
        elif self._stopped is None:
            # It started without having said that it stopped.
            self._end_silence(at, entry.sequence)
            self._observed = _Since(at=at, record=entry.sequence)

    def _end_silence(self, at: datetime.datetime, record: int) -> None:
        if self._stopped is not None:
            cause = "the runner stopped: " + self._stopped.cause
            self._gaps.append(_gap(GapKind.STOPPED, self._stopped, at, cause, record=record))
            self._stopped = None
        elif self._observed is not None and at - self._observed.at > self._longest:
            self._gaps.append(_gap(GapKind.SILENT, self._observed, at, "no heartbeat", record=record))

    def _failure(self, entry: Entry, at: datetime.datetime) -> None:
        failure = group_of(entry.said, "failure")
        device = entry.device
        if text_of(failure, "phase") != "close":
            since = _Since(at=time_of(failure, "started") or at, record=entry.sequence, cause=_failure_cause(failure))
            self._failures[entry.sequence] = (device, since)
            return
        opened = next((number for number in references(entry.said) if number in self._failures), None)
        since = (
            self._failures.pop(opened)[1]
            if opened is not None
            else _Since(at=time_of(failure, "started") or at, record=entry.sequence)
        )
        ended = time_of(failure, "resumed_at") or time_of(failure, "restored_at") or time_of(failure, "ended") or at
        cause = since.cause or _failure_cause(failure)
        self._gaps.append(_gap(GapKind.FAILURE, since, ended, cause, device=device, record=entry.sequence))

    def _recovery(self, entry: Entry, at: datetime.datetime) -> None:
        recovery = group_of(entry.said, "recovery")
        if text_of(recovery, "cause") != "clock-step":
            return
        since = _Since(at=at, record=entry.sequence)
        self._gaps.append(_gap(GapKind.CLOCK, since, at, text_of(recovery, "found")))
        # What was measured by the clock before the step is no measure after it.
        if self._observed is not None:
            self._observed = _Since(at=min(at, self._observed.at), record=entry.sequence)


def largest_s(gaps: Sequence[GapView], ended_at: datetime.datetime) -> int:
    """Return the length of the longest gap in seconds, an open one up to the end; 0 without any."""
    return max((seconds(gap.started_at, gap.ended_at or ended_at) or 0 for gap in gaps), default=0)


def concerning(gaps: Sequence[GapView], devices: Sequence[str]) -> Iterator[GapView]:
    """Yield the gaps of some devices and those of all; every gap for no devices."""
    yield from (gap for gap in gaps if not devices or not gap.device or gap.device in devices)


def _failure_cause(failure: Group) -> str:
    return ": ".join(part for part in (text_of(failure, "control"), text_of(failure, "cause")) if part)


def _gap(
    kind: GapKind,
    since: _Since,
    ended_at: datetime.datetime | None,
    cause: str,
    *,
    device: str = "",
    record: int | None = None,
) -> GapView:
    numbers = {since.record, record if record is not None else since.record} - {-1}
    return GapView(
        kind=kind,
        device=device,
        started_at=since.at,
        ended_at=ended_at,
        duration_s=seconds(since.at, ended_at),
        cause=cause,
        records=tuple(sorted(numbers)),
    )
