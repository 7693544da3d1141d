"""Emulated switches with real TLS, and the unmodified NAPALM driver in front of them.

Input: a temporary folder. Output: fixtures `pki`, `start`, `switch`, `short_folder` and `write_settings`.
"""

import datetime
import ipaddress
import json
import pathlib
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import napalm
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from napalm.base.base import NetworkDriver

from murenger.lab import control
from murenger.lab.clock import LabClock
from murenger.lab.eos.emulator import Emulator

USERS = {"reader": "read", "healer": "heal", "mallory": "other"}


class Pki(SimpleNamespace):
    """Certificates of a lab: one authority the client trusts, one it does not, and a certificate for another name."""

    folder: pathlib.Path

    def context(self, authority: str = "ca.pem") -> ssl.SSLContext:
        """Return a client's TLS settings that trust one authority."""
        return ssl.create_default_context(cafile=self.folder / authority)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> bytes:
    now = datetime.datetime.now(tz=datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    )
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "stranger", "leaf")}
    authority = x509.BasicConstraints(ca=True, path_length=0)
    for name in ("ca", "stranger"):
        (folder / f"{name}.pem").write_bytes(_certificate(name, keys[name], name, keys[name], authority))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    there = x509.SubjectAlternativeName([x509.DNSName("leaf2.example.net")])
    (folder / "leaf.pem").write_bytes(_certificate("leaf1", keys["leaf"], "ca", keys["ca"], here))
    (folder / "elsewhere.pem").write_bytes(_certificate("leaf2", keys["leaf"], "ca", keys["ca"], there))
    (folder / "leaf.key").write_bytes(
        keys["leaf"].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Pki(folder=folder)


class Switch(SimpleNamespace):
    """One emulated switch, with the passwords of its users.

    Test modules cannot import this file, so they know it by its base class.
    """

    emulator: Emulator
    clock: LabClock
    pki: Pki
    passwords: dict[str, str]

    def driver(self, user: str = "healer", **changes: object) -> NetworkDriver:
        """Return the NAPALM driver, not yet opened."""
        options: dict[str, object] = {"port": self.emulator.port, "context": self.pki.context()}
        password = str(changes.pop("password", self.passwords.get(user, "")))
        host = str(changes.pop("host", "127.0.0.1"))
        options |= changes
        return napalm.get_network_driver("eos")(host, user, password, timeout=20, optional_args=options)

    def open(self, user: str = "healer", **changes: object) -> NetworkDriver:
        """Return the NAPALM driver, opened."""
        driver = self.driver(user, **changes)
        driver.open()
        return driver

    def ask(self, op: str, **fields: object) -> control.JsonObject:
        """Ask the control socket."""
        return control.ask(self.emulator.console, {"op": op, **fields})

    def running(self) -> str:
        """Return the running configuration, past the API."""
        return str(self.ask("config")["text"])

    def commands(self, source: str = "eapi") -> list[str]:
        """Return all commands that came from a source."""
        entries = self.ask("trace")["trace"]
        assert isinstance(entries, list)
        return [command for entry in entries if entry["source"] == source for command in entry["commands"]]


def write_settings(folder: pathlib.Path, pki: Pki, **changes: object) -> dict[str, str]:
    """Write `device.json` with fresh passwords; return them."""
    passwords = {name: secrets.token_urlsafe(12) for name in USERS}
    settings: dict[str, object] = {
        "hostname": "leaf1",
        "address": "127.0.0.1",
        "port": 0,
        "users": {name: {"password": passwords[name], "role": role} for name, role in USERS.items()},
        "tls": {"certificate": str(pki.folder / "leaf.pem"), "key": str(pki.folder / "leaf.key")},
        "management_clients": ["127.0.0.0/8"],
    }
    (folder / "device.json").write_text(json.dumps(settings | changes), encoding="utf-8")
    return passwords


@pytest.fixture(name="write_settings")
def _write_settings() -> Callable[..., dict[str, str]]:
    return write_settings


@pytest.fixture
def short_folder() -> Iterator[pathlib.Path]:
    """A folder whose path is short enough for a socket name."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="eos"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(short_folder: pathlib.Path, pki: Pki) -> Iterator[Callable[..., Switch]]:
    """Start a switch with other settings than usual."""
    started: list[Emulator] = []

    def run(**changes: object) -> Switch:
        passwords = write_settings(short_folder, pki, **changes)
        clock = LabClock()
        emulator = Emulator(short_folder, clock=clock)
        started.append(emulator)
        emulator.start()
        return Switch(emulator=emulator, clock=clock, pki=pki, passwords=passwords)

    yield run
    for emulator in started:
        emulator.stop()


@pytest.fixture
def switch(start: Callable[..., Switch]) -> Switch:
    return start()
