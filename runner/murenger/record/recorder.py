"""The recorder: one method for each thing worth proving, each of which returns once the record is durable.

Input: values of the stages. Output: change records in the ledger.
"""

import datetime
from collections.abc import Callable, Sequence

from murenger.errors import ApprovalError, RecordError
from murenger.model import (
    Approval,
    ChangeRecord,
    Check,
    Decision,
    Drift,
    Golden,
    Plan,
    RecordRef,
    Snapshot,
)
from murenger.record import drafts, groups
from murenger.record.appending import document_of
from murenger.record.log_recorder import LogRecorder
from murenger.record.settlement import Settlement, held_draft, outcome_draft

# After the device's own timer has run out, this is how long settling an interrupted change may take.
SETTLING_S = 300


class Recorder(LogRecorder):
    """Writes change records; see `Appender` for what it is made of."""

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

        Raises:
            ApprovalError: it is to be accepted and has ended.
        """
        draft = drafts.approval_draft(approval, plan_record, verdict=verdict, comment=comment, redactor=self._redactor)
        used = approval if verdict == "accepted" else None
        return self._append(draft, documents=[document_of(approval)], approval=used)

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
        before: Callable[[str], None] | None = None,
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
            before: called with the record's hex digest before it is written: who finds the record without an outcome
                finds what that left too.

        Raises:
            ApprovalError: the decision carries no approval, or one that has ended; nothing may be done without one.
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
        return self._append(
            draft, documents=[document_of(decision.approval)], before=before, approval=decision.approval
        )

    def settled(
        self,
        settlement: Settlement,
        intent_record: ChangeRecord,
        *,
        before: Callable[[str], None] | None = None,
    ) -> ChangeRecord:
        """Record what became of a change, and that its device waits for a person where that is not a proven state.

        The rest is said by the intent record: it is all that is left of a change whose process died.

        Args:
            settlement: how it ended.
            intent_record: the record written before the device was touched.
            before: called when nobody else can write any more, and before the outcome is; raises if it must not be.
        """
        draft = outcome_draft(settlement, intent_record, redactor=self._redactor)
        outcome = self._append(draft, before=before)
        self.held(outcome)
        return outcome

    def held(self, outcome: ChangeRecord) -> ChangeRecord | None:
        """Record that a device waits for a person, if an outcome leaves it in a state that is not proven."""
        draft = held_draft(outcome)
        return None if draft is None else self._append(draft)

    def hold(
        self,
        drift: Drift,
        snapshot: Snapshot,
        decision: Decision,
        *,
        cause: str,
        guard: str | None = None,
        detail: str = "",
        golden: Golden | None = None,
        drift_record: ChangeRecord | None = None,
    ) -> ChangeRecord:
        """Record that a change was refused or put off.

        Args:
            drift: what stays as it is.
            snapshot: live.
            decision: the decision, whose reasons are the detail where none is given.
            cause: one lower-case word or several joined by hyphens: guard-failed, approval-void, fetch-suspect, freeze,
                fight, back-off, tightening, mixed, unknown, held-for-a-person, net-unproved, manual, policy.
            guard: the guard that refused, if one did.
            detail: why, where it is not the decision that says so.
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
                detail=detail or "; ".join(decision.reasons),
                redactor=self._redactor,
            ),
            documents=[] if decision.approval is None else [document_of(decision.approval)],
        )

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


def _references(**earlier: ChangeRecord | None) -> tuple[RecordRef, ...]:
    return tuple(record.reference(relation) for relation, record in earlier.items() if record is not None)
