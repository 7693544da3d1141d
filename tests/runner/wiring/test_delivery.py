"""Messages reach their channels however those behave, and nothing else waits for that."""

import pathlib
import signal
from typing import Any

from tests import anchor_peers as peers
from tests.notified import Told, changed, failures, outcome
from tests.notify_peers import Receiver, receiving

from murenger.errors import (
    LedgerError,
    NotifyError,
)
from murenger.model import OutcomeVerdict


def test_a_channel_is_told_from_its_least_severity_on_and_to_the_end(told: Told, bench: Any) -> None:
    with receiving(Receiver()) as night:
        told.configure(told.channel("pager", told.receiver.url), told.channel("night", night.url, least="critical"))
        examination = changed(told, bench)
        assert len(told.messages()) == 1
        assert not night.posted
        told.site.incidents.found(examination)
        told.site.incidents.ended(told.device, outcome(examination, OutcomeVerdict.PARTIAL))
        bench.switch.reset()
        told.open()
        told.patrol()
        told.messages()
        assert [posted.incident["phase"] for posted in night.posted] == ["closed"]
        assert night.posted[0].incident["peak"] == "critical"


def test_a_dead_channel_is_a_recorded_failure_and_the_others_hear_of_it(told: Told, bench: Any) -> None:
    with peers.nobody() as port:
        told.configure(told.channel("pager", told.receiver.url), told.channel("dead", f"http://127.0.0.1:{port}/"))
        bench.switch.drift()
        told.patrol()
        told.messages()
        told.upkeep.tick()
        assert failures(bench, "the channel dead") == ["open"]
        for _ in range(3):
            # What is being sent ends before the clock, by which its time limit runs, is pushed.
            told.messages()
            told.advance(1000)
            told.upkeep.tick()
        told.messages()
        assert failures(bench, "the channel dead") == ["open"]
        assert told.waiting("dead") == 2
        heard = [said for said in told.messages() if said["kind"] == "control-failed"]
        assert [said["phase"] for said in heard] == ["opened"]
        assert "the channel dead tells people" in heard[0]["title"]
    with receiving(Receiver()) as alive:
        told.configure(told.channel("pager", told.receiver.url), told.channel("dead", alive.url))
        told.advance(1000)
        told.messages()
        told.advance(10)
        told.upkeep.tick()
        told.messages()
        assert failures(bench, "the channel dead") == ["open", "close"]
        assert {posted.incident["kind"] for posted in alive.posted} >= {"held", "control-failed"}
        assert told.waiting("dead") == 0
    assert [said["phase"] for said in told.messages() if "channel dead" in said["title"]] == ["opened", "closed"]


def test_a_channel_that_is_no_longer_named_need_not_work(told: Told, bench: Any) -> None:
    told.receiver.status = 500
    bench.switch.drift()
    told.patrol()
    told.messages()
    assert failures(bench, "the channel pager") == ["open"]
    told.configure(told.channel("other", told.receiver.url))
    told.upkeep.begin()
    assert failures(bench, "the channel pager") == ["open", "close"]


def test_attempts_are_further_and_further_apart_and_a_restart_keeps_that(told: Told, bench: Any) -> None:
    told.receiver.status = 500
    bench.switch.drift()
    told.patrol()
    seen = [len(told.messages())]
    for seconds in (14, 2, 28, 3, 10_000, 1):
        told.advance(seconds)
        told.open()
        seen.append(len(told.messages()))
    assert seen == [1, 1, 2, 2, 3, 4, 4]


def test_a_server_that_asks_for_more_time_gets_it_within_reason(told: Told, bench: Any) -> None:
    told.receiver.status, told.receiver.headers = 429, (("Retry-After", "600"),)
    bench.switch.drift()
    told.patrol()
    assert len(told.messages()) == 1
    told.advance(599)
    assert len(told.messages()) == 1
    told.receiver.headers = (("Retry-After", "99999999"),)
    told.advance(2)
    assert len(told.messages()) == 2
    told.advance(3601)
    assert len(told.messages()) == 3


