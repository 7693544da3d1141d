"""Healing at a site: plans kept as files, one change under one lease, and changes that a crash left open.

Input: an examination. Output: a plan file, or an outcome with its intent and outcome in the ledger.
"""

import dataclasses
import datetime
import secrets
from collections.abc import Callable, Iterator

from murenger.compare import compare, steps
from murenger.decide import PlanDocument, match_plan, parse_plan, plan_document
from murenger.dialects import dialect, expected_after
from murenger.errors import AnchorError, ApprovalError, GuardRefusedError, PolicyError
from murenger.heal import HealTools, Step, heal, make_plan
from murenger.heal.steps import At, unheard
from murenger.model import (
    Action,
    ApprovalMode,
    ChangeRecord,
    Check,
    Decision,
    Drift,
    Outcome,
    OutcomeVerdict,
    Plan,
    RawRead,
    Snapshot,
    SnapshotKind,
)
from murenger.observe import canonical, observe
from murenger.ports import Lease
from murenger.reconcile import Examination
from murenger.record.history import History
from murenger.record.reading import group_of, predicate_of, text_of
from murenger.record.recorder import Recorder
from murenger.record.settlement import settlement_of
from murenger.secrets import Fingerprinter, fill, redact
from murenger.wiring.anchoring import redacted
from murenger.wiring.guarding import Guarding
from murenger.wiring.impact import ImpactDesk
from murenger.wiring.journal import Journal
from murenger.wiring.parts import Parts
from murenger.wiring.probing import Probing, tests_of
from murenger.wiring.scoping import candidate, wanted
from murenger.wiring.standing_off import made_after_hold
from murenger.wiring.watch import Watch

