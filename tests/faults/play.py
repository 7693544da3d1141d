"""One scenario from its first moment to its verdict.

Input: a world and a scenario. Output: a `Result`: how it ended, which faults struck, and every violation.
"""

import contextlib
import dataclasses
import os
import signal
import time
import traceback
from collections.abc import Iterator

from tests.faults import oracle, strikes
from tests.faults.draw import Scenario
from tests.faults.oracle import End
from tests.faults.story import Note
from tests.faults.world import REAL, REVERT_S, World

from murenger.errors import MurengerError
from murenger.wiring import Site

MARGIN_S = 15.0
LATE_S = 240.0
BACK_OFF_S = 3700.0
DAY_S = 86_400.0
CHILD_S = 90.0
CLEAN_PASSES = 6
# After these a runner cannot reach its candidate any more, or somebody else's lies beside it.
_PARTING = ("killed", "link-", "cut", "drop", "prompt", "admin-foreign", "lease-lost", "wrong-hostname", "other-device")
# What the standing change covers, and what nobody could approve: there is no plan to ask a person about.
_SELF_HEALING = frozenset({"", "lockout", "acl-rogue-permit", "untrust-to-trust", "open-card-db"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a scenario.

    Attributes:
        scenario: which.
        end: how it ended.
        verdict: the newest outcome's verdict, or "" without one.
        struck: kinds of the faults that struck.
        violations: what must never be; empty if all is well.
        took_s: CPU seconds of this process and its children.
    """

    scenario: Scenario
    end: End
    verdict: str
    struck: tuple[str, ...]
    violations: tuple[str, ...]
    took_s: float


def play(world: World, scenario: Scenario) -> Result:
    """Play a scenario and judge it."""
    began = _cpu_s()
    world.reset(anchored=scenario.anchored)
    before = len(oracle.entries(world))
    if scenario.drift:
        world.bench.play(scenario.drift)
    drifted = world.witness.truth().running
    if scenario.approved and scenario.drift not in _SELF_HEALING:
        _approved(world)
    strikes.arm(world, scenario)
    for _ in range(scenario.passes):
        _faulted_pass(world, scenario)
    strikes.end_all(world)
    _let_timers_fire(world, scenario)
    violations = list(_lasting(world, scenario, drifted))
    if scenario.drift == "lockout":
        _let_in(world)
    _tidy(world)
    world.story.tell(Note(what="tidied", name=""))
    _restart(world)
    settled = oracle.entries(world)
    end = oracle.end_of(settled[before:])
    violations += _until_golden(world)
    violations += oracle.judge(world, oracle.entries(world), since=before)
    notes = world.story.notes()
    violations += [note.name for note in notes if note.what == "defect"]
    outcomes = [entry for entry in settled[before:] if entry.kind == "outcome"]
    struck = {note.name for note in notes if note.what == "struck"} | {one.value for one in world.proxy.struck}
    return Result(
        scenario=scenario,
        end=end,
        verdict=outcomes[-1].said["outcome"]["verdict"] if outcomes else "",
        struck=tuple(sorted(struck)),
        violations=tuple(dict.fromkeys(violations)),
        took_s=_cpu_s() - began,
    )


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _faulted_pass(world: World, scenario: Scenario) -> None:
    """Make one pass while faults strike; in a process of its own if it may die."""
    if any(fault.kind == "killed" for fault in scenario.faults):
        _in_a_child(world)
        found = world.witness.truth()
        world.story.tell(Note(what="died", name="", running=found.running, startup=found.startup))
    else:
        patrol(world)


def patrol(world: World) -> Site:
    """Start a runner that makes one pass; what it refuses is told, and what it may not raise is a violation."""
    site = world.open()
    try:
        site.patrol(world.device)
    except MurengerError as error:
        world.story.tell(Note(what="refused", name=str(error)))
    except Exception as error:  # noqa: BLE001 - nothing but an error of the tree may leave a door
        where = traceback.extract_tb(error.__traceback__)[-1]
        world.story.tell(Note(what="defect", name=f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"))
    return site


def _in_a_child(world: World) -> None:
    """Fork, and let the child make the pass."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            patrol(world)
        os._exit(0)
    deadline = time.monotonic() + CHILD_S
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            world.story.tell(Note(what="defect", name=f"a runner did not end within {CHILD_S:g} s"))
            return
        time.sleep(0.002)


def _let_timers_fire(world: World, scenario: Scenario) -> None:
    """Let the device's timer run out, however late it is."""
    late_s = LATE_S if any(fault.kind == "revert-late" for fault in scenario.faults) else 0.0
    if world.bench.name not in REAL:
        world.clock.wait(REVERT_S[world.bench.name] + MARGIN_S + late_s)
    elif world.witness.truth().pending:
        world.bench.let_timer_fire(REVERT_S[world.bench.name])


def _lasting(world: World, scenario: Scenario, drifted: str) -> Iterator[str]:
    """What must hold when every timer has fired, before anybody looks after it."""
    found = world.witness.truth()
    if found.pending:
        yield f"{found.pending} still waits for confirmation after its timer"
    if found.running not in (world.golden, drifted) and scenario.drift != "lockout":
        try:
            world.bench.read()
        except MurengerError as error:
            yield f"nobody gets in any more: {error}"
    notes = world.story.notes()
    struck = {note.name for note in notes if note.what == "struck"} | {one.value for one in world.proxy.struck}
    if found.left and not any(name.startswith(_PARTING) for name in struck):
        yield f"left on the device by a runner that could clean up: {', '.join(found.left)}"
    healed = [place for place, note in enumerate(notes) if note.what == "recorded" and note.name == "outcome"]
    records = {entry.sequence: entry for entry in oracle.entries(world)}
    if not healed or any(note.what == "edited" for note in notes[healed[-1] :]):
        return
    note = notes[healed[-1]]
    told = records.get(note.sequence)
    if told is None or told.said["outcome"]["verdict"] != "healed" or note.running == found.running:
        return
    yield "a change that was called healed did not last"


def _let_in(world: World) -> None:
    """End a lock-out at the console, whatever somebody saved meanwhile."""
    world.bench.play("revert")
    if world.bench.name == "leaf1":
        world.bench.type("configure replace flash:boot")


def _tidy(world: World) -> None:
    """Let other administrators finish or drop what they left half done, as people do in the end."""
    bench = world.bench
    if bench.name == "leaf1":
        for name in _foreign_sessions(world):
            bench.ask("cli", user="serial port", lines=[f"configure session {name} abort"])
    elif bench.name == "srx1":
        bench.ask("cli", user="carol", lines=["rollback 0"])
    else:
        world.shell("nft delete table inet f2b-table 2>/dev/null; true")


def _foreign_sessions(world: World) -> list[str]:
    sessions = world.bench.ask("config")["sessions"]
    assert isinstance(sessions, list)
    return [
        str(one["name"])
        for one in sessions
        if not str(one["name"]).startswith("murenger_") and one["state"] != "completed"
    ]


def _restart(world: World) -> None:
    """Start a clean runner, which settles what is open before it does anything else."""
    patrol(world)


def _until_golden(world: World) -> Iterator[str]:
    """Make clean passes, with a person who approves what waits for one, until the device runs golden."""
    for attempt in range(CLEAN_PASSES):
        found = world.witness.truth()
        if found.running == world.golden:
            break
        if attempt and not _approved(world):
            _let_time_pass(world, DAY_S if attempt > 2 else BACK_OFF_S)
        patrol(world)
    found = world.witness.truth()
    if found.running != world.golden:
        refused = [note.name for note in world.story.notes() if note.what == "refused"]
        yield f"clean passes do not heal: {refused[-1] if refused else 'no reason is told'}"
    if found.pending or found.left:
        yield f"left on the device: {', '.join((found.pending, *found.left))}"


def _approved(world: World) -> bool:
    """Have a person approve the plan, if the decision waits for one."""
    site = world.open()
    try:
        examination = site.examine(world.device)
        if not examination.decision.awaits_approval:
            return False
        world.approve(site, site.plan(examination).sha256)
    except MurengerError as error:
        world.story.tell(Note(what="refused", name=str(error)))
        return False
    return True


def _let_time_pass(world: World, seconds: float) -> None:
    if world.bench.name in REAL:
        world.clock.skip(seconds)
    else:
        world.clock.wait(seconds)
