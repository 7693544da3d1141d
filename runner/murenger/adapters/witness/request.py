"""What a log sends to a witness, and the answers that there are.

Input: the body of an add-checkpoint request. Output: its parts, or what is malformed.
Source: c2sp.org/tlog-witness, add-checkpoint.
"""

import base64
import dataclasses
import http
from collections.abc import Sequence

from murenger.record.tree.checkpoint import Checkpoint, parse_checkpoint
from murenger.record.tree.merkle import HASH_BYTES
from murenger.record.tree.note import MAX_NOTE_BYTES, Note, strict_base64, strict_decimal

MAX_PROOF_LINES = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4096
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"

_OLD = "old "


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign; nothing in it is checked yet.

    Attributes:
        old_size: what the log believes that the witness remembers.
        proof: consistency proof from there.
        checkpoint: what is to be cosigned.
        note: the same with its signatures.
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness says.

    Attributes:
        status: HTTP status.
        content: body, a line or more of text.
        type: media type of the body.
        said: one clause for the witness's own log.
    """

    status: http.HTTPStatus
    content: bytes
    type: str = TEXT_TYPE
    said: str = ""


def refusal(status: http.HTTPStatus, why: str) -> Answer:
    """Return a refusal with its reason in one line of ASCII."""
    line = why.encode("ascii", "backslashreplace").decode("ascii")
    return Answer(status=status, content=f"{line}\n".encode("ascii"), said=line)


def write_request(old_size: int, proof: Sequence[bytes], content: bytes) -> bytes:
    """Return the body of a request.

    Args:
        old_size: what the witness is believed to remember.
        proof: consistency proof from there, 32-byte hashes.
        content: the signed checkpoint.

    Raises:
        ValueError: the proof is longer than a witness has to accept.
    """
    if len(proof) > MAX_PROOF_LINES:
        raise ValueError(f"a proof has at most {MAX_PROOF_LINES} hashes, not {len(proof)}")
    lines = [f"{_OLD}{old_size}", *(base64.b64encode(each).decode("ascii") for each in proof), "", ""]
    return "\n".join(lines).encode("ascii") + content


def parse_request(body: bytes) -> AddCheckpoint:
    """Return the parts of a request.

    Raises:
        ValueError: it is malformed, and how.
    """
    # The checkpoint has an empty line of its own; the proof ends at the first.
    above, blank, content = body.partition(b"\n\n")
    if not blank:
        raise ValueError("no empty line separates the proof from the checkpoint")
    first, *lines = above.decode("ascii", "replace").split("\n")
    if not first.startswith(_OLD):
        raise ValueError("the first line is not `old SIZE`")
    if len(lines) > MAX_PROOF_LINES:
        raise ValueError(f"the proof has more than {MAX_PROOF_LINES} lines")
    old_size = strict_decimal(first.removeprefix(_OLD))
    proof = tuple(strict_base64(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in proof):
        raise ValueError(f"a line of the proof is not a hash of {HASH_BYTES} bytes")
    checkpoint, note = parse_checkpoint(content)
    return AddCheckpoint(old_size=old_size, proof=proof, checkpoint=checkpoint, note=note)
