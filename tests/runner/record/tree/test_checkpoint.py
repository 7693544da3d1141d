"""Checkpoints: published ones are read, ours are read elsewhere, and only the log's own signature counts.

Input: checkpoints of the specification and made-up ones. Output: pass, or what was wrongly read or believed.
"""

import base64
import datetime

import pytest
from tlog_scales import signing
from tlog_scales.tlog import Checkpoint as OtherCheckpoint

from murenger.errors import SignatureError
from murenger.record.tree.checkpoint import (
    Checkpoint,
    open_checkpoint,
    open_cosigned,
    parse_checkpoint,
    parse_checkpoint_text,
    sign_checkpoint,
)
from murenger.record.tree.merkle import EMPTY_ROOT, check_consistency
from murenger.record.tree.note import NoteSignature, SignatureType, SignerKey, make_key, parse_note, parse_vkey

# Source: c2sp.org/tlog-cosignature, the example; its keys are not published.
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 \
jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
# Source: transparency-dev/witness, witness/witness_test.go: two checkpoints of one log, and the proof between them.
MONKEYS = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT"
OLDER = """monkeys
5
41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=

\u2014 monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=
"""
NEWER = """monkeys
8
V8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=

\u2014 monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=
"""
BETWEEN = [
    bytes.fromhex(text)
    for text in (
        "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
        "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
        "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
        "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
    )
]
ORIGIN = "site1.fw.example.net"
NOW = datetime.datetime(2026, 11, 22, 8, 0, 0, tzinfo=datetime.UTC)


@pytest.fixture
def log() -> SignerKey:
    return make_key(ORIGIN, SignatureType.ED25519)


@pytest.fixture
def witness() -> SignerKey:
    return make_key("witness.example.org/w1", SignatureType.COSIGNATURE)


def head(**changes: object) -> Checkpoint:
    """Return a checkpoint's fields, some of them changed."""
    fields: dict[str, object] = {"origin": ORIGIN, "size": 7, "root": bytes(range(32)), **changes}
    return Checkpoint(**fields)  # type: ignore[arg-type]  # the fields' types are known to the test


