"""The runner's clock in the fault lab: it waits by pushing the device's clock, and its wall time can be made to jump.

Input: a bench. Output: port `Clock`. Its state lies in memory that forked runners share, so that time that passed for a
runner that was killed has passed.
"""

import datetime
import mmap
import struct
import time
from collections.abc import Callable

from murenger.adapters.clock import SystemClock

_STATE = struct.Struct("dd")


class LabTime:
    """Port `Clock`.

    Args:
        push: lets that many seconds pass on the device.
    """

    def __init__(self, push: Callable[[float], None]) -> None:
        self._push = push
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    def _read(self) -> tuple[float, float]:
        ahead_s, jumped_s = _STATE.unpack_from(self._memory)
        return ahead_s, jumped_s

    def reset(self) -> None:
        """Agree with the machine again."""
        _STATE.pack_into(self._memory, 0, 0.0, 0.0)

    def now(self) -> datetime.datetime:
        """Return the wall time, jumps and all."""
        return datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(seconds=sum(self._read()))

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic() + self._read()[0]

    def wait(self, seconds: float) -> None:
        """Let time pass here and on the device."""
        self._push(seconds)
        self.skip(seconds)

    def skip(self, seconds: float) -> None:
        """Let time pass here alone: the device knows already."""
        ahead_s, jumped_s = self._read()
        _STATE.pack_into(self._memory, 0, ahead_s + seconds, jumped_s)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back; no time passes."""
        ahead_s, jumped_s = self._read()
        _STATE.pack_into(self._memory, 0, ahead_s, jumped_s + seconds)

    def set_right(self) -> None:
        """Let the wall clock agree with the time that passed."""
        ahead_s, _ = self._read()
        _STATE.pack_into(self._memory, 0, ahead_s, 0.0)


class RealTime(LabTime):
    """The same for a device in real time: waiting takes as long as it says."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        super().__init__(self._machine.wait)

    def wait(self, seconds: float) -> None:
        """Let real time pass."""
        self._machine.wait(seconds)
