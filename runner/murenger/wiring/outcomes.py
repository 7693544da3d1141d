"""Outcomes as the ledger tells them, for a door whose heal was made by another process.

Input: an outcome record. Output: an `Outcome`.
"""

import datetime

from murenger.model import ChangeRecord, Check, Decision, Digest, JsonValue, Outcome, OutcomeVerdict
from murenger.record.reading import group_of, number_of, predicate_of, text_of, time_of, written_at


def outcome_from_record(record: ChangeRecord, decision: Decision) -> Outcome:
    """Return what an outcome record says.

    Args:
        record: of kind outcome.
        decision: the decision it was made under.
    """
    said = predicate_of(record)
    outcome, times = group_of(said, "outcome"), group_of(said, "times")
    ended_at = time_of(times, "finished") or written_at(record)
    after = text_of(group_of(said, "after"), "normalised_sha256") if said.get("after") else ""
    return Outcome(
        device=record.device,
        plan_sha256=text_of(group_of(said, "change"), "plan_sha256"),
        decision=decision,
        verdict=OutcomeVerdict(text_of(outcome, "verdict")),
        reason=text_of(outcome, "reason"),
        before_digest=Digest("sha256:" + text_of(group_of(said, "before"), "normalised_sha256")),
        after_digest=Digest("sha256:" + after) if after else None,
        checks=_checks(group_of(said, "test").get("post"), ended_at),
        flows_cut=number_of(outcome, "flows_cut"),
        flows_note=text_of(outcome, "flows_note"),
        started_at=time_of(times, "started") or ended_at,
        ended_at=ended_at,
        confirmed_at=time_of(times, "confirmed"),
    )


def _checks(listed: JsonValue, ended_at: datetime.datetime) -> tuple[Check, ...]:
    entries = listed if isinstance(listed, list) else []
    return tuple(
        Check(
            name=text_of(entry, "name"),
            expected=text_of(entry, "expected"),
            observed=text_of(entry, "observed"),
            passed=text_of(entry, "result") == "pass",
            at=time_of(entry, "at") or ended_at,
        )
        for entry in entries
    )
