"""The contract of the ports Signer and Verifier; every adapter passes it."""

import dataclasses
import datetime
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from murenger.adapters.keys import SshSigner, SshVerifier, generate_key, public_key
from murenger.errors import SignatureError
from murenger.ports import Signer, Verifier

RECORD, APPROVAL = "change-record@murenger", "change-approval@murenger"
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
YEAR = datetime.timedelta(days=365)


@dataclasses.dataclass(frozen=True)
class Party:
    """Somebody with a key, and what the trust file says of them."""

    signer: Signer
    verifier: Verifier


Make = Callable[..., Party]


@pytest.fixture(scope="module", params=["ed25519", "ecdsa-p256"])
def keys(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("mine", "strange"):
        generate_key(folder / name, name, request.param)
    return folder / "mine", folder / "strange"


@pytest.fixture
def party(keys: tuple[Path, Path], tmp_path: Path) -> Make:
    def make(options: str = f'namespaces="{RECORD}"', *, stranger: bool = False) -> Party:
        path = tmp_path / "allowed_signers"
        path.write_text(f"runner@site {options} {public_key(keys[0])}\n")
        return Party(signer=SshSigner("runner@site", keys[stranger]), verifier=SshVerifier(path))

    return make


def test_a_signature_verifies_as_the_signers_identity(party: Make) -> None:
    mine = party()
    signature = mine.signer.sign(b"content", namespace=RECORD)
    assert mine.verifier.verify(b"content", signature, namespace=RECORD, at=NOW) == mine.signer.identity()


def test_signing_twice_asks_nothing_and_leaves_no_file(party: Make, keys: tuple[Path, Path]) -> None:
    before = sorted(keys[0].parent.iterdir())
    for _ in range(2):
        party().signer.sign(b"", namespace=RECORD)
    assert sorted(keys[0].parent.iterdir()) == before


def refused(mine: Party, signature: str, *, content: bytes = b"content", namespace: str = RECORD) -> str:
    with pytest.raises(SignatureError) as caught:
        mine.verifier.verify(content, signature, namespace=namespace, at=NOW)
    return caught.value.reason


@pytest.mark.parametrize("content", [b"", b"content\n", b"Content"])
def test_other_bytes_are_invalid(party: Make, content: bytes) -> None:
    mine = party()
    assert refused(mine, mine.signer.sign(b"content", namespace=RECORD), content=content) == "invalid"


def test_a_stranger_is_unknown(party: Make) -> None:
    other = party(stranger=True)
    assert refused(other, other.signer.sign(b"content", namespace=RECORD)) == "unknown"


def test_a_stranger_who_claims_our_principal_is_unknown(party: Make) -> None:
    other = party(stranger=True)
    assert other.signer.identity().principal == "runner@site"
    assert refused(other, other.signer.sign(b"content", namespace=RECORD)) == "unknown"


def test_a_signature_made_in_another_role_is_refused_by_namespace(party: Make) -> None:
    mine = party(f'namespaces="{RECORD},{APPROVAL}"')
    assert refused(mine, mine.signer.sign(b"content", namespace=APPROVAL)) == "namespace"


def test_a_role_that_the_key_may_not_play_is_refused_by_namespace(party: Make) -> None:
    mine = party()
    signature = mine.signer.sign(b"content", namespace=APPROVAL)
    assert refused(mine, signature, namespace=APPROVAL) == "namespace"


@pytest.mark.parametrize("window", ['valid-before="20261121Z"', 'valid-after="20261123Z"'])
def test_a_key_outside_its_validity_is_expired(party: Make, window: str) -> None:
    mine = party(f'namespaces="{RECORD}",{window}')
    assert refused(mine, mine.signer.sign(b"content", namespace=RECORD)) == "expired"


def test_validity_is_judged_at_the_time_given_in_utc(party: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    mine = party(f'namespaces="{RECORD}",valid-before="20261122120000Z"')
    signature = mine.signer.sign(b"content", namespace=RECORD)
    elsewhere = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=-11)))
    assert mine.verifier.verify(b"content", signature, namespace=RECORD, at=elsewhere)
    with pytest.raises(SignatureError):
        mine.verifier.verify(b"content", signature, namespace=RECORD, at=NOW + datetime.timedelta(seconds=1))


@pytest.mark.parametrize("signature", ["", "x", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_invalid(party: Make, signature: str) -> None:
    assert refused(party(), signature) == "invalid"


def test_a_rotated_key_is_good_in_its_own_time(party: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    mine, other = party(), party(stranger=True)
    path = tmp_path / "allowed_signers"
    path.write_text(
        f'runner@site namespaces="{RECORD}",valid-before="20261122Z" {public_key(keys[0])}\n'
        f'runner@site namespaces="{RECORD}",valid-after="20261121Z" {public_key(keys[1])}\n'
    )
    old, new = (who.signer.sign(b"content", namespace=RECORD) for who in (mine, other))
    verifier = SshVerifier(path)
    assert verifier.verify(b"content", old, namespace=RECORD, at=NOW - YEAR)
    assert verifier.verify(b"content", new, namespace=RECORD, at=NOW + YEAR)
    for signature, at in ((old, NOW + YEAR), (new, NOW - YEAR)):
        with pytest.raises(SignatureError) as caught:
            verifier.verify(b"content", signature, namespace=RECORD, at=at)
        assert caught.value.reason == "expired"


def test_a_key_with_two_lines_has_both_roles(party: Make, keys: tuple[Path, Path], tmp_path: Path) -> None:
    mine = party()
    line = public_key(keys[0])
    path = tmp_path / "allowed_signers"
    path.write_text(f'a namespaces="{APPROVAL}" {line}\nb namespaces="{RECORD}" {line}\n')
    signature = mine.signer.sign(b"content", namespace=RECORD)
    assert SshVerifier(path).verify(b"content", signature, namespace=RECORD, at=NOW).principal == "b"


def test_a_certificate_of_a_trusted_authority_is_accepted(keys: tuple[Path, Path], tmp_path: Path) -> None:
    key = tmp_path / "held"
    generate_key(key, "held")
    stamp = ["-I", "id", "-n", "carol@site", "-V", "20260101:20270101", "-q"]
    subprocess.run(["ssh-keygen", "-s", str(keys[0]), *stamp, str(key) + ".pub"], check=True)
    path = tmp_path / "allowed_signers"
    path.write_text(f'carol@site cert-authority,namespaces="{RECORD}" {public_key(keys[0])}\n')
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", f"{key}-cert.pub", "-n", RECORD],
        input=b"content",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    signature = done.stdout.decode()
    assert SshVerifier(path).verify(b"content", signature, namespace=RECORD, at=NOW).principal == "carol@site"
    with pytest.raises(SignatureError):
        SshVerifier(path).verify(b"content", signature, namespace=RECORD, at=NOW + YEAR)
