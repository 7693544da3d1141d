"""Signed notes: published ones verify, ours verify elsewhere, and nothing else is read as one.

Input: notes of the specification and made-up ones. Output: pass, or what was wrongly read or believed.
"""

import base64
import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import signing
from tlog_scales.tlog import Checkpoint as OtherCheckpoint

from murenger.errors import SignatureError
from murenger.record.tree.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteSignature,
    SignatureType,
    SignerKey,
    VerifierKey,
    make_key,
    parse_note,
    parse_skey,
    parse_vkey,
    read_vkeys,
    strict_base64,
    strict_decimal,
    verify_note,
)

# Source: c2sp.org/signed-note, the example of verifier keys.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = """This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
# Source: c2sp.org/signed-note, the example of the format; its key is not published, its text has an empty line.
POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed \u00e8 subito sera.

\u2014 quasimodo.example/salvatore \
NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""
# Source: transparency-dev/witness, witness/witness_test.go: a published test key, which guards nothing.
MONKEYS = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT"
MONKEYS_PRIVATE = "PRIVATE+KEY+monkeys+db4d9f7e+ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6"
TEXT = "example.com/log\n3\n" + base64.b64encode(bytes(32)).decode() + "\n"
NOW = datetime.datetime(2026, 11, 22, 8, 0, 0, tzinfo=datetime.UTC)


def log_key(name: str = "example.com/log") -> SignerKey:
    """Return a new key of a log."""
    return make_key(name, SignatureType.ED25519)


def witness_key(name: str = "witness.example.org/w1") -> SignerKey:
    """Return a new key of a witness."""
    return make_key(name, SignatureType.COSIGNATURE)


def test_the_published_note_verifies() -> None:
    note = parse_note(NOTE.encode())
    assert note.text == "This is an example message.\n"
    (signed,) = verify_note(note, [parse_vkey(VKEY)])
    assert signed.key.name == "example.com/foo"
    assert signed.at is None
    assert note.content == NOTE.encode()


def test_the_text_ends_at_the_last_empty_line() -> None:
    note = parse_note(POEM.encode())
    assert note.text.endswith("sole:\n\ned \u00e8 subito sera.\n")
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    with pytest.raises(SignatureError) as caught:
        verify_note(note, [parse_vkey(VKEY)])
    assert caught.value.reason == "unknown"


def test_keys_read_back_as_they_are_written() -> None:
    assert parse_vkey(VKEY).vkey == VKEY
    assert parse_vkey(f"  {MONKEYS}\n").vkey == MONKEYS
    key = parse_skey(MONKEYS_PRIVATE)
    assert key.skey == MONKEYS_PRIVATE
    assert key.verifier.vkey == MONKEYS
    for made in (log_key(), witness_key()):
        assert parse_skey(made.skey).verifier == made.verifier == parse_vkey(made.verifier.vkey)
        assert signing.Vkey.from_string(made.verifier.vkey).key_id == made.verifier.key_id
        assert signing.Vkey(made.name, None, int(made.type), made.verifier.public).serialize() == made.verifier.vkey


def test_a_private_key_is_never_shown() -> None:
    key = log_key()
    secret = key.private.private_bytes_raw()
    for shown in (repr(key), str(key), repr(key.sign("a\n"))):
        assert "Ed25519PrivateKey" not in shown
        assert base64.b64encode(secret).decode() not in shown
        assert secret.hex() not in shown


def test_another_library_accepts_what_we_sign() -> None:
    log, witness = log_key(), witness_key()
    note = Note(text=TEXT, signatures=(log.sign(TEXT), witness.sign(TEXT, at=NOW)))
    other = OtherCheckpoint.from_text(note.content.decode())
    for key in (log, witness):
        other.verify(signing.Vkey.from_string(key.verifier.vkey))
    assert other.serialize() == note.content.decode()


def test_we_accept_what_another_library_signs() -> None:
    private = Ed25519PrivateKey.generate()
    signer = signing.PlainEd25519Signer("example.com/log", private)
    made = OtherCheckpoint.make_signed("example.com/log", 3, bytes(32), [signer]).serialize()
    (signed,) = verify_note(parse_note(made.encode()), [parse_vkey(signer.vkey.serialize())])
    assert signed.key.public == private.public_key().public_bytes_raw()


