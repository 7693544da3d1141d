"""People are told of each incident once, of each change of it, and of its end."""

import dataclasses
import datetime
import json
from typing import Any

import pytest
from tests.notified import PACKET, Told, changed, outcome

from murenger.errors import (
    AnchorConflictError,
    GoldenUntrustedError,
    GuardRefusedError,
    LedgerError,
    ObserveError,
    PolicyError,
    RemediationError,
)
from murenger.model import Action, Effect, Impact, OutcomeVerdict, Verdict, packet_to_json


def test_a_drift_is_told_once_however_often_it_is_seen_and_by_whom(told: Told, bench: Any) -> None:
    told.patrol()
    assert told.messages() == []
    bench.switch.drift()
    told.patrol()
    (said,) = told.messages()
    assert (said["number"], said["phase"], said["kind"]) == (1, "opened", "held")
    assert (said["device"], said["origin"], said["tier"]) == ("leaf1", "test.example.net", "widening")
    assert said["witnesses"] == [packet_to_json(PACKET)]
    assert "opened: tcp 3389 from 192.0.2.1 to 10.1.2.3" in said["details"]
    assert (said["severity"], said["peak"]) == ("high", "high")
    assert said["action"].startswith("murenger plan leaf1")
    assert said["records"] == [len(bench.records()) - 2]
    assert any("permit" in line for line in said["details"])
    for _ in range(3):
        told.advance(300)
        told.patrol()
    told.open()
    told.patrol()
    assert len(told.messages()) == 1
    # The engine itself judges it in another process, and comes to the same.
    assert bench.cli("run", "--once").code == 2
    assert len(told.messages()) == 1


def test_another_difference_is_an_update_and_sync_is_the_end(told: Told, bench: Any) -> None:
    bench.switch.drift()
    told.patrol()
    told.messages()
    bench.switch.type("configure", "ip access-list EDGE-IN", "5 permit udp any any", "end")
    told.patrol()
    first, second = told.messages()
    assert (second["id"], second["number"], second["phase"]) == (first["id"], 2, "updated")
    assert second["opened_at"] == first["opened_at"] < second["at"]
    bench.switch.reset()
    told.open()
    told.patrol()
    told.patrol()
    assert told.phases()[2:] == [(3, "closed", "in-sync")]
    assert not list((told.notices / "_open").iterdir())
    bench.switch.drift()
    told.patrol()
    assert told.messages()[3]["id"] != first["id"]
    assert told.phases()[3] == (1, "opened", "held")


def test_what_changes_before_it_is_sent_is_one_message(told: Told, bench: Any) -> None:
    told.receiver.status = 503
    bench.switch.drift()
    told.patrol()
    assert len(told.messages()) == 1
    bench.switch.type("configure", "ip access-list EDGE-IN", "5 permit udp any any", "end")
    told.patrol()
    bench.switch.reset()
    told.open()
    told.patrol()
    assert told.waiting() == 1
    told.receiver.status = 200
    told.advance(16)
    assert told.phases()[1:] == [(3, "closed", "in-sync")]
    assert told.waiting() == 0


