"""What healing one device needs from the other stages and the world, and how far one heal got.

Input: ports and functions, bound by the wiring. Output: `HealTools`, and `Progress`, which heals write as they go.
"""

import dataclasses
import datetime
import enum
from collections.abc import Callable

from murenger.heal.steps import At, unheard
from murenger.model import Check, Digest, Impact, RawRead, Snapshot
from murenger.ports import Clock, FlowReport, Remediator


def no_probes() -> tuple[Check, ...]:
    """Return no checks: the policy names no probe."""
    return ()


def alone() -> None:
    """Do nothing: where no lease is kept nothing else can hold the device, and nobody comes after us."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HealTools:
    """What healing one device needs from the other stages and the world.

    Attributes:
        remediator: opens the change session.
        observe: reads the device over a fresh connection, with the read credential.
        canonical: turns a raw read into a snapshot.
        agrees: tells whether a snapshot is what the plan promised in every part that is compared; a device may list a
            hand-written golden in another form that means the same.
        impact: tells which packets a snapshot treats differently from what the plan promised.
        fill: puts the secrets into a candidate; raises SecretError rather than leave a placeholder.
        redact: removes secrets from a text.
        clock: the time.
        probes: runs the user's probes, after text and packets are proved and before the change is confirmed.
        lease_held: raises LeaseHeldError once the lease on the device is no longer ours; asked right before the commit
            and right before the confirmation.
        sending: notes that the commit is about to be sent, so that a later process knows; raises if it cannot.
        token: the lease's fencing token, for the mark on the device; 0 where no lease is kept.
        at: told each step when it is done.
    """

    remediator: Remediator
    observe: Callable[[], Snapshot]
    canonical: Callable[[RawRead], Snapshot]
    agrees: Callable[[Snapshot], bool]
    impact: Callable[[Snapshot], Impact]
    fill: Callable[[str], str]
    redact: Callable[[str], str]
    clock: Clock
    probes: Callable[[], tuple[Check, ...]] = no_probes
    lease_held: Callable[[], None] = alone
    sending: Callable[[], None] = alone
    token: int = 0
    at: At = unheard


class WayBack(enum.Enum):
    """What the device said of a commit of ours that is not confirmed, once it was asked to take it back."""

    UNDONE = "undone over the connection of the change"
    UNDONE_ANEW = "undone over a new connection"
    NEVER_SENT = "the change was never sent"
    REFUSED = "the device refused the change"
    NOTHING_LEFT = "the device's timer was faster"
    NO_ANSWER = "the device was left to its timer"


@dataclasses.dataclass(slots=True, kw_only=True)
class Progress:
    """How far a change got, so that whatever breaks it off can be told truly.

    Attributes:
        sent_at: monotonic seconds when the commit was sent, or None before that.
        refused: True if the device answered that it did not take the commit.
        proved: True once every test passed that must pass before the confirmation, which may have been sent then, and
            may have counted.
        way_back: what the device said when it was asked to take the commit back.
        handle: what names the commit on the device, or "".
        confirmed_at: when the device accepted the confirmation, or None.
        after: digest of the last read, or None.
        checks: tests made so far.
        flows: what became of connections that the drift admitted.
        failure: why it was broken off, or "".
    """

    sent_at: float | None = None
    refused: bool = False
    proved: bool = False
    way_back: WayBack = WayBack.NO_ANSWER
    handle: str = ""
    confirmed_at: datetime.datetime | None = None
    after: Digest | None = None
    checks: list[Check] = dataclasses.field(default_factory=list)
    flows: FlowReport = dataclasses.field(default_factory=lambda: FlowReport(cut=None, note="not reached"))
    failure: str = ""
