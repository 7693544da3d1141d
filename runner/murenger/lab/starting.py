"""Give one device its fresh keys, logins and description, and start its process.

Input: an absent folder and a blueprint. Output: the folder, filled, and a detached process recorded in it.
"""

import importlib.util
import os
import pathlib
import sys

from murenger.lab import material, processes
from murenger.lab.blueprints import Blueprint, Kind
from murenger.lab.description import HEAL_ROLE, OTHER_ROLE, READ_ROLE, Description, Login
from murenger.lab.failure import LabError
from murenger.lab.firewall.launch import launch

ADDRESS = "127.0.0.1"
LOGINS = (("murenger-read", READ_ROLE), ("murenger-heal", HEAL_ROLE), ("mallory", OTHER_ROLE))
_SOCKET_NAME_BYTES = 107  # sun_path of unix(7), without its final NUL


def start(device_dir: pathlib.Path, blueprint: Blueprint, form: str) -> None:
    """Make a device's folder and start it.

    Args:
        device_dir: where; absolute, absent.
        blueprint: what it is.
        form: `userns` or `netns`, for the firewall.

    Raises:
        LabError: its program is not installed, or ended at once.
    """
    if blueprint.module and not _is_installed(blueprint.module):
        raise LabError(f"its emulator {blueprint.module} is not installed", hint="pip install 'murenger[lab]'")
    _describe(device_dir, blueprint, form)
    if blueprint.kind is Kind.FIREWALL:
        launch(device_dir)
    else:
        _launch_emulator(device_dir, blueprint)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False


def _describe(device_dir: pathlib.Path, blueprint: Blueprint, form: str) -> None:
    keys_dir = device_dir / "keys"
    device_dir.mkdir(mode=0o700)
    keys_dir.mkdir(mode=0o700)
    if blueprint.kind is Kind.TLS_EMULATOR:
        material.write_certificate(keys_dir, blueprint.name, ADDRESS)
    else:
        material.write_ssh_key(keys_dir / "host_key", blueprint.name)
    if blueprint.kind is Kind.FIREWALL:
        for role in (READ_ROLE, HEAL_ROLE):
            material.write_ssh_key(keys_dir / role, f"lab {role} login")
    has_certificate = blueprint.kind is Kind.TLS_EMULATOR
    Description(
        hostname=blueprint.name,
        address=ADDRESS,
        port=0,
        logins=tuple(Login(name=name, password=material.password(), role=role) for name, role in LOGINS),
        host_key=None if has_certificate else keys_dir / "host_key",
        certificate=keys_dir / "server.pem" if has_certificate else None,
        certificate_key=keys_dir / "server.key" if has_certificate else None,
        form=form if blueprint.kind is Kind.FIREWALL else "",
    ).write(device_dir)


def _launch_emulator(device_dir: pathlib.Path, blueprint: Blueprint) -> None:
    longest = os.fsencode(device_dir / "console.sock")
    # A deep folder makes too long a socket name; the process reaches its own working folder by a short one.
    folder = str(device_dir) if len(longest) <= _SOCKET_NAME_BYTES else "/proc/self/cwd"
    processes.start_detached(
        (sys.executable, "-P", "-m", blueprint.module, folder),
        record_path=device_dir / "process.json",
        log_path=device_dir / "log",
        folder=device_dir,
    )
