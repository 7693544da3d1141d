"""The device that is tried: what it ran when it was found, and how to get back there.

Input: a device, a login and a harmless change. Output: connections, reads in canonical form, and restoration.
"""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from murenger.adapters.napalm.conformance.harmless import HarmlessChange
from murenger.adapters.napalm.conformance.severed import commit_and_die
from murenger.adapters.napalm.connection import Connection, Driver, Login, TimeLimits, connect
from murenger.adapters.napalm.failures import change_error
from murenger.adapters.napalm.profiles import DriverProfile, profile
from murenger.adapters.napalm.remediator import NapalmRemediator
from murenger.dialects import dialect, managed_part
from murenger.errors import MurengerError, RollbackError
from murenger.model import Device, Snapshot
from murenger.observe import canonical
from murenger.ports import Clock
from murenger.secrets import Fingerprinter, fill

T = TypeVar("T")

# Device clocks and ours differ, and applying a large configuration takes time; who is later than this locks us out.
GRACE_S = 30.0
_POLL_S = 2.0
_AMPLE_S = 60
_STEPS = 12


class NotProvedError(Exception):
    """A check did not see what it was to see; the text is its reason, one line."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the device runs at one moment.

    Attributes:
        snapshot: the whole of it, canonical.
        values: its secrets by placeholder; in memory only.
    """

    snapshot: Snapshot
    values: Mapping[str, str] = dataclasses.field(repr=False)


