"""The period at a glance: a lane for each device, a bar for each stretch of drift, a lane for what was not observed.

Input: incidents, gaps and the period. Output: bars in thousandths of the period's length, for a drawing that any width
fits.
"""

import dataclasses
import datetime
import itertools
from collections.abc import Iterable, Sequence

from murenger.record.evidence.view import GapView, IncidentState, IncidentView

SCALE = 1000
MOST_LANES = 12
_LEAST_WIDTH = 4
_TICKS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar; neighbours too near to be told apart are drawn as one.

    Attributes:
        kind: healed, ended, open or gap.
        start: left end, 0 to `SCALE`.
        width: its width, at least what can be seen.
    """

    kind: str
    start: int
    width: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One device, or the observation itself.

    Attributes:
        device: name of the device; "" for the lane of observation.
        bars: its bars from left to right.
        number: how many stretches it stands for.
    """

    device: str
    bars: tuple[Bar, ...]
    number: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The drawing.

    Attributes:
        lanes: the devices with the most stretches, those with open drift first.
        observation: the lane of gaps, or None where there are none.
        ticks: labels below, evenly spread from the beginning to the end.
        hidden: number of devices with drift that have no lane.
    """

    lanes: tuple[Lane, ...]
    observation: Lane | None
    ticks: tuple[str, ...]
    hidden: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The period as a measure; its last day is whole."""

    start: datetime.datetime
    end: datetime.datetime

    @classmethod
    def of(cls, first: datetime.date, last: datetime.date) -> "Scale":
        """Return the measure from the first day's beginning to the last day's end."""
        start = datetime.datetime.combine(first, datetime.time(), datetime.UTC)
        end = datetime.datetime.combine(last, datetime.time(), datetime.UTC) + datetime.timedelta(days=1)
        return cls(start=start, end=max(end, start + datetime.timedelta(days=1)))

    def place(self, at: datetime.datetime | None, otherwise: int) -> int:
        """Return where a time lies, within the period."""
        if at is None:
            return otherwise
        return min(max(int((at - self.start) / (self.end - self.start) * SCALE), 0), SCALE)

    def ticks(self) -> tuple[str, ...]:
        """Return the labels: hours where the period is short, else days."""
        step = (self.end - self.start) / (_TICKS - 1)
        moments = [self.start + step * number for number in range(_TICKS)]
        short = self.end - self.start <= datetime.timedelta(days=3)
        return tuple(f"{at:%d %b %H:%M}" if short else f"{at:%d %b %Y}" for at in moments)


def timeline_of(
    incidents: Sequence[IncidentView], gaps: Sequence[GapView], first: datetime.date, last: datetime.date
) -> Timeline:
    """Return the drawing of a period."""
    scale = Scale.of(first, last)
    by_device: dict[str, list[IncidentView]] = {}
    for incident in incidents:
        by_device.setdefault(incident.device, []).append(incident)
    ranked = sorted(by_device, key=lambda name: (not _any_open(by_device[name]), -len(by_device[name]), name))
    return Timeline(
        lanes=tuple(_lane(name, by_device[name], scale) for name in ranked[:MOST_LANES]),
        observation=Lane(device="", bars=_gap_bars(gaps, scale), number=len(gaps)) if gaps else None,
        ticks=scale.ticks(),
        hidden=max(len(ranked) - MOST_LANES, 0),
    )


def _any_open(incidents: Iterable[IncidentView]) -> bool:
    return any(incident.state is IncidentState.OPEN for incident in incidents)


def _lane(device: str, incidents: Sequence[IncidentView], scale: Scale) -> Lane:
    bars = (_bar(i.state.value, scale.place(i.detected_at, 0), scale.place(i.ended_at, SCALE)) for i in incidents)
    return Lane(device=device, bars=_merged(bars), number=len(incidents))


def _gap_bars(gaps: Sequence[GapView], scale: Scale) -> tuple[Bar, ...]:
    return _merged(_bar("gap", scale.place(g.started_at, 0), scale.place(g.ended_at, SCALE)) for g in gaps)


def _bar(kind: str, start: int, end: int) -> Bar:
    width = max(end - start, _LEAST_WIDTH)
    return Bar(kind=kind, start=min(start, SCALE - width), width=width)


def _merged(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Join bars of one kind that touch: a lane never has more bars than can be drawn."""
    merged: list[Bar] = []
    ordered = sorted(bars, key=lambda bar: (bar.kind, bar.start))
    for _, same in itertools.groupby(ordered, key=lambda bar: bar.kind):
        runs: list[Bar] = []
        for bar in same:
            last = runs[-1] if runs else None
            if last and bar.start <= last.start + last.width:
                end = max(last.start + last.width, bar.start + bar.width)
                runs[-1] = dataclasses.replace(last, width=end - last.start)
            else:
                runs.append(bar)
        merged += runs
    # What is still open is drawn last, over the rest.
    return tuple(sorted(merged, key=lambda bar: (bar.kind == "open", bar.start)))
