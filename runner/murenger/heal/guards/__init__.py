"""Guards: reasons not to heal, each its own class, asked in one order before anything is touched.

Input: the case of one heal. Output: a check for each guard, or the refusal of the first that refuses.

Two more are asked at the device: `LiveUnchangedGuard` right before commit, and the adapter itself, which raises the
refusal `foreign-candidate`; the lease is asked by whoever holds it.
"""

from collections.abc import Sequence

from murenger.heal.guards.base import Guard
from murenger.heal.guards.blast_radius import BlastRadiusGuard
from murenger.heal.guards.capability import CapabilityGuard
from murenger.heal.guards.case import (
    ClockFacts,
    GuardCase,
    LedgerFacts,
    SecondRead,
    TrustFacts,
    UnderWay,
)
from murenger.heal.guards.circuit_breaker import CircuitBreakerGuard
from murenger.heal.guards.clock_sane import ClockSaneGuard
from murenger.heal.guards.golden_trusted import GoldenTrustedGuard
from murenger.heal.guards.hitless import HitlessGuard
from murenger.heal.guards.ledger_anchored import LedgerAnchoredGuard
from murenger.heal.guards.live_unchanged import LiveUnchangedGuard
from murenger.heal.guards.management_path import ManagementPathGuard
from murenger.heal.guards.read_doubted import ReadDoubtedGuard
from murenger.model import Check

# Cheapest and most fundamental first.
AT_HOME: tuple[Guard, ...] = (
    LedgerAnchoredGuard(),
    ClockSaneGuard(),
    GoldenTrustedGuard(),
    CapabilityGuard(),
    CircuitBreakerGuard(),
    BlastRadiusGuard(),
)
"""Guards that need nothing but what is known here."""
AFTER_A_READ: tuple[Guard, ...] = (ReadDoubtedGuard(),)
"""Guards that need another read of the device."""
AFTER_A_PROOF: tuple[Guard, ...] = (ManagementPathGuard(), HitlessGuard())
"""Guards that need the engine's proof of the plan."""
COUNTING: tuple[Guard, ...] = (CircuitBreakerGuard(), BlastRadiusGuard())
"""Guards that count what others do; asked once more while nobody else can begin a change."""


def check_all(guards: Sequence[Guard], case: GuardCase) -> tuple[Check, ...]:
    """Ask guards one after the other.

    Raises:
        GuardRefusedError: one refuses; those after it were not asked.
    """
    return tuple(guard.check(case) for guard in guards)


__all__ = [
    "AFTER_A_PROOF",
    "AFTER_A_READ",
    "AT_HOME",
    "COUNTING",
    "BlastRadiusGuard",
    "CapabilityGuard",
    "CircuitBreakerGuard",
    "ClockFacts",
    "ClockSaneGuard",
    "GoldenTrustedGuard",
    "Guard",
    "GuardCase",
    "HitlessGuard",
    "LedgerAnchoredGuard",
    "LedgerFacts",
    "LiveUnchangedGuard",
    "ManagementPathGuard",
    "ReadDoubtedGuard",
    "SecondRead",
    "TrustFacts",
    "UnderWay",
    "check_all",
]
