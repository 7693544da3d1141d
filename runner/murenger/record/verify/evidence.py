"""Evidence that lies in the log but was made elsewhere: cosigned checkpoints, time stamps, notes of other sinks.

Input: the files of a log and whom to trust. Output: claims and anchors, and a finding for each piece of evidence that
is damaged. Whether claims agree with the records is asked in `agreement`.
"""

import concurrent.futures
import dataclasses
import datetime
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from murenger.errors import SignatureError
from murenger.record.seal import MAX_MANIFEST_BYTES
from murenger.record.store import CHECKPOINT, RECEIPT_FILE, RECEIPTS, SEAL, SEAL_TOKEN_FILE
from murenger.record.tree.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from murenger.record.tree.note import MAX_NOTE_BYTES
from murenger.record.verify.case import Case, Claim
from murenger.record.verify.examined import read_bytes
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.scan import Day
from murenger.record.verify.timeline import Anchor
from murenger.record.verify.walk import digest_bytes

EvidenceCheck: TypeAlias = Callable[[Case], Iterator[Finding]]

_MAX_TOKEN_BYTES = 1024 * 1024
_MAX_LINE_BYTES = 64 * 1024
_GIT = re.compile(r"([0-9]{1,9}) ([0-9a-f]{64}) ([0-9]{1,10}) ([0-9a-f]{64})\n[^\n]+\n?")
# A time stamp's own time may differ from the record's by a slow authority and a retried submission.
_NEAR = datetime.timedelta(hours=24)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One receipt's file.

    Attributes:
        day: the day it lies in.
        name: its name.
        number: of the record that it says it vouches for.
        sink: name of the sink that gave it.
        kind: tsr, cosig, git or txt.
    """

    day: Day
    name: str
    number: int
    sink: str
    kind: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.day.folder / RECEIPTS / self.name

    def file(self, case: Case) -> str:
        """Return its path below the log's folder."""
        return case.scan.name_of(self.path)

    def fault(self, case: Case, code: Code, text: str) -> Finding:
        """Return a finding about it."""
        return Finding(code=code, file=self.file(case), sequence=self.number, text=text)


def pieces(case: Case, kinds: str) -> list[Piece]:
    """Return the receipts of some kinds by number; for one record, the nearest that covers it of each sink."""
    found = [
        Piece(day=day, name=name, number=int(match[1]), sink=match[2], kind=match[3])
        for day in case.scan.days
        for name in day.receipts
        if (match := RECEIPT_FILE.fullmatch(name)) and match[3] in kinds.split()
    ]
    found.sort(key=lambda piece: (piece.number, piece.name))
    if case.only is None:
        return [piece for piece in found if piece.number >= case.since]
    nearest = {piece.sink: piece for piece in reversed(found) if piece.number >= case.only}
    return list(nearest.values())


def check_witnessed(case: Case) -> Iterator[Finding]:
    """Find cosigned checkpoints that are damaged, of another log, or not signed as they say."""
    for piece in pieces(case, "cosig"):
        try:
            content = read_bytes(piece.path, MAX_NOTE_BYTES)
            head, _ = parse_checkpoint(content)
        except (OSError, ValueError) as exc:
            yield piece.fault(case, Code.CHECKPOINT_BAD, f"cannot be used: {exc}")
            continue
        if head.size != piece.number + 1:
            yield piece.fault(case, Code.CHECKPOINT_BAD, f"is about {head.size} records, not {piece.number + 1}")
            continue
        case.waited.append(piece.number)
        try:
            case.claims.append(claim_of(case, head, content, by=piece.sink, file=piece.file(case)))
        except (SignatureError, ValueError) as exc:
            yield piece.fault(case, Code.CHECKPOINT_BAD, str(exc))


