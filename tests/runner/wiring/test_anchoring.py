"""The head of the log is held by others before a device is touched, and what could not be sent is not forgotten."""

import base64
import hashlib
import json
import pathlib
import subprocess
import threading
from typing import Any

import pytest

from murenger.adapters.clock import SystemClock
from murenger.adapters.files.outbox import Outbox
from murenger.errors import AnchorConflictError, AnchorError
from murenger.record.tree.merkle import check_consistency, root_of
from murenger.wiring.anchoring import redacted

DOWN = AnchorError("connection refused by https://user:hunter2@w.example.net/")


def told(bench: Any, kind: str) -> list[Any]:
    return list(bench.records(kind))


def waiting(bench: Any, sink: str) -> Any:
    path = bench.store / "outbox" / sink / "waiting.json"
    return json.loads(path.read_bytes()) if path.exists() else None


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


def test_the_intent_is_held_before_the_device_is_touched(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    seen = []

    def looks(head: Any) -> None:
        kind = json.loads(head.record)["predicate"]["kind"]
        seen.append((kind, "healer" in bench.switch.users()))

    anchored.sinks["w1"].on_submit = looks
    assert anchored.heal().verdict.value == "healed"
    assert ("intent", False) in seen
    assert seen[-1] == ("outcome", True)
    assert told(bench, "intent")[-1]["intent"]["anchoring"] == "before_change"


def test_the_head_is_the_newest_record_and_the_tree_over_all_of_them(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    anchored.heal()
    records = sorted(bench.store.glob("days/*/records/*.json"), key=lambda path: path.name)
    leaves = [hashlib.sha256(b"\0" + path.read_bytes()).digest() for path in records]
    for head in anchored.sinks["w1"].heads:
        assert head.record == records[head.sequence].read_bytes()
        assert head.sha256 == hashlib.sha256(head.record).hexdigest()
        assert (head.size, head.root) == (head.sequence + 1, root_of(leaves, head.size).hex())
    for old, size, proof in anchored.sinks["w1"].proofs:
        check_consistency(old, root_of(leaves, old), size, root_of(leaves, size), proof)
    assert anchored.sinks["w1"].proofs


def test_every_record_after_the_first_anchor_names_the_newest_one(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    anchored.heal()
    heads = {head.sequence: head for head in anchored.sinks["w1"].heads}
    assert all("anchor_seen" not in record for record in bench.records() if record["seq"] <= min(heads))
    later = [record for record in bench.records() if record["seq"] > min(heads)]
    assert later
    for record in later:
        seen = record["anchor_seen"]
        newest = max(number for number in heads if number < record["seq"])
        head = heads[newest]
        assert (seen["at_seq"], seen["sha256"], seen["size"], seen["root"]) == (
            newest,
            head.sha256,
            head.size,
            head.root,
        )
        assert seen["sink"] == "w1"


def test_receipts_lie_in_the_ledger(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    anchored.heal()
    kept = sorted(path.name for path in bench.store.glob("days/*/receipts/*"))
    assert kept == [f"{head.sequence:09d}-w1.git" for head in anchored.sinks["w1"].heads]


def test_without_a_confirmation_nothing_is_touched_and_the_outcome_says_so(anchored: Any, bench: Any) -> None:
    anchored.configure("w1", "w2")
    for sink in anchored.sinks.values():
        sink.error = DOWN
    before = bench.switch.running()
    with pytest.raises(AnchorError, match="nobody has confirmed") as caught:
        anchored.heal()
    assert caught.value.exit_code == 2
    assert bench.switch.running() == before
    assert "healer" not in bench.switch.users()
    (outcome,) = told(bench, "outcome")
    assert outcome["outcome"]["verdict"] == "not-applied"
    assert "not touched" in outcome["outcome"]["reason"]
    assert outcome["times"]["started"] is None
    assert outcome["before"]["normalised_sha256"] == outcome["after"]["normalised_sha256"]
    with bench.open().journal.reading() as history:
        assert history.open_intents() == ()


def test_a_sink_that_confirms_nothing_is_not_enough(anchored: Any, bench: Any) -> None:
    anchored.configure("siem", "w1")
    anchored.sinks["siem"].held_elsewhere = False
    anchored.sinks["w1"].error = DOWN
    with pytest.raises(AnchorError):
        anchored.heal()
    assert "healer" not in bench.switch.users()
    assert all("anchor_seen" not in record for record in bench.records())


def test_one_confirmation_is_enough(anchored: Any, bench: Any) -> None:
    anchored.configure("w1", "w2")
    anchored.sinks["w1"].error = DOWN
    assert anchored.heal().verdict.value == "healed"
    assert waiting(bench, "w1")["attempts"] >= 1
    assert waiting(bench, "w2") is None


def test_with_policy_queue_the_change_goes_on_and_the_record_says_so(anchored: Any, bench: Any) -> None:
    anchored.configure("w1", policy="queue")
    anchored.sinks["w1"].error = DOWN
    assert anchored.heal().verdict.value == "healed"
    assert told(bench, "intent")[-1]["intent"]["anchoring"] == "queue"
    first = waiting(bench, "w1")["first_sequence"]
    assert [record["seq"] for record in told(bench, "intent")] == [first]


def test_without_sinks_the_intent_says_unanchored(anchored: Any, bench: Any) -> None:
    assert anchored.heal(bench.open()).verdict.value == "healed"
    assert told(bench, "intent")[-1]["intent"]["anchoring"] == "unanchored"
    assert not list(bench.store.glob("days/*/receipts/*"))


@pytest.mark.parametrize("policy", ["before_change", "queue"])
def test_another_history_stops_healing_whatever_the_policy(anchored: Any, bench: Any, policy: str) -> None:
    anchored.configure("w1", "w2", policy=policy)
    anchored.sinks["w2"].error = AnchorConflictError("it holds 900 records, we have 9")
    before = bench.switch.running()
    with pytest.raises(AnchorConflictError, match="another history") as caught:
        anchored.heal()
    assert "old copy" in caught.value.hint
    assert bench.switch.running() == before
    assert told(bench, "outcome")[-1]["outcome"]["verdict"] == "not-applied"
    # The next process asks again before it announces anything, however long the sink is to be left alone.
    intents = len(told(bench, "intent"))
    with pytest.raises(AnchorConflictError):
        anchored.heal()
    assert len(told(bench, "intent")) == intents
    anchored.sinks["w2"].error = None
    assert anchored.heal().verdict.value == "healed"


def test_a_sink_that_never_answers_holds_up_nobody_for_ever(anchored: Any, bench: Any) -> None:
    anchored.configure("slow", "w1")
    release = anchored.sinks["slow"].hangs = threading.Event()
    try:
        assert anchored.heal().verdict.value == "healed"
        assert "no answer within" in waiting(bench, "slow")["last_error"]
    finally:
        release.set()


def test_a_defect_of_one_sink_does_not_silence_the_others(anchored: Any, bench: Any) -> None:
    anchored.configure("bad", "w1")
    anchored.sinks["bad"].error = ZeroDivisionError("x")
    assert anchored.heal().verdict.value == "healed"
    assert "ZeroDivisionError" in waiting(bench, "bad")["last_error"]


def test_a_backlog_is_a_failure_from_its_beginning_to_its_end(anchored: Any, bench: Any) -> None:
    anchored.configure("w1", policy="queue")
    anchored.heal()
    bench.switch.drift()
    anchored.sinks["w1"].error = DOWN
    began = anchored.advance(100)
    site = anchored.open()
    anchored.heal(site)
    (opened,) = told(bench, "failure")
    assert opened["failure"]["control"] == "the anchor w1 holds the head of the log"
    assert opened["failure"]["phase"] == "open"
    assert opened["failure"]["ended"] is None
    assert opened["failure"]["detection_latency_s"] >= 99
    assert "hunter2" not in json.dumps(bench.records())
    assert "hunter2" not in (bench.store / "outbox/w1/waiting.json").read_text()
    # Left alone while it rests, asked again afterwards, and known to wait by a process that starts meanwhile.
    asked = anchored.sinks["w1"].asked
    anchored.advance(1)
    site.watch.retry()
    assert anchored.sinks["w1"].asked == asked
    anchored.sinks["w1"].error = None
    ended = anchored.advance(3600)
    anchored.open().watch.retry()
    assert len(told(bench, "failure")) == 2
    closed = told(bench, "failure")[-1]
    assert closed["failure"]["phase"] == "close"
    assert closed["refs"] == [{"rel": "failure", "at_seq": opened["seq"], "sha256": closed["refs"][0]["sha256"]}]
    assert abs(closed["failure"]["duration_s"] - (ended - began).total_seconds()) < 60
    assert closed["failure"]["restored_at"] == closed["failure"]["resumed_at"] == closed["failure"]["ended"]
    assert waiting(bench, "w1") is None


def test_a_failing_sink_is_left_alone_for_longer_and_longer_but_not_when_a_change_waits(
    anchored: Any, bench: Any
) -> None:
    anchored.configure("w1")
    sink = anchored.sinks["w1"]
    sink.error = DOWN
    site = anchored.open()
    rests = []
    for _ in range(9):
        site.watch.anchor_quietly()
        kept = waiting(bench, "w1")
        rests.append(kept["attempts"])
        anchored.advance(10_000)
    assert rests == list(range(1, 10))
    site.watch.anchor_quietly()
    asked = sink.asked
    site.watch.anchor_quietly()
    assert sink.asked == asked
    sink.error = None
    assert anchored.heal(site).verdict.value == "healed"
    assert sink.asked > asked


def test_an_outage_of_all_sinks_does_not_fill_the_log_with_intents(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    anchored.sinks["w1"].error = DOWN
    for _ in range(3):
        with pytest.raises(AnchorError):
            anchored.heal()
    assert len(told(bench, "intent")) == len(told(bench, "outcome")) == 1
    assert len([record for record in told(bench, "failure") if record["failure"]["phase"] == "open"]) == 1


def test_what_waits_is_known_to_the_next_process(anchored: Any, bench: Any) -> None:
    anchored.configure("w1", policy="queue")
    anchored.sinks["w1"].error = DOWN
    anchored.heal()
    assert list(anchored.open().parts.anchors.waiting()) == ["w1"]
    mode = (bench.store / "outbox/w1/waiting.json").stat().st_mode & 0o777
    assert mode == 0o600


def test_a_damaged_outbox_is_one_clear_error(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    anchored.heal()
    bench.switch.drift()
    (bench.store / "outbox/w1/waiting.json").write_text("{}")
    done = bench.cli("plan", "leaf1")
    assert done.code in (0, 1, 2)
    with pytest.raises(Exception, match=r"outbox/w1/waiting\.json is damaged"):
        anchored.heal()


def test_a_log_key_that_cannot_be_used_refuses_the_change_and_says_why(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    (bench.site / "keys/log.pem").unlink()
    with pytest.raises(AnchorError, match=r"\.pem"):
        anchored.heal()
    assert "healer" not in bench.switch.users()


def test_a_sink_that_cannot_be_made_does_not_keep_the_others_from_holding_the_head(
    bench: Any, tmp_path: pathlib.Path
) -> None:
    remote = tmp_path / "evidence.git"
    subprocess.run(("git", "init", "-q", "--bare", str(remote)), check=True)
    (tmp_path / "ca.pem").write_text("no certificate")
    key = verifier_key()
    with bench.config.open("a", encoding="utf-8") as file:
        file.write(
            "anchors:\n  sinks:\n"
            f"    - {{name: w, type: witness, url: 'https://w.example.net/', key: '{key}', ca: '{tmp_path}/ca.pem'}}\n"
            f"    - {{name: ev, type: git, repository: {remote}, branch: anchors/s1}}\n"
        )
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    assert site.remediate(device, site.plan(site.examine(device)).sha256).verdict.value == "healed"
    assert waiting(bench, "ev") is None
    assert "ca.pem" in waiting(bench, "w")["last_error"]
    done = bench.cli("doctor")
    assert (done.code, "anchor w: " in done.out, "anchor ev: " in done.out) == (2, True, True)


def verifier_key() -> str:
    """Return a key of a witness that nobody runs."""
    key = b"\x04" + bytes(32)
    digest = hashlib.sha256(b"w.example.net\n" + key).hexdigest()[:8]
    return f"w.example.net+{digest}+{base64.b64encode(key).decode()}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\nb\tc", "a b c"),
        ("see https://u:p@h/x", "see https://h/x"),
        ("\x1b[31mred", "?[31mred"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_errors_are_kept_as_one_short_line_without_logins(text: str, kept: str) -> None:
    assert redacted(text) == kept


def test_a_real_branch_of_another_repository_holds_the_intent(bench: Any, tmp_path: pathlib.Path) -> None:
    remote = tmp_path / "evidence.git"
    subprocess.run(("git", "init", "-q", "--bare", str(remote)), check=True)
    subprocess.run(("git", "-C", str(remote), "config", "receive.denyNonFastForwards", "true"), check=True)
    with bench.config.open("a", encoding="utf-8") as file:
        file.write(f"anchors:\n  sinks:\n    - {{name: ev, type: git, repository: {remote}, branch: anchors/s1}}\n")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    assert site.remediate(device, site.plan(site.examine(device)).sha256).verdict.value == "healed"
    log = subprocess.run(
        ("git", "-C", str(remote), "log", "--format=%H", "anchors/s1"), check=True, capture_output=True, text=True
    ).stdout.split()
    head = subprocess.run(
        ("git", "-C", str(remote), "show", "anchors/s1:head"), check=True, capture_output=True, text=True
    ).stdout
    newest = max(bench.store.glob("days/*/records/*.json"), key=lambda path: path.name)
    assert head.split() == [str(int(newest.stem)), hashlib.sha256(newest.read_bytes()).hexdigest()]
    assert len(log) >= 2


def test_a_head_waits_while_another_process_gives_away_a_newer_one(anchored: Any, bench: Any) -> None:
    anchored.configure("w1")
    site = anchored.open()
    with Outbox(bench.store).alone(SystemClock(), within_s=0), pytest.raises(AnchorError, match="another process"):
        site.parts.anchors.anchor(required=True)
    assert not anchored.sinks["w1"].heads
    assert waiting(bench, "w1")["attempts"] == 1
