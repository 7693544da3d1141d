"""Plans and outcomes: what will be done to a device, and what became of it.

Input: a decision. Output: a plan made before anything is touched, and an outcome after.
"""

import dataclasses
import datetime
import enum

from murenger.model.decision import Decision
from murenger.model.digest import Digest
from murenger.model.drift import Drift


class SafetyNet(enum.Enum):
    """How the device returns by itself if nobody confirms."""

    NATIVE_CONFIRM = "native-confirm"
    """The platform's own commit-confirm."""
    DEVICE_TIMER = "device-timer"
    """A dead-man timer of ours that runs on the device."""


class OutcomeVerdict(enum.Enum):
    """How a heal ended."""

    HEALED = "healed"
    """Live equals what the plan promised, seen over a fresh connection, and is confirmed."""
    ROLLED_BACK = "rolled-back"
    """We undid the change; live is as before, seen over a fresh connection."""
    NOT_APPLIED = "not-applied"
    """The device was never changed."""
    REVERTED_BY_DEVICE = "reverted-by-device"
    """The device's timer undid the change."""
    PARTIAL = "partial"
    """Live is neither as before nor as planned."""
    UNKNOWN = "unknown"
    """The device could not be read afterwards."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A change to one device, bound to what it was computed from; any change of those voids it.

    Attributes:
        device: name of the device.
        platform: a dialect's name.
        serial: the device's serial number, or "".
        drift: what the plan undoes.
        golden_revision: git commit of the golden policy.
        candidate: canonical text to be applied, placeholders for secrets; foreign parts are live's own.
        rollback: canonical live text that a rollback restores, placeholders for secrets.
        expected_digest: digest of the canonical text that a read after the change must give.
        steps: what will be applied, live -> candidate, one line each, for people; no secret.
        safety_net: how the device returns by itself.
        revert_in_s: seconds until it does.
        made_at: when.
        expires_at: after this the plan may not be applied.
    """

    device: str
    platform: str
    serial: str
    drift: Drift
    golden_revision: str
    candidate: str
    rollback: str
    expected_digest: Digest
    steps: tuple[str, ...]
    safety_net: SafetyNet
    revert_in_s: int
    made_at: datetime.datetime
    expires_at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test made before or after a change.

    Attributes:
        name: what was checked.
        expected: what should be seen.
        observed: what was seen.
        passed: whether they agree.
        at: when.
    """

    name: str
    expected: str
    observed: str
    passed: bool
    at: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one heal ended.

    Attributes:
        device: name of the device.
        plan_sha256: hex digest of the plan file.
        decision: the decision it was made under.
        verdict: how it ended.
        reason: one line for people; why it ended so, where it is not healed.
        before_digest: digest of live before.
        after_digest: digest of live after, or None if it could not be read.
        checks: tests made after the change.
        flows_cut: connection-table entries that were cleared, or None where the platform cannot say.
        flows_note: what became of connections that the drift admitted.
        started_at: when the device was first touched.
        ended_at: when the outcome was known.
        confirmed_at: when the change was confirmed, or None.
    """

    device: str
    plan_sha256: str
    decision: Decision
    verdict: OutcomeVerdict
    reason: str
    before_digest: Digest
    after_digest: Digest | None
    checks: tuple[Check, ...]
    flows_cut: int | None
    flows_note: str
    started_at: datetime.datetime
    ended_at: datetime.datetime
    confirmed_at: datetime.datetime | None = None
