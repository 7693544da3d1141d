"""kill -9 between intent and outcome: found at the next start, settled from the device, never left open."""

import dataclasses
import gc
import pathlib
from collections.abc import Mapping
from typing import Any

import pytest
from tests import dying

from murenger.adapters.ansible.launch import PlaybookRun
from murenger.adapters.napalm.candidates import mark_of
from murenger.errors import AnchorError, ConfigError, LeaseHeldError, LedgerError
from murenger.heal import Step
from murenger.record.recorder import Recorder

# After which step the process dies, and in which state the device must then be found once its timer has had its time.
DEATHS = [
    (Step.INTENT_WRITTEN, "not-applied"),
    (Step.INTENT_ANCHORED, "not-applied"),
    (Step.CONNECTED, "not-applied"),
    (Step.STAGED, "not-applied"),
    (Step.RECHECKED, "not-applied"),
    (Step.COMMITTED, "reverted-by-device"),
    (Step.TEXT_PROVED, "reverted-by-device"),
    (Step.PACKETS_PROVED, "reverted-by-device"),
    (Step.PROBED, "reverted-by-device"),
    (Step.CONFIRMED, "healed"),
    (Step.READ_AGAIN, "healed"),
    (Step.FLOWS_CUT, "healed"),
    (Step.SETTLED, "healed"),
]
PROBE = "probes: [{name: dns, type: tcp, host: 127.0.0.1, port: 9, expect: open, timeout: 1s}]"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InThisProcess:
    """What the remediation playbook does, without the play: carries the plan out under the same clock."""

    bench: Any

    def run(self, playbook: str, *, device: str, variables: Mapping[str, str]) -> PlaybookRun:
        assert playbook == "murenger.drift.heal"
        site = self.bench.open()
        (found,) = site.devices((device,))
        site.remediate(found, variables["murenger_plan"])
        return PlaybookRun(status="successful", return_code=0, messages=(), stdout="")


def die(bench: Any, step: Step) -> None:
    """Let a process die in the middle of healing leaf1."""
    dying.die(bench.config, "leaf1", step)


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


@pytest.mark.parametrize(("step", "verdict"), DEATHS)
def test_a_killed_heal_is_settled_from_the_device_at_the_next_pass(bench: Any, step: Step, verdict: str) -> None:
    drifted = bench.switch.running()
    die(bench, step)
    assert [record["kind"] for record in bench.records()][-1] == "intent"
    site = bench.open()
    site.parts.launcher = InThisProcess(bench=bench)
    (device,) = site.devices(("leaf1",))
    done = site.reconcile(device)
    kinds = [record["kind"] for record in bench.records()]
    assert kinds[kinds.index("intent") :][:3] == ["intent", "recovery", "outcome"]
    settled = bench.records("outcome")[0]
    assert settled["outcome"]["verdict"] == verdict
    assert settled["change"]["plan_sha256"] == bench.records("intent")[0]["change"]["plan_sha256"]
    assert bench.records("recovery")[0]["recovery"]["cause"] == "open-intent"
    with site.journal.reading() as history:
        assert history.open_intents() == ()
    assert done.outcome is None
    if verdict == "healed":
        assert done.examination.drift.in_sync
    else:
        # Whatever kills the process that heals must not do so over and over: the next try waits.
        assert done.examination.decision.cause == "back-off"
        assert bench.switch.running() == drifted
    assert bench.cli("verify").code == 3


@pytest.mark.parametrize("step", [Step.STAGED, Step.COMMITTED])
def test_what_a_crash_left_undone_is_healed_once_its_back_off_is_over(bench: Any, step: Step) -> None:
    die(bench, step)
    site = bench.open()
    site.parts.launcher = InThisProcess(bench=bench)
    (device,) = site.devices(("leaf1",))
    site.reconcile(device)
    bench.switch.clock.advance(67)
    done = site.reconcile(device)
    assert done.outcome is not None, done.examination.decision.reasons
    assert done.outcome.verdict.value == "healed", done.outcome.reason
    assert site.examine(device).drift.in_sync


def test_the_command_line_settles_what_was_not_applied_and_heals(
    bench: Any,
    collections: None,  # noqa: ARG001 - lets the playbook be found
) -> None:
    die(bench, Step.CONNECTED)
    assert "back-off: the last change was not healed" in bench.cli("run", "--once").out
    bench.sanction()
    done = bench.cli("run", "--once")
    assert done.code == 0, done
    assert "leaf1: healed" in done.out
    assert [record["outcome"]["verdict"] for record in bench.records("outcome")] == ["not-applied", "healed"]
    assert bench.cli("verify").code == 3
    assert "1 intents without outcome" not in bench.cli("doctor").out


