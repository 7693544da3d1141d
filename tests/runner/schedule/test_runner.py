"""The runner: every due check is accounted for, and a device is never checked twice at once."""

import datetime
import threading

import pytest

from murenger.adapters.apscheduler import run_ticks
from murenger.errors import LeaseHeldError
from murenger.schedule import Counts, DueHeap, IntervalCadence, Runner

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


class HandClock:
    """Port `Clock`, moved by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return self.time.timestamp()

    def wait(self, seconds: float) -> None:
        self.time += datetime.timedelta(seconds=seconds)


def heap(*devices: str) -> DueHeap:
    return DueHeap({name: IntervalCadence(device=name, interval_s=60) for name in devices}, NOON)


def never(device: str) -> None:
    raise AssertionError(device)


def balanced(counts: Counts) -> bool:
    return counts.due == counts.executed + counts.coalesced + counts.overdue + counts.refused


def test_due_equals_executed_plus_coalesced_plus_overdue_plus_refused_under_overload() -> None:
    clock, release = HandClock(), threading.Event()
    running: list[str] = []
    twice = threading.Event()

    def check(device: str) -> None:
        if device in running:
            twice.set()
        running.append(device)
        release.wait(10)
        running.remove(device)
        if device == "fw0":
            raise LeaseHeldError("held", device=device)

    runner = Runner(heap(*(f"fw{n}" for n in range(6))), check, clock, heal=never, workers=2)
    for _ in range(5):
        clock.wait(90)
        runner.tick()
        assert balanced(runner.counts())
    assert runner.counts().overdue == 6
    assert runner.counts().oldest_overdue_s > 300
    release.set()
    with_deadline = threading.Event()
    for _ in range(200):
        if runner.counts().overdue == 0:
            break
        with_deadline.wait(0.05)
    runner.stop()
    counts = runner.counts()
    assert balanced(counts)
    assert (counts.executed, counts.refused, counts.overdue) == (5, 1, 0)
    assert not twice.is_set()


def test_a_check_that_raises_is_counted_and_the_device_is_served_again() -> None:
    clock = HandClock()
    done = threading.Semaphore(0)

    def check(device: str) -> None:
        done.release()
        raise RuntimeError(device)

    runner = Runner(heap("fw1"), check, clock, heal=never, workers=1)
    for _ in range(2):
        clock.wait(61)
        runner.tick()
        assert done.acquire(timeout=10)
        for _ in range(200):
            if runner.counts().overdue == 0:
                break
            threading.Event().wait(0.01)
    runner.stop()
    assert runner.counts().executed == 2


def test_ticks_never_overlap_and_end_when_told() -> None:
    stop, overlap, busy = threading.Event(), threading.Event(), threading.Lock()
    ticks: list[int] = []

    def tick() -> None:
        if not busy.acquire(blocking=False):
            overlap.set()
            return
        threading.Event().wait(0.03)
        ticks.append(1)
        busy.release()
        if len(ticks) == 3:
            stop.set()

    run_ticks(tick, every_s=0.01, stop=stop)
    assert len(ticks) >= 3
    assert not overlap.is_set()


@pytest.mark.parametrize("workers", [1, 3])
def test_stop_waits_for_running_checks_and_drops_the_rest(workers: int) -> None:
    clock, started, release = HandClock(), threading.Semaphore(0), threading.Event()
    finished: list[str] = []

    def check(device: str) -> None:
        started.release()
        release.wait(10)
        finished.append(device)

    runner = Runner(heap(*(f"fw{n}" for n in range(5))), check, clock, heal=never, workers=workers)
    clock.wait(61)
    runner.tick()
    for _ in range(workers):
        assert started.acquire(timeout=10)
    threading.Timer(0.05, release.set).start()
    runner.stop()
    assert len(finished) == workers
    assert runner.counts().overdue == 5 - workers