def check_checkpoints(case: Case) -> Iterator[Finding]:
    """Find a day's own checkpoint damaged, or not signed by the log."""
    for day in case.scan.days:
        if CHECKPOINT not in day.top:
            continue
        path = day.folder / CHECKPOINT
        file = case.scan.name_of(path)
        try:
            content = read_bytes(path, MAX_NOTE_BYTES)
            head, _ = parse_checkpoint(content)
            # The log's own word about itself is no anchor, whoever signed it.
            claim = claim_of(case, head, content, by="the log itself", file=file)
            case.claims.append(dataclasses.replace(claim, proven=False, at=None))
        except (OSError, ValueError, SignatureError) as exc:
            yield Finding(code=Code.CHECKPOINT_BAD, file=file, sequence=None, text=f"cannot be used: {exc}")


def claim_of(case: Case, head: Checkpoint, content: bytes, *, by: str, file: str) -> Claim:
    """Return what a checkpoint claims, and whether somebody whom the reader trusts signed it.

    Raises:
        ValueError: it is of another log.
        SignatureError: the log, or a known witness, did not sign it as it says.
    """
    if case.books.origin and head.origin != case.books.origin:
        raise ValueError(f"the checkpoint is of log {head.origin!r}")
    claim = Claim(sequence=head.size - 1, size=head.size, root=head.root, by=by, file=file)
    if not any(key.name == head.origin for key in case.trust.log_keys):
        case.limit("signatures on checkpoints were not checked: the trust folder holds no log.vkey of this log")
        return claim
    opened = open_checkpoint(content, log_keys=case.trust.log_keys, witness_keys=case.trust.witness_keys)
    for signature in opened.note.signatures:
        # A stranger's signature is passed over; one that bears half of a known name is a known one, damaged.
        if any((signature.name == key.name) != (signature.key_id == key.key_id) for key in case.trust.witness_keys):
            raise SignatureError(f"a signature names witness {signature.name!r}, but not with that witness's key")
    if not opened.cosigned:
        return claim
    return dataclasses.replace(
        claim, at=opened.earliest, proven=True, by=", ".join(signed.key.name for signed in opened.cosigned)
    )


def check_stamped(case: Case) -> Iterator[Finding]:
    """Find time stamps that are not over the record they lie beside."""
    listed = pieces(case, "tsr")
    case.waited.extend(piece.number for piece in listed)
    if listed and case.trust.timestamps is None:
        case.limit("time stamps were not checked: the trust folder holds no tsa-roots.pem")
        return
    with concurrent.futures.ThreadPoolExecutor(max_workers=case.jobs) as pool:
        for piece, proved in zip(listed, pool.map(functools.partial(_stamped_at, case), listed), strict=True):
            if isinstance(proved, Finding):
                yield proved
            elif proved is not None:
                by = f"time-stamping authority {piece.sink}"
                case.anchors.append(Anchor(sequence=piece.number, at=proved, by=by, file=piece.file(case)))


def _stamped_at(case: Case, piece: Piece) -> datetime.datetime | Finding | None:
    content = case.books.content_of(piece.number)
    if content is None:
        if case.books.listed_digest(piece.number) is not None:
            case.limit("time stamps of pruned records were not checked: what they are over is gone")
            return None
        if piece.number > case.books.last:
            text = f"is over record {piece.number}, and the log ends at {case.books.last}"
            return piece.fault(case, Code.TRUNCATED, text)
        return piece.fault(case, Code.TIMESTAMP_BAD, "the record that it is over is not there")
    try:
        return proved_time(case, content, read_bytes(piece.path, _MAX_TOKEN_BYTES))
    except (OSError, ValueError) as exc:
        return piece.fault(case, Code.TIMESTAMP_BAD, f"cannot be used: {exc}")
    except SignatureError as exc:
        if not exc.reason:
            raise
        return piece.fault(case, Code.TIMESTAMP_BAD, exc.message)


def proved_time(case: Case, content: bytes, token: bytes) -> datetime.datetime:
    """Return the time that a token proves; one whose authority's certificate has expired is judged at its own time.

    Raises:
        SignatureError: it proves none.
    """
    verifier = case.trust.timestamps
    assert verifier is not None  # noqa: S101 - callers ask before
    try:
        return verifier.verify_timestamp(content, token)
    except SignatureError as exc:
        if exc.reason != "expired":
            raise
        at = _own_time(token)
        if at is None:
            raise
        proved = verifier.verify_timestamp(content, token, at=at)
        if abs(proved - at) > _NEAR:
            raise
        case.limit("time stamps whose authority's certificate has since expired were judged at their own time")
        return verifier.verify_timestamp(content, token, at=proved)


