"""Records and verdicts for people, and as versioned JSON for programs.

Input: change records and reports. Output: lines without line ends, in which nothing that a device or a forger wrote can
move the cursor, change a colour or reverse the reading direction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from murenger.model import ChangeRecord, JsonValue
from murenger.record.finding import Finding, LogReport, Report
from murenger.record.groups import Group
from murenger.record.reading import group_of, number_of, predicate_of, text_of
from murenger.record.redaction import REDACTED
from murenger.secrets.terminal import escape_for_terminal

LOG_SCHEMA = "murenger.log/1"
RECORD_SCHEMA = "murenger.record/1"
VERIFY_SCHEMA = "murenger.verify/1"

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


def escape(text: str) -> str:
    r"""Return one line in which every character that a terminal could obey is spelled out, such as `\x1b`."""
    return escape_for_terminal(text).replace("\n", "\\n").replace("\t", "\\t")


def log_lines(records: Iterable[ChangeRecord]) -> Iterator[str]:
    """Yield a heading and one line for each record, as it is read."""
    yield f"{'number':>9}  {'written (claimed)':<24}  {'kind':<9}  {'device':<16}  what"
    for record in records:
        said = predicate_of(record)
        columns = (
            f"{record.sequence:>9}",
            f"{escape(text_of(said, 'written_at')):<24}",
            f"{record.kind.value:<9}",
            f"{escape(record.device or '-'):<16}",
            escape(summary(record)),
        )
        yield "  ".join(columns)


def log_json(record: ChangeRecord) -> dict[str, JsonValue]:
    """Return one entry of the log."""
    return {
        "schema": LOG_SCHEMA,
        "origin": record.origin,
        "number": record.sequence,
        "kind": record.kind.value,
        "device": record.device or None,
        "written_at": text_of(predicate_of(record), "written_at"),
        "sha256": record.sha256,
        "summary": summary(record),
    }


def summary(record: ChangeRecord) -> str:
    """Return what a record says in one clause, not yet escaped."""
    said = predicate_of(record)
    event = group_of(said, "event")
    parts = [text_of(event, "type")]
    outcome = group_of(said, "outcome")
    if text_of(outcome, "reason"):
        parts.append(text_of(outcome, "reason"))
    operations = _items(group_of(said, "drift").get("ops"))
    if operations and record.kind.value == "drift":
        parts.append(f"{len(operations)} difference(s)")
    if text_of(group_of(said, "hold"), "detail"):
        parts.append(text_of(group_of(said, "hold"), "detail"))
    approval = group_of(said, "approval")
    if approval:
        parts.append(f"{text_of(approval, 'mode')} approval of {text_of(approval, 'principal')}")
    return "; ".join(part for part in parts if part)


def record_json(record: ChangeRecord) -> dict[str, JsonValue]:
    """Return one whole record; `predicate` is what the signed bytes say."""
    return {**log_json(record), "schema": RECORD_SCHEMA, "predicate": predicate_of(record)}


def record_lines(record: ChangeRecord) -> Iterator[str]:
    """Yield one record for people: what, why, on whose authority, what was tested, how it would be undone."""
    said = predicate_of(record)
    event, executor = group_of(said, "event"), group_of(said, "executor")
    yield escape(f"record {record.sequence} of {record.origin}: {text_of(event, 'type')} ({text_of(event, 'result')})")
    yield f"  digest     {record.sha256}"
    yield f"  written    {escape(text_of(said, 'written_at'))} by the clock of {escape(text_of(executor, 'host'))}"
    yield f"  by         {escape(text_of(executor, 'runner_id'))} ({escape(text_of(executor, 'trigger'))})"
    yield f"  about      {escape(text_of(event, 'object'))}"
    for reference in _items(said.get("refs")):
        yield escape(f"  follows    {text_of(reference, 'rel')} record {number_of(reference, 'at_seq')}")
    for name, heading, fields in _SECTIONS:
        yield from _section(group_of(said, name), heading, fields)
    yield from _operations(group_of(said, "drift"))
    yield from _impact(group_of(said, "impact"))
    yield from _tests(group_of(said, "test"))


_SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("genesis", "log", ("crypto_profile", "anchor_policy", "heartbeat_s", "retention_days")),
    ("golden", "golden", ("repo", "commit", "path", "approved_sha256", "signer")),
    ("change", "change", ("reason", "security_impact", "type", "ticket", "description", "plan_sha256")),
    ("approval", "approval", ("mode", "principal", "key_fp", "author", "decision_sha256", "expires_at", "comment")),
    ("intent", "intent", ("deadline", "expected_after_sha256", "anchoring")),
    ("outcome", "outcome", ("verdict", "reason", "flows_cut", "flows_note")),
    ("backout", "back-out", ("method", "timer_s", "armed", "result")),
    ("hold", "held", ("cause", "guard", "detail", "until")),
    ("failure", "failure", ("control", "started", "ended", "duration_s", "cause", "remediation", "resumed_at")),
    ("recovery", "recovery", ("cause", "affected", "found", "action")),
    ("runner", "runner", ("phase", "reason", "config_sha256")),
    ("population", "population", ("expected", "seen", "drifted", "backlog")),
    ("times", "times", ("detected", "approved", "started", "finished", "confirmed")),
)


def _section(group: Group, heading: str, fields: Sequence[str]) -> Iterator[str]:
    if not group:
        return
    yield f"{heading}:"
    for field in fields:
        value = group.get(field)
        if value is None:
            continue
        first, *more = _text(value).split("\n")
        yield f"  {field.replace('_', ' ')}: {escape(first)}"
        yield from (f"    {escape(line)}" for line in more)


def _operations(drift: Group) -> Iterator[str]:
    operations = _items(drift.get("ops"))
    if not operations:
        return
    yield "what the drift did (golden -> live):"
    for operation in operations:
        path = [part for part in _list(operation.get("path")) if isinstance(part, str)]
        place = _moved(operation)
        yield escape(f"  {_SIGNS.get(text_of(operation, 'op'), '?')} {' / '.join(path)}{place}")
        for side, sign in (("before", "-"), ("after", "+")):
            if operation.get(side) is not None:
                yield from (f"      {sign} {escape(line)}" for line in _text(operation[side]).splitlines() or [""])


def _moved(operation: Group) -> str:
    before, after = number_of(operation, "before_position"), number_of(operation, "after_position")
    return f" (place {before} -> {after})" if before is not None and after is not None and before != after else ""


def _impact(impact: Group) -> Iterator[str]:
    if not impact:
        return
    yield escape(f"impact: {text_of(impact, 'verdict')}, effect {text_of(impact, 'effect')}")
    for field, heading in (("opened", "opened"), ("closed", "closed"), ("examples", "packet"), ("unknowns", "unknown")):
        yield from (f"  {heading}: {escape(_text(item))}" for item in _list(impact.get(field)))


def _tests(test: Group) -> Iterator[str]:
    for field, heading in (("pre", "tests before"), ("post", "tests after")):
        results = _items(test.get(field))
        if results:
            yield f"{heading}:"
        for result in results:
            said = f"{text_of(result, 'name')}: expected {text_of(result, 'expected')}"
            yield escape(f"  {text_of(result, 'result')}  {said}, saw {text_of(result, 'observed')}")


def report_lines(report: Report) -> Iterator[str]:
    """Yield the verdict for people: integrity and completeness apart, then every fault."""
    for log in report.logs:
        yield escape(f"log {log.origin}: {log.records} record(s){_span(log)}")
        yield f"  integrity: {'intact' if log.intact else f'{len(log.findings)} fault(s)'}"
        yield from (f"    {_fault(finding)}" for finding in log.findings)
        yield "  completeness: not proven"
        yield from (f"    {escape(limit)}" for limit in log.limits)


def _span(log: LogReport) -> str:
    return "" if log.first is None else f", {log.first} to {log.last}, head {log.head_sha256[:16]}"


def _fault(finding: Finding) -> str:
    where = " ".join(
        part for part in (finding.file, "" if finding.sequence is None else f"(record {finding.sequence})") if part
    )
    return escape(f"{finding.code.value}: {where}{': ' if where else ''}{finding.text}")


def report_json(report: Report) -> dict[str, JsonValue]:
    """Return the verdict for programs."""
    return {
        "schema": VERIFY_SCHEMA,
        "exit_code": report.exit_code,
        "logs": [
            {
                "origin": log.origin,
                "records": log.records,
                "first": log.first,
                "last": log.last,
                "head_sha256": log.head_sha256 or None,
                "intact": log.intact,
                "complete": False,
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
            for log in report.logs
        ],
    }


def _text(value: JsonValue) -> str:
    """Return a value for people; a text in parts shows `<redacted>` for each secret."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if "redacted" in value:
            return REDACTED
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, Sequence):
        return "".join(_text(item) for item in value)
    return "-" if value is None else str(value)


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []


def _items(value: JsonValue) -> list[Group]:
    return [dict(item) for item in _list(value) if isinstance(item, dict)]
