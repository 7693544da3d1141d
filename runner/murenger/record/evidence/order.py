"""What a pack is to hold and for whom, and where its files go.

Input: the command's options and the ledger's facts. Output: values that every part of the pack is made from.
"""

import dataclasses
import datetime
from typing import Protocol

from murenger.record.evidence.view import DayView, VerificationView


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PackOrder:
    """One pack, as it was asked for.

    Attributes:
        origin: name of the log.
        period_from: first day, UTC.
        period_to: last day, UTC, inclusive.
        devices: names that narrow lists and pages; empty for all. The days are copied whole either way.
        recipient: for whom, or "".
        purpose: what for, or "".
        made_at: when it is made.
        version: of murenger.
        heartbeat_s: seconds between heartbeats that the log promises, > 0.
    """

    origin: str
    period_from: datetime.date
    period_to: datetime.date
    devices: tuple[str, ...]
    recipient: str
    purpose: str
    made_at: datetime.datetime
    version: str
    heartbeat_s: int

    @property
    def starts_at(self) -> datetime.datetime:
        """The first instant of the period."""
        return datetime.datetime.combine(self.period_from, datetime.time(), datetime.UTC)

    @property
    def ends_at(self) -> datetime.datetime:
        """The end of the period, or the time at which the pack is made, if that is earlier."""
        after = datetime.datetime.combine(self.period_to, datetime.time(), datetime.UTC) + datetime.timedelta(days=1)
        return min(after, self.made_at)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PackSource:
    """What the pack is made of, apart from the records themselves.

    Attributes:
        days: the copied days, oldest first.
        carried: the day whose bare SHA256SUMS was carried because the pack starts after it, or "".
        trust: (name, content) of each file for `trust/`.
        leaves: 32 bytes for each record of the log from number 0 on, pruned ones included.
        checkpoints: signed checkpoints to prove records by, the best first; empty where the log has none.
        verification: what verify said of the log.
    """

    days: tuple[DayView, ...]
    carried: str
    trust: tuple[tuple[str, bytes], ...]
    leaves: bytes = dataclasses.field(repr=False)
    checkpoints: tuple[bytes, ...]
    verification: VerificationView

    @property
    def day_names(self) -> tuple[str, ...]:
        """Names of the copied days, oldest first."""
        return tuple(day.name for day in self.days)

    @property
    def unsealed(self) -> tuple[str, ...]:
        """Names of the copied days that have no seal yet."""
        return tuple(day.name for day in self.days if not day.sealed)


class PackWriter(Protocol):
    """Takes a pack's files; nothing of it is seen at its final place before it is whole."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file at once.

        Raises:
            LedgerError: the disk refused.
        """
        ...

    def append(self, path: str, content: bytes) -> None:
        """Add to a file, making it if it is not there.

        Raises:
            LedgerError: the disk refused.
        """
        ...

    def digests(self) -> tuple[tuple[str, str], ...]:
        """Return (path, hex digest) of each file that no day's seal covers, by path."""
        ...
