"""Verify: is this ledger what the runner wrote, whole and in order, as far as anybody can tell?

Input: a store, one log's folder or a pack, and whom to trust. Output: a report that names every fault, and says what
was not proven: without an anchor, nothing shows that the newest records are still there.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from murenger.errors import ConfigError, LedgerError, SignatureError
from murenger.ports import Verifier
from murenger.record.predicate import ORIGIN
from murenger.record.store import DAY, DAYS, LOCK
from murenger.record.tree.checkpoint import parse_checkpoint
from murenger.record.verify.agreement import AGREEMENT_CHECKS
from murenger.record.verify.books import Books
from murenger.record.verify.case import Case
from murenger.record.verify.day_checks import DAY_CHECKS, DayCheck
from murenger.record.verify.evidence import EVIDENCE_CHECKS, EvidenceCheck, claim_of
from murenger.record.verify.finding import Code, Finding, LogReport, Report
from murenger.record.verify.given import GivenAnchor, given_for
from murenger.record.verify.log_checks import LOG_CHECKS, LogCheck
from murenger.record.verify.record_checks import RECORD_CHECKS, RecordCheck
from murenger.record.verify.scan import Scan, scan_log
from murenger.record.verify.spans import limits_of, proven_to, spans_of
from murenger.record.verify.time_checks import TIME_CHECKS
from murenger.record.verify.timeline import Timeline
from murenger.record.verify.trust import Trust
from murenger.record.verify.walk import Walk
from murenger.record.verify.walking import Progress, walk_records


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Which checks to make.

    Attributes:
        record: for each record.
        log: for the log as a whole.
        day: for each day.
        evidence: for what others hold of the log.
    """

    record: Sequence[RecordCheck] = RECORD_CHECKS
    log: Sequence[LogCheck] = LOG_CHECKS + TIME_CHECKS
    day: Sequence[DayCheck] = DAY_CHECKS
    evidence: Sequence[EvidenceCheck] = EVIDENCE_CHECKS + AGREEMENT_CHECKS


