"""No check of seals, evidence, agreement or time is idle: for each there is a forgery that only this check sees."""

import dataclasses
import datetime
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError
from murenger.model import ReceiptKind, digest_of
from murenger.record.notices import KeyEvent
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.verify import ALL_CHECKS, Checks, Scope, decision_checks, verify_store
from murenger.record.verify.given import parse_given

FIRST, SECOND = "2026-11-21", "2026-11-22"
OLDER_TESTS = Path(__file__).parents[1] / "test_verify_sabotage.py"

Forgery = Callable[[Any], Scope | None]


def day(anchored: Any, name: str = FIRST) -> Path:
    path: Path = anchored.folder / "days" / name
    return path


def flip(anchored: Any, pattern: str, name: str = FIRST) -> None:
    (path,) = day(anchored, name).glob(pattern)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    anchored.tools.rewrite(path, bytes(content))


def edit_tail(anchored: Any, change: Callable[[dict[str, Any]], object]) -> None:
    anchored.tools.edit(anchored.tools.record_path(anchored.folder, anchored.last), anchored.world.runner, change)
    anchored.mend()


def later_than_seen(blank: Any) -> None:
    blank.world.start()
    blank.world.clock.at += datetime.timedelta(days=1)
    seen = blank.world.clock.at
    blank.world.clock.at -= datetime.timedelta(days=1)
    blank.keep(ReceiptKind.WITNESS, blank.cosigned(blank.checkpoint(), seen), sink="w1")
    blank.heartbeat()


def referring_elsewhere(anchored: Any) -> None:
    def change(said: dict[str, Any]) -> None:
        said["refs"].append({"rel": "drift", "at_seq": 0, "sha256": "0" * 64})

    anchored.tools.edit(anchored.tools.record_path(anchored.folder, 7), anchored.world.runner, change)
    anchored.tools.restamp(anchored.folder)


def with_attachment(anchored: Any) -> None:
    named = {"name": "x", "sha256": "0" * 64, "media_type": "text/plain"}
    edit_tail(anchored, lambda said: said.update(attachments=[named]))


def emptied_day(anchored: Any) -> None:
    shutil.rmtree(day(anchored) / "records")
    shutil.rmtree(day(anchored) / "decisions")


def touch_claimed(blank: Any) -> None:
    blank.world.start()
    blank.world.outcome(blank.world.intent())
    edit_tail(blank, lambda said: said["approval"].update(user_presence=True))


def seal_gone(anchored: Any) -> None:
    for name in ("SHA256SUMS", "SHA256SUMS.tsr"):
        (day(anchored) / name).unlink()


def seal_unsigned(anchored: Any) -> None:
    (day(anchored) / "SHA256SUMS.sig").unlink()


def seal_before_gone(anchored: Any) -> None:
    anchored.seal(SECOND)
    for path in day(anchored).glob("SHA256SUMS*"):
        path.unlink()


def stray_decision(anchored: Any) -> None:
    content = anchored.world.decision_file(nonce="another")
    name = hashlib.sha256(content).hexdigest()
    folder = day(anchored) / "decisions"
    anchored.tools.rewrite(folder / f"{name}.json", content)
    signed = anchored.world.approver.sign(content, namespace="change-approval@murenger")
    anchored.tools.rewrite(folder / f"{name}.json.sig", signed.encode())