def test_a_cosignature_vouches_for_its_time() -> None:
    witness = witness_key()
    signature = witness.sign(TEXT, at=NOW.replace(microsecond=999_999))
    (signed,) = verify_note(Note(text=TEXT, signatures=(signature,)), [witness.verifier])
    assert signed.at == NOW
    later = NoteSignature(
        name=signature.name,
        key_id=signature.key_id,
        raw=(int(NOW.timestamp()) + 1).to_bytes(8, "big") + signature.raw[8:],
    )
    with pytest.raises(SignatureError) as caught:
        verify_note(Note(text=TEXT, signatures=(later,)), [witness.verifier])
    assert caught.value.reason == "invalid"


@pytest.mark.parametrize("stamp", [0, 2**63 - 1, 2**63, 2**64 - 1, 253402300800])
def test_a_cosignature_of_an_impossible_time_is_refused(stamp: int) -> None:
    witness = witness_key()
    raw = stamp.to_bytes(8, "big")
    raw += witness.private.sign(f"cosignature/v1\ntime {stamp}\n{TEXT}".encode())
    line = NoteSignature(name=witness.name, key_id=witness.verifier.key_id, raw=raw)
    with pytest.raises(SignatureError) as caught:
        verify_note(Note(text=TEXT, signatures=(line,)), [witness.verifier])
    assert caught.value.reason == "invalid"


def test_one_kind_of_signature_is_never_taken_for_the_other() -> None:
    log = log_key()
    as_witness = SignerKey(name=log.name, type=SignatureType.COSIGNATURE, private=log.private)
    assert log.verifier.key_id != as_witness.verifier.key_id
    with pytest.raises(ValueError, match="carries a time"):
        log.sign(TEXT, at=NOW)
    with pytest.raises(ValueError, match="carries a time"):
        as_witness.sign(TEXT)
    stolen = log.sign(TEXT)
    renamed = NoteSignature(name=stolen.name, key_id=as_witness.verifier.key_id, raw=stolen.raw)
    with pytest.raises(SignatureError):
        verify_note(Note(text=TEXT, signatures=(renamed,)), [as_witness.verifier])


def test_unknown_signatures_are_kept_and_passed_over() -> None:
    log, stranger = log_key(), log_key("stranger.example")
    namesake = log_key()
    post_quantum = NoteSignature(name="witness.example.org/w1", key_id=7, raw=bytes(2428))
    note = Note(text=TEXT, signatures=(stranger.sign(TEXT), namesake.sign(TEXT), post_quantum, log.sign(TEXT)))
    read = parse_note(note.content)
    assert read == note
    assert [signed.key for signed in verify_note(read, [log.verifier])] == [log.verifier]


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    log, other = log_key(), log_key("other.example")
    false = NoteSignature(name=other.name, key_id=other.verifier.key_id, raw=bytes(64))
    note = Note(text=TEXT, signatures=(log.sign(TEXT), false))
    with pytest.raises(SignatureError) as caught:
        verify_note(note, [log.verifier, other.verifier])
    assert caught.value.reason == "invalid"
    assert verify_note(note, [log.verifier])


def test_no_keys_trust_nothing() -> None:
    log = log_key()
    with pytest.raises(SignatureError) as caught:
        verify_note(Note(text=TEXT, signatures=(log.sign(TEXT),)), [])
    assert caught.value.reason == "unknown"


SIGNATURE = NOTE.splitlines()[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no empty line"),
        (b"text\n", "no empty line"),
        (NOTE.encode().rstrip(b"\n"), "no line end"),
        (b"text\n\n", "1 to 64 signatures, not 0"),
        (b"text\n\n\n", r"a dash, a name|signatures, not 0"),
        (NOTE.encode() + b"\n", "1 to 64 signatures, not 0"),
        (NOTE.replace("\u2014", "-").encode(), "a dash, a name"),
        (NOTE.replace("\u2014 ", "\u2014  ").encode(), "a dash, a name"),
        (NOTE.replace("com/foo ", "com/foo  ").encode(), "a dash, a name"),
        (NOTE.replace("com/foo ", "com/foo+ ").encode(), "cannot be named"),
        (NOTE.replace("com/foo ", "com/foo\u00a0 ").encode(), "cannot be named"),
        (NOTE.replace("example.com/foo ", " ").encode(), r"cannot be named|a dash, a name"),
        (NOTE.replace("yaQM=", "yaQM").encode(), "base64"),
        (NOTE.replace("yaQM=", "yaQN=").encode(), "base64"),
        (NOTE.replace("Uw2QOk", "Uw2-Ok").encode(), "base64"),
        (NOTE.replace("\n", "\r\n").encode(), "control character"),
        (NOTE.replace("example message", "example\tmessage").encode(), "control character"),
        (NOTE.replace("example message", "exa\0mple message").encode(), "control character"),
        (NOTE.encode().replace(b"message", b"mess\xffage"), "byte 23 of the note is not UTF-8"),
        (b"text\n\n\xe2\x80\x94 a Uw2QOg==\n", "too short"),
        (b"text\n\n" + (SIGNATURE + "\n").encode() * (MAX_SIGNATURES + 1), "1 to 64 signatures, not 65"),
        (b"a" * (MAX_NOTE_BYTES + 1), "more than 131072"),
    ],
)
def test_what_is_no_note_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_note(content)


