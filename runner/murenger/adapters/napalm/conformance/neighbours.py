"""Checks of neighbours: what becomes of somebody else's work while we do ours?

Input: a subject at home; somebody else is a second connection of the driver's. Output: what was seen.
"""

from murenger.adapters.napalm.conformance.subject import NotProvedError, Subject
from murenger.adapters.napalm.connection import Connection
from murenger.errors import GuardRefusedError
from murenger.model.capability import ProofName


class Lock:
    """Proves that while one connection holds a candidate, no other can make one."""

    name = ProofName.LOCK

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: a second connection loaded a candidate too.
        """
        with subject.connected() as first:
            first.call("load", lambda: first.driver.load_replace_candidate(config=subject.candidate))
            try:
                refused = self._refused(subject)
            finally:
                subject.discard(first.driver, first)
        if not refused:
            raise NotProvedError("a second connection can load a candidate beside the first one's")
        return refused

    def _refused(self, subject: Subject) -> str:
        try:
            with subject.connected() as second:
                second.call("load", lambda: second.driver.load_replace_candidate(config=subject.base))
                subject.discard(second.driver, second)
        except Exception as exc:  # noqa: BLE001 - drivers let their libraries' exceptions through
            return f"a second connection is refused: {subject.told(exc)}"
        return ""


class ForeignCandidate:
    """Proves that our way of changing leaves somebody else's candidate, and unconfirmed commit, alone."""

    name = ProofName.FOREIGN_CANDIDATE

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: we did not notice somebody else's work, or touched it.
        """
        staged = self._staged(subject)
        subject.expect_home("beside somebody else's candidate")
        self._pending(subject)
        subject.expect_home("after somebody else's commit was taken back")
        return f"{staged}; beside their unconfirmed commit we refuse, and it is left as it is"

    def _staged(self, subject: Subject) -> str:
        theirs = subject.change.another()
        with subject.connected(to_change=False, more_args=_as_someone_else(subject)) as other:
            _load(other, theirs.put_into(subject.base))
            try:
                ours = self._stage(subject)
                if theirs.mark in (ours or ""):
                    raise NotProvedError("somebody else's candidate would have been committed with ours")
                shown = other.call("compare", other.driver.compare_config)
                if theirs.mark not in shown:
                    raise NotProvedError("somebody else's candidate was thrown away")
            finally:
                subject.discard(other.driver, other)
        return "beside somebody else's candidate we refuse" if ours is None else "each has a candidate of their own"

    def _pending(self, subject: Subject) -> None:
        theirs = subject.change.another()
        with subject.connected(to_change=False, more_args=_as_someone_else(subject)) as other:
            driver = other.driver
            _load(other, theirs.put_into(subject.base))
            other.call("commit", lambda: driver.commit_config(message="", revert_in=subject.ample_s))
            if self._stage(subject) is not None:
                raise NotProvedError("we did not notice somebody else's unconfirmed commit")
            subject.expect_change(subject.state(), theirs)
            other.call("undo", getattr(driver, subject.habits.undo_committed))

    def _stage(self, subject: Subject) -> str | None:
        """Stage as a heal does; return what the device says would be committed, or None if we refuse."""
        try:
            with subject.remediator().open(subject.device) as session:
                return session.stage(subject.candidate).device_diff
        except GuardRefusedError:
            return None


def _as_someone_else(subject: Subject) -> tuple[tuple[str, object], ...]:
    # A connection to read may be held to reading; this one is somebody's who may change.
    return (*((name, False) for name, _ in subject.habits.read_args), *subject.change.someone_else)


def _load(connection: Connection, candidate: str) -> None:
    connection.call("load", lambda: connection.driver.load_replace_candidate(config=candidate))
    connection.call("compare", connection.driver.compare_config)
