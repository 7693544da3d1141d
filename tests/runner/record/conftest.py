"""A small world that writes records: people and their keys, a clock, one device, one drift, one heal.

Input: nothing. Output: fixtures. Signatures are made and checked in process here, by our own reading of the SSHSIG
format over the `cryptography` library: an oracle that shares no code with the adapters, and fast enough to try every
byte of a log.
"""

import dataclasses
import datetime
import hashlib
import importlib.util
import re
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.files.ledger import FileLedger
from murenger.model import (
    Action,
    Approval,
    ApprovalMode,
    ChangeRecord,
    Check,
    Decision,
    Device,
    Difference,
    Digest,
    Drift,
    Golden,
    Mode,
    Operation,
    Outcome,
    OutcomeVerdict,
    PeerIdentity,
    Plan,
    Policy,
    SafetyNet,
    Severity,
    Snapshot,
    SnapshotKind,
    canonical_bytes,
    digest_of,
)
from murenger.model.impact import NOT_ASSESSED
from murenger.record import Executor, LogTerms, Population, Recorder, Redactor, Trigger
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.redaction import make_disclosure
from murenger.record.settlement import settlement_of

ORIGIN = "fw-site1.example"
APPROVAL_NAMESPACE = "change-approval@murenger"
START = datetime.datetime(2026, 11, 21, 23, 50, tzinfo=datetime.UTC)
PLACEHOLDER = re.compile(r"<murenger-secret:[0-9a-f]{32}>")
SECRET = "<murenger-secret:00112233445566778899aabbccddeeff>"


