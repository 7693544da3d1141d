"""A commit applies what was shown, keeps its way back on the device, and goes back unless somebody confirms it."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from napalm.base.exceptions import CommitConfirmException, CommitError, ConnectionException, SessionLockedException

from napalm_nftables.transport import Conversation

pytestmark = pytest.mark.lab


def opened(base: str) -> str:
    """Return the base rules with the card database let in."""
    return base.replace("tcp dport 5432 drop", "tcp dport 5432 accept")


def test_commit_for_good_applies_and_saves_startup(driver: Any, firewall: Any, base: str, foreign: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    assert driver.get_config(retrieve="candidate")["candidate"] == opened(base)
    driver.commit_config(message="CHG-1")
    assert firewall.rules() == foreign + opened(base)
    assert opened(base) in driver.get_config(retrieve="startup")["startup"]
    assert not driver.has_pending_commit()
    assert driver.get_config(retrieve="candidate")["candidate"] == ""


def test_startup_file_can_be_loaded_at_boot(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config()
    startup = driver.get_config(retrieve="startup")["startup"]
    firewall.enter("nft", "flush", "ruleset")
    for _ in range(2):
        firewall.load(startup)
        assert firewall.rules() == opened(base)


def test_commit_then_confirm_keeps_the_rules_and_saves_startup_only_then(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=60)
    assert driver.has_pending_commit()
    assert driver.get_config(retrieve="startup")["startup"] == ""
    driver.confirm_commit()
    assert not driver.has_pending_commit()
    assert opened(base) in driver.get_config(retrieve="startup")["startup"]
    assert opened(base) in firewall.rules()


def test_without_confirmation_the_exact_former_rules_come_back(
    driver: Any, firewall: Any, base: str, foreign: str
) -> None:
    before = firewall.enter("nft", "list", "ruleset")
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=1)
    driver.close()
    firewall.wait_for(lambda: firewall.rules() == foreign + base)
    assert firewall.enter("nft", "list", "ruleset") == before
    assert "startup.nft" not in firewall.state_files()


def test_confirm_over_a_fresh_connection(driver: Any, firewall: Any, open_driver: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=60)
    driver.close()
    fresh = open_driver()
    assert fresh.has_pending_commit()
    fresh.confirm_commit()
    assert opened(base) in firewall.rules()


def test_closing_leaves_the_timer_armed(driver: Any, firewall: Any, open_driver: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=3)
    driver.close()
    assert opened(base) in firewall.rules()
    assert open_driver().has_pending_commit()
    firewall.wait_for(lambda: base in firewall.rules())


def test_late_confirm_raises_and_says_so(driver: Any, firewall: Any, base: str, open_driver: Any) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=1)
    firewall.wait_for(lambda: base in firewall.rules())
    for late in (driver, open_driver()):
        with pytest.raises(CommitError, match="reverted"):
            late.confirm_commit()
    assert base in firewall.rules()
    assert not driver.has_pending_commit()


def test_confirm_without_any_commit_raises(driver: Any) -> None:
    with pytest.raises(CommitError, match="no commit is pending"):
        driver.confirm_commit()


def test_commit_without_a_candidate_raises(driver: Any) -> None:
    with pytest.raises(CommitError, match="no candidate"):
        driver.commit_config()


@pytest.mark.parametrize("seconds", [0, -1, 86401, 2**40, True, 1.5, "60", float("nan")])
def test_unusable_revert_in_is_refused_before_anything(driver: Any, firewall: Any, base: str, seconds: Any) -> None:
    driver.load_replace_candidate(config=opened(base))
    with pytest.raises(CommitConfirmException, match="revert_in"):
        driver.commit_config(revert_in=seconds)
    assert base in firewall.rules()
    assert firewall.state_files() == set()


@pytest.mark.parametrize("seconds", [59, 61, 90, 86400])
def test_revert_in_is_kept_exactly(driver: Any, base: str, seconds: int) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=seconds)
    left = driver.pending_commit()["seconds_left"]
    assert seconds - 10 < left <= seconds
    driver.rollback()


def test_the_message_is_data(driver: Any, firewall: Any, base: str) -> None:
    message = "$(touch /run/owned) `id` '; nft flush ruleset #\"\nid=0\n\x1b[31m\\ \u2028 {{ 7*7 }}\n%s ü"
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(message=message, revert_in=60)
    pending = driver.pending_commit()
    assert pending["message"] == message
    assert pending["id"] == driver.commit_id
    assert pending["who"].startswith("root (")
    assert "owned" not in firewall.enter("ls", "/run")
    driver.confirm_commit()
    assert opened(base) in firewall.rules()


def test_live_rules_that_changed_after_the_diff_stop_the_commit(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    assert driver.compare_config()
    firewall.enter("nft", "add", "rule", "inet", "murenger", "input", "udp", "dport", "53", "accept")
    changed = firewall.rules()
    for seconds in (None, 60):
        with pytest.raises(CommitError, match="changed since"):
            driver.commit_config(revert_in=seconds)
    assert firewall.rules() == changed
    assert not driver.has_pending_commit()
    assert driver.compare_config()
    driver.commit_config()
    assert opened(base) in firewall.rules()


def test_a_foreign_table_may_change_between_diff_and_commit(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.compare_config()
    firewall.enter("nft", "add", "rule", "ip", "container", "nat", "counter", "accept")
    driver.commit_config()
    assert "\t\tcounter accept\n" in firewall.rules()


def test_a_pending_commit_of_somebody_else_is_refused_by_name_and_left_alone(
    driver: Any, firewall: Any, open_driver: Any, base: str
) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(message="theirs", revert_in=60)
    other = open_driver()
    other.load_replace_candidate(config=base)
    for seconds in (None, 5):
        with pytest.raises(CommitError, match=f"{driver.commit_id} by root"):
            other.commit_config(revert_in=seconds)
    assert other.pending_commit()["message"] == "theirs"
    assert opened(base) in firewall.rules()
    driver.confirm_commit()


def test_an_object_confirms_only_its_own_commit(driver: Any, open_driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=1)
    firewall.wait_for(lambda: base in firewall.rules())
    other = open_driver()
    other.load_replace_candidate(config=opened(base))
    other.commit_config(revert_in=60)
    with pytest.raises(CommitError, match="not pending"):
        driver.confirm_commit()
    with pytest.raises(CommitError):
        driver.rollback()
    assert other.has_pending_commit()
    other.rollback()


def test_of_two_controllers_one_wins(driver: Any, open_driver: Any, firewall: Any, base: str) -> None:
    other = open_driver()
    for one in (driver, other):
        one.load_replace_candidate(config=opened(base))
    outcomes = in_parallel(lambda: driver.commit_config(revert_in=60), lambda: other.commit_config(revert_in=60))
    assert [type(outcome) for outcome in outcomes if outcome] in ([CommitError], [SessionLockedException])
    assert opened(base) in firewall.rules()


def in_parallel(*calls: Any) -> list[BaseException | None]:
    """Run calls at the same time; return what each raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.exception() for future in [pool.submit(call) for call in calls]]


