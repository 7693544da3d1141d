"""Fingerprints: whether a secret changed, told without the secret.

Input: a key, a path, a secret. Output: a placeholder that is the same only for the same secret at the same path under
the same key; without the key it cannot be made, so no one can try out passwords against it.
"""

import hashlib
import hmac

from murenger.dialects import Scheme
from murenger.errors import SecretError
from murenger.secrets.placeholder import OPENING, TAG_DIGITS, path_tag
from murenger.secrets.type7 import reveal

MIN_KEY_BYTES = 16
_DOMAIN = b"murenger fingerprint 1\0"


class Fingerprinter:
    """Makes placeholders under one key.

    Args:
        key: at least 16 random bytes; one key per golden repository.

    Raises:
        SecretError: the key is too short.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise SecretError(f"the fingerprint key has fewer than {MIN_KEY_BYTES} bytes")
        self._key = key

    def __repr__(self) -> str:
        """Say nothing about the key."""
        return "Fingerprinter()"

    def placeholder(self, path: str, secret: str, scheme: Scheme = Scheme.OPAQUE) -> str:
        """Return what stands for a secret at a path.

        Args:
            path: where the secret stands.
            secret: the value as the device writes it.
            scheme: how it is written; writings of one value give one placeholder.
        """
        value = reveal(secret) if scheme is Scheme.TYPE_7 else None
        # The two kinds are kept apart, or a value could pass for the writing of another.
        kind, shown = (b"value\0", value) if value is not None else (b"text\0", secret)
        tag = path_tag(path)
        message = _DOMAIN + tag.encode() + kind + shown.encode("utf-8", "surrogateescape")
        return f"{OPENING}{tag}{hmac.new(self._key, message, hashlib.sha256).hexdigest()[:TAG_DIGITS]}>"
