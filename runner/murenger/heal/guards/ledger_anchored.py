"""Guard ledger-anchored: no change that could not be proved afterwards.

Input: a case. Output: a check, or a refusal.
"""

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check

# Intents and outcomes carry no whole configurations: this is room for hundreds of them.
LEAST_FREE_BYTES = 8 << 20


class LedgerAnchoredGuard:
    """Refuses to heal while the ledger cannot take an outcome, or cannot be anchored as the policy asks."""

    name = "ledger-anchored"

    def check(self, case: GuardCase) -> Check:
        """Return how the ledger is.

        Raises:
            GuardRefusedError: it cannot be written, has too little space, or is not anchored as `anchors.policy` asks.
        """
        ledger = case.ledger
        if ledger.write_fault:
            raise refused(self.name, case, f"the ledger cannot be written: {ledger.write_fault}", hint="see store.path")
        if ledger.free_bytes < LEAST_FREE_BYTES:
            raise refused(
                self.name,
                case,
                f"the ledger's disk has {ledger.free_bytes >> 20} MiB left, an outcome may not fit",
                hint=f"free at least {LEAST_FREE_BYTES >> 20} MiB; murenger prunes what has outlived its retention",
            )
        if ledger.anchor_fault:
            raise refused(self.name, case, ledger.anchor_fault, hint="see anchors in murenger.yml; murenger doctor")
        return passed(
            self.name,
            case,
            expected="a ledger that can be written, anchored as the policy asks",
            observed=f"{ledger.free_bytes >> 20} MiB free; {ledger.anchoring}",
        )
