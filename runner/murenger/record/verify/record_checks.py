"""The checks that every single record must pass.

Input: one record and what came before it. Output: its faults. Each check is a function of its own, in one list, so that
a test can leave any one out and see a forgery slip through.
"""

import datetime
from collections.abc import Callable, Iterator
from typing import TypeAlias

from murenger.errors import SignatureError
from murenger.model import RecordKind
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.reading import group_of, number_of, text_of
from murenger.record.sshsig import is_canonical
from murenger.record.store import LEAVES
from murenger.record.verify.contract import check_contract
from murenger.record.verify.decision_checks import check_approval
from murenger.record.verify.examined import Examined, examine, read_bytes
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.scan import Scan
from murenger.record.verify.trust import Trust
from murenger.record.verify.walk import Walk, digest_bytes, references

RecordCheck: TypeAlias = Callable[[Examined, Walk, Scan, Trust], Iterator[Finding]]

SIGNER_CODES = {
    "unknown": Code.SIGNER_UNKNOWN,
    "expired": Code.SIGNER_EXPIRED,
    "revoked": Code.SIGNER_REVOKED,
    "namespace": Code.NAMESPACE,
}

_NOT_AS_WRITTEN = "the signature is not as it was written"
_MAX_LEAVES_BYTES = 1024 * 1024 * 1024

# How far apart two honest clocks may be; heartbeats are as far apart.
CLOCK_TOLERANCE = datetime.timedelta(minutes=5)


def fault(record: Examined, code: Code, text: str, *, file: str = "") -> Finding:
    """Return a finding about a record."""
    return Finding(code=code, file=file or record.file, sequence=record.number, text=text)


