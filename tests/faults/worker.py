"""One worker of the fault lab, in a mount namespace of its own: plays its share of the seeds, one after the other.

Input: running labs and seeds. Output: one JSON line for each scenario, into an inherited descriptor.
"""

import argparse
import contextlib
import gc
import json
import os
import pathlib
import warnings
from collections.abc import Iterator

from tests.faults import mutants
from tests.faults.draw import draw
from tests.faults.memory import remember
from tests.faults.play import play
from tests.faults.world import World, world

# ncclient sends what it was asked only when it next looks around, ten times a second.
_LOOK_EVERY_S = 0.004


def main() -> None:
    """Play."""
    args = _options()
    warnings.simplefilter("ignore")
    _hurry()
    with os.fdopen(args.out, "w", encoding="utf-8") as out, contextlib.ExitStack() as stack:
        worlds = Worlds(args.folder, stack)
        for told in _broken(args, worlds) if args.mutants else _whole(args, worlds):
            out.write(json.dumps(told) + "\n")
            out.flush()


class Worlds:
    """The worlds of one worker, each made when it is first needed.

    Args:
        folder: of the worker; each device has a folder in it.
        stack: ends them.
    """

    def __init__(self, folder: pathlib.Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._made: dict[str, World] = {}

    def of(self, device: str) -> World:
        """Return the world of a device."""
        if device not in self._made:
            folder = self._folder / device
            self._made[device] = self._stack.enter_context(world(device, folder / "lab", folder / "site"))
            gc.collect()
            gc.freeze()
        return self._made[device]


def _whole(args: argparse.Namespace, worlds: Worlds) -> Iterator[dict[str, object]]:
    """Play this worker's share."""
    devices = tuple(args.devices.split(","))
    for seed in range(args.seed + args.job, args.seed + args.count, args.jobs):
        scenario = draw(seed, devices)
        result = play(worlds.of(scenario.device), scenario)
        yield {
            "seed": seed,
            "device": scenario.device,
            "end": result.end.value,
            "verdict": result.verdict,
            "struck": result.struck,
            "violations": result.violations,
            "took_s": result.took_s,
        }


def _broken(args: argparse.Namespace, worlds: Worlds) -> Iterator[dict[str, object]]:
    """Play the seeds on each mutant until the oracle notices it."""
    devices = tuple(args.devices.split(","))
    for name in args.mutants.split(","):
        found: dict[str, object] = {"mutant": name, "seed": None, "violations": []}
        first = args.seed or mutants.MUTANTS[name].seed
        for seed in range(first, first + args.count):
            scenario = draw(seed, devices)
            place = worlds.of(scenario.device)
            with mutants.active(name):
                result = play(place, scenario)
            if result.violations:
                found |= {"seed": seed, "violations": result.violations}
                break
        yield found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--job", type=int, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=int, required=True)
    parser.add_argument("--mutants", default="")
    return parser.parse_args()


def _hurry() -> None:
    """Spend no time on waiting that proves nothing."""
    import ncclient.transport.session  # noqa: PLC0415 - two seconds of imports

    ncclient.transport.session.TICK = _LOOK_EVERY_S
    remember()
    gc.set_threshold(50_000, 20, 20)


if __name__ == "__main__":
    main()