ALL_CHECKS = Checks()


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked.

    Attributes:
        anchors: what the reader brings.
        since: a day (YYYY-MM-DD) or a number to begin at, or "".
        only: number of the one record that is asked about, or None.
        against: folder of an older copy, or None.
        jobs: number of processes, >= 1.
        progress: told how many records of how many were examined.
    """

    anchors: tuple[GivenAnchor, ...] = ()
    since: str = ""
    only: int | None = None
    against: Path | None = None
    jobs: int = 1
    progress: Progress = _silent


EVERYTHING = Scope()


def verify_store(
    store: Path,
    *,
    verifier: Verifier | None = None,
    trust: Trust | None = None,
    scope: Scope = EVERYTHING,
    checks: Checks = ALL_CHECKS,
) -> Report:
    """Return the verdict on every log in a store, on one log's folder, or on a pack.

    Args:
        store: the folder.
        verifier: checks signatures against the reader's own trust file, never one inside the store.
        trust: the same with keys of logs, witnesses and time-stamping authorities; one of the two is given.
        scope: what is asked; everything, unless said otherwise.
        checks: all of them, except where a test leaves one out.

    Raises:
        LedgerError: there is no ledger in the folder, or it cannot be read.
        SignatureError: signatures cannot be checked at all.
        ConfigError: the scope does not fit the store.
    """
    if trust is None:
        if verifier is None:
            raise SignatureError("nothing says whose signatures count")
        trust = Trust(verifier=verifier)
    if not (checks.record and checks.log and checks.day and checks.evidence):
        raise LedgerError("a verification without checks proves nothing")
    try:
        folders = log_folders(store)
        alone = len(folders) == 1
        if not alone and (scope.only is not None or scope.against is not None):
            raise ConfigError(f"there are several logs in {store}", hint="give one log's folder")
        return Report(logs=tuple(_verify_log(folder, trust, scope, checks, alone=alone) for folder in folders))
    except OSError as exc:
        raise LedgerError(f"the ledger {store} cannot be read: {exc.strerror or exc}") from exc


def log_folders(store: Path) -> list[Path]:
    """Return the folders of the logs in a store, or the folder itself if it is one log's.

    Raises:
        LedgerError: there is none.
        OSError: the folder cannot be listed.
    """
    if store.is_file():
        raise LedgerError(f"{store} is a file", hint="unpack an evidence pack first, then give its folder")
    if _is_log(store):
        return [store]
    folders = sorted(entry for entry in store.iterdir() if ORIGIN.fullmatch(entry.name) and _is_log(entry))
    if not folders:
        raise LedgerError(f"there is no ledger in {store}", hint="give a store, one log's folder or a pack")
    return folders


def _is_log(folder: Path) -> bool:
    """Tell whether a folder is a log; one whose days are all gone still has its lock, and must not be passed over."""
    return (folder / DAYS).is_dir() or (folder / LOCK).is_file()


def _verify_log(folder: Path, trust: Trust, scope: Scope, checks: Checks, *, alone: bool) -> LogReport:
    case = _opened(folder, trust, scope, alone=alone)
    findings = [finding for check in checks.evidence for finding in check(case)]
    case.walk.timeline = Timeline(case.anchors)
    findings.extend(walk_records(case, checks.record, checks.day, scope.progress))
    for log_check in checks.log:
        findings.extend(log_check(case))
    numbers = [number for day in case.scan.days for number in (*day.numbers[:1], *day.numbers[-1:])]
    last = max(numbers, default=None)
    if scope.only is not None:
        findings = [finding for finding in findings if _concerns(finding, scope.only)]
    return LogReport(
        origin=case.walk.state.origin or case.books.origin or folder.name,
        folder=str(folder),
        records=sum(len(day.numbers) for day in case.scan.days) if scope.only is None else 1,
        first=min(numbers, default=None),
        last=last,
        head_sha256="" if last is None else (case.books.digest_of(last) or b"").hex(),
        findings=in_order(findings),
        limits=limits_of(case),
        spans=spans_of(case),
        proven_to=proven_to(case),
    )


def _opened(folder: Path, trust: Trust, scope: Scope, *, alone: bool) -> Case:
    """Return a log ready to be verified, with what the reader brought.

    Raises:
        ConfigError: the scope does not fit the log.
    """
    scan = scan_log(folder)
    books = Books(scan)
    case = Case(scan=scan, books=books, trust=trust, walk=Walk(), jobs=scope.jobs, only=scope.only)
    if scope.only is not None and scan.day_of(scope.only) is None:
        raise ConfigError(f"there is no record {scope.only} in {folder}")
    case.since = _first_number(scan, scope.since)
    for given in given_for(scope.anchors, books.origin or folder.name, only_log=alone):
        case.claims.extend(given.claims)
        if given.checkpoint and trust.log_keys:
            _check_given(case, given)
    if scope.against is not None:
        case.older = _older(scope.against)
    return case


def _older(folder: Path) -> tuple[int, bytes]:
    """Return the number of the first record of an older copy, and its leaf hashes.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        older = scan_log(log_folders(folder)[0])
        return Books(older).first, b"".join(day.leaves or b"" for day in older.days)
    except OSError as exc:
        raise ConfigError(f"the older copy {folder} cannot be read: {exc.strerror or exc}") from exc


def _check_given(case: Case, given: GivenAnchor) -> None:
    try:
        claim = given.claims[0]
        head, _ = parse_checkpoint(given.checkpoint)
        claim_of(case, head, given.checkpoint, by=claim.by, file=claim.file)
    except (SignatureError, ValueError) as exc:
        raise ConfigError(f"the anchor {given.name} is not signed as it says: {exc}") from exc


def _first_number(scan: Scan, since: str) -> int:
    """Return the number of the first record to be examined.

    Raises:
        ConfigError: there is no such day or number.
    """
    if not since:
        return 0
    if DAY.fullmatch(since):
        first = next((day.numbers[0] for day in scan.days if day.numbers and day.name >= since), None)
    else:
        first = int(since) if since.isdecimal() and len(since) < 10 else None  # noqa: PLR2004 - nine digits
        if first is not None and not any(day.numbers and day.numbers[-1] >= first for day in scan.days):
            first = None
    if first is None:
        raise ConfigError(f"there is no record since {since!r}", hint="a day such as 2026-11-21, or a record's number")
    return first


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by number, those about the whole log last, each once."""
    unique = dict.fromkeys(findings)
    # An intent whose outcome cannot be believed is a consequence: what made it so comes first.
    altered = {item.code for item in unique} & {Code.RECORD_ALTERED, Code.RECORD_MISSING, Code.RECORD_UNREADABLE}

    def place(item: Finding) -> tuple[bool, bool, int, str]:
        follows = bool(altered) and item.code is Code.OPEN_INTENT
        return item.sequence is None, follows, item.sequence or 0, item.file

    return tuple(sorted(unique, key=place))


def _concerns(finding: Finding, number: int) -> bool:
    """Tell whether a finding speaks about one record, or about what speaks for it."""
    if finding.sequence is not None and "/receipts/" not in finding.file:
        return finding.sequence == number or finding.code in {Code.REWRITTEN, Code.TRUNCATED, Code.FORK}
    return True
