"""Carry commands to a device over SSH exec channels, whole or not at all.

Input: a shell line, and text for its standard input. Output: exit code, standard output and standard error, exact.
netmiko makes and checks the connection; commands do not use its terminal, where prompts, echo and width would mix with
the output. Every wait has a time limit, and a channel that ends without an exit code raises.
"""

import secrets
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import paramiko
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
    ConnectTimeoutError,
)
from netmiko import BaseConnection, ConnectHandler
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoTimeoutException

from napalm_nftables.options import Options

MAXIMUM_OUTPUT_BYTES = 64 * 1024 * 1024
"""Longest output of one command, in bytes; a device that sends more is not believed."""

_CHUNK_BYTES = 65536
_HOST_KEY_WORDS = ("host key", "known_hosts", "unknown server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a command left behind.

    Attributes:
        code: its exit code, 0..255.
        stdout: its standard output, complete.
        stderr: its standard error, complete, without sudo's prompt.
    """

    code: int
    stdout: bytes
    stderr: bytes


class Conversation:
    """One running command, spoken with in turns.

    Args:
        channel: an exec channel whose command was just started.
        timeout_s: seconds that the whole conversation may take.
        prompt: what sudo prints when it wants a password.
        password: the answer; empty when none may be given.
    """

    def __init__(self, channel: paramiko.Channel, *, timeout_s: float, prompt: bytes, password: str) -> None:
        self._channel = channel
        self._deadline = time.monotonic() + timeout_s
        self._prompt = prompt
        self._password = password
        self._answered = False
        self._out = bytearray()
        self._err = bytearray()

    def __enter__(self) -> Self:
        """Speak; the channel is closed at the end, whatever happens."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the channel: a command that still reads sees its input end."""
        self._channel.close()

    def read_until(self, line: bytes) -> bytes | None:
        """Read standard output up to a line.

        Args:
            line: the whole line, without its end.

        Returns:
            What came before it; None if the command ended first.

        Raises:
            CommandTimeoutException: time ran out.
            ConnectionClosedException: the connection broke.
        """
        wanted = line + b"\n"

        def found() -> int:
            if self._out.startswith(wanted):
                return 0
            at = self._out.find(b"\n" + wanted)
            return at + 1 if at >= 0 else -1

        self._pump(lambda: found() >= 0 or self._at_end())
        at = found()
        if at < 0:
            return None
        before = bytes(self._out[:at])
        del self._out[: at + len(wanted)]
        return before

    def send(self, data: bytes, *, end: bool) -> None:
        """Send to standard input.

        Args:
            data: the bytes.
            end: close standard input after them.

        Raises:
            CommandTimeoutException: time ran out.
            ConnectionClosedException: the connection broke.
        """
        rest = memoryview(data)
        try:
            while rest and not self._channel.closed:
                if self._channel.send_ready():
                    rest = rest[self._channel.send(bytes(rest[:_CHUNK_BYTES])) :]
                else:
                    self._take(0.02)
            if end and not self._channel.closed:
                self._channel.shutdown_write()
        except (OSError, EOFError) as error:
            # A command that ended early says why by its exit code; finish() reads it.
            if not self._channel.exit_status_ready():
                raise ConnectionClosedException("the connection broke while sending") from error

    def finish(self) -> Reply:
        """Wait for the end of the command.

        Raises:
            CommandTimeoutException: time ran out.
            ConnectionClosedException: the channel ended without an exit code.
        """
        self._pump(self._at_end)
        if not self._channel.exit_status_ready():
            raise ConnectionClosedException("the connection broke before the command ended")
        code = self._channel.recv_exit_status()
        if code < 0:
            raise ConnectionClosedException("the command ended without an exit code")
        stderr = bytes(self._err).replace(self._prompt, b"")
        return Reply(code=code, stdout=bytes(self._out), stderr=stderr)

    def _at_end(self) -> bool:
        channel = self._channel
        drained = not channel.recv_ready() and not channel.recv_stderr_ready()
        return drained and bool(channel.closed or (channel.eof_received and channel.exit_status_ready()))

    def _pump(self, done: Callable[[], bool]) -> None:
        while not done():
            self._take(0.2)

    def _take(self, wait_s: float) -> None:
        """Take what has arrived; answer sudo once."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise CommandTimeoutException("the device did not answer in time")
        transport = self._channel.get_transport()
        if not transport.is_active() and not self._channel.recv_ready():
            raise ConnectionClosedException("the connection broke")
        # eof_received makes the descriptor readable for ever; then only the exit code is waited for.
        if self._channel.eof_received and not self._channel.recv_ready() and not self._channel.recv_stderr_ready():
            self._channel.status_event.wait(min(wait_s, left_s))
            return
        select.select([self._channel], [], [], min(wait_s, left_s))
        if self._channel.recv_ready():
            self._out += self._channel.recv(_CHUNK_BYTES)
        if self._channel.recv_stderr_ready():
            self._err += self._channel.recv_stderr(_CHUNK_BYTES)
            self._answer()
        if len(self._out) + len(self._err) > MAXIMUM_OUTPUT_BYTES:
            raise CommandErrorException(f"the device sent more than {MAXIMUM_OUTPUT_BYTES} bytes")

    def _answer(self) -> None:
        prompts = self._err.count(self._prompt)
        if prompts > int(self._answered):
            if self._answered:
                raise ConnectAuthError("sudo on the device refused the password")
            if not self._password:
                raise ConnectAuthError("sudo on the device wants a password; set sudo_password or a NOPASSWD rule")
            self._answered = True
            self._channel.sendall(self._password.encode() + b"\n")


class Transport:
    """An SSH connection to one device.

    Args:
        host: name or address.
        username: login.
        password: its password; empty with a key.
        timeout_s: seconds for the connection, and for each command.
        options: the driver's options.
    """

    def __init__(self, *, host: str, username: str, password: str, timeout_s: float, options: Options) -> None:
        self._host = host
        self._username = username
        self._password = password
        self._timeout_s = timeout_s
        self._options = options
        self._connection: BaseConnection | None = None
        self._prompt = f"[napalm_nftables {secrets.token_hex(8)}] "

    @property
    def sudo(self) -> tuple[str, ...]:
        """The words that raise privileges; empty without sudo."""
        return ("sudo", "-S", "-p", self._prompt, "--") if self._options.sudo else ()

    def open(self) -> None:
        """Connect and log in.

        Raises:
            ConnectAuthError: the device refused the login.
            ConnectTimeoutError: it did not answer in time.
            ConnectionException: any other failure; a host key that is unknown or differs is named as such.
        """
        limits = dict.fromkeys(("conn_timeout", "auth_timeout", "banner_timeout"), self._timeout_s)
        # Commands never touch netmiko's terminal, so it is not searched for a prompt, which may look like anything.
        try:
            connection = ConnectHandler(
                device_type="linux",
                host=self._host,
                username=self._username,
                password=self._password,
                auto_connect=False,
                **{**limits, **self._options.connection},
            )
        except ValueError as error:
            raise ConnectionException(f"the connection options cannot be used: {error}") from error
        try:
            connection.establish_connection()
        except NetmikoAuthenticationException as error:
            raise ConnectAuthError(f"{self._host} refused the login of {self._username}") from error
        except (NetmikoTimeoutException, paramiko.SSHException, OSError, EOFError) as error:
            connection.paramiko_cleanup()
            raise self._connect_error(error) from error
        self._connection = connection

    def close(self) -> None:
        """Close the connection; closing a closed one does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.paramiko_cleanup()

    def is_alive(self) -> bool:
        """Say whether the connection is up: the server is asked for a channel, which is closed unused."""
        transport = self._ssh_transport()
        if transport is None or not transport.is_active():
            return False
        # Not by paramiko's send_ignore: its message is malformed (RFC 4253 section 11.2 wants a string), and a strict
        # server ends the connection over it.
        try:
            transport.open_session(timeout=self._timeout_s).close()
        except (OSError, EOFError, paramiko.SSHException):
            return False
        return True

    def run(self, line: str, *, stdin: bytes = b"") -> Reply:
        """Run one command to its end.

        Args:
            line: the shell line.
            stdin: what it reads; a command that sudo asks a password for must read nothing.

        Raises:
            CommandTimeoutException: time ran out.
            ConnectionClosedException: the connection broke, or there is none.
        """
        with self.converse(line) as conversation:
            if stdin:
                conversation.send(stdin, end=True)
            return conversation.finish()

    def converse(self, line: str) -> Conversation:
        """Start a command to speak with.

        Args:
            line: the shell line.

        Raises:
            ConnectionClosedException: the connection broke, or there is none.
        """
        transport = self._ssh_transport()
        if transport is None:
            raise ConnectionClosedException(f"no connection to {self._host} is open")
        try:
            channel = transport.open_session(timeout=self._timeout_s)
            channel.settimeout(self._timeout_s)
            channel.exec_command(line)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise ConnectionClosedException(f"{self._host} opened no channel for a command") from error
        password = self._options.sudo_password
        return Conversation(channel, timeout_s=self._timeout_s, prompt=self._prompt.encode(), password=password)

    def _ssh_transport(self) -> paramiko.Transport | None:
        client = getattr(self._connection, "remote_conn_pre", None)
        return client.get_transport() if isinstance(client, paramiko.SSHClient) else None

    def _connect_error(self, error: Exception) -> ConnectionException:
        text = str(error)
        if any(word in text.lower() for word in _HOST_KEY_WORDS):
            return ConnectionException(f"the host key of {self._host} is unknown or is not the one expected")
        cause = error.__context__
        if isinstance(cause, TimeoutError) or "timed out" in text.lower():
            return ConnectTimeoutError(f"{self._host} did not answer within {self._timeout_s} s")
        return ConnectionException(f"cannot connect to {self._host}: {cause or error}".partition("\n")[0])
