"""A small SSH server to run inside a firewall's own network namespace; the tests start it, it is no test.

Input: an inherited listening socket of the host's loopback, a folder with `host_key` and `password`. Output: a login
on which exec requests run with exact pipes, as a real firewall's SSH server does. Connections come in by the inherited
socket and are passed on over the namespace's loopback, through its input chain: a rule can lock the tests out.
"""

import asyncio
import fcntl
import os
import socket
import subprocess
import sys
import termios
from pathlib import Path

import asyncssh

CHUNK = 65536
WITHOUT_STATUS = 200
"""A program that ends with this code is reported without any, as by a server that broke."""


class Login(asyncssh.SSHServer):
    """Password authentication with the one password of the folder."""

    def __init__(self, password: str) -> None:
        self._password = password

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == "admin" and password == self._password


async def copy(source: asyncio.StreamReader, sink: "asyncssh.SSHWriter[bytes]") -> None:
    """Copy what a program prints to its channel; a listener who left is no reason to stop the program."""
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    except (OSError, asyncssh.Error):
        while await source.read(CHUNK):
            continue


async def feed(source: "asyncssh.SSHReader[bytes]", sink: asyncio.StreamWriter) -> None:
    """Copy what the client sends to a program, as it comes."""
    try:
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    except (OSError, asyncssh.Error):
        pass  # a link that broke and an input that ended are the same to the program
    finally:
        sink.close()


async def execute(process: "asyncssh.SSHServerProcess[bytes]", command: str) -> None:
    """Run an exec request with pipes and report its exit code."""
    program = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdin
    assert program.stdout
    assert program.stderr
    feeding = asyncio.create_task(feed(process.stdin, program.stdin))
    await asyncio.gather(copy(program.stdout, process.stdout), copy(program.stderr, process.stderr))
    code = await program.wait()
    feeding.cancel()
    if code == WITHOUT_STATUS:
        process.close()
    elif code < 0:
        process.exit_with_signal("KILL")
    else:
        process.exit(code)


async def shell(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    """Run a shell request on a terminal of its own; netmiko opens one before anything else."""
    leader, follower = os.openpty()

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    program = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-i",
        stdin=follower,
        stdout=follower,
        stderr=follower,
        preexec_fn=own_terminal,
        env={"PS1": "fw# ", "PATH": os.environ["PATH"]},
    )
    os.close(follower)
    screen = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(screen), os.fdopen(os.dup(leader), "rb", 0))
    showing = asyncio.create_task(copy(screen, process.stdout))
    # The terminal's keyboard is never used: the driver runs commands on channels of their own.
    await process.stdin.read()
    program.kill()
    await program.wait()
    showing.cancel()
    os.close(leader)
    process.exit(0)


async def serve(process: "asyncssh.SSHServerProcess[bytes]") -> None:
    """Serve one channel."""
    if process.command is None:
        await shell(process)
    else:
        await execute(process, process.command)


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass a connection of the host's loopback on to port 22 in this namespace."""
    try:
        inner_reader, inner_writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", 22), timeout=30)
    except OSError:
        writer.close()
        return

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(CHUNK):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass  # either end may reset
        finally:
            sink.close()

    await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))


SUDOERS = """\
heal ALL=(root) NOPASSWD: /run/helper/murenger-nft, /usr/sbin/nft -s list ruleset, /usr/sbin/nft -s -j list ruleset
asker ALL=(root) /run/helper/murenger-nft, /usr/sbin/nft -s list ruleset, /usr/sbin/nft -s -j list ruleset
reader ALL=(root) NOPASSWD: /usr/sbin/nft -s list ruleset, /usr/sbin/nft -s -j list ruleset
"""


def prepare_openssh(folder: Path, password: str) -> None:
    """Run OpenSSH with three ordinary logins, on a copy of /etc that only this namespace sees."""
    subprocess.run(["cp", "-a", "/etc", "/run/etc"], check=True)
    subprocess.run(["mount", "--bind", "/run/etc", "/etc"], check=True)
    for name in ("heal", "asker", "reader"):
        subprocess.run(["useradd", "-m", "-b", "/run", "-s", "/bin/sh", name], check=True)
        subprocess.run(["chpasswd"], input=f"{name}:{password}", text=True, check=True)
    Path("/etc/sudoers.d/murenger").write_text(SUDOERS, encoding="utf-8")
    Path("/etc/sudoers.d/murenger").chmod(0o440)
    helper = Path("/run/helper/murenger-nft")
    helper.parent.mkdir()
    helper.write_text((folder / "helper").read_text(encoding="utf-8"), encoding="utf-8")
    helper.chmod(0o755)
    Path("/run/sshd").mkdir()
    key = Path("/run/host_key")
    key.write_bytes((folder / "host_key").read_bytes())
    key.chmod(0o600)
    options = ("UsePAM=no", "PasswordAuthentication=yes", "ListenAddress=127.0.0.1", f"HostKey={key}", "PidFile=none")
    subprocess.run(["/usr/sbin/sshd", "-f", "/dev/null", *(f"-o{option}" for option in options)], check=True)


def prepare(folder: Path, password: str, *, openssh: bool) -> None:
    """Make the namespace a place to serve in."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    if openssh:
        prepare_openssh(folder, password)


async def main(descriptor: int, folder: Path, password: str, *, openssh: bool) -> None:
    """Serve until killed."""
    if not openssh:
        await asyncssh.listen(
            "127.0.0.1",
            22,
            server_factory=lambda: Login(password),
            server_host_keys=[str(folder / "host_key")],
            process_factory=serve,
            encoding=None,
            line_editor=False,
        )
    await asyncio.start_server(relay, sock=socket.socket(fileno=descriptor))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def start(descriptor: int, folder: Path, *, openssh: bool) -> None:
    """Prepare and serve."""
    password = (folder / "password").read_text(encoding="utf-8")
    prepare(folder, password, openssh=openssh)
    asyncio.run(main(descriptor, folder, password, openssh=openssh))


if __name__ == "__main__":
    start(int(sys.argv[1]), Path(sys.argv[2]), openssh="openssh" in sys.argv[3:])
