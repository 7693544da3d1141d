"""One turn at writing a log: the lock is held, the end of the log is known, and what fails is taken back.

Input: a log's folder. Output: changes that are made whole or not at all, and what crashes had left behind.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from murenger.adapters.files.ledger_files import Step, Transaction, Turn, locked, make_folder
from murenger.adapters.files.ledger_tail import Tail, find_tail
from murenger.errors import LedgerError
from murenger.record.executor import Found
from murenger.record.store import DAYS, LOCK, QUARANTINE, TMP


class LedgerWriter:
    """Whoever writes to one log from this process.

    Args:
        folder: the log's.
        at_step: called with a name before each step of a change; for tests that crash there.
    """

    def __init__(self, folder: Path, at_step: Step) -> None:
        self.folder = folder
        self.at_step = at_step
        self._tail: Tail | None = None
        self._prepared = False
        self._found: list[Found] = []

    @property
    def tail(self) -> Tail:
        """Where the log ends; to be asked within a turn.

        Raises:
            LedgerError: a change failed in this turn.
        """
        if self._tail is None:
            raise LedgerError(f"nobody knows where the ledger {self.folder} ends now", hint="murenger verify")
        return self._tail

    def take_found(self) -> tuple[Found, ...]:
        """Return what crashes had left behind, each once."""
        found, self._found = tuple(self._found), []
        return found

    @contextlib.contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the log's lock and know its end; whatever the disk refuses becomes a LedgerError that names the folder.

        Raises:
            LedgerError: the folder cannot be read or written, or the newest record is torn or unsigned.
        """
        try:
            with self._locked() as turn:
                if self._tail is None or not turn.finds(self._tail.stamp):
                    self._tail = None
                    self._tail, found = find_tail(self.folder)
                    self._found.extend(found)
                    turn.leave(self._tail.stamp)
                yield turn
        except OSError as exc:
            raise LedgerError(
                f"the ledger {self.folder} cannot be written: {exc.strerror or exc}",
                hint="nothing was recorded, so nothing may be changed",
            ) from exc

    @contextlib.contextmanager
    def _locked(self) -> Iterator[Turn]:
        if not self._prepared or not (self.folder / TMP).is_dir():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, *(self.folder / name for name in (DAYS, TMP, QUARANTINE))):
                make_folder(folder)
            self._prepared = True
        with locked(self.folder / LOCK) as turn:
            yield turn

    @contextlib.contextmanager
    def change(self, turn: Turn) -> Iterator[Transaction]:
        """Make a change that is taken back should anything in it fail; `settle` must follow.

        Raises:
            LedgerError: it failed, and could not be taken back.
        """
        self.begin(turn)
        transaction = Transaction(self.folder, self.at_step)
        try:
            yield transaction
        except BaseException as exc:
            self._tail = None
            left = transaction.undo()
            if left:
                raise LedgerError(
                    f"an unfinished change could not be taken back: {'; '.join(left)}", hint="murenger verify"
                ) from exc
            raise

    def begin(self, turn: Turn) -> None:
        """Let whoever comes next look at the files, should this turn not come to its end.

        Raises:
            OSError: the disk refused.
        """
        self.at_step("begin")
        turn.begin()

    def settle(self, turn: Turn, tail: Tail) -> None:
        """End a change: from now on the log ends here."""
        self._tail = tail
        turn.leave(tail.stamp)