def check_bytes(record: Examined, _walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find files that cannot be read, and bytes that are not canonical."""
    if record.content is None:
        yield fault(record, Code.RECORD_UNREADABLE, record.unreadable)
    elif record.statement is None:
        yield fault(record, Code.NOT_CANONICAL, record.malformed)


def check_schema(record: Examined, _walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find statements that break the schema of their kind."""
    if record.statement is None:
        return
    try:
        check_contract(record)
    except (ValueError, RecursionError) as exc:
        yield fault(record, Code.SCHEMA, str(exc) or "nested too deeply")
        return
    if record.claimed_at is None:
        yield fault(record, Code.SCHEMA, "written_at is no time that exists")


def check_place(record: Examined, walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find records that say they are another one, or of another log."""
    if record.statement is None:
        return
    said = record.predicate
    if said.get("seq") != record.number:
        yield fault(record, Code.SEQ_FIELD, f"the record says it is number {said.get('seq')!r}")
    if walk.state.origin and said.get("origin") != walk.state.origin:
        yield fault(record, Code.SEQ_FIELD, f"the record says it is of log {said.get('origin')!r}")


def check_chain(record: Examined, walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find records that do not carry the digest of the one before."""
    if record.statement is None or walk.state.previous_altered:
        return
    if record.predicate.get("prev_record_sha256") != walk.state.previous_sha256:
        yield fault(record, Code.CHAIN_BREAK, "does not carry the digest of the record before it")


def check_signature(record: Examined, walk: Walk, scan: Scan, trust: Trust) -> Iterator[Finding]:
    """Find records that the runner's key did not sign, as they are, in its role, while it was valid."""
    if record.content is None:
        return
    if record.signature is None:
        yield _bad_signature(record, "the signature is missing or unreadable")
        return
    if not record.is_armoured:
        yield _bad_signature(record, _NOT_AS_WRITTEN)
        return
    try:
        signer = trust.verifier.verify(
            record.content, record.signature, namespace=RECORD_NAMESPACE, at=walk.judged_at(record)
        )
    except ValueError as exc:
        yield _bad_signature(record, str(exc))
        return
    except SignatureError as exc:
        if not is_canonical(record.signature):
            # Armour, with something else in it.
            yield _bad_signature(record, _NOT_AS_WRITTEN)
            return
        yield _unsigned(record, walk, scan, exc)
        return
    walk.signed_by(record.number, signer.key_fingerprint)
    executor = record.predicate.get("executor")
    named = executor.get("key_fp") if isinstance(executor, dict) else None
    if named and named != signer.key_fingerprint:
        yield fault(record, Code.RECORD_SIGNATURE, f"names the key {named}, but {signer.key_fingerprint} signed it")


def _bad_signature(record: Examined, text: str) -> Finding:
    return fault(record, Code.RECORD_SIGNATURE, text, file=record.file + ".sig")


def _unsigned(record: Examined, walk: Walk, scan: Scan, refused: SignatureError) -> Finding:
    """Return which of the two files is at fault.

    Raises:
        SignatureError: the check itself failed, which says nothing about the record.
    """
    if refused.reason in SIGNER_CODES:
        return fault(record, SIGNER_CODES[refused.reason], refused.message, file=record.file + ".sig")
    if refused.reason != "invalid":
        raise refused
    if _is_vouched(record, scan):
        return _bad_signature(record, refused.message)
    walk.seen.altered.add(record.number)
    return fault(record, Code.RECORD_ALTERED, "the bytes are not those that were signed")


def _is_vouched(record: Examined, scan: Scan) -> bool:
    """Tell whether another file says that the record's bytes are as they were.

    The next record, which is signed, is the better witness; `LEAVES`, which anybody can rewrite, speaks only for the
    last record.
    """
    day = scan.day_of(record.number + 1)
    if day is not None:
        successor = text_of(examine(day, record.number + 1).predicate, "prev_record_sha256")
        if successor:
            return successor == record.sha256
    try:
        listed = read_bytes(f"{record.day.folder}/{LEAVES}", _MAX_LEAVES_BYTES)
    except (OSError, ValueError):
        return False
    return record.leaf.hex().encode("ascii") in listed.split()


def check_day(record: Examined, walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find records in a day that had not begun to be theirs; a later day is right where the clock was set back."""
    claimed = record.claimed_at
    if claimed is None or record.number in walk.seen.altered:
        return
    day = claimed.date().isoformat()
    if day > record.day.name:
        yield fault(record, Code.DAY_CHAIN, f"lies in {record.day.name}, but says {day}")


def check_start(record: Examined, _walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find logs that begin without a genesis record, and such records elsewhere."""
    is_genesis = record.kind is RecordKind.GENESIS
    if record.statement is not None and is_genesis != (record.number == 0):
        text = "is a genesis record, but not the first" if is_genesis else "the first record is no genesis record"
        yield fault(record, Code.SCHEMA, text)


def check_references(record: Examined, walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find references to records that are later, missing or other than they say.

    A reference to a record before this stretch of the log is put off until that record is known.
    """
    if record.number in walk.seen.altered:
        return
    cited = references(record.predicate)
    if "anchor_seen" in record.predicate:
        cited.append(group_of(record.predicate, "anchor_seen"))
    for reference in cited:
        number, sha256 = number_of(reference, "at_seq"), digest_bytes(text_of(reference, "sha256"))
        if number is None or sha256 is None or not 0 <= number < record.number:
            yield fault(record, Code.REFERENCE, f"refers to record {reference.get('at_seq')!r}, which is not before it")
            continue
        known = walk.digests.get(number)
        if known is None:
            walk.seen.references.append((record.number, number, sha256))
        elif known != sha256 and number not in walk.seen.altered:
            yield fault(record, Code.REFERENCE, f"refers to record {number}, but with another digest")


def check_clock(record: Examined, walk: Walk, _scan: Scan, _trust: Trust) -> Iterator[Finding]:
    """Find records that claim a time at which, by somebody else's word, they were not written."""
    claimed = record.claimed_at
    if claimed is None or record.number in walk.seen.altered:
        return
    earliest, latest = walk.timeline.written_between(record.number)
    if claimed < earliest and earliest - claimed > CLOCK_TOLERANCE:
        text = f"says {claimed:%Y-%m-%dT%H:%M:%SZ}, but follows what others had seen at {earliest:%Y-%m-%dT%H:%M:%SZ}"
        yield fault(record, Code.CLOCK_OUTSIDE_ANCHORS, text)
    elif claimed > latest and claimed - latest > CLOCK_TOLERANCE:
        text = f"says {claimed:%Y-%m-%dT%H:%M:%SZ}, but others had seen it at {latest:%Y-%m-%dT%H:%M:%SZ}"
        yield fault(record, Code.CLOCK_OUTSIDE_ANCHORS, text)


def check_decision(record: Examined, walk: Walk, scan: Scan, trust: Trust) -> Iterator[Finding]:
    """Find records whose approval nobody gave, or not for this; what an altered record says is not worth checking."""
    if record.number in walk.seen.altered or "approval" not in record.predicate:
        return
    if record.kind is RecordKind.OUTCOME and not _knows_intent(record, walk):
        # When the approval had to hold depends on the intent, which lies before this stretch of the log.
        walk.seen.later.append(record.number)
        return
    yield from judge_decision(record, walk, scan, trust)


def judge_decision(record: Examined, walk: Walk, scan: Scan, trust: Trust) -> Iterator[Finding]:
    """Find what is wrong with a record's approval, with what is known by now."""
    origin = walk.state.origin or text_of(record.predicate, "origin")
    yield from check_approval(record, scan, trust.verifier, origin=origin, at=walk.approved_at(record))


def _knows_intent(record: Examined, walk: Walk) -> bool:
    return any(text_of(cited, "sha256") in walk.seen.intents for cited in references(record.predicate))


RECORD_CHECKS: tuple[RecordCheck, ...] = (
    check_bytes,
    check_schema,
    check_place,
    check_chain,
    check_signature,
    check_day,
    check_start,
    check_references,
    check_clock,
    check_decision,
)
