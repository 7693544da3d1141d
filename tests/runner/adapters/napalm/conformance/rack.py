"""A device that lives in a folder, and a driver for it that does what it says.

Input: a folder that holds the device's state and its clock. Output: a NAPALM driver, found by `get_network_driver`
as any other is. The device reverts by its own clock, whoever is connected.
"""

import contextlib
import datetime
import difflib
import fcntl
import json
import pathlib
import secrets
from collections.abc import Iterator
from typing import Any

from napalm.base import NetworkDriver
from napalm.base.exceptions import CommitError, ReplaceConfigException, SessionLockedException

BAD = "no-such-command"
RUNNING = """\
hostname rack1
!
interface Ethernet1
   description uplink
!
ip access-list MGMT
   10 permit ip any any
!
end
"""
# The same device before somebody added a line that was never saved.
SAVED = RUNNING.replace("   description uplink\n", "")


class Rack:
    """The device behind the drivers, past every login.

    Args:
        folder: where its state lies.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._state = folder / "state.json"
        self._clock = folder / "clock"
        self._put(self._clock, "1000.0")
        self._write({"running": RUNNING, "startup": SAVED, "pending": None, "session": None})

    def now_s(self) -> float:
        """Return the device's time."""
        return float(self._clock.read_text())

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._put(self._clock, str(self.now_s() + seconds))

    @contextlib.contextmanager
    def state(self) -> Iterator[dict[str, Any]]:
        """Return what the device holds, its timer having fired where it is due."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = json.loads(self._state.read_text())
            pending = state["pending"]
            if pending and pending["until"] is not None and self.now_s() >= pending["until"]:
                state |= {"running": pending["back_to"], "pending": None}
            yield state
            self._write(state)

    def running(self) -> str:
        """Return what it runs."""
        with self.state() as state:
            return str(state["running"])

    def _write(self, state: dict[str, Any]) -> None:
        self._put(self._state, json.dumps(state))

    def _put(self, path: pathlib.Path, text: str) -> None:
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)


class RackClock:
    """Port `Clock`: waiting moves the device's clock, and no real time passes.

    Args:
        rack: the device.
    """

    def __init__(self, rack: Rack) -> None:
        self._rack = rack

    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self._rack.now_s())

    def monotonic_s(self) -> float:
        return self._rack.now_s()

    def wait(self, seconds: float) -> None:
        self._rack.advance(seconds)


class Honest(NetworkDriver):  # type: ignore[misc]  # napalm ships no types
    """Does what it says."""

    def __init__(self, *, hostname: str, optional_args: dict[str, Any], **_: object) -> None:
        self.hostname = hostname
        self.optional_args = optional_args
        self.rack: Rack = self.optional_args["rack"]
        self.candidate: str | None = None
        self.session = secrets.token_hex(4)

    def open(self) -> None:
        """Connect."""

    def close(self) -> None:
        self.discard_config()

    def is_alive(self) -> dict[str, bool]:
        return {"is_alive": True}

    def get_facts(self) -> dict[str, object]:
        return {"hostname": "rack1", "os_version": "1.2.3", "serial_number": ""}

    def get_config(self, **_: object) -> dict[str, str]:
        return {"running": self.rack.running(), "startup": "", "candidate": ""}

    def load_replace_candidate(self, *, config: str, **_: object) -> None:
        self._load(config)

    def load_merge_candidate(self, *, config: str, **_: object) -> None:
        self._load(self.rack.running().replace("end\n", f"{config}!\nend\n"))

    def _load(self, text: str) -> None:
        with self.rack.state() as state:
            if state["session"] not in (None, self.session):
                raise SessionLockedException("Session is already in use")
            if BAD in text:
                raise ReplaceConfigException(f"invalid input: {BAD}")
            state["session"] = self.session
        self.candidate = text

    def compare_config(self) -> str:
        if self.candidate is None:
            return ""
        lines = difflib.unified_diff(self.rack.running().splitlines(), self.candidate.splitlines(), n=0, lineterm="")
        return "\n".join(list(lines)[2:])

    def commit_config(self, *, message: str = "", revert_in: int | None = None) -> None:
        if message:
            raise NotImplementedError("no messages here")
        with self.rack.state() as state:
            if state["pending"]:
                raise CommitError("a pending commit")
            if revert_in is not None:
                state["pending"] = {
                    "until": self.fires_at_s(revert_in),
                    "back_to": self.back_to(state),
                    "before": state["running"],
                }
            else:
                state["startup"] = self.candidate
            state |= {"running": self.candidate, "session": None}
        self.candidate = None

    def fires_at_s(self, revert_in: int) -> float | None:
        """Return when the device's timer fires; None: never."""
        return self.rack.now_s() + revert_in

    def back_to(self, state: dict[str, Any]) -> str:
        """Return what the device's timer brings back."""
        return str(state["running"])

    def has_pending_commit(self) -> bool:
        with self.rack.state() as state:
            return state["pending"] is not None

    def confirm_commit(self) -> None:
        with self.rack.state() as state:
            if not state["pending"]:
                raise CommitError("no pending commit")
            state["pending"] = None

    def discard_config(self) -> None:
        with self.rack.state() as state:
            if state["session"] == self.session:
                state["session"] = None
        self.candidate = None

    def rollback(self) -> None:
        with self.rack.state() as state:
            if state["pending"]:
                state |= {"running": state["pending"]["before"], "pending": None}
