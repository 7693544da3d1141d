"""A whole lab: start its devices, say how they are, stop them, and leave nothing behind.

Input: a lab folder and device names. Output: running devices with an inventory, or an empty place.
"""

import contextlib
import dataclasses
import enum
import fcntl
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence

from murenger.lab import anchors, material, probe, processes, starting
from murenger.lab.blueprints import BLUEPRINTS, Blueprint, Kind
from murenger.lab.description import load_description
from murenger.lab.failure import LabError
from murenger.lab.files import read_json, write_json, write_private
from murenger.lab.inventory import Member, write_inventory

READY_TIMEOUT_S = 20.0
_POLL_S = 0.02
MARKER = "lab.json"
_OWN_NAMES = ("inventory", "known_hosts", "vault-password", *(b.name for b in BLUEPRINTS))
# A device's folder holds at least one of these from its first moment on.
_LOG_TAIL_BYTES = 2000

Report = Callable[[str], None]


class State(enum.Enum):
    """How a device is."""

    UP = "up"
    """It runs and listens."""

    DOWN = "down"
    """It was never started here, or was stopped."""

    DEAD = "dead"
    """It was started and has ended by itself, or never began to listen."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """How one device is.

    Attributes:
        name: its name.
        title: what it is.
        state: how it is.
        address: where it listens, "" unless up.
        port: TCP port, 0 unless up.
        pid: process whose end ends it, 0 unless up.
        form: `userns` or `netns` for the firewall, else "".
        detail: why it is not up, "" when it is.
    """

    name: str
    title: str
    state: State
    address: str = ""
    port: int = 0
    pid: int = 0
    form: str = ""
    detail: str = ""


@contextlib.contextmanager
def _locked(lab_dir: pathlib.Path) -> Iterator[None]:
    """Hold the lab's folder against other lab commands, even when one of them removes it meanwhile."""
    while True:
        lab_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(lab_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), lab_dir.stat()):
                    yield
                    return
        finally:
            os.close(fd)


def status(lab_dir: pathlib.Path) -> tuple[DeviceStatus, ...]:
    """Say how every device is.

    Args:
        lab_dir: the lab's folder; it need not exist.

    Returns:
        One entry for each device of the lab, started or not.

    Raises:
        LabError: a file of the lab is damaged.
    """
    return tuple(_status(lab_dir / blueprint.name, blueprint) for blueprint in BLUEPRINTS)


def _status(device_dir: pathlib.Path, blueprint: Blueprint) -> DeviceStatus:
    record = processes.load_record(device_dir / "process.json")
    if record is None:
        return DeviceStatus(name=blueprint.name, title=blueprint.title, state=State.DOWN)
    if not processes.is_running(record):
        detail = _last_words(device_dir) or "its process is gone"
        return DeviceStatus(name=blueprint.name, title=blueprint.title, state=State.DEAD, detail=detail)
    try:
        port = int(str(read_json(device_dir / "ready.json")["port"]))
    except FileNotFoundError:
        detail = "it does not listen yet"
        return DeviceStatus(name=blueprint.name, title=blueprint.title, state=State.DEAD, detail=detail)
    description = load_description(device_dir)
    return DeviceStatus(
        name=blueprint.name,
        title=blueprint.title,
        state=State.UP,
        address=description.address,
        port=port,
        pid=record.pid,
        form=description.form,
    )


def _last_words(device_dir: pathlib.Path) -> str:
    try:
        text = (device_dir / "log").read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
    except FileNotFoundError:
        return ""
    lines = [line for line in text.splitlines() if line.strip()]
    return "".join(char if char.isprintable() else "?" for char in lines[-1]) if lines else ""


def up(lab_dir: pathlib.Path, blueprints: Sequence[Blueprint], form: str, report: Report) -> tuple[DeviceStatus, ...]:
    """Start devices that do not run yet, and write the inventory of all that do.

    Args:
        lab_dir: the lab's folder; made when absent.
        blueprints: the devices to start.
        form: `userns` or `netns`, for the firewall.
        report: takes one line of progress at a time.

    Returns:
        How each asked-for device is now; those that failed say why.

    Raises:
        LabError: the folder is someone else's.
    """
    lab_dir = lab_dir.resolve()
    with _locked(lab_dir):
        _claim(lab_dir)
        failures: dict[str, str] = {}
        started = []
        for blueprint in blueprints:
            if _status(lab_dir / blueprint.name, blueprint).state is State.UP:
                continue
            try:
                _start(lab_dir / blueprint.name, blueprint, form)
                started.append(blueprint)
            except (LabError, OSError) as exc:
                failures[blueprint.name] = str(exc)
        deadline = time.monotonic() + READY_TIMEOUT_S
        for blueprint in started:
            if reason := _wait_ready(lab_dir / blueprint.name, blueprint, deadline):
                failures[blueprint.name] = reason
        _write_inventory(lab_dir)
        return tuple(_outcome(lab_dir, blueprint, failures, report) for blueprint in blueprints)


