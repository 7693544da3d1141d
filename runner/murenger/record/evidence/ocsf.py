"""OCSF events for a SIEM: class 5019, Device Config State Change, for each record about a device's configuration.

Input: a record of the pack. Output: one JSON object, or None for a record of another kind.
Source: Open Cybersecurity Schema Framework 1.3, class `device_config_state_change`, category Discovery.
"""

from murenger.model import JsonValue
from murenger.record.evidence.entry import Entry
from murenger.record.groups import Group
from murenger.record.reading import group_of, text_of

SCHEMA_VERSION = "1.3.0"

_CLASS, _CATEGORY, _COLLECT = 5019, 5, 2
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_UNKNOWN_LEVEL, _SECURE, _AT_RISK = 0, 1, 2
_LEVELS = {_UNKNOWN_LEVEL: "Unknown", _SECURE: "Secure", _AT_RISK: "At Risk"}
_FIREWALL = 9
_POLICY_MISMATCH: dict[str, JsonValue] = {"state_id": 2, "state": "Policy mismatch"}


def ocsf_event(entry: Entry, *, version: str) -> dict[str, JsonValue] | None:
    """Return the event of a drift or an outcome.

    Args:
        entry: the record.
        version: of murenger.

    Returns:
        The event, or None where the record is of another kind or tells no time.
    """
    if entry.kind not in {"drift", "outcome"} or entry.written_at is None:
        return None
    said = entry.said
    before, after = _levels(entry)
    event: dict[str, JsonValue] = {
        "activity_id": _COLLECT,
        "activity_name": "Collect",
        "category_uid": _CATEGORY,
        "category_name": "Discovery",
        "class_uid": _CLASS,
        "class_name": "Device Config State Change",
        "type_uid": _CLASS * 100 + _COLLECT,
        "type_name": "Device Config State Change: Collect",
        "severity_id": _severity(entry, after),
        "time": int(entry.written_at.timestamp() * 1000),
        "message": f"{text_of(group_of(said, 'event'), 'type')}: {text_of(group_of(said, 'event'), 'object')}",
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": {"name": "murenger", "vendor_name": "murenger", "version": version},
            "uid": f"{text_of(said, 'origin')}#{entry.sequence}",
            "log_name": text_of(said, "origin"),
        },
        "device": _device(entry),
        "prev_security_level_id": before,
        "prev_security_level": _LEVELS[before],
        "security_level_id": after,
        "security_level": _LEVELS[after],
        "unmapped": _unmapped(entry),
    }
    if after == _AT_RISK:
        event["security_states"] = [dict(_POLICY_MISMATCH)]
    if before == _AT_RISK:
        event["prev_security_states"] = [dict(_POLICY_MISMATCH)]
    return event


def _levels(entry: Entry) -> tuple[int, int]:
    """Return how secure the device was before and after: away from the approved policy means at risk."""
    if entry.kind == "outcome":
        verdict = text_of(group_of(entry.said, "outcome"), "verdict")
        after = {"healed": _SECURE, "unknown": _UNKNOWN_LEVEL}.get(verdict, _AT_RISK)
        return _AT_RISK, after
    phase = text_of(group_of(entry.said, "drift"), "phase")
    return {"open": (_SECURE, _AT_RISK), "close": (_AT_RISK, _SECURE)}.get(phase, (_AT_RISK, _AT_RISK))


def _severity(entry: Entry, level: int) -> int:
    if level == _SECURE:
        return _INFORMATIONAL
    effect = text_of(group_of(entry.said, "impact"), "effect")
    return {"none": _LOW, "tightens": _LOW, "widens": _HIGH, "both": _HIGH}.get(effect, _MEDIUM)


def _device(entry: Entry) -> dict[str, JsonValue]:
    device = group_of(entry.said, "device")
    known: Group = {
        "type_id": _FIREWALL,
        "type": "Firewall",
        "name": entry.device,
        "hostname": entry.device,
        "uid": text_of(device, "serial"),
        "ip": text_of(device, "mgmt_address"),
        "zone": text_of(device, "zone"),
    }
    os_version = text_of(device, "os_version")
    return {
        **{name: value for name, value in known.items() if value != ""},
        **({"os": {"name": text_of(device, "platform"), "type_id": 0, "version": os_version}} if os_version else {}),
    }


def _unmapped(entry: Entry) -> Group:
    said = entry.said
    change, approval = group_of(said, "change"), group_of(said, "approval")
    known: Group = {
        "record_kind": entry.kind,
        "record_number": entry.sequence,
        "record_sha256": entry.sha256,
        "drift_id": text_of(group_of(said, "drift"), "id"),
        "effect": text_of(group_of(said, "impact"), "effect"),
        "approved_by": text_of(approval, "principal"),
        "reason": text_of(change, "reason"),
        "verdict": text_of(group_of(said, "outcome"), "verdict"),
        "golden_sha256": text_of(group_of(said, "golden"), "approved_sha256"),
        "live_sha256": text_of(group_of(said, "after"), "normalised_sha256"),
    }
    return {name: value for name, value in known.items() if value != ""}
