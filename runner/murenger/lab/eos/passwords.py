"""The two ways in which the emulated device keeps secrets: SHA-512 crypt hashes and reversible type 7 strings.

Input: clear text and a salt. Output: the text that a configuration line shows.
Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6, for the hash.
"""

import hashlib
import hmac
import re
import secrets

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 5000
_TYPE_7 = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
_SALTS_7 = 16


def new_salt() -> str:
    """Return 16 random characters of the crypt alphabet."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def sha512_crypt(password: str, salt: str, rounds: int = _ROUNDS) -> str:
    """Hash a password as `crypt(3)` does for `$6$`.

    Args:
        password: clear text.
        salt: 1 to 16 characters of the crypt alphabet.
        rounds: 1000 to 999999999; 5000 is not written into the result.

    Returns:
        The `$6$salt$hash` string.
    """
    key, seed = password.encode(), salt.encode()[:16]
    state = _first_digest(key, seed)
    filler = _stretch(hashlib.sha512(key * len(key)).digest(), len(key))
    seasoning = _stretch(hashlib.sha512(seed * (16 + state[0])).digest(), len(seed))
    for number in range(rounds):
        odd = number % 2
        block = hashlib.sha512(filler if odd else state)
        block.update(seasoning if number % 3 else b"")
        block.update(filler if number % 7 else b"")
        block.update(state if odd else filler)
        state = block.digest()
    named = "" if rounds == _ROUNDS else f"rounds={rounds}$"
    return f"$6${named}{salt[:16]}${_encode(state)}"


def _stretch(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _first_digest(key: bytes, seed: bytes) -> bytes:
    other = hashlib.sha512(key + seed + key).digest()
    first = hashlib.sha512(key + seed + _stretch(other, len(key)))
    bits = len(key)
    while bits:
        first.update(other if bits & 1 else key)
        bits >>= 1
    return first.digest()


def _encode(digest: bytes) -> str:
    text = []
    a, b, c = 0, 21, 42
    for _ in range(21):
        text.append(_letters(digest[a] << 16 | digest[b] << 8 | digest[c], 4))
        a, b, c = b + 1, c + 1, a + 1
    return "".join([*text, _letters(digest[63], 2)])


def _letters(value: int, count: int) -> str:
    return "".join(_ALPHABET[value >> 6 * place & 0x3F] for place in range(count))


def verify(password: str, stored: str) -> bool:
    """Say whether a clear password belongs to a `$6$` string."""
    found = re.fullmatch(r"\$6\$(?:rounds=(\d+)\$)?([^$]{1,16})\$.+", stored)
    if found is None:
        return False
    return hmac.compare_digest(sha512_crypt(password, found[2], int(found[1] or _ROUNDS)), stored)


def encrypt_7(clear: str, salt: int | None = None) -> str:
    """Write a secret as a reversible type 7 string.

    Args:
        clear: the secret.
        salt: 0 to 15; None draws one.
    """
    start = secrets.randbelow(_SALTS_7) if salt is None else salt
    coded = (byte ^ _TYPE_7[(start + place) % len(_TYPE_7)] for place, byte in enumerate(clear.encode()))
    return f"{start:02d}" + "".join(f"{byte:02X}" for byte in coded)


def decrypt_7(coded: str) -> str:
    """Return the secret of a type 7 string."""
    start, body = int(coded[:2]), bytes.fromhex(coded[2:])
    return bytes(byte ^ _TYPE_7[(start + place) % len(_TYPE_7)] for place, byte in enumerate(body)).decode(
        errors="replace"
    )
