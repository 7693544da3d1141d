"""A lab device for the length of a block, and the system's own OpenSSH client to log in to it.

Input: a folder and a device name. Output: a running device, taken down at the end whatever happens.
"""

import contextlib
import dataclasses
import pathlib
import subprocess
from collections.abc import Iterator

from murenger.lab import site
from murenger.lab.blueprints import blueprint
from murenger.lab.description import Description, load_description
from murenger.lab.failure import LabError
from murenger.lab.firewall.console import in_fw
from murenger.lab.firewall.values import USERNS

SSH_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A running lab device.

    Attributes:
        lab_dir: the lab's folder.
        device_dir: the device's folder.
        address: loopback address it listens on.
        port: TCP port it listens on.
        description: its logins and keys.
    """

    lab_dir: pathlib.Path
    device_dir: pathlib.Path
    address: str
    port: int
    description: Description

    def ssh_argv(self, role: str, *options: str, user: str = "") -> tuple[str, ...]:
        """Return an OpenSSH command line that logs in by key and trusts the lab's known hosts alone.

        Args:
            role: whose key is used.
            options: further options of ssh(1).
            user: login name; that of the role when empty.
        """
        settings = {
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": self.lab_dir / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityFile": self.device_dir / "keys" / role,
            "IdentityAgent": "none",
            "PasswordAuthentication": "no",
            "ConnectTimeout": _CONNECT_TIMEOUT_S,
        }
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        login = user or self.description.login(role).name
        return ("ssh", "-F", "none", "-p", str(self.port), *words, *options, f"{login}@{self.address}")

    def ssh(self, role: str, command: str, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command over SSH.

        Args:
            role: who runs it.
            command: what the login's shell is given.
            stdin: its input.

        Returns:
            How it ended; ssh's own failures have exit code 255.
        """
        return subprocess.run(
            (*self.ssh_argv(role), command),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=SSH_TIMEOUT_S,
        )

    def rules(self) -> str:
        """Return the firewall's rules as its console lists them, without counters."""
        return in_fw(self.device_dir, ("nft", "-s", "list", "ruleset")).stdout


@contextlib.contextmanager
def running(lab_dir: pathlib.Path, name: str = "fw1", form: str = USERNS) -> Iterator[Bench]:
    """Run one lab device for the length of the block.

    Args:
        lab_dir: folder of the lab; other devices may run in it.
        name: `fw1`, `leaf1` or `srx1`.
        form: `userns` or `netns`, for the firewall.

    Yields:
        The running device.

    Raises:
        LabError: it did not come up; the message says why.
    """
    chosen = (blueprint(name),)
    reports: list[str] = []
    try:
        (found,) = site.up(lab_dir, chosen, form, reports.append)
        if found.state is not site.State.UP:
            raise LabError(found.detail, device=name)
        device_dir = lab_dir / name
        yield Bench(
            lab_dir=lab_dir,
            device_dir=device_dir,
            address=found.address,
            port=found.port,
            description=load_description(device_dir),
        )
    finally:
        site.down(lab_dir, chosen, reports.append)
