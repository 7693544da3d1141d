"""The budget of one question to the engine: CPU seconds that it asks for between operations, and what breaks it off.

Input: `Limits`. Output: nothing, or an error that never leaves this package: it becomes an `unknown`.
"""

import time

from murenger.semantics.verdict import Limits


class BudgetSpentError(Exception):
    """The CPU seconds allowed are used up."""


class ContradictionError(Exception):
    """The engine contradicts itself: a defect of murenger, never a property of the rules."""


class Budget:
    """Counts CPU seconds of this process from its construction.

    Args:
        limits: what may be used.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._begin = time.process_time()

    @property
    def spent_s(self) -> float:
        """CPU seconds since the beginning."""
        return time.process_time() - self._begin

    def check(self) -> None:
        """Return if there is time left.

        Raises:
            BudgetSpentError: there is none.
        """
        if self.spent_s > self.limits.cpu_s:
            raise BudgetSpentError(f"{self.limits.cpu_s:g} CPU seconds were not enough")
