"""Changes that break off, on every device: killed at a step, taken back by another connection, on a clock a day off."""

import os
import re
from typing import Any

import pytest
from tests import dying

from murenger.heal import Step
from murenger.model import OutcomeVerdict

EVERY_STEP = tuple(step for step in Step if Step.GUARDS_PASSED < step < Step.OUTCOME_WRITTEN and step != Step.WAY_BACK)
# fw1 lives in real time and leaf1 dies at every step elsewhere, so there only what differs between devices is tried;
# `make breadth` tries everything.
STEPS = {
    "fw1-userns": (Step.COMMITTED, Step.CONFIRMED),
    "fw1-netns": (Step.COMMITTED,),
    "leaf1": (Step.PACKETS_PROVED,),
    "srx1": (Step.COMMITTED,),
}


@pytest.fixture(autouse=True)
def _a_day_off(bench: Any) -> None:
    """Put the device's wall clock a day ahead of ours, where it is ours to set."""
    if hasattr(bench, "trace"):
        bench.advance(86_400)


def test_c17_a_heal_that_is_killed_is_settled_as_the_device_really_is(bench: Any, new_place: Any) -> None:
    settings = new_place.folder / "murenger.yml"
    text = settings.read_text(encoding="utf-8")
    assert "breaker_failures: 2" in text
    settings.write_text(text.replace("breaker_failures: 2", "breaker_failures: 50"), encoding="utf-8")
    for step in EVERY_STEP if os.environ.get("MURENGER_BREADTH") else STEPS[bench.key]:
        bench.reset()
        bench.play(bench.rogue)
        drifted = bench.running()
        new_place.sanction()
        dying.die(settings, bench.name, step)
        site = new_place.site()
        site.settling.settle_open(bench.device, site.desk.revision()[0].revision)
        outcomes = [record["predicate"] for record in new_place.records() if record["predicate"]["kind"] == "outcome"]
        verdict = OutcomeVerdict(outcomes[-1]["outcome"]["verdict"])
        if step >= Step.CONFIRMED:
            assert verdict is OutcomeVerdict.HEALED, (step, outcomes[-1]["outcome"])
            assert site.examine(bench.device).drift.in_sync
        else:
            never = step < Step.COMMITTED
            expected = OutcomeVerdict.NOT_APPLIED if never else OutcomeVerdict.REVERTED_BY_DEVICE
            assert verdict is expected, (step, outcomes[-1]["outcome"])
            assert bench.running() == drifted
        with site.journal.reading() as history:
            assert history.open_intents() == ()


def test_a_pending_commit_is_taken_back_by_its_name_alone(bench: Any) -> None:
    before, golden = bench.running(), bench.read().text
    bench.play(bench.rogue)
    drifted = bench.running()
    healer = bench.remediator()
    with healer.open(bench.device, token=7) as session:
        session.stage(golden)
        assert session.handle == "", "nothing was sent yet"
        session.commit(message="murenger lease 7", revert_in_s=max(60, bench.short_s))
        name = session.handle
        assert bool(name) is (bench.platform != "junos")
        if bench.platform == "eos":
            assert re.fullmatch(r"murenger_[0-9a-f]{8}_7_[0-9a-f]{8}", name)
        assert not healer.take_back(bench.device, "0123456789abcdef"), "another commit is not ours to take back"
        assert bench.running() == before
        if name:
            assert healer.take_back(bench.device, name)
            assert bench.running() == drifted
            assert not healer.take_back(bench.device, name), "it is not pending any more"
            assert not session.undo(), "the device says that nothing is left"
        else:
            assert session.undo()
    assert bench.running() == drifted
