"""Signatures checked in process get the verdict that ssh-keygen gives them: who, or the same reason why not."""

import base64
import contextlib
import datetime
import hashlib
import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

import murenger.adapters.keys.verifier as verifier_module
from murenger.adapters.keys import SshSigner, SshVerifier, generate_key, public_key
from murenger.adapters.keys.plain_keys import is_good
from murenger.errors import SignatureError
from murenger.record.sshsig import parse_signature

NAMESPACE = "change-record@murenger"
CONTENT = b'{"a":"record"}'
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
P256_ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)


def field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def mpint(number: int) -> bytes:
    return field(number.to_bytes(number.bit_length() // 8 + 1, "big"))


class Site:
    """One key of each kind, an allowed_signers file, and a verifier that asks ssh-keygen about everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signers: dict[str, SshSigner] = {}
        self.trust = folder / "allowed_signers"
        lines = []
        for name, kind in (("ed", "ed25519"), ("p256", "ecdsa-p256"), ("late", "ed25519"), ("other", "ed25519")):
            generate_key(folder / name, name, kind)
            self.signers[name] = SshSigner(name, folder / name)
        for name, options in (("ed", ""), ("p256", ""), ("late", ',valid-before="20261122120000Z"')):
            lines.append(f'{name} namespaces="{NAMESPACE}"{options} {public_key(folder / name)}\n')
        for kind, bits in (("rsa", "3072"), ("ecdsa", "384")):
            name = f"{kind}{bits}"
            subprocess.run(
                ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-f", folder / name], check=True, timeout=60
            )
            self.signers[name] = SshSigner(name, folder / name)
            lines.append(f'{name} namespaces="{NAMESPACE}" {public_key(folder / name)}\n')
        self.trust.write_text("".join(lines))

    def signature(self, name: str, content: bytes = CONTENT, namespace: str = NAMESPACE) -> str:
        return self.signers[name].sign(content, namespace=namespace)

    def verdict(self, signature: str, content: bytes = CONTENT, at: datetime.datetime = NOW) -> str:
        """Return who signed, or the reason why not."""
        try:
            return SshVerifier(self.trust).verify(content, signature, namespace=NAMESPACE, at=at).principal
        except SignatureError as exc:
            return exc.reason or f"trouble: {exc}"

    def stock_verdict(self, signature: str, content: bytes = CONTENT, at: datetime.datetime = NOW) -> str:
        """Return the same, from ssh-keygen alone."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verifier_module, "is_good", lambda *_: False)
            return self.verdict(signature, content, at)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("keys"))


def good_in_process(signature: str, content: bytes = CONTENT) -> bool:
    return is_good(parse_signature(signature), content)


@pytest.mark.parametrize("name", ["ed", "p256"])
def test_what_ssh_keygen_signed_is_good_without_asking_it(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = site.signature(name)
    assert site.stock_verdict(signature) == name
    monkeypatch.setenv("PATH", "/nowhere")
    assert site.verdict(signature) == name
    assert not good_in_process(signature, CONTENT + b" ")


@pytest.mark.parametrize("name", ["rsa3072", "ecdsa384"])
def test_other_kinds_of_key_are_left_to_ssh_keygen(site: Site, name: str) -> None:
    signature = site.signature(name)
    assert not good_in_process(signature)
    assert site.verdict(signature) == name


def reworked(signature: str, rework: Callable[[bytes, bytes, bytes, bytes, bytes], bytes]) -> str:
    """Return a signature whose fields (key, namespace, hash, kind, inner) were put together in another way."""
    claim = parse_signature(signature)
    rest = claim.blob[10 + 4 + len(claim.public_key) + 4 + len(claim.namespace) + 4 :]
    hash_name, rest = rest[4 : 4 + rest[3]], rest[4 + rest[3] :]
    wrapped = rest[4:]
    kind, inner = wrapped[4 : 4 + wrapped[3]], wrapped[4 + wrapped[3] + 4 :]
    return armour(rework(claim.public_key, claim.namespace.encode(), hash_name, kind, inner))


def whole(
    key: bytes,
    namespace: bytes,
    hash_name: bytes,
    kind: bytes,
    inner: bytes,
    *,
    head: bytes = b"SSHSIG\x00\x00\x00\x01",
    reserved: bytes = b"",
    after: bytes = b"",
    within: bytes = b"",
) -> bytes:
    fields = field(key) + field(namespace) + field(reserved) + field(hash_name)
    return head + fields + field(field(kind) + field(inner) + within) + after


def malleable_ed25519(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    number = int.from_bytes(inner[32:], "little") + GROUP_ORDER
    return whole(key, namespace, hash_name, kind, inner[:32] + number.to_bytes(32, "little"))


def p256_numbers(inner: bytes) -> tuple[int, int]:
    length = int.from_bytes(inner[:4], "big")
    return int.from_bytes(inner[4 : 4 + length], "big"), int.from_bytes(inner[8 + length :], "big")


def high_s(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    r, s = p256_numbers(inner)
    return whole(key, namespace, hash_name, kind, mpint(r) + mpint(P256_ORDER - s))


def negative(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    r, s = p256_numbers(inner)
    return whole(key, namespace, hash_name, kind, mpint(r) + field((s | 1 << 255).to_bytes(32, "big")))


def zero(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, _inner: bytes) -> bytes:
    return whole(key, namespace, hash_name, kind, field(b"\0") + field(b""))


def padded(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    r, s = p256_numbers(inner)
    return whole(key, namespace, hash_name, kind, field(b"\0\0" + r.to_bytes(32, "big")) + mpint(s))


def over_order(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    r, s = p256_numbers(inner)
    return whole(key, namespace, hash_name, kind, mpint(r) + mpint(s + P256_ORDER))


def rebuilt(**changes: bytes) -> Callable[[bytes, bytes, bytes, bytes, bytes], bytes]:
    def rework(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
        return whole(key, namespace, hash_name, kind, inner, **changes)

    return rework


def renamed(**fields: bytes) -> Callable[[bytes, bytes, bytes, bytes, bytes], bytes]:
    def rework(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
        said = {"key": key, "namespace": namespace, "hash_name": hash_name, "kind": kind, "inner": inner} | fields
        return whole(**said)

    return rework


def cut(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    return whole(key, namespace, hash_name, kind, inner[:-1])


def longer(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    return whole(key, namespace, hash_name, kind, inner + b"\0")


def longer_key(key: bytes, namespace: bytes, hash_name: bytes, kind: bytes, inner: bytes) -> bytes:
    return whole(key + b"\0", namespace, hash_name, kind, inner)


REWORKED = (
    ("ed", rebuilt()),
    ("ed", rebuilt(after=b"\0")),
    ("ed", rebuilt(within=b"\0")),
    ("ed", rebuilt(reserved=b"x")),
    ("ed", rebuilt(head=b"SSHSIG\x00\x00\x00\x02")),
    ("ed", renamed(hash_name=b"sha256")),
    ("ed", renamed(hash_name=b"sha384")),
    ("ed", renamed(hash_name=b"SHA512")),
    ("ed", renamed(kind=b"ssh-rsa")),
    ("ed", renamed(namespace=b"")),
    ("ed", renamed(namespace=NAMESPACE.encode() + b"\0")),
    ("ed", renamed(inner=b"")),
    ("ed", renamed(inner=b"\0" * 64)),
    ("ed", malleable_ed25519),
    ("ed", cut),
    ("ed", longer),
    ("ed", longer_key),
    ("p256", rebuilt()),
    ("p256", rebuilt(after=b"\0")),
    ("p256", renamed(kind=b"ecdsa-sha2-nistp384")),
    ("p256", high_s),
    ("p256", negative),
    ("p256", zero),
    ("p256", padded),
    ("p256", over_order),
    ("p256", cut),
    ("p256", longer),
)


@pytest.mark.parametrize(("name", "rework"), REWORKED, ids=range(len(REWORKED)))
def test_a_signature_put_together_in_another_way_gets_the_verdict_of_ssh_keygen(
    site: Site, name: str, rework: Callable[..., bytes]
) -> None:
    signature = reworked(site.signature(name), rework)
    assert site.verdict(signature) == site.stock_verdict(signature)


SECOND = datetime.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "at", "namespace", "expected"),
    [
        ("ed", NOW, NAMESPACE, "ed"),
        ("ed", NOW, "change-approval@murenger", "namespace"),
        ("other", NOW, NAMESPACE, "unknown"),
        ("other", NOW, "change-approval@murenger", "namespace"),
        ("late", NOW, NAMESPACE, "late"),
        ("late", NOW + SECOND / 2, NAMESPACE, "late"),
        ("late", NOW + SECOND, NAMESPACE, "expired"),
        ("late", NOW - SECOND, NAMESPACE, "late"),
    ],
)
def test_role_and_validity_are_judged_as_ssh_keygen_judges_them(
    site: Site, name: str, at: datetime.datetime, namespace: str, expected: str
) -> None:
    signature = site.signature(name, namespace=namespace)
    assert site.verdict(signature, at=at) == site.stock_verdict(signature, at=at) == expected


def damaged(signature: str, step: int) -> Iterator[str]:
    blob = parse_signature(signature).blob
    for place in range(0, len(blob), step):
        yield armour(blob[:place] + bytes([blob[place] ^ 1 << place % 8]) + blob[place + 1 :])
        yield armour(blob[:place])


@pytest.mark.parametrize("name", ["ed", "p256"])
def test_no_damaged_signature_is_good(site: Site, name: str) -> None:
    signature = site.signature(name)
    for other in damaged(signature, 1):
        with contextlib.suppress(ValueError):  # it is no signature at all any more
            assert not good_in_process(other), other
    for other in itertools.islice(damaged(signature, 23), 12):
        assert site.verdict(other) == site.stock_verdict(other)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 3))
def test_what_is_good_in_process_is_good_to_the_library_alone(content: bytes, flipped: int) -> None:
    """Sign with the library, in both kinds, and flip nothing or one byte of the content."""
    edwards = ed25519.Ed25519PrivateKey.generate()
    raw = edwards.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key = field(b"ssh-ed25519") + field(raw)
    hashed = hashlib.sha512(content).digest()
    signed = b"SSHSIG" + field(NAMESPACE.encode()) + field(b"") + field(b"sha512") + field(hashed)
    blob = whole(key, NAMESPACE.encode(), b"sha512", b"ssh-ed25519", edwards.sign(signed))
    assert good_in_process(armour(blob), content)
    assert not good_in_process(armour(blob), content + bytes([flipped]))


def test_a_compressed_point_is_left_to_ssh_keygen(site: Site) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    key = field(b"ecdsa-sha2-nistp256") + field(b"nistp256") + field(point)
    signature = armour(whole(key, NAMESPACE.encode(), b"sha512", b"ecdsa-sha2-nistp256", mpint(1) + mpint(1)))
    assert not good_in_process(signature)
    assert site.verdict(signature) == site.stock_verdict(signature)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["ed", "p256", "rsa3072"])
def test_a_revoked_key_never_counts_and_says_so(tmp_path: Path, name: str, *, binary: bool) -> None:
    site = Site(tmp_path)
    signature, other = site.signature(name), site.signature("late")
    revoked = tmp_path / "krl"
    if binary:
        subprocess.run(["ssh-keygen", "-q", "-k", "-f", revoked, f"{tmp_path / name}.pub"], check=True, timeout=60)
    else:
        revoked.write_text(public_key(tmp_path / name) + "\n")
    assert site.verdict(signature) == site.stock_verdict(signature) == "revoked"
    assert site.verdict(other) == site.stock_verdict(other) == "late"


@pytest.mark.parametrize("content", [b"SSHKRL\n\x00 nonsense", b"ssh-ed25519 no!key", b"ssh-ed25519", b"\xff"])
def test_a_revocation_list_that_cannot_be_read_is_trouble_and_no_verdict(tmp_path: Path, content: bytes) -> None:
    site = Site(tmp_path)
    (tmp_path / "krl").write_bytes(content)
    assert site.verdict(site.signature("ed")).startswith("trouble")


def test_an_edit_of_the_trust_file_or_the_revocation_list_counts_at_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    signature, verifier = site.signature("ed"), SshVerifier(site.trust)

    def verdict() -> str:
        try:
            return verifier.verify(CONTENT, signature, namespace=NAMESPACE, at=NOW).principal
        except SignatureError as exc:
            return exc.reason

    assert verdict() == "ed"
    (tmp_path / "krl").write_text(public_key(tmp_path / "ed") + "\n")
    assert verdict() == "revoked"
    (tmp_path / "krl").unlink()
    assert verdict() == "ed"
    lines = site.trust.read_text().splitlines(keepends=True)
    site.trust.write_text("".join(line for line in lines if not line.startswith("ed ")))
    assert verdict() == "unknown"
