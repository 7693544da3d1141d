"""Standing off: what the ledger says of earlier changes, as reasons to keep our hands off a drift for now.

Input: a drift and the ledger. Output: standoffs for `decide`, and which plans are new enough for a device that waits
for a person. Nothing else remembers: what a restart loses was never needed.
"""

import datetime
from collections.abc import Iterator

from murenger.decide import back_off, fight, of_this_cause, since_healthy
from murenger.model import ChangeRecord, Drift, Held, OutcomeVerdict, PastOutcome, RecordKind, Spell, Standoff
from murenger.record.entry import RecordQuery
from murenger.record.history import History
from murenger.record.reading import group_of, predicate_of, text_of, time_of
from murenger.record.settlement import HELD_FOR_A_PERSON
from murenger.record.told import in_sync_in
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts


class StandingOff:
    """Answers from the ledger.

    Args:
        parts: adapters.
        journal: the ledger.
    """

    def __init__(self, parts: Parts, journal: Journal) -> None:
        self._parts = parts
        self._journal = journal

    def standoffs(self, drift: Drift) -> tuple[Standoff, ...]:
        """Return why healing keeps its hands off a drift, gravest first; none for a device in sync.

        Raises:
            LedgerError: a record cannot be read.
        """
        if drift.in_sync:
            return ()
        settings = self._parts.settings.backoff
        with self._journal.reading() as history:
            held, opening = history.held(drift.device), history.open_drift(drift.device)
            past = of_this_cause(history.past_of(drift.device), drift)
        if past:
            past = since_healthy(past, tuple(self._spells(drift, past[0])), settings)
        returned_at = _first_bad(opening) if opening is not None else None
        found = (
            _waiting(held) if held is not None else None,
            fight(past, settings, returned_at=returned_at or drift.detected_at),
            back_off(drift, past, settings, now=self._parts.clock.now()),
        )
        return tuple(standoff for standoff in found if standoff is not None)

    def is_new_enough(self, device: str, plan_sha256: str) -> bool:
        """Tell whether a plan was made after the change that left its device waiting for a person, if one did."""
        with self._journal.reading() as history:
            return made_after_hold(history, device, plan_sha256)

    def _spells(self, drift: Drift, first: PastOutcome) -> Iterator[Spell]:
        """Yield the times since an outcome in which the device was in sync, the last one up to the present drift."""
        began_at = None
        for record in self._turns(drift.device, first.sequence):
            first_bad = _first_bad(record) if _phase(record) == "open" else None
            if first_bad is not None and began_at is not None:
                yield Spell(began_at=began_at, ended_at=first_bad)
                began_at = None
            elif first_bad is None:
                began_at = began_at or in_sync_in(record, drift.device)
        if began_at is not None:
            yield Spell(began_at=began_at, ended_at=drift.detected_at)

    def _turns(self, device: str, start: int) -> Iterator[ChangeRecord]:
        """Yield the records from a number on that begin or end a drift of a device, oldest first."""
        for entry in self._parts.index.entries(RecordQuery(device=device)):
            is_turn = entry.kind == RecordKind.DRIFT.value or entry.verdict == OutcomeVerdict.HEALED.value
            if entry.sequence < start or not is_turn or entry.pruned:
                continue
            record = self._parts.index.record(entry.sequence)
            if record is not None and _phase(record) != "change":
                yield record


def made_after_hold(history: History, device: str, plan_sha256: str) -> bool:
    """Tell whether a plan was made after the change that left its device waiting for a person, if one did.

    The order of the records decides, not times: a clock may have been stepped.
    """
    held = history.held(device)
    made = history.plan_made(plan_sha256)
    return held is None or (made is not None and made.sequence > held.sequence)


def _waiting(held: Held) -> Standoff:
    reason = (
        f"held since record {held.sequence} ({held.verdict.value}): look at the device, then approve a new plan, made "
        "after that"
    )
    return Standoff(cause=HELD_FOR_A_PERSON, reason=reason)


def _phase(record: ChangeRecord) -> str:
    """Return open, change or close of a drift record, or "" of any other."""
    return text_of(group_of(predicate_of(record), "drift"), "phase")


def _first_bad(record: ChangeRecord) -> datetime.datetime | None:
    return time_of(group_of(predicate_of(record), "drift"), "first_bad")
