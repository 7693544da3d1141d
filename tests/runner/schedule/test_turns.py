"""Turns: the gravest heal goes first, none waits for ever, none is lost."""

import collections
import contextlib
import datetime
import random
import threading
from collections.abc import Callable, Iterator

import pytest

from murenger.errors import LeaseHeldError
from murenger.schedule import Counts, DueHeap, IntervalCadence, Runner, Turns
from murenger.schedule.turns import PATIENCE_S

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
LIMIT_S = 20.0


class HandClock:
    """Port `Clock`, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime.datetime:
        return NOON + datetime.timedelta(seconds=self.seconds)

    def monotonic_s(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


def turns(places: int, clock: HandClock | None = None) -> Turns:
    return Turns(places=places, now_s=(clock or HandClock()).monotonic_s)


def drained(waiting: Turns) -> list[str]:
    """Return who goes when, one after the other."""
    found = []
    while (device := waiting.take()) is not None:
        found.append(device)
        waiting.done(device)
    return found


def test_the_gravest_goes_first_and_within_a_rank_who_came_first() -> None:
    waiting = turns(1)
    for device, rank in (("a", 6), ("b", 1), ("c", 0), ("d", 1), ("e", 0)):
        waiting.add(device, rank)
    assert drained(waiting) == ["c", "e", "b", "d", "a"]


def test_one_place_is_kept_for_the_gravest() -> None:
    waiting = turns(3)
    for device in "abc":
        waiting.add(device, 1)
    assert [waiting.take(), waiting.take(), waiting.take()] == ["a", "b", None]
    waiting.add("jewel", 0)
    assert [waiting.take(), waiting.take()] == ["jewel", None]
    waiting.done("jewel")
    assert waiting.take() is None
    waiting.done("a")
    assert waiting.take() == "c"


def test_a_single_place_serves_every_rank() -> None:
    waiting = turns(1)
    waiting.add("a", 6)
    assert waiting.take() == "a"
    waiting.add("jewel", 0)
    assert waiting.take() is None
    waiting.done("a")
    assert waiting.take() == "jewel"


def test_the_gravest_may_take_every_place() -> None:
    waiting = turns(2)
    for device in "abc":
        waiting.add(device, 0)
    assert [waiting.take(), waiting.take(), waiting.take()] == ["a", "b", None]


def test_nobody_waits_for_ever_behind_the_gravest() -> None:
    clock = HandClock()
    waiting = turns(1, clock)
    waiting.add("patient", 6)
    served = []
    for minute in range(20):
        waiting.add(f"jewel{minute}", 0)
        device = waiting.take()
        assert device is not None
        served.append(device)
        waiting.done(device)
        clock.wait(60)
    assert served.index("patient") == PATIENCE_S / 60


def test_a_device_that_waits_already_keeps_its_time_and_takes_the_graver_rank() -> None:
    waiting = turns(1)
    for device, rank in (("a", 5), ("b", 1), ("a", 1), ("a", 6)):
        waiting.add(device, rank)
    assert drained(waiting) == ["a", "b"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_in_whatever_order_is_served_once_and_never_beyond_the_places(seed: int) -> None:
    chance, clock = random.Random(seed), HandClock()  # noqa: S311 - no secret
    places = chance.randint(1, 4)
    waiting = turns(places, clock)
    added, served, running = [], [], []
    while len(served) < 60:
        if len(added) < 60 and chance.random() < 0.6:
            added.append(f"fw{len(added)}")
            waiting.add(added[-1], chance.randint(0, 6))
        elif running and chance.random() < 0.7:
            waiting.done(running.pop(chance.randrange(len(running))))
        if (device := waiting.take()) is not None:
            served.append(device)
            running.append(device)
        assert len(running) <= places
        clock.wait(chance.choice((1, 300)))
        # What waits although places are free waits for the one that is kept, and somebody else is at work.
        assert running or waiting.take() is None
    assert sorted(served) == sorted(added)


class World:
    """Devices whose heals last until they are let go; what the runner does with them is written down."""

    def __init__(self, ranks: dict[str, int | None]) -> None:
        self.ranks = ranks
        self.clock = HandClock()
        self.checked: collections.Counter[str] = collections.Counter()
        self.healing: list[str] = []
        self.healed: list[str] = []
        self.most = 0
        self.lock = threading.Condition()
        self.let_go: set[str] = set()
        self.fail: dict[str, Exception] = {}

    def check(self, device: str) -> int | None:
        with self.lock:
            self.checked[device] += 1
            self.lock.notify_all()
        return self.ranks[device]

    def heal(self, device: str) -> None:
        with self.lock:
            self.healing.append(device)
            self.most = max(self.most, len(self.healing))
            self.lock.notify_all()
            assert self.lock.wait_for(lambda: device in self.let_go or "*" in self.let_go, timeout=LIMIT_S)
            self.healing.remove(device)
            self.healed.append(device)
            self.lock.notify_all()
        if device in self.fail:
            raise self.fail[device]

    def until(self, claim: Callable[[], bool]) -> None:
        with self.lock:
            assert self.lock.wait_for(claim, timeout=LIMIT_S), (self.healing, self.healed, self.checked)

    def go(self, device: str) -> None:
        with self.lock:
            self.let_go.add(device)
            self.lock.notify_all()

    @contextlib.contextmanager
    def runner(self, workers: int) -> Iterator[Runner]:
        cadences = {name: IntervalCadence(device=name, interval_s=60) for name in self.ranks}
        runner = Runner(DueHeap(cadences, self.clock.now()), self.check, self.clock, heal=self.heal, workers=workers)
        self.clock.wait(60)
        runner.tick()
        try:
            yield runner
        finally:
            self.go("*")
            runner.stop()


def is_balanced(counts: Counts) -> bool:
    return counts.due == counts.executed + counts.coalesced + counts.overdue + counts.refused


def test_no_check_waits_behind_a_heal() -> None:
    world = World({f"fw{n}": 1 if n < 8 else None for n in range(12)})
    with world.runner(2) as runner:
        world.until(lambda: len(world.checked) == 12)
        assert world.healed == []
        assert is_balanced(runner.counts())


def test_a_heal_to_a_crown_jewel_goes_while_lower_ones_fill_their_places_and_before_those_that_wait() -> None:
    ranks: dict[str, int | None] = dict.fromkeys((f"fw{n}" for n in range(6)), 1)
    world = World(ranks | {"jewel": 0})
    with world.runner(2):
        world.until(lambda: "jewel" in world.healing and len(world.healing) == 2)
        world.go("jewel")
        world.until(lambda: world.healed == ["jewel"])
        # The place that it leaves is kept; the lower ones go one after the other.
        assert len(world.healing) == 1
        world.go("*")
        world.until(lambda: len(world.healed) == 7)
    assert world.most == 2
    assert set(world.healed) == set(world.ranks)


def test_every_device_is_healed_and_counted_although_some_heals_fail_in_every_way() -> None:
    world = World({f"fw{n}": n % 3 for n in range(30)})
    world.fail = {"fw4": RuntimeError("a defect"), "fw5": LeaseHeldError("held"), "fw6": RuntimeError("another")}
    world.go("*")
    with world.runner(3) as runner:
        world.until(lambda: len(world.healed) == 30)
    counts = runner.counts()
    assert is_balanced(counts)
    assert (counts.executed, counts.refused, counts.overdue) == (29, 1, 0)
    assert sorted(world.healed) == sorted(world.ranks)
    assert world.most <= 3


def test_a_device_that_waits_for_its_heal_is_not_checked_again_and_its_due_times_are_merged() -> None:
    world = World({"fw0": 1, "fw1": 1})
    with world.runner(1) as runner:
        world.until(lambda: sum(world.checked.values()) == 2 and len(world.healing) == 1)
        for _ in range(3):
            world.clock.wait(60)
            runner.tick()
        assert sum(world.checked.values()) == 2
        assert runner.counts().coalesced == 6
        assert runner.counts().overdue == 2
        world.go("*")
        world.until(lambda: len(world.healed) == 2)


def test_stop_waits_for_running_heals_and_drops_those_that_wait() -> None:
    world = World({f"fw{n}": 1 for n in range(5)})
    with world.runner(1) as runner:
        world.until(lambda: len(world.checked) == 5 and len(world.healing) == 1)
        stopper = threading.Thread(target=runner.stop)
        stopper.start()
        world.go("*")
        stopper.join(LIMIT_S)
        assert not stopper.is_alive()
    counts = runner.counts()
    assert len(world.healed) + counts.overdue == 5
    assert is_balanced(counts)
