"""Drafts of outcomes: what became of a change, told with what its intent said.

Input: an intent record and how it ended. Output: an outcome draft, complete even when only the intent survived a crash.
"""

import dataclasses
import datetime

from murenger.model import ChangeRecord, Check, Digest, JsonValue, Outcome, OutcomeVerdict, RecordKind
from murenger.record import groups
from murenger.record.drafts import interval
from murenger.record.groups import Group, hex_of, maybe_time, time_text
from murenger.record.reading import group_of, predicate_of, text_of, time_of
from murenger.record.redaction import Redactor
from murenger.record.statement import Draft, Event

_RESULTS = {
    OutcomeVerdict.HEALED: "success",
    OutcomeVerdict.PARTIAL: "partial",
    OutcomeVerdict.UNKNOWN: "unknown",
}

_BACKOUT_RESULTS = {
    OutcomeVerdict.HEALED: "not needed: the change was confirmed",
    OutcomeVerdict.ROLLED_BACK: "done: live is as before",
    OutcomeVerdict.NOT_APPLIED: "not needed: the device was not changed",
    OutcomeVerdict.REVERTED_BY_DEVICE: "done by the device's own timer",
    OutcomeVerdict.PARTIAL: "incomplete: live is neither as before nor as planned",
    OutcomeVerdict.UNKNOWN: "unknown: the device could not be read",
}

HELD_FOR_A_PERSON = "held-for-a-person"
_THEN = "then approve a new plan (murenger plan {device}), or accept what it runs (murenger golden accept {device})"
_TO_DO = {
    OutcomeVerdict.PARTIAL: "live is neither as before nor as planned, or not confirmed: look at {device}, " + _THEN,
    OutcomeVerdict.UNKNOWN: "{device} could not be read after the change: make it answer, look at it, " + _THEN,
}

