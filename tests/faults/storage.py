"""A small file system under a site, which can be filled and made read-only.

Input: a folder. Output: a tmpfs of a few megabytes on it, in a mount namespace of this process's own; or, where that
namespace is not to be had, a folder that can be spared those two faults.
"""

import contextlib
import os
import pathlib
import subprocess
from collections.abc import Iterator

from murenger.lab import syscalls

SIZE_BYTES = 24 << 20
BALLAST = "ballast"
PAGE_BYTES = 4096


class Storage:
    """The file system that a site lies on.

    Args:
        folder: its mount point.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._sealed: list[pathlib.Path] = []

    def fill(self, pages_left: int) -> None:
        """Leave room for so many pages, and nothing more."""
        free = os.statvfs(self.folder)
        wanted = free.f_bavail * free.f_frsize - pages_left * PAGE_BYTES
        if wanted <= 0:
            return
        handle = os.open(self.folder / BALLAST, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, wanted)
        finally:
            os.close(handle)

    def seal(self, *folders: pathlib.Path) -> None:
        """Make folders read-only."""
        for folder in folders:
            syscalls.mount(str(folder), str(folder), flags=syscalls.MS_BIND)
            self._sealed.append(folder)
            syscalls.mount("none", str(folder), flags=syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY)

    def mend(self) -> None:
        """Give back the room, and let everything be written again."""
        (self.folder / BALLAST).unlink(missing_ok=True)
        while self._sealed:
            subprocess.run(("umount", "--lazy", str(self._sealed.pop())), check=True, capture_output=True)

    def mend_all(self, *folders: pathlib.Path) -> None:
        """The same for what another process sealed."""
        mounted = {line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text("utf-8").splitlines()}
        self._sealed = [folder for folder in folders if str(folder) in mounted]
        self.mend()


@contextlib.contextmanager
def small_disk(folder: pathlib.Path) -> Iterator[Storage]:
    """Put a small file system on a folder; the caller is in a mount namespace of its own.

    Args:
        folder: empty.
    """
    syscalls.mount("tmpfs", str(folder), kind="tmpfs", options=f"size={SIZE_BYTES},mode=700")
    try:
        yield Storage(folder)
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=True, capture_output=True)
