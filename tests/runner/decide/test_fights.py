"""Fights: recognised from records alone, the opponent and the rhythm named where they are evident, never guessed."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.config.settings import BackoffSettings
from murenger.decide import fight
from murenger.decide.fights import rhythm_of
from murenger.model import OutcomeVerdict, PastOutcome

NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
SETTINGS = BackoffSettings(fight_returns=3, fight_within_s=7200)
HEALED = OutcomeVerdict.HEALED


def at(minutes: float) -> datetime.datetime:
    return NOON + datetime.timedelta(minutes=minutes)


def round_at(minutes: float, verdict: OutcomeVerdict = HEALED, **changes: Any) -> PastOutcome:
    """Return the outcome of a heal of an interval of drift that began then."""
    outcome = PastOutcome(
        device="fw1",
        zone="",
        verdict=verdict,
        ended_at=at(minutes + 1),
        drift_key="k",
        golden_sha256="g",
        actor="",
        sequence=round(minutes),
        drift_id=f"fw1-{minutes}",
        drift_since=at(minutes),
    )
    return dataclasses.replace(outcome, **changes)


def reason(past: Any, returned: float, settings: BackoffSettings = SETTINGS) -> str:
    standoff = fight(past, settings, returned_at=at(returned))
    return "" if standoff is None else standoff.reason


def test_the_same_change_back_so_often_within_the_time_is_a_fight() -> None:
    past = [round_at(minutes) for minutes in (0, 40, 50)]
    standoff = fight(past, SETTINGS, returned_at=at(70))
    assert standoff is not None
    assert (standoff.cause, standoff.until) == ("fight", None)
    assert standoff.reason == (
        "fight: this change came back 3 times: stop whoever makes it, or adopt it in golden; to heal it once more, "
        "approve the plan"
    )


@pytest.mark.parametrize("minutes", [(), (0,), (0, 40), (0, 61, 121)])
def test_fewer_or_slower_returns_are_none(minutes: tuple[int, ...]) -> None:
    assert not reason([round_at(minute) for minute in minutes], 130)


def test_heals_that_failed_count_like_those_that_did_not() -> None:
    past = [round_at(0), round_at(30, OutcomeVerdict.ROLLED_BACK), round_at(60, OutcomeVerdict.REVERTED_BY_DEVICE)]
    assert "came back 3 times" in reason(past, 90)


def test_failures_while_the_drift_stays_are_one_round_and_no_fight() -> None:
    """Nobody brings back what never went away: that is for back-off."""
    past = [round_at(0, OutcomeVerdict.ROLLED_BACK, sequence=n, ended_at=at(n)) for n in range(20)]
    assert not reason(past, 21)
    assert not reason([*past, round_at(30)], 40)
    assert "came back 3 times" in reason([*past, round_at(30), round_at(50)], 60)


def test_a_change_that_never_reached_the_device_is_no_round() -> None:
    past = [round_at(minutes, OutcomeVerdict.NOT_APPLIED) for minutes in (0, 20, 40)]
    assert not reason(past, 60)


def test_a_record_that_names_no_interval_is_one_of_its_own() -> None:
    past = [round_at(minutes, drift_id="", drift_since=None) for minutes in (0, 20, 40)]
    assert "came back 3 times" in reason(past, 60)


def test_a_fight_stays_one_however_long_it_is_left_alone() -> None:
    """It ends by a new golden text or by health, which is to say when the outcomes are not given any more."""
    past = [round_at(minutes) for minutes in (0, 20, 40)]
    assert reason(past, 60 * 24 * 30)
    # A person healed it once more a day later: it came back then too.
    assert "came back 4 times" in reason([*past, round_at(1500)], 1600)


@pytest.mark.parametrize(
    ("actors", "named"),
    [
        (("svc-x", "svc-x", "svc-x"), " by svc-x"),
        (("", "svc-x", ""), " by svc-x"),
        (("svc-x", "bob", "svc-x"), " by svc-x and bob"),
        (("a", "b", "c"), " by c and b"),
        (("", "", ""), ""),
    ],
)
def test_the_opponent_is_named_where_the_device_told(actors: tuple[str, ...], named: str) -> None:
    past = [round_at(minutes, actor=actor) for minutes, actor in zip((0, 11, 50), actors, strict=True)]
    assert f"came back 3 times{named}: stop" in reason(past, 70)


def test_the_rhythm_is_told_with_the_opponent() -> None:
    past = [round_at(minutes, actor="svc-x") for minutes in (3, 18, 33)]
    assert "came back 3 times by svc-x, every 15 min at :03: stop whoever makes it" in reason(past, 48)


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        ((3, 18, 33, 48), "every 15 min at :03"),
        # Seen a little late each time, and not always equally so.
        ((3.2, 18.9, 33.1, 48.5), "every 15 min at :03"),
        ((0, 60, 120, 180), "every hour at :00"),
        ((7, 67.5, 127, 187), "every hour at :07"),
        ((120, 240, 360), "every 2 h at 00:00 UTC"),
        ((2, 1442, 2882), "every day at 12:02 UTC"),
        # Seven minutes do not divide the hour: there is no minute to name.
        ((0, 7, 14, 21), "every 7 min"),
        # Gaps that drift are a rhythm, but at no minute.
        ((3, 18.9, 34.8, 50.7), "every 16 min"),
        ((0, 15), ""),
        ((0, 15, 45), ""),
        ((0, 15, 30, 61), ""),
        ((0, 1, 2, 3), ""),
        ((), ""),
    ],
)
def test_a_rhythm_is_told_only_where_it_is_evident(minutes: tuple[float, ...], told: str) -> None:
    assert rhythm_of([at(minute) for minute in minutes]) == told


def test_times_that_go_back_are_no_rhythm() -> None:
    assert not rhythm_of([at(minute) for minute in (60, 45, 30, 15)])
    assert not rhythm_of([at(0)] * 4)
