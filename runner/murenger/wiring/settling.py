"""Changes that a crash left open: found at the next start, settled from the device, never made again.

Input: intents without outcome. Output: their outcomes in the ledger.
"""

from collections.abc import Callable, Mapping

from murenger.heal import settle
from murenger.model import ChangeRecord, Check, Device, Digest, JsonValue, OutcomeVerdict
from murenger.observe import observe
from murenger.record.reading import group_of, number_of, predicate_of, text_of, time_of
from murenger.record.settlement import Settlement
from murenger.secrets import Fingerprinter
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts


class Settling:
    """Settles open intents.

    Args:
        parts: adapters.
        journal: the ledger.
        fingerprinter: returns the maker of fingerprints for a golden revision.
    """

    def __init__(self, parts: Parts, journal: Journal, fingerprinter: Callable[[str], Fingerprinter]) -> None:
        self._parts = parts
        self._journal = journal
        self._fingerprinter = fingerprinter

    def settle_open(self, device: Device, revision: str) -> bool:
        """Find out what became of a change to this device whose process died; call it under the device's lease.

        Returns:
            True if there was one; its outcome is then in the ledger.
        """
        with self._journal.reading() as history:
            open_intents = [intent for intent in history.open_intents() if intent.device == device.name]
        for intent in open_intents:
            self._settle(device, intent, self._fingerprinter(revision))
        return bool(open_intents)

    def _settle(self, device: Device, intent: ChangeRecord, fingerprinter: Fingerprinter) -> None:
        said = predicate_of(intent)
        before = Digest("sha256:" + text_of(group_of(said, "before"), "normalised_sha256"))
        expected = Digest("sha256:" + text_of(group_of(said, "intent"), "expected_after_sha256"))
        timer_left_s = self._timer_left_s(said)
        found = settle(
            observe=lambda: observe(device, self._parts.source, fingerprinter).snapshot,
            clock=self._parts.clock,
            before=before,
            expected=expected,
            # The full time, whatever the wall clock says has passed: it may have been stepped since.
            wait_s=number_of(group_of(said, "backout"), "timer_s") or 0,
        )
        now = self._parts.clock.now()
        verdict = found.verdict
        if verdict is OutcomeVerdict.ROLLED_BACK:
            # Nobody lived to roll back: with time left on the timer nothing was applied, else the timer may have fired.
            verdict = OutcomeVerdict.NOT_APPLIED if timer_left_s else OutcomeVerdict.REVERTED_BY_DEVICE
        check = Check(
            name="configuration read over a fresh connection after a crash",
            expected=expected,
            observed=found.digest or "unreadable",
            passed=found.digest == expected,
            at=now,
        )
        settlement = Settlement(
            verdict=verdict,
            reason="the process that made the change ended before it could say how; found at the next start",
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
            recorder.settled(settlement, intent)

    def _timer_left_s(self, said: Mapping[str, JsonValue]) -> float:
        written = time_of(said, "written_at")
        timer_s = number_of(group_of(said, "backout"), "timer_s") or 0
        if written is None:
            return timer_s
        return max(0.0, timer_s - (self._parts.clock.now() - written).total_seconds())
