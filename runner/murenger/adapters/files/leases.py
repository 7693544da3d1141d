"""Port Leases: one worker to a device at a time, by file locks with fencing tokens.

Input: a state folder. Output: a context that nobody else is in, and its token. The operating system frees a lock when
its process ends, however it ends, so that there is nothing to clean up and nothing to expire. A lock can still be
lost behind its holder's back: somebody removes the lock file, or moves the state folder away, and a second process
then locks another file. The token tells the two apart: each holder's is greater than all before it, and a holder that
finds a greater one, or another file where its own was, is refused.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
from collections.abc import Iterator

from murenger.adapters.files.private import PRIVATE_FILE, private_folder, sync_folder
from murenger.errors import ConfigError, LeaseHeldError
from murenger.model import check_device_name

_PID_BYTES = 32
# Fixed width, so that the file is overwritten in place, within one disk sector: it is never half a number.
_TOKEN_DIGITS = 20


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileLease:
    """Port `Lease`: a lock on a file, and the token that was newest when it was taken.

    Attributes:
        device: name of the device.
        token: greater than that of every earlier holder, >= 1.
        handle: the open lock file.
        lock: where it lies.
        fence: the file with the newest token.
    """

    device: str
    token: int
    handle: int
    lock: pathlib.Path
    fence: pathlib.Path

    def check(self) -> None:
        """Refuse to go on if the lease is no longer ours; when this returns, the token is on disk.

        Raises:
            LeaseHeldError: the lock file is gone or another one, the state folder was moved, or a later holder came.
        """
        try:
            ours, there = os.fstat(self.handle), self.lock.lstat()
            newest = _settled_token(self.fence)
        except (OSError, ValueError) as exc:
            raise self._lost("its files are gone or damaged") from exc
        if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
            raise self._lost("its lock file was replaced")
        if newest != self.token:
            raise self._lost(f"token {self.token} is not the newest, {newest} is")

    def _lost(self, why: str) -> LeaseHeldError:
        return LeaseHeldError(
            f"the lease on this device was lost: {why}",
            device=self.device,
            hint="somebody removed or moved files below runner.state while murenger worked; try again",
        )


class FileLeases:
    """Leases on this machine.

    Args:
        state: the runner's state folder; leases lie in `leases/` below it.
    """

    def __init__(self, state: pathlib.Path) -> None:
        self._folder = state / "leases"

    @contextlib.contextmanager
    def hold(self, device: str) -> Iterator[FileLease]:
        """Return a context in which nobody else holds this device; entering gives the lease.

        Raises:
            LeaseHeldError: on entering, if another process or thread holds it; names the process.
            ConfigError: on entering, if the state folder cannot be written, or the newest token is not legible.
        """
        path = private_folder(self._folder) / f"{check_device_name(device)}.lock"
        fence = path.with_suffix(".token")
        handle = _open(path)
        try:
            _lock(handle, device)
            token = _next_token(fence)
            _sign(handle, path)
            yield FileLease(device=device, token=token, handle=handle, lock=path, fence=fence)
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


def _sign(handle: int, path: pathlib.Path) -> None:
    """Leave our process number for whoever finds the lock taken."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def _next_token(fence: pathlib.Path) -> int:
    """Return a token greater than every earlier one under which anything was done; call it under the lock.

    Other processes see it at once. It reaches the disk when it is checked, before anything is done under it: a pass
    that only looks does not wait for the disk, and what a power cut loses was never used.
    """
    handle = _open(fence)
    try:
        token = _token_in(os.pread(handle, _TOKEN_DIGITS + 2, 0)) + 1
        os.pwrite(handle, f"{token:0{_TOKEN_DIGITS}d}\n".encode("ascii"), 0)
    except ValueError as exc:
        raise ConfigError(
            f"{fence} does not hold a token, so nobody can tell whose lease on this device is newest",
            hint="remove the file when no murenger process works on the device",
        ) from exc
    except OSError as exc:
        raise _unwritable(fence, exc) from exc
    else:
        return token
    finally:
        os.close(handle)


def _settled_token(fence: pathlib.Path) -> int:
    """Return the newest token, which is on disk by then.

    Raises:
        OSError: it is gone, or the disk fails.
        ValueError: it is not a token.
    """
    handle = os.open(fence, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        token = _token_in(os.pread(handle, _TOKEN_DIGITS + 2, 0))
        os.fdatasync(handle)
    finally:
        os.close(handle)
    if token == 1:
        sync_folder(fence.parent)
    return token


def _token_in(content: bytes) -> int:
    """Return the token that a file holds; 0 for an empty one, which a crash left before its first token counted."""
    if not content:
        return 0
    number = content.removesuffix(b"\n")
    if len(content) != _TOKEN_DIGITS + 1 or len(number) != _TOKEN_DIGITS or not number.isdigit():
        raise ValueError(content)
    return int(number)


def _unwritable(path: pathlib.Path, exc: OSError) -> ConfigError:
    return ConfigError(f"the lease {path} cannot be written: {exc.strerror}", hint="is the disk full or read-only?")
