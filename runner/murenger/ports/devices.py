"""Devices: which there are, what they run, and how they are changed.

Input: devices. Output: live configurations, and changes that undo themselves.
"""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Protocol

from murenger.model import Device, Difference, RawRead, SafetyNet


class Inventory(Protocol):
    """The devices there are."""

    def devices(self, selection: Sequence[str]) -> tuple[Device, ...]:
        """Return the devices that any of these device or group names selects, in inventory order.

        Args:
            selection: names; an empty selection selects nothing.

        Raises:
            ConfigError: a name is neither a device nor a group, or the inventory cannot be read.
        """
        ...

    def variable(self, device: Device, name: str) -> str | None:
        """Return an inventory variable of a device as text (vaulted values decrypted), or None if it is not set.

        Raises:
            ConfigError: the variable is not plain text, or its vault does not open.
        """
        ...


class ConfigSource(Protocol):
    """Live configurations, read with the read credential only."""

    def read(self, device: Device) -> RawRead:
        """Read the full running configuration over a new connection, which is closed afterwards.

        Raises:
            ObserveError: the read could not be had, is not whole, or the peer is not the device.
        """
        ...

    def canonicalise(self, device: Device, text: str) -> str:
        """Return the text as the device's own software would list it after loading; nothing on the device changes.

        Platforms that list what they were given return it unchanged.

        Raises:
            ObserveError: the device cannot be asked.
            ParseError: the device's software refuses the text.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What a device says about a candidate that it holds but does not run.

    Attributes:
        live: running configuration, read on the same connection after loading.
        device_diff: the driver's own comparison, running -> candidate; empty if the driver sees none. Holds secrets.
    """

    live: RawRead = dataclasses.field(repr=False)
    device_diff: str = dataclasses.field(repr=False)


class ChangeSession(Protocol):
    """One connection with the heal credential on which one change is made."""

    @property
    def handle(self) -> str:
        """Return what names this very commit on the device, for `Remediator.take_back`; "" where nothing does."""
        ...

    def stage(self, candidate: str) -> Staged:
        """Load the text as a full replacement of the managed part, without applying it.

        Args:
            candidate: canonical text with every secret filled in.

        Raises:
            GuardRefusedError: somebody else's change is pending or locks the device.
            RemediationError: the device refuses the text.
        """
        ...

    def commit(self, *, message: str, revert_in_s: int) -> None:
        """Arm the device's revert timer, then apply the staged candidate.

        Raises:
            GuardRefusedError: the running configuration is no longer what `stage` saw; nothing was applied.
            RemediationError: the device answered that it did not take the change.
            UnreachableError: there was no answer, so the device may have the change; the timer decides.
        """
        ...

    def confirm(self) -> None:
        """Make the applied change permanent.

        Raises:
            RemediationError: too late, or the pending change is not ours.
            ConfirmationIgnoredError: it was accepted, and the device's timer runs on all the same.
        """
        ...

    def undo(self) -> bool:
        """Discard what is staged, or revert what is committed and unconfirmed; nothing if there is neither.

        Returns:
            True if a commit of ours was reverted, False if the device says that none waits for its confirmation.

        Raises:
            RollbackError: the device would not, or does not say.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlowReport:
    """What became of connections that a drift admitted.

    Attributes:
        cut: number of connection-table entries cleared, or None where the platform cannot say.
        note: one clause for the record.
    """

    cut: int | None
    note: str


class Remediator(Protocol):
    """Changes to devices, made with the heal credential, which nothing else ever opens."""

    def safety_net(self, device: Device, *, revert_in_s: int) -> SafetyNet:
        """Return how the device reverts by itself; touches nothing.

        Raises:
            GuardRefusedError: the platform has no proved safety net, or the time is outside what it accepts.
        """
        ...

    def open(self, device: Device, *, token: int = 0) -> contextlib.AbstractContextManager[ChangeSession]:
        """Return a session; entering connects, leaving undoes whatever is unconfirmed and disconnects.

        Args:
            device: the device.
            token: the lease's fencing token, which marks what is left on the device; 0 where no lease is kept.

        Raises:
            ObserveError: on entering, if the device cannot be reached, refuses the login or is another.
        """
        ...

    def take_back(self, device: Device, handle: str) -> bool:
        """Revert an unconfirmed commit of ours over a new connection.

        Args:
            device: the device.
            handle: the commit's name, as the session that made it gave it.

        Returns:
            True if the device reverted that very commit; False if it is not pending, or if the platform does not tell
            one pending commit from another: somebody else's is then left alone, and the timer decides.

        Raises:
            MurengerError: the device cannot be reached, or would not.
        """
        ...

    def has_pending(self, device: Device) -> bool:
        """Tell, over a new connection, whether a commit on the device, of ours or not, waits for its confirmation.

        Raises:
            MurengerError: the device cannot be reached, or does not say.
        """
        ...

    def cut_flows(self, device: Device, differences: Sequence[Difference]) -> FlowReport:
        """End connections that these healed differences had admitted; called only after confirmation."""
        ...


class Lease(Protocol):
    """The right to work on one device, as long as its context lasts."""

    @property
    def token(self) -> int:
        """Return a number greater than that of every earlier holder of the device, >= 1."""
        ...

    def check(self) -> None:
        """Refuse to go on if somebody else may hold the device by now.

        Raises:
            LeaseHeldError: the lease was lost behind our back.
        """
        ...


class Leases(Protocol):
    """One worker to a device at a time."""

    def hold(self, device: str) -> contextlib.AbstractContextManager[Lease]:
        """Return a context in which nobody else holds this device; entering gives the lease.

        Raises:
            LeaseHeldError: on entering, if another process or thread holds it.
        """
        ...
