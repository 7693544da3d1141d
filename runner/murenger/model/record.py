"""Change records: signed statements about what happened, in one order.

Input: statement bytes and their signature. Output: the same bytes, addressable by sequence number.
"""

import dataclasses
import enum


class RecordKind(enum.Enum):
    """What a record is about; each has its own JSON Schema."""

    GENESIS = "genesis"
    HEARTBEAT = "heartbeat"
    DRIFT = "drift"
    PLAN = "plan"
    APPROVAL = "approval"
    INTENT = "intent"
    OUTCOME = "outcome"
    HOLD = "hold"
    GOLDEN = "golden"
    FAILURE = "failure"
    RECOVERY = "recovery"
    RUNNER = "runner"
    WAIVER = "waiver"
    GRANT = "grant"
    REVIEW = "review"
    KEY_EVENT = "key-event"
    PRUNE = "prune"
    EXPORT = "export"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    """A reference from one record to an earlier one.

    Attributes:
        relation: drift, plan, approval, intent, outcome or affected.
        sequence: the earlier record's number.
        sha256: hex digest of the earlier record's bytes.
    """

    relation: str
    sequence: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """One record as it lies in the ledger.

    Attributes:
        origin: name of the log.
        sequence: 0, 1, 2, ... without a gap.
        kind: what it is about.
        device: name of the device concerned, or "".
        sha256: hex digest of `content`.
        content: the statement's exact bytes, RFC 8785.
        signature: detached SSHSIG as text.
    """

    origin: str
    sequence: int
    kind: RecordKind
    device: str
    sha256: str
    content: bytes
    signature: str

    def reference(self, relation: str) -> RecordRef:
        """Return a reference to this record, for a later record that stands in `relation` to it."""
        return RecordRef(relation=relation, sequence=self.sequence, sha256=self.sha256)
