"""Watching over ourselves: what is written is anchored, and what fails is recorded once, and once when it works again.

Input: what happens to sinks and devices. Output: anchored records, and `failure` records.
"""

import datetime

from murenger.config import AnchorPolicy
from murenger.errors import AnchorConflictError, AnchorError, LedgerError, ObserveError
from murenger.model import Device, Snapshot, digest_of
from murenger.record.groups import hex_of
from murenger.record.store import record_name
from murenger.wiring.anchoring import Anchored, redacted
from murenger.wiring.failures import READING, Failures, anchor_control, is_anchor_control
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts


class Watch:
    """Anchors records, and keeps the book of failures.

    Args:
        parts: adapters.
        journal: the ledger.
        failures: open failures.
    """

    def __init__(self, parts: Parts, journal: Journal, failures: Failures) -> None:
        self._parts = parts
        self._journal = journal
        self._failures = failures
        self._read_at: dict[str, datetime.datetime] = {}

    def anchor_change(self) -> Anchored:
        """Have the newest record held by others before a device is touched, as the policy asks.

        Raises:
            AnchorConflictError: a sink holds another history of this log, whatever the policy.
            AnchorError: nobody confirmed it, and the policy is before_change.
        """
        return self.anchor(required=self._parts.settings.anchors.policy is AnchorPolicy.BEFORE_CHANGE)

    def anchor_quietly(self) -> None:
        """Give the newest record away; what fails waits in the outbox, and the next change hears of a conflict."""
        try:
            self.anchor(required=False)
        except AnchorConflictError:
            # The outbox remembers it, and nothing is healed until it is settled.
            return

    def refuse_known_backlog(self) -> None:
        """Refuse a change before its intent is written, where every sink is known not to answer and still does not.

        An outage of all sinks would else fill the log with intents that were never carried out.

        Raises:
            AnchorError: nobody confirms that it holds the head of the log, and the policy is before_change.
            AnchorConflictError: a sink holds another history of this log.
        """
        anchors = self._parts.anchors
        waiting = anchors.waiting()
        if any(item.conflict for item in waiting.values()) or (
            waiting and len(waiting) == len(anchors.names) and self._parts.anchoring == "before_change"
        ):
            self.anchor_change()

    def retry(self) -> None:
        """Send the head again to sinks whose time has come.

        Raises:
            AnchorConflictError: a sink holds another history of this log.
            LedgerError: the ledger cannot be written.
        """
        before = set(self._parts.anchors.waiting())
        try:
            self._parts.anchors.retry()
        finally:
            self.note_backlog(before)

    def note_backlog(self, before: set[str]) -> None:
        """Record which sinks wait now, and which of those that waited before do not any more.

        Args:
            before: names of sinks that waited, or may have.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        anchors = self._parts.anchors
        waiting = anchors.waiting()
        for name, item in waiting.items():
            held = anchors.held(name)
            self._failures.failed(
                anchor_control(name),
                item.last_error,
                subject=(f"records/{record_name(item.first_sequence)}", self._sha256_of(item.first_sequence)),
                started=item.since,
                last_good=held.at if held is not None else None,
            )
        for name in before - set(waiting):
            held, now = anchors.held(name), self._parts.clock.now()
            at = now if held is None else held.at
            self._failures.works(
                anchor_control(name), "the head of the log was sent again", restored_at=at, resumed_at=at
            )

    def note_removed(self) -> None:
        """Record the end of failures of sinks that murenger.yml does not name any more: nothing waits for them.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        named = {anchor_control(name) for name in self._parts.anchors.names}
        for device, control in self._failures.opened():
            if is_anchor_control(control) and control not in named and not device:
                now = self._parts.clock.now()
                self._failures.works(control, "the sink is not configured any more", restored_at=now, resumed_at=None)

    def unreadable(self, device: Device, error: ObserveError) -> None:
        """Record that a device cannot be read, once for as long as that lasts.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        with self._journal.reading() as history:
            good = history.last_good(device.name)
        digest = digest_of(f"{device.name} {device.platform} {device.address}") if good is None else good.digest
        last_good = self._read_at.get(device.name) or (None if good is None else good.read_at)
        self._failures.failed(
            READING,
            redacted(error.message),
            subject=(f"config/{device.name}/running", hex_of(digest)),
            device=device,
            last_good=last_good,
        )

    def readable(self, device: Device, live: Snapshot) -> None:
        """Record that a device can be read again, if it was known that it could not.

        The read itself is the first good observation, so it is when monitoring resumed.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        self._read_at[device.name] = live.taken_at
        self._failures.works(
            READING,
            "the device answers again",
            device=device.name,
            restored_at=live.taken_at,
            resumed_at=live.taken_at,
        )

    def anchor(self, *, required: bool) -> Anchored:
        """Give the newest record away, and note which sinks wait and which do not any more.

        Args:
            required: True if somebody must confirm that they hold it.

        Raises:
            AnchorConflictError: a sink holds another history of this log.
            AnchorError: nobody confirmed it, and that is required.
            LedgerError: the ledger cannot be read or written.
        """
        before = set(self._parts.anchors.waiting())
        try:
            done = self._parts.anchors.anchor(required=required)
        except AnchorError:
            self.note_backlog(before)
            raise
        self.note_backlog(before)
        return done

    def _sha256_of(self, sequence: int) -> str:
        record = next(iter(self._parts.ledger.records(sequence)), None) or self._parts.ledger.head()
        if record is None:
            raise LedgerError("the log holds no record", hint="murenger verify")
        return record.sha256
