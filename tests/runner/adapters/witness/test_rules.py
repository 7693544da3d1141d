"""A witness cosigns what continues a log and refuses everything else, with the specification's status codes.

Input: add-checkpoint requests, honest, mistaken and hostile. Output: pass, or what was wrongly cosigned.
"""

import base64
import datetime
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tlog_scales import signing
from tlog_scales.tlog import Checkpoint as OtherCheckpoint

from murenger.adapters.witness.request import MAX_PROOF_LINES, parse_request, write_request
from murenger.errors import ConfigError
from murenger.record.tree.checkpoint import Checkpoint, open_cosigned, sign_checkpoint
from murenger.record.tree.merkle import EMPTY_ROOT
from murenger.record.tree.note import SignatureType, make_key, parse_note, parse_vkey

# Source: transparency-dev/witness, witness/witness_test.go: two checkpoints of one log, and the proof between them.
MONKEYS = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT"
OLDER = (
    "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n"
    "\u2014 monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"
)
NEWER = (
    "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n"
    "\u2014 monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n"
)
BETWEEN = [
    "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
    "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
    "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
    "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
]


def test_a_log_that_grows_is_cosigned(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        for old, new in ((0, 3), (3, 8), (8, 8), (8, 9), (9, 40)):
            answer = witness.add_checkpoint(log.request(old, new))
            assert answer.status == 200, answer
            cosigned = log.checkpoint(new).encode() + answer.content
            opened = open_cosigned(cosigned, log_keys=[log.key.verifier], witness_keys=[parse_vkey(site.vkey)])
            assert opened.checkpoint.size == new
            assert abs(opened.earliest - datetime.datetime.now(tz=datetime.UTC)) < datetime.timedelta(seconds=30)
            assert witness.newest(log.hashed).content == cosigned


def test_another_library_accepts_the_cosignature(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        answer = witness.add_checkpoint(log.request(0, 5))
    other = OtherCheckpoint.from_text(log.checkpoint(5) + answer.content.decode())
    other.verify(signing.Vkey.from_string(site.vkey))


def test_a_log_that_others_wrote_is_cosigned(site: Any, log: Any) -> None:
    log.key = type("Key", (), {"verifier": parse_vkey(MONKEYS)})
    with site.open(log) as witness:
        assert witness.add_checkpoint(b"old 0\n\n" + OLDER.encode()).status == 200
        proof = "".join(base64.b64encode(bytes.fromhex(each)).decode() + "\n" for each in BETWEEN)
        assert witness.add_checkpoint(f"old 5\n\n{NEWER}".encode()).status == 422
        assert witness.add_checkpoint(f"old 5\n{proof}\n{NEWER}".encode()).status == 200
        assert witness.add_checkpoint(f"old 8\n\n{OLDER}".encode()).status == 400


def test_the_first_checkpoint_may_be_of_an_empty_log(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(0, 0)).status == 200
        assert witness.add_checkpoint(log.request(0, 4)).status == 200


def test_an_empty_log_with_a_root_of_its_own_is_refused(site: Any, log: Any) -> None:
    text = sign_checkpoint(Checkpoint(origin=log.origin, size=0, root=bytes(32)), log.key)
    with site.open(log) as witness:
        answer = witness.add_checkpoint(b"old 0\n\n" + text.encode())
        assert answer.status == 422
        assert b"empty tree" in answer.content
        assert witness.newest(log.hashed).status == 404


@pytest.mark.parametrize("old", [0, 3, 9])
def test_a_stale_request_is_told_the_size(site: Any, log: Any, old: int) -> None:
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 8))
        answer = witness.add_checkpoint(log.request(old, 12))
        assert (answer.status, answer.content, answer.type) == (409, b"8\n", "text/x.tlog.size")
        # A shorter log is refused in the same way: it cannot name 8 as its old size.
        assert witness.add_checkpoint(log.request(0, 5)).content == b"8\n"
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(8).encode())


