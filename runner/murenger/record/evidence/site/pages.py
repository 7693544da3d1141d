"""What the pages that show many things are made of: lines of changes, devices, and where each record is listed.

Input: a pack's view. Output: light values, made in one pass over the records, that every page can refer to.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from typing import TypeVar

from murenger.record.evidence.site import paths
from murenger.record.evidence.site.change import Standing, event_of, standing_of, title_of
from murenger.record.evidence.site.checking import Anchored
from murenger.record.evidence.view import DayView, GapView, IncidentView, PackView, RecordView, RequirementView
from murenger.record.groups import Group
from murenger.record.reading import group_of, text_of

MOST_SAMPLES = 12
_Item = TypeVar("_Item")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One change as lists show it.

    Attributes:
        number: number of its first record.
        page: its page.
        title: it in a sentence.
        standing: how it stands.
        incident: the stretch of drift.
        actor: who is said to have done it, as the record holds it; "" where nobody is named.
    """

    number: int
    page: str
    title: str
    standing: Standing
    incident: IncidentView
    actor: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """One device.

    Attributes:
        name: its name.
        page: its page.
        facts: the device as its newest record describes it; empty where none does.
        goldens: (record, golden) pairs of the revisions adopted for it in the period.
        lines: its changes, oldest first.
        gaps: when it, or everything, was not observed.
        records: number of records about it.
    """

    name: str
    page: str
    facts: Group
    goldens: tuple[tuple[RecordView, Group], ...]
    lines: tuple[ChangeLine, ...]
    gaps: tuple[GapView, ...]
    records: int

    def standing(self) -> Standing | None:
        """Return how its newest change that is not over stands, or None where nothing is open."""
        waiting = [line.standing for line in self.lines if line.standing in (Standing.HELD, Standing.OPEN)]
        return waiting[-1] if waiting else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A stretch of a long list.

    Attributes:
        path: of this page.
        number: which page it is, from 1.
        total: how many there are.
        first: place of its first item in the list, from 1.
        last: place of its last item.
        items: number of items in the whole list.
        pages: paths of all pages.
    """

    path: str
    number: int
    total: int
    first: int
    last: int
    items: int
    pages: tuple[str, ...]


class Contents:
    """The pack's view with everything that pages need to refer to one another."""

    def __init__(self, view: PackView) -> None:
        self.view = view
        self.days: dict[str, DayView] = {day.name: day for day in view.days}
        self.anchored = Anchored(view.records)
        self._place = {record.sequence: place for place, record in enumerate(view.records)}
        self.lines = tuple(self._line(incident) for incident in view.incidents if incident.records)
        self._change_of = {number: line.page for line in self.lines for number in line.incident.records}
        self.device_pages = paths.device_pages(self._device_names())
        self._gather_devices()

    def records_of(self, incident: IncidentView) -> tuple[RecordView, ...]:
        """Return the records of a change that the pack shows."""
        return tuple(self.view.records[self._place[n]] for n in incident.records if n in self._place)

    def record_link(self, number: int) -> str:
        """Return where a record is listed: page and place; "" where it is not, as with heartbeats."""
        place = self._place.get(number)
        return "" if place is None else f"{paths.list_page('records', place // paths.PAGE_LENGTH + 1)}#r{number}"

    def change_link(self, number: int) -> str:
        """Return the page of the change that a record belongs to, or ""."""
        return self._change_of.get(number, "")

    def waiting(self) -> tuple[ChangeLine, ...]:
        """Return the changes that are not over, the oldest first."""
        return tuple(line for line in self.lines if line.standing in (Standing.OPEN, Standing.HELD))

    def tally(self) -> dict[str, int]:
        """Return how many changes stand in which way."""
        return {each.value: sum(line.standing is each for line in self.lines) for each in Standing}

    def devices(self) -> Iterator[DevicePage]:
        """Yield each device, by name."""
        for name, page in sorted(self.device_pages.items()):
            facts, golden_numbers, number = self._devices.get(name, ({}, [], 0))
            goldens = [self.view.records[self._place[each]] for each in golden_numbers]
            yield DevicePage(
                name=name,
                page=page,
                facts=facts,
                goldens=tuple((record, group_of(record.said, "golden")) for record in goldens),
                lines=tuple(self._lines_of.get(name, ())),
                gaps=self._gaps_of(name),
                records=number,
            )

    def _gaps_of(self, name: str) -> tuple[GapView, ...]:
        both = (*self._gaps.get("", ()), *self._gaps.get(name, ()))
        return tuple(sorted(both, key=lambda gap: gap.started_at))

    def samples(self, requirement: RequirementView) -> tuple[int, ...]:
        """Return numbers of some records for a requirement, spread evenly from the first to the last."""
        return spread([number for number in requirement.records if number in self._place], MOST_SAMPLES)

    def _device_names(self) -> set[str]:
        names = {*self.view.devices, *(g.device for g in self.view.gaps), *(r.device for r in self.view.records)}
        # A drift without a device's name is no sound record, but it must not keep the others from being shown.
        return {name for name in names if name} | {incident.device for incident in self.view.incidents}

    def _gather_devices(self) -> None:
        self._devices: dict[str, tuple[Group, list[int], int]] = {}
        self._lines_of: dict[str, list[ChangeLine]] = {}
        self._gaps: dict[str, list[GapView]] = {}
        for gap in self.view.gaps:
            self._gaps.setdefault(gap.device, []).append(gap)
        for line in self.lines:
            self._lines_of.setdefault(line.incident.device, []).append(line)
        for record in self.view.records:
            if not record.device:
                continue
            facts, goldens, number = self._devices.get(record.device, ({}, [], 0))
            if record.kind == "golden":
                goldens.append(record.sequence)
            facts = group_of(record.said, "device") or facts
            self._devices[record.device] = (facts, goldens, number + 1)

    def _line(self, incident: IncidentView) -> ChangeLine:
        records = self.records_of(incident)
        actors = (text_of(group_of(record.said, "actor"), "claimed") for record in records)
        return ChangeLine(
            number=incident.records[0],
            page=paths.change_page(incident.records[0]),
            title=title_of(incident, records),
            standing=standing_of(incident, records),
            incident=incident,
            actor=next((actor for actor in actors if actor), ""),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One record as the list of records shows it.

    Attributes:
        record: the record.
        what: its event in a sentence.
        change: page of its change, or "".
    """

    record: RecordView
    what: str
    change: str


def record_line(record: RecordView, contents: Contents) -> RecordLine:
    """Return a record's line."""
    return RecordLine(record=record, what=event_of(record), change=contents.change_link(record.sequence))


def spread(numbers: Sequence[int], most: int) -> tuple[int, ...]:
    """Return at most so many numbers, evenly spread, the first and the last among them."""
    if len(numbers) <= most:
        return tuple(numbers)
    return tuple(numbers[round(place * (len(numbers) - 1) / (most - 1))] for place in range(most))


def paged(name: str, items: Sequence[_Item]) -> Iterator[tuple[ListPage, Sequence[_Item]]]:
    """Yield each page of a list with its items; an empty list has one empty page."""
    total = max(-(-len(items) // paths.PAGE_LENGTH), 1)
    pages = tuple(paths.list_page(name, number) for number in range(1, total + 1))
    for number, path in enumerate(pages, 1):
        start = (number - 1) * paths.PAGE_LENGTH
        part = items[start : start + paths.PAGE_LENGTH]
        last = start + len(part)
        yield (
            ListPage(path=path, number=number, total=total, first=start + 1, last=last, items=len(items), pages=pages),
            part,
        )


def period_text(first: datetime.date, last: datetime.date) -> str:
    """Return a period in words: `21 November 2026` or `1 to 21 November 2026`."""
    if first == last:
        return f"{last.day} {last:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%B %Y}"
    start = f"{first.day} {first:%B}" if first.year == last.year else f"{first.day} {first:%B %Y}"
    return f"{start} to {last.day} {last:%B %Y}"
