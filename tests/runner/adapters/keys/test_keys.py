"""Keys: made once, named exactly, and refused with words that help."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from murenger.adapters.keys import SshSigner, fingerprint, generate_key, lint, public_key, read_allowed_signers
from murenger.errors import SignatureError

NAMESPACE = "change-record@murenger"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    generate_key(path, "a comment")
    return path


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the socket of an ssh-agent of our own, which the environment names."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # it says where it listens once it does
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield socket
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.mark.parametrize(("kind", "word"), [("ed25519", "ssh-ed25519"), ("ecdsa-p256", "ecdsa-sha2-nistp256")])
def test_a_made_key_is_its_owners_alone(tmp_path: Path, kind: str, word: str) -> None:
    path = tmp_path / "key"
    line = generate_key(path, "runner@site", kind)
    assert line.startswith(f"{word} ")
    assert line.endswith(" runner@site")
    assert path.stat().st_mode & 0o777 == 0o400
    assert fingerprint(path) == fingerprint(tmp_path / "key.pub")


def test_a_key_is_never_overwritten(key: Path) -> None:
    before = key.read_bytes()
    with pytest.raises(SignatureError, match="exists already"):
        generate_key(key, "x")
    assert key.read_bytes() == before


def test_an_unknown_kind_a_bad_comment_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="unknown"):
        generate_key(tmp_path / "key", "x", "rsa")
    with pytest.raises(SignatureError, match="one line"):
        generate_key(tmp_path / "key", "x\ny")
    with pytest.raises(SignatureError, match="cannot make"):
        generate_key(tmp_path / "missing" / "key", "x")


def test_the_public_key_comes_from_either_file_or_the_private_key_alone(key: Path) -> None:
    line = public_key(key)
    assert public_key(key.with_name("key.pub")) == line
    key.with_name("key.pub").unlink()
    assert public_key(key).split()[:2] == line.split()[:2]


def test_a_key_held_by_ssh_agent_signs(key: Path, agent: Path) -> None:
    assert agent.exists()
    key.chmod(0o600)
    subprocess.run(["ssh-add", "-q", str(key)], check=True)
    key.unlink()
    signer = SshSigner("runner@site", key.with_name("key.pub"))
    assert signer.sign(b"x", namespace=NAMESPACE).startswith("-----BEGIN SSH SIGNATURE-----")


@pytest.mark.usefixtures("agent")
def test_a_key_that_the_agent_does_not_hold_is_refused_in_words(key: Path) -> None:
    key.unlink()
    with pytest.raises(SignatureError, match="ssh-agent does not hold"):
        SshSigner("runner@site", key.with_name("key.pub")).sign(b"x", namespace=NAMESPACE)


def test_a_missing_key_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="there is no key"):
        SshSigner("runner@site", tmp_path / "key").sign(b"x", namespace=NAMESPACE)


def test_a_key_that_others_can_read_is_refused_in_words(key: Path) -> None:
    key.chmod(0o644)
    with pytest.raises(SignatureError, match="permissions are too open"):
        SshSigner("runner@site", key).sign(b"x", namespace=NAMESPACE)


def test_a_file_that_is_no_key_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("x")
    with pytest.raises(SignatureError, match="not a usable key"):
        SshSigner("runner@site", path).sign(b"x", namespace=NAMESPACE)


def test_content_is_never_taken_for_a_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(path)], check=True)
    with pytest.raises(SignatureError, match="needs a passphrase"):
        SshSigner("runner@site", path).sign(b"secret\nrest", namespace=NAMESPACE)


def test_another_key_beside_the_private_one_is_noticed(key: Path, tmp_path: Path) -> None:
    generate_key(tmp_path / "other", "x")
    public = key.with_name("key.pub")
    public.unlink()
    (tmp_path / "other.pub").rename(public)
    with pytest.raises(SignatureError, match="another key"):
        SshSigner("runner@site", key).sign(b"x", namespace=NAMESPACE)


def test_a_signer_that_hangs_is_given_up(key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = SshSigner("runner@site", key, timeout_s=0.2)
    signer.identity()
    hanging = tmp_path / "bin" / "ssh-keygen"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec cat /dev/zero > /dev/null\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SignatureError, match=r"within 0.2 s"):
        signer.sign(b"x", namespace=NAMESPACE)


def test_ssh_keygen_that_is_not_installed_is_named(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SignatureError, match="not installed"):
        fingerprint(key)


def test_two_threads_sign_at_once(key: Path) -> None:
    signer = SshSigner("runner@site", key)
    signatures: list[str] = []
    threads = [
        threading.Thread(target=lambda: signatures.append(signer.sign(b"x", namespace=NAMESPACE))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(set(signatures)) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("alice {key}", "every role"),
        ('alice valid-before="20300101Z" {key}', "every role"),
        ('alice namespaces="" {key}', "every role"),
        ('alice namespaces="*" {key}', "not given as a pattern"),
        ('*@corp namespaces="git" {key}', "not given as a pattern"),
        ('alice namespaces="git",valid-before="20300101" {key}', "no Z"),
        ('alice namespaces="git",valid-before="soonZ" {key}', "not YYYYMMDD"),
        ('alice namespaces="git",namespaces="x" {key}', "twice"),
        ('alice namespaces="git",expiry="x" {key}', "unknown"),
        ('alice namespaces="git"', "every role"),
        ('alice namespaces="git" ssh-ed25519 !!!', "not base64"),
        ('alice namespaces="git" ssh-rsa {blob}', "not of the type"),
    ],
)
def test_lines_that_must_not_be_trusted_are_named_by_number(key: Path, line: str, complaint: str) -> None:
    public = public_key(key)
    (found,) = lint("# people\n\n" + line.format(key=public, blob=public.split()[1]) + "\n")
    assert found.startswith("line 3: ")
    assert complaint in found


def test_a_sound_file_is_read_whole(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "allowed_signers"
    path.write_text(
        f'alice,al cert-authority,namespaces="git,grant@murenger",valid-after="20260101Z",valid-before="202712312359Z" '
        f"{public_key(key)}\n"
    )
    (entry,) = read_allowed_signers(path)
    assert entry.principals == ("alice", "al")
    assert entry.certificate_authority
    assert entry.may_sign_in("git")
    assert not entry.may_sign_in("change-record@murenger")
    assert (entry.valid_after is not None, entry.valid_before is not None) == (True, True)


@pytest.mark.parametrize("content", [b"", b"# nobody\n", b"\xff\xfe"])
def test_a_file_that_names_nobody_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "allowed_signers"
    path.write_bytes(content)
    with pytest.raises(SignatureError):
        read_allowed_signers(path)
