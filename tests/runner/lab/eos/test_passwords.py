"""Password encodings against OpenSSL and against themselves."""

import shutil
import subprocess

import pytest

from murenger.lab.eos import passwords


@pytest.mark.parametrize("password", ["a", "correct horse battery staple", "x" * 70, "pässwörd", "$6$a$b"])
def test_hash_equals_openssls(password: str) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is needed as the oracle"
    salt = passwords.new_salt()
    command = [openssl, "passwd", "-6", "-salt", salt, "-stdin"]
    expected = subprocess.run(command, input=password.encode(), capture_output=True, check=True)
    assert passwords.sha512_crypt(password, salt) == expected.stdout.decode().strip()


def test_published_vector_with_other_rounds_is_verified() -> None:
    # From the specification's own test vectors.
    stored = (
        "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/"
        "y3RnOaw5v."
    )
    assert passwords.verify("Hello world!", stored)
    assert not passwords.verify("Hello world", stored)


def test_what_is_no_hash_verifies_nothing() -> None:
    assert not passwords.verify("", "")
    assert not passwords.verify("x", "$1$salt$hash")


def test_type_7_reads_back_under_every_salt() -> None:
    coded = {passwords.encrypt_7("sesame", salt) for salt in range(16)}
    assert len(coded) == 16
    assert {passwords.decrypt_7(one) for one in coded} == {"sesame"}


def test_type_7_knows_a_widely_published_example() -> None:
    assert passwords.decrypt_7("0822455D0A16") == "cisco"
