"""Stretches of drift: from the record that opened each to the one that ended it.

Input: records in order. Output: one incident for each drift identity, and which incident a record belongs to.
"""

import dataclasses
import datetime
from collections.abc import Iterator

from murenger.record.evidence.entry import Entry
from murenger.record.evidence.view import IncidentState, IncidentView
from murenger.record.groups import Group
from murenger.record.reading import group_of, number_of, text_of, time_of

_KINDS = frozenset({"drift", "plan", "approval", "intent", "outcome", "hold"})


@dataclasses.dataclass(slots=True)
class _Open:
    """An incident as far as the records read so far tell."""

    device: str
    state: IncidentState = IncidentState.OPEN
    last_good: datetime.datetime | None = None
    detected_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    effect: str = "unknown"
    summary: str = "still open"
    approved_by: dict[str, None] = dataclasses.field(default_factory=dict)
    tickets: dict[str, None] = dataclasses.field(default_factory=dict)
    records: list[int] = dataclasses.field(default_factory=list)


class Incidents:
    """Collects incidents; holds a few fields of each, and of no record."""

    def __init__(self) -> None:
        self._found: dict[str, _Open] = {}
        self._identity_of: dict[int, str] = {}

    def take(self, entry: Entry) -> None:
        """Take in the next record."""
        identity = self._identity(entry) if entry.kind in _KINDS else ""
        if not identity:
            return
        incident = self._found.setdefault(identity, _Open(device=entry.device))
        incident.device = incident.device or entry.device
        self._identity_of[entry.sequence] = identity
        incident.records.append(entry.sequence)
        _remember(incident, entry)
        if entry.kind == "drift":
            _drift(incident, entry.said)
        elif entry.kind == "outcome":
            _outcome(incident, entry.said)
        elif entry.kind == "hold" and incident.state is IncidentState.OPEN:
            incident.summary = "held: " + text_of(group_of(entry.said, "hold"), "detail")

    def of(self, sequence: int) -> str:
        """Return the identity of the incident that a record belongs to, or ""."""
        return self._identity_of.get(sequence, "")

    def get(self, identity: str) -> IncidentView:
        """Return one incident as it stands."""
        return _view(identity, self._found[identity])

    def views(self) -> tuple[IncidentView, ...]:
        """Return every incident by the number of its first record."""
        return tuple(_view(identity, incident) for identity, incident in self._found.items())

    def _identity(self, entry: Entry) -> str:
        # A hold names no drift; it refers to the record that does.
        known = next((self._identity_of[at] for at in references(entry.said) if at in self._identity_of), "")
        return known or text_of(group_of(entry.said, "drift"), "id")


def references(said: Group) -> Iterator[int]:
    """Yield the numbers of the records that one refers to."""
    listed = said.get("refs")
    for item in listed if isinstance(listed, list) else []:
        at = number_of(item, "at_seq") if isinstance(item, dict) else None
        if at is not None:
            yield at


def seconds(start: datetime.datetime | None, end: datetime.datetime | None) -> int | None:
    """Return the whole seconds between two times, at least 0; None where one is not known."""
    return None if start is None or end is None else max(0, int((end - start).total_seconds()))


def _remember(incident: _Open, entry: Entry) -> None:
    approver = text_of(group_of(entry.said, "approval"), "principal")
    ticket = text_of(group_of(entry.said, "change"), "ticket")
    if approver:
        incident.approved_by[approver] = None
    if ticket:
        incident.tickets[ticket] = None
    effect = text_of(group_of(entry.said, "impact"), "effect")
    # Once live is as approved again the effect is none; what counts is what the drift did while it lasted.
    if effect and effect != "none":
        incident.effect = effect
    drift = group_of(entry.said, "drift")
    incident.last_good = incident.last_good or time_of(drift, "last_good")
    incident.detected_at = incident.detected_at or time_of(drift, "first_bad") or time_of(drift, "detected_at")


def _drift(incident: _Open, said: Group) -> None:
    drift = group_of(said, "drift")
    if text_of(drift, "phase") == "close":
        incident.state = IncidentState.ENDED
        incident.ended_at = time_of(drift, "detected_at")
        incident.summary = text_of(group_of(said, "failure"), "cause") or "nothing differs any more"


def _outcome(incident: _Open, said: Group) -> None:
    outcome = group_of(said, "outcome")
    verdict = text_of(outcome, "verdict")
    reason = text_of(outcome, "reason")
    incident.summary = f"{verdict}: {reason}" if reason else verdict
    if verdict == "healed":
        incident.state = IncidentState.HEALED
        incident.ended_at = time_of(group_of(said, "times"), "finished")


def _view(identity: str, incident: _Open) -> IncidentView:
    return IncidentView(
        identity=identity,
        device=incident.device,
        state=incident.state,
        last_good=incident.last_good,
        detected_at=incident.detected_at,
        ended_at=incident.ended_at,
        latency_s=seconds(incident.last_good, incident.detected_at),
        duration_s=seconds(incident.detected_at, incident.ended_at),
        effect=incident.effect,
        approved_by=tuple(incident.approved_by),
        tickets=tuple(incident.tickets),
        records=tuple(incident.records),
        summary=incident.summary,
    )
