"""Back-off: how long healing waits, and the three timelines in which another healer went wrong.

The timelines are those of Argo CD's issues 20976 (the cap was mis-computed), 21599 (the counter was never reset) and of
its pull request 25579 (the cooldown that was to fix it caused the storm).
"""

import dataclasses
import datetime
import itertools
from typing import Any

import pytest

from murenger.config.settings import BackoffSettings
from murenger.decide import back_off, of_this_cause, since_healthy
from murenger.decide.backoff import wait_s
from murenger.model import Digest, Drift, OutcomeVerdict, PastOutcome, Spell

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
# The defaults that the issues were reported with; ours doubles where theirs trebled.
SETTINGS = BackoffSettings(first_s=2, most_s=300, jitter=0, healthy_after_s=3600)
FAILED, HEALED = OutcomeVerdict.ROLLED_BACK, OutcomeVerdict.HEALED


def after(seconds: float) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=seconds)


def ended(drift: Drift, seconds: float, verdict: OutcomeVerdict = FAILED, **changes: Any) -> PastOutcome:
    outcome = PastOutcome(
        device=drift.device,
        zone="",
        verdict=verdict,
        ended_at=after(seconds),
        drift_key=drift.key,
        golden_sha256=drift.golden_digest.removeprefix("sha256:"),
        actor="",
        sequence=round(seconds),
    )
    return dataclasses.replace(outcome, **changes)


@dataclasses.dataclass
class Replay:
    """A device that drifts and a healer that looks every second, in virtual time."""

    drift: Drift
    settings: BackoffSettings = SETTINGS
    verdict: OutcomeVerdict = FAILED
    past: list[PastOutcome] = dataclasses.field(default_factory=list)
    spells: list[Spell] = dataclasses.field(default_factory=list)
    seconds: int = 0

    def run(self, seconds: int) -> list[int]:
        """Let time pass and return when healing was tried."""
        tried = []
        for second in range(self.seconds, self.seconds + seconds):
            # Only an attempt changes what is known, so it is asked for anew only then.
            if not tried or tried[-1] == second - 1:
                own = since_healthy(of_this_cause(self.past, self.drift), self.spells, self.settings)
            if back_off(self.drift, own, self.settings, now=after(second)) is None:
                self.past.append(ended(self.drift, second, self.verdict))
                tried.append(second)
        self.seconds += seconds
        return tried

    def rest(self, seconds: int) -> None:
        """Have the device in sync for some time."""
        self.spells.append(Spell(began_at=after(self.seconds), ended_at=after(self.seconds + seconds)))
        self.seconds += seconds


def gaps(tried: list[int]) -> list[int]:
    return [later - earlier for earlier, later in itertools.pairwise(tried)]


@pytest.fixture
def replay(case: Any) -> Replay:
    return Replay(case.drift)


def test_timeline_20976_the_wait_reaches_its_cap_exactly_and_stays_there(replay: Replay) -> None:
    """There the last wait before the cap (162 s) was kept for ever; the cap (300 s) was never reached."""
    assert gaps(replay.run(2000))[:11] == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_timeline_20976_jitter_never_goes_beyond_the_cap(replay: Replay) -> None:
    replay.settings = dataclasses.replace(SETTINGS, jitter=100)
    waits = gaps(replay.run(3000))
    assert waits[-3:] == [300, 300, 300]
    assert max(waits) == 300
    assert any(wait > 2 * 2**attempt for attempt, wait in enumerate(waits[:7]))


def test_timeline_21599_a_new_golden_revision_resets_the_counter(replay: Replay) -> None:
    """There a new revision waited 300 s for its first heal, because of what had happened to the old one."""
    replay.run(1500)
    replay.drift = dataclasses.replace(replay.drift, golden_digest=Digest("sha256:" + "9" * 64))
    tried = replay.run(20)
    assert tried[0] == 1500
    assert gaps(tried) == [2, 4, 8]


def test_timeline_21599_sustained_health_resets_the_counter(replay: Replay) -> None:
    replay.run(1500)
    replay.rest(3600)
    began = replay.seconds
    tried = replay.run(20)
    assert tried[0] == began
    assert gaps(tried) == [2, 4, 8]


def test_timeline_25579_no_attempt_resets_the_counter_however_early_it_comes(replay: Replay) -> None:
    """There each attempt before the cooldown was over set the counter to 0, so that healing never slowed down."""
    tried = replay.run(3600)
    assert len(tried) == 9 + (3599 - 510) // 300
    assert gaps(tried) == sorted(gaps(tried))


