"""`murenger run`: the scheduled runner; checks devices when they are due and heals where that is decided.

Input: the policies' schedules. Output: one line a pass; ends cleanly on SIGTERM. With `--once` one pass, then it ends.
"""

import argparse
import signal
import threading
from collections.abc import Sequence

from murenger.adapters.ansible.launch import clear_stale_folders
from murenger.adapters.apscheduler import CronCadence, run_ticks
from murenger.cli import heal, options
from murenger.cli.output import IN_SYNC, TROUBLE, emit, progress, say, worst
from murenger.errors import ConfigError, LeaseHeldError, MurengerError
from murenger.model import Device, digest_of
from murenger.record.executor import Trigger
from murenger.schedule import Cadence, DueHeap, IntervalCadence, Runner
from murenger.wiring import Site

TICK_S = 0.25
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
            line, entry, code = _pass(site, device)
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

    def check(name: str) -> None:
        _check(args, site, by_name[name])

    runner = Runner(heap, check, clock, workers=args.workers)
    configuration = digest_of(site.settings.file.read_bytes())
    with site.journal.writing() as (recorder, _):
        recorder.runner_started(configuration, f"{len(devices)} devices")
    say(f"murenger: running, {len(devices)} devices; stop with SIGTERM")
    try:
        run_ticks(runner.tick, every_s=TICK_S, stop=stop)
    finally:
        say("murenger: stopping; running checks end first")
        runner.stop()
        with site.journal.writing() as (recorder, _):
            recorder.runner_stopped(configuration, "told to stop")
    counts = runner.counts()
    say(
        f"murenger: stopped; {counts.due} checks due, {counts.executed} made, {counts.coalesced} merged, "
        f"{counts.refused} refused, {counts.overdue} not begun"
    )
    return IN_SYNC


def _check(args: argparse.Namespace, site: Site, device: Device) -> None:
    """Make one pass and print its line."""
    try:
        line, data, _ = _pass(site, device)
    except LeaseHeldError as error:
        heal.failed(device, error)
        # The runner counts it: this check was refused, not made.
        raise
    if args.output == "json":
        emit(args, text="", data={"schema": "murenger.pass/1", **data})
    elif line:
        emit(args, text=f"{site.parts.clock.now():%Y-%m-%dT%H:%M:%SZ} {line}", data={})


def _pass(site: Site, device: Device) -> tuple[str, dict[str, object], int]:
    """Return the line, the data and the exit code of one pass; one device's surprise must not silence the others.

    Raises:
        LeaseHeldError: another process works on the device.
    """
    try:
        return heal.told(site.reconcile(device))
    except LeaseHeldError:
        raise
    except MurengerError as error:
        return heal.failed(device, error)
    except Exception as error:  # noqa: BLE001 - reported here, for the pass over the other devices goes on
        kind = type(error).__name__
        say(f"murenger: {device.name}: internal error: {kind}; this is a defect, please report it")
        return "", {"device": device.name, "verdict": "unknown", "error": kind}, TROUBLE


def _cadence(site: Site, device: Device) -> Cadence:
    policy = site.policy(device)
    if policy.cron is not None:
        return CronCadence(policy.cron)
    interval_s = policy.interval_s or 300
    return IntervalCadence(
        device=device.name, interval_s=interval_s, jitter_s=min(policy.jitter_s, max(0, interval_s - 1))
    )
