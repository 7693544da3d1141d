"""Private files: folders of mode 0700, files of mode 0600, written whole or not at all.

Input: a path and bytes. Output: the same bytes on disk after a crash, or the file as it was before.
"""

import contextlib
import os
import pathlib
import tempfile

from murenger.errors import ConfigError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def private_folder(path: pathlib.Path) -> pathlib.Path:
    """Make a folder that only its owner may enter, unless it is there already.

    Raises:
        ConfigError: it cannot be made, or something else is in its place.
    """
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(f"the folder {path} cannot be made: {exc.strerror}", hint="see runner.state") from exc
    return path


def write_private(path: pathlib.Path, content: bytes) -> None:
    """Write a file so that it holds either what it held before or all of the new content, whatever happens.

    Raises:
        ConfigError: the disk would not take it.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".murenger-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        pathlib.Path(temporary).chmod(PRIVATE_FILE)
        pathlib.Path(temporary).replace(path)
        sync_folder(path.parent)
    except OSError as exc:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                pathlib.Path(temporary).unlink()
        raise ConfigError(f"{path} cannot be written: {exc.strerror}", hint="is the disk full or read-only?") from exc


def sync_folder(path: pathlib.Path) -> None:
    """Make sure that the names in a folder are on disk.

    Raises:
        OSError: the disk fails.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
