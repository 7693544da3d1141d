"""Every kind of change that a ledger makes to its files, so that each can be broken off at every step.

Input: a site of `ledger_site.py`. Output: for each kind, a store as it is before, the change, and whether it is made.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.keys import SshSigner
from murenger.model import Receipt, ReceiptKind, canonical_bytes

TOKEN = b"what a time-stamping authority answered"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One kind of change.

    Attributes:
        prepare: makes the store as it is before.
        make: changes it; may be repeated.
        is_made: tells whether it is changed.
        steps: at least so many steps can fail.
    """

    prepare: Callable[[Any], None]
    make: Callable[[Any, FileLedger], object]
    is_made: Callable[[Any], bool]
    steps: int


def document(site: Any) -> tuple[bytes, str]:
    """Return a decision file and the approver's signature."""
    content = canonical_bytes(
        {"author": "bob", "not_after": "2027-01-01T00:00:00Z", "origin": site.folder.name, "type": "standing-change"}
    )
    return content, SshSigner("alice@site", site.approver).sign(content, namespace="change-approval@murenger")


def receipt(
    sequence: int = 0, *, sink: str = "w1", kind: ReceiptKind = ReceiptKind.WITNESS, content: bytes = b"seen"
) -> Receipt:
    """Return what a sink gave."""
    return Receipt(sink=sink, kind=kind, sequence=sequence, content=content, at=None, held_elsewhere=True)


def append_on(day: int) -> Callable[[Any, FileLedger], object]:
    """Return a change that appends a record, with a decision, on a day counted from the first."""
    documents: list[tuple[bytes, str]] = []

    def make(site: Any, ledger: FileLedger) -> object:
        documents[:] = documents or [document(site)]
        return ledger.append(site.build_on(day), documents=documents)

    return make


def sealed(*days: int) -> Callable[[Any], None]:
    """Return what makes a store with two records on each of these days, all but the last of several sealed."""

    def prepare(site: Any) -> None:
        site.fill(*(day for day in days for _ in range(2)))
        for day in days[:-1] or days:
            site.ledger().seal(site.day(day).name)

    return prepare


def has_record(number: int) -> Callable[[Any], bool]:
    """Return what tells whether a record is there."""
    return lambda site: any(site.folder.glob(f"days/*/records/{number:09d}.json"))


def seal_with_token(day: int) -> Callable[[Any, FileLedger], object]:
    """Return a change that seals a day and has it stamped."""
    return lambda site, ledger: ledger.seal(site.day(day).name, stamp=lambda _content: TOKEN)


def is_stamped(day: int) -> Callable[[Any], bool]:
    """Return what tells whether a day is sealed and stamped."""

    def tell(site: Any) -> bool:
        token: Path = site.day(day) / "SHA256SUMS.tsr"
        return token.exists() and token.read_bytes() == TOKEN and (site.day(day) / "SHA256SUMS").exists()

    return tell


def to_be_pruned(site: Any) -> None:
    """Make a store of four days, the first two sealed; a decision lies in each."""
    for day in (0, 1, 2, 3):
        append_on(day)(site, site.ledger())
    for day in (0, 1):
        site.ledger().seal(site.day(day).name)


CHANGES = {
    "the first record": Change(
        prepare=lambda site: site.store.mkdir(), make=append_on(0), is_made=has_record(0), steps=15
    ),
    "a record": Change(prepare=lambda site: site.fill(0), make=append_on(0), is_made=has_record(1), steps=15),
    "a record on a new day": Change(
        prepare=lambda site: site.fill(0), make=append_on(1), is_made=has_record(1), steps=18
    ),
    "a record after a sealed day": Change(prepare=sealed(0), make=append_on(0), is_made=has_record(2), steps=18),
    "a receipt": Change(
        prepare=lambda site: site.fill(0),
        make=lambda _site, ledger: ledger.keep_receipt(receipt()),
        is_made=lambda site: (site.day() / "receipts/000000000-w1.cosig").exists(),
        steps=6,
    ),
    "a receipt after a sealed day": Change(
        prepare=sealed(0),
        make=lambda _site, ledger: ledger.keep_receipt(receipt(1)),
        is_made=lambda site: (site.day(1) / "receipts/000000001-w1.cosig").exists(),
        steps=8,
    ),
    "a checkpoint": Change(
        prepare=lambda site: (site.fill(0), site.ledger().keep_checkpoint("old\n"))[0],
        make=lambda _site, ledger: ledger.keep_checkpoint("new\n"),
        is_made=lambda site: (site.day() / "checkpoint").read_text() == "new\n",
        steps=5,
    ),
    "a checkpoint after a sealed day": Change(
        prepare=sealed(0),
        make=lambda _site, ledger: ledger.keep_checkpoint("new\n"),
        is_made=lambda site: (site.day(1) / "checkpoint").exists(),
        steps=6,
    ),
    "a seal": Change(prepare=sealed(0, 1, 2), make=seal_with_token(2), is_made=is_stamped(2), steps=14),
    "a seal of a finished day": Change(
        prepare=lambda site: site.fill(0, 0, 1), make=seal_with_token(0), is_made=is_stamped(0), steps=14
    ),
    "pruning": Change(
        prepare=to_be_pruned,
        make=lambda site, ledger: ledger.prune([site.day(0).name, site.day(1).name]),
        is_made=lambda site: not any((site.day(day) / "records").exists() for day in (0, 1)),
        steps=25,
    ),
}
