"""The machine's clock.

Input: the operating system. Output: port `Clock`.
"""

import datetime
import time


class SystemClock:
    """Port `Clock` on the machine's own clocks."""

    def now(self) -> datetime.datetime:
        """Return the current time as an aware UTC datetime."""
        return datetime.datetime.now(tz=datetime.UTC)

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Return after that many seconds, >= 0."""
        time.sleep(seconds)
