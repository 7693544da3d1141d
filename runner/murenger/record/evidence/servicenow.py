"""A change as ServiceNow's change_request takes it: field names, lengths and states of that table.

Input: an intent or outcome record. Output: one JSON object, to be posted by whoever holds the account.
Source: ServiceNow Table API, table change_request; states and types of its default change models.
"""

import datetime

from murenger.model import JsonValue
from murenger.record.evidence.entry import Entry
from murenger.record.evidence.texts import backout_text, check_lines, difference_lines, impact_text
from murenger.record.reading import group_of, text_of, time_of

MAX_SHORT_DESCRIPTION, MAX_TEXT, MAX_CLOSE_NOTES = 160, 4000, 4000

_CUT = " [cut; the record has it all]"
_TYPES = {"standard": "standard", "normal": "normal", "emergency": "emergency"}
# Values of the table's own choice lists.
_IMPLEMENT, _CLOSED, _REVIEW = "-1", "3", "0"
_CLOSE_CODES = {
    "healed": "successful",
    "partial": "unsuccessful",
    "unknown": "unsuccessful",
    "rolled-back": "unsuccessful",
    "reverted-by-device": "unsuccessful",
    "not-applied": "unsuccessful",
}
_RISKS = {"widens": "2", "both": "2", "tightens": "3", "none": "4"}
_MODERATE = "3"


def servicenow_change(entry: Entry, *, head: str = "", checkpoint: str = "") -> dict[str, JsonValue] | None:
    """Return the fields of a change request.

    Args:
        entry: an intent or an outcome.
        head: the log's head, `NUMBER SHA256`, which makes the ticket an anchor; or "".
        checkpoint: the log's signed checkpoint, or "".

    Returns:
        The fields, or None for a record of another kind.
    """
    if entry.kind not in {"intent", "outcome"}:
        return None
    said = entry.said
    change, times, approval = group_of(said, "change"), group_of(said, "times"), group_of(said, "approval")
    outcome = group_of(said, "outcome")
    verdict = text_of(outcome, "verdict")
    what = f"return {entry.device} to its approved policy"
    fields = {
        "short_description": limited(f"murenger: {what}{f': {verdict}' if verdict else ''}", MAX_SHORT_DESCRIPTION),
        "description": limited("\n".join(("What the drift did (golden to live):", *difference_lines(said))), MAX_TEXT),
        "type": _TYPES.get(text_of(change, "type"), "normal"),
        "state": _state(verdict),
        "risk": _RISKS.get(text_of(group_of(said, "impact"), "effect"), _MODERATE),
        "impact": "3",
        "justification": limited(text_of(change, "reason"), MAX_TEXT),
        "risk_impact_analysis": limited(
            "\n".join(part for part in (text_of(change, "security_impact"), impact_text(said)) if part), MAX_TEXT
        ),
        "implementation_plan": limited(text_of(change, "description"), MAX_TEXT),
        "backout_plan": limited(backout_text(said), MAX_TEXT),
        "test_plan": limited("\n".join((*check_lines(said, "pre"), *check_lines(said, "post"))), MAX_TEXT),
        "start_date": _date(time_of(times, "started") or entry.written_at),
        "end_date": _date(time_of(times, "finished")),
        "cmdb_ci": entry.device,
        "close_code": _CLOSE_CODES.get(verdict, ""),
        "close_notes": limited(_notes(verdict, text_of(outcome, "reason")), MAX_CLOSE_NOTES),
        "work_notes": limited(_work_notes(entry, text_of(approval, "principal"), head, checkpoint), MAX_TEXT),
        "correlation_id": limited(f"{text_of(said, 'origin')}#{entry.sequence}", 100),
        "correlation_display": "murenger",
    }
    return {name: value for name, value in fields.items() if value}


def limited(text: str, most: int) -> str:
    """Return the text in at most so many characters, saying so where something was cut."""
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _state(verdict: str) -> str:
    if not verdict:
        return _IMPLEMENT
    # Whatever did not end as planned is for a person to look at.
    return _CLOSED if verdict == "healed" else _REVIEW


def _notes(verdict: str, reason: str) -> str:
    return ": ".join(part for part in (verdict, reason) if part)


def _work_notes(entry: Entry, approver: str, head: str, checkpoint: str) -> str:
    lines = [f"record {entry.sequence} of {text_of(entry.said, 'origin')}, SHA-256 {entry.sha256}"]
    if approver:
        lines.append(f"approved by {approver}, decision {text_of(group_of(entry.said, 'approval'), 'decision_sha256')}")
    if head:
        lines.append(f"head of the log: {head}")
    if checkpoint:
        lines.append(f"checkpoint of the log:\n{checkpoint}")
    return "\n".join(lines)


def _date(at: datetime.datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S}"
