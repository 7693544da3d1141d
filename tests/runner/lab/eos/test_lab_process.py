"""The emulator as a process and as a folder: ready file, control socket, restart, faults, scenarios."""

import http.client
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import pyeapi.eapilib
import pytest
from napalm.base.base import NetworkDriver

from murenger.lab import control
from murenger.lab.eos import scenarios
from murenger.lab.eos.emulator import Emulator

pytestmark = pytest.mark.lab

DEADLINE_S = 20.0


def launch(folder: pathlib.Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "murenger.lab.eos", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_ready(folder: pathlib.Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    ready = folder / "ready.json"
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1].decode()
        if ready.exists() and json.loads(ready.read_text())["pid"] == process.pid:
            return
        time.sleep(0.02)
    raise AssertionError("the emulator was not ready in time")


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    process.communicate(timeout=DEADLINE_S)
    return process.returncode


def test_process_is_ready_ends_on_sigterm_and_boots_from_startup(
    short_folder: pathlib.Path, pki: SimpleNamespace, write_settings: Callable[..., dict[str, str]]
) -> None:
    write_settings(short_folder, pki)
    process = launch(short_folder)
    wait_ready(short_folder, process)
    console = short_folder / "console.sock"
    control.ask(console, {"op": "cli", "user": "mallory", "lines": ["vlan 10"]})
    control.ask(console, {"op": "cli", "user": "mallory", "lines": ["write memory"]})
    control.ask(console, {"op": "cli", "user": "mallory", "lines": ["vlan 20"]})
    saved = str(control.ask(console, {"op": "config"})["text"]).replace("!\nvlan 20\n", "")
    assert end(process) == 0
    assert not (short_folder / "ready.json").exists()
    assert not console.exists()
    process = launch(short_folder)
    wait_ready(short_folder, process)
    assert control.ask(console, {"op": "config"})["text"] == saved
    assert "vlan 10" in saved
    assert end(process, signal.SIGINT) == 0


def test_power_cut_while_a_commit_is_on_trial_boots_the_old_configuration(
    short_folder: pathlib.Path, pki: SimpleNamespace, write_settings: Callable[..., dict[str, str]]
) -> None:
    write_settings(short_folder, pki)
    process = launch(short_folder)
    wait_ready(short_folder, process)
    console = short_folder / "console.sock"
    before = control.ask(console, {"op": "config"})["text"]
    for lines in (["configure session s", "vlan 10"], ["configure session s commit timer 00:10:00"]):
        assert control.ask(console, {"op": "cli", "user": "mallory", "lines": lines})["errors"] == []
    assert control.ask(console, {"op": "config"})["text"] != before
    assert end(process, signal.SIGKILL) == -signal.SIGKILL
    assert (short_folder / "ready.json").exists()
    process = launch(short_folder)
    wait_ready(short_folder, process)
    assert control.ask(console, {"op": "config"})["text"] == before
    assert end(process) == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"port": "x"},
        {"unknown": 1},
        {"users": {}},
        {"users": {"a": {"password": "b", "role": "king"}}},
        {"management_clients": "all"},
        {"address": "::1"},
        {"tls": {"certificate": "missing.pem", "key": "missing.key"}},
    ],
)
def test_unusable_settings_end_the_process_with_one_line(
    short_folder: pathlib.Path,
    pki: SimpleNamespace,
    write_settings: Callable[..., dict[str, str]],
    broken: dict[str, object],
) -> None:
    write_settings(short_folder, pki, **broken)
    process = launch(short_folder)
    _out, error = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert error.decode().startswith("cannot start the emulated switch")
    assert error.count(b"\n") == 1


def test_damaged_startup_configuration_ends_the_process(
    short_folder: pathlib.Path, pki: SimpleNamespace, write_settings: Callable[..., dict[str, str]]
) -> None:
    write_settings(short_folder, pki)
    (short_folder / "startup-config").write_text("frobnicate\nend\n")
    process = launch(short_folder)
    assert b"frobnicate" in process.communicate(timeout=DEADLINE_S)[1]
    assert process.returncode == 2


