"""What is true: frozen values that the stages hand to one another, without I/O and without a clock.

Input: facts. Output: the same facts, named and typed. Times are aware UTC datetimes; digests are `sha256:<64 hex>`.
"""

import importlib

# Each name's module is imported when the name is first asked for: what lists a log must not wait for plans and drift.
_NAMES = {
    "anchor": ("AnchorHead", "Receipt", "ReceiptKind"),
    "canonical": ("canonical_bytes", "parse_canonical"),
    "decision": ("Action", "Approval", "ApprovalMode", "Decision", "Mode", "Policy", "StandingChange"),
    "device": ("DEVICE_NAME", "Device", "check_device_name"),
    "digest": ("Digest", "digest_of"),
    "drift": ("Difference", "Drift", "Operation", "Severity"),
    "impact": ("Effect", "Flow", "Impact", "Proof", "Risk", "RuleAt", "Verdict", "Violation"),
    "json_value": ("JsonValue",),
    "packet": ("Packet", "packet_from_json", "packet_to_json"),
    "plan": ("Check", "Outcome", "OutcomeVerdict", "Plan", "SafetyNet"),
    "record": ("ChangeRecord", "RecordKind", "RecordRef"),
    "snapshot": ("Golden", "PeerIdentity", "RawRead", "Snapshot", "SnapshotKind"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Return a public name of this package."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names of this package."""
    return sorted(_HOMES)
