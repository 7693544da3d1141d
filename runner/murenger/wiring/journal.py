"""The ledger of a site: what it already knows, and what is news.

Input: examinations and outcomes. Output: change records, written only where something changed.
"""

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping

from murenger.decide import AcceptedRevision
from murenger.model import Action, ChangeRecord, Device, digest_of
from murenger.reconcile import Examination
from murenger.record.executor import LogTerms
from murenger.record.history import History
from murenger.record.recorder import Recorder
from murenger.record.redaction import Redactor
from murenger.secrets import PLACEHOLDER
from murenger.wiring.parts import Parts


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
        return History(self._parts.ledger)

    @functools.cached_property
    def _recorder(self) -> Recorder:
        return Recorder(
            ledger=self._parts.ledger,
            origin=self._parts.settings.store.origin,
            clock=self._parts.clock,
            executor=self._parts.executor,
            redactor=Redactor(PLACEHOLDER, self._disclose),
            # Those examined here, not the whole inventory: most have hosts in them that are no devices of ours.
            devices=tuple(self._met.values()),
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
            if not self._begun:
                self._recorder.recovered(self._parts.ledger.settle())
                self._recorder.start_log(self._terms())
                self._begun = True
            self._history.refresh()
            yield self._recorder, self._history

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
            if self._met.get(device.name) != device:
                self._met[device.name] = device
                # The recorder holds nothing else that would be lost; the next use makes it anew.
                self.__dict__.pop("_recorder", None)

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
            cause="approval-void" if examination.decision.awaits_approval else "policy",
            golden=examination.golden,
            drift_record=drift_record,
        )

    def _terms(self) -> LogTerms:
        trust = (self._parts.settings.trust, self._parts.settings.golden.trust)
        return LogTerms(trust=tuple((path.name, digest_of(path.read_bytes())) for path in trust))

    def _disclose(self, name: str, placeholder: str) -> str:
        return self._parts.keep_disclosure(name, self._secrets.get(placeholder, placeholder))
