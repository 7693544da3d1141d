"""How long a heal of a large rule set takes, against what the kernel's own tool needs for the same rules.

Input: `--rules N` (10,000 if not given), `--rounds N` (3); root, for a kernel takes so much at once from nobody else.
Output: for each round the time of a heal of one rule too many, through the unmodified driver and with every check that
the product makes, and of the four `nft` runs that any careful hand would make: check, load, list, list again. The
median of their ratios is the number to watch; both run on the same firewall, one after the other.
"""

import argparse
import os
import pathlib
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tests.contracts.devices.benches import Bench, bench_of
from tests.contracts.devices.passes import trial
from tests.contracts.devices.test_size import LIMITS, fill

from murenger.adapters.napalm import NapalmRemediator, NapalmSource
from murenger.lab import site
from murenger.lab.blueprints import blueprint
from murenger.lab.firewall.console import in_fw
from murenger.lab.firewall.values import NETNS
from murenger.model import OutcomeVerdict

BY_HAND = "nft -c -f - <$0 && nft -f - <$0 && nft -s list ruleset >/dev/null && nft -s list ruleset >/dev/null"
KEY = "fw1-netns"


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def heal(bench: Bench, golden: str) -> None:
    """Take one rule too many away, as the product does it."""
    remediator = NapalmRemediator(lambda _: bench.login(), bench.clock, LIMITS)
    source = NapalmSource(lambda _: bench.login("read"), bench.clock, LIMITS)
    outcome = trial(bench, golden, revert_in_s=3600, remediator=remediator, source=source).heal()
    if outcome.verdict is not OutcomeVerdict.HEALED:
        raise SystemExit(f"not healed: {outcome.reason}")


def by_hand(bench: Bench) -> None:
    """Load the same rules with the kernel's own tool."""
    in_fw(bench.device_dir, ("sh", "-c", BY_HAND, "/run/golden.nft"))


def measure(bench: Bench, rules: int, rounds: int) -> None:
    """Run both in turn and print what they took."""
    fill(bench, rules)
    golden = bench.read().text
    text = f"table inet murenger\ndelete table inet murenger\n{golden}"
    in_fw(bench.device_dir, ("sh", "-c", "cat > /run/golden.nft"), stdin=text)
    sys.stdout.write(f"{rules} rules, {golden.count(chr(10))} lines, {len(golden)} bytes\n")
    ratios = []
    for number in range(1, rounds + 1):
        bench.play(bench.rogue)
        product = timed(lambda: heal(bench, golden))
        tool = timed(lambda: by_hand(bench))
        ratios.append(product / tool)
        sys.stdout.write(f"round {number}: heal {product:.1f} s, nft alone {tool:.1f} s, ratio {ratios[-1]:.1f}\n")
    spread = f"{min(ratios):.1f} to {max(ratios):.1f}"
    sys.stdout.write(f"ratio, median: {statistics.median(ratios):.1f} ({spread})\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure.

    Args:
        argv: arguments; those of the process when None.

    Returns:
        Exit code 0, also where nothing could be measured.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    if os.geteuid() != 0:
        sys.stdout.write("not measured: without root the kernel refuses so many rules at once\n")
        return 0
    sys.stdout.write(f"Python {platform.python_version()}, {os.cpu_count()} processors, Linux {platform.release()}\n")
    chosen = (blueprint("fw1"),)
    with tempfile.TemporaryDirectory() as folder:
        lab_dir = pathlib.Path(folder) / "lab"
        (found,) = site.up(lab_dir, chosen, NETNS, lambda _: None)
        try:
            if found.state is not site.State.UP:
                sys.stdout.write(f"not measured: {found.detail}\n")
                return 0
            measure(bench_of(KEY, lab_dir), options.rules, options.rounds)
        finally:
            site.down(lab_dir, chosen, lambda _: None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
