"""Port AnchorSink: a witness, which cosigns a checkpoint only if it continues the one it remembers.

Input: the head of a log with its signed checkpoint. Output: the checkpoint with the witness's signature, and its time.
Source: c2sp.org/tlog-witness; any witness that speaks it will do.
"""

import dataclasses
import hashlib
import http
import http.client
import io
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from murenger.adapters.anchors.exchange import Deadline, anchor_errors, connected, endpoint_of, printable
from murenger.adapters.witness.request import write_request
from murenger.adapters.witness.stream import BoundedReader
from murenger.errors import AnchorConflictError, AnchorError, ConfigError, SignatureError
from murenger.model import AnchorHead, Receipt, ReceiptKind
from murenger.ports import Clock
from murenger.record.tree.checkpoint import Opened, open_checkpoint, open_cosigned
from murenger.record.tree.note import (
    MAX_NOTE_BYTES,
    Note,
    SignatureType,
    VerifierKey,
    parse_signatures,
    parse_vkey,
    strict_decimal,
    verify_note,
)

DEFAULT_TIMEOUT_S = 20.0

_MAX_ANSWER_BYTES = MAX_NOTE_BYTES
_HINTS = {
    http.HTTPStatus.FORBIDDEN: "the witness trusts another key for this log: give its operator the line in log.vkey",
    http.HTTPStatus.NOT_FOUND: "the witness does not know this log: give its operator the line in log.vkey",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the witness answered: HTTP status and body."""

    status: int
    body: bytes


class WitnessSink:
    """Gives the head of one log to one witness.

    Args:
        name: the sink's name in murenger.yml.
        url: the witness's submission prefix, http or https; what it answers is signed either way.
        witness_key: the witness's public key, a vkey of type 0x04.
        log_vkey: the log's own public key, a vkey of type 0x01.
        clock: how time passes.
        timeout_s: seconds for one whole submission, > 0.
        ca: PEM file with the authorities that the witness's certificate may come from, instead of the machine's.

    Raises:
        ConfigError: the URL, a key or the file is none.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        witness_key: str,
        log_vkey: str,
        clock: Clock,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        ca: Path | None = None,
    ) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._endpoint = endpoint_of(self._url)
        if "?" in url:
            raise ConfigError(f"anchor {name}: {url} has a query, which no witness has")
        self._witness_key = _key_of(name, witness_key, SignatureType.COSIGNATURE)
        self._log_key = _key_of(name, log_vkey, SignatureType.ED25519)
        self._clock = clock
        self._timeout_s = timeout_s
        self._tls = _tls(name, ca) if self._endpoint.is_tls else None
        # What the witness remembers, as far as we know; it tells us where we are wrong.
        self._known_size = 0

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml."""
        return self._name

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Have the head cosigned and return the cosigned checkpoint, once its signature is checked.

        Raises:
            AnchorError: the witness is down, slow, does not know the log or answers nonsense.
            AnchorConflictError: it holds another history of this log, or a longer one.
        """
        opened = self._own(head)
        deadline = Deadline(self._clock, self._timeout_s)
        old_size = min(self._known_size, head.size)
        answer = self._add(opened, old_size, proof, deadline)
        if answer.status == http.HTTPStatus.CONFLICT:
            old_size = self._remembered(answer, head, old_size)
            answer = self._add(opened, old_size, proof, deadline)
        if answer.status != http.HTTPStatus.OK:
            raise self._refused(answer, head, old_size)
        receipt = self._receipt(answer, opened, head)
        self._known_size = head.size
        return receipt

    def state(self) -> str:
        """Return what the witness holds of this log; changes nothing there.

        Raises:
            AnchorError: it does not answer, or what it holds is not signed by the log and by itself.
        """
        hashed = hashlib.sha256(self._log_key.name.encode()).hexdigest()
        answer = self._ask("GET", f"/{hashed}/checkpoint", b"", Deadline(self._clock, self._timeout_s))
        if answer.status == http.HTTPStatus.NOT_FOUND:
            return "answers, and holds nothing of this log yet"
        if answer.status != http.HTTPStatus.OK:
            raise self._nonsense(f"answers {answer.status} when asked for its checkpoint")
        try:
            held = open_cosigned(answer.body, log_keys=[self._log_key], witness_keys=[self._witness_key])
        except (ValueError, SignatureError) as exc:
            raise self._nonsense(f"its checkpoint is not sound: {exc}") from exc
        return f"holds {held.checkpoint.size} records as of {held.earliest:%Y-%m-%dT%H:%M:%SZ}"

    def _own(self, head: AnchorHead) -> Opened:
        """Return our own checkpoint, opened: what we could not check ourselves is sent to nobody."""
        if not head.checkpoint:
            raise AnchorError(
                f"anchor {self._name}: the log has no signed checkpoint, which a witness needs",
                hint="name a log key under runner in murenger.yml",
            )
        try:
            opened = open_checkpoint(head.checkpoint.encode(), log_keys=[self._log_key])
        except (ValueError, SignatureError) as exc:
            raise AnchorError(f"anchor {self._name}: our own checkpoint is not sound: {exc}") from exc
        own = opened.checkpoint
        if (own.origin, own.size, own.root.hex()) != (head.origin, head.size, head.root):
            raise AnchorError(f"anchor {self._name}: our own checkpoint is not of this head")
        return opened

    def _add(
        self, opened: Opened, old_size: int, proof: Callable[[int], Sequence[bytes]], deadline: Deadline
    ) -> _Answer:
        between = proof(old_size) if 0 < old_size < opened.checkpoint.size else ()
        try:
            body = write_request(old_size, between, opened.note.content)
        except ValueError as exc:
            raise AnchorError(f"anchor {self._name}: the request cannot be made: {exc}") from exc
        return self._ask("POST", "/add-checkpoint", body, deadline)

    def _remembered(self, answer: _Answer, head: AnchorHead, old_size: int) -> int:
        """Return the size that the witness remembers, from its refusal of another."""
        try:
            size = strict_decimal(answer.body.decode("ascii").removesuffix("\n"))
        except ValueError as exc:
            if old_size == head.size:
                # The Go witness answers so, without a size, where two trees of one size have different roots.
                raise self._conflict(head, "another history of the same length") from exc
            raise self._nonsense("answers 409 without a size") from exc
        if size > head.size:
            raise self._conflict(head, f"{size} records")
        if size == old_size:
            raise self._nonsense(f"refuses the size {size} and asks for it")
        return size

    def _refused(self, answer: _Answer, head: AnchorHead, old_size: int) -> AnchorError:
        if answer.status == http.HTTPStatus.UNPROCESSABLE_ENTITY:
            return self._conflict(head, f"another history of the first {old_size} records")
        if answer.status == http.HTTPStatus.CONFLICT:
            # It moved between our two requests: another process of ours submits, or it is not one witness.
            self._remembered(answer, head, old_size)
        said = printable(answer.body.decode("utf-8", "replace"))
        hint = next((hint for status, hint in _HINTS.items() if status == answer.status), "")
        return AnchorError(f"anchor {self._name}: {self._url} answers {answer.status}: {said or 'nothing'}", hint=hint)

    def _receipt(self, answer: _Answer, opened: Opened, head: AnchorHead) -> Receipt:
        """Return the receipt; nothing but this witness's own, true signature is taken from the answer."""
        try:
            lines = parse_signatures(answer.body.decode("utf-8"))
            claimed = Note(text=opened.note.text, signatures=lines)
            signed, *_ = verify_note(claimed, [self._witness_key])
        except (ValueError, SignatureError) as exc:
            raise self._nonsense(f"its cosignature is not sound: {exc}") from exc
        note = Note(text=opened.note.text, signatures=(opened.log.signature, signed.signature))
        return Receipt(
            sink=self._name,
            kind=ReceiptKind.WITNESS,
            sequence=head.sequence,
            content=note.content,
            at=signed.at,
            held_elsewhere=True,
        )

    def _ask(self, method: str, address: str, body: bytes, deadline: Deadline) -> _Answer:
        endpoint = self._endpoint
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        request = (
            f"{method} {endpoint.target.rstrip('/')}{address} HTTP/1.1\r\nHost: {endpoint.authority}\r\n"
            f"User-Agent: murenger\r\nConnection: close\r\n{length}\r\n"
        )
        with (
            anchor_errors(self._name, self._url),
            connected(endpoint.host, endpoint.port, deadline, self._tls) as connection,
        ):
            connection.settimeout(deadline.remaining_s())
            connection.sendall(request.encode("ascii") + body)
            # All that the library asks of a socket is a file to read from.
            wire = cast("socket.socket", _Wire(BoundedReader(connection, deadline.remaining_s)))
            with http.client.HTTPResponse(wire, method=method) as response:
                return _read(response)

    def _nonsense(self, said: str) -> AnchorError:
        return AnchorError(f"anchor {self._name}: {self._url}: {said}")

    def _conflict(self, head: AnchorHead, held: str) -> AnchorConflictError:
        return AnchorConflictError(
            f"anchor {self._name}: {self._url} holds {held}, and this log has {head.size}: "
            "it was cut, forked, or restored from an old copy",
            hint="nothing is healed; see the guide on restoring a log",
        )


class _Wire:
    """The reading side of a socket, for a library that knows no deadline of its own."""

    def __init__(self, reader: BoundedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the file to read from."""
        return io.BufferedReader(self._reader)


def _read(response: http.client.HTTPResponse) -> _Answer:
    response.begin()
    body = response.read(_MAX_ANSWER_BYTES + 1)
    if len(body) > _MAX_ANSWER_BYTES:
        raise ValueError(f"answers more than {_MAX_ANSWER_BYTES} bytes")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return _Answer(status=response.status, body=body)


def _key_of(sink: str, text: str, type_: SignatureType) -> VerifierKey:
    whose = "a witness" if type_ is SignatureType.COSIGNATURE else "a log"
    try:
        key = parse_vkey(text)
    except ValueError as exc:
        raise ConfigError(f"anchor {sink}: {text!a} is not the key of {whose}: {exc}") from exc
    if key.type is not type_:
        raise ConfigError(f"anchor {sink}: {text!a} is not the key of {whose}", hint="murenger witness key prints it")
    return key


def _tls(sink: str, ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"anchor {sink}: the authorities in {ca} cannot be read: {exc}") from exc
