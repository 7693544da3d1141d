"""The case of one heal: all that the guards may know, collected before any of them is asked.

Input: facts that wiring collects. Output: frozen values; a guard reads nothing else, so a case can be judged again.
"""

import dataclasses
import datetime

from murenger.config.settings import GuardSettings
from murenger.model import Device, Digest, Golden, PastOutcome, Plan, Snapshot
from murenger.model.capability import Capability
from murenger.semantics.proofs import HitlessProof


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrustFacts:
    """What is known, at the moment of the change, about the golden policy.

    Attributes:
        revision: the git commit that counts now; "" where none does.
        accepted: digest of the device's golden text that the ledger says was accepted, or None.
        fault: why no revision counts now, or "".
    """

    revision: str
    accepted: Digest | None
    fault: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """How far our own clock may be trusted.

    Attributes:
        synchronised: whether something keeps it in step; None where nobody can say.
        offset_s: last known distance from its source, in seconds, or None.
        error_s: largest error that the kernel admits, in seconds, or None where it does not say.
        newest_record_at: what the newest record of the ledger says of its time, or None for an empty ledger.
    """

    synchronised: bool | None
    offset_s: float | None
    error_s: float | None
    newest_record_at: datetime.datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """Whether what is done can be proved afterwards.

    Attributes:
        write_fault: why the ledger cannot be written, or "".
        free_bytes: free space on its file system.
        anchor_fault: why the policy on anchoring forbids a change, or "".
        anchoring: what the intent will say of its anchoring.
    """

    write_fault: str
    free_bytes: int
    anchor_fault: str
    anchoring: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A change that another worker makes now, of this process or another.

    Attributes:
        device: name of the device.
        zone: its zone, or "".
    """

    device: str
    zone: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SecondRead:
    """What a second read over a new connection gave.

    Attributes:
        snapshot: the whole read, or None if it failed.
        fault: why it failed, or "".
    """

    snapshot: Snapshot | None
    fault: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GuardCase:
    """One change that is about to be made.

    Facts that cost a connection or minutes of computing are None until the cheaper guards have let the change pass; a
    guard that needs a fact that is None refuses.

    Attributes:
        device: the device.
        plan: what would be applied.
        live: what the device runs, as it was compared.
        golden: what it should run.
        now: the time.
        limits: how much healing may change.
        trust: what is known about golden.
        clock: what is known about our clock.
        ledger: what is known about the ledger.
        past: changes of the whole site that ended lately, oldest first.
        under_way: changes that others make now.
        zone_members: names of all devices in this device's zone, itself among them; empty where it has no zone.
        read: the second read.
        capability: what is proved of this driver on this version of the platform, or None where nothing is.
        proof: what is proved of the states that the device passes through.
    """

    device: Device
    plan: Plan
    live: Snapshot
    golden: Golden
    now: datetime.datetime
    limits: GuardSettings
    trust: TrustFacts
    clock: ClockFacts
    ledger: LedgerFacts
    past: tuple[PastOutcome, ...] = ()
    under_way: tuple[UnderWay, ...] = ()
    zone_members: tuple[str, ...] = ()
    read: SecondRead | None = None
    capability: Capability | None = None
    proof: HitlessProof | None = None