def test_the_published_checkpoints_are_read() -> None:
    checkpoint, note = parse_checkpoint(COSIGNED.encode())
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == note.text
    assert [signature.name for signature in note.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert note.content == COSIGNED.encode()
    assert int.from_bytes(note.signatures[1].raw[:8], "big") == 1679315147


def test_the_published_checkpoints_verify_and_continue_one_another() -> None:
    older, newer = (open_checkpoint(text.encode(), log_keys=[parse_vkey(MONKEYS)]) for text in (OLDER, NEWER))
    old, new = older.checkpoint, newer.checkpoint
    check_consistency(old.size, old.root, new.size, new.root, BETWEEN)
    assert older.cosigned == ()
    assert older.earliest is None


def test_another_library_reads_what_we_sign(log: SignerKey) -> None:
    text = sign_checkpoint(head(), log)
    other = OtherCheckpoint.from_text(text)
    assert (other.origin, other.size, other.root_hash) == (ORIGIN, 7, bytes(range(32)))
    other.verify(signing.Vkey.from_string(log.verifier.vkey))


def test_a_cosigned_checkpoint_tells_who_saw_it_when(log: SignerKey, witness: SignerKey) -> None:
    second = make_key("witness.example.com/w2", SignatureType.COSIGNATURE)
    note = parse_note(sign_checkpoint(head(), log).encode())
    note = note.signed_by(
        witness.sign(note.text, at=NOW + datetime.timedelta(seconds=5)), second.sign(note.text, at=NOW)
    )
    keys = {"log_keys": [log.verifier], "witness_keys": [witness.verifier, second.verifier]}
    opened = open_cosigned(note.content, **keys)
    assert opened.checkpoint == head()
    assert [signed.key.name for signed in opened.cosigned] == [witness.name, second.name]
    assert opened.earliest == NOW
    assert open_checkpoint(note.content, log_keys=[log.verifier]).cosigned == ()


def test_an_unknown_witness_is_no_witness(log: SignerKey, witness: SignerKey) -> None:
    note = parse_note(sign_checkpoint(head(), log).encode())
    stranger = make_key("witness.example.net/w9", SignatureType.COSIGNATURE)
    cosigned = note.signed_by(stranger.sign(note.text, at=NOW))
    keys = {"log_keys": [log.verifier], "witness_keys": [witness.verifier]}
    assert open_checkpoint(cosigned.content, **keys).cosigned == ()
    with pytest.raises(SignatureError, match="no trusted witness") as caught:
        open_cosigned(cosigned.content, **keys)
    assert caught.value.reason == "unknown"


def test_a_false_cosignature_of_a_known_witness_spoils_the_checkpoint(log: SignerKey, witness: SignerKey) -> None:
    note = parse_note(sign_checkpoint(head(), log).encode())
    other = sign_checkpoint(head(size=8), log)
    replayed = note.signed_by(witness.sign(parse_note(other.encode()).text, at=NOW))
    with pytest.raises(SignatureError) as caught:
        open_checkpoint(replayed.content, log_keys=[log.verifier], witness_keys=[witness.verifier])
    assert caught.value.reason == "invalid"


def test_only_the_log_s_own_key_vouches_for_it(log: SignerKey, witness: SignerKey) -> None:
    other = make_key("other.example.net", SignatureType.ED25519)
    note = parse_note(sign_checkpoint(head(), log).encode())
    by_other = note.text + "\n" + other.sign(note.text).line
    as_witness = SignerKey(name=ORIGIN, type=SignatureType.COSIGNATURE, private=witness.private)
    by_witness = note.text + "\n" + as_witness.sign(note.text, at=NOW).line
    for content in (by_other, by_witness):
        keys = [log.verifier, other.verifier, as_witness.verifier]
        with pytest.raises(SignatureError) as caught:
            open_checkpoint(content.encode(), log_keys=keys, witness_keys=[witness.verifier])
        assert caught.value.reason == "unknown"
    with pytest.raises(SignatureError):
        open_checkpoint(note.content, log_keys=[])


def test_an_altered_checkpoint_is_refused(log: SignerKey) -> None:
    text = sign_checkpoint(head(), log)
    for changed in (text.replace("\n7\n", "\n6\n"), text.replace("AAECAw", "AAECBA")):
        assert changed != text
        with pytest.raises(SignatureError) as caught:
            open_checkpoint(changed.encode(), log_keys=[log.verifier])
        assert caught.value.reason == "invalid"


def test_a_rotated_log_key_counts_beside_the_old_one(log: SignerKey) -> None:
    fresh = make_key(ORIGIN, SignatureType.ED25519)
    note = parse_note(sign_checkpoint(head(), log).encode())
    both = note.signed_by(fresh.sign(note.text))
    for keys in ([log.verifier], [fresh.verifier], [fresh.verifier, log.verifier]):
        assert open_checkpoint(both.content, log_keys=keys).checkpoint == head()


def test_extension_lines_are_kept(log: SignerKey) -> None:
    extended = head(extensions=("one", "two words"))
    opened = open_checkpoint(sign_checkpoint(extended, log).encode(), log_keys=[log.verifier])
    assert opened.checkpoint == extended


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "other.example.net"},
        {"origin": ""},
        {"size": -1},
        {"size": 2**63},
        {"root": b"short"},
        {"extensions": ("",)},
        {"extensions": ("a\nb",)},
    ],
)
def test_what_could_not_be_read_back_is_not_signed(log: SignerKey, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"log|checkpoint"):
        sign_checkpoint(head(**changes), log)


def test_a_witness_key_signs_no_checkpoint(witness: SignerKey) -> None:
    key = SignerKey(name=ORIGIN, type=SignatureType.COSIGNATURE, private=witness.private)
    with pytest.raises(ValueError, match="not that of the log"):
        sign_checkpoint(head(), key)


ROOT = base64.b64encode(EMPTY_ROOT).decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "origin, size and root"),
        (f"a\n1\n{ROOT}", "origin, size and root"),
        ("a\n1\n", "origin, size and root"),
        (f"\n1\n{ROOT}\n", "origin, size and root"),
        (f"a\n1\n{ROOT}\n\n", "origin, size and root"),
        (f"a\n01\n{ROOT}\n", "the checkpoint's size"),
        (f"a\n-1\n{ROOT}\n", "the checkpoint's size"),
        (f"a\n{2**63}\n{ROOT}\n", "the checkpoint's size"),
        (f"a\n1\n{ROOT} \n", "the checkpoint's root"),
        ("a\n1\nAAAA\n", "has 3 bytes, not 32"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_checkpoint_text(text)


def test_a_signature_line_of_the_wrong_length_is_invalid(log: SignerKey, witness: SignerKey) -> None:
    note = parse_note(sign_checkpoint(head(), log).encode())
    for key, raw in ((log, bytes(63)), (log, bytes(72)), (witness, bytes(7)), (witness, bytes(64))):
        line = NoteSignature(name=key.name, key_id=key.verifier.key_id, raw=raw)
        with pytest.raises(SignatureError) as caught:
            open_checkpoint(note.signed_by(line).content, log_keys=[log.verifier], witness_keys=[witness.verifier])
        assert caught.value.reason == "invalid"
