"""Time-stamp queries, and what a time-stamping authority's answer proves.

Input: bytes, a token or a response over them, and the roots that are trusted. Output: the token's time, or a refusal.
The verdict is that of `openssl ts -verify`, so that whoever checks by hand comes to the same one.
Source: RFC 3161; OpenSSL, `openssl-ts(1)`.
"""

import contextlib
import datetime
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from murenger.adapters.openssl.process import DEFAULT_TIMEOUT_S, openssl
from murenger.errors import SignatureError

# A token with a long certificate chain has some 10 kB.
MAX_TOKEN_BYTES = 1024 * 1024

_STDIN = "/dev/stdin"
_SAYS_OK = b"Verification: OK"
_MAX_REASON = 200
_ERROR = re.compile(
    r"[0-9A-Fa-f]+:error:[0-9A-Fa-f]+:(?P<library>[^:]*):[^:]*:(?P<what>[^:]*):[^:]*:\d+:(?P<detail>.*)"
)
_OUTSIDE_VALIDITY = ("certificate has expired", "certificate is not yet valid")
_STRANGER = ("certificate verify error", "signer certificate not found")
# Text between the two lines is signed. The status before the first is not, and may hold anything.
_SIGNED_PART = "\nTST info:\n"
_TIME = re.compile(
    r"^Time stamp: (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d{2}:\d{2}:\d{2})(?P<fraction>\.\d+)?"
    r" (?P<year>\d{4}) GMT$",
    re.MULTILINE,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def make_query(content: bytes, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> bytes:
    """Return a time-stamp query over some bytes: SHA-256, a random nonce, and the wish for the certificate.

    Args:
        content: the bytes; only their digest is in the query.
        timeout_s: seconds, > 0.

    Returns:
        The query, DER.

    Raises:
        SignatureError: openssl cannot make one.
    """
    done = openssl(["ts", "-query", "-data", _STDIN, "-sha256", "-cert"], content=content, timeout_s=timeout_s)
    if done.code != 0 or not done.output:
        raise SignatureError(f"openssl cannot make a time-stamp query: {_reason(done.complaint)}")
    return done.output


def check_reply(query: bytes, reply: bytes, roots: Path, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
    """Check that a response was made for one query: granted, its digest and nonce, signed by a trusted authority.

    Args:
        query: as `make_query` made it.
        reply: TimeStampResp, DER.
        roots: certificates that are trusted, PEM.
        timeout_s: seconds, > 0.

    Raises:
        SignatureError: it is not; the reason is one of those of `check_timestamp`.
    """
    _refuse_large(reply)
    with _folder() as folder:
        query_file = _kept(folder, "query", query)
        reply_file = _kept(folder, "reply", reply)
        _verify(["-queryfile", query_file, "-in", reply_file], roots, None, b"", timeout_s)


def check_timestamp(
    content: bytes,
    token: bytes,
    roots: Path,
    *,
    at: datetime.datetime | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> datetime.datetime:
    """Return the time that a token proves for some bytes.

    Args:
        content: the bytes.
        token: a TimeStampResp, or the token alone; DER.
        roots: certificates that are trusted, PEM.
        at: when the authority's certificate must be valid, aware; None for now. A token outlives its certificate only
            where something else shows that it existed before.
        timeout_s: seconds for each of two runs of openssl, > 0.

    Returns:
        The token's time in UTC; what is finer than a microsecond is cut off.

    Raises:
        SignatureError: with reason invalid (other bytes, no token, refused by the authority, or no time in it), unknown
            (no trusted authority made it), expired (the authority's certificate is outside its validity); without one
            where openssl or the roots cannot be had.
    """
    _refuse_large(token)
    with _folder() as folder:
        given = [*_form(token), "-in", _kept(folder, "token", token)]
        _verify(["-data", _STDIN, *given], roots, at, content, timeout_s)
        done = openssl(["ts", "-reply", *given, "-text"], timeout_s=timeout_s)
    if done.code != 0:
        raise SignatureError(f"the time stamp cannot be shown: {_reason(done.complaint)}", reason="invalid")
    return _time(done.output.decode("utf-8", "replace"))


def _refuse_large(token: bytes) -> None:
    if len(token) > MAX_TOKEN_BYTES:
        raise SignatureError(f"a time stamp of {len(token)} bytes is none", reason="invalid")


def _form(token: bytes) -> list[str]:
    """Return the option for a bare token, which begins with its type where a response begins with a status."""
    length_bytes = token[1] & 0x7F if len(token) > 1 and token[1] & 0x80 else 0
    return ["-token_in"] if token[2 + length_bytes : 3 + length_bytes] == b"\x06" else []


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="murenger-", ignore_cleanup_errors=True)
    except OSError as exc:
        raise _no_room(exc) from exc
    with folder as name:
        yield name


def _kept(folder: str, name: str, content: bytes) -> str:
    path = Path(folder, name)
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise _no_room(exc) from exc
    return str(path)


def _no_room(exc: OSError) -> SignatureError:
    return SignatureError(
        f"no temporary file can be written: {exc.strerror}", hint="openssl reads time stamps from one"
    )


def _verify(given: list[str], roots: Path, at: datetime.datetime | None, content: bytes, timeout_s: float) -> None:
    moment = [] if at is None else ["-attime", str(int(at.timestamp()))]
    done = openssl(
        ["ts", "-verify", *given, "-CAfile", roots.absolute(), *moment], content=content, timeout_s=timeout_s
    )
    if done.code != 0 or _SAYS_OK not in done.output:
        raise _refusal(done.complaint, roots)


def _refusal(complaint: str, roots: Path) -> SignatureError:
    lines = _lines(complaint)
    if lines and lines[0].startswith("Error loading file"):
        return SignatureError(
            f"{roots} holds no certificates that can be read", hint="it must hold the authority's root, as PEM"
        )
    found = next((match for line in lines if (match := _ERROR.match(line))), None)
    reason = "invalid"
    if found and found["what"] in _STRANGER:
        reason = "expired" if found["detail"].removeprefix("Verify error:") in _OUTSIDE_VALIDITY else "unknown"
    return SignatureError(f"the time stamp does not verify: {_reason(complaint)}", reason=reason)


def _lines(complaint: str) -> list[str]:
    return [line for line in complaint.splitlines() if line and not line.startswith("Using configuration")]


def _reason(complaint: str) -> str:
    """Return the first complaint in one short printable line; an authority's own words may be part of it."""
    for line in _lines(complaint):
        found = _ERROR.match(line)
        if found:
            line = ": ".join(part for part in (found["what"], found["detail"].removeprefix("Verify error:")) if part)  # noqa: PLW2901 - the line in other words
        return "".join(sign if sign.isprintable() else "?" for sign in line)[:_MAX_REASON]
    return "no reason given"


def _time(text: str) -> datetime.datetime:
    _, marker, signed = text.rpartition(_SIGNED_PART)
    found = _TIME.search(signed)
    if not marker or found is None or found["month"] not in _MONTHS:
        raise SignatureError("the time stamp holds no time in UTC", reason="invalid")
    month = _MONTHS.index(found["month"]) + 1
    micros = (found["fraction"] or ".0")[1:7].ljust(6, "0")
    stated = f"{found['year']}-{month:02d}-{int(found['day']):02d}T{found['clock']}.{micros}+00:00"
    try:
        return datetime.datetime.fromisoformat(stated).astimezone(datetime.UTC)
    except ValueError as exc:
        raise SignatureError(f"the time stamp's time is none: {stated}", reason="invalid") from exc
