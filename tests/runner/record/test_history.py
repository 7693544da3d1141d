"""What a ledger knows about the past."""

import dataclasses
import datetime
import json
from typing import Any

import pytest

from murenger.errors import ApprovalError, RecordError
from murenger.model import OutcomeVerdict, RecordKind, digest_of
from murenger.record import History, LogTerms, Settlement, deadline_of


def test_an_intent_is_open_until_its_outcome(world: Any) -> None:
    world.start()
    first, second = world.intent(), world.intent(plan_sha256="d" * 64)
    world.outcome(first)
    assert History(world.ledger).open_intents() == (second,)


def test_the_outcome_of_a_plan_is_found(told: Any) -> None:
    history = History(told.ledger)
    assert history.outcome_of("c" * 64).kind is RecordKind.OUTCOME
    assert history.outcome_of("d" * 64) is None


def test_the_accepted_golden_is_the_last_one_adopted(told: Any) -> None:
    accepted = History(told.ledger).newest_golden()
    assert (accepted.revision, accepted.digest) == ("a" * 40, told.golden().snapshot.digest)
    assert accepted.signer == "bob@example"


def test_a_log_without_golden_policy_has_none(world: Any) -> None:
    world.start()
    assert History(world.ledger).newest_golden() is None


def test_drift_is_open_from_its_opening_until_it_closes_or_is_healed(world: Any) -> None:
    world.start()
    opening = world.recorder.drift_found(world.drift(), world.snapshot(), world.golden())
    world.recorder.drift_found(world.drift(), world.snapshot(), world.golden(), opening=opening)
    assert History(world.ledger).open_drift("fw1") == opening
    healed = world.outcome(world.intent())
    assert History(world.ledger).open_drift("fw1") is None
    finished = json.loads(healed.content)["predicate"]["times"]["finished"]
    assert History(world.ledger).last_in_sync_at("fw1") == datetime.datetime.fromisoformat(finished)


def test_a_closed_drift_says_how_long_the_control_had_failed(world: Any) -> None:
    world.start()
    opening = world.recorder.drift_found(world.drift(), world.snapshot(), world.golden())
    world.clock.wait(600)
    golden_text = world.golden().snapshot.text
    closed = world.recorder.drift_closed(
        world.drift(golden_text), world.snapshot(golden_text), world.golden(), opening=opening, cause="changed back"
    )
    said = json.loads(closed.content)["predicate"]
    assert said["failure"]["duration_s"] == 600
    assert said["drift"]["id"] == json.loads(opening.content)["predicate"]["drift"]["id"]
    assert said["drift"]["first_bad"] == said["failure"]["started"]
    assert History(world.ledger).open_drift("fw1") is None


def test_the_last_good_read_tells_size_and_rules(told: Any) -> None:
    good = History(told.ledger).last_good("fw1")
    assert good.digest == told.snapshot().digest
    assert good.size_bytes == len(told.snapshot().text)


def test_refresh_takes_in_what_others_appended(world: Any) -> None:
    world.start()
    history = History(world.ledger)
    intent = world.intent()
    assert history.open_intents() == ()
    history.refresh()
    assert history.open_intents() == (intent,)


def test_an_outcome_can_be_told_from_the_intent_alone(world: Any) -> None:
    world.start()
    intent = world.intent()
    assert deadline_of(intent) > world.clock.at
    settlement = Settlement(
        verdict=OutcomeVerdict.REVERTED_BY_DEVICE,
        reason="found at the next start",
        after_digest=digest_of("x"),
        checks=(),
        ended_at=world.clock.now(),
    )
    said = json.loads(world.recorder.settled(settlement, intent).content)["predicate"]
    assert said["approval"] == json.loads(intent.content)["predicate"]["approval"]
    assert said["failure"]["ended"] is None


def test_a_log_is_begun_once(world: Any) -> None:
    assert world.start().sequence == 0
    assert world.recorder.start_log(LogTerms(trust=(("allowed_signers", digest_of("")),))) is None


def test_a_clock_set_back_is_recorded_and_the_day_never_goes_back(told: Any) -> None:
    told.clock.at -= datetime.timedelta(days=2)
    told.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    step, stop = list(told.ledger.records())[-2:]
    assert (step.kind, stop.kind) == (RecordKind.RECOVERY, RecordKind.RUNNER)
    assert json.loads(step.content)["predicate"]["recovery"]["cause"] == "clock-step"
    assert sorted(path.name for path in (told.folder / "days").iterdir()) == ["2026-11-21", "2026-11-22"]


