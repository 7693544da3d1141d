"""What a record must say, and what makes it invalid."""

import copy
import dataclasses
import json
from typing import Any

import jsonschema
import pytest

from murenger.errors import RecordError
from murenger.model import (
    Effect,
    Flow,
    Impact,
    OutcomeVerdict,
    Packet,
    Proof,
    RecordKind,
    Risk,
    RuleAt,
    Verdict,
    Violation,
    parse_canonical,
)
from murenger.record.page import record_lines
from murenger.record.predicate import BASE, UNIQUE_KEYS
from murenger.record.schema import _load, check_statement

SECTIONS_OF_6_5_1 = ("reason", "security_impact")

PACKET = Packet(family=4, src=3221225985, dst=3405803916, proto=6, sport=40000, dport=5432, ingress="a", egress="b")
OPENED = Impact(
    verdict=Verdict.DIFFERENT,
    effect=Effect.WIDENS,
    opened=(
        Flow(
            text="tcp 5432 from any to card-db",
            golden=RuleAt(name="default deny"),
            live=RuleAt(name="rule 3", rule_list="chain forward", first_line=7, last_line=7),
            boxes=("any -> 203.0.113.140 tcp 5432",),
            is_whole=True,
            packets=2**48,
            is_certain=False,
            witness=PACKET,
            intents=("cde-only-from-app",),
        ),
    ),
    witnesses=(PACKET,),
    assumptions=("application ssl",),
    handling=("rule 4: log is gone",),
    violations=(
        Violation(
            intent="cde-only-from-app",
            risk=Risk.CRITICAL,
            owner="pci",
            reference="PCI DSS 1.3.1",
            witness=PACKET,
        ),
    ),
    crown_jewel=True,
    proof=Proof(
        engine="oxidd 1",
        parser="nft 1",
        stage="bdd",
        cpu_s=0.1,
        cpu_budget_s=60.0,
        nodes=5,
        node_budget=100,
        rules=(8, 9),
        opaque_rules=(1, 2),
    ),
)


