"""Drafts of records about the log, the runner and its failures rather than about one device's drift.

Input: terms, counts and causes. Output: drafts that only lack their place in the log.
"""

import datetime
import json

from murenger.errors import LedgerError
from murenger.model import ChangeRecord, Device, Digest, JsonValue, RecordKind
from murenger.record import groups
from murenger.record.executor import LogTerms, Population
from murenger.record.groups import hex_of, maybe_time, time_text
from murenger.record.reading import group_of, predicate_of, text_of, time_of
from murenger.record.redaction import Redactor
from murenger.record.statement import Draft, Event


def genesis_draft(terms: LogTerms, origin: str) -> Draft:
    """Return the start of a log, bound to the trust files it is to be judged by."""
    trust = tuple((name, hex_of(digest)) for name, digest in terms.trust)
    return Draft(
        kind=RecordKind.GENESIS,
        subjects=tuple((f"trust/{name}", sha256) for name, sha256 in trust),
        event=Event(type="log-started", result="success", object=f"log {origin}"),
        groups={
            "genesis": {
                "crypto_profile": terms.crypto_profile,
                "anchor_policy": terms.anchor_policy,
                "heartbeat_s": terms.heartbeat_s,
                "retention_days": terms.retention_days,
                "trust_sha256": dict(trust),
                "continues": None,
            }
        },
    )


def heartbeat_draft(population: Population) -> Draft:
    """Return that a scan was made, and how much of the population it saw."""
    return Draft(
        kind=RecordKind.HEARTBEAT,
        subjects=(("inventory", hex_of(population.inventory)),),
        event=Event(
            type="scan-made",
            result="partial" if population.unreachable or population.backlog else "success",
            object=f"{population.expected} devices",
        ),
        groups={
            "population": {
                "inventory_sha256": hex_of(population.inventory),
                "expected": population.expected,
                "seen": population.seen,
                "unreachable": list(population.unreachable),
                "drifted": population.drifted,
                "backlog": population.backlog,
            }
        },
    )


def runner_draft(phase: str, configuration: Digest, reason: str) -> Draft:
    """Return that the runner started or stopped.

    Args:
        phase: start or stop.
        configuration: digest of murenger.yml.
        reason: why, one clause.
    """
    return Draft(
        kind=RecordKind.RUNNER,
        subjects=(("murenger.yml", hex_of(configuration)),),
        event=Event(type=f"runner-{phase}", result="success", object="runner"),
        groups={"runner": {"phase": phase, "reason": reason, "config_sha256": hex_of(configuration)}},
    )


def recovery_draft(*, cause: str, affected: str, sha256: str, found: str, action: str) -> Draft:
    """Return that a crash, clock step or stray file was found and dealt with."""
    return Draft(
        kind=RecordKind.RECOVERY,
        subjects=((affected, sha256),),
        event=Event(type="recovered", result="success", object=affected),
        groups={"recovery": {"cause": cause, "affected": affected, "found": found, "action": action}},
    )


def failure_draft(
    *,
    control: str,
    cause: str,
    subject: tuple[str, str],
    device: Device | None,
    started: datetime.datetime,
    latency_s: int | None,
    redactor: Redactor,
) -> Draft:
    """Return that a control of ours failed and has not been restored yet.

    Source: PCI DSS v4.0.1 requirements 10.7.2 and 10.7.3.
    """
    content: dict[str, JsonValue] = {
        "failure": {
            "control": redactor.plain(control),
            "started": time_text(started),
            "ended": None,
            "duration_s": None,
            "cause": redactor.plain(cause) or None,
            "detected_by": "the runner",
            "detection_latency_s": latency_s,
            "alerts": [],
            "security_issues": [],
            "remediation": None,
            "restored_at": None,
            "further_action": None,
            "prevention": None,
            "resumed_at": None,
            "phase": "open",
        }
    }
    if device is not None:
        content["device"] = groups.unread_device_group(device)
    return Draft(
        kind=RecordKind.FAILURE,
        subjects=(subject,),
        event=Event(type="control-failed", result="failure", object=device.name if device else subject[0]),
        groups=content,
    )


def restored_draft(
    opening: ChangeRecord, *, remediation: str, restored_at: datetime.datetime, resumed_at: datetime.datetime | None
) -> Draft:
    """Return that a failed control works again, told with what the record that opened the failure says.

    Args:
        opening: that record.
        remediation: what was done, or what was seen.
        restored_at: when the control worked again.
        resumed_at: when monitoring resumed, or None where nothing was observed since.
    """
    said = predicate_of(opening)
    before = group_of(said, "failure")
    started = time_of(before, "started")
    content: dict[str, JsonValue] = {
        "failure": {
            **before,
            "ended": time_text(restored_at),
            "duration_s": None if started is None else max(0, int((restored_at - started).total_seconds())),
            "remediation": remediation or None,
            "restored_at": time_text(restored_at),
            "resumed_at": maybe_time(resumed_at),
            "phase": "close",
        }
    }
    if "device" in said:
        content["device"] = group_of(said, "device")
    name, sha256 = _subject_of(opening)
    return Draft(
        kind=RecordKind.FAILURE,
        subjects=((name, sha256),),
        event=Event(type="control-restored", result="success", object=opening.device or name),
        groups=content,
        references=(opening.reference("failure"),),
    )


def _subject_of(record: ChangeRecord) -> tuple[str, str]:
    """Return a record's first subject.

    Raises:
        LedgerError: the record has none.
    """
    subjects = json.loads(record.content).get("subject")
    subject = subjects[0] if isinstance(subjects, list) and subjects else {}
    name, sha256 = text_of(subject, "name"), text_of(group_of(subject, "digest"), "sha256")
    if not name or not sha256:
        raise LedgerError(f"record {record.sequence} of {record.origin} is damaged", hint="murenger verify")
    return name, sha256