def test_a_guards_refusal_is_told_once_by_whoever_knows_the_guard(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    healing = dataclasses.replace(
        examination, decision=dataclasses.replace(examination.decision, action=Action.HEAL, reasons=())
    )
    told.messages()
    for _ in range(3):
        told.site.incidents.found(healing)
        error = GuardRefusedError("20 devices in this hour", guard="blast-radius", hint="wait until 07:05")
        told.site.incidents.refused(told.device, error)
        # The runner sees only that its playbook failed.
        told.site.incidents.found(healing)
        told.site.incidents.refused(told.device, RemediationError("the remediation playbook did not heal"))
        told.site.incidents.found(healing)
        told.site.incidents.ended(told.device, outcome(examination, OutcomeVerdict.NOT_APPLIED))
    # That it would be healed now was the second message; nobody had asked for it yet.
    assert told.phases()[1:] == [(3, "updated", "guard-refused")]
    said = told.messages()[1]
    assert said["title"] == "leaf1: the guard blast-radius refused to heal: 20 devices in this hour"
    assert said["action"] == "wait until 07:05"
    told.site.incidents.found(healing)
    told.site.incidents.refused(told.device, GuardRefusedError("no", guard="circuit-breaker"))
    assert told.phases()[2:] == [(4, "updated", "guard-refused")]


def test_failed_attempts_and_the_waits_between_them_are_told_once(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    told.messages()
    waits = dataclasses.replace(
        examination, decision=dataclasses.replace(examination.decision, cause="back-off", reasons=("wait 60 s",))
    )
    for _ in range(3):
        told.site.incidents.found(examination)
        told.site.incidents.ended(told.device, outcome(examination, OutcomeVerdict.ROLLED_BACK))
        told.site.incidents.found(waits)
    assert told.phases()[1:] == [(2, "updated", "heal-failed")]
    told.site.incidents.found(examination)
    told.site.incidents.ended(told.device, outcome(examination, OutcomeVerdict.UNKNOWN))
    assert told.phases()[2:] == [(3, "updated", "heal-failed")]
    assert told.messages()[2]["severity"] == "critical"
    assert "nobody can tell what it runs" in told.messages()[2]["action"]


def test_a_fight_is_told_as_one(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    decision = dataclasses.replace(examination.decision, cause="fight", reasons=("fight: bob undoes it every hour",))
    told.site.incidents.found(dataclasses.replace(examination, decision=decision))
    (said,) = told.messages()
    assert (said["kind"], said["severity"]) == ("fight", "high")
    assert "fight: bob undoes it every hour" in said["details"]


def test_a_device_that_waits_for_a_person_is_critical(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    decision = dataclasses.replace(examination.decision, cause="held-for-a-person", reasons=("held since record 7",))
    told.site.incidents.found(dataclasses.replace(examination, decision=decision))
    (said,) = told.messages()
    assert (said["kind"], said["severity"]) == ("held", "critical")


def test_a_heal_is_the_end(told: Told, bench: Any) -> None:
    bench.switch.drift()
    bench.sanction()
    plan = bench.cli("plan", "leaf1", "-o", "json").data
    done = told.site.remediate(told.device, str(plan["plan_sha256"]))
    assert done.verdict is OutcomeVerdict.HEALED
    said = told.messages()[-1]
    assert (said["phase"], said["kind"]) == ("closed", "healed")
    assert len({message["id"] for message in told.messages()}) == 1
    (record,) = [at for at, found in enumerate(bench.records()) if found["kind"] == "outcome"]
    assert said["records"][-1] == record
    count = len(told.messages())
    told.patrol()
    assert len(told.messages()) == count


def test_lost_logging_is_an_alarm_of_its_own(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    bench.switch.type("configure", "ip access-list EDGE-IN", "5 permit udp any any", "end")
    impact = Impact(verdict=Verdict.EQUAL, effect=Effect.NONE, handling=("rule 'web' (live line 3): log -> nothing",))
    healing = dataclasses.replace(
        examination,
        drift=dataclasses.replace(examination.drift, impact=impact),
        decision=dataclasses.replace(examination.decision, action=Action.HEAL),
    )
    told.site.incidents.found(healing)
    (said,) = told.messages()
    assert (said["kind"], said["tier"], said["severity"]) == ("lost-logging", "handling", "high")


def test_a_device_that_cannot_be_read_is_one_incident_until_it_can(told: Told, bench: Any) -> None:
    told.patrol()
    bench.vary(ansible_port=1)
    told.open()
    for _ in range(2):
        with pytest.raises(ObserveError):
            told.patrol()
        told.advance(300)
        told.upkeep.tick()
    (said,) = told.messages()
    assert (said["phase"], said["kind"], said["device"], said["severity"]) == (
        "opened",
        "unreachable",
        "leaf1",
        "medium",
    )
    bench.vary()
    told.open()
    told.patrol()
    told.upkeep.tick()
    assert told.phases()[1:] == [(2, "closed", "restored")]
    assert not told.errors


def test_untrusted_golden_and_a_broken_ledger_are_incidents_until_a_pass_is_made(told: Told) -> None:
    for _ in range(2):
        told.site.incidents.refused(told.device, GoldenUntrustedError("signed by a stranger", hint="find out who"))
        told.site.incidents.refused(told.device, LedgerError("the disk is full"))
        told.site.incidents.refused(told.device, PolicyError("not healed: mode observe"))
        told.advance(300)
    kinds = [(said["phase"], said["kind"], said["severity"]) for said in told.messages()]
    assert kinds == [("opened", "not-judged", "high"), ("opened", "ledger-failed", "critical")]
    told.patrol()
    assert {said["kind"] for said in told.messages()[2:]} == {"restored"}
    assert len(told.messages()) == 4


def test_a_conflict_with_an_anchor_is_critical(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    told.messages()
    told.site.incidents.found(examination)
    told.site.incidents.refused(told.device, AnchorConflictError("another history"))
    assert told.messages()[1]["severity"] == "critical"


def test_hostile_text_and_secrets_of_a_device_do_not_travel(told: Told, bench: Any) -> None:
    examination = changed(told, bench)
    told.messages()
    hostile = dataclasses.replace(
        examination.drift.differences[0], live="permit \x1b]0;x\x07 hunter2-value\nforged", path=("a\nb",)
    )
    drift = dataclasses.replace(examination.drift, differences=(hostile,))
    secret = {"<murenger-secret:1>": "hunter2-value"}
    told.site.incidents.found(dataclasses.replace(examination, drift=drift, secrets=secret))
    said = json.dumps(told.messages()[-1])
    assert "hunter2" not in said
    assert "<redacted>" in told.messages()[-1]["details"][-1]
    assert all(line.isprintable() for line in told.messages()[-1]["details"])
    kept = [path.read_text() for path in told.notices.rglob("*.json")]
    assert kept
    assert not [text for text in kept if "hunter2" in text]


def test_nothing_is_kept_where_nobody_is_to_be_told(told: Told, bench: Any) -> None:
    text = bench.config.read_text(encoding="utf-8").partition("\nnotify:\n")[0]
    bench.config.write_text(text, encoding="utf-8")
    told.open()
    bench.switch.drift()
    told.patrol()
    told.upkeep.tick()
    assert not told.notices.exists()


def test_times_are_the_clocks(told: Told, bench: Any) -> None:
    before = bench.switch.clock.now()
    bench.switch.drift()
    told.patrol()
    at = datetime.datetime.fromisoformat(told.messages()[0]["at"])
    assert before <= at <= bench.switch.clock.now()
