"""Port Leases: one worker to a device at a time, by file locks.

Input: a state folder. Output: a context that nobody else is in. The operating system frees a lock when its process
ends, however it ends, so that there is nothing to clean up and nothing to expire.
"""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from murenger.adapters.files.private import PRIVATE_FILE, private_folder
from murenger.errors import ConfigError, LeaseHeldError
from murenger.model import check_device_name

_PID_BYTES = 32


class FileLeases:
    """Leases on this machine.

    Args:
        state: the runner's state folder; leases lie in `leases/` below it.
    """

    def __init__(self, state: pathlib.Path) -> None:
        self._folder = state / "leases"

    @contextlib.contextmanager
    def hold(self, device: str) -> Iterator[None]:
        """Return a context in which nobody else holds this device.

        Raises:
            LeaseHeldError: on entering, if another process or thread holds it; names the process.
            ConfigError: on entering, if the state folder cannot be written.
        """
        path = private_folder(self._folder) / f"{check_device_name(device)}.lock"
        handle = _open(path)
        try:
            _lock(handle, device)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
            yield
        finally:
            # Closing frees the lock. The file stays: removing it would let a waiter lock a file nobody else sees.
            os.close(handle)


def _open(path: pathlib.Path) -> int:
    try:
        # A lock belongs to an open file, not to a process: two threads that open it twice exclude one another too.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as exc:
        raise ConfigError(f"the lease {path} cannot be opened: {exc.strerror}", hint="see runner.state") from exc


def _lock(handle: int, device: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.pread(handle, _PID_BYTES, 0).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder.isdigit() else "another process"
        raise LeaseHeldError(f"{who} works on this device", device=device, hint="try again when it has ended") from exc
