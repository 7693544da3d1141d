"""A commit whose client is gone: made in a process of its own, which is killed as soon as the device has answered.

Input: a candidate and a revert time. Output: what names the commit on the device. Whatever the driver does by itself,
on closing or by a timer in the client, dies with that process; what happens then is the device's doing alone.
"""

import contextlib
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import TypeAlias

from murenger.adapters.napalm.connection import Login, TimeLimits, connect
from murenger.adapters.napalm.failures import change_error
from murenger.errors import RemediationError
from murenger.model import Device

Answer: TypeAlias = "Pipe[tuple[bool, str], tuple[bool, str]]"

# Loading and committing are two calls, opening and comparing two more.
_CALLS = 4


def commit_and_die(device: Device, login: Login, limits: TimeLimits, *, candidate: str, revert_in_s: int) -> str:
    """Commit a full replacement with its revert timer armed, and cut the link without a word.

    Returns:
        What names the commit on the device, for another connection to confirm it; "" where nothing does.

    Raises:
        RemediationError: the driver refused, or did not answer in time.
    """
    here, there = multiprocessing.Pipe()
    with here:

        def commit() -> None:
            here.close()
            _commit(there, device, login, limits, candidate=candidate, revert_in_s=revert_in_s)

        child = _forked(commit)
        there.close()
        try:
            if not here.poll(limits.connect_s + _CALLS * limits.call_s):
                raise RemediationError("the commit was not answered in time", device=device.name)
            done, said = here.recv()
        except EOFError as exc:
            raise RemediationError("the process that commits ended without a word", device=device.name) from exc
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    if not done:
        raise RemediationError(said, device=device.name)
    return str(said)


def _forked(function: Callable[[], None]) -> int:
    """Return the process that calls a function; a fork, so that the driver that is tried is the one loaded here."""
    with warnings.catch_warnings():
        # Threads of earlier calls may still run; the child uses nothing that they could hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        function()
    finally:
        # Nothing of the parent's is tidied up here: neither its temporary files nor its connections are ours.
        os._exit(1)


def _commit(
    pipe: Answer, device: Device, login: Login, limits: TimeLimits, *, candidate: str, revert_in_s: int
) -> None:
    secrets = (login.password,) if login.password else ()
    try:
        with connect(device, login, limits, to_change=True) as connection:
            driver = connection.driver
            connection.call("load", lambda: driver.load_replace_candidate(config=candidate))
            connection.call("compare", driver.compare_config)
            connection.call("commit", lambda: driver.commit_config(message="", revert_in=revert_in_s))
            pipe.send((True, str(getattr(driver, connection.profile.handle or "-", None) or "")))
            # Until we are killed, or the parent is: the connection must not be kept open by a process nobody knows.
            with contextlib.suppress(EOFError):
                pipe.recv()
            os._exit(1)
    except Exception as exc:  # noqa: BLE001 - drivers let their libraries' exceptions through; it is told, then we die
        pipe.send((False, change_error(exc, device.name, secrets).message))
