"""Time, and the only way to it outside the lab.

Input: nothing. Output: the current time; waiting.
"""

import datetime
from typing import Protocol


class Clock(Protocol):
    """Time; the only way to it outside the lab."""

    def now(self) -> datetime.datetime:
        """Return the current time as an aware UTC datetime."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after that many seconds, >= 0."""
        ...
