"""A proof that one record is in the log, which verifies alone: with the record, away from us and offline.

Input: the leaf hashes of a log and its checkpoint; or the bytes of a `.tlog-proof`, the record and trusted keys.
Output: one from the other, or what is wrong.
Source: c2sp.org/tlog-proof.
"""

import base64
import dataclasses
from collections.abc import Iterable

from murenger.record.tree.checkpoint import Opened, open_checkpoint, parse_checkpoint
from murenger.record.tree.merkle import HASH_BYTES, Leaves, TreeLevels, check_inclusion, leaf_hash
from murenger.record.tree.note import MAX_NOTE_BYTES, VerifierKey, strict_base64, strict_decimal

SUFFIX = ".tlog-proof"
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 64 * 1024

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordProof:
    """Where a record is in the tree, and the checkpoint that says so.

    Attributes:
        index: number of the record, from 0.
        hashes: the inclusion proof, from the leaf's sibling up.
        checkpoint: the signed, perhaps cosigned, checkpoint, verbatim.
        extra: what the maker added; proved by nothing. None where nothing was added.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    @property
    def content(self) -> bytes:
        """The bytes of the `.tlog-proof` file."""
        extra = [] if self.extra is None else [f"extra {_base64(self.extra)}"]
        lines = [_FIRST_LINE, *extra, f"index {self.index}", *map(_base64, self.hashes), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint


def make_proof(leaves: Leaves | TreeLevels, index: int, checkpoint: bytes) -> RecordProof:
    """Prove that a record is in the tree of a checkpoint.

    Args:
        leaves: leaf hashes of at least as many records as the checkpoint counts; `TreeLevels` for many proofs.
        index: number of the record, from 0.
        checkpoint: the signed checkpoint.

    Raises:
        ValueError: the record is not in that tree, or the checkpoint is not over these leaves.
    """
    head, _ = parse_checkpoint(checkpoint)
    levels = leaves if isinstance(leaves, TreeLevels) else TreeLevels(leaves)
    if levels.root(head.size) != head.root:
        raise ValueError(f"the checkpoint of {head.size} records is not over these records")
    return RecordProof(index=index, hashes=levels.inclusion_proof(index, head.size), checkpoint=checkpoint)


def parse_proof(content: bytes) -> RecordProof:
    """Return what a `.tlog-proof` claims; nothing is checked.

    Raises:
        ValueError: it is no such file, and why.
    """
    if len(content) > MAX_PROOF_BYTES:
        raise ValueError(f"the proof has {len(content)} bytes, more than {MAX_PROOF_BYTES}")
    # The checkpoint has its own last empty line; the proof ends at the first.
    above, blank, checkpoint = content.partition(b"\n\n")
    if not blank:
        raise ValueError("no empty line separates the proof from its checkpoint")
    try:
        first, *lines = above.decode("ascii").split("\n")
    except UnicodeDecodeError as exc:
        raise ValueError("the proof is not ASCII above its checkpoint") from exc
    if first != _FIRST_LINE:
        raise ValueError(f"the proof does not begin with {_FIRST_LINE}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _decoded(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise ValueError("the proof has no index line")
    index = strict_decimal(lines.pop(0).removeprefix("index "))
    return RecordProof(index=index, hashes=_hashes(lines), checkpoint=checkpoint, extra=extra)


def check_proof(
    proof: RecordProof, record: bytes, *, log_keys: Iterable[VerifierKey], witness_keys: Iterable[VerifierKey] = ()
) -> Opened:
    """Check that a record is in the log, and return the checkpoint that says so.

    Args:
        proof: as parsed.
        record: the record's exact bytes.
        log_keys: keys of the logs that are trusted.
        witness_keys: keys of the witnesses that are trusted.

    Raises:
        ValueError: the record is not proved to be in that tree, or the checkpoint cannot be read.
        SignatureError: the checkpoint is not signed by the log, or a known key's signature on it is false.
    """
    opened = open_checkpoint(proof.checkpoint, log_keys=log_keys, witness_keys=witness_keys)
    check_inclusion(leaf_hash(record), proof.index, opened.checkpoint.size, proof.hashes, opened.checkpoint.root)
    return opened


def _hashes(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > _MAX_HASHES:
        raise ValueError(f"the proof has {len(lines)} hashes, more than {_MAX_HASHES}")
    hashes = tuple(_decoded(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ValueError(f"a hash of the proof has not {HASH_BYTES} bytes")
    return hashes


def _decoded(text: str) -> bytes:
    try:
        return strict_base64(text)
    except ValueError as exc:
        raise ValueError(f"a line of the proof: {exc}") from exc


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
