"""One branch of a remote repository: what it holds, and a commit on top of it.

Input: where the repository is, and a folder of our own to work in. Output: commit ids, files, and commits that the
remote has taken. Nothing is ever forced, nobody is ever asked anything.
"""

import dataclasses
import datetime
import os
import re
import shutil
import signal
import subprocess
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from murenger.adapters.anchors.exchange import Deadline, printable
from murenger.adapters.git import Git
from murenger.adapters.git.command import FIXED_SETTINGS
from murenger.adapters.git.tree import PLAIN_MODE
from murenger.errors import CompareError, ConfigError

_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
# ssh as scp writes it; two colons would name a program to run.
_SCP_LIKE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*:[^:].*")
_SCHEMES = {"https", "ssh", "file"}
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FETCHED, _LAST = "refs/murenger/fetched", "refs/murenger/last"
_PLAIN_MODES = {PLAIN_MODE, "100755"}
_SHA256_HEX = 64
_MAX_LOOSE_OBJECTS = 4096
_AUTHOR = "murenger <murenger@localhost>"
# What git needs to find the account's own credentials and the way out; everything else of the environment stays here.
_PASSED_ON = (
    "HOME",
    "XDG_CONFIG_HOME",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
)
_SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ClearAllForwardings=yes -o ForwardAgent=no"
    " -o ServerAliveInterval=5 -o ServerAliveCountMax=2"
)


