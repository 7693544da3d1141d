"""Emulated SRX devices for the tests, and the unmodified NAPALM driver to reach them.

Input: a temporary folder. Output: fixtures `device_folder`, `srx` and `connect`.
"""

import json
import pathlib
from collections.abc import Callable, Iterator

import asyncssh
import pytest
from napalm import get_network_driver
from napalm.base.base import NetworkDriver

from murenger.lab.junos.thread import EmulatorThread

USERS = {
    "reader": {"password": "read-Pa55", "role": "read"},
    "healer": {"password": "heal-Pa55", "role": "heal"},
    "second": {"password": "other-Pa55", "role": "other"},
}


@pytest.fixture
def device_folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Give a device folder that has not been started yet."""
    folder = tmp_path / "srx1"
    folder.mkdir()
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(folder / "host_key")
    settings = {
        "hostname": "srx1",
        "address": "127.0.0.1",
        "port": 0,
        "users": USERS,
        "host_key": str(folder / "host_key"),
        "management_clients": ["127.0.0.1"],
    }
    (folder / "device.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def srx(device_folder: pathlib.Path) -> Iterator[EmulatorThread]:
    """Give a fresh emulated SRX."""
    with EmulatorThread(device_folder) as device:
        yield device


@pytest.fixture
def connect(srx: EmulatorThread) -> Iterator[Callable[..., NetworkDriver]]:
    """Give a function that opens the unmodified driver; what it opened is closed at the end."""
    opened: list[NetworkDriver] = []

    def _connect(user: str = "healer", password: str | None = None, **optional: object) -> NetworkDriver:
        secret = password or USERS[user]["password"]
        options = {"port": srx.port, **optional}
        driver = get_network_driver("junos")("127.0.0.1", user, secret, timeout=20, optional_args=options)
        driver.open()
        opened.append(driver)
        return driver

    yield _connect
    for driver in opened:
        if driver.is_alive()["is_alive"]:
            driver.close()
