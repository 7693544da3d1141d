"""A site: everything that one murenger.yml describes, with one method for each thing that a door does.

Input: settings. Output: examinations, plans, passes and outcomes; whatever door they are asked through.
"""

import contextlib
import dataclasses
import datetime
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence

from murenger.adapters.files.leases import FileLeases
from murenger.compare import compare
from murenger.config import Settings, load
from murenger.decide import decide, policy_for
from murenger.errors import ApprovalError, LeaseHeldError, MurengerError, ObserveError, RemediationError
from murenger.model import (
    Approval,
    Decision,
    Device,
    Digest,
    Drift,
    Golden,
    Mode,
    Outcome,
    Plan,
    Policy,
    Snapshot,
    StandingChange,
)
from murenger.observe import LastGood, observe
from murenger.ports import Clock
from murenger.reconcile import Compared, Examination, Observed, Pass, Stages, examine, reconcile
from murenger.record.executor import Population, Trigger
from murenger.wiring.desk import GoldenDesk
from murenger.wiring.failures import Failures
from murenger.wiring.guarding import Guarding
from murenger.wiring.healing import Healing, PlanFile
from murenger.wiring.impact import ImpactDesk
from murenger.wiring.incidents import Incidents
from murenger.wiring.journal import Journal
from murenger.wiring.keyring import Keyring
from murenger.wiring.outcomes import outcome_from_record
from murenger.wiring.parts import Parts
from murenger.wiring.scoping import wanted
from murenger.wiring.settling import Settling
from murenger.wiring.standing_off import StandingOff
from murenger.wiring.upkeep import Upkeep
from murenger.wiring.watch import Watch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedGolden:
    """What `accept_golden` did.

    Attributes:
        golden: the policy that counts now.
        changed: False if it was accepted already.
    """

    golden: Golden
    changed: bool


