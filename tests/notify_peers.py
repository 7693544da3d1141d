"""The other ends of channels to people, for tests: a webhook receiver, and incidents to tell it of.

Input: how the receiver answers. Output: a real HTTP server on loopback, and what it was sent.
"""

import contextlib
import dataclasses
import datetime
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping

from tests.anchor_peers import HOST, Pair

from murenger.model import Risk, Tier, packet_from_json
from murenger.model.incident import Incident, IncidentKind, Phase, incident_id

AT = datetime.datetime(2026, 11, 22, 7, 5, 9, 120, tzinfo=datetime.UTC)
# 32 bytes that nobody keeps secret.
SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@dataclasses.dataclass(frozen=True, kw_only=True)
class Posted:
    """One request."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, object]:
        """The JSON in it."""
        said = json.loads(self.body)
        assert isinstance(said, dict)
        return said

    @property
    def incident(self) -> dict[str, object]:
        """The incident in it."""
        data = self.said["data"]
        assert isinstance(data, dict)
        return data


@dataclasses.dataclass
class Receiver:
    """What a webhook receiver was sent, and how it answers."""

    url: str = ""
    status: int | Callable[[Posted], int] = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    posted: list[Posted] = dataclasses.field(default_factory=list)
    arrived: threading.Condition = dataclasses.field(default_factory=threading.Condition)

    def wait_for(self, count: int, within_s: float = 20) -> list[Posted]:
        """Return what was sent once so much of it has come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.posted) >= count, within_s), self.posted
            return list(self.posted)


@contextlib.contextmanager
def receiving(receiver: Receiver, *, tls: Pair | None = None) -> Iterator[Receiver]:
    """Answer POSTs on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"]))
            posted = Posted(headers=dict(self.headers.items()), body=said)
            with receiver.arrived:
                receiver.posted.append(posted)
                receiver.arrived.notify_all()
            status = receiver.status(posted) if callable(receiver.status) else receiver.status
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in (*receiver.headers, ("Content-Length", str(len(receiver.body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is the test's own."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that went away."""

    server = Server((HOST, 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http{'s' if tls else ''}://{HOST}:{server.server_address[1]}/murenger?team=net"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def incident(name: str = "fw1", number: int = 1, **changes: object) -> Incident:
    """Return an incident about a device."""
    made = Incident(
        id=incident_id("site1", name),
        number=number,
        phase=Phase.OPENED if number == 1 else Phase.UPDATED,
        kind=IncidentKind.DRIFT,
        severity=Risk.HIGH,
        peak=Risk.HIGH,
        origin="site1.fw.example.net",
        device=name,
        zone="dmz",
        title=f"{name}: widening drift, 1 difference; it is being healed",
        opened_at=AT,
        at=AT + datetime.timedelta(seconds=number - 1),
        tier=Tier.WIDENING,
        summary="traffic impact: different, proven",
        details=("opened: tcp 3389 from any to 10.1.2.3", "+ rule 7"),
        action="murenger diff fw1",
        records=(4, 5),
        witnesses=(packet_from_json({"src": "192.0.2.1", "dst": "10.1.2.3", "proto": "tcp", "dport": 3389}),),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]  # a test names its own fields
