"""How each fault strikes.

Input: a world and a scenario. Output: the world, armed; and what ends every fault again.
"""

import contextlib
import os
import shutil
import signal
from collections.abc import Callable

from tests.faults.draw import Fault, Scenario
from tests.faults.story import Note
from tests.faults.world import World

from murenger.errors import MurengerError
from murenger.lab.failure import LabError

ADMINISTRATOR = "admin-"
READ_LIES = frozenset({"truncate", "empty", "candidate-as-running", "wrong-hostname", "other-device", "link-flip"})
_FOREIGN = {"leaf1": "foreign-session", "srx1": "foreign-candidate", "fw1": "foreign-table"}


def arm(world: World, scenario: Scenario) -> None:
    """Let each fault strike at its moment.

    Args:
        world: as `World.reset` left it, drifted.
        scenario: what is to happen.
    """
    world.proxy.arm([fault.link for fault in scenario.faults if fault.link is not None])
    for fault in scenario.faults:
        if fault.link is None:
            strike = _strike(world, fault)
            if fault.moment:
                world.moments.at(fault.moment, fault.nth, strike)
            else:
                strike()


def _strike(world: World, fault: Fault) -> Callable[[], None]:
    """Return what happens."""
    if fault.kind.startswith(ADMINISTRATOR):
        return lambda: _administrate(world, fault.kind)
    special: dict[str, Callable[[], None]] = {
        "killed": lambda: _die(world),
        "clock-back": lambda: _told(world, fault, lambda: world.clock.jump(_number(fault))),
        "clock-forward": lambda: _told(world, fault, lambda: world.clock.jump(_number(fault))),
        "device-clock": lambda: _told(world, fault, lambda: world.bench.advance(_number(fault))),
        "disk-full": lambda: _told(world, fault, lambda: world.storage.fill(int(_number(fault)))),
        "read-only": lambda: _told(world, fault, lambda: world.storage.seal(world.state, world.store)),
        "index-deleted": lambda: _told(world, fault, lambda: world.index.unlink(missing_ok=True)),
        "second-runner": lambda: _second(world, fault, loses_lease=False),
        "lease-lost": lambda: _second(world, fault, loses_lease=True),
        "anchors-down": lambda: _told(world, fault, lambda: world.sink.reach(is_up=False)),
    }
    if fault.kind not in special:
        world.lies.add(fault.kind)
    begin = special.get(fault.kind, lambda: world.lie(fault.kind, fault.value))
    endings: dict[str, Callable[[], None]] = {
        "disk-full": world.storage.mend,
        "read-only": world.storage.mend,
        "anchors-down": lambda: world.sink.reach(is_up=True),
    }
    end = endings.get(fault.kind) if fault.kind in special else lambda: world.lie(fault.kind, None)
    if not fault.lasts or end is None:
        return begin

    def begin_and_end() -> None:
        begin()
        world.moments.after(fault.lasts, end)

    return begin_and_end


def _number(fault: Fault) -> float:
    assert isinstance(fault.value, int | float)
    return float(fault.value)


def _told(world: World, fault: Fault, happen: Callable[[], object]) -> None:
    world.story.tell(Note(what="struck", name=fault.kind))
    happen()


def _die(world: World) -> None:
    """End this process as the kernel ends one that is out of luck; in the first process nobody dies."""
    if os.getpid() != world.pid:
        world.story.tell(Note(what="struck", name="killed"))
        os.kill(os.getpid(), signal.SIGKILL)


def _administrate(world: World, kind: str) -> None:
    """Let another administrator do something; the device may refuse it, as it refuses anybody."""
    bench, before = world.bench, world.witness.truth()
    what = kind.removeprefix(ADMINISTRATOR)
    doings: dict[str, Callable[[], None]] = {
        "harmless": lambda: bench.type(*bench.harmless()),
        "rogue": lambda: bench.play(bench.rogue),
        "foreign": lambda: bench.play(_FOREIGN[bench.name]),
        "saves": lambda: bench.type("write memory" if bench.name == "leaf1" else "commit"),
        "fires": world.fire_timer,
    }
    try:
        doings[what]()
    except (ValueError, AssertionError, LabError):
        return
    after = world.witness.truth()
    world.story.tell(Note(what="edited", name=kind, running=before.running))
    world.story.tell(Note(what="struck", name=kind, running=after.running))


def _second(world: World, fault: Fault, *, loses_lease: bool) -> None:
    """Let another runner make a whole pass right now; the first one goes on afterwards."""
    if loses_lease:
        shutil.rmtree(world.state / "leases", ignore_errors=True)
    world.story.tell(Note(what="struck", name=fault.kind))
    with world.moments.aside(), contextlib.suppress(MurengerError):
        world.open().patrol(world.device)


def end_all(world: World) -> None:
    """End every fault that can end: the wire is whole, the device honest, the disk has room, clocks are right.

    What another administrator did stays done, but for work that they left half done.
    """
    world.moments.disarm()
    world.proxy.calm()
    world.storage.mend_all(world.state, world.store)
    world.sink.reach(is_up=True)
    world.clock.set_right()
    world.be_honest()
