"""Placeholders: what stands in a text where a secret stood.

Input: the path of a secret and its fingerprint. Output: `<murenger-secret:32 hex digits>`, of which the first 16 say
the path and the last 16 are keyed; and device text in which nothing else can be taken for one.
"""

import hashlib
import re

TAG_DIGITS = 16

PLACEHOLDER = re.compile(r"<murenger-secret:(?:(?P<tag>[0-9a-f]{16})[0-9a-f]{16}|resalted)>")
RESALTED = "<murenger-secret:resalted>"
# Every placeholder starts so, and `escape` leaves no other text that does.
OPENING = "<murenger-secret:"

MASK = re.compile(r"(?i)<(?:removed|redacted|masked|hidden|scrubbed|secret)>|[*x]{3,}|(?:/\*|##) SECRET-DATA.*")

_LOOKALIKE = "<murenger-"
_ESCAPED = "<murenger-literal>"


def path_tag(path: str) -> str:
    """Return 16 hex digits that stand for a path; they say nothing about the secret."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:TAG_DIGITS]


def escape(text: str) -> str:
    """Return device text in which nothing looks like a placeholder; `unescape` gives the text back exactly."""
    return text.replace(_LOOKALIKE, _ESCAPED)


def unescape(text: str) -> str:
    """Return the device text that `escape` was given."""
    return text.replace(_ESCAPED, _LOOKALIKE)


def is_mask(value: str) -> bool:
    """Tell whether a value is what filters and devices put in a secret's place; sent, it would become the password."""
    return MASK.fullmatch(value) is not None