def test_a_log_that_shrinks_is_refused(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 8))
        body = write_request(8, (), log.checkpoint(5).encode())
        assert witness.add_checkpoint(body).status == 400
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(8).encode())


@pytest.mark.parametrize(("at", "new"), [(0, 8), (7, 8), (7, 12), (3, 64)])
def test_a_fork_is_refused(site: Any, log: Any, at: int, new: int) -> None:
    fork = log.forked(at)
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 8))
        for proof in (fork.proof(8, new), log.proof(8, new), ()):
            answer = witness.add_checkpoint(write_request(8, proof, fork.checkpoint(new).encode()))
            assert answer.status == 422, answer
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(8).encode())
        assert witness.add_checkpoint(log.request(8, 12)).status == 200


def test_a_proof_where_none_belongs_is_refused(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        first = write_request(0, [log.leaves[0]], log.checkpoint(8).encode())
        assert witness.add_checkpoint(first).status == 422
        witness.add_checkpoint(log.request(0, 8))
        again = write_request(8, [log.leaves[0]], log.checkpoint(8).encode())
        assert witness.add_checkpoint(again).status == 422


def test_an_unknown_log_is_refused(site: Any, log: Any, other_log: Any) -> None:
    with site.open(log) as witness:
        assert witness.add_checkpoint(other_log.request(0, 8)).status == 404
        assert witness.newest(other_log.hashed).status == 404


def test_a_forged_checkpoint_is_refused(site: Any, log: Any, other_log: Any) -> None:
    stranger = make_key(log.origin, SignatureType.ED25519)
    by_stranger = log.checkpoint(8, stranger)
    true = log.checkpoint(8)
    forgeries = (
        by_stranger,
        true.replace("\n8\n", "\n9\n"),
        true.replace(true.splitlines()[2], base64.b64encode(EMPTY_ROOT).decode()),
        true + by_stranger.splitlines()[-1].replace(base64_of(by_stranger)[:6], base64_of(true)[:6]) + "\n",
        true[: true.index("\n\n") + 2] + other_log.checkpoint(8).splitlines()[-1] + "\n",
    )
    with site.open(log, other_log) as witness:
        for forged in forgeries:
            answer = witness.add_checkpoint(b"old 0\n\n" + forged.encode())
            assert answer.status == 403, (forged, answer)
        assert witness.newest(log.hashed).status == 404


def base64_of(checkpoint: str) -> str:
    """Return the signature of a checkpoint's last line."""
    return checkpoint.splitlines()[-1].split(" ")[-1]


def test_unknown_signatures_are_ignored_and_not_kept(site: Any, log: Any) -> None:
    note = parse_note(log.checkpoint(8).encode())
    stranger = make_key("stranger.example", SignatureType.ED25519)
    more = note.signed_by(*(stranger.sign(note.text) for _ in range(20)))
    with site.open(log) as witness:
        answer = witness.add_checkpoint(b"old 0\n\n" + more.content)
        assert answer.status == 200
        assert witness.newest(log.hashed).content == log.checkpoint(8).encode() + answer.content


def test_one_log_may_have_two_keys(site: Any, log: Any) -> None:
    fresh = type(log)(log.origin)
    fresh.leaves = log.leaves
    with site.open(log, fresh) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
        assert witness.add_checkpoint(fresh.request(8, 9)).status == 200
    # The old key is retired; what it signed is still remembered.
    with site.open(fresh) as witness:
        assert witness.add_checkpoint(log.request(9, 10)).status == 403
        assert witness.add_checkpoint(fresh.request(9, 10)).status == 200


def test_logs_do_not_mix(site: Any, log: Any, other_log: Any) -> None:
    with site.open(log, other_log) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
        assert witness.add_checkpoint(other_log.request(0, 3)).status == 200
        assert witness.add_checkpoint(other_log.request(8, 9)).content == b"3\n"
        assert witness.add_checkpoint(log.request(8, 9)).status == 200


def test_a_clock_that_went_back_vouches_for_nothing(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
        site.clock.step_back(3600)
        answer = witness.add_checkpoint(log.request(8, 9))
        assert answer.status == 503
        assert b"clock" in answer.content
        site.clock.advance(3601)
        assert witness.add_checkpoint(log.request(8, 9)).status == 200


GOOD_LINE = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"old 0\n",
        b"old 0\n\n",
        b"old 0\n\nnonsense",
        b"old 00\n\nCHECKPOINT",
        b"old -1\n\nCHECKPOINT",
        b"old\n\nCHECKPOINT",
        b"OLD 0\n\nCHECKPOINT",
        b"old  0\n\nCHECKPOINT",
        b"old 0 \n\nCHECKPOINT",
        b"old 0\r\n\r\nCHECKPOINT",
        b"old 9223372036854775808\n\nCHECKPOINT",
        b"old \xd9\xa0\n\nCHECKPOINT",
        b"old 0\nnot base64\n\nCHECKPOINT",
        b"old 0\nYQ==\n\nCHECKPOINT",
        f"old 0\n{GOOD_LINE} \n\nCHECKPOINT".encode(),
        ("old 0\n" + f"{GOOD_LINE}\n" * (MAX_PROOF_LINES + 1) + "\nCHECKPOINT").encode(),
        b"old 0\n\nCHECKPOINT\n",
        b"old 0\n\n\nCHECKPOINT",
        b"old 0\nCHECKPOINT",
        b"old 9\n\nCHECKPOINT",
        b"\x00" * 1000,
        b"\xff" * 1000,
    ],
)
def test_a_malformed_request_is_refused(site: Any, log: Any, body: bytes) -> None:
    with site.open(log) as witness:
        answer = witness.add_checkpoint(body.replace(b"CHECKPOINT", log.checkpoint(8).encode()))
        assert answer.status == 400, answer
        assert answer.content.isascii()
        assert b"\n" not in answer.content[:-1]
        assert witness.newest(log.hashed).status == 404


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_of_a_request_is_cosigned(site: Any, log: Any, data: st.DataObject) -> None:
    body = bytearray(log.request(3, 8))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 3))
        answer = witness.add_checkpoint(bytes(body))
        assert answer.status in (400, 403, 404, 409, 422), answer
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(3).encode())


