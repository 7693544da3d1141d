"""What the driver reads is exact, and reading changes nothing."""

import json
from typing import Any

import napalm
import pytest
from napalm.base.exceptions import CommandErrorException, ConnectAuthError, ConnectionException, ReplaceConfigException

from napalm_nftables import NftablesDriver
from napalm_nftables.commands import READ_COMMANDS

pytestmark = pytest.mark.lab


def test_napalm_finds_the_driver_by_name() -> None:
    assert napalm.get_network_driver("nftables") is NftablesDriver


def test_running_is_the_whole_rule_set_and_stable(driver: Any, base: str) -> None:
    first = driver.get_config(retrieve="running")
    assert base in first["running"]
    assert "table ip container" in first["running"]
    assert first["startup"] == first["candidate"] == ""
    assert all(driver.get_config(retrieve="running") == first for _ in range(100))


def test_facts_are_complete(driver: Any) -> None:
    facts = driver.get_facts()
    assert facts["uptime"] > 0
    assert facts["os_version"].startswith("nftables v")
    assert facts["interface_list"] == ["lo"]
    assert facts["hostname"]


def test_text_and_json_come_from_the_same_rules(driver: Any) -> None:
    objects = json.loads(driver.list_json())["nftables"]
    assert sum("rule" in item for item in objects) == 6


def test_reading_and_comparing_leave_nothing_on_the_device(driver: Any, firewall: Any, base: str) -> None:
    driver.get_facts()
    driver.get_config()
    driver.load_replace_candidate(config=base.replace("tcp dport 5432 drop", "tcp dport 5432 accept"))
    driver.compare_config()
    driver.canonicalise(base)
    assert not driver.has_pending_commit()
    driver.discard_config()
    assert firewall.state_files() == set()
    assert base in firewall.rules()


def test_an_empty_rule_set_is_an_answer_and_no_error(driver: Any, firewall: Any) -> None:
    firewall.enter("nft", "flush", "ruleset")
    assert driver.get_config(retrieve="running")["running"] == ""


def test_comments_are_taken_out_when_sanitized(driver: Any) -> None:
    text = driver.get_config(retrieve="running", sanitized=True)["running"]
    assert "front" not in text
    assert 'comment "<removed>"' in text


def test_only_read_commands_are_run(driver: Any) -> None:
    assert "table inet murenger" in driver.cli([READ_COMMANDS[0]])[READ_COMMANDS[0]]
    with pytest.raises(CommandErrorException, match="only read commands"):
        driver.cli([READ_COMMANDS[0], "nft flush ruleset"])


def test_a_wrong_password_is_an_authentication_error(make_driver: Any) -> None:
    with pytest.raises(ConnectAuthError):
        make_driver(password="not it").open()


def test_another_host_key_is_refused_by_name(make_driver: Any, tmp_path: Any, firewall: Any) -> None:
    ours = firewall.known_hosts.read_text(encoding="utf-8")
    other = tmp_path / "known_hosts"
    text = ours.split("ssh-ed25519")[0]
    other.write_text(f"{text}ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n")
    for options in ({"ssh_strict": True}, {"ssh_strict": False}):
        with pytest.raises(ConnectionException, match="host key"):
            make_driver(alt_key_file=str(other), **options).open()


def test_an_unknown_host_key_is_refused_by_default(make_driver: Any, tmp_path: Any) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ConnectionException, match="host key"):
        make_driver(alt_key_file=str(tmp_path / "empty")).open()


def test_nobody_listening_is_a_connection_error(make_driver: Any, closed_port: int) -> None:
    with pytest.raises(ConnectionException):
        make_driver(port=closed_port).open()


def test_is_alive_tells_open_from_closed(driver: Any) -> None:
    assert all(driver.is_alive() == {"is_alive": True} for _ in range(5))
    assert driver.get_config(retrieve="running")["running"]
    driver.close()
    assert driver.is_alive() == {"is_alive": False}
    with pytest.raises(ConnectionException):
        driver.get_config(retrieve="running")


def test_canonical_form_is_the_kernels_and_a_fixed_point(driver: Any, base: str) -> None:
    by_hand = """
    define WEB = { 443, http }
    table inet murenger { # a comment
      set allowed { type ipv4_addr; flags interval; elements = { 198.51.100.7/32, 192.0.2.0/24 }; }
      set banned { type ipv4_addr; size 1024; flags dynamic, timeout; timeout 60m; }
      chain input {
        type filter hook input priority 0; policy accept;
        ct state related,established accept
        ip saddr @banned drop
        tcp dport ssh accept
        ip saddr @allowed tcp dport $WEB accept comment "web { front"
        tcp dport postgresql drop
      }
    }
    """
    canonical = driver.canonicalise(by_hand)
    assert canonical == base
    assert driver.canonicalise(canonical) == canonical
    driver.load_replace_candidate(config=by_hand)
    assert driver.compare_config() == ""


def test_canonicalising_an_include_is_refused(driver: Any) -> None:
    with pytest.raises(ReplaceConfigException, match="include"):
        driver.canonicalise('include "/etc/passwd"\n')
