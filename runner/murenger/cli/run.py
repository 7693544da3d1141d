"""`murenger run`: the scheduled runner; checks devices when they are due and heals where that is decided.

Input: the policies' schedules. Output: one line a pass; ends cleanly on SIGTERM. With `--once` one pass, then it ends.
"""

import argparse
import functools
import signal
import threading
from collections.abc import Callable, Sequence

from murenger.adapters.ansible.launch import clear_stale_folders
from murenger.adapters.apscheduler import CronCadence, run_ticks
from murenger.cli import heal, options
from murenger.cli.output import IN_SYNC, TROUBLE, complain, emit, progress, say, worst
from murenger.errors import ConfigError, LeaseHeldError, MurengerError
from murenger.model import Action, Device, Digest, OutcomeVerdict, digest_of
from murenger.reconcile import Pass
from murenger.record.executor import Population, Trigger
from murenger.schedule import Cadence, Census, Counts, DueHeap, IntervalCadence, Runner, Tally
from murenger.wiring import Site
from murenger.wiring.upkeep import Upkeep, inventory_digest

TICK_S = 0.25
UPKEEP_S = 1.0
WORKERS = 4


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb."""
    parser = verbs.add_parser("run", help="check devices when they are due, and heal where that is decided")
    options.add_site(parser)
    options.add_limit(parser)
    parser.add_argument("--once", action="store_true", help="one pass over the devices, then end")
    parser.add_argument(
        "--workers", type=int, default=WORKERS, metavar="N", help="checks, and heals, at once (default: 4)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run once, or until told to stop."""
    if args.workers < 1:
        raise ConfigError("--workers must be at least 1")
    site = options.site_of(args, Trigger.MANUAL if args.once else Trigger.SCHEDULE)
    devices = options.devices_of(args, site)
    with site.runner_lock():
        clear_stale_folders()
        return _once(args, site, devices) if args.once else _serve(args, site, devices)


def _once(args: argparse.Namespace, site: Site, devices: Sequence[Device]) -> int:
    """Look at every device, then heal those that are to be healed, the gravest first."""
    results: dict[str, heal.Told] = {}
    turns: list[tuple[int, Device]] = []
    for done, device in enumerate(devices, start=1):
        progress(done, len(devices), device.name)
        told, seen = _told(functools.partial(site.reconcile, may_heal=False), device)
        if seen is not None and seen.examination.decision.action is Action.HEAL:
            turns.append((seen.examination.decision.tier.rank, device))
        else:
            results[device.name] = _shown(args, told)
    # Sorting keeps the order of the devices within a rank.
    for _, device in sorted(turns, key=lambda turn: turn[0]):
        results[device.name] = _shown(args, _told(site.reconcile, device)[0])
    _tell(site)
    in_order = [results[device.name] for device in devices]
    if args.output == "json":
        emit(args, text="", data={"schema": "murenger.run/1", "devices": [entry for _, entry, _ in in_order]})
    return worst([code for _, _, code in in_order])


def _tell(site: Site) -> None:
    """Send what waits to be sent before the process ends."""
    for error in site.incidents.flush():
        complain(error)


def _told(reconcile: Callable[[Device], Pass], device: Device) -> tuple[heal.Told, Pass | None]:
    """Return what one pass came to; a device that another process works on is told like any other."""
    try:
        return _pass(reconcile, device)
    except LeaseHeldError as error:
        return heal.failed(device, error), None


def _shown(args: argparse.Namespace, told: heal.Told) -> heal.Told:
    """Print a pass's line at once: a heal takes a while, and who reads along should not wait for the last device."""
    if args.output == "text":
        emit(args, text=told[0], data={})
    return told


