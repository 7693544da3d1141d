"""The HTTP service of a witness: small, bounded, and silent about itself.

Input: connections. Output: the witness's answers, and one short line a request on standard error.
"""

import contextlib
import http
import http.server
import io
import re
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from murenger.adapters.witness.request import MAX_REQUEST_BYTES, Answer, refusal
from murenger.adapters.witness.rules import Witness
from murenger.adapters.witness.stream import BoundedReader
from murenger.errors import ConfigError
from murenger.ports import Clock

REQUEST_S = 10.0
MAX_CONNECTIONS = 64

_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")
_LENGTH = re.compile(r"[0-9]{1,9}")
_MAX_SAID = 100
_MAX_DISCARDED = 4 * 1024 * 1024
_BLOCK = 64 * 1024


def to_stderr(line: str) -> None:
    """Write a line to standard error; a witness goes on where nobody reads it any more."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class WitnessServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves one witness until `stop`.

    Args:
        address: host and port to listen on; port 0 for any that is free.
        witness: answers requests.
        clock: how time passes.
        tls: how to speak TLS, or None for plain HTTP.
        log: takes a line for each request.
        request_s: seconds that one request may take, from the end of the one before to its last byte; and as many that
            the peer may take to receive the answer.
        places: connections at a time; a further one is closed at once.

    Raises:
        ConfigError: the address cannot be had.
    """

    allow_reuse_address = True
    request_queue_size = 128
    # Threads are waited for: an answer that was earned is given.
    daemon_threads = False
    block_on_close = True

    def __init__(
        self,
        address: tuple[str, int],
        witness: Witness,
        *,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        log: Callable[[str], None] = to_stderr,
        request_s: float = REQUEST_S,
        places: int = MAX_CONNECTIONS,
    ) -> None:
        self.witness = witness
        self.clock = clock
        self.tls = tls
        self.log = log
        self.request_s = request_s
        self._places = threading.BoundedSemaphore(places)
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            super().__init__(address, _Handler)
        except (OSError, OverflowError) as exc:
            raise ConfigError(f"cannot listen on {address[0]} port {address[1]}: {exc}", hint="--listen") from exc

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    def serve(self) -> None:
        """Answer requests until another thread calls `stop`, then end those that are under way."""
        with self:
            self.serve_forever(poll_interval=0.2)
            for connection in tuple(self._open):
                # A reader wakes up and sees the end; what is being answered is still sent. Past TLS, on purpose: its
                # own shutdown would take the keys away from the thread that writes.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RD)

    def stop(self) -> None:
        """Let `serve` return."""
        self._stopping.set()
        self.shutdown()

    @property
    def is_stopping(self) -> bool:
        """Whether no further request is to be read."""
        return self._stopping.is_set()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Give a connection a thread, or close it where all places are taken."""
        if not self._places.acquire(blocking=False):
            self.log(f"{_address(client_address)} turned away: every place is taken")
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # The machine has no thread left; the connection is closed by whoever called.
            self._places.release()
            raise

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Serve one connection in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def enter(self, connection: socket.socket) -> None:
        """Take note of a connection that may have to be woken when the service stops."""
        self._open.add(connection)

    def leave(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Report a connection that broke, in one line and without a traceback."""
        del request
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.log(f"{_address(client_address)} internal error: {type(error).__name__}; this is a defect")


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection: requests one after another, each in its own time."""

    protocol_version = "HTTP/1.1"
    server: WitnessServer

    def setup(self) -> None:
        """Make the streams; a TLS handshake happens here, in this connection's thread and time."""
        self._end_s = 0.0
        self._is_unread = False
        self._allow()
        self.connection: socket.socket = self.request
        tls = self.server.tls
        if tls is not None:
            self.connection = tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        self.server.enter(self.connection)
        self.rfile = io.BufferedReader(BoundedReader(self.connection, self._remaining_s))
        self.wfile = io.BytesIO()
        if isinstance(self.connection, ssl.SSLSocket):
            self._shake_hands(self.connection)

    def finish(self) -> None:
        """Close the connection, once the peer has had its answer."""
        with contextlib.suppress(OSError):
            if self._is_unread:
                self._linger()
        self.server.leave(self.connection)
        with contextlib.suppress(OSError):
            self.rfile.close()
            self.connection.close()

    def handle_one_request(self) -> None:
        """Read a request and answer it, or give the connection up when its time is over."""
        if self.server.is_stopping:
            self.close_connection = True
            return
        self._allow()
        try:
            super().handle_one_request()
            self._send()
        except OSError:
            # The peer was too slow, or went away; there is nobody to tell.
            self.close_connection = True

    def do_POST(self) -> None:
        """Answer add-checkpoint."""
        if self.path != "/add-checkpoint":
            self._answer(refusal(http.HTTPStatus.NOT_FOUND, "there is no such address here"), read=False)
            return
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not _LENGTH.fullmatch(length):
            self._answer(refusal(http.HTTPStatus.LENGTH_REQUIRED, "a request states its length"), read=False)
        elif int(length) > MAX_REQUEST_BYTES:
            self._answer(refusal(http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large"), read=False)
        else:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                raise ConnectionError("the request broke off")
            self._answer(self.server.witness.add_checkpoint(body))

    def do_GET(self) -> None:
        """Answer with a log's newest checkpoint."""
        found = _CHECKPOINT.fullmatch(self.path)
        missing = refusal(http.HTTPStatus.NOT_FOUND, "there is no such address here")
        has_body = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        self._answer(self.server.witness.newest(found[1]) if found else missing, read=not has_body)

    def handle_expect_100(self) -> bool:
        """Let a peer that asks first go on at once."""
        super().handle_expect_100()
        self._send()
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request of ours in plain text."""
        del explain
        self._answer(refusal(http.HTTPStatus(code), message or http.HTTPStatus(code).phrase), read=False)

    def version_string(self) -> str:
        """Return who answers, and nothing about what it is made of."""
        return "murenger-witness"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing; `_answer` says it with what was asked."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's spelling
        """Say nothing; a slow peer is no news."""

    def _answer(self, answer: Answer, *, read: bool = True) -> None:
        """Prepare an answer and log it; the connection is closed after it unless the whole request was read."""
        self._is_unread = not read
        # Without a version that it understood, the library would send the body alone.
        self.request_version = self.protocol_version
        self.close_connection = self.close_connection or not read or self.server.is_stopping
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)
        asked = f"{(self.command or '-')[:10]} {getattr(self, 'path', '-')[:_MAX_SAID]}"
        when = self.server.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{when} {_address(self.client_address)} {asked} {answer.status.value} {answer.said}"
        # Nothing that a peer wrote may end the line or steer a terminal.
        self.server.log("".join(sign if " " <= sign <= "~" else "?" for sign in line))

    def _send(self) -> None:
        """Send what was collected; what a slow disk took is not held against the peer."""
        assert isinstance(self.wfile, io.BytesIO)  # noqa: S101 - made by `setup`
        content = self.wfile.getvalue()
        self.wfile = io.BytesIO()
        if content:
            self._allow()
            self.connection.settimeout(self._remaining_s())
            self.connection.sendall(content)

    def _shake_hands(self, connection: ssl.SSLSocket) -> None:
        try:
            connection.settimeout(self._remaining_s())
            connection.do_handshake()
        except (OSError, ValueError):
            self.server.leave(connection)
            connection.close()
            raise

    def _linger(self) -> None:
        """Let the peer read its answer: closing on what it still sends would make its system throw the answer away."""
        self._allow()
        self.connection.shutdown(socket.SHUT_WR)
        left = _MAX_DISCARDED
        while left > 0 and (read := len(self.rfile.read1(_BLOCK))):
            left -= read

    def _allow(self) -> None:
        self._end_s = self.server.clock.monotonic_s() + self.server.request_s

    def _remaining_s(self) -> float:
        left = self._end_s - self.server.clock.monotonic_s()
        if left <= 0:
            raise TimeoutError("the request took too long")
        return left


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return how to speak TLS, 1.2 or later, as a server.

    Raises:
        ConfigError: a file is missing, or not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError) as exc:
        raise ConfigError(f"the certificate {certificate} with the key {key} cannot be used: {exc}") from exc
    return context


def _address(peer: object) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else "-"
