"""The TLS and HTTP side of the emulated eAPI: connections, Basic authentication, keep-alive, faults on the wire.

Input: TCP connections to the listening port. Output: replies of `eapi`, or a closed connection where the device's own
access list does not let the client in.
"""

import base64
import binascii
import http.server
import json
import pathlib
import socket
import socketserver
import ssl
import struct
import threading

from murenger.lab.eos import eapi
from murenger.lab.eos.device import Account, Device
from murenger.lab.eos.faults import Fault

_PATH = "/command-api"
_MAX_BODY_BYTES = 64 * 1024 * 1024
_IDLE_TIMEOUT_S = 300.0
_HANDSHAKE_TIMEOUT_S = 10.0
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)


def tls_context(certificate: pathlib.Path, key: pathlib.Path) -> ssl.SSLContext:
    """Return the server's TLS settings.

    Args:
        certificate: PEM chain, leaf first.
        key: PEM private key.

    Raises:
        OSError: a file is missing or is not what it should be (`ssl.SSLError` is an `OSError`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


class EapiServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serves one device on one address; each connection has a thread of its own.

    Attributes:
        device: the switch behind it.
        stopping: set when the server is to end; waits of the `slow` fault end with it.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], device: Device, context: ssl.SSLContext) -> None:
        self.device = device
        self.stopping = threading.Event()
        self._context = context
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def verify_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> bool:
        """Ask the device whether this new connection is let in; reset it otherwise."""
        address = str(client_address[0]) if isinstance(client_address, tuple) else ""
        if self.device.admits(address):
            return True
        self.device.note("connection", "", f"refused {address}")
        if isinstance(request, socket.socket):
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
            request.close()
        return False

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Shake hands in the connection's own thread, so that a silent client holds up nobody."""
        if not isinstance(request, socket.socket):
            return
        request.settimeout(_HANDSHAKE_TIMEOUT_S)
        # Head and body of a reply are two writes; without this the second waits for the client's delayed ACK.
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError as exc:
            self.device.note("connection", "", f"handshake failed: {type(exc).__name__}")
            return
        with secured:
            secured.settimeout(_IDLE_TIMEOUT_S)
            _Handler(secured, client_address, self)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Put a connection that broke into the trace; nothing is printed."""
        self.device.note("connection", "", "broken")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "murenger-lab-eos"
    server: EapiServer

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet; the trace says what happened."""

    def do_POST(self) -> None:
        """Answer one eAPI request."""
        body = self._body()
        if body is None:
            return
        if self.path != _PATH:
            self._reply(404, b"Not Found", "text/plain")
            return
        account = self._account()
        if account is None:
            self._reply(401, b"Unable to authenticate user: Bad username/password combination", "text/plain")
            return
        self._answer(account, body)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            self._reply(411 if not length else 413, b"", "text/plain")
            return None
        return self.rfile.read(int(length))

    def _account(self) -> Account | None:
        scheme, _, coded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, separator, password = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        found = self.server.device.authenticate(name, password) if separator else None
        if found is None:
            self.server.device.note("connection", "", "login refused")
        return found

    def _answer(self, account: Account, body: bytes) -> None:
        device = self.server.device
        try:
            request = eapi.parse(body)
        except eapi.BadRequestError as exc:
            self._reply(200, json.dumps(exc.reply).encode(), "application/json")
            return
        commands = [line for line, _given in request.commands]
        if device.faults.strike_on(Fault.CUT, commands):
            self._reset()
            return
        delay = device.faults.strike(Fault.SLOW)
        if isinstance(delay, int | float):
            self.server.stopping.wait(delay)
        reply = json.dumps(eapi.run(device, account, request)).encode()
        self._reply(200, reply, "application/json", broken=device.faults.strike_on(Fault.DROP, commands))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)

    def _reply(self, status: int, content: bytes, kind: str, *, broken: bool = False) -> None:
        self.send_response(status)
        if status == http.HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="COMMAND_API_AUTH"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if broken else content)
        if broken:
            self.close_connection = True
