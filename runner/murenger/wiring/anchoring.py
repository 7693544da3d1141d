"""Anchoring: the head of the log goes to everybody who is to hold it, before what depends on that goes on.

Input: a log whose newest record is durable. Output: receipts in the ledger, and in the outbox what is still to be sent.
"""

import dataclasses
import datetime
import queue
import re
import threading
from collections.abc import Callable, Sequence

from murenger.adapters.files.outbox import Outbox, Waiting
from murenger.errors import AnchorConflictError, AnchorError, ConfigError, MurengerError, SignatureError
from murenger.model import AnchorHead, Receipt
from murenger.ports import AnchorSink, Clock
from murenger.record.executor import AnchorSeen
from murenger.wiring.head import Head

# How long a peer that failed is left alone: doubled with each failure, never more than this.
FIRST_RETRY_S = 15
LONGEST_RETRY_S = 900
# Sinks have their own time limits; this much more is allowed before one is given up as stuck.
GRACE_S = 2.0

_MOST_CHARACTERS = 300
_LOGIN = re.compile(r"//[^/@\s]*@")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """What became of one head.

    Attributes:
        head: the head, or None where nothing was to be sent.
        receipts: what sinks gave for it.
        failures: (sink, why) of those that did not take it.
        conflict: the error of a sink that holds another history, or None.
    """

    head: AnchorHead | None
    receipts: tuple[Receipt, ...]
    failures: tuple[tuple[str, str], ...]
    conflict: AnchorConflictError | None

    @property
    def is_held(self) -> bool:
        """True if another administrative domain has confirmed that it holds the head."""
        return any(receipt.held_elsewhere for receipt in self.receipts)


_NOTHING = Anchored(head=None, receipts=(), failures=(), conflict=None)


