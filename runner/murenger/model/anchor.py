"""Anchors: the head of a log at one moment, and what somebody else gives us for having seen it.

Input: the newest record and the tree over all records. Output: values that sinks take and return.
"""

import dataclasses
import datetime
import enum


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnchorHead:
    """Where a log ends, in the two forms that can be held elsewhere.

    Attributes:
        origin: name of the log.
        sequence: number of the newest record.
        sha256: hex digest of the newest record's bytes: the linear head.
        size: number of records ever written, `sequence` + 1.
        root: hex of the RFC 6962 tree hash over all of them.
        checkpoint: C2SP checkpoint signed by the log key, or "" where the crypto profile has no log key.
        record: the newest record's bytes, which a time-stamping authority stamps.
    """

    origin: str
    sequence: int
    sha256: str
    size: int
    root: str
    checkpoint: str
    record: bytes = dataclasses.field(repr=False)

    @property
    def line(self) -> str:
        """The linear head as `verify --anchor` and `verify.sh --anchor` read it: number and digest."""
        return f"{self.sequence} {self.sha256}"


class ReceiptKind(enum.Enum):
    """What a receipt is; the value is its file's suffix."""

    WITNESS = "cosig"
    """A checkpoint with a witness's cosignature, which carries a time."""
    TIMESTAMP = "tsr"
    """An RFC 3161 time-stamp response over the record's bytes."""
    GIT = "git"
    """Which commit on which branch of which repository holds the head."""
    SYSLOG = "txt"
    """The line that was sent; nobody acknowledged it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a sink gave us for a head.

    Attributes:
        sink: the sink's name in murenger.yml; letters, digits, dot and underscore.
        kind: what it is.
        sequence: number of the record that was the newest.
        content: the file's bytes, to be kept beside the records.
        at: the time that the sink vouches for, or None where it vouches for none.
        held_elsewhere: True if another administrative domain has confirmed that it holds the head, which is what a
            change may wait for.
    """

    sink: str
    kind: ReceiptKind
    sequence: int
    content: bytes = dataclasses.field(repr=False)
    at: datetime.datetime | None
    held_elsewhere: bool
