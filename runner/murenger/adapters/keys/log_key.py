"""The log key: signs checkpoints, and nothing else.

Input: a PEM file (PKCS#8, Ed25519, mode 0400) and the name of a log. Output: signed checkpoints, and the key's public
form for those who check them. It is another key than the runner's SSH key, because its signatures name no role.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from murenger.adapters.keys.key_file import read_key, write_key
from murenger.errors import SignatureError
from murenger.record.tree.checkpoint import Checkpoint, sign_checkpoint
from murenger.record.tree.note import SignatureType, SignerKey, make_key


class LogKey:
    """The key of one log, in memory.

    Args:
        key: the private key, named as the log.
    """

    def __init__(self, key: SignerKey) -> None:
        self._key = key

    @property
    def vkey(self) -> str:
        """The public key as one line, which goes into `log.vkey` and to the operators of witnesses."""
        return self._key.verifier.vkey

    def sign(self, checkpoint: Checkpoint) -> str:
        """Return the signed checkpoint.

        Raises:
            SignatureError: the checkpoint is of another log, or cannot be written as one.
        """
        try:
            return sign_checkpoint(checkpoint, self._key)
        except ValueError as exc:
            raise SignatureError(f"the log key cannot sign this checkpoint: {exc}") from exc


def make_log_key(path: Path, origin: str) -> str:
    """Make the key of a log: a PEM file of mode 0400.

    Args:
        path: where; nothing may be there.
        origin: name of the log.

    Returns:
        The public key as one line, without line end.

    Raises:
        SignatureError: a file is in the way, the folder cannot be written, or no key can have that name.
    """
    key = _named(origin)
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_key(path, pem)
    return key.verifier.vkey


def load_log_key(path: Path, origin: str) -> LogKey:
    """Return the key of a log.

    Args:
        path: of the PEM file.
        origin: name of the log.

    Raises:
        SignatureError: the file is missing, a link, open to others, or no unencrypted Ed25519 key.
    """
    pem = read_key(path)
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        # The reason is not repeated: a parser's message may quote what it read.
        raise SignatureError(
            f"{path} is not a usable log key", hint="it has to be an Ed25519 key in PEM, without a passphrase"
        ) from exc
    if not isinstance(private, Ed25519PrivateKey):
        raise SignatureError(f"{path} is not an Ed25519 key", hint="murenger keys makes one")
    return LogKey(_named(origin, private))


def _named(origin: str, private: Ed25519PrivateKey | None = None) -> SignerKey:
    try:
        if private is None:
            return make_key(origin, SignatureType.ED25519)
        return SignerKey(name=origin, type=SignatureType.ED25519, private=private)
    except ValueError as exc:
        raise SignatureError(f"a log cannot be named {origin!a}: {exc}") from exc
