"""Turns: what several processes on this machine may only do one after the other, and soon have done.

Input: a state folder. Output: a context that nobody else is in; whoever comes waits.
"""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from murenger.adapters.files.private import PRIVATE_FILE, private_folder
from murenger.errors import ConfigError


@contextlib.contextmanager
def turn(state: pathlib.Path, name: str) -> Iterator[None]:
    """Return a context in which no other thread or process has this turn; entering waits for it.

    The operating system ends the turn of a process that dies.

    Args:
        state: the runner's state folder.
        name: what is done in turn, a file name.

    Raises:
        ConfigError: the state folder cannot be written.
    """
    path = private_folder(state / "turns") / f"{name}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be opened: {exc.strerror}", hint="see runner.state") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
