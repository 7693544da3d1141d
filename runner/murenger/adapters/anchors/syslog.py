"""A syslog receiver as an anchor: one line for each head, on a host that others administer.

Input: the head of the log. Output: the line that was sent. Syslog knows no receipt: nobody signs that the line was
kept, so it never counts as held elsewhere. What can be seen is seen: the receiver took every byte and then closed in
order, or the head is to be sent again.
Source: RFC 5424 (the line), RFC 6587 section 3.4.1 (octet counting), RFC 5425 (over TLS).
"""

import array
import contextlib
import fcntl
import os
import socket
import ssl
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from murenger.adapters.anchors.exchange import Deadline, anchor_errors, connected
from murenger.errors import AnchorError
from murenger.model import AnchorHead, Receipt, ReceiptKind
from murenger.ports import Clock

TIMEOUT_S = 20.0

# Facility 13 (log audit), severity 5 (notice).
_PRIORITY = 13 * 8 + 5
# Source: RFC 5612. Nobody has a number of ours; this one is for documentation, and the name before it is what counts.
_STRUCTURE = "murenger@32473"
_MAX_HOST_NAME = 255
_POLL_S = 0.01


class SyslogSink:
    """Port `AnchorSink` on a syslog receiver.

    Args:
        name: the sink's name in murenger.yml.
        host: the receiver's name or address; with TLS its certificate must carry it.
        port: 1 to 65535; 6514 is the usual one for TLS.
        tls_ca: certificates that may vouch for the receiver, PEM; None for plain TCP, which anybody on the way can
            read, change and swallow.
        clock: the time in the line, and how time passes.
        timeout_s: seconds for one line, everything together, > 0.
    """

    def __init__(
        self, name: str, host: str, port: int, *, tls_ca: Path | None, clock: Clock, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._name = name
        self._host = host
        self._port = port
        self._tls_ca = tls_ca
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Send the head as one line.

        Args:
            head: where the log ends.
            proof: not asked, for syslog remembers nothing that could be asked.

        Raises:
            AnchorError: the receiver is down, slow, not who it should be, answers, or closed before it took the line.
        """
        del proof
        line = self._line(head)
        deadline = Deadline(self._clock, self._timeout_s)
        with self._connection(deadline) as connection:
            connection.settimeout(deadline.remaining_s())
            connection.sendall(b"%d %b" % (len(line), line))
            _await_close(connection, deadline)
        return Receipt(
            sink=self._name,
            kind=ReceiptKind.SYSLOG,
            sequence=head.sequence,
            content=line + b"\n",
            at=None,
            held_elsewhere=False,
        )

    def state(self) -> str:
        """Return who takes connections; nothing is sent.

        Raises:
            AnchorError: nobody does, or not who it should be.
        """
        with self._connection(Deadline(self._clock, self._timeout_s)):
            return f"{self._host}:{self._port} takes {'TLS' if self._tls_ca else 'plain TCP'} connections"

    @contextlib.contextmanager
    def _connection(self, deadline: Deadline) -> Iterator[socket.socket]:
        with anchor_errors(self._name, f"{self._host}:{self._port}"):
            tls = ssl.create_default_context(cafile=self._tls_ca) if self._tls_ca else None
            with connected(self._host, self._port, deadline, tls) as connection:
                yield connection

    def _line(self, head: AnchorHead) -> bytes:
        written_at = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        values = {
            "origin": head.origin,
            "seq": str(head.sequence),
            "head": head.sha256,
            "size": str(head.size),
            "root": head.root,
        }
        if not all(value.isprintable() for value in values.values()):
            raise AnchorError(f"anchor {self._name}: a control character cannot be sent in a line of syslog")
        structure = "".join(f' {name}="{_escaped(value)}"' for name, value in values.items())
        text = f"<{_PRIORITY}>1 {written_at} {_host_name()} murenger - anchor [{_STRUCTURE}{structure}] {head.line}"
        return text.encode("utf-8")


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
