"""Changing: what is shown is what is applied, and a change that nobody confirms goes away.

Contracts C03, C05, C09 to C13, C15, C19, C24 to C26.
"""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.contracts.devices.passes import seen
from tests.contracts.devices.tables import (
    CLOSE_WHILE_PENDING,
    HAND_WRITTEN,
    LATE_CONFIRM,
    MESSAGE_WITH_TIMER,
    ROLLBACK_GOES_TO,
    STARTUP_SAVED,
)

from murenger.adapters.napalm.profiles import PROFILES
from murenger.errors import GuardRefusedError, RemediationError

# A device with a shorter time runs in real time.
ADVANCED_FROM_S = 60

CONFIRM_ELSEWHERE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import napalm
told = json.load(sys.stdin)
if "context_ca" in told["optional"]:
    import ssl
    told["optional"]["context"] = ssl.create_default_context(cafile=told["optional"].pop("context_ca"))
driver = napalm.get_network_driver(told["driver"])(
    told["address"], told["username"], told["password"], timeout=20, optional_args=told["optional"]
)
driver.open()
if told["session"]:
    driver.config_session = told["session"]
driver.confirm_commit()
if told["session"]:
    driver.config_session = None
driver.close()
"""


def drifted(bench: Any) -> tuple[str, str]:
    """Return what the device should run, and what it runs after somebody opened something."""
    golden = bench.read().text
    bench.play(bench.rogue)
    return golden, bench.running()


def stored_session(driver: Any) -> str | None:
    """Return the name under which the device keeps the pending change, where it has one."""
    return getattr(driver, "config_session", None)


def hand_over(driver: Any, name: str | None) -> None:
    """Tell another driver which pending change is meant, or that none is its own any more."""
    if hasattr(driver, "config_session"):
        driver.config_session = name


def test_c03_what_runs_differs_in_nothing_from_itself(bench: Any) -> None:
    golden = bench.read().text
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        assert driver.compare_config() == ""
        driver.discard_config()


def test_c03_a_hand_written_candidate_differs_in_nothing(bench: Any) -> None:
    golden = bench.read().text
    by_hand = HAND_WRITTEN[bench.platform](golden)
    assert by_hand != golden
    with bench.driver() as driver:
        driver.load_replace_candidate(config=by_hand)
        assert driver.compare_config() == ""
        driver.discard_config()


def test_c05_the_difference_shows_what_will_be_applied(bench: Any) -> None:
    golden, _ = drifted(bench)
    rogue = ROGUE[bench.platform]
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        removed = [line for line in driver.compare_config().splitlines() if line.startswith("-") and rogue in line]
        assert removed
        driver.discard_config()


ROGUE = {"nftables": "temporary", "eos": "198.51.100.66", "junos": "policy temporary"}


def test_c09_commit_and_confirm_and_startup_is_saved_as_the_table_says(bench: Any) -> None:
    golden, before = drifted(bench)
    startup = bench.startup()
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)
        applied = bench.running()
        assert applied != before
        saved_at_once = bench.startup() != startup
        session.confirm()
    assert bench.running() == applied
    assert STARTUP_SAVED[bench.platform] == ("with the commit" if saved_at_once else "at confirm")
    after = bench.startup()
    assert ROGUE[bench.platform] not in after
    assert after.strip()


def test_c10_without_confirm_the_device_returns_to_exactly_what_it_ran(bench: Any) -> None:
    golden, before = drifted(bench)
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        driver.commit_config(revert_in=bench.short_s)
        assert bench.running() != before
        bench.let_timer_fire(bench.short_s)
        assert bench.running() == before
        assert not driver.has_pending_commit()
        hand_over(driver, None)


def test_c11_confirm_over_a_fresh_connection(bench: Any) -> None:
    golden, _ = drifted(bench)
    with bench.driver() as first, bench.driver() as second:
        first.load_replace_candidate(config=golden)
        first.compare_config()
        first.commit_config(revert_in=60)
        hand_over(second, stored_session(first))
        assert second.has_pending_commit()
        second.confirm_commit()
        assert not first.has_pending_commit()
        hand_over(first, None)
        hand_over(second, None)
    healed = seen(bench).digest
    if bench.short_s == 60:
        bench.let_timer_fire(60)
    assert seen(bench).digest == healed


def test_c12_another_process_confirms(bench: Any) -> None:
    golden, _ = drifted(bench)
    login, device = bench.login(), bench.device
    habits = PROFILES[device.platform]
    optional = habits.optional_args(device)
    if optional.pop("context", None):
        optional["context_ca"] = dict(device.labels)["ca_file"]
    if login.key_file:
        optional |= {"key_file": login.key_file, "use_keys": True}
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        driver.commit_config(revert_in=120)
        told = {
            "driver": habits.driver,
            "address": device.address,
            "username": login.username,
            "password": login.password,
            "optional": optional,
            "session": stored_session(driver),
        }
        done = subprocess.run(
            [sys.executable, "-c", CONFIRM_ELSEWHERE],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert not driver.has_pending_commit()
        hand_over(driver, None)
    if bench.short_s == 60:
        bench.let_timer_fire(120)
    assert ROGUE[bench.platform] not in bench.running()


def test_c13_a_late_confirm_is_noticed(bench: Any) -> None:
    golden, before = drifted(bench)
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=bench.short_s)
        bench.let_timer_fire(bench.short_s)
        with pytest.raises(RemediationError, match="timer was faster"):
            session.confirm()
    assert bench.running() == before


def test_c13_the_driver_itself_confirms_too_late_as_the_table_says(bench: Any) -> None:
    golden, before = drifted(bench)
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        driver.commit_config(revert_in=bench.short_s)
        bench.let_timer_fire(bench.short_s)
        try:
            driver.confirm_commit()
            said = "silent"
        except Exception as exc:  # noqa: BLE001 - drivers raise their libraries' own classes
            said = "raises" if "CommitError" in {kind.__name__ for kind in type(exc).__mro__} else repr(exc)
        hand_over(driver, None)
    assert said == LATE_CONFIRM[bench.platform]
    assert bench.running() == before


def test_c15_closing_while_a_commit_is_pending_does_what_the_table_says(bench: Any) -> None:
    golden, before = drifted(bench)
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        driver.commit_config(revert_in=max(5, bench.short_s))
        applied = bench.running()
    at_once = "reverts at once" if bench.running() == before else "the timer runs on"
    assert at_once == CLOSE_WHILE_PENDING[bench.platform]
    assert bench.running() in (before, applied)
    bench.let_timer_fire(max(5, bench.short_s))
    assert bench.running() == before


def test_c15_leaving_the_product_s_session_undoes_what_is_not_confirmed(bench: Any) -> None:
    golden, before = drifted(bench)
    startup = bench.startup()
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)
        assert bench.running() != before
    assert bench.running() == before
    # Undoing must not save what somebody left unsaved.
    assert bench.startup() == startup
    assert seen(bench)


BAD_LINES = {
    "nftables": "table inet murenger {\n\tchain forward {\n\t\ttcp dport nonsense accept\n\t}\n}\n",
    "eos": "hostname leaf1\nip access-list CDE-IN\n   10 permit sideways any any\nend\n",
    "junos": "system {\n    host-name srx1;\n    flux-capacitor on;\n}\n",
}


def test_c19_a_bad_line_is_refused_and_nothing_is_left_behind(bench: Any) -> None:
    golden, before = drifted(bench)
    startup = bench.startup()
    with pytest.raises(RemediationError) as refused, bench.remediator().open(bench.device) as session:
        session.stage(BAD_LINES[bench.platform])
    assert "\n" not in str(refused.value)
    assert (bench.running(), bench.startup()) == (before, startup)
    # No lock and no candidate is left: the next change goes through.
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)
        session.confirm()
    assert ROGUE[bench.platform] not in bench.running()


@pytest.mark.parametrize("seconds", [0, -1, 59, 60, 61, 90])
def test_c24_a_revert_time_is_exact_or_refused(bench: Any, seconds: int) -> None:
    check_exact_or_refused(bench, seconds)


@pytest.mark.parametrize("beyond", [0, 1])
def test_c24_the_longest_revert_time_is_exact_and_a_longer_one_refused(bench: Any, beyond: int) -> None:
    check_exact_or_refused(bench, PROFILES[bench.platform].revert_max_s + beyond)


def check_exact_or_refused(bench: Any, seconds: int) -> None:
    """Ask for a revert time; where it is accepted, the device must be armed for exactly that long."""
    habits = PROFILES[bench.platform]
    fits = habits.revert_min_s <= seconds <= habits.revert_max_s and seconds % habits.revert_step_s == 0
    if not fits:
        with pytest.raises(GuardRefusedError, match="cannot be armed exactly"):
            bench.remediator().safety_net(bench.device, revert_in_s=seconds)
        return
    assert bench.remediator().safety_net(bench.device, revert_in_s=seconds) is habits.safety_net
    golden, before = drifted(bench)
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=seconds)
        applied = bench.running()
        if bench.short_s < ADVANCED_FROM_S:
            armed = bench.shell("sed -n 's/^seconds[= ]//p' /run/murenger-nft/pending.*")
            assert int(armed) == seconds
            return
        bench.advance(seconds - 2)
        assert bench.running() == applied
        bench.advance(2)
        assert bench.running() == before


def test_c25_a_commit_message_is_kept_or_refused_as_the_table_says(bench: Any) -> None:
    golden, before = drifted(bench)
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden)
        driver.compare_config()
        try:
            driver.commit_config(message="CHG-17", revert_in=60)
        except NotImplementedError:
            said = "refused"
            assert bench.running() == before
        else:
            said = "kept"
            assert message_on(bench) == "CHG-17"
            driver.rollback()
    assert said == MESSAGE_WITH_TIMER[bench.platform]


def message_on(bench: Any) -> str:
    """Return the message that the device keeps with its last commit, past every login."""
    if bench.platform == "junos":
        commits = json.loads((bench.device_dir / "commits.json").read_text(encoding="utf-8"))["commits"]
        return str(commits[0]["log"])
    data = bench.shell("sed -n 's/^data=//p' /run/murenger-nft/pending.*")
    return str(json.loads(data)["message"])


def test_c25_the_product_sends_its_message_only_where_it_harms_nothing(bench: Any) -> None:
    golden, _ = drifted(bench)
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="CHG-18", revert_in_s=60)
        if MESSAGE_WITH_TIMER[bench.platform] == "kept":
            # On Junos it could hide the remark by which the driver knows that a commit is pending.
            assert message_on(bench) == ("" if bench.platform == "junos" else "CHG-18")


def test_c26_rollback_goes_where_the_table_says(bench: Any) -> None:
    bench.type(*bench.harmless())
    unsaved = bench.running()
    golden, before = drifted(bench)
    startup = bench.startup()
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden.replace("office floor", "upper floor"))
        driver.compare_config()
        driver.commit_config()
        assert bench.running() != before
        driver.rollback()
    assert unsaved != before
    after = bench.running()
    target = "what ran before" if after == before else "a copy of startup" if body(after) == body(startup) else "?"
    assert target == ROLLBACK_GOES_TO[bench.platform]


def body(text: str) -> str:
    """Return a configuration without its header."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("! ")).strip()


def test_c26_our_own_snapshot_restores_what_ran(bench: Any) -> None:
    golden, before = drifted(bench)
    ours = bench.read().text
    for text in (golden, ours):
        with bench.remediator().open(bench.device) as session:
            session.stage(text)
            session.commit(message="contract", revert_in_s=60)
            session.confirm()
    assert bench.running() == before
