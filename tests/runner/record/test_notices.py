"""Records about keys, reviews, pruning, exports, waivers, grants, and failures with their ends."""

import dataclasses
import datetime
import hashlib
import json
from typing import Any

import pytest

from murenger.errors import RecordError
from murenger.model import OutcomeVerdict, RecordKind, digest_of
from murenger.record.executor import AnchorSeen
from murenger.record.notice_drafts import grant_draft, waiver_draft
from murenger.record.notices import (
    CarriedGolden,
    Disposition,
    Export,
    Grant,
    KeyEvent,
    Prune,
    PrunedDay,
    Review,
    Waiver,
)
from murenger.record.statement import statement_bytes

AT = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LATER = AT + datetime.timedelta(hours=3)
KEY = "SHA256:" + "a" * 43
TRUST = (("allowed_signers", digest_of("x")),)


def said(record: Any) -> Any:
    return json.loads(record.content)["predicate"]


def bytes_of(world: Any, draft: Any) -> Any:
    """Return a draft's statement, as it would be signed."""
    recorder = world.recorder
    content = statement_bytes(
        draft,
        origin="fw-site1.example",
        sequence=1,
        previous_sha256="0" * 64,
        written_at=AT,
        executor=recorder._executor,  # noqa: SLF001 - the world's own
    )
    return json.loads(content)["predicate"]


def event(**changes: Any) -> KeyEvent:
    plain = KeyEvent(action="rotate", principal="runner@x", key_fingerprint=KEY, namespaces=("change-record@murenger",))
    return dataclasses.replace(plain, **changes)


def test_a_key_event_names_the_key_its_windows_and_the_trust_files(world: Any) -> None:
    world.start()
    record = world.recorder.key_event(event(valid_from=AT, valid_until=LATER, replaces=KEY, suspect=(3, 4)), TRUST)
    assert record.kind is RecordKind.KEY_EVENT
    own = said(record)["key-event"]
    assert (own["action"], own["principal"], own["key_fp"], own["suspect"]) == ("rotate", "runner@x", KEY, [3, 4])
    assert (own["valid_from"], own["suspect_from"]) == ("2026-11-21T12:00:00.000Z", None)
    assert json.loads(record.content)["subject"] == [
        {"name": "trust/allowed_signers", "digest": {"sha256": hashlib.sha256(b"x").hexdigest()}}
    ]
    assert "approval" not in said(record)


def test_a_custodians_decision_lies_beside_its_record(world: Any) -> None:
    world.start()
    approval = world.approval()
    record = world.recorder.key_event(event(), TRUST, approval=approval)
    assert said(record)["approval"]["decision_sha256"] == approval.decision_sha256
    (kept,) = world.folder.glob(f"days/*/decisions/{approval.decision_sha256}.json")
    assert kept.read_bytes() == approval.decision


@pytest.mark.parametrize(
    "change", [{"action": "lose"}, {"namespaces": ()}, {"key_fingerprint": "x"}, {"principal": ""}]
)
def test_a_key_event_that_says_too_little_is_never_written(world: Any, change: Any) -> None:
    world.start()
    with pytest.raises(RecordError, match="key-event would not be valid"):
        world.recorder.key_event(event(**change), TRUST)
    assert world.ledger.head().sequence == 0


def prune(**changes: Any) -> Prune:
    day = PrunedDay(day="2025-01-01", first=0, last=9, manifest="b" * 64)
    golden = CarriedGolden(
        device="fw1",
        commit="a" * 40,
        path="fw1/running.conf",
        approved_sha256="c" * 64,
        signer="bob@example",
        key_fingerprint=KEY,
        accepted_at=AT,
        at_sequence=3,
    )
    plain = Prune(days=(day,), retention_days=366, before="2025-11-21", carried=(golden,))
    return dataclasses.replace(plain, **changes)


def test_a_prune_record_names_manifests_policy_and_what_must_not_be_forgotten(world: Any) -> None:
    world.start()
    record = world.recorder.pruned(prune())
    own = said(record)["prune"]
    assert own["days"] == [{"day": "2025-01-01", "first": 0, "last": 9, "manifest": "b" * 64}]
    assert own["policy"] == {"retention_days": 366, "before": "2025-11-21"}
    assert set(own["carried"][0]) == {
        *("device", "commit", "path", "approved_sha256", "signer", "key_fp", "accepted_at", "at_sequence")
    }
    assert json.loads(record.content)["subject"][0]["name"] == "days/2025-01-01/SHA256SUMS"


@pytest.mark.parametrize("change", [{"retention_days": 365}, {"days": ()}, {"before": "yesterday"}])
def test_a_prune_below_the_least_retention_or_of_nothing_is_never_written(world: Any, change: Any) -> None:
    world.start()
    with pytest.raises(RecordError):
        world.recorder.pruned(prune(**change))


