"""Decision files: one byte form, every field known, and nothing in them that nobody reads."""

import dataclasses
import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.decide import (
    author_key_fingerprint,
    match_plan,
    parse_plan,
    parse_standing_change,
    plan_document,
    standing_change_document,
)
from murenger.errors import ApprovalError
from murenger.model import (
    Digest,
    Effect,
    Operation,
    Plan,
    SafetyNet,
    Verdict,
    canonical_bytes,
    digest_of,
    parse_canonical,
)
from murenger.model.impact import NOT_ASSESSED

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
STANDING: dict[str, Any] = {
    "origin": "lab.example.net",
    "author": "murenger@lab",
    "author_key_fingerprint": "SHA256:runner",
    "nonce": "0123456789abcdef",
    "not_after": NOW,
    "devices": ["fw2", "fw1"],
    "operations": [Operation.REMOVED, Operation.ADDED],
    "max_differences": 20,
    "reason": "drift is healed",
    "security_impact": "less is open",
    "backout": "the device reverts",
    "test": "read again",
}


def planned(plan: Plan, **changes: Any) -> bytes:
    values: dict[str, Any] = {
        "origin": "lab.example.net",
        "author": "murenger@lab",
        "author_key_fingerprint": "SHA256:runner",
        "nonce": "0123456789abcdef",
        "reason": "drift is healed",
        "security_impact": "less is open",
    }
    return plan_document(plan, **{**values, **changes})


def altered(content: bytes, path: str, value: Any) -> bytes:
    """Return the document with one field changed, or removed where the value is `...`."""
    document = json.loads(content)
    *outer, last = path.split(".")
    place = document
    for part in outer:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return canonical_bytes(document)


def test_a_standing_change_says_after_reading_what_was_written() -> None:
    content = standing_change_document(**STANDING)
    change = parse_standing_change(content)
    assert f"sha256:{change.sha256}" == digest_of(content)
    assert (change.devices, change.operations) == (("fw1", "fw2"), ("added", "removed"))
    assert (change.author, change.origin, change.max_differences) == ("murenger@lab", "lab.example.net", 20)
    assert change.not_after == NOW
    assert author_key_fingerprint(content) == "SHA256:runner"
    assert parse_canonical(content)["type"] == "standing-change"


def test_a_plan_file_holds_what_keeps_an_approval_from_being_used_elsewhere(plan: Plan) -> None:
    document = parse_canonical(planned(plan))
    assert document == {
        "type": "plan",
        "schema": "1.0",
        "origin": "lab.example.net",
        "author": "murenger@lab",
        "author_key_fp": "SHA256:runner",
        "nonce": "0123456789abcdef",
        "made_at": "2026-11-22T10:00:00Z",
        "not_after": "2026-11-22T11:00:00Z",
        "device": {"name": "fw1", "platform": "nftables", "serial": "FX1"},
        "before": {"sha256": "b" * 64},
        "golden": {"commit": "e" * 40, "sha256": "a" * 64},
        "commands": ["delete rule 3", "add rule drop"],
        "after": {"sha256": "f" * 64},
        "impact": {
            "verdict": "different",
            "effect": "widens",
            "opened": ["tcp 5432 from any to card-db"],
            "closed": [],
            "unknowns": [],
        },
        "test": ["live, read over a fresh connection, equals the expected digest"],
        "backout": {"method": "device-timer", "timer_s": 120},
        "change": {"reason": "drift is healed", "security_impact": "less is open"},
    }


def test_a_plan_file_is_read_back(plan: Plan) -> None:
    content = planned(plan)
    document = parse_plan(content)
    assert f"sha256:{document.sha256}" == digest_of(content)
    assert document.commands == plan.steps
    assert document.not_after == plan.expires_at
    said, impact = document.impact, plan.drift.impact
    assert (said.verdict, said.effect) == (impact.verdict, impact.effect)
    assert said.opened == tuple(flow.text for flow in impact.opened) == ("tcp 5432 from any to card-db",)
    match_plan(document, plan)


def test_two_nonces_make_two_files(plan: Plan) -> None:
    assert planned(plan) != planned(plan, nonce="fedcba9876543210")


