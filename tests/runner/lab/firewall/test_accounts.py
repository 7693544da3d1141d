"""The read account of the lab firewall runs the driver's read commands and nothing else.

Input: command lines, friendly and hostile. Output: allowed or not.
"""

import pathlib

import pytest

from murenger.lab.description import HEAL_ROLE, READ_ROLE
from murenger.lab.firewall import accounts
from napalm_nftables.commands import READ_COMMANDS, shell_line


@pytest.mark.parametrize("command", READ_COMMANDS)
def test_every_read_command_of_the_driver_is_allowed(command: str) -> None:
    assert accounts.is_allowed(READ_ROLE, shell_line(command))


@pytest.mark.parametrize(
    "command",
    [
        "nft list ruleset",
        "/usr/sbin/nft -s -j list ruleset",
        "nft -t list ruleset inet",
        "nft list table inet murenger",
        "nft --version",
        "uname -r",
        "hostname",
        "cat /proc/sys/kernel/osrelease",
    ],
)
def test_plain_reading_is_allowed(command: str) -> None:
    assert accounts.is_allowed(READ_ROLE, command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "sh",
        "nft flush ruleset",
        "nft -f /tmp/x",
        "nft -f - list ruleset",
        "nft -sf list ruleset",
        "nft -i list ruleset",
        "nft -I /etc list ruleset",
        "nft list ruleset; nft flush ruleset",
        "nft list ruleset\nnft flush ruleset",
        "nft list ruleset\n",
        "nft list ruleset && id",
        "nft list ruleset | tee /etc/x",
        "nft list ruleset > /etc/x",
        "nft list table inet $(id)",
        "nft list table inet `id`",
        "nft list table inet a \\; flush ruleset",
        "nft list table inet a b c d",
        "nft list hooks",
        "/tmp/nft list ruleset",
        "../sbin/nft list ruleset",
        "env LD_PRELOAD=/tmp/x.so nft list ruleset",
        "env PATH=/tmp nft list ruleset",
        "env PATH=/sbin:/tmp nft list ruleset",
        "env nft list ruleset",
        "env sh",
        "hostname evil",
        "cat /etc/shadow",
        "cat /proc/sys/../../etc/shadow",
        "cat /proc/version /etc/shadow",
        "uname -r ",
        "nft list ruleset\u00a0",
        "sudo -n nft list ruleset",
    ],
)
def test_anything_else_is_refused(command: str) -> None:
    assert not accounts.is_allowed(READ_ROLE, command)
    assert accounts.is_allowed(HEAL_ROLE, command)


def test_no_allowed_pattern_can_reach_a_file_option_of_nft() -> None:
    source = pathlib.Path(accounts.__file__).read_text(encoding="utf-8")
    flags = source.split("-[")[1].split("]")[0]
    assert not set(flags) & set("fIDicoe")