_GENERALIZED_TIME = re.compile(rb"\x18[\x0f-\x17]([0-9]{14})(?:\.[0-9]+)?Z")


def _own_time(token: bytes) -> datetime.datetime | None:
    """Return a time that a token seems to hold, to be proved by whoever judges the token at it."""
    match = _GENERALIZED_TIME.search(token)
    try:
        return (
            datetime.datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
            if match
            else None
        )
    except ValueError:
        return None


def check_noted(case: Case) -> Iterator[Finding]:
    """Find notes of git and syslog sinks that speak of other records; they are signed by nobody."""
    for piece in pieces(case, "git txt"):
        try:
            text = read_bytes(piece.path, _MAX_LINE_BYTES).decode("utf-8")
        except (OSError, ValueError) as exc:
            yield piece.fault(case, Code.RECEIPT_BAD, f"cannot be used: {exc}")
            continue
        digest = case.books.digest_of(piece.number)
        if piece.kind == "git":
            case.waited.append(piece.number)
            match = _GIT.fullmatch(text)
            if not match or int(match[1]) != piece.number or int(match[3]) != piece.number + 1:
                yield piece.fault(case, Code.RECEIPT_BAD, "is no note of a git repository about this record")
                continue
            claim = Claim(sequence=piece.number, by=f"git {piece.sink}", file=piece.file(case))
            size, root, sha256 = piece.number + 1, digest_bytes(match[4]), digest_bytes(match[2])
            case.claims.append(dataclasses.replace(claim, sha256=sha256, size=size, root=root))
        elif digest is not None and not text.removesuffix("\n").endswith(f" {piece.number} {digest.hex()}"):
            yield piece.fault(case, Code.RECEIPT_BAD, "the line that was sent is about another record")


def check_seal_tokens(case: Case) -> Iterator[Finding]:
    """Find tokens that are not over the seal they lie beside."""
    for day in case.scan.days:
        names = sorted(name for name in day.top if SEAL_TOKEN_FILE.fullmatch(name))
        if not names:
            continue
        if case.trust.timestamps is None:
            case.limit("time stamps were not checked: the trust folder holds no tsa-roots.pem")
            return
        for name in names:
            path = day.folder / name
            try:
                content = read_bytes(day.folder / SEAL, MAX_MANIFEST_BYTES)
                proved = proved_time(case, content, read_bytes(path, _MAX_TOKEN_BYTES))
            except (OSError, ValueError, SignatureError) as exc:
                if isinstance(exc, SignatureError) and not exc.reason:
                    raise
                text = exc.message if isinstance(exc, SignatureError) else f"cannot be used: {exc}"
                yield Finding(code=Code.TIMESTAMP_BAD, file=case.scan.name_of(path), sequence=None, text=text)
                continue
            case.stamped[day.name] = min(proved, case.stamped.get(day.name, proved))
            newest = last_sealed(content)
            if newest is not None:
                by = f"time stamp of the seal of {day.name}"
                file = case.scan.name_of(path)
                case.anchors.append(Anchor(sequence=newest, at=proved, by=by, file=file, is_seal=True))


def last_sealed(manifest: bytes) -> int | None:
    """Return the number of the newest record that a seal lists, or None."""
    found = _SEALED_RECORD.findall(manifest)
    return max(map(int, found)) if found else None


_SEALED_RECORD = re.compile(rb"^[0-9a-f]{64}  records/([0-9]{9})\.json$", re.MULTILINE)


EVIDENCE_CHECKS: tuple[EvidenceCheck, ...] = (
    check_witnessed,
    check_checkpoints,
    check_stamped,
    check_noted,
    check_seal_tokens,
)
