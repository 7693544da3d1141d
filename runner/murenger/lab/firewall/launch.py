"""Start the lab firewall from outside, in namespaces that die with it.

Input: a device folder. Output: a detached `unshare`, whose death by SIGKILL takes everything along.
"""

import os
import pathlib
import socket
import sys

from murenger.lab import processes
from murenger.lab.description import load_description
from murenger.lab.firewall.topology import PATH
from murenger.lab.firewall.values import NETNS

# The init of the process namespace: it waits for the firewall and buries what detached timers leave behind.
_INIT = '"$@" & wait "$!"'


def unshare(form: str) -> tuple[str, ...]:
    """Return the start of a command line that runs something in namespaces of its own.

    Args:
        form: `userns` or `netns`.
    """
    user = () if form == NETNS else ("--map-root-user",)
    return (
        *("unshare", *user, "--net", "--mount", "--pid", "--uts"),
        *("--fork", "--kill-child", "--mount-proc", "--propagation", "private"),
    )


def argv(device_dir: pathlib.Path, form: str, listen_fd: int) -> tuple[str, ...]:
    """Return the command line of a firewall.

    Args:
        device_dir: the device's folder.
        form: `userns` or `netns`.
        listen_fd: number of the inherited listening socket.
    """
    return (
        *unshare(form),
        *("sh", "-c", _INIT, "sh"),
        *(sys.executable, "-P", "-m", "murenger.lab.firewall", str(device_dir), "--listen-fd", str(listen_fd)),
    )


def launch(device_dir: pathlib.Path) -> processes.ProcessRecord:
    """Start the firewall described in a folder.

    Args:
        device_dir: holds `device.json` and `keys/`.

    Returns:
        The record of the process whose death ends it.

    Raises:
        LabError: the description is damaged.
        OSError: the port is taken.
    """
    description = load_description(device_dir)
    environment = dict(os.environ)
    environment["PATH"] = f"{environment.get('PATH', '')}:{PATH}"
    with socket.create_server((description.address, description.port), backlog=64) as listener:
        return processes.start_detached(
            argv(device_dir, description.form, listener.fileno()),
            record_path=device_dir / "process.json",
            log_path=device_dir / "log",
            environment=environment,
            keep_fds=(listener.fileno(),),
        )