def two_histories(anchored: Any) -> Scope:
    # Only the seal of the first day is here, so no root can be computed, and only the two speak of each other.
    for path in day(anchored).iterdir():
        if not path.name.startswith("SHA256SUMS"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    texts = [anchored.checkpoint(8, root=bytes([number]) * 32) for number in (1, 2)]
    return Scope(anchors=tuple(parse_given(f"reader{number}", text.encode()) for number, text in enumerate(texts)))


def beyond_the_end(anchored: Any) -> Scope:
    scope: Scope = anchored.anchor(f"99 {'0' * 64}\n")
    return scope


def another_history(anchored: Any) -> Scope:
    scope: Scope = anchored.anchor(f"6 {'0' * 64}\n")
    return scope


def another_copy(anchored: Any) -> Scope:
    older = shutil.copytree(anchored.folder, anchored.aside / "older")
    path = older / "days" / SECOND / "LEAVES"
    anchored.tools.rewrite(path, path.read_bytes().replace(b"a", b"b"))
    return Scope(against=older)


def silence(blank: Any) -> None:
    blank.world.start()
    blank.heartbeat()
    blank.world.clock.wait(3600)
    blank.heartbeat()


def unanchored(blank: Any) -> None:
    blank.world.start()
    blank.world.outcome(blank.world.intent())
    path = blank.tools.record_path(blank.folder, 1)
    blank.tools.edit(path, blank.world.runner, lambda said: said["intent"].update(anchoring="before_change"))
    blank.mend()


def stamped_late(anchored: Any) -> None:
    anchored.seal(SECOND, at=datetime.datetime(2026, 11, 24, 0, 0, 1, tzinfo=datetime.UTC))


def key_that_ended(blank: Any) -> None:
    blank.world.start()
    event = KeyEvent(
        action="compromise",
        principal="runner@fw-site1",
        key_fingerprint=blank.world.runner.fingerprint,
        namespaces=(RECORD_NAMESPACE,),
        suspect_from=blank.world.clock.at,
    )
    blank.world.recorder.key_event(event, [("allowed_signers", digest_of("trust"))])
    blank.heartbeat()


def anchor_of_another_tree(anchored: Any) -> None:
    sha256 = anchored.heads().splitlines()[2][2:]
    seen = {"at_seq": 2, "sha256": sha256, "size": 3, "root": "0" * 64, "sink": "w1", "time": "2026-11-21T23:58:00Z"}
    edit_tail(anchored, lambda said: said.update(anchor_seen=seen))


BLANK = {later_than_seen, touch_claimed, silence, unanchored, key_that_ended}
FORGERIES: dict[str, Forgery] = {
    "check_clock": later_than_seen,
    "check_references_before": referring_elsewhere,
    "check_attachments": with_attachment,
    "check_pruned": emptied_day,
    "check_presence": touch_claimed,
    "check_seal_form": seal_gone,
    "check_seal_signature": seal_unsigned,
    "check_seal_chain": seal_before_gone,
    "check_seal_contents": stray_decision,
    "check_witnessed": lambda anchored: flip(anchored, "receipts/*.cosig", SECOND),
    "check_checkpoints": lambda anchored: flip(anchored, "checkpoint", SECOND),
    "check_stamped": lambda anchored: flip(anchored, "receipts/*.tsr", SECOND),
    "check_noted": lambda anchored: anchored.tools.rewrite(next(day(anchored, SECOND).glob("receipts/*.txt")), b"x"),
    "check_seal_tokens": lambda anchored: flip(anchored, "SHA256SUMS.tsr"),
    "check_forks": two_histories,
    "check_cut": beyond_the_end,
    "check_agreement": another_history,
    "check_older": another_copy,
    "check_gaps": silence,
    "check_anchored_changes": unanchored,
    "check_seal_time": stamped_late,
    "check_key_events": key_that_ended,
    "check_anchor_roots": anchor_of_another_tree,
}


def without(name: str) -> Checks:
    """Return every check but one."""
    kept = {
        field.name: tuple(check for check in getattr(ALL_CHECKS, field.name) if check.__name__ != name)
        for field in dataclasses.fields(Checks)
    }
    return Checks(**kept)


@pytest.mark.parametrize("name", FORGERIES)
def test_without_this_check_a_forgery_passes(blank: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = FORGERIES[name]
    if forge not in BLANK:
        blank.story()
    if name == "check_references_before":
        monkeypatch.setattr("murenger.record.verify.stretch.STRETCH_RECORDS", 1)
    assert not blank.verdict().findings if forge not in BLANK else True
    scope = forge(blank) or Scope()

    def is_caught(checks: Checks) -> bool:
        return verify_store(blank.folder, trust=blank.trust, scope=scope, checks=checks).exit_code == 1

    assert is_caught(ALL_CHECKS)
    rest = tuple(check for check in decision_checks.APPROVAL_CHECKS if check.__name__ != name)
    monkeypatch.setattr(decision_checks, "APPROVAL_CHECKS", rest)
    (log,) = verify_store(blank.folder, trust=blank.trust, scope=scope, checks=without(name)).logs
    assert log.findings == ()


def test_every_check_there_is_is_removed_once_here_or_in_the_older_tests() -> None:
    checks = [check for field in dataclasses.fields(Checks) for check in getattr(ALL_CHECKS, field.name)]
    names = {check.__name__ for check in (*checks, *decision_checks.APPROVAL_CHECKS)}
    older = set(re.findall(r'"(check_[a-z_]+)"', OLDER_TESTS.read_text(encoding="utf-8")))
    assert names == older | FORGERIES.keys()


@pytest.mark.parametrize("left_out", ["record", "log", "day", "evidence"])
def test_an_empty_set_of_checks_is_refused(anchored: Any, left_out: str) -> None:
    with pytest.raises(LedgerError, match="proves nothing"):
        verify_store(anchored.folder, trust=anchored.trust, checks=dataclasses.replace(ALL_CHECKS, **{left_out: ()}))
