"""Controls of ours that failed: which are open, each recorded once when it begins and once when it ends.

Input: what was seen to fail or to work. Output: `failure` records; the ledger is the truth and is read on from where
the last look ended.
"""

import contextlib
import datetime
import json
import threading

from murenger.adapters.files.private import write_private
from murenger.errors import ConfigError, LedgerError
from murenger.model import ChangeRecord, Device, RecordKind
from murenger.record.reading import group_of, predicate_of, text_of
from murenger.record.store import read_regular
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts

READING = "the device's configuration is read on schedule"
SCANNING = "every device is checked when it is due"
SEALING = "every finished day of the log is sealed"
RUNNING = "the runner watches the devices"

FILE_NAME = "failures.json"
SAVED_EVERY = 1000

_MAX_BYTES = 1024 * 1024
_ANCHOR = "the anchor "
_CHANNEL = "the channel "


def anchor_control(sink: str) -> str:
    """Return the name of the control that an anchor is, for a sink."""
    return f"{_ANCHOR}{sink} holds the head of the log"


def is_anchor_control(control: str) -> bool:
    """Tell whether a control is that of a sink."""
    return control.startswith(_ANCHOR)


def channel_control(channel: str) -> str:
    """Return the name of the control that a channel to people is."""
    return f"{_CHANNEL}{channel} tells people of incidents"


def is_channel_control(control: str) -> bool:
    """Tell whether a control is that of a channel."""
    return control.startswith(_CHANNEL)


class Failures:
    """Open failures by control and device.

    Args:
        parts: adapters.
        journal: the ledger.
    """

    def __init__(self, parts: Parts, journal: Journal) -> None:
        self._parts = parts
        self._journal = journal
        self._lock = threading.RLock()
        self._file = parts.settings.runner.state / FILE_NAME
        self._next = 0
        self._newest_sha256 = ""
        self._open: dict[tuple[str, str], ChangeRecord] = {}
        self._beat: ChangeRecord | None = None
        self._stopped = False

    def opening(self, control: str, device: str = "") -> ChangeRecord | None:
        """Return the record that opened a failure that still lasts, or None.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            self._refresh()
            return self._open.get((device, control))

    def open_sequences(self) -> tuple[int, ...]:
        """Return the numbers of the records that opened a failure that still lasts.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            self._refresh()
            return tuple(record.sequence for record in self._open.values())

    def open_records(self) -> tuple[ChangeRecord, ...]:
        """Return the record that opened each failure that still lasts.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            self._refresh()
            return tuple(self._open.values())

    def opened(self) -> tuple[tuple[str, str], ...]:
        """Return device (or "") and control of each failure that still lasts.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            self._refresh()
            return tuple(self._open)

    def failed(
        self,
        control: str,
        cause: str,
        *,
        subject: tuple[str, str],
        device: Device | None = None,
        started: datetime.datetime | None = None,
        last_good: datetime.datetime | None = None,
    ) -> ChangeRecord | None:
        """Record that a control failed, unless that is known already; return the record, or None if it was known.

        Args:
            control: what failed.
            cause: why, as far as is known; without secrets.
            subject: (name, hex digest) of what is affected.
            device: the device concerned, or None.
            started: when it began, or None for now.
            last_good: when it was last seen to work, or None.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        with self._lock:
            if self.opening(control, device.name if device else "") is not None:
                return None
            with self._journal.writing() as (recorder, _):
                return recorder.failed(
                    control=control, cause=cause, subject=subject, device=device, started=started, last_good=last_good
                )

    def works(
        self,
        control: str,
        remediation: str,
        *,
        device: str = "",
        restored_at: datetime.datetime,
        resumed_at: datetime.datetime | None,
    ) -> ChangeRecord | None:
        """Record that a control works again, if it was known to fail; return the record, or None.

        Args:
            control: what works.
            remediation: what was done, or what was seen.
            device: name of the device concerned, or "".
            restored_at: when it worked again.
            resumed_at: when monitoring resumed, or None where nothing was observed since.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        with self._lock:
            opening = self.opening(control, device)
            if opening is None:
                return None
            with self._journal.writing() as (recorder, _):
                return recorder.restored(
                    opening, remediation=remediation, restored_at=restored_at, resumed_at=resumed_at
                )

    def last_heartbeat(self) -> tuple[ChangeRecord | None, bool]:
        """Return the newest heartbeat, and whether a runner was told to stop since.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._lock:
            self._refresh()
            return self._beat, self._stopped

    def _refresh(self) -> None:
        if not self._next:
            self._recall()
        before, taken = self._state(), 0
        for record in self._parts.ledger.records(self._next):
            self._take(record)
            self._next, self._newest_sha256, taken = record.sequence + 1, record.sha256, taken + 1
        if taken and (self._state() != before or taken >= SAVED_EVERY):
            self._remember()

    def _take(self, record: ChangeRecord) -> None:
        if record.kind is RecordKind.FAILURE:
            failure = group_of(predicate_of(record), "failure")
            key = (record.device, text_of(failure, "control"))
            if text_of(failure, "phase") == "close":
                self._open.pop(key, None)
            else:
                self._open.setdefault(key, record)
        elif record.kind is RecordKind.HEARTBEAT:
            self._beat, self._stopped = record, False
        elif record.kind is RecordKind.RUNNER:
            self._stopped = text_of(group_of(predicate_of(record), "runner"), "phase") == "stop"

    def _state(self) -> tuple[tuple[int, ...], bool]:
        return tuple(sorted(record.sequence for record in self._open.values())), self._stopped

    def _remember(self) -> None:
        """Keep the place up to which the log was read, so that the next process need not begin at its start."""
        kept = {
            "origin": self._parts.settings.store.origin,
            "next": self._next,
            "sha256": self._newest_sha256,
            "open": sorted(record.sequence for record in self._open.values()),
            "beat": None if self._beat is None else self._beat.sequence,
            "stopped": self._stopped,
        }
        # Only time is lost with it: the ledger is the truth.
        with contextlib.suppress(ConfigError):
            write_private(self._file, json.dumps(kept).encode("utf-8"))

    def _recall(self) -> None:
        """Go on where the last process ended, if the log still says there what it said then."""
        try:
            kept = json.loads(read_regular(self._file, _MAX_BYTES))
            number, opened, beat = int(kept["next"]), [int(item) for item in kept["open"]], kept["beat"]
            newest = self._record(number - 1)
            if kept["origin"] != self._parts.settings.store.origin or newest is None or newest.sha256 != kept["sha256"]:
                return
            records = [self._record(item) for item in opened]
            heartbeat = None if beat is None else self._record(int(beat))
        except (OSError, ValueError, KeyError, TypeError, LedgerError):
            return
        if None in records:
            return
        for record in records:
            if record is not None:
                self._take(record)
        self._beat, self._stopped = heartbeat, kept["stopped"] is True
        self._next, self._newest_sha256 = number, newest.sha256

    def _record(self, sequence: int) -> ChangeRecord | None:
        found = next(iter(self._parts.ledger.records(sequence)), None)
        return found if found is not None and found.sequence == sequence else None
