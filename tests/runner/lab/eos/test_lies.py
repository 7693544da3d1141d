"""A switch that lies does it as told, counts it, and tells the truth again when switched off."""

import pytest

from murenger.lab.clock import LabClock
from murenger.lab.eos import eapi
from murenger.lab.eos.device import Account, Device
from murenger.lab.eos.faults import ANOTHER_NAME, Faults

STARTUP = "hostname leaf1\ninterface Ethernet1\n   description up\n"
BOSS = Account(name="boss", privilege=15, role="network-admin", secret="")


@pytest.fixture
def switch() -> Device:
    return Device(startup=STARTUP, startup_path=None, clock=LabClock())


def run(device: Device, *lines: str) -> dict[str, object]:
    request = eapi.Request(id=1, commands=tuple((line, None) for line in lines), wants_json=False)
    return eapi.run(device, BOSS, request)


def commit(device: Device, timer: str = " timer 00:01:00") -> None:
    said = run(device, "configure session s", "interface Ethernet1", "description down", f"commit{timer}")
    assert "error" not in said, said


def shown(device: Device) -> str:
    return device.text(device.running, "show running-config")


def test_an_ignored_commit_changes_nothing_and_its_timer_runs_all_the_same(switch: Device) -> None:
    switch.faults.set("ignore-commit", True)
    commit(switch)
    assert "description up" in shown(switch)
    assert switch.sessions.trial is not None
    assert switch.faults.struck == {"ignore-commit": 1}


def test_an_ignored_confirmation_lets_the_timer_fire(switch: Device) -> None:
    commit(switch)
    switch.faults.set("ignore-confirm", True)
    assert "error" not in run(switch, "configure session s commit")
    switch.clock.advance(61)
    switch.tick()
    assert "description up" in shown(switch)


@pytest.mark.parametrize(
    ("fault", "value", "before_s", "after_s"), [("revert-late", 30, 80, 11), ("revert-early", 5, 4, 2)]
)
def test_a_timer_fires_when_the_lie_says(switch: Device, fault: str, value: int, before_s: int, after_s: int) -> None:
    switch.faults.set(fault, value)
    commit(switch)
    switch.clock.advance(before_s)
    switch.tick()
    assert "description down" in shown(switch)
    switch.clock.advance(after_s)
    switch.tick()
    assert "description up" in shown(switch)


def test_it_can_answer_as_another_device_and_ask_back(switch: Device) -> None:
    switch.faults.set("other-device", True)
    assert f"hostname {ANOTHER_NAME}" in str(run(switch, "show running-config"))
    switch.faults.set("other-device", None)
    assert "hostname leaf1" in str(run(switch, "show running-config"))
    switch.faults.set("prompt", "show running")
    assert "proceed? [y/n]" in str(run(switch, "show running-config")["error"])


def test_one_line_of_a_replacement_is_left_out_and_nothing_is_said(switch: Device) -> None:
    switch.faults.set("skip-line", 0)
    lines = ("hostname leaf1", "interface Ethernet1", "description down", "mtu 9000", "exit")
    said = run(switch, "configure session s", "rollback clean-config", *lines, "commit")
    assert "error" not in said
    assert "description" not in shown(switch)
    assert "mtu 9000" in shown(switch)


@pytest.mark.parametrize(("fault", "value"), [("ignore-commit", "yes"), ("revert-late", -1), ("skip-line", True)])
def test_a_lie_is_not_told_with_a_value_that_it_cannot_use(fault: str, value: object) -> None:
    with pytest.raises(ValueError, match=fault):
        Faults().set(fault, value)
