"""The guards at a site: each is asked before the intent, and a refusal is on record once."""

import contextlib
import dataclasses
import datetime
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.model import OutcomeVerdict, PastOutcome
from murenger.record.executor import ClockState
from murenger.record.history import History
from murenger.semantics.proofs import Proven
from murenger.wiring import Site, guarding, open_site

ASKED = (
    "ledger-anchored",
    "clock-sane",
    "golden-trusted",
    "capability-proved",
    "circuit-breaker",
    "blast-radius",
    "read-doubted",
    "management-path",
    "hitless",
)


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


def heal(site: Site) -> None:
    """Plan and carry out in this process."""
    (device,) = site.devices(("leaf1",))
    site.remediate(device, site.plan(site.examine(device)).sha256)


def refusal(bench: Any, site: Site) -> GuardRefusedError:
    """Return why healing was refused; the device was not touched and no intent written."""
    running = bench.switch.running()
    with pytest.raises(GuardRefusedError) as caught:
        heal(site)
    assert bench.switch.running() == running
    assert "healer" not in bench.switch.users()
    assert not bench.records("intent")
    return caught.value


def holds(bench: Any) -> list[tuple[object, object]]:
    """Return cause and guard of each `hold` record."""
    return [(record["hold"]["cause"], record["hold"]["guard"]) for record in bench.records("hold")]


def test_the_intent_names_every_guard_that_let_the_change_pass(bench: Any) -> None:
    heal(bench.open())
    (intent,) = bench.records("intent")
    asked = [check["name"].removeprefix("guard ") for check in intent["test"]["pre"] if "guard" in check["name"]]
    assert tuple(asked) == ASKED
    assert not holds(bench)


def test_a_refusal_is_recorded_once_for_each_drift_and_guard(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "clock_state", lambda: ClockState(synchronised=False))
    site = bench.open()
    assert refusal(bench, site).guard == "clock-sane"
    assert refusal(bench, bench.open()).guard == "clock-sane"
    assert holds(bench) == [("guard-failed", "clock-sane")]
    (held,) = bench.records("hold")
    assert "not known" in held["hold"]["detail"]
    assert held["refs"][0]["rel"] == "drift"
    bench.switch.type("configure", "interface Ethernet3", "description another drift", "end")
    refusal(bench, site)
    assert holds(bench) == [("guard-failed", "clock-sane")] * 2
    assert bench.cli("verify").code == 3


