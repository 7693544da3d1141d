"""Real repositories, real keys made by ssh-keygen, and a clock that stands still."""

import dataclasses
import datetime
import os
import pathlib
import subprocess

import pytest

from murenger.adapters.git import GitGoldenStore, initialise
from murenger.ports import GoldenFile

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
TEXT = "table inet murenger {\n\tchain forward {\n\t\tdrop\n\t}\n}\n"


@dataclasses.dataclass
class StillClock:
    """A clock that moves only when it is waited on, and then never by real time."""

    time: datetime.datetime = NOW
    waited_s: float = 0.0

    def now(self) -> datetime.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return self.waited_s

    def wait(self, seconds: float) -> None:
        self.waited_s += seconds


@dataclasses.dataclass
class Workshop:
    """A folder with a golden repository, a trust file and keys.

    Attributes:
        folder: holds everything.
        clock: the store's clock.
        accepted: what the ledger is said to have accepted.
    """

    folder: pathlib.Path
    clock: StillClock
    accepted: str | None = None

    @property
    def repository(self) -> pathlib.Path:
        return self.folder / "golden"

    @property
    def trust(self) -> pathlib.Path:
        return self.folder / "golden_signers"

    def key(self, name: str, *, passphrase: str = "") -> str:
        path = self.folder / name
        if not path.exists():
            ssh_keygen("-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(path))
        return str(path)

    def trust_key(self, name: str, options: str = 'namespaces="git"') -> str:
        """Let a person sign; returns the key's path."""
        path = self.key(name)
        public = pathlib.Path(path + ".pub").read_text(encoding="utf-8").strip()
        with self.trust.open("a", encoding="utf-8") as stream:
            stream.write(f"{name}@example.net {options} {public}\n")
        return path

    def store(self, repository: pathlib.Path | None = None) -> GitGoldenStore:
        return GitGoldenStore(
            repository or self.repository, "main", self.trust, clock=self.clock, accepted=lambda: self.accepted
        )

    def git(self, *arguments: str, date: str = "2026-11-21T00:00:00Z") -> str:
        """Run plain git, as a person at a shell would, without the person's own configuration."""
        return git(self.repository, *arguments, date=date)

    def commit_by_hand(self, *, key: str | None, date: str = "2026-11-21T00:00:00Z", message: str = "by hand") -> str:
        """Commit what the index holds with `git commit`, signed if a key is given."""
        signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"] if key else []
        sign = ["-S"] if key else ["--no-gpg-sign"]
        self.git(*signing, "commit", "--quiet", "--allow-empty", *sign, "-m", message, date=date)
        return self.git("rev-parse", "HEAD")

    def commit_bytes(self) -> bytes:
        """Return the bytes of the commit object at HEAD."""
        command = ["git", "-C", str(self.repository), "cat-file", "commit", "HEAD"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def state(self) -> tuple[str, str, str]:
        """Return everything that a failed accept must leave as it was."""
        return (
            self.git("for-each-ref"),
            self.git("status", "--porcelain", "--untracked-files=all", "--ignored"),
            self.git("ls-files", "--stage"),
        )


def ssh_keygen(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def git(repository: pathlib.Path, *arguments: str, date: str = "2026-11-21T00:00:00Z") -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_AUTHOR_EMAIL": "somebody@example.net",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": "Somebody",
        "GIT_COMMITTER_EMAIL": "somebody@example.net",
        "GIT_COMMITTER_DATE": date,
    }
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout.strip()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def workshop(tmp_path: pathlib.Path, clock: StillClock) -> Workshop:
    """Return an empty golden repository with Alice as its reviewer."""
    made = Workshop(folder=tmp_path, clock=clock)
    initialise(made.repository)
    made.trust_key("alice")
    return made


@pytest.fixture
def golden() -> GoldenFile:
    return GoldenFile(
        text=TEXT, platform="nftables", path="", sidecar=b"$ANSIBLE_VAULT;1.1;AES256\n6137396463383834626632346\n"
    )