def _sibling(name: str) -> types.ModuleType:
    """Return a module of this folder, which pytest's importlib mode keeps off sys.path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_ORACLE = _sibling("sshsig_oracle")
_FORGER = _sibling("forger")


class StepClock:
    """A clock that moves when told, and a little at each look."""

    def __init__(self, start: datetime.datetime = START) -> None:
        self.at = start

    def now(self) -> datetime.datetime:
        self.at += datetime.timedelta(milliseconds=250)
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def wait(self, seconds: float) -> None:
        self.at += datetime.timedelta(seconds=seconds)


GOLDEN_TEXT = "table inet murenger\n  chain forward\n    policy drop\n"
LIVE_TEXT = GOLDEN_TEXT + '    tcp dport 5432 accept comment "\x1b[31m{{ 7*7 }}<b>"\n'


class Unheeded(datetime.datetime):
    """A time that never has come."""

    def __lt__(self, other: object) -> bool:
        del other
        return False


class World:
    """Everything that writes into one log."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.runner, self.approver, self.stranger = (
            _ORACLE.Key("runner@fw-site1"),
            _ORACLE.Key("alice@example"),
            _ORACLE.Key("eve@example"),
        )
        self.verifier = _ORACLE.InProcessVerifier(
            _ORACLE.Role(self.runner, (RECORD_NAMESPACE,)), _ORACLE.Role(self.approver, (APPROVAL_NAMESPACE,))
        )
        self.clock = StepClock()
        self.disclosed: list[str] = []
        self.ledger = FileLedger(self.store, origin=ORIGIN, signer=self.runner)
        self.device = Device(name="fw1", platform="nftables", address="192.0.2.1", zone="edge")

    @property
    def folder(self) -> Path:
        return self.store / ORIGIN

    @property
    def recorder(self) -> Recorder:
        executor = Executor(
            runner_id="runner@fw-site1",
            host="mgmt1.example",
            run_id="run-1",
            key_fingerprint=self.ledger._signer.identity().key_fingerprint,  # noqa: SLF001 - our own test world
            trigger=Trigger.SCHEDULE,
            tools=(("runner", "0.1.0"), ("napalm", "5.2.0")),
        )
        return Recorder(
            ledger=self.ledger,
            origin=ORIGIN,
            clock=self.clock,
            executor=executor,
            redactor=Redactor(PLACEHOLDER, self.disclose),
            devices=(self.device,),
        )

    def disclose(self, name: str, value: str) -> str:
        disclosure = make_disclosure(name, value)
        self.disclosed.append(disclosure.text)
        return disclosure.digest

    def snapshot(self, text: str = LIVE_TEXT, kind: SnapshotKind = SnapshotKind.RUNNING) -> Snapshot:
        return Snapshot(
            device="fw1",
            platform="nftables",
            kind=kind,
            text=text,
            taken_at=self.clock.at,
            identity=PeerIdentity.HOST_KEY,
            driver="nftables 0.1.0",
            attribution="mallory",
        )

    def golden(self, text: str = GOLDEN_TEXT) -> Golden:
        return Golden(
            snapshot=self.snapshot(text, SnapshotKind.GOLDEN),
            repository="golden",
            path="fw1/running.conf",
            revision="a" * 40,
            approved_by="bob@example",
            key_fingerprint=self.stranger.fingerprint,
            approved_at=self.clock.at,
        )

    def drift(self, live: str = LIVE_TEXT) -> Drift:
        added = Difference(
            path=("table inet murenger", "chain forward"),
            operation=Operation.ADDED,
            golden=None,
            live='tcp dport 5432 accept comment "\x1b[31m{{ 7*7 }}<b>"',
            live_position=2,
        )
        changed = Difference(
            path=("users",),
            operation=Operation.CHANGED,
            golden="user admin",
            live=f"user admin password {SECRET} <redacted>",
            severity=Severity.SECRET,
        )
        return Drift(
            device="fw1",
            platform="nftables",
            golden_digest=digest_of(GOLDEN_TEXT),
            live_digest=digest_of(live),
            differences=() if live == GOLDEN_TEXT else (added, changed),
            impact=NOT_ASSESSED,
            detected_at=self.clock.at,
            last_in_sync_at=START - datetime.timedelta(minutes=5),
        )

    def plan(self) -> Plan:
        return Plan(
            device="fw1",
            platform="nftables",
            serial="",
            drift=self.drift(),
            golden_revision="a" * 40,
            candidate=GOLDEN_TEXT,
            rollback=LIVE_TEXT,
            expected_digest=digest_of(GOLDEN_TEXT),
            steps=("delete rule", f"set password {SECRET}"),
            safety_net=SafetyNet.DEVICE_TIMER,
            revert_in_s=120,
            made_at=self.clock.at,
            expires_at=self.clock.at + datetime.timedelta(hours=1),
        )

    def decision_file(self, **changes: object) -> bytes:
        return canonical_bytes(
            {
                "type": "standing-change",
                "origin": ORIGIN,
                "nonce": "0123456789abcdef",
                "author": "bob@example",
                "author_key_fp": "",
                "not_after": "2027-01-01T00:00:00Z",
                "devices": ["fw1"],
                "operations": ["added", "changed", "removed"],
                "max_differences": 5,
            }
            | changes  # type: ignore[operator]  # tests also write what is not allowed
        )

    def approval(self, content: bytes | None = None, *, key: Any = None, **changes: object) -> Approval:
        content = self.decision_file() if content is None else content
        key = key or self.approver
        approval = Approval(
            mode=ApprovalMode.STANDING,
            principal=key.principal,
            key_fingerprint=key.fingerprint,
            decision_sha256=hashlib.sha256(content).hexdigest(),
            decision=content,
            signature=key.sign(content, namespace=APPROVAL_NAMESPACE),
            author="bob@example",
            expires_at=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC),
            reason="return to the approved policy",
            security_impact="closes what the drift opened",
        )
        return dataclasses.replace(approval, **changes)  # type: ignore[arg-type]  # any field of it

    def ended(self, at: datetime.datetime) -> Approval:
        """Return an approval that ends at a time, as a forger holds it: the recorder takes the end for never come."""
        content = self.decision_file(not_after=f"{at:%Y-%m-%dT%H:%M:%SZ}")
        return self.approval(content, expires_at=Unheeded.fromtimestamp(at.timestamp(), tz=datetime.UTC))

    def heal_decision(self, approval: Approval | None) -> Decision:
        return Decision(
            device="fw1",
            action=Action.HEAL if approval else Action.HOLD,
            mode=Mode.HEAL,
            reasons=("drift within the standing change",),
            policy=Policy(name="edge", devices=("fw1",), mode=Mode.HEAL),
            decided_at=self.clock.at,
            approval=approval,
        )

    def start(self) -> ChangeRecord:
        trust = digest_of(self.verifier.allowed_signers())
        record = self.recorder.start_log(LogTerms(trust=(("allowed_signers", trust),)))
        assert record is not None
        return record

    def intent(self, approval: Approval | None = None, plan_sha256: str = "c" * 64) -> ChangeRecord:
        decision = self.heal_decision(approval or self.approval())
        return self.recorder.intent(self.plan(), plan_sha256, decision, self.snapshot(), self.golden())

    def outcome(self, intent: ChangeRecord, verdict: OutcomeVerdict = OutcomeVerdict.HEALED) -> ChangeRecord:
        check = Check(name="read back", expected="golden", observed="golden", passed=True, at=self.clock.at)
        after: Digest | None = digest_of(GOLDEN_TEXT)
        outcome = Outcome(
            device="fw1",
            plan_sha256="c" * 64,
            decision=self.heal_decision(self.approval()),
            verdict=verdict,
            reason="",
            before_digest=digest_of(LIVE_TEXT),
            after_digest=None if verdict is OutcomeVerdict.UNKNOWN else after,
            checks=() if verdict is OutcomeVerdict.UNKNOWN else (check,),
            flows_cut=1,
            flows_note="1 connection ended",
            started_at=self.clock.at,
            ended_at=self.clock.now(),
            confirmed_at=self.clock.at,
        )
        return self.recorder.settled(settlement_of(outcome), intent)

    def story(self) -> tuple[ChangeRecord, ...]:
        """Write one of everything: two days, one heal."""
        recorder = self.recorder
        self.start()
        recorder.runner_started(digest_of("murenger.yml"), "murenger run")
        recorder.golden_adopted(self.golden(), None)
        found = recorder.drift_found(self.drift(), self.snapshot(), self.golden(), rule_count=3)
        plan = recorder.plan_made(self.plan(), "c" * 64, found)
        recorder.approved(self.approval(), plan_record=plan)
        self.clock.wait(1200)  # past midnight
        self.outcome(self.intent())
        inventory = digest_of("inventory")
        recorder.heartbeat(Population(inventory=inventory, expected=1, seen=1, unreachable=(), drifted=0, backlog=0))
        return tuple(self.ledger.records())

    def copy(self, target: Path) -> Path:
        shutil.copytree(self.folder, target)
        return target


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world without a log."""
    return World(tmp_path)


@pytest.fixture
def told(world: World) -> World:
    """Return a world with a short, sound log."""
    world.story()
    return world


@pytest.fixture
def tools() -> types.ModuleType:
    """Return what a forger uses."""
    return _FORGER
