"""The second pass over the records of a period: the lists, and what other programs take.

Input: records in order, and what the first pass added up. Output: CSV, CEF and JSON lines, row by row, each naming the
record's file and digest, so that a sample leads to the signed bytes in one step.
"""

import json
from collections.abc import Iterator

from murenger.model import JsonValue
from murenger.record.evidence.cef import cef_line
from murenger.record.evidence.csv_text import Cell, csv_line
from murenger.record.evidence.entry import Entry
from murenger.record.evidence.incidents import Incidents
from murenger.record.evidence.ocsf import ocsf_event
from murenger.record.evidence.order import PackOrder, PackWriter
from murenger.record.evidence.requirements import REQUIREMENTS, requirements_of
from murenger.record.evidence.servicenow import servicenow_change
from murenger.record.evidence.survey import requirement_path
from murenger.record.evidence.texts import items_of
from murenger.record.evidence.view import GapView, IncidentState
from murenger.record.reading import group_of, plain, text_of

RECORDS, POPULATION, GAPS = "records.csv", "population.csv", "gaps.csv"
CEF, OCSF, SERVICENOW = "exports/records.cef", "exports/ocsf-5019.jsonl", "exports/servicenow.jsonl"

_RECORD_HEAD = ("number", "written_at", "kind", "device", "event", "result", "object", "sha256", "file")
_POPULATION_HEAD = (
    *("number", "written_at", "device", "change", "made_by", "made_by_source", "confidence", "golden_sha256"),
    *("live_sha256", "differences", "effect", "disposition", "disposition_records", "approved_by", "ticket"),
    *("incident", "sha256", "file"),
)
_GAP_HEAD = ("kind", "device", "started_at", "ended_at", "duration_s", "cause", "records")
_REQUIREMENT_HEAD = ("requirement", *_RECORD_HEAD)

_CHANGES = frozenset({"drift", "outcome", "golden"})


class Tables:
    """Writes the lists.

    Args:
        order: the pack.
        incidents: what the first pass found.
        writer: where the files go.
    """

    def __init__(self, order: PackOrder, incidents: Incidents, writer: PackWriter) -> None:
        self._order = order
        self._incidents = incidents
        self._writer = writer
        self._writer.append(RECORDS, csv_line(_RECORD_HEAD))
        self._writer.append(POPULATION, csv_line(_POPULATION_HEAD))
        for path in (CEF, OCSF, SERVICENOW):
            self._writer.append(path, b"")
        for item in REQUIREMENTS:
            self._writer.append(requirement_path(item.number), csv_line(_REQUIREMENT_HEAD))

    def take(self, entry: Entry) -> None:
        """Write the rows of the next record."""
        if not entry.concerns(self._order.devices):
            return
        row = tuple(_record_row(entry))
        self._writer.append(RECORDS, csv_line(row))
        for number in requirements_of(entry.kind, entry.said):
            self._writer.append(requirement_path(number), csv_line((number, *row)))
        if entry.kind in _CHANGES:
            self._writer.append(POPULATION, csv_line(self._population_row(entry)))
        self._writer.append(
            CEF, cef_line(entry, version=self._order.version).encode("utf-8", "backslashreplace") + b"\n"
        )
        self._json_line(OCSF, ocsf_event(entry, version=self._order.version))
        self._json_line(SERVICENOW, servicenow_change(entry))

    def gaps(self, gaps: tuple[GapView, ...]) -> None:
        """Write the list of gaps."""
        rows: Iterator[tuple[Cell, ...]] = (
            (gap.kind.value, gap.device, gap.started_at, gap.ended_at, gap.duration_s, gap.cause, _numbers(gap.records))
            for gap in gaps
        )
        self._writer.write(GAPS, b"".join(map(csv_line, (_GAP_HEAD, *rows))))

    def _json_line(self, path: str, value: dict[str, JsonValue] | None) -> None:
        if value is not None:
            self._writer.append(path, json.dumps(value, sort_keys=True).encode("ascii") + b"\n")

    def _population_row(self, entry: Entry) -> tuple[Cell, ...]:
        said = entry.said
        actor, golden, drift = group_of(said, "actor"), group_of(said, "golden"), group_of(said, "drift")
        identity = self._incidents.of(entry.sequence)
        incident = self._incidents.get(identity) if identity else None
        live = group_of(said, "after") or group_of(said, "before")
        own = entry.kind == "outcome"
        return (
            entry.sequence,
            entry.written_at,
            entry.device,
            _change(entry),
            text_of(group_of(said, "executor"), "runner_id") if own else plain(actor.get("claimed")),
            "murenger" if own else text_of(actor, "source"),
            "" if own else text_of(actor, "confidence"),
            text_of(golden, "approved_sha256"),
            text_of(live, "normalised_sha256"),
            len(tuple(items_of(drift.get("ops")))) if drift else None,
            text_of(group_of(said, "impact"), "effect"),
            _disposition(entry, incident.state if incident else None, incident.summary if incident else ""),
            _numbers(incident.records) if incident else "",
            "; ".join(incident.approved_by) if incident else text_of(golden, "signer"),
            "; ".join(incident.tickets) if incident else "",
            identity,
            entry.sha256,
            entry.path,
        )


def _record_row(entry: Entry) -> Iterator[Cell]:
    event = group_of(entry.said, "event")
    yield from (entry.sequence, entry.written_at, entry.kind, entry.device)
    yield from (text_of(event, "type"), text_of(event, "result"), text_of(event, "object"), entry.sha256, entry.path)


def _change(entry: Entry) -> str:
    if entry.kind == "drift":
        return f"drift-{text_of(group_of(entry.said, 'drift'), 'phase')}"
    if entry.kind == "outcome":
        return f"change-{text_of(group_of(entry.said, 'outcome'), 'verdict')}"
    return "golden-adopted"


def _disposition(entry: Entry, state: IncidentState | None, summary: str) -> str:
    if entry.kind == "golden":
        return "adopted"
    if state is None:
        return ""
    return summary if summary.startswith(state.value) else f"{state.value}: {summary}"


def _numbers(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))
