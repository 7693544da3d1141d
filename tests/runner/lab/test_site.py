"""A lab comes up, goes down and leaves nothing, also after crashes.

Input: lab folders in every state. Output: running devices, or an empty place.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from murenger.lab import firewall, processes, site, starting
from murenger.lab.blueprints import BLUEPRINTS, Blueprint, Kind, blueprint
from murenger.lab.failure import LabError

pytestmark = pytest.mark.lab
DEADLINE_S = 10.0
FW1 = (blueprint("fw1"),)
ABSENT = Blueprint(
    name="leaf1",
    kind=Kind.TLS_EMULATOR,
    network_os="arista.eos.eos",
    group="switches",
    zone="access",
    criticality="normal",
    module="murenger.lab.no_such_emulator",
    title="an emulator that is not installed",
)


@pytest.fixture
def lab_dir(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Provide a lab folder whose devices are gone when the test ends."""
    folder = tmp_path / "lab"
    yield folder
    if (folder / "lab.json").exists():
        site.down(folder, BLUEPRINTS, quiet)


def quiet(_line: str) -> None:
    """Take a line of progress and say nothing."""


def up(lab_dir: pathlib.Path) -> site.DeviceStatus:
    (found,) = site.up(lab_dir, FW1, firewall.USERNS, quiet)
    assert found.state is site.State.UP, found.detail
    return found


def processes_of(lab_dir: pathlib.Path) -> list[int]:
    """Return the processes that name this lab on their command line or keep a file of it open."""
    wanted = os.fsencode(lab_dir)
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            links = [os.fsencode(link.readlink()) for link in (folder / "fd").iterdir()]
        except OSError:
            continue
        if wanted in words or any(link.startswith(wanted + b"/") for link in links):
            found.append(int(folder.name))
    return found


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_nothing_runs(lab_dir: pathlib.Path) -> None:
    wait_until(lambda: not processes_of(lab_dir))


def can_connect(port: int) -> bool:
    with socket.socket() as link:
        link.settimeout(2)
        return link.connect_ex(("127.0.0.1", port)) == 0


def test_down_leaves_no_process_no_port_no_mount_and_no_file(lab_dir: pathlib.Path) -> None:
    mounts = pathlib.Path("/proc/self/mounts").read_text()
    found = up(lab_dir)
    assert processes_of(lab_dir)
    assert can_connect(found.port)
    assert pathlib.Path("/proc/self/mounts").read_text() == mounts
    site.down(lab_dir, FW1, quiet)
    assert not processes_of(lab_dir)
    assert not can_connect(found.port)
    assert not lab_dir.exists()


def test_up_is_quick_and_a_second_up_keeps_the_device(lab_dir: pathlib.Path) -> None:
    started = time.monotonic()
    first = up(lab_dir)
    assert time.monotonic() - started < site.READY_TIMEOUT_S
    assert up(lab_dir) == first


def test_many_cycles_use_fresh_secrets_each_time(lab_dir: pathlib.Path) -> None:
    seen = set()
    for _ in range(3):
        up(lab_dir)
        seen.add((lab_dir / "fw1" / "device.json").read_text())
        seen.add((lab_dir / "fw1" / "keys" / "host_key").read_text())
        seen.add((lab_dir / "vault-password").read_text())
        site.down(lab_dir, FW1, quiet)
    assert len(seen) == 9


