"""Guarding: collects what the guards may know, asks them before the intent, and records a refusal once.

Input: an examination and its plan. Output: checks for the intent, or a refusal with its `hold` record.
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator

from murenger.adapters.clock_state import clock_state
from murenger.adapters.files.room import free_bytes, write_fault
from murenger.adapters.files.turns import turn
from murenger.errors import AnchorError, GuardRefusedError, LedgerError, MurengerError
from murenger.heal.guards import (
    AFTER_A_PROOF,
    AFTER_A_READ,
    AT_HOME,
    COUNTING,
    ClockFacts,
    GuardCase,
    LedgerFacts,
    SecondRead,
    TrustFacts,
    UnderWay,
    check_all,
)
from murenger.model import Check, Digest, Plan, Snapshot
from murenger.model.capability import Capability
from murenger.observe import observe
from murenger.reconcile import Examination
from murenger.record.history import History
from murenger.record.reading import group_of, predicate_of, text_of, time_of
from murenger.wiring.anchoring import redacted
from murenger.wiring.desk import GoldenDesk
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.proving import proving
from murenger.wiring.watch import Watch

# How long a failure can hold a breaker half-open; what is older has been looked at, or is of no use any more.
REMEMBERED = datetime.timedelta(days=7)
MS_PER_S = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A change that no guard refuses.

    Attributes:
        checks: one of each guard, for the intent.
        case: what they were asked about.
    """

    checks: tuple[Check, ...]
    case: GuardCase


