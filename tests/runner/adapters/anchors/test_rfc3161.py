"""A time-stamping authority gives a receipt that openssl accepts, or an error that says why not."""

import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import anchor_peers as peers

from murenger.adapters.anchors.rfc3161 import TimestampSink
from murenger.adapters.clock import SystemClock
from murenger.adapters.openssl import MAX_TOKEN_BYTES, check_timestamp
from murenger.errors import AnchorError, ConfigError

LOG = peers.Log(3)
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> peers.Authority:
    return peers.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stamper(authority: peers.Authority) -> peers.Stamper:
    return peers.Stamper(authority=authority, pair=authority.stamper())


def sink_at(url: str, roots: Path, timeout_s: float = 20) -> TimestampSink:
    return TimestampSink("tsa1", url, roots=roots, clock=CLOCK, timeout_s=timeout_s)


def refused(url: str, roots: Path, expected: str) -> AnchorError:
    with pytest.raises(AnchorError, match=expected) as caught:
        LOG.submit(sink_at(url, roots, 2), 1)
    assert str(caught.value).startswith("anchor tsa1: 127.0.0.1:")
    return caught.value


def test_the_receipt_verifies_with_openssl_alone(stamper: peers.Stamper, tmp_path: Path) -> None:
    with peers.http_peer(stamper.answer) as url:
        receipt = LOG.submit(sink_at(url, stamper.roots), 1)
    (tmp_path / "record").write_bytes(LOG.contents[1])
    (tmp_path / "token").write_bytes(receipt.content)
    command: list[str | Path] = ["openssl", "ts", "-verify", "-data", tmp_path / "record", "-in", tmp_path / "token"]
    done = subprocess.run([*command, "-CAfile", stamper.roots], capture_output=True, check=True)
    assert b"Verification: OK" in done.stdout
    assert receipt.at == check_timestamp(LOG.contents[1], receipt.content, stamper.roots)


def test_other_bytes_can_be_stamped(stamper: peers.Stamper) -> None:
    with peers.http_peer(stamper.answer) as url:
        token = sink_at(url, stamper.roots).stamp(b"a day's manifest")
    assert check_timestamp(b"a day's manifest", token, stamper.roots)


def test_what_is_asked_is_a_query_and_nothing_of_the_record(stamper: peers.Stamper) -> None:
    asked = []

    def answer(query: bytes) -> tuple[int, bytes]:
        asked.append(query)
        return stamper.answer(query)

    with peers.http_peer(answer) as url:
        LOG.submit(sink_at(url, stamper.roots), 1)
    assert len(asked) == 1
    assert LOG.contents[1] not in asked[0]


def test_an_authority_with_two_certificates_is_accepted(authority: peers.Authority) -> None:
    stamper = peers.Stamper(authority=authority, pair=authority.stamper(), two_certificates=True)
    with peers.http_peer(stamper.answer) as url:
        assert LOG.submit(sink_at(url, stamper.roots), 1).at


def test_an_authority_with_an_expired_certificate_is_refused(authority: peers.Authority) -> None:
    stamper = peers.Stamper(authority=authority, pair=authority.stamper("old", (-300, -100)))
    with peers.http_peer(stamper.answer) as url:
        refused(url, stamper.roots, "certificate has expired")


def test_an_authority_that_is_not_trusted_is_refused(stamper: peers.Stamper, tmp_path: Path) -> None:
    with peers.http_peer(stamper.answer) as url:
        refused(url, peers.Authority(tmp_path / "other").root, "unable to get local issuer certificate")


def test_an_answer_to_another_query_is_refused(stamper: peers.Stamper) -> None:
    earlier = stamper.stamp(LOG.contents[1])
    with peers.http_peer(lambda _: (200, earlier)) as url:
        refused(url, stamper.roots, "nonce mismatch")


def test_an_answer_over_other_bytes_is_refused(stamper: peers.Stamper) -> None:
    other = stamper.stamp(b"other")
    with peers.http_peer(lambda _: (200, other)) as url:
        refused(url, stamper.roots, "imprint mismatch")


