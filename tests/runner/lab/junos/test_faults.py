"""Each fault does what its name says, reaches the unmodified driver, and ends when switched off."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from jnpr.junos.exception import ConnectClosedError, RpcTimeoutError
from napalm.base.base import NetworkDriver

from murenger.lab.junos.faults import NAMES
from murenger.lab.junos.thread import EmulatorThread

Connect: TypeAlias = Callable[..., NetworkDriver]


def running(driver: NetworkDriver) -> str:
    return str(driver.get_config(retrieve="running")["running"])


@pytest.mark.parametrize("lines", [0, 1, 2, 40])
def test_truncated_text_is_the_true_text_up_to_that_line(srx: EmulatorThread, connect: Connect, lines: int) -> None:
    driver = connect("reader")
    whole = running(driver)
    srx.fault("truncate", lines)
    assert running(driver) in {"".join(whole.splitlines(keepends=True)[:lines]), "None" if lines == 0 else ""}
    srx.fault("truncate", None)
    assert running(driver) == whole


def test_an_empty_reply_reaches_the_driver_as_the_word_none(srx: EmulatorThread, connect: Connect) -> None:
    # NAPALM turns a missing text into the string "None": a reader must not take it for a configuration.
    driver = connect("reader")
    srx.fault("empty", True)
    assert running(driver) == "None"


def test_the_candidate_can_pose_as_running(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    srx.play("foreign-candidate")
    assert "policy half-done" not in running(driver)
    srx.fault("candidate-as-running", True)
    assert "policy half-done" in running(driver)


def test_a_wrong_host_name_shows_in_configuration_and_facts(srx: EmulatorThread, connect: Connect) -> None:
    srx.fault("wrong-hostname", "srx9")
    driver = connect("reader")
    assert "    host-name srx9;\n" in running(driver)
    assert driver.get_facts()["hostname"] == "srx9"
    assert "    host-name srx1;\n" in srx.running


def test_a_slow_device_runs_into_the_time_limit_of_the_driver(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    driver.device.timeout = 1
    srx.fault("slow", 1.5)
    with pytest.raises(RpcTimeoutError):
        running(driver)
    srx.fault("slow", None)


@pytest.mark.parametrize(("fault", "carried_out"), [("drop", True), ("drop-before", False)])
def test_a_link_cut_in_commit_leaves_the_device_before_or_after_it(
    srx: EmulatorThread, connect: Connect, fault: str, *, carried_out: bool
) -> None:
    driver = connect()
    before = srx.running
    driver.load_merge_candidate(config="system { time-zone CET; }")
    srx.fault(fault, "commit-configuration")
    with pytest.raises(ConnectClosedError):
        driver.commit_config(revert_in=60)
    srx.fault(fault, None)
    assert ("time-zone CET;" in srx.running) is carried_out
    other = connect()
    assert other.has_pending_commit() is carried_out
    srx.advance(61)
    assert (srx.running, srx.candidate, srx.lock_owner) == (before, before, "")


def test_a_link_cut_in_a_read_gives_no_text_at_all(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    srx.fault("drop", "get-configuration")
    with pytest.raises(ConnectClosedError):
        running(driver)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nonsense", True),
        ("truncate", True),
        ("truncate", "3"),
        ("slow", "1"),
        ("drop", True),
        ("empty", 1),
        ("wrong-hostname", 5),
    ],
)
def test_unknown_faults_and_values_are_refused(srx: EmulatorThread, name: str, value: object) -> None:
    with pytest.raises(ValueError, match="fault"):
        srx.fault(name, value)


def test_every_fault_is_described() -> None:
    assert all(NAMES.values())
