"""The runner: each tick hands due devices to workers, one check of a device at a time; heals wait for their turn.

Input: ticks. Output: one pass per due device, and counts for which due = executed + coalesced + overdue + refused.
"""

import concurrent.futures
import dataclasses
import datetime
import threading
from collections.abc import Callable

from murenger.errors import LeaseHeldError
from murenger.ports import Clock
from murenger.schedule.due import Due, DueHeap
from murenger.schedule.turns import Turns


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of every check that fell due.

    Attributes:
        due: due times that have passed.
        executed: checks that ran to an end, good or bad, with their heal where there was one.
        coalesced: due times served by a check that was already waiting or running, or by one check for several.
        refused: checks not made because another process held the device.
        overdue: checks waiting or running now.
        oldest_overdue_s: seconds since the oldest of those fell due, or 0.
    """

    due: int
    executed: int
    coalesced: int
    refused: int
    overdue: int
    oldest_overdue_s: float


class Runner:
    """Serves a due-heap with a few workers that check, and as many that heal: no check waits behind a heal.

    Args:
        heap: who is due when.
        check: makes one pass over a device by name, short of healing it, and returns None, or the rank of the heal that
            is to follow, 0 the gravest; its own errors are its business to report, `LeaseHeldError` apart.
        heal: makes one pass over a device and heals it; it looks anew, for the device may have waited.
        clock: the time.
        workers: how many devices are checked at once, and how many healed, >= 1.
    """

    def __init__(
        self,
        heap: DueHeap,
        check: Callable[[str], int | None],
        clock: Clock,
        *,
        heal: Callable[[str], None],
        workers: int,
    ) -> None:
        self._heap = heap
        self._check = check
        self._heal = heal
        self._clock = clock
        self._checking = concurrent.futures.ThreadPoolExecutor(max_workers=workers, thread_name_prefix="check")
        self._healing = concurrent.futures.ThreadPoolExecutor(max_workers=workers, thread_name_prefix="heal")
        self._turns = Turns(places=workers, now_s=clock.monotonic_s)
        self._lock = threading.Lock()
        self._stopping = False
        self._pending: dict[str, datetime.datetime] = {}
        self._due = self._executed = self._coalesced = self._refused = 0

    def tick(self) -> None:
        """Hand every device that is due to a worker, unless a check of it is waiting or running."""
        for due in self._heap.pop_due(self._clock.now()):
            if self._take(due):
                self._checking.submit(self._serve, due.device)

    def counts(self) -> Counts:
        """Return what became of every check so far."""
        with self._lock:
            oldest = min(self._pending.values(), default=None)
            return Counts(
                due=self._due,
                executed=self._executed,
                coalesced=self._coalesced,
                refused=self._refused,
                overdue=len(self._pending),
                oldest_overdue_s=(self._clock.now() - oldest).total_seconds() if oldest else 0.0,
            )

    def stop(self) -> None:
        """Take no further device, drop those that no worker has begun, and wait for running checks and heals to end."""
        with self._lock:
            self._stopping = True
        self._checking.shutdown(wait=True, cancel_futures=True)
        self._healing.shutdown(wait=True, cancel_futures=True)

    def _take(self, due: Due) -> bool:
        with self._lock:
            self._due += due.periods
            if due.device in self._pending:
                self._coalesced += due.periods
                return False
            self._coalesced += due.periods - 1
            self._pending[due.device] = due.since
            return True

    def _serve(self, device: str) -> None:
        rank: int | None = None
        refused = False
        try:
            rank = self._check(device)
        except LeaseHeldError:
            refused = True
        finally:
            if rank is None:
                self._settle(device, refused=refused)
            else:
                self._await_turn(device, rank)

    def _await_turn(self, device: str, rank: int) -> None:
        with self._lock:
            self._turns.add(device, rank)
            self._call_next()

    def _call_next(self) -> None:
        """Have a worker look whose turn it is, once for each that comes and for each place that is given back."""
        if not self._stopping:
            self._healing.submit(self._heal_next)

    def _heal_next(self) -> None:
        with self._lock:
            device = None if self._stopping else self._turns.take()
        if device is None:
            # The place that is left is kept for a graver one; whoever gives back another calls again.
            return
        refused = False
        try:
            self._heal(device)
        except LeaseHeldError:
            refused = True
        finally:
            self._settle(device, refused=refused)
            with self._lock:
                self._turns.done(device)
                self._call_next()

    def _settle(self, device: str, *, refused: bool) -> None:
        with self._lock:
            del self._pending[device]
            self._refused += refused
            self._executed += not refused