def test_the_answer_s_line_steers_no_terminal(site: Any, log: Any) -> None:
    evil = type(log)("evil\u202e\x9bm")
    with site.open(log) as witness:
        answer = witness.add_checkpoint(evil.request(0, 3))
        assert answer.status == 404
        assert answer.said.isprintable()
        assert answer.said.isascii()
        assert r"\u202e" in answer.said


def test_a_request_reads_back_as_it_was_written(log: Any) -> None:
    read = parse_request(log.request(3, 17))
    assert (read.old_size, read.proof, read.note.content) == (3, log.proof(3, 17), log.checkpoint(17).encode())
    with pytest.raises(ValueError, match="at most 63"):
        write_request(1, [bytes(32)] * 64, b"")


def test_requests_at_once_are_taken_one_after_another(site: Any, log: Any) -> None:
    barrier = threading.Barrier(8)

    def ask(new: int) -> tuple[int, bytes]:
        barrier.wait()
        answer = witness.add_checkpoint(log.request(8, new))
        return answer.status, answer.content

    with site.open(log) as witness, ThreadPoolExecutor(8) as pool:
        witness.add_checkpoint(log.request(0, 8))
        answers = list(pool.map(ask, range(9, 17)))
        won = [new for new, (status, _) in zip(range(9, 17), answers, strict=True) if status == 200]
        assert len(won) == 1
        assert {content for status, content in answers if status == 409} == {f"{won[0]}\n".encode()}
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(won[0]).encode())


def test_a_witness_is_told_of_logs_by_their_own_keys(site: Any, log: Any) -> None:
    with pytest.raises(ConfigError, match="nothing to do"), site.open():
        pass
    log.key = site.key
    with pytest.raises(ConfigError, match="not the key of a log"), site.open(log):
        pass
