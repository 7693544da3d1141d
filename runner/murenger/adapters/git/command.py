"""One way to run git: no configuration but ours, no hook, no pager, no question, a time limit.

Input: arguments and standard input. Output: what git printed, or an error with git's own reason. Whoever can push to a
repository, or leave files in it, must not be able to run anything here.
"""

import os
import pathlib
import re
import subprocess
from collections.abc import Sequence

from murenger.errors import CompareError, GoldenMissingError

TIMEOUT_S = 60.0
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
# Settings that could start a program or change bytes on their way are fixed here, whatever the repository says.
FIXED_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.pager=cat",
    "core.askPass=/bin/false",
    "core.sshCommand=/bin/false",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    # A commit graph is a cache of the history that nobody signed.
    "core.commitGraph=false",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    # Replace refs and grafts would show another history than the one that was signed.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
}


class Git:
    """Git in one repository.

    Args:
        repository: folder of a bare repository or of a work tree; folders above it are never searched.
        timeout_s: seconds for one command, > 0.
    """

    def __init__(self, repository: pathlib.Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self.repository = repository.resolve()
        self._timeout_s = timeout_s

    def run(self, arguments: Sequence[str], *, content: bytes = b"", index: pathlib.Path | None = None) -> bytes:
        """Return what a git command prints.

        Args:
            arguments: what follows `git`.
            content: standard input.
            index: another index file than the repository's own.

        Raises:
            GoldenMissingError: git is missing, there is no repository, or the command failed.
        """
        done = self._execute(arguments, content, {"GIT_INDEX_FILE": str(index)} if index else {})
        if done.returncode != 0:
            raise self.failure(done.stderr)
        return done.stdout

    def text(self, arguments: Sequence[str], *, content: bytes = b"", index: pathlib.Path | None = None) -> str:
        """Return the one line that a git command prints, such as an object id."""
        return self.run(arguments, content=content, index=index).decode("utf-8", "surrogateescape").strip()

    def holds(self, arguments: Sequence[str]) -> bool:
        """Return whether a git command that answers by exit code says yes (0) rather than no (1).

        Raises:
            GoldenMissingError: it says neither.
        """
        done = self._execute(arguments, b"", {})
        if done.returncode not in {0, 1}:
            raise self.failure(done.stderr)
        return done.returncode == 0

    def no_object(self) -> str:
        """Return the id that stands for no object in this repository: 40 zeros, or 64 in a SHA-256 one."""
        return "0" * (64 if self.is_sha256() else 40)

    def is_sha256(self) -> bool:
        """Return True if the repository names its objects by SHA-256."""
        return self.text(["rev-parse", "--show-object-format"]) == "sha256"

    def failure(self, complaint: bytes) -> CompareError:
        """Return the error for what git wrote on standard error."""
        lines = complaint.decode("utf-8", "backslashreplace").strip().splitlines() or ["no reason given"]
        reason = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0])
        return GoldenMissingError(
            f"git failed in the golden repository {self.repository}: {reason}",
            hint="is it a git repository that this account may read?",
        )

    def _execute(
        self, arguments: Sequence[str], content: bytes, extra: dict[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        fixed = [word for setting in (*FIXED_SETTINGS, f"safe.directory={self.repository}") for word in ("-c", setting)]
        try:
            return subprocess.run(
                ["git", *fixed, "-C", str(self.repository), *arguments],
                input=content,
                capture_output=True,
                timeout=self._timeout_s,
                check=False,
                env=self._environment() | extra,
                start_new_session=True,
            )
        except FileNotFoundError as exc:
            raise GoldenMissingError("git is not installed", hint="install git 2.34 or later") from exc
        except subprocess.TimeoutExpired as exc:
            raise GoldenMissingError(
                f"git did not answer within {self._timeout_s:g} s in {self.repository}", hint="is the disk there?"
            ) from exc
        except OSError as exc:
            raise GoldenMissingError(f"git cannot be run: {exc.strerror}") from exc

    def _environment(self) -> dict[str, str]:
        return {
            **_ENVIRONMENT,
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_CEILING_DIRECTORIES": str(self.repository.parent),
        }


def initialise(repository: pathlib.Path, branch: str = "main") -> None:
    """Make an empty golden repository with a work tree; nothing happens to one that is there.

    Raises:
        GoldenMissingError: it cannot be made.
        CompareError: the branch name cannot be one.
    """
    if not _BRANCH.fullmatch(branch):
        raise CompareError(f"{branch!r} cannot be a branch name")
    try:
        repository.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise GoldenMissingError(f"the golden repository {repository} cannot be made: {exc.strerror}") from exc
    if not (repository / ".git").exists() and not (repository / "HEAD").exists():
        Git(repository).run(["init", "--quiet", "--template=", f"--initial-branch={branch}", "."])
