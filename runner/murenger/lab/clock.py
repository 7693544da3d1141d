"""The time that an emulator believes in: real time plus an offset that a test may advance.

Input: the machine's monotonic and wall clocks. Output: aware UTC times and timer deadlines that tests control.
"""

import dataclasses
import datetime
import time


@dataclasses.dataclass(slots=True)
class LabClock:
    """A clock that runs with the machine's and can be pushed forward.

    Attributes:
        offset_s: seconds by which this clock is ahead of the machine's.
    """

    offset_s: float = 0.0

    def now(self) -> datetime.datetime:
        """Return the current time as an aware UTC datetime."""
        return datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=self.offset_s)

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back while `advance` gets non-negative steps."""
        return time.monotonic() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Push this clock forward.

        Args:
            seconds: how far, >= 0.

        Raises:
            ValueError: the step is negative; a clock step backwards is not something this lab models.
        """
        if seconds < 0:
            raise ValueError(f"the lab clock only goes forward, got {seconds} s")
        self.offset_s += seconds
