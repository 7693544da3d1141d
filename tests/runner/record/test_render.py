"""Records for people: nothing in them acts on a terminal."""

import json
from typing import Any

from murenger.model import RecordKind
from murenger.record import (
    entry_json,
    entry_of,
    log_lines,
    record_json,
    record_lines,
    report_json,
    report_lines,
    verify_store,
)


def test_the_log_has_one_line_for_each_record(told: Any) -> None:
    lines = list(log_lines(map(entry_of, told.ledger.records())))
    assert len(lines) == 1 + 9
    assert "change-healed" in lines[8]


def test_a_record_shows_reason_impact_approval_tests_and_back_out(told: Any) -> None:
    outcome = next(r for r in told.ledger.records() if r.kind is RecordKind.OUTCOME)
    shown = "\n".join(record_lines(outcome))
    for words in (
        "reason: return to the approved policy",
        "security impact: closes what the drift opened",
        "principal: alice@example",
        "read back: expected golden",
        "result: not needed",
        "impact: unknown",
        "password <redacted> <redacted>",
    ):
        assert words in shown


def test_escapes_jinja_and_html_in_device_text_are_shown_and_never_obeyed(told: Any) -> None:
    drift = next(r for r in told.ledger.records() if r.kind is RecordKind.DRIFT)
    shown = "\n".join(record_lines(drift))
    assert "\x1b" not in shown
    assert r"\x1b[31m{{ 7*7 }}<b>" in shown


def test_json_forms_are_versioned_and_serialisable(told: Any) -> None:
    record = told.ledger.head()
    report = verify_store(told.store, verifier=told.verifier)
    forms = (entry_json(entry_of(record)), record_json(record), report_json(report))
    assert [form["schema"] for form in forms] == ["murenger.log/1", "murenger.record/1", "murenger.verify/2"]
    json.dumps(forms)


def test_the_verdict_says_integrity_and_completeness_apart(told: Any) -> None:
    shown = "\n".join(report_lines(verify_store(told.store, verifier=told.verifier)))
    assert "integrity: intact" in shown
    assert "completeness: not proven" in shown
    assert "no anchor was given" in shown
