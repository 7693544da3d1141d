"""The adapters of one site, each made when it is first needed.

Input: settings. Output: ports, bound to the world. Nothing here decides anything.
"""

import dataclasses
import functools
import importlib.metadata
import pathlib
import platform
import secrets
from collections.abc import Callable

from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.adapters.ansible.launch import PlaybookLauncher
from murenger.adapters.ansible.vault import AnsibleVault
from murenger.adapters.clock import SystemClock
from murenger.adapters.clock_state import clock_state
from murenger.adapters.engine import ChildAssessor
from murenger.adapters.files.approvals import FileApprovals
from murenger.adapters.files.capabilities import CapabilityFiles
from murenger.adapters.files.credentials import CredentialFiles
from murenger.adapters.files.leases import FileLeases
from murenger.adapters.files.ledger import FileLedger
from murenger.adapters.files.outbox import Outbox
from murenger.adapters.files.plans import PlanFiles
from murenger.adapters.files.private import private_folder, write_private
from murenger.adapters.files.sending import SendingMarks
from murenger.adapters.git import FingerprintKeys, GitGoldenStore
from murenger.adapters.keys import SshSigner, SshVerifier
from murenger.adapters.keys.log_key import LogKey, load_log_key
from murenger.adapters.napalm import Login, NapalmRemediator, NapalmSource, TimeLimits
from murenger.adapters.sqlite import RecordIndex
from murenger.config import Credential, Settings, TimestampSinkSettings
from murenger.errors import AnchorError, ConfigError
from murenger.model import Device
from murenger.ports import AnchorSink, Clock
from murenger.record.executor import Executor, Trigger
from murenger.record.redaction import make_disclosure
from murenger.record.store import OUTBOX
from murenger.semantics.verdict import Limits
from murenger.wiring.anchoring import Anchors
from murenger.wiring.head import Head
from murenger.wiring.sinks import make_sinks, time_stampers

# Loading a rule set of ten thousand entries takes a device seconds; the play around it adds its own.
PLAY_ALLOWANCE_S = 300


