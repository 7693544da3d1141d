"""One process at a time: a lock on a file, waited for only so long.

Input: the path of a file that is there for the lock alone. Output: a context, and whether the lock was had.
"""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from murenger.adapters.files.private import PRIVATE_FILE
from murenger.ports import Clock

_POLL_S = 0.05


@contextlib.contextmanager
def exclusive(path: pathlib.Path, clock: Clock, *, within_s: float) -> Iterator[bool]:
    """Return a context in which no other process or thread is; False if another one would not leave it in time.

    Args:
        path: the lock; made where it is not there, in a folder that is.
        clock: how time passes.
        within_s: seconds to wait for the others, >= 0.

    Raises:
        OSError: the file cannot be opened.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        yield _locked(handle, clock, clock.monotonic_s() + within_s)
    finally:
        # Closing frees the lock, as the kernel does for a process that dies.
        os.close(handle)


def _locked(handle: int, clock: Clock, deadline_s: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic_s() >= deadline_s:
                return False
            clock.wait(_POLL_S)
        else:
            return True
