"""Remote git repositories as anchors, for tests: a bare one, another writer, and ways to reach it over ssh and https.

Input: a folder. Output: real repositories served by git's own programs; what is started ends with its `with` block.
"""

import base64
import contextlib
import dataclasses
import http.server
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests import anchor_peers as peers

BRANCH = "anchors/site1"
_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"}
_START_S = 10.0


def git(folder: Path, *arguments: str, content: str = "", check: bool = True) -> str:
    """Run git as anybody would, without this account's configuration."""
    identity = ("-c", "user.name=Other", "-c", "user.email=other@example.net", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", "-C", folder, *identity, *arguments],
        input=content,
        capture_output=True,
        text=True,
        check=check,
        timeout=30,
        env={**os.environ, **_ENVIRONMENT},
    )
    return done.stdout.strip()


@dataclasses.dataclass(frozen=True)
class Remote:
    """A bare repository that refuses to be rewritten, on the same machine."""

    path: Path

    @classmethod
    def make(cls, path: Path, object_format: str = "sha1") -> "Remote":
        """Make one that is empty."""
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--bare", f"--object-format={object_format}", ".")
        git(path, "config", "receive.denyNonFastForwards", "true")
        git(path, "config", "receive.denyDeletes", "true")
        git(path, "config", "receive.fsckObjects", "true")
        return cls(path)

    def tip(self) -> str:
        """Return the end of the branch, or ""."""
        return git(self.path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")

    def show(self, name: str) -> str:
        """Return a file at the end of the branch."""
        return git(self.path, "show", f"{BRANCH}:{name}")

    def names(self) -> list[str]:
        """Return the paths at the end of the branch."""
        return git(self.path, "ls-tree", "-r", "--name-only", BRANCH).splitlines()

    def count(self) -> int:
        """Return how many commits the branch has."""
        return int(git(self.path, "rev-list", "--count", BRANCH))

    def set_tip(self, commit: str) -> None:
        """Move the branch as only the server's administrator can; "" deletes it."""
        reference = f"refs/heads/{BRANCH}"
        git(self.path, *(("update-ref", reference, commit) if commit else ("update-ref", "-d", reference)))

    def write(self, files: Mapping[str, str | None], links: Mapping[str, str] | None = None) -> str:
        """Commit files as another writer who has cloned and pushes in order; None removes one."""
        clone = Path(str(self.path) + "-clone")
        shutil.rmtree(clone, ignore_errors=True)
        clone.mkdir()
        kind = git(self.path, "rev-parse", "--show-object-format")
        git(clone, "init", "--quiet", f"--object-format={kind}", ".")
        if self.tip():
            git(clone, "fetch", "--quiet", str(self.path), f"refs/heads/{BRANCH}")
            git(clone, "checkout", "--quiet", "FETCH_HEAD")
        for name, text in files.items():
            path = clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text)
        for name, target in (links or {}).items():
            (clone / name).unlink(missing_ok=True)
            (clone / name).symlink_to(target)
        git(clone, "add", "--all", ".")
        git(clone, "commit", "--quiet", "--message", "another writer")
        git(clone, "push", "--quiet", str(self.path), f"HEAD:refs/heads/{BRANCH}")
        return self.tip()

    def hook(self, name: str, body: str) -> None:
        """Install a hook of the server's."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


@contextlib.contextmanager
def over_ssh(remote: Remote, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a repository with OpenSSH on loopback.

    Yields the URL, and a folder for PATH: its `ssh` is the real one, told to read a configuration of the test's own.
    """
    folder.mkdir()
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.socket() as free:
        free.bind((peers.HOST, 0))
        port = free.getsockname()[1]
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known").write_text(f"[{peers.HOST}]:{port} {public}\n")
    (folder / "sshd.conf").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
    )
    (folder / "ssh.conf").write_text(f"IdentityFile {folder}/user\nUserKnownHostsFile {folder}/known\n")
    (folder / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh.conf "$@"\n')
    (folder / "ssh").chmod(0o755)
    sshd = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin") or "sshd"
    command = [sshd, "-D", "-e", "-f", str(folder / "sshd.conf"), "-o", f"ListenAddress={peers.HOST}:{port}"]
    if os.geteuid() == 0:
        # Root's sshd wants a folder that only its service makes: a mount namespace has one of its own.
        script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "sh", *command]
    user = pwd.getpwuid(os.geteuid()).pw_name
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _await_port(port)
            yield f"ssh://{user}@{peers.HOST}:{port}{remote.path}", folder
        finally:
            server.terminate()


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((peers.HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server did not start")


def _http_backend(remote: Remote, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return what git's own program for HTTP answers, header and content."""
    path, _, query = target.partition("?")
    environment = {
        **os.environ,
        **_ENVIRONMENT,
        "GIT_PROJECT_ROOT": str(remote.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "runner",
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
    }
    command = ["git", "http-backend"]
    return subprocess.run(command, input=body, capture_output=True, check=False, timeout=30, env=environment).stdout


@contextlib.contextmanager
def over_https(remote: Remote, pair: peers.Pair, login: str) -> Iterator[str]:
    """Serve a repository with git's own program for HTTP, over TLS, to whoever has the login `NAME:WORD`."""
    expected = "Basic " + base64.b64encode(login.encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="evidence"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            done = _http_backend(remote, self.command, self.path, dict(self.headers.items()), body)
            head, _, content = done.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is the test's own."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = http.server.ThreadingHTTPServer((peers.HOST, 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://{peers.HOST}:{server.server_address[1]}/{remote.path.name}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
