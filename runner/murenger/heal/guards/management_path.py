"""Guard management-path: our own way to the device stays open in every state that it passes through.

Input: a case with the proof of the plan. Output: a check, or a refusal.
"""

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check
from murenger.semantics.proofs import Proven


class ManagementPathGuard:
    """Refuses a plan that would lock us out, or of which nobody can tell."""

    name = "management-path"

    def check(self, case: GuardCase) -> Check:
        """Return which traffic was looked at.

        Raises:
            GuardRefusedError: a packet of ours would be cut, or that is undecided, or there is no proof.
        """
        proof = case.proof
        if proof is None:
            raise refused(self.name, case, "nothing is proved of our own way to the device", hint="this is a defect")
        management = proof.management
        if management.verdict is Proven.REFUTED:
            raise refused(
                self.name,
                case,
                f"the change would lock us out: {management.text}",
                hint="let golden permit the runner, or correct murenger_management_source in the inventory",
            )
        if management.verdict is not Proven.PROVED:
            raise refused(
                self.name,
                case,
                f"it is not proved that our own way to the device stays open: {management.text or proof.note}",
                hint="tell murenger_management_source and murenger_management_interface in the inventory",
            )
        return passed(
            self.name, case, expected="our own traffic passes in every state", observed=f"proved: {management.text}"
        )
