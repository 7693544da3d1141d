"""`murenger run`: the scheduled runner; checks devices when they are due and heals where that is decided.

Input: the policies' schedules. Output: one line a pass; ends cleanly on SIGTERM. With `--once` one pass, then it ends.
"""

import argparse
import datetime
import signal
import threading
from collections.abc import Callable, Sequence

from murenger.adapters.ansible.launch import clear_stale_folders
from murenger.adapters.apscheduler import CronCadence, run_ticks
from murenger.cli import heal, options
from murenger.cli.output import IN_SYNC, TROUBLE, complain, emit, progress, say, worst
from murenger.errors import ConfigError, LeaseHeldError, MurengerError
from murenger.model import Device, OutcomeVerdict, digest_of
from murenger.reconcile import Pass
from murenger.record.executor import Population, Trigger
from murenger.schedule import Cadence, Census, DueHeap, IntervalCadence, Runner
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
    parser.add_argument("--workers", type=int, default=WORKERS, metavar="N", help="devices at once (default: 4)")
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
    results = []
    for done, device in enumerate(devices, start=1):
        progress(done, len(devices), device.name)
        try:
            (line, entry, code), _ = _pass(site.reconcile, device)
        except LeaseHeldError as error:
            line, entry, code = heal.failed(device, error)
        results.append((entry, code))
        if args.output == "text":
            # A heal takes a while; who reads along should not wait for the last device.
            emit(args, text=line, data={})
    if args.output == "json":
        emit(args, text="", data={"schema": "murenger.run/1", "devices": [entry for entry, _ in results]})
    return worst([code for _, code in results])


def _serve(args: argparse.Namespace, site: Site, devices: Sequence[Device]) -> int:
    by_name = {device.name: device for device in devices}
    clock = site.parts.clock
    heap = DueHeap({device.name: _cadence(site, device) for device in devices}, clock.now())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    census = Census(tuple(by_name))

    def check(name: str) -> None:
        seen_at = _check(args, site, by_name[name], census)
        if seen_at is not None:
            upkeep.observed(seen_at)

    def population() -> tuple[Population, float]:
        counts, tally = runner.counts(), census.tally()
        return (
            Population(
                inventory=inventory,
                expected=tally.expected,
                seen=tally.seen,
                unreachable=tally.unreachable,
                drifted=tally.drifted,
                backlog=counts.overdue,
            ),
            counts.oldest_overdue_s,
        )

    runner = Runner(heap, check, clock, workers=args.workers)
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
    counts = runner.counts()
    say(
        f"murenger: stopped; {counts.due} checks due, {counts.executed} made, {counts.coalesced} merged, "
        f"{counts.refused} refused, {counts.overdue} not begun"
    )
    return IN_SYNC


def _check(args: argparse.Namespace, site: Site, device: Device, census: Census) -> datetime.datetime | None:
    """Make one pass, print its line, and return when the device was read, or None if it was not."""
    try:
        (line, data, _), done = _pass(site.patrol, device)
    except LeaseHeldError as error:
        heal.failed(device, error)
        # The runner counts it: this check was refused, not made.
        raise
    if args.output == "json":
        emit(args, text="", data={"schema": "murenger.pass/1", **data})
    elif line:
        emit(args, text=f"{site.parts.clock.now():%Y-%m-%dT%H:%M:%SZ} {line}", data={})
    if done is None:
        census.lost(device.name)
        return None
    healed = done.outcome is not None and done.outcome.verdict is OutcomeVerdict.HEALED
    census.seen(device.name, in_sync=done.examination.drift.in_sync or healed)
    return done.examination.live.taken_at


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
