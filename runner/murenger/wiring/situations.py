"""Situations: what is to be said of a device or a control now, in words for whoever is woken up.

Input: an examination, an outcome, an error or a failure record. Output: a situation, which is news or not; pure, and
without a secret.
"""

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping

from murenger.compare.impact_text import render_impact
from murenger.decide import tier_of
from murenger.decide.backoff import CAUSE as BACK_OFF
from murenger.decide.fights import CAUSE as FIGHT
from murenger.errors import AnchorConflictError, GuardRefusedError, MurengerError, RemediationError
from murenger.model import (
    Action,
    ChangeRecord,
    Decision,
    Device,
    Difference,
    Drift,
    Mode,
    Operation,
    Outcome,
    OutcomeVerdict,
    Packet,
    Risk,
    Tier,
)
from murenger.model.incident import IncidentKind, incident_id, worst_of
from murenger.reconcile import Examination
from murenger.record.reading import group_of, predicate_of, text_of
from murenger.record.settlement import HELD_FOR_A_PERSON
from murenger.secrets import escape_for_terminal, redact
from murenger.wiring.anchoring import redacted
from murenger.wiring.failures import READING, is_anchor_control

DRIFT, EXAMINATION, CONTROL, LEDGER = "drift", "examination", "control", "ledger"

MOST_DETAILS = 40
MOST_WITNESSES = 5
MOST_DIFFERENCES = 12
MOST_CHARACTERS = 300

