"""What the tests of the command line share: one way to say that a verb refused and touched nothing.

Input: a site. Output: the fixtures `refuses` and `srx`.
"""

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import asyncssh
import pytest

from murenger.lab.junos.thread import EmulatorThread
from murenger.lab.material import password

Refuses = Callable[..., str]


@pytest.fixture
def refuses(bench: Any) -> Refuses:
    """Give a function that runs a verb and checks that it fails with one clear line and changes nothing.

    It returns the line. Ledger, golden repository and switch must be as before, and nobody may have used the credential
    that heals.
    """

    def check(*argv: str, says: tuple[str, ...], ran: Any = None) -> str:
        held, running = bench.held(), bench.switch.running()
        done = ran or bench.cli(*argv)
        assert done.code == 2, done
        assert len(done.complaints) == 1, done
        (line,) = done.complaints
        assert not [word for word in says if word not in line], line
        assert "Traceback" not in done.err
        assert "defect" not in done.err
        assert not [secret for secret in bench.switch.passwords.values() if secret in done.out + done.err]
        assert bench.held() == held
        assert bench.switch.running() == running
        assert "healer" not in bench.switch.users()
        return str(line)

    return check


@pytest.fixture
def srx(tmp_path: pathlib.Path) -> Iterator[tuple[EmulatorThread, dict[str, object]]]:
    """Give an emulated SRX and its inventory variables."""
    folder = tmp_path / "srx1"
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(folder / "host_key")
    users = {name: {"password": password(), "role": role} for name, role in (("reader", "read"), ("healer", "heal"))}
    settings = {
        "hostname": "srx1",
        "address": "127.0.0.1",
        "port": 0,
        "users": users,
        "host_key": str(folder / "host_key"),
        "management_clients": ["127.0.0.1"],
    }
    (folder / "device.json").write_text(json.dumps(settings), encoding="utf-8")
    with EmulatorThread(folder) as device:
        public = key.export_public_key().decode("ascii")
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{device.port} {public}", encoding="ascii")
        yield (
            device,
            {
                "ansible_host": "127.0.0.1",
                "ansible_port": device.port,
                "ansible_network_os": "junipernetworks.junos.junos",
                "ansible_user": "reader",
                "ansible_password": users["reader"]["password"],
                "murenger_heal_user": "healer",
                "murenger_heal_password": users["healer"]["password"],
                "murenger_known_hosts": str(folder / "known_hosts"),
                "murenger_management_source": "127.0.0.1",
                "murenger_management_port": 830,
                "murenger_management_interface": "ge-0/0/0.0",
            },
        )
