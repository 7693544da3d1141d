"""What the demonstration needs from this machine, told in one line each before anything starts.

Input: the machine and the devices asked for. Output: the devices that can run here, and why the others cannot.
"""

import dataclasses
import importlib.util
import os
import pathlib
import shutil
from collections.abc import Sequence

from murenger.lab import probe
from murenger.lab.blueprints import BLUEPRINTS, Kind, blueprint
from murenger.lab.demo.failure import DemoError
from murenger.lab.firewall.values import USERNS

# Program and the Debian package that has it; golden policy and records are signed whatever the devices are.
_ALWAYS = (("git", "git"), ("ssh-keygen", "openssh-client"))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Which devices take part.

    Attributes:
        devices: names of those that can run here.
        absent: one line for each reason why another cannot, with its remedy.
    """

    devices: tuple[str, ...]
    absent: tuple[str, ...]


def cast(names: Sequence[str], *, path: str, machine: probe.Machine | None = None) -> Cast:
    """Choose the devices that can run on this machine.

    Args:
        names: devices asked for; empty means every device of the lab.
        path: where programs are looked for.
        machine: the machine to ask for the firewall's needs; this one when None.

    Raises:
        DemoError: something is missing that every device needs, or no device is left.
        LabError: the lab has no such device.
    """
    wanted = tuple(dict.fromkeys(blueprint(name) for name in names)) or BLUEPRINTS
    lacking = [f"{tool} is missing: apt install {package}" for tool, package in _ALWAYS if not _has(tool, path)]
    if importlib.util.find_spec("asyncssh") is None:
        lacking.append("the Python package asyncssh is missing: pip install 'murenger[lab]'")
    if lacking:
        raise DemoError("; ".join(lacking))
    absent: tuple[str, ...] = ()
    if any(item.kind is Kind.FIREWALL for item in wanted):
        absent = tuple(str(item) for item in probe.missing(USERNS, machine))
    devices = tuple(item.name for item in wanted if not (absent and item.kind is Kind.FIREWALL))
    if not devices:
        raise DemoError("; ".join(absent))
    return Cast(devices=devices, absent=absent)


def _has(tool: str, path: str) -> bool:
    return shutil.which(tool, path=path) is not None


def empty_folder(path: pathlib.Path) -> pathlib.Path:
    """Return a folder to keep everything in, made if it is not there.

    Args:
        path: where; must be absent or an empty folder.

    Raises:
        DemoError: something is there already, or it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        holds_something = any(path.iterdir())
    except OSError as exc:
        raise DemoError(f"{path} cannot be used: {os.strerror(exc.errno or 0).lower()}", hint="name another") from exc
    if holds_something:
        raise DemoError(f"{path} is not empty", hint="name another folder, or remove it first")
    return path.resolve()
