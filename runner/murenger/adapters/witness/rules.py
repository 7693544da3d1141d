"""What a witness cosigns, and what it refuses.

Input: add-checkpoint requests. Output: a cosignature, once the checkpoint is in the memory; or a refusal.
Source: c2sp.org/tlog-witness, whose order of checks and status codes these are.
"""

import datetime
import http
import threading
from collections.abc import Mapping, Sequence

from murenger.adapters.witness.memory import Held, Memory, origin_hash
from murenger.adapters.witness.request import SIZE_TYPE, AddCheckpoint, Answer, parse_request, refusal
from murenger.errors import ConfigError, LedgerError, SignatureError
from murenger.ports import Clock
from murenger.record.tree.checkpoint import Checkpoint
from murenger.record.tree.merkle import EMPTY_ROOT, check_consistency
from murenger.record.tree.note import Note, SignatureType, Signed, SignerKey, VerifierKey, verify_note

_MAX_SAID = 200


class Witness:
    """Cosigns the logs that it was told of, each only as far as it grows.

    Args:
        key: the witness's own key.
        log_keys: keys of the logs, each named as its log; several of one log are fine.
        memory: what it remembers.
        clock: tells the time that it vouches for.

    Raises:
        ConfigError: there is no log, or a key is none of a log.
    """

    def __init__(self, key: SignerKey, log_keys: Sequence[VerifierKey], *, memory: Memory, clock: Clock) -> None:
        self._key = key
        self._logs = _by_origin(log_keys)
        self._memory = memory
        self._clock = clock
        # One request of a log at a time: between looking at the memory and writing it, nothing may come in.
        self._turns = {origin: threading.Lock() for origin in self._logs}

    def add_checkpoint(self, body: bytes) -> Answer:
        """Return the cosignature on a checkpoint, or why there is none."""
        try:
            request = parse_request(body)
        except ValueError as exc:
            return refusal(http.HTTPStatus.BAD_REQUEST, f"malformed request: {exc}")
        answer = self._judge(request)
        head = request.checkpoint
        said = f"origin={head.origin[:_MAX_SAID]!a} old={request.old_size} size={head.size}"
        return Answer(
            status=answer.status,
            content=answer.content,
            type=answer.type,
            said=f"{said}: {answer.said}" if answer.said else said,
        )

    def newest(self, hashed: str) -> Answer:
        """Return the newest cosigned checkpoint of a log.

        Args:
            hashed: hex digest of the log's origin.
        """
        held = self._memory.newest(hashed)
        if held is None:
            return refusal(http.HTTPStatus.NOT_FOUND, "no checkpoint of such a log was ever cosigned here")
        return Answer(status=http.HTTPStatus.OK, content=held.note.content, said=f"size={held.checkpoint.size}")

    def _judge(self, request: AddCheckpoint) -> Answer:
        head = request.checkpoint
        keys = self._logs.get(head.origin)
        if keys is None:
            return refusal(http.HTTPStatus.NOT_FOUND, "this witness does not know that log")
        try:
            by_log = verify_note(request.note, keys)
        except SignatureError as exc:
            return refusal(http.HTTPStatus.FORBIDDEN, str(exc))
        if request.old_size > head.size:
            return refusal(http.HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint's")
        with self._turns[head.origin]:
            return self._continue(request, by_log)

    def _continue(self, request: AddCheckpoint, by_log: Sequence[Signed]) -> Answer:
        """Cosign what continues the log; called in the log's turn."""
        head = request.checkpoint
        held = self._memory.newest(origin_hash(head.origin))
        size = held.checkpoint.size if held else 0
        if request.old_size != size:
            return Answer(
                status=http.HTTPStatus.CONFLICT, content=f"{size}\n".encode(), type=SIZE_TYPE, said=f"holds {size}"
            )
        try:
            _check_continues(held, head, request.proof)
        except ValueError as exc:
            return refusal(http.HTTPStatus.UNPROCESSABLE_ENTITY, str(exc))
        now = self._clock.now().replace(microsecond=0)
        if held and now < held.at:
            return refusal(http.HTTPStatus.SERVICE_UNAVAILABLE, "this witness's clock has gone back: try again later")
        return self._cosign(head, by_log, now)

    def _cosign(self, head: Checkpoint, by_log: Sequence[Signed], now: datetime.datetime) -> Answer:
        cosignature = self._key.sign(head.text, at=now)
        # Lines of unknown keys are left behind; the memory holds what was checked.
        note = Note(text=head.text, signatures=(*(signed.signature for signed in by_log), cosignature))
        try:
            self._memory.keep(Held(checkpoint=head, note=note, at=now))
        except LedgerError as exc:
            return Answer(
                status=http.HTTPStatus.SERVICE_UNAVAILABLE,
                content=b"this witness cannot write its memory\n",
                said=str(exc),
            )
        return Answer(status=http.HTTPStatus.OK, content=cosignature.line.encode(), said="cosigned")


def _check_continues(held: Held | None, head: Checkpoint, proof: Sequence[bytes]) -> None:
    old_size, old_root = (held.checkpoint.size, held.checkpoint.root) if held else (0, EMPTY_ROOT)
    check_consistency(old_size, old_root, head.size, head.root, proof)


def _by_origin(log_keys: Sequence[VerifierKey]) -> Mapping[str, tuple[VerifierKey, ...]]:
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for key in log_keys:
        if key.type is not SignatureType.ED25519:
            raise ConfigError(f"{key.vkey} is not the key of a log", hint="give the line that log.vkey holds")
        logs[key.name] = (*logs.get(key.name, ()), key)
    if not logs:
        raise ConfigError("a witness without a log has nothing to do", hint="--log VKEY")
    return logs