class Site:
    """One murenger.yml, wired.

    Args:
        parts: adapters.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings: Settings = parts.settings
        self.journal = Journal(parts)
        self.desk = GoldenDesk(parts, self.journal.accepted)
        self.impact = ImpactDesk(lambda: parts.assessor, self.desk.intents)
        self.failures = Failures(parts, self.journal)
        self.watch = Watch(parts, self.journal, self.failures)
        self.incidents = Incidents(parts, self.journal, self.failures)
        guarding = Guarding(parts, self.journal, self.watch, self.desk)
        self.healing = Healing(parts, self.journal, self.watch, guarding, self.desk.fingerprinter, impact=self.impact)
        self.settling = Settling(parts, self.journal, self.desk.fingerprinter, self._compare)
        self.standing_off = StandingOff(parts, self.journal)
        self.keyring = Keyring(parts, self.journal, self.watch)
        self._last_good: dict[str, LastGood] = {}
        self._in_sync_at: dict[str, datetime.datetime] = {}
        self._lock = threading.Lock()

    def devices(self, names: Sequence[str] = ()) -> tuple[Device, ...]:
        """Return the devices that these names select, or, without names, those that the policies name.

        Raises:
            ConfigError: a name is unknown, or the inventory cannot be read.
        """
        selection = tuple(names) or tuple(name for policy in self.settings.policies for name in policy.devices)
        return self.parts.inventory.devices(selection)

    def policy(self, device: Device) -> Policy:
        """Return the policy that speaks for a device."""
        return policy_for(device, self.settings.policies)

    def examine(self, device: Device) -> Examination:
        """Observe, compare and decide; nothing is written anywhere.

        Raises:
            MurengerError: any of the three is not possible.
        """
        return examine(device, self._stages(device))

    def rules_text(self, device: Device, *, is_live: bool) -> str:
        """Return the text whose rules count for a device: what it runs now, or its approved golden policy.

        Raises:
            MurengerError: it cannot be had.
        """
        if is_live:
            return self._observe(device).live.text
        return self.desk.golden(device)[0].snapshot.text

    def reconcile(self, device: Device, *, may_heal: bool = True) -> Pass:
        """Make one recorded pass, and heal through the remediation playbook where that is decided.

        Args:
            device: which.
            may_heal: False to stop at the decision, for a heal that waits its turn.

        Raises:
            MurengerError: the device could not be examined, or its playbook not run.
        """
        with self.incidents.watching(device):
            with self.parts.leases.hold(device.name):
                self._settle(device)
            done = reconcile(device, self._stages(device), may_heal=may_heal)
        self.incidents.ended(device, done.outcome)
        return done

    def patrol(self, device: Device, *, may_heal: bool = True) -> Pass:
        """Make one recorded pass as the runner does: that a device cannot be read is recorded too, and when it can.

        Raises:
            MurengerError: the device could not be examined, or its playbook not run.
        """
        try:
            done = self.reconcile(device, may_heal=may_heal)
        except ObserveError as error:
            self.watch.unreadable(device, error)
            raise
        self.watch.readable(device, done.examination.live)
        return done

    def preview(self, examination: Examination) -> Plan:
        """Return the plan for a drift; nothing is kept."""
        return self.healing.preview(examination)

    def plan(self, examination: Examination) -> PlanFile:
        """Return the plan file for a drift, kept and recorded."""
        return self.healing.plan(examination)

    def remediate(self, device: Device, plan_sha256: str) -> Outcome | None:
        """Carry out one plan in this process; what the remediation playbook's action calls.

        Returns:
            How it ended, or None if the device is in sync already.

        Raises:
            MurengerError: it was refused, and nothing was touched.
        """
        with self.incidents.watching(device), self.parts.leases.hold(device.name) as lease:
            self._settle(device)
            examination = self._examine_for(device, plan_sha256)
            self.incidents.found(examination)
            if examination.drift.in_sync:
                return None
            outcome = self.healing.remediate(examination, plan_sha256, lease)
        self.incidents.ended(device, outcome)
        if self.parts.trigger is not Trigger.SCHEDULE:
            # No runner need be there that would send what waits.
            self.incidents.flush()
        return outcome

    def accept_golden(
        self, device: Device, *, signing_key: str, message: str = "", text_file: pathlib.Path | None = None
    ) -> AcceptedGolden:
        """Make what a device runs now, or what a file says, its golden policy, signed with a person's key.

        Raises:
            MurengerError: the device cannot be read whole, or the signature does not count.
        """
        before = self.journal.accepted()
        revision = self.desk.accept(
            device,
            signing_key=signing_key,
            message=message or f"Accept {device.name} as it is",
            text_file=text_file,
        )
        examination = self.examine(device)
        self.journal.note(examination)
        self.watch.anchor_quietly()
        return AcceptedGolden(golden=examination.golden, changed=before is None or before.revision != revision)

    def upkeep(
        self, *, population: Callable[[], tuple[Population, float]], report: Callable[[MurengerError], None]
    ) -> Upkeep:
        """Return the runner's own duties beside its devices; see `Upkeep`."""
        return Upkeep(
            self.parts,
            self.journal,
            self.watch,
            self.failures,
            self.incidents,
            population=population,
            report=report,
        )

    @contextlib.contextmanager
    def runner_lock(self) -> Iterator[None]:
        """Return a context in which no other runner serves this site.

        Raises:
            LeaseHeldError: another runner does.
        """
        try:
            with FileLeases(self.settings.runner.state / "runner").hold("runner"):
                yield
        except LeaseHeldError as error:
            if error.device != "runner":
                raise
            raise LeaseHeldError(
                f"another runner serves this site: {error.message}", hint="stop it first, or let it do the work"
            ) from error

    def _stages(self, device: Device, plan_sha256: str | None = None) -> Stages:
        return Stages(
            observe=self._observe,
            compare=self._compare,
            decide=lambda _, drift: self._decide(device, drift, plan_sha256),
            record=self._record,
            heal=self._heal_by_playbook,
        )

    def _examine_for(self, device: Device, plan_sha256: str) -> Examination:
        return examine(device, self._stages(device, plan_sha256))

    def _observe(self, device: Device) -> Observed:
        accepted, _ = self.desk.revision()
        fingerprinter = self.desk.fingerprinter(accepted.revision)
        seen = observe(device, self.parts.source, fingerprinter, self._last_good.get(device.name))
        with self._lock:
            self._last_good[device.name] = LastGood.of(seen.snapshot)
        return Observed(live=seen.snapshot, secrets=seen.values)

    def _compare(self, device: Device, live: Snapshot) -> Compared:
        policy = self.policy(device)
        golden, secrets = self.desk.golden(device)
        drift = self._drift(golden.snapshot, live, policy)
        if not drift.in_sync:
            listed = self.desk.as_the_device_lists_it(device, golden.snapshot, live)
            if listed is not golden.snapshot:
                golden = dataclasses.replace(golden, snapshot=listed)
                drift = self._drift(listed, live, policy)
        if not drift.in_sync:
            desired = wanted(golden.snapshot, live, policy)
            impact = self.impact.impact(desired, live, revision=golden.revision)
            drift = dataclasses.replace(drift, impact=impact)
        return Compared(golden=golden, drift=drift, secrets=secrets)

    def _drift(self, golden: Snapshot, live: Snapshot, policy: Policy) -> Drift:
        with self.journal.reading() as history:
            recorded = history.last_in_sync_at(live.device)
        # A read that showed no drift is not recorded, but it bounds how long the next drift can have gone unseen.
        seen = [at for at in (recorded, self._in_sync_at.get(live.device)) if at is not None]
        drift = compare(
            golden,
            live,
            detected_at=live.taken_at,
            last_in_sync_at=max(seen, default=None),
            wanted=wanted(golden, live, policy),
        )
        if drift.in_sync:
            self._in_sync_at[live.device] = live.taken_at
        return drift

    def _decide(self, device: Device, drift: Drift, plan_sha256: str | None) -> Decision:
        policy = self.policy(device)
        standing, approval, faults = self._authority(policy, drift, plan_sha256)
        plan_digest = approval.plan_digest if approval is not None else None
        if plan_sha256:
            plan_digest = Digest("sha256:" + plan_sha256)
        decision = decide(
            drift,
            policy,
            standing=standing,
            approval=approval,
            plan_digest=plan_digest,
            now=self.parts.clock.now(),
            standoffs=() if policy.mode is Mode.OBSERVE else self.standing_off.standoffs(drift),
        )
        return dataclasses.replace(decision, reasons=(*decision.reasons, *faults))

    def _authority(
        self, policy: Policy, drift: Drift, plan_sha256: str | None
    ) -> tuple[tuple[StandingChange, Approval] | None, Approval | None, tuple[str, ...]]:
        """Return what people have signed for this drift; what does not count becomes a reason, not an error."""
        if drift.in_sync or policy.mode is Mode.OBSERVE:
            return None, None, ()
        standing, approval = None, None
        faults: list[str] = []
        try:
            if policy.mode is Mode.HEAL:
                standing = self.parts.approvals.standing(policy)
        except ApprovalError as error:
            faults.append(str(error))
        try:
            # In mode heal a person may also approve what the standing change does not cover.
            approval = self._approval_of(drift, plan_sha256)
        except ApprovalError as error:
            faults.append(str(error))
        return standing, approval, tuple(faults)

    def _approval_of(self, drift: Drift, plan_sha256: str | None) -> Approval | None:
        if plan_sha256 is not None:
            approval = self.parts.approvals.for_plan(plan_sha256)
            return approval if self.standing_off.is_new_enough(drift.device, plan_sha256) else None
        for document in self.healing.plans_for(drift):
            approval = self.parts.approvals.for_plan(document.sha256)
            if approval is not None:
                return approval
        return None

    def _record(self, examination: Examination) -> None:
        self.journal.note(examination)
        self.incidents.found(examination)

    def _heal_by_playbook(self, examination: Examination) -> Outcome:
        device, playbook = examination.device, self.settings.playbook
        approval = examination.decision.approval
        approved = approval.plan_digest.removeprefix("sha256:") if approval and approval.plan_digest else None
        sha256 = approved or self.plan(examination).sha256
        variables = {
            "murenger_plan": sha256,
            "murenger_config": str(self.settings.file),
            "murenger_inventory": str(self.parts.inventory_path),
            "murenger_trigger": self.parts.trigger.value,
        }
        for name, path in (("pre", playbook.pre_tasks), ("post", playbook.post_tasks)):
            if path is not None:
                variables[f"murenger_{name}_tasks"] = str(path)
        run = self.parts.launcher.run(playbook.name, device=device.name, variables=variables)
        with self.journal.reading() as history:
            record = history.outcome_of(sha256)
        if record is None:
            told = "; ".join(run.messages) or run.last_line or f"ansible-playbook ended with {run.return_code}"
            raise RemediationError(
                f"the remediation playbook did not heal: {told}",
                device=device.name,
                hint=f"run it by hand to see more: ansible-playbook {playbook.name} -l {device.name}",
            )
        return outcome_from_record(record, examination.decision)

    def _settle(self, device: Device) -> None:
        try:
            accepted, _ = self.desk.revision()
        except MurengerError:
            # Without a golden revision nothing was ever healed, or the examination that follows says what is wrong.
            return
        if self.settling.settle_open(device, accepted.revision):
            self.watch.anchor_quietly()


def open_site(
    *,
    file: pathlib.Path | None = None,
    inventory: pathlib.Path | None = None,
    trigger: Trigger = Trigger.MANUAL,
    clock: Clock | None = None,
) -> Site:
    """Return the site that a murenger.yml describes.

    Args:
        file: murenger.yml; found upward from the working directory if None.
        inventory: an inventory to use instead of the file's.
        trigger: what made this run happen.
        clock: the time; the machine's if None.

    Raises:
        ConfigError: there is no murenger.yml, or it is wrong.
    """
    return Site(Parts(load(file=file), inventory=inventory, trigger=trigger, clock=clock))
