# What `__getattr__` beside this file gives, said to type checkers; a house test holds the two together.
from murenger.model.anchor import AnchorHead, Receipt, ReceiptKind
from murenger.model.canonical import canonical_bytes, parse_canonical
from murenger.model.decision import Action, Approval, ApprovalMode, Decision, Mode, Policy, StandingChange, Standoff
from murenger.model.device import DEVICE_NAME, Device, check_device_name
from murenger.model.digest import Digest, digest_of
from murenger.model.drift import Difference, Drift, Operation, Severity
from murenger.model.impact import Effect, Flow, Impact, Proof, Risk, RuleAt, Verdict, Violation
from murenger.model.json_value import JsonValue
from murenger.model.packet import Packet, packet_from_json, packet_to_json
from murenger.model.past import Held, PastOutcome, Spell
from murenger.model.plan import Check, Outcome, OutcomeVerdict, Plan, SafetyNet
from murenger.model.record import ChangeRecord, RecordKind, RecordRef
from murenger.model.snapshot import Golden, PeerIdentity, RawRead, Snapshot, SnapshotKind
from murenger.model.tier import Tier

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
    "Flow",
    "Golden",
    "Held",
    "Impact",
    "JsonValue",
    "Mode",
    "Operation",
    "Outcome",
    "OutcomeVerdict",
    "Packet",
    "PastOutcome",
    "PeerIdentity",
    "Plan",
    "Policy",
    "Proof",
    "RawRead",
    "Receipt",
    "ReceiptKind",
    "RecordKind",
    "RecordRef",
    "Risk",
    "RuleAt",
    "SafetyNet",
    "Severity",
    "Snapshot",
    "SnapshotKind",
    "Spell",
    "StandingChange",
    "Standoff",
    "Tier",
    "Verdict",
    "Violation",
    "canonical_bytes",
    "check_device_name",
    "digest_of",
    "packet_from_json",
    "packet_to_json",
    "parse_canonical",
]
