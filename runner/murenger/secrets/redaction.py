"""Redaction: secrets kept off screens, logs and results.

Input: any text, and the secrets that are known. Output: the text with `<redacted>` in their place.
"""

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

REDACTED = "<redacted>"
# A shorter piece of an encoding would match by chance.
_MIN_INNER = 6

# What is a secret by its looks, wherever it stands.
_BY_LOOKS = re.compile(
    r"<murenger-secret:[^>\s]{0,64}>?"
    r"|\$(?:1|2[abxy]?|5|6|7|8|9|y|sha1)\$[^\s\"';,<>]+"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^\s/@:\"']{0,256}:[^\s/@\"']{1,256}(?=@)",
    re.DOTALL,
)


def redact(text: str, known_values: Iterable[str] = ()) -> str:
    """Return a text without secrets, for screens and logs.

    Args:
        text: any text.
        known_values: secrets that must not appear, in any of their usual writings.

    Returns:
        The text with `<redacted>` for each; `<redacted>` alone if one would still show.
    """
    values = [value for value in known_values if value]
    forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
    if forms:
        text = re.sub("|".join(map(re.escape, forms)), REDACTED, text)
    text = _BY_LOOKS.sub(REDACTED, text)
    remains = text.replace(REDACTED, "")
    return REDACTED if any(form in remains for form in forms) else text


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogateescape")
    yield value
    yield urllib.parse.quote(raw, safe="")
    yield urllib.parse.quote(raw)
    yield urllib.parse.quote_plus(raw)
    yield urllib.parse.quote(raw, safe="").replace("%", "%25")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield json.dumps(json.dumps(value)[1:-1])[1:-1]
    yield repr(value)[1:-1]
    yield from _base64_forms(raw)


def _base64_forms(raw: bytes) -> Iterator[str]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield whole
        yield whole.rstrip("=")
        # Inside a longer text, such as `user:password`, only the middle of the encoding is the value's own.
        for offset in range(3):
            start, stop = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
            inner = encode(bytes(offset) + raw).decode()[start:stop]
            if len(inner) >= _MIN_INNER:
                yield inner
