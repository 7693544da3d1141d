"""Golden policy in git, and its secret values at rest.

Input: devices and revisions. Output: policy texts with their signers; ciphertexts.
"""

import dataclasses
import datetime
from typing import Protocol

from murenger.ports.signing import Signatory


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
