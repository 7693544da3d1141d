"""One device, one pass: observe, compare, decide, heal, record. Read this file first.

Input: a device and the stages, bound to their adapters by `wiring`. Output: what was seen, what was decided, and what
became of it. Everything above this file says when and for whom; everything below says how.
"""

import dataclasses
from collections.abc import Callable, Mapping

from murenger.model import Action, Decision, Device, Drift, Golden, Outcome, Snapshot


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What is known about one device after looking, before acting.

    Attributes:
        device: the device.
        live: what it runs.
        golden: what it should run, at the approved revision.
        drift: how they differ; empty if in sync.
        decision: what to do about that.
        secrets: placeholder -> value, of golden and live; in memory only.
    """

    device: Device
    live: Snapshot
    golden: Golden
    drift: Drift
    decision: Decision
    secrets: Mapping[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over one device.

    Attributes:
        examination: what was seen and decided.
        outcome: how the heal ended, or None where none was made.
    """

    examination: Examination
    outcome: Outcome | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A whole read and the secrets in it (placeholder -> value, in memory only)."""

    live: Snapshot
    secrets: Mapping[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A drift with the golden policy it was computed from, and the secrets of that policy."""

    golden: Golden
    drift: Drift
    secrets: Mapping[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The five stages, each one call; all of them raise `MurengerError` only.

    Attributes:
        observe: reads a device, whole or not at all.
        compare: compares a read with the approved golden policy.
        decide: says whether to act, and on whose authority.
        record: writes what was seen and decided into the ledger, if it is news.
        heal: makes the change, recording intent and outcome; None if a way to heal is not wired.
    """

    observe: Callable[[Device], Observed]
    compare: Callable[[Device, Snapshot], Compared]
    decide: Callable[[Device, Drift], Decision]
    record: Callable[[Examination], None]
    heal: Callable[[Examination], Outcome]


def examine(device: Device, stages: Stages) -> Examination:
    """Observe, compare and decide; nothing is written anywhere."""
    seen = stages.observe(device)
    compared = stages.compare(device, seen.live)
    return Examination(
        device=device,
        live=seen.live,
        golden=compared.golden,
        drift=compared.drift,
        decision=stages.decide(device, compared.drift),
        secrets={**compared.secrets, **seen.secrets},
    )


def reconcile(device: Device, stages: Stages, *, may_heal: bool = True) -> Pass:
    """Make one recorded pass over one device, and heal it where that was decided, unless others go first."""
    examination = examine(device, stages)
    stages.record(examination)
    if examination.decision.action is not Action.HEAL or not may_heal:
        return Pass(examination=examination, outcome=None)
    return Pass(examination=examination, outcome=stages.heal(examination))