def test_a_device_that_moves_between_two_reads_is_not_healed(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = bench.open()
    whole = site.parts.source.read

    def moves(device: Any) -> Any:
        # The guard's own read: everything before it is done when the guards are asked.
        bench.switch.type("configure", "interface Ethernet3", "description busy", "end")
        return whole(device)

    ask = guarding.check_all

    def check_all(guards: Any, case: Any) -> Any:
        checks = ask(guards, case)
        monkeypatch.setattr(site.parts.source, "read", moves)
        return checks

    monkeypatch.setattr(guarding, "check_all", check_all)
    with pytest.raises(GuardRefusedError, match="two reads differ") as caught:
        heal(site)
    assert caught.value.guard == "read-doubted"
    assert "healer" not in bench.switch.users()
    assert not bench.records("intent")
    assert holds(bench) == [("guard-failed", "read-doubted")]


@contextlib.contextmanager
def remembered(monkeypatch: pytest.MonkeyPatch, past: Callable[[], tuple[PastOutcome, ...]]) -> Iterator[None]:
    """Let the ledger remember changes of other devices."""
    with monkeypatch.context() as patch:
        patch.setattr(History, "past", lambda _self, _since: past())
        yield


def outcome(device: str, verdict: OutcomeVerdict, now: datetime.datetime) -> PastOutcome:
    return PastOutcome(
        device=device, zone="", verdict=verdict, ended_at=now, drift_key="", golden_sha256="", actor="", sequence=7
    )


@pytest.mark.parametrize(
    ("guard", "verdict", "count"),
    [("circuit-breaker", OutcomeVerdict.PARTIAL, 2), ("blast-radius", OutcomeVerdict.HEALED, 20)],
)
def test_what_the_ledger_remembers_stops_the_next_change(
    bench: Any, monkeypatch: pytest.MonkeyPatch, guard: str, verdict: OutcomeVerdict, count: int
) -> None:
    site = bench.open()
    now = site.parts.clock.now()
    past = tuple(outcome(f"leaf{number}", verdict, now) for number in range(100, 100 + count))
    with remembered(monkeypatch, lambda: past):
        assert refusal(bench, site).guard == guard
    assert holds(bench) == [("guard-failed", guard)]


def test_a_zone_is_every_device_of_it_that_a_policy_names(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = bench.switch.variables() | {"murenger_zone": "dc"}
    bench.devices({"leaf1": other, "leaf2": other, "leaf3": other | {"murenger_zone": "edge"}})
    bench.edit('devices: ["leaf1"]', 'devices: ["leaf1", "leaf2", "leaf3"]')
    site = bench.open()
    past = outcome("leaf2", OutcomeVerdict.HEALED, site.parts.clock.now())
    with remembered(monkeypatch, lambda: (dataclasses.replace(past, zone="dc"),)):
        refused = refusal(bench, site)
    assert refused.guard == "blast-radius"
    assert "2 of 2 devices of zone dc" in refused.message


@pytest.mark.parametrize("days", [-1, 1])
def test_a_device_whose_clock_is_a_day_off_is_healed_as_any_other(bench: Any, days: int) -> None:
    bench.switch.clock.offset_s = days * 86400.0
    heal(open_site(file=bench.config))
    (outcome_record,) = bench.records("outcome")
    assert outcome_record["outcome"]["verdict"] == "healed"


def test_changes_that_others_began_while_the_guards_looked_count_too(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench.open()
    now = site.parts.clock.now()
    past: list[PastOutcome] = []
    ask = guarding.Guarding.check

    def check(self: guarding.Guarding, examination: Any, plan: Any) -> Any:
        checks = ask(self, examination, plan)
        past.extend(outcome(f"leaf{number}", OutcomeVerdict.HEALED, now) for number in range(100, 120))
        return checks

    monkeypatch.setattr(guarding.Guarding, "check", check)
    with remembered(monkeypatch, lambda: tuple(past)):
        assert refusal(bench, site).guard == "blast-radius"


def test_a_golden_that_calls_itself_another_device_heals_nothing(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    # Accepted by somebody who did not look.
    monkeypatch.setattr("murenger.wiring.desk.foreign_hostname", lambda *_: "")
    text = tmp_path / "leaf2.txt"
    text.write_text(bench.switch.running().replace("hostname leaf1", "hostname leaf2"), encoding="utf-8")
    assert bench.cli("golden", "accept", "leaf1", "--key", str(bench.alice), "--from", str(text)).code == 0
    bench.sanction()
    assert refusal(bench, bench.open()).guard == "golden-trusted"


def test_a_ledger_without_room_heals_nothing(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "free_bytes", lambda _folder: 4096)
    assert refusal(bench, bench.open()).guard == "ledger-anchored"


def test_a_driver_of_which_nothing_is_proved_heals_nothing(bench: Any) -> None:
    for path in (bench.site / "capabilities").iterdir():
        path.unlink()
    assert refusal(bench, bench.open()).guard == "capability-proved"


@pytest.mark.parametrize("guard", ["management-path", "hitless"])
def test_what_is_not_proved_of_a_plan_is_not_done(bench: Any, monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    site = bench.open()
    ask = guarding.check_all

    def check_all(guards: Any, case: Any) -> Any:
        if case.proof is not None:
            proof = case.proof
            if guard == "hitless":
                steps = tuple(dataclasses.replace(step, verdict=Proven.REFUTED) for step in proof.steps)
                proof = dataclasses.replace(proof, steps=steps)
            else:
                management = dataclasses.replace(proof.management, verdict=Proven.UNKNOWN)
                proof = dataclasses.replace(proof, management=management)
            case = dataclasses.replace(case, proof=proof)
        return ask(guards, case)

    monkeypatch.setattr(guarding, "check_all", check_all)
    assert refusal(bench, site).guard == guard
