"""A head goes out as one line of RFC 5424, and is sent again unless the receiver took all of it."""

import contextlib
import dataclasses
import datetime
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import anchor_peers as peers

from murenger.adapters.anchors.syslog import SyslogSink
from murenger.adapters.clock import SystemClock
from murenger.errors import AnchorError

NOW = datetime.datetime(2026, 11, 22, 7, 5, 9, 120, tzinfo=datetime.UTC)
LOG = peers.Log(3)
# Source: RFC 5424, section 6: what a strict receiver takes.
LINE = re.compile(
    r"<(?P<priority>\d{1,3})>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128})"
    r" (?P<message_id>[!-~]{1,32}) \[(?P<id>[!-~]{1,32})(?P<parameters>(?: [!-~]+=\"(?:\\[\"\\\]]|[^\"\\\]])*\")*)\]"
    r" (?P<text>.*)"
)
PARAMETER = re.compile(r" ([!-~]+?)=\"((?:\\.|[^\"\\\]])*)\"")


class StoppedClock(SystemClock):
    """A clock that always shows the same time of day; seconds still pass."""

    def now(self) -> datetime.datetime:
        return NOW


def sink_at(port: int, tls_ca: Path | None = None, host: str = peers.HOST, timeout_s: float = 3) -> SyslogSink:
    return SyslogSink("siem", host, port, tls_ca=tls_ca, clock=StoppedClock(), timeout_s=timeout_s)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> peers.Authority:
    return peers.Authority(tmp_path_factory.mktemp("authority"))


def parameters(line: bytes) -> dict[str, str]:
    found = LINE.fullmatch(line.decode())
    assert found, line
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in PARAMETER.findall(found["parameters"])}


def test_the_line_is_rfc_5424_and_names_the_head() -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve) as port:
        receipt = LOG.submit(sink_at(port), 2)
    head = LOG.head(2)
    assert receipt.content == receiver.received[0] + b"\n"
    found = LINE.fullmatch(receiver.received[0].decode())
    assert found
    assert (found["priority"], found["time"], found["app"]) == ("109", "2026-11-22T07:05:09.000120Z", "murenger")
    assert found["text"] == head.line
    assert parameters(receiver.received[0]) == {
        "origin": head.origin,
        "seq": "2",
        "head": head.sha256,
        "size": "3",
        "root": head.root,
    }


@pytest.mark.parametrize("origin", ['a"b', "a\\b", "a]b", '\\"]', 'a] evil="1"] x', "größe", "a=b [c]"])
def test_an_odd_name_of_a_log_stays_inside_its_quotes(origin: str) -> None:
    receiver = peers.SyslogReceiver()
    head = dataclasses.replace(LOG.head(1), origin=origin)
    with peers.tcp_peer(receiver.serve) as port:
        sink_at(port).submit(head, proof=LOG.proof(1))
    assert parameters(receiver.received[0])["origin"] == origin
    assert set(parameters(receiver.received[0])) == {"origin", "seq", "head", "size", "root"}


@pytest.mark.parametrize("origin", ["a\nb", "a\x00b", "a\x1bb"])
def test_a_name_with_control_characters_is_not_sent(origin: str) -> None:
    receiver = peers.SyslogReceiver()
    head = dataclasses.replace(LOG.head(1), origin=origin)
    with peers.tcp_peer(receiver.serve) as port, pytest.raises(AnchorError, match="control character"):
        sink_at(port).submit(head, proof=LOG.proof(1))
    assert not receiver.received


def test_several_heads_arrive_one_by_one() -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve) as port:
        sent = [LOG.submit(sink_at(port), number).content for number in range(3)]
    assert [line + b"\n" for line in receiver.received] == sent


def test_tls_counts_with_the_authority_that_was_named(authority: peers.Authority) -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve, tls=authority.server()) as port:
        LOG.submit(sink_at(port, authority.root), 1)
    assert len(receiver.received) == 1


def test_a_receiver_without_the_farewell_of_tls_is_good_enough(authority: peers.Authority) -> None:
    received = []

    def serve(connection: socket.socket, _: threading.Event) -> None:
        while part := connection.recv(65536):
            received.append(part)
        connection.close()

    with peers.tcp_peer(serve, tls=authority.server()) as port:
        LOG.submit(sink_at(port, authority.root), 1)
    assert received


