"""The verdict for people, and as versioned JSON for programs.

Input: a report. Output: lines without line ends, in which nothing that a device or a forger wrote can move the cursor;
or JSON values.
"""

from collections.abc import Iterator

from murenger.model import JsonValue
from murenger.record.verify.finding import Finding, LogReport, Report, Span
from murenger.secrets.terminal import escape_for_terminal

VERIFY_SCHEMA = "murenger.verify/2"


def report_lines(report: Report) -> Iterator[str]:
    """Yield the verdict: integrity and completeness apart, the first bad place first."""
    for log in report.logs:
        yield _escape(f"log {log.origin}: {log.records} record(s){_extent(log)}")
        yield from _integrity(log)
        yield from _completeness(log)


def report_json(report: Report) -> dict[str, JsonValue]:
    """Return the verdict for programs."""
    return {"schema": VERIFY_SCHEMA, "exit_code": report.exit_code, "logs": [_log_json(log) for log in report.logs]}


def _integrity(log: LogReport) -> Iterator[str]:
    if log.intact:
        yield "  integrity: intact"
        return
    yield f"  integrity: {len(log.findings)} fault(s)"
    yield from (f"    {_fault(finding)}" for finding in log.findings)


def _completeness(log: LogReport) -> Iterator[str]:
    if log.proven_to is None:
        yield "  completeness: not proven"
    elif log.intact:
        yield f"  completeness: proven up to record {log.proven_to}"
    else:
        yield f"  completeness: an anchor agrees up to record {log.proven_to}, but see the faults"
    if any(span.by for span in log.spans):
        yield _escape("    " + "; ".join(map(_span, log.spans)))
    yield from (f"    {_escape(limit)}" for limit in log.limits)


def _span(span: Span) -> str:
    numbers = f"{span.first}" if span.first == span.last else f"{span.first}-{span.last}"
    if not span.by:
        return f"{numbers} unanchored"
    return f"{numbers} anchored by {span.by}" + (f" at {span.at:%Y-%m-%dT%H:%M:%SZ}" if span.at else "")


def _extent(log: LogReport) -> str:
    return "" if log.first is None else f", {log.first} to {log.last}, head {log.head_sha256[:16]}"


def _fault(finding: Finding) -> str:
    where = " ".join(
        part for part in (finding.file, "" if finding.sequence is None else f"(record {finding.sequence})") if part
    )
    return _escape(f"{finding.code.value}: {where}{': ' if where else ''}{finding.text}")


def _escape(text: str) -> str:
    return escape_for_terminal(text).replace("\n", "\\n").replace("\t", "\\t")


def _log_json(log: LogReport) -> JsonValue:
    return {
        "origin": log.origin,
        "records": log.records,
        "first": log.first,
        "last": log.last,
        "head_sha256": log.head_sha256 or None,
        "intact": log.intact,
        "complete": log.complete,
        "proven_to": log.proven_to,
        "spans": [
            {
                "first": span.first,
                "last": span.last,
                "by": span.by or None,
                "at": f"{span.at:%Y-%m-%dT%H:%M:%SZ}" if span.at else None,
                "given": span.given,
            }
            for span in log.spans
        ],
        "limits": list(log.limits),
        "findings": [
            {
                "code": finding.code.value,
                "file": finding.file or None,
                "number": finding.sequence,
                "text": finding.text,
            }
            for finding in log.findings
        ],
    }
