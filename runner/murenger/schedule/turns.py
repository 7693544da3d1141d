"""Turns: which heal goes next, when only so many may be made at once.

Input: devices that are to be healed, with their ranks. Output: the next one, or none for now. The gravest goes first,
one place is kept free for it, and whoever has waited long enough goes before it.
"""

import dataclasses
from collections.abc import Callable

PATIENCE_S = 600.0
"""Whoever has waited as long as this, in seconds, goes with the gravest, in the order of their coming."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A heal that waits.

    Attributes:
        device: its name.
        rank: 0 for the gravest drift.
        since_s: monotonic seconds when it began to wait.
        number: in the order of coming.
    """

    device: str
    rank: int
    since_s: float
    number: int


class Turns:
    """Heals that wait and heals that are made; not locked: its owner does that.

    Args:
        places: how many heals may be made at once, >= 1; of more than one, one is kept for rank 0.
        now_s: returns monotonic seconds.
    """

    def __init__(self, *, places: int, now_s: Callable[[], float]) -> None:
        self._places = places
        self._now_s = now_s
        self._waiting: dict[str, Waiting] = {}
        self._running: dict[str, int] = {}
        self._number = 0

    def add(self, device: str, rank: int) -> None:
        """Let a device wait for its turn; one that waits already keeps its place in time and takes the graver rank."""
        known = self._waiting.get(device)
        if known is not None:
            self._waiting[device] = dataclasses.replace(known, rank=min(rank, known.rank))
            return
        self._number += 1
        self._waiting[device] = Waiting(device=device, rank=rank, since_s=self._now_s(), number=self._number)

    def take(self) -> str | None:
        """Return the device whose turn it is and count it as being healed, or None: nobody waits, or no place is free.

        The place that is kept for rank 0 is given to nobody else, however long they have waited.
        """
        if len(self._running) >= self._places:
            return None
        lower = sum(rank > 0 for rank in self._running.values())
        is_kept = self._places > 1 and lower >= self._places - 1
        able = [waiting for waiting in self._waiting.values() if waiting.rank == 0 or not is_kept]
        if not able:
            return None
        chosen = min(able, key=self._order)
        del self._waiting[chosen.device]
        self._running[chosen.device] = chosen.rank
        return chosen.device

    def done(self, device: str) -> None:
        """Give back a device's place."""
        del self._running[device]

    def _order(self, waiting: Waiting) -> tuple[int, int]:
        is_patient_no_more = self._now_s() - waiting.since_s >= PATIENCE_S
        return (0 if is_patient_no_more else waiting.rank, waiting.number)
