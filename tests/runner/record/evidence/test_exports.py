"""CSV, CEF, OCSF and ServiceNow: hostile text stays text, and each format's own limits are kept."""

import csv
import datetime
import io
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from murenger.model import canonical_bytes
from murenger.record.evidence.cef import cef_line, escape_header, escape_value
from murenger.record.evidence.csv_text import csv_line
from murenger.record.evidence.entry import Entry, entry_of
from murenger.record.evidence.gaps import Gaps, largest_s
from murenger.record.evidence.incidents import Incidents
from murenger.record.evidence.ocsf import ocsf_event
from murenger.record.evidence.servicenow import MAX_SHORT_DESCRIPTION, limited, servicenow_change
from murenger.record.evidence.view import GapKind, GapView, IncidentState
from murenger.record.reading import plain

AT = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def entry(kind: str, sequence: int = 1, minutes: float = 0, **groups: object) -> Entry:
    """Return a record as the lists see it."""
    at = AT + datetime.timedelta(minutes=minutes)
    said = {
        "kind": kind,
        "origin": "fw-site1",
        "seq": sequence,
        "written_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "event": {"type": f"{kind}-x", "result": "success", "object": "fw1: running", "origination": "x"},
        **groups,
    }
    return entry_of(canonical_bytes({"predicate": said}), sequence=sequence, day="2026-11-21")  # type: ignore[dict-item]  # any JSON


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_obey_is_made_text(start: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_line([start + "cmd|' /C calc'!A0", 1]).decode(), newline=""))
    assert row[0].startswith("'")
    assert not row[0].startswith(start)
    assert row[1] == "1"


@given(st.lists(st.one_of(st.text(), st.integers(0, 2**53), st.none()), min_size=1, max_size=6))
def test_any_row_is_one_line_of_as_many_cells_and_none_is_a_formula(cells: list[str | int | None]) -> None:
    line = csv_line(cells)
    assert line.endswith(b"\r\n")
    assert line.count(b"\n") == 1
    (row,) = csv.reader(io.StringIO(line.decode("utf-8"), newline=""))
    assert len(row) == len(cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]", line.decode("utf-8"))


def read_cef(line: str) -> tuple[list[str], dict[str, str]]:
    """Read a CEF line by the letter of the standard; shares no code with the writer."""
    fields, field, position = [], "", 0
    while len(fields) < 7:
        character = line[position]
        if character == "\\":
            position += 1
            assert line[position] in "\\|"
            field += line[position]
        elif character == "|":
            fields.append(field)
            field = ""
        else:
            field += character
        position += 1
    starts = list(re.finditer(r"(?:^| )([A-Za-z0-9]+)=", re.sub(r"\\.", "..", line[position:])))
    values = {}
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else None
        raw = line[position:][start.end() : end]
        values[start[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), raw)
    return fields, values


@given(st.text(max_size=80), st.text(max_size=80) | st.text("ab= \\|\n\r", max_size=30))
@example("a|b\\|c", " act=evil suser=x")
@example("x", "a\\= act=b\\")
def test_hostile_text_in_cef_ends_no_field_and_begins_none(header: str, value: str) -> None:
    line = "|".join(("CEF:0", *(escape_header(header) for _ in range(5)), "3", f"suser={escape_value(value)} act=x"))
    assert "\n" not in line
    assert "\r" not in line
    fields, values = read_cef(line)
    assert len(set(fields[1:6])) == 1
    assert set(values) == {"suser", "act"}
    if value.isprintable():
        assert values["suser"] == value
    if header.isprintable():
        assert fields[1] == header


def test_a_cef_line_says_who_what_and_which_record() -> None:
    record = entry(
        "outcome",
        actor={"claimed": "mallory"},
        approval={"principal": "alice|=\\"},
        device={"name": "fw1", "mgmt_address": "192.0.2.1"},
        outcome={"verdict": "healed", "reason": "a=b\nc"},
    )
    fields, values = read_cef(cef_line(record, version="1|2"))
    assert fields == ["CEF:0", "murenger", "runner", "1|2", "outcome", "outcome-x", "3"]
    assert values["duser"] == "alice|=\\"
    assert values["suser"] == "mallory"
    assert values["reason"] == "a=b\nc"
    assert values["externalId"] == "fw-site1#1"
    assert values["fileHash"] == record.sha256
    assert values["rt"] == str(int(AT.timestamp() * 1000))


def test_a_widening_drift_is_severe() -> None:
    record = entry("drift", impact={"effect": "widens"}, drift={"phase": "open"}, device={"name": "fw1"})
    assert read_cef(cef_line(record, version="1"))[0][6] == "9"


