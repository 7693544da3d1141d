"""The touch that a security key asks for: a bit in its signature, which `ssh-keygen -Y verify` does not look at.

Input: a parsed SSHSIG. Output: whether somebody touched the key.
Source: OpenSSH PROTOCOL.u2f, signature format.
"""

from murenger.record.sshsig import SshSignature

_PREFIX = "sk-"
_USER_PRESENT = 0x01
# One byte of flags and a counter end the signature.
_TAIL_BYTES = 5


def user_presence(claim: SshSignature) -> bool | None:
    """Tell whether a security key was touched for a signature; None for a key that asks for no touch.

    Args:
        claim: a signature that was found good; the bit is part of what is signed.
    """
    if not claim.key_type.startswith(_PREFIX):
        return None
    return bool(claim.blob[-_TAIL_BYTES] & _USER_PRESENT)
