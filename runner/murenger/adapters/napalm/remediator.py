"""Changes through NAPALM, with the heal credential and the device's own safety net.

Input: a device and a filled candidate. Output: ports `Remediator` and `ChangeSession`.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

from murenger.adapters.napalm.candidates import SessionDriver, mark_of, take_session
from murenger.adapters.napalm.connection import Connection, Login, TimeLimits, connect
from murenger.adapters.napalm.failures import change_error, commit_error, too_late
from murenger.adapters.napalm.flows import cut_flows
from murenger.adapters.napalm.profiles import profile
from murenger.adapters.napalm.taking_back import take_back
from murenger.errors import ConfirmationIgnoredError, GuardRefusedError, RemediationError, RollbackError
from murenger.model import Device, Difference, SafetyNet
from murenger.ports import ChangeSession, Clock, FlowReport, Staged

T = TypeVar("T")


class NapalmRemediator:
    """Port `Remediator` over NAPALM drivers.

    Args:
        login: gives the heal credential of a device; called by `open` and `cut_flows` only.
        clock: the time of each read.
        limits: time limits.
        owner: name of the log; marks what we leave on a device should we die there.
    """

    def __init__(self, login: Callable[[Device], Login], clock: Clock, limits: TimeLimits, *, owner: str = "") -> None:
        self._login = login
        self._clock = clock
        self._limits = limits
        self._mark = mark_of(owner)

    def safety_net(self, device: Device, *, revert_in_s: int) -> SafetyNet:
        """Return how the device reverts by itself; touches nothing.

        Raises:
            GuardRefusedError: the time is outside what the driver's device accepts.
        """
        _refuse_inexact(device, revert_in_s)
        return profile(device.platform).safety_net

    @contextlib.contextmanager
    def open(self, device: Device, *, token: int = 0) -> Iterator[ChangeSession]:
        """Return a session; entering connects, leaving undoes whatever is unconfirmed and disconnects.

        Args:
            device: the device.
            token: the lease's fencing token, which marks what is left on the device; 0 where no lease is kept.

        Raises:
            ObserveError: on entering, if the device cannot be reached, refuses the login or is another.
        """
        with connect(device, self._login(device), self._limits, to_change=True) as connection:
            session = NapalmSession(connection, self._clock, mark=self._mark, token=token)
            try:
                yield session
            finally:
                session.undo()

    def take_back(self, device: Device, handle: str) -> bool:
        """Revert an unconfirmed commit of ours over a new connection; see the port.

        Raises:
            MurengerError: the device cannot be reached, or would not.
        """
        if not profile(device.platform).handle:
            return False
        with connect(device, self._login(device), self._limits, to_change=True) as connection:
            return take_back(connection, handle)

    def has_pending(self, device: Device) -> bool:
        """Tell whether a commit waits for its confirmation; see the port.

        Raises:
            MurengerError: the device cannot be reached, or does not say.
        """
        with connect(device, self._login(device), self._limits) as connection:
            try:
                return connection.call("pending commit", connection.driver.has_pending_commit)
            except Exception as exc:
                raise change_error(exc, device.name, connection.secrets) from exc

    def cut_flows(self, device: Device, differences: Sequence[Difference]) -> FlowReport:
        """End connections that these healed differences had admitted; called only after confirmation."""
        habits = profile(device.platform)
        if habits.flows:
            return FlowReport(cut=None, note=habits.flows)
        with connect(device, self._login(device), self._limits, to_change=True) as connection:
            return cut_flows(connection, differences)


def _refuse_inexact(device: Device, revert_in_s: int) -> None:
    """Refuse a revert time that the device would not keep, or would take for none: then a commit is permanent."""
    habits = profile(device.platform)
    if not habits.revert_min_s <= revert_in_s <= habits.revert_max_s or revert_in_s % habits.revert_step_s:
        raise GuardRefusedError(
            f"a revert time of {revert_in_s} s cannot be armed exactly on {device.platform}",
            device=device.name,
            hint=f"set revert_in to {habits.revert_min_s}..{habits.revert_max_s} s, in steps of {habits.revert_step_s}",
        )


class NapalmSession:
    """Port `ChangeSession` over one open driver.

    Args:
        connection: an open connection with the heal credential.
        clock: the time of each read.
        mark: begins the name of every candidate of ours, where the device names them.
        token: the lease's fencing token, or 0.
    """

    def __init__(self, connection: Connection, clock: Clock, *, mark: str, token: int = 0) -> None:
        self._connection = connection
        self._driver = connection.driver
        self._clock = clock
        self._mark = mark
        self._token = token
        self._undo: str | None = None
        self._was_sent = False

    @property
    def handle(self) -> str:
        """Return what names this very commit on the device; "" where nothing does."""
        name = self._connection.profile.handle
        return str(getattr(self._driver, name, None) or "") if name and self._was_sent else ""

    def stage(self, candidate: str) -> Staged:
        """Load the text as a full replacement of the managed part, without applying it.

        Raises:
            GuardRefusedError: somebody else's change is pending or locks the device.
            RemediationError: the device refuses the text.
        """
        self._refuse_foreign_work()
        if self._connection.profile.named_candidate:
            self._call("candidate", lambda: take_session(cast("SessionDriver", self._driver), self._mark, self._token))
        self._call("load", lambda: self._driver.load_replace_candidate(config=candidate))
        self._undo = "discard_config"
        device_diff = self._call("compare", self._driver.compare_config)
        return Staged(live=self._connection.read(self._clock), device_diff=device_diff)

    def commit(self, *, message: str, revert_in_s: int) -> None:
        """Arm the device's revert timer, then apply the staged candidate.

        Raises:
            GuardRefusedError: the running configuration is no longer what `stage` saw; nothing was applied.
            RemediationError: the device answered that it did not take the change.
            UnreachableError: there was no answer, so the device may have the change; the timer decides.
        """
        if self._undo != "discard_config":
            raise RemediationError("nothing is staged", device=self._connection.device.name)
        _refuse_inexact(self._connection.device, revert_in_s)
        told = message if self._connection.profile.message_with_timer else ""
        # From here on the device may have the change, whatever the connection says.
        self._undo, self._was_sent = self._connection.profile.undo_committed, True
        try:
            self._connection.call("commit", lambda: self._driver.commit_config(message=told, revert_in=revert_in_s))
        except Exception as exc:
            raise commit_error(exc, self._connection.device.name, self._connection.secrets) from exc

    def confirm(self) -> None:
        """Make the applied change permanent.

        Raises:
            RemediationError: too late.
            ConfirmationIgnoredError: the device accepts the confirmation and its timer runs on.
            GuardRefusedError: another administrator's edits would be published with it.
        """
        name = self._connection.device.name
        # Read before asking whether it is pending: if it still is, this is what the change made.
        applied = self._running_if_silent()
        if not self._call("pending commit", self._driver.has_pending_commit):
            raise too_late(name)
        self._refuse_foreign_edits()
        self._call("confirm", self._driver.confirm_commit)
        if self._running_if_silent() != applied:
            raise too_late(name)
        if self._call("pending commit", self._driver.has_pending_commit):
            raise ConfirmationIgnoredError("the device accepted the confirmation and its timer runs on", device=name)
        self._undo = None

    def _running_if_silent(self) -> str:
        """Return what runs, where the device says nothing to a confirmation that came after its timer; else ""."""
        if not self._connection.profile.late_confirm_is_silent:
            return ""
        text = self._call("running configuration", lambda: self._driver.get_config(retrieve="running"))["running"]
        # The header tells of the last commit, and the confirmation is one.
        return "\n".join(line for line in text.splitlines() if not line.startswith("##"))

    def undo(self) -> bool:
        """Discard what is staged, or revert what is committed and unconfirmed; nothing if there is neither.

        Returns:
            True if a commit of ours was reverted, False if the device says that none waits for its confirmation.

        Raises:
            RollbackError: the device would not, or does not say.
        """
        method, self._undo = self._undo, None
        if method is None:
            return False
        name = self._connection.device.name
        try:
            if self._was_sent and not self._committed():
                # Nothing of ours runs: the commit was refused, or the timer was faster. Where the timer ends the
                # session too, there is nothing left to discard and the device says so with an error.
                with contextlib.suppress(Exception):
                    self._connection.call("discard", self._driver.discard_config)
                return False
            if self._was_sent:
                self._refuse_foreign_edits()
            self._connection.call("undo", getattr(self._driver, method))
        except Exception as exc:
            reason = change_error(exc, name, self._connection.secrets)
            raise RollbackError(
                f"the change could not be undone over this connection: {reason.message}",
                device=name,
                hint="the device's own timer reverts it; look at the device when it has run out",
            ) from exc
        return self._was_sent

    def _committed(self) -> bool:
        """Tell whether the device holds an unconfirmed commit; our commit may have failed before it was one."""
        return self._connection.call("pending commit", self._driver.has_pending_commit)

    def _refuse_foreign_work(self) -> None:
        if self._call("pending commit", self._driver.has_pending_commit):
            raise GuardRefusedError(
                "an unconfirmed commit is pending on the device",
                guard="foreign-candidate",
                device=self._connection.device.name,
                hint="it was not touched",
            )
        self._refuse_foreign_edits()

    def _refuse_foreign_edits(self) -> None:
        """Refuse to go on while a candidate that all administrators share holds somebody's uncommitted edits."""
        if self._connection.profile.shared_candidate and self._call("compare", self._driver.compare_config):
            raise GuardRefusedError(
                "the device's candidate holds another administrator's uncommitted edits",
                guard="foreign-candidate",
                device=self._connection.device.name,
                hint="ask them to commit or discard; they were not touched",
            )

    def _call(self, what: str, function: Callable[[], T]) -> T:
        try:
            return self._connection.call(what, function)
        except Exception as exc:
            raise change_error(exc, self._connection.device.name, self._connection.secrets) from exc
