"""Incidents: what of a pass, an outcome, an error or a failure is news, and that people are told of it once.

Input: what became of devices and controls. Output: messages that wait to be sent, one for each change of an incident,
and none for what people know already. Nothing here ever fails a pass: what cannot be told now is told at the next one,
for each pass says how things stand, not what changed.
"""

import contextlib
import dataclasses
import datetime
import threading
from collections.abc import Iterator

from murenger.adapters.files.incidents import IncidentFiles, Told
from murenger.adapters.files.notices import NoticeFiles
from murenger.config import ChannelSettings
from murenger.errors import (
    ApprovalError,
    LeaseHeldError,
    LedgerError,
    MurengerError,
    NotifyError,
    ObserveError,
    PolicyError,
    SignatureError,
    TamperedError,
)
from murenger.model import ChangeRecord, Device, Outcome, Risk
from murenger.model.incident import Incident, IncidentKind, Phase, incident_id, is_at_least, worst_of
from murenger.reconcile import Examination
from murenger.record.reading import group_of, predicate_of, text_of
from murenger.wiring import situations
from murenger.wiring.channels import make_notifier
from murenger.wiring.delivery import Delivery, sent_in_time
from murenger.wiring.failures import Failures, anchor_control
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.situations import Situation

# How often the controls of ours are looked at; that is a question to the ledger.
CONTROLS_EVERY_S = 5
# What a process that ends waits for its messages to be sent; what is left waits for the next one.
FLUSH_S = 15.0

# Somebody else is at work, asked for what may not be, or could not be read: that is told where it is recorded.
_NO_NEWS = (ApprovalError, LeaseHeldError, ObserveError, PolicyError)
_LEDGER = (LedgerError, SignatureError, TamperedError)


