"""The HTTP service of a witness: bounded in size, time and connections, and quiet about what peers wrote.

Input: honest, slow, huge and hostile peers on loopback. Output: pass, or what held it up or got through.
"""

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.witness.request import MAX_REQUEST_BYTES
from murenger.adapters.witness.server import WitnessServer, server_tls
from murenger.errors import ConfigError
from murenger.lab.material import write_certificate


def raw(served: Any, *parts: bytes) -> bytes:
    """Send bytes as they are and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Read until the peer closes."""
    whole = b""
    while block := connection.recv(65536):
        whole += block
    return whole


def wait_for(claim: Any, seconds: float = 10.0) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_the_protocol_over_http(serving: Any, log: Any) -> None:
    served = serving()
    status, content, kind = served.add(log.request(0, 8))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert served.add(log.request(0, 9)) == (409, b"8\n", "text/x.tlog.size")
    assert served.add(log.forked(3).request(8, 9))[0] == 422
    assert served.add(b"nonsense")[0] == 400
    path = f"/{log.hashed}/checkpoint"
    assert served.ask("GET", path) == (200, log.checkpoint(8).encode() + content, "text/plain; charset=utf-8")


def test_what_is_not_there_is_not_found(serving: Any, log: Any, other_log: Any) -> None:
    served = serving()
    for method, path in (
        ("GET", "/"),
        ("GET", f"/{log.hashed}/checkpoint"),
        ("GET", f"/{other_log.hashed}/checkpoint"),
        ("GET", f"/{log.hashed.upper()}/checkpoint"),
        ("GET", f"/{log.hashed}/checkpoint/"),
        ("GET", "/../../etc/passwd"),
        ("GET", "/add-checkpoint"),
        ("POST", "/"),
        ("POST", "/add-checkpoint?x=1"),
        ("POST", f"/{log.hashed}/checkpoint"),
    ):
        assert served.ask(method, path)[0] == 404, (method, path)


def test_other_methods_are_not_answered_with_html(serving: Any) -> None:
    served = serving()
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "<script>"):
        status, content, kind = served.ask(method, "/add-checkpoint")
        assert (status, kind) == (501, "text/plain; charset=utf-8")
        assert b"<html" not in content.lower()
    assert "Python" not in raw(served, b"GET / HTTP/1.0\r\n\r\n").decode()


def test_a_connection_is_kept_for_the_next_request(serving: Any, log: Any) -> None:
    connection = serving().connection()
    try:
        for new in (3, 4, 5):
            connection.request("POST", "/add-checkpoint", log.request(new - 1 if new > 3 else 0, new))
            with connection.getresponse() as answer:
                assert (answer.status, answer.will_close) == (200, False)
                answer.read()
    finally:
        connection.close()


def test_a_request_without_a_length_is_refused(serving: Any, log: Any) -> None:
    served = serving()
    body = log.request(0, 3)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for headers, content in (
        (b"", b""),
        (b"Transfer-Encoding: chunked\r\n", chunked),
        (b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(body), body),
        (b"Content-Length: -1\r\n", b""),
        (b"Content-Length: 1e3\r\n", b""),
        (b"Content-Length: 99999999999999999999\r\n", b""),
    ):
        answer = raw(served, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n" + headers + b"\r\n" + content)
        assert answer.startswith(b"HTTP/1.1 411 "), (headers, answer)
        assert answer.count(b"HTTP/1.1") == 1


def test_a_huge_request_is_refused_before_it_is_read(serving: Any) -> None:
    served = serving()
    for length in (MAX_REQUEST_BYTES + 1, 10**8):
        head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % length
        answer = raw(served, head, b"a" * min(length, 10**6))
        assert answer.startswith(b"HTTP/1.1 413 "), answer
    largest = b"a" * MAX_REQUEST_BYTES
    assert served.add(largest)[0] == 400


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused(serving: Any, sent: bytes, status: int) -> None:
    served = serving()
    assert f" {status} ".encode() in raw(served, sent).split(b"\r\n")[0] + b" "
    assert len(served.lines) == 1


def test_a_peer_that_asks_first_is_told_to_go_on(serving: Any, log: Any) -> None:
    body = log.request(0, 3)
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nExpect: 100-continue\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", serving().server.port), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"HTTP/1.1 200 " in read_all(connection)


def test_a_body_that_breaks_off_is_not_taken_for_a_request(serving: Any, log: Any) -> None:
    served = serving()
    body = log.request(0, 3)
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as connection:
        connection.sendall(head + body)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""
    assert served.ask("GET", f"/{log.hashed}/checkpoint")[0] == 404


def test_a_body_after_a_get_is_no_second_request(serving: Any) -> None:
    hidden = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    answer = raw(serving(), b"GET / HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST /add-check",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nX-Slow: ",
        b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\n",
    ],
)
def test_a_peer_that_dribbles_is_given_up_in_time(serving: Any, log: Any, start: bytes) -> None:
    served = serving(request_s=1.0)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as connection:
        connection.sendall(start)
        with pytest.raises(OSError, match=r"reset|Broken|dribbled"):
            dribble(connection)
    assert time.monotonic() - began < 5
    assert served.add(log.request(0, 3))[0] == 200


