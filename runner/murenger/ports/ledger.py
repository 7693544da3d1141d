"""The log of change records, and those who hold its head elsewhere.

Input: statement bytes. Output: durable records, and receipts.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from murenger.model import AnchorHead, ChangeRecord, Receipt


class Ledger(Protocol):
    """The append-only log of change records; files are the truth."""

    def append(
        self, build: Callable[[int, str], bytes], *, documents: Sequence[tuple[bytes, str]] = ()
    ) -> ChangeRecord:
        """Make the next record durable (fsynced with its directory) before returning.

        Args:
            build: called once, under the log's lock, with the new sequence number and the hex digest of the previous
                record (64 zeros at genesis); returns the statement's bytes.
            documents: decision files that the record cites, each with its signature; stored beside it first.

        Raises:
            LedgerError: the folder is full, read-only or damaged; then nothing was appended.
        """
        ...

    def records(self) -> Iterator[ChangeRecord]:
        """Yield every record in order.

        Raises:
            LedgerError: a file cannot be read.
        """
        ...

    def head(self) -> ChangeRecord | None:
        """Return the newest record, or None for a log without records."""
        ...


class AnchorSink(Protocol):
    """Somebody else who holds the head of the log."""

    @property
    def name(self) -> str:
        """The sink's name in murenger.yml: letters, digits, dot and underscore."""
        ...

    def submit(self, head: AnchorHead, *, proof: Callable[[int], Sequence[bytes]]) -> Receipt:
        """Give the head away and return the receipt, once it is checked.

        Args:
            head: where the log ends.
            proof: given a smaller size that the sink remembers, returns the RFC 6962 consistency proof (32-byte nodes)
                from there to `head.size`.

        Raises:
            AnchorError: the sink is down, slow, or answers nonsense; the head is to be sent again.
            AnchorConflictError: the sink holds another history, or a longer one.
        """
        ...

    def state(self) -> str:
        """Return one clause on whether the sink could take a head now; changes nothing there.

        Raises:
            AnchorError: it could not.
        """
        ...
