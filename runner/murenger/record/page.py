"""One record for people, and as versioned JSON for programs.

Input: a change record, and what holds it in its place. Output: lines without line ends, in which nothing that a device
or a forger wrote can move the cursor, change a colour or reverse the reading direction.
"""

from collections.abc import Iterator, Sequence

from murenger.model import ChangeRecord, JsonValue
from murenger.record.coverage import Coverage
from murenger.record.entry import LogEntry, entry_of
from murenger.record.listing import entry_json, escape
from murenger.record.reading import Group, group_of, number_of, plain, predicate_of, text_of

RECORD_SCHEMA = "murenger.record/1"

# What a person wants to see; the nearest come first.
MOST_RECEIPTS = 8

_RECEIPTS = {"tsr": "time stamp by", "cosig": "cosigned by", "git": "held in git by", "txt": "sent to"}
_IMPACT = (
    ("violations", "violates"),
    ("opened", "opened"),
    ("closed", "closed"),
    ("examples", "packet"),
    ("handling", "handled otherwise"),
    ("unknowns", "unknown"),
    ("assumptions", "assumed alike"),
)
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


def record_json(record: ChangeRecord, coverage: Coverage | None = None) -> dict[str, JsonValue]:
    """Return one whole record; `predicate` is what the signed bytes say.

    Args:
        record: the record.
        coverage: what holds it in its place, as far as that is kept beside it; None where nobody looked.
    """
    whole: dict[str, JsonValue] = {
        **entry_json(entry_of(record, day=coverage.day if coverage else "")),
        "schema": RECORD_SCHEMA,
        "predicate": predicate_of(record),
    }
    return whole if coverage is None else {**whole, **coverage_json(coverage)}


def pruned_json(entry: LogEntry, coverage: Coverage) -> dict[str, JsonValue]:
    """Return what is left of a record that was pruned."""
    return {**entry_json(entry), "schema": RECORD_SCHEMA, "predicate": None, **coverage_json(coverage)}


def pruned_lines(entry: LogEntry, coverage: Coverage) -> Iterator[str]:
    """Yield what is left of a record that was pruned."""
    yield escape(f"record {entry.sequence} of {entry.origin}: pruned; the index remembers: {entry.title or 'nothing'}")
    yield f"  digest     {entry.sha256}"
    yield f"  written    {escape(entry.written_at or '-')}"
    yield f"  kind       {escape(entry.kind or '-')}"
    yield f"  device     {escape(entry.device or '-')}"
    yield from coverage_lines(coverage)


def coverage_json(coverage: Coverage) -> dict[str, JsonValue]:
    """Return what holds a record in its place: as kept, not as verified."""
    return {
        "seal": {"day": coverage.day, "sealed": coverage.sealed, "stamped": coverage.stamped},
        "receipts": [
            {"number": receipt.sequence, "sink": receipt.sink, "kind": receipt.kind, "file": receipt.file}
            for receipt in coverage.receipts
        ],
    }


def record_lines(record: ChangeRecord, coverage: Coverage | None = None) -> Iterator[str]:
    """Yield one record for people: what, why, on whose authority, what was tested, how it would be undone.

    Args:
        record: the record.
        coverage: what holds it in its place, as far as that is kept beside it; None where nobody looked.
    """
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
    if coverage is not None:
        yield from coverage_lines(coverage)


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """Yield what holds a record in its place: as kept, not as verified."""
    yield "held in place by (as kept here; murenger verify judges it):"
    seal = "sealed" if coverage.sealed else "not sealed yet"
    yield escape(f"  day {coverage.day}: {seal}{', with a time stamp' if coverage.stamped else ''}")
    if not coverage.receipts:
        yield "  no receipt covers this record: nobody outside this host has confirmed it"
    for receipt in coverage.receipts[:MOST_RECEIPTS]:
        yield escape(f"  {_RECEIPTS[receipt.kind]} {receipt.sink}, given for record {receipt.sequence}: {receipt.file}")
    if len(coverage.receipts) > MOST_RECEIPTS:
        yield f"  and {len(coverage.receipts) - MOST_RECEIPTS} later that day"


_KEY_EVENT = ("action", "principal", "key_fp", "namespaces", "valid_from", "valid_until")
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
    (
        "waiver",
        "waiver",
        ("id", "action", "scope", "owner", "justification", "compensating_control", "expires_at", "ticket"),
    ),
    ("grant", "grant", ("id", "action", "requester", "rule", "not_before", "expires_at", "removed_at", "ticket")),
    ("review", "review", ("period", "items", "dispositions", "independent", "next_due")),
    ("key-event", "key", (*_KEY_EVENT, "suspect_from", "suspect", "replaces_key_fp", "reason")),
    ("prune", "pruned", ("days", "policy", "carried")),
    ("export", "export", ("recipient", "purpose", "from", "to", "head_sha256", "devices")),
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
        first, *more = _said(value).split("\n")
        yield f"  {field.replace('_', ' ')}: {escape(first)}"
        yield from (f"    {escape(line)}" for line in more)


def _said(value: JsonValue) -> str:
    """Return a field for people; a list that is no text in parts has an item a line."""
    is_list = isinstance(value, list) and not any(isinstance(item, dict) and "redacted" in item for item in value)
    return "\n".join(plain(item) for item in _list(value)) if is_list else plain(value)


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
                yield from (f"      {sign} {escape(line)}" for line in plain(operation[side]).splitlines() or [""])


def _moved(operation: Group) -> str:
    before, after = number_of(operation, "before_position"), number_of(operation, "after_position")
    return f" (place {before} -> {after})" if before is not None and after is not None and before != after else ""


def _impact(impact: Group) -> Iterator[str]:
    if not impact:
        return
    yield escape(f"impact: {text_of(impact, 'verdict')}, effect {text_of(impact, 'effect')}")
    for field, heading in _IMPACT:
        yield from (f"  {heading}: {escape(plain(item))}" for item in _list(impact.get(field)))


def _tests(test: Group) -> Iterator[str]:
    for field, heading in (("pre", "tests before"), ("post", "tests after")):
        results = _items(test.get(field))
        if results:
            yield f"{heading}:"
        for result in results:
            said = f"{text_of(result, 'name')}: expected {text_of(result, 'expected')}"
            yield escape(f"  {text_of(result, 'result')}  {said}, saw {text_of(result, 'observed')}")


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []


def _items(value: JsonValue) -> list[Group]:
    return [dict(item) for item in _list(value) if isinstance(item, dict)]
