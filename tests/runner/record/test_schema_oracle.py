"""Our validator and an independent one agree, on what is written and on what is made of it."""

import copy
import json
import random
import re
from typing import Any

import jsonschema
import jsonschema.validators
import pytest
import referencing.jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murenger.model import RecordKind
from murenger.record.predicate import BASE, UNIQUE_KEYS
from murenger.record.schema import _keys, _load, check_statement, kind_of

VALUES = [
    None,
    True,
    0,
    -1,
    1,
    10**9,
    "",
    "x",
    "0" * 64,
    "2026-11-21T00:00:00Z",
    [],
    {},
    [1],
    {"a": 1},
    "healed",
    "open",
]


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Any:
    # Python's `$` also matches before a last line feed; JSON Schema's, as ECMA-262 has it, does not.
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Oracle = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def oracle(kind: RecordKind) -> Any:
    common = referencing.jsonschema.DRAFT202012.create_resource(_load("common.v1.json"))
    registry = referencing.jsonschema.EMPTY_REGISTRY.with_resource(f"{BASE}/schemas/common.v1.json", common)
    return Oracle(_load(f"{kind.value}.v1.json"), registry=registry)


def accepted_by_oracle(statement: Any) -> bool:
    try:
        kind = kind_of(statement)
    except ValueError:
        return False
    unique = all(list(_keys(statement)).count(key) <= 1 for key in UNIQUE_KEYS)
    return unique and bool(oracle(kind).is_valid(statement))


def accepted(statement: Any) -> bool:
    said = ""
    try:
        check_statement(statement)
    except ValueError as exc:
        said = str(exc)
    assert not said or re.fullmatch(r"(?s)(\S+: .{1,400}|the key .+ times|predicateType .+ is unknown)", said), said
    return not said


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        found += places(item, (*path, key))
    return found


def mutated(statement: Any, seed: int) -> Any:
    """Return the statement with one place removed, replaced or added to."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    changed = copy.deepcopy(statement)
    *way, last = chance.choice(places(changed))
    target = changed
    for step in way:
        target = target[step]
    what = chance.randrange(4)
    if what == 0:
        del target[last]
    elif what == 1 and isinstance(target, dict):
        target["unheard_of"] = 1
    elif what == 2 and isinstance(target[last], str):
        target[last] = target[last] + chance.choice(["\n", " ", "x", "Z"])
    else:
        target[last] = copy.deepcopy(chance.choice(VALUES))
    return changed


def test_both_accept_every_record_of_a_story(told: Any) -> None:
    for record in told.ledger.records():
        statement = json.loads(record.content)
        assert accepted(statement)
        assert accepted_by_oracle(statement)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=st.integers(0, 9), seed=st.integers(0, 2**32))
def test_both_agree_on_every_mutation(told: Any, index: int, seed: int) -> None:
    records = getattr(told, "parsed", None)
    if records is None:
        records = told.parsed = [json.loads(record.content) for record in told.ledger.records()]
    changed = mutated(records[index % len(records)], seed)
    assert accepted(changed) == accepted_by_oracle(changed)


def test_a_line_feed_at_the_end_of_a_digest_is_refused(told: Any) -> None:
    statement = json.loads(told.ledger.head().content)
    statement["predicate"]["prev_record_sha256"] += "\n"
    with pytest.raises(ValueError, match="predicate/prev_record_sha256: "):
        check_statement(statement)


def test_a_fault_is_told_by_its_place(told: Any) -> None:
    statement = json.loads(told.ledger.head().content)
    statement["predicate"]["clock"]["source"] = 7
    with pytest.raises(ValueError, match=r"^predicate/clock/source: 7 is not of type"):
        check_statement(statement)


def test_a_huge_fault_is_told_short(told: Any) -> None:
    statement = json.loads(told.ledger.head().content)
    statement["predicate"]["origin"] = "é" * 100_000
    with pytest.raises(ValueError, match="predicate/origin") as caught:
        check_statement(statement)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", ["\ud800", [[[[]]]] * 3])
def test_odd_values_are_refused_not_crashed_on(told: Any, value: Any) -> None:
    statement = json.loads(told.ledger.head().content)
    statement["predicate"]["origin"] = value
    with pytest.raises(ValueError, match=r"."):
        check_statement(statement)


def test_deep_nesting_is_refused_not_crashed_on(told: Any) -> None:
    statement = json.loads(told.ledger.head().content)
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    statement["predicate"]["origin"] = deep
    with pytest.raises((ValueError, RecursionError)):
        check_statement(statement)
