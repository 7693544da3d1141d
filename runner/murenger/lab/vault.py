"""The ansible-vault file format, version 1.1, so that the lab writes no password in the clear into its inventory.

Input: a secret and a vault password. Output: text that `ansible-vault` and every inventory reader decrypt.

Source: ansible-core, documentation page "Ansible Vault", section "Format of files encrypted with Ansible Vault".
"""

import binascii
import os
import textwrap

from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

HEADER = "$ANSIBLE_VAULT;1.1;AES256"
_ITERATIONS = 10000
_KEY_BYTES, _IV_BYTES, _SALT_BYTES = 32, 16, 32
_COLUMNS = 80


def encrypt(secret: str, password: str) -> str:
    """Encrypt a text as ansible-vault does.

    Args:
        secret: what to hide.
        password: the vault password.

    Returns:
        Header and body, LF line ends, without a last one.
    """
    salt = os.urandom(_SALT_BYTES)
    derivation = PBKDF2HMAC(
        algorithm=hashes.SHA256(), length=2 * _KEY_BYTES + _IV_BYTES, salt=salt, iterations=_ITERATIONS
    )
    derived = derivation.derive(password.encode())
    key, mac_key, start = derived[:_KEY_BYTES], derived[_KEY_BYTES:-_IV_BYTES], derived[-_IV_BYTES:]
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CTR(start)).encryptor()
    hidden = encryptor.update(padder.update(secret.encode()) + padder.finalize()) + encryptor.finalize()
    mac = hmac.HMAC(mac_key, hashes.SHA256())
    mac.update(hidden)
    parts = b"\n".join(binascii.hexlify(part) for part in (salt, mac.finalize(), hidden))
    return "\n".join([HEADER, *textwrap.wrap(binascii.hexlify(parts).decode("ascii"), _COLUMNS)])
