"""The unmodified NAPALM junos driver against the emulator: the behaviour murenger relies on, and the traps."""

import threading
from collections.abc import Callable
from typing import TypeAlias

import pytest
from jnpr.junos.exception import CommitError, ConnectAuthError, RpcError
from napalm.base.base import NetworkDriver
from napalm.base.exceptions import CommitConfirmException, LockError, MergeConfigException, ReplaceConfigException

from murenger.lab.junos.scenarios import DESCRIPTIONS, HOSTILE_TEXT
from murenger.lab.junos.thread import EmulatorThread

Connect: TypeAlias = Callable[..., NetworkDriver]
POLICY = "security policies from-zone untrust to-zone trust policy"


def running(driver: NetworkDriver) -> str:
    """Return the running text without its volatile header."""
    return body(driver.get_config(retrieve="running")["running"])


def body(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("## Last")).strip() + "\n"


def test_driver_opens_reads_facts_and_closes(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    facts = driver.get_facts()
    assert (facts["hostname"], facts["fqdn"], facts["model"], facts["os_version"]) == (
        "srx1",
        "srx1.example.net",
        "SRX300",
        "21.4R3-S5.4",
    )
    assert facts["interface_list"] == ["ge-0/0/0", "ge-0/0/1", "ge-0/0/2"]
    driver.close()
    wait_until(lambda: srx.operations()[-2:] == ("close-session", "closed"))


@pytest.mark.parametrize("user", ["healer", "nobody"])
def test_wrong_password_and_unknown_user_are_refused(connect: Connect, user: str) -> None:
    with pytest.raises(ConnectAuthError):
        connect(user, "wrong")


def test_a_login_that_the_configuration_lost_is_refused(srx: EmulatorThread, connect: Connect) -> None:
    srx.type("delete system login user healer", "commit")
    with pytest.raises(ConnectAuthError):
        connect()


def test_a_hundred_reads_are_equal_and_begin_with_the_volatile_header(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    reads = {driver.get_config(retrieve="running")["running"] for _ in range(100)}
    assert len(reads) == 1
    text = reads.pop()
    assert text.startswith("\n## Last commit: ")
    assert " by root\n" in text
    assert body(text) == srx.running


def test_replace_with_what_runs_is_no_difference(connect: Connect) -> None:
    driver = connect()
    driver.load_replace_candidate(config=running(driver))
    assert driver.compare_config() == ""
    driver.discard_config()


def test_replace_heals_added_and_moved_policies(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    golden = running(driver)
    srx.play("untrust-to-trust")
    srx.play("reorder")
    drifted = running(driver)
    assert drifted.index("policy temporary") < drifted.index("policy deny-all", drifted.index("policy temporary"))
    driver.load_replace_candidate(config=golden)
    difference = driver.compare_config()
    assert "-    policy temporary {" in difference
    assert "!     policy block-quarantine { ... }" in difference
    driver.commit_config(message="CHG-1")
    assert running(driver) == golden
    assert srx.lock_owner == ""
    driver.load_replace_candidate(config=golden)
    assert driver.compare_config() == ""
    driver.discard_config()


def test_rollback_restores_exactly_what_was_healed_away(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    golden = running(driver)
    srx.play("untrust-to-trust")
    drifted = running(driver)
    driver.load_replace_candidate(config=golden)
    driver.commit_config()
    driver.rollback()
    assert running(driver) == drifted


def test_merge_loads_with_replace_so_that_tags_count(connect: Connect) -> None:
    driver = connect()
    before = running(driver)
    driver.load_merge_candidate(config="system {\n    replace: name-server {\n        192.0.2.99;\n    }\n}\n")
    assert driver.compare_config() == "[edit system name-server]\n-   192.0.2.53;\n+   192.0.2.99;"
    driver.commit_config()
    assert running(driver) == before.replace("192.0.2.53;", "192.0.2.99;")


def test_set_lines_load_as_merge(connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(
        config=f"set {POLICY} allow-partner-feed description new\ndelete {POLICY} allow-published-web"
    )
    assert "+     description new;" in driver.compare_config()
    driver.discard_config()


def test_message_is_in_the_commit_log_and_the_remark_stays_readable(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(message="CHG-2 <b>&", revert_in=120)
    history = driver.device.rpc.get_commit_information()
    newest = history.find("commit-history")
    assert (newest.findtext("log"), newest.findtext("comment")) == ("CHG-2 <b>&", "commit confirmed, rollback in 2mins")
    assert (newest.findtext("user"), newest.findtext("client")) == ("healer", "netconf")
    assert driver.has_pending_commit()
    srx.fault("log-replaces-comment", True)
    assert not driver.has_pending_commit()


def test_confirm_from_another_connection_keeps_the_change(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=60)
    driver.close()
    other = connect()
    assert other.has_pending_commit()
    other.confirm_commit()
    assert not other.has_pending_commit()
    srx.advance(3600)
    assert "time-zone CET;" in running(other)


def test_unconfirmed_change_is_rolled_back_exactly_when_its_time_is_up(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    before = running(driver)
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=60)
    srx.advance(50)
    assert driver.has_pending_commit()
    assert running(driver) != before
    srx.advance(15)
    assert not driver.has_pending_commit()
    assert running(driver) == before
    newest = driver.device.rpc.get_commit_information().find("commit-history")
    assert (newest.findtext("user"), newest.findtext("client")) == ("root", "other")


def test_late_confirm_is_silent_as_on_the_device(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    before = running(driver)
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=60)
    srx.advance(61)
    driver.confirm_commit()
    assert running(driver) == before


def test_confirming_publishes_the_half_done_work_of_someone_else(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=60)
    srx.play("foreign-candidate")
    driver.confirm_commit()
    assert "policy half-done" in running(driver)


def test_commit_check_confirms_too(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=60)
    driver.device.cu.commit_check()
    srx.advance(61)
    assert "time-zone CET;" in running(driver)


def test_a_second_confirmed_commit_starts_the_timer_anew(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    for zone in ("CET", "EST"):
        driver.load_merge_candidate(config=f"system {{ time-zone {zone}; }}")
        driver.commit_config(revert_in=60)
        srx.advance(40)
    assert "time-zone EST;" in running(driver)
    srx.advance(25)
    assert "time-zone CET;" in running(driver)


def test_ninety_seconds_are_refused_and_zero_commits_for_good(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    with pytest.raises(CommitConfirmException):
        driver.commit_config(revert_in=90)
    assert srx.lock_owner == ""
    driver.discard_config()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    driver.commit_config(revert_in=0)
    assert not driver.has_pending_commit()


def test_a_candidate_left_by_a_refused_commit_blocks_the_next_lock(connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    with pytest.raises(CommitConfirmException):
        driver.commit_config(revert_in=90)
    with pytest.raises(LockError, match="configuration database modified"):
        connect().load_merge_candidate(config="system { time-zone EST; }")
    driver.discard_config()


@pytest.mark.parametrize("minutes", ["0", "65536", "-1", "x"])
def test_confirm_timeout_out_of_range_is_refused(srx: EmulatorThread, connect: Connect, minutes: str) -> None:
    driver = connect()
    before = srx.running
    with pytest.raises(RpcError):
        driver.device.rpc.commit_configuration(confirmed=True, confirm_timeout=minutes)
    assert srx.running == before


def test_two_controllers_one_wins_and_the_loser_changes_nothing(srx: EmulatorThread, connect: Connect) -> None:
    first, second = connect(), connect("second")
    first.load_merge_candidate(config="system { time-zone CET; }")
    with pytest.raises(LockError, match="configuration database locked by"):
        second.load_merge_candidate(config="system { time-zone EST; }")
    first.commit_config()
    assert "time-zone CET;" in srx.running


def test_a_lock_held_at_the_console_is_respected_both_ways(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    srx.play("foreign-lock")
    with pytest.raises(LockError, match="carol terminal pts/0"):
        driver.load_merge_candidate(config="system { time-zone CET; }")
    with pytest.raises(CommitError, match="locked by"):
        driver.device.cu.commit()
    srx.type("exit", user="carol")
    driver.load_merge_candidate(config="system { time-zone CET; }")
    with pytest.raises(ValueError, match="locked by"):
        srx.type("set system time-zone EST")
    driver.discard_config()


def test_a_dead_session_loses_its_lock_and_its_uncommitted_work(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    driver.load_merge_candidate(config="system { time-zone CET; }")
    cut(driver)
    other = connect("second", config_lock=False)
    wait_until(lambda: srx.lock_owner == "")
    assert srx.candidate == srx.running
    other.load_merge_candidate(config="system { time-zone EST; }")
    other.discard_config()


@pytest.mark.parametrize("load", ["load_replace_candidate", "load_merge_candidate"])
def test_a_bad_line_is_named_nothing_is_loaded_and_the_lock_is_free(
    srx: EmulatorThread, connect: Connect, load: str
) -> None:
    driver = connect()
    bad = "system {\n    time-zone CET;\n    host-nam oops;\n}\n"
    expected = ReplaceConfigException if "replace" in load else MergeConfigException
    with pytest.raises(expected) as refused:
        getattr(driver, load)(config=bad)
    assert refused.value.args[0][0]["bad_element"] == "host-nam"
    assert refused.value.args[0][0]["message"] == "syntax error"
    assert srx.candidate == srx.running
    assert srx.lock_owner == ""


def test_a_failed_commit_leaves_the_lock_until_discard(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    before = running(driver)
    driver.load_replace_candidate(config=before.replace("source-address partner;", "source-address ghost;"))
    with pytest.raises(CommitError) as refused:
        driver.commit_config(revert_in=60)
    assert "(ghost) not found" in str(refused.value)
    assert srx.lock_owner == "healer"
    driver.discard_config()
    assert srx.lock_owner == ""
    assert (running(driver), srx.candidate) == (before, before)
    assert not driver.has_pending_commit()


def test_foreign_work_is_visible_blocks_the_lock_and_stays(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    srx.play("foreign-candidate")
    configs = driver.get_config(retrieve="all")
    assert "policy half-done" in configs["candidate"]
    assert "policy half-done" not in configs["running"]
    assert configs["candidate"].startswith("\n## Last changed: ")
    with pytest.raises(LockError, match="configuration database modified"):
        connect().load_merge_candidate(config="system { time-zone CET; }")
    assert "policy half-done" in srx.candidate


def test_a_reader_reads_everything_and_writes_nothing(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect("reader")
    assert running(driver) == srx.running
    with pytest.raises(LockError, match="permission denied"):
        driver.load_merge_candidate(config="system { time-zone CET; }")
    for call in (driver.device.cu.commit, lambda: driver.device.cu.load("system { time-zone CET; }", format="text")):
        with pytest.raises(RpcError):
            call()
    assert srx.candidate == srx.running


def test_hostile_text_goes_round_exactly(srx: EmulatorThread, connect: Connect) -> None:
    srx.play("hostile-description")
    driver = connect()
    drifted = running(driver)
    assert drifted == srx.running
    srx.play("revert")
    assert running(driver) != drifted
    driver.load_replace_candidate(config=drifted)
    driver.commit_config()
    assert running(driver) == drifted
    interfaces = driver.device.rpc.get_interface_information()
    assert HOSTILE_TEXT in [node.text for node in interfaces.iter("description")]


def test_secret_scenario_changes_one_marked_line(srx: EmulatorThread) -> None:
    before = srx.running.splitlines()
    srx.play("secret")
    changed = [line for line in srx.running.splitlines() if line not in before]
    assert len(changed) == 1
    assert changed[0].strip().startswith('secret "$9$')
    assert changed[0].endswith("; ## SECRET-DATA")


def test_revert_undoes_every_scenario(srx: EmulatorThread, connect: Connect) -> None:
    before = srx.running
    names = [name for name in DESCRIPTIONS if name != "revert"]
    for name in names:
        srx.play("revert")
        srx.play(name)
    srx.play("revert")
    assert (srx.running, srx.candidate, srx.lock_owner) == (before, before, "")
    connect()


def test_rollback_numbers_reach_back_and_end(srx: EmulatorThread, connect: Connect) -> None:
    driver = connect()
    before = srx.running
    srx.play("secret")
    srx.play("reorder")
    driver.device.cu.rollback(2)
    assert srx.candidate == before
    assert "secret" in driver.device.cu.diff()
    driver.device.cu.rollback(0)
    with pytest.raises(RpcError):
        driver.device.cu.rollback(49)


def test_unknown_rpcs_are_refused_in_the_shape_of_junos(connect: Connect) -> None:
    driver = connect()
    for name in ("get-nonsense", "open-configuration", "edit-config"):
        with pytest.raises(RpcError) as refused:
            driver.device.rpc(f"<{name}/>")
        assert refused.value.rpc_error["message"] == "syntax error"
        assert refused.value.rpc_error["bad_element"] == name


def cut(driver: NetworkDriver) -> None:
    """Cut the driver's link below NETCONF, as a broken network does."""
    driver.device._conn._session.transport.close()  # noqa: SLF001 - the driver has no public way to its transport


def wait_until(claim: Callable[[], bool]) -> None:
    """Poll a claim for at most ten seconds."""
    deadline = threading.Event()
    for _ in range(200):
        if claim():
            return
        deadline.wait(0.05)
    raise AssertionError("it never became true")
