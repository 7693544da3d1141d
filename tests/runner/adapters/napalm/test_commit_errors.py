"""A commit that failed: what the device refused is told from what nobody answered, by the libraries' own exceptions."""

import http.client
import types
from typing import Any

import paramiko
import pytest
from jnpr.junos.exception import CommitError as JunosCommitError
from jnpr.junos.exception import ConnectClosedError, RpcTimeoutError
from napalm.base.exceptions import CommitError, ConnectionClosedException
from pyeapi.eapilib import CommandError
from pyeapi.eapilib import ConnectionError as EapiConnectionError

from murenger.adapters.napalm.candidates import pending_session, take_session
from murenger.adapters.napalm.failures import commit_error
from murenger.errors import GuardRefusedError, LeaseHeldError, RemediationError, UnreachableError
from napalm_nftables.device import NftRefusedError

MARK = "murenger_0123abcd_"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        CommandError(1002, "invalid command"),
        CommitError("the device refused"),
        caused(CommitError("refused"), NftRefusedError("syntax error")),
        JunosCommitError(rsp=None, errs={"message": "commit failed"}),
    ],
)
def test_what_the_device_answered_is_a_refusal(error: Exception) -> None:
    assert type(commit_error(error, "fw1")) is RemediationError


@pytest.mark.parametrize(
    "error",
    [
        EapiConnectionError("https", "reset by peer"),
        ConnectionResetError("reset"),
        TimeoutError("timed out"),
        http.client.RemoteDisconnected("closed"),
        EOFError(),
        paramiko.SSHException("channel closed"),
        ConnectionClosedException("the connection broke"),
        caused(CommitError("no answer"), ConnectionResetError("reset")),
        ConnectClosedError(dev=types.SimpleNamespace(hostname="srx1")),
        RpcTimeoutError(dev=types.SimpleNamespace(hostname="srx1"), cmd="commit", timeout=30),
        KeyError("an answer that nobody expected"),
    ],
)
def test_what_nobody_answered_is_in_doubt(error: Exception) -> None:
    assert isinstance(commit_error(error, "fw1"), UnreachableError)


def test_secrets_do_not_pass() -> None:
    assert "hunter2hunter2" not in str(commit_error(OSError("hunter2hunter2"), "fw1", ("hunter2hunter2",)))


def test_what_is_refused_before_anything_is_applied_stays_a_guards() -> None:
    assert isinstance(commit_error(CommitError("pending commit by mallory"), "fw1"), GuardRefusedError)


class Sessions:
    """A driver that lists sessions and is told to abort some."""

    def __init__(self, states: dict[str, str], **more: object) -> None:
        self.config_session: str | None = None
        self.said: list[str] = []
        self._answer = {"sessions": {name: {"state": state} for name, state in states.items()}, **more}

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, Any]:
        self.said += [line for line in commands if encoding == "text"]
        return dict.fromkeys(commands, self._answer)


def test_a_session_carries_the_token_and_dead_ones_of_ours_are_aborted() -> None:
    driver = Sessions({f"{MARK}6_aaaaaaaa": "pending", "murenger_ffffffff_9_bbbbbbbb": "pending", "mine": "pending"})
    take_session(driver, MARK, 7)
    assert driver.said == [f"configure session {MARK}6_aaaaaaaa abort"]
    assert driver.config_session is not None
    assert driver.config_session.startswith(f"{MARK}7_")


@pytest.mark.parametrize("state", ["pending", "pendingCommitTimer"])
def test_a_holder_that_finds_a_later_ones_session_is_refused_and_touches_nothing(state: str) -> None:
    driver = Sessions({f"{MARK}8_aaaaaaaa": state, f"{MARK}6_bbbbbbbb": "pending"})
    with pytest.raises(LeaseHeldError, match="token 8, and ours is 7"):
        take_session(driver, MARK, 7)
    assert driver.said == []
    assert driver.config_session is None


@pytest.mark.parametrize("name", [f"{MARK}8_aaaaaaaa", f"{MARK}{'9' * 40}_aaaaaaaa", f"{MARK}x_aaaaaaaa"])
def test_what_is_over_or_no_token_refuses_nothing(name: str) -> None:
    driver = Sessions({name: "completed"})
    take_session(driver, MARK, 7)
    assert driver.config_session


def test_a_pending_session_is_named_by_either_release() -> None:
    assert pending_session(Sessions({"a": "committed"}, commitTimerSessionName="a")) == "a"
    assert pending_session(Sessions({"a": "completed", "b": "pendingCommitTimer"})) == "b"
    assert pending_session(Sessions({"a": "completed"})) == ""
