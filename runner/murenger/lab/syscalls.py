"""The two Linux calls that Python 3.11 lacks: entering a namespace and mounting.

Input: file descriptors and paths. Output: the calling thread's namespaces and mounts, changed.
"""

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_BIND = 0x1000
MS_REC = 0x4000
MS_RELATIME = 0x200000


def enter_namespace(fd: int, kind: int) -> None:
    """Move the calling thread into the namespace behind a descriptor (setns(2)).

    Args:
        fd: an open namespace file.
        kind: the namespace type, such as `CLONE_NEWNET`.

    Raises:
        OSError: the kernel refused.
    """
    if _LIBC.setns(fd, kind) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")


def mount(source: str, target: str, *, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Attach a file system, or bind a folder, without the clean-up of paths that the program of that name would do.

    Args:
        source: what to mount; `/proc/self/fd/N` reaches a folder that another mount has since covered.
        target: where; must exist.
        kind: file system type, or None for a bind.
        flags: `MS_*` bits.
        options: file system options, such as `mode=755`.

    Raises:
        OSError: the kernel refused; its file name is the target.
    """
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    if _LIBC.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), target)
