"""Lines of syslog and their way to a receiver, for anchors and for messages to people.

Input: what a line says. Output: a line of RFC 5424, sent whole over a connection of its own. Syslog knows no receipt;
what can be seen is seen: the receiver took every byte and then closed in order, or the line is to be sent again.
Source: RFC 5424 (the line), RFC 6587 section 3.4.1 (octet counting), RFC 5425 (over TLS).
"""

import array
import contextlib
import datetime
import fcntl
import os
import socket
import ssl
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path

from murenger.adapters.anchors.exchange import Deadline, connected
from murenger.ports import Clock

# Facility 13: log audit.
FACILITY = 13

# Source: RFC 5612. Nobody has a number of ours; this one is for documentation, and the name before it is what counts.
_STRUCTURE = "murenger@32473"
_MAX_HOST_NAME = 255
_POLL_S = 0.01


class SyslogClient:
    """The way to one receiver.

    Args:
        host: the receiver's name or address; with TLS its certificate must carry it.
        port: 1 to 65535; 6514 is the usual one for TLS.
        tls_ca: certificates that may vouch for the receiver, PEM; None for plain TCP, which anybody on the way can
            read, change and swallow.
        clock: how time passes.
        timeout_s: seconds for one line, everything together, > 0.
    """

    def __init__(self, host: str, port: int, *, tls_ca: Path | None, clock: Clock, timeout_s: float) -> None:
        self._host = host
        self._port = port
        self._tls_ca = tls_ca
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def peer(self) -> str:
        """The receiver's host and port."""
        return f"{self._host}:{self._port}"

    def send(self, line: bytes) -> None:
        """Send one line, and wait until the receiver has taken it.

        Raises:
            OSError: the receiver is down, slow, not who it should be, answers, or closed before it took the line.
            ValueError: the host is none.
        """
        deadline = Deadline(self._clock, self._timeout_s)
        with self._connection(deadline) as connection:
            connection.settimeout(deadline.remaining_s())
            connection.sendall(b"%d %b" % (len(line), line))
            _await_close(connection, deadline)

    def state(self) -> str:
        """Return who takes connections; nothing is sent.

        Raises:
            OSError: nobody does, or not who it should be.
            ValueError: the host is none.
        """
        with self._connection(Deadline(self._clock, self._timeout_s)):
            return f"{self.peer} takes {'TLS' if self._tls_ca else 'plain TCP'} connections"

    @contextlib.contextmanager
    def _connection(self, deadline: Deadline) -> Iterator[socket.socket]:
        tls = ssl.create_default_context(cafile=self._tls_ca) if self._tls_ca else None
        with connected(self._host, self._port, deadline, tls) as connection:
            yield connection


def syslog_line(
    *, severity: int, at: datetime.datetime, message_id: str, values: Mapping[str, str], text: str
) -> bytes:
    """Return one line of RFC 5424.

    Args:
        severity: 0 (emergency) to 7 (debug).
        at: the time in the line.
        message_id: what kind of line it is: printable ASCII without blanks.
        values: what the line says as structured data; names are printable ASCII without `=`, blank, `]` and `"`.
        text: the free text behind it.

    Raises:
        ValueError: a value or the text holds a control character.
    """
    if not all(value.isprintable() for value in (text, *values.values())):
        raise ValueError("a control character cannot be sent in a line of syslog")
    written_at = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    structure = "".join(f' {name}="{_escaped(value)}"' for name, value in values.items())
    priority = FACILITY * 8 + severity
    line = f"<{priority}>1 {written_at} {_host_name()} murenger - {message_id} [{_STRUCTURE}{structure}] {text}"
    return line.encode("utf-8")


def _escaped(value: str) -> str:
    # Source: RFC 5424, section 6.3.3: these three and no others.
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _host_name() -> str:
    name = socket.gethostname()
    clean = "".join(sign for sign in name if sign.isascii() and sign.isprintable() and sign != " ")
    return clean[:_MAX_HOST_NAME] or "-"


def _await_close(connection: socket.socket, deadline: Deadline) -> None:
    """Say that this was all, and wait until the peer closes in its turn.

    A receiver that closes before it has read everything makes its kernel reset the connection, and bytes that came
    after its close are never acknowledged: both are told from an orderly end.
    """
    connection.settimeout(deadline.remaining_s())
    if isinstance(connection, ssl.SSLSocket):
        _end_tls(connection)
    # The plain socket's own methods, for TLS is over.
    try:
        socket.socket.shutdown(connection, socket.SHUT_WR)
    except OSError as exc:
        raise ConnectionResetError("reset the connection before it had taken the line") from exc
    connection.settimeout(deadline.remaining_s())
    if socket.socket.recv(connection, 1):
        raise ConnectionError("answers: not a syslog receiver")
    while _unacknowledged_bytes(connection):
        deadline.pause(_POLL_S)


def _end_tls(connection: ssl.SSLSocket) -> None:
    try:
        connection.unwrap()
    except ssl.SSLEOFError:
        # Many receivers close without the farewell that TLS asks for. Nothing that they say is of interest, so nothing
        # can be cut off. Somebody on the way could close in the same manner: one more reason why syslog never counts.
        return


def _unacknowledged_bytes(connection: socket.socket) -> int:
    failure = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failure:
        raise ConnectionResetError(f"closed before it had taken the line: {os.strerror(failure)}")
    waiting = array.array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, waiting)
    return waiting[0]
