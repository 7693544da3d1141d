"""Scenarios are drawn from a seed alone, and reach every kind of fault."""

import collections
import subprocess
import sys

from tests.faults.command import DEVICES, ROOT
from tests.faults.draw import DRIFTS, draw


def test_a_seed_gives_the_same_scenario_in_another_process() -> None:
    told = [str(draw(seed, DEVICES)) for seed in range(50)]
    script = "from tests.faults.command import DEVICES\nfrom tests.faults.draw import draw\n"
    script += "for seed in range(50): print(draw(seed, DEVICES))"
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == told


def test_a_replay_that_names_the_device_draws_the_same() -> None:
    for seed in range(200):
        scenario = draw(seed, DEVICES)
        assert draw(seed, (scenario.device,)) == scenario


def test_a_thousand_seeds_draw_every_kind_of_fault_and_drift_on_every_device() -> None:
    for device in DEVICES:
        kinds: collections.Counter[str] = collections.Counter()
        drifts = set()
        for seed in range(1000):
            scenario = draw(seed, (device,))
            assert len(scenario.faults) <= 3
            drifts.add(scenario.drift)
            kinds.update(fault.kind for fault in scenario.faults)
        assert drifts == set(DRIFTS[device])
        assert {"killed", "second-runner", "lease-lost", "disk-full", "read-only", "anchors-down"} <= set(kinds)
        assert {"link-cut", "link-stall", "link-truncate", "link-swap", "link-flip", "ignore-commit"} <= set(kinds)
        assert min(kinds.values()) >= 3, kinds
