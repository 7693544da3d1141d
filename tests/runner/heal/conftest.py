"""A device in memory, with a revert timer, faults at every step, and a clock moved by hand."""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator, Sequence

import pytest

from murenger.errors import GuardRefusedError, LeaseHeldError, MurengerError, RemediationError, UnreachableError
from murenger.heal import HealTools, Step, heal, make_plan
from murenger.model import (
    Action,
    Approval,
    ApprovalMode,
    Check,
    Decision,
    Device,
    Difference,
    Drift,
    Effect,
    Golden,
    Impact,
    Mode,
    Operation,
    Outcome,
    PeerIdentity,
    Plan,
    Policy,
    RawRead,
    SafetyNet,
    Snapshot,
    SnapshotKind,
    Verdict,
)
from murenger.model.impact import NOT_ASSESSED
from murenger.ports import FlowReport, Staged

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
GOLDEN, LIVE = "golden\n", "drifted\n"
EQUAL = Impact(verdict=Verdict.EQUAL, effect=Effect.NONE)


def snapshot(text: str, kind: SnapshotKind = SnapshotKind.RUNNING) -> Snapshot:
    """Return a snapshot of fw1 with that text."""
    return Snapshot(
        device="fw1",
        platform="nftables",
        kind=kind,
        text=text,
        taken_at=NOON,
        identity=PeerIdentity.HOST_KEY,
        driver="fake 1",
    )


@dataclasses.dataclass
class Bench:
    """The fake device (ports `Remediator` and `ChangeSession`), its clock, and the faults to inject.

    `faults` maps a step (stage, commit, committed, observe, confirm, undo) to the error it raises; `committed` breaks
    the link after the device has applied. `unreachable_after_commit` is a lock-out.
    """

    running: str = LIVE
    message: str = ""
    time: datetime.datetime = NOON
    candidate: str | None = None
    pending: tuple[datetime.datetime, str] | None = None
    faults: dict[str, MurengerError] = dataclasses.field(default_factory=dict)
    trace: list[str] = dataclasses.field(default_factory=list)
    change_while_staged: str | None = None
    unreachable_after_commit: bool = False
    impact: Impact = EQUAL
    applies: Callable[[str], str] = str
    handle: str = ""
    token: int = 0
    probes: tuple[Check, ...] = ()
    lost_at: Step | None = None
    reverts_after_confirm: bool = False
    steps: list[Step] = dataclasses.field(default_factory=list)
    on_step: Callable[[Step], None] = int

    def now(self) -> datetime.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return self.time.timestamp()

    def wait(self, seconds: float) -> None:
        self.time += datetime.timedelta(seconds=seconds)
        if self.pending and self.time >= self.pending[0]:
            self.running, self.pending = self.pending[1], None

    def _step(self, name: str) -> None:
        self.trace.append(name)
        if name in self.faults:
            raise self.faults[name]

    def safety_net(self, device: Device, *, revert_in_s: int) -> SafetyNet:
        assert device.name
        assert revert_in_s > 0
        return SafetyNet.DEVICE_TIMER

    @contextlib.contextmanager
    def open(self, device: Device, *, token: int = 0) -> Iterator["Bench"]:
        self.token = token
        self._step(f"open {device.name}")
        try:
            yield self
        finally:
            self.undo()

    def stage(self, candidate: str) -> Staged:
        self._step("stage")
        self.candidate = candidate
        if self.change_while_staged is not None:
            self.running = self.change_while_staged
        return Staged(live=self._raw(), device_diff="diff")

    def commit(self, *, message: str, revert_in_s: int) -> None:
        assert message
        self._step("commit")
        self.message = message
        assert self.candidate is not None
        self.pending = (self.time + datetime.timedelta(seconds=revert_in_s), self.running)
        self.running, self.candidate = self.applies(self.candidate), None
        self._step("committed")

    def confirm(self) -> None:
        self._step("confirm")
        if self.pending is None:
            raise RemediationError("too late", device="fw1")
        if self.reverts_after_confirm:
            self.running = self.pending[1]
        self.pending = None

    def undo(self) -> bool:
        if self.pending is None and self.candidate is None:
            return False
        self._step("undo")
        return self._revert()

    def _revert(self) -> bool:
        self.candidate = None
        if self.pending is None:
            return False
        self.running, self.pending = self.pending[1], None
        return True

    def take_back(self, device: Device, handle: str) -> bool:
        assert (device.name, handle) == ("fw1", self.handle)
        self._step("take back")
        return self._revert()

    def has_pending(self, device: Device) -> bool:
        assert device.name == "fw1"
        self._step("has pending")
        return self.pending is not None

    def cut_flows(self, device: Device, differences: Sequence[Difference]) -> FlowReport:
        self._step(f"cut flows {device.name}")
        return FlowReport(cut=len(differences), note="cut")

    def observe(self) -> Snapshot:
        self._step("observe")
        if self.unreachable_after_commit and self.pending:
            raise UnreachableError("no answer", device="fw1")
        return snapshot(self.running)

    def _raw(self) -> RawRead:
        return RawRead(
            text=self.running,
            platform="nftables",
            hostname="fw1",
            taken_at=self.time,
            identity=PeerIdentity.HOST_KEY,
            driver="fake 1",
        )

    def tools(self) -> HealTools:
        """Return the tools of healing, bound to this bench."""
        return HealTools(
            impact=lambda _: self.impact,
            remediator=self,
            observe=self.observe,
            canonical=lambda raw: snapshot(raw.text),
            agrees=lambda seen: seen.text.casefold() == GOLDEN,
            fill=lambda text: text,
            redact=lambda text: text.replace("CANARY", "<redacted>"),
            clock=self,
            probes=self._probe,
            lease_held=self._check_lease,
            sending=lambda: self._step("sending"),
            token=7,
            at=self._at,
        )

    def _probe(self) -> tuple[Check, ...]:
        self._step("probes")
        return self.probes

    def _check_lease(self) -> None:
        self._step("lease")
        if self.lost_at is not None and self.lost_at in self.steps:
            raise LeaseHeldError("the lease on this device was lost", device="fw1")

    def _at(self, step: Step) -> None:
        self.steps.append(step)
        self.on_step(step)

    def heal(self, device: Device | None = None) -> Outcome:
        """Heal fw1 by the plan that undoes LIVE."""
        return heal(device or fw1(), plan(), decision(), self.tools(), plan_sha256="0" * 64)


