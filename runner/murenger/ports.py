"""What we need from the world: Protocols that adapters implement and stages are given.

Input: values of `murenger.model`. Output: values of `murenger.model`, or an error of `murenger.errors`: an adapter
wraps every foreign exception. Each port has one contract suite that every adapter passes.
"""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from murenger.model import Approval, ChangeRecord, Device, Difference, Policy, RawRead, SafetyNet, StandingChange


class Clock(Protocol):
    """Time; the only way to it outside the lab."""

    def now(self) -> datetime.datetime:
        """Return the current time as an aware UTC datetime."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after that many seconds, >= 0."""
        ...


class Inventory(Protocol):
    """The devices there are."""

    def devices(self, selection: Sequence[str]) -> tuple[Device, ...]:
        """Return the devices that any of these device or group names selects, in inventory order.

        Args:
            selection: names; an empty selection selects nothing.

        Raises:
            ConfigError: a name is neither a device nor a group, or the inventory cannot be read.
        """
        ...

    def variable(self, device: Device, name: str) -> str | None:
        """Return an inventory variable of a device as text (vaulted values decrypted), or None if it is not set.

        Raises:
            ConfigError: the variable is not plain text, or its vault does not open.
        """
        ...


class ConfigSource(Protocol):
    """Live configurations, read with the read credential only."""

    def read(self, device: Device) -> RawRead:
        """Read the full running configuration over a new connection, which is closed afterwards.

        Raises:
            ObserveError: the read could not be had, is not whole, or the peer is not the device.
        """
        ...

    def canonicalise(self, device: Device, text: str) -> str:
        """Return the text as the device's own software would list it after loading; nothing on the device changes.

        Platforms that list what they were given return it unchanged.

        Raises:
            ObserveError: the device cannot be asked.
            ParseError: the device's software refuses the text.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What a device says about a candidate that it holds but does not run.

    Attributes:
        live: running configuration, read on the same connection after loading.
        device_diff: the driver's own comparison, running -> candidate; empty if the driver sees none. Holds secrets.
    """

    live: RawRead = dataclasses.field(repr=False)
    device_diff: str = dataclasses.field(repr=False)


class ChangeSession(Protocol):
    """One connection with the heal credential on which one change is made."""

    def stage(self, candidate: str) -> Staged:
        """Load the text as a full replacement of the managed part, without applying it.

        Args:
            candidate: canonical text with every secret filled in.

        Raises:
            GuardRefusedError: somebody else's change is pending or locks the device.
            RemediationError: the device refuses the text.
        """
        ...

    def commit(self, *, message: str, revert_in_s: int) -> None:
        """Arm the device's revert timer, then apply the staged candidate.

        Raises:
            GuardRefusedError: the running configuration is no longer what `stage` saw.
            RemediationError: the device refused, or the connection broke; the timer decides.
        """
        ...

    def confirm(self) -> None:
        """Make the applied change permanent.

        Raises:
            RemediationError: too late, or the pending change is not ours.
        """
        ...

    def undo(self) -> None:
        """Discard what is staged, or revert what is committed and unconfirmed; nothing if there is neither.

        Raises:
            RollbackError: the device would not.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlowReport:
    """What became of connections that a drift admitted.

    Attributes:
        cut: number of connection-table entries cleared, or None where the platform cannot say.
        note: one clause for the record.
    """

    cut: int | None
    note: str


class Remediator(Protocol):
    """Changes to devices, made with the heal credential, which nothing else ever opens."""

    def safety_net(self, device: Device, *, revert_in_s: int) -> SafetyNet:
        """Return how the device reverts by itself; touches nothing.

        Raises:
            GuardRefusedError: the platform has no proved safety net, or the time is outside what it accepts.
        """
        ...

    def open(self, device: Device) -> contextlib.AbstractContextManager[ChangeSession]:
        """Return a session; entering connects, leaving undoes whatever is unconfirmed and disconnects.

        Raises:
            ObserveError: on entering, if the device cannot be reached, refuses the login or is another.
        """
        ...

    def cut_flows(self, device: Device, differences: Sequence[Difference]) -> FlowReport:
        """End connections that these healed differences had admitted; called only after confirmation."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GoldenFile:
    """Golden policy of one device at one revision, as it lies in git.

    Attributes:
        text: canonical text with placeholders, or a hand-written text without secrets.
        platform: a dialect's name.
        path: path of the text inside the repository.
        sidecar: vault-encrypted secret values, or None where the text has no secret.
    """

    text: str
    platform: str
    path: str
    sidecar: bytes | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who made a verified signature.

    Attributes:
        principal: the name that allowed_signers gives the key.
        key_fingerprint: `SHA256:...` of the key.
    """

    principal: str
    key_fingerprint: str


class GoldenStore(Protocol):
    """Golden policy in git."""

    def head(self) -> str:
        """Return the full commit id of the branch that holds golden policy.

        Raises:
            GoldenMissingError: there is no repository or no commit.
        """
        ...

    def check(self, revision: str, *, accepted: str | None, at: datetime.datetime) -> Signatory:
        """Return who signed a revision, judged by the trust file and the key's validity at `at`.

        Args:
            revision: full commit id.
            accepted: the last accepted revision, which `revision` must equal or descend from; None if there is none.
            at: the time to judge the key by; the commit's own date proves nothing.

        Raises:
            GoldenUntrustedError: unsigned, signed by a stranger or a key not valid then, or not a descendant.
        """
        ...

    def load(self, device: str, revision: str) -> GoldenFile:
        """Return a device's golden policy at a revision.

        Raises:
            GoldenMissingError: the revision holds none for the device.
        """
        ...

    def accept(self, device: str, golden: GoldenFile, *, signing_key: str, message: str) -> str:
        """Write a device's golden policy and commit it, signed with a person's key.

        Args:
            device: name of the device.
            golden: what to write; `path` is ignored.
            signing_key: path of an SSH key (private, or public with its private half in ssh-agent).
            message: commit message.

        Returns:
            The new commit id, or the old one if nothing changed.

        Raises:
            GoldenUntrustedError: the commit could not be signed, or its signer is not allowed; nothing is left behind.
        """
        ...


class Vault(Protocol):
    """Encryption at rest, in ansible-vault's format."""

    def encrypt(self, content: bytes) -> bytes:
        """Return the content encrypted.

        Raises:
            SecretError: there is no vault password.
        """
        ...

    def decrypt(self, content: bytes) -> bytes:
        """Return the content decrypted.

        Raises:
            SecretError: there is no vault password, or it does not fit.
        """
        ...


