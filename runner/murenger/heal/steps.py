"""The numbered steps of one heal: where a process may die, and after which of them the device may have the change.

Input: none. Output: `Step`. Production code announces each step when it is done; what listens is a crash test or a
fault lab, and in service nobody.
"""

import enum
from collections.abc import Callable
from typing import TypeAlias


class Step(enum.IntEnum):
    """What has just been done; a heal that goes well announces each from 1 to 16 but `WAY_BACK`, in this order."""

    GUARDS_PASSED = 1
    """Every guard before the intent has passed; nothing is written."""
    INTENT_WRITTEN = 2
    """The intent is in the ledger."""
    INTENT_ANCHORED = 3
    """The intent is held by others, as far as the policy asks; the device is still untouched."""
    CONNECTED = 4
    """A change session is open."""
    STAGED = 5
    """The device holds the candidate and does not run it."""
    RECHECKED = 6
    """Live is what was compared and the lease is still ours; the next thing sent is the commit."""
    COMMITTED = 7
    """The device runs the change; its timer runs too."""
    TEXT_PROVED = 8
    """Live, read over a fresh connection, is what was promised."""
    PACKETS_PROVED = 9
    """The same packets pass as golden lets pass."""
    PROBED = 10
    """The user's probes passed and the lease is still ours; the next thing sent is the confirmation."""
    CONFIRMED = 11
    """The change is permanent."""
    READ_AGAIN = 12
    """Live was read once more after the confirmation."""
    FLOWS_CUT = 13
    """Connections that the drift had admitted were ended, where the platform can."""
    WAY_BACK = 14
    """Something failed after the commit was sent; the way back begins."""
    SETTLED = 15
    """The outcome is known and not yet written."""
    OUTCOME_WRITTEN = 16
    """The outcome is in the ledger."""


At: TypeAlias = Callable[[Step], None]
"""What is called with each step when it is done."""


def unheard(step: Step) -> None:
    """Take no notice of a step: nobody listens in service."""
    del step