# The verdicts that by their own definition rest on a read over a fresh connection.
_FRESH = frozenset({OutcomeVerdict.HEALED, OutcomeVerdict.ROLLED_BACK})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a change ended, as far as is known.

    Attributes:
        verdict: how it ended.
        reason: one line for people.
        after_digest: digest of live afterwards, or None if it could not be read.
        checks: tests made afterwards; at least one where the verdict is healed.
        ended_at: when the outcome was known.
        started_at: when the device was first touched, or None where nobody survived to say.
        confirmed_at: when the change was confirmed, or None.
        flows_cut: connection-table entries cleared, or None where that is not known.
        flows_note: what became of connections that the drift admitted.
    """

    verdict: OutcomeVerdict
    reason: str
    after_digest: Digest | None
    checks: tuple[Check, ...]
    ended_at: datetime.datetime
    started_at: datetime.datetime | None = None
    confirmed_at: datetime.datetime | None = None
    flows_cut: int | None = None
    flows_note: str = ""


def settlement_of(outcome: Outcome) -> Settlement:
    """Return the part of an outcome that its intent does not hold already."""
    return Settlement(
        verdict=outcome.verdict,
        reason=outcome.reason,
        after_digest=outcome.after_digest,
        checks=outcome.checks,
        ended_at=outcome.ended_at,
        started_at=outcome.started_at,
        confirmed_at=outcome.confirmed_at,
        flows_cut=outcome.flows_cut,
        flows_note=outcome.flows_note,
    )


def outcome_draft(settlement: Settlement, intent: ChangeRecord, *, redactor: Redactor) -> Draft:
    """Return the outcome of an intent.

    Args:
        settlement: how it ended.
        intent: the record written before the device was touched.
        redactor: for the texts of checks and reasons.
    """
    said = predicate_of(intent)
    device = text_of(group_of(said, "device"), "name")
    copied = ("device", "golden", "before", "drift", "impact", "change", "approval")
    content: dict[str, JsonValue] = {name: group_of(said, name) for name in copied}
    content["actor"] = group_of(said, "actor") or groups.actor_group("", redactor)
    content["after"] = _after(settlement)
    content["test"] = _test(said, settlement, redactor)
    content["backout"] = _backout(said, settlement)
    content["times"] = {
        **group_of(said, "times"),
        "started": maybe_time(settlement.started_at),
        "finished": time_text(settlement.ended_at),
        "confirmed": maybe_time(settlement.confirmed_at),
    }
    seen_good = _seen_good_at(settlement)
    content["failure"] = interval(
        group_of(said, "drift"),
        ended=seen_good,
        remediation="returned to the approved golden policy" if seen_good else None,
        cause="live differed from the approved golden policy",
        resumed=seen_good,
    )
    content["retest"] = _retest(said, settlement)
    content["outcome"] = {
        "verdict": settlement.verdict.value,
        "reason": redactor.plain(settlement.reason) or None,
        "flows_cut": settlement.flows_cut,
        "flows_note": redactor.plain(settlement.flows_note) or None,
    }
    return Draft(
        kind=RecordKind.OUTCOME,
        subjects=_subjects(said, device, settlement),
        event=Event(
            type=f"change-{settlement.verdict.value}",
            result=_RESULTS.get(settlement.verdict, "failure"),
            object=f"{device}: running configuration",
        ),
        groups=content,
        references=(intent.reference("intent"),),
    )


def _seen_good_at(settlement: Settlement) -> datetime.datetime | None:
    """Return when a read over a fresh connection first showed golden again: restored, and monitoring resumed."""
    if settlement.verdict is not OutcomeVerdict.HEALED:
        return None
    return next((check.at for check in settlement.checks if check.passed), settlement.ended_at)


def _retest(said: Group, settlement: Settlement) -> Group:
    """Return whether segmentation is to be tested again; nothing where nothing was applied."""
    touched = settlement.verdict is not OutcomeVerdict.NOT_APPLIED
    scope = text_of(group_of(said, "device"), "name")
    return {
        "due": None,
        "reason": "whether the change touches segmentation is not assessed" if touched else None,
        "scope": scope if touched else None,
    }


def _subjects(said: Group, device: str, settlement: Settlement) -> tuple[tuple[str, str], ...]:
    """Return the configuration afterwards, or the plan where nobody could read what the device runs."""
    if settlement.after_digest is not None:
        return ((f"config/{device}/running", hex_of(settlement.after_digest)),)
    return ((f"plan/{device}", text_of(group_of(said, "change"), "plan_sha256")),)


def _after(settlement: Settlement) -> Group | None:
    if settlement.after_digest is None:
        return None
    return groups.digest_only_group(settlement.after_digest, settlement.ended_at)


def _test(said: Group, settlement: Settlement, redactor: Redactor) -> Group:
    unknown = settlement.verdict is OutcomeVerdict.UNKNOWN
    return {
        "pre": group_of(said, "test").get("pre"),
        "post": groups.checks(settlement.checks, redactor),
        "fresh_connection": True if settlement.verdict in _FRESH else None,
        "second_observer": None,
        "converged": None if unknown else settlement.verdict is OutcomeVerdict.HEALED,
    }


def _backout(said: Group, settlement: Settlement) -> Group:
    armed = {OutcomeVerdict.NOT_APPLIED: False, OutcomeVerdict.UNKNOWN: None}.get(settlement.verdict, True)
    return {**group_of(said, "backout"), "armed": armed, "result": _BACKOUT_RESULTS[settlement.verdict]}


def held_draft(outcome: ChangeRecord) -> Draft | None:
    """Return the hold that follows an outcome which leaves the device in a state that is not proven, or None.

    Args:
        outcome: an outcome record.
    """
    said = predicate_of(outcome)
    detail = _TO_DO.get(OutcomeVerdict(text_of(group_of(said, "outcome"), "verdict")))
    if detail is None:
        return None
    subject = f"config/{outcome.device}/running"
    before = group_of(said, "after") or group_of(said, "before")
    content: dict[str, JsonValue] = {name: group_of(said, name) for name in ("device", "golden", "impact")}
    content["before"] = before
    content["hold"] = {
        "cause": HELD_FOR_A_PERSON,
        "guard": None,
        "detail": detail.format(device=outcome.device),
        "until": None,
    }
    return Draft(
        kind=RecordKind.HOLD,
        subjects=((subject, text_of(before, "normalised_sha256")),),
        event=Event(type="change-held", result="refused", object=f"{outcome.device}: running configuration"),
        groups=content,
        references=(outcome.reference("outcome"),),
    )


def deadline_of(intent: ChangeRecord) -> datetime.datetime | None:
    """Return the time after which an intent without outcome is a failure."""
    return time_of(group_of(predicate_of(intent), "intent"), "deadline")
