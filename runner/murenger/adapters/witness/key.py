"""The key of a witness, which is its identity: one line of text that holds name and key.

Input: a path. Output: the key, or one clear SignatureError.
"""

from pathlib import Path

from murenger.adapters.keys.key_file import read_key, write_key
from murenger.errors import SignatureError
from murenger.record.tree.note import SignatureType, SignerKey, make_key, parse_skey


def make_witness_key(path: Path, name: str) -> str:
    """Make the key of a witness in a file of mode 0400.

    Args:
        path: where; nothing may be there.
        name: of the witness, such as `witness.example.org/w1`.

    Returns:
        The public key as one line, for the logs' operators and for auditors.

    Raises:
        SignatureError: a file is in the way, the folder cannot be written, or no key can have that name.
    """
    try:
        key = make_key(name, SignatureType.COSIGNATURE)
    except ValueError as exc:
        raise SignatureError(f"a witness cannot be named {name!a}: {exc}") from exc
    write_key(path, f"{key.skey}\n".encode())
    return key.verifier.vkey


def load_witness_key(path: Path) -> SignerKey:
    """Return the key of a witness.

    Raises:
        SignatureError: the file is missing, a link, open to others, or holds no witness's key.
    """
    try:
        key = parse_skey(read_key(path).decode("utf-8"))
    except ValueError as exc:
        # The reason is not repeated, for it may quote a part of the key.
        raise SignatureError(f"{path} is not the key of a witness", hint="murenger witness key makes one") from exc
    if key.type is not SignatureType.COSIGNATURE:
        raise SignatureError(f"{path} is a key of another kind", hint="murenger witness key makes one")
    return key
