"""Verify: is this ledger what the runner wrote, whole and in order, as far as anybody can tell from it alone?

Input: a store, one log's folder or a pack, and whom to trust. Output: a report that names every fault, and says what
was not proven: without an anchor, nothing shows that the newest records are still there.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from murenger.errors import LedgerError
from murenger.model import RecordKind
from murenger.ports import Verifier
from murenger.record.examined import Examined, OpenIntent, Walk, examine
from murenger.record.finding import Finding, LogReport, Report
from murenger.record.log_checks import LOG_CHECKS, LogCheck
from murenger.record.predicate import ORIGIN
from murenger.record.reading import group_of, text_of
from murenger.record.record_checks import RECORD_CHECKS, RecordCheck, judged_at, references
from murenger.record.scan import Scan, scan_log
from murenger.record.store import DAYS, LOCK

_LIMITS = (
    "completeness is not proven: no anchor was given, so records cut from the end would not show",
    "a history rewritten whole by somebody who holds the runner's key would not show either",
    "keys were judged at the times that the records claim, for no anchor gives a better one",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Which checks to make.

    Attributes:
        record: for each record.
        log: for the log as a whole.
    """

    record: Sequence[RecordCheck] = RECORD_CHECKS
    log: Sequence[LogCheck] = LOG_CHECKS


ALL_CHECKS = Checks()


def verify_store(store: Path, *, verifier: Verifier, checks: Checks = ALL_CHECKS) -> Report:
    """Return the verdict on every log in a store, on one log's folder, or on a pack.

    Args:
        store: the folder.
        verifier: checks signatures against the reader's own trust file, never one inside the store.
        checks: all of them, except where a test leaves one out.

    Raises:
        LedgerError: there is no ledger in the folder, or it cannot be read.
        SignatureError: signatures cannot be checked at all.
    """
    try:
        folders = _log_folders(store)
        if not folders:
            raise LedgerError(f"there is no ledger in {store}", hint="give a store, one log's folder or a pack")
        return Report(logs=tuple(_verify_log(folder, verifier, checks) for folder in folders))
    except OSError as exc:
        raise LedgerError(f"the ledger {store} cannot be read: {exc.strerror or exc}") from exc


def _log_folders(store: Path) -> list[Path]:
    if _is_log(store):
        return [store]
    return sorted(entry for entry in store.iterdir() if ORIGIN.fullmatch(entry.name) and _is_log(entry))


def _is_log(folder: Path) -> bool:
    """Tell whether a folder is a log; one whose days are all gone still has its lock, and must not be passed over."""
    return (folder / DAYS).is_dir() or (folder / LOCK).is_file()


def _verify_log(folder: Path, verifier: Verifier, checks: Checks) -> LogReport:
    if not checks.record or not checks.log:
        raise LedgerError("a verification without checks proves nothing")
    scan = scan_log(folder)
    walk = Walk()
    findings: list[Finding] = []
    for day in scan.days:
        for number in day.numbers:
            record = examine(folder, day, number)
            for check in checks.record:
                findings.extend(check(record, walk, scan, verifier))
            _step(walk, record)
    for log_check in checks.log:
        findings.extend(log_check(scan, walk, verifier))
    numbers = [number for day in scan.days for number in day.numbers]
    last = max(numbers, default=None)
    return LogReport(
        origin=walk.origin or folder.name,
        folder=str(folder),
        records=len(numbers),
        first=min(numbers, default=None),
        last=last,
        head_sha256="" if last is None else walk.digests.get(last, b"").hex(),
        findings=_in_order(findings),
        limits=(*_LIMITS, *_aside(scan)),
    )


def _step(walk: Walk, record: Examined) -> None:
    """Remember a record for the checks of those after it."""
    walk.previous_sha256 = record.sha256
    walk.previous_altered = record.number in walk.altered
    if record.content is not None:
        walk.digests[record.number] = bytes.fromhex(record.sha256)
        walk.leaves[record.number] = record.leaf
    if record.number not in walk.altered:
        _believe(walk, record)


def _believe(walk: Walk, record: Examined) -> None:
    """Remember what a record says; an altered one says nothing."""
    said = record.predicate
    walk.origin = walk.origin or text_of(said, "origin")
    if record.kind is RecordKind.INTENT:
        walk.intents[record.sha256] = OpenIntent(number=record.number, file=record.file, at=judged_at(record, walk))
    if record.kind is RecordKind.OUTCOME:
        for reference in references(said):
            intent = walk.intents.get(text_of(reference, "sha256"))
            if intent is not None:
                intent.settled = True
    walk.cited.add((record.day.name, text_of(group_of(said, "approval"), "decision_sha256")))
    claimed = record.claimed_at
    if claimed is not None:
        # The log itself tells that the clock had been wrong; what it claimed before is no measure any more.
        stepped = text_of(group_of(said, "recovery"), "cause") == "clock-step"
        walk.at = claimed if stepped else max(claimed, walk.at)


def _in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by number, those about the whole log last, each once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.sequence is None, item.sequence or 0, item.file)))


def _aside(scan: Scan) -> tuple[str, ...]:
    if not scan.aside:
        return ()
    return (f"{scan.aside} file(s) that crashes left lie in quarantine and were not looked at",)