def test_device_text_of_any_kind_can_be_planned_and_signed(plan: Plan) -> None:
    odd = dataclasses.replace(plan, steps=("caf\udce9 {{ 1+1 }} \x1b[31m <b>", "\ud800"), serial="\udcff")
    document = parse_plan(planned(odd))
    assert document.commands == ("caf\\xe9 {{ 1+1 }} \x1b[31m <b>", "\\ud800")
    assert document.serial == "\\xff"
    match_plan(document, odd)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("device", "fw2", "device"),
        ("serial", "FX2", "serial number"),
        ("golden_revision", "0" * 40, "golden revision"),
        ("steps", ("add rule drop", "delete rule 3"), "commands"),
        ("expected_digest", Digest("sha256:" + "0" * 64), "expected result"),
        ("safety_net", SafetyNet.NATIVE_CONFIRM, "safety net"),
        ("revert_in_s", 121, "revert time"),
        ("live_digest", Digest("sha256:" + "0" * 64), "live configuration"),
        ("golden_digest", Digest("sha256:" + "0" * 64), "golden text"),
    ],
)
def test_a_plan_that_differs_from_its_file_is_void(plan: Plan, field: str, value: Any, word: str) -> None:
    document = parse_plan(planned(plan))
    if hasattr(plan, field):
        changed = dataclasses.replace(plan, **{field: value})
    else:
        changed = dataclasses.replace(plan, drift=dataclasses.replace(plan.drift, **{field: value}))
    with pytest.raises(ApprovalError, match=f"is void: {word} changed"):
        match_plan(document, changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[(name, ...) for name in ("type", "schema", "origin", "author", "author_key_fp", "nonce", "not_after")],
        *[(name, ...) for name in ("device", "before", "golden", "commands", "after", "impact", "test", "backout")],
        ("extra", "x"),
        ("device.extra", "x"),
        ("impact.extra", "x"),
        ("type", "standing-change"),
        ("schema", "2.0"),
        ("origin", ""),
        ("origin", 1),
        ("author", " "),
        ("nonce", "short"),
        ("nonce", "0123456789abcdef\n"),
        ("not_after", "2026-11-22T10:00:00"),
        ("not_after", "2026-11-22T10:00:00+00:00"),
        ("not_after", "2026-1-22T10:00:00Z"),
        ("not_after", "2026-13-22T10:00:00Z"),
        ("not_after", 1),
        ("device.name", "all"),
        ("device.name", "../fw1"),
        ("device", "fw1"),
        ("before.sha256", "B" * 64),
        ("before.sha256", "b" * 63),
        ("golden.commit", "HEAD"),
        ("commands", []),
        ("commands", "delete rule 3"),
        ("commands", [1]),
        ("test", []),
        ("impact.verdict", "fine"),
        ("impact.effect", "fine"),
        ("backout.method", "none"),
        ("backout.timer_s", 0),
        ("backout.timer_s", True),
        ("backout.timer_s", "120"),
        ("change.reason", ""),
    ],
)
def test_a_plan_file_that_is_not_exactly_one_is_refused(plan: Plan, path: str, value: Any) -> None:
    with pytest.raises(ApprovalError):
        parse_plan(altered(planned(plan), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[(name, ...) for name in ("devices", "operations", "max_differences", "reason", "backout", "test", "nonce")],
        ("extra", "x"),
        ("type", "plan"),
        ("devices", []),
        ("devices", ["all"]),
        ("devices", ["fw*"]),
        ("devices", ["fw1", "fw1"]),
        ("devices", "fw1"),
        ("operations", []),
        ("operations", ["deleted"]),
        ("operations", ["added", "added"]),
        ("max_differences", 0),
        ("max_differences", -1),
        ("max_differences", "5"),
        ("author_key_fp", 1),
    ],
)
def test_a_standing_change_that_is_not_exactly_one_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ApprovalError):
        parse_standing_change(altered(standing_change_document(**STANDING), path, value))


@pytest.mark.parametrize(
    "changes",
    [
        {"devices": []},
        {"devices": ["all"]},
        {"operations": []},
        {"max_differences": 0},
        {"nonce": "short"},
        {"reason": ""},
        {"author": ""},
        {"origin": "\ud800"},
    ],
)
def test_nothing_is_prepared_for_signing_that_would_be_refused_later(changes: dict[str, Any]) -> None:
    with pytest.raises(ApprovalError):
        standing_change_document(**{**STANDING, **changes})


def test_a_plan_without_commands_cannot_be_signed(plan: Plan) -> None:
    with pytest.raises(ApprovalError, match="'commands'"):
        planned(dataclasses.replace(plan, steps=()))


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        standing_change_document(**{**STANDING, "not_after": datetime.datetime(2026, 1, 1)})  # noqa: DTZ001 - the point


def test_an_end_is_cut_to_seconds_and_never_later_than_given() -> None:
    given_end = NOW.replace(microsecond=999_999).astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    change = parse_standing_change(standing_change_document(**{**STANDING, "not_after": given_end}))
    assert change.not_after == NOW


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"type":"plan"} ', b'{"a":1,"a":1}', b'{"type": "plan"}', b"{" * 9999],
)
def test_bytes_that_are_not_canonical_are_no_decision_file(content: bytes) -> None:
    with pytest.raises(ApprovalError):
        parse_plan(content)
    with pytest.raises(ApprovalError):
        parse_standing_change(content)


def test_the_same_meaning_in_other_bytes_is_refused() -> None:
    content = standing_change_document(**STANDING)
    spaced = json.dumps(json.loads(content)).encode()
    assert json.loads(spaced) == json.loads(content)
    with pytest.raises(ApprovalError, match="canonical"):
        parse_standing_change(spaced)


def test_an_unassessed_impact_is_written_down(plan: Plan) -> None:
    unassessed = dataclasses.replace(plan, drift=dataclasses.replace(plan.drift, impact=NOT_ASSESSED))
    said = parse_plan(planned(unassessed)).impact
    assert (said.verdict, said.effect, said.unknowns) == (Verdict.UNKNOWN, Effect.UNKNOWN, ("not-assessed",))


@given(
    reason=st.text(min_size=1).filter(str.strip),
    device=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True),
)
def test_any_reason_and_device_survive_the_round_trip(reason: str, device: str) -> None:
    if device in {"all", "ungrouped", "localhost"}:
        return
    content = standing_change_document(**{**STANDING, "reason": reason, "devices": [device]})
    change = parse_standing_change(content)
    assert (change.reason, change.devices) == (reason, (device,))
