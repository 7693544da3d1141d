"""Port Vault: files encrypted as `ansible-vault` encrypts them.

Input: a password file, or an executable that prints the password. Output: encrypted and decrypted bytes.
"""

import importlib
import pathlib
from typing import Protocol, cast

from murenger.errors import SecretError


class Locksmith(Protocol):
    """What of ansible-core's vault we use, typed."""

    def encrypt(self, content: bytes) -> bytes: ...  # noqa: D102 - see AnsibleVault
    def decrypt(self, content: bytes) -> bytes: ...  # noqa: D102


class AnsibleVault:
    """Encrypts and decrypts with one password; the password is read once, when it is first needed.

    Args:
        password_file: file with the password, an executable that prints it, or None: then nothing can be encrypted.
    """

    def __init__(self, password_file: pathlib.Path | None) -> None:
        self._password_file = password_file
        self._opened: Locksmith | None = None

    def encrypt(self, content: bytes) -> bytes:
        """Return the content encrypted.

        Raises:
            SecretError: there is no vault password.
        """
        return self._locksmith().encrypt(content)

    def decrypt(self, content: bytes) -> bytes:
        """Return the content decrypted.

        Raises:
            SecretError: there is no vault password, it does not fit, or the content was not encrypted with a vault.
        """
        return self._locksmith().decrypt(content)

    def _locksmith(self) -> Locksmith:
        if self._password_file is None:
            raise SecretError(
                "a vault password is needed and none is configured",
                hint="set vault_password_file in murenger.yml",
            )
        if self._opened is None:
            # ansible-core takes most of a second to import, and most verbs never need it.
            engine = importlib.import_module("murenger.adapters.ansible.engine")
            self._opened = cast("Locksmith", engine.VaultEngine(self._password_file))
        return self._opened