def test_one_message_that_is_never_taken_does_not_hold_up_the_others(told: Told, bench: Any) -> None:
    told.receiver.status = lambda posted: 400 if posted.incident["kind"] == "held" else 200
    bench.switch.drift()
    told.patrol()
    told.site.incidents.refused(told.device, LedgerError("the disk is full"))
    told.messages()
    told.advance(20)
    assert [said["kind"] for said in told.messages()][1] == "ledger-failed"
    assert told.waiting() == 1


def test_a_pass_is_made_although_nothing_can_be_kept_and_told_when_it_can(told: Told, bench: Any) -> None:
    told.notices.parent.mkdir(exist_ok=True)
    told.notices.write_text("in the way")
    bench.switch.drift()
    assert told.patrol().examination.drift.differences
    told.upkeep.tick()
    assert [type(error) for error in told.errors] == [NotifyError]
    told.notices.unlink()
    told.patrol()
    assert told.phases() == [(1, "opened", "held")]


def test_what_could_not_wait_for_its_channel_was_not_told(told: Told, bench: Any) -> None:
    told.notices.mkdir(parents=True, mode=0o700)
    (told.notices / "pager").write_text("in the way")
    bench.switch.drift()
    told.patrol()
    (told.notices / "pager").unlink()
    told.patrol()
    assert told.phases() == [(1, "opened", "held")]


def test_a_pass_does_not_wait_for_a_channel_that_hangs(told: Told, bench: Any) -> None:
    with peers.tcp_peer(peers.silent) as port:
        told.configure(told.channel("pager", f"http://127.0.0.1:{port}/"))
        bench.switch.drift()
        told.patrol()
        for _ in range(3):
            told.advance(5)
            told.upkeep.tick()
        assert not told.errors
        assert told.waiting() == 1


def test_a_runner_that_is_killed_while_it_sends_loses_nothing(told: Told, bench: Any, tmp_path: pathlib.Path) -> None:
    told.receiver.status = lambda _: 200 if released else hang(told.receiver)
    released: list[bool] = []

    def hang(receiver: Receiver) -> int:
        with receiver.arrived:
            receiver.arrived.wait_for(lambda: bool(released), 120)
        return 200

    bench.switch.drift()
    process = bench.start("run", "--once", cwd=tmp_path)
    try:
        (first,) = told.receiver.wait_for(1, within_s=120)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    released.append(True)
    with told.receiver.arrived:
        told.receiver.arrived.notify_all()
    assert told.waiting() == 1
    assert len(told.messages()) == 2
    assert told.receiver.posted[1].headers["webhook-id"] == first.headers["webhook-id"]
    assert told.receiver.posted[1].incident == first.incident
    assert told.waiting() == 0
    told.patrol()
    assert len(told.messages()) == 2


def test_the_doctor_tries_the_channels_and_sends_only_when_asked(told: Told, bench: Any) -> None:
    checks = {item["text"]: item for item in bench.cli("doctor", "-o", "json").data["checks"]}
    assert any(text.startswith("channel pager: 127.0.0.1:") for text in checks)
    assert not told.receiver.posted
    done = bench.cli("doctor", "--notify", "-o", "json")
    assert "channel pager: took a test message" in {item["text"] for item in done.data["checks"]}
    (posted,) = told.receiver.posted
    assert posted.incident["kind"] == "test"
    told.receiver.status = 401
    found = [
        item for item in bench.cli("doctor", "--notify", "-o", "json").data["checks"] if "answers 401" in item["text"]
    ]
    assert [item["level"] for item in found] == ["fault"]
    bench.switch.drift()
    told.patrol()
    told.messages()
    texts = [str(item["text"]) for item in bench.cli("doctor", "-o", "json").data["checks"]]
    assert [text for text in texts if text.startswith("1 messages wait for channel pager since ")]
