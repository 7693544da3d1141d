"""What comparing two rule sets costs, beside fwshift's own compare and z3 on sizes that they can finish.

Input: `--size N` (10,000), `--large N` (100,000; 0 for none), `--seeds N` (3), `--peers N` (100), `--family 4|6`.
Output: CPU seconds, stage, nodes and memory for each setting of `rulesets.py`: ten random edits, rewrites that change
nothing, one edit of a large set; then the same small pairs by all three engines, which must agree; then ratios.
"""

import argparse
import gc
import importlib.metadata
import os
import pickle
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))

import fwshift_peer
import rulesets
import z3_peer

from murenger.model.impact import Verdict
from murenger.semantics.compare import compare
from murenger.semantics.intervals import IPV4
from murenger.semantics.ir import Rule
from murenger.semantics.verdict import Comparison

EDITS = 10
T = TypeVar("T")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers", type=int, default=100)
    parser.add_argument("--family", type=int, choices=(4, 6), default=IPV4)
    given = parser.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("oxidd", "fwshift", "z3-solver"))
    load = os.getloadavg()[0]
    _say(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {load:.1f}, {versions}")
    edited = _table("10 random edits", given.size, given.seeds, given.family, _edited)
    _table("swaps and splits that change nothing", given.size, 1, given.family, _rewritten)
    if given.large:
        _table("one edit", given.large, 1, given.family, _one_edit)
    _ratios(given.size, edited, given.family)
    _peers(given.peers)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _edited(rules: Sequence[Rule], seed: int) -> tuple[Rule, ...]:
    return rulesets.edited(rules, EDITS, seed)


def _one_edit(rules: Sequence[Rule], seed: int) -> tuple[Rule, ...]:
    return rulesets.edited(rules, 1, seed)


def _rewritten(rules: Sequence[Rule], seed: int) -> tuple[Rule, ...]:
    return rulesets.rewritten(rules, seed)


def _table(
    title: str, size: int, seeds: int, family: int, change: Callable[[Sequence[Rule], int], tuple[Rule, ...]]
) -> dict[str, float]:
    """Print one table and return the median of CPU seconds for each setting."""
    _say(f"\n{title}, {size} rules, IPv{family}: CPU seconds of {seeds} seeds")
    medians: dict[str, float] = {}
    everything: list[float] = []
    for setting in rulesets.SETTINGS:
        golden = rulesets.generate(setting, size, 1, family)
        ran = [_compared(golden, change(golden, seed)) for seed in range(seeds)]
        spent = [one for one, _ in ran]
        everything += spent
        medians[setting.name] = statistics.median(spent)
        verdicts = ", ".join(f"{found.verdict.value} by {found.stage}" for _, found in ran)
        nodes = max(found.nodes for _, found in ran)
        pairs = "/".join(f"{len(found.regions)}" for _, found in ran)
        _say(
            f"  {setting.name:13} median {medians[setting.name]:6.2f} most {max(spent):6.2f}  nodes {nodes:9,}"
            f"  pairs {pairs}  {verdicts}"
        )
    _say(f"  all           median {statistics.median(everything):6.2f} most {max(everything):6.2f}  peak {_peak()} MiB")
    return medians


def _compared(golden: Sequence[Rule], live: Sequence[Rule]) -> tuple[float, Comparison]:
    # The other side shares no object with golden, as if it were parsed from another text.
    other = rulesets.ruleset(pickle.loads(pickle.dumps(tuple(live))))  # noqa: S301 - our own, made in this line
    one = rulesets.ruleset(golden)
    gc.collect()
    return _timed(lambda: compare(one, other))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _ratios(size: int, edited: dict[str, float], family: int) -> None:
    """Print how the cost grows with size, and what an equal copy costs against an edited one."""
    _say(f"\nratios, {size} rules against {size // 10}")
    for setting in rulesets.SETTINGS:
        small = rulesets.generate(setting, size // 10, 1, family)
        costs = [_compared(small, _edited(small, seed))[0] for seed in range(5)]
        golden = rulesets.generate(setting, size, 1, family)
        equal, found = _compared(golden, golden)
        if found.verdict is not Verdict.EQUAL:
            raise SystemExit(f"{setting.name}: a copy is not equal")
        growth = edited[setting.name] / statistics.median(costs)
        _say(f"  {setting.name:13} growth {growth:5.1f}  equal copy / edited copy {equal / edited[setting.name]:.2f}")


def _peers(size: int) -> None:
    """Print what three engines need for the same pairs; they must agree whether these differ."""
    _say(f"\nthree engines, {size} rules, 3 edits: CPU seconds")
    for setting in rulesets.SETTINGS:
        golden = rulesets.generate(setting, size, 1)
        live = rulesets.edited(golden, 3, 1)
        ours, found = _compared(golden, live)
        by_z3, is_equal = _timed(lambda one=golden, two=live: z3_peer.is_equal(one, two))
        by_fwshift, says = _timed(lambda one=golden, two=live: fwshift_peer.is_equal(one, two))
        if (found.verdict is Verdict.EQUAL) != is_equal:
            raise SystemExit(f"{setting.name}: z3 says {is_equal}, we say {found.verdict.value}")
        agrees = "agrees" if says == is_equal else "differs from both"
        _say(
            f"  {setting.name:13} ours {ours:6.3f}  z3 {by_z3:7.2f} ({by_z3 / ours:5.0f} times)"
            f"  fwshift {by_fwshift:7.2f} ({by_fwshift / ours:5.0f} times, {agrees})  {found.verdict.value}"
        )


if __name__ == "__main__":
    main()
