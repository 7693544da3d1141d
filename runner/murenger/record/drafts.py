"""Drafts of records about devices: which groups of fields each kind is made of.

Input: values of `murenger.model` and earlier records. Output: drafts that only lack their place in the log.
"""

import datetime
from collections.abc import Mapping

from murenger.model import (
    Approval,
    ChangeRecord,
    Decision,
    Device,
    Drift,
    Golden,
    JsonValue,
    Plan,
    RecordKind,
    RecordRef,
    Snapshot,
)
from murenger.record import groups
from murenger.record.groups import Group, hex_of, time_text
from murenger.record.impact import impact_group
from murenger.record.reading import group_of, predicate_of, text_of, time_of
from murenger.record.redaction import Redactor
from murenger.record.statement import Draft, Event

CONTROL = "the live configuration conforms to the approved golden policy"


def drift_identity(drift: Drift, opening: ChangeRecord | None) -> str:
    """Return the name of a drift interval: its opening record's, or a new one from what was first seen."""
    if opening is not None:
        known = text_of(group_of(predicate_of(opening), "drift"), "id")
        if known:
            return known
    return f"{drift.device}-{drift.detected_at:%Y%m%dT%H%M%SZ}-{hex_of(drift.live_digest)[:8]}"


def golden_draft(golden: Golden, device: Device | None, previous_sha256: str | None) -> Draft:
    """Return the adoption of a golden revision."""
    snapshot = golden.snapshot
    return Draft(
        kind=RecordKind.GOLDEN,
        subjects=((f"golden/{snapshot.device}", hex_of(snapshot.digest)),),
        event=Event(
            type="golden-adopted", result="success", object=f"{snapshot.device}: {golden.path} at {golden.revision}"
        ),
        groups={
            "device": groups.device_group(snapshot, device),
            "golden": {
                **groups.golden_group(golden),
                "previous_sha256": previous_sha256,
                "rule_register_sha256": None,
            },
        },
    )


def drift_draft(
    drift: Drift,
    snapshot: Snapshot,
    golden: Golden,
    *,
    device: Device | None,
    opening: ChangeRecord | None,
    rule_count: int | None,
    cause: str,
    redactor: Redactor,
) -> Draft:
    """Return drift that opened, changed (an opening record is given) or closed (nothing differs any more)."""
    phase = "close" if drift.in_sync else "open" if opening is None else "change"
    own = groups.drift_group(drift, identity=drift_identity(drift, opening), redactor=redactor)
    before = group_of(predicate_of(opening), "drift") if opening else {}
    for field in ("first_bad", "last_good"):
        own[field] = before.get(field, own[field])
    content: dict[str, JsonValue] = {
        "device": groups.device_group(snapshot, device),
        "golden": groups.golden_group(golden),
        "before": None,
        "after": groups.config_group(snapshot, rule_count=rule_count),
        "drift": {**own, "phase": phase},
        "impact": impact_group(drift.impact, redactor),
        "actor": groups.actor_group(snapshot.attribution, redactor),
    }
    if phase == "close":
        content["failure"] = interval(
            # The read that found live equal to golden is what ended the interval and the first good observation.
            own,
            ended=drift.detected_at,
            remediation=None,
            cause=cause,
            resumed=drift.detected_at,
        )
    return Draft(
        kind=RecordKind.DRIFT,
        subjects=(_config_subject(snapshot),),
        event=Event(type=f"drift-{phase}", result="success", object=_object(snapshot)),
        groups=content,
        references=(opening.reference("drift"),) if opening else (),
    )


def interval(
    drift: Mapping[str, JsonValue],
    *,
    ended: datetime.datetime | None,
    remediation: str | None,
    cause: str,
    resumed: datetime.datetime | None = None,
) -> Group:
    """Return a drift interval as the failed control that it is.

    The detection latency is the most it can have been: a drift began somewhere after the last good observation.

    Args:
        drift: the drift group of the record.
        ended: when the control worked again; None while it does not.
        remediation: what was done, or None.
        cause: why the control failed or worked again, one clause.
        resumed: when monitoring first saw the control work again; None while it has not.

    Source: PCI DSS v4.0.1 requirements 10.7.2 and 10.7.3.
    """
    started, good = time_of(drift, "first_bad"), time_of(drift, "last_good")
    lasted = None if ended is None or started is None else _seconds(started, ended)
    return {
        "control": CONTROL,
        "started": groups.maybe_time(started),
        "ended": groups.maybe_time(ended),
        "duration_s": lasted,
        "cause": cause or None,
        "detected_by": "comparison of live with golden",
        "detection_latency_s": None if good is None or started is None else _seconds(good, started),
        "alerts": [],
        "security_issues": [],
        "remediation": remediation,
        "restored_at": groups.maybe_time(ended),
        "further_action": None,
        "prevention": None,
        "resumed_at": groups.maybe_time(resumed),
    }


def _seconds(start: datetime.datetime, end: datetime.datetime) -> int:
    return max(0, int((end - start).total_seconds()))


def plan_draft(
    plan: Plan, plan_sha256: str, drift_record: ChangeRecord, *, proposed_by: str, redactor: Redactor
) -> Draft:
    """Return a proposed remediation; device, golden and diff are those of the drift record."""
    said = predicate_of(drift_record)
    drift = {name: value for name, value in group_of(said, "drift").items() if name != "phase"}
    return Draft(
        kind=RecordKind.PLAN,
        subjects=((f"plan/{plan.device}", plan_sha256),),
        event=Event(type="change-planned", result="success", object=f"{plan.device}: running configuration"),
        groups={
            "device": group_of(said, "device"),
            "golden": group_of(said, "golden"),
            "drift": drift,
            "impact": impact_group(plan.drift.impact, redactor),
            "change": groups.proposed_change_group(plan, plan_sha256, redactor),
            "backout": groups.backout_group(plan),
            "plan": {"proposed_by": proposed_by, "expires_at": time_text(plan.expires_at)},
        },
        references=(drift_record.reference("drift"),),
    )


def approval_draft(
    approval: Approval, plan_record: ChangeRecord | None, *, verdict: str, comment: str, redactor: Redactor
) -> Draft:
    """Return a person's decision; where it concerns a plan, with what that plan's record says."""
    said = predicate_of(plan_record) if plan_record else {}
    planned = group_of(said, "change")
    content: dict[str, JsonValue] = {
        name: group_of(said, name) for name in ("device", "golden", "drift", "impact", "backout") if name in said
    }
    content["change"] = groups.approved_change_group(
        approval,
        text=text_of(planned, "description") or "any change within the bounds of the decision file",
        plan_sha256=text_of(planned, "plan_sha256") or None,
        redactor=redactor,
    )
    content["approval"] = {
        **groups.approval_group(approval),
        "decision": verdict,
        "comment": redactor.plain(comment) or None,
    }
    return Draft(
        kind=RecordKind.APPROVAL,
        subjects=((f"decision/{approval.decision_sha256}", approval.decision_sha256),),
        event=Event(
            type=f"decision-{verdict}",
            result="success" if verdict == "accepted" else "refused",
            object=f"decision {approval.decision_sha256}",
        ),
        groups=content,
        references=(plan_record.reference("plan"),) if plan_record else (),
    )


def intent_draft(
    plan: Plan,
    plan_sha256: str,
    approval: Approval,
    snapshot: Snapshot,
    golden: Golden,
    *,
    device: Device | None,
    drift_record: ChangeRecord | None,
    references: tuple[RecordRef, ...],
    pre: list[JsonValue],
    deadline: datetime.datetime,
    anchoring: str,
    redactor: Redactor,
) -> Draft:
    """Return a change about to be made: with everything an outcome needs, should nothing but this record survive."""
    drift = groups.drift_group(plan.drift, identity=drift_identity(plan.drift, drift_record), redactor=redactor)
    if drift_record is not None:
        opened = group_of(predicate_of(drift_record), "drift")
        drift |= {field: opened.get(field) for field in ("first_bad", "last_good")}
    return Draft(
        kind=RecordKind.INTENT,
        subjects=((f"plan/{plan.device}", plan_sha256), _config_subject(snapshot)),
        event=Event(type="change-intended", result="unknown", object=_object(snapshot)),
        groups={
            "device": groups.device_group(snapshot, device),
            "golden": groups.golden_group(golden),
            "before": groups.config_group(snapshot),
            "drift": drift,
            "impact": impact_group(plan.drift.impact, redactor),
            "actor": groups.actor_group(snapshot.attribution, redactor),
            "change": groups.approved_change_group(
                approval, text=groups.description(plan, redactor), plan_sha256=plan_sha256, redactor=redactor
            ),
            "approval": groups.approval_group(approval),
            "test": {
                "pre": pre,
                "post": [],
                "fresh_connection": None,
                "second_observer": None,
                "converged": None,
            },
            "backout": groups.backout_group(plan),
            "times": {
                "detected": time_text(plan.drift.detected_at),
                "approved": groups.maybe_time(approval.signed_at),
                "started": None,
                "finished": None,
                "confirmed": None,
            },
            "intent": {
                "deadline": time_text(deadline),
                "expected_after_sha256": hex_of(plan.expected_digest),
                "anchoring": anchoring,
            },
        },
        references=references,
    )


def hold_draft(
    drift: Drift,
    snapshot: Snapshot,
    decision: Decision,
    *,
    device: Device | None,
    golden: Golden | None,
    drift_record: ChangeRecord | None,
    cause: str,
    guard: str | None,
    detail: str,
    redactor: Redactor,
) -> Draft:
    """Return a change that was refused or put off."""
    content: dict[str, JsonValue] = {
        "device": groups.device_group(snapshot, device),
        "before": groups.config_group(snapshot),
        "impact": impact_group(drift.impact, redactor),
        "hold": {
            "cause": cause,
            "guard": None if guard is None else redactor.plain(guard),
            "detail": redactor.plain(detail) or f"mode {decision.mode.value}",
            "until": groups.maybe_time(decision.until),
        },
    }
    if golden is not None:
        content["golden"] = groups.golden_group(golden)
    if decision.approval is not None:
        content["approval"] = groups.approval_group(decision.approval)
    return Draft(
        kind=RecordKind.HOLD,
        subjects=(_config_subject(snapshot),),
        event=Event(type="change-held", result="refused", object=_object(snapshot)),
        groups=content,
        references=(drift_record.reference("drift"),) if drift_record else (),
    )


def _config_subject(snapshot: Snapshot) -> tuple[str, str]:
    return f"config/{snapshot.device}/{snapshot.kind.value}", hex_of(snapshot.digest)


def _object(snapshot: Snapshot) -> str:
    return f"{snapshot.device}: {snapshot.kind.value} configuration"
