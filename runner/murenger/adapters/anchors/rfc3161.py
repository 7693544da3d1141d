"""A time-stamping authority as an anchor: these bytes existed before that time.

Input: the newest record's bytes. Output: a receipt that `openssl ts -verify` accepts over them. The authority keeps
nothing: a token defeats back-dating, not two histories and not truncation.
Source: RFC 3161, section 3.4 (over HTTP).
"""

import contextlib
import datetime
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from murenger.adapters.anchors.exchange import Answer, Deadline, anchor_errors, connected, endpoint_of, post, tls_of
from murenger.adapters.openssl import MAX_TOKEN_BYTES, check_reply, check_timestamp, make_query, openssl_version
from murenger.errors import AnchorError, SignatureError
from murenger.model import AnchorHead, Receipt, ReceiptKind
from murenger.ports import Clock

TIMEOUT_S = 20.0

_QUERY_TYPE = "application/timestamp-query"
_OK = 200
_REDIRECTS = range(300, 400)
_MAX_ROOTS_BYTES = 16 * 1024 * 1024


class TimestampSink:
    """Port `AnchorSink` on a time-stamping authority; it can stamp other bytes, too.

    Args:
        name: the sink's name in murenger.yml.
        url: where it answers time-stamp queries, http or https. What it answers is signed, so http is enough.
        roots: certificates that may vouch for the authority, PEM.
        clock: how time passes.
        timeout_s: seconds for one stamp, everything together, > 0.

    Raises:
        ConfigError: the URL is none.
    """

    def __init__(self, name: str, url: str, *, roots: Path, clock: Clock, timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        self._endpoint = endpoint_of(url)
        self._roots = roots
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Have the newest record stamped.

        Args:
            head: where the log ends.
            proof: not asked, for the authority remembers nothing.

        Raises:
            AnchorError: the authority is down, slow, refuses, or answers what `openssl ts -verify` does not accept.
        """
        del proof
        token, at = self._stamped(head.record)
        return Receipt(
            sink=self._name,
            kind=ReceiptKind.TIMESTAMP,
            sequence=head.sequence,
            content=token,
            at=at,
            held_elsewhere=True,
        )

    def stamp(self, content: bytes) -> bytes:
        """Return a time-stamp response over some bytes, checked.

        Args:
            content: the bytes; only their digest leaves this machine.

        Returns:
            A TimeStampResp, DER.

        Raises:
            AnchorError: as for `submit`.
        """
        return self._stamped(content)[0]

    def state(self) -> str:
        """Return who answers and what is trusted; nothing is stamped.

        Raises:
            AnchorError: the authority cannot be reached, or its answers could not be checked here.
        """
        endpoint, deadline = self._endpoint, Deadline(self._clock, self._timeout_s)
        with self._refusals():
            version = openssl_version()
            count = self._count_roots()
            with connected(endpoint.host, endpoint.port, deadline, tls_of(endpoint)):
                return f"{endpoint.authority} takes connections, {count} trusted root(s), openssl {version}"

    def _stamped(self, content: bytes) -> tuple[bytes, datetime.datetime]:
        deadline = Deadline(self._clock, self._timeout_s)
        with self._refusals():
            query = make_query(content, timeout_s=deadline.remaining_s())
            answer = post(
                self._endpoint, query, content_type=_QUERY_TYPE, limit_bytes=MAX_TOKEN_BYTES, deadline=deadline
            )
            self._refuse_status(answer)
            check_reply(query, answer.body, self._roots, timeout_s=deadline.remaining_s())
            return answer.body, check_timestamp(content, answer.body, self._roots, timeout_s=deadline.remaining_s())

    def _refuse_status(self, answer: Answer) -> None:
        if answer.status != _OK:
            moved = answer.status in _REDIRECTS
            raise AnchorError(
                f"anchor {self._name}: {self._endpoint.authority} answers HTTP {answer.status}",
                hint="redirects are not followed: name the address it moved to" if moved else "",
            )

    def _count_roots(self) -> int:
        with self._roots.open("rb") as file:
            count = file.read(_MAX_ROOTS_BYTES).count(b"-----BEGIN CERTIFICATE-----")
        if not count:
            raise ValueError(f"{self._roots} holds no certificate")
        return count

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        with anchor_errors(self._name, self._endpoint.authority):
            try:
                yield
            except SignatureError as exc:
                raise AnchorError(
                    f"anchor {self._name}: {self._endpoint.authority}: {exc.message}", hint=exc.hint
                ) from exc
