"""The unmodified NAPALM `eos` driver, over TLS, against the emulated switch."""

import difflib
from collections.abc import Callable
from types import SimpleNamespace

import napalm.base.exceptions
import pyeapi.eapilib
import pytest
from napalm.base.base import NetworkDriver

pytestmark = pytest.mark.lab


def running(driver: NetworkDriver) -> str:
    return str(driver.get_config(retrieve="running")["running"])


def test_facts_name_the_device(switch: SimpleNamespace) -> None:
    facts = switch.open().get_facts()
    assert (facts["hostname"], facts["vendor"], facts["model"]) == ("leaf1", "Arista", "vEOS-lab")
    assert facts["os_version"].startswith("4.33.1F")
    assert "Vlan110" in facts["interface_list"]


def test_wrong_password_is_refused_with_pyeapis_own_error(switch: SimpleNamespace) -> None:
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="Bad username/password"):
        switch.open(password="not it")


def test_unknown_user_is_refused(switch: SimpleNamespace) -> None:
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="Bad username/password"):
        switch.open("nobody", password="x")


def test_certificate_of_a_stranger_is_refused(switch: SimpleNamespace) -> None:
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        switch.open(context=switch.pki.context("stranger.pem"))


def test_enforce_verification_alone_trusts_only_the_system_authorities(switch: SimpleNamespace) -> None:
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        switch.open(context=None, enforce_verification=True)


def test_enforce_verification_accepts_the_lab_authority_once_the_system_knows_it(
    switch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(switch.pki.folder / "ca.pem"))
    assert switch.open(context=None, enforce_verification=True).is_alive() == {"is_alive": True}


def test_certificate_for_another_name_is_refused(start: Callable[..., SimpleNamespace], pki: SimpleNamespace) -> None:
    other = {"certificate": str(pki.folder / "elsewhere.pem"), "key": str(pki.folder / "leaf.key")}
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="IP address mismatch"):
        start(tls=other).open()


