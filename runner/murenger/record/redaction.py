"""Redaction: how a record speaks of a secret without giving anything to guess from.

Input: text in which keyed fingerprints stand for secrets. Output: text parts with salted commitments in their place;
the disclosures that open them go to a sidecar, which the caller keeps encrypted.
Source: RFC 9901, section 4.2 (disclosures and their digests).
"""

import base64
import dataclasses
import hashlib
import re
import secrets
from collections.abc import Callable

from murenger.model import JsonValue, canonical_bytes
from murenger.record.reading import REDACTED

_SALT_BYTES = 16


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What opens one redaction.

    Attributes:
        text: base64url of the JSON list [salt, name, value]; whoever holds it can prove the value.
        digest: base64url of the SHA-256 of `text`; says nothing about the value.
    """

    text: str = dataclasses.field(repr=False)
    digest: str


def make_disclosure(name: str, value: str) -> Disclosure:
    """Return a disclosure of a value under a fresh 128-bit salt."""
    salt = _base64url(secrets.token_bytes(_SALT_BYTES))
    text = _base64url(canonical_bytes([salt, storable(name), storable(value)]))
    return Disclosure(text=text, digest=_base64url(hashlib.sha256(text.encode("ascii")).digest()))


def storable(text: str) -> str:
    r"""Return the text with each byte that was not UTF-8 spelled out, such as `\xff`: JSON holds only characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Redactor:
    """Replaces placeholders of secrets.

    Args:
        placeholder: what matches a placeholder, whole, wherever it stands in a text.
        disclose: called with a name and a placeholder; keeps the disclosure, encrypted, and returns its digest.
    """

    def __init__(self, placeholder: re.Pattern[str], disclose: Callable[[str, str], str]) -> None:
        self._placeholder = placeholder
        self._disclose = disclose

    def parts(self, name: str, text: str) -> JsonValue:
        """Return the text itself or, where it holds secrets, its parts with a salted commitment for each secret.

        A list of parts, because a marker inside a text could also have been typed by whoever wrote the text.

        Args:
            name: what the secrets are, such as the device and path; becomes part of each disclosure.
            text: text with placeholders.
        """
        pieces: list[JsonValue] = []
        position = 0
        for match in self._placeholder.finditer(text):
            pieces.append(storable(text[position : match.start()]))
            pieces.append({"alg": "sha-256", "redacted": self._disclose(name, match[0])})
            position = match.end()
        if not pieces:
            return storable(text)
        pieces.append(storable(text[position:]))
        return [piece for piece in pieces if piece != ""]

    def plain(self, text: str) -> str:
        """Return the text for people, `<redacted>` for each secret."""
        return storable(self._placeholder.sub(REDACTED, text))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")
