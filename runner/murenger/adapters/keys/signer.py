"""Port Signer: a key file, or a key held by ssh-agent, that signs for the runner or for a person.

Input: exact bytes and a namespace. Output: a detached, armoured SSHSIG.
"""

from pathlib import Path

from murenger.adapters.keys.keygen import fingerprint
from murenger.adapters.keys.process import DEFAULT_TIMEOUT_S, ssh_keygen
from murenger.errors import SignatureError
from murenger.ports import Signatory
from murenger.record.sshsig import parse_signature

# What ssh-keygen says, and what an operator needs to hear; the first that fits wins.
_COMPLAINTS = (
    ("too open", "its permissions are too open", "chmod 0400 it; others can read it now, so consider a new key"),
    ("incorrect passphrase", "it needs a passphrase", "add it to ssh-agent and give the path of its .pub file"),
    ("No private key found", "ssh-agent does not hold its private half", "ssh-add the private key"),
    ("agent refused", "ssh-agent refused to sign", "was a touch or a confirmation expected?"),
    ("doesn't match private", "the .pub file beside it belongs to another key", "remove that file"),
    ("Permission denied", "it may not be read", "the key belongs to the account that runs murenger"),
)


class SshSigner:
    """Signs with one SSH key; asks nothing and waits for nobody beyond its time limit.

    Args:
        principal: the name that allowed_signers gives the key.
        key_path: a private key file, or a public one whose private half is in ssh-agent.
        timeout_s: seconds to wait for a signature, > 0.
    """

    def __init__(self, principal: str, key_path: Path, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._principal = principal
        self._key_path = key_path
        self._timeout_s = timeout_s
        self._identity: Signatory | None = None

    def identity(self) -> Signatory:
        """Return the signer's own principal and key fingerprint.

        Raises:
            SignatureError: the key cannot be read.
        """
        if self._identity is None:
            self._identity = Signatory(principal=self._principal, key_fingerprint=fingerprint(self._key_path))
        return self._identity

    def sign(self, content: bytes, *, namespace: str) -> str:
        """Return a detached, armoured SSHSIG over the exact bytes.

        Raises:
            SignatureError: the key is missing, too open, needs a passphrase, or another key signed.
        """
        expected = self.identity().key_fingerprint
        done = ssh_keygen(
            ["-Y", "sign", "-f", self._key_path, "-n", namespace], content=content, timeout_s=self._timeout_s
        )
        if done.code != 0:
            raise self._refusal(done.complaint)
        try:
            made = parse_signature(done.output)
        except ValueError as exc:
            raise SignatureError(f"ssh-keygen gave no signature for {self._key_path}: {exc}") from exc
        if made.key_fingerprint != expected or made.namespace != namespace:
            raise SignatureError(
                f"{self._key_path} signed as {made.key_fingerprint}, not as {expected}",
                hint="does the .pub file beside it belong to another key?",
            )
        return done.output

    def _refusal(self, complaint: str) -> SignatureError:
        for said, meaning, hint in _COMPLAINTS:
            if said in complaint:
                return SignatureError(f"the key {self._key_path} cannot sign: {meaning}", hint=hint)
        lines = complaint.strip().splitlines() or ["no reason given"]
        return SignatureError(f"the key {self._key_path} cannot sign: {lines[-1]}")
