"""The bundle of one record: its bytes, and all that speaks for them.

Input: a log's folder; nothing is written and nothing is verified. Output: files by name. The same record gives the same
files again, until somebody who had not vouched for it does.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from murenger.adapters.files.pack import read_leaves
from murenger.adapters.sqlite.files import RecordFiles
from murenger.errors import LedgerError
from murenger.record.coverage import Coverage, KeptReceipt, coverage_of
from murenger.record.evidence.entry import Entry, entry_of
from murenger.record.evidence.pack import prove
from murenger.record.evidence.servicenow import servicenow_change
from murenger.record.predicate import MAX_RECORD_BYTES, MAX_SIGNATURE_BYTES
from murenger.record.reading import group_of, text_of
from murenger.record.store import (
    CHECKPOINT,
    DAYS,
    DECISION_SIGNATURE_FILE,
    DECISIONS,
    day_names,
    read_regular,
    record_name,
)
from murenger.record.tree.merkle import TreeLevels
from murenger.record.tree.proof import MAX_PROOF_BYTES, SUFFIX, parse_proof

SERVICENOW = "servicenow.json"
_MAX_RECEIPT_BYTES = 1024 * 1024


def ticket_bundle(folder: Path, *, origin: str, sequence: int, earlier: Path | None = None) -> Mapping[str, bytes]:
    """Return one record, its signature, the decision that it cites, receipts, proof and fields of a change request.

    Args:
        folder: the log's own folder.
        origin: name of the log.
        sequence: the record's number.
        earlier: a folder with an earlier bundle of the same record; its proof is kept while it holds.

    Returns:
        Bytes by file name. A proof is there only if a checkpoint covers the record, `servicenow.json` only for an
        intent or an outcome.

    Raises:
        LedgerError: there is no such record, or a file cannot be read.
    """
    files = RecordFiles(folder, origin)
    record, day = files.read(sequence) if sequence >= 0 else None, files.day_of(sequence) or ""
    if record is None:
        raise LedgerError(f"there is no record {sequence}", hint="murenger log lists them; pruned ones have no bundle")
    entry = entry_of(record.content, sequence=sequence, day=day)
    name = record_name(sequence)
    bundle = {name: record.content, f"{name}.sig": record.signature.encode("ascii")}
    try:
        coverage = coverage_of(folder, sequence, day)
        bundle.update(_decision(folder, entry))
        bundle.update((Path(receipt.file).name, _receipt(folder, receipt)) for receipt in _nearest(coverage))
        proof = _proof(folder, coverage, sequence, earlier)
    except (OSError, ValueError) as exc:
        raise LedgerError(f"what belongs to record {sequence} cannot be read: {exc}", hint="murenger verify") from exc
    if proof:
        bundle[f"{sequence:09d}{SUFFIX}"] = proof
    fields = servicenow_change(entry, head=f"{sequence} {record.sha256}")
    if fields is not None:
        bundle[SERVICENOW] = json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    return bundle


def _decision(folder: Path, entry: Entry) -> Iterator[tuple[str, bytes]]:
    """Yield the decision that a record cites, with each of its signatures."""
    sha256 = text_of(group_of(entry.said, "approval"), "decision_sha256")
    if not sha256:
        return
    place = folder / DAYS / entry.day / DECISIONS
    yield f"{sha256}.json", read_regular(place / f"{sha256}.json", MAX_RECORD_BYTES)
    for path in sorted(place.glob(f"{sha256}.json*.sig")):
        if DECISION_SIGNATURE_FILE.fullmatch(path.name):
            yield path.name, read_regular(path, MAX_SIGNATURE_BYTES)


def _nearest(coverage: Coverage) -> Iterator[KeptReceipt]:
    """Yield the nearest receipt of each sink: later ones say no more about this record."""
    met: set[tuple[str, str]] = set()
    for receipt in coverage.receipts:
        if (receipt.sink, receipt.kind) not in met:
            met.add((receipt.sink, receipt.kind))
            yield receipt


def _receipt(folder: Path, receipt: KeptReceipt) -> bytes:
    return read_regular(folder / receipt.file, _MAX_RECEIPT_BYTES)


def _proof(folder: Path, coverage: Coverage, sequence: int, earlier: Path | None) -> bytes:
    cosigned = [_receipt(folder, receipt) for receipt in coverage.receipts if receipt.kind == "cosig"]
    checkpoints = (*cosigned, *_proved_before(earlier, sequence), *_own(folder, coverage.day))
    if not checkpoints:
        return b""
    return prove(TreeLevels(read_leaves(folder)), sequence, checkpoints)


def _proved_before(earlier: Path | None, sequence: int) -> Iterator[bytes]:
    """Yield the checkpoint of an earlier proof: the log's own one is another by now, and proves no more."""
    path = None if earlier is None else earlier / f"{sequence:09d}{SUFFIX}"
    if path is None or not path.is_file():
        return
    try:
        yield parse_proof(read_regular(path, MAX_PROOF_BYTES)).checkpoint
    except ValueError:
        # Not a proof of ours; it is replaced.
        return


def _own(folder: Path, day: str) -> Iterator[bytes]:
    """Yield the log's own checkpoints, of the record's day first."""
    for name in day_names(folder):
        path = folder / DAYS / name / CHECKPOINT
        if name >= day and path.is_file():
            yield read_regular(path, _MAX_RECEIPT_BYTES)