@pytest.mark.parametrize(
    ("kind", "groups", "levels", "severity"),
    [
        ("drift", {"drift": {"phase": "open"}, "impact": {"effect": "widens"}}, (1, 2), 4),
        ("drift", {"drift": {"phase": "change"}, "impact": {"effect": "unknown"}}, (2, 2), 3),
        ("drift", {"drift": {"phase": "close"}}, (2, 1), 1),
        ("outcome", {"outcome": {"verdict": "healed"}}, (2, 1), 1),
        ("outcome", {"outcome": {"verdict": "unknown"}}, (2, 0), 3),
        ("outcome", {"outcome": {"verdict": "rolled-back"}}, (2, 2), 3),
    ],
)
def test_ocsf_says_how_secure_the_device_was_before_and_after(
    kind: str, groups: dict[str, object], levels: tuple[int, int], severity: int
) -> None:
    event = ocsf_event(entry(kind, device={"name": "fw1"}, **groups), version="1")
    assert event is not None
    assert (event["prev_security_level_id"], event["security_level_id"]) == levels
    assert event["severity_id"] == severity
    assert (event["class_uid"], event["type_uid"], event["category_uid"]) == (5019, 501902, 5)
    assert event["time"] == int(AT.timestamp() * 1000)
    assert ocsf_event(entry("heartbeat"), version="1") is None


@pytest.mark.parametrize(
    ("verdict", "state", "code"),
    [("healed", "3", "successful"), ("rolled-back", "0", "unsuccessful"), ("unknown", "0", "unsuccessful")],
)
def test_a_change_request_has_servicenows_states_and_lengths(verdict: str, state: str, code: str) -> None:
    operations = [
        {"op": "added", "path": ["x" * 200], "before": None, "after": ["permit ", {"alg": "sha-256", "redacted": "D"}]}
    ] * 100
    change = servicenow_change(
        entry(
            "outcome",
            device={"name": "f" * 200},
            outcome={"verdict": verdict, "reason": "r" * 9000},
            drift={"ops": operations},
            change={"type": "standard", "reason": "j" * 5000, "description": "steps", "security_impact": "none"},
            backout={"method": "native-confirm", "timer_s": 60},
            times={"started": "2026-11-21T12:00:00Z", "finished": "2026-11-21T12:00:05Z"},
            approval={"principal": "alice", "decision_sha256": "d" * 64},
        ),
        head="7 " + "e" * 64,
        checkpoint="origin\n8\nroot\n",
    )
    assert change is not None
    assert (change["state"], change["close_code"], change["type"]) == (state, code, "standard")
    assert len(str(change["short_description"])) <= MAX_SHORT_DESCRIPTION
    assert all(len(str(value)) <= 4000 for value in change.values())
    assert str(change["description"]).endswith("[cut; the record has it all]")
    assert "permit <redacted>" in str(change["description"])
    assert (change["start_date"], change["end_date"]) == ("2026-11-21 12:00:00", "2026-11-21 12:00:05")
    assert "7 " + "e" * 64 in str(change["work_notes"])
    assert "origin\n8\nroot" in str(change["work_notes"])
    json.dumps(change)


def test_an_intent_is_a_change_in_progress_and_a_drift_is_none() -> None:
    change = servicenow_change(entry("intent", device={"name": "fw1"}, change={"type": "odd"}))
    assert change is not None
    assert (change["state"], change["type"]) == ("-1", "normal")
    assert "close_code" not in change
    assert servicenow_change(entry("drift")) is None


def test_a_cut_text_says_so_and_keeps_the_limit() -> None:
    assert limited("x" * 10, 10) == "x" * 10
    assert len(limited("x" * 500, 160)) == 160


def test_text_in_parts_shows_redactions_and_never_their_digests() -> None:
    assert plain(["a ", {"alg": "sha-256", "redacted": "DIGEST"}, " b"]) == "a <redacted> b"
    assert plain(None) == ""
    assert plain(True) == "yes"


def gaps_of(*entries: Entry, heartbeat_s: int = 300, until: float = 0) -> tuple[GapView, ...]:
    gaps = Gaps(heartbeat_s, AT)
    for item in entries:
        gaps.take(item)
    return gaps.views(AT + datetime.timedelta(minutes=until))


def beat(sequence: int, minutes: float, *unreachable: str) -> Entry:
    return entry("heartbeat", sequence, minutes, population={"unreachable": list(unreachable)})


def test_two_heartbeats_missing_are_a_gap_and_one_late_is_none() -> None:
    assert gaps_of(beat(1, 5), beat(2, 15), until=16) == ()
    (gap,) = gaps_of(beat(1, 5), beat(2, 15.1), until=16)
    assert (gap.kind, gap.records, gap.duration_s) == (GapKind.SILENT, (1, 2), 606)