def test_a_refusal_is_told_in_the_authoritys_words(stamper: peers.Stamper) -> None:
    refusal = stamper.stamp(b"", "-sha512")
    with peers.http_peer(lambda _: (200, refusal)) as url:
        refused(url, stamper.roots, "digest algorithm is not supported")


@pytest.mark.parametrize(("status", "hint"), [(302, "redirects are not followed"), (404, ""), (503, "")])
def test_any_status_but_200_is_refused(stamper: peers.Stamper, status: int, hint: str) -> None:
    followed = []

    def trap(query: bytes) -> tuple[int, bytes]:
        followed.append(query)
        return stamper.answer(query)

    with peers.http_peer(trap) as elsewhere:
        headers = (("Location", elsewhere),)
        with peers.http_peer(lambda query: (status, stamper.reply(query)), headers=headers) as url:
            assert hint in refused(url, stamper.roots, f"answers HTTP {status}").hint
    assert not followed


def test_an_answer_without_end_is_refused(stamper: peers.Stamper) -> None:
    with peers.http_peer(lambda _: (200, bytes(MAX_TOKEN_BYTES + 1))) as url:
        refused(url, stamper.roots, f"answers more than {MAX_TOKEN_BYTES} bytes")


def raw(answer: bytes) -> peers.Serve:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(answer)
        if stop.is_set():
            return

    return serve


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "IncompleteRead|invalid literal"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "abc"),
        (b"", "without response|reset"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "more than 100 headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000, "header line"),
    ],
)
def test_an_answer_that_is_no_http_is_refused(stamper: peers.Stamper, answer: bytes, expected: str) -> None:
    with peers.tcp_peer(raw(answer)) as port:
        refused(f"http://127.0.0.1:{port}/", stamper.roots, expected)


def test_https_counts_only_with_a_certificate_that_is_trusted(
    authority: peers.Authority, stamper: peers.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peers.http_peer(stamper.answer, tls=authority.server()) as url:
        refused(url, stamper.roots, "certificate verify failed")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
        assert LOG.submit(sink_at(url, stamper.roots), 1).at


def test_https_counts_only_for_the_host_that_was_named(
    authority: peers.Authority, stamper: peers.Stamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    with peers.http_peer(stamper.answer, tls=authority.server("other", "tsa.example.net")) as url:
        refused(url, stamper.roots, "certificate verify failed")


def test_the_state_stamps_nothing(stamper: peers.Stamper) -> None:
    asked = []

    def answer(query: bytes) -> tuple[int, bytes]:
        asked.append(query)
        return stamper.answer(query)

    with peers.http_peer(answer) as url:
        assert "1 trusted root(s)" in sink_at(url, stamper.roots).state()
    assert not asked


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_the_state_tells_of_roots_that_cannot_be_used(
    stamper: peers.Stamper, tmp_path: Path, content: bytes | None
) -> None:
    roots = tmp_path / "roots.pem"
    if content is not None:
        roots.write_bytes(content)
    with peers.http_peer(stamper.answer) as url, pytest.raises(AnchorError, match=r"roots\.pem"):
        sink_at(url, roots).state()


def test_without_openssl_the_error_says_what_to_install(
    stamper: peers.Stamper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    asks: tuple[Callable[[TimestampSink], object], ...] = (lambda sink: sink.stamp(b""), lambda sink: sink.state())
    for ask in asks:
        with pytest.raises(AnchorError, match="openssl is not installed") as caught:
            ask(sink_at("http://127.0.0.1:1/", stamper.roots))
        assert "install OpenSSL" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tsa.example.net",
        "ftp://tsa.example.net/",
        "http://",
        "http://tsa.example.net:0/",
        "http://tsa.example.net:99999/",
        "http://tsa.example.net/ HTTP/1.1\r\nX: y",
        "http://tsa.example.net/\x00",
        "http://[::1/",
        "https://someone:something@tsa.example.net/",
        "https://tsa.example.net/#part",
    ],
)
def test_what_is_no_url_of_a_server_is_refused_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        sink_at(url, tmp_path)
    assert "something" not in str(caught.value)
