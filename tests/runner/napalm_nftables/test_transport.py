"""A command's output arrives whole or not at all, in time or not at all."""

import socket
from typing import Any

import pytest
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    CommitError,
    ConnectionClosedException,
    ConnectionException,
)

from napalm_nftables import transport as transport_module
from napalm_nftables.options import read_options
from napalm_nftables.transport import Conversation, Transport

pytestmark = pytest.mark.lab


@pytest.fixture
def transport(firewall: Any) -> Any:
    options = read_options(firewall.options(), firewall.password)
    link = Transport(host="127.0.0.1", username="admin", password=firewall.password, timeout_s=20, options=options)
    link.open()
    yield link
    link.close()


def test_exit_code_input_and_both_outputs_are_exact(transport: Any) -> None:
    reply = transport.run("cat; printf 'e\\0\\377' >&2; exit 7", stdin=bytes(range(256)) * 5000)
    assert (reply.code, reply.stderr) == (7, b"e\0\xff")
    assert reply.stdout == bytes(range(256)) * 5000


def test_a_command_may_end_without_reading_its_input(transport: Any) -> None:
    assert transport.run("exit 3", stdin=b"x" * 10_000_000).code == 3


@pytest.mark.parametrize("line", ["echo half; kill -9 $$", "echo half; exit 200"])
def test_an_end_without_an_exit_code_raises(transport: Any, line: str) -> None:
    with pytest.raises(ConnectionClosedException):
        transport.run(line)


def test_a_command_that_takes_too_long_raises(firewall: Any) -> None:
    options = read_options(firewall.options(), "")
    slow = Transport(host="127.0.0.1", username="admin", password=firewall.password, timeout_s=1, options=options)
    slow.open()
    for line in ("sleep 20", "while echo x; do sleep 0.1; done"):
        with pytest.raises(CommandTimeoutException):
            slow.run(line)
    slow.close()


def test_more_output_than_is_believed_raises(transport: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(transport_module, "MAXIMUM_OUTPUT_BYTES", 1_000_000)
    with pytest.raises(CommandErrorException, match="more than"):
        transport.run("yes | head -n 5000000")


def test_a_server_that_never_speaks_is_given_up(firewall: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = read_options(firewall.options(port=silent.getsockname()[1]), "")
        link = Transport(host="127.0.0.1", username="admin", password="x", timeout_s=1, options=options)
        with pytest.raises(ConnectionException):
            link.open()


@pytest.mark.parametrize("moment", ["send", "finish"])
def test_a_link_cut_in_a_commit_leaves_old_rules_or_a_commit_that_reverts(
    driver: Any, firewall: Any, base: str, monkeypatch: Any, moment: str
) -> None:
    driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
    working = getattr(Conversation, moment)

    def cut(self: Any, *arguments: Any, **named: Any) -> Any:
        # The script that opens the conversation passes; the answer that commits does not.
        if moment == "finish" or named.get("end"):
            self._channel.get_transport().close()
        return working(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Conversation, moment, cut)
        with pytest.raises((ConnectionException, CommitError)):
            driver.commit_config(revert_in=2)
    # The device may still be at work; it holds its lock until it has finished or given up.
    firewall.enter("flock", "/run/murenger-nft/lock", "true")
    firewall.wait_for(lambda: "pending" not in firewall.state_files() and base in firewall.rules())
    with pytest.raises(ConnectionException):
        driver.has_pending_commit()
    driver.open()
    assert not driver.has_pending_commit()


FAKE_SYSTEMD_RUN = """\
#!/bin/sh
printf '%s\\n' "$*" >/run/systemd-run.said
for word in "$@"; do
  case $word in
    --on-active=*) seconds=${word#*=} ;;
  esac
done
while [ "$1" != sh ]; do shift; done
(sleep "$seconds"; exec "$@") </dev/null >/dev/null 2>&1 &
"""


def test_where_systemd_runs_a_second_timer_reverts_if_the_first_is_killed(
    driver: Any, firewall: Any, base: str
) -> None:
    path = "/usr/local/sbin"
    firewall.enter(
        "sh",
        "-c",
        f"mkdir -p /run/systemd/system; mount -t tmpfs tmpfs {path}; cat >{path}/systemd-run;"
        f"chmod 755 {path}/systemd-run",
        stdin=FAKE_SYSTEMD_RUN,
    )
    try:
        driver.load_replace_candidate(config=base.replace("5432 drop", "5432 accept"))
        driver.commit_config(revert_in=2)
        first = firewall.enter("sh", "-c", f"pgrep -f 'murenger-nft-time[r].*{driver.commit_id} 2 nft'").split()
        firewall.enter("kill", "-9", *first)
        assert "--on-active=2 --timer-property=AccuracySec=100ms" in firewall.enter("cat", "/run/systemd-run.said")
        firewall.wait_for(lambda: base in firewall.rules())
    finally:
        firewall.enter("sh", "-c", f"umount {path}; rm -rf /run/systemd")