class Anchors:
    """The sinks of one log.

    Args:
        names: names of the sinks, in the order of murenger.yml; empty: nobody holds the head.
        sinks: returns them; made when the first head is to be sent.
        is_signed: True if checkpoints are signed, and so kept, even where there is no sink.
        head: the end of the log.
        outbox: what is still to be sent.
        keep_receipt: makes a receipt durable in the ledger.
        keep_checkpoint: makes the newest checkpoint durable in the ledger.
        clock: the time.
        timeout_s: seconds that all sinks may take together.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        sinks: Callable[[], Sequence[AnchorSink]],
        is_signed: bool,
        head: Head,
        outbox: Outbox,
        keep_receipt: Callable[[Receipt], None],
        keep_checkpoint: Callable[[str], None],
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._names = tuple(names)
        self._make_sinks = sinks
        self._is_signed = is_signed
        self._sinks: dict[str, AnchorSink] = {}
        self._head = head
        self._outbox = outbox
        self._keep_receipt = keep_receipt
        self._keep_checkpoint = keep_checkpoint
        self._clock = clock
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """The sinks' names, in the order of murenger.yml."""
        return self._names

    def seen(self) -> AnchorSeen | None:
        """Return the newest head that another administrative domain holds, or None.

        Raises:
            LedgerError: the outbox cannot be read.
        """
        held = [seen for seen in map(self._outbox.held, self._names) if seen is not None]
        return max(held, key=lambda seen: (seen.size, seen.at), default=None)

    def held(self, sink: str) -> AnchorSeen | None:
        """Return the newest head that a sink has confirmed, or None.

        Raises:
            LedgerError: the outbox cannot be read.
        """
        return self._outbox.held(sink)

    def waiting(self) -> dict[str, Waiting]:
        """Return each sink that does not hold the head it was given last, and since when.

        Raises:
            LedgerError: the outbox cannot be read.
        """
        found = {name: self._outbox.waiting(name) for name in self._names}
        return {name: waiting for name, waiting in found.items() if waiting is not None}

    def anchor(self, *, required: bool) -> Anchored:
        """Give the head of the log to every sink, all at once, and keep what they give for it.

        A sink that failed is left alone for a while, unless a change waits for an answer.

        Args:
            required: True if a change waits: then a sink that is left alone is tried when no other one confirms, and
                nobody's confirmation is an error.

        Raises:
            AnchorConflictError: a sink holds another history of this log, or a longer one.
            AnchorError: nobody has confirmed that it holds the head, and that is required.
            LedgerError: a receipt or the outbox could not be written.
        """
        with self._lock:
            done = self._alone(required=required)
        if done.conflict is not None:
            raise AnchorConflictError(
                f"an anchor holds another history of this log: {done.conflict.message}",
                hint="was an old copy of the store restored? heal nothing; see docs/guides/restore.md",
            ) from done.conflict
        if required and self._names and not done.is_held:
            told = "; ".join(f"{sink}: {why}" for sink, why in done.failures) or "no sink confirms"
            raise AnchorError(
                f"nobody has confirmed that it holds the head of the log: {told}",
                hint="murenger doctor tries each sink; policy queue would let changes go on",
            )
        return done

    def retry(self) -> Anchored | None:
        """Send the head again to sinks whose time has come; return None if none waits.

        Raises:
            AnchorConflictError: a sink holds another history of this log, or a longer one.
            LedgerError: a receipt or the outbox could not be written.
        """
        now = self._clock.now()
        if not any(waiting.next_at <= now for waiting in self.waiting().values()):
            return None
        return self.anchor(required=False)

    def _alone(self, *, required: bool) -> Anchored:
        """Give the head away while no other process does: a sink would take an older head for another history."""
        if not self._names and not self._is_signed:
            return _NOTHING
        with self._outbox.alone(self._clock, within_s=2 * (self._timeout_s + GRACE_S)) as is_alone:
            if is_alone:
                return self._anchor(required=required)
        error = AnchorError("another process gives the head of the log away and does not end")
        failures = tuple((name, self._failed(name, self._head.sequence(), error)) for name in self._names)
        return dataclasses.replace(_NOTHING, failures=failures)

    def _anchor(self, *, required: bool) -> Anchored:
        try:
            head = self._head.now()
            self._sinks = self._sinks or {sink.name: sink for sink in self._make_sinks()}
        except (AnchorError, SignatureError, ConfigError) as error:
            # The log key cannot be used, or the ledger does not add up: nobody can be told, and whoever waits must
            # hear why.
            failures = tuple((name, self._failed(name, self._head.sequence(), error)) for name in self._names)
            return dataclasses.replace(_NOTHING, failures=failures)
        if head is None:
            return _NOTHING
        if head.checkpoint:
            self._keep_checkpoint(head.checkpoint)
        now = self._clock.now()
        resting = {
            name
            for name, waiting in self.waiting().items()
            # Who holds another history is always asked again: nothing may be healed until that is settled.
            if waiting.next_at > now and not waiting.conflict
        }
        done = self._submit(head, [name for name in self._names if name not in resting])
        if required and not done.is_held and done.conflict is None and resting:
            more = self._submit(head, [name for name in self._names if name in resting])
            done = dataclasses.replace(
                more, receipts=(*done.receipts, *more.receipts), failures=(*done.failures, *more.failures)
            )
        return done

    def _submit(self, head: AnchorHead, names: Sequence[str]) -> Anchored:
        answers: queue.SimpleQueue[tuple[str, Receipt | MurengerError]] = queue.SimpleQueue()
        open_names = []
        for name in names:
            if name in self._busy:
                self._failed(name, head.sequence, AnchorError("the attempt before is still running"))
                continue
            self._busy.add(name)
            open_names.append(name)
            # A daemon: a sink that never answers must not keep the program from ending.
            threading.Thread(target=self._ask, args=(name, head, answers), daemon=True, name=f"anchor-{name}").start()
        receipts, failures = (
            [],
            [(name, "the attempt before is still running") for name in names if name not in open_names],
        )
        conflict: AnchorConflictError | None = None
        for name, answer in self._collect(answers, open_names):
            if isinstance(answer, Receipt):
                self._kept(name, head, answer)
                receipts.append(answer)
            else:
                failures.append((name, self._failed(name, head.sequence, answer)))
                if isinstance(answer, AnchorConflictError):
                    conflict = answer
        return Anchored(head=head, receipts=tuple(receipts), failures=tuple(failures), conflict=conflict)

    def _ask(
        self, name: str, head: AnchorHead, answers: "queue.SimpleQueue[tuple[str, Receipt | MurengerError]]"
    ) -> None:
        try:
            answers.put((name, self._sinks[name].submit(head, proof=lambda size: self._head.proof(size, head.size))))
        except MurengerError as error:
            answers.put((name, error))
        except Exception as error:  # noqa: BLE001 - a defect of one sink must not silence the others, nor be lost
            answers.put((name, AnchorError(f"internal error: {type(error).__name__}; please report it")))
        finally:
            self._busy.discard(name)

    def _collect(
        self, answers: "queue.SimpleQueue[tuple[str, Receipt | MurengerError]]", names: Sequence[str]
    ) -> list[tuple[str, Receipt | MurengerError]]:
        """Return each sink's answer; who has not answered in time is an error."""
        found: dict[str, Receipt | MurengerError] = {}
        deadline = self._clock.monotonic_s() + self._timeout_s + GRACE_S
        while len(found) < len(names):
            left = deadline - self._clock.monotonic_s()
            try:
                name, answer = answers.get(timeout=max(0.0, left))
            except queue.Empty:
                break
            found[name] = answer
        late = AnchorError(f"no answer within {self._timeout_s + GRACE_S:.0f} s")
        return [(name, found.get(name, late)) for name in names]

    def _kept(self, name: str, head: AnchorHead, receipt: Receipt) -> None:
        self._keep_receipt(receipt)
        if receipt.held_elsewhere:
            self._outbox.keep_held(
                AnchorSeen(
                    sequence=head.sequence,
                    sha256=head.sha256,
                    size=head.size,
                    root=head.root,
                    sink=name,
                    at=receipt.at or self._clock.now(),
                )
            )
        self._outbox.clear(name)

    def _failed(self, name: str, sequence: int, error: MurengerError) -> str:
        """Remember that a sink waits, and return why, without a secret."""
        before = self._outbox.waiting(name)
        attempts = 1 if before is None else before.attempts + 1
        now = self._clock.now()
        said = redacted(str(error))
        self._outbox.keep_waiting(
            name,
            Waiting(
                since=now if before is None else before.since,
                first_sequence=sequence if before is None else before.first_sequence,
                attempts=attempts,
                next_at=now + datetime.timedelta(seconds=rest_s(attempts)),
                last_error=said,
                conflict=isinstance(error, AnchorConflictError),
            ),
        )
        return said


def rest_s(attempts: int) -> int:
    """Return for how many seconds a peer is left alone after so many failed attempts, >= 1."""
    return min(LONGEST_RETRY_S, FIRST_RETRY_S << min(attempts - 1, 16))


def redacted(text: str) -> str:
    """Return an error's text for files and records: one short line, without logins."""
    line = _LOGIN.sub("//", " ".join(text.split()))
    return "".join(character if character.isprintable() else "?" for character in line)[:_MOST_CHARACTERS]
