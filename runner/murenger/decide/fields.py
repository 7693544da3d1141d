"""Fields: reading a decision file strictly, and writing its times and texts in one form.

Input: canonical JSON bytes. Output: values by key and type; whatever is missing, unknown or ill-formed is an
`ApprovalError` that names the field.
"""

import datetime
import re
from collections.abc import Mapping, Sequence

from murenger.errors import ApprovalError
from murenger.model import Digest, JsonValue, canonical_bytes, parse_canonical

SCHEMA = "1.0"
MIN_NONCE = 16
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_NONCE = re.compile(rf"[A-Za-z0-9_-]{{{MIN_NONCE},128}}")


def time_text(time: datetime.datetime) -> str:
    """Return an aware time as RFC 3339 UTC in whole seconds, cut, never rounded up.

    Raises:
        ValueError: the time is naive.
    """
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(datetime.UTC).strftime(_TIME)


def plain_text(text: str) -> str:
    r"""Return the text with every byte that was not UTF-8 written as `\xNN`, so that it can be signed and shown."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A surrogate that stands for no byte; no device text holds one.
        raw = text.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")


def encode(what: str, values: Mapping[str, JsonValue]) -> bytes:
    """Return a decision file's canonical bytes.

    Raises:
        ApprovalError: a value cannot be written as canonical JSON.
    """
    try:
        return canonical_bytes(values)
    except ValueError as exc:
        raise ApprovalError(f"{what}: {exc}") from exc


def author_key_fingerprint(content: bytes) -> str:
    """Return the `SHA256:...` of the author's key that a parsed decision file names, or "".

    Raises:
        ApprovalError: the bytes are not canonical.
    """
    try:
        return str(parse_canonical(content).get("author_key_fp", ""))
    except ValueError as exc:
        raise ApprovalError(f"not a decision file: {exc}") from exc


class Fields:
    """The fields of one object in a decision file.

    Args:
        what: name of the object, for messages.
        values: the object.
    """

    def __init__(self, what: str, values: dict[str, JsonValue]) -> None:
        self._what = what
        self._values = dict(values)

    @classmethod
    def of(cls, content: bytes, expected: str) -> "Fields":
        """Return the fields of a decision file of the expected type.

        Raises:
            ApprovalError: not canonical JSON, another type, or another schema version.
        """
        try:
            fields = cls(expected, parse_canonical(content))
        except ValueError as exc:
            raise ApprovalError(f"not a decision file: {exc}") from exc
        found = fields.text("type")
        if found != expected:
            raise ApprovalError(f"a decision file of type {found[:40]!r}, where {expected!r} was expected")
        if fields.text("schema") != SCHEMA:
            raise fields.wrong("schema", f"{SCHEMA!r}")
        return fields

    def wrong(self, name: str, expected: str) -> ApprovalError:
        """Return the error for a field that is not as expected."""
        return ApprovalError(f"{self._what}: {name!r} is not {expected}")

    def _take(self, name: str) -> JsonValue:
        if name not in self._values:
            raise ApprovalError(f"{self._what}: {name!r} is missing")
        return self._values.pop(name)

    def text(self, name: str, *, may_be_empty: bool = False) -> str:
        """Return a text."""
        value = self._take(name)
        if not isinstance(value, str) or not (value.strip() or may_be_empty):
            raise self.wrong(name, "text" if may_be_empty else "text, not empty")
        return value

    def number(self, name: str) -> int:
        """Return an integer >= 1."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(name, "a number from 1")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._take(name)
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self.wrong(name, "a list")
        if not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "a list of texts")
        return tuple(str(item) for item in value)

    def inner(self, name: str) -> "Fields":
        """Return an object's fields."""
        value = self._take(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Fields(f"{self._what} {name}", value)

    def time(self, name: str) -> datetime.datetime:
        """Return an aware UTC time."""
        value = self.text(name)
        try:
            time = datetime.datetime.strptime(value, _TIME).replace(tzinfo=datetime.UTC)
        except ValueError as exc:
            raise self.wrong(name, "a time such as 2026-11-22T10:00:00Z") from exc
        # strptime takes single digits too; a signed file has one form.
        if time_text(time) != value:
            raise self.wrong(name, "a time such as 2026-11-22T10:00:00Z")
        return time

    def digest(self, name: str) -> Digest:
        """Return a digest, written as 64 lower-case hex digits."""
        return Digest("sha256:" + self._matching(name, _SHA256, "a SHA-256 digest in lower-case hex"))

    def revision(self, name: str) -> str:
        """Return a full git commit id."""
        return self._matching(name, _REVISION, "a full commit id")

    def nonce(self, name: str) -> str:
        """Return a nonce."""
        return self._matching(name, _NONCE, f"at least {MIN_NONCE} letters and digits")

    def _matching(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        value = self.text(name)
        if not pattern.fullmatch(value):
            raise self.wrong(name, expected)
        return value

    def finish(self) -> None:
        """Refuse what nobody took: a person must not sign what nobody reads."""
        if self._values:
            raise ApprovalError(f"{self._what}: unknown field {min(self._values)[:60]!r}")
