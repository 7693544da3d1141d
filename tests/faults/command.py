"""The command of the fault lab: devices, workers, progress, table.

Input: options. Output: lines on standard output, and an exit code: 0 all is well, 1 a violation, 2 the lab
itself failed.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.draw import draw
from tests.faults.oracle import End
from tests.faults.report import Tally

DEVICES = ("leaf1", "srx1", "fw1")
ROOT = pathlib.Path(__file__).resolve().parents[2]
_SHOWN_EVERY_S = 15.0


def main(words: Sequence[str]) -> int:
    """Run the fault lab."""
    args = _options(words)
    if args.mutants:
        return _prove(args)
    seeds = range(args.seed, args.seed + args.count)
    tally = Tally()
    began = shown = time.monotonic()
    try:
        with _workers(args) as lines:
            for done, line in enumerate(lines, start=1):
                _take(tally, json.loads(line), args)
                if time.monotonic() - shown > _SHOWN_EVERY_S:
                    shown = time.monotonic()
                    _say(f"{done} of {len(seeds)} after {shown - began:.0f} s")
    except subprocess.CalledProcessError as error:
        _say(f"a worker of the fault lab ended with {error.returncode}")
        return 2
    for line in tally.lines():
        _say(line)
    _say(f"{time.monotonic() - began:.0f} s")
    missing = len(seeds) - sum(tally.ends.values())
    if missing:
        _say(f"{missing} scenarios did not end")
        return 2
    return 1 if tally.violations else 0


def _prove(args: argparse.Namespace) -> int:
    """Say by which seed the oracle notices each mutant; 1 if one escapes."""
    args.jobs, escaped = 1, 0
    if args.mutants == "all":
        from tests.faults.mutants import MUTANTS  # noqa: PLC0415 - the product, which takes a second

        args.mutants = ",".join(MUTANTS)
    with _workers(args) as lines:
        for line in lines:
            said = json.loads(line)
            escaped += said["seed"] is None
            noticed = "ESCAPED" if said["seed"] is None else f"seed {said['seed']}: {said['violations'][0]}"
            _say(f"{said['mutant']:<24} {noticed}")
    return 1 if escaped else 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed; for mutants 0: where each is noticed soon")
    parser.add_argument("--count", type=int, default=100, help="how many seeds")
    parser.add_argument("--device", default=",".join(DEVICES), help="one device, or several with commas between")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at the same time")
    parser.add_argument("--mutants", default="", help="break the product on purpose: names of mutants.py, or all")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell each scenario")
    args = parser.parse_args(words)
    args.devices = tuple(filter(None, args.device.split(",")))
    if not args.devices or not set(args.devices) <= set(DEVICES) or args.count < 1 or args.jobs < 1:
        parser.error("give devices of the lab, and a count and jobs from 1")
    return args


@contextlib.contextmanager
def _workers(args: argparse.Namespace) -> Iterator[Iterator[str]]:
    """Run the workers; gives their lines as they come."""
    with tempfile.TemporaryDirectory(prefix="faults-", dir=_fast_folder(), ignore_cleanup_errors=True) as folder:
        yield from _working(args, pathlib.Path(folder))


def _working(args: argparse.Namespace, folder: pathlib.Path) -> Iterator[Iterator[str]]:
    jobs = min(args.jobs, args.count)
    read, write = os.pipe()
    apart = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
    options = ("--devices", ",".join(args.devices), "--seed", str(args.seed), "--count", str(args.count))
    mutants = ("--mutants", args.mutants) if args.mutants else ()
    with _labs(folder, args.devices, jobs):
        started = [
            subprocess.Popen(
                (
                    *apart,
                    "--propagation",
                    "private",
                    sys.executable,
                    "-m",
                    "tests.faults.worker",
                    *options,
                    *mutants,
                    "--folder",
                    str(folder / f"job{job}"),
                    "--job",
                    str(job),
                    "--jobs",
                    str(jobs),
                    "--out",
                    str(write),
                ),
                cwd=ROOT,
                pass_fds=(write,),
            )
            for job in range(jobs)
        ]
        os.close(write)
        try:
            with os.fdopen(read, encoding="utf-8") as lines:
                yield lines
            for process in started:
                if process.wait() != 0:
                    raise subprocess.CalledProcessError(process.returncode, "worker")
        finally:
            for process in started:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _labs(folder: pathlib.Path, devices: Sequence[str], jobs: int) -> Iterator[None]:
    """Run each worker's devices."""
    from tests.faults.world import device_lab  # noqa: PLC0415 - what takes a second to import is not for `--help`

    with contextlib.ExitStack() as stack:
        for job in range(jobs):
            for device in devices:
                stack.enter_context(device_lab(device, folder / f"job{job}" / device / "lab"))
        yield


def _fast_folder() -> str | None:
    """Return a folder in memory, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _take(tally: Tally, said: dict[str, Any], args: argparse.Namespace) -> None:
    scenario = draw(said["seed"], (said["device"],))
    violations = tuple(said["violations"])
    tally.add(
        scenario,
        end=End(said["end"]),
        verdict=said["verdict"],
        struck=tuple(said["struck"]),
        violations=violations,
        took_s=said["took_s"],
    )
    if violations or args.verbose:
        struck = ", ".join(said["struck"]) or "nothing"
        _say(f"seed {scenario.seed}: {said['end']} {said['verdict']}; {scenario}; {struck} struck")
    for text in violations:
        _say(f"  VIOLATION {text}")
    if violations:
        _say(f"  replay: make faults SEED={scenario.seed} COUNT=1 DEVICE={scenario.device}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command