def test_a_lock_held_by_another_session_is_a_session_lock(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    script = "mkdir -m 700 /run/murenger-nft; flock /run/murenger-nft/lock sh -c 'echo held; read line'"
    with subprocess.Popen(
        [*firewall.nsenter, "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(SessionLockedException):
            driver.commit_config()
        process.stdin.write(b"\n")
    assert base in firewall.rules()


def test_rollback_of_a_pending_commit_happens_now(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=3600)
    driver.rollback()
    assert base in firewall.rules()
    assert not driver.has_pending_commit()
    with pytest.raises(CommitError):
        driver.confirm_commit()


def test_rollback_after_the_confirmation_brings_back_the_former_rules_once(
    driver: Any, firewall: Any, open_driver: Any, base: str
) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=60)
    driver.confirm_commit()
    open_driver().rollback()
    assert base in firewall.rules()
    assert "5432 drop" in driver.get_config(retrieve="startup")["startup"]
    with pytest.raises(CommitError, match="itself a rollback"):
        open_driver().rollback()


def test_rollback_refuses_when_somebody_changed_the_rules_since(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config()
    firewall.enter("nft", "add", "rule", "inet", "murenger", "input", "udp", "dport", "53", "accept")
    changed = firewall.rules()
    with pytest.raises(CommitError, match="changed since"):
        driver.rollback()
    assert firewall.rules() == changed


def test_rollback_after_the_timer_has_nothing_left_to_do(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=1)
    firewall.wait_for(lambda: base in firewall.rules())
    driver.rollback()
    assert base in firewall.rules()


def test_rollback_without_any_commit_raises(driver: Any) -> None:
    with pytest.raises(CommitError, match="no such commit"):
        driver.rollback()


@pytest.mark.slow
def test_confirm_and_timer_never_both_win(driver: Any, firewall: Any, base: str) -> None:
    won = {"confirm": 0, "timer": 0}
    delay = 0.9
    for _ in range(30):
        driver.load_replace_candidate(config=opened(base))
        driver.commit_config(revert_in=1)
        deadline = time.monotonic() + delay
        while time.monotonic() < deadline:
            time.sleep(0.001)
        try:
            driver.confirm_commit()
        except CommitError:
            won["timer"] += 1
            delay -= 0.03
            firewall.wait_for(lambda: base in firewall.rules())
        else:
            won["confirm"] += 1
            # Each winner moves the next round towards the other, so the race stays where it is decided.
            delay += 0.03
            assert opened(base) in firewall.rules()
            assert not {"fired", "pending"} & firewall.state_files()
            driver.rollback()
        assert not driver.has_pending_commit()
    assert sum(won.values()) == 30
    assert all(won.values()), f"the race was not tight enough to prove anything: {won}"


def test_lock_out_reverts_by_itself(driver: Any, firewall: Any, open_driver: Any, make_driver: Any, base: str) -> None:
    locked = base.replace("tcp dport 22 accept", "tcp dport 22 drop")
    driver.load_replace_candidate(config=locked)
    driver.commit_config(revert_in=4)
    assert driver.is_alive() == {"is_alive": True}
    with pytest.raises(ConnectionException):
        make_driver(timeout=2).open()
    firewall.wait_for(lambda: base in firewall.rules())
    assert base in open_driver().get_config(retrieve="running")["running"]


CONTROLLER = """
import json, os, signal, sys
from napalm_nftables import NftablesDriver
host, password, options, text = json.load(sys.stdin)
driver = NftablesDriver(host, "admin", password, optional_args=options)
driver.open()
driver.load_replace_candidate(config=text)
driver.commit_config(revert_in=2)
print("committed", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_controller_killed_after_the_commit_leaves_a_device_that_reverts(firewall: Any, base: str) -> None:
    given = json.dumps(["127.0.0.1", firewall.password, firewall.options(), opened(base)])
    outcome = subprocess.run(
        [sys.executable, "-c", CONTROLLER], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert outcome.stdout == "committed\n", outcome.stderr
    assert outcome.returncode == -signal.SIGKILL
    assert opened(base) in firewall.rules()
    firewall.wait_for(lambda: base in firewall.rules())


def test_a_controller_that_breaks_off_before_its_turn_changes_nothing(driver: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    with driver.device.exchange("commit", "0" * 16, "60"):
        pass  # leaving without an answer closes the channel
    driver.commit_config(revert_in=60)
    assert driver.pending_commit()["id"] == driver.commit_id != "0" * 16
    driver.rollback()


def test_a_payload_cut_at_any_part_changes_nothing(driver: Any, firewall: Any, base: str, monkeypatch: Any) -> None:
    driver.load_replace_candidate(config=opened(base))
    send = Conversation.send
    for keep in (0.2, 0.5, 0.9, 0.999):

        def cut(self: Any, data: bytes, *, end: bool, keep: float = keep) -> None:
            send(self, data[: int(len(data) * keep)] if end else data, end=end)

        with monkeypatch.context() as patch:
            patch.setattr("napalm_nftables.transport.Conversation.send", cut)
            with pytest.raises(Exception, match="did not arrive whole"):
                driver.commit_config(revert_in=60)
        assert base in firewall.rules()
        assert not driver.has_pending_commit()


def test_a_timer_that_died_is_settled_by_the_next_caller(driver: Any, firewall: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    driver.commit_config(revert_in=1)
    # Make the deadline lie far in the past and take the timer's file away under it, as if it had been killed.
    state = "/run/murenger-nft"
    firewall.enter("sh", "-c", f"cd {state}; for f in pending.*; do mv $f kept.${{f#pending.}}; done")
    # The brackets keep the search from finding itself.
    timer = f"murenger-nft-time[r].*{driver.commit_id}"
    firewall.wait_for(lambda: firewall.enter("sh", "-c", f"pgrep -f '{timer}' || true") == "")
    firewall.enter(
        "sh",
        "-c",
        f"cd {state}; for f in kept.*; do sed -i 's/^armed_at=.*/armed_at=1/' $f; mv $f pending.${{f#kept.}}; done",
    )
    assert opened(base) in firewall.rules()
    with pytest.raises(CommitError, match="reverted"):
        driver.confirm_commit()
    assert base in firewall.rules()


def test_a_startup_file_of_somebody_else_is_not_overwritten(open_driver: Any, firewall: Any, base: str) -> None:
    firewall.enter("sh", "-c", "echo 'flush ruleset' >/run/theirs.nft")
    driver = open_driver(startup_file="/run/theirs.nft")
    driver.load_replace_candidate(config=opened(base))
    with pytest.raises(CommitError, match="startup file"):
        driver.commit_config(revert_in=60)
    assert base in firewall.rules()
    assert firewall.enter("cat", "/run/theirs.nft") == "flush ruleset\n"


def test_no_process_of_a_finished_commit_holds_the_session(driver: Any, base: str) -> None:
    driver.load_replace_candidate(config=opened(base))
    started = os.times().elapsed
    driver.commit_config(revert_in=3600)
    assert os.times().elapsed - started < 10
    driver.rollback()
