"""What is true: frozen values that the stages hand to one another, without I/O and without a clock.

Input: facts. Output: the same facts, named and typed. Times are aware UTC datetimes; digests are `sha256:<64 hex>`.
"""

from murenger.lazily import exports

# Each name's module is imported when the name is first asked for: what lists a log must not wait for plans and drift.
_NAMES = {
    "anchor": ("AnchorHead", "Receipt", "ReceiptKind"),
    "canonical": ("canonical_bytes", "parse_canonical"),
    "decision": ("Action", "Approval", "ApprovalMode", "Decision", "Mode", "Policy", "StandingChange", "Standoff"),
    "device": ("DEVICE_NAME", "Device", "check_device_name"),
    "digest": ("Digest", "digest_of"),
    "drift": ("Difference", "Drift", "Operation", "Severity"),
    "impact": ("Effect", "Flow", "Impact", "Proof", "Risk", "RuleAt", "Verdict", "Violation"),
    "json_value": ("JsonValue",),
    "past": ("Held", "PastOutcome", "Spell"),
    "packet": ("Packet", "packet_from_json", "packet_to_json"),
    "plan": ("Check", "Outcome", "OutcomeVerdict", "Plan", "SafetyNet"),
    "record": ("ChangeRecord", "RecordKind", "RecordRef"),
    "snapshot": ("Golden", "PeerIdentity", "RawRead", "Snapshot", "SnapshotKind"),
    "tier": ("Tier",),
}
__getattr__, __dir__ = exports(__name__, _NAMES)
