"""Secrets by the words around them, for platforms whose secret places nobody has written down.

Input: text that is about to be shown. Output: the same with `<redacted>` for whatever looks like a secret. It errs on
the side of hiding; nothing is compared with what it returns.
"""

import re

from murenger.dialects.definition import DESCRIBED, URL_PASSWORD
from murenger.secrets.redaction import REDACTED

_WORD = (
    r"(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|community|psk\w{0,20}|pre-?shared-?key|key-string|token|pwd"
    r"|(?:auth|priv|encryption|authentication|private|shared|md5|hmac|api|radius|tacacs)[-_]?key|-hash)"
    r"|key|phash|ENC|md5|sha(?:1|224|256|384|512)?|wpa-[\w-]{1,40}|sesskey)"
)
# A number or name may stand between the word and the value: it says how the value is encoded.
_ENCODING = r"(?:(?:\d{1,2}|ENC|ascii-text|hexadecimal)[ \t]{1,8}[\"']?)?"
_BETWEEN = rf"([ \t]{{0,8}}[=:]?[ \t]{{1,8}}[\"']?{_ENCODING}|[=:][\"']?)"
_AFTER_WORD = re.compile(rf"(?i)(?<![\w.-])({_WORD}){_BETWEEN}([^\s\"';]+)")
_NAME = r"[\w.-]{0,40}(?:pass|secret|hash|psk|key|token|community|pwd)[\w.-]{0,40}"
_ELEMENT = re.compile(rf"(?i)<({_NAME})([^<>]{{0,200}})>[^<]+</")
_LOOKS = re.compile(r"(?<!\S)(?:\$[0-9a-z]{1,4}\$\S+|[A-Za-z0-9+/]{40,}={0,2}(?!\S))")
_PLACED = tuple(re.compile(pattern) for pattern in (DESCRIBED, URL_PASSWORD))


def hide(text: str) -> str:
    """Return a text without what looks like a secret."""
    for pattern in _PLACED:
        text = pattern.sub(lambda match: match[0].replace(match["secret"], REDACTED), text)
    text = _ELEMENT.sub(rf"<\1\2>{REDACTED}</", text)
    text = _AFTER_WORD.sub(rf"\1\2{REDACTED}", text)
    return _LOOKS.sub(REDACTED, text)