class RemoteGit(Git):
    """Git in a folder of our own, talking to somebody else's repository with the account's own credentials."""

    def __init__(self, repository: Path, *, timeout_s: float) -> None:
        super().__init__(repository, timeout_s=timeout_s)
        seconds = max(1, round(timeout_s))
        self._settings = (
            *FIXED_SETTINGS,
            f"safe.directory={self.repository}",
            # A power cut must not leave half an object in a folder that is to be used for years.
            "core.fsync=committed,loose-object,reference",
            "protocol.file.allow=always",
            "protocol.ssh.allow=always",
            "protocol.https.allow=always",
            "http.followRedirects=false",
            "ssh.variant=ssh",
            f"core.sshCommand={_SSH} -o ConnectTimeout={seconds}",
            "transfer.fsckObjects=true",
            "push.gpgSign=false",
            "push.followTags=false",
            "fetch.recurseSubmodules=false",
            "credential.interactive=false",
        )

    def push(self, repository: str, branch: str, commit: str, *, after: str | None) -> str:
        """Offer a commit as the new end of a branch; return "" if it was taken, else why not.

        Args:
            repository: where.
            branch: its name.
            commit: what is offered; it follows `after`, so that nothing is ever forced.
            after: where the branch must end until then, exactly; None: there must be no such branch.

        Raises:
            CompareError: the remote could not be asked.
        """
        name = f"refs/heads/{branch}"
        how = ["--porcelain", "--no-verify", f"--force-with-lease={name}:{after or ''}"]
        done = self._execute(["push", *how, "--", repository, f"{commit}:{name}"], b"", {})
        if done.returncode == 0:
            return ""
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            if line.startswith("!\t"):
                return printable(line.rpartition("\t")[2])
        raise self.failure(done.stderr)

    def failure(self, complaint: bytes) -> CompareError:
        """Return the error for what git wrote on standard error."""
        lines = [line for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:"))]
        reason = next((line for line in told if line.startswith("fatal:")), told[0] if told else "")
        # What ssh or the server said comes before git's own words, which then only tell that it failed.
        before = lines[0] if lines and lines[0] not in told else ""
        return CompareError("; ".join(printable(part) for part in (before, reason) if part) or "no reason given")

    def _execute(
        self, arguments: Sequence[str], content: bytes, extra: dict[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git, and when time is up end its helpers with it: left alone, each would wait for its server."""
        settings = [word for setting in self._settings for word in ("-c", setting)]
        command = ["git", *settings, "-C", str(self.repository), *arguments]
        pipe = subprocess.PIPE
        environment = self._environment() | extra
        try:
            running = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
            )
        except FileNotFoundError as exc:
            raise CompareError("git is not installed", hint="install git 2.34 or later") from exc
        with running:
            try:
                output, complaint = running.communicate(content, timeout=self._timeout_s)
            except BaseException as exc:
                os.killpg(running.pid, signal.SIGKILL)
                if isinstance(exc, subprocess.TimeoutExpired):
                    raise CompareError(f"no answer within {self._timeout_s:.3g} s") from exc
                raise
        return subprocess.CompletedProcess(command, running.returncode, output, complaint)

    def _environment(self) -> dict[str, str]:
        ours = super()._environment()
        for name in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"):
            ours.pop(name)
        theirs = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**ours, **theirs, "GCM_INTERACTIVE": "never"}


class _Entry(NamedTuple):
    """A line of a tree; the size of what is no file is `-`."""

    mode: str
    kind: str
    object_id: str
    size: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a commit on top of the branch does.

    Attributes:
        files: names at the top of the tree, and what they hold from now on; None: there is no such file.
        message: the commit's message.
        made_at: its time, aware.
    """

    files: Mapping[str, bytes | None]
    message: str
    made_at: datetime.datetime


class RemoteBranch:
    """A branch of a remote repository.

    Args:
        repository: local path, ssh or https URL.
        branch: its name, without refs/heads/.
        work: a folder of our own; made where it is missing.
        deadline: when everything must be over.
    """

    def __init__(self, repository: str, branch: str, work: Path, deadline: Deadline) -> None:
        self._repository = repository
        self._branch = branch
        self._work = work
        self._deadline = deadline
        self._folder = work
        self._seen: dict[str, tuple[_Entry, ...]] = {}

    @property
    def _git(self) -> RemoteGit:
        return RemoteGit(self._folder, timeout_s=self._deadline.remaining_s())

    def find_tip(self) -> str | None:
        """Return the commit at the end of the branch, or None if there is no such branch; nothing is fetched.

        Raises:
            CompareError: the remote cannot be asked, or answers nonsense.
            OSError: the folder to work in cannot be made.
        """
        # Git needs somewhere to stand, also to ask others.
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted = f"refs/heads/{self._branch}"
        for line in self._git.text(["ls-remote", "--", self._repository, wanted]).splitlines():
            tip, _, name = line.partition("\t")
            if name == wanted:
                if not _OBJECT.fullmatch(tip):
                    raise CompareError(f"the remote names {printable(tip)!r} as a commit")
                return tip
        return None

    def open(self, pushed: str | None = None) -> str | None:
        """Return the end of the branch, with its files at hand, or None if there is no such branch.

        Args:
            pushed: a commit of ours that the branch must be compared with, besides the one that is remembered.

        Raises:
            CompareError, OSError: as for `find_tip`, or it cannot be fetched.
        """
        tip = self.find_tip()
        if tip is None and self.resume():
            return None
        self._folder = self._work / ("sha256.git" if tip and len(tip) == _SHA256_HEX else "sha1.git")
        if not self._folder.exists():
            self._begin()
        if tip is None or self._knows(tip):
            return tip
        # Without a memory of what was pushed there is nothing to compare the history with: its end is enough.
        depth = [] if pushed or self.last() else ["--depth=1"]
        refspec = f"+refs/heads/{self._branch}:{_FETCHED}"
        quiet = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
        self._git.text([*quiet, *depth, "--", self._repository, refspec])
        return self._git.text(["rev-parse", "--verify", f"{_FETCHED}^{{commit}}"])

    def resume(self) -> str | None:
        """Return the commit that was pushed last without asking the remote, or None if there is no memory of one.

        Raises:
            CompareError: git cannot read its own folder.
        """
        for name in ("sha1.git", "sha256.git"):
            self._folder = self._work / name
            if self._folder.exists() and (last := self.last()):
                return last
        self._folder = self._work
        return None

    def last(self) -> str | None:
        """Return the commit that was pushed last, as far as the work folder remembers."""
        return self._git.text(["for-each-ref", "--format=%(objectname)", _LAST]) or None

    def remember(self, commit: str) -> None:
        """Remember a commit as the one that was pushed last."""
        self._git.run(["update-ref", _LAST, commit])

    def contains(self, tip: str, commit: str) -> bool:
        """Tell whether a commit is another or one of its ancestors."""
        return commit == tip or self._git.holds(["merge-base", "--is-ancestor", commit, tip])

    def read(self, commit: str, name: str, limit_bytes: int) -> bytes | None:
        """Return a file at the top of a commit's tree, or None if there is none.

        Raises:
            ValueError: it is no plain file, or larger than the limit.
            CompareError: git cannot read it.
        """
        for entry in self._entries(commit):
            if entry.name == name:
                if entry.mode not in _PLAIN_MODES:
                    raise ValueError(f"{name} is no plain file")
                if int(entry.size) > limit_bytes:
                    raise ValueError(f"{name} has more than {limit_bytes} bytes")
                return self._git.run(["cat-file", "blob", entry.object_id])
        return None

    def commit(self, tip: str | None, change: Change) -> str:
        """Return a new commit on top of the branch's end, not yet pushed; other files stay as they are.

        Args:
            tip: the end of the branch; None begins it.
            change: what the commit does.
        """
        git = self._git
        kept = [entry for entry in (self._entries(tip) if tip else ()) if entry.name not in change.files]
        lines = [f"{entry.mode} {entry.kind} {entry.object_id}\t{entry.name}\0" for entry in kept]
        for name, content in change.files.items():
            if content is None:
                continue
            found = git.text(["hash-object", "-w", "--stdin"], content=content)
            lines.append(f"{PLAIN_MODE} blob {found}\t{name}\0")
        listing = "".join(lines)
        tree = git.text(["mktree", "-z"], content=listing.encode("utf-8", "surrogateescape"))
        signature = f"{_AUTHOR} {int(change.made_at.timestamp())} +0000"
        parent = f"parent {tip}\n" if tip else ""
        payload = f"tree {tree}\n{parent}author {signature}\ncommitter {signature}\n\n{change.message}"
        return git.text(["hash-object", "-t", "commit", "-w", "--stdin"], content=payload.encode("utf-8"))

    def push(self, commit: str, *, after: str | None) -> str:
        """Offer a commit that follows another; return "" if the remote took it, else why not.

        Raises:
            CompareError: the remote could not be asked.
        """
        return self._git.push(self._repository, self._branch, commit, after=after)

    def tidy(self) -> None:
        """Pack the work folder once in a while; each commit leaves a handful of files."""
        loose = self._git.text(["count-objects"]).partition(" ")[0]
        if int(loose) > _MAX_LOOSE_OBJECTS:
            self._git.run(["repack", "-a", "-d", "-q"])

    def _begin(self) -> None:
        """Make the repository to work in: whole or not at all."""
        unfinished = self._folder.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        git = RemoteGit(unfinished, timeout_s=self._deadline.remaining_s())
        git.run(["init", "--quiet", "--bare", "--template=", f"--object-format={self._folder.stem}", "."])
        unfinished.rename(self._folder)

    def _knows(self, commit: str) -> bool:
        asked = f"{commit}\n".encode("ascii")
        return not self._git.text(["cat-file", "--batch-check"], content=asked).endswith("missing")

    def _entries(self, commit: str) -> tuple[_Entry, ...]:
        if commit not in self._seen:
            listing = self._git.run(["ls-tree", "-l", "-z", commit]).decode("utf-8", "surrogateescape")
            self._seen[commit] = tuple(_entry(line) for line in listing.split("\0")[:-1])
        return self._seen[commit]


def _entry(line: str) -> _Entry:
    head, _, name = line.partition("\t")
    mode, kind, object_id, size = head.split()
    return _Entry(mode=mode, kind=kind, object_id=object_id, size=size, name=name)


def refuse_bad_address(repository: str, branch: str) -> None:
    """Refuse what cannot be a repository or a branch, and a password in the configuration.

    Raises:
        ConfigError: it cannot.
    """
    if not repository.isprintable() or not _is_address(repository):
        raise ConfigError(
            "an anchor's git repository is an absolute path, an ssh or an https URL, without a password in it",
            hint="credentials belong into git's own configuration of this account, or into an SSH agent",
        )
    odd = branch.endswith(("/", ".", ".lock")) or ".." in branch or "//" in branch or "/." in branch
    if odd or not _BRANCH.fullmatch(branch):
        raise ConfigError(f"{branch!r} cannot be a branch name")


def _is_address(repository: str) -> bool:
    if repository.startswith("/"):
        return True
    if "://" not in repository:
        return bool(_SCP_LIKE.fullmatch(repository))
    try:
        parts = urllib.parse.urlsplit(repository)
    except ValueError:
        return False
    named = bool(parts.hostname) or (parts.scheme == "file" and parts.path.startswith("/"))
    return parts.scheme in _SCHEMES and named and parts.password is None
