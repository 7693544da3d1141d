"""The device's configuration database: one shared candidate, a lock, commits, rollbacks and the confirm timer.

Input: operations of NETCONF sessions and console users. Output: changed state on disk, texts and differences; refusals
are `JunosError`. Time comes from the lab clock, so that a test can let a confirm timer run out at once.
"""

import dataclasses
import datetime
import enum

from murenger.lab.clock import LabClock
from murenger.lab.junos.check import check
from murenger.lab.junos.compare import compare
from murenger.lab.junos.edit import load_text
from murenger.lab.junos.errors import Complaint, JunosError
from murenger.lab.junos.history import Commit, History, Pending
from murenger.lab.junos.render import render
from murenger.lab.junos.tree import Node, empty

DEFAULT_CONFIRM_MINUTES = 10
OLDEST_ROLLBACK = 49


class LoadAction(enum.Enum):
    """How a text enters the candidate."""

    OVERRIDE = "override"
    """The text takes the place of the whole candidate."""
    REPLACE = "replace"
    """Statements tagged `replace:` are emptied first; the rest is merged."""
    MERGE = "merge"
    """Everything is merged; tags are ignored."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who works on the database.

    Attributes:
        session: identity, unique while the emulator runs.
        user: login name.
        client: `netconf` or `cli`, as commit history shows it.
        since: when the session began.
    """

    session: int
    user: str
    client: str
    since: datetime.datetime


