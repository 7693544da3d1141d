"""`murenger run --once`: every device is looked at before the first is healed, and the gravest is healed first."""

import argparse
import dataclasses
import datetime
import json
from typing import Any

import pytest

from murenger.cli import run
from murenger.errors import LeaseHeldError
from murenger.model import (
    Action,
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
    Policy,
    Snapshot,
    SnapshotKind,
    Tier,
)
from murenger.model.impact import NOT_ASSESSED
from murenger.reconcile import Examination, Pass

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
DIGEST = Digest("sha256:" + "0" * 64)
DIFFERENCE = Difference(path=("x",), operation=Operation.ADDED, golden=None, live="y")


class Silent:
    """Stands in for the desk of incidents."""

    def flush(self) -> tuple[()]:
        return ()


@dataclasses.dataclass
class Fleet:
    """Stands in for a site: each device's tier is given, and what is asked of it is written down."""

    tiers: dict[str, Tier]
    asked: list[str] = dataclasses.field(default_factory=list)
    taken: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    incidents: Silent = dataclasses.field(default_factory=Silent)

    def reconcile(self, device: Device, *, may_heal: bool = True) -> Pass:
        self.asked.append(f"{'heal' if may_heal else 'look'} {device.name}")
        if device.name in self.taken and may_heal:
            raise LeaseHeldError("somebody works on it")
        decision = self._decision(device.name)
        acts = may_heal and decision.action is Action.HEAL
        return Pass(examination=_examination(device, decision), outcome=_outcome(decision) if acts else None)

    def _decision(self, name: str) -> Decision:
        tier = self.tiers[name]
        action = Action.NONE if tier is Tier.NONE else Action.HOLD if name in self.held else Action.HEAL
        return Decision(
            device=name,
            action=action,
            mode=Mode.HEAL,
            reasons=("because",),
            policy=Policy(name="p", devices=(name,)),
            decided_at=NOON,
            tier=tier,
        )


def _examination(device: Device, decision: Decision) -> Examination:
    snapshot = Snapshot(
        device=device.name,
        platform="eos",
        kind=SnapshotKind.RUNNING,
        text="",
        taken_at=NOON,
        identity=PeerIdentity.CERTIFICATE,
        driver="eos",
    )
    golden = Golden(
        snapshot=snapshot,
        revision="r",
        path="p",
        repository="g",
        approved_by="a",
        key_fingerprint="k",
        approved_at=NOON,
    )
    drift = Drift(
        device=device.name,
        platform="eos",
        golden_digest=DIGEST,
        live_digest=DIGEST,
        differences=() if decision.action is Action.NONE else (DIFFERENCE,),
        impact=NOT_ASSESSED,
        detected_at=NOON,
    )
    return Examination(device=device, live=snapshot, golden=golden, drift=drift, decision=decision, secrets={})


def _outcome(decision: Decision) -> Outcome:
    return Outcome(
        device=decision.device,
        plan_sha256="",
        decision=decision,
        verdict=OutcomeVerdict.HEALED,
        reason="",
        before_digest=DIGEST,
        after_digest=DIGEST,
        checks=(),
        flows_cut=None,
        flows_note="",
        started_at=NOON,
        ended_at=NOON,
    )


def once(fleet: Any, output: str = "text") -> int:
    devices = [Device(name=name, platform="eos", address="192.0.2.1") for name in fleet.tiers]
    return run._once(argparse.Namespace(output=output), fleet, devices)  # noqa: SLF001 - the verb makes a real site


FLEET = {
    "plain": Tier.COSMETIC,
    "wide1": Tier.WIDENING,
    "fine": Tier.NONE,
    "jewel": Tier.CROWN_JEWEL,
    "wide2": Tier.WIDENING,
}


def test_the_gravest_is_healed_first_and_none_before_all_were_looked_at() -> None:
    fleet = Fleet(FLEET)
    assert once(fleet) == 0
    looked = [f"look {name}" for name in FLEET]
    assert fleet.asked == [*looked, "heal jewel", "heal wide1", "heal wide2", "heal plain"]


def test_every_device_is_told_once_and_json_keeps_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    fleet = Fleet(FLEET, taken=frozenset({"wide1"}), held=frozenset({"plain"}))
    assert once(fleet) == 2
    lines = capsys.readouterr().out.split()
    assert [line for line in lines if line.rstrip(":") in FLEET] == ["plain:", "fine:", "jewel:", "wide2:"]
    assert once(fleet, "json") == 2
    told = json.loads(capsys.readouterr().out)["devices"]
    assert [entry["device"] for entry in told] == list(FLEET)
    assert [entry["verdict"] for entry in told] == [None, "unknown", None, "healed", "healed"]
    assert told[3]["tier"] == "crown-jewel"
