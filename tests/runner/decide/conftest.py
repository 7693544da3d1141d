"""A drift, a policy, a standing change and a plan, each easy to vary."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.model import (
    Approval,
    ApprovalMode,
    Difference,
    Digest,
    Drift,
    Effect,
    Flow,
    Impact,
    Mode,
    Operation,
    Packet,
    Plan,
    Policy,
    RuleAt,
    SafetyNet,
    Severity,
    StandingChange,
    Verdict,
)

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
OPENED = Flow(
    text="tcp 5432 from any to card-db",
    golden=RuleAt(name="default deny"),
    live=RuleAt(name="rule 3", rule_list="chain forward", first_line=7, last_line=7),
    boxes=("any -> 203.0.113.140 tcp 5432",),
    is_whole=True,
    packets=2**48,
    is_certain=True,
    witness=Packet(family=4, src=1, dst=2, proto=6, sport=40000, dport=5432, flags="syn", ingress="a", egress="b"),
)
PLAN_DIGEST = Digest("sha256:" + "d" * 64)


def difference(operation: Operation = Operation.ADDED, severity: Severity = Severity.POLICY) -> Difference:
    return Difference(
        path=("table inet murenger", "chain forward"),
        operation=operation,
        golden=None,
        live="accept",
        severity=severity,
    )


@dataclasses.dataclass
class Case:
    """What `decide` is given; change a part, then ask."""

    now: datetime.datetime = NOW
    drift: Drift = dataclasses.field(
        default_factory=lambda: Drift(
            device="fw1",
            platform="nftables",
            golden_digest=Digest("sha256:" + "a" * 64),
            live_digest=Digest("sha256:" + "b" * 64),
            differences=(difference(),),
            impact=Impact(verdict=Verdict.DIFFERENT, effect=Effect.WIDENS, opened=(OPENED,)),
            detected_at=NOW,
        )
    )
    policy: Policy = dataclasses.field(
        default_factory=lambda: Policy(name="edge", devices=("fw1",), mode=Mode.HEAL, standing_change="standing.json")
    )
    change: StandingChange = dataclasses.field(
        default_factory=lambda: StandingChange(
            sha256="c" * 64,
            origin="lab.example.net",
            author="murenger@lab",
            devices=("fw1",),
            operations=("added", "changed", "moved", "removed"),
            max_differences=5,
            not_after=NOW + datetime.timedelta(days=30),
            reason="drift is healed",
            security_impact="less is open",
            backout="the device reverts",
            test="read again",
        )
    )
    has_standing: bool = True
    approval: Approval | None = None
    plan_digest: Digest | None = PLAN_DIGEST

    def signed(self) -> Approval:
        """Return the standing change's approval."""
        return Approval(
            mode=ApprovalMode.STANDING,
            principal="alice@example.net",
            key_fingerprint="SHA256:alice",
            decision_sha256=self.change.sha256,
            decision=b"{}",
            signature="",
            author=self.change.author,
            expires_at=self.change.not_after,
            reason="drift is healed",
            security_impact="less is open",
        )

    def approved(self, plan_digest: Digest | None = PLAN_DIGEST) -> Approval:
        """Return a person's approval of a plan."""
        return dataclasses.replace(
            self.signed(),
            mode=ApprovalMode.PERSON,
            principal="bob@example.net",
            decision_sha256="d" * 64,
            plan_digest=plan_digest,
            expires_at=NOW + datetime.timedelta(hours=1),
        )

    def drifted(self, *differences: Difference, **changes: Any) -> None:
        """Change the drift."""
        self.drift = dataclasses.replace(self.drift, **({"differences": differences} if differences else {}), **changes)

    def vary_policy(self, **changes: Any) -> None:
        self.policy = dataclasses.replace(self.policy, **changes)

    def vary_change(self, **changes: Any) -> None:
        self.change = dataclasses.replace(self.change, **changes)


def plan_for(drift: Drift) -> Plan:
    return Plan(
        device="fw1",
        platform="nftables",
        serial="FX1",
        drift=drift,
        golden_revision="e" * 40,
        candidate="golden\n",
        rollback="live\n",
        expected_digest=Digest("sha256:" + "f" * 64),
        steps=("delete rule 3", "add rule drop"),
        safety_net=SafetyNet.DEVICE_TIMER,
        revert_in_s=120,
        made_at=NOW,
        expires_at=NOW + datetime.timedelta(hours=1),
    )


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture
def plan(case: Case) -> Plan:
    return plan_for(case.drift)
