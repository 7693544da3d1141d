"""The log key: made for its owner alone, refused when others could have read it, and usable by openssl.

Input: key files. Output: pass, or what was wrongly accepted.
"""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from murenger.adapters.keys.key_file import MAX_KEY_BYTES
from murenger.adapters.keys.log_key import load_log_key, make_log_key
from murenger.errors import SignatureError
from murenger.record.tree.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from murenger.record.tree.note import parse_vkey

ORIGIN = "site1.fw.example.net"
HEAD = Checkpoint(origin=ORIGIN, size=3, root=bytes(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.pem"


def openssl(*arguments: str) -> bytes:
    """Run openssl."""
    return subprocess.run(("openssl", *arguments), check=True, capture_output=True).stdout


def test_a_key_is_made_for_its_owner_alone_and_signs(path: Path) -> None:
    os.umask(os.umask(0o777))
    vkey = make_log_key(path, ORIGIN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    key = load_log_key(path, ORIGIN)
    assert key.vkey == vkey
    opened = open_checkpoint(key.sign(HEAD).encode(), log_keys=[parse_vkey(vkey)])
    assert opened.checkpoint == HEAD


def test_the_owner_can_read_the_key_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o777)
    try:
        make_log_key(path, ORIGIN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_openssl_verifies_what_the_key_signs(path: Path, tmp_path: Path) -> None:
    make_log_key(path, ORIGIN)
    _, note = parse_checkpoint(load_log_key(path, ORIGIN).sign(HEAD).encode())
    (tmp_path / "text").write_text(note.text, encoding="utf-8")
    (tmp_path / "signature").write_bytes(note.signatures[0].raw)
    openssl("pkey", "-in", str(path), "-pubout", "-out", str(tmp_path / "public"))
    files = ("-inkey", str(tmp_path / "public"), "-in", str(tmp_path / "text"), "-sigfile", str(tmp_path / "signature"))
    assert b"Successfully" in openssl("pkeyutl", "-verify", "-pubin", "-rawin", *files)


def test_a_key_that_openssl_made_is_good(path: Path) -> None:
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(path))
    path.chmod(0o600)
    assert load_log_key(path, ORIGIN).vkey.startswith(f"{ORIGIN}+")


def test_a_key_is_never_overwritten(path: Path, tmp_path: Path) -> None:
    make_log_key(path, ORIGIN)
    before = path.read_bytes()
    with pytest.raises(SignatureError, match="exists already"):
        make_log_key(path, ORIGIN)
    assert path.read_bytes() == before
    link = tmp_path / "link.pem"
    link.symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(SignatureError, match="exists already"):
        make_log_key(link, ORIGIN)
    assert not (tmp_path / "elsewhere.pem").exists()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644, 0o420, 0o401])
def test_a_key_that_others_could_use_is_refused(path: Path, mode: int) -> None:
    make_log_key(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(SignatureError, match=f"open to others: mode 0{mode:o}"):
        load_log_key(path, ORIGIN)


def test_a_link_to_a_key_is_refused(path: Path, tmp_path: Path) -> None:
    make_log_key(path, ORIGIN)
    link = tmp_path / "link.pem"
    link.symlink_to(path)
    with pytest.raises(SignatureError, match="symbolic link"):
        load_log_key(link, ORIGIN)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o400)
    (tmp_path / "folder").mkdir()
    for name, said in (("pipe", "no regular file"), ("folder", "no regular file"), ("missing", "there is no key")):
        with pytest.raises(SignatureError, match=said):
            load_log_key(tmp_path / name, ORIGIN)


@pytest.mark.parametrize(
    "algorithm", [("rsa", "rsa_keygen_bits:2048"), ("ec", "ec_paramgen_curve:P-256"), ("ed448", "")]
)
def test_a_key_of_another_kind_is_refused(path: Path, algorithm: tuple[str, str]) -> None:
    kind, option = algorithm
    openssl("genpkey", "-algorithm", kind, *(("-pkeyopt", option) if option else ()), "-out", str(path))
    path.chmod(0o400)
    with pytest.raises(SignatureError, match="not an Ed25519 key"):
        load_log_key(path, ORIGIN)


def test_a_key_with_a_passphrase_is_refused(path: Path) -> None:
    openssl("genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:made-up", "-out", str(path))
    path.chmod(0o400)
    with pytest.raises(SignatureError, match="not a usable log key"):
        load_log_key(path, ORIGIN)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\xff\x00", b"-----BEGIN PUBLIC KEY-----\n", b"a" * MAX_KEY_BYTES]
)
def test_what_is_no_key_is_refused_without_repeating_it(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(SignatureError, match="not a usable log key") as caught:
        load_log_key(path, ORIGIN)
    assert "nonsense" not in str(caught.value)


def test_a_huge_file_is_refused(path: Path) -> None:
    path.touch(0o400)
    os.truncate(path, 2**40)
    with pytest.raises(SignatureError, match="larger than"):
        load_log_key(path, ORIGIN)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="cannot be made"):
        make_log_key(tmp_path / "missing" / "log.pem", ORIGIN)


@pytest.mark.parametrize("origin", ["", "a b", "a+b"])
def test_a_log_is_not_named_so_that_no_note_could_carry_it(path: Path, origin: str) -> None:
    with pytest.raises(SignatureError, match="cannot be named"):
        make_log_key(path, origin)
    assert not path.exists()


def test_a_checkpoint_of_another_log_is_not_signed(path: Path) -> None:
    make_log_key(path, ORIGIN)
    with pytest.raises(SignatureError, match="cannot sign"):
        load_log_key(path, ORIGIN).sign(Checkpoint(origin="other.example.net", size=3, root=bytes(32)))
