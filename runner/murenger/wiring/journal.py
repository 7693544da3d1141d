"""The ledger of a site: what it already knows, and what is news.

Input: examinations and outcomes. Output: change records, written only where something changed.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Mapping

from murenger.adapters.sqlite import RecordIndex
from murenger.decide import AcceptedRevision
from murenger.errors import LeaseHeldError, LedgerError
from murenger.model import Action, ChangeRecord, Device, digest_of
from murenger.reconcile import Examination
from murenger.record.executor import LogTerms
from murenger.record.history import History
from murenger.record.recorder import Recorder
from murenger.record.redaction import Redactor
from murenger.record.settlement import Settlement
from murenger.secrets import PLACEHOLDER
from murenger.wiring.parts import Parts
from murenger.wiring.sealing import seal_finished


class _Memory:
    """What is known of the past, kept in the index; whoever only looks writes nothing.

    Args:
        index: the index of the log.
        may_write: tells whether this process has begun to write the log.
    """

    def __init__(self, index: RecordIndex, may_write: Callable[[], bool]) -> None:
        self._index = index
        self._may_write = may_write

    def recall(self) -> str | None:
        """Return what was kept last, or None."""
        return self._index.recall()

    def keep(self, text: str) -> None:
        """Keep a text, if this process writes at all."""
        if self._may_write():
            self._index.keep(text)

    def fetch(self, sequence: int) -> ChangeRecord | None:
        """Return a record from its file, or None where that cannot be done fast."""
        return self._index.fetch(sequence)


class Journal:
    """Reads and writes the ledger, one thread at a time.

    Args:
        parts: adapters.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.RLock()
        self._secrets: dict[str, str] = {}
        self._begun = False
        self._met: dict[str, Device] = {}

    @functools.cached_property
    def _history(self) -> History:
        return History(self._parts.ledger, _Memory(self._parts.index, lambda: self._begun))

    def _make_recorder(self) -> Recorder:
        return Recorder(
            ledger=self._parts.ledger,
            origin=self._parts.settings.store.origin,
            clock=self._parts.clock,
            executor=self._parts.executor,
            redactor=Redactor(PLACEHOLDER, self._disclose),
            # Those examined here, not the whole inventory: most have hosts in them that are no devices of ours.
            devices=tuple(self._met.values()),
            anchoring=self._parts.anchoring,
            anchor_seen=self._parts.anchors.seen,
        )

    @contextlib.contextmanager
    def reading(self) -> Iterator[History]:
        """Return a context with the history up to now; nobody else in this process writes meanwhile."""
        with self._lock:
            self._history.refresh()
            yield self._history

    @contextlib.contextmanager
    def writing(self, secrets: Mapping[str, str] | None = None) -> Iterator[tuple[Recorder, History]]:
        """Return a context with the recorder and the history; begins the log if there is none yet.

        Args:
            secrets: placeholder -> value, for what the records may have to disclose later.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        with self._lock:
            self._secrets = dict(secrets or {})
            recorder = self._make_recorder()
            if not self._begun:
                recorder.recovered(self._parts.ledger.settle())
                recorder.start_log(self._terms())
                self._begun = True
                self._seal(recorder)
            self._history.refresh()
            yield recorder, self._history

    def conclude(
        self, settlement: Settlement, intent: ChangeRecord, secrets: Mapping[str, str] | None = None
    ) -> ChangeRecord:
        """Write how a change ended, unless somebody else has: who took the device over had the last look.

        Args:
            settlement: how it ended.
            intent: the record written before the device was touched.
            secrets: as for `writing`.

        Raises:
            LeaseHeldError: its outcome is in the ledger already.
            LedgerError: the ledger cannot be written.
        """
        with self.writing(secrets) as (recorder, history):

            def refuse_repetition(_: str) -> None:
                history.refresh()
                if all(other.sha256 != intent.sha256 for other in history.open_intents()):
                    raise LeaseHeldError(
                        "another process took the device over and settled this change",
                        device=intent.device,
                        hint="murenger log shows how it ended",
                    )

            return recorder.settled(settlement, intent, before=refuse_repetition)

    def _seal(self, recorder: Recorder) -> None:
        """Seal what is finished; a day that cannot be sealed is no reason to record nothing.

        The runner records it as a failure of its own, the doctor names it, and if the disk is at fault, the record that
        is about to be written fails by itself.
        """
        try:
            seal_finished(self._parts, recorder)
        except LedgerError:
            return

    def accepted(self) -> AcceptedRevision | None:
        """Return the golden revision that was accepted last, or None."""
        with self.reading() as history:
            found = history.newest_golden()
            if found is None or found.accepted_at is None:
                return None
            return AcceptedRevision(
                revision=found.revision,
                approved_by=found.signer,
                key_fingerprint=found.key_fingerprint,
                approved_at=found.accepted_at,
            )

    def note(self, examination: Examination) -> ChangeRecord | None:
        """Write what an examination found, if it is news; return the record of the present drift, if there is one."""
        self._meet(examination.device)
        with self.writing(examination.secrets) as (recorder, history):
            golden_is_news = self._note_golden(examination, recorder, history)
            opening = history.open_drift(examination.device.name)
            if examination.drift.in_sync:
                if opening is not None:
                    cause = "live equals golden again without a heal of ours"
                    recorder.drift_closed(
                        examination.drift, examination.live, examination.golden, opening=opening, cause=cause
                    )
                return None
            last_read = history.last_good(examination.device.name)
            is_same = last_read is not None and last_read.digest == examination.drift.live_digest
            if opening is None or not is_same or golden_is_news:
                found = recorder.drift_found(examination.drift, examination.live, examination.golden, opening=opening)
                self._note_hold(examination, recorder, found)
                return found
            if history.last_hold(examination.device.name) != "; ".join(examination.decision.reasons):
                self._note_hold(examination, recorder, opening)
            return opening

    def _meet(self, device: Device) -> None:
        """Let records about a device tell its address and zone."""
        with self._lock:
            self._met[device.name] = device

    def _note_golden(self, examination: Examination, recorder: Recorder, history: History) -> bool:
        """Record a golden revision at first sight, and tell whether it was news."""
        golden = examination.golden
        known = history.newest_golden()
        own = history.accepted_golden_of(examination.device.name)
        is_known = known is not None and known.revision == golden.revision
        if is_known and own is not None and own.digest == golden.snapshot.digest:
            return False
        recorder.golden_adopted(golden, own.digest.removeprefix("sha256:") if own else None)
        return True

    def _note_hold(self, examination: Examination, recorder: Recorder, drift_record: ChangeRecord) -> None:
        """Record why nothing is done about a drift, where that was decided."""
        if examination.decision.action is not Action.HOLD:
            return
        recorder.hold(
            examination.drift,
            examination.live,
            examination.decision,
            cause=examination.decision.cause or "policy",
            golden=examination.golden,
            drift_record=drift_record,
        )

    def _terms(self) -> LogTerms:
        trust = (self._parts.settings.trust, self._parts.settings.golden.trust)
        settings = self._parts.settings
        return LogTerms(
            trust=tuple((path.name, digest_of(path.read_bytes())) for path in trust),
            crypto_profile=settings.crypto_profile,
            anchor_policy=settings.anchors.policy.value if settings.anchors.sinks else "none",
            heartbeat_s=settings.store.heartbeat_s,
            retention_days=settings.store.retention_days,
        )

    def _disclose(self, name: str, placeholder: str) -> str:
        return self._parts.keep_disclosure(name, self._secrets.get(placeholder, placeholder))
