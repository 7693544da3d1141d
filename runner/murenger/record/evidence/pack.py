"""The pack as a whole: every file but the copied days, and the signature over them.

Input: copied days, trust files, a verdict on the log. Output: lists, exports, proofs, pages, instructions, and a signed
SHA256SUMS over whatever no day's seal covers.
"""

import dataclasses
import hashlib
import importlib.resources
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from murenger.errors import LedgerError
from murenger.model import JsonValue
from murenger.record.evidence.algorithms import Algorithms
from murenger.record.evidence.description import describe, instructions
from murenger.record.evidence.entry import entries
from murenger.record.evidence.order import PackOrder, PackSource, PackWriter
from murenger.record.evidence.survey import Survey, proof_path
from murenger.record.evidence.tables import Tables
from murenger.record.evidence.view import PackView
from murenger.record.store import DAYS, RECEIPT_FILE, RECEIPTS, SEAL, SEAL_SIGNATURE
from murenger.record.tree.merkle import TreeLevels
from murenger.record.tree.proof import make_proof

VERIFIER = "verify.sh"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A finished pack.

    Attributes:
        view: what its pages show.
        manifest_sha256: hex digest of its SHA256SUMS.
        head_sequence: number of its newest record.
        head_sha256: hex digest of that record.
        proofs: number of records with a proof.
    """

    view: PackView
    manifest_sha256: str
    head_sequence: int
    head_sha256: str
    proofs: int


def verifier_script() -> bytes:
    """Return `verify.sh` as it is written into each pack."""
    return importlib.resources.files(__package__).joinpath(VERIFIER).read_bytes()


def fill_pack(
    folder: Path,
    order: PackOrder,
    source: PackSource,
    writer: PackWriter,
    *,
    sign: Callable[[bytes], str],
    render: Callable[[PackView], Iterable[tuple[str, bytes]]],
) -> Packed:
    """Write everything that a pack holds besides the copied days.

    Args:
        folder: where the copied days are.
        order: what was asked for.
        source: what the pack is made of.
        writer: where files go.
        sign: returns the runner's armoured signature over some bytes.
        render: returns the pages, one after another.

    Raises:
        LedgerError: a record cannot be read, the period has none, or the disk refused.
        SignatureError: the pack could not be signed.
    """
    for name, content in source.trust:
        writer.write(f"trust/{name}", content)
    survey, algorithms = _survey(folder, order, source)
    if survey.head is None:
        raise LedgerError(f"there is no record from {order.period_from} to {order.period_to}", hint="murenger log")
    tables = Tables(order, survey.incidents, writer)
    proofs = _second_pass(folder, source, tables, writer)
    view = survey.view(source, algorithms=algorithms.pairs(source), proofs=proofs)
    tables.gaps(view.gaps)
    for path, content in render(view):
        writer.write(path, content)
    script = verifier_script()
    writer.write(VERIFIER, script)
    facts = describe(order, source, survey, view)
    writer.write("VERIFY.md", instructions(facts, view, script_sha256=hashlib.sha256(script).hexdigest()))
    writer.write("evidence.json", _json(facts.data))
    manifest = "".join(f"{sha256}  {path}\n" for path, sha256 in writer.digests()).encode("ascii")
    writer.write(SEAL, manifest)
    writer.write(SEAL_SIGNATURE, sign(manifest).encode("ascii"))
    return Packed(
        view=view,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        head_sequence=survey.head[0],
        head_sha256=survey.head[1],
        proofs=len(proofs),
    )


def _survey(folder: Path, order: PackOrder, source: PackSource) -> tuple[Survey, Algorithms]:
    survey = Survey(order, _receipts(folder, source))
    algorithms = Algorithms(folder)
    for entry in entries(folder, source.day_names):
        survey.take(entry)
        algorithms.take(entry)
    return survey, algorithms


def _second_pass(folder: Path, source: PackSource, tables: Tables, writer: PackWriter) -> frozenset[int]:
    """Write the rows of each record, and a proof of each outcome; return the numbers of those that have one."""
    levels = TreeLevels(source.leaves) if source.checkpoints else None
    proved = set()
    for entry in entries(folder, source.day_names):
        tables.take(entry)
        if levels is not None and entry.kind == "outcome":
            proof = prove(levels, entry.sequence, source.checkpoints)
            if proof:
                writer.write(proof_path(entry.sequence), proof)
                proved.add(entry.sequence)
    return frozenset(proved)


def prove(levels: TreeLevels, sequence: int, checkpoints: tuple[bytes, ...]) -> bytes:
    """Return the `.tlog-proof` of a record by the first checkpoint that covers it, or nothing where none does."""
    for checkpoint in checkpoints:
        try:
            return make_proof(levels, sequence, checkpoint).content
        except ValueError:
            # It is older than the record, or of another history, which verify will have named.
            continue
    return b""


def _receipts(folder: Path, source: PackSource) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for day in source.day_names:
        receipts = folder / DAYS / day / RECEIPTS
        for name in sorted(path.name for path in receipts.iterdir()) if receipts.is_dir() else ():
            match = RECEIPT_FILE.fullmatch(name)
            if match:
                number = int(match[1])
                found[number] = (*found.get(number, ()), f"{DAYS}/{day}/{RECEIPTS}/{name}")
    return found


def _json(data: Mapping[str, JsonValue]) -> bytes:
    return json.dumps(data, indent=2, sort_keys=True).encode("ascii") + b"\n"
