"""The commits of one device on disk: boot configuration, up to 49 rollbacks, and a commit that waits to be confirmed.

Input: commits from the datastore. Output: files in the device folder; the index is replaced atomically and last, so
that a crash at any moment leaves a device that boots.
"""

import dataclasses
import datetime
import json
import pathlib

KEPT = 50


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit.

    Attributes:
        number: counts up from 1 for the life of the device.
        revision: the name the device gives it.
        user: who committed.
        client: `netconf`, `cli` or `other`.
        at: when.
        comment: the device's own remark; empty for none.
        log: the comment given by whoever committed; empty for none.
    """

    number: int
    revision: str
    user: str
    client: str
    at: datetime.datetime
    comment: str
    log: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A commit that is rolled back unless confirmed.

    Attributes:
        revision: which commit.
        deadline: when the device rolls back.
    """

    revision: str
    deadline: datetime.datetime


class History:
    """Commits of one device, newest first."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder / "commits"
        self._index = folder / "commits.json"
        self.commits: tuple[Commit, ...] = ()
        self.pending: Pending | None = None
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._index.exists():
            self._read()

    def text(self, number: int) -> str:
        """Return the configuration of a rollback; 0 is the running one."""
        return self._file(self.commits[number]).read_bytes().decode()

    def original_text(self) -> str:
        """Return the configuration that the device first booted with."""
        return (self._folder / "factory.conf").read_bytes().decode()

    def new_commit(self, *, user: str, client: str, at: datetime.datetime, comment: str, log: str) -> Commit:
        """Return the next commit, not yet recorded."""
        number = self.commits[0].number + 1 if self.commits else 1
        revision = f"re0-{int(at.timestamp())}-{number}"
        return Commit(number=number, revision=revision, user=user, client=client, at=at, comment=comment, log=log)

    def record(self, commit: Commit, text: str, pending: Pending | None) -> None:
        """Make a commit the running one.

        Args:
            commit: from `new_commit`.
            text: its configuration.
            pending: set when it waits for confirmation.
        """
        _write(self._file(commit), text)
        if not self.commits:
            _write(self._folder / "factory.conf", text)
        kept = (commit, *self.commits)
        self.commits, self.pending = kept[:KEPT], pending
        self._save()
        for old in kept[KEPT:]:
            self._file(old).unlink(missing_ok=True)

    def rearm(self, deadline: datetime.datetime) -> None:
        """Let the commit that waits for confirmation wait until another time."""
        if self.pending is not None:
            self.pending = dataclasses.replace(self.pending, deadline=deadline)
            self._save()

    def settle(self) -> None:
        """Forget that the newest commit waits for confirmation: it was confirmed."""
        self.pending = None
        self._save()

    def _file(self, commit: Commit) -> pathlib.Path:
        return self._folder / f"{commit.number:06}.conf"

    def _save(self) -> None:
        pending = None
        if self.pending is not None:
            pending = {"revision": self.pending.revision, "deadline": self.pending.deadline.isoformat()}
        commits = [dataclasses.asdict(commit) | {"at": commit.at.isoformat()} for commit in self.commits]
        _write(self._index, json.dumps({"pending": pending, "commits": commits}))

    def _read(self) -> None:
        stored = json.loads(self._index.read_text("utf-8"))
        self.commits = tuple(
            Commit(**entry | {"at": datetime.datetime.fromisoformat(entry["at"])}) for entry in stored["commits"]
        )
        if (pending := stored["pending"]) is not None:
            deadline = datetime.datetime.fromisoformat(pending["deadline"])
            self.pending = Pending(revision=pending["revision"], deadline=deadline)


def _write(path: pathlib.Path, text: str) -> None:
    scratch = path.with_suffix(".new")
    scratch.write_bytes(text.encode())
    scratch.chmod(0o600)
    scratch.replace(path)
