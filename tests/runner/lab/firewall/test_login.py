"""Logging in to the lab firewall with the system's own OpenSSH client.

Input: a running firewall. Output: commands that ran, were refused, or could not even be asked for.
"""

import os
import pathlib
import subprocess
import time

import pytest

from murenger.lab import firewall
from murenger.lab.bench import Bench
from murenger.lab.description import HEAL_ROLE, READ_ROLE

pytestmark = pytest.mark.lab
DEADLINE_S = 10.0


def by_password(fw1: Bench, user: str, password: str, tmp_path: pathlib.Path) -> subprocess.CompletedProcess[str]:
    answer = tmp_path / "answer"
    answer.write_text('#!/bin/sh\nprintf "%s\\n" "$LAB_PASSWORD"\n')
    answer.chmod(0o700)
    environment = os.environ | {"SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force", "LAB_PASSWORD": password}
    options = ("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1")
    line = [word.replace("PasswordAuthentication=no", "PasswordAuthentication=yes") for word in fw1.ssh_argv(READ_ROLE)]
    return subprocess.run(
        [*line[:-1], *options, f"{user}@127.0.0.1", "uname -n"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )


def test_host_key_is_the_one_in_known_hosts_and_the_name_is_the_device_name(fw1: Bench) -> None:
    done = fw1.ssh(READ_ROLE, "uname -n")
    assert (done.returncode, done.stdout.strip()) == (0, "fw1"), done.stderr


def test_each_login_has_its_own_password_and_no_other_opens_it(fw1: Bench, tmp_path: pathlib.Path) -> None:
    for login in fw1.description.logins:
        done = by_password(fw1, login.name, login.password, tmp_path)
        assert (done.returncode, done.stdout.strip()) == (0, "fw1"), done.stderr
    reader, healer = fw1.description.login(READ_ROLE), fw1.description.login(HEAL_ROLE)
    assert by_password(fw1, healer.name, reader.password, tmp_path).returncode == 255
    assert by_password(fw1, "root", healer.password, tmp_path).returncode == 255
    assert by_password(fw1, reader.name, "", tmp_path).returncode == 255


def test_key_of_the_read_login_does_not_open_the_heal_login(fw1: Bench) -> None:
    line = fw1.ssh_argv(READ_ROLE, user=fw1.description.login(HEAL_ROLE).name)
    assert subprocess.run([*line, "true"], capture_output=True, check=False, timeout=30).returncode == 255


@pytest.mark.parametrize("command", ["nft -s list ruleset", "nft -s -j list ruleset"])
def test_read_login_lists(fw1: Bench, command: str) -> None:
    prefix = "sudo -n " if fw1.description.form == firewall.NETNS else ""
    done = fw1.ssh(READ_ROLE, prefix + command)
    assert done.returncode == 0, done.stderr
    assert "murenger" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "nft flush ruleset",
        "nft -f -",
        "nft list ruleset; nft flush ruleset",
        "conntrack -F",
        "sh -c 'nft flush ruleset'",
    ],
)
def test_read_login_changes_nothing(fw1: Bench, command: str) -> None:
    before = fw1.rules()
    sudo = "sudo -n " if fw1.description.form == firewall.NETNS else ""
    done = fw1.ssh(READ_ROLE, sudo + command, stdin="flush ruleset\n")
    assert done.returncode != 0 or ";" in command
    assert fw1.rules() == before


def test_read_login_changes_nothing_through_a_shell_either(fw1: Bench) -> None:
    before = fw1.rules()
    line = fw1.ssh_argv(READ_ROLE, "-tt")
    done = subprocess.run(
        line, input="nft flush ruleset\nuname -n\nexit\n", capture_output=True, text=True, check=False, timeout=30
    )
    assert "fw1" in done.stdout
    assert fw1.rules() == before


def test_heal_login_changes_rules_directly_only_where_it_is_root(fw1: Bench) -> None:
    done = fw1.ssh(HEAL_ROLE, "nft -f -", stdin="add table inet scratch\n")
    allowed = fw1.description.form == firewall.USERNS
    assert (done.returncode == 0) is allowed, done.stderr
    assert ("table inet scratch" in fw1.rules()) is allowed


def test_exec_channel_keeps_streams_and_exit_codes_apart(fw1: Bench) -> None:
    done = fw1.ssh(HEAL_ROLE, "cat; echo complaint >&2; exit 7", stdin="x" * 300_000)
    assert (done.returncode, len(done.stdout), done.stderr) == (7, 300_000, "complaint\n")
    assert fw1.ssh(HEAL_ROLE, "kill -9 $$").returncode == 255


def test_shell_runs_on_a_terminal_of_its_own(fw1: Bench) -> None:
    line = fw1.ssh_argv(HEAL_ROLE, "-tt")
    done = subprocess.run(line, input="tty\nexit 5\n", capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 5
    assert "/dev/pts/" in done.stdout


def test_command_outlives_a_lost_link(fw1: Bench) -> None:
    line = fw1.ssh_argv(HEAL_ROLE)
    command = "echo begun; sleep 1; touch /tmp/outlived"
    with subprocess.Popen([*line, command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"begun\n"
        client.kill()
    deadline = time.monotonic() + DEADLINE_S
    while firewall.in_fw(fw1.device_dir, ("test", "-e", "/tmp/outlived"), check=False).code != 0:
        assert time.monotonic() < deadline, "the command died with its link"
        time.sleep(0.05)


def test_lockout_blocks_new_logins_through_the_loopback_port_while_the_old_one_lives(fw1: Bench) -> None:
    line = fw1.ssh_argv(HEAL_ROLE)
    with subprocess.Popen([*line, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as old:
        assert old.stdin is not None
        assert old.stdout is not None
        old.stdin.write(b"before\n")
        old.stdin.flush()
        assert old.stdout.readline() == b"before\n"
        firewall.drift(fw1.device_dir, "lockout")
        refused = fw1.ssh(HEAL_ROLE, "true")
        assert refused.returncode == 255
        assert "timed out" in refused.stderr
        old.stdin.write(b"after\n")
        old.stdin.flush()
        assert old.stdout.readline() == b"after\n"
        firewall.drift(fw1.device_dir, "revert")
        assert fw1.ssh(HEAL_ROLE, "true").returncode == 0
        old.stdin.close()


def test_login_cannot_change_the_machine_behind_the_lab(fw1: Bench, tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "mark"
    mark.write_text("untouched")
    script = f"echo changed >{mark}; echo x >>/etc/nftables.conf; echo x >>/etc/passwd; touch /usr/lab-was-here"
    before = pathlib.Path("/etc/passwd").read_bytes()
    firewall.in_fw(fw1.device_dir, ("sh", "-c", script), check=False)
    assert mark.read_text() == "untouched"
    assert pathlib.Path("/etc/passwd").read_bytes() == before
    assert not pathlib.Path("/usr/lab-was-here").exists()
    assert firewall.in_fw(fw1.device_dir, ("tail", "-n1", "/etc/nftables.conf")).stdout == "x\n"


def test_rules_can_be_canonicalised_in_a_throw_away_namespace(fw1: Bench) -> None:
    script = "nft -f - && nft -s list ruleset"
    hand_written = "table inet t { set s { type ipv4_addr; elements = { 192.0.2.9, 192.0.2.1 }\n}\n}\n"
    done = firewall.in_fw(fw1.device_dir, ("unshare", "-n", "sh", "-c", script), stdin=hand_written)
    assert "192.0.2.1, 192.0.2.9" in done.stdout
    assert "table inet t " not in fw1.rules()
