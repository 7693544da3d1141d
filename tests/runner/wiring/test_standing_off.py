"""Standing off at a site: back-off, fights and devices that wait for a person, as a new process reads the ledger."""

import datetime
import re
from typing import Any

import pytest

from murenger.errors import PolicyError
from murenger.heal import Step
from murenger.model import Action, Decision, Tier

DAY_S = 86_400


def decided(bench: Any) -> Decision:
    """Return what a new process decides and records about leaf1."""
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    done = site.patrol(device, may_heal=False)
    assert done.outcome is None
    decision = done.examination.decision
    assert isinstance(decision, Decision)
    return decision


def healed(bench: Any, *, verdict: str = "healed", at: Any = None) -> None:
    """Have a new process carry out the plan that is approved, or that needs no approval, and end like that."""
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    if at is not None:
        site.healing.at = at
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == verdict, outcome.reason


def failed(bench: Any) -> None:
    """Have a heal of leaf1 rolled back, for the link broke."""
    bench.switch.fault("drop", "commit timer", replies=1)
    healed(bench, verdict="rolled-back")


@pytest.fixture
def advance(bench: Any) -> Any:
    return bench.switch.clock.advance


def test_healing_backs_off_from_what_the_ledger_says_and_records_each_hold_once(bench: Any, advance: Any) -> None:
    bench.edit("breaker_failures: 2 ", "breaker_failures: 9 ")
    bench.switch.drift()
    failed(bench)
    first = decided(bench)
    assert (first.action, first.cause, first.tier) == (Action.HOLD, "back-off", Tier.WIDENING)
    assert first.until is not None
    for _ in range(2):
        assert decided(bench).reasons == first.reasons
    (held,) = bench.records("hold")
    assert (held["hold"]["cause"], held["hold"]["detail"]) == ("back-off", "; ".join(first.reasons))
    assert held["hold"]["detail"].startswith("widening drift; back-off: the last change was not healed (record ")
    assert datetime.datetime.fromisoformat(str(held["hold"]["until"])) == first.until
    advance(67)
    assert decided(bench).action is Action.HEAL
    failed(bench)
    second = decided(bench)
    ended = [datetime.datetime.fromisoformat(said["times"]["finished"]) for said in bench.records("outcome")]
    waits = [(until - at).total_seconds() for until, at in zip((first.until, second.until), ended, strict=True)]
    assert 60 <= waits[0] <= 67
    assert 120 <= waits[1] <= 133
    assert [said["hold"]["cause"] for said in bench.records("hold")] == ["back-off", "back-off"]
    # The very plan, approved by a person, counts for more.
    bench.sanction()
    healed(bench)
    assert bench.cli("verify").code == 3


def test_failures_before_a_day_in_sync_do_not_count_any_more(bench: Any, advance: Any) -> None:
    bench.switch.drift()
    failed(bench)
    bench.switch.drift("revert")
    assert decided(bench).action is Action.NONE
    advance(DAY_S - 60)
    bench.switch.drift()
    failed(bench)
    wait = decided(bench)
    assert "2 changes were not healed" in "; ".join(wait.reasons)
    bench.switch.drift("revert")
    decided(bench)
    advance(DAY_S + 1)
    bench.switch.drift()
    assert decided(bench).action is Action.HEAL
    failed(bench)
    assert "the last change was not healed" in "; ".join(decided(bench).reasons)


def test_a_change_that_keeps_returning_is_a_fight_with_its_rhythm_and_a_person_may_end_a_round(
    bench: Any, advance: Any
) -> None:
    for _ in range(3):
        bench.switch.drift()
        assert decided(bench).action is Action.HEAL
        healed(bench)
        advance(900)
    bench.switch.drift()
    fight = decided(bench)
    assert (fight.action, fight.cause, fight.until) == (Action.HOLD, "fight", None)
    assert re.search(
        r"fight: this change came back 3 times( by \S+)?, every 15 min( at :\d\d)?: stop whoever makes it",
        "; ".join(fight.reasons),
    )
    advance(3600)
    assert decided(bench).reasons == fight.reasons
    assert [said["hold"]["cause"] for said in bench.records("hold")] == ["fight"]
    bench.sanction()
    healed(bench)
    advance(3600)
    bench.switch.drift()
    assert "came back 4 times" in "; ".join(decided(bench).reasons)
    bench.switch.drift("revert")
    assert decided(bench).action is Action.NONE
    advance(DAY_S + 60)
    bench.switch.drift()
    assert decided(bench).action is Action.HEAL


def test_another_change_or_another_golden_text_has_no_part_in_the_fight(bench: Any, advance: Any) -> None:
    bench.edit("playbook:\n", "backoff: {fight_returns: 2}\nplaybook:\n")
    for _ in range(2):
        bench.switch.drift()
        healed(bench)
        advance(60)
    bench.switch.drift()
    assert decided(bench).cause == "fight"
    bench.switch.drift("description")
    assert decided(bench).action is Action.HEAL
    bench.switch.drift("revert")
    bench.switch.drift("description")
    assert bench.accept("leaf1").code == 0
    bench.switch.drift()
    assert decided(bench).action is Action.HEAL


def test_a_device_in_an_unproved_state_waits_for_a_plan_that_a_person_approved_after_it(bench: Any) -> None:
    def gone(step: Step) -> None:
        if step is Step.COMMITTED:
            bench.switch.fault("empty", value=True)

    bench.switch.drift()
    plans = bench.site / "state" / "plans"
    early = str(bench.cli("plan", "leaf1", "-o", "json").data["plan_sha256"])
    content = (plans / f"{early}.json").read_bytes()
    (plans / f"{early}.json").unlink()
    healed(bench, verdict="unknown", at=gone)
    bench.switch.fault("empty", value=None)
    # It is for the very drift that is there now, and signed now, but it was made before.
    (plans / f"{early}.json").write_bytes(content)
    assert bench.approve(early).code == 0
    waiting = decided(bench)
    number = bench.records("outcome")[0]["seq"]
    assert (waiting.action, waiting.cause) == (Action.HOLD, "held-for-a-person")
    assert waiting.reasons[1].startswith(
        f"held since record {number} (unknown): look at the device, then approve a new"
    )
    site = bench.open()
    with pytest.raises(PolicyError, match="held since record"):
        site.remediate(site.devices(("leaf1",))[0], early)
    bench.sanction()
    healed(bench)
    assert decided(bench).action is Action.NONE
    bench.switch.drift()
    assert decided(bench).action is Action.HEAL


def test_what_only_blocks_is_not_reverted_by_itself_and_the_record_says_why(bench: Any) -> None:
    bench.switch.type("ip access-list CDE-IN", "5 deny ip host 192.0.2.66 any")
    blocked = decided(bench)
    assert (blocked.action, blocked.tier, blocked.cause) == (Action.HOLD, Tier.TIGHTENING, "tightening")
    (held,) = bench.records("hold")
    assert held["hold"]["cause"] == "tightening"
    assert held["hold"]["detail"].startswith("tightening drift; it only blocks, perhaps in answer to an incident: ask")
    (told,) = bench.cli("status", "-o", "json").data["devices"]
    assert (told["tier"], told["action"]) == ("tightening", "hold")
    (told,) = bench.cli("diff", "-o", "json").data["devices"]
    assert told["tier"] == "tightening"
    assert "hold: tightening drift" in bench.cli("status").out
    done = bench.cli("heal", "leaf1", "-o", "json")
    assert (done.code, done.data["devices"][0]["tier"]) == (2, "tightening")
    bench.sanction()
    healed(bench)