def _outcome(lab_dir: pathlib.Path, blueprint: Blueprint, failures: dict[str, str], report: Report) -> DeviceStatus:
    found = _status(lab_dir / blueprint.name, blueprint)
    if blueprint.name in failures:
        found = dataclasses.replace(found, detail=failures[blueprint.name])
    if found.state is State.UP:
        report(f"{found.name} up on {found.address}:{found.port}, {found.title}")
    else:
        report(f"{found.name} did not come up: {found.detail}")
    return found


def _claim(lab_dir: pathlib.Path) -> None:
    if (lab_dir / MARKER).exists():
        return
    foreign = [name for name in _OWN_NAMES if (lab_dir / name).exists()]
    if foreign:
        raise LabError(f"{lab_dir} is no lab folder but holds {', '.join(foreign)}", hint="choose another with --dir")
    write_private(lab_dir / "vault-password", f"{material.password()}\n")
    write_json(lab_dir / MARKER, {"kind": "lab", "schema": "1.0"})


def _start(device_dir: pathlib.Path, blueprint: Blueprint, form: str) -> None:
    _clear(device_dir)
    if blueprint.kind is Kind.FIREWALL and (lacking := probe.missing(form)):
        raise LabError("; ".join(str(item) for item in lacking))
    starting.start(device_dir, blueprint, form)


def _wait_ready(device_dir: pathlib.Path, blueprint: Blueprint, deadline: float) -> str:
    record = processes.load_record(device_dir / "process.json")
    while time.monotonic() < deadline:
        if (device_dir / "ready.json").exists():
            return ""
        if record is None or not processes.is_running(record):
            return _last_words(device_dir) or "its process ended without a word"
        time.sleep(_POLL_S)
    if record is not None:
        processes.stop(record)
    return f"{blueprint.name} did not listen within {READY_TIMEOUT_S:g} s"


def _clear(device_dir: pathlib.Path) -> bool:
    """Stop what runs in a device's folder and remove the folder; tell whether something ran."""
    record = processes.load_record(device_dir / "process.json")
    ran = record is not None and processes.stop(record)
    if device_dir.exists():
        shutil.rmtree(device_dir)
    return ran


def _write_inventory(lab_dir: pathlib.Path) -> None:
    members = [
        Member(
            blueprint=blueprint,
            description=load_description(lab_dir / blueprint.name),
            device_dir=lab_dir / blueprint.name,
            port=found.port,
        )
        for blueprint in BLUEPRINTS
        if (found := _status(lab_dir / blueprint.name, blueprint)).state is State.UP
    ]
    vault_password = (lab_dir / "vault-password").read_text(encoding="utf-8").strip()
    write_inventory(lab_dir, members, vault_password)


def down(lab_dir: pathlib.Path, blueprints: Sequence[Blueprint], report: Report) -> None:
    """Stop devices and remove their folders; with the last one, everything that `up` made.

    Args:
        lab_dir: the lab's folder.
        blueprints: the devices to stop.
        report: takes one line of progress at a time.

    The anchors, which belong to no device, end with the last of them.

    Raises:
        LabError: the folder is no lab, or a process does not end.
    """
    lab_dir = lab_dir.resolve()
    if not (lab_dir / MARKER).exists():
        raise LabError(f"{lab_dir} is no lab folder", hint="name the lab's folder with --dir")
    with _locked(lab_dir):
        for blueprint in blueprints:
            there = (lab_dir / blueprint.name).exists()
            if _clear(lab_dir / blueprint.name):
                report(f"{blueprint.name} down")
            elif there:
                report(f"{blueprint.name} was not running, its folder is removed")
        if any((lab_dir / blueprint.name).exists() for blueprint in BLUEPRINTS):
            _write_inventory(lab_dir)
        else:
            if anchors.down(lab_dir):
                report("anchors down")
            _remove(lab_dir)


def _remove(lab_dir: pathlib.Path) -> None:
    if (lab_dir / "inventory").exists():
        shutil.rmtree(lab_dir / "inventory")
    for name in ("known_hosts", "vault-password", MARKER):
        (lab_dir / name).unlink(missing_ok=True)
    # What someone else put here stays, and so does the folder then.
    with contextlib.suppress(OSError):
        lab_dir.rmdir()
