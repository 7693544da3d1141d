"""Approvals that do not hold: every misuse of what somebody once signed."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from murenger.model import ApprovalMode
from murenger.record import Code, verify_store

APPROVAL = "change-approval@murenger"


def codes(world: Any) -> set[Code]:
    (log,) = verify_store(world.folder, verifier=world.verifier).logs
    return {finding.code for finding in log.findings}


def heal_under(world: Any, **changes: Any) -> None:
    """Record a heal under a decision file with these fields, citing it as it is."""
    content = world.decision_file(**changes)
    kept = {name: value for name, value in (("author", changes.get("author")),) if value}
    world.start()
    world.outcome(world.intent(world.approval(content, **kept)))


def decision_path(world: Any) -> Path:
    return next((world.folder / "days").glob("*/decisions/*.json"))


def test_a_heal_under_a_sound_standing_change_is_intact(world: Any) -> None:
    heal_under(world)
    assert codes(world) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "other.example"},
        {"devices": ["fw2"]},
        {"operations": ["added"]},
        {"max_differences": 1},
        {"max_differences": "many"},
        {"type": "waiver"},
        {"type": "made-up"},
        {"not_after": None},
    ],
)
def test_a_standing_change_that_does_not_cover_the_heal_is_named(world: Any, changes: dict[str, Any]) -> None:
    heal_under(world, **changes)
    assert codes(world) & {Code.DECISION_MISMATCH, Code.NAMESPACE}


def test_an_approval_that_had_ended_is_named(world: Any) -> None:
    world.start()
    world.outcome(world.intent(world.ended(datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))))
    assert codes(world) == {Code.APPROVAL_EXPIRED}


def test_an_outcome_after_the_end_is_right_if_its_intent_came_before(world: Any) -> None:
    ended = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    content = world.decision_file(not_after="2026-11-22T00:00:00Z")
    world.start()
    intent = world.intent(world.approval(content, expires_at=ended))
    world.clock.wait(3600)
    world.outcome(intent)
    assert codes(world) == set()


@pytest.mark.parametrize("author", ["alice@example", None])
def test_what_its_own_author_approved_is_named(world: Any, author: str | None) -> None:
    changes = {"author": author} if author else {"author_key_fp": world.approver.fingerprint}
    heal_under(world, **changes)
    assert codes(world) == {Code.APPROVAL_SELF}


def test_what_the_runner_approved_is_named(world: Any) -> None:
    world.verifier.roles[0].namespaces += (APPROVAL,)
    world.start()
    world.outcome(world.intent(world.approval(key=world.runner)))
    assert codes(world) == {Code.APPROVAL_SELF}


@pytest.mark.parametrize(("key", "code"), [("stranger", Code.SIGNER_UNKNOWN), ("runner", Code.NAMESPACE)])
def test_an_approval_by_the_wrong_key_is_named(world: Any, key: str, code: Code) -> None:
    world.start()
    world.outcome(world.intent(world.approval(key=getattr(world, key))))
    assert codes(world) == {code}


def test_an_approval_by_a_key_that_had_ended_is_named(world: Any) -> None:
    heal_under(world)
    world.verifier.roles[1].valid_before = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    assert codes(world) == {Code.SIGNER_EXPIRED}


def test_a_record_that_names_another_approver_is_named(world: Any) -> None:
    world.start()
    world.outcome(world.intent(world.approval(principal="carol@example")))
    assert codes(world) == {Code.DECISION_MISMATCH}


def plan_file(world: Any, **changes: Any) -> bytes:
    content: bytes = world.decision_file(type="plan", device={"name": "fw1"}, **changes)
    return content


def test_a_persons_approval_of_exactly_this_plan_is_intact(world: Any) -> None:
    world.start()
    approval = world.approval(plan_file(world), mode=ApprovalMode.PERSON)
    world.outcome(world.intent(approval, plan_sha256=approval.decision_sha256))
    assert codes(world) == set()


def test_an_approval_of_another_plan_or_device_is_named(world: Any) -> None:
    world.start()
    approval = world.approval(plan_file(world), mode=ApprovalMode.PERSON)
    world.outcome(world.intent(approval, plan_sha256="e" * 64))
    assert codes(world) == {Code.DECISION_MISMATCH}


def test_an_approval_for_another_device_is_named(world: Any) -> None:
    world.start()
    other = world.decision_file(type="plan", device={"name": "fw2"})
    approval = world.approval(other, mode=ApprovalMode.PERSON)
    world.outcome(world.intent(approval, plan_sha256=approval.decision_sha256))
    assert codes(world) == {Code.DECISION_MISMATCH}


def test_a_mode_that_the_decision_does_not_give_is_named(world: Any) -> None:
    world.start()
    world.outcome(world.intent(world.approval(mode=ApprovalMode.PERSON)))
    assert codes(world) == {Code.DECISION_MISMATCH}


def test_a_decision_altered_removed_or_unsigned_is_named(world: Any, tools: Any) -> None:
    heal_under(world)
    path = decision_path(world)
    content = path.read_bytes()
    tools.rewrite(path, content.replace(b"fw1", b"fw2"))
    assert codes(world) == {Code.DECISION_MISMATCH}
    path.unlink()
    assert Code.DECISION_MISMATCH in codes(world)
    tools.rewrite(path, content)
    path.with_name(path.name + ".sig").unlink()
    assert codes(world) == {Code.DECISION_MISMATCH}


def test_a_decision_that_nobody_cites_is_harmless_only_if_signed(world: Any, tools: Any) -> None:
    heal_under(world)
    other = world.approval(world.decision_file(nonce="another"))
    path = decision_path(world).with_name(f"{other.decision_sha256}.json")
    tools.rewrite(path, other.decision)
    assert codes(world) == {Code.DECISION_MISMATCH}
    tools.rewrite(path.with_name(path.name + ".sig"), other.signature.encode())
    assert codes(world) == set()


def test_a_second_signature_is_kept_and_checked(world: Any) -> None:
    world.start()
    first = world.approval()
    world.recorder.approved(first)
    world.verifier.roles.append(type(world.verifier.roles[0])(world.stranger, (APPROVAL,)))
    world.recorder.approved(world.approval(key=world.stranger))
    path = decision_path(world)
    assert path.with_name(path.name + ".2.sig").exists()
    assert codes(world) == set()


def test_a_decision_recorded_as_expired_is_no_fault(world: Any) -> None:
    world.start()
    ended = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    content = world.decision_file(not_after="2026-11-21T00:00:00Z")
    world.recorder.approved(world.approval(content, expires_at=ended), verdict="expired")
    assert codes(world) == set()
    world.recorder.approved(world.ended(ended))
    assert codes(world) == {Code.APPROVAL_EXPIRED}
