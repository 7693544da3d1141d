"""The private world of one lab firewall: its own mounts, host name and network namespaces.

Input: a process that `unshare` gave fresh mount, UTS and process namespaces. Output: that process with a private `/run`
and `/etc`, a read-only machine behind it, and a way to make sockets inside any of the network namespaces.
"""

import contextlib
import os
import pathlib
import socket
from collections.abc import Iterator

from murenger.lab import syscalls
from murenger.lab.firewall import topology

DEVICE = pathlib.Path("/run/device")
HOMES = pathlib.Path("/run/home")
_ETC, _TMP = pathlib.Path("/etc"), pathlib.Path("/tmp")  # noqa: S108 - the folder itself is replaced here
# Folders that the firewall gets for itself, filled with links into where the machine's own is then bound.
_SHOWN = {
    _ETC: pathlib.Path("/run/host-etc"),
    _TMP: pathlib.Path("/run/host-tmp"),
    pathlib.Path("/usr/local/sbin"): pathlib.Path("/run/host-sbin"),
}
# What a firewall writes itself: never a way through to the machine's own file.
_OWN_FILES = frozenset(
    {
        *("hostname", "hosts", "nftables.conf", "nftables.d", "passwd", "group", "shadow", "gshadow"),
        *(".pwd.lock", "passwd-", "shadow-", "sudoers", "sudoers.d", "murenger-nft.conf"),
    }
)
_KERNEL_FOLDERS = ("/proc", "/sys", "/dev")
_PRIVATE_FOLDERS = frozenset({"/run", str(DEVICE), *map(str, _SHOWN)})
_FLAG_BITS = {
    "nosuid": syscalls.MS_NOSUID,
    "nodev": syscalls.MS_NODEV,
    "noexec": syscalls.MS_NOEXEC,
    "noatime": syscalls.MS_NOATIME,
    "nodiratime": syscalls.MS_NODIRATIME,
    "relatime": syscalls.MS_RELATIME,
}


def isolate(device_dir: pathlib.Path, hostname: str) -> None:
    """Give the calling process a `/run` and `/etc` of its own and make everything else read-only.

    Args:
        device_dir: the device's folder; it appears as `DEVICE` and stays writable.
        hostname: name of the firewall.

    Raises:
        OSError: the kernel refused a mount.
    """
    socket.sethostname(hostname)
    sources = ((device_dir, DEVICE), *_SHOWN.items())
    with contextlib.ExitStack() as stack:
        pairs = []
        for source, target in sources:
            if not source.is_dir():
                continue
            fd = os.open(source, os.O_PATH)
            stack.callback(os.close, fd)
            pairs.append((fd, target))
        _tmpfs(pathlib.Path("/run"), "mode=755")
        for fd, target in pairs:
            target.mkdir()
            syscalls.mount(f"/proc/self/fd/{fd}", str(target), flags=syscalls.MS_BIND | syscalls.MS_REC)
    for folder, original in _SHOWN.items():
        if folder.is_dir():
            _tmpfs(folder, "mode=1777" if folder == _TMP else "mode=755")
            _link_entries(original, folder)
    _own_etc(hostname)
    HOMES.mkdir(mode=0o755)
    _close_the_rest()


def _tmpfs(target: pathlib.Path, options: str) -> None:
    syscalls.mount("tmpfs", str(target), kind="tmpfs", flags=syscalls.MS_NOSUID | syscalls.MS_NODEV, options=options)


def _link_entries(source: pathlib.Path, target: pathlib.Path) -> None:
    """Let a fresh folder show what the machine's own holds (a Python under `/tmp`, say) without letting it change."""
    for entry in source.iterdir():
        (target / entry.name).symlink_to(entry)


def _own_etc(hostname: str) -> None:
    for name in _OWN_FILES:
        (_ETC / name).unlink(missing_ok=True)
    for name in ("passwd", "group"):
        (_ETC / name).write_bytes((_SHOWN[_ETC] / name).read_bytes())
    (_ETC / "hostname").write_text(f"{hostname}\n", encoding="ascii")
    (_ETC / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n", encoding="ascii")


def _mounts() -> Iterator[tuple[str, int]]:
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        # The kernel writes a space as \\040 and leaves every other byte of the name as it is.
        where = fields[4].encode().decode("unicode_escape").encode("latin-1").decode()
        yield where, sum(bit for name, bit in _FLAG_BITS.items() if name in fields[5].split(","))


def _close_the_rest() -> None:
    """Make the machine's own file systems read-only in here, so that a login on the lab firewall cannot change them."""
    for where, flags in dict(_mounts()).items():
        kept = where in _PRIVATE_FOLDERS or any(f"{where}/".startswith(f"{folder}/") for folder in _KERNEL_FOLDERS)
        if not kept:
            # A mount hidden under another one, or locked by an outer container, cannot be reached and needs nothing.
            with contextlib.suppress(OSError):
                remount = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY
                syscalls.mount("none", where, flags=remount | flags)


def enter(name: str) -> None:
    """Move the calling thread into a network namespace.

    Args:
        name: one of `topology.NAMESPACES`.

    Raises:
        OSError: it does not exist.
    """
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.enter_namespace(fd, syscalls.CLONE_NEWNET)
    finally:
        os.close(fd)


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Be inside a network namespace for the length of the block, which must not await.

    A socket belongs for good to the namespace in which it was made, so making it here is enough.

    Args:
        name: one of `topology.NAMESPACES`.

    Yields:
        Nothing; the thread is back in the firewall's namespace afterwards.
    """
    enter(name)
    try:
        yield
    finally:
        enter(topology.HOME)