def test_every_file_of_a_lab_is_private(lab_dir: pathlib.Path) -> None:
    up(lab_dir)
    for path in (lab_dir, *lab_dir.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("which", ["outer", "inner"])
def test_dead_firewall_takes_everything_along_is_seen_and_is_replaced(lab_dir: pathlib.Path, which: str) -> None:
    first = up(lab_dir)
    children = pathlib.Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    os.kill(first.pid if which == "outer" else int(children[0]), signal.SIGKILL)
    wait_until_nothing_runs(lab_dir)
    # A killed process has for a moment neither command line nor end.
    wait_until(lambda: site.status(lab_dir)[0].state is site.State.DEAD)
    wait_until(lambda: not can_connect(first.port))
    second = up(lab_dir)
    assert second.pid != first.pid
    assert firewall.probe(lab_dir / "fw1", target="server", port=443).connected


def test_down_after_a_crash_kills_no_stranger_with_the_same_pid(lab_dir: pathlib.Path) -> None:
    first = up(lab_dir)
    os.kill(first.pid, signal.SIGKILL)
    wait_until_nothing_runs(lab_dir)
    path = lab_dir / "fw1" / "process.json"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        path.write_text(path.read_text().replace(str(first.pid), str(stranger.pid), 1))
        site.down(lab_dir, FW1, quiet)
        assert stranger.poll() is None
        stranger.kill()
    assert not lab_dir.exists()


def test_controller_killed_while_devices_start_leaves_a_lab_that_down_clears(lab_dir: pathlib.Path) -> None:
    script = f"""
import os, pathlib, signal
from murenger.lab import site
from murenger.lab.blueprints import blueprint
site._wait_ready = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
site.up(pathlib.Path({str(lab_dir)!r}), (blueprint("fw1"),), "userns", print)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    record = processes.load_record(lab_dir / "fw1" / "process.json")
    assert record is not None
    assert processes.is_running(record)
    site.down(lab_dir, FW1, quiet)
    assert not processes.is_running(record)
    wait_until_nothing_runs(lab_dir)
    assert not lab_dir.exists()


def test_two_ups_at_once_start_one_device(lab_dir: pathlib.Path) -> None:
    line = [sys.executable, "-m", "murenger.lab", "up", "fw1", "--dir", str(lab_dir)]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]


def test_folder_of_someone_else_is_refused_and_untouched(tmp_path: pathlib.Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts.yml").write_text("mine")
    with pytest.raises(LabError, match="is no lab folder"):
        site.up(tmp_path, FW1, firewall.USERNS, quiet)
    with pytest.raises(LabError, match="is no lab folder"):
        site.down(tmp_path, FW1, quiet)
    assert [path.name for path in tmp_path.rglob("*")] == ["inventory", "hosts.yml"]


def test_down_keeps_what_someone_else_put_into_the_folder(lab_dir: pathlib.Path) -> None:
    up(lab_dir)
    (lab_dir / "notes").write_text("mine")
    site.down(lab_dir, FW1, quiet)
    assert [path.name for path in lab_dir.iterdir()] == ["notes"]


def test_emulator_that_is_not_installed_fails_alone(lab_dir: pathlib.Path) -> None:
    lines: list[str] = []
    found = site.up(lab_dir, (*FW1, ABSENT), firewall.USERNS, lines.append)
    assert [item.state for item in found] == [site.State.UP, site.State.DOWN]
    assert "not installed" in found[1].detail
    assert len(lines) == 2


def test_device_that_ends_at_once_reports_its_last_words(
    lab_dir: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(device_dir: pathlib.Path) -> processes.ProcessRecord:
        return processes.start_detached(
            ("sh", "-c", "echo 'the reason\x1b[31m' >&2; exit 1"),
            record_path=device_dir / "process.json",
            log_path=device_dir / "log",
        )

    monkeypatch.setattr(starting, "launch", launch)
    (found,) = site.up(lab_dir, FW1, firewall.USERNS, quiet)
    assert (found.state, found.detail) == (site.State.DEAD, "the reason?[31m")


def test_device_that_never_listens_is_stopped(lab_dir: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(device_dir: pathlib.Path) -> processes.ProcessRecord:
        return processes.start_detached(
            ("sleep", "60"), record_path=device_dir / "process.json", log_path=device_dir / "log"
        )

    monkeypatch.setattr(starting, "launch", launch)
    monkeypatch.setattr(site, "READY_TIMEOUT_S", 0.2)
    (found,) = site.up(lab_dir, FW1, firewall.USERNS, quiet)
    assert (found.state, "did not listen" in found.detail) == (site.State.DEAD, True)
    assert not processes_of(lab_dir / "fw1")


def test_deep_folder_is_no_obstacle(tmp_path: pathlib.Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 6) / "lab"
    try:
        found = site.up(deep, (*FW1, blueprint("srx1")), firewall.USERNS, quiet)
        assert [item.detail for item in found] == ["", ""]
        firewall.drift(deep / "fw1", "open-card-db")
        assert firewall.probe(deep / "fw1").connected
        firewall.drift(deep / "srx1", "untrust-to-trust")
    finally:
        site.down(deep, BLUEPRINTS, quiet)


def test_one_device_goes_down_alone(lab_dir: pathlib.Path) -> None:
    chosen = (*FW1, blueprint("srx1"))
    site.up(lab_dir, chosen, firewall.USERNS, quiet)
    assert len((lab_dir / "known_hosts").read_text().splitlines()) == 2
    site.down(lab_dir, FW1, quiet)
    assert [item.state for item in site.status(lab_dir)] == [site.State.DOWN, site.State.DOWN, site.State.UP]
    assert "fw1" not in (lab_dir / "inventory" / "hosts.yml").read_text()
    assert len((lab_dir / "known_hosts").read_text().splitlines()) == 1