class Incidents:
    """Tells people, where murenger.yml names channels; else does nothing.

    Args:
        parts: adapters.
        journal: the ledger.
        failures: open failures.
    """

    def __init__(self, parts: Parts, journal: Journal, failures: Failures) -> None:
        settings = parts.settings
        self._parts = parts
        self._journal = journal
        self._failures = failures
        self._channels: tuple[ChannelSettings, ...] = settings.notify
        self._origin = settings.store.origin
        self._book = IncidentFiles(settings.runner.state)
        self._files = NoticeFiles(settings.runner.state, origin=self._origin, clock=parts.clock)
        notifiers = {channel.name: make_notifier(channel, clock=parts.clock) for channel in self._channels}
        self.delivery = Delivery(notifiers, self._files, failures, clock=parts.clock)
        self._lock = threading.RLock()
        self._present: dict[str, Situation] = {}
        self._problems: list[MurengerError] = []
        self._controls_at = parts.clock.now()
        self._known: tuple[tuple[int, bool], ...] | None = None

    @contextlib.contextmanager
    def watching(self, device: Device) -> Iterator[None]:
        """Return a context whose error people are told of."""
        try:
            yield
        except MurengerError as error:
            self.refused(device, error)
            raise

    def found(self, examination: Examination) -> None:
        """Take in how a device stands, after that was recorded and before anything is done about it."""
        if not self._channels:
            return
        device = examination.device
        with self._quietly():
            self._end(device.name, situations.EXAMINATION, "compared with golden again")
            self._end("", situations.LEDGER, "the ledger can be used again")
            if examination.drift.in_sync:
                self._present.pop(device.name, None)
                self._end(device.name, situations.DRIFT, "live equals golden", kind=IncidentKind.IN_SYNC)
                return
            with self._journal.reading() as history:
                opening = history.open_drift(device.name)
            if opening is None:
                return
            situation = situations.drift_found(examination, opening, origin=self._origin)
            self._present[device.name] = situation
            self._tell(situation)

    def ended(self, device: Device, outcome: Outcome | None) -> None:
        """Take in how a change ended; None where none was made."""
        if outcome is None:
            return
        before = self._present.pop(device.name, None)
        if not self._channels or before is None:
            return
        with self._quietly():
            with self._journal.reading() as history:
                record = history.outcome_of(outcome.plan_sha256)
            situation = situations.ended(before, outcome, record)
            if situation.kind is IncidentKind.HEALED:
                self._close(situation)
            else:
                self._tell(situation)

    def refused(self, device: Device, error: MurengerError) -> None:
        """Take in that a pass or a change was not made."""
        before = self._present.pop(device.name, None)
        if not self._channels or isinstance(error, _NO_NEWS):
            return
        now = self._parts.clock.now()
        with self._quietly():
            if isinstance(error, _LEDGER):
                self._tell(situations.ledger_failed(error, origin=self._origin, at=now))
            elif before is not None:
                self._tell(situations.refused(before, error))
            else:
                self._tell(situations.not_judged(device, error, origin=self._origin, at=now))

    def begin(self) -> None:
        """Look back at the start: channels that are gone need not work.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        self.delivery.note_removed()

    def tick(self) -> None:
        """Look at the controls of ours, and send what waits; called every second or so, by one thread.

        Raises:
            MurengerError: something could not be kept or sent; the first of what went wrong since the last tick.
        """
        if not self._channels:
            return
        now = self._parts.clock.now()
        if now >= self._controls_at:
            self._controls_at = now + datetime.timedelta(seconds=CONTROLS_EVERY_S)
            with self._quietly():
                self._look_at_controls()
        self.delivery.tick()
        for error in self._taken_problems()[:1]:
            raise error

    def flush(self) -> tuple[MurengerError, ...]:
        """Send what waits before the process ends; what cannot be sent waits for the next one.

        Returns:
            What could not be kept, since anybody asked last.
        """
        if self._channels:
            with self._quietly():
                self.delivery.flush(FLUSH_S)
        return self._taken_problems()

    def try_channels(self) -> dict[str, NotifyError | None]:
        """Send a test message to every channel now, and return what each said."""
        now = self._parts.clock.now()
        incident = Incident(
            id=incident_id(self._origin, "test", now.isoformat()),
            number=1,
            phase=Phase.CLOSED,
            kind=IncidentKind.TEST,
            severity=Risk.LOW,
            peak=Risk.LOW,
            origin=self._origin,
            device="",
            zone="",
            title=f"a test message of {self._origin}: nothing happened",
            opened_at=now,
            at=now,
        )
        return sent_in_time(self.delivery.notifiers, incident)

    def waiting(self) -> dict[str, int]:
        """Return how many messages wait for each channel, configured or not.

        Raises:
            NotifyError: the folder cannot be read.
        """
        return {name: len(self._files.waiting(name)) for name in self._files.channels()}

    def _look_at_controls(self) -> None:
        records = self._failures.open_records()
        waiting = self._parts.anchors.waiting() if self._parts.settings.anchors.sinks else {}
        conflicts = {anchor_control(name) for name, item in waiting.items() if item.conflict}
        found = [(record, _control(record) in conflicts) for record in records]
        known = tuple((record.sequence, is_conflict) for record, is_conflict in found)
        if known == self._known:
            return
        present = [
            situations.control_failed(record, origin=self._origin, is_conflict=is_conflict)
            for record, is_conflict in found
        ]
        for situation in present:
            self._tell(situation)
        still = {situation.id for situation in present}
        with self._files.alone():
            over = [told for told in self._book.all_told(situations.CONTROL) if told.incident.id not in still]
            for told in over:
                self._close_told(told, IncidentKind.RESTORED, f"works again: {told.incident.title}")
        # Only now: what could not be told is looked at again.
        self._known = known

    def _tell(self, situation: Situation) -> None:
        with self._files.alone():
            open_ones = self._book.told(situation.device, situation.topic)
            if situation.topic in (situations.EXAMINATION, situations.LEDGER) and open_ones:
                # These have no record that names their beginning: what is open goes on.
                situation = dataclasses.replace(situation, id=open_ones[0].incident.id)
            if situation.topic == situations.DRIFT:
                for told in open_ones:
                    if told.incident.id != situation.id:
                        self._close_told(told, IncidentKind.IN_SYNC, f"{situation.device}: another drift has begun")
            before = next((told for told in open_ones if told.incident.id == situation.id), None)
            fresh = _news(before, situation, origin=self._origin, now=self._parts.clock.now())
            if fresh is not None:
                self._put(fresh.incident)
                self._book.keep(fresh)

    def _close(self, situation: Situation) -> None:
        """Tell that an incident is over, with what is known of its end."""
        with self._files.alone():
            for told in self._book.told(situation.device, situation.topic):
                if told.incident.id == situation.id:
                    incident = _message(situation, told, Phase.CLOSED, self._origin, self._parts.clock.now())
                    self._put(incident)
                    self._book.forget(incident)

    def _end(self, device: str, topic: str, said: str, *, kind: IncidentKind = IncidentKind.RESTORED) -> None:
        """Tell that what was open about a device and topic is over."""
        if not self._book.told(device, topic):
            return
        with self._files.alone():
            for told in self._book.told(device, topic):
                self._close_told(told, kind, f"{device}: {said}" if device else said)

    def _close_told(self, told: Told, kind: IncidentKind, title: str) -> None:
        last = told.incident
        incident = dataclasses.replace(
            last,
            number=last.number + 1,
            phase=Phase.CLOSED,
            kind=kind,
            title=situations.line(title),
            at=self._parts.clock.now(),
            action="",
        )
        self._put(incident)
        self._book.forget(incident)

    def _put(self, incident: Incident) -> None:
        for channel in self._channels:
            # Who was told that something is grave hears how it ends.
            if is_at_least(incident.peak, channel.least):
                self._files.put(channel.name, incident)

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Keep what goes wrong for the runner to report: a pass must not fail because people cannot be told."""
        try:
            with self._lock:
                yield
        except MurengerError as error:
            self._problems = [*self._problems[-9:], error]

    def _taken_problems(self) -> tuple[MurengerError, ...]:
        problems, self._problems = self._problems, []
        return tuple(problems)