def test_the_playbooks_door_settles_too_and_then_refuses_the_old_plan(bench: Any) -> None:
    die(bench, Step.COMMITTED)
    plan = bench.records("intent")[0]["change"]["plan_sha256"]
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    with pytest.raises(Exception, match="carried out already"):
        site.remediate(device, plan)
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "reverted-by-device"


def test_somebody_elses_change_meanwhile_is_a_third_state_and_is_called_so(bench: Any) -> None:
    die(bench, Step.CONFIRMED)
    bench.switch.drift("description")
    bench.edit("mode: heal", "mode: observe")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    done = site.reconcile(device)
    assert done.outcome is None
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "partial"
    assert bench.cli("verify").code == 3


def test_a_device_that_cannot_be_read_any_more_is_unknown_and_not_called_healed(bench: Any) -> None:
    die(bench, Step.COMMITTED)
    bench.switch.fault("empty", value=True)
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    with pytest.raises(Exception, match="leaf1"):
        site.reconcile(device)
    outcome = bench.records("outcome")[0]["outcome"]
    assert outcome["verdict"] == "unknown"
    bench.switch.fault("empty", value=None)
    assert bench.cli("verify").code == 3


@pytest.mark.parametrize("what", ["changed by somebody else", "silent"])
def test_what_died_before_it_was_sent_is_not_applied_whatever_the_device_is_now(bench: Any, what: str) -> None:
    die(bench, Step.INTENT_WRITTEN)
    if what == "silent":
        bench.switch.fault("empty", value=True)
    else:
        bench.switch.drift("description")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    site.settling.settle_open(device, site.desk.revision()[0].revision)
    bench.switch.fault("empty", value=None)
    (outcome,) = bench.records("outcome")
    assert outcome["outcome"]["verdict"] == "not-applied"
    assert outcome["outcome"]["reason"].endswith("before it sent anything; found at the next start")
    assert bench.records("hold") == []
    assert bench.cli("verify").code == 3


