"""The fingerprint key: one per golden repository, encrypted beside golden policy.

Input: the golden store and a vault. Output: the key that turns each secret into a fingerprint. Without it no
fingerprint in golden could ever be compared again, so its loss is an error with a name, never drift everywhere.
"""

import re
import secrets

from murenger.adapters.git.store import GitGoldenStore
from murenger.adapters.git.tree import FINGERPRINT_KEY_FILE
from murenger.errors import GoldenMissingError, SecretError
from murenger.ports import Vault

KEY_BYTES = 32
_HEX = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


class FingerprintKeys:
    """The repository's fingerprint key.

    Args:
        store: the golden repository.
        vault: opens and closes the key's file.
    """

    def __init__(self, store: GitGoldenStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def load(self, revision: str) -> bytes:
        """Return the key at a revision, 32 bytes.

        Raises:
            SecretError: it is missing, damaged, or the vault password does not fit.
        """
        encrypted = self._store.read(FINGERPRINT_KEY_FILE, revision)
        if encrypted is None:
            raise SecretError(
                f"the golden repository holds no {FINGERPRINT_KEY_FILE} at revision {revision[:12]}",
                hint="without it no secret can be compared: restore the file from history and sign that, or accept "
                "golden policy of every device anew",
            )
        text = self._vault.decrypt(encrypted).decode("ascii", "replace").strip()
        if not _HEX.fullmatch(text):
            raise SecretError(f"{FINGERPRINT_KEY_FILE} at revision {revision[:12]} does not hold a fingerprint key")
        return bytes.fromhex(text)

    def create(self, *, signing_key: str, message: str = "Add the fingerprint key") -> str:
        """Make a key, commit it signed with a person's key, and return the new commit id.

        Raises:
            SecretError: there is a key already, or there was one, for golden policy is there.
            GoldenUntrustedError: the commit could not be signed, or its signer is not allowed; nothing is left behind.
        """
        try:
            head = self._store.head()
        except GoldenMissingError:
            head = ""
        if head and self._store.read(FINGERPRINT_KEY_FILE, head) is not None:
            raise SecretError("the golden repository has a fingerprint key already", hint="a key is never overwritten")
        if head and self._store.devices(head):
            raise SecretError(
                f"the golden repository holds golden policy but no {FINGERPRINT_KEY_FILE}",
                hint="the key was lost; restore the file from the repository's history",
            )
        encrypted = self._vault.encrypt(secrets.token_hex(KEY_BYTES).encode("ascii") + b"\n")
        return self._store.write(
            FINGERPRINT_KEY_FILE,
            {FINGERPRINT_KEY_FILE: encrypted},
            signing_key=signing_key,
            message=message,
        )
