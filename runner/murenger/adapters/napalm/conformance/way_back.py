"""Checks of the way back: does the device return by itself, and can it be told over a new connection not to?

Input: a subject at home. Output: what was seen. Commits are made in processes that are killed, so that nothing that the
driver does on closing, and no timer in the client, can stand in for the device.
"""

from murenger.adapters.napalm.conformance.subject import GRACE_S, NotProvedError, State, Subject
from murenger.errors import GuardRefusedError
from murenger.model.capability import ProofName

# The device's timer is as exact as its clock; looking earlier would take a timer that is about to fire for none.
_AFTER_S = 2.0


class RevertBounds:
    """Proves that no revert time is sent that the device would not keep exactly."""

    name = ProofName.REVERT_BOUNDS

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: a time was taken that is out of bounds, or the longest one is not kept.
        """
        habits, tried = subject.habits, []
        with subject.remediator().open(subject.device) as session:
            session.stage(subject.candidate)
            for seconds in self._out_of_bounds(subject):
                try:
                    session.commit(message="", revert_in_s=seconds)
                except GuardRefusedError:
                    tried.append(str(seconds))
                else:
                    raise NotProvedError(f"a revert time of {seconds} s was sent to the device")
        subject.expect_home("after times out of bounds were refused")
        self._longest(subject)
        return f"{', '.join(tried)} s are refused before the device; {habits.revert_max_s} s are armed"

    def _out_of_bounds(self, subject: Subject) -> tuple[int, ...]:
        habits = subject.habits
        odd = (habits.revert_min_s + 1,) if habits.revert_step_s > 1 else ()
        bounds = (-habits.revert_step_s, 0, habits.revert_min_s - 1, *odd, habits.revert_max_s + habits.revert_step_s)
        return tuple(dict.fromkeys(bounds))

    def _longest(self, subject: Subject) -> None:
        with subject.remediator().open(subject.device) as session:
            session.stage(subject.candidate)
            session.commit(message="", revert_in_s=subject.habits.revert_max_s)
            subject.wait(_AFTER_S, "a timer of the longest time, which must not fire")
            subject.expect_change(subject.state())
            if not session.undo():
                raise NotProvedError(f"a revert time of {subject.habits.revert_max_s} s left no commit pending")
        subject.expect_home("after the longest time was undone")


class ConfirmElsewhere:
    """Proves that a new connection can confirm what a connection that is gone has committed, and that it stays."""

    name = ProofName.CONFIRM_ELSEWHERE

    def __init__(self) -> None:
        self._found: State | None = None
        self._fires_at_s = 0.0

    def run(self, subject: Subject) -> str:
        """Confirm, and make what was confirmed the state that the next checks begin and end in.

        Raises:
            NotProvedError: the new connection cannot confirm.
        """
        handle = subject.commit_and_die(subject.candidate)
        self._fires_at_s = subject.clock.monotonic_s() + subject.revert_s + _AFTER_S
        after = subject.state()
        subject.expect_change(after)
        with subject.connected() as connection:
            driver = connection.driver
            if subject.habits.handle:
                setattr(driver, subject.habits.handle, handle)
            if not connection.call("pending commit", driver.has_pending_commit):
                raise NotProvedError("a new connection does not see the pending commit")
            connection.call("confirm", driver.confirm_commit)
        with subject.connected() as connection:
            if connection.call("pending commit", connection.driver.has_pending_commit):
                raise NotProvedError("the commit is still pending after it was confirmed")
        self._found, subject.home = subject.home, after
        return "a new connection confirmed what a killed one had committed"

    def finish(self, subject: Subject) -> str:
        """Return what is left of the confirmed change when its timer would have fired; then all is as found again.

        Raises:
            NotProvedError: the device took it back.
        """
        if self._found is None:
            raise NotProvedError("nothing was confirmed")
        confirmed, subject.home = subject.home, self._found
        left = self._fires_at_s - subject.clock.monotonic_s()
        if left > 0:
            subject.wait(left, "the timer of what was confirmed")
        if subject.state().snapshot.digest != confirmed.snapshot.digest:
            raise NotProvedError("the device took back what was confirmed")
        return "a new connection confirmed what a killed one had committed, and it stays"


class CommitConfirm:
    """Proves that the device itself takes back what nobody confirms, to exactly what ran before."""

    name = ProofName.COMMIT_CONFIRM

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: it does not, or takes longer than promised, or returns to something else.
        """
        ours = subject.change.another()
        candidate = ours.put_into(subject.base)
        self._undone(subject, candidate)
        began = subject.clock.monotonic_s()
        subject.commit_and_die(candidate)
        subject.expect_change(subject.state(), ours)
        spent = subject.clock.monotonic_s() - began
        subject.wait(max(0.0, subject.revert_s + _AFTER_S - spent), "the device to take back what nobody confirms")
        if not subject.comes_home("the device to take back what nobody confirms"):
            gone = ours.mark not in subject.state().snapshot.text
            raise NotProvedError(
                "the device did not return to exactly what ran before the commit"
                if gone
                else f"the device did not take back a commit within {subject.revert_s + GRACE_S:g} s of its arming"
                f" with {subject.revert_s} s, the client being gone"
            )
        return f"with the client killed, the device itself reverted after {subject.revert_s} s to exactly what ran"

    def _undone(self, subject: Subject, candidate: str) -> None:
        """Undo a pending commit as a heal does that fails its verification."""
        with subject.remediator().open(subject.device) as session:
            session.stage(candidate)
            session.commit(message="", revert_in_s=subject.ample_s)
        subject.expect_home("after an unconfirmed commit was undone")