def test_an_export_names_who_got_what_and_why(world: Any) -> None:
    head = world.start()
    export = Export(
        recipient="assessor", purpose="yearly", start=AT, end=LATER, head_sha256=head.sha256, devices=("fw1",)
    )
    record = world.recorder.exported(export, [("days/2026-11-21/SHA256SUMS", "d" * 64)])
    own = said(record)["export"]
    assert (own["recipient"], own["purpose"], own["head_sha256"]) == ("assessor", "yearly", head.sha256)
    assert (own["from"], own["to"]) == ("2026-11-21T12:00:00.000Z", "2026-11-21T15:00:00.000Z")
    with pytest.raises(RecordError):
        world.recorder.exported(export, [])


def test_a_review_may_follow_up_a_failure(world: Any) -> None:
    world.start()
    found = Disposition(subject="failure", disposition="accepted", at_sequence=0, prevention="a second uplink")
    review = Review(start=AT, end=LATER, items=3, dispositions=(found,), independent=True, next_due=LATER)
    own = said(world.recorder.reviewed(review, world.approval()))["review"]
    assert own["dispositions"][0]["prevention"] == "a second uplink"
    assert own["dispositions"][0]["further_action"] is None
    assert own["period"] == {"from": "2026-11-21T12:00:00.000Z", "to": "2026-11-21T15:00:00.000Z"}


def test_waivers_and_grants_have_an_end_and_an_approval(world: Any) -> None:
    world.start()
    redactor = world.recorder._redactor  # noqa: SLF001 - the world's own
    waiver = Waiver(identity="w-1", action="opened", scope="rule 7", owner="alice", justification="x", expires_at=LATER)
    told = bytes_of(world, waiver_draft(waiver, world.approval(), redactor))
    assert told["waiver"]["expires_at"] == "2026-11-21T15:00:00.000Z"
    grant = Grant(identity="g-1", action="used", requester="bob", rule="permit", not_before=AT, expires_at=LATER)
    told = bytes_of(world, grant_draft(grant, world.approval(), redactor))
    assert (told["grant"]["rule"], told["grant"]["removed_at"]) == ("permit", None)
    draft = waiver_draft(waiver, world.approval(), redactor)
    without = dataclasses.replace(draft, groups={"waiver": draft.groups["waiver"]})
    with pytest.raises(RecordError, match="approval"):
        bytes_of(world, without)


def test_a_failure_ends_with_how_long_it_lasted_and_when_monitoring_resumed(world: Any) -> None:
    world.start()
    good = world.clock.at
    world.clock.wait(60)
    opened = world.recorder.failed(
        control="reading",
        cause="refused",
        subject=("config/fw1/running", "e" * 64),
        device=world.device,
        last_good=good,
    )
    failure = said(opened)["failure"]
    assert (failure["phase"], failure["ended"], failure["resumed_at"]) == ("open", None, None)
    assert failure["detection_latency_s"] == 60
    world.clock.wait(3600)
    restored, resumed = world.clock.at, world.clock.at + datetime.timedelta(seconds=5)
    closed = world.recorder.restored(opened, remediation="cable", restored_at=restored, resumed_at=resumed)
    ended = said(closed)["failure"]
    assert (ended["phase"], ended["duration_s"], ended["detection_latency_s"]) == ("close", 3600, 60)
    assert ended["started"] == failure["started"]
    assert ended["restored_at"] < ended["resumed_at"]
    assert said(closed)["refs"] == [{"rel": "failure", "at_seq": opened.sequence, "sha256": opened.sha256}]
    assert closed.device == "fw1"


def test_an_outcome_tells_detection_latency_duration_and_when_monitoring_resumed(told: Any) -> None:
    outcome = next(said(record) for record in told.ledger.records() if record.kind is RecordKind.OUTCOME)
    failure, check = outcome["failure"], outcome["test"]["post"][0]
    first_bad, last_good = (
        datetime.datetime.fromisoformat(outcome["drift"][name]) for name in ("first_bad", "last_good")
    )
    assert failure["detection_latency_s"] == int((first_bad - last_good).total_seconds()) > 1000
    ended = datetime.datetime.fromisoformat(failure["ended"])
    assert failure["duration_s"] == int((ended - first_bad).total_seconds())
    assert failure["restored_at"] == failure["resumed_at"] == failure["ended"] == check["at"]
    assert outcome["retest"]["scope"] == "fw1"


def test_what_nobody_could_verify_was_not_restored(world: Any) -> None:
    world.start()
    failure = said(world.outcome(world.intent(), OutcomeVerdict.UNKNOWN))["failure"]
    assert (failure["ended"], failure["restored_at"], failure["resumed_at"], failure["duration_s"]) == (None,) * 4


def test_an_anchor_that_is_held_is_named_in_every_record(world: Any) -> None:
    head = world.start()
    seen = AnchorSeen(sequence=0, sha256=head.sha256, size=1, root="f" * 64, sink="w1", at=AT)
    recorder = world.recorder
    recorder._anchor_seen = lambda: seen  # noqa: SLF001 - as wiring passes it
    for record in (
        recorder.recovery(cause="x", affected="x", sha256="0" * 64, found="x", action="x"),
        recorder.pruned(prune()),
    ):
        assert said(record)["anchor_seen"] == {
            "at_seq": 0,
            "sha256": head.sha256,
            "size": 1,
            "root": "f" * 64,
            "sink": "w1",
            "time": "2026-11-21T12:00:00.000Z",
        }
