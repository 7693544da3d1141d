"""Vaults: the same bytes as the ansible-vault command reads and writes."""

import pathlib
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from murenger.adapters.ansible.vault import AnsibleVault
from murenger.errors import SecretError


@pytest.fixture
def password(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "password"
    path.write_text("a password for tests\n", encoding="ascii")
    return path


def ansible_vault(verb: str, password: pathlib.Path, path: pathlib.Path) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "ansible", "vault", verb, "--vault-password-file", str(password), str(path)],
        check=True,
        capture_output=True,
    ).stdout


def test_the_ansible_vault_command_reads_what_we_encrypt(password: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secrets.vault"
    path.write_bytes(AnsibleVault(password).encrypt("café CANARY\n".encode()))
    assert b"CANARY" not in path.read_bytes()
    assert ansible_vault("view", password, path).decode().strip() == "café CANARY"


def test_we_read_what_the_ansible_vault_command_encrypts(password: pathlib.Path, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "secrets.vault"
    path.write_bytes(b"CANARY \xff\x00\n")
    ansible_vault("encrypt", password, path)
    assert AnsibleVault(password).decrypt(path.read_bytes()) == b"CANARY \xff\x00\n"


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(min_size=1, max_size=2000))
def test_any_bytes_survive(password: pathlib.Path, content: bytes) -> None:
    vault = AnsibleVault(password)
    assert vault.decrypt(vault.encrypt(content)) == content


def test_the_same_content_is_never_encrypted_alike(password: pathlib.Path) -> None:
    vault = AnsibleVault(password)
    assert vault.encrypt(b"x") != vault.encrypt(b"x")


def test_an_executable_gives_the_password(password: pathlib.Path, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho a password for tests\n", encoding="ascii")
    script.chmod(0o700)
    assert AnsibleVault(script).decrypt(AnsibleVault(password).encrypt(b"x")) == b"x"


def test_without_a_password_file_nothing_is_encrypted() -> None:
    with pytest.raises(SecretError, match="none is configured"):
        AnsibleVault(None).encrypt(b"x")


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_missing_or_empty_password_is_named(tmp_path: pathlib.Path, content: str | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(SecretError, match="no vault password can be had"):
        AnsibleVault(path).encrypt(b"x")


def test_a_failing_executable_is_named(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    script.chmod(0o700)
    with pytest.raises(SecretError, match="no vault password can be had"):
        AnsibleVault(script).encrypt(b"x")


def test_another_password_or_an_altered_vault_is_refused(password: pathlib.Path, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other"
    other.write_text("another\n", encoding="ascii")
    content = AnsibleVault(password).encrypt(b"CANARY")
    with pytest.raises(SecretError, match="does not fit"):
        AnsibleVault(other).decrypt(content)
    with pytest.raises(SecretError, match="does not fit"):
        AnsibleVault(password).decrypt(content[:-9] + b"00000000\n")


@pytest.mark.parametrize("content", [b"", b"plain", b"$ANSIBLE_VAULT", b"$ANSIBLE_VAULT;1.1;AES256\nzz\n", b"\xff"])
def test_what_is_no_vault_is_refused(password: pathlib.Path, content: bytes) -> None:
    with pytest.raises(SecretError):
        AnsibleVault(password).decrypt(content)


def test_a_vault_of_another_cipher_is_refused(password: pathlib.Path) -> None:
    content = AnsibleVault(password).encrypt(b"x").replace(b"AES256", b"ROT13")
    with pytest.raises(SecretError):
        AnsibleVault(password).decrypt(content)
