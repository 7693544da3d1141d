"""Foreign exceptions of drivers and their libraries, turned into ours.

Input: any exception that a driver let through. Output: one error of `murenger.errors` without a secret in it.
"""

from murenger.errors import (
    AuthenticationError,
    GuardRefusedError,
    IdentityError,
    MurengerError,
    ObserveError,
    RemediationError,
    UnreachableError,
)
from murenger.secrets import escape_for_terminal, redact

# Drivers raise their libraries' exceptions raw, so classes are told by name and cause, not by import.
_IDENTITY_SIGNS = (
    "certificate verify failed",
    "certificate_verify_failed",
    "hostname mismatch",
    "host key",
    "known_hosts",
    "badhostkey",
)
_AUTHENTICATION_SIGNS = ("authenticat", "401", "unauthorized", "connectautherror", "permission denied")
_FOREIGN_WORK_SIGNS = ("sessionlocked", "lockerror", "locked by", "configuration database locked", "pending commit")
_CHANGED_SIGN = "changed since the candidate was compared"
_LONGEST_TEXT = 300


def observe_error(exc: BaseException, device: str, known_secrets: tuple[str, ...] = ()) -> ObserveError:
    """Return what an exception during connecting or reading means."""
    if isinstance(exc, ObserveError):
        return exc
    signs, text = _signs(exc), _one_line(exc, known_secrets)
    if any(sign in signs for sign in _IDENTITY_SIGNS):
        return IdentityError(
            f"the peer is not proved to be this device: {text}",
            device=device,
            hint="check the address, then the host key or certificate with the device's owner",
        )
    if any(sign in signs for sign in _AUTHENTICATION_SIGNS):
        return AuthenticationError(
            f"the device refused the login: {text}", device=device, hint="check the credential in murenger.yml"
        )
    return UnreachableError(
        f"no whole answer from the device: {text}", device=device, hint="check address, port, platform and the path"
    )


def connect_error(exc: BaseException, device: str, known_secrets: tuple[str, ...] = ()) -> MurengerError:
    """Return what an exception during connecting means; a lock that others hold is no fault of the connection."""
    if any(sign in _signs(exc) for sign in _FOREIGN_WORK_SIGNS):
        return change_error(exc, device, known_secrets)
    return observe_error(exc, device, known_secrets)


def change_error(exc: BaseException, device: str, known_secrets: tuple[str, ...] = ()) -> MurengerError:
    """Return what an exception during a change means."""
    if isinstance(exc, MurengerError):
        return exc
    text = _one_line(exc, known_secrets)
    if any(sign in _signs(exc) for sign in _FOREIGN_WORK_SIGNS):
        return GuardRefusedError(
            f"somebody else's change is open on the device: {text}",
            device=device,
            hint="wait for it or ask its owner; it was not touched",
        )
    if _CHANGED_SIGN in _signs(exc):
        return GuardRefusedError(
            "live is no longer what was compared", device=device, hint="it is compared again at the next pass"
        )
    return RemediationError(f"the device did not take the change: {text}", device=device)


def _signs(exc: BaseException) -> str:
    """Return class names and texts of the exception and what caused it, in lower case."""
    seen: list[str] = []
    current: BaseException | None = exc
    while current is not None and len(seen) < 10:  # noqa: PLR2004 - a cycle would not end
        seen.append(f"{type(current).__name__} {current}")
        current = current.__cause__ or current.__context__
    return " ".join(seen).lower()


def _one_line(exc: BaseException, known_secrets: tuple[str, ...]) -> str:
    text = " ".join(str(exc).split()) or type(exc).__name__
    return escape_for_terminal(redact(text, known_secrets))[:_LONGEST_TEXT]