def test_running_config_is_equal_over_100_reads(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    assert len({running(driver) for _ in range(100)}) == 1


def test_running_config_has_header_and_end(switch: SimpleNamespace) -> None:
    text = running(switch.open("reader"))
    assert text.splitlines()[:2] == [
        "! Command: show running-config",
        "! device: leaf1 (vEOS-lab, EOS-4.33.1F)",
    ]
    assert text.endswith("!\nend\n")


def test_own_text_as_candidate_differs_in_nothing(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_replace_candidate(config=running(driver))
    assert driver.compare_config() == ""
    driver.close()


def test_hand_written_candidate_takes_the_devices_form(switch: SimpleNamespace) -> None:
    driver = switch.open()
    text = running(driver)
    lines = [line.strip() for line in text.splitlines()]
    acl = lines.index("ip access-list CDE-IN")
    # Another order of sections, other spellings, no indentation, no separators.
    acl_lines = [line.replace("192.0.2.0/24", "192.0.2.0 0.0.0.255") for line in lines[acl : acl + 8]]
    acl_lines = [line.replace("eq https", "eq 443") for line in acl_lines]
    rest = [line for line in lines[:acl] + lines[acl + 8 :] if line not in {"!", "end"}]
    driver.load_replace_candidate(config="\n".join([*acl_lines, *rest]))
    assert driver.compare_config() == ""
    driver.close()


def test_compare_shows_what_will_be_applied_and_in_evaluation_order(switch: SimpleNamespace) -> None:
    driver = switch.open()
    golden = running(driver)
    switch.ask("scenario", name="acl-permit-above-deny")
    driver.load_replace_candidate(config=golden)
    changed = [line for line in driver.compare_config().splitlines() if line[0] in "+-"]
    rule = "permit tcp 192.0.2.0/24 host 203.0.113.10"
    assert changed == [f"-   15 {rule}", f"+   40 {rule}"]
    driver.close()


@pytest.mark.parametrize("style", ["4.31", "4.33"])
def test_replace_with_timer_then_confirm_restores_golden_and_saves_it(switch: SimpleNamespace, style: str) -> None:
    switch.ask("fault", name="detail_style", value=style)
    driver = switch.open()
    golden = running(driver)
    switch.ask("scenario", name="acl-permit-above-deny")
    driver.load_replace_candidate(config=golden)
    driver.commit_config(revert_in=120)
    assert running(driver) == golden
    assert driver.has_pending_commit()
    deadline = switch.emulator.device.sessions.trial.deadline_s
    assert 118 <= deadline - switch.clock.monotonic_s() <= 120
    driver.confirm_commit()
    assert not driver.has_pending_commit()
    assert running(driver) == golden
    startup = driver.get_config(retrieve="startup")["startup"]
    assert startup.splitlines()[1:] == golden.splitlines()[1:]
    driver.close()


@pytest.mark.parametrize("style", ["4.31", "4.33"])
def test_unconfirmed_commit_ends_when_its_time_is_up(switch: SimpleNamespace, style: str) -> None:
    switch.ask("fault", name="detail_style", value=style)
    driver = switch.open()
    golden = running(driver)
    switch.ask("scenario", name="vlan")
    drifted = switch.running()
    driver.load_replace_candidate(config=golden)
    driver.commit_config(revert_in=60)
    switch.ask("advance", seconds=59)
    assert running(driver) == golden
    switch.ask("advance", seconds=2)
    assert switch.running() == drifted
    assert switch.commands("timer") == [
        f"commit timer of session {driver.config_session} expired, running configuration restored"
    ]
    assert not driver.has_pending_commit()
    with pytest.raises(napalm.base.exceptions.CommitError):
        driver.confirm_commit()
    with pytest.raises(pyeapi.eapilib.CommandError, match="does not exist"):
        driver.close()


def test_commit_waits_for_confirmation_before_startup_is_written(switch: SimpleNamespace) -> None:
    driver = switch.open()
    before = driver.get_config(retrieve="startup")["startup"]
    driver.load_merge_candidate(config="interface Ethernet3\n description other\n")
    driver.commit_config(revert_in=60)
    assert driver.get_config(retrieve="startup")["startup"] == before
    driver.confirm_commit()
    assert "description other" in driver.get_config(retrieve="startup")["startup"]


def test_confirm_from_another_login_works_with_the_stored_session_name(switch: SimpleNamespace) -> None:
    first, second = switch.open(), switch.open()
    first.load_merge_candidate(config="interface Ethernet3\n description other\n")
    first.commit_config(revert_in=60)
    with pytest.raises(napalm.base.exceptions.CommitError):
        second.confirm_commit()
    second.config_session = first.config_session
    second.confirm_commit()
    switch.ask("advance", seconds=120)
    assert "description other" in switch.running()


def test_close_aborts_an_unconfirmed_commit_at_once(switch: SimpleNamespace) -> None:
    driver = switch.open()
    before = switch.running()
    driver.load_merge_candidate(config="interface Ethernet3\n description other\n")
    driver.commit_config(revert_in=60)
    assert switch.running() != before
    driver.close()
    assert switch.running() == before
    assert not switch.open().has_pending_commit()


def test_close_drops_a_pending_session(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    driver.close()
    assert switch.emulator.device.sessions.all() == []


def test_second_timed_commit_is_refused_while_one_is_pending(switch: SimpleNamespace) -> None:
    first, second = switch.open(), switch.open()
    first.load_merge_candidate(config="vlan 10\n")
    first.commit_config(revert_in=60)
    second.load_merge_candidate(config="vlan 20\n")
    with pytest.raises(napalm.base.exceptions.CommitError):
        second.commit_config(revert_in=60)
    with pytest.raises(pyeapi.eapilib.CommandError, match="pending commit timer"):
        second.commit_config()
    assert "vlan 20" not in switch.running()


@pytest.mark.parametrize(("revert_in", "sent"), [(0, "00:00:00"), (86_400, "00:00:00")])
def test_timers_that_the_driver_wraps_to_zero_are_refused(switch: SimpleNamespace, revert_in: int, sent: str) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    with pytest.raises(pyeapi.eapilib.CommandError, match="Invalid commit timer"):
        driver.commit_config(revert_in=revert_in)
    assert switch.commands()[-1].endswith(f"commit timer {sent}")
    assert "vlan 10" not in switch.running()


def test_commit_overwrites_what_changed_meanwhile(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    switch.ask("scenario", name="description")
    driver.commit_config()
    assert "description spare" not in switch.running()


def test_rollback_returns_to_startup_and_loses_unsaved_work(switch: SimpleNamespace) -> None:
    driver = switch.open()
    at_boot = switch.running()
    switch.ask("cli", user="mallory", lines=["vlan 77"])
    driver.load_merge_candidate(config="vlan 10\n")
    driver.commit_config()
    assert "vlan 10" in switch.running()
    driver.rollback()
    assert switch.running() == at_boot


def test_rollback_with_timer_running_returns_to_what_ran_before(switch: SimpleNamespace) -> None:
    driver = switch.open()
    switch.ask("cli", user="mallory", lines=["vlan 77"])
    before = switch.running()
    driver.load_merge_candidate(config="vlan 10\n")
    driver.commit_config(revert_in=60)
    driver.rollback()
    assert switch.running() == before


def test_bad_line_is_refused_and_nothing_is_applied(switch: SimpleNamespace) -> None:
    driver = switch.open()
    before = running(driver)
    with pytest.raises(napalm.base.exceptions.ReplaceConfigException, match=r"at token 0: 'frobnicate'"):
        driver.load_replace_candidate(config=before.replace("ip routing", "frobnicate all"))
    with pytest.raises(napalm.base.exceptions.MergeConfigException, match=r"Incomplete command"):
        driver.load_merge_candidate(config="vlan 10\n name\n")
    assert switch.running() == before
    assert switch.emulator.device.sessions.all() == []


def test_foreign_session_is_listed_as_pending(switch: SimpleNamespace) -> None:
    switch.ask("scenario", name="foreign-session")
    listed = switch.open().device.run_commands(["show configuration sessions"])[0]["sessions"]
    assert listed["mallory-1"]["state"] == "pending"
    assert listed["mallory-1"]["instances"]["1"]["user"] == "mallory"


@pytest.mark.slow
def test_foreign_session_locks_the_driver_out_and_is_left_alone(switch: SimpleNamespace) -> None:
    switch.ask("scenario", name="foreign-session")
    with pytest.raises(napalm.base.exceptions.SessionLockedException):
        switch.open().load_merge_candidate(config="vlan 10\n")
    assert [session.name for session in switch.emulator.device.sessions.all()] == ["mallory-1"]


def test_message_is_refused_by_the_driver(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n")
    with pytest.raises(NotImplementedError):
        driver.commit_config(message="why")
    driver.close()


def test_50_cycles_leave_no_session_behind(switch: SimpleNamespace) -> None:
    golden = switch.running()
    for cycle in range(50):
        driver = switch.open()
        driver.load_merge_candidate(config=f"interface Ethernet3\n description cycle {cycle}\n")
        driver.commit_config(revert_in=60)
        driver.confirm_commit()
        driver.load_replace_candidate(config=golden)
        driver.commit_config()
        driver.close()
    assert len(switch.emulator.device.sessions.all()) <= 1
    assert switch.running() == golden


def test_banner_and_comment_survive_a_replace(switch: SimpleNamespace) -> None:
    driver = switch.open()
    text = running(driver).replace(
        "ip access-list CDE-IN\n", "ip access-list CDE-IN\n   !! owner: payments\n   !! ticket 4711\n"
    )
    text = text.replace("Authorised users only.", "Authorised <b>{{ users }}</b> only.")
    driver.load_replace_candidate(config=text)
    driver.commit_config()
    assert not list(difflib.unified_diff(text.splitlines(), running(driver).splitlines(), lineterm=""))


def test_candidate_is_shown_by_name_and_never_as_running(switch: SimpleNamespace) -> None:
    driver = switch.open()
    driver.load_merge_candidate(config="vlan 10\n name TEN\n")
    config = driver.get_config(retrieve="all")
    assert "name TEN" in config["candidate"]
    assert "name TEN" not in config["running"]
    driver.close()


def test_sanitized_read_holds_no_secret(switch: SimpleNamespace) -> None:
    config = switch.open("reader").get_config(retrieve="running", sanitized=True)["running"]
    assert "$6$" not in config
    assert "username healer privilege 15 role network-admin secret sha512 <removed>" in config
    assert "tacacs-server host 192.0.2.11 key 7 <removed>" in config
    assert "snmp-server community <removed> ro" in config


def test_reading_account_cannot_configure(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    before = switch.running()
    with pytest.raises(pyeapi.eapilib.CommandError, match="Authorization denied for command 'configure session"):
        driver.load_merge_candidate(config="vlan 10\n")
    with pytest.raises(pyeapi.eapilib.CommandError, match="Authorization denied for command 'write memory'"):
        driver.device.run_commands(["write memory"], encoding="text")
    assert switch.running() == before
    assert switch.emulator.device.sessions.all() == []


def test_lock_out_candidate_returns_by_timer(switch: SimpleNamespace) -> None:
    driver = switch.open()
    before = switch.running()
    driver.load_merge_candidate(config="ip access-list standard MGMT\n 5 deny any\n")
    driver.commit_config(revert_in=60)
    with pytest.raises(pyeapi.eapilib.ConnectionError):
        switch.open("reader")
    with pytest.raises(pyeapi.eapilib.ConnectionError):
        driver.confirm_commit()
    switch.ask("advance", seconds=61)
    assert switch.running() == before
    assert switch.open("reader").get_facts()["hostname"] == "leaf1"


def test_removed_account_is_locked_out_by_the_running_configuration(switch: SimpleNamespace) -> None:
    switch.open("reader")
    switch.ask("cli", user="mallory", lines=["no username reader"])
    with pytest.raises(pyeapi.eapilib.ConnectionError, match="Bad username/password"):
        switch.open("reader")


def test_hostile_descriptions_are_returned_exactly_and_can_be_replaced_with_themselves(switch: SimpleNamespace) -> None:
    driver = switch.open()
    golden = running(driver)
    switch.ask("scenario", name="hostile-description")
    hostile = running(driver)
    assert "   description {{ 7*7 }} {% for x in [] %}" in hostile
    assert "\x1b]0;title\x07" in hostile
    driver.load_replace_candidate(config=hostile)
    assert driver.compare_config() == ""
    driver.load_replace_candidate(config=golden)
    driver.commit_config()
    assert running(driver) == golden
    driver.close()


def test_interfaces_and_vlans_getters_work(switch: SimpleNamespace) -> None:
    driver = switch.open("reader")
    assert driver.get_interfaces()["Ethernet2"]["description"] == "card database db1"
    assert driver.get_vlans()["110"]["name"] == "CARD-DATA"


def test_old_release_is_refused_by_the_driver(switch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(switch.emulator.device), "release", property(lambda _self: "4.22.1F"))
    with pytest.raises(napalm.base.exceptions.UnsupportedVersion):
        switch.open()
