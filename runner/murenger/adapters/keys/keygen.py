"""SSH keys as files: making them and naming them.

Input: paths. Output: public key lines and fingerprints.
"""

import os
from pathlib import Path

from murenger.adapters.keys.process import ssh_keygen
from murenger.errors import SignatureError

_KINDS = {"ed25519": ("-t", "ed25519"), "ecdsa-p256": ("-t", "ecdsa", "-b", "256")}


def generate_key(path: Path, comment: str, kind: str = "ed25519") -> str:
    """Make a key pair without a passphrase, for a program; readable by its owner alone.

    Args:
        path: of the private key; the public key gets `.pub`.
        comment: text at the end of the public key line; one line.
        kind: ed25519 (default profile) or ecdsa-p256 (fips profile).

    Returns:
        The public key line, without line end.

    Raises:
        SignatureError: the kind is unknown, a file is in the way, or the folder cannot be written.
    """
    if kind not in _KINDS:
        raise SignatureError(f"key kind {kind!r} is unknown", hint=f"one of {', '.join(_KINDS)}")
    if not comment.isprintable():
        raise SignatureError("a key's comment is one line of text")
    public = _public_path(path)
    for taken in (path, public):
        if taken.exists() or taken.is_symlink():
            raise SignatureError(f"{taken} exists already", hint="a key is never overwritten; choose another path")
    done = ssh_keygen(["-q", *_KINDS[kind], "-N", "", "-C", comment, "-f", path])
    if done.code != 0:
        raise SignatureError(f"cannot make the key {path}: {_last_line(done.complaint or done.output)}")
    path.chmod(0o400)
    public.chmod(0o444)
    return public_key(path)


def public_key(path: Path) -> str:
    """Return the public key line of a key pair, without line end.

    Args:
        path: of the private or the public key.

    Raises:
        SignatureError: there is no readable public key, and the private key does not give it away.
    """
    for candidate in (path, _public_path(path)):
        line = _read_public(candidate)
        if line:
            return line
    done = ssh_keygen(["-y", "-f", path])
    if done.code != 0:
        raise _unusable(path, done.complaint)
    return done.output.strip()


def fingerprint(path: Path) -> str:
    """Return `SHA256:...` of a private or public key file.

    Raises:
        SignatureError: it is missing or no key.
    """
    done = ssh_keygen(["-l", "-E", "sha256", "-f", path])
    words = done.output.split()
    if done.code != 0 or len(words) < 2:  # noqa: PLR2004 - size, fingerprint
        raise _unusable(path, done.complaint)
    return words[1]


def _public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _read_public(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    is_public = len(text.splitlines()) == 1 and text.startswith(("ssh-", "ecdsa-", "sk-"))
    return text if is_public else ""


def _unusable(path: Path, complaint: str) -> SignatureError:
    try:
        os.stat(path)  # noqa: PTH116 - Path.exists hides a folder that may not be entered
    except FileNotFoundError:
        return SignatureError(f"there is no key {path}", hint="murenger keys makes one")
    except OSError as exc:
        return SignatureError(f"the key {path} cannot be read: {exc.strerror}")
    return SignatureError(f"{path} is not a usable key: {_last_line(complaint)}")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