def test_taken_port_is_an_error(
    switch: SimpleNamespace,
    short_folder: pathlib.Path,
    pki: SimpleNamespace,
    write_settings: Callable[..., dict[str, str]],
) -> None:
    write_settings(short_folder, pki, port=switch.emulator.port)
    with pytest.raises(OSError, match="in use"):
        Emulator(short_folder).start()


def test_folder_whose_path_is_too_long_for_a_socket_is_an_error(
    tmp_path: pathlib.Path, pki: SimpleNamespace, write_settings: Callable[..., dict[str, str]]
) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    write_settings(folder, pki)
    with pytest.raises(OSError, match=r"no control socket.*too long"):
        Emulator(folder).start()


def test_files_with_secrets_are_for_the_owner_only(switch: SimpleNamespace) -> None:
    for name in ("startup-config", "ready.json", "console.sock"):
        mode = stat.S_IMODE((switch.emulator.directory / name).stat().st_mode)
        assert mode & 0o077 == 0, name


def test_passwords_and_drawn_secrets_differ_between_labs_and_are_never_stored_clear(switch: SimpleNamespace) -> None:
    text = switch.running()
    assert not [password for password in switch.passwords.values() if password in text]


@pytest.mark.parametrize(
    "line",
    [
        "username a secret {}",
        "username a privilege 15 secret 0 {}",
        "enable password {}",
        "tacacs-server host 192.0.2.1 key {}",
        "tacacs-server key 0 {}",
        "snmp-server community {} ro",
        "router bgp 1\nneighbor 192.0.2.1 password {}",
    ],
)
def test_trace_and_sanitized_text_hold_no_secret(switch: SimpleNamespace, line: str) -> None:
    canary = "canary-4711"
    assert switch.ask("cli", user="mallory", lines=line.format(canary).split("\n"))["errors"] == []
    driver = switch.open()
    driver.load_replace_candidate(config=switch.running())
    driver.close()
    trace = str(switch.ask("trace"))
    assert canary not in trace
    assert "$6$" not in trace
    assert canary not in str(driver.get_config(retrieve="running", sanitized=True))


def test_given_secrets_are_used(start: Callable[..., SimpleNamespace]) -> None:
    switch = start(secrets={"tacacs_key": "canary-one", "snmp_community": "canary-two"})
    assert "snmp-server community canary-two ro" in switch.running()
    assert "canary-one" not in switch.running()


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("reload", {}),
        ("scenario", {"name": "none"}),
        ("fault", {"name": "none", "value": True}),
        ("fault", {"name": "truncate", "value": "many"}),
        ("fault", {"name": "truncate", "value": -1}),
        ("fault", {"name": "truncate", "value": True}),
        ("fault", {"name": "detail_style", "value": "4.99"}),
        ("fault", {"name": "empty", "value": True, "replies": 0}),
        ("advance", {"seconds": -1}),
        ("cli", {"user": "mallory"}),
    ],
)
def test_control_refuses_what_it_does_not_know(switch: SimpleNamespace, op: str, fields: dict[str, object]) -> None:
    before = switch.running()
    with pytest.raises(ValueError, match=r"."):
        switch.ask(op, **fields)
    assert switch.running() == before


def test_console_returns_the_vendors_complaints_and_keeps_the_good_lines(switch: SimpleNamespace) -> None:
    errors = switch.ask("cli", user="mallory", lines=["vlan 10", "nonsense", "banner motd", "hi", "EOF"])["errors"]
    assert errors == ["nonsense: % Invalid input (at token 0: 'nonsense')"]
    assert "vlan 10" in switch.running()
    assert "banner motd\nhi\nEOF" in switch.running()


def test_console_of_a_reading_account_may_not_configure(switch: SimpleNamespace) -> None:
    assert "Authorization denied" in str(switch.ask("cli", user="reader", lines=["vlan 10"])["errors"])


@pytest.mark.parametrize("name", sorted(set(scenarios.SCENARIOS) - {"revert", "foreign-session"}))
def test_every_scenario_changes_running_not_startup_and_can_be_reverted(switch: SimpleNamespace, name: str) -> None:
    before, startup = switch.running(), switch.emulator.device.startup_text()
    switch.ask("scenario", name=name)
    assert switch.running() != before
    assert switch.emulator.device.startup_text() == startup
    assert switch.commands("eapi") == []
    assert switch.commands("console") != []
    switch.ask("scenario", name="revert")
    assert switch.running() == before