class Signer(Protocol):
    """A key that signs for the runner."""

    def identity(self) -> Signatory:
        """Return the signer's own principal and key fingerprint.

        Raises:
            SignatureError: the key cannot be read.
        """
        ...

    def sign(self, content: bytes, *, namespace: str) -> str:
        """Return a detached, armoured SSHSIG over the exact bytes.

        Raises:
            SignatureError: the key cannot be used.
        """
        ...


class Verifier(Protocol):
    """Signature checks against an allowed_signers file."""

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Signatory:
        """Return who signed, or raise; never answers with a bool.

        Args:
            content: the exact bytes signed.
            signature: detached, armoured SSHSIG.
            namespace: the role it must be signed in, such as `change-record@murenger`.
            at: the time to judge key validity by.

        Raises:
            SignatureError: no allowed key made it, the key is outside its validity, or the namespace is another;
                the error's `reason` attribute is unknown, expired, namespace or invalid.
        """
        ...


class Ledger(Protocol):
    """The append-only log of change records; files are the truth."""

    def append(
        self, build: Callable[[int, str], bytes], *, documents: Sequence[tuple[bytes, str]] = ()
    ) -> ChangeRecord:
        """Make the next record durable (fsynced with its directory) before returning.

        Args:
            build: called once, under the log's lock, with the new sequence number and the hex digest of the previous
                record (64 zeros at genesis); returns the statement's bytes.
            documents: decision files that the record cites, each with its signature; stored beside it first.

        Raises:
            LedgerError: the folder is full, read-only or damaged; then nothing was appended.
        """
        ...

    def records(self) -> Iterator[ChangeRecord]:
        """Yield every record in order.

        Raises:
            LedgerError: a file cannot be read.
        """
        ...

    def head(self) -> ChangeRecord | None:
        """Return the newest record, or None for a log without records."""
        ...


class ApprovalStore(Protocol):
    """Decision files that people sign."""

    def for_plan(self, plan_sha256: str) -> Approval | None:
        """Return the verified, unexpired approval of a plan, or None if nobody has approved it.

        Raises:
            ApprovalError: there is one and it does not verify.
        """
        ...

    def standing(self, policy: Policy) -> tuple[StandingChange, Approval]:
        """Return the signed standing change that a policy names.

        Raises:
            ApprovalError: it is missing, unsigned, expired, or signed by the runner or by its author.
        """
        ...


class Leases(Protocol):
    """One worker to a device at a time."""

    def hold(self, device: str) -> contextlib.AbstractContextManager[None]:
        """Return a context in which nobody else holds this device.

        Raises:
            LeaseHeldError: on entering, if another process or thread holds it.
        """
        ...