class Parts:
    """Adapters by port.

    Args:
        settings: murenger.yml.
        inventory: an inventory to use instead of the settings'.
        trigger: what made this run happen.
        clock: the time; the machine's if None.
    """

    def __init__(
        self, settings: Settings, *, inventory: pathlib.Path | None, trigger: Trigger, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.trigger = trigger
        self.clock: Clock = clock or SystemClock()
        self.inventory_path = inventory or settings.inventory

    @functools.cached_property
    def inventory(self) -> AnsibleInventory:
        """The devices there are."""
        return AnsibleInventory(self.inventory_path, self.settings.vault_password_file)

    @functools.cached_property
    def vault(self) -> AnsibleVault:
        """Encryption at rest."""
        if self.settings.vault_password_file is None:
            raise ConfigError(
                "vault_password_file is not set in murenger.yml", hint="golden secrets are kept vault-encrypted"
            )
        return AnsibleVault(self.settings.vault_password_file)

    @functools.cached_property
    def limits(self) -> TimeLimits:
        """Time limits of connections."""
        connection = self.settings.connection
        return TimeLimits(connect_s=connection.connect_timeout_s, call_s=connection.read_timeout_s)

    @functools.cached_property
    def source(self) -> NapalmSource:
        """Live configurations, with the read credential."""
        return NapalmSource(self.read_login, self.clock, self.limits)

    @functools.cached_property
    def read_login(self) -> Callable[[Device], Login]:
        """Gives the read credential of a device."""
        return self._login(self.settings.read, "read")

    @functools.cached_property
    def remediator(self) -> NapalmRemediator:
        """Changes, with the heal credential."""
        return NapalmRemediator(self.heal_login, self.clock, self.limits, owner=self.settings.store.origin)

    @property
    def heal_login(self) -> Callable[[Device], Login]:
        """The credential for changing a device; whoever asks for it is about to change one."""
        return self._login(self.settings.heal, "heal")

    @functools.cached_property
    def sending(self) -> SendingMarks:
        """Whether changes were sent."""
        return SendingMarks(self.settings.runner.state)

    @functools.cached_property
    def verifier(self) -> SshVerifier:
        """Signatures on records and decisions."""
        return SshVerifier(self.settings.trust)

    @functools.cached_property
    def signer(self) -> SshSigner:
        """The runner's own key."""
        return SshSigner(self.settings.runner.id, self.settings.runner.key)

    @functools.cached_property
    def capabilities(self) -> CapabilityFiles:
        """What is proved of the drivers."""
        return CapabilityFiles(self.settings.capabilities, self.verifier, self.clock)

    @functools.cached_property
    def ledger(self) -> FileLedger:
        """The log of change records."""
        return FileLedger(self.settings.store.path, origin=self.settings.store.origin, signer=self.signer)

    @functools.cached_property
    def index(self) -> RecordIndex:
        """The index over the log; it may be lost at any time."""
        return RecordIndex(self.ledger.folder, origin=self.settings.store.origin)

    @functools.cached_property
    def log_key(self) -> LogKey | None:
        """What signs checkpoints; None where there is no such key.

        Raises:
            SignatureError: it is configured and cannot be used.
        """
        path = self.settings.runner.log_key
        return None if path is None else load_log_key(path, self.settings.store.origin)

    @functools.cached_property
    def sinks(self) -> tuple[AnchorSink, ...]:
        """Who is to hold the head of the log."""

        def log_vkey() -> str:
            if self.log_key is None:
                raise ConfigError("a witness needs runner.log_key", hint="murenger keys generate --log")
            return self.log_key.vkey

        work = self.ledger.folder / OUTBOX
        return make_sinks(self.settings.anchors, work=work, clock=self.clock, log_vkey=log_vkey)

    @property
    def stampers(self) -> bool:
        """True if a time-stamping authority is configured."""
        return any(isinstance(sink, TimestampSinkSettings) for sink in self.settings.anchors.sinks)

    def stamp(self, content: bytes) -> bytes:
        """Return a time stamp of some bytes, by the first authority that gives one.

        Raises:
            AnchorError: none does.
        """
        failures = []
        for sink in time_stampers(self.sinks):
            try:
                return sink.stamp(content)
            except AnchorError as error:
                failures.append(f"{sink.name}: {error.message}")
        raise AnchorError(f"no authority gives a time stamp: {'; '.join(failures) or 'none is configured'}")

    @functools.cached_property
    def anchors(self) -> Anchors:
        """The sinks, with what was sent to them and what was not."""
        return Anchors(
            names=tuple(sink.name for sink in self.settings.anchors.sinks),
            sinks=lambda: self.sinks,
            is_signed=self.settings.runner.log_key is not None,
            head=Head(self.ledger, self.settings.store.origin, lambda: self.log_key),
            outbox=Outbox(self.ledger.folder),
            keep_receipt=self.ledger.keep_receipt,
            keep_checkpoint=self.ledger.keep_checkpoint,
            clock=self.clock,
            timeout_s=self.settings.anchors.timeout_s,
        )

    @property
    def anchoring(self) -> str:
        """What an intent says of its anchoring: unanchored, before_change or queue."""
        anchors = self.settings.anchors
        return anchors.policy.value if anchors.sinks else "unanchored"

    @functools.cached_property
    def approvals(self) -> FileApprovals:
        """What people have signed."""
        return FileApprovals(
            self.settings.runner.state,
            self.verifier,
            self.clock,
            origin=self.settings.store.origin,
            runner=self.signer.identity(),
        )

    @functools.cached_property
    def plans(self) -> PlanFiles:
        """Plan files."""
        return PlanFiles(self.settings.runner.state)

    @functools.cached_property
    def leases(self) -> FileLeases:
        """One worker to a device."""
        return FileLeases(self.settings.runner.state)

    def golden_store(self, accepted: Callable[[], str | None]) -> GitGoldenStore:
        """Golden policy in git; `accepted` tells the revision that the ledger accepted last."""
        golden = self.settings.golden
        return GitGoldenStore(golden.repository, golden.branch, golden.trust, clock=self.clock, accepted=accepted)

    def fingerprint_keys(self, store: GitGoldenStore) -> FingerprintKeys:
        """The fingerprint key of the golden repository."""
        return FingerprintKeys(store, self.vault)

    @functools.cached_property
    def assessor(self) -> ChildAssessor:
        """Which packets a drift opens or closes, judged in child processes."""
        impact = self.settings.impact
        limits = Limits(cpu_s=impact.cpu_s, memory_bytes=impact.memory_mib << 20, nodes=impact.nodes)
        return ChildAssessor(limits=limits)

    @functools.cached_property
    def launcher(self) -> PlaybookLauncher:
        """Remediation playbooks."""
        return PlaybookLauncher(
            inventory=self.inventory_path,
            vault_password_file=self.settings.vault_password_file,
            directory=self.settings.file.parent,
            timeout_s=PLAY_ALLOWANCE_S + max((policy.revert_in_s for policy in self.settings.policies), default=0),
        )

    @property
    def executor(self) -> Executor:
        """Who writes records, and how good the clock is now: a runner outlives many a synchronisation."""
        return dataclasses.replace(self._executor, clock=clock_state())

    @functools.cached_property
    def _executor(self) -> Executor:
        tools = {name: importlib.metadata.version(name) for name in ("murenger", "ansible-core", "napalm", "netmiko")}
        tools["python"] = platform.python_version()
        runner = self.settings.runner
        return Executor(
            runner_id=runner.id,
            host=runner.host or platform.node(),
            run_id=secrets.token_hex(8),
            key_fingerprint=self.signer.identity().key_fingerprint,
            trigger=self.trigger,
            tools=tuple((name.replace("-", "_"), version) for name, version in sorted(tools.items())),
        )

    def keep_disclosure(self, name: str, value: str) -> str:
        """Keep a salted disclosure of a secret, encrypted, outside every pack; return its digest for the record."""
        disclosure = make_disclosure(name, value)
        folder = private_folder(self.ledger.folder / "private" / "disclosures")
        write_private(folder / f"{disclosure.digest}.vault", self.vault.encrypt(disclosure.text.encode("ascii")))
        return disclosure.digest

    def _login(self, credential: Credential | None, purpose: str) -> Callable[[Device], Login]:
        def login(device: Device) -> Login:
            if credential is None:
                raise ConfigError(
                    f"credentials.{purpose} is not set in murenger.yml", device=device.name, hint="add it to heal"
                )
            opened = CredentialFiles(credential, self.inventory, purpose=purpose).open(device)
            return Login(username=opened.username, password=opened.password, key_file=opened.ssh_key)

        return login