def test_silence_at_either_end_of_the_period_is_a_gap() -> None:
    first, last = gaps_of(beat(1, 30), until=60)
    assert (first.started_at, first.records) == (AT, (1,))
    assert (last.ended_at, last.records) == (None, (1,))
    (alone,) = gaps_of(until=60)
    assert (alone.records, alone.ended_at) == ((), None)
    assert largest_s((first, last), AT + datetime.timedelta(minutes=60)) == 1800


def test_before_the_log_began_nothing_was_promised() -> None:
    assert gaps_of(entry("genesis", 0, 300), beat(1, 305), until=306) == ()


def test_a_runner_that_said_it_stopped_leaves_a_gap_with_its_reason() -> None:
    stop = entry("runner", 2, 6, runner={"phase": "stop", "reason": "maintenance"})
    start = entry("runner", 3, 66, runner={"phase": "start", "reason": "murenger run"})
    (open_gap,) = gaps_of(beat(1, 5), stop, until=60)
    assert (open_gap.kind, open_gap.ended_at, open_gap.cause) == (
        GapKind.STOPPED,
        None,
        "the runner stopped: maintenance",
    )
    (gap,) = gaps_of(beat(1, 5), stop, start, beat(4, 67), until=68)
    # A start is no observation; the next heartbeat is.
    assert (gap.kind, gap.records) == (GapKind.STOPPED, (2, 4))


def test_an_unreachable_device_is_a_gap_from_when_it_was_last_seen() -> None:
    (gap,) = gaps_of(beat(1, 5), beat(2, 10, "fw2"), beat(3, 15, "fw2"), beat(4, 20), until=21)
    assert (gap.kind, gap.device, gap.duration_s, gap.records) == (GapKind.UNREACHABLE, "fw2", 900, (2, 4))
    (still,) = gaps_of(beat(1, 5, "fw2"), until=6)
    assert still.ended_at is None


def test_a_failure_is_a_gap_until_its_closing_record() -> None:
    opened = entry("failure", 2, 6, device={"name": "fw1"}, failure={"phase": "open", "control": "reads", "cause": "x"})
    closed = entry(
        "failure", 3, 8, device={"name": "fw1"}, failure={"phase": "close"}, refs=[{"rel": "failure", "at_seq": 2}]
    )
    (gap,) = gaps_of(beat(1, 5), opened, closed, beat(4, 10), until=11)
    assert (gap.kind, gap.cause, gap.records, gap.duration_s) == (GapKind.FAILURE, "reads: x", (2, 3), 120)
    (still,) = gaps_of(beat(1, 5), opened, beat(4, 10), until=11)
    assert still.ended_at is None


def test_a_clock_that_went_back_is_told() -> None:
    (gap,) = gaps_of(beat(1, 5), entry("recovery", 2, 3, recovery={"cause": "clock-step", "found": "f"}), until=6)
    assert (gap.kind, gap.cause) == (GapKind.CLOCK, "f")


def incident_of(*entries: Entry) -> Any:
    incidents = Incidents()
    for item in entries:
        incidents.take(item)
    (found,) = incidents.views()
    return found


def drift(sequence: int, minutes: float, phase: str, **groups: object) -> Entry:
    at = AT + datetime.timedelta(minutes=minutes)
    told = {"id": "d1", "phase": phase, "last_good": "2026-11-21T11:50:00Z", "detected_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return entry("drift", sequence, minutes, drift=told, device={"name": "fw1"}, **groups)


def test_an_incident_runs_from_detection_to_its_end() -> None:
    found = incident_of(
        drift(1, 0, "open", impact={"effect": "widens"}),
        entry("hold", 2, 1, refs=[{"at_seq": 1}], device={"name": "fw1"}, hold={"detail": "freeze"}),
        drift(3, 10, "close", impact={"effect": "none"}, failure={"cause": "changed back"}),
    )
    assert found.state is IncidentState.ENDED
    assert (found.latency_s, found.duration_s, found.effect) == (600, 600, "widens")
    assert found.records == (1, 2, 3)
    assert found.summary == "changed back"


def test_a_drift_that_is_held_is_open_and_says_why() -> None:
    found = incident_of(
        drift(1, 0, "open"), entry("hold", 2, 1, refs=[{"at_seq": 1}], hold={"detail": "the change window is closed"})
    )
    assert (found.state, found.summary) == (IncidentState.OPEN, "held: the change window is closed")


def test_what_a_forged_record_says_never_becomes_a_path() -> None:
    assert entry("outcome", approval={"decision_sha256": "../../../etc/passwd"}).decision == ""
    assert entry("outcome", approval={"decision_sha256": "a" * 64}).decision.endswith("a.json")