def dribble(connection: socket.socket) -> None:
    """Send a byte now and then until the peer has gone."""
    deadline = time.monotonic() + 5
    connection.settimeout(0.05)
    while time.monotonic() < deadline:
        connection.sendall(b"a")
        try:
            if connection.recv(1024) == b"":
                raise ConnectionResetError("the peer gave up while we dribbled")
        except TimeoutError:
            continue
    raise AssertionError("the peer was still waiting")


def test_a_peer_that_reads_nothing_holds_up_nobody(serving: Any, log: Any) -> None:
    served = serving(request_s=1.0)
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: w\r\n\r\n" * 200)
        assert served.add(log.request(0, 3))[0] == 200


def test_there_are_places_for_so_many_and_they_come_free(serving: Any, log: Any) -> None:
    served = serving(request_s=1.0, places=3)
    peers = [socket.create_connection(("127.0.0.1", served.server.port), timeout=10) for _ in range(5)]
    try:
        wait_for(lambda: sum("turned away" in line for line in served.lines) == 2)
        # Those who only hold a place lose it.
        assert [read_all(peer) for peer in peers] == [b""] * 5
    finally:
        for peer in peers:
            peer.close()
    wait_for(lambda: answered(served, log))


def answered(served: Any, log: Any) -> bool:
    """Tell whether the witness has a place for us."""
    try:
        return bool(served.add(log.request(0, 3))[0] == 200)
    except OSError:
        return False


def test_each_request_is_one_line_of_the_log(serving: Any, log: Any) -> None:
    served = serving()
    served.add(log.request(0, 3))
    served.add(type(log)("evil\u202e\x9blog").request(0, 3))
    raw(served, b"GET /\x1b[2Jx\x07\x85\xff HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
    raw(served, b"G\x1bT / HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
    raw(served, b"nonsense\x1b[31m\r\n\r\n")
    wait_for(lambda: len(served.lines) == 5)
    for line in served.lines:
        assert line.isprintable()
        assert line.isascii()
    assert "127.0.0.1 POST /add-checkpoint 200 origin='site1.fw.example.net' old=0 size=3: cosigned" in served.lines[0]
    assert r"404 origin='evil\u202e\x9blog' old=0 size=3" in served.lines[1]


def test_a_stopping_witness_answers_what_is_under_way(site: Any, log: Any) -> None:
    held, go = threading.Event(), threading.Event()

    def at_step(name: str) -> None:
        if name == "sync":
            held.set()
            assert go.wait(10)

    with site.open(log, at_step=at_step) as witness:
        server = WitnessServer(("127.0.0.1", 0), witness, clock=site.clock, log=lambda _: None)
        service = threading.Thread(target=server.serve)
        service.start()
        idle = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            body = log.request(0, 3)
            connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert held.wait(10)
            server.stop()
            began = time.monotonic()
            go.set()
            assert read_all(connection).startswith(b"HTTP/1.1 200 ")
        assert read_all(idle) == b""
        idle.close()
        service.join(10)
        assert not service.is_alive()
        assert time.monotonic() - began < 5


def test_over_tls_the_witness_proves_its_name(serving: Any, log: Any, tmp_path: Path) -> None:
    write_certificate(tmp_path, "localhost", "127.0.0.1")
    tls = server_tls(tmp_path / "server.pem", tmp_path / "server.key")
    served = serving(tls=tls, trust=ssl.create_default_context(cafile=tmp_path / "ca.pem"), request_s=2.5)
    assert served.add(log.request(0, 3))[0] == 200
    # A peer that never begins the handshake, and one that speaks no TLS, hold up nobody.
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=10) as silent:
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP" not in raw(served, b"GET / HTTP/1.1\r\n\r\n")
        assert served.add(log.request(3, 4))[0] == 200
        assert read_all(silent) == b""


@pytest.mark.parametrize("kind", ["missing", "nonsense", "key of another"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, kind: str) -> None:
    write_certificate(tmp_path, "localhost", "127.0.0.1")
    key = tmp_path / "server.key"
    if kind == "missing":
        key.unlink()
    if kind == "nonsense":
        key.write_text("nonsense", encoding="utf-8")
    if kind == "key of another":
        other = tmp_path / "other"
        other.mkdir()
        write_certificate(other, "localhost", "127.0.0.1")
        key = other / "server.key"
    with pytest.raises(ConfigError, match="cannot be used"):
        server_tls(tmp_path / "server.pem", key)


def test_an_address_that_is_taken_is_named(serving: Any, site: Any) -> None:
    served = serving()
    with pytest.raises(ConfigError, match="cannot listen"):
        WitnessServer(("127.0.0.1", served.server.port), served.server.witness, clock=site.clock)
    with pytest.raises(ConfigError, match="cannot listen"):
        WitnessServer(("192.0.2.1", 0), served.server.witness, clock=site.clock)
