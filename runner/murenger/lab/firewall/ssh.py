"""An SSH server inside the firewall that needs no privileges: exec channels with exact streams, shells on a real pty.

Input: logins, a host key and the socket to listen on. Output: commands run in the firewall's namespaces.

OpenSSH cannot serve here: with a single mapped user its chown of the pty fails. The read account is held to
`accounts.READ_COMMANDS` by this server, because behind it every login is the one mapped user.
"""

import asyncio
import fcntl
import hmac
import os
import pathlib
import signal
import socket
import termios
from collections.abc import Coroutine, Mapping

import asyncssh

from murenger.lab.description import READ_ROLE, Description, Login
from murenger.lab.firewall import accounts, namespaces, topology

_REFUSED = 126
_CHUNK_BYTES = 65536
_TERMINAL_PAUSE_S = 0.01
# Work goes on when its SSH connection is lost, as under OpenSSH: a half-read pipe is the command's own affair.
_running: set[asyncio.Task[None]] = set()


class _Server(asyncssh.SSHServer):
    def __init__(self, logins: Mapping[str, Login], keys: Mapping[str, asyncssh.SSHKey]) -> None:
        self._logins = logins
        self._keys = keys

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        login = self._logins.get(username)
        return login is not None and hmac.compare_digest(login.password.encode(), password.encode())

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = self._keys.get(username)
        return known is not None and known.public_data == key.public_data


def _environment(login: Login) -> dict[str, str]:
    home = namespaces.HOMES / login.name
    home.mkdir(exist_ok=True, mode=0o700)
    return {
        "PATH": topology.PATH,
        "HOME": str(home),
        "USER": login.name,
        "LOGNAME": login.name,
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
    }


async def serve_ssh(listener: socket.socket, description: Description, keys_dir: pathlib.Path) -> asyncssh.SSHAcceptor:
    """Serve SSH on a socket of the firewall's namespace.

    Args:
        listener: bound to the firewall's port 22, not yet listening.
        description: names, passwords and roles.
        keys_dir: holds `ROLE.pub`, the public key that the login of that role may use.

    Returns:
        The running server.

    Raises:
        OSError: the host key or a public key cannot be read.
    """
    logins = {login.name: login for login in description.logins}
    keys = {
        login.name: asyncssh.read_public_key(path)
        for login in description.logins
        if (path := keys_dir / f"{login.role}.pub").exists()
    }

    async def start(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await _detached(_run(process, logins[process.get_extra_info("username")]))

    return await asyncssh.listen(
        sock=listener,
        server_factory=lambda: _Server(logins, keys),
        server_host_keys=[str(keys_dir / "host_key")],
        process_factory=start,
        encoding=None,
        line_editor=False,
        allow_scp=False,
        login_timeout=30,
    )


async def _detached(work: Coroutine[None, None, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.shield(task)


async def _run(process: asyncssh.SSHServerProcess[bytes], login: Login) -> None:
    if process.subsystem:
        process.exit(_REFUSED)
    elif process.command is None:
        await (_restricted_shell(process, login) if login.role == READ_ROLE else _shell(process, login))
    elif accounts.is_allowed(login.role, process.command):
        await _execute(process, login, process.command)
    else:
        process.stderr.write(f"{login.name} may not run this command\n".encode())
        process.exit(_REFUSED)


async def _execute(process: asyncssh.SSHServerProcess[bytes], login: Login, command: str) -> None:
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(login),
        cwd=namespaces.HOMES / login.name,
        start_new_session=True,
    )
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise RuntimeError("a child with pipes has no pipes")
    feeding = asyncio.create_task(_feed(process, child.stdin))
    await asyncio.gather(_drain(child.stdout, process.stdout), _drain(child.stderr, process.stderr))
    code = await child.wait()
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    _exit(process, code)


async def _feed(process: asyncssh.SSHServerProcess[bytes], sink: asyncio.StreamWriter) -> None:
    try:
        while data := await process.stdin.read(_CHUNK_BYTES):
            sink.write(data)
            await sink.drain()
    except (OSError, asyncssh.Error):
        return  # the command stopped reading, or the link is gone; either way its input ends here
    finally:
        sink.close()


async def _drain(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    while data := await source.read(_CHUNK_BYTES):
        try:
            sink.write(data)
            await sink.drain()
        except (OSError, asyncssh.Error):
            return  # the link is gone: closing the pipe lets the command find out as it would under OpenSSH


def _exit(process: asyncssh.SSHServerProcess[bytes], code: int) -> None:
    if process.is_closing():
        return
    if code < 0:
        process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    else:
        process.exit(code)


async def _shell(process: asyncssh.SSHServerProcess[bytes], login: Login) -> None:
    controller, terminal = os.openpty()
    os.set_blocking(controller, False)
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-i",
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=_environment(login) | {"PS1": f"{login.name}@{socket.gethostname()}:~# ", "TERM": "dumb"},
        cwd=namespaces.HOMES / login.name,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def forward() -> None:
        try:
            process.stdout.write(os.read(controller, _CHUNK_BYTES))
        except BlockingIOError:
            return
        except OSError:  # EIO: the last process on the terminal is gone
            loop.remove_reader(controller)
            ended.set()

    loop.add_reader(controller, forward)
    typing = asyncio.create_task(_type(process, controller))
    hanging_up = asyncio.create_task(process.channel.wait_closed())
    hanging_up.add_done_callback(lambda _task: ended.set())
    await ended.wait()
    loop.remove_reader(controller)
    typing.cancel()
    hanging_up.cancel()
    os.close(controller)  # hangs up the terminal, which ends the shell where the client left first
    _exit(process, await child.wait())


async def _type(process: asyncssh.SSHServerProcess[bytes], controller: int) -> None:
    while data := await _keys(process):
        while data:
            try:
                data = data[os.write(controller, data) :]
            except BlockingIOError:  # the shell is busy; this loop must stay free to carry its output away
                await asyncio.sleep(_TERMINAL_PAUSE_S)
            except OSError:
                return


async def _restricted_shell(process: asyncssh.SSHServerProcess[bytes], login: Login) -> None:
    prompt = f"{login.name}@{socket.gethostname()}:~$ ".encode()
    process.stdout.write(prompt)
    pending = b""
    while data := await _keys(process):
        process.stdout.write(data.replace(b"\r", b"\r\n"))
        *lines, pending = (pending + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            command = line.decode(errors="replace").strip()
            if command in {"exit", "logout"}:
                process.exit(0)
                return
            process.stdout.write(await _restricted_answer(login, command) + prompt)
    _exit(process, 0)


async def _keys(process: asyncssh.SSHServerProcess[bytes]) -> bytes:
    while True:
        try:
            return await process.stdin.read(_CHUNK_BYTES)
        except asyncssh.TerminalSizeChanged:
            continue
        except (OSError, asyncssh.Error):
            return b""


async def _restricted_answer(login: Login, command: str) -> bytes:
    if not command:
        return b""
    if not accounts.is_allowed(login.role, command):
        return f"{login.name} may not run this command\r\n".encode()
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_environment(login),
    )
    output, _ = await child.communicate()
    return output.replace(b"\n", b"\r\n")
