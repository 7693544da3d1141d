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
_TOO_LATE_SIGNS = ("no pending commit", "no commit is pending", "the timer won")
_CHANGED_SIGN = "changed since the candidate was compared"
# What a device says, and what a connection that breaks says; the latter counts wherever it stands in the chain.
_ANSWERS = frozenset({"CommandError", "CommitError", "CommitConfirmException", "ConfigLoadError", "RpcError"})
_BROKEN = frozenset(
    {"OSError", "EOFError", "HTTPException", "ConnectionError", "ConnectionException", "ConnectError"}
    | {"CommandTimeoutException", "RpcTimeoutError", "SessionCloseError", "TransportError", "TimeoutError"}
)
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
    if any(sign in _signs(exc) for sign in _TOO_LATE_SIGNS):
        return too_late(device)
    if any(sign in _signs(exc) for sign in _FOREIGN_WORK_SIGNS):
        return GuardRefusedError(
            f"somebody else's change is open on the device: {text}",
            guard="foreign-candidate",
            device=device,
            hint="wait for it or ask its owner; it was not touched",
        )
    if _CHANGED_SIGN in _signs(exc):
        return GuardRefusedError(
            "live is no longer what was compared",
            guard="live-unchanged",
            device=device,
            hint="it is compared again at the next pass",
        )
    return RemediationError(f"the device did not take the change: {text}", device=device)


def too_late(device: str) -> RemediationError:
    """Return what it means that the device has nothing left to confirm."""
    return RemediationError("there is nothing left to confirm: the device's timer was faster", device=device)


def commit_error(exc: BaseException, device: str, known_secrets: tuple[str, ...] = ()) -> MurengerError:
    """Return what an exception during a commit means: a device that refused said so, all else leaves it in doubt."""
    error = change_error(exc, device, known_secrets)
    if not isinstance(error, RemediationError) or _is_refusal(exc):
        return error
    return UnreachableError(
        f"the device did not say whether it took the change: {_one_line(exc, known_secrets)}",
        device=device,
        hint="its own timer decides; live is read until that has run out",
    )


def _is_refusal(exc: BaseException) -> bool:
    """Tell whether an exception is a device's answer, and nothing on the way to it was a fault of the connection."""
    classes = [{kind.__name__ for kind in type(step).__mro__} for step in _chain(exc)]
    broke = any(not kinds.isdisjoint(_BROKEN) for kinds in classes)
    return not broke and any(not kinds.isdisjoint(_ANSWERS) for kinds in classes)


def _chain(exc: BaseException) -> list[BaseException]:
    """Return the exception and what caused it."""
    seen: list[BaseException] = []
    current: BaseException | None = exc
    while current is not None and len(seen) < 10:  # noqa: PLR2004 - a cycle would not end
        seen.append(current)
        current = current.__cause__ or current.__context__
    return seen


def _signs(exc: BaseException) -> str:
    """Return class names and texts of the exception and what caused it, in lower case."""
    return " ".join(f"{type(step).__name__} {step}" for step in _chain(exc)).lower()


def _one_line(exc: BaseException, known_secrets: tuple[str, ...]) -> str:
    text = " ".join(str(exc).split()) or type(exc).__name__
    return escape_for_terminal(redact(text, known_secrets))[:_LONGEST_TEXT]
