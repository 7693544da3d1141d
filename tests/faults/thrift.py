"""A site that spends its time on devices and records: what never changes between scenarios is worked out once.

Input: settings. Output: the product's own parts; golden policy, the vault, the inventory and the impact engine answer
from memory what they were asked before, and the runner signs without a process for each signature.
"""

import base64
import dataclasses
import datetime
import functools
import hashlib
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.faults.taps import Moments, TappedLedger, TappedSource

from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.adapters.ansible.vault import AnsibleVault
from murenger.adapters.engine import ChildAssessor
from murenger.adapters.git import GitGoldenStore
from murenger.adapters.napalm import NapalmSource
from murenger.config import Settings
from murenger.model import Device
from murenger.ports import Clock, GoldenFile, Signatory
from murenger.record.executor import Executor, Trigger
from murenger.wiring.parts import Parts

_LINE_LENGTH = 70


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


class QuickSigner:
    """Port `Signer`: the form that ssh-keygen writes, made in this process with a plain Ed25519 key.

    Args:
        principal: whose key it is.
        path: the private key, unencrypted.
    """

    def __init__(self, principal: str, path: pathlib.Path) -> None:
        key = serialization.load_ssh_private_key(path.read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self._key = key
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self._public = _field(b"ssh-ed25519") + _field(raw)
        digest = base64.b64encode(hashlib.sha256(self._public).digest()).decode().rstrip("=")
        self._identity = Signatory(principal=principal, key_fingerprint=f"SHA256:{digest}")

    def identity(self) -> Signatory:
        """Return whose key it is."""
        return self._identity

    def sign(self, content: bytes, *, namespace: str) -> str:
        """Return an armoured SSHSIG."""
        name, kind = namespace.encode(), b"sha512"
        asked = _field(name) + _field(b"") + _field(kind)
        signature = self._key.sign(b"SSHSIG" + asked + _field(hashlib.sha512(content).digest()))
        wrapped = _field(_field(b"ssh-ed25519") + _field(signature))
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + _field(self._public) + asked + wrapped
        text = base64.b64encode(blob).decode()
        lines = [text[start : start + _LINE_LENGTH] for start in range(0, len(text), _LINE_LENGTH)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


class QuickGolden(GitGoldenStore):
    """Golden policy that is read from git once; nobody changes it while scenarios run."""

    _known: ClassVar[dict[tuple[object, ...], Any]] = {}

    def _once(self, question: tuple[object, ...], ask: Callable[[], Any]) -> Any:
        key = (str(self._git.repository), *question)
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]

    def head(self) -> str:
        """Return the head."""
        return str(self._once(("head",), super().head))

    def check(self, revision: str, *, accepted: str | None, at: datetime.datetime) -> Signatory:
        """Return who signed a revision."""
        check = super().check
        found: Signatory = self._once(("check", revision, accepted), lambda: check(revision, accepted=accepted, at=at))
        return found

    def load(self, device: str, revision: str) -> GoldenFile:
        """Return a device's policy."""
        load = super().load
        found: GoldenFile = self._once(("load", device, revision), lambda: load(device, revision))
        return found

    def read(self, path: str, revision: str) -> bytes | None:
        """Return a file."""
        read = super().read
        found: bytes | None = self._once(("read", path, revision), lambda: read(path, revision))
        return found


class QuickVault(AnsibleVault):
    """A vault that opens each ciphertext once."""

    _plain: ClassVar[dict[bytes, bytes]] = {}

    def decrypt(self, content: bytes) -> bytes:
        """Return the content decrypted."""
        if content not in self._plain:
            self._plain[content] = super().decrypt(content)
        return self._plain[content]


class QuickAssessor(ChildAssessor):
    """The engine, asked once for each question."""

    _told: ClassVar[dict[str, Any]] = {}

    def assess(self, platform: str, **asked: Any) -> Any:
        """Return the impact of a drift."""
        return self._once("assess", platform, asked, lambda: ChildAssessor.assess(self, platform, **asked))

    def prove_hitless(self, *asked: Any, **named: Any) -> Any:
        """Return whether a way from one text to another hurts nobody."""
        whole: Any = ChildAssessor
        return self._once("hitless", repr(asked), named, lambda: whole.prove_hitless(self, *asked, **named))

    def _once(self, kind: str, first: str, named: dict[str, Any], ask: Callable[[], Any]) -> Any:
        key = hashlib.sha256(repr((kind, first, sorted(named.items()))).encode()).hexdigest()
        if key not in self._told:
            self._told[key] = ask()
        return self._told[key]


class QuickInventory(AnsibleInventory):
    """An inventory that is asked once for each thing."""

    def __init__(self, path: pathlib.Path, vault_password_file: pathlib.Path | None) -> None:
        super().__init__(path, vault_password_file)
        self._found: dict[tuple[str, ...], Any] = {}

    def devices(self, selection: Sequence[str]) -> tuple[Device, ...]:
        """Return devices."""
        key = ("devices", *selection)
        if key not in self._found:
            self._found[key] = super().devices(selection)
        found: tuple[Device, ...] = self._found[key]
        return found

    def variable(self, device: Device, name: str) -> str | None:
        """Return a variable."""
        key = ("variable", device.name, name)
        if key not in self._found:
            self._found[key] = super().variable(device, name)
        found: str | None = self._found[key]
        return found


class QuickParts(Parts):
    """The parts of one runner.

    Args:
        settings: murenger.yml.
        clock: the time.
        moments: told what happens.
        shared: parts that every runner may use: the inventory, the signer, the engine.
    """

    def __init__(self, settings: Settings, *, clock: Clock, moments: Moments, shared: "Shared") -> None:
        super().__init__(settings, inventory=None, trigger=Trigger.SCHEDULE, clock=clock)
        self._moments = moments
        self._shared = shared

    @functools.cached_property
    def inventory(self) -> AnsibleInventory:
        """The devices."""
        return self._shared.inventory

    @functools.cached_property
    def vault(self) -> AnsibleVault:
        """Encryption at rest."""
        assert self.settings.vault_password_file is not None
        return QuickVault(self.settings.vault_password_file)

    @functools.cached_property
    def source(self) -> NapalmSource:
        """Live configurations."""
        source: Any = TappedSource(
            NapalmSource(self._login(self.settings.read, "read"), self.clock, self.limits), self._moments
        )
        return source  # type: ignore[no-any-return]  # it has every method of the port

    @functools.cached_property
    def signer(self) -> Any:
        """The runner's key."""
        return self._shared.signer

    @functools.cached_property
    def ledger(self) -> TappedLedger:
        """The log."""
        store = self.settings.store
        return TappedLedger(store.path, origin=store.origin, signer=self._shared.signer, moments=self._moments)

    @functools.cached_property
    def assessor(self) -> ChildAssessor:
        """The engine."""
        return self._shared.assessor

    def golden_store(self, accepted: Callable[[], str | None]) -> GitGoldenStore:
        """Golden policy."""
        golden = self.settings.golden
        return QuickGolden(golden.repository, golden.branch, golden.trust, clock=self.clock, accepted=accepted)

    @property
    def executor(self) -> Executor:
        """Who writes."""
        return self._shared.executor(self)

    def whole_executor(self) -> Executor:
        """Return who writes, worked out anew."""
        return Parts.executor.fget(self)  # type: ignore[attr-defined,no-any-return]  # the property's own function


@dataclasses.dataclass(kw_only=True)
class Shared:
    """What every runner of one site may use.

    Attributes:
        inventory: the devices.
        signer: the runner's key.
        assessor: the engine.
    """

    inventory: AnsibleInventory
    signer: QuickSigner
    assessor: ChildAssessor
    _executor: Executor | None = None

    def executor(self, parts: QuickParts) -> Executor:
        """Return who writes; versions and the state of the machine's clock are asked once."""
        if self._executor is None:
            self._executor = parts.whole_executor()
        return self._executor