def test_sixteen_signatures_of_the_largest_kind_are_read() -> None:
    lines = tuple(NoteSignature(name=f"w{number}", key_id=number, raw=bytes(5000)) for number in range(16))
    note = Note(text=TEXT, signatures=lines)
    assert parse_note(note.content) == note


@given(st.binary(max_size=300))
def test_any_bytes_are_read_exactly_or_refused(content: bytes) -> None:
    try:
        note = parse_note(content)
    except ValueError:
        return
    assert note.content == content


@given(st.data())
def test_a_note_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(NOTE.encode()) - 1))
    changed = bytearray(NOTE.encode())
    changed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != changed[at]))
    with pytest.raises((ValueError, SignatureError)):
        verify_note(parse_note(bytes(changed)), [parse_vkey(VKEY)])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "NAME"),
        ("example.com/foo", "NAME"),
        (VKEY.replace("530d903a", "530D903A"), "NAME"),
        (VKEY.replace("530d903a", "530d903b"), "has the number 530d903a, not 530d903b"),
        (VKEY.replace("530d903a", "530d903"), "NAME"),
        (VKEY.replace("example.com/foo", ""), "cannot be named"),
        (VKEY.replace("example.com/foo", "exa mple"), "cannot be named"),
        (VKEY.replace("AekyeR", "BekyeR"), "not supported"),
        (VKEY.replace("U2k", "U2"), "base64"),
        (f"{VKEY}AAAA", "has 35 bytes, not 32"),
        ("a+00000000+", "not supported"),
        ("a+00000000+" + "A" * 2000, "at most 1024"),
        (MONKEYS_PRIVATE, r"NAME|not supported"),
    ],
)
def test_what_is_no_public_key_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_vkey(line)


@pytest.mark.parametrize(
    "line", [MONKEYS, MONKEYS_PRIVATE[:-4], MONKEYS_PRIVATE.replace("db4d", "db4e"), "PRIVATE+KEY+", ""]
)
def test_what_is_no_private_key_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64") as caught:
        parse_skey(line)
    assert "ATWIAF3y" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\0b", "a\udc80b"])
def test_a_key_is_not_named_so_that_no_note_could_carry_it(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        make_key(name, SignatureType.ED25519)


def test_a_file_of_keys_is_read_line_by_line() -> None:
    text = f"# the witnesses that count\n\n{VKEY}\n{MONKEYS}\n"
    assert [key.name for key in read_vkeys(text)] == ["example.com/foo", "monkeys"]
    assert read_vkeys("") == ()
    with pytest.raises(ValueError, match="line 3: a key reads"):
        read_vkeys(f"\n{VKEY}\nnonsense\n")


@pytest.mark.parametrize("text", ["01", "-1", "+1", " 1", "1 ", "1e3", "\u0661", "", str(2**63), "9" * 400])
def test_a_number_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        strict_decimal(text)
    assert [strict_decimal(good) for good in ("0", "7", str(2**63 - 1))] == [0, 7, 2**63 - 1]


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "YQ==YQ==", "Y_==", "\u00e9"])
def test_bytes_have_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        strict_base64(text)
    assert strict_base64("YQ==") == b"a"


def test_a_key_id_is_a_hint_and_no_proof() -> None:
    log = log_key()
    impostor = VerifierKey(name=log.name, type=log.type, public=make_key("x", SignatureType.ED25519).verifier.public)
    forged = NoteSignature(name=log.name, key_id=impostor.key_id, raw=log.sign(TEXT).raw)
    with pytest.raises(SignatureError) as caught:
        verify_note(Note(text=TEXT, signatures=(forged,)), [impostor])
    assert caught.value.reason == "invalid"