def objects(schema: Any) -> None:
    """Yield every object schema inside a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and ("properties" in schema or "patternProperties" in schema):
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


@pytest.mark.parametrize("name", [*(f"{kind.value}.v1.json" for kind in RecordKind), "common.v1.json"])
def test_every_kind_has_a_schema_that_is_one_and_allows_nothing_unnamed(name: Any) -> None:
    schema = _load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"{BASE}/schemas/{name}"
    closed = [item.get("additionalProperties") for item in objects(schema)]
    assert closed
    assert all(value is False for value in closed)


def test_every_record_of_a_story_is_canonical_valid_and_an_in_toto_statement(told: Any) -> None:
    kinds = set()
    for record in told.ledger.records():
        statement = parse_canonical(record.content)
        kinds.add(check_statement(statement))
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["predicateType"] == f"https://murenger.dev/predicate/{record.kind.value}/v1"
        assert statement["subject"]
        assert not record.content.endswith(b"\n")
    assert len(kinds) == 9


def test_the_keys_that_shell_tools_read_occur_once_in_every_record(told: Any) -> None:
    for record in told.ledger.records():
        for key in UNIQUE_KEYS:
            assert record.content.count(f'"{key}":'.encode()) <= 1


def outcome_of(world: Any) -> None:
    return next(r for r in world.ledger.records() if r.kind is RecordKind.OUTCOME)


def invalid(record: Any, change: Any) -> None:
    statement = json.loads(record.content)
    change(statement["predicate"])
    with pytest.raises(ValueError, match=r"."):
        check_statement(statement)


@pytest.mark.parametrize("group", ["change", "approval", "test", "backout", "impact", "failure", "times", "drift"])
def test_an_outcome_without_one_of_its_groups_is_invalid(told: Any, group: Any) -> None:
    invalid(outcome_of(told), lambda said: said.pop(group))


@pytest.mark.parametrize("field", ["reason", "security_impact", "description"])
@pytest.mark.parametrize("value", ["", None])
def test_an_outcome_without_reason_or_security_impact_is_invalid(told: Any, field: Any, value: Any) -> None:
    invalid(outcome_of(told), lambda said: said["change"].update({field: value}))


def test_a_healed_outcome_without_a_test_a_fresh_read_or_a_back_out_result_is_invalid(told: Any) -> None:
    invalid(outcome_of(told), lambda said: said["test"].update(post=[]))
    invalid(outcome_of(told), lambda said: said["test"].update(fresh_connection=None))
    invalid(outcome_of(told), lambda said: said["backout"].update(result=None))
    invalid(outcome_of(told), lambda said: said.update(after=None))
    invalid(outcome_of(told), lambda said: said.update(refs=[]))


@pytest.mark.parametrize("kind", [RecordKind.INTENT, RecordKind.OUTCOME])
def test_a_change_without_an_approval_is_invalid(told: Any, kind: Any) -> None:
    record = next(r for r in told.ledger.records() if r.kind is kind)
    invalid(record, lambda said: said.pop("approval"))
    invalid(record, lambda said: said["approval"].update(mode="none"))
    invalid(record, lambda said: said["approval"].update(decision_sha256=None))
    invalid(record, lambda said: said["change"].update(plan_sha256=None))


def test_an_unnamed_field_anywhere_is_invalid(told: Any) -> None:
    for record in told.ledger.records():
        invalid(record, lambda said: said.update(note="x"))
        invalid(record, lambda said: said["executor"].update(note="x"))


def test_a_second_previous_digest_is_invalid_at_any_depth(told: Any) -> None:
    invalid(outcome_of(told), lambda said: said["impact"].update(opened=[{"seq": 1}]))


@pytest.mark.parametrize("verdict", list(OutcomeVerdict))
def test_every_verdict_makes_a_valid_outcome(world: Any, verdict: Any) -> None:
    world.start()
    said = json.loads(world.outcome(world.intent(), verdict).content)["predicate"]
    assert said["outcome"]["verdict"] == verdict.value
    assert (said["after"] is None) == (verdict is OutcomeVerdict.UNKNOWN)


def test_an_impact_in_packets_fits_the_same_schema_as_one_not_assessed(told: Any) -> None:
    record = next(r for r in told.ledger.records() if r.kind is RecordKind.DRIFT)
    statement = json.loads(record.content)
    assert statement["predicate"]["impact"]["unknowns"] == ["not-assessed"]
    packets = copy.deepcopy(statement)
    flow = {"src": ["192.0.2.0/24"], "dst": ["198.51.100.7"], "protocol": "tcp", "dport": 5432, "count": "256"}
    packets["predicate"]["impact"] |= {
        "verdict": "different",
        "effect": "widens",
        "widened": True,
        "cde_exposure": True,
        "risk": "high",
        "engine": "oxidd 0.11",
        "opened": [flow, "192.0.2.0/24 -> 198.51.100.7 tcp 5432"],
        "examples": [flow | {"golden_rule": "3", "live_rule": "4", "golden": "drop", "live": "accept"}],
        "unknown_count": 0,
        "unknowns": [],
    }
    assert check_statement(packets) is RecordKind.DRIFT


def test_an_anchor_and_attachments_fit_the_same_schema(told: Any) -> None:
    for record in told.ledger.records():
        statement = json.loads(record.content)
        statement["predicate"] |= {
            "anchor_seen": {
                "at_seq": 0,
                "sha256": "0" * 64,
                "size": 1,
                "root": "cm9vdA==",
                "sink": "witness",
                "time": "2026-11-21T00:00:00Z",
            },
            "attachments": [{"name": "transcript", "sha256": "0" * 64, "media_type": "text/plain"}],
            "pci": ["10.7.2"],
        }
        check_statement(statement)


def test_a_draft_that_breaks_its_schema_is_never_written(world: Any) -> None:
    world.start()
    with pytest.raises(RecordError, match="recovery would not be valid"):
        world.recorder.recovery(cause="Not Allowed", affected="x", sha256="0" * 64, found="x", action="x")
    assert world.ledger.head().sequence == 0


def test_device_text_that_is_no_utf8_is_recorded_spelled_out(world: Any) -> None:
    world.start()
    drift = world.drift()
    odd = dataclasses.replace(drift.differences[0], live="a\udcff")
    changed = dataclasses.replace(drift, differences=(odd,))
    said = json.loads(world.recorder.drift_found(changed, world.snapshot(), world.golden()).content)["predicate"]
    assert said["drift"]["ops"][0]["after"] == "a\\xff"


def test_a_proven_direction_of_the_impact_is_recorded(world: Any) -> None:
    world.start()
    drift = world.drift()
    widened = dataclasses.replace(drift, impact=OPENED)
    record = world.recorder.drift_found(widened, world.snapshot(), world.golden())
    said = json.loads(record.content)["predicate"]["impact"]
    assert (said["widened"], said["unknown_count"], said["risk"], said["cde_exposure"]) == (True, 0, "critical", True)
    assert said["opened"] == [
        {
            "text": "tcp 5432 from any to card-db",
            "golden_rule": "default deny",
            "live_rule": "rule 3, in chain forward, line 7",
            "boxes": ["any -> 203.0.113.140 tcp 5432"],
            "whole": True,
            "packets": "281474976710656",
            "certain": False,
            "intents": ["cde-only-from-app"],
        }
    ]
    assert said["examples"][0]["dst"] == "203.0.113.140"
    assert said["engine"] == (
        "oxidd 1, read by nft 1; stage bdd; 8 and 9 rules, 1 and 2 with a condition that cannot be told; "
        "budget 60 s and 100 nodes"
    )
    page = "\n".join(record_lines(record))
    assert "  opened: tcp 5432 from any to card-db (may be so)" in page
    assert "  violates: critical: cde-only-from-app (PCI DSS 1.3.1)" in page
