"""Decisions: whether we may act, on whose authority, and why.

Input: a drift, the policy and signed documents. Output: one decision with its reasons.
"""

import dataclasses
import datetime
import enum

from murenger.model.digest import Digest
from murenger.model.probe import Probe
from murenger.model.tier import Tier


class Mode(enum.Enum):
    """What murenger may do by itself with a device."""

    OBSERVE = "observe"
    """Look and report; the default."""
    PROPOSE = "propose"
    """Make a plan and ask a person for each change."""
    HEAL = "heal"
    """Act by itself within a signed standing change."""


class Action(enum.Enum):
    """The verb in force for one drift."""

    NONE = "none"
    """In sync: nothing to do."""
    HEAL = "heal"
    """Return live to golden."""
    HOLD = "hold"
    """Do not act; the reasons say what would have to change."""


class ApprovalMode(enum.Enum):
    """On whose authority a change is made; there is no member for nobody's."""

    PERSON = "person"
    """A named person approved this plan."""
    STANDING = "standing"
    """A signed standing change covers it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StandingChange:
    """A pre-approved class of change, as its signed decision file states it (RECORDS.md, 'Decision file').

    Attributes:
        sha256: hex digest of the file's exact bytes; each intent cites it.
        origin: name of the log it is good for.
        author: who wrote it; never its signer.
        devices: names it covers; never empty, never a wildcard.
        operations: values of `Operation` it covers.
        max_differences: the largest drift it covers, >= 1.
        not_after: when it ends.
        reason: why the change is wanted.
        security_impact: what the change means for security.
        backout: how the change is undone.
        test: how the change is checked.
    """

    sha256: str
    origin: str
    author: str
    devices: tuple[str, ...]
    operations: tuple[str, ...]
    max_differences: int
    not_after: datetime.datetime
    reason: str
    security_impact: str
    backout: str
    test: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One verified approval.

    Attributes:
        mode: person or standing.
        principal: who signed, as allowed_signers names them.
        key_fingerprint: `SHA256:...` of the signing key.
        decision_sha256: hex digest of the signed decision file.
        decision: the decision file's exact bytes.
        signature: the detached SSHSIG as text.
        author: who wrote the decision file.
        signed_at: None where the signature carries no time (SSHSIG has none).
        expires_at: when the approval ends.
        reason: why the change is wanted.
        security_impact: what the change means for security.
        plan_digest: the plan approved, for mode person; None for a standing change.
    """

    mode: ApprovalMode
    principal: str
    key_fingerprint: str
    decision_sha256: str
    decision: bytes
    signature: str
    author: str
    expires_at: datetime.datetime
    reason: str
    security_impact: str
    signed_at: datetime.datetime | None = None
    plan_digest: Digest | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What murenger.yml says about one selection of devices.

    Attributes:
        name: the selector's name in murenger.yml, for messages.
        devices: device or group names; an empty selection selects nothing.
        mode: observe (default), propose or heal.
        standing_change: path of the signed standing change, or None.
        revert_in_s: seconds after which the device reverts an unconfirmed change, > 0.
        interval_s: seconds between checks, or None where `cron` is given.
        cron: five-field cron expression in UTC, or None.
        jitter_s: largest random delay added to each check, >= 0.
        ignore: paths of parts that are neither compared nor changed, each a tuple of levels, `*` and `?` allowed.
        manage: paths of the only parts that golden speaks for; empty: all of them.
        probes: what must be seen before a change is confirmed.
    """

    name: str
    devices: tuple[str, ...]
    mode: Mode = Mode.OBSERVE
    standing_change: str | None = None
    revert_in_s: int = 120
    interval_s: int | None = 300
    cron: str | None = None
    jitter_s: int = 0
    ignore: tuple[tuple[str, ...], ...] = ()
    manage: tuple[tuple[str, ...], ...] = ()
    probes: tuple[Probe, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Standoff:
    """Why murenger keeps its hands off a drift for now, whatever it may do by itself; a person may approve the plan.

    Attributes:
        cause: the word that a hold record carries, such as `fight` or `back-off`.
        reason: one clause for people that says what to do.
        until: when it ends by itself, or None.
    """

    cause: str
    reason: str
    until: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one drift, and why.

    Attributes:
        device: name of the device.
        action: none, heal or hold.
        mode: the policy's mode.
        reasons: why, each one clause that names the setting or guard.
        approval: the authority, where the action is heal.
        policy: the policy that decided.
        decided_at: when.
        awaits_approval: True if the only thing missing is a person's approval of the plan.
        tier: how grave the drift is.
        cause: where the action is hold, the word that its record carries, such as `tightening` or `policy`.
        until: when a hold ends by itself, or None.
    """

    device: str
    action: Action
    mode: Mode
    reasons: tuple[str, ...]
    policy: Policy
    decided_at: datetime.datetime
    approval: Approval | None = None
    awaits_approval: bool = False
    tier: Tier = Tier.NONE
    cause: str = ""
    until: datetime.datetime | None = None
