"""The checks on each day: is its seal what the runner signed, and are its files those that the seal lists?

Input: one day's files and the digests of its records. Output: its faults, each check a function of its own.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from murenger.errors import SignatureError
from murenger.record.predicate import MAX_RECORD_BYTES, RECORD_NAMESPACE
from murenger.record.seal import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from murenger.record.sshsig import is_canonical
from murenger.record.store import (
    ATTACHMENTS,
    CHECKPOINT,
    DECISIONS,
    LEAVES,
    RECEIPTS,
    RECORD_FILE,
    RECORDS,
    SEAL,
    SEAL_SIGNATURE,
    SIGNATURE_FILE,
    record_name,
)
from murenger.record.verify.case import Case
from murenger.record.verify.digests import DIGEST_BYTES
from murenger.record.verify.examined import read_bytes, read_signature
from murenger.record.verify.finding import Code, Finding
from murenger.record.verify.record_checks import SIGNER_CODES
from murenger.record.verify.scan import NO_DIGEST, Day

_CODES = {
    DECISIONS: Code.DECISION_MISMATCH,
    ATTACHMENTS: Code.ATTACHMENT,
    LEAVES: Code.LEAVES_MISMATCH,
    CHECKPOINT: Code.CHECKPOINT_BAD,
}
# What pruning removes.
_PRUNED = (f"{RECORDS}/", f"{DECISIONS}/", f"{ATTACHMENTS}/")
_RECEIPT_CODES = {"tsr": Code.TIMESTAMP_BAD, "cosig": Code.CHECKPOINT_BAD}


@dataclasses.dataclass(slots=True, kw_only=True)
class DaySeen:
    """One day after its records were examined.

    Attributes:
        day: its files.
        content: the bytes of its seal; None where there is none.
        digests: of its records, 32 bytes each, in order; zeros for one that cannot be read.
        signatures: of their signature files, in the same way.
        examined: numbers of the records that these digests are of; fewer than the day's where not all were examined.
        leaves: leaf hashes of its records, in the same way.
        previous: name of the day before that exists, or "".
    """

    day: Day
    content: bytes | None
    digests: bytearray = dataclasses.field(default_factory=bytearray)
    signatures: bytearray = dataclasses.field(default_factory=bytearray)
    leaves: bytearray = dataclasses.field(default_factory=bytearray)
    examined: list[int] = dataclasses.field(default_factory=list)
    previous: str = ""
    _lines: bytes | None = None

    def manifest(self) -> Manifest:
        """Return what the seal lists, without the lines of the records if these are exactly as they should be.

        Raises:
            ValueError: it is not in the form of a seal.
        """
        content = self.content or b""
        lines = self._record_lines()
        if lines and content.endswith(lines):
            # One line of the block stays, so that the order is judged; the others are in order as they were made.
            block = len(lines)
            first = lines.index(b"\n") + 1
            head = parse_manifest(content[: len(content) - block + first])
            return dataclasses.replace(head, files=head.files[:-1])
        return parse_manifest(content)

    @property
    def records_as_listed(self) -> bool:
        """Whether the seal ends with exactly the records that are there, as they are."""
        lines = self._record_lines()
        return bool(lines) and (self.content or b"").endswith(lines)

    def _record_lines(self) -> bytes:
        if self._lines is None:
            self._lines = b""
            if self.content is not None and len(self.examined) == len(self.day.numbers):
                self._lines = "".join(self._lines_of_records()).encode("ascii")
        return self._lines

    def _lines_of_records(self) -> Iterator[str]:
        """Yield the lines that a seal has for these records and signatures, in its order."""
        digests, signatures = self.digests.hex(), self.signatures.hex()
        for place, number in enumerate(self.examined):
            hexed, path = slice(place * 64, place * 64 + 64), f"{RECORDS}/{number:09d}.json"
            yield f"{digests[hexed]}  {path}\n{signatures[hexed]}  {path}.sig\n"

    def fault(self, case: Case, code: Code, path: str, text: str, sequence: int | None = None) -> Finding:
        """Return a finding about a file of the day."""
        return Finding(code=code, file=f"{case.scan.name_of(self.day.folder)}/{path}", sequence=sequence, text=text)


DayCheck: TypeAlias = Callable[[DaySeen, Case], Iterator[Finding]]


def day_seen(day: Day, previous: str) -> DaySeen:
    """Return a day whose records are yet to be examined."""
    try:
        content = read_bytes(day.folder / SEAL, MAX_MANIFEST_BYTES) if day.sealed else None
    except (OSError, ValueError):
        content = b""
    return DaySeen(day=day, content=content, previous=previous)


def check_seal_form(seen: DaySeen, case: Case) -> Iterator[Finding]:
    """Find seals that readers could read in two ways, and tokens and signatures of seals that are gone."""
    if seen.content is None:
        if seen.day.top - {CHECKPOINT}:
            yield seen.fault(case, Code.SEAL_MALFORMED, SEAL, "the seal is gone, and its signature or token is not")
        return
    try:
        seen.manifest()
    except ValueError as exc:
        yield seen.fault(case, Code.SEAL_MALFORMED, SEAL, str(exc))


def _listed(seen: DaySeen) -> Manifest | None:
    """Return what the seal lists; None where there is none, or one that another check names."""
    try:
        return None if seen.content is None else seen.manifest()
    except ValueError:
        return None


def check_seal_signature(seen: DaySeen, case: Case) -> Iterator[Finding]:
    """Find seals that the runner's key did not sign while it was valid."""
    if seen.content is None:
        return
    signature = read_signature(seen.day.folder / SEAL_SIGNATURE)
    at = case.stamped.get(seen.day.name) or max(case.walk.state.at, _end_of(seen.day))
    if signature is None or not is_canonical(signature):
        text = "the signature is missing, or not as it was written"
        yield seen.fault(case, Code.SEAL_SIGNATURE, SEAL_SIGNATURE, text)
        return
    try:
        case.trust.verifier.verify(seen.content, signature, namespace=RECORD_NAMESPACE, at=at)
    except SignatureError as exc:
        if not exc.reason:
            raise
        yield seen.fault(case, SIGNER_CODES.get(exc.reason, Code.SEAL_SIGNATURE), SEAL_SIGNATURE, exc.message)


