"""The way back, and devices that mislead: the outcome rests on what is read, and says by which way it went back."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.errors import ConfigError, ConfirmationIgnoredError, RemediationError, RollbackError, UnreachableError
from murenger.heal import Step, Unsettled, settle
from murenger.heal.tools import WayBack
from murenger.model import Check, Digest, OutcomeVerdict

GOLDEN, LIVE = "golden\n", "drifted\n"
NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
DEAD = RollbackError("link is dead", device="fw1")
BROKE = UnreachableError("link broke", device="fw1")


def probe(*, passed: bool) -> Check:
    return Check(name="probe web", expected="open", observed="closed", passed=passed, at=NOON)


def test_a_heal_announces_each_step_once_and_in_order(bench: Any) -> None:
    bench.heal()
    whole = range(Step.CONNECTED, Step.SETTLED + 1)
    assert bench.steps == [Step(number) for number in whole if number != Step.WAY_BACK]


def test_the_mark_on_the_device_carries_the_lease(bench: Any) -> None:
    outcome = bench.heal()
    assert bench.token == 7
    assert bench.message.endswith(" lease 7")
    assert outcome.verdict is OutcomeVerdict.HEALED


@pytest.mark.parametrize("lost_at", [Step.STAGED, Step.CONNECTED])
def test_a_lease_that_is_lost_before_the_commit_applies_nothing(bench: Any, lost_at: Step) -> None:
    bench.lost_at = lost_at
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert "commit" not in bench.trace
    assert "lease" in outcome.reason


def test_a_lease_that_is_lost_before_the_confirmation_is_not_confirmed(bench: Any) -> None:
    bench.lost_at = Step.COMMITTED
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert "confirm" not in bench.trace
    assert bench.running == LIVE


def test_probes_that_pass_are_checks_of_the_outcome(bench: Any) -> None:
    bench.probes = (probe(passed=True),)
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert bench.probes[0] in outcome.checks


def test_a_probe_that_fails_is_not_confirmed_and_is_named(bench: Any) -> None:
    bench.probes = (probe(passed=True), dataclasses.replace(probe(passed=False), name="probe dns"))
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert bench.running == LIVE
    assert "confirm" not in bench.trace
    assert "probe dns did not pass" in outcome.reason
    assert outcome.reason.endswith("undone over the connection of the change")
    assert bench.probes[1] in outcome.checks


def test_tests_that_outlast_the_timer_are_not_confirmed_whatever_the_device_says(bench: Any) -> None:
    def take_long(step: Step) -> None:
        if step is Step.PACKETS_PROVED:
            bench.time += datetime.timedelta(seconds=60)

    bench.on_step = take_long
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert "confirm" not in bench.trace
    assert "took 60 s, the device's timer only 60 s" in outcome.reason


def test_an_outcome_on_the_way_back_proves_that_live_is_as_before(bench: Any) -> None:
    bench.probes = (probe(passed=False),)
    outcome = bench.heal()
    assert outcome.after_digest == outcome.before_digest
    assert outcome.checks[-1].name == "live is as before, read over a fresh connection"
    assert outcome.checks[-1].passed


def test_where_the_link_is_dead_the_way_back_is_forced_over_a_new_connection(bench: Any) -> None:
    bench.handle, bench.probes, bench.faults["undo"] = "commit 1", (probe(passed=False),), DEAD
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert outcome.reason.endswith("undone over a new connection")
    assert outcome.ended_at - outcome.started_at < datetime.timedelta(seconds=60)


def test_where_no_commit_can_be_named_the_timer_decides(bench: Any) -> None:
    bench.probes, bench.faults["undo"] = (probe(passed=False),), DEAD
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert "take back" not in bench.trace
    assert outcome.reason.endswith("the device's timer undid it")


def test_where_forcing_fails_too_the_timer_decides(bench: Any) -> None:
    bench.handle, bench.faults["undo"], bench.faults["take back"] = "commit 1", DEAD, BROKE
    bench.probes = (probe(passed=False),)
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert bench.running == LIVE


def test_a_confirmation_without_an_answer_is_never_taken_back(bench: Any) -> None:
    bench.handle, bench.faults["undo"], bench.faults["confirm"] = "commit 1", DEAD, BROKE
    assert bench.heal().verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert "take back" not in bench.trace


def test_a_confirmation_without_an_answer_that_arrived_is_healed(bench: Any) -> None:
    def confirm() -> None:
        bench.pending = None
        raise BROKE

    bench.confirm = confirm
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert outcome.confirmed_at is None
    assert "confirmed all the same" in outcome.reason


@pytest.mark.parametrize(("handle", "verdict"), [("commit 1", "rolled-back"), ("", "partial")])
def test_a_confirmation_that_the_device_ignores_is_taken_back_or_for_a_person_though_its_timer_is_late(
    bench: Any, handle: str, verdict: str
) -> None:
    def ignore() -> None:
        bench.pending = (bench.time + datetime.timedelta(days=1), LIVE)
        raise ConfirmationIgnoredError("its timer runs on", device="fw1")

    bench.handle, bench.faults["undo"], bench.confirm = handle, DEAD, ignore
    outcome = bench.heal()
    assert outcome.verdict.value == verdict
    assert outcome.confirmed_at is None


def test_a_way_back_that_fails_in_every_way_is_for_a_person(bench: Any) -> None:
    bench.handle, bench.faults["undo"], bench.faults["take back"] = "commit 1", DEAD, BROKE
    bench.probes = (probe(passed=False),)

    def wait_without_timer(seconds: float) -> None:
        bench.time += datetime.timedelta(seconds=seconds)

    bench.wait = wait_without_timer
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.PARTIAL, "golden runs, but it was neither proved nor confirmed"
    assert bench.running == GOLDEN
    assert not outcome.checks[-1].passed
    assert "its timer has run out" in outcome.reason


def test_a_device_that_accepts_the_commit_and_does_nothing_is_not_healed(bench: Any) -> None:
    bench.applies = lambda _: LIVE
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.ROLLED_BACK
    assert outcome.after_digest == outcome.before_digest


def test_a_device_that_refuses_the_change_is_not_applied(bench: Any) -> None:
    bench.faults["commit"] = RemediationError("no", device="fw1")
    bench.undo = lambda: False
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert outcome.ended_at - outcome.started_at < datetime.timedelta(seconds=10)
    assert outcome.reason.endswith("nothing of it was applied")


def test_a_commit_that_arrives_after_its_link_broke_is_waited_for(bench: Any) -> None:
    bench.faults["undo"] = DEAD
    looks: list[str] = []
    arrives_at = NOON + datetime.timedelta(seconds=20)
    real_wait = bench.wait

    def commit(**_: object) -> None:
        raise BROKE

    def wait(seconds: float) -> None:
        real_wait(seconds)
        looks.append(bench.running)
        if bench.time >= arrives_at and "in force" not in looks:
            looks.append("in force")
            bench.pending, bench.running = (bench.time + datetime.timedelta(seconds=30), LIVE), GOLDEN

    bench.commit, bench.wait = commit, wait
    outcome = bench.heal()
    assert GOLDEN in looks
    assert outcome.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert bench.running == LIVE


def test_a_commit_that_never_arrived_is_not_applied_once_its_timer_would_have_fired(bench: Any) -> None:
    def commit(**_: object) -> None:
        raise BROKE

    bench.faults["undo"], bench.commit = DEAD, commit
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert outcome.ended_at - outcome.started_at >= datetime.timedelta(seconds=60)


def test_a_device_that_goes_back_after_it_accepted_the_confirmation_is_not_called_healed(bench: Any) -> None:
    bench.reverts_after_confirm = True
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert "cut flows fw1" not in bench.trace
    assert not outcome.checks[-1].passed
    assert "accepted the confirmation" in outcome.reason


def test_a_third_state_after_the_confirmation_is_partial(bench: Any) -> None:
    def meddle(step: Step) -> None:
        if step is Step.CONFIRMED:
            bench.running = "third\n"

    bench.on_step = meddle
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.PARTIAL
    assert outcome.after_digest not in (None, outcome.before_digest)


def test_a_device_that_is_gone_after_the_confirmation_is_unknown(bench: Any) -> None:
    def cut(step: Step) -> None:
        if step is Step.CONFIRMED:
            bench.faults["observe"] = BROKE

    bench.on_step = cut
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.UNKNOWN
    assert outcome.after_digest is None


def test_a_device_that_stumbles_once_after_the_confirmation_is_healed(bench: Any) -> None:
    def stumble(step: Step) -> None:
        if step is Step.CONFIRMED:
            bench.faults["observe"] = BROKE

    real_wait = bench.wait

    def wait(seconds: float) -> None:
        bench.faults.pop("observe", None)
        real_wait(seconds)

    bench.on_step, bench.wait = stumble, wait
    assert bench.heal().verdict is OutcomeVerdict.HEALED


def unsettled(bench: Any, **changes: Any) -> Unsettled:
    usual = {
        "before": digest(bench, LIVE),
        "is_promised": lambda seen: seen.text == GOLDEN,
        "wait_s": 60,
        "has_pending": lambda: False,
    }
    return Unsettled(**{**usual, **changes})


def digest(bench: Any, text: str) -> Digest:
    kept, bench.running = bench.running, text
    found: Digest = bench.observe().digest
    bench.running = kept
    return found


@pytest.mark.parametrize(
    ("way_back", "verdict"),
    [
        (WayBack.UNDONE, OutcomeVerdict.ROLLED_BACK),
        (WayBack.UNDONE_ANEW, OutcomeVerdict.ROLLED_BACK),
        (WayBack.REFUSED, OutcomeVerdict.NOT_APPLIED),
        (WayBack.NOTHING_LEFT, OutcomeVerdict.REVERTED_BY_DEVICE),
    ],
)
def test_what_the_device_said_decides_at_the_first_look_that_agrees(
    bench: Any, way_back: WayBack, verdict: OutcomeVerdict
) -> None:
    settled = settle(unsettled(bench, way_back=way_back), observe=bench.observe, clock=bench)
    assert settled.verdict is verdict
    assert bench.time == NOON


def test_a_device_that_says_undone_and_runs_the_change_on_is_not_called_rolled_back(bench: Any) -> None:
    bench.running = GOLDEN
    change = unsettled(bench, way_back=WayBack.UNDONE, may_be_confirmed=False)
    assert settle(change, observe=bench.observe, clock=bench).verdict is OutcomeVerdict.PARTIAL


@pytest.mark.parametrize("running", [LIVE, GOLDEN, "third\n", None])
def test_what_was_never_sent_was_not_applied_whatever_others_did(bench: Any, running: str | None) -> None:
    change = unsettled(bench, way_back=WayBack.NEVER_SENT)
    expected = None if running is None else digest(bench, running)
    bench.running = running or LIVE
    if running is None:
        bench.faults["observe"] = DEAD
    settled = settle(change, observe=bench.observe, clock=bench)
    assert (settled.verdict, settled.digest) == (OutcomeVerdict.NOT_APPLIED, expected)


def silent() -> bool:
    raise BROKE


@pytest.mark.parametrize(
    ("has_pending", "verdict"),
    [(lambda: False, OutcomeVerdict.HEALED), (lambda: True, OutcomeVerdict.PARTIAL), (silent, OutcomeVerdict.PARTIAL)],
)
def test_what_is_as_promised_is_healed_only_if_the_device_says_that_nothing_waits(
    bench: Any, has_pending: Any, verdict: OutcomeVerdict
) -> None:
    bench.running = GOLDEN
    change = unsettled(bench, has_pending=has_pending)
    assert settle(change, observe=bench.observe, clock=bench).verdict is verdict


def test_a_mark_that_cannot_be_written_sends_nothing(bench: Any) -> None:
    bench.faults["sending"] = ConfigError("disk full", device="fw1")
    outcome = bench.heal()
    assert outcome.verdict is OutcomeVerdict.NOT_APPLIED
    assert "commit" not in bench.trace


def test_a_read_that_failed_leaves_open_whether_the_change_was_in_force(bench: Any) -> None:
    real = bench.observe
    looks = iter([True])

    def observe() -> Any:
        if next(looks, False):
            raise BROKE
        return real()

    settled = settle(unsettled(bench), observe=observe, clock=bench)
    assert settled.verdict is OutcomeVerdict.REVERTED_BY_DEVICE
    assert bench.time >= NOON + datetime.timedelta(seconds=60), "what was sent may still have arrived"
