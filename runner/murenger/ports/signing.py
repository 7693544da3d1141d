"""Signatures, and the decision files that people sign.

Input: exact bytes and a role. Output: signatures, and who made them.
"""

import dataclasses
import datetime
from typing import Protocol

from murenger.model import Approval, Policy, StandingChange


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Who made a verified signature.

    Attributes:
        principal: the name that allowed_signers gives the key.
        key_fingerprint: `SHA256:...` of the key.
    """

    principal: str
    key_fingerprint: str


class Signer(Protocol):
    """A key that signs for the runner."""

    def identity(self) -> Signatory:
        """Return the signer's own principal and key fingerprint.

        Raises:
            SignatureError: the key cannot be read.
        """
        ...

    def sign(self, content: bytes, *, namespace: str) -> str:
        """Return a detached, armoured SSHSIG over the exact bytes.

        Raises:
            SignatureError: the key cannot be used.
        """
        ...


class Verifier(Protocol):
    """Signature checks against an allowed_signers file."""

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Signatory:
        """Return who signed, or raise; never answers with a bool.

        Args:
            content: the exact bytes signed.
            signature: detached, armoured SSHSIG.
            namespace: the role it must be signed in, such as `change-record@murenger`.
            at: the time to judge key validity by.

        Raises:
            SignatureError: no allowed key made it, the key is outside its validity, or the namespace is another;
                the error's `reason` attribute is unknown, expired, namespace or invalid.
        """
        ...


class ApprovalStore(Protocol):
    """Decision files that people sign."""

    def for_plan(self, plan_sha256: str) -> Approval | None:
        """Return the verified, unexpired approval of a plan, or None if nobody has approved it.

        Raises:
            ApprovalError: there is one and it does not verify.
        """
        ...

    def standing(self, policy: Policy) -> tuple[StandingChange, Approval]:
        """Return the signed standing change that a policy names.

        Raises:
            ApprovalError: it is missing, unsigned, expired, or signed by the runner or by its author.
        """
        ...
