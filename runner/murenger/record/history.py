"""History: what the ledger already knows, for those who decide what to do next.

Input: the records of a ledger, in order, and where there is one a memory of an earlier pass. Output: answers about
open intents, drift, golden policy and good reads. Records of pruned days are not needed: what must outlast them is
carried on.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from murenger.model import ChangeRecord, Drift, Held, PastOutcome, RecordKind
from murenger.record.facts import Facts, Kept, Place
from murenger.record.reading import Group, group_of, number_of, predicate_of, text_of
from murenger.record.settlement import HELD_FOR_A_PERSON
from murenger.record.told import (
    AcceptedGolden,
    GoodRead,
    carried_in,
    golden_in,
    good_in,
    held_in,
    hold_in,
    in_sync_in,
    itself,
    past_in,
    refused_in,
)

SCHEMA = "murenger.history/3"
# How many records may be taken in before what is known is kept again; the next start reads at most that many files.
SAVE_EVERY = 200
# Outcomes remembered for each device: more than any back-off or blast radius looks back on.
PAST_KEPT = 64

T = TypeVar("T")


class Records(Protocol):
    """What is asked of a ledger."""

    def records(self, start: int = 0) -> Iterator[ChangeRecord]:
        """Yield the records from the oldest kept one whose number is at least `start`."""
        ...

    def head(self) -> ChangeRecord | None:
        """Return the newest record, or None for a log without records."""
        ...


class Memory(Protocol):
    """Where what is known may be kept between two runs; it may be empty, stale or lost at any time."""

    def recall(self) -> str | None:
        """Return what was kept last, or None."""
        ...

    def keep(self, text: str) -> None:
        """Keep a text; that this fails must not be noticed."""
        ...

    def fetch(self, sequence: int) -> ChangeRecord | None:
        """Return a record from its file, or None where that cannot be done faster than by reading the log."""
        ...


class _PastChangedError(Exception):
    """A record is not the one that was taken in."""


class History:
    """Answers from one pass over the ledger; `refresh` takes in what was appended since.

    Args:
        ledger: the log.
        memory: where to begin without reading the whole log; None to read it.
    """

    def __init__(self, ledger: Records, memory: Memory | None = None) -> None:
        self._ledger = ledger
        self._memory = memory
        self._forget()
        self._remember()
        self.refresh()

    def refresh(self) -> None:
        """Take in records that were appended since, by whomever; only their files are read.

        Raises:
            LedgerError: a record cannot be read.
        """
        head = self._ledger.head()
        if head is not None and head.sha256 == self._seen_sha256:
            return
        if not self._catch_up(head):
            self._start_over()
        self._save()

    def note(self, record: ChangeRecord) -> None:
        """Take in a record just appended, which spares the next `refresh` a read if nobody else appended."""
        if self._follows(record):
            self._take(record)
            self._save()

    def open_intents(self) -> tuple[ChangeRecord, ...]:
        """Return each intent without an outcome, oldest first."""
        return self._ask(lambda: tuple(intent for _, intent in self._intents.items()))

    def newest_golden(self) -> AcceptedGolden | None:
        """Return the last adopted revision, or None if none ever was.

        Wherever the repository lay then: moving it must not let an older revision pass as the first ever seen.
        """
        return self._ask(
            lambda: max((golden for _, golden in self._golden.items()), key=lambda found: found.sequence, default=None)
        )

    def accepted_golden_of(self, device: str) -> AcceptedGolden | None:
        """Return the last revision adopted for one device, or None."""
        return self._ask(lambda: self._golden.get(device))

    def golden_told_before(self, sequence: int) -> tuple[AcceptedGolden, ...]:
        """Return each accepted golden policy that only a record before `sequence` tells of.

        A `prune` record must carry these on, or they would be forgotten with the records that are removed.
        """
        told = [device for device, place in self._golden.places().items() if place.sequence < sequence]
        found = self._ask(lambda: [self._golden.get(device) for device in told])
        return tuple(golden for golden in found if golden is not None)

    def oldest_open(self) -> int | None:
        """Return the number of the oldest open intent or open drift, which must not be pruned; None without any."""
        places = (*self._intents.places().values(), *self._drift.places().values())
        return min((place.sequence for place in places), default=None)

    def open_drift(self, device: str) -> ChangeRecord | None:
        """Return the record that opened a device's present drift, or None if it is not known to drift."""
        return self._ask(lambda: self._drift.get(device))

    def last_hold(self, device: str) -> str:
        """Return why healing a device's present drift was refused last, or "" if it was not."""
        return self._ask(lambda: self._holds.get(device)) or ""

    def is_refused(self, drift: Drift, guard: str) -> bool:
        """Return whether it is on record that a guard refused to heal this very drift."""
        told = self._ask(lambda: self._refused.get(f"{drift.device} {guard}"))
        return told == tuple(digest.removeprefix("sha256:") for digest in (drift.live_digest, drift.golden_digest))

    def last_in_sync_at(self, device: str) -> datetime.datetime | None:
        """Return when a device was last recorded in sync: healed, or its drift closed; None if never."""
        return self._ask(lambda: self._in_sync.get(device))

    def last_good(self, device: str) -> GoodRead | None:
        """Return the last whole read of a device that a record tells the size of, or None."""
        return self._ask(lambda: self._good.get(device))

    def outcome_of(self, plan_sha256: str) -> ChangeRecord | None:
        """Return the newest outcome of a plan, or None if it has none."""
        return self._ask(lambda: self._outcomes.get(plan_sha256))

    def past(self, since: datetime.datetime) -> tuple[PastOutcome, ...]:
        """Return how changes ended that ended at or after a time, oldest first; the newest 64 of each device."""
        found = self._ask(lambda: [outcome for _, outcome in self._past.items()])
        return tuple(outcome for outcome in found if outcome.ended_at >= since)

    def past_of(self, device: str) -> tuple[PastOutcome, ...]:
        """Return how the newest 64 changes of one device ended, oldest first."""
        found = self._ask(lambda: [self._past.get(key) for key in self._past_keys.get(device, ())])
        return tuple(outcome for outcome in found if outcome is not None)

    def held(self, device: str) -> Held | None:
        """Return that a device waits for a person since a change of ours left it in an unproven state, or None."""
        return self._ask(lambda: self._held.get(device))

    def untold_hold(self, device: str) -> ChangeRecord | None:
        """Return the outcome since which a device waits for a person, if no hold tells of it: its writer died first."""
        return self._ask(lambda: self._untold.get(device))

    def plan_made(self, plan_sha256: str) -> ChangeRecord | None:
        """Return the record of a plan file, or None if none tells of it."""
        return self._ask(lambda: self._plans.get(plan_sha256))

    def approval_of(self, decision_sha256: str) -> ChangeRecord | None:
        """Return the record by which a decision was taken in, or None if none tells of it."""
        return self._ask(lambda: self._approvals.get(decision_sha256))

    def dump(self) -> str:
        """Return what is known as JSON, to begin with in a later run."""
        kept = {name: facts.dump() for name, facts in self._all().items()}
        return json.dumps(
            {"schema": SCHEMA, "seq": self._seen, "sha256": self._seen_sha256, "facts": kept}, separators=(",", ":")
        )

    def load(self, text: str) -> bool:
        """Begin with what `dump` returned in an earlier run; return False if it is of no use, and know nothing.

        Raises:
            LedgerError: a record cannot be read.
        """
        try:
            kept = json.loads(text)
            if kept["schema"] != SCHEMA or type(kept["seq"]) is not int or kept["seq"] < 0:
                raise ValueError("another form")  # noqa: TRY301 - one answer for all that is wrong with it
            for name, facts in self._all().items():
                facts.load(kept["facts"][name])
            self._past_keys.clear()
            for key in self._past.places():
                self._past_keys.setdefault(key.partition(" ")[0], []).append(key)
            self._seen, self._seen_sha256 = kept["seq"], str(kept["sha256"])
            if self._fetch(Place(sequence=self._seen, sha256=self._seen_sha256)) is None:
                raise ValueError("another log")  # noqa: TRY301 - as above
        except (ValueError, KeyError, TypeError, RecursionError, _PastChangedError):
            self._forget()
            return False
        return True

    def _remember(self) -> None:
        text = self._memory.recall() if self._memory is not None else None
        if text is not None and self.load(text):
            self._saved = self._seen

    def _save(self) -> None:
        if self._memory is not None and self._seen - self._saved >= SAVE_EVERY:
            self._memory.keep(self.dump())
            self._saved = self._seen

    def _ask(self, question: Callable[[], T]) -> T:
        """Answer from what is known, or, should a record not be the one that was taken in, from the whole log."""
        try:
            return question()
        except _PastChangedError:
            self._start_over()
            return question()

    def _fetch(self, place: Place) -> ChangeRecord | None:
        """Return the record at a place, or None if it was pruned.

        Raises:
            _PastChangedError: another record is there now.
        """
        record = self._memory.fetch(place.sequence) if self._memory is not None else None
        record = record or next(iter(self._ledger.records(place.sequence)), None)
        if record is None or record.sequence < place.sequence:
            raise _PastChangedError
        if record.sequence > place.sequence:
            return None
        if record.sha256 != place.sha256:
            raise _PastChangedError
        return record

    def _catch_up(self, head: ChangeRecord | None) -> bool:
        """Take in what follows the last record seen; return False if the log does not continue from there."""
        if self._seen < 0 or head is None or head.sequence <= self._seen:
            return False
        try:
            for record in self._ledger.records(self._seen + 1):
                if not self._follows(record):
                    return False
                self._take(record)
        except _PastChangedError:
            return False
        return True

    def _start_over(self) -> None:
        self._forget()
        for record in self._ledger.records():
            self._take(record)

    def _follows(self, record: ChangeRecord) -> bool:
        if record.sequence != self._seen + 1:
            return False
        return self._seen < 0 or text_of(predicate_of(record), "prev_record_sha256") == self._seen_sha256

    def _forget(self) -> None:
        self._seen = -1
        self._seen_sha256 = ""
        self._saved = -1
        self._intents = Facts(itself, self._fetch)
        self._drift = Facts(itself, self._fetch)
        self._outcomes = Facts(itself, self._fetch, holds_values=False)
        self._plans = Facts(itself, self._fetch, holds_values=False)
        self._approvals = Facts(itself, self._fetch, holds_values=False)
        self._golden = Facts(golden_in, self._fetch)
        self._holds = Facts(hold_in, self._fetch)
        self._refused = Facts(refused_in, self._fetch)
        self._in_sync = Facts(in_sync_in, self._fetch)
        self._good = Facts(good_in, self._fetch)
        self._past: Facts[PastOutcome] = Facts(past_in, self._fetch)
        # By device, oldest first: a decision asks about one device, and there may be thousands.
        self._past_keys: dict[str, list[str]] = {}
        self._held = Facts(held_in, self._fetch)
        self._untold = Facts(itself, self._fetch)

    def _all(self) -> dict[str, Kept]:
        return {
            "intents": self._intents,
            "drift": self._drift,
            "outcomes": self._outcomes,
            "plans": self._plans,
            "approvals": self._approvals,
            "golden": self._golden,
            "holds": self._holds,
            "refused": self._refused,
            "in_sync": self._in_sync,
            "good": self._good,
            "past": self._past,
            "held": self._held,
            "untold": self._untold,
        }

    def _take(self, record: ChangeRecord) -> None:
        said = predicate_of(record)
        if record.kind is RecordKind.INTENT:
            self._intents.take(record.sha256, record)
        elif record.kind is RecordKind.OUTCOME:
            self._take_outcome(record, said)
        elif record.kind is RecordKind.PLAN:
            self._plans.take(text_of(group_of(said, "change"), "plan_sha256"), record)
        elif record.kind is RecordKind.APPROVAL:
            self._approvals.take(text_of(group_of(said, "approval"), "decision_sha256"), record)
        elif record.kind is RecordKind.GOLDEN:
            self._golden.take(record.device, record)
        elif record.kind is RecordKind.DRIFT:
            self._take_drift(record, said)
        elif record.kind is RecordKind.HOLD:
            self._take_hold(record, group_of(said, "hold"))
        elif record.kind is RecordKind.PRUNE:
            self._take_carried(record, said)
        if record.device and ("before" in said or "after" in said):
            self._good.take(record.device, record)
        self._seen, self._seen_sha256 = record.sequence, record.sha256

    def _take_outcome(self, record: ChangeRecord, said: Group) -> None:
        references = said.get("refs")
        for reference in references if isinstance(references, list) else []:
            if isinstance(reference, dict) and reference.get("rel") == "intent":
                self._intents.drop(text_of(reference, "sha256"))
        self._outcomes.take(text_of(group_of(said, "change"), "plan_sha256"), record)
        # A later change that ends in a proven state ends the wait for a person; so does a device seen in sync.
        if text_of(group_of(said, "outcome"), "verdict") != "not-applied":
            self._held.drop(record.device)
            self._untold.drop(record.device)
        self._held.take(record.device, record)
        if held_in(record, record.device) is not None:
            self._untold.take(record.device, record)
        self._take_past(record)
        if text_of(group_of(said, "outcome"), "verdict") == "healed":
            self._close(record)

    def _take_hold(self, record: ChangeRecord, hold: Group) -> None:
        self._holds.take(record.device, record)
        self._refused.take(f"{record.device} {text_of(hold, 'guard')}", record)
        if text_of(hold, "cause") == HELD_FOR_A_PERSON:
            self._untold.drop(record.device)

    def _take_past(self, record: ChangeRecord) -> None:
        key = f"{record.device} {record.sequence}"
        self._past.take(key, record)
        own = self._past_keys.setdefault(record.device, [])
        own.append(key)
        while len(own) > PAST_KEPT:
            self._past.drop(own.pop(0))

    def _take_drift(self, record: ChangeRecord, said: Group) -> None:
        if text_of(group_of(said, "drift"), "phase") == "close":
            self._close(record)
        elif record.device not in self._drift.places():
            self._drift.take(record.device, record)

    def _take_carried(self, record: ChangeRecord, said: Group) -> None:
        """Let a prune record tell of the golden policy whose own records it announces to remove."""
        for carried in carried_in(said):
            known = self._golden.get(text_of(carried, "device"))
            adopted = number_of(carried, "at_sequence")
            if adopted is not None and (known is None or known.sequence <= adopted):
                self._golden.take(text_of(carried, "device"), record)

    def _close(self, record: ChangeRecord) -> None:
        self._drift.drop(record.device)
        self._holds.drop(record.device)
        for key in [key for key in self._refused.places() if key.partition(" ")[0] == record.device]:
            self._refused.drop(key)
        self._held.drop(record.device)
        self._untold.drop(record.device)
        self._in_sync.take(record.device, record)