@pytest.mark.parametrize("fails", [True, False])
def test_a_change_that_another_runner_has_settled_gets_no_second_outcome(
    bench: Any,
    fails: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site, other = bench.open(), bench.open()
    (device,) = site.devices(("leaf1",))

    def take_over(step: Step) -> None:
        if step is (Step.INTENT_WRITTEN if fails else Step.SETTLED):
            other.settling.settle_open(device, other.desk.revision()[0].revision)

    def no_anchor() -> None:
        raise AnchorError("nobody answers")

    site.healing.at = take_over
    if fails:
        monkeypatch.setattr(site.watch, "anchor_change", no_anchor)
    with pytest.raises(LeaseHeldError, match="took the device over and settled this change"):
        site.remediate(device, site.plan(site.examine(device)).sha256)
    assert len(bench.records("outcome")) == 1
    assert bench.cli("verify").code == 3


def test_a_hold_that_its_writer_did_not_live_to_write_is_written_at_the_next_start(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(bench, Step.CONFIRMED)
    bench.switch.drift("description")

    def settle() -> None:
        site = bench.open()
        (device,) = site.devices(("leaf1",))
        site.settling.settle_open(device, site.desk.revision()[0].revision)

    def full(_recorder: object, _outcome: object) -> None:
        raise LedgerError("no space left")

    with monkeypatch.context() as disk:
        disk.setattr(Recorder, "held", full)
        with pytest.raises(LedgerError):
            settle()
    assert (len(bench.records("outcome")), bench.records("hold")) == (1, [])
    for _ in range(2):
        settle()
        (held,) = bench.records("hold")
        assert held["hold"]["cause"] == "held-for-a-person"


def test_an_intent_whose_mark_cannot_be_made_is_never_written(bench: Any) -> None:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    plan = site.plan(site.examine(device)).sha256
    (site.settings.runner.state / "changes").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigError):
        site.remediate(device, plan)
    assert bench.records("intent") == []


def test_a_candidate_that_another_installation_left_is_not_ours_to_clear(bench: Any) -> None:
    name = mark_of("another.example.net") + "0badcafe"
    bench.switch.type(f"configure session {name}", "interface Ethernet8", "description half done")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "not-applied"
    assert [session.name for session in bench.switch.emulator.device.sessions.all()] == [name]
    requests = len(bench.switch.emulator.device.trace)
    gc.collect()
    assert len(bench.switch.emulator.device.trace) == requests, "a driver that was closed never connects again"


def test_looking_settles_nothing(bench: Any) -> None:
    die(bench, Step.CONNECTED)
    before = bench.everything()
    for verb in (("status",), ("diff",), ("heal", "leaf1", "--check"), ("log",), ("doctor",)):
        bench.cli(*verb)
    assert bench.everything() == before


def test_a_killed_heal_leaves_no_lease_and_no_lock_behind(bench: Any) -> None:
    die(bench, Step.RECHECKED)
    site = bench.open()
    with site.runner_lock(), site.parts.leases.hold("leaf1"):
        assert pathlib.Path(bench.site / "state" / "leases" / "leaf1.lock").exists()


@pytest.mark.parametrize(("step", "kinds"), [(Step.GUARDS_PASSED, []), (Step.OUTCOME_WRITTEN, ["intent", "outcome"])])
def test_a_heal_killed_before_its_intent_or_after_its_outcome_leaves_nothing_open(
    bench: Any, step: Step, kinds: list[str]
) -> None:
    die(bench, step)
    site = bench.open()
    site.parts.launcher = InThisProcess(bench=bench)
    (device,) = site.devices(("leaf1",))
    assert [record["kind"] for record in bench.records() if record["kind"] in ("intent", "outcome")] == kinds
    site.reconcile(device)
    assert bench.records("recovery") == []
    assert [record["outcome"]["verdict"] for record in bench.records("outcome")] == ["healed"]


def test_a_heal_killed_on_its_way_back_is_settled_too(bench: Any) -> None:
    drifted = bench.switch.running()
    bench.edit("mode: heal", f"{PROBE}\n    mode: heal")
    die(bench, Step.WAY_BACK)
    assert bench.switch.running() != drifted
    bench.edit("mode: heal", "mode: observe")
    site = bench.open()
    site.reconcile(site.devices(("leaf1",))[0])
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "reverted-by-device"
    assert bench.switch.running() == drifted


def test_an_outcome_that_a_full_disk_refused_is_settled_at_the_next_start(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench.open()
    (device,) = site.devices(("leaf1",))

    def fill(step: Step) -> None:
        if step is Step.SETTLED:
            monkeypatch.setattr(site.parts.ledger, "append", full)

    def full(*_: object, **__: object) -> None:
        raise LedgerError("the ledger cannot be written: No space left on device")

    site.healing.at = fill
    with pytest.raises(LedgerError, match="No space left"):
        site.remediate(device, site.plan(site.examine(device)).sha256)
    assert bench.records()[-1]["kind"] == "intent"
    again = bench.open()
    assert again.reconcile(device).examination.drift.in_sync
    assert [record["outcome"]["verdict"] for record in bench.records("outcome")] == ["healed"]
    assert bench.cli("verify").code == 3


def test_an_open_intent_is_found_without_the_index_too(bench: Any) -> None:
    die(bench, Step.COMMITTED)
    assert bench.cli("log", "--rebuild").code == 0
    for path in bench.store.glob("index.sqlite3*"):
        path.unlink()
    bench.edit("mode: heal", "mode: observe")
    site = bench.open()
    site.reconcile(site.devices(("leaf1",))[0])
    assert [record["outcome"]["verdict"] for record in bench.records("outcome")] == ["reverted-by-device"]
    assert bench.cli("log", "--rebuild").code == 0
    assert "open-intent" not in bench.cli("verify").out


@pytest.mark.parametrize("verdict", ["partial", "unknown"])
def test_a_state_that_is_not_proved_is_held_for_a_person_who_is_told_what_to_do(bench: Any, verdict: str) -> None:
    die(bench, Step.CONFIRMED)
    if verdict == "partial":
        bench.switch.drift("description")
    else:
        bench.switch.fault("empty", value=True)
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    site.settling.settle_open(device, site.desk.revision()[0].revision)
    bench.switch.fault("empty", value=None)
    (outcome,) = bench.records("outcome")
    assert outcome["outcome"]["verdict"] == verdict
    (held,) = bench.records("hold")
    assert held["hold"]["cause"] == "held-for-a-person"
    assert "murenger plan leaf1" in held["hold"]["detail"]
    assert [reference["rel"] for reference in held["refs"]] == ["outcome"]
    assert bench.cli("verify").code == 3
    with site.journal.reading() as history:
        waiting = history.held("leaf1")
    assert waiting is not None
    assert waiting.verdict.value == verdict


def test_live_that_is_golden_in_every_part_that_is_compared_is_settled_as_healed(bench: Any) -> None:
    bench.edit("mode: heal", 'ignore: ["interface Ethernet8"]\n    mode: heal')
    die(bench, Step.CONFIRMED)
    bench.switch.type("configure", "interface Ethernet8", "description not golden's to say")
    site = bench.open()
    assert site.reconcile(site.devices(("leaf1",))[0]).examination.drift.in_sync
    (outcome,) = bench.records("outcome")
    assert outcome["outcome"]["verdict"] == "healed"
    assert bench.cli("verify").code == 3