def test_revert_drops_the_foreign_session(switch: SimpleNamespace) -> None:
    before = switch.running()
    switch.ask("scenario", name="foreign-session")
    assert switch.running() == before
    switch.ask("scenario", name="revert")
    assert switch.emulator.device.sessions.all() == []


def test_scenarios_are_listed_with_a_sentence_each(switch: SimpleNamespace) -> None:
    listed = switch.ask("scenarios")["scenarios"]
    assert set(listed) == set(scenarios.SCENARIOS)
    assert all(listed.values())


def test_scenario_without_its_target_is_refused(switch: SimpleNamespace) -> None:
    switch.ask("cli", user="mallory", lines=["no ip access-list CDE-IN"])
    for name in ("acl-permit-above-deny", "acl-rogue-permit"):
        with pytest.raises(ValueError, match="CDE-IN"):
            switch.ask("scenario", name=name)


def read(driver: NetworkDriver) -> str:
    return str(driver.get_config(retrieve="running")["running"])


def test_truncated_reads_end_early_for_as_many_replies_as_asked(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    whole = read(driver)
    switch.ask("fault", name="truncate", value=9, replies=2)
    assert [len(read(driver).splitlines()) for _ in range(2)] == [9, 9]
    assert read(driver) == whole


def test_empty_and_candidate_reads_can_be_provoked(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    whole = read(driver)
    switch.ask("fault", name="empty", value=True)
    assert read(driver) == ""
    switch.ask("fault", name="empty", value=False)
    switch.ask("scenario", name="foreign-session")
    switch.ask("fault", name="candidate-as-running", value=True)
    assert "description half done" in read(driver)
    switch.ask("fault", name="candidate-as-running", value=None)
    assert read(driver) == whole


def test_wrong_host_name_shows_everywhere_and_changes_nothing(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    switch.ask("fault", name="wrong-hostname", value="leaf9")
    assert driver.get_facts()["hostname"] == "leaf9"
    assert re.findall("leaf[0-9]", read(driver)) == ["leaf9", "leaf9"]
    switch.ask("fault", name="wrong-hostname", value=None)
    assert "hostname leaf1" in switch.running()


def test_dropped_reply_breaks_off_after_the_command_ran(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    switch.ask("fault", name="drop", value=" commit timer ", replies=1)
    with pytest.raises((http.client.HTTPException, pyeapi.eapilib.ConnectionError)):
        driver.commit_config(revert_in=60)
    assert "vlan 10" in switch.running()
    assert driver.has_pending_commit()


def test_cut_connection_breaks_off_before_the_command_ran(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    switch.ask("fault", name="cut", value=" commit timer ", replies=1)
    with pytest.raises((http.client.HTTPException, pyeapi.eapilib.ConnectionError)):
        driver.commit_config(revert_in=60)
    assert "vlan 10" not in switch.running()
    assert not driver.has_pending_commit()
    driver.close()


def test_slow_replies_outlast_an_impatient_client(switch: SimpleNamespace) -> None:
    driver = switch.driver("reader")
    driver.timeout = 1
    switch.ask("fault", name="slow", value=30, replies=1)
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="timed out"):
        driver.open()
    driver.open()


def test_resalted_secret_differs_at_each_read_and_is_equal_to_itself(switch: SimpleNamespace) -> None:
    driver = switch.open()
    switch.ask("fault", name="resalt", value="tacacs-server")
    texts = [read(driver) for _ in range(40)]
    changed = {line for text in texts for line in text.splitlines() if line.startswith("tacacs-server")}
    assert len(changed) > 1
    assert len({re.sub(r"key 7 \S+", "", text) for text in texts}) == 1
    driver.load_replace_candidate(config=texts[0])
    assert driver.compare_config() == ""
    driver.close()


def test_stopping_twice_is_harmless(switch: SimpleNamespace) -> None:
    switch.emulator.stop()
    switch.emulator.stop()
    assert not os.path.lexists(switch.emulator.console)
