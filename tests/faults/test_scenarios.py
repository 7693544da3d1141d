"""A few scenarios on each device, and the proof that the oracle would notice: the short set of the fault lab."""

import os
import shutil
import subprocess
import sys

import pytest
from tests.faults.command import ROOT
from tests.faults.mutants import MUTANTS, active

pytestmark = pytest.mark.xdist_group("faults")


def lab(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the fault lab as `make faults` does."""
    command = (sys.executable, "-m", "tests.faults", *options)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


def _needs_a_mount_namespace() -> None:
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    tried = shutil.which("unshare") and subprocess.run(
        ("unshare", *user, "--mount", "true"), capture_output=True, check=False
    )
    if not tried or tried.returncode != 0:
        pytest.skip("the fault lab needs a mount namespace of its own")


@pytest.mark.lab(namespaces=True)
def test_every_scenario_ends_in_one_of_four_ways_and_the_ledger_tells_the_truth() -> None:
    _needs_a_mount_namespace()
    done = lab("--seed", "264", "--count", "6", "--jobs", "1", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 scenarios, 0 with violations" in done.stdout
    assert {"leaf1", "srx1", "fw1"} <= set(done.stdout.split())


@pytest.mark.lab(namespaces=True)
def test_the_oracle_notices_a_product_that_is_broken_on_purpose() -> None:
    _needs_a_mount_namespace()
    names = ("settles-from-memory", "calls-all-healed", "tells-twice", "forgets-secrets")
    done = lab("--device", "leaf1", "--mutants", ",".join(names), "--seed", "0", "--count", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("seed ") == len(names)


def test_each_mutant_breaks_what_is_there() -> None:
    for name in MUTANTS:
        with active(name):
            pass
