"""What is true: frozen values that the stages hand to one another, without I/O and without a clock.

Input: facts. Output: the same facts, named and typed. Times are aware UTC datetimes; digests are `sha256:<64 hex>`.
"""

from murenger.model.anchor import AnchorHead, Receipt, ReceiptKind
from murenger.model.canonical import JsonValue, canonical_bytes, parse_canonical
from murenger.model.decision import Action, Approval, ApprovalMode, Decision, Mode, Policy, StandingChange
from murenger.model.device import DEVICE_NAME, Device, check_device_name
from murenger.model.digest import Digest, digest_of
from murenger.model.drift import Difference, Drift, Effect, Impact, Operation, Severity, Verdict
from murenger.model.plan import Check, Outcome, OutcomeVerdict, Plan, SafetyNet
from murenger.model.record import ChangeRecord, RecordKind, RecordRef
from murenger.model.snapshot import Golden, PeerIdentity, RawRead, Snapshot, SnapshotKind

__all__ = [
    "DEVICE_NAME",
    "Action",
    "AnchorHead",
    "Approval",
    "ApprovalMode",
    "ChangeRecord",
    "Check",
    "Decision",
    "Device",
    "Difference",
    "Digest",
    "Drift",
    "Effect",
    "Golden",
    "Impact",
    "JsonValue",
    "Mode",
    "Operation",
    "Outcome",
    "OutcomeVerdict",
    "PeerIdentity",
    "Plan",
    "Policy",
    "RawRead",
    "Receipt",
    "ReceiptKind",
    "RecordKind",
    "RecordRef",
    "SafetyNet",
    "Severity",
    "Snapshot",
    "SnapshotKind",
    "StandingChange",
    "Verdict",
    "canonical_bytes",
    "check_device_name",
    "digest_of",
    "parse_canonical",
]