class Subject:
    """One device under trial.

    Args:
        device: the device.
        login: the heal credential.
        limits: time limits.
        clock: the time, and the only way to wait.
        change: what is put in and taken out.
        golden: canonical text whose top-level sections are the managed ones, where a device has others too; "" else.
        fingerprinter: makes placeholders for this run.
        waiting: told what is waited for, and how many seconds are left.
    """

    def __init__(
        self,
        *,
        device: Device,
        login: Login,
        limits: TimeLimits,
        clock: Clock,
        change: HarmlessChange,
        golden: str,
        fingerprinter: Fingerprinter,
        waiting: Callable[[str, float], None],
    ) -> None:
        self.device = device
        self.clock = clock
        self.change = change
        self.habits: DriverProfile = profile(device.platform)
        self._login = login
        self._limits = limits
        self._golden = golden
        self._fingerprinter = fingerprinter
        self._waiting = waiting
        self._home: State | None = None

    @property
    def revert_s(self) -> int:
        """Seconds that a revert timer is tried with."""
        return max(self.change.revert_s, self.habits.revert_min_s)

    @property
    def ample_s(self) -> int:
        """Seconds for a revert timer that is not meant to fire: long enough for a slow device."""
        return max(self.revert_s, _AMPLE_S)

    @property
    def home(self) -> State:
        """The state that every check begins and ends in."""
        if self._home is None:
            raise NotProvedError("the device was not read")
        return self._home

    @home.setter
    def home(self, state: State) -> None:
        self._home = state

    @property
    def base(self) -> str:
        """The managed part of that state with its secrets, as it could be sent back."""
        return self._sendable(self.home)

    @property
    def candidate(self) -> str:
        """The same with the harmless change in it."""
        return self.change.put_into(self.base)

    @contextlib.contextmanager
    def connected(
        self, *, to_change: bool = True, more_args: tuple[tuple[str, object], ...] = ()
    ) -> Iterator[Connection]:
        """Return an open connection with the heal credential."""
        with connect(self.device, self._login, self._limits, to_change=to_change, more_args=more_args) as connection:
            yield connection

    def remediator(self) -> NapalmRemediator:
        """Return the way in which heals change this device."""
        return NapalmRemediator(lambda _: self._login, self.clock, self._limits, owner="conformance")

    def state(self) -> State:
        """Read the device over a new connection.

        Raises:
            ObserveError: it cannot be read whole.
        """
        with self.connected(to_change=False) as connection:
            raw = connection.read(self.clock)
        snapshot, values = canonical(raw, self.device, self._fingerprinter)
        return State(snapshot=snapshot, values=values)

    def commit_and_die(self, candidate: str) -> str:
        """Commit with the revert timer armed, in a process that is killed; return what names the commit."""
        return commit_and_die(self.device, self._login, self._limits, candidate=candidate, revert_in_s=self.revert_s)

    def expect_change(self, state: State, change: HarmlessChange | None = None) -> None:
        """Refuse a state that is not home and the harmless change, exactly.

        Raises:
            NotProvedError: it is not; says how.
        """
        change = change or self.change
        gone, new = differences(self.home.snapshot.text, state.snapshot.text)
        if not any(change.mark in line for line in new):
            raise NotProvedError("the device does not run what was committed")
        if gone:
            raise NotProvedError(f"a commit removed {len(gone)} lines that were in the candidate")
        if set(new) - change.lines():
            raise NotProvedError("a commit added lines that were not in the candidate")

    def expect_home(self, what: str) -> None:
        """Refuse a device that does not run exactly what it ran before the check.

        Raises:
            NotProvedError: it does not; says after what.
        """
        if self.state().snapshot.digest != self.home.snapshot.digest:
            raise NotProvedError(f"{what}, the device runs something else than before")

    def wait(self, seconds: float, what: str) -> None:
        """Let time pass, and say what for."""
        left = seconds
        while left > 0:
            self._waiting(what, left)
            step = min(left, max(1.0, seconds / _STEPS))
            self.clock.wait(step)
            left -= step
        self._waiting(what, 0.0)

    def comes_home(self, what: str, within_s: float = GRACE_S) -> bool:
        """Tell whether the device returns to where it was by itself within some seconds."""
        left = within_s
        while True:
            with contextlib.suppress(MurengerError):
                if self.state().snapshot.digest == self.home.snapshot.digest:
                    return True
            if left <= 0:
                return False
            self.wait(_POLL_S, what)
            left -= _POLL_S

    def restore(self) -> None:
        """Bring the device home by whatever way works: its own timer, undoing, or a full replacement of ours.

        Raises:
            RollbackError: no way did; the device is not as it was found.
        """
        reason = ""
        for way, patience_s in (
            (self._let_timer_fire, 0.0),
            (self._end_pending, 0.0),
            (self._replace, _POLL_S),
            (self._undo, _POLL_S),
            (self._replace, _POLL_S),
            # A commit that the driver denies may still be pending, and then nothing else is taken before its end.
            (self._replace, self.ample_s + GRACE_S),
            (self._replace, _POLL_S),
        ):
            if self.comes_home("the device to return", within_s=0.0):
                return
            try:
                way()
            except Exception as exc:  # noqa: BLE001 - drivers let anything through; the next way is tried
                reason = self.told(exc)
            if self.comes_home("the device to return", within_s=patience_s):
                return
        raise self._stranded(reason or "a full replacement did not bring it back")

    def discard(self, driver: Driver, connection: Connection) -> None:
        """Throw a candidate of ours away; one that is not there any more is as good."""
        with contextlib.suppress(Exception):
            connection.call("discard", driver.discard_config)

    def told(self, exc: BaseException) -> str:
        """Return an exception as one line without a secret."""
        return change_error(exc, self.device.name, (self._login.password,) if self._login.password else ()).message

    def _is_pending(self) -> bool:
        with self.connected() as connection:
            return connection.call("pending commit", connection.driver.has_pending_commit)

    def _let_timer_fire(self) -> None:
        if self._is_pending():
            self.comes_home("the revert timer", within_s=self.ample_s + GRACE_S)

    def _undo(self) -> None:
        with self.connected() as connection:
            connection.call("undo", getattr(connection.driver, self.habits.undo_committed))

    def _end_pending(self) -> None:
        """Undo what is pending still; where that fails, confirm it, for then it can be replaced."""
        if self._is_pending():
            self._undo()
        if self._is_pending():
            with self.connected() as connection:
                connection.call("confirm", connection.driver.confirm_commit)

    def _replace(self) -> None:
        with self.connected() as connection:
            driver = connection.driver
            connection.call("load", lambda: driver.load_replace_candidate(config=self.base))
            connection.call("compare", driver.compare_config)
            connection.call("commit", lambda: driver.commit_config(message="", revert_in=None))

    def _stranded(self, reason: str) -> RollbackError:
        return RollbackError(
            f"the device is NOT as it was found, and could not be brought back: {reason}",
            device=self.device.name,
            hint=f"look for {self.change.mark} in its configuration ({self.change.what}) and remove it by hand",
        )

    def _sendable(self, state: State) -> str:
        known, text = dialect(self.device.platform), state.snapshot.text
        part = managed_part(self._golden, known, text) if self._golden else text
        return fill(part, state.values, known)


def differences(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines, stripped, that are gone and those that are new, order counted."""
    found = tuple(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    gone = tuple(line[1:].strip() for line in found if line.startswith("-"))
    new = tuple(line[1:].strip() for line in found if line.startswith("+"))
    return tuple(filter(None, gone)), tuple(filter(None, new))