def test_an_intent_needs_an_approval(world: Any) -> None:
    world.start()
    with pytest.raises(ApprovalError):
        world.recorder.intent(world.plan(), "c" * 64, world.heal_decision(None), world.snapshot(), world.golden())
    assert world.ledger.head().sequence == 0


def test_an_approval_that_has_ended_begins_nothing(world: Any) -> None:
    world.start()
    ended = world.approval(world.decision_file(), expires_at=world.clock.now() - datetime.timedelta(seconds=1))
    head = world.ledger.head().sequence
    told: list[str] = []
    with pytest.raises(ApprovalError, match="the approval ended at 20"):
        world.recorder.intent(
            world.plan(),
            "c" * 64,
            world.heal_decision(ended),
            world.snapshot(),
            world.golden(),
            before=told.append,
        )
    with pytest.raises(ApprovalError, match="make a new plan"):
        world.recorder.approved(ended)
    assert (told, world.ledger.head().sequence) == ([], head)
    assert world.recorder.approved(ended, verdict="expired").sequence == head + 1


def test_what_is_done_before_an_intent_knows_its_digest(world: Any) -> None:
    world.start()
    told: list[str] = []
    decision = world.heal_decision(world.approval(world.decision_file()))
    intent = world.recorder.intent(
        world.plan(), "c" * 64, decision, world.snapshot(), world.golden(), before=told.append
    )
    assert told == [intent.sha256]


def test_drift_that_is_none_is_not_found_and_drift_that_stays_is_not_closed(world: Any) -> None:
    opening = world.start()
    in_sync = world.drift(world.golden().snapshot.text)
    with pytest.raises(RecordError):
        world.recorder.drift_found(in_sync, world.snapshot(), world.golden())
    with pytest.raises(RecordError):
        world.recorder.drift_closed(world.drift(), world.snapshot(), world.golden(), opening=opening, cause="x")


def test_refusals_and_failures_are_recorded(world: Any) -> None:
    world.start()
    held = world.recorder.hold(
        world.drift(), world.snapshot(), world.heal_decision(None), cause="guard-failed", guard="management path"
    )
    assert json.loads(held.content)["predicate"]["hold"]["guard"] == "management path"
    failed = world.recorder.failed(
        control="observation", cause="unreachable", subject=("inventory", "0" * 64), device=world.device
    )
    assert (failed.kind, failed.device) == (RecordKind.FAILURE, "fw1")


def test_a_refusal_is_known_for_this_drift_and_this_guard_until_the_drift_ends(world: Any) -> None:
    world.start()
    drift, guard = world.drift(), "blast-radius"
    opening = world.recorder.drift_found(drift, world.snapshot(), world.golden())
    assert not History(world.ledger).is_refused(drift, guard)
    held = {"cause": "guard-failed", "guard": guard, "detail": "too many", "golden": world.golden()}
    record = world.recorder.hold(drift, world.snapshot(), world.heal_decision(None), **held)
    assert json.loads(record.content)["predicate"]["hold"]["detail"] == "too many"
    history = History(world.ledger)
    assert history.is_refused(drift, guard)
    assert not history.is_refused(drift, "clock-sane")
    assert not history.is_refused(dataclasses.replace(drift, live_digest=digest_of("another")), guard)
    assert not history.is_refused(dataclasses.replace(drift, golden_digest=digest_of("another")), guard)
    in_sync = dataclasses.replace(drift, differences=())
    world.recorder.drift_closed(in_sync, world.snapshot(), world.golden(), opening=opening, cause="changed back")
    history.refresh()
    assert not history.is_refused(drift, guard)


def test_drift_stays_open_where_the_heal_did_not_succeed(world: Any) -> None:
    world.start()
    opening = world.recorder.drift_found(world.drift(), world.snapshot(), world.golden())
    world.outcome(world.intent(), OutcomeVerdict.ROLLED_BACK)
    assert History(world.ledger).open_drift("fw1") == opening
    assert History(world.ledger).last_in_sync_at("fw1") is None
