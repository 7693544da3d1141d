"""Keys: signing, checking and making SSH keys with the operator's own OpenSSH.

Input: key files, ssh-agent, an allowed_signers file. Output: armoured SSHSIGs, and who made them.
"""

from murenger.adapters.keys.allowed_signers import AllowedSigner, lint, read_allowed_signers
from murenger.adapters.keys.keygen import fingerprint, generate_key, public_key
from murenger.adapters.keys.signer import SshSigner
from murenger.adapters.keys.verifier import SshVerifier

__all__ = [
    "AllowedSigner",
    "SshSigner",
    "SshVerifier",
    "fingerprint",
    "generate_key",
    "lint",
    "public_key",
    "read_allowed_signers",
]