def _news(before: Told | None, situation: Situation, *, origin: str, now: datetime.datetime) -> Told | None:
    """Return what people are to be told, or None where they know."""
    if before is None:
        incident = _message(situation, None, Phase.OPENED, origin, now)
        treatments: tuple[str, ...] = (situation.treatment,)
    else:
        is_same = before.subject == situation.subject
        is_graver = situation.severity is not before.incident.severity and is_at_least(
            situation.severity, before.incident.severity
        )
        is_known = situation.treatment in before.treatments or (situation.is_weak and _is_treated(before))
        if is_same and is_known and not is_graver:
            return None
        incident = _message(situation, before, Phase.UPDATED, origin, now)
        treatments = (*before.treatments, situation.treatment) if is_same else (situation.treatment,)
    return Told(
        topic=situation.topic,
        incident=incident,
        subject=situation.subject,
        treatments=tuple(dict.fromkeys(treatments)),
    )


def _is_treated(told: Told) -> bool:
    """Tell whether people know of more than that the drift is there and being healed."""
    return told.incident.kind not in (IncidentKind.DRIFT, IncidentKind.LOST_LOGGING)


def _message(situation: Situation, before: Told | None, phase: Phase, origin: str, now: datetime.datetime) -> Incident:
    last = before.incident if before else None
    return Incident(
        id=situation.id,
        number=last.number + 1 if last else 1,
        phase=phase,
        kind=situation.kind,
        severity=situation.severity,
        peak=worst_of(situation.severity, last.peak if last else Risk.LOW),
        origin=origin,
        device=situation.device,
        zone=situation.zone,
        title=situation.title,
        opened_at=last.opened_at if last else now,
        at=now,
        tier=situation.tier,
        summary=situation.summary,
        details=situation.details,
        action=situation.action,
        records=tuple(sorted({*situation.records, *(last.records if last else ())})),
        witnesses=situation.witnesses,
    )


def _control(record: ChangeRecord) -> str:
    return text_of(group_of(predicate_of(record), "failure"), "control")
