"""The groups of fields that records are made of, each from one of our values.

Input: values of `murenger.model`. Output: JSON objects as `schemas/common.v1.json` describes them; unknown is null.
"""

import datetime
from collections.abc import Sequence
from typing import TypeAlias

from murenger.model import (
    Approval,
    ApprovalMode,
    Check,
    Device,
    Difference,
    Digest,
    Drift,
    Golden,
    JsonValue,
    Plan,
    RecordRef,
    Severity,
    Snapshot,
    SnapshotKind,
)
from murenger.record.executor import AnchorSeen, Executor
from murenger.record.redaction import Redactor

Group: TypeAlias = dict[str, JsonValue]

_CHANGE_TYPES = {ApprovalMode.PERSON: "normal", ApprovalMode.STANDING: "standard"}
# A policy that leaves nearly everything alone must not fill every record with it.
MOST_IGNORED = 200
_CLASSES = (Severity.POLICY, Severity.SECRET, Severity.OTHER, Severity.FOREIGN)


def hex_of(digest: Digest) -> str:
    """Return a digest's 64 hex digits."""
    return digest.removeprefix("sha256:")


def time_text(at: datetime.datetime) -> str:
    """Return RFC 3339 with milliseconds and `Z`."""
    utc = at.astimezone(datetime.UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def maybe_time(at: datetime.datetime | None) -> str | None:
    """Return the time as text, or None."""
    return None if at is None else time_text(at)


def executor_group(executor: Executor) -> Group:
    """Return who acted."""
    return {
        "runner_id": executor.runner_id,
        "host": executor.host,
        "run_id": executor.run_id,
        "key_fp": executor.key_fingerprint,
        "trigger": executor.trigger.value,
        "tools": dict(executor.tools),
    }


def clock_group(executor: Executor) -> Group:
    """Return how good the clock's claims are."""
    clock = executor.clock
    return {"source": clock.source, "synchronised": clock.synchronised, "offset_ms": clock.offset_ms}


def anchor_seen_group(anchor: AnchorSeen) -> Group:
    """Return the newest anchor held when a record is written."""
    return {
        "at_seq": anchor.sequence,
        "sha256": anchor.sha256,
        "size": anchor.size,
        "root": anchor.root,
        "sink": anchor.sink,
        "time": time_text(anchor.at),
    }


def reference_group(reference: RecordRef) -> Group:
    """Return a reference to an earlier record."""
    return {"rel": reference.relation, "at_seq": reference.sequence, "sha256": reference.sha256}


def device_group(snapshot: Snapshot, device: Device | None) -> Group:
    """Return which device, as the inventory and the device itself describe it."""
    return {
        "name": snapshot.device,
        "serial": snapshot.serial or None,
        "platform": snapshot.platform,
        "os_version": snapshot.os_version or None,
        "mgmt_address": device.address if device else None,
        "site": None,
        "zone": (device.zone or None) if device else None,
        "pci_scope": None,
        "driver": snapshot.driver or None,
        "capabilities_sha256": None,
        "peer_identity": snapshot.identity.value,
    }


def golden_group(golden: Golden) -> Group:
    """Return the approved golden policy."""
    return {
        "repo": golden.repository,
        "commit": golden.revision,
        "path": golden.path,
        "approved_sha256": hex_of(golden.snapshot.digest),
        "signer": golden.approved_by,
        "signature_status": "good",
        "key_fp": golden.key_fingerprint,
    }


def config_group(snapshot: Snapshot, *, rule_count: int | None = None) -> Group:
    """Return one configuration as it was read whole."""
    source = "startup" if snapshot.kind is SnapshotKind.STARTUP else "running"
    return {
        "normalised_sha256": hex_of(snapshot.digest),
        "raw_commitment": None,
        "fetched_at": time_text(snapshot.taken_at),
        "source": source,
        "complete": True,
        "size_bytes": len(snapshot.text.encode("utf-8", "surrogateescape")),
        "rule_count": rule_count,
    }


def digest_only_group(digest: Digest, at: datetime.datetime | None) -> Group:
    """Return a configuration of which only the digest is at hand."""
    return {
        "normalised_sha256": hex_of(digest),
        "raw_commitment": None,
        "fetched_at": maybe_time(at),
        "source": "running",
        "complete": True,
        "size_bytes": None,
        "rule_count": None,
    }


def drift_group(drift: Drift, *, identity: str, redactor: Redactor) -> Group:
    """Return what the drift did, in the order that the device evaluates."""
    severities = [item.severity for item in drift.differences]
    worst = next((severity.value for severity in _CLASSES if severity in severities), "none")
    return {
        "id": identity,
        "key": drift.key,
        "class": worst,
        "last_good": maybe_time(drift.last_in_sync_at),
        "first_bad": None if drift.in_sync else time_text(drift.detected_at),
        "detected_at": time_text(drift.detected_at),
        "ops": [_operation(drift.device, item, redactor) for item in drift.differences],
        "verdict": "equal" if drift.in_sync else "different",
        "not_comparable": [redactor.plain(path) for path in drift.not_comparable],
        "ignored": [redactor.plain(" / ".join(_place(item))) for item in drift.ignored[:MOST_IGNORED]],
    }


def _place(item: Difference) -> tuple[str, ...]:
    return (*item.path, (item.live or item.golden or "").partition("\n")[0].strip())


def _operation(device: str, item: Difference, redactor: Redactor) -> Group:
    name = " / ".join((device, *(redactor.plain(part) for part in item.path)))
    golden, live = item.golden, item.live
    return {
        "op": item.operation.value,
        "path": [redactor.plain(part) for part in item.path],
        "before": None if golden is None else redactor.parts(name, golden),
        "after": None if live is None else redactor.parts(name, live),
        "before_position": item.golden_position,
        "after_position": item.live_position,
        "severity": item.severity.value,
    }


def actor_group(attribution: str, redactor: Redactor) -> Group:
    """Return who is said to have made the drift."""
    return {
        "claimed": redactor.plain(attribution) or None,
        "source": "device" if attribution else "unknown",
        "origin_address": None,
        "confidence": "low" if attribution else "none",
        "shared_account": None,
        "evidence_sha256": None,
    }


def proposed_change_group(plan: Plan, plan_sha256: str, redactor: Redactor) -> Group:
    """Return a change that nobody has approved yet."""
    assessed = "; ".join(plan.drift.impact.unknowns) or plan.drift.impact.effect.value
    return {
        "reason": f"return live to approved golden revision {plan.golden_revision}",
        "description": description(plan, redactor),
        "security_impact": f"effect of the drift to be undone: {redactor.plain(assessed)}",
        "type": "normal",
        "ticket": None,
        "plan_sha256": plan_sha256,
        "rendered_commitment": None,
    }


def approved_change_group(approval: Approval, *, text: str, plan_sha256: str | None, redactor: Redactor) -> Group:
    """Return a change with the reason and security impact that its approver signed."""
    return {
        "reason": redactor.plain(approval.reason),
        "description": text,
        "security_impact": redactor.plain(approval.security_impact),
        "type": _CHANGE_TYPES[approval.mode],
        "ticket": None,
        "plan_sha256": plan_sha256,
        "rendered_commitment": None,
    }


def description(plan: Plan, redactor: Redactor) -> str:
    """Return what will be applied, one line per step."""
    return "\n".join(redactor.plain(step) for step in plan.steps) or "no step changes the text"


def approval_group(approval: Approval) -> Group:
    """Return on whose authority."""
    return {
        "mode": approval.mode.value,
        "principal": approval.principal,
        "key_fp": approval.key_fingerprint,
        "decision_sha256": approval.decision_sha256,
        "author": approval.author,
        "signed_at": maybe_time(approval.signed_at),
        "expires_at": time_text(approval.expires_at),
        "user_presence": None,
        "mfa_claim": None,
    }


def checks(results: Sequence[Check], redactor: Redactor) -> list[JsonValue]:
    """Return tests and what they saw."""
    return [
        {
            "name": redactor.plain(check.name),
            "expected": redactor.plain(check.expected),
            "observed": redactor.plain(check.observed),
            "result": "pass" if check.passed else "fail",
            "at": time_text(check.at),
        }
        for check in results
    ]


def backout_group(plan: Plan) -> Group:
    """Return how the change would be undone."""
    return {
        "method": plan.safety_net.value,
        "armed": None,
        "timer_s": plan.revert_in_s,
        "token": None,
        "rehearsed_at": None,
        "result": None,
    }


def unread_device_group(device: Device) -> Group:
    """Return which device, where only the inventory is at hand."""
    return {
        "name": device.name,
        "serial": None,
        "platform": device.platform,
        "os_version": None,
        "mgmt_address": device.address,
        "site": None,
        "zone": device.zone or None,
        "pci_scope": None,
        "driver": None,
        "capabilities_sha256": None,
        "peer_identity": None,
    }
