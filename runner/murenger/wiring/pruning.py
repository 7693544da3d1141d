"""Retention: the records of sealed days past it are removed, after a record that says so.

Input: the ledger's days and the time. Output: `prune` records, and days of which only the proofs are left.
"""

import datetime

from murenger.record.groups import hex_of
from murenger.record.notices import CarriedGolden, Prune, PrunedDay
from murenger.record.store import HOLD, LedgerDay
from murenger.record.told import AcceptedGolden
from murenger.wiring.failures import Failures
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.sealing import manifest_sha256
from murenger.wiring.watch import Watch


class Pruning:
    """Removes the records of days past their retention.

    Args:
        parts: adapters.
        journal: the ledger.
        watch: anchors the record that announces it.
        failures: open failures, whose records stay.
    """

    def __init__(self, parts: Parts, journal: Journal, watch: Watch, failures: Failures) -> None:
        self._parts = parts
        self._journal = journal
        self._watch = watch
        self._failures = failures
        self._announced: tuple[str, ...] = ()

    def due(self) -> tuple[LedgerDay, ...]:
        """Return the days that may be removed now, oldest first; none while the log is on hold.

        A day stays if it is not sealed, if it or an older one holds an open intent, drift or failure, and the newest.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        if (self._parts.ledger.folder / HOLD).exists():
            return ()
        with self._journal.reading() as history:
            opened = history.oldest_open()
        kept_from = min(
            (number for number in (opened, *self._failures.open_sequences()) if number is not None), default=None
        )
        before = self._first_kept_day()
        found = []
        days = self._parts.ledger.days()
        for day in days[:-1]:
            holds_open = kept_from is not None and day.last is not None and day.last >= kept_from
            if day.name >= before or not day.sealed or holds_open:
                break
            if not day.pruned and day.last is not None:
                found.append(day)
        return tuple(found)

    def run(self) -> tuple[str, ...]:
        """Remove what is due, after a record that says so, which others must hold where sinks are configured.

        Returns:
            The days whose records were removed.

        Raises:
            AnchorError: nobody holds the record that announces it, so nothing was removed; it is tried again.
            LedgerError: the ledger cannot be read or written.
        """
        days = self.due()
        names = tuple(day.name for day in days)
        if not days:
            return ()
        if names != self._announced:
            self._announce(days)
            self._announced = names
        if self._parts.anchors.names:
            self._watch.anchor(required=True)
        self._parts.ledger.prune(names)
        return names

    def _announce(self, days: tuple[LedgerDay, ...]) -> None:
        pruned = tuple(
            PrunedDay(day=day.name, first=day.first, last=day.last, manifest=manifest_sha256(self._parts, day.name))
            for day in days
            if day.last is not None
        )
        with self._journal.writing() as (recorder, history):
            carried = history.golden_told_before(pruned[-1].last + 1)
            recorder.pruned(
                Prune(
                    days=pruned,
                    retention_days=self._parts.settings.store.retention_days,
                    before=self._first_kept_day(),
                    carried=tuple(_carried(golden) for golden in carried),
                )
            )

    def _first_kept_day(self) -> str:
        keep = datetime.timedelta(days=self._parts.settings.store.retention_days)
        return f"{self._parts.clock.now() - keep:%Y-%m-%d}"


def _carried(golden: AcceptedGolden) -> CarriedGolden:
    return CarriedGolden(
        device=golden.device,
        commit=golden.revision,
        path=golden.path,
        approved_sha256=hex_of(golden.digest),
        signer=golden.signer,
        key_fingerprint=golden.key_fingerprint,
        accepted_at=golden.accepted_at,
        at_sequence=golden.sequence,
    )
