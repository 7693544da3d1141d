"""Proofs about a plan: what is proven of each state that a device passes through while it is changed.

Input: the engine's work. Output: frozen values, and their text for people.
"""

import dataclasses
import enum

from murenger.model.packet import Packet


class Proven(enum.Enum):
    """What could be proven."""

    PROVED = "proved"
    REFUTED = "refuted"
    """A packet shows that it is not so; the independent interpreter agrees."""
    UNKNOWN = "unknown"
    """Neither; never good enough for a change."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StepProof:
    """One state that the device is in.

    Attributes:
        number: 1 for the state after the first step.
        step: the step that leads to it, one line for people.
        verdict: what is proven of it.
        text: one clause for people; for a refutation, which condition and packet.
        witness: the packet that refutes it, else None.
    """

    number: int
    step: str
    verdict: Proven
    text: str
    witness: Packet | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Traffic that live and golden both permit and that one state does not: cut for as long as that state lasts."""

    number: int
    witness: Packet


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ManagementProof:
    """Whether our own way to the device stays open.

    Attributes:
        verdict: what is proven; UNKNOWN where nobody asked.
        text: one clause for people, with the traffic that was looked at.
        witness: a packet of it that is cut, else None.
    """

    verdict: Proven
    text: str
    witness: Packet | None = None


NOT_ASKED = ManagementProof(verdict=Proven.UNKNOWN, text="management traffic was not looked at")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HitlessProof:
    """What is proven of a whole plan.

    Attributes:
        verdict: PROVED only if every state and the management path are; REFUTED if any is.
        steps: the states in order.
        management: the management path.
        cuts: traffic that is cut for the time of a step.
        note: one line for people: engine, budget used, or why nothing is known.
    """

    verdict: Proven
    steps: tuple[StepProof, ...]
    management: ManagementProof = NOT_ASKED
    cuts: tuple[Cut, ...] = ()
    note: str = ""

    @property
    def states_verdict(self) -> Proven:
        """What is proven of the states, the management path aside."""
        return worst(*(step.verdict for step in self.steps)) if self.steps else Proven.UNKNOWN


def worst(*verdicts: Proven) -> Proven:
    """Return REFUTED if any is, else UNKNOWN if any is, else PROVED."""
    for one in (Proven.REFUTED, Proven.UNKNOWN):
        if one in verdicts:
            return one
    return Proven.PROVED


def unproven(note: str) -> HitlessProof:
    """Return the proof of nothing."""
    management = ManagementProof(verdict=Proven.UNKNOWN, text=note)
    return HitlessProof(verdict=Proven.UNKNOWN, steps=(), management=management, note=note)
