"""Guard circuit-breaker: where changes fail, no more are made until one has been tried."""

import dataclasses
from typing import Any

import pytest

from murenger.config.settings import GuardSettings
from murenger.errors import GuardRefusedError
from murenger.heal.guards import CircuitBreakerGuard, GuardCase, UnderWay

GUARD = CircuitBreakerGuard()


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert caught.value.guard == "circuit-breaker"
    return caught.value.message


def state(case: GuardCase) -> str:
    return GUARD.check(case).observed.partition(":")[0]


@pytest.mark.parametrize("verdict", ["rolled-back", "reverted-by-device", "partial", "unknown"])
def test_two_failures_in_a_zone_stop_healing_there(make_case: Any, make_past: Any, verdict: str) -> None:
    one, two = make_past("leaf2", 50, verdict), make_past("leaf3", 10, verdict, sequence=9)
    assert state(make_case(past=(one,))) == "closed"
    told = refusal(make_case(past=(one, two)))
    assert told == f"changes in zone dc failed, the last on leaf3 ({verdict}, record 9)"


def test_failures_in_another_zone_stop_nothing_here(make_case: Any, make_past: Any) -> None:
    past = [make_past(name, 5, "partial", zone="edge") for name in ("fw1", "fw2", "fw3")]
    assert state(make_case(past=tuple(past))) == "closed"


def test_devices_without_a_zone_are_one_zone(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 5, "partial", zone=""), make_past("leaf3", 4, "partial", zone=""))
    case = make_case(past=past)
    assert state(case) == "closed"
    nowhere = dataclasses.replace(case, device=dataclasses.replace(case.device, zone=""))
    assert "the devices without a zone failed" in refusal(nowhere)


def test_a_change_that_never_touched_its_device_is_no_failure(make_case: Any, make_past: Any) -> None:
    past = tuple(make_past("leaf2", ago, "not-applied") for ago in (9, 6, 3))
    assert state(make_case(past=past)) == "closed"


def test_failures_further_apart_than_the_time_do_not_add_up(make_case: Any, make_past: Any) -> None:
    assert state(make_case(past=(make_past("leaf2", 100, "partial"), make_past("leaf3", 10, "partial")))) == "closed"


def test_a_heal_in_between_does_not_close_an_open_breaker(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 50, "partial"), make_past("leaf3", 40, "partial"), make_past("leaf4", 39))
    assert refusal(make_case(past=past))


def test_when_the_time_has_passed_one_heal_may_try_and_only_one(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 90, "partial"), make_past("leaf3", 60, "partial"))
    case = make_case(past=past)
    assert state(case) == "half-open"
    trying = dataclasses.replace(case, under_way=(UnderWay(device="leaf4", zone="dc"),))
    assert "leaf4 is the one that tries again" in refusal(trying)
    elsewhere = dataclasses.replace(case, under_way=(UnderWay(device="fw1", zone="edge"),))
    assert state(elsewhere) == "half-open"


def test_a_trial_that_heals_closes_the_breaker(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 200, "partial"), make_past("leaf3", 190, "partial"), make_past("leaf4", 100))
    assert state(make_case(past=past)) == "closed"
    assert state(make_case(past=(*past, make_past("leaf2", 5, "partial")))) == "closed"


def test_a_trial_that_fails_opens_it_again_at_once(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 200, "partial"), make_past("leaf3", 190, "partial"), make_past("leaf4", 30, "partial"))
    assert "the last on leaf4" in refusal(make_case(past=past))


def test_the_settings_say_how_many_and_how_long(make_case: Any, make_past: Any) -> None:
    past = (make_past("leaf2", 5, "partial"), make_past("leaf3", 4, "partial"))
    assert state(make_case(past=past, limits=GuardSettings(breaker_failures=3))) == "closed"
    assert state(make_case(past=past, limits=GuardSettings(breaker_within_s=120))) == "half-open"
    assert refusal(make_case(past=past[:1], limits=GuardSettings(breaker_failures=1)))
