"""Keys, certificates and passwords of a lab, fresh each time.

Input: folders. Output: key files of mode 0600 in OpenSSH and PEM form, and the lines that clients need to trust them.
"""

import datetime
import ipaddress
import pathlib
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from murenger.lab.files import write_private

_PASSWORD_BYTES = 18
_LIFETIME = datetime.timedelta(days=30)
_SKEW = datetime.timedelta(hours=1)


def password() -> str:
    """Return a fresh password of letters, digits, `-` and `_`, beginning with a letter."""
    return f"L{secrets.token_urlsafe(_PASSWORD_BYTES)}"


def write_ssh_key(path: pathlib.Path, comment: str) -> str:
    """Make an Ed25519 key pair.

    Args:
        path: where the private key goes; the public one gets the suffix `.pub`.
        comment: ends the public key's line.

    Returns:
        The public key, `ssh-ed25519 AAAA...`, without comment.
    """
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    write_private(path, private.decode("ascii"))
    line = public.decode("ascii")
    write_private(path.with_name(f"{path.name}.pub"), f"{line} {comment}\n")
    return line


def write_certificate(folder: pathlib.Path, hostname: str, address: str) -> None:
    """Make a certificate authority and a server certificate signed by it.

    Writes `ca.pem`, `server.pem` and `server.key`. The authority's key is forgotten, so nothing else can be signed.

    Args:
        folder: where; exists.
        hostname: DNS name in the server certificate.
        address: IP address in the server certificate.
    """
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "murenger lab authority")])
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])
    names = x509.SubjectAlternativeName([x509.DNSName(hostname), x509.IPAddress(ipaddress.ip_address(address))])
    server = (
        _builder(server_name, authority_name, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / "ca.pem", authority.public_bytes(pem).decode("ascii"))
    write_private(folder / "server.pem", server.public_bytes(pem).decode("ascii"))
    write_private(folder / "server.key", private.decode("ascii"))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(tz=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def known_hosts_line(address: str, port: int, public_key: str) -> str:
    """Return a line for `known_hosts`.

    Args:
        address: IP address or name.
        port: TCP port.
        public_key: `ssh-ed25519 AAAA...`.
    """
    return f"[{address}]:{port} {public_key}\n"
