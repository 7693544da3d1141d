"""The other ends of anchors, for tests: a time-stamping authority, syslog receivers, and peers that misbehave.

Input: a folder. Output: real peers on loopback: openssl signs the time stamps, TLS is real TLS. Everything that a peer
starts ends with its `with` block.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import http.server
import ipaddress
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from murenger.model import AnchorHead, Receipt
from murenger.ports import AnchorSink
from murenger.record.tree import merkle
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.note import SignatureType, make_key

HOST = "127.0.0.1"
DAY = datetime.timedelta(days=1)
DRIP_S = 0.05

_TSA_SETTINGS = """\
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
clock_precision_digits = {digits}
"""

ORIGIN = "fw-site1.example"

Answer = Callable[[bytes], tuple[int, bytes]]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certification authority of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.root = folder / "root.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"root of {folder.name}")])
        now = datetime.datetime.now(datetime.UTC)
        builder = self._builder(self._name, self._key, now - 2000 * DAY, now + 2000 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.root.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        not_before: datetime.datetime,
        not_after: datetime.datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
        )

    def _issue(self, name: str, extensions: dict[x509.ExtensionType, bool], days: tuple[float, float]) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key, now + days[0] * DAY, now + days[1] * DAY)
        for extension, critical in extensions.items():
            builder = builder.add_extension(extension, critical=critical)
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        pair.certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return pair

    def stamper(self, name: str = "tsa", days: tuple[float, float] = (-1, 300)) -> Pair:
        """Issue a time-stamping certificate, valid between two numbers of days from now."""
        return self._issue(name, {x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]): True}, days)

    def server(self, name: str = "server", host: str = HOST, days: tuple[float, float] = (-1, 300)) -> Pair:
        """Issue a TLS server's certificate for an address or a name."""
        try:
            named: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        return self._issue(name, {x509.SubjectAlternativeName([named]): False}, days)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stamper:
    """A time-stamping authority without its server: `openssl ts -reply`."""

    authority: Authority
    pair: Pair
    two_certificates: bool = False
    digits: int = 0

    @property
    def roots(self) -> Path:
        """The root that vouches for it."""
        return self.authority.root

    def reply(self, query: bytes) -> bytes:
        """Answer one query; a refusal is an answer, too."""
        folder = self.authority.folder
        settings = folder / "tsa.cnf"
        settings.write_text(_TSA_SETTINGS.format(folder=folder, digits=self.digits))
        asked = folder / f"{threading.get_ident()}.tsq"
        asked.write_bytes(query)
        command: list[str | Path] = ["openssl", "ts", "-reply", "-config", settings, "-queryfile", asked]
        command += ["-signer", self.pair.certificate, "-inkey", self.pair.key]
        command += ["-chain", self.roots] if self.two_certificates else []
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout

    def stamp(self, content: bytes, digest: str = "-sha256") -> bytes:
        """Stamp some bytes without a server."""
        command = ["openssl", "ts", "-query", "-data", "/dev/stdin", digest, "-cert"]
        query = subprocess.run(command, input=content, capture_output=True, check=True, timeout=30).stdout
        return self.reply(query)

    def answer(self, query: bytes) -> tuple[int, bytes]:
        """Answer as a server does."""
        return 200, self.reply(query)


@contextlib.contextmanager
def http_peer(answer: Answer, *, headers: tuple[tuple[str, str], ...] = (), tls: Pair | None = None) -> Iterator[str]:
    """Answer POSTs on loopback; yields the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is the test's own."""

    server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
    if tls:
        server.socket = _server_context(tls).wrap_socket(server.socket, server_side=True)
    with _running(server):
        yield f"http{'s' if tls else ''}://{HOST}:{server.server_address[1]}/stamp"


def _server_context(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Serve = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def tcp_peer(serve: Serve, *, tls: Pair | None = None) -> Iterator[int]:
    """Serve one connection after another on loopback; yields the port. `serve` gets an event that says: stop."""
    stop = threading.Event()
    context = _server_context(tls) if tls else None

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # Whatever a client does that is under test, the peer goes on.
            with contextlib.suppress(OSError):
                if context is None:
                    serve(self.request, stop)
                else:
                    with context.wrap_socket(self.request, server_side=True) as secured:
                        serve(secured, stop)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
            # No half-close of ours: `serve` says how a connection ends.
            self.close_request(request)

    server = Server((HOST, 0), Handler)
    with _running(server):
        try:
            yield server.server_address[1]
        finally:
            stop.set()


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """Yield a port where nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield taken.getsockname()[1]


def silent(_: socket.socket, stop: threading.Event) -> None:
    """Take the connection and do nothing with it."""
    stop.wait()


def closing(connection: socket.socket, _: threading.Event) -> None:
    """Close at once."""
    connection.close()


def dripping(connection: socket.socket, stop: threading.Event) -> None:
    """Begin an HTTP answer that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not stop.wait(DRIP_S):
        connection.sendall(b"x")


def garbage(connection: socket.socket, _: threading.Event) -> None:
    """Answer bytes that are no protocol at all."""
    connection.recv(1)
    connection.sendall(bytes(range(256)) * 16)
    _drain(connection)


def _drain(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


class SyslogReceiver:
    """A receiver of octet-counted lines that closes when its sender has ended, as rsyslog and syslog-ng do."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def serve(self, connection: socket.socket, _: threading.Event) -> None:
        """Keep what one connection brings."""
        content = b""
        while part := connection.recv(65536):
            content += part
        while content:
            count, _space, rest = content.partition(b" ")
            self.received.append(rest[: int(count)])
            content = rest[int(count) :]
        if isinstance(connection, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                connection.unwrap()


class Log:
    """A log of records that nobody keeps, and its head after any of them."""

    def __init__(self, count: int, *, origin: str = ORIGIN, salt: str = "") -> None:
        self.origin = origin
        self.key = make_key(origin, SignatureType.ED25519)
        self.contents = [f"record {number}{salt}".encode() for number in range(count)]
        self.leaves = b"".join(merkle.leaf_hash(content) for content in self.contents)

    def head(self, sequence: int, checkpoint: str | None = None) -> AnchorHead:
        """Return the head when a record was the newest, with its signed checkpoint or another text."""
        size = sequence + 1
        root = merkle.root_of(self.leaves, size)
        content = self.contents[sequence]
        signed = sign_checkpoint(Checkpoint(origin=self.origin, size=size, root=root), self.key)
        return AnchorHead(
            origin=self.origin,
            sequence=sequence,
            sha256=hashlib.sha256(content).hexdigest(),
            size=size,
            root=root.hex(),
            checkpoint=signed if checkpoint is None else checkpoint,
            record=content,
        )

    def proof(self, sequence: int) -> Callable[[int], Sequence[bytes]]:
        """Return what proves that the log up to a record continues an older one."""
        return lambda old_size: merkle.consistency_proof(self.leaves, old_size, sequence + 1)

    def submit(self, sink: AnchorSink, sequence: int, checkpoint: str | None = None) -> Receipt:
        """Give the head after a record to a sink."""
        return sink.submit(self.head(sequence, checkpoint), proof=self.proof(sequence))
