"""Digests: how texts and files are named by their content.

Input: text or bytes. Output: `sha256:<64 lower-case hex digits>`.
"""

import hashlib
from typing import NewType

Digest = NewType("Digest", str)


def digest_of(content: str | bytes) -> Digest:
    """Return the digest of a text (as UTF-8, lone surrogates kept) or of bytes.

    Only ever called on text without secrets: a plain digest of a raw configuration would let anyone guess a weak
    secret in it.
    """
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return Digest("sha256:" + hashlib.sha256(raw).hexdigest())
