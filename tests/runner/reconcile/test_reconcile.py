"""One pass: the stages in their order, nothing after an error, and a heal only where that was decided."""

import dataclasses
import datetime
from typing import NoReturn

import pytest

from murenger.errors import GoldenMissingError, LedgerError, MurengerError, RemediationError, UnreachableError
from murenger.model import (
    Action,
    Decision,
    Device,
    Difference,
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
)
from murenger.model.impact import NOT_ASSESSED
from murenger.reconcile import Compared, Examination, Observed, Stages, examine, reconcile

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
FW1 = Device(name="fw1", platform="nftables", address="192.0.2.1")


def snapshot(text: str, kind: SnapshotKind = SnapshotKind.RUNNING) -> Snapshot:
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
class World:
    """Stages that note their names, and may fail at one of them."""

    action: Action = Action.HEAL
    fails: dict[str, MurengerError] = dataclasses.field(default_factory=dict)
    trace: list[str] = dataclasses.field(default_factory=list)

    def _step(self, name: str) -> None:
        self.trace.append(name)
        if name in self.fails:
            raise self.fails[name]

    def observe(self, device: Device) -> Observed:
        assert device is FW1
        self._step("observe")
        return Observed(live=snapshot("live\n"), secrets={"<a>": "of live", "<b>": "of live"})

    def compare(self, device: Device, live: Snapshot) -> Compared:
        assert device is FW1
        self._step("compare")
        golden = snapshot("golden\n", SnapshotKind.GOLDEN)
        drift = Drift(
            device="fw1",
            platform="nftables",
            golden_digest=golden.digest,
            live_digest=live.digest,
            differences=(Difference(path=("x",), operation=Operation.CHANGED, golden="golden", live="live"),),
            impact=NOT_ASSESSED,
            detected_at=NOON,
        )
        approved = Golden(
            snapshot=golden,
            repository="golden",
            path="devices/fw1/running.conf",
            revision="a" * 40,
            approved_by="alice@example.net",
            key_fingerprint="SHA256:a",
            approved_at=NOON,
        )
        return Compared(golden=approved, drift=drift, secrets={"<a>": "of golden", "<c>": "of golden"})

    def decide(self, device: Device, drift: Drift) -> Decision:
        assert device.name == drift.device
        self._step("decide")
        return Decision(
            device="fw1",
            action=self.action,
            mode=Mode.HEAL,
            reasons=("because",),
            policy=Policy(name="p", devices=("fw1",), mode=Mode.HEAL),
            decided_at=NOON,
        )

    def record(self, examination: Examination) -> None:
        assert examination.device is FW1
        self._step("record")

    def heal(self, examination: Examination) -> Outcome:
        self._step("heal")
        return Outcome(
            device="fw1",
            plan_sha256="0" * 64,
            decision=examination.decision,
            verdict=OutcomeVerdict.HEALED,
            reason="r",
            before_digest=examination.drift.live_digest,
            after_digest=examination.drift.golden_digest,
            checks=(),
            flows_cut=None,
            flows_note="",
            started_at=NOON,
            ended_at=NOON,
        )

    def stages(self) -> Stages:
        return Stages(
            observe=self.observe, compare=self.compare, decide=self.decide, record=self.record, heal=self.heal
        )


def test_a_pass_is_the_five_stages_in_order_and_is_recorded_before_anything_is_healed() -> None:
    world = World()
    done = reconcile(FW1, world.stages())
    assert world.trace == ["observe", "compare", "decide", "record", "heal"]
    assert done.outcome is not None
    assert done.outcome.verdict is OutcomeVerdict.HEALED


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.HEAL])
def test_only_the_decision_to_heal_heals(action: Action) -> None:
    world = World(action=action)
    assert reconcile(FW1, world.stages()).outcome is None
    assert world.trace == ["observe", "compare", "decide", "record"]


def test_examining_writes_nothing() -> None:
    world = World()
    seen = examine(FW1, world.stages())
    assert world.trace == ["observe", "compare", "decide"]
    assert seen.golden.revision == "a" * 40


@pytest.mark.parametrize(
    ("stage", "error", "reached"),
    [
        ("observe", UnreachableError("x"), 1),
        ("compare", GoldenMissingError("x"), 2),
        ("decide", LedgerError("x"), 3),
        ("record", LedgerError("disk full"), 4),
        ("heal", RemediationError("x"), 5),
    ],
)
def test_an_error_ends_the_pass_there_and_is_passed_on(stage: str, error: MurengerError, reached: int) -> None:
    world = World(fails={stage: error})
    with pytest.raises(type(error)) as raised:
        reconcile(FW1, world.stages())
    assert raised.value is error
    assert len(world.trace) == reached
    assert world.trace[-1] == stage


def test_secrets_of_both_sides_are_known_and_live_wins_where_both_name_one() -> None:
    assert examine(FW1, World().stages()).secrets == {"<a>": "of live", "<b>": "of live", "<c>": "of golden"}


def test_no_secret_is_in_the_form_that_a_log_or_an_assertion_would_print() -> None:
    seen = examine(FW1, World().stages())
    assert "of live" not in repr(seen)
    assert "of golden" not in repr(seen)
    assert "of live" not in repr(World().observe(FW1))
    assert "of golden" not in repr(World().compare(FW1, snapshot("live\n")))


def test_only_our_own_errors_are_an_answer() -> None:
    def broken(_: Device) -> NoReturn:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reconcile(FW1, dataclasses.replace(World().stages(), observe=broken))
