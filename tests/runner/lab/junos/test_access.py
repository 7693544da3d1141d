"""The device's own configuration decides who gets in: new connections are judged, open ones live on."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from napalm.base.base import NetworkDriver

from murenger.lab.junos.thread import EmulatorThread

Connect: TypeAlias = Callable[..., NetworkDriver]


def running(driver: NetworkDriver) -> str:
    """Return the running text without its volatile header."""
    return str(driver.get_config(retrieve="running")["running"]).split("\n", 2)[2]


def test_lockout_keeps_old_sessions_and_cuts_new_ones_until_the_timer_fires(
    srx: EmulatorThread, connect: Connect
) -> None:
    driver = connect()
    open_door = running(driver)
    closed_door = open_door.replace("                    ssh;\n                    netconf;\n", "")
    assert closed_door != open_door
    driver.load_replace_candidate(config=closed_door)
    driver.commit_config(revert_in=60)
    assert driver.has_pending_commit()
    with pytest.raises(Exception, match="ConnectRefusedError"):
        connect()
    srx.advance(61)
    assert running(connect()) == open_door


SERVICES = "security zones security-zone management host-inbound-traffic system-services"


@pytest.mark.parametrize(
    "line",
    [
        f"set {SERVICES} ssh except\nset {SERVICES} netconf except",
        "delete system services netconf",
        "delete security zones security-zone management interfaces",
        "set security zones security-zone management interfaces ge-0/0/0.0 host-inbound-traffic system-services ping",
        "delete policy-options prefix-list management-clients 127.0.0.1/32",
        "insert firewall family inet filter protect-management term rest before term management",
        "deactivate security zones security-zone management",
    ],
)
def test_each_way_of_closing_the_door_closes_it(srx: EmulatorThread, connect: Connect, line: str) -> None:
    connect()
    srx.type(*line.split("\n"), "commit")
    with pytest.raises(Exception, match="ConnectRefusedError"):
        connect()
