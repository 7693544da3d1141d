"""Configuration sessions and the commit timer: candidates, who opened them, and the way back.

Input: session names and users. Output: the session table, and the running configuration that a commit, an abort or an
expired timer leaves behind.
"""

import dataclasses
import enum

from murenger.lab.clock import LabClock
from murenger.lab.eos import tree
from murenger.lab.eos.editor import RefusedError

MAX_PENDING = 5
MAX_COMPLETED = 1
_DAY_S = 86_400


class State(enum.Enum):
    """Where a session stands."""

    PENDING = "pending"
    ON_TRIAL = "pendingCommitTimer"
    COMPLETED = "completed"


@dataclasses.dataclass(slots=True, kw_only=True)
class Session:
    """One named candidate.

    Attributes:
        name: its name.
        owner: the user who opened it.
        config: the candidate; a copy of running when it was opened.
        state: where it stands.
        commit_user: who committed it; empty before.
        completed_at: POSIX seconds of its commit; None before.
    """

    name: str
    owner: str
    config: tree.Node
    state: State = State.PENDING
    commit_user: str = ""
    completed_at: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A commit that ends by itself: which session, until when, and what comes back.

    Attributes:
        session: name of the committed session.
        deadline_s: on the lab clock's monotonic scale.
        before: the running configuration that returns.
    """

    session: str
    deadline_s: float
    before: tree.Node


class SessionTable:
    """All configuration sessions of one device, with its running configuration.

    Attributes:
        running: what the device runs now.
        trial: the commit whose timer runs; None where there is none.
    """

    def __init__(self, running: tree.Node, clock: LabClock) -> None:
        self.running = running
        self.trial: Trial | None = None
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def all(self) -> list[Session]:
        """Return every session, oldest first."""
        return list(self._sessions.values())

    def get(self, name: str) -> Session:
        """Return one session.

        Raises:
            RefusedError: there is none of that name.
        """
        if name not in self._sessions:
            raise RefusedError(f"Error: Session {name} does not exist")
        return self._sessions[name]

    def newest_pending(self) -> Session | None:
        """Return the pending session that was opened last."""
        pending = [session for session in self.all() if session.state is State.PENDING]
        return pending[-1] if pending else None

    def open(self, name: str, user: str) -> Session:
        """Open a session, or enter one that is pending.

        Args:
            name: the session's name.
            user: who asks; entering another user's session is allowed, as on the device.

        Raises:
            RefusedError: the session is committed already, or too many are pending.
        """
        session = self._sessions.get(name)
        if session is None:
            if sum(one.state is State.PENDING for one in self.all()) >= MAX_PENDING:
                raise RefusedError(
                    "Error: Maximum number of pending sessions has been reached. Please commit or abort previous"
                    " sessions before creating a new one."
                )
            session = Session(name=name, owner=user, config=tree.duplicate(self.running))
            self._sessions[name] = session
        elif session.state is not State.PENDING:
            raise RefusedError(f"Error: Session {name} is already committed")
        return session

    def commit(self, name: str, user: str, *, timer_s: int | None = None) -> None:
        """Make a session's configuration the running one, or confirm one that is on trial.

        Args:
            name: the session.
            user: who asks.
            timer_s: seconds until the commit ends by itself unless confirmed, 1 to 86399; None commits for good.

        Raises:
            RefusedError: no such session, committed before, or another session is on trial.
        """
        session = self.get(name)
        if timer_s is not None and not 0 < timer_s < _DAY_S:
            raise RefusedError("Error: Invalid commit timer")
        if self.trial is not None and self.trial.session != name:
            raise RefusedError(f"Error: Session {self.trial.session} is pending commit timer")
        if session.state is State.COMPLETED:
            raise RefusedError(f"Error: Session {name} is already committed")
        before = self.running if self.trial is None else self.trial.before
        if session.state is State.PENDING:
            self.running = tree.duplicate(session.config)
            session.completed_at = self._clock.now().timestamp()
            session.commit_user = user
        self.trial = None
        if timer_s is None:
            session.state = State.COMPLETED
            self._forget_old()
        else:
            session.state = State.ON_TRIAL
            self.trial = Trial(session=name, deadline_s=self._clock.monotonic_s() + timer_s, before=before)

    def abort(self, name: str) -> None:
        """Drop a pending session, or end a trial at once.

        Raises:
            RefusedError: no such session, or it is committed for good.
        """
        session = self.get(name)
        if session.state is State.COMPLETED:
            raise RefusedError(f"Error: Session {name} is already committed")
        if self.trial is not None and self.trial.session == name:
            self.running = self.trial.before
            self.trial = None
        del self._sessions[name]

    def expire(self) -> str | None:
        """End a trial whose time is up; return its session's name, or None where nothing ended."""
        if self.trial is None or self._clock.monotonic_s() < self.trial.deadline_s:
            return None
        name = self.trial.session
        self.abort(name)
        return name

    def _forget_old(self) -> None:
        completed = [session for session in self.all() if session.state is State.COMPLETED]
        completed.sort(key=lambda session: session.completed_at or 0.0)
        for session in completed[:-MAX_COMPLETED]:
            del self._sessions[session.name]
