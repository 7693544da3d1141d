"""Guard blast-radius: no mistake reaches every device at once."""

import dataclasses
from typing import Any

import pytest

from murenger.config.settings import GuardSettings
from murenger.errors import GuardRefusedError
from murenger.heal.guards import BlastRadiusGuard, GuardCase, UnderWay

GUARD = BlastRadiusGuard()


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert caught.value.guard == "blast-radius"
    return caught.value.message


def test_a_change_undoes_no_more_than_it_may(make_case: Any) -> None:
    limits = GuardSettings(differences=3)
    assert GUARD.check(make_case(differences=3, limits=limits)).passed
    assert refusal(make_case(differences=4, limits=limits)) == (
        "the change undoes 4 differences, guards.differences is 3"
    )


def test_each_device_of_the_hour_counts_once_and_this_one_too(make_case: Any, make_past: Any) -> None:
    limits = GuardSettings(devices_per_hour=3, zone_share=100)
    past = (make_past("leaf2", 59), make_past("leaf2", 5), make_past("fw1", 1, zone="edge"))
    case = make_case(limits=limits, past=past)
    assert "3 of 3 devices within the hour" in GUARD.check(case).observed
    more = dataclasses.replace(case, past=(*past, make_past("fw2", 2, zone="edge")))
    assert "4 devices would have been changed within the hour" in refusal(more)


def test_an_earlier_change_of_the_same_device_takes_no_room_of_others(make_case: Any, make_past: Any) -> None:
    case = make_case(limits=GuardSettings(devices_per_hour=1, zone_share=1), past=(make_past("leaf1", 3),))
    assert GUARD.check(case).passed


@pytest.mark.parametrize("verdict", ["healed", "rolled-back", "reverted-by-device", "partial", "unknown"])
def test_whatever_touched_a_device_counts_however_it_ended(make_case: Any, make_past: Any, verdict: str) -> None:
    limits = GuardSettings(devices_per_hour=1)
    assert refusal(make_case(limits=limits, past=(make_past("fw1", 1, verdict, zone="edge"),)))


def test_what_never_touched_a_device_and_what_is_long_ago_does_not_count(make_case: Any, make_past: Any) -> None:
    past = (make_past("fw1", 60), make_past("fw2", 1, "not-applied"))
    assert GUARD.check(make_case(limits=GuardSettings(devices_per_hour=1), past=past)).passed


def test_a_record_from_a_clock_ahead_of_ours_counts(make_case: Any, make_past: Any) -> None:
    assert refusal(make_case(limits=GuardSettings(devices_per_hour=1), past=(make_past("fw1", -10),)))


def test_changes_under_way_count_before_they_have_ended(make_case: Any) -> None:
    case = make_case(limits=GuardSettings(devices_per_hour=1), under_way=(UnderWay(device="fw1", zone="edge"),))
    assert "2 devices" in refusal(case)


def test_no_more_than_a_share_of_a_zone_is_changed_within_the_hour(make_case: Any, make_past: Any) -> None:
    half = GuardSettings(zone_share=50)
    one, two = make_past("leaf2", 20), make_past("leaf3", 10)
    assert "2 in zone dc" in GUARD.check(make_case(limits=half, past=(one,))).observed
    assert "3 of 4 devices of zone dc" in refusal(make_case(limits=half, past=(one, two)))
    assert "3 of 4" in refusal(make_case(limits=half, past=(one,), under_way=(UnderWay(device="leaf3", zone="dc"),)))
    elsewhere = dataclasses.replace(two, zone="edge")
    assert GUARD.check(make_case(limits=half, past=(one, elsewhere))).passed


def test_a_zone_of_one_device_can_be_healed_whatever_the_share(make_case: Any) -> None:
    case = make_case(limits=GuardSettings(zone_share=1), zone_members=("leaf1",))
    assert GUARD.check(case).passed


def test_a_share_is_rounded_down(make_case: Any, make_past: Any) -> None:
    case = make_case(limits=GuardSettings(zone_share=74), past=(make_past("leaf2", 1), make_past("leaf3", 1)))
    assert "3 of 4" in refusal(case)


def test_devices_without_a_zone_share_none(make_case: Any, make_past: Any) -> None:
    case = make_case(limits=GuardSettings(zone_share=1), past=(make_past("leaf2", 1, zone=""),), zone_members=())
    nowhere = dataclasses.replace(case, device=dataclasses.replace(case.device, zone=""))
    assert "in no zone" in GUARD.check(nowhere).observed
