"""A process that dies in the middle of a heal.

Input: a working directory, a device, a plan, and the step after which to die. Output: nothing; the process is killed by
SIGKILL. It is forked from a server that has imported everything, for importing costs more than healing.
"""

import multiprocessing
import os
import pathlib
import signal

from murenger.heal import Step
from murenger.wiring import open_site

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["napalm", "murenger.wiring", "tests.contracts.devices.dying"])
DEADLINE_S = 60.0


def _heal(config: str, device: str, plan_sha256: str, last: int) -> None:
    """Carry out a plan up to a step."""

    def die(step: Step) -> None:
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    site = open_site(file=pathlib.Path(config))
    site.healing.at = die
    (found,) = site.devices((device,))
    site.remediate(found, plan_sha256)


def die_after(step: Step, config: pathlib.Path, device: str, plan_sha256: str) -> None:
    """Let a runner be killed right after a step of a heal.

    Args:
        step: the last thing it does.
        config: its configuration file.
        device: the device's name.
        plan_sha256: the plan to carry out, approved.

    Raises:
        AssertionError: it did not come that far.
    """
    process = _CONTEXT.Process(target=_heal, args=(str(config), device, plan_sha256, int(step)))
    process.start()
    process.join(DEADLINE_S)
    assert process.exitcode == -signal.SIGKILL, f"the process was to die after {step.name}, not: {process.exitcode}"
