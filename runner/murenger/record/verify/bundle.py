"""One exported record, away from its log: the record, its signature, and the proof that it is in the log.

Input: a `.tlog-proof`, with the record beside it or in the pack around it. Output: a report about this one record.
"""

from array import array
from pathlib import Path

from murenger.errors import ConfigError, SignatureError
from murenger.record.store import DAYS, RECORDS, record_name
from murenger.record.tree.checkpoint import Opened
from murenger.record.tree.proof import MAX_PROOF_BYTES, SUFFIX, RecordProof, check_proof, parse_proof
from murenger.record.verify.examined import Examined, read_bytes
from murenger.record.verify.finding import Code, Finding, LogReport, Report, Span
from murenger.record.verify.record_checks import check_bytes, check_schema, check_signature
from murenger.record.verify.scan import Day, Scan
from murenger.record.verify.timeline import Anchor, Timeline
from murenger.record.verify.trust import Trust
from murenger.record.verify.walk import State, Walk

_LIMITS = (
    "only this record was looked at: not what came before and after it, and not the decision that it cites",
    "that the record is in the log says nothing about whether the log is complete",
)
_CHECKS = (check_bytes, check_schema, check_signature)


def verify_bundle(path: Path, *, trust: Trust) -> Report:
    """Return the verdict on one record with its proof.

    Args:
        path: of the `.tlog-proof`; `000000025.json` and its signature lie beside it, or in the pack that it is part of.
        trust: whom the reader trusts; without a log's key there is nothing to prove with.

    Raises:
        ConfigError: it is no proof, or its record cannot be found.
    """
    if not path.name.endswith(SUFFIX):
        raise ConfigError(f"{path} is neither a record's number nor a proof", hint=f"a proof's name ends with {SUFFIX}")
    try:
        proof = parse_proof(read_bytes(path, MAX_PROOF_BYTES))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"the proof {path} cannot be used: {exc}") from exc
    record = _record_of(path, proof)
    findings: list[Finding] = []
    opened = _proved(path, proof, record, trust, findings)
    at = None if opened is None else opened.earliest
    anchors = [] if at is None else [Anchor(sequence=proof.index, at=at, by="a witness", file=path.name)]
    walk = Walk(State(), Timeline(anchors))
    scan = Scan(folder=path.parent, days=(), findings=(), aside=0)
    for check in _CHECKS:
        findings.extend(check(record, walk, scan, trust))
    return Report(logs=(_report(path, record, findings, opened),))


def _proved(path: Path, proof: RecordProof, record: Examined, trust: Trust, findings: list[Finding]) -> Opened | None:
    try:
        opened = check_proof(proof, record.content or b"", log_keys=trust.log_keys, witness_keys=trust.witness_keys)
    except (ValueError, SignatureError) as exc:
        text = str(exc) if trust.log_keys else "no log.vkey is trusted, so the proof proves nothing"
        findings.append(Finding(code=Code.CHECKPOINT_BAD, file=path.name, sequence=proof.index, text=text))
        return None
    if record.predicate.get("seq") != proof.index or record.predicate.get("origin") != opened.checkpoint.origin:
        text = "the record says another number or another log than its proof"
        findings.append(Finding(code=Code.SEQ_FIELD, file=record.file, sequence=proof.index, text=text))
    return opened


def _report(path: Path, record: Examined, findings: list[Finding], opened: Opened | None) -> LogReport:
    number = record.number
    spans = []
    if opened is not None:
        by = ", ".join(signed.key.name for signed in opened.cosigned) or f"the log {opened.checkpoint.origin} itself"
        spans.append(Span(first=number, last=number, by=by, at=opened.earliest, given=False))
    return LogReport(
        origin=opened.checkpoint.origin if opened else str(record.predicate.get("origin", "")),
        folder=str(path),
        records=1,
        first=number,
        last=number,
        head_sha256=record.sha256,
        findings=tuple(findings),
        limits=_LIMITS,
        spans=tuple(spans),
    )


def _record_of(path: Path, proof: RecordProof) -> Examined:
    """Return the record that a proof is about.

    Raises:
        ConfigError: it is neither beside the proof nor in the pack around it.
    """
    name = record_name(proof.index)
    places = [path.parent / name, *sorted(path.parent.parent.glob(f"{DAYS}/*/{RECORDS}/{name}"))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ConfigError(f"the record {name} of the proof {path} is not there", hint="lay it beside the proof")
    day = Day(name="", folder=found.parent, numbers=array("I"), decisions={}, leaves=None)
    return Examined(day, proof.index, path=str(found), file=name)
