"""Snapshots: what a device runs, and golden policy: what it should run.

Input: a raw read. Output: canonical text in which a keyed fingerprint stands for each secret.
"""

import dataclasses
import datetime
import enum

from murenger.model.digest import Digest, digest_of


class SnapshotKind(enum.Enum):
    """Which of a device's configurations a text is."""

    RUNNING = "running"
    """In force now."""
    STARTUP = "startup"
    """Loaded at the next boot."""
    GOLDEN = "golden"
    """Approved policy from git."""


class PeerIdentity(enum.Enum):
    """How we know that the peer is the device."""

    HOST_KEY = "host-key"
    """The driver checked the SSH host key."""
    CERTIFICATE = "certificate"
    """The driver checked the TLS certificate and its name."""
    PREFLIGHT = "preflight"
    """The driver cannot check; our own connection, made just before, did."""
    FILE = "file"
    """The text came from a file; nothing was checked."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RawRead:
    """One read as it came from the device; lives in memory only, for it holds secrets.

    Attributes:
        text: full running configuration as the driver returned it.
        platform: a dialect's name.
        hostname: the name the device gives itself, or "" where the platform has none.
        witness_rule_count: number of rules by a second reading of the same state, or None where there is none.
        taken_at: when the read ended.
        identity: how the peer was identified.
        driver: driver name and version, such as `eos 5.2.0`.
        os_version: the device's own version text.
        serial: the device's serial number, or "".
    """

    text: str = dataclasses.field(repr=False)
    platform: str
    hostname: str
    taken_at: datetime.datetime
    identity: PeerIdentity
    driver: str
    os_version: str = ""
    serial: str = ""
    witness_rule_count: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A whole configuration in canonical form, secrets replaced by keyed fingerprints.

    Attributes:
        device: name of the device.
        platform: a dialect's name.
        kind: which configuration it is.
        text: canonical text, LF line ends, ends with LF unless empty; no secret in it.
        taken_at: when the read ended.
        identity: how the peer was identified.
        driver: driver name and version.
        os_version: the device's own version text.
        serial: the device's serial number, or "".
        fingerprints: path of each secret and its placeholder, in order of appearance.
        attribution: who last changed the device by its own account, or "".
    """

    device: str
    platform: str
    kind: SnapshotKind
    text: str
    taken_at: datetime.datetime
    identity: PeerIdentity
    driver: str
    os_version: str = ""
    serial: str = ""
    fingerprints: tuple[tuple[str, str], ...] = ()
    attribution: str = ""

    @property
    def digest(self) -> Digest:
        """Digest of the canonical text."""
        return digest_of(self.text)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Approved policy for one device at one revision.

    Attributes:
        snapshot: the policy's canonical text, kind golden.
        repository: the repository as configured.
        path: path of the text inside the repository.
        revision: full git commit id, 40 or 64 hex digits.
        approved_by: principal of the allowed signer whose key signed the revision.
        key_fingerprint: `SHA256:...` of that key.
        approved_at: when murenger first saw and accepted the revision (a commit's own date proves nothing).
    """

    snapshot: Snapshot
    repository: str
    path: str
    revision: str
    approved_by: str
    key_fingerprint: str
    approved_at: datetime.datetime
