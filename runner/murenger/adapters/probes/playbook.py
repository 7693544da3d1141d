"""Playbook probes, and TCP probes that another host makes: both are plays with one host as their limit.

Input: a probe. Output: whether the play succeeded, with what it said last.
"""

import dataclasses
import importlib.resources

from murenger.adapters.ansible.launch import PlaybookLauncher, PlaybookRun
from murenger.errors import RemediationError
from murenger.model import Device
from murenger.model.probe import PlaybookProbe, TcpProbe
from murenger.ports import Sighting

# The last words of the play that we ship, where it could try and did not get through.
CLOSED = "murenger-probe: closed"


def see_playbook(launcher: PlaybookLauncher, device: Device, probe: PlaybookProbe) -> Sighting:
    """Run a playbook of the user's against the device."""
    run = _run(launcher, probe.playbook, host=device.name, variables={}, limit_s=probe.limit_s)
    if isinstance(run, str):
        return Sighting(passed=False, text=run)
    if run.status == "successful" and run.return_code == 0:
        return Sighting(passed=True, text="succeeded")
    return Sighting(passed=False, text="; ".join(run.messages) or run.last_line or f"ended as {run.status}")


def see_from(launcher: PlaybookLauncher, probe: TcpProbe) -> Sighting:
    """Have another host of the inventory try to connect."""
    play = importlib.resources.files("murenger.adapters.probes").joinpath("vantage.yml")
    variables = {
        "murenger_probe_host": probe.host,
        "murenger_probe_port": str(probe.port),
        "murenger_probe_timeout": str(probe.timeout_s),
    }
    with importlib.resources.as_file(play) as path:
        run = _run(launcher, str(path), host=probe.vantage, variables=variables, limit_s=probe.limit_s)
    if isinstance(run, str):
        return Sighting(passed=False, text=run)
    if run.status == "successful" and run.return_code == 0:
        return Sighting(passed=probe.is_open, text=f"open, seen from {probe.vantage}")
    if CLOSED in run.messages:
        return Sighting(passed=not probe.is_open, text=f"closed, seen from {probe.vantage}")
    said = "; ".join(run.messages) or run.last_line or f"ended as {run.status}"
    return Sighting(passed=False, text=f"{probe.vantage} could not try: {said}")


def _run(
    launcher: PlaybookLauncher, playbook: str, *, host: str, variables: dict[str, str], limit_s: int
) -> PlaybookRun | str:
    hasty = dataclasses.replace(launcher, timeout_s=limit_s, grace_s=0)
    try:
        return hasty.run(playbook, device=host, variables=variables)
    except RemediationError as exc:
        return exc.message
