"""The checks that every single record must pass.

Input: one record and what came before it. Output: its faults. Each check is a function of its own, in one list, so that
a test can leave any one out and see a forgery slip through.
"""

import datetime
from collections.abc import Callable, Iterator
from typing import TypeAlias

from murenger.errors import SignatureError
from murenger.model import RecordKind
from murenger.ports import Verifier
from murenger.record.decision_checks import check_approval
from murenger.record.examined import Examined, Walk, examine
from murenger.record.finding import Code, Finding
from murenger.record.groups import Group
from murenger.record.predicate import RECORD_NAMESPACE
from murenger.record.reading import group_of, text_of
from murenger.record.scan import Scan
from murenger.record.schema import check_statement
from murenger.record.sshsig import canonical_armour

RecordCheck: TypeAlias = Callable[[Examined, Walk, Scan, Verifier], Iterator[Finding]]

_SIGNER_CODES = {"unknown": Code.SIGNER_UNKNOWN, "expired": Code.SIGNER_EXPIRED, "namespace": Code.NAMESPACE}


def fault(record: Examined, code: Code, text: str, *, file: str = "") -> Finding:
    """Return a finding about a record."""
    return Finding(code=code, file=file or record.file, sequence=record.number, text=text)


def check_bytes(record: Examined, _walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find files that cannot be read, and bytes that are not canonical."""
    if record.content is None:
        yield fault(record, Code.RECORD_UNREADABLE, record.unreadable)
    elif record.statement is None:
        yield fault(record, Code.NOT_CANONICAL, record.malformed)


def check_schema(record: Examined, _walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find statements that break the schema of their kind."""
    if record.statement is None:
        return
    try:
        check_statement(record.statement)
    except (ValueError, RecursionError) as exc:
        yield fault(record, Code.SCHEMA, str(exc) or "nested too deeply")
        return
    if record.claimed_at is None:
        yield fault(record, Code.SCHEMA, "written_at is no time that exists")


def check_place(record: Examined, walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find records that say they are another one, or of another log."""
    if record.statement is None:
        return
    said = record.predicate
    if said.get("seq") != record.number:
        yield fault(record, Code.SEQ_FIELD, f"the record says it is number {said.get('seq')!r}")
    if walk.origin and said.get("origin") != walk.origin:
        yield fault(record, Code.SEQ_FIELD, f"the record says it is of log {said.get('origin')!r}")


def check_chain(record: Examined, walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find records that do not carry the digest of the one before."""
    if record.statement is None or walk.previous_altered:
        return
    if record.predicate.get("prev_record_sha256") != walk.previous_sha256:
        yield fault(record, Code.CHAIN_BREAK, "does not carry the digest of the record before it")


def check_signature(record: Examined, walk: Walk, scan: Scan, verifier: Verifier) -> Iterator[Finding]:
    """Find records that the runner's key did not sign, as they are, in its role, while it was valid."""
    if record.content is None:
        return
    signature_file = record.file + ".sig"
    if record.signature is None:
        yield fault(record, Code.RECORD_SIGNATURE, "the signature is missing or unreadable", file=signature_file)
        return
    try:
        if canonical_armour(record.signature) != record.signature:
            yield fault(record, Code.RECORD_SIGNATURE, "the signature is not as it was written", file=signature_file)
            return
        at = record.claimed_at or walk.at
        signer = verifier.verify(record.content, record.signature, namespace=RECORD_NAMESPACE, at=max(at, walk.at))
    except ValueError as exc:
        yield fault(record, Code.RECORD_SIGNATURE, str(exc), file=signature_file)
        return
    except SignatureError as exc:
        yield _unsigned(record, walk, scan, exc)
        return
    named = text_of(group_of(record.predicate, "executor"), "key_fp")
    if named and named != signer.key_fingerprint:
        yield fault(record, Code.RECORD_SIGNATURE, f"names the key {named}, but {signer.key_fingerprint} signed it")


def _unsigned(record: Examined, walk: Walk, scan: Scan, refused: SignatureError) -> Finding:
    """Return which of the two files is at fault.

    Raises:
        SignatureError: the check itself failed, which says nothing about the record.
    """
    if refused.reason in _SIGNER_CODES:
        return fault(record, _SIGNER_CODES[refused.reason], refused.message, file=record.file + ".sig")
    if refused.reason != "invalid":
        raise refused
    if _is_vouched(record, scan):
        return fault(record, Code.RECORD_SIGNATURE, refused.message, file=record.file + ".sig")
    walk.altered.add(record.number)
    return fault(record, Code.RECORD_ALTERED, "the bytes are not those that were signed")


def _is_vouched(record: Examined, scan: Scan) -> bool:
    """Tell whether another file says that the record's bytes are as they were.

    The next record, which is signed, is the better witness; `LEAVES`, which anybody can rewrite, speaks only for the
    last record.
    """
    for day in scan.days:
        if record.number + 1 in day.numbers:
            successor = text_of(examine(scan.folder, day, record.number + 1).predicate, "prev_record_sha256")
            if successor:
                return successor == record.sha256
    return record.leaf.encode("ascii") in (record.day.leaves or b"").split()


def check_day(record: Examined, walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find records in a day that had not begun to be theirs; a later day is right where the clock was set back."""
    claimed = record.claimed_at
    if record.number not in walk.altered and claimed is not None and f"{claimed:%Y-%m-%d}" > record.day.name:
        yield fault(record, Code.DAY_CHAIN, f"lies in {record.day.name}, but says {claimed:%Y-%m-%d}")


def check_start(record: Examined, _walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find logs that begin without a genesis record, and such records elsewhere."""
    is_genesis = record.kind is RecordKind.GENESIS
    if record.statement is not None and is_genesis != (record.number == 0):
        text = "is a genesis record, but not the first" if is_genesis else "the first record is no genesis record"
        yield fault(record, Code.SCHEMA, text)


def check_references(record: Examined, walk: Walk, _scan: Scan, _verifier: Verifier) -> Iterator[Finding]:
    """Find references to records that are later, missing or other than they say."""
    for reference in [] if record.number in walk.altered else references(record.predicate):
        number, sha256 = reference.get("at_seq"), reference.get("sha256")
        known = walk.digests.get(number) if isinstance(number, int) else None
        if known is None:
            yield fault(record, Code.REFERENCE, f"refers to record {number!r}, which is not before it")
        elif known.hex() != sha256 and number not in walk.altered:
            yield fault(record, Code.REFERENCE, f"refers to record {number}, but with another digest")


def references(predicate: Group) -> list[Group]:
    """Return a record's references that have the form of one."""
    listed = predicate.get("refs")
    return [dict(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def judged_at(record: Examined, walk: Walk) -> datetime.datetime:
    """Return the time that a record's approval is judged at: an outcome's is judged when its intent was written."""
    for reference in references(record.predicate):
        intent = walk.intents.get(text_of(reference, "sha256"))
        if record.kind is RecordKind.OUTCOME and intent is not None:
            return intent.at
    return max(record.claimed_at or walk.at, walk.at)


def check_decision(record: Examined, walk: Walk, scan: Scan, verifier: Verifier) -> Iterator[Finding]:
    """Find records whose approval nobody gave, or not for this; what an altered record says is not worth checking."""
    if record.number in walk.altered:
        return
    origin = walk.origin or text_of(record.predicate, "origin")
    yield from check_approval(record, scan, verifier, origin=origin, at=judged_at(record, walk))


RECORD_CHECKS: tuple[RecordCheck, ...] = (
    check_bytes,
    check_schema,
    check_place,
    check_chain,
    check_signature,
    check_day,
    check_start,
    check_references,
    check_decision,
)