REASON = "live drifted from the approved golden policy"
SECURITY_IMPACT = "restores the approved policy; until then the drift stays in force"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan with the file that people approve.

    Attributes:
        plan: the plan.
        sha256: hex digest of the file.
    """

    plan: Plan
    sha256: str


class Healing:
    """Plans and changes.

    Args:
        parts: adapters.
        journal: the ledger.
        watch: anchors what is written.
        guarding: asks the guards.
        fingerprinter: returns the maker of fingerprints for a golden revision.
        impact: judges traffic.

    Attributes:
        at: told each step of a heal when it is done; nobody listens in service.
    """

    def __init__(
        self,
        parts: Parts,
        journal: Journal,
        watch: Watch,
        guarding: Guarding,
        fingerprinter: Callable[[str], Fingerprinter],
        *,
        impact: ImpactDesk,
    ) -> None:
        self._parts = parts
        self._journal = journal
        self._watch = watch
        self._guarding = guarding
        self._fingerprinter = fingerprinter
        self._impact = impact
        self._probing = Probing(parts)
        self.at: At = unheard

    def preview(self, examination: Examination, *, made_at: datetime.datetime | None = None) -> Plan:
        """Return the plan that undoes a drift; nothing is kept.

        Raises:
            GuardRefusedError: nothing may be healed, or there is no safety net.
        """
        device, live = examination.device, examination.live
        promised = _promised(examination)
        policy = examination.decision.policy
        self._probing.refuse_short_timer(device, policy)
        return make_plan(
            drift=examination.drift,
            live=live,
            golden=examination.golden,
            candidate=candidate(examination.golden.snapshot, live, policy),
            expected=promised.text,
            steps=steps(live, promised),
            decision=examination.decision,
            safety_net=self._parts.remediator.safety_net(device, revert_in_s=policy.revert_in_s),
            now=made_at or self._parts.clock.now(),
        )

    def plan(self, examination: Examination) -> PlanFile:
        """Return the plan file for a drift: the one there is already, or a new one, recorded.

        Raises:
            GuardRefusedError: nothing may be healed, or there is no safety net.
        """
        known = self.known_plan(examination)
        if known is not None:
            return PlanFile(plan=self.preview(examination, made_at=known.made_at), sha256=known.sha256)
        plan = self.preview(examination)
        signatory = self._parts.signer.identity()
        document = plan_document(
            plan,
            origin=self._parts.settings.store.origin,
            author=signatory.principal,
            author_key_fingerprint=signatory.key_fingerprint,
            nonce=secrets.token_hex(16),
            reason=REASON,
            security_impact=SECURITY_IMPACT,
            test=tests_of(examination.decision.policy),
        )
        sha256 = self._parts.plans.save(document)
        drift_record = self._journal.note(examination)
        if drift_record is not None:
            with self._journal.writing(examination.secrets) as (recorder, _):
                recorder.plan_made(plan, sha256, drift_record)
        return PlanFile(plan=plan, sha256=sha256)

    def known_plan(self, examination: Examination) -> PlanDocument | None:
        """Return the newest plan file that still holds for this drift and revision, or None."""
        return next(
            (
                document
                for document in self.plans_for(examination.drift)
                if document.golden_revision == examination.golden.revision
                and document.test == tests_of(examination.decision.policy)
            ),
            None,
        )

    def plans_for(self, drift: Drift) -> tuple[PlanDocument, ...]:
        """Return the unexpired plan files for exactly this drift that were not yet carried out, newest first."""
        now = self._parts.clock.now()
        with self._journal.reading() as history:
            fitting = [
                document
                for document in self._documents()
                if document.device == drift.device
                and document.before_digest == drift.live_digest
                and document.golden_digest == drift.golden_digest
                and document.not_after > now
                and history.outcome_of(document.sha256) is None
                and made_after_hold(history, drift.device, document.sha256)
            ]
        return tuple(sorted(fitting, key=lambda document: document.made_at, reverse=True))

    def _documents(self) -> Iterator[PlanDocument]:
        for sha256 in self._parts.plans.kept():
            try:
                yield parse_plan(self._parts.plans.load(sha256))
            except ApprovalError:
                # A damaged plan file is no plan; loading it by its digest says so to whoever asks for it.
                continue

    def fitting_plan(self, examination: Examination, plan_sha256: str) -> tuple[PlanDocument, Plan]:
        """Return a plan file and the plan it stands for, if it may be carried out now; nothing is written.

        Args:
            examination: made after the plan.
            plan_sha256: hex digest of the plan file.

        Raises:
            PolicyError: the decision is not to heal; the message gives its reasons, the hint how to approve.
            ApprovalError: the plan is void, or was carried out already.
            GuardRefusedError: the plan is for another device.
        """
        device = examination.device
        document = parse_plan(self._parts.plans.load(plan_sha256))
        if document.device != device.name:
            raise GuardRefusedError(f"the plan is for {document.device}, not for this device", device=device.name)
        self._refuse_repetition(document)
        refuse_hold(examination, plan_sha256)
        # What was proposed to a person is good for as long as the file says, also once it is approved.
        plan = dataclasses.replace(self.preview(examination, made_at=document.made_at), expires_at=document.not_after)
        match_plan(document, plan, test=tests_of(examination.decision.policy))
        return document, plan

    def remediate(self, examination: Examination, plan_sha256: str, lease: Lease) -> Outcome:
        """Carry out one plan, under the device's lease, between its intent and its outcome in the ledger.

        Args:
            examination: made under the lease, after the plan.
            plan_sha256: hex digest of the plan file.
            lease: the lease on the device.

        Raises:
            PolicyError: the decision is not to heal; the message gives its reasons.
            ApprovalError: the plan is void.
            GuardRefusedError: a guard refused before anything was touched.
            AnchorError: the intent could not be anchored, so nothing was touched; the outcome says so.
            AnchorConflictError: an anchor holds another history of the log; nothing was touched.
        """
        device, decision = examination.device, examination.decision
        document, plan = self.fitting_plan(examination, plan_sha256)
        drift_record = self._journal.note(examination)
        tools = self._tools(examination, lease)
        # Filling is checked before the intent is written: a missing secret is no reason to announce a change.
        tools.fill(plan.candidate)
        guarded = self._guarding.check(examination, plan)
        self.at(Step.GUARDS_PASSED)
        with (
            self._guarding.turn(examination, guarded.case),
            self._journal.writing(examination.secrets) as (recorder, history),
        ):
            plan_record = history.plan_made(plan_sha256)
            intent = recorder.intent(
                plan,
                plan_sha256,
                decision,
                examination.live,
                examination.golden,
                drift_record=drift_record,
                plan_record=plan_record,
                approval_record=_taken_in(decision, plan_record, recorder, history),
                checks=(*_checks_before(document, examination, lease, self._parts.clock.now()), *guarded.checks),
                before=lambda sha256: self._parts.sending.begin(device.name, sha256),
            )
        self.at(Step.INTENT_WRITTEN)
        tools = dataclasses.replace(tools, sending=lambda: self._parts.sending.send(device.name, intent.sha256))
        self._anchor_intent(intent, plan, decision)
        self.at(Step.INTENT_ANCHORED)
        outcome = heal(device, plan, decision, tools, plan_sha256=plan_sha256)
        self._journal.conclude(settlement_of(outcome), intent, examination.secrets)
        self.at(Step.OUTCOME_WRITTEN)
        self._watch.anchor_quietly()
        return outcome

    def _anchor_intent(self, intent: ChangeRecord, plan: Plan, decision: Decision) -> None:
        """Have the intent held by others before the device is touched, or settle it as not applied.

        Raises:
            AnchorError: nobody confirmed it, or an anchor holds another history; the device was not touched.
        """
        try:
            self._watch.anchor_change()
        except AnchorError as error:
            now = self._parts.clock.now()
            outcome = Outcome(
                device=plan.device,
                plan_sha256=text_of(group_of(predicate_of(intent), "change"), "plan_sha256"),
                decision=decision,
                verdict=OutcomeVerdict.NOT_APPLIED,
                reason=f"the device was not touched: {redacted(error.message)}",
                before_digest=plan.drift.live_digest,
                after_digest=plan.drift.live_digest,
                checks=(),
                flows_cut=None,
                flows_note="not reached",
                started_at=now,
                ended_at=now,
                confirmed_at=None,
            )
            self._journal.conclude(dataclasses.replace(settlement_of(outcome), started_at=None), intent)
            error.device = error.device or plan.device
            raise

    def _refuse_repetition(self, document: PlanDocument) -> None:
        """Refuse a plan that was carried out before: what people approve is one change, not each one like it."""
        with self._journal.reading() as history:
            outcome = history.outcome_of(document.sha256)
        if outcome is not None:
            raise ApprovalError(
                f"the plan was carried out already: record {outcome.sequence} tells how it ended",
                device=document.device,
                hint=f"make a new one: murenger plan {document.device}",
            )

    def _tools(self, examination: Examination, lease: Lease) -> HealTools:
        device = examination.device
        fingerprinter = self._fingerprinter(examination.golden.revision)
        known = dialect(device.platform)
        values = tuple(examination.secrets.values())
        promised = _promised(examination)
        policy = examination.decision.policy

        def hide(text: str) -> str:
            return redact(text, values)

        def seen(raw: RawRead) -> Snapshot:
            return canonical(raw, device, fingerprinter)[0]

        return HealTools(
            remediator=self._parts.remediator,
            observe=lambda: observe(device, self._parts.source, fingerprinter).snapshot,
            canonical=seen,
            agrees=lambda after: compare(promised, after, detected_at=after.taken_at).in_sync,
            impact=lambda after: self._impact.impact(promised, after, revision=examination.golden.revision),
            fill=lambda text: fill(text, examination.secrets, known),
            redact=hide,
            clock=self._parts.clock,
            probes=lambda: self._probing.checks(device, policy, hide),
            lease_held=lease.check,
            token=lease.token,
            at=self.at,
        )


def refuse_hold(examination: Examination, plan_sha256: str | None) -> None:
    """Refuse to heal where that was not decided.

    Raises:
        PolicyError: the decision is to hold; the hint names the plan to approve if that is all that is missing.
    """
    decision = examination.decision
    if decision.action is Action.HEAL:
        return
    named = plan_sha256[:12] if plan_sha256 else "PLAN"
    hint = f"murenger approve {named} --key YOUR_SSH_KEY, then heal again" if decision.awaits_approval else ""
    raise PolicyError(f"not healed: {'; '.join(decision.reasons)}", device=examination.device.name, hint=hint)


def _taken_in(
    decision: Decision, plan_record: ChangeRecord | None, recorder: Recorder, history: History
) -> ChangeRecord | None:
    """Return the record by which the approval was taken in, written now if this is its first use."""
    approval = decision.approval
    if approval is None:
        return None
    known = history.approval_of(approval.decision_sha256)
    # A standing change is about a class of changes, not about the plan that uses it first.
    about = plan_record if approval.mode is ApprovalMode.PERSON else None
    return known or recorder.approved(approval, plan_record=about)


def _promised(examination: Examination) -> Snapshot:
    """Return what a read after the heal must give: golden, with the parts of live that are not golden's to say."""
    live = examination.live
    golden = wanted(examination.golden.snapshot, live, examination.decision.policy)
    text = expected_after(golden.text, live.text, dialect(examination.device.platform))
    return dataclasses.replace(live, kind=SnapshotKind.GOLDEN, text=text, fingerprints=golden.fingerprints)


def _checks_before(
    document: PlanDocument, examination: Examination, lease: Lease, now: datetime.datetime
) -> tuple[Check, ...]:
    """Return what was seen before the change; the plan would have been void had it differed."""
    lease.check()
    ours = f"lease {lease.token}"
    pairs = (
        ("the newest lease on the device is ours", ours, ours),
        ("live, read again, is what was planned for", document.before_digest, examination.live.digest),
        ("golden is the approved one", document.golden_digest, examination.golden.snapshot.digest),
    )
    return tuple(
        Check(name=name, expected=expected, observed=observed, passed=expected == observed, at=now)
        for name, expected, observed in pairs
    )
