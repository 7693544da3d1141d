"""Drift: how live differs from golden, and what the difference lets through.

Input: two snapshots. Output: ordered differences, read golden -> live (what the drift did).
"""

import dataclasses
import datetime
import enum
import json

from murenger.model.digest import Digest, digest_of
from murenger.model.impact import Impact


class Operation(enum.Enum):
    """What the drift did to one item."""

    ADDED = "added"
    """Live has it, golden has not."""
    REMOVED = "removed"
    """Golden has it, live has not."""
    CHANGED = "changed"
    """Same place, other value."""
    MOVED = "moved"
    """Same item, other place in a list whose order has meaning."""


class Severity(enum.Enum):
    """How much a difference matters."""

    POLICY = "policy"
    """It can change which traffic passes or who may log in."""
    SECRET = "secret"  # noqa: S105 - a word, not a password
    """A secret changed; the value is not shown."""
    FOREIGN = "foreign"
    """It lies in a part that belongs to somebody else: reported, never changed."""
    OTHER = "other"
    """Anything else that is compared."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that the drift did, in the order that the device evaluates.

    Attributes:
        path: where, from the outermost section inwards, such as `("table inet murenger", "chain forward")`.
        operation: what the drift did.
        golden: the canonical text in golden, or None where it was added.
        live: the canonical text in live, or None where it was removed.
        golden_position: 1-based place among its siblings in golden, or None where order has no meaning.
        live_position: the same in live.
        severity: how much it matters.
    """

    path: tuple[str, ...]
    operation: Operation
    golden: str | None
    live: str | None
    golden_position: int | None = None
    live_position: int | None = None
    severity: Severity = Severity.POLICY


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The difference between golden and live for one device at one time.

    Attributes:
        device: name of the device.
        platform: a dialect's name.
        golden_digest: digest of the golden text.
        live_digest: digest of the live text.
        differences: empty exactly when in sync.
        impact: what the differences let through.
        detected_at: when live was read.
        last_in_sync_at: when the device was last seen in sync, or None if never.
        not_comparable: paths of secrets that the device re-salts at each read: presence compared, value not.
        ignored: differences in parts that the policy leaves alone; neither drift nor healed, and never hidden.
    """

    device: str
    platform: str
    golden_digest: Digest
    live_digest: Digest
    differences: tuple[Difference, ...]
    impact: Impact
    detected_at: datetime.datetime
    last_in_sync_at: datetime.datetime | None = None
    not_comparable: tuple[str, ...] = ()
    ignored: tuple[Difference, ...] = ()

    @property
    def in_sync(self) -> bool:
        """True if nothing that is compared differs."""
        return not self.differences

    @property
    def healable(self) -> tuple[Difference, ...]:
        """The differences that healing may change: all but those in foreign parts."""
        return tuple(d for d in self.differences if d.severity is not Severity.FOREIGN)

    @property
    def key(self) -> Digest:
        """What tells whether the same change is back: a digest of what healing would undo, wherever else live moved.

        Secrets stand in it as keyed fingerprints only.
        """
        told = [[list(d.path), d.operation.value, d.golden, d.live] for d in self.healable]
        return digest_of(json.dumps(told))
