"""The emulator as a process of its own: ready file, control socket, restart, SIGTERM, bad input, no leaks."""

import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import asyncssh
import paramiko
import pytest
from napalm import get_network_driver
from napalm.base.base import NetworkDriver

from murenger.lab.control import ask

COMMAND = [sys.executable, "-m", "murenger.lab.junos"]


def wait_until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.05)


@contextlib.contextmanager
def process(folder: pathlib.Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([*COMMAND, str(folder)]) as child:
        try:
            wait_until(lambda: (folder / "ready.json").exists() or child.poll() is not None)
            yield child
        finally:
            child.terminate()
            child.wait(20)


def port_of(folder: pathlib.Path) -> int:
    return int(json.loads((folder / "ready.json").read_text())["port"])


@contextlib.contextmanager
def healer(folder: pathlib.Path) -> Iterator[NetworkDriver]:
    options = {"port": port_of(folder)}
    driver = get_network_driver("junos")("127.0.0.1", "healer", "heal-Pa55", timeout=20, optional_args=options)
    driver.open()
    yield driver
    driver.close()


def running(folder: pathlib.Path) -> str:
    return str(ask(folder / "console.sock", {"op": "config"})["text"])


def test_process_announces_its_port_and_pid_and_ends_cleanly(device_folder: pathlib.Path) -> None:
    with process(device_folder) as child:
        assert json.loads((device_folder / "ready.json").read_text())["pid"] == child.pid
        with healer(device_folder) as driver:
            assert driver.get_facts()["hostname"] == "srx1"
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
    assert not (device_folder / "ready.json").exists()
    assert not (device_folder / "console.sock").exists()


def test_host_key_is_the_one_in_the_folder(device_folder: pathlib.Path) -> None:
    expected = asyncssh.read_private_key(device_folder / "host_key").export_public_key("openssh").split()[:2]
    with process(device_folder):
        scanned = subprocess.run(
            ["ssh-keyscan", "-T", "10", "-t", "ed25519", "-p", str(port_of(device_folder)), "127.0.0.1"],
            check=True,
            capture_output=True,
        )
    assert scanned.stdout.split()[1:] == expected


def test_commits_history_and_a_running_timer_survive_a_kill(device_folder: pathlib.Path) -> None:
    with process(device_folder) as child:
        before = running(device_folder)
        ask(device_folder / "console.sock", {"op": "scenario", "name": "secret"})
        kept = running(device_folder)
        assert kept != before
        with healer(device_folder) as driver:
            driver.load_merge_candidate(config="system { time-zone CET; }")
            driver.commit_config(revert_in=60)
        child.kill()
        child.wait(20)
        (device_folder / "ready.json").unlink()
    with process(device_folder):
        assert "time-zone CET;" in running(device_folder)
        ask(device_folder / "console.sock", {"op": "advance", "seconds": 61})
        assert running(device_folder) == kept
        ask(device_folder / "console.sock", {"op": "cli", "user": "x", "lines": ["rollback 2", "commit"]})
        assert running(device_folder) == kept


@pytest.mark.slow
def test_fifty_cycles_leave_no_descriptor_and_no_lock_behind(device_folder: pathlib.Path) -> None:
    with process(device_folder) as child:
        descriptors = pathlib.Path(f"/proc/{child.pid}/fd")

        def cycle(zone: str) -> None:
            with healer(device_folder) as driver:
                driver.load_merge_candidate(config=f"system {{ time-zone {zone}; }}")
                driver.commit_config(revert_in=60)
                driver.confirm_commit()

        cycle("EST")
        at_first = len(list(descriptors.iterdir()))
        for number in range(50):
            cycle(("CET", "EST")[number % 2])
        wait_until(lambda: len(list(descriptors.iterdir())) <= at_first)
        assert ask(device_folder / "console.sock", {"op": "config"})["lock"] is None
    assert len(list((device_folder / "commits").glob("0*.conf"))) == 50


def test_only_the_netconf_subsystem_is_served(device_folder: pathlib.Path) -> None:
    with process(device_folder), paramiko.Transport(("127.0.0.1", port_of(device_folder))) as transport:
        transport.connect(username="healer", password="heal-Pa55")
        channel = transport.open_session()
        channel.exec_command("show configuration")
        assert channel.recv_exit_status() == 1
        assert channel.recv(100) == b""


def test_a_public_key_opens_the_door(device_folder: pathlib.Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(device_folder / "id_ed25519")
    settings = json.loads((device_folder / "device.json").read_text())
    settings["users"]["healer"]["authorized_keys"] = [key.export_public_key().decode()]
    (device_folder / "device.json").write_text(json.dumps(settings))
    with process(device_folder):
        options = {"port": port_of(device_folder), "key_file": str(device_folder / "id_ed25519")}
        driver = get_network_driver("junos")("127.0.0.1", "healer", None, timeout=20, optional_args=options)
        driver.open()
        assert driver.get_facts()["hostname"] == "srx1"
        driver.close()


def test_files_with_secrets_are_private(device_folder: pathlib.Path) -> None:
    with process(device_folder):
        assert (device_folder / "console.sock").stat().st_mode & 0o077 == 0
        for path in (device_folder / "commits").iterdir():
            assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"users": {"a": {"password": "x"}}}, "role"),
        ({"users": {"a": {"password": "x", "role": "king"}}}, "king"),
        ({"port": "many"}, "many"),
        ({"host_key": "absent"}, "absent"),
        ({"management_interface": "ge-0/0/0"}, "lacks its unit"),
    ],
)
def test_bad_settings_end_with_one_line_and_exit_2(
    device_folder: pathlib.Path, change: dict[str, object], message: str
) -> None:
    settings = json.loads((device_folder / "device.json").read_text())
    (device_folder / "device.json").write_text(json.dumps(settings | change))
    ended = subprocess.run([*COMMAND, str(device_folder)], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_port_in_use_ends_with_exit_2(device_folder: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = json.loads((device_folder / "device.json").read_text()) | {"port": taken.getsockname()[1]}
        (device_folder / "device.json").write_text(json.dumps(settings))
        ended = subprocess.run([*COMMAND, str(device_folder)], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert not (device_folder / "ready.json").exists()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"op": "nonsense"}, "unknown op"),
        ({"op": "scenario", "name": "nonsense"}, "unknown scenario"),
        ({"op": "advance", "seconds": -1}, "forward"),
        ({"op": "advance", "seconds": "1"}, "number"),
        ({"op": "cli", "user": "a", "lines": "set"}, "list"),
        ({"op": "cli", "user": "a", "lines": ["set system host-nam x"]}, "host-nam"),
        ({"op": "cli", "user": "a", "lines": ["set system host-name \ud800"]}, "invalid character"),
        ({"op": "cli", "user": "a", "lines": ["dance"]}, "unknown command"),
        ({"op": "cli", "user": "a"}, "lines"),
    ],
)
def test_bad_control_requests_are_answered_not_fatal(
    device_folder: pathlib.Path, request_: dict[str, object], message: str
) -> None:
    with process(device_folder):
        with pytest.raises(ValueError, match=message):
            ask(device_folder / "console.sock", request_)
        assert "host-name srx1;" in running(device_folder)