def _end_of(day: Day) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(f"{day.name}T23:59:59+00:00")
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)


def check_seal_chain(seen: DaySeen, case: Case) -> Iterator[Finding]:
    """Find seals that do not name the seal of the day before."""
    manifest = _listed(seen)
    if manifest is None:
        return
    day = next((day for day in case.scan.days if day.name == seen.previous), None)
    if day is None or not day.sealed:
        if manifest.previous_day and not (seen.day.bare and not seen.previous):
            yield seen.fault(case, Code.DAY_CHAIN, SEAL, f"follows the seal of {manifest.previous_day}, which is gone")
        return
    if manifest.previous_day != seen.previous:
        said = manifest.previous_day or "no day"
        yield seen.fault(case, Code.DAY_CHAIN, SEAL, f"follows {said}, and the day before it is {seen.previous}")
        return
    try:
        digest = hashlib.sha256(read_bytes(day.folder / SEAL, MAX_MANIFEST_BYTES)).hexdigest()
    except (OSError, ValueError):
        digest = ""
    if digest != manifest.previous_sha256:
        yield seen.fault(
            case, Code.DAY_CHAIN, SEAL, f"the seal of {seen.previous} is not the one that this day follows"
        )


def check_seal_contents(seen: DaySeen, case: Case) -> Iterator[Finding]:
    """Find files that are not those that the day's seal lists, and files that it does not list.

    Whether files may be gone depends on a later record about pruning, so those that may are put aside.
    """
    manifest = _listed(seen)
    if manifest is None:
        return
    listed = {file.path: file.sha256 for file in manifest.files}
    present = dict(_present(seen))
    for path, sha256 in listed.items():
        if path not in present:
            missing = _missing(seen, case, path)
            if seen.day.bare or path.startswith(_PRUNED):
                case.gone.setdefault(seen.day.name, []).append(missing)
            else:
                yield missing
        elif present[path] not in {sha256, ""}:
            yield _differs(seen, case, path)
    for path in present.keys() - listed.keys():
        yield seen.fault(case, Code.EXTRA_FILE, path, "the day's seal does not list it", _number(path))


def _present(seen: DaySeen) -> Iterator[tuple[str, str]]:
    """Yield the path and digest of each of the day's files; "" for a record that was not examined."""
    day = seen.day
    examined = {number: place * DIGEST_BYTES for place, number in enumerate(seen.examined)}
    for number in () if seen.records_as_listed else day.numbers:
        path, place = f"{RECORDS}/{record_name(number)}", examined.get(number)
        if place is None:
            yield path, ""
            yield f"{path}.sig", ""
            continue
        yield path, seen.digests[place : place + DIGEST_BYTES].hex()
        signature = bytes(seen.signatures[place : place + DIGEST_BYTES])
        if signature != NO_DIGEST:
            yield f"{path}.sig", signature.hex()
    others = [f"{DECISIONS}/{sha256}.json" for sha256 in day.decisions]
    others += [f"{DECISIONS}/{name}" for names in day.decisions.values() for name in names]
    others += [f"{ATTACHMENTS}/{name}" for name in day.attachments]
    others += [f"{RECEIPTS}/{name}" for name in day.receipts]
    others += [LEAVES] if day.leaves is not None else []
    others += [CHECKPOINT] if CHECKPOINT in day.top else []
    for path in others:
        yield path, _digest(seen, path)


def _digest(seen: DaySeen, path: str) -> str:
    try:
        return hashlib.sha256(read_bytes(f"{seen.day.folder}/{path}", MAX_RECORD_BYTES * 16)).hexdigest()
    except (OSError, ValueError):
        return "unreadable"


def _missing(seen: DaySeen, case: Case, path: str) -> Finding:
    number = _number(path)
    code = Code.RECORD_MISSING if RECORD_FILE.fullmatch(path.removeprefix(f"{RECORDS}/")) else _code(path)
    return seen.fault(case, code, path, "the day's seal lists it, and it is gone", number)


def _differs(seen: DaySeen, case: Case, path: str) -> Finding:
    code = Code.RECORD_ALTERED if RECORD_FILE.fullmatch(path.removeprefix(f"{RECORDS}/")) else _code(path)
    return seen.fault(case, code, path, "is not the file that the day's seal lists", _number(path))


def _code(path: str) -> Code:
    folder, _, name = path.partition("/")
    if folder == RECEIPTS:
        return _RECEIPT_CODES.get(name.rpartition(".")[2], Code.RECEIPT_BAD)
    if SIGNATURE_FILE.fullmatch(name):
        return Code.RECORD_SIGNATURE
    return _CODES.get(folder, Code.EXTRA_FILE)


def _number(path: str) -> int | None:
    folder, _, name = path.partition("/")
    return int(name[:9]) if folder in {RECORDS, RECEIPTS} and name[:9].isdecimal() else None


DAY_CHECKS: tuple[DayCheck, ...] = (
    check_seal_form,
    check_seal_signature,
    check_seal_chain,
    check_seal_contents,
)
