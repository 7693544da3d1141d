"""Keys, certificates, passwords and vaulted values, checked by the programs that will read them.

Input: generated files. Output: what ssh-keygen, openssl and ansible's own vault reader say.
"""

import pathlib
import ssl
import subprocess

import pytest
from ansible.parsing.vault import AnsibleVaultError, VaultLib, VaultSecret

from murenger.lab import material, vault


def test_ssh_keygen_derives_the_same_public_key(tmp_path: pathlib.Path) -> None:
    line = material.write_ssh_key(tmp_path / "key", "comment")
    done = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(tmp_path / "key")], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split()[:2] == line.split()
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").read_text() == f"{line} comment\n"


def test_openssl_accepts_the_certificate_for_its_name_and_address_only(tmp_path: pathlib.Path) -> None:
    material.write_certificate(tmp_path, "leaf1", "127.0.0.1")
    base = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.pem")]
    for option, value, good in (
        ("-verify_hostname", "leaf1", True),
        ("-verify_ip", "127.0.0.1", True),
        ("-verify_hostname", "leaf2", False),
        ("-verify_ip", "127.0.0.2", False),
    ):
        done = subprocess.run(
            [*base, option, value, str(tmp_path / "server.pem")], capture_output=True, check=False, timeout=30
        )
        assert (done.returncode == 0) is good, (option, value, done.stderr)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")


def test_stranger_authority_does_not_vouch_for_the_certificate(tmp_path: pathlib.Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        material.write_certificate(tmp_path / name, "leaf1", "127.0.0.1")
    line = ["openssl", "verify", "-CAfile", str(tmp_path / "two" / "ca.pem"), str(tmp_path / "one" / "server.pem")]
    assert subprocess.run(line, capture_output=True, check=False, timeout=30).returncode != 0


def test_passwords_differ_and_need_no_quoting() -> None:
    drawn = {material.password() for _ in range(100)}
    assert len(drawn) == 100
    assert all(word.replace("-", "").replace("_", "").isalnum() and len(word) >= 20 for word in drawn)


@pytest.mark.parametrize("secret", ["x", "", "a" * 16, "pässwörd \n {{ x }}", "y" * 1000])
def test_ansible_decrypts_what_the_lab_encrypts(secret: str) -> None:
    text = vault.encrypt(secret, "master")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert VaultLib([("default", VaultSecret(b"master"))]).decrypt(text.encode()).decode() == secret
    with pytest.raises(AnsibleVaultError):
        VaultLib([("default", VaultSecret(b"other"))]).decrypt(text.encode())
    assert vault.encrypt(secret, "master") != text
