"""One bounded conversation with a peer: however slow or talkative it is, it ends when its time is up.

Input: where the peer listens, and how long everything together may take. Output: a connected socket, or what an HTTP
peer answered.
"""

import contextlib
import dataclasses
import http.client
import io
import queue
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from murenger.errors import AnchorError, ConfigError
from murenger.ports import Clock

_MAX_SAID = 120


class Deadline:
    """A moment by which everything must be over.

    Args:
        clock: how time passes.
        timeout_s: seconds from now, > 0.
    """

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._end_s = clock.monotonic_s() + timeout_s

    def remaining_s(self) -> float:
        """Return the seconds that are left, > 0.

        Raises:
            TimeoutError: none are.
        """
        left = self._end_s - self._clock.monotonic_s()
        if left <= 0:
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        return left

    def pause(self, seconds: float) -> None:
        """Let some time pass, at most what is left.

        Raises:
            TimeoutError: nothing is left.
        """
        self._clock.wait(min(seconds, self.remaining_s()))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an HTTP peer listens.

    Attributes:
        host: name or address.
        port: 1 to 65535.
        is_tls: True for https.
        authority: host and port as the URL has them.
        target: path and query as the request line has them.
    """

    host: str
    port: int
    is_tls: bool
    authority: str
    target: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an HTTP peer answered.

    Attributes:
        status: the status code.
        body: the content, whole.
    """

    status: int
    body: bytes = dataclasses.field(repr=False)


def endpoint_of(url: str) -> Endpoint:
    """Return what an http or https URL names.

    Raises:
        ConfigError: it is none, or carries a login.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ConfigError(f"{url!r} is not a URL: {exc}") from exc
    clean = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\')
    if parts.scheme not in {"http", "https"} or not parts.hostname or not clean or port == 0:
        raise ConfigError(f"{url!r} is not the URL of an HTTP server", hint="it begins with https:// or http://")
    if "@" in parts.netloc or parts.fragment:
        raise ConfigError("the URL carries a login or a fragment")
    is_tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(
        host=parts.hostname,
        port=port or (443 if is_tls else 80),
        is_tls=is_tls,
        authority=parts.netloc,
        target=target,
    )


def tls_of(endpoint: Endpoint, authority: Path | None = None) -> ssl.SSLContext | None:
    """Return how to speak TLS with an endpoint, or None for http.

    Args:
        endpoint: the server.
        authority: certificates that may vouch for it, PEM; None for those that the machine trusts.

    Raises:
        OSError: the certificates cannot be read.
    """
    return ssl.create_default_context(cafile=authority) if endpoint.is_tls else None


@contextlib.contextmanager
def anchor_errors(sink: str, peer: str) -> Iterator[None]:
    """Turn what goes wrong in a conversation into an error that names the sink and the peer.

    Raises:
        AnchorError: anything went wrong that is not an error of ours already.
    """
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise AnchorError(f"anchor {sink}: {peer}: {reason_of(exc)}") from exc


def reason_of(exc: Exception) -> str:
    """Return why a conversation failed, as one short printable line."""
    reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
    file = getattr(exc, "filename", None)
    return printable(f"{file}: {reason}" if file else str(reason))


def printable(text: str) -> str:
    """Return a peer's words as one short printable line."""
    return "".join(sign if sign.isprintable() else "?" for sign in text.strip())[:_MAX_SAID]


@contextlib.contextmanager
def connected(host: str, port: int, deadline: Deadline, tls: ssl.SSLContext | None) -> Iterator[socket.socket]:
    """Yield a connected socket, and close it.

    Args:
        host: name or address.
        port: 1 to 65535.
        deadline: when everything must be over.
        tls: how to speak TLS, or None for plain TCP; the peer's certificate must carry `host`.

    Raises:
        OSError: there is no connection, or the peer is not who it should be.
    """
    connection = _connect(host, port, deadline)
    try:
        if tls is not None:
            connection.settimeout(deadline.remaining_s())
            connection = tls.wrap_socket(connection, server_hostname=host)
        yield connection
    finally:
        connection.close()


def post(endpoint: Endpoint, content: bytes, *, content_type: str, limit_bytes: int, deadline: Deadline) -> Answer:
    """Return what an HTTP server answers to one POST; redirects are not followed, proxies not asked.

    Args:
        endpoint: the server.
        content: the request's body.
        content_type: its media type.
        limit_bytes: the largest answer that is read.
        deadline: when everything must be over.

    Raises:
        OSError: there is no connection, it broke, or time was up.
        http.client.HTTPException: the server does not speak HTTP.
        ValueError: it answers nonsense, or too much.
    """
    headers = {"Content-Type": content_type}
    with posted(endpoint, content, headers=headers, deadline=deadline) as response:
        body = response.read(limit_bytes + 1)
        if len(body) > limit_bytes:
            raise ValueError(f"answers more than {limit_bytes} bytes")
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        return Answer(status=response.status, body=body)


@contextlib.contextmanager
def posted(
    endpoint: Endpoint,
    content: bytes,
    *,
    headers: Mapping[str, str],
    deadline: Deadline,
    authority: Path | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """Yield the answer to one POST, its head read and its body not; redirects are not followed, proxies not asked.

    Args:
        endpoint: the server.
        content: the request's body.
        headers: further header fields, printable ASCII.
        deadline: when everything must be over.
        authority: as for `tls_of`.

    Raises:
        OSError: there is no connection, it broke, or time was up.
        http.client.HTTPException: the server does not speak HTTP.
        ValueError: it answers nonsense.
    """
    named = {"Host": endpoint.authority, "User-Agent": "murenger", **headers}
    lines = [f"POST {endpoint.target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    head = "\r\n".join((*lines, f"Content-Length: {len(content)}", "Connection: close", "", ""))
    with connected(endpoint.host, endpoint.port, deadline, tls_of(endpoint, authority)) as connection:
        connection.settimeout(deadline.remaining_s())
        connection.sendall(head.encode("ascii") + content)
        # All that the library asks of a socket is a file to read from.
        with http.client.HTTPResponse(cast("socket.socket", _Wire(connection, deadline)), method="POST") as response:
            response.begin()
            yield response


class _Wire:
    """The reading side of a socket, for a library that knows no deadline of its own."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the file to read from; `mode` is always `rb`."""
        assert mode == "rb"  # noqa: S101 - the library's own constant
        return io.BufferedReader(_Reader(self._connection, self._deadline))


class _Reader(io.RawIOBase):
    """A socket's bytes, each read bounded by what is left of the whole time."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer has a public name from 3.12 on
        self._connection.settimeout(self._deadline.remaining_s())
        return self._connection.recv_into(buffer)


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    addresses = _resolve(host, port, deadline)
    failure: OSError = OSError(f"{host} has no address")
    for number, (family, address) in enumerate(addresses):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # An address that swallows everything leaves the others their share.
            connection.settimeout(deadline.remaining_s() / (len(addresses) - number))
            connection.connect(address)
        except OSError as exc:
            connection.close()
            failure = exc
        else:
            return connection
    raise failure


_Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


def _resolve(host: str, port: int, deadline: Deadline) -> list[_Address]:
    """Return a host's addresses; the resolver knows no time limit, so it is left behind when time is up."""
    answers: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            answers.put(exc if isinstance(exc, OSError) else OSError(f"{host!r} is no host name"))
        else:
            answers.put([(family, address) for family, _, _, _, address in found])

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining_s())
    except queue.Empty as exc:
        raise TimeoutError(f"the name {host} was not resolved in time") from exc
    if isinstance(answer, OSError):
        raise answer
    return answer
