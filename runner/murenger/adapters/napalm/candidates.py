"""Candidates that outlive their connection: ours carry our mark, so that a later process can clear those of a dead one.

Input: a driver that keeps its candidate in a named configuration session, and our mark. Output: a name for the next
session, and no session of ours but that. A session of anybody else is left alone; the driver refuses to work beside it.
Source: NAPALM's eos driver: it names its session by chance, and takes each pending session of another name for a lock.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Protocol, cast

from murenger.errors import LeaseHeldError

_LIST = "show configuration sessions"
_DETAIL = f"{_LIST} detail"
# A session is pending, then pendingCommitTimer, then completed.
_OPEN = "pending"
# More digits than any token has; a session of our mark with a longer number in its name is none of ours.
_MAX_DIGITS = 12


class SessionDriver(Protocol):
    """The part of NAPALM's eos driver that is needed, typed."""

    config_session: str | None

    def cli(self, commands: list[str], encoding: str = ...) -> dict[str, object]: ...  # noqa: D102 - NAPALM's own


def mark_of(owner: str) -> str:
    """Return the mark that begins the name of every session of one owner.

    Args:
        owner: name of the log, which no two installations share.
    """
    return f"murenger_{hashlib.sha256(owner.encode()).hexdigest()[:8]}_"


def session_states(driver: SessionDriver) -> dict[str, str]:
    """Return the state of each configuration session, by name."""
    listed = cast("Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]", driver.cli([_LIST], "json"))
    return {name: session["state"] for name, session in listed[_LIST]["sessions"].items()}


def pending_session(driver: SessionDriver) -> str:
    """Return the name of the session whose commit waits for its confirmation, or "" if there is none."""
    listed = cast("Mapping[str, Mapping[str, object]]", driver.cli([_DETAIL], "json"))[_DETAIL]
    named = listed.get("commitTimerSessionName")
    if isinstance(named, str):
        return named
    # Before EOS 4.32 the session's own state says so.
    sessions = cast("Mapping[str, Mapping[str, str]]", listed["sessions"])
    return next((name for name, session in sessions.items() if session["state"] == "pendingCommitTimer"), "")


def take_session(driver: SessionDriver, mark: str, token: int = 0) -> None:
    """Abort pending sessions that bear our mark, and give the driver's next session a name of its own.

    Call it under the device's lease: a session with our mark then belongs to a process that is gone, unless its name
    carries a greater token than ours: then the lease is not ours any more.

    Args:
        driver: an open driver.
        mark: begins the names of our sessions.
        token: the lease's fencing token, or 0.

    Raises:
        LeaseHeldError: a later holder of the lease was here.
    """
    ours = {
        name: state
        for name, state in session_states(driver).items()
        if name.startswith(mark) and state.startswith(_OPEN)
    }
    newest = max((_token_in(name, mark) for name in ours), default=0)
    if token and newest > token:
        raise LeaseHeldError(
            f"the lease on this device was lost: it knows token {newest}, and ours is {token}",
            hint="another process works on it; if none does and runner.state was lost, abort its sessions by hand",
        )
    for name, state in ours.items():
        if state == "pending":
            driver.cli([f"configure session {name} abort"])
    driver.config_session = f"{mark}{token}_{secrets.token_hex(4)}"


def _token_in(name: str, mark: str) -> int:
    """Return the token in the name of a session of ours, 0 where there is none."""
    token = name.removeprefix(mark).partition("_")[0]
    return int(token) if token.isascii() and token.isdigit() and len(token) <= _MAX_DIGITS else 0