class Guarding:
    """Asks the guards.

    Args:
        parts: adapters.
        journal: the ledger.
        watch: knows what waits to be anchored.
        desk: golden policy.
    """

    def __init__(self, parts: Parts, journal: Journal, watch: Watch, desk: GoldenDesk) -> None:
        self._parts = parts
        self._journal = journal
        self._watch = watch
        self._desk = desk

    def check(self, examination: Examination, plan: Plan) -> Guarded:
        """Ask every guard that is asked before the intent; call it under the device's lease.

        Args:
            examination: made under the lease, and noted in the ledger.
            plan: what would be applied.

        Raises:
            GuardRefusedError: a guard refused; it is on record, and nothing was touched.
            AnchorError: the ledger cannot be anchored as the policy asks; likewise.
        """
        with self._recorded(examination):
            anchor_error = self._anchor_error()
            case = self._case(examination, plan, anchor_error)
            try:
                checks = check_all(AT_HOME, case)
            except GuardRefusedError as refusal:
                if anchor_error is not None:
                    raise refusal from anchor_error
                raise
            case = dataclasses.replace(case, read=self._second_read(examination))
            checks += check_all(AFTER_A_READ, case)
            case = dataclasses.replace(case, proof=proving(self._parts).prove(examination, plan))
            return Guarded(checks=checks + check_all(AFTER_A_PROOF, case), case=case)

    @contextlib.contextmanager
    def turn(self, examination: Examination, case: GuardCase) -> Iterator[None]:
        """Return a context in which nobody else begins a change at this site; the intent is to be written in it.

        Args:
            examination: as for `check`.
            case: what `check` gave.

        Raises:
            GuardRefusedError: on entering, if others have begun so many since `check` that a limit would be passed.
        """
        with turn(self._parts.settings.runner.state, "intent"):
            with self._recorded(examination):
                check_all(COUNTING, self._counted_again(case))
            yield

    @contextlib.contextmanager
    def _recorded(self, examination: Examination) -> Iterator[None]:
        """Return a context whose refusals are recorded, once for each drift and guard."""
        try:
            yield
        except GuardRefusedError as refusal:
            # What cannot be recorded is refused all the same, and by its own reason.
            with contextlib.suppress(LedgerError):
                self._hold(examination, refusal)
            if isinstance(refusal.__cause__, AnchorError):
                raise refusal.__cause__ from None
            raise

    def _hold(self, examination: Examination, refusal: GuardRefusedError) -> None:
        drift = examination.drift
        with self._journal.writing(examination.secrets) as (recorder, history):
            if history.is_refused(drift, refusal.guard):
                return
            recorder.hold(
                drift,
                examination.live,
                examination.decision,
                cause="guard-failed",
                guard=refusal.guard,
                detail=redacted(refusal.message),
                golden=examination.golden,
                drift_record=history.open_drift(drift.device),
            )

    def _counted_again(self, case: GuardCase) -> GuardCase:
        now = self._parts.clock.now()
        with self._journal.reading() as history:
            past, under_way = history.past(now - REMEMBERED), _under_way(history, case.device.name)
        return dataclasses.replace(case, now=now, past=past, under_way=under_way)

    def _case(self, examination: Examination, plan: Plan, anchor_error: AnchorError | None) -> GuardCase:
        parts, device, now = self._parts, examination.device, self._parts.clock.now()
        with self._journal.reading() as history:
            past = history.past(now - REMEMBERED)
            under_way = _under_way(history, device.name)
            accepted = history.accepted_golden_of(device.name)
        return GuardCase(
            device=device,
            plan=plan,
            live=examination.live,
            golden=examination.golden,
            now=now,
            limits=parts.settings.guards,
            trust=self._trust(None if accepted is None else accepted.digest),
            clock=self._clock(),
            ledger=self._ledger(anchor_error),
            past=past,
            under_way=under_way,
            zone_members=self._zone_members(device.zone),
            capability=self._capability(examination.live),
        )

    def _anchor_error(self) -> AnchorError | None:
        try:
            self._watch.refuse_known_backlog()
        except AnchorError as error:
            return error
        return None

    def _trust(self, accepted: Digest | None) -> TrustFacts:
        try:
            revision = self._desk.revision()[0].revision
        except MurengerError as error:
            return TrustFacts(revision="", accepted=accepted, fault=error.message)
        return TrustFacts(revision=revision, accepted=accepted)

    def _clock(self) -> ClockFacts:
        state, newest = clock_state(), self._parts.ledger.head()
        return ClockFacts(
            synchronised=state.synchronised,
            offset_s=None if state.offset_ms is None else state.offset_ms / MS_PER_S,
            error_s=None if state.error_ms is None else state.error_ms / MS_PER_S,
            newest_record_at=None if newest is None else time_of(predicate_of(newest), "written_at"),
        )

    def _ledger(self, anchor_error: AnchorError | None) -> LedgerFacts:
        folder = self._parts.ledger.folder
        return LedgerFacts(
            write_fault=write_fault(folder),
            free_bytes=free_bytes(folder),
            anchor_fault="" if anchor_error is None else redacted(anchor_error.message),
            anchoring=self._parts.anchoring,
        )

    def _zone_members(self, zone: str) -> tuple[str, ...]:
        if not zone:
            return ()
        names = tuple(name for policy in self._parts.settings.policies for name in policy.devices)
        return tuple(device.name for device in self._parts.inventory.devices(names) if device.zone == zone)

    def _capability(self, live: Snapshot) -> Capability | None:
        name, _, version = live.driver.partition(" ")
        return self._parts.capabilities.find(name, version, live.os_version)

    def _second_read(self, examination: Examination) -> SecondRead:
        device = examination.device
        try:
            fingerprinter = self._desk.fingerprinter(examination.golden.revision)
            return SecondRead(snapshot=observe(device, self._parts.source, fingerprinter).snapshot)
        except MurengerError as error:
            return SecondRead(snapshot=None, fault=redacted(error.message))


def _under_way(history: History, device: str) -> tuple[UnderWay, ...]:
    """Return the changes of others that have an intent and no outcome yet."""
    return tuple(
        UnderWay(device=intent.device, zone=text_of(group_of(predicate_of(intent), "device"), "zone"))
        for intent in history.open_intents()
        if intent.device != device
    )
