"""The due-heap: stable phases, jitter within bounds, and no period lost."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.adapters.apscheduler import CronCadence
from murenger.errors import ConfigError
from murenger.schedule import DueHeap, IntervalCadence

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)


@given(
    interval_s=st.integers(1, 5000),
    jitter_s=st.integers(0, 4999),
    offset_s=st.integers(0, 10**7),
    device=st.text("abc123", min_size=1),
)
def test_next_due_is_after_now_and_within_two_intervals(
    interval_s: int, jitter_s: int, offset_s: int, device: str
) -> None:
    cadence = IntervalCadence(device=device, interval_s=interval_s, jitter_s=min(jitter_s, interval_s - 1))
    now = NOON + offset_s * SECOND
    due = cadence.next_after(now)
    assert now < due <= now + 2 * interval_s * SECOND


def test_phase_survives_a_restart() -> None:
    cadence = IntervalCadence(device="fw1", interval_s=300)
    first = cadence.next_after(NOON)
    assert IntervalCadence(device="fw1", interval_s=300).next_after(NOON + 7 * SECOND) in {first, first + 300 * SECOND}


def test_phases_of_a_fleet_are_spread() -> None:
    due = {IntervalCadence(device=f"fw{n}", interval_s=300).next_after(NOON) for n in range(200)}
    assert len(due) > 100


def test_pop_due_returns_each_due_device_once_with_the_periods_it_stands_for() -> None:
    heap = DueHeap({"fw1": IntervalCadence(device="fw1", interval_s=60)}, NOON)
    assert heap.pop_due(NOON) == ()
    (due,) = heap.pop_due(NOON + 600 * SECOND)
    assert due.device == "fw1"
    assert due.periods == 10
    assert heap.pop_due(NOON + 600 * SECOND) == ()


def test_a_year_asleep_ends_with_one_check_and_a_due_time_ahead() -> None:
    heap = DueHeap({"fw1": IntervalCadence(device="fw1", interval_s=60)}, NOON)
    later = NOON + datetime.timedelta(days=365)
    (due,) = heap.pop_due(later)
    assert due.periods == DueHeap.MOST_PERIODS
    upcoming = heap.next_due()
    assert upcoming is not None
    assert later < upcoming <= later + 60 * SECOND


def test_cron_is_utc_and_strictly_later() -> None:
    cadence = CronCadence("30 12 * * *")
    assert cadence.next_after(NOON) == NOON + datetime.timedelta(minutes=30)
    assert cadence.next_after(NOON + datetime.timedelta(minutes=30)) == NOON + datetime.timedelta(days=1, minutes=30)


@pytest.mark.parametrize("expression", ["", "* * *", "61 * * * *", "now", "0 0 31 2 *"])
def test_a_cron_expression_that_cannot_come_due_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match="cron"):
        CronCadence(expression)
