"""A file that holds a private key for a program: made once, readable by its owner alone.

Input: a path. Output: the file's bytes, or one clear SignatureError; no message repeats what the file holds.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path

from murenger.errors import SignatureError

KEY_MODE = 0o400
MAX_KEY_BYTES = 16 * 1024

_OTHERS = 0o077


def write_key(path: Path, content: bytes) -> None:
    """Write a new key file of mode 0400; after a crash it is there whole or not at all usable.

    Raises:
        SignatureError: something is there already, or the folder cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, KEY_MODE)
    except FileExistsError as exc:
        raise SignatureError(f"{path} exists already", hint="a key is never overwritten; choose another path") from exc
    except OSError as exc:
        raise SignatureError(f"the key {path} cannot be made: {exc.strerror}") from exc
    try:
        with os.fdopen(descriptor, "wb") as file:
            # The mode given to open() passes through the umask, which may take away the owner's right to read.
            os.fchmod(descriptor, KEY_MODE)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _sync_folder(path.parent)
    except OSError as exc:
        with contextlib.suppress(OSError):
            path.unlink()
        raise SignatureError(f"the key {path} cannot be written: {exc.strerror}", hint="is the disk full?") from exc


def read_key(path: Path) -> bytes:
    """Return the bytes of a key file that nobody but its owner can read.

    Raises:
        SignatureError: it is missing, a link, no regular file, too large, or open to others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise SignatureError(f"there is no key {path}") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise SignatureError(f"the key {path} is a symbolic link", hint="name the file itself") from exc
        raise SignatureError(f"the key {path} cannot be read: {exc.strerror}") from exc
    try:
        _check_status(path, os.fstat(descriptor))
        content = os.read(descriptor, MAX_KEY_BYTES + 1)
    except OSError as exc:
        raise SignatureError(f"the key {path} cannot be read: {exc.strerror}") from exc
    finally:
        os.close(descriptor)
    if len(content) > MAX_KEY_BYTES:
        raise SignatureError(f"the key {path} is larger than the {MAX_KEY_BYTES} bytes that any key has")
    return content


def _check_status(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SignatureError(f"the key {path} is no regular file")
    if stat.S_IMODE(status.st_mode) & _OTHERS:
        raise SignatureError(
            f"the key {path} is open to others: mode {stat.S_IMODE(status.st_mode):04o}",
            hint="chmod 0400 it; others can read it now, so consider a new key",
        )


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