def fw1(name: str = "fw1") -> Device:
    """Return the device."""
    return Device(name=name, platform="nftables", address="192.0.2.1")


def drift(live: str = LIVE) -> Drift:
    """Return the drift from GOLDEN to a live text."""
    return Drift(
        device="fw1",
        platform="nftables",
        golden_digest=snapshot(GOLDEN).digest,
        live_digest=snapshot(live).digest,
        differences=(Difference(path=("x",), operation=Operation.CHANGED, golden="golden", live="drifted"),),
        impact=NOT_ASSESSED,
        detected_at=NOON,
    )


def decision() -> Decision:
    """Return a decision to heal under a standing change."""
    approval = Approval(
        mode=ApprovalMode.STANDING,
        principal="alice@example.net",
        key_fingerprint="SHA256:a",
        decision_sha256="0" * 64,
        decision=b"{}",
        signature="",
        author="bob@example.net",
        expires_at=NOON + datetime.timedelta(days=1),
        reason="undo drift",
        security_impact="restores golden policy",
    )
    return Decision(
        device="fw1",
        action=Action.HEAL,
        mode=Mode.HEAL,
        reasons=("standing change",),
        policy=Policy(name="lab", devices=("fw1",), mode=Mode.HEAL, revert_in_s=60),
        decided_at=NOON,
        approval=approval,
    )


def plan(expected: str = GOLDEN) -> Plan:
    """Return the plan that undoes LIVE."""
    golden = Golden(
        snapshot=snapshot(GOLDEN, SnapshotKind.GOLDEN),
        repository="golden",
        path="devices/fw1/running.conf",
        revision="a" * 40,
        approved_by="alice@example.net",
        key_fingerprint="SHA256:a",
        approved_at=NOON,
    )
    return make_plan(
        drift=drift(),
        live=snapshot(LIVE),
        golden=golden,
        candidate=GOLDEN,
        expected=expected,
        steps=("- drifted", "+ golden"),
        decision=decision(),
        safety_net=SafetyNet.DEVICE_TIMER,
        now=NOON,
    )


@pytest.fixture(name="bench")
def _bench() -> Bench:
    return Bench()


@pytest.fixture(name="make_plan")
def _make_plan() -> Callable[[str], Plan]:
    return plan


@pytest.fixture(name="make_device")
def _make_device() -> Callable[[str], Device]:
    return fw1


@pytest.fixture(name="refusal")
def _refusal() -> GuardRefusedError:
    return GuardRefusedError("refused CANARY", device="fw1")
