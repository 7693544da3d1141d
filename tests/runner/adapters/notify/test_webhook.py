"""A message goes out signed, is believed by the library that others verify with, and counts only when it was taken."""

import base64
import datetime
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests import anchor_peers as peers
from tests.notify_peers import SECRET, Posted, Receiver, incident, receiving

from murenger.adapters.clock import SystemClock
from murenger.adapters.notify.webhook import (
    WebhookNotifier,
    incident_body,
    seconds_of,
    secret_key,
    signed_headers,
)
from murenger.errors import ConfigError, NotifyError
from murenger.model.incident import incident_from_json

NOW = datetime.datetime(2026, 11, 22, 7, 5, 9, tzinfo=datetime.UTC)
HOSTILE = "a\nb\x1b[31m|c=d\\ <script>alert(1)</script> & \u202e \udcff"


def notifier(url: str, *, secret: str = SECRET, authority: Path | None = None, timeout_s: float = 3) -> WebhookNotifier:
    return WebhookNotifier(
        "pager", url, secret=lambda: secret, authority=authority, clock=SystemClock(), timeout_s=timeout_s
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> peers.Authority:
    return peers.Authority(tmp_path_factory.mktemp("authority"))


def verified(posted: Posted, secret: str = SECRET) -> object:
    return Webhook(secret).verify(posted.body, dict(posted.headers))


def test_a_message_is_signed_as_standard_webhooks_has_it() -> None:
    with receiving(Receiver()) as receiver:
        notifier(receiver.url).notify(incident())
    (posted,) = receiver.posted
    assert verified(posted) == posted.said
    assert posted.headers["webhook-id"] == incident().message_id
    assert posted.headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        verified(posted, "whsec_" + base64.b64encode(bytes(32)).decode())
    for change in ({"webhook-id": "other"}, {"webhook-timestamp": "1"}):
        with pytest.raises(WebhookVerificationError):
            verified(Posted(headers={**posted.headers, **change}, body=posted.body))
    with pytest.raises(WebhookVerificationError):
        verified(Posted(headers=posted.headers, body=posted.body.replace(b"fw1", b"fw2")))


def test_the_message_is_the_incident_in_a_versioned_form() -> None:
    with receiving(Receiver()) as receiver:
        notifier(receiver.url).notify(incident(number=3))
    said = receiver.posted[0].said
    assert (said["schema"], said["type"]) == ("murenger.incident/1", "incident.updated")
    assert said["timestamp"] == "2026-11-22T07:05:11.000120Z"
    assert incident_from_json(receiver.posted[0].incident) == incident(number=3)


def test_another_attempt_has_the_same_id_and_its_own_time() -> None:
    body, key = incident_body(incident()), secret_key(SECRET)
    first = signed_headers(key, incident().message_id, NOW, body)
    later = signed_headers(key, incident().message_id, NOW + datetime.timedelta(seconds=60), body)
    assert first["webhook-id"] == later["webhook-id"] != incident(number=2).message_id
    assert "." not in first["webhook-id"]
    assert first["webhook-signature"] != later["webhook-signature"]


@settings(max_examples=50)
@given(body=st.binary(max_size=200), key=st.binary(min_size=24, max_size=64), at=st.integers(10**9, 2 * 10**9))
def test_every_body_is_signed_as_the_library_signs_it(body: bytes, key: bytes, at: int) -> None:
    text = body.hex()
    time = datetime.datetime.fromtimestamp(at, tz=datetime.UTC)
    ours = signed_headers(key, "inc_1", time, text.encode())
    assert ours["webhook-signature"] == Webhook(key).sign("inc_1", time, text)
    assert secret_key("whsec_" + base64.b64encode(key).decode()) == key


def test_hostile_text_reaches_the_receiver_as_data() -> None:
    body = incident_body(incident(title=HOSTILE, details=(HOSTILE,), device="fw1"))
    assert body.isascii()
    assert not set(body) & set(b"<>&\n\x1b")
    said = json.loads(body)["data"]
    assert "<script>" in said["title"]
    assert "\x1b" not in said["title"]
    assert said["title"].encode("utf-8")


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_2xx_counts_whatever_stands_behind_it(status: int) -> None:
    with receiving(Receiver(status=status, body=b"" if status == 204 else b"x" * 3_000_000)) as receiver:
        notifier(receiver.url).notify(incident())
    assert len(receiver.posted) == 1


@pytest.mark.parametrize(
    ("status", "hint"),
    [(302, "redirects are not followed"), (400, ""), (401, "same secret"), (410, "remove the channel"), (500, "")],
)
def test_everything_else_does_not_and_no_redirect_is_followed(status: int, hint: str) -> None:
    with receiving(Receiver()) as trap, receiving(Receiver(status=status, headers=(("Location", trap.url),))) as first:
        with pytest.raises(NotifyError, match=f"channel pager: .*answers {status}") as caught:
            notifier(first.url).notify(incident())
        assert hint in caught.value.hint
        assert caught.value.retry_after_s is None
    assert (len(first.posted), len(trap.posted)) == (1, 0)


def test_a_server_may_ask_to_be_left_alone() -> None:
    with receiving(Receiver(status=503, headers=(("Retry-After", "120"),))) as receiver:
        with pytest.raises(NotifyError) as caught:
            notifier(receiver.url).notify(incident())
        assert caught.value.retry_after_s == 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 07:06:09 GMT", 60.0),
        ("Sun, 22 Nov 2026 07:04:09 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e9", None),
        ("9" * 400, None),
        ("Sun, 99 Nov 2026 07:04:09 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(text: str, expected: float | None) -> None:
    assert seconds_of(text, NOW) == expected


@settings(max_examples=50)
@given(text=st.text(max_size=40))
def test_no_retry_after_is_trouble(text: str) -> None:
    found = seconds_of(text, NOW)
    assert found is None or found >= 0


@pytest.mark.parametrize("serve", [peers.silent, peers.dripping, peers.garbage, peers.closing])
def test_a_server_that_hangs_drips_or_babbles_is_given_up_in_time(serve: peers.Serve) -> None:
    with peers.tcp_peer(serve) as port, pytest.raises(NotifyError, match=r"channel pager: 127\.0\.0\.1"):
        notifier(f"http://{peers.HOST}:{port}/", timeout_s=0.3).notify(incident())


def test_a_head_of_an_answer_that_never_ends_is_given_up() -> None:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.is_set():
            connection.sendall(b"X-Long: x\r\n" * 1000)

    with peers.tcp_peer(serve) as port, pytest.raises(NotifyError, match="headers"):
        notifier(f"http://{peers.HOST}:{port}/").notify(incident())


def test_nobody_there_is_an_error_that_does_not_repeat_the_address() -> None:
    with peers.nobody() as port:
        channel = notifier(f"http://{peers.HOST}:{port}/T0KEN")
        for ask in (lambda: channel.notify(incident()), channel.state):
            with pytest.raises(NotifyError) as caught:
                ask()
            assert "T0KEN" not in str(caught.value)


def test_tls_counts_with_the_authority_that_was_named(authority: peers.Authority) -> None:
    with receiving(Receiver(), tls=authority.server()) as receiver:
        channel = notifier(receiver.url, authority=authority.root)
        assert channel.state().endswith("takes TLS connections")
        channel.notify(incident())
    assert len(receiver.posted) == 1


@pytest.mark.parametrize("fault", ["another authority", "another host", "expired", "unknown to the machine"])
def test_tls_to_the_wrong_server_sends_nothing(authority: peers.Authority, tmp_path: Path, fault: str) -> None:
    pairs: dict[str, Callable[[], peers.Pair]] = {
        "another host": lambda: authority.server("other", "siem.example.net"),
        "expired": lambda: authority.server("expired", days=(-300, -100)),
    }
    roots = {"another authority": peers.Authority(tmp_path / "other").root, "unknown to the machine": None}
    pair = pairs.get(fault, authority.server)()
    with receiving(Receiver(), tls=pair) as receiver:
        channel = notifier(receiver.url, authority=roots.get(fault, authority.root))
        for ask in (lambda: channel.notify(incident()), channel.state):
            with pytest.raises(NotifyError, match="certificate verify failed"):
                ask()
    assert not receiver.posted


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hunter2",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_!!!!",
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_ü",
    ],
)
def test_a_secret_of_another_form_sends_nothing_and_is_not_repeated(secret: str) -> None:
    with receiving(Receiver()) as receiver:
        for ask in (
            lambda: notifier(receiver.url, secret=secret).notify(incident()),
            notifier(receiver.url, secret=secret).state,
        ):
            with pytest.raises(NotifyError, match="channel pager: the secret") as caught:
                ask()
            assert (
                secret == ""
                or secret.removeprefix("whsec_") == ""
                or secret.removeprefix("whsec_") not in str(caught.value)
            )
    assert not receiver.posted


def test_a_secret_that_cannot_be_read_is_an_error_of_the_channel() -> None:
    def secret() -> str:
        raise ConfigError("the credential file x cannot be read", hint="chmod")

    with pytest.raises(NotifyError, match="channel pager: the credential file x"):
        WebhookNotifier("pager", "https://pager.example.net/", secret=secret, clock=SystemClock()).notify(incident())
