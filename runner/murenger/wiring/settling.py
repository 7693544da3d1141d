"""Changes that a crash left open: found at the next start, settled from the device, never made again.

Input: intents without outcome. Output: their outcomes in the ledger.
"""

from collections.abc import Callable, Mapping

from murenger.errors import MurengerError
from murenger.heal import Unsettled, settle
from murenger.heal.tools import WayBack
from murenger.model import ChangeRecord, Check, Device, Digest, JsonValue, OutcomeVerdict, Snapshot
from murenger.observe import observe
from murenger.reconcile import Compared
from murenger.record.reading import group_of, number_of, predicate_of, text_of, time_of
from murenger.record.settlement import Settlement
from murenger.secrets import Fingerprinter
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts

_NEVER_SENT = "the process that was to make the change ended before it sent anything; found at the next start"
_BROKEN_OFF = "the process that made the change ended before it could say how; found at the next start"


class Settling:
    """Settles open intents.

    Args:
        parts: adapters.
        journal: the ledger.
        fingerprinter: returns the maker of fingerprints for a golden revision.
        compare: compares a snapshot with the golden policy that counts now.
    """

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        fingerprinter: Callable[[str], Fingerprinter],
        compare: Callable[[Device, Snapshot], Compared],
    ) -> None:
        self._parts = parts
        self._journal = journal
        self._fingerprinter = fingerprinter
        self._compare = compare

    def settle_open(self, device: Device, revision: str) -> bool:
        """Find out what became of a change to this device whose process died; call it under the device's lease.

        Returns:
            True if there was one; its outcome is then in the ledger.
        """
        with self._journal.reading() as history:
            open_intents = [intent for intent in history.open_intents() if intent.device == device.name]
            untold = history.untold_hold(device.name)
        if untold is not None:
            with self._journal.writing() as (recorder, _):
                recorder.held(untold)
        for intent in open_intents:
            self._settle(device, intent, self._fingerprinter(revision))
        return bool(open_intents)

    def _settle(self, device: Device, intent: ChangeRecord, fingerprinter: Fingerprinter) -> None:
        said = predicate_of(intent)
        before = Digest("sha256:" + text_of(group_of(said, "before"), "normalised_sha256"))
        expected = Digest("sha256:" + text_of(group_of(said, "intent"), "expected_after_sha256"))
        timer_left_s = self._timer_left_s(said)
        never_sent = self._parts.sending.never_sent(device.name, intent.sha256)
        found = settle(
            Unsettled(
                before=before,
                is_promised=lambda seen: seen.digest == expected or self._is_golden(device, seen, said),
                # The full time, whatever the wall clock says has passed: it may have been stepped since.
                wait_s=number_of(group_of(said, "backout"), "timer_s") or 0,
                timer_runs=timer_left_s > 0,
                way_back=WayBack.NEVER_SENT if never_sent else WayBack.NO_ANSWER,
                has_pending=lambda: self._parts.remediator.has_pending(device),
            ),
            observe=lambda: observe(device, self._parts.source, fingerprinter).snapshot,
            clock=self._parts.clock,
        )
        now = self._parts.clock.now()
        verdict = found.verdict
        check = Check(
            name="configuration read over a fresh connection after a crash",
            expected=expected,
            observed=found.digest or "unreadable",
            passed=verdict is OutcomeVerdict.HEALED or found.digest == expected,
            at=now,
        )
        settlement = Settlement(
            verdict=verdict,
            reason=_NEVER_SENT if never_sent else _BROKEN_OFF,
            after_digest=found.digest,
            checks=(check,),
            ended_at=now,
            flows_note="connections that the drift admitted were not cut",
        )
        with self._journal.writing() as (recorder, _):
            recorder.recovery(
                cause="open-intent",
                affected=f"record {intent.sequence}",
                sha256=intent.sha256,
                found="an intent without outcome",
                action=f"the device was read: {verdict.value}",
            )
        self._journal.conclude(settlement, intent)

    def _is_golden(self, device: Device, seen: Snapshot, said: Mapping[str, JsonValue]) -> bool:
        """Tell whether live is golden in every part that is compared, by the revision that the change was to restore.

        A device may list a hand-written golden in another form that means the same.
        """
        try:
            compared = self._compare(device, seen)
        except MurengerError:
            return False
        return compared.drift.in_sync and compared.golden.revision == text_of(group_of(said, "golden"), "commit")

    def _timer_left_s(self, said: Mapping[str, JsonValue]) -> float:
        written = time_of(said, "written_at")
        timer_s = number_of(group_of(said, "backout"), "timer_s") or 0
        if written is None:
            return timer_s
        return max(0.0, timer_s - (self._parts.clock.now() - written).total_seconds())
