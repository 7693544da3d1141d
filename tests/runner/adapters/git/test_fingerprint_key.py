"""The fingerprint key: made once, encrypted, and missed by name."""

import pathlib
import subprocess
import sys
from typing import Any

import pytest

from murenger.adapters.ansible.vault import AnsibleVault
from murenger.adapters.git import FingerprintKeys
from murenger.errors import GoldenUntrustedError, SecretError
from murenger.ports import GoldenFile


@pytest.fixture
def password(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "vault-password"
    path.write_text("a password for tests\n", encoding="ascii")
    return path


@pytest.fixture
def keys(workshop: Any, password: pathlib.Path) -> FingerprintKeys:
    return FingerprintKeys(workshop.store(), AnsibleVault(password))


def test_a_key_is_made_signed_and_loaded(workshop: Any, keys: FingerprintKeys) -> None:
    revision = keys.create(signing_key=workshop.key("alice"))
    workshop.store().check(revision, accepted=None, at=workshop.clock.now())
    key = keys.load(revision)
    assert len(key) == 32
    assert keys.load(revision) == key


def test_the_ansible_vault_command_opens_it_and_the_repository_does_not_show_it(
    workshop: Any, keys: FingerprintKeys, password: pathlib.Path
) -> None:
    revision = keys.create(signing_key=workshop.key("alice"))
    path = workshop.repository / "fingerprint-key.vault"
    shown = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "view", "--vault-password-file", str(password), str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert shown.strip() == keys.load(revision).hex()
    assert keys.load(revision).hex() not in workshop.git("log", "-p", "--all")


def test_a_second_key_is_refused(workshop: Any, keys: FingerprintKeys) -> None:
    keys.create(signing_key=workshop.key("alice"))
    with pytest.raises(SecretError, match="already"):
        keys.create(signing_key=workshop.key("alice"))


def test_a_lost_key_is_missed_by_name_and_not_made_anew(
    workshop: Any, keys: FingerprintKeys, golden: GoldenFile
) -> None:
    workshop.accepted = keys.create(signing_key=workshop.key("alice"))
    workshop.store().accept("fw1", golden, signing_key=workshop.key("alice"), message="golden")
    workshop.git("rm", "--quiet", "fingerprint-key.vault")
    revision = workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(SecretError, match=r"no fingerprint-key\.vault"):
        keys.load(revision)
    with pytest.raises(SecretError, match="golden policy but no"):
        keys.create(signing_key=workshop.key("alice"))


def test_another_password_does_not_open_it(workshop: Any, keys: FingerprintKeys, tmp_path: pathlib.Path) -> None:
    revision = keys.create(signing_key=workshop.key("alice"))
    other = tmp_path / "other"
    other.write_text("another\n", encoding="ascii")
    with pytest.raises(SecretError, match="does not fit"):
        FingerprintKeys(workshop.store(), AnsibleVault(other)).load(revision)


@pytest.mark.parametrize("content", [b"", b"not a key", b"00" * 31, b"\xff" * 64])
def test_a_vault_that_holds_something_else_is_refused(
    workshop: Any, keys: FingerprintKeys, password: pathlib.Path, content: bytes
) -> None:
    path = workshop.repository / "fingerprint-key.vault"
    path.write_bytes(AnsibleVault(password).encrypt(content))
    workshop.git("add", "fingerprint-key.vault")
    revision = workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(SecretError, match="does not hold a fingerprint key"):
        keys.load(revision)


def test_an_unencrypted_key_is_refused(workshop: Any, keys: FingerprintKeys) -> None:
    (workshop.repository / "fingerprint-key.vault").write_text("00" * 32, encoding="ascii")
    workshop.git("add", "fingerprint-key.vault")
    revision = workshop.commit_by_hand(key=workshop.key("alice"))
    with pytest.raises(SecretError, match="not encrypted"):
        keys.load(revision)


def test_a_stranger_cannot_make_the_key(workshop: Any, keys: FingerprintKeys) -> None:
    with pytest.raises(GoldenUntrustedError):
        keys.create(signing_key=workshop.key("mallory"))
    assert workshop.git("for-each-ref") == ""
