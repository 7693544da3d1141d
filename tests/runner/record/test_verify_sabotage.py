"""No check is idle: for each there is a forgery that only this check sees; verify/test_sabotage.py has the others."""

import datetime
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

import murenger.record.verify.decision_checks
from murenger.errors import LedgerError
from murenger.model import canonical_bytes, digest_of
from murenger.record.verify import ALL_CHECKS, Checks, verify_store
from murenger.record.verify.decision_checks import APPROVAL_CHECKS
from murenger.record.verify.log_checks import LOG_CHECKS
from murenger.record.verify.record_checks import RECORD_CHECKS

Forgery = Callable[[Any, Any], None]


def tail(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    """Return a forgery of the last record by somebody who holds the runner's key."""

    def forge(world: Any, tools: Any) -> None:
        world.start()
        intent = world.intent()
        world.outcome(intent)
        tools.edit(tools.record_path(world.folder, 2), world.runner, change)
        tools.restamp(world.folder)

    return forge


def spaced(world: Any, tools: Any) -> None:
    world.start()
    path = tools.record_path(world.folder, 0)
    tools.forge(path, path.read_bytes() + b" ", world.runner)
    tools.restamp(world.folder)


def edited_in_the_middle(world: Any, tools: Any) -> None:
    world.start()
    world.recorder.runner_started(digest_of("x"), "murenger run")
    world.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    tools.edit(tools.record_path(world.folder, 1), world.runner, lambda said: said["runner"].update(reason="other"))
    tools.restamp(world.folder)


def edited_without_the_key(world: Any, tools: Any) -> None:
    world.start()
    path = tools.record_path(world.folder, 0)
    tools.rewrite(path, path.read_bytes().replace(b"mgmt1", b"mgmt2"))
    tools.restamp(world.folder)


def moved_to_an_earlier_day(world: Any, _tools: Any) -> None:
    world.start()
    (world.folder / "days" / "2026-11-21").rename(world.folder / "days" / "2026-11-20")


def begun_in_the_middle(world: Any, tools: Any) -> None:
    world.start()
    second = world.recorder.runner_started(digest_of("x"), "murenger run")
    statement = json.loads(second.content)
    statement["predicate"] |= {"seq": 0, "prev_record_sha256": "0" * 64}
    path = tools.record_path(world.folder, 1)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    tools.forge(tools.record_path(world.folder, 0), canonical_bytes(statement), world.runner)
    tools.restamp(world.folder)


def without_its_decision(world: Any, _tools: Any) -> None:
    world.start()
    world.outcome(world.intent())
    next((world.folder / "days").glob("*/decisions/*.json")).unlink()
    next((world.folder / "days").glob("*/decisions/*.sig")).unlink()


def referring_elsewhere(said: dict[str, Any]) -> None:
    said["refs"].append({"rel": "drift", "at_seq": 0, "sha256": "0" * 64})


RECORD_FORGERIES: dict[str, Forgery] = {
    "check_bytes": spaced,
    "check_schema": tail(lambda said: said.update(note="x")),
    "check_place": tail(lambda said: said.update(seq=7)),
    "check_chain": edited_in_the_middle,
    "check_signature": edited_without_the_key,
    "check_day": moved_to_an_earlier_day,
    "check_start": begun_in_the_middle,
    "check_references": tail(referring_elsewhere),
    "check_decision": without_its_decision,
}


def stray(world: Any, _tools: Any) -> None:
    world.start()
    (world.folder / "days" / "2026-11-21" / "records" / "note.txt").write_text("x")


def emptied(world: Any, _tools: Any) -> None:
    (world.folder / "days").mkdir(parents=True)


def removed_and_rechained(world: Any, tools: Any) -> None:
    world.start()
    world.recorder.runner_started(digest_of("x"), "murenger run")
    world.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    path = tools.record_path(world.folder, 1)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    tools.rechain(world.folder, world.runner)


def without_leaves(world: Any, _tools: Any) -> None:
    world.start()
    (world.folder / "days" / "2026-11-21" / "LEAVES").unlink()


def without_outcome(world: Any, _tools: Any) -> None:
    world.start()
    world.intent()


def unsigned_decision(world: Any, tools: Any) -> None:
    world.start()
    content = world.decision_file()
    folder = world.folder / "days" / "2026-11-21" / "decisions"
    tools.rewrite(folder / f"{hashlib.sha256(content).hexdigest()}.json", content)


LOG_FORGERIES: dict[str, Forgery] = {
    "check_strays": stray,
    "check_not_empty": emptied,
    "check_sequence": removed_and_rechained,
    "check_leaves": without_leaves,
    "check_open_intents": without_outcome,
    "check_uncited_decisions": unsigned_decision,
}


def under(**changes: Any) -> Forgery:
    def forge(world: Any, _tools: Any) -> None:
        world.start()
        world.outcome(world.intent(world.approval(world.decision_file(**changes))))

    return forge


def named_otherwise(world: Any, _tools: Any) -> None:
    world.start()
    world.outcome(world.intent(world.approval(principal="carol@example")))


def ended(world: Any, _tools: Any) -> None:
    world.start()
    world.outcome(world.intent(world.ended(datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC))))


APPROVAL_FORGERIES: dict[str, Forgery] = {
    "check_signer_named": named_otherwise,
    "check_log": under(origin="other.example"),
    "check_not_expired": ended,
    "check_bound": under(devices=["fw2"]),
}


def is_caught(world: Any, checks: Checks) -> bool:
    return verify_store(world.folder, verifier=world.verifier, checks=checks).exit_code == 1


@pytest.mark.parametrize("check", [check for check in RECORD_CHECKS if check.__name__ in RECORD_FORGERIES])
def test_without_this_record_check_a_forgery_passes(world: Any, tools: Any, check: Callable[..., Any]) -> None:
    RECORD_FORGERIES[check.__name__](world, tools)
    assert is_caught(world, ALL_CHECKS)
    assert not is_caught(world, Checks(record=[other for other in RECORD_CHECKS if other is not check]))


@pytest.mark.parametrize("check", [check for check in LOG_CHECKS if check.__name__ in LOG_FORGERIES])
def test_without_this_log_check_a_forgery_passes(world: Any, tools: Any, check: Callable[..., Any]) -> None:
    LOG_FORGERIES[check.__name__](world, tools)
    assert is_caught(world, ALL_CHECKS)
    assert not is_caught(world, Checks(log=[other for other in LOG_CHECKS if other is not check]))


@pytest.mark.parametrize("check", [check for check in APPROVAL_CHECKS if check.__name__ != "check_presence"])
def test_without_this_approval_check_a_forgery_passes(
    world: Any, tools: Any, check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if check.__name__ == "check_not_self":
        under(author_key_fp=world.approver.fingerprint)(world, tools)
    else:
        APPROVAL_FORGERIES[check.__name__](world, tools)
    assert is_caught(world, ALL_CHECKS)
    rest = tuple(other for other in APPROVAL_CHECKS if other is not check)
    monkeypatch.setattr(murenger.record.verify.decision_checks, "APPROVAL_CHECKS", rest)
    assert not is_caught(world, ALL_CHECKS)


@pytest.mark.parametrize("checks", [Checks(record=()), Checks(log=())])
def test_an_empty_set_of_checks_is_refused(told: Any, checks: Checks) -> None:
    with pytest.raises(LedgerError):
        verify_store(told.folder, verifier=told.verifier, checks=checks)
