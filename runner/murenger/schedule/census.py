"""The census: what the last check of each device came to, for those who must know how much of the whole was seen.

Input: devices' names, and what became of each check. Output: counts; a device that was never checked is neither seen
nor unreachable.
"""

import dataclasses
import threading
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How much of the whole was seen.

    Attributes:
        expected: devices there are.
        seen: devices whose last check read them whole.
        unreachable: names of those whose last check did not, in order.
        drifted: devices that their last check left out of sync.
    """

    expected: int
    seen: int
    unreachable: tuple[str, ...]
    drifted: int


class Census:
    """The last word on each device; any thread may tell and ask.

    Args:
        devices: names of all devices.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        self._devices = tuple(devices)
        self._lock = threading.Lock()
        self._in_sync: dict[str, bool | None] = {}

    def seen(self, device: str, *, in_sync: bool) -> None:
        """Take in that a check read a device whole.

        Args:
            device: its name.
            in_sync: True if the check left it in sync, healed or not.
        """
        with self._lock:
            self._in_sync[device] = in_sync

    def lost(self, device: str) -> None:
        """Take in that a check could not read a device."""
        with self._lock:
            self._in_sync[device] = None

    def tally(self) -> Tally:
        """Return the counts."""
        with self._lock:
            words = dict(self._in_sync)
        return Tally(
            expected=len(self._devices),
            seen=sum(word is not None for word in words.values()),
            unreachable=tuple(sorted(device for device, word in words.items() if word is None)),
            drifted=sum(word is False for word in words.values()),
        )