def _serve(args: argparse.Namespace, site: Site, devices: Sequence[Device]) -> int:
    by_name = {device.name: device for device in devices}
    clock = site.parts.clock
    heap = DueHeap({device.name: _cadence(site, device) for device in devices}, clock.now())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    census = Census(tuple(by_name))

    def made(name: str, *, may_heal: bool) -> int | None:
        done = _check(args, site, by_name[name], census, may_heal=may_heal)
        if done is None:
            return None
        upkeep.observed(done.examination.live.taken_at)
        decision = done.examination.decision
        return decision.tier.rank if decision.action is Action.HEAL and not may_heal else None

    def check(name: str) -> int | None:
        return made(name, may_heal=False)

    def heal_in_turn(name: str) -> None:
        made(name, may_heal=True)

    def population() -> tuple[Population, float]:
        return _population(inventory, runner.counts(), census.tally())

    runner = Runner(heap, check, clock, heal=heal_in_turn, workers=args.workers)
    inventory = inventory_digest(devices)
    configuration = digest_of(site.settings.file.read_bytes())
    with site.journal.writing() as (recorder, _):
        recorder.runner_started(configuration, f"{len(devices)} devices")
    upkeep = site.upkeep(population=population, report=complain)
    upkeep.begin()
    keeper = threading.Thread(target=_keep, args=(upkeep, stop), name="upkeep")
    keeper.start()
    say(f"murenger: running, {len(devices)} devices; stop with SIGTERM")
    try:
        run_ticks(runner.tick, every_s=TICK_S, stop=stop)
    finally:
        say("murenger: stopping; running checks end first")
        stop.set()
        runner.stop()
        keeper.join()
        with site.journal.writing() as (recorder, _):
            recorder.runner_stopped(configuration, "told to stop")
        site.watch.anchor_quietly()
        _tell(site)
    counts = runner.counts()
    say(
        f"murenger: stopped; {counts.due} checks due, {counts.executed} made, {counts.coalesced} merged, "
        f"{counts.refused} refused, {counts.overdue} not begun"
    )
    return IN_SYNC


def _population(inventory: Digest, counts: Counts, tally: Tally) -> tuple[Population, float]:
    """Return how much of the whole was seen, and for how long the oldest check has waited, in seconds."""
    population = Population(
        inventory=inventory,
        expected=tally.expected,
        seen=tally.seen,
        unreachable=tally.unreachable,
        drifted=tally.drifted,
        backlog=counts.overdue,
    )
    return population, counts.oldest_overdue_s


def _check(args: argparse.Namespace, site: Site, device: Device, census: Census, *, may_heal: bool) -> Pass | None:
    """Make one pass, print its line unless a heal is to follow, and return it, or None if it could not be made."""
    try:
        (line, data, _), done = _pass(functools.partial(site.patrol, may_heal=may_heal), device)
    except LeaseHeldError as error:
        heal.failed(device, error)
        # The runner counts it: this check was refused, not made.
        raise
    if done is None:
        census.lost(device.name)
    else:
        healed = done.outcome is not None and done.outcome.verdict is OutcomeVerdict.HEALED
        census.seen(device.name, in_sync=done.examination.drift.in_sync or healed)
    is_told_later = done is not None and done.examination.decision.action is Action.HEAL and not may_heal
    if args.output == "json" and not is_told_later:
        emit(args, text="", data={"schema": "murenger.pass/1", **data})
    elif line and not is_told_later:
        emit(args, text=f"{site.parts.clock.now():%Y-%m-%dT%H:%M:%SZ} {line}", data={})
    return done


def _pass(reconcile: Callable[[Device], Pass], device: Device) -> tuple[heal.Told, Pass | None]:
    """Return the line, the data and the exit code of one pass; one device's surprise must not silence the others.

    Returns:
        What to tell, and the pass itself, or None if it was not made.

    Raises:
        LeaseHeldError: another process works on the device.
    """
    try:
        done = reconcile(device)
        return heal.told(done), done
    except LeaseHeldError:
        raise
    except MurengerError as error:
        return heal.failed(device, error), None
    except Exception as error:  # noqa: BLE001 - reported here, for the pass over the other devices goes on
        kind = type(error).__name__
        say(f"murenger: {device.name}: internal error: {kind}; this is a defect, please report it")
        return ("", {"device": device.name, "verdict": "unknown", "error": kind}, TROUBLE), None


def _keep(upkeep: Upkeep, stop: threading.Event) -> None:
    """Do the runner's own duties until told to stop, apart from the checks: an anchor may be slow to answer."""
    while not stop.wait(UPKEEP_S):
        try:
            upkeep.tick()
        except Exception as error:  # noqa: BLE001 - reported here: heartbeats must go on, or their gap must show
            say(f"murenger: internal error: {type(error).__name__}; this is a defect, please report it")


def _cadence(site: Site, device: Device) -> Cadence:
    policy = site.policy(device)
    if policy.cron is not None:
        return CronCadence(policy.cron)
    interval_s = policy.interval_s or 300
    return IntervalCadence(
        device=device.name, interval_s=interval_s, jitter_s=min(policy.jitter_s, max(0, interval_s - 1))
    )
