"""A real nftables firewall in a namespace of its own, and real drivers that reach it over SSH.

Input: `nft` and user namespaces. Output: the fixtures `firewall`, `open_driver` and `rules`.
"""

import contextlib
import dataclasses
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from napalm_nftables import NftablesDriver

SERVER = Path(__file__).with_name("firewall_server.py")
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
STATE = "/run/murenger-nft"

BASE = """\
table inet murenger {
	set allowed {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/24, 198.51.100.7 }
	}

	set banned {
		type ipv4_addr
		size 1024
		flags dynamic,timeout
		timeout 1h
	}

	chain input {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
		ip saddr @banned drop
		tcp dport 22 accept
		ip saddr @allowed tcp dport { 80, 443 } accept comment "web { front"
		tcp dport 5432 drop
	}
}
"""
FOREIGN = """\
table ip container {
	chain nat {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 203.0.113.0/24 counter masquerade
	}
}
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Firewall:
    """A firewall that is running."""

    port: int
    password: str
    known_hosts: Path
    nsenter: tuple[str, ...]

    def options(self, **others: object) -> dict[str, object]:
        """Return the driver's options for this firewall."""
        return {
            "port": self.port,
            "ssh_strict": True,
            "system_host_keys": False,
            "alt_host_keys": True,
            "alt_key_file": str(self.known_hosts),
            "use_keys": False,
            "allow_agent": False,
            "tables": ["inet murenger"],
            **others,
        }

    def enter(self, *command: str, stdin: str = "") -> str:
        """Run a command on the firewall out of band, as its own administrator would."""
        outcome = subprocess.run(
            [*self.nsenter, *command],
            input=stdin,
            env={"PATH": SYSTEM_PATH, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def load(self, text: str) -> None:
        """Load rules out of band."""
        self.enter("nft", "-f", "-", stdin=text)

    def rules(self) -> str:
        """List the rules out of band, without counters and times."""
        return self.enter("nft", "-s", "list", "ruleset")

    def reset(self, text: str) -> None:
        """Forget every commit and set the rules."""
        self.enter("sh", "-c", f"rm -rf {STATE}; nft flush ruleset")
        self.load(text)

    def state_files(self) -> set[str]:
        """Name the files of the driver's state folder, without their ids."""
        found = self.enter("sh", "-c", f"ls {STATE} 2>/dev/null || true").split()
        return {name.partition(".")[0] if name != "startup.nft" else name for name in found}

    def wait_for(self, claim: Callable[[], bool], seconds: float = 15) -> None:
        """Poll until a claim holds."""
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, "the firewall did not get there in time"
            time.sleep(0.05)


@contextlib.contextmanager
def running_firewall(folder: Path, *words: str, users: bool = True) -> Iterator[Firewall]:
    """Run a firewall until the end of the block; without a user namespace it is as real as the machine's own."""
    password = secrets.token_urlsafe(12)
    (folder / "password").write_text(password, encoding="utf-8")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / "host_key"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        known = folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}", encoding="utf-8")
        unshare = [
            "unshare",
            "-rnmp" if users else "-nmp",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "private",
        ]
        process = subprocess.Popen(
            [*unshare, sys.executable, str(SERVER), str(listener.fileno()), str(folder), *words],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            env={**os.environ, "PATH": SYSTEM_PATH},
            text=True,
        )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        inner = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()[0])
        into = ("nsenter", "-t", str(inner), "-n", "-m", "-p", *(("--preserve-credentials", "-U") if users else ()))
        yield Firewall(port=port, password=password, known_hosts=known, nsenter=into)
    finally:
        # unshare ignores SIGTERM; --kill-child reaps all the rest, timers included.
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def shared_firewall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firewall]:
    """Return one firewall for all tests of this folder."""
    with running_firewall(tmp_path_factory.mktemp("firewall")) as firewall:
        yield firewall


@pytest.fixture
def firewall(shared_firewall: Firewall) -> Firewall:
    """Return the firewall with the base rules, a foreign table, and no history."""
    shared_firewall.reset(FOREIGN + BASE)
    return shared_firewall


OpenDriver = Callable[..., NftablesDriver]


@pytest.fixture
def make_driver(shared_firewall: Firewall) -> Iterator[OpenDriver]:
    """Return a maker of drivers that are not open yet; they are closed at the end."""
    made: list[NftablesDriver] = []

    def make(password: str | None = None, timeout: int = 30, **options: object) -> NftablesDriver:
        arguments = shared_firewall.options(**options)
        if arguments["tables"] is None:
            del arguments["tables"]
        driver = NftablesDriver(
            "127.0.0.1", "admin", password or shared_firewall.password, timeout=timeout, optional_args=arguments
        )
        made.append(driver)
        return driver

    yield make
    for driver in made:
        driver.close()


@pytest.fixture
def open_driver(make_driver: OpenDriver) -> OpenDriver:
    """Return a maker of open drivers."""

    def make(**options: object) -> NftablesDriver:
        driver = make_driver(**options)
        driver.open()
        return driver

    return make


@pytest.fixture
def driver(firewall: Firewall, open_driver: OpenDriver) -> NftablesDriver:
    """Return an open driver on a firewall with the base rules."""
    assert firewall.rules()
    return open_driver()


@pytest.fixture(scope="session")
def base() -> str:
    """Return the managed table's text, as the kernel spells it."""
    return BASE


@pytest.fixture(scope="session")
def foreign() -> str:
    """Return a table that belongs to another program."""
    return FOREIGN


@pytest.fixture(scope="session")
def start_firewall() -> Callable[..., contextlib.AbstractContextManager[Firewall]]:
    """Return a starter of further firewalls."""
    return running_firewall
