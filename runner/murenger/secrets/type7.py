"""Type 7: the reversible writing of passwords that some platforms use.

Input: such a text. Output: the password, so that its sixteen writings give one fingerprint; it is never shown.
Source: the constant and the method are in wide public use since 1995; they hide nothing from anyone.
"""

_PAD = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
_MAX_SALT = 15


def reveal(text: str) -> str | None:
    """Return the password that a type 7 text hides, or None if it is no such text."""
    try:
        salt, hidden = int(text[:2]), bytes.fromhex(text[2:])
    except ValueError:
        return None
    if not hidden or not text.isascii() or not text.isalnum() or not 0 <= salt <= _MAX_SALT:
        return None
    plain = bytes(byte ^ _PAD[(salt + index) % len(_PAD)] for index, byte in enumerate(hidden))
    return plain.decode() if plain.isascii() and plain.decode().isprintable() else None