def test_timeline_25579_a_heal_that_holds_for_a_moment_resets_nothing(replay: Replay) -> None:
    """Healed and drifted again at once, over and over: in sync for less than is asked is not health."""
    replay.run(600)
    for _ in range(10):
        replay.past.append(ended(replay.drift, replay.seconds, HEALED))
        replay.rest(3599)
        tried = replay.run(400)
        assert min(gaps(tried)) == 300


def test_the_state_is_the_past_alone_so_a_restart_changes_nothing(replay: Replay, case: Any) -> None:
    whole = gaps(replay.run(1200))
    parts = Replay(case.drift)
    tried: list[int] = []
    for _ in range(60):
        tried += parts.run(20)
        # A new process: all that is left is what was recorded.
        parts = Replay(case.drift, past=list(parts.past), seconds=parts.seconds)
    assert gaps(tried) == whole


def test_other_devices_causes_and_golden_texts_have_counters_of_their_own(case: Any) -> None:
    drift = case.drift
    others = (
        ended(drift, 0, device="fw2"),
        ended(drift, 0, drift_key="sha256:" + "1" * 64),
        ended(drift, 0, golden_sha256="1" * 64),
    )
    assert of_this_cause(others, drift) == ()
    assert of_this_cause((*others, ended(drift, 1)), drift) == (ended(drift, 1),)


def test_jitter_is_stable_for_device_cause_and_attempt_and_differs_between_them(case: Any) -> None:
    drift, settings = case.drift, BackoffSettings(first_s=100, most_s=10**6, jitter=50)
    assert wait_s(3, drift, settings) == wait_s(3, drift, settings)
    another = dataclasses.replace(drift, device="fw2")
    changed = dataclasses.replace(drift, differences=drift.differences * 2)
    new_golden = dataclasses.replace(drift, golden_digest=Digest("sha256:" + "9" * 64))
    waits = [wait_s(3, one, settings) for one in (drift, another, changed, new_golden)]
    assert len(set(waits)) == 4
    assert all(400 <= wait < 600 for wait in waits)
    shares = {round(wait_s(n, drift, settings) / (100 * 2 ** (n - 1)), 6) for n in range(1, 9)}
    assert len(shares) == 8


def test_any_number_of_failures_waits_the_cap_and_no_more(case: Any) -> None:
    settings = BackoffSettings()
    assert {wait_s(attempt, case.drift, settings) for attempt in (7, 64, 10**6)} == {3600.0}


@pytest.mark.parametrize("verdict", [verdict for verdict in OutcomeVerdict if verdict is not HEALED])
def test_whatever_did_not_end_healed_counts_and_the_reason_says_until_when(case: Any, verdict: OutcomeVerdict) -> None:
    standoff = back_off(case.drift, (ended(case.drift, 0.25, verdict),), SETTINGS, now=after(1))
    assert standoff is not None
    # Told in whole seconds, and what is told is what holds.
    assert standoff.until == after(3)
    assert (
        standoff.reason == f"back-off: the last change was not healed (record 0: {verdict.value}); the next one is "
        "tried from 2026-11-22T10:00:03Z on, or once a person approves the plan"
    )
    assert back_off(case.drift, (ended(case.drift, 0.25, verdict),), SETTINGS, now=after(2.999)) == standoff
    assert back_off(case.drift, (ended(case.drift, 0.25, verdict),), SETTINGS, now=after(3)) is None


def test_what_was_healed_or_never_begun_waits_for_nothing(case: Any) -> None:
    never_begun = ended(case.drift, 0, OutcomeVerdict.NOT_APPLIED, started=False)
    assert back_off(case.drift, (ended(case.drift, 0, HEALED), never_begun), SETTINGS, now=after(0)) is None
    # Nobody lived to say when it began, but the device has been changed.
    assert back_off(case.drift, (ended(case.drift, 0, started=False),), SETTINGS, now=after(0)) is not None
    assert back_off(case.drift, (), SETTINGS, now=after(0)) is None


def test_health_counts_from_its_end_and_only_if_it_lasted(case: Any) -> None:
    past = tuple(ended(case.drift, at) for at in (0, 10_000, 20_000))
    short = Spell(began_at=after(10_001), ended_at=after(13_600))
    exact = Spell(began_at=after(10_001), ended_at=after(13_601))
    assert since_healthy(past, (short,), SETTINGS) == past
    assert since_healthy(past, (exact,), SETTINGS) == past[2:]
    assert since_healthy(past, (), SETTINGS) == past
