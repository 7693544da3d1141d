"""The checks on what people signed: the decision files that records cite.

Input: a record with an approval, and the decision file beside it. Output: why the approval does not hold, if it does
not. The role that a decision must be signed in follows from the decision's own type.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from murenger.errors import SignatureError
from murenger.model import JsonValue, RecordKind, parse_canonical
from murenger.ports import Verifier
from murenger.record.groups import Group
from murenger.record.predicate import DECISION_NAMESPACES, MAX_RECORD_BYTES
from murenger.record.reading import group_of, text_of, time_of
from murenger.record.sshsig import canonical_armour, parse_signature
from murenger.record.store import DECISIONS, read_regular
from murenger.record.verify.examined import Examined, read_signature
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.presence import user_presence
from murenger.record.verify.scan import Day, Scan

_MODES = {"plan": "person", "standing-change": "standing", "break-glass": "break-glass"}

_SIGNER_CODES = {
    "unknown": Code.SIGNER_UNKNOWN,
    "expired": Code.SIGNER_EXPIRED,
    "revoked": Code.SIGNER_REVOKED,
    "namespace": Code.NAMESPACE,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who signed a decision.

    Attributes:
        principal: the name that allowed_signers gives the key.
        key_fingerprint: `SHA256:...` of the key.
        touched: whether a security key was touched for it; None for a key that asks for no touch.
    """

    principal: str
    key_fingerprint: str
    touched: bool | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A decision file, and the record that cites it.

    Attributes:
        record: the record.
        file: path of the decision file below the log's folder.
        sha256: hex digest that the record and the file's name give.
        decision: the parsed file.
        signers: who signed it in the role of its type.
        origin: name of the log.
        at: the time to judge by.
    """

    record: Examined
    file: str
    sha256: str
    decision: Mapping[str, JsonValue]
    signers: tuple[Approver, ...]
    origin: str
    at: datetime.datetime

    def fault(self, code: Code, text: str) -> Finding:
        """Return a finding about the decision file as this record uses it."""
        return Finding(code=code, file=self.file, sequence=self.record.number, text=text)


ApprovalCheck: TypeAlias = Callable[[Cited], Iterator[Finding]]


def check_approval(
    record: Examined, scan: Scan, verifier: Verifier, *, origin: str, at: datetime.datetime
) -> Iterator[Finding]:
    """Find what is wrong with a record's approval; nothing where it has none.

    Args:
        record: the record that cites a decision.
        scan: the log's files.
        verifier: checks signatures.
        origin: name of the log.
        at: the time to judge by.
    """
    approval = group_of(record.predicate, "approval")
    sha256 = text_of(approval, "decision_sha256")
    if not sha256:
        return
    path = record.day.folder / DECISIONS / f"{sha256}.json"
    file = str(path.relative_to(scan.folder))
    if sha256 not in record.day.decisions:
        yield Finding(
            code=Code.DECISION_MISMATCH, file=file, sequence=record.number, text="the cited decision file is missing"
        )
        return
    findings: list[Finding] = []
    opened = open_decision(scan, record.day, sha256, verifier, at=at, findings=findings, sequence=record.number)
    yield from findings
    if opened is None:
        return
    decision, signers = opened
    cited = Cited(record=record, file=file, sha256=sha256, decision=decision, signers=signers, origin=origin, at=at)
    for check in APPROVAL_CHECKS:
        yield from check(cited)


def open_decision(
    scan: Scan,
    day: Day,
    sha256: str,
    verifier: Verifier,
    *,
    at: datetime.datetime,
    findings: list[Finding],
    sequence: int | None,
) -> tuple[Mapping[str, JsonValue], tuple[Approver, ...]] | None:
    """Return a decision file and who signed it, or None where it is not to be used; faults go to `findings`."""
    path = day.folder / DECISIONS / f"{sha256}.json"

    def add(code: Code, text: str, at_path: Path = path) -> None:
        findings.append(Finding(code=code, file=str(at_path.relative_to(scan.folder)), sequence=sequence, text=text))

    try:
        content = read_regular(path, MAX_RECORD_BYTES)
        decision = parse_canonical(content)
    except (OSError, ValueError, RecursionError) as exc:
        add(Code.DECISION_MISMATCH, f"the decision file cannot be used: {exc}")
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        add(Code.DECISION_MISMATCH, "the decision file is not the one of its name")
        return None
    namespace = DECISION_NAMESPACES.get(text_of(decision, "type"))
    if namespace is None:
        add(Code.DECISION_MISMATCH, f"the decision is of no known type: {str(decision.get('type'))[:40]!r}")
        return None
    signers = []
    for name in day.decisions[sha256]:
        try:
            signers.append(_signer(path.with_name(name), content, namespace, verifier, at))
        except SignatureError as exc:
            if not exc.reason:
                raise
            add(_SIGNER_CODES.get(exc.reason, Code.DECISION_MISMATCH), exc.message, path.with_name(name))
    if not day.decisions[sha256]:
        add(Code.DECISION_MISMATCH, "the decision file is unsigned")
    return (decision, tuple(signers)) if signers else None


def _signer(path: Path, content: bytes, namespace: str, verifier: Verifier, at: datetime.datetime) -> Approver:
    armoured = read_signature(path)
    try:
        if armoured is None or canonical_armour(armoured) != armoured:
            raise SignatureError("the signature is not as it was written", reason="invalid")
    except ValueError as exc:
        raise SignatureError(str(exc), reason="invalid") from exc
    signer = verifier.verify(content, armoured, namespace=namespace, at=at)
    touched = user_presence(parse_signature(armoured))
    return Approver(principal=signer.principal, key_fingerprint=signer.key_fingerprint, touched=touched)


def check_signer_named(cited: Cited) -> Iterator[Finding]:
    """Find approvals that name another signer, author, mode or end than the signed file."""
    approval = _approval(cited)
    named = (text_of(approval, "principal"), text_of(approval, "key_fp"))
    if named not in {(signer.principal, signer.key_fingerprint) for signer in cited.signers}:
        yield cited.fault(Code.DECISION_MISMATCH, f"the record names {named[0]!r}, who did not sign the decision")
    kind = text_of(cited.decision, "type")
    if _MODES.get(kind, text_of(approval, "mode")) != text_of(approval, "mode"):
        yield cited.fault(Code.DECISION_MISMATCH, f"the record's mode does not fit a decision of type {kind!r}")
    if text_of(approval, "author") != text_of(cited.decision, "author"):
        yield cited.fault(Code.DECISION_MISMATCH, "the record names another author than the decision")


def check_log(cited: Cited) -> Iterator[Finding]:
    """Find decisions made for another log."""
    if text_of(cited.decision, "origin") != cited.origin:
        yield cited.fault(Code.DECISION_MISMATCH, "the decision was made for another log")


def check_not_expired(cited: Cited) -> Iterator[Finding]:
    """Find changes begun after their approval had ended."""
    not_after = time_of(cited.decision, "not_after")
    if not_after is None:
        yield cited.fault(Code.DECISION_MISMATCH, "the decision has no end")
        return
    taken = text_of(_approval(cited), "decision") == "accepted"
    used = cited.record.kind in {RecordKind.INTENT, RecordKind.OUTCOME}
    if (taken or used) and cited.at > not_after:
        yield cited.fault(Code.APPROVAL_EXPIRED, f"the decision ended at {not_after:%Y-%m-%dT%H:%M:%SZ}")
    if time_of(_approval(cited), "expires_at") != not_after:
        yield cited.fault(Code.DECISION_MISMATCH, "the record gives the decision another end")


def is_own_work(decision: Mapping[str, JsonValue], signers: Sequence[Approver]) -> bool:
    """Tell whether the author of a decision is among those who signed it, by name or by key."""
    own = {text_of(decision, "author"), text_of(decision, "author_key_fp")}
    return any(own & {signer.principal, signer.key_fingerprint} for signer in signers)


def check_not_self(cited: Cited) -> Iterator[Finding]:
    """Find decisions approved by their own author, or by the runner."""
    author = text_of(cited.decision, "author")
    runner = text_of(group_of(cited.record.predicate, "executor"), "key_fp")
    if is_own_work(cited.decision, cited.signers):
        yield cited.fault(Code.APPROVAL_SELF, f"{author!r} approved what {author!r} wrote")
    if any(signer.key_fingerprint == runner for signer in cited.signers):
        yield cited.fault(Code.APPROVAL_SELF, "the runner's own key approved the decision")


def check_presence(cited: Cited) -> Iterator[Finding]:
    """Find security keys that signed untouched, and touches that a record claims and no signature shows."""
    approval = _approval(cited)
    for signer in cited.signers:
        if signer.touched is False:
            yield cited.fault(Code.APPROVAL_PRESENCE, f"the security key of {signer.principal!r} was not touched")
        named = signer.key_fingerprint == text_of(approval, "key_fp")
        if named and approval.get("user_presence") is True and signer.touched is None:
            text = f"the record claims that {signer.principal!r} touched a key, and the signature shows none"
            yield cited.fault(Code.APPROVAL_PRESENCE, text)


def check_bound(cited: Cited) -> Iterator[Finding]:
    """Find approvals of one plan or device used for another."""
    said = cited.record.predicate
    plan_sha256 = text_of(group_of(said, "change"), "plan_sha256")
    device = text_of(group_of(said, "device"), "name")
    if text_of(cited.decision, "type") == "plan":
        # A plan file is signed as it is; a decision about a plan kept elsewhere names it.
        approved = text_of(cited.decision, "plan_sha256") or cited.sha256
        if plan_sha256 and plan_sha256 != approved:
            yield cited.fault(Code.DECISION_MISMATCH, "the decision approves another plan")
        if device and device not in _devices(cited.decision):
            yield cited.fault(Code.DECISION_MISMATCH, f"the decision does not cover device {device!r}")
    elif text_of(cited.decision, "type") == "standing-change" and device:
        yield from _outside_standing_change(cited, device)


def _outside_standing_change(cited: Cited, device: str) -> Iterator[Finding]:
    if device not in _devices(cited.decision):
        yield cited.fault(Code.DECISION_MISMATCH, f"the standing change does not cover device {device!r}")
    if cited.record.kind not in {RecordKind.INTENT, RecordKind.OUTCOME}:
        return
    operations = _healed_operations(cited.record.predicate)
    allowed = cited.decision.get("operations")
    outside = sorted(set(operations) - set(_texts(allowed)))
    if outside:
        yield cited.fault(Code.DECISION_MISMATCH, f"the standing change does not cover {', '.join(outside)}")
    most = cited.decision.get("max_differences")
    if not isinstance(most, int) or len(operations) > most:
        yield cited.fault(
            Code.DECISION_MISMATCH, f"the standing change covers {most!r} differences, not {len(operations)}"
        )


def _healed_operations(said: Group) -> list[str]:
    """Return the operations of a drift that healing undoes: foreign parts are reported and never changed."""
    listed = group_of(said, "drift").get("ops")
    operations = [dict(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [text_of(item, "op") for item in operations if item.get("severity") != "foreign"]


def _devices(decision: Mapping[str, JsonValue]) -> list[str]:
    named = decision.get("device")
    if isinstance(named, dict):
        named = named.get("name")
    return [named] if isinstance(named, str) else _texts(decision.get("devices"))


def _texts(value: JsonValue) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _approval(cited: Cited) -> Group:
    return group_of(cited.record.predicate, "approval")


APPROVAL_CHECKS: tuple[ApprovalCheck, ...] = (
    check_signer_named,
    check_log,
    check_not_expired,
    check_not_self,
    check_presence,
    check_bound,
)
