"""Port Notifier: a webhook, signed as Standard Webhooks has it.

Input: incidents. Output: one POST for each message; only a 2xx says that it was taken.
Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md: the three header fields, what is
signed, `v1` (HMAC-SHA256) and secrets written `whsec_` and base64 of 24 to 64 bytes.
"""

import base64
import binascii
import datetime
import email.utils
import hashlib
import hmac
import http
import json
import re
from collections.abc import Callable
from pathlib import Path

from murenger.adapters.anchors.exchange import Deadline, connected, endpoint_of, posted, tls_of
from murenger.adapters.notify.errors import channel_errors
from murenger.errors import ConfigError, NotifyError
from murenger.model.incident import SCHEMA, Incident, incident_to_json, time_text
from murenger.model.json_value import JsonValue
from murenger.model.terminal import escape_for_terminal
from murenger.ports import Clock

TIMEOUT_S = 10.0
PREFIX = "whsec_"
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64

_DELTA_SECONDS = re.compile(r"[0-9]{1,9}")
# What a page that shows the message as it came would take for markup; JSON may spell any character out.
_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
_HINTS = {
    http.HTTPStatus.UNAUTHORIZED: "has the other side the same secret?",
    http.HTTPStatus.FORBIDDEN: "has the other side the same secret?",
    http.HTTPStatus.GONE: "the other side wants no more messages: remove the channel from murenger.yml",
}


class WebhookNotifier:
    """Port `Notifier` on an HTTP server.

    Args:
        name: the channel's name in murenger.yml.
        url: its address, https, or http on this host.
        secret: returns the secret, `whsec_...`; asked for each message, so a changed one counts at once.
        authority: certificates that may vouch for the server, PEM; None for those that the machine trusts.
        clock: the time that is signed, and how time passes.
        timeout_s: seconds for one message, everything together, > 0.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        secret: Callable[[], str],
        authority: Path | None = None,
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._name = name
        self._endpoint = endpoint_of(url)
        self._secret = secret
        self._authority = authority
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The channel's name in murenger.yml."""
        return self._name

    @property
    def _peer(self) -> str:
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def notify(self, incident: Incident) -> None:
        """Send one message.

        Raises:
            NotifyError: the server is down, slow, not who it should be, answers anything but 2xx; or the secret cannot
                be had.
        """
        now = self._clock.now()
        body = incident_body(incident)
        deadline = Deadline(self._clock, self._timeout_s)
        with channel_errors(self._name, self._peer):
            headers = {
                "Content-Type": "application/json",
                **signed_headers(secret_key(self._secret()), incident.message_id, now, body),
            }
            with posted(
                self._endpoint, body, headers=headers, deadline=deadline, authority=self._authority
            ) as response:
                # What stands behind the head of the answer is of no interest, however long it is.
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
            raise NotifyError(
                f"channel {self._name}: {self._peer}: answers {status}",
                retry_after_s=seconds_of(retry_after, now),
                hint=_hint(status),
            )

    def state(self) -> str:
        """Return who takes connections; nothing is sent.

        Raises:
            NotifyError: nobody does, or not who it should be; or the secret cannot be had.
        """
        deadline = Deadline(self._clock, self._timeout_s)
        with channel_errors(self._name, self._peer):
            secret_key(self._secret())
            tls = tls_of(self._endpoint, self._authority)
            with connected(self._endpoint.host, self._endpoint.port, deadline, tls):
                return f"{self._peer} takes {'TLS' if tls else 'plain TCP'} connections"


def incident_body(incident: Incident) -> bytes:
    """Return the JSON that a receiver gets: ASCII, and nothing in it is markup."""
    said: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "type": f"incident.{incident.phase.value}",
        "timestamp": time_text(incident.at),
        "data": _plain(incident_to_json(incident)),
    }
    return json.dumps(said, ensure_ascii=True, separators=(",", ":")).translate(_MARKUP).encode("ascii")


def _plain(value: JsonValue) -> JsonValue:
    """Return a value whose texts act on no terminal, wherever somebody prints them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return escape_for_terminal(value) if isinstance(value, str) else value


def signed_headers(key: bytes, message_id: str, at: datetime.datetime, body: bytes) -> dict[str, str]:
    """Return the header fields that prove who sent a body, and when.

    Args:
        key: the secret's bytes.
        message_id: the same at each attempt to send the message; holds no full stop.
        at: when this attempt is made.
        body: what is sent.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def secret_key(secret: str) -> bytes:
    """Return the bytes that a secret stands for.

    Raises:
        ConfigError: it is none, or too short; the message does not repeat it.
    """
    said = f"{PREFIX} and base64 of {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} random bytes"
    if not secret.startswith(PREFIX):
        raise ConfigError("the secret is not set, or of another form", hint=said)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # Without its cause, which would quote the secret's signs.
        raise ConfigError("the secret is of another form", hint=said) from None
    if not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        raise ConfigError("the secret is too short or too long", hint=said)
    return key


def seconds_of(retry_after: str, now: datetime.datetime) -> float | None:
    """Return for how many seconds a server asks to be left alone, or None where it asks nothing that can be read.

    Source: RFC 9110, section 10.2.3: seconds, or a date.
    """
    text = retry_after.strip()
    if _DELTA_SECONDS.fullmatch(text):
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=datetime.UTC)
    return max(0.0, (until - now).total_seconds())


def _hint(status: int) -> str:
    if http.HTTPStatus.MULTIPLE_CHOICES <= status < http.HTTPStatus.BAD_REQUEST:
        return "redirects are not followed: give the address that they lead to"
    return next((hint for known, hint in _HINTS.items() if known == status), "")
