"""Guard clock-sane: no change by a clock that nobody can trust."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.config.settings import GuardSettings
from murenger.errors import GuardRefusedError
from murenger.heal.guards import ClockFacts, ClockSaneGuard, GuardCase

GUARD = ClockSaneGuard()


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert caught.value.guard == "clock-sane"
    return caught.value.message


def clock(**facts: object) -> ClockFacts:
    usual = ClockFacts(synchronised=True, offset_s=0.0, error_s=0.1, newest_record_at=None)
    return dataclasses.replace(usual, **facts)  # type: ignore[arg-type]  # each test gives a field its own type


@pytest.mark.parametrize("offset_s", [None, 0.0, 60.0, -60.0])
def test_a_synchronised_clock_within_the_error_passes(make_case: Any, offset_s: float | None) -> None:
    assert "synchronised" in GUARD.check(make_case(clock=clock(offset_s=offset_s))).observed


@pytest.mark.parametrize("offset_s", [60.1, -86400.0])
def test_a_synchronised_clock_that_is_far_off_is_refused(make_case: Any, offset_s: float | None) -> None:
    assert "off its source" in refusal(make_case(clock=clock(offset_s=offset_s)))


@pytest.mark.parametrize("synchronised", [False, None])
def test_an_unsynchronised_clock_passes_only_with_a_known_and_small_error(
    make_case: Any, *, synchronised: bool | None
) -> None:
    loose = clock(synchronised=synchronised, error_s=16.0)
    assert GUARD.check(make_case(clock=loose)).observed == "not synchronised; the kernel admits an error of 16 s"
    assert "may be 16 s" in refusal(make_case(clock=loose, limits=GuardSettings(clock_error_s=15)))
    assert "not known" in refusal(make_case(clock=clock(synchronised=synchronised, error_s=None)))


@pytest.mark.parametrize(("behind_s", "passes"), [(-3600, True), (0, True), (60, True), (61, False), (86400, False)])
def test_a_clock_behind_the_newest_record_is_refused(make_case: Any, behind_s: int, *, passes: bool) -> None:
    case = make_case()
    told = clock(newest_record_at=case.now + datetime.timedelta(seconds=behind_s))
    case = dataclasses.replace(case, clock=told)
    if passes:
        assert GUARD.check(case).passed
    else:
        assert refusal(case) == f"our clock stands {behind_s} s behind the newest record"


def test_a_clock_that_went_back_since_the_device_was_read_is_refused(make_case: Any) -> None:
    case = make_case()
    live = dataclasses.replace(case.live, taken_at=case.now + datetime.timedelta(hours=2))
    assert "behind the read of the device" in refusal(dataclasses.replace(case, live=live))
