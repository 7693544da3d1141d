"""Detached processes that can be found again and ended without ever hitting a stranger.

Input: a command line. Output: a process in its own session, and a record of it (pid, start time, boot) on disk before
the command begins, so that a controller killed at any moment leaves nothing that cannot be found.
"""

import contextlib
import dataclasses
import os
import pathlib
import select
import signal
import time
from collections.abc import Mapping, Sequence

from murenger.lab.failure import LabError
from murenger.lab.files import read_json, write_json

_BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")
_START_TIME_FIELD = 19  # field 22 of proc(5) stat, counted from the state that follows the command name
_DEAD_STATES = ("Z", "X", "x")

# The shell waits for one line and becomes the command; when the controller dies before it has recorded the process,
# the pipe closes, `read` fails and nothing is started.
_GATE = 'read -r _ || exit 1; cd "$1" || exit 1; shift; exec "$@" </dev/null'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """One process, told apart from any later one with the same pid.

    Attributes:
        pid: process id, as seen outside the lab.
        start_ticks: start time in clock ticks since boot.
        boot_id: the kernel's id of this boot.
    """

    pid: int
    start_ticks: int
    boot_id: str


def _stat(pid: int) -> tuple[str, int] | None:
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[_START_TIME_FIELD])


def identify(pid: int) -> ProcessRecord | None:
    """Return the record of a running process.

    Args:
        pid: process id.

    Returns:
        Its record, or None when it does not run (a zombie does not).
    """
    found = _stat(pid)
    if found is None or found[0] in _DEAD_STATES:
        return None
    boot_id = _BOOT_ID.read_text(encoding="ascii").strip()
    return ProcessRecord(pid=pid, start_ticks=found[1], boot_id=boot_id)


def load_record(path: pathlib.Path) -> ProcessRecord | None:
    """Read a record.

    Args:
        path: the file that `start_detached` wrote.

    Returns:
        The record, or None when there is none.

    Raises:
        LabError: the file is damaged.
    """
    try:
        value = read_json(path)
    except FileNotFoundError:
        return None
    pid, start_ticks, boot_id = value.get("pid"), value.get("start_ticks"), value.get("boot_id")
    if not (isinstance(pid, int) and isinstance(start_ticks, int) and isinstance(boot_id, str)):
        raise LabError(f"{path} is not a process record", hint="remove it after checking that nothing of the lab runs")
    return ProcessRecord(pid=pid, start_ticks=start_ticks, boot_id=boot_id)


def is_running(record: ProcessRecord) -> bool:
    """Tell whether this very process still runs.

    Args:
        record: what `start_detached` recorded.
    """
    return identify(record.pid) == record


def start_detached(
    argv: Sequence[str],
    *,
    record_path: pathlib.Path,
    log_path: pathlib.Path,
    folder: pathlib.Path = pathlib.Path("/"),
    environment: Mapping[str, str] | None = None,
    keep_fds: Sequence[int] = (),
) -> ProcessRecord:
    """Start a command in its own session, recorded before it begins.

    Args:
        argv: the command; the first word is looked up in PATH.
        record_path: where the record is written.
        log_path: where its output goes.
        folder: its working folder.
        environment: its environment; the caller's when None.
        keep_fds: descriptors that it inherits under the same numbers.

    Returns:
        The record.

    Raises:
        LabError: the process ended before it could be recorded.
    """
    for fd in keep_fds:
        os.set_inheritable(fd, True)
    gate_read, gate_write = os.pipe()
    log_flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _GATE, "sh", str(folder), *argv],
            dict(os.environ if environment is None else environment),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, gate_read, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.fspath(log_path), log_flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        record = identify(pid)
        if record is None:
            raise LabError(f"{argv[0]} ended before it began", hint=f"see {log_path}")
        write_json(record_path, dataclasses.asdict(record))
        os.write(gate_write, b"go\n")
    finally:
        os.close(gate_read)
        os.close(gate_write)
    return record


def _children(pid: int) -> tuple[int, ...]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return tuple(int(word) for word in text.split())
    return ()


def _wait_gone(fd: int, deadline: float) -> bool:
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(max(0.0, deadline - time.monotonic()) * 1000))


def stop(record: ProcessRecord, *, timeout_s: float = 10.0) -> bool:
    """Kill this very process and its children, and wait until they are gone.

    The signal goes through a pid descriptor taken before the start time is compared, so a reused pid is never hit.
    It is SIGKILL because `unshare` ignores SIGTERM, and because nothing in a lab is worth saving.

    Args:
        record: what `start_detached` recorded.
        timeout_s: seconds to wait, > 0.

    Returns:
        True when it ran, False when it was gone already.

    Raises:
        LabError: it is still there after the time limit, or belongs to another user.
    """
    deadline = time.monotonic() + timeout_s
    with contextlib.ExitStack() as stack:
        parent = _open_pid(record.pid, stack)
        if parent is None or not is_running(record):
            _reap(record.pid)
            return False
        opened = {pid: _open_pid(pid, stack) for pid in _children(record.pid)}
        # What is still a child now was one when its descriptor was taken, so that descriptor is not a stranger's.
        children = [fd for pid in _children(record.pid) if (fd := opened.get(pid)) is not None]
        for fd in (parent, *children):
            _kill(fd, record.pid)
        if not all(_wait_gone(fd, deadline) for fd in (parent, *children)):
            raise LabError(f"process {record.pid} does not end", hint=f"look at it with `ps -fp {record.pid}`")
    _reap(record.pid)
    return True


def _open_pid(pid: int, stack: contextlib.ExitStack) -> int | None:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    stack.callback(os.close, fd)
    return fd


def _kill(fd: int, pid: int) -> None:
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError as exc:
        raise LabError(
            f"process {pid} belongs to another user", hint="run the command as the user who ran `up`"
        ) from exc


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