_SEVERITIES = {
    Tier.CROWN_JEWEL: Risk.CRITICAL,
    Tier.WIDENING: Risk.HIGH,
    Tier.UNKNOWN: Risk.HIGH,
    Tier.MIXED: Risk.HIGH,
    Tier.TIGHTENING: Risk.MEDIUM,
    Tier.HANDLING: Risk.LOW,
    Tier.COSMETIC: Risk.LOW,
    Tier.NONE: Risk.LOW,
}
_SIGNS = {Operation.ADDED: "+", Operation.REMOVED: "-", Operation.CHANGED: "~", Operation.MOVED: ">"}
# As impacts spell handling out: `rule 'x' (live line 3): log -> nothing`.
_HANDLING = re.compile(r".*: (?P<before>[^:]*) -> (?P<now>[^:]*)")
_BETWEEN = "\x1e"
_UNPROVEN = (OutcomeVerdict.PARTIAL, OutcomeVerdict.UNKNOWN)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How something stands.

    Attributes:
        topic: drift, examination, control or ledger.
        id: the incident that it belongs to.
        kind: what happened last.
        severity: how grave it is.
        device: name of the device, or "".
        zone: its zone, or "".
        title: one line.
        subject: what differs or fails; another subject is always news.
        treatment: what is done about it, one word or two; news once for each subject.
        is_weak: True if it is news only where nothing was told of the subject yet.
        tier: as in `Incident`, and so the others.
        summary: what the drift lets through, or "".
        details: lines, most important first.
        action: what a person should do, or "".
        records: numbers of records.
        witnesses: packets.
    """

    topic: str
    id: str
    kind: IncidentKind
    severity: Risk
    device: str
    zone: str
    title: str
    subject: str
    treatment: str
    is_weak: bool = False
    tier: Tier | None = None
    summary: str = ""
    details: tuple[str, ...] = ()
    action: str = ""
    records: tuple[int, ...] = ()
    witnesses: tuple[Packet, ...] = ()


def drift_found(examination: Examination, opening: ChangeRecord, *, origin: str) -> Situation:
    """Return how a drift stands before anything is done about it.

    Args:
        examination: of a device that is not in sync.
        opening: the record that opened the drift.
        origin: name of the log.
    """
    device, drift, decision = examination.device, examination.drift, examination.decision
    tier, values = tier_of(drift), examination.secrets.values()
    severity = worst_of(_SEVERITIES[tier], *(one.risk for one in drift.impact.violations if one.is_certain))
    kind, treatment, said = _treated(decision, drift)
    if kind in (IncidentKind.LOST_LOGGING, IncidentKind.FIGHT):
        severity = worst_of(severity, Risk.HIGH)
    if decision.cause == HELD_FOR_A_PERSON:
        # Nobody can tell what the device runs.
        severity = Risk.CRITICAL
    impact = render_impact(drift.impact).splitlines()
    count = len(drift.differences)
    details = (*decision.reasons, *impact[1:], *_differences(drift.differences))
    return Situation(
        topic=DRIFT,
        id=incident_id(origin, device.name, DRIFT, str(opening.sequence), opening.sha256),
        kind=kind,
        severity=severity,
        device=device.name,
        zone=device.zone,
        title=line(f"{device.name}: {tier.value} drift, {count} difference{'s' if count > 1 else ''}; {said}", values),
        subject=f"{drift.key} {tier.value}",
        treatment=treatment,
        # It follows from the failure that was told before.
        is_weak=treatment == BACK_OFF,
        tier=tier,
        summary=line(impact[0], values) if impact else "",
        details=lines(details, values),
        action=line(_next_of(device, decision), values),
        records=(opening.sequence,),
        witnesses=drift.impact.witnesses[:MOST_WITNESSES],
    )


def ended(before: Situation, outcome: Outcome, record: ChangeRecord | None) -> Situation:
    """Return how a change ended that was made about a drift.

    Args:
        before: the drift.
        outcome: how the change ended.
        record: its outcome record, or None where it is not at hand.
    """
    verdict, name = outcome.verdict, before.device
    is_healed, is_unproven = verdict is OutcomeVerdict.HEALED, verdict in _UNPROVEN
    if is_healed:
        severity, action = before.severity, ""
    elif is_unproven:
        severity, action = Risk.CRITICAL, f"look at the device now: nobody can tell what it runs; murenger diff {name}"
    else:
        severity = worst_of(before.severity, Risk.MEDIUM)
        action = f"murenger show {record.sequence}" if record else f"murenger log --device {name}"
    failed = [f"{check.name}: expected {check.expected}, saw {check.observed}" for check in outcome.checks]
    failed = [said for said, check in zip(failed, outcome.checks, strict=True) if not check.passed]
    return dataclasses.replace(
        before,
        kind=IncidentKind.HEALED if is_healed else IncidentKind.HEAL_FAILED,
        severity=severity,
        title=line(f"{name}: {verdict.value}: {redacted(outcome.reason)}"),
        treatment=f"outcome {verdict.value}",
        # Why nothing was applied has been told by whoever refused it.
        is_weak=verdict is OutcomeVerdict.NOT_APPLIED,
        details=lines((outcome.reason, *failed, outcome.flows_note)) + before.details[:MOST_DIFFERENCES],
        action=action,
        records=(*before.records, *((record.sequence,) if record else ())),
    )


def refused(before: Situation, error: MurengerError) -> Situation:
    """Return how a drift stands whose change was refused or broke off."""
    guard = error.guard if isinstance(error, GuardRefusedError) else ""
    is_guard = isinstance(error, GuardRefusedError)
    said = f"the guard {guard} refused to heal" if guard else "healing was refused" if is_guard else "not healed"
    worst = Risk.CRITICAL if isinstance(error, AnchorConflictError) else Risk.MEDIUM
    return dataclasses.replace(
        before,
        kind=IncidentKind.GUARD_REFUSED if is_guard else IncidentKind.HEAL_FAILED,
        severity=worst_of(before.severity, worst),
        title=line(f"{before.device}: {said}: {redacted(error.message)}"),
        treatment=f"guard {guard}" if is_guard else type(error).__name__,
        # The playbook's own process knows better why it did not heal, and has said so.
        is_weak=type(error) is RemediationError,
        details=lines((redacted(error.message),)) + before.details,
        action=line(redacted(error.hint) or before.action),
    )


def not_judged(device: Device, error: MurengerError, *, origin: str, at: datetime.datetime) -> Situation:
    """Return that a device was looked at and nothing could be concluded."""
    return Situation(
        topic=EXAMINATION,
        id=incident_id(origin, device.name, EXAMINATION, at.isoformat()),
        kind=IncidentKind.NOT_JUDGED,
        severity=Risk.HIGH,
        device=device.name,
        zone=device.zone,
        title=line(f"{device.name}: not compared with golden: {redacted(error.message)}"),
        subject=type(error).__name__,
        treatment="",
        action=line(redacted(error.hint)),
    )


def ledger_failed(error: MurengerError, *, origin: str, at: datetime.datetime) -> Situation:
    """Return that the ledger does not work, so nothing is healed."""
    return Situation(
        topic=LEDGER,
        id=incident_id(origin, LEDGER, at.isoformat()),
        kind=IncidentKind.LEDGER_FAILED,
        severity=Risk.CRITICAL,
        device="",
        zone="",
        title=line(f"the ledger cannot be used, so nothing is healed: {redacted(error.message)}"),
        subject=type(error).__name__,
        treatment="",
        action=line(redacted(error.hint) or "murenger verify"),
    )


def control_failed(opening: ChangeRecord, *, origin: str, is_conflict: bool) -> Situation:
    """Return that a control of ours fails, as its record tells.

    Args:
        opening: the record that opened the failure.
        origin: name of the log.
        is_conflict: True for an anchor that holds another history of the log.
    """
    said = predicate_of(opening)
    failure: Mapping[str, object] = group_of(said, "failure")
    control, cause = str(failure.get("control") or ""), str(failure.get("cause") or "")
    about = f"{opening.device}: " if opening.device else ""
    if control == READING:
        kind, title, action = IncidentKind.UNREACHABLE, f"{about}cannot be read: {cause}", "murenger doctor --devices"
    elif is_anchor_control(control):
        kind, title, action = IncidentKind.ANCHOR_FAILED, f"fails: {control}: {cause}", "murenger doctor"
    else:
        kind, title, action = IncidentKind.CONTROL_FAILED, f"{about}fails: {control}: {cause}", "murenger doctor"
    if is_conflict:
        action = "heal nothing; was an old copy of the store restored?"
    return Situation(
        topic=CONTROL,
        id=incident_id(origin, opening.device, CONTROL, control, str(opening.sequence)),
        kind=kind,
        severity=Risk.CRITICAL if is_conflict else Risk.MEDIUM,
        device=opening.device,
        zone=text_of(group_of(said, "device"), "zone"),
        title=line(title),
        subject=f"{control} {'conflict' if is_conflict else ''}",
        treatment="",
        details=lines((f"control: {control}", f"cause: {cause}")),
        action=action,
        records=(opening.sequence,),
    )


def line(text: str, values: Iterable[str] = ()) -> str:
    """Return a text as one line without secrets, fit for a terminal, and not too long.

    Args:
        text: any text.
        values: secrets that must not appear.
    """
    said = escape_for_terminal(redact(text, values)).replace("\n", "\\n").replace("\t", " ").strip()
    return said if len(said) <= MOST_CHARACTERS else said[: MOST_CHARACTERS - 3] + "..."


def lines(texts: Iterable[str], values: Iterable[str] = ()) -> tuple[str, ...]:
    """Return texts as lines, without empty ones; where there are too many, the last says so."""
    given, known = list(texts), tuple(values)
    # Looking for many secrets costs as much for one line as for all of them.
    at_once = redact(_BETWEEN.join(given), known).split(_BETWEEN) if known else given
    clean = at_once if len(at_once) == len(given) else [redact(text, known) for text in given]
    found = [said for said in map(line, clean) if said]
    if len(found) > MOST_DETAILS:
        found[MOST_DETAILS - 1 :] = [f"and {len(found) - MOST_DETAILS + 1} more lines"]
    return tuple(found)


def _treated(decision: Decision, drift: Drift) -> tuple[IncidentKind, str, str]:
    """Return the kind, the treatment and the words for what is done about a drift."""
    plain = IncidentKind.LOST_LOGGING if any(map(_loses_log, drift.impact.handling)) else IncidentKind.DRIFT
    if decision.action is Action.HEAL:
        return plain, "heals", "it is being healed"
    if decision.mode is Mode.OBSERVE:
        return plain, "observes", "the policy is to observe"
    if decision.cause == FIGHT:
        return IncidentKind.FIGHT, FIGHT, "the same change keeps coming back, so healing is held"
    if decision.cause == BACK_OFF:
        return IncidentKind.HELD, BACK_OFF, "healing waits after a failure"
    waits = "it waits for a person's approval" if decision.awaits_approval else "healing is held"
    return IncidentKind.HELD, f"held {decision.cause}", waits


def _loses_log(handling: str) -> bool:
    match = _HANDLING.fullmatch(handling)
    return match is not None and "log" in match["before"] and "log" not in match["now"]


def _next_of(device: Device, decision: Decision) -> str:
    if decision.action is Action.HEAL:
        return ""
    if decision.awaits_approval:
        return f"murenger plan {device.name}; then murenger approve PLAN --key YOUR_SSH_KEY"
    return f"murenger diff {device.name}"


def _differences(differences: tuple[Difference, ...]) -> list[str]:
    said: list[str] = []
    for one in differences[:MOST_DIFFERENCES]:
        said.append(f"{_SIGNS[one.operation]} {' / '.join(one.path)}")
        said += [f"  - {one.golden}"] if one.golden is not None else []
        said += [f"  + {one.live}"] if one.live is not None else []
    left = len(differences) - MOST_DIFFERENCES
    return [*said, f"and {left} more differences"] if left > 0 else said
