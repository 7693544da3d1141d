"""Processes that are killed at one step of a heal: `kill -9`, at a place that the product itself announces.

Input: a site's murenger.yml, a device, a step. Output: a process that is gone, and whatever it left behind.
"""

import multiprocessing
import pathlib
import signal

from murenger.heal import Step

_CARRY_OUT = """\
import os, pathlib, signal
from murenger.wiring import open_site

def at(step):
    if step.name == wanted:
        os.kill(os.getpid(), signal.SIGKILL)

site = open_site(file=pathlib.Path(config))
site.healing.at = at
(device,) = site.devices((name,))
site.remediate(device, site.plan(site.examine(device)).sha256)
"""
# Imported once; each process that dies is then a fork of one that has no threads.
_PRELOADED = ["murenger.wiring", "murenger.adapters.ansible.engine", "napalm", "asyncssh"]


def die(config: pathlib.Path, device: str, step: Step) -> None:
    """Let a process of its own carry out the plan for a device's drift, and die when it has done a step.

    Args:
        config: murenger.yml.
        device: name of the device; it has drifted, and its plan is approved.
        step: where to die.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    known = {"config": str(config), "name": device, "wanted": step.name}
    process = context.Process(target=exec, args=(_CARRY_OUT, known))
    process.start()
    process.join(120)
    try:
        assert process.exitcode == -signal.SIGKILL, f"it did not die at {step.name} but ended with {process.exitcode}"
    finally:
        process.kill()
        process.join()
        process.close()
