"""What every guard is, and the two things that it does: pass with a check, or refuse.

Input: a case. Output: a `Check` for the intent record, or a `GuardRefusedError` that names the guard.
"""

from typing import Protocol

from murenger.errors import GuardRefusedError
from murenger.heal.guards.case import GuardCase
from murenger.model import Check


class Guard(Protocol):
    """One reason not to heal."""

    @property
    def name(self) -> str:
        """The guard's name, as records and documents spell it."""
        ...

    def check(self, case: GuardCase) -> Check:
        """Return what was seen, where nothing speaks against the change.

        Raises:
            GuardRefusedError: something does; nothing was touched.
        """
        ...


def passed(name: str, case: GuardCase, *, expected: str, observed: str) -> Check:
    """Return the check of a guard that lets a change pass."""
    return Check(name=f"guard {name}", expected=expected, observed=observed, passed=True, at=case.now)


def refused(name: str, case: GuardCase, message: str, *, hint: str) -> GuardRefusedError:
    """Return the refusal of a guard, to be raised."""
    return GuardRefusedError(message, guard=name, device=case.device.name, hint=hint)
