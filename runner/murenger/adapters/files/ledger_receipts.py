"""Receipts and checkpoints: what others gave for having seen the head of the log, kept beside its records.

Input: a receipt, or a checkpoint's text. Output: a durable file in the newest day, never in a sealed one.
"""

import dataclasses
from pathlib import Path

from murenger.adapters.files.ledger_files import Transaction
from murenger.adapters.files.ledger_writer import LedgerWriter
from murenger.errors import LedgerError
from murenger.model import Receipt
from murenger.record.store import CHECKPOINT, DAYS, RECEIPT_FILE, RECEIPTS

# A token carries certificates, a cosigned checkpoint a few lines; nothing honest comes near.
MAX_RECEIPT_BYTES = 1024 * 1024


def keep_receipt(writer: LedgerWriter, receipt: Receipt) -> None:
    """Do what `FileLedger.keep_receipt` promises."""
    name = f"{receipt.sequence:09d}-{receipt.sink}.{receipt.kind.value}"
    if not RECEIPT_FILE.fullmatch(name) or not 0 < len(receipt.content) <= MAX_RECEIPT_BYTES:
        raise LedgerError(f"the receipt of {receipt.sink!r} for record {receipt.sequence} cannot be kept")
    with writer.turn() as turn:
        tail = writer.tail
        if receipt.sequence > tail.sequence:
            raise LedgerError(f"a receipt of {receipt.sink} is for record {receipt.sequence}, which is not there")
        day = tail.day_for("")
        if any((writer.folder / DAYS / kept / RECEIPTS / name).exists() for kept in (tail.day, day)):
            return
        path = writer.folder / DAYS / day / RECEIPTS / name
        with writer.change(turn) as transaction:
            transaction.make_folders(path.parent.parent, path.parent)
            transaction.publish(transaction.stage(receipt.content), path)
            _finish(transaction, path.parent)
        writer.settle(turn, dataclasses.replace(tail, day=day, sealed=False))


def keep_checkpoint(writer: LedgerWriter, text: str) -> None:
    """Do what `FileLedger.keep_checkpoint` promises."""
    with writer.turn() as turn:
        tail = writer.tail
        if tail.sequence < 0:
            raise LedgerError(f"the ledger {writer.folder} has no record that a checkpoint could be of")
        day = tail.day_for("")
        path = writer.folder / DAYS / day / CHECKPOINT
        with writer.change(turn) as transaction:
            transaction.make_folders(path.parent)
            transaction.replace(transaction.stage(text.encode("utf-8")), path)
            _finish(transaction, path.parent)
        writer.settle(turn, dataclasses.replace(tail, day=day, sealed=False))


def _finish(transaction: Transaction, folder: Path) -> None:
    transaction.sync(folder)
    transaction.finish()
