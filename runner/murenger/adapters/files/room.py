"""Room: whether a folder takes what will soon be written to it.

Input: a folder. Output: why it would not, and how much is free.
"""

import os
import pathlib
import tempfile

PROBE = bytes(65536)


def write_fault(folder: pathlib.Path) -> str:
    """Return why a file in a folder cannot be written and reach the disk, or "".

    The file has no name, so that nothing is left of it whenever the process ends.
    """
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            probe.write(PROBE)
            os.fsync(probe.fileno())
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def free_bytes(folder: pathlib.Path) -> int:
    """Return how much this user may still write to the file system of a folder; 0 where nobody can say."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize
