"""A record's proof verifies alone, and only for that record, in that log, at that place.

Input: made-up logs. Output: pass, or what was wrongly believed.
"""

import base64
import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tlog_scales.tlog import Checkpoint as OtherCheckpoint
from tlog_scales.tlog import InclusionProof

from murenger.errors import SignatureError
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.merkle import TreeLevels, leaf_hash, root_of
from murenger.record.tree.note import SignatureType, make_key, parse_note
from murenger.record.tree.proof import MAX_PROOF_BYTES, RecordProof, check_proof, make_proof, parse_proof

ORIGIN = "site1.fw.example.net"
LOG = make_key(ORIGIN, SignatureType.ED25519)
WITNESS = make_key("witness.example.org/w1", SignatureType.COSIGNATURE)
RECORDS = [f'{{"seq":{number}}}'.encode() for number in range(23)]
LEAVES = [leaf_hash(record) for record in RECORDS]
NOW = datetime.datetime(2026, 11, 22, 8, 0, 0, tzinfo=datetime.UTC)


def checkpoint(size: int, origin: str = ORIGIN) -> bytes:
    """Return a signed checkpoint of the first records."""
    key = LOG if origin == ORIGIN else make_key(origin, SignatureType.ED25519)
    return sign_checkpoint(Checkpoint(origin=origin, size=size, root=root_of(LEAVES, size)), key).encode()


@given(st.integers(1, 23), st.data(), st.one_of(st.none(), st.binary(max_size=50)))
@settings(max_examples=40)
def test_a_proof_reads_back_and_verifies_here_and_elsewhere(
    size: int, data: st.DataObject, extra: bytes | None
) -> None:
    index = data.draw(st.integers(0, size - 1))
    made = make_proof(LEAVES, index, checkpoint(size))
    made = RecordProof(index=made.index, hashes=made.hashes, checkpoint=made.checkpoint, extra=extra)
    read = parse_proof(made.content)
    assert read == made
    assert make_proof(TreeLevels(LEAVES), index, checkpoint(size)).hashes == read.hashes
    assert check_proof(read, RECORDS[index], log_keys=[LOG.verifier]).checkpoint.size == size
    other = OtherCheckpoint.from_text(read.checkpoint.decode())
    InclusionProof(read.index, other.size, list(read.hashes)).check(leaf_hash(RECORDS[index]), other.root_hash)


def test_the_file_has_the_form_of_the_specification() -> None:
    made = make_proof(LEAVES, 1, checkpoint(3))
    text = made.content.decode()
    assert text == (
        "c2sp.org/tlog-proof@v1\nindex 1\n"
        + "".join(f"{base64.b64encode(each).decode()}\n" for each in (LEAVES[0], LEAVES[2]))
        + "\n"
        + checkpoint(3).decode()
    )


def test_a_proof_carries_the_witness_s_time() -> None:
    note = parse_note(checkpoint(23))
    cosigned = note.signed_by(WITNESS.sign(note.text, at=NOW)).content
    opened = check_proof(
        parse_proof(make_proof(LEAVES, 5, cosigned).content),
        RECORDS[5],
        log_keys=[LOG.verifier],
        witness_keys=[WITNESS.verifier],
    )
    assert opened.earliest == NOW


def test_a_proof_is_of_one_record_at_one_place_in_one_log() -> None:
    proof = make_proof(LEAVES, 5, checkpoint(23))
    with pytest.raises(ValueError, match="does not lead"):
        check_proof(proof, RECORDS[6], log_keys=[LOG.verifier])
    with pytest.raises(ValueError, match="does not lead"):
        check_proof(proof, RECORDS[5] + b" ", log_keys=[LOG.verifier])
    moved = RecordProof(index=4, hashes=proof.hashes, checkpoint=proof.checkpoint)
    with pytest.raises(ValueError, match="does not lead"):
        check_proof(moved, RECORDS[5], log_keys=[LOG.verifier])
    beyond = RecordProof(index=23, hashes=proof.hashes, checkpoint=proof.checkpoint)
    with pytest.raises(ValueError, match="no leaf 23"):
        check_proof(beyond, RECORDS[5], log_keys=[LOG.verifier])
    for of_another in (checkpoint(22), checkpoint(23, "other.example.net")):
        stolen = RecordProof(index=5, hashes=proof.hashes, checkpoint=of_another)
        with pytest.raises((ValueError, SignatureError)):
            check_proof(stolen, RECORDS[5], log_keys=[LOG.verifier])
    with pytest.raises(SignatureError):
        check_proof(proof, RECORDS[5], log_keys=[WITNESS.verifier])


def test_a_proof_is_made_only_of_what_the_checkpoint_covers() -> None:
    with pytest.raises(ValueError, match="no leaf 9 in a tree of 9"):
        make_proof(LEAVES, 9, checkpoint(9))
    with pytest.raises(ValueError, match="not over these records"):
        make_proof([*LEAVES[:5], LEAVES[0], *LEAVES[6:]], 2, checkpoint(23))
    with pytest.raises(ValueError, match="no tree of 23 over 22"):
        make_proof(LEAVES[:22], 2, checkpoint(23))


GOOD = make_proof(LEAVES, 5, checkpoint(23)).content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no empty line"),
        (GOOD.replace(b"@v1", b"@v2"), "does not begin"),
        (GOOD.replace(b"index 5\n", b""), "no index line"),
        (GOOD.replace(b"index 5", b"index 05"), "leading zeroes"),
        (GOOD.replace(b"index 5", b"index -5"), "leading zeroes"),
        (GOOD.replace(b"index 5\n", b"index 5\nextra YQ==\n"), "not base64"),
        (GOOD.replace(b"index 5\n", b"extra YR==\nindex 5\n"), "spelling"),
        (GOOD.replace(b"index 5\n", b"index 5\nYQ==\n"), "has not 32 bytes"),
        (GOOD.replace(b"index 5\n", b"index 5\n" + (base64.b64encode(bytes(32)) + b"\n") * 64), "more than 63"),
        (GOOD.replace(b"c2sp", "c2\u00e9p".encode()), "not ASCII"),
        (b"a" * (MAX_PROOF_BYTES + 1), "more than"),
    ],
)
def test_what_is_no_proof_is_refused(content: bytes, said: str) -> None:
    with pytest.raises((ValueError, SignatureError), match=said):
        check_proof(parse_proof(content), RECORDS[5], log_keys=[LOG.verifier])


@settings(max_examples=150)
@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    changed = bytearray(GOOD)
    changed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != changed[at]))
    with pytest.raises((ValueError, SignatureError)):
        check_proof(parse_proof(bytes(changed)), RECORDS[5], log_keys=[LOG.verifier])
