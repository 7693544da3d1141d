"""What can go wrong: the whole tree on one page.

Input: objects that say where. Output: one line an operator can act on, with an exit code.

    MurengerError (2)
    ├── ConfigError                murenger.yml, inventory or an option is wrong
    ├── ObserveError               the live configuration could not be had
    │   ├── UnreachableError       no connection, or it broke
    │   ├── AuthenticationError    the device refused the login
    │   ├── IdentityError          host key, certificate or host name is not the device's
    │   ├── UnsupportedPlatformError
    │   └── IncompleteConfigError  the read is not whole, so nothing may be concluded from it
    ├── CompareError
    │   ├── ParseError             text is not a configuration of its platform
    │   ├── GoldenMissingError
    │   └── GoldenUntrustedError   unsigned, signed by a stranger or an expired key, or rolled back
    ├── DecideError
    │   ├── PolicyError            the policy forbids this, naming the setting
    │   └── ApprovalError          an approval is missing, void or does not cover this
    ├── HealError
    │   ├── LeaseHeldError         another process works on this device
    │   ├── GuardRefusedError      a guard refused before the device was changed
    │   ├── RemediationError       the device refused, or the change broke off
    │   ├── VerificationAfterHealError  the device is not what the plan promised
    │   └── RollbackError          the way back failed: a person must look
    ├── RecordError
    │   ├── SignatureError
    │   ├── LedgerError            the ledger cannot be written or read
    │   └── TamperedError (1)      a record was changed, removed, reordered or inserted
    ├── NotifyError                people could not be told
    └── SecretError                a secret cannot be had, or would have been sent unfilled

Messages say what, which device and what to do; no error carries a secret.
"""


class MurengerError(Exception):
    """Any failure that murenger reports.

    Args:
        message: what went wrong and where; lower case, no full stop, no secret.
        device: name of the device concerned, or "" where none is.
        hint: what the operator should do next, or "".
    """

    exit_code = 2

    def __init__(self, message: str, *, device: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.device = device
        self.hint = hint

    def __str__(self) -> str:
        """Return one line: the device, the message, the hint."""
        prefix = f"{self.device}: " if self.device else ""
        suffix = f" ({self.hint})" if self.hint else ""
        return f"{prefix}{self.message}{suffix}"


class ConfigError(MurengerError):
    """murenger.yml, the inventory or a command-line option is wrong."""


class ObserveError(MurengerError):
    """The live configuration could not be had."""


class UnreachableError(ObserveError):
    """No connection to the device, or it broke before the read was whole."""


class AuthenticationError(ObserveError):
    """The device refused the login."""


class IdentityError(ObserveError):
    """The peer's host key, certificate or host name is not the device's."""


class UnsupportedPlatformError(ObserveError):
    """There is no dialect or driver for this platform."""


class IncompleteConfigError(ObserveError):
    """The read is not whole, so neither drift nor sync may be concluded from it."""


class CompareError(MurengerError):
    """Live and golden could not be compared."""


class ParseError(CompareError):
    """The text is not a configuration of its platform."""


class GoldenMissingError(CompareError):
    """There is no golden policy for the device."""


class GoldenUntrustedError(CompareError):
    """The golden revision is not signed by an allowed signer, or does not follow the last accepted one."""


class DecideError(MurengerError):
    """A decision could not be made."""


class PolicyError(DecideError):
    """The policy forbids what was asked, and the message names the setting."""


class ApprovalError(DecideError):
    """An approval is missing, void, or does not cover this change."""


class HealError(MurengerError):
    """The device could not be healed."""


class LeaseHeldError(HealError):
    """Another process works on this device."""


class GuardRefusedError(HealError):
    """A guard refused before the device was changed.

    Args:
        message: as for `MurengerError`.
        guard: the guard's name, such as `management-path`, or "" where no named guard is at work.
        device: as for `MurengerError`.
        hint: as for `MurengerError`.
    """

    def __init__(self, message: str, *, guard: str = "", device: str = "", hint: str = "") -> None:
        super().__init__(message, device=device, hint=hint)
        self.guard = guard


class RemediationError(HealError):
    """The device refused the change, or the change broke off."""


class ConfirmationIgnoredError(RemediationError):
    """The device accepted the confirmation, and says that the change still waits for one."""


class VerificationAfterHealError(HealError):
    """The device, read over a fresh connection, is not what the plan promised."""


class RollbackError(HealError):
    """The way back failed; a person must look at the device."""


class RecordError(MurengerError):
    """A change record could not be made or checked."""


class SignatureError(RecordError):
    """A signature could not be made, or does not verify.

    Args:
        message: as for `MurengerError`.
        reason: why a signature does not verify: unknown (no allowed key made it), expired (the key is outside its
            validity), namespace (the key may not sign in this role), invalid (the bytes are not those signed); "" where
            none of these is the matter.
        hint: as for `MurengerError`.
    """

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class LedgerError(RecordError):
    """The ledger cannot be written or read."""


class AnchorError(RecordError):
    """An anchor could not be reached, or refused the head of the log."""


class AnchorConflictError(AnchorError):
    """An anchor holds another history of this log, or more of it than we have: nothing may be healed."""


class TamperedError(RecordError):
    """A record was changed, removed, reordered or inserted."""

    exit_code = 1


class NotifyError(MurengerError):
    """People could not be told: a channel did not take a message, or the outbox cannot be written.

    Args:
        message: as for `MurengerError`.
        retry_after_s: seconds for which the other side asks to be left alone, or None where it asks nothing.
        hint: as for `MurengerError`.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class SecretError(MurengerError):
    """A secret cannot be had, or a text with a placeholder left in it would have been sent."""
