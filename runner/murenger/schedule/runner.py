"""The runner: each tick hands due devices to workers, one check of a device at a time.

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of every check that fell due.

    Attributes:
        due: due times that have passed.
        executed: checks that ran to an end, good or bad.
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
    """Serves a due-heap with a few workers.

    Args:
        heap: who is due when.
        check: makes one pass over a device by name; its own errors are its business to report, `LeaseHeldError` apart.
        clock: the time.
        workers: how many devices are checked at once, >= 1.
    """

    def __init__(self, heap: DueHeap, check: Callable[[str], None], clock: Clock, *, workers: int) -> None:
        self._heap = heap
        self._check = check
        self._clock = clock
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=workers, thread_name_prefix="check")
        self._lock = threading.Lock()
        self._pending: dict[str, datetime.datetime] = {}
        self._due = self._executed = self._coalesced = self._refused = 0

    def tick(self) -> None:
        """Hand every device that is due to a worker, unless a check of it is waiting or running."""
        for due in self._heap.pop_due(self._clock.now()):
            if self._take(due):
                self._pool.submit(self._serve, due.device)

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
        """Take no further device, drop those that no worker has begun, and wait for running checks to end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

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
        refused = False
        try:
            self._check(device)
        except LeaseHeldError:
            refused = True
        finally:
            with self._lock:
                del self._pending[device]
                self._refused += refused
                self._executed += not refused
