"""What a verification found: each fault by code, file and number, and what was not proven.

Input: checks. Output: a report that says integrity and completeness apart.
"""

import dataclasses
import datetime
import enum


class Code(enum.Enum):
    """The kinds of fault; the values are part of the JSON output."""

    RECORD_ALTERED = "record-altered"
    """A record's bytes are not those that were signed."""
    RECORD_SIGNATURE = "record-signature"
    """A record's signature is missing or damaged, while the record itself is as it was."""
    RECORD_MISSING = "record-missing"
    """`LEAVES` lists a record whose file is gone."""
    RECORD_UNREADABLE = "record-unreadable"
    """A file is too large to be a record, or the disk does not give it."""
    NOT_REGULAR = "not-regular"
    """A symbolic link, folder or device stands where a file belongs."""
    NOT_CANONICAL = "not-canonical"
    """The bytes are not RFC 8785 JSON: a duplicate key, a float, a number beyond 2^53, bad UTF-8, other spacing."""
    SCHEMA = "schema"
    """A record lacks a field, has one too many, or a value that its schema forbids."""
    SEQ_FIELD = "seq-field"
    """A record says another number or another log than its file's place."""
    SEQUENCE = "sequence"
    """The numbers have a gap, occur twice or go back."""
    CHAIN_BREAK = "chain-break"
    """A record does not carry the digest of the record before it."""
    DAY_CHAIN = "day-chain"
    """A record lies in a day before it was written."""
    REFERENCE = "reference"
    """A record refers to an earlier one that is not as it says."""
    SIGNER_UNKNOWN = "signer-unknown"
    """No allowed key made the signature."""
    SIGNER_EXPIRED = "signer-expired"
    """The key was outside its validity."""
    SIGNER_REVOKED = "signer-revoked"
    """The key is on the revocation list: it never counted."""
    NAMESPACE = "namespace"
    """The key may not sign in this role."""
    DECISION_MISMATCH = "decision-mismatch"
    """A decision file is missing, altered, or does not cover what it is cited for."""
    APPROVAL_EXPIRED = "approval-expired"
    """A change was begun after its approval had ended."""
    APPROVAL_SELF = "approval-self"
    """The author of a decision, or the runner, approved it."""
    APPROVAL_PRESENCE = "approval-presence"
    """A security key signed without a touch, or a record claims a touch that the signature does not show."""
    ATTACHMENT = "attachment"
    """An attachment is missing, or is not the one of its name."""
    LEAVES_MISMATCH = "leaves-mismatch"
    """`LEAVES` does not list the day's records."""
    EXTRA_FILE = "extra-file"
    """A file lies in the log that does not belong to it."""
    OPEN_INTENT = "open-intent"
    """A change was begun and its outcome never recorded."""
    UNANCHORED_CHANGE = "unanchored-change"
    """A change was begun without the receipt that its record says was waited for."""
    GAP = "gap"
    """No heartbeat for more than two intervals, and no record says why."""
    SEAL_MALFORMED = "seal-malformed"
    """A day's `SHA256SUMS` is not in the one form that a seal has."""
    SEAL_SIGNATURE = "seal-signature"
    """A day's seal is not signed by the runner's key."""
    SEAL_LATE = "seal-late"
    """A day was stamped more than 24 hours after its end."""
    TIMESTAMP_BAD = "timestamp-bad"
    """A time-stamp token is not over the bytes beside it, or no trusted authority made it."""
    CHECKPOINT_BAD = "checkpoint-bad"
    """A checkpoint is damaged, or not signed by the log and the witness that it names."""
    RECEIPT_BAD = "receipt-bad"
    """A receipt is missing, damaged, or speaks of other records."""
    TRUNCATED = "truncated"
    """The log ends before a record that an anchor covers."""
    REWRITTEN = "rewritten"
    """The records are not those that an anchor covers: history was changed with the runner's key."""
    FORK = "fork"
    """Two checkpoints of one size have different roots: two histories were shown."""
    CLOCK_OUTSIDE_ANCHORS = "clock-outside-anchors"
    """A record claims a time before an anchor that it follows, or after one that covers it."""
    EMPTY_LOG = "empty-log"
    """The log holds no record at all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault.

    Attributes:
        code: its kind.
        file: path below the log's folder, or "".
        sequence: number of the record concerned, or None.
        text: one clause for people; holds nothing from inside a record unescaped.
    """

    code: Code
    file: str
    sequence: int | None
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Records that one anchor covers and none before it did.

    Attributes:
        first: lowest number.
        last: highest number.
        by: who vouches for them; "" for those that nobody does.
        at: the time that is vouched for, or None.
        given: whether the reader brought the anchor: only that proves that nothing is missing up to it.
    """

    first: int
    last: int
    by: str
    at: datetime.datetime | None
    given: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """The verdict on one log.

    Attributes:
        origin: name of the log, as its folder or first record gives it.
        folder: the folder that was read.
        records: number of record files.
        first: lowest number, or None.
        last: highest number, or None.
        head_sha256: hex digest of the record with the highest number, or "".
        findings: every fault, the first bad place first; empty if intact.
        limits: what this verification did not and could not prove, one sentence each.
        spans: which records are covered by which anchor, in order; the last may be covered by none.
        proven_to: number of the newest record that an anchor brought by the reader covers and agrees with, or None.
    """

    origin: str
    folder: str
    records: int
    first: int | None
    last: int | None
    head_sha256: str
    findings: tuple[Finding, ...]
    limits: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    proven_to: int | None = None

    @property
    def intact(self) -> bool:
        """True if no fault was found."""
        return not self.findings

    @property
    def complete(self) -> bool:
        """True if an anchor that the reader brought agrees; the records after it are not promised."""
        return self.intact and self.proven_to is not None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict on a store.

    Attributes:
        logs: one report for each log in it; never empty.
    """

    logs: tuple[LogReport, ...]

    @property
    def exit_code(self) -> int:
        """1 if a fault was found; 3 if intact, completeness unproven; 0 if an anchor of the reader's agrees."""
        if not all(log.intact for log in self.logs):
            return 1
        return 0 if all(log.complete for log in self.logs) else 3
