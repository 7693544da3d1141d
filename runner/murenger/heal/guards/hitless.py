"""Guard hitless: each state on the way lets pass no more than live and golden together, and all that both let pass.

Input: a case with the proof of the plan. Output: a check, or a refusal.
"""

from murenger.heal.guards.base import passed, refused
from murenger.heal.guards.case import GuardCase
from murenger.model import Check
from murenger.semantics.proofs import Proven

EXPECTED = "each state permits no more than live and golden together, and what both permit; the last one is golden"


class HitlessGuard:
    """Refuses a plan whose intermediate states are not all proved."""

    name = "hitless"

    def check(self, case: GuardCase) -> Check:
        """Return what is proved of each state.

        Raises:
            GuardRefusedError: a packet speaks against a state, or something is undecided, or there is no proof.
        """
        proof = case.proof
        hint = "approve nothing here: change the golden policy in smaller parts, or by hand"
        if proof is None:
            raise refused(self.name, case, "nothing is proved of the states that the device passes through", hint=hint)
        if proof.states_verdict is not Proven.PROVED:
            told = [f"step {one.number}: {one.text}" for one in proof.steps if one.verdict is not Proven.PROVED]
            why = "; ".join(told) or proof.note
            raise refused(self.name, case, f"not every state is proved harmless ({why})", hint=hint)
        words = [
            f"{len(proof.steps)} states proved",
            proof.note,
            *(f"cut during step {cut.number}" for cut in proof.cuts),
        ]
        return passed(self.name, case, expected=EXPECTED, observed="; ".join(word for word in words if word))
