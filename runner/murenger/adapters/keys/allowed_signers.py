"""The allowed_signers file: which key may sign in which role, and when.

Input: the text of an OpenSSH allowed_signers file. Output: its entries, or each line that must not be trusted.
Source: ssh-keygen(1), ALLOWED SIGNERS.
"""

import base64
import binascii
import dataclasses
import datetime
import re
from pathlib import Path

from murenger.errors import SignatureError

_OPTION = re.compile(r'([A-Za-z-]+)(?:="([^"]*)")?(?:,|$)')
_TIME_FORMATS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AllowedSigner:
    """One line of the file.

    Attributes:
        line: 1-based line number.
        principals: names, none of them a pattern.
        namespaces: the roles it may sign in; never empty.
        valid_after: first instant it is good, or None.
        valid_before: last instant it is good (inclusive), or None.
        certificate_authority: whether the key signs certificates instead of records.
        key_blob: the public key in SSH wire form.
    """

    line: int
    principals: tuple[str, ...]
    namespaces: tuple[str, ...]
    valid_after: datetime.datetime | None
    valid_before: datetime.datetime | None
    certificate_authority: bool
    key_blob: bytes

    def may_sign_in(self, namespace: str) -> bool:
        """Tell whether the line allows a role."""
        # No line with a pattern for a role is ever taken.
        return namespace in self.namespaces

    def is_valid(self, at: datetime.datetime) -> bool:
        """Tell whether the key counts at a time."""
        return (self.valid_after is None or self.valid_after <= at) and (
            self.valid_before is None or at <= self.valid_before
        )


def read_allowed_signers(path: Path) -> tuple[AllowedSigner, ...]:
    """Return the entries of a file that is fit to be trusted.

    Raises:
        SignatureError: it cannot be read, holds no entry, or `lint` complains.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise SignatureError(f"there is no trust file {path}", hint="give its folder with --trust") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SignatureError(f"the trust file {path} cannot be read: {exc}") from exc
    complaints = lint(text)
    if complaints:
        raise SignatureError(f"the trust file {path} must not be used: {'; '.join(complaints)}")
    entries = tuple(_entry(number, line) for number, line in _lines(text))
    if not entries:
        raise SignatureError(f"the trust file {path} names no signer")
    return entries


def lint(text: str) -> tuple[str, ...]:
    """Return a complaint for each line that must not be trusted; empty if the file is sound.

    A key without `namespaces=` would count in every role, a pattern for a name would name nobody, and a time without
    `Z` would mean another instant on another host.
    """
    complaints = []
    for number, line in _lines(text):
        try:
            _entry(number, line)
        except ValueError as exc:
            complaints.append(f"line {number}: {exc}")
    return tuple(complaints)


def _lines(text: str) -> list[tuple[int, str]]:
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]


def _entry(number: int, line: str) -> AllowedSigner:
    words = _words(line)
    if len(words) < 3 or _is_key_type(words[1]):  # noqa: PLR2004 - names, options, type
        raise ValueError("no namespaces= option, so the key would count in every role")
    options = _options(words[1])
    namespaces = tuple(filter(None, options.get("namespaces", "").split(",")))
    if not namespaces:
        raise ValueError("no namespaces= option, so the key would count in every role")
    if any(set(namespace) & set("*?!") for namespace in namespaces):
        raise ValueError("a namespace must be named, not given as a pattern")
    principals = tuple(words[0].strip('"').split(","))
    if any(not name or set(name) & set("*?!") for name in principals):
        raise ValueError("a signer must be named, not given as a pattern")
    return AllowedSigner(
        line=number,
        principals=principals,
        namespaces=namespaces,
        valid_after=_time(options.get("valid-after")),
        valid_before=_time(options.get("valid-before")),
        certificate_authority="cert-authority" in options,
        key_blob=_key(words[2:]),
    )


def _words(line: str) -> list[str]:
    return re.findall(r'(?:[^\s"]|"[^"]*")+', line)


def _is_key_type(word: str) -> bool:
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"))


def _options(word: str) -> dict[str, str]:
    options: dict[str, str] = {}
    position = 0
    while position < len(word):
        match = _OPTION.match(word, position)
        if match is None:
            raise ValueError(f"the options {word[position : position + 40]!r} cannot be read")
        name = match[1].lower()
        if name not in {"cert-authority", "namespaces", "valid-after", "valid-before"}:
            raise ValueError(f"the option {name!r} is unknown")
        if name in options:
            raise ValueError(f"the option {name!r} is given twice")
        options[name] = match[2] or ""
        position = match.end()
    return options


def _time(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    digits = text.removesuffix("Z")
    if digits == text:
        raise ValueError(f"the time {text!r} has no Z, so it would mean another instant on another host")
    form = _TIME_FORMATS.get(len(digits))
    if form is None or not digits.isdecimal():
        raise ValueError(f"the time {text!r} is not YYYYMMDD[HHMM[SS]]Z")
    return datetime.datetime.strptime(digits, form).replace(tzinfo=datetime.UTC)


def _key(words: list[str]) -> bytes:
    if len(words) < 2 or not _is_key_type(words[0]):  # noqa: PLR2004 - type, key
        raise ValueError("there is no public key")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("the public key is not base64") from exc
    if not blob[4:].startswith(words[0].encode("ascii", "replace")):
        raise ValueError("the public key is not of the type named before it")
    return blob
