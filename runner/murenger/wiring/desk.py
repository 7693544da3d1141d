"""Golden policy of a site: which revision counts, what it says for a device, and how a new one is accepted.

Input: the golden repository and what the ledger says was accepted. Output: golden snapshots with their secrets.
"""

import json
import pathlib
import threading
from collections.abc import Callable, Mapping

from murenger.adapters.files.source import read_text
from murenger.adapters.git import FingerprintKeys, GitGoldenStore
from murenger.config.intents import FILE_NAME as INTENTS_FILE
from murenger.config.intents import read_intents
from murenger.decide import AcceptedRevision, resolve
from murenger.dialects.hostnames import HOSTNAME_LABEL, expected_hostname, foreign_hostname
from murenger.errors import (
    GoldenMissingError,
    GoldenUntrustedError,
    IdentityError,
    IncompleteConfigError,
    ObserveError,
    SecretError,
    UnsupportedPlatformError,
)
from murenger.model import Device, Golden, RawRead, Snapshot
from murenger.model.intent import Intents
from murenger.observe import canonical, golden_snapshot, observe
from murenger.ports import GoldenFile
from murenger.secrets import Fingerprinter, is_mask
from murenger.wiring.parts import Parts


class GoldenDesk:
    """Golden policy, judged, loaded and accepted.

    Args:
        parts: adapters.
        accepted: tells the revision that the ledger accepted last, or None.
    """

    def __init__(self, parts: Parts, accepted: Callable[[], AcceptedRevision | None]) -> None:
        self._parts = parts
        self._accepted = accepted
        self._lock = threading.Lock()
        self._fingerprinters: dict[str, Fingerprinter] = {}
        self._intents: dict[str, Intents | None] = {}
        self._canonical: dict[tuple[str, str, str], str] = {}
        self.store: GitGoldenStore = parts.golden_store(self._accepted_revision)
        self._keys: FingerprintKeys = parts.fingerprint_keys(self.store)

    def revision(self) -> tuple[AcceptedRevision, bool]:
        """Return the golden revision that counts, and whether it is seen for the first time.

        Raises:
            GoldenMissingError: there is none.
            GoldenUntrustedError: the branch's head is not one that counts.
        """
        return resolve(self.store, self._accepted(), self._parts.clock.now())

    def fingerprinter(self, revision: str) -> Fingerprinter:
        """Return the maker of fingerprints for a revision; opening the vault is slow, so once per revision."""
        with self._lock:
            if revision not in self._fingerprinters:
                self._fingerprinters[revision] = Fingerprinter(self._keys.load(revision))
            return self._fingerprinters[revision]

    def golden(self, device: Device) -> tuple[Golden, Mapping[str, str]]:
        """Return the approved golden policy of a device, and its secrets by placeholder.

        Raises:
            CompareError: there is none, or it is not to be trusted.
            SecretError: its secrets cannot be had.
        """
        accepted, _ = self.revision()
        file = self.store.load(device.name, accepted.revision)
        if file.platform != device.platform:
            raise GoldenUntrustedError(
                f"golden policy is for platform {file.platform}, the inventory says {device.platform}",
                device=device.name,
                hint="correct the inventory, or accept a new golden policy",
            )
        snapshot = golden_snapshot(device, file, file.text, taken_at=accepted.approved_at)
        golden = Golden(
            snapshot=snapshot,
            repository=str(self._parts.settings.golden.repository),
            path=file.path,
            revision=accepted.revision,
            approved_by=accepted.approved_by,
            key_fingerprint=accepted.key_fingerprint,
            approved_at=accepted.approved_at,
        )
        return golden, self._sidecar(device, file)

    def intents(self, revision: str) -> Intents | None:
        """Return what the policy of a golden revision is for, or None where it has no intents.yml.

        Raises:
            ConfigError: its intents.yml is wrong.
            GoldenUntrustedError: it is not a plain file.
        """
        with self._lock:
            if revision not in self._intents:
                content = self.store.read(INTENTS_FILE, revision)
                name = pathlib.Path(f"golden revision {revision[:12]}") / INTENTS_FILE
                self._intents[revision] = None if content is None else read_intents(name, content)
            return self._intents[revision]

    def as_the_device_lists_it(self, device: Device, golden: Snapshot, live: Snapshot) -> Snapshot:
        """Return golden as the device's own software writes it, for a text that a person wrote.

        Where the device cannot be asked with the read credential, golden is returned as it is: what was captured from
        the device is in that form already, and a hand-written one then shows as drift rather than as sync.
        """
        key = (device.name, golden.digest, live.os_version)
        if key not in self._canonical:
            try:
                self._canonical[key] = self._parts.source.canonicalise(device, golden.text)
            except ObserveError:
                return golden
        text = self._canonical[key]
        if text == golden.text:
            return golden
        file = GoldenFile(text=text, platform=golden.platform, path="", sidecar=None)
        return golden_snapshot(device, file, text, taken_at=golden.taken_at)

    def accept(self, device: Device, *, signing_key: str, message: str, text_file: pathlib.Path | None) -> str:
        """Accept what a device runs now, or what a file says, as its golden policy, and return the revision.

        Raises:
            ObserveError: the device cannot be read whole.
            IdentityError: the text is another device's.
            GoldenUntrustedError: the commit could not be signed by an allowed signer.
        """
        fingerprinter = self._first_fingerprinter(signing_key)
        if text_file is None:
            seen = observe(device, self._parts.source, fingerprinter)
            snapshot, values = seen.snapshot, seen.values
        else:
            snapshot, values = canonical(self._from_file(device, text_file), device, fingerprinter)
        if not snapshot.text:
            raise IncompleteConfigError(
                "the configuration is empty",
                device=device.name,
                hint="an empty golden policy would ask murenger to erase every rule",
            )
        foreign = foreign_hostname(snapshot.text, device)
        if foreign:
            raise IdentityError(
                f"the text calls its device {foreign!r}, not {expected_hostname(device)!r}",
                device=device.name,
                hint=f"accept the device's own text; if that is its name, say so with the label {HOSTNAME_LABEL!r}",
            )
        sidecar = self._encrypted(device, values)
        file = GoldenFile(text=snapshot.text, platform=device.platform, path="", sidecar=sidecar)
        return self.store.accept(device.name, file, signing_key=signing_key, message=message)

    def _accepted_revision(self) -> str | None:
        accepted = self._accepted()
        return accepted.revision if accepted else None

    def _first_fingerprinter(self, signing_key: str) -> Fingerprinter:
        try:
            head = self.store.head()
        except GoldenMissingError:
            head = self._keys.create(signing_key=signing_key)
        return self.fingerprinter(head)

    def _from_file(self, device: Device, path: pathlib.Path) -> RawRead:
        raw = read_text(path, device, self._parts.clock)
        try:
            text = self._parts.source.canonicalise(device, raw.text)
        except UnsupportedPlatformError:
            # The login may not ask; then only a text that is a listing already gets past the strict reader.
            text = raw.text
        return RawRead(
            text=text,
            platform=raw.platform,
            hostname=raw.hostname,
            taken_at=raw.taken_at,
            identity=raw.identity,
            driver=raw.driver,
        )

    def _sidecar(self, device: Device, file: GoldenFile) -> dict[str, str]:
        if file.sidecar is None:
            return {}
        try:
            values = json.loads(self._parts.vault.decrypt(file.sidecar))
        except ValueError as exc:
            raise SecretError("the sidecar of golden secrets is damaged", device=device.name) from exc
        return {str(placeholder): str(value) for placeholder, value in values.items()}

    def _encrypted(self, device: Device, values: Mapping[str, str]) -> bytes | None:
        """Return the sidecar's bytes; those there are already if they hold the same, for encryption is salted."""
        if not values:
            return None
        if any(map(is_mask, values.values())):
            raise SecretError(
                "a mask stands where a secret should", device=device.name, hint="give the text as the device runs it"
            )
        try:
            present = self.store.load(device.name, self.store.head())
        except GoldenMissingError:
            present = None
        if present is not None and present.sidecar is not None and self._sidecar(device, present) == dict(values):
            return present.sidecar
        return self._parts.vault.encrypt(json.dumps(dict(values), sort_keys=True).encode("utf-8"))
