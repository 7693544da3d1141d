"""Checks of changing: does the driver apply what it was given, all or nothing, and say beforehand what it will do?

Input: a subject at home. Output: what was seen; each check leaves the subject to be brought home by whoever runs it.
"""

import secrets

from murenger.adapters.napalm.conformance.subject import NotProvedError, Subject
from murenger.adapters.napalm.connection import Connection
from murenger.model.capability import ProofName


class NativeDiff:
    """Proves that `compare_config` compares: running with candidate, and not the commands that were staged."""

    name = ProofName.NATIVE_DIFF

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: a difference is shown where there is none, or another one than there is.
        """
        with subject.connected() as connection:
            nothing = _compared(connection, subject, subject.base)
            if nothing.strip():
                raise NotProvedError("it shows a difference where what runs was loaded unchanged")
            shown = _compared(connection, subject, subject.candidate)
        lines = [line for line in shown.splitlines() if line[:1] in "+-" and not line.startswith(("+++", "---"))]
        if not any(line.startswith("+") and subject.change.mark in line for line in lines):
            raise NotProvedError("it does not show the added lines as added")
        if {line.lstrip("+ \t").strip() for line in lines} - subject.change.lines():
            raise NotProvedError("it shows more than what differs")
        return f"empty for an unchanged candidate; {len(lines)} lines for a change of as many"


class Atomic:
    """Proves that one bad line leaves nothing applied."""

    name = ProofName.ATOMIC

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: the bad line was taken, or something of the candidate was applied.
        """
        refused = self._refused(subject)
        state = subject.state()
        if state.snapshot.digest != subject.home.snapshot.digest:
            raise NotProvedError(f"{refused or 'it was accepted'}, and a part of the candidate was applied")
        if not refused:
            raise NotProvedError("a candidate with a bad line was committed without a word")
        with subject.connected() as connection:
            if connection.call("pending commit", connection.driver.has_pending_commit):
                raise NotProvedError(f"{refused}, and a commit is pending all the same")
        return f"{refused}; nothing was applied"

    def _refused(self, subject: Subject) -> str:
        """Return where a candidate with a bad line was refused, or ""."""
        with subject.connected() as connection:
            driver = connection.driver
            step = "load"
            try:
                connection.call(step, lambda: driver.load_replace_candidate(config=subject.change.spoilt(subject.base)))
                step = "compare"
                connection.call(step, driver.compare_config)
                step = "commit"
                connection.call(step, lambda: driver.commit_config(message="", revert_in=subject.ample_s))
            except Exception:  # noqa: BLE001 - any way of refusing is right
                subject.discard(driver, connection)
                return f"the bad line was refused at {step}"
        return ""


class Merge:
    """Proves that a merge adds its lines and changes nothing else."""

    name = ProofName.MERGE

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: something else was changed, or the undoing did not bring back what ran.
        """
        with subject.connected() as connection:
            driver = connection.driver
            addition = subject.change.to_merge(subject.base)
            connection.call("load", lambda: driver.load_merge_candidate(config=addition))
            connection.call("compare", driver.compare_config)
            connection.call("commit", lambda: driver.commit_config(message="", revert_in=subject.ample_s))
            subject.expect_change(subject.state())
            connection.call("undo", getattr(driver, subject.habits.undo_committed))
        subject.expect_home("after the merge was undone")
        return "a merge added its lines and no others"


class Replace:
    """Proves that a full replacement adds what is new and removes what is gone."""

    name = ProofName.REPLACE

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: the device did not become what it was given.
        """
        self._put(subject, subject.candidate)
        subject.expect_change(subject.state())
        self._put(subject, subject.base)
        subject.expect_home("after a replacement without the change")
        return "a replacement added the change, the next one removed it, and nothing else differed"

    def _put(self, subject: Subject, candidate: str) -> None:
        with subject.connected() as connection:
            driver = connection.driver
            connection.call("load", lambda: driver.load_replace_candidate(config=candidate))
            connection.call("compare", driver.compare_config)
            connection.call("commit", lambda: driver.commit_config(message="", revert_in=subject.ample_s))
            if not connection.call("pending commit", driver.has_pending_commit):
                raise NotProvedError("after a commit with a revert time nothing waits to be confirmed")
            connection.call("confirm", driver.confirm_commit)


class Message:
    """Proves that the message of a commit with a revert time is kept on the device."""

    name = ProofName.MESSAGE

    def run(self, subject: Subject) -> str:
        """Return what was seen.

        Raises:
            NotProvedError: the message is refused, or is not found afterwards.
        """
        message = f"murenger conformance {secrets.token_hex(4)}"
        read_back = subject.habits.stored_message
        if read_back is None:
            raise NotProvedError("the driver takes no message, or has no way to read one back")
        with subject.connected() as connection:
            driver = connection.driver
            connection.call("load", lambda: driver.load_replace_candidate(config=subject.candidate))
            connection.call("compare", driver.compare_config)
            connection.call("commit", lambda: driver.commit_config(message=message, revert_in=subject.ample_s))
            kept = connection.call("message", lambda: read_back(driver))
            connection.call("undo", getattr(driver, subject.habits.undo_committed))
        if message not in kept:
            raise NotProvedError("the driver took a message and the device does not show it")
        return "the device shows the message of a pending commit"


def _compared(connection: Connection, subject: Subject, candidate: str) -> str:
    driver = connection.driver
    connection.call("load", lambda: driver.load_replace_candidate(config=candidate))
    shown = connection.call("compare", driver.compare_config)
    subject.discard(driver, connection)
    return shown