class Datastore:
    """The configuration database of one device."""

    def __init__(self, history: History, clock: LabClock) -> None:
        self._history = history
        self._clock = clock
        self._running = parse(history.text(0))
        self._candidate = self._running.copy()
        self._modified = False
        self._changed_at = history.commits[0].at
        self._lock: Owner | None = None

    @property
    def running(self) -> Node:
        """The committed configuration; read only."""
        return self._running

    @property
    def candidate(self) -> Node:
        """The shared candidate; read only, change it with `edit`."""
        return self._candidate

    @property
    def is_modified(self) -> bool:
        """Whether the candidate holds uncommitted work."""
        return self._modified

    @property
    def changed_at(self) -> datetime.datetime:
        """When the candidate was last changed."""
        return self._changed_at

    @property
    def lock_owner(self) -> Owner | None:
        """Who holds the exclusive lock."""
        return self._lock

    @property
    def newest(self) -> Commit:
        """The newest commit."""
        return self._history.commits[0]

    @property
    def commits(self) -> tuple[Commit, ...]:
        """The commits that can be rolled back to, newest first."""
        return self._history.commits

    @property
    def pending(self) -> Pending | None:
        """The commit that waits for confirmation."""
        return self._history.pending

    def lock(self, owner: Owner) -> None:
        """Take the exclusive lock.

        Args:
            owner: who asks.

        Raises:
            JunosError: someone holds it, or the candidate holds uncommitted work.
        """
        if self._lock is not None:
            raise JunosError(self._locked_by(self._lock))
        if self._modified:
            raise JunosError(Complaint(message="configuration database modified", tag="lock-denied"))
        self._lock = owner

    def unlock(self, owner: Owner) -> None:
        """Give the lock back; uncommitted work stays in the candidate.

        Args:
            owner: who asks.

        Raises:
            JunosError: the lock is not theirs.
        """
        if self._lock is None or self._lock.session != owner.session:
            raise JunosError(Complaint(message="Configuration database is not open"))
        self._lock = None

    def end_session(self, owner: Owner) -> None:
        """Clean up after a session: its lock goes, and with it what it had not committed."""
        if self._lock is not None and self._lock.session == owner.session:
            self._lock = None
            self.discard()

    def edit(self, owner: Owner, candidate: Node) -> None:
        """Make a changed copy the candidate.

        Args:
            owner: who changed it.
            candidate: a tree that no one else holds.

        Raises:
            JunosError: another session holds the lock.
        """
        self.require_free(owner)
        self._candidate = candidate
        self._modified = not candidate.same_as(self._running)
        self._changed_at = self._clock.now()

    def require_free(self, owner: Owner) -> None:
        """Refuse while another session holds the lock.

        Raises:
            JunosError: it does.
        """
        if self._lock is not None and self._lock.session != owner.session:
            raise JunosError(self._locked_by(self._lock))

    def load(self, owner: Owner, text: str, action: LoadAction) -> None:
        """Load curly text into the candidate; an error leaves the candidate as it was.

        Raises:
            JunosError: the lock is another's, or the text does not follow the grammar.
        """
        self.require_free(owner)
        tree = empty() if action is LoadAction.OVERRIDE else self._candidate.copy()
        load_text(tree, text, honour_replace=action is not LoadAction.MERGE)
        # The version statement always shows the software that runs, whatever was loaded.
        version = self._running.children.get(("version",))
        if version is not None:
            tree.children[version.words] = version.copy()
        self.edit(owner, tree)

    def roll_back(self, owner: Owner, number: int) -> None:
        """Load an earlier commit into the candidate.

        Args:
            owner: who asks.
            number: 0 (the running configuration: discard) to 49.

        Raises:
            JunosError: the lock is another's, or there is no such rollback.
        """
        self.require_free(owner)
        if number == 0:
            self.discard()
        else:
            self.edit(owner, self.rollback_tree(number))

    def rollback_tree(self, number: int) -> Node:
        """Return an earlier commit as a tree of its own.

        Raises:
            JunosError: there is no such rollback.
        """
        if not 0 <= number < len(self._history.commits):
            raise JunosError(Complaint(message=f"rollback {number}: no such configuration", bad_element=str(number)))
        return parse(self._history.text(number))

    def discard(self) -> None:
        """Throw uncommitted work away, whoever did it."""
        self._candidate = self._running.copy()
        self._modified = False
        self._changed_at = self._clock.now()

    def difference(self, number: int) -> str:
        """Return `show | compare` of the candidate with a rollback."""
        base = self._running if number == 0 else self.rollback_tree(number)
        return compare(base, self._candidate)

    def validate(self, owner: Owner) -> None:
        """Run the commit check; as on the device this also confirms a commit that waits for confirmation.

        Raises:
            JunosError: the lock is another's, or the candidate cannot be committed.
        """
        self.require_free(owner)
        check(self._candidate)
        if self._history.pending is not None:
            self._history.settle()

    def commit(self, owner: Owner, *, log: str = "", confirm_minutes: int | None = None) -> Commit:
        """Publish the whole candidate, whoever edited it.

        Args:
            owner: who commits.
            log: the commit's comment; empty for none.
            confirm_minutes: minutes until the device rolls back unless confirmed; None for a plain commit, which also
                confirms a commit that waits.

        Returns:
            The commit as history shows it.

        Raises:
            JunosError: the lock is another's, or the commit check fails.
        """
        self.require_free(owner)
        check(self._candidate)
        now = self._clock.now()
        comment = f"commit confirmed, rollback in {confirm_minutes}mins" if confirm_minutes else ""
        commit = self._history.new_commit(user=owner.user, client=owner.client, at=now, comment=comment, log=log)
        pending = None
        if confirm_minutes:
            pending = Pending(revision=commit.revision, deadline=now + datetime.timedelta(minutes=confirm_minutes))
        self._publish(commit, self._candidate, pending)
        return commit

    def mistime(self, *, late_s: float | None, after_s: float | None) -> None:
        """Let the confirm timer that runs go wrong, as a lying device's would.

        Args:
            late_s: seconds by which it fires late, or None.
            after_s: seconds after which it fires instead, counted from now, or None.
        """
        if self.pending is None:
            return
        deadline = self.pending.deadline + datetime.timedelta(seconds=late_s or 0)
        if after_s is not None:
            deadline = self._clock.now() + datetime.timedelta(seconds=after_s)
        self._history.rearm(deadline)

    def tick(self) -> bool:
        """Roll back when a confirm timer has run out.

        Returns:
            Whether it did.
        """
        pending = self._history.pending
        if pending is None or self._clock.now() < pending.deadline:
            return False
        commit = self._history.new_commit(user="root", client="other", at=pending.deadline, comment="", log="")
        kept = self._candidate if self._modified else None
        self._publish(commit, self.rollback_tree(1), None)
        if kept is not None:
            self._candidate = kept
            self._modified = not kept.same_as(self._running)
        return True

    def _publish(self, commit: Commit, tree: Node, pending: Pending | None) -> None:
        self._history.record(commit, render(tree), pending)
        self._running = tree.copy()
        self._candidate = self._running.copy()
        self._modified = False

    def _locked_by(self, owner: Owner) -> Complaint:
        terminal = "terminal pts/0" if owner.client == "cli" else "netconf"
        since = owner.since.strftime("%Y-%m-%d %H:%M:%S %Z")
        who = f"{owner.user} {terminal} (pid {owner.session}) on since {since}"
        message = f"configuration database locked by:\n  {who}\n      exclusive [edit]"
        return Complaint(message=message, tag="lock-denied", session=owner.session)


def parse(text: str) -> Node:
    """Read a whole configuration.

    Raises:
        JunosError: the text does not follow the grammar.
    """
    tree = empty()
    load_text(tree, text, honour_replace=False)
    return tree
