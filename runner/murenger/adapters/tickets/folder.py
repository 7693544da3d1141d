"""Files laid into a folder of somebody else's, each whole or not at all.

Input: a folder and files by name. Output: the files there, and which of them were, or would be, new or others.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from murenger.errors import LedgerError
from murenger.record.store import read_regular

FILE_MODE, FOLDER_MODE = 0o640, 0o750
_MAX_BYTES = 128 * 1024 * 1024


def lay_down(target: Path, files: Mapping[str, bytes], *, write: bool) -> tuple[str, ...]:
    """Make a folder hold these files; what else is in it stays.

    Args:
        target: the folder; it is made if it is not there.
        files: bytes by name.
        write: False to find out only what would change.

    Returns:
        The names of the files that were, or would be, written, in order.

    Raises:
        LedgerError: something is in the way, or the folder cannot be written.
    """
    try:
        changed = tuple(sorted(name for name, content in files.items() if _present(target / name) != content))
        if write and changed:
            target.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            for name in changed:
                _replace(target, name, files[name])
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise LedgerError(
            f"the bundle cannot be laid into {target}: {reason}", hint="give a folder of its own"
        ) from exc
    return changed


def _present(path: Path) -> bytes | None:
    """Return what is there now, or None.

    Raises:
        OSError: something is there that is no plain file of ours.
        ValueError: as above.
    """
    try:
        return read_regular(path, _MAX_BYTES)
    except FileNotFoundError:
        return None


def _replace(target: Path, name: str, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(target / name)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