@pytest.mark.parametrize(
    ("name", "host", "days"),
    [("other", "siem.example.net", (-1.0, 300.0)), ("expired", peers.HOST, (-300.0, -100.0))],
)
def test_tls_to_the_wrong_or_an_expired_host_is_refused(
    authority: peers.Authority, name: str, host: str, days: tuple[float, float]
) -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve, tls=authority.server(name, host, days)) as port:
        for ask in (lambda sink: LOG.submit(sink, 1), lambda sink: sink.state()):
            with pytest.raises(AnchorError, match="certificate verify failed"):
                ask(sink_at(port, authority.root))
    assert not receiver.received


def test_tls_by_another_authority_is_refused(authority: peers.Authority, tmp_path: Path) -> None:
    receiver = peers.SyslogReceiver()
    other = peers.Authority(tmp_path / "other")
    with (
        peers.tcp_peer(receiver.serve, tls=authority.server()) as port,
        pytest.raises(AnchorError, match="certificate verify failed"),
    ):
        LOG.submit(sink_at(port, other.root), 1)
    assert not receiver.received


def test_a_missing_authority_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnchorError, match="siem: 127"):
        LOG.submit(sink_at(1, tmp_path / "missing.pem"), 1)


def refused(serve: peers.Serve, expected: str, tls: peers.Pair | None = None, tls_ca: Path | None = None) -> None:
    with peers.tcp_peer(serve, tls=tls) as port, pytest.raises(AnchorError, match=expected):
        LOG.submit(sink_at(port, tls_ca), 1)


def test_plain_tcp_to_a_tls_receiver_is_refused(authority: peers.Authority) -> None:
    refused(peers.SyslogReceiver().serve, "not a syslog receiver|reset|closed", tls=authority.server())


def test_a_receiver_that_resets_without_reading_is_refused() -> None:
    def serve(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(1, socket.MSG_PEEK)
        connection.close()

    refused(serve, "reset")


def test_a_receiver_that_closed_before_the_line_came_is_refused() -> None:
    for _ in range(20):
        refused(peers.closing, "closed|reset|Broken pipe")


def half_closed(*, resets: bool) -> peers.Serve:
    """Return a peer that ends its side and reads nothing of a line that is larger than its kernel takes."""

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.recv(1, socket.MSG_PEEK)
        connection.shutdown(socket.SHUT_WR)
        stop.wait(0.3 if resets else None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return serve


@pytest.mark.parametrize(("resets", "expected"), [(False, "no answer within"), (True, "closed before it had taken")])
def test_bytes_that_were_never_acknowledged_are_not_taken(*, resets: bool, expected: str) -> None:
    head = dataclasses.replace(LOG.head(1), origin="a" * 1024 * 1024)
    with peers.tcp_peer(half_closed(resets=resets)) as port, pytest.raises(AnchorError, match=expected):
        sink_at(port, timeout_s=1).submit(head, proof=LOG.proof(1))


def test_a_receiver_that_aborts_in_the_middle_is_refused() -> None:
    def serve(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    refused(serve, "reset")


@pytest.mark.parametrize("greeting", [b"220 mail ESMTP\r\n", b"x"])
def test_a_peer_that_talks_is_no_receiver(greeting: bytes) -> None:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(greeting)
        stop.wait()

    refused(serve, "not a syslog receiver")


def test_a_peer_that_answers_is_no_receiver() -> None:
    def serve(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"500 what?\r\n")
        while connection.recv(65536):
            pass

    refused(serve, "not a syslog receiver")


def test_a_receiver_that_keeps_the_connection_open_is_refused_in_time() -> None:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        stop.wait()

    refused(serve, "timed out|no answer")


@contextlib.contextmanager
def asking_for_a_certificate(authority: peers.Authority) -> Iterator[int]:
    """Serve TLS that wants to see the client's certificate."""
    pair = authority.server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(authority.root)
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(connection: socket.socket, _: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)

    with peers.tcp_peer(serve) as port:
        yield port


def test_a_receiver_that_wants_a_certificate_of_ours_is_an_error(authority: peers.Authority) -> None:
    with asking_for_a_certificate(authority) as port, pytest.raises(AnchorError, match=r"^anchor siem: "):
        LOG.submit(sink_at(port, authority.root), 1)


def test_the_state_sends_nothing() -> None:
    receiver = peers.SyslogReceiver()
    with peers.tcp_peer(receiver.serve) as port:
        assert sink_at(port).state() == f"127.0.0.1:{port} takes plain TCP connections"
    assert not receiver.received
