"""The runner's own duties beside its devices: heartbeats, what waits to be sent, seals, retention, outages of its own.

Input: ticks, and how much of the population was seen. Output: records, receipts and seals; one duty's failure does not
keep the others from being done.
"""

import contextlib
import datetime
import json
import threading
from collections.abc import Callable, Iterator, Sequence

from murenger.errors import LedgerError, MurengerError
from murenger.model import ChangeRecord, Device, Digest, digest_of
from murenger.record.executor import Population
from murenger.record.reading import group_of, predicate_of, text_of, written_at
from murenger.record.store import record_name
from murenger.wiring.anchoring import redacted
from murenger.wiring.failures import RUNNING, SCANNING, SEALING, Failures
from murenger.wiring.incidents import Incidents
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.pruning import Pruning
from murenger.wiring.sealing import seal_finished
from murenger.wiring.watch import Watch

# How often days are looked at: midnight is not to the second.
KEEPING_S = 60
# How many heartbeats may be missing before that is an outage.
MISSED = 2


class Upkeep:
    """What the runner does besides checking devices.

    Args:
        parts: adapters.
        journal: the ledger.
        watch: anchors records.
        failures: open failures.
        incidents: tells people.
        population: returns how much of the population was seen, and the age in seconds of the oldest check that is due
            and was not made.
        report: called with each error that a duty met.
    """

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        watch: Watch,
        failures: Failures,
        incidents: Incidents,
        *,
        population: Callable[[], tuple[Population, float]],
        report: Callable[[MurengerError], None],
    ) -> None:
        self._parts = parts
        self._journal = journal
        self._watch = watch
        self._failures = failures
        self._incidents = incidents
        self._population = population
        self._report = report
        self._pruning = Pruning(parts, journal, watch, failures)
        now = parts.clock.now()
        self._interval = datetime.timedelta(seconds=parts.settings.store.heartbeat_s)
        self._begun_at = now
        self._beat_at = now + self._interval
        self._keep_at = now
        self._has_beaten = False
        self._lock = threading.Lock()
        self._has_observed = False

    def begin(self) -> None:
        """Look back at the start: was there a time without us, and does something still wait that no longer fails?

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        beat, was_stopped = self._failures.last_heartbeat()
        if beat is not None and self._begun_at - written_at(beat) > MISSED * self._interval:
            said = "the runner had been told to stop" if was_stopped else "the runner ended without saying so"
            self._failures.failed(
                RUNNING,
                f"{said}; the last heartbeat is record {beat.sequence}",
                subject=(f"records/{record_name(beat.sequence)}", beat.sha256),
                started=written_at(beat),
                last_good=written_at(beat),
            )
        self._watch.note_backlog(set(self._parts.anchors.names))
        self._watch.note_removed()
        self._incidents.begin()
        self._watch.anchor_quietly()

    def observed(self, at: datetime.datetime) -> None:
        """Take in that a device was read whole: the first time, that is when monitoring resumed.

        Args:
            at: when it was read.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        with self._lock:
            if self._has_observed:
                return
            self._failures.works(RUNNING, "the runner was started", restored_at=self._begun_at, resumed_at=at)
            self._has_observed = True

    def tick(self) -> None:
        """Do what is due; called every second or so, by one thread."""
        now = self._parts.clock.now()
        if now >= self._beat_at or self._first_round_is_made():
            self._has_beaten = True
            # Counted from now: after a pause one heartbeat is due, not one for each that was missed.
            self._beat_at = now + self._interval
            with self._duty():
                self.heartbeat()
        with self._duty():
            self._watch.retry()
        with self._duty():
            self._incidents.tick()
        if now >= self._keep_at:
            self._keep_at = now + datetime.timedelta(seconds=KEEPING_S)
            with self._duty():
                self._seal()
            with self._duty():
                self._pruning.run()

    def heartbeat(self) -> None:
        """Record how much of the population was seen, have that anchored, and judge whether scans are late.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        population, overdue_s = self._population()
        with self._journal.writing() as (recorder, _):
            beat = recorder.heartbeat(population)
        self._judge_scans(beat, overdue_s)
        self._watch.anchor_quietly()

    def _seal(self) -> None:
        """Seal what is finished, and record once if that cannot be done."""
        try:
            with self._journal.writing() as (recorder, _):
                seal_finished(self._parts, recorder)
        except LedgerError as error:
            head = self._parts.ledger.head()
            if head is not None:
                subject = (f"records/{record_name(head.sequence)}", head.sha256)
                self._failures.failed(SEALING, redacted(error.message), subject=subject)
            raise
        now = self._parts.clock.now()
        self._failures.works(SEALING, "the day was sealed", restored_at=now, resumed_at=now)

    def _judge_scans(self, beat: ChangeRecord, overdue_s: float) -> None:
        now = written_at(beat)
        inventory = group_of(predicate_of(beat), "population")
        if overdue_s > MISSED * self._interval.total_seconds():
            self._failures.failed(
                SCANNING,
                f"a check has been due for {int(overdue_s)} s",
                subject=("inventory", text_of(inventory, "inventory_sha256")),
                started=now - datetime.timedelta(seconds=overdue_s),
                last_good=now - datetime.timedelta(seconds=overdue_s),
            )
        else:
            self._failures.works(SCANNING, "no check is overdue", restored_at=now, resumed_at=now)

    def _first_round_is_made(self) -> bool:
        """Tell whether every device has had its first check and nobody was told yet."""
        if self._has_beaten:
            return False
        population, _ = self._population()
        return population.seen + len(population.unreachable) >= population.expected > 0

    @contextlib.contextmanager
    def _duty(self) -> Iterator[None]:
        try:
            yield
        except MurengerError as error:
            self._report(error)


def inventory_digest(devices: Sequence[Device]) -> Digest:
    """Return the digest of a list of devices: names, platforms and addresses, in order of their names."""
    listed = sorted((device.name, device.platform, device.address) for device in devices)
    return digest_of(json.dumps(listed, separators=(",", ":")))
