"""Candidates that outlive their connection: ours carry our mark, so that a later process can clear those of a dead one.

Input: a driver that keeps its candidate in a named configuration session, and our mark. Output: a name for the next
session, and no session of ours but that. A session of anybody else is left alone; the driver refuses to work beside it.
Source: NAPALM's eos driver: it names its session by chance, and takes each pending session of another name for a lock.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Protocol, cast

_LIST = "show configuration sessions"


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


def take_session(driver: SessionDriver, mark: str) -> None:
    """Abort pending sessions that bear our mark, and give the driver's next session a name of its own.

    Call it under the device's lease: a session with our mark then belongs to a process that is gone.
    """
    listed = cast("Mapping[str, Mapping[str, Mapping[str, object]]]", driver.cli([_LIST], "json"))
    for name, session in listed[_LIST]["sessions"].items():
        if name.startswith(mark) and cast("Mapping[str, object]", session)["state"] == "pending":
            driver.cli([f"configure session {name} abort"])
    driver.config_session = mark + secrets.token_hex(4)
