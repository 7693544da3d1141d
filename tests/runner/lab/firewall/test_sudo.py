"""The OpenSSH form: real accounts, real sudo, and nothing of it on the machine itself.

Input: a firewall in form netns. Output: what sudo allowed.
"""

import os
import pathlib
import pwd
from collections.abc import Callable

import pytest

from murenger.lab import firewall
from murenger.lab.bench import Bench
from murenger.lab.description import HEAL_ROLE, OTHER_ROLE, READ_ROLE

# Without root this form is not part of the lab, so its absence is no missing lab test.
pytestmark = pytest.mark.lab if os.geteuid() == 0 else pytest.mark.skip(reason="the form netns needs root")
HELPER = "/usr/local/sbin/murenger-nft"


@pytest.fixture
def root_fw1(start_fw1: Callable[[str], Bench]) -> Bench:
    return start_fw1(firewall.NETNS)


def test_logins_are_ordinary_users_whom_sudo_gives_fixed_commands_only(root_fw1: Bench) -> None:
    for role in (READ_ROLE, HEAL_ROLE):
        assert "uid=0" not in root_fw1.ssh(role, "id").stdout
        assert root_fw1.ssh(role, "nft list ruleset").returncode != 0
        assert root_fw1.ssh(role, "sudo -n nft -s list ruleset").returncode == 0
        for command in ("id", "sh -c id", "nft flush ruleset", "nft -f /dev/stdin", "cat /etc/shadow"):
            assert root_fw1.ssh(role, f"sudo -n {command}").returncode != 0, (role, command)
    assert root_fw1.ssh(READ_ROLE, f"sudo -n {HELPER} 0a status").returncode != 0


def test_heal_login_reaches_the_installed_helper_of_the_driver(root_fw1: Bench) -> None:
    done = root_fw1.ssh(HEAL_ROLE, f"sudo -n {HELPER} 0a startup")
    assert done.returncode == 0, done.stderr
    settings = firewall.in_fw(root_fw1.device_dir, ("cat", "/etc/murenger-nft.conf")).stdout
    assert settings == "startup_file=/etc/nftables.d/murenger.nft\n"
    firewall.in_fw(root_fw1.device_dir, ("sh", "-c", "echo '# kept' >/etc/nftables.d/murenger.nft"))
    assert "# kept" in root_fw1.ssh(HEAL_ROLE, f"sudo -n {HELPER} 0a startup").stdout
    owner = firewall.in_fw(root_fw1.device_dir, ("stat", "-c", "%u %a", HELPER)).stdout
    assert owner == "0 755\n"


def test_heal_login_cuts_flows(root_fw1: Bench) -> None:
    firewall.drift(root_fw1.device_dir, "open-card-db")
    held = firewall.hold(root_fw1.device_dir)
    firewall.drift(root_fw1.device_dir, "revert")
    done = root_fw1.ssh(HEAL_ROLE, "sudo -n conntrack -D -p tcp --dport 5432 -s 198.51.100.10")
    assert done.returncode == 0, done.stderr
    assert not held.is_alive(timeout_s=0.4)


def test_another_administrator_changes_rules_with_sudo(root_fw1: Bench) -> None:
    login = root_fw1.description.login(OTHER_ROLE)
    line = ("su", login.name, "-c", "sudo -n nft flush ruleset")
    firewall.in_fw(root_fw1.device_dir, line)
    assert not root_fw1.rules()


def test_machine_keeps_its_own_accounts_sudo_rules_and_programs(root_fw1: Bench) -> None:
    names = {entry.pw_name for entry in pwd.getpwall()}
    assert not names & {login.name for login in root_fw1.description.logins}
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        assert "netns" not in line.split()[1] or "fw1" not in line
    assert not pathlib.Path(HELPER).exists()
