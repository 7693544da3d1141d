"""The recorder: one method for each thing worth proving, each of which returns once the record is durable.

Input: values of the stages. Output: change records in the ledger.
"""

import datetime
from collections.abc import Sequence

from murenger.errors import ApprovalError, RecordError
from murenger.model import (
    Approval,
    ChangeRecord,
    Check,
    Decision,
    Device,
    Digest,
    Drift,
    Golden,
    Outcome,
    Plan,
    RecordKind,
    RecordRef,
    Snapshot,
)
from murenger.ports import Clock, Ledger
from murenger.record import drafts, groups, log_drafts
from murenger.record.executor import Executor, Found, LogTerms, Population
from murenger.record.groups import time_text
from murenger.record.reading import written_at
from murenger.record.redaction import Redactor
from murenger.record.settlement import Settlement, outcome_draft, settlement_of
from murenger.record.statement import Draft, statement_bytes

# After the device's own timer has run out, this is how long settling an interrupted change may take.
SETTLING_S = 300

# Clocks are stepped by less than this in ordinary synchronisation; only more is worth a record of its own.
CLOCK_STEP = datetime.timedelta(seconds=1)


class Recorder:
    """Writes change records.

    Args:
        ledger: where they go.
        origin: name of the log.
        clock: the time.
        executor: who acts.
        redactor: replaces placeholders of secrets.
        devices: the inventory, for addresses and zones; a device not in it is recorded without them.
        anchoring: unanchored while no anchor is configured, else before_change or queue.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        origin: str,
        clock: Clock,
        executor: Executor,
        redactor: Redactor,
        devices: Sequence[Device] = (),
        anchoring: str = "unanchored",
    ) -> None:
        self._ledger = ledger
        self._origin = origin
        self._clock = clock
        self._executor = executor
        self._redactor = redactor
        self._devices = {device.name: device for device in devices}
        self._anchoring = anchoring

    def start_log(self, terms: LogTerms) -> ChangeRecord | None:
        """Write the first record of a log, which binds the trust files; None if the log has begun already.

        Raises:
            RecordError: the terms are not valid, or the ledger cannot be written.
        """
        if self._ledger.head() is not None:
            return None
        return self._append(log_drafts.genesis_draft(terms, self._origin))

    def golden_adopted(self, golden: Golden, previous_sha256: str | None) -> ChangeRecord:
        """Record that a golden revision was judged and adopted, at first sight.

        Args:
            golden: what was adopted.
            previous_sha256: hex digest of the golden text it replaces, or None.
        """
        return self._append(drafts.golden_draft(golden, self._devices.get(golden.snapshot.device), previous_sha256))

    def drift_found(
        self,
        drift: Drift,
        snapshot: Snapshot,
        golden: Golden,
        *,
        opening: ChangeRecord | None = None,
        rule_count: int | None = None,
    ) -> ChangeRecord:
        """Record that drift opened or, where the record that opened it is given, that it changed.

        Args:
            drift: what differs; not in sync.
            snapshot: the live configuration it was found in.
            golden: the approved policy it was compared with.
            opening: the record that opened this interval.
            rule_count: rules in the live configuration, where they were counted.
        """
        if drift.in_sync:
            raise RecordError("nothing differs, so no drift was found")
        return self._drift(drift, snapshot, golden, opening=opening, rule_count=rule_count, cause="")

    def drift_closed(
        self,
        drift: Drift,
        snapshot: Snapshot,
        golden: Golden,
        *,
        opening: ChangeRecord,
        cause: str,
        rule_count: int | None = None,
    ) -> ChangeRecord:
        """Record that drift ended without a heal of ours: nothing differs any more.

        Args:
            drift: a comparison without differences.
            snapshot: the live configuration.
            golden: the approved policy.
            opening: the record that opened the interval.
            rule_count: rules in live, where they were counted.
            cause: why it ended, such as `golden adopted` or `changed back outside murenger`.
        """
        if not drift.in_sync:
            raise RecordError("live still differs, so the drift is not closed")
        return self._drift(drift, snapshot, golden, opening=opening, rule_count=rule_count, cause=cause)

    def plan_made(
        self, plan: Plan, plan_sha256: str, drift_record: ChangeRecord, *, proposed_by: str = ""
    ) -> ChangeRecord:
        """Record that a change was planned.

        Args:
            plan: what would be done.
            plan_sha256: hex digest of the plan file.
            drift_record: the drift it undoes.
            proposed_by: who made it; the runner itself if empty.
        """
        return self._append(
            drafts.plan_draft(
                plan,
                plan_sha256,
                drift_record,
                proposed_by=proposed_by or self._executor.runner_id,
                redactor=self._redactor,
            )
        )

    def approved(
        self,
        approval: Approval,
        *,
        plan_record: ChangeRecord | None = None,
        verdict: str = "accepted",
        comment: str = "",
    ) -> ChangeRecord:
        """Record what a person decided, with the decision file and its signature.

        Args:
            approval: the verified decision.
            plan_record: the plan it is about; None for a standing change.
            verdict: accepted, rejected, expired or revoked.
            comment: what the person said.
        """
        draft = drafts.approval_draft(approval, plan_record, verdict=verdict, comment=comment, redactor=self._redactor)
        return self._append(draft, documents=[_document(approval)])

    def intent(
        self,
        plan: Plan,
        plan_sha256: str,
        decision: Decision,
        snapshot: Snapshot,
        golden: Golden,
        *,
        drift_record: ChangeRecord | None = None,
        plan_record: ChangeRecord | None = None,
        approval_record: ChangeRecord | None = None,
        checks: Sequence[Check] = (),
    ) -> ChangeRecord:
        """Record, before the device is touched, that it is about to be.

        Args:
            plan: what will be done.
            plan_sha256: hex digest of the plan file.
            decision: the decision to heal, with its approval.
            snapshot: live as the plan found it.
            golden: the approved policy it returns to.
            drift_record: the drift it undoes, if recorded.
            plan_record: the record of the plan, if there is one.
            approval_record: the record of the approval, if there is one.
            checks: tests made before.

        Raises:
            ApprovalError: the decision carries no approval; nothing may be done without one.
            RecordError: the record could not be made durable; then the device must not be touched.
        """
        if decision.approval is None:
            raise ApprovalError("no change is made without an approval", device=plan.device)
        draft = drafts.intent_draft(
            plan,
            plan_sha256,
            decision.approval,
            snapshot,
            golden,
            device=self._devices.get(plan.device),
            drift_record=drift_record,
            references=_references(drift=drift_record, plan=plan_record, approval=approval_record),
            pre=groups.checks(checks, self._redactor),
            deadline=self._clock.now() + datetime.timedelta(seconds=plan.revert_in_s + SETTLING_S),
            anchoring=self._anchoring,
            redactor=self._redactor,
        )
        return self._append(draft, documents=[_document(decision.approval)])

    def outcome(
        self, outcome: Outcome, intent_record: ChangeRecord, *, snapshot: Snapshot | None = None
    ) -> ChangeRecord:
        """Record what became of a change, together with what its intent record says.

        Args:
            outcome: how it ended.
            intent_record: the record written before the device was touched.
            snapshot: live afterwards, if it was read whole.
        """
        return self.settled(settlement_of(outcome), intent_record, snapshot=snapshot)

    def settled(
        self, settlement: Settlement, intent_record: ChangeRecord, *, snapshot: Snapshot | None = None
    ) -> ChangeRecord:
        """Record what became of a change whose process died: the intent record is all that is left of it."""
        return self._append(outcome_draft(settlement, intent_record, snapshot=snapshot, redactor=self._redactor))

    def hold(
        self,
        drift: Drift,
        snapshot: Snapshot,
        decision: Decision,
        *,
        cause: str,
        guard: str | None = None,
        golden: Golden | None = None,
        drift_record: ChangeRecord | None = None,
    ) -> ChangeRecord:
        """Record that a change was refused or put off.

        Args:
            drift: what stays as it is.
            snapshot: live.
            decision: the decision, whose reasons become the detail.
            cause: one lower-case word or several joined by hyphens: guard-failed, approval-void, fetch-suspect, freeze,
                fight, net-unproved, manual, policy.
            guard: the guard that refused, if one did.
            golden: the approved policy, if it was loaded.
            drift_record: the drift, if recorded.
        """
        return self._append(
            drafts.hold_draft(
                drift,
                snapshot,
                decision,
                device=self._devices.get(drift.device),
                golden=golden,
                drift_record=drift_record,
                cause=cause,
                guard=guard,
                redactor=self._redactor,
            ),
            documents=[] if decision.approval is None else [_document(decision.approval)],
        )

    def recovered(self, found: Sequence[Found]) -> tuple[ChangeRecord, ...]:
        """Record what a crash left behind and what was done about it; nothing where nothing was found."""
        return tuple(
            self.recovery(
                cause=item.cause, affected=item.file, sha256=item.sha256, found=item.cause, action=item.action
            )
            for item in found
        )

    def recovery(self, *, cause: str, affected: str, sha256: str, found: str, action: str) -> ChangeRecord:
        """Record a crash, clock step or stray file, and what was done.

        Args:
            cause: lower-case words joined by hyphens.
            affected: the record or file.
            sha256: hex digest of its bytes.
            found: what was found.
            action: what was done.
        """
        plain = self._redactor.plain
        return self._append(
            log_drafts.recovery_draft(
                cause=cause, affected=plain(affected), sha256=sha256, found=plain(found), action=plain(action)
            )
        )

    def failed(
        self, *, control: str, cause: str, subject: tuple[str, str], device: Device | None = None
    ) -> ChangeRecord:
        """Record that a control of ours failed: a device unreachable, a scan late, an outage.

        Args:
            control: what no longer works.
            cause: why, as far as is known.
            subject: (name, hex digest) of the affected configuration or inventory.
            device: the device concerned, or None.
        """
        draft = log_drafts.failure_draft(
            control=control,
            cause=cause,
            subject=subject,
            device=device,
            started=self._clock.now(),
            redactor=self._redactor,
        )
        return self._append(draft)

    def heartbeat(self, population: Population) -> ChangeRecord:
        """Record that a scan was made, and how much it saw."""
        return self._append(log_drafts.heartbeat_draft(population))

    def runner_started(self, configuration: Digest, reason: str) -> ChangeRecord:
        """Record that the runner started, with which configuration and why."""
        return self._append(log_drafts.runner_draft("start", configuration, self._redactor.plain(reason)))

    def runner_stopped(self, configuration: Digest, reason: str) -> ChangeRecord:
        """Record that the runner stopped, and why."""
        return self._append(log_drafts.runner_draft("stop", configuration, self._redactor.plain(reason)))

    def _drift(
        self,
        drift: Drift,
        snapshot: Snapshot,
        golden: Golden,
        *,
        opening: ChangeRecord | None,
        rule_count: int | None,
        cause: str,
    ) -> ChangeRecord:
        return self._append(
            drafts.drift_draft(
                drift,
                snapshot,
                golden,
                device=self._devices.get(drift.device),
                opening=opening,
                rule_count=rule_count,
                cause=cause,
                redactor=self._redactor,
            )
        )

    def _append(self, draft: Draft, *, documents: Sequence[tuple[bytes, str]] = ()) -> ChangeRecord:
        if draft.kind is not RecordKind.RECOVERY:
            self._note_clock_step()
        return self._ledger.append(
            lambda sequence, previous: self._build(draft, sequence, previous), documents=documents
        )

    def _build(self, draft: Draft, sequence: int, previous_sha256: str) -> bytes:
        return statement_bytes(
            draft,
            origin=self._origin,
            sequence=sequence,
            previous_sha256=previous_sha256,
            written_at=self._clock.now(),
            executor=self._executor,
        )

    def _note_clock_step(self) -> None:
        head = self._ledger.head()
        now = self._clock.now()
        if head is None or written_at(head) <= now + CLOCK_STEP:
            return
        self.recovery(
            cause="clock-step",
            affected=f"record {head.sequence}",
            sha256=head.sha256,
            found=f"the clock shows {time_text(now)}, earlier than the newest record ({time_text(written_at(head))})",
            action="recording goes on in the newest day",
        )


def _document(approval: Approval) -> tuple[bytes, str]:
    return approval.decision, approval.signature


def _references(**earlier: ChangeRecord | None) -> tuple[RecordRef, ...]:
    return tuple(record.reference(relation) for relation, record in earlier.items() if record is not None)
