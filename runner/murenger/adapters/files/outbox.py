"""The outbox of a log: for each sink, since when it waits for the head, and which head it held last.

Input: what became of each attempt. Output: two small files a sink, durable, which the next process finds.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
from collections.abc import Iterator

from murenger.adapters.files.exclusive import exclusive
from murenger.adapters.files.private import private_folder, write_private
from murenger.errors import ConfigError, LedgerError
from murenger.model.said import said_count, said_time
from murenger.ports import Clock
from murenger.record.executor import AnchorSeen
from murenger.record.store import LOCK, OUTBOX, read_regular

WAITING, HELD = "waiting.json", "held.json"

_MAX_BYTES = 64 * 1024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A sink that does not hold the head of the log.

    Attributes:
        since: when the first attempt failed.
        first_sequence: number of the oldest record that it was not told of.
        attempts: how many attempts have failed since, >= 1.
        next_at: not tried again before this time, unless a change waits for it.
        last_error: why the last attempt failed, one clause without secrets.
        conflict: True if the sink holds another history of this log.
    """

    since: datetime.datetime
    first_sequence: int
    attempts: int
    next_at: datetime.datetime
    last_error: str
    conflict: bool


class Outbox:
    """The outbox of one log.

    Args:
        folder: the log's folder.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder / OUTBOX

    @contextlib.contextmanager
    def alone(self, clock: Clock, *, within_s: float) -> Iterator[bool]:
        """Return a context in which no other process gives the head away: an older head must never follow a newer one.

        Args:
            clock: how time passes.
            within_s: seconds to wait for the others.

        Returns:
            A context whose value is False if another process would not end in time.

        Raises:
            LedgerError: the outbox cannot be written.
        """
        with contextlib.ExitStack() as stack:
            try:
                path = private_folder(self._folder) / LOCK
                is_alone = stack.enter_context(exclusive(path, clock, within_s=within_s))
            except (ConfigError, OSError) as exc:
                raise LedgerError(f"the outbox {self._folder} cannot be written", hint="is the disk full?") from exc
            yield is_alone

    def waiting(self, sink: str) -> Waiting | None:
        """Return since when a sink waits, or None if it holds the head it was given last.

        Raises:
            LedgerError: the file cannot be read.
        """
        said = self._read(sink, WAITING)
        if said is None:
            return None
        try:
            return Waiting(
                since=said_time(said["since"]),
                first_sequence=said_count(said["first_sequence"]),
                attempts=said_count(said["attempts"]),
                next_at=said_time(said["next_at"]),
                last_error=str(said["last_error"]),
                conflict=said["conflict"] is True,
            )
        except (KeyError, ValueError, TypeError) as exc:
            raise self._damaged(sink, WAITING) from exc

    def held(self, sink: str) -> AnchorSeen | None:
        """Return the newest head that a sink holds, or None if it never held one.

        Raises:
            LedgerError: the file cannot be read.
        """
        said = self._read(sink, HELD)
        if said is None:
            return None
        try:
            return AnchorSeen(
                sequence=said_count(said["sequence"]),
                sha256=str(said["sha256"]),
                size=said_count(said["size"]),
                root=str(said["root"]),
                sink=sink,
                at=said_time(said["at"]),
            )
        except (KeyError, ValueError, TypeError) as exc:
            raise self._damaged(sink, HELD) from exc

    def keep_waiting(self, sink: str, waiting: Waiting) -> None:
        """Remember, durably, that a sink waits.

        Raises:
            LedgerError: the disk would not take it.
        """
        values = dataclasses.asdict(waiting)
        self._write(sink, WAITING, {**values, "since": _text(waiting.since), "next_at": _text(waiting.next_at)})

    def keep_held(self, seen: AnchorSeen) -> None:
        """Remember, durably, what a sink holds; one that holds more already is left alone.

        Raises:
            LedgerError: the disk would not take it.
        """
        before = self.held(seen.sink)
        if before is not None and before.size > seen.size:
            return
        values = {name: value for name, value in dataclasses.asdict(seen).items() if name != "sink"}
        self._write(seen.sink, HELD, {**values, "at": _text(seen.at)})

    def clear(self, sink: str) -> None:
        """Forget that a sink waited.

        Raises:
            LedgerError: the disk would not take it.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / sink / WAITING).unlink()
        except OSError as exc:
            raise LedgerError(f"the outbox {self._folder} cannot be written: {exc.strerror}") from exc

    def _read(self, sink: str, name: str) -> dict[str, object] | None:
        path = self._folder / sink / name
        try:
            said = json.loads(read_regular(path, _MAX_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as exc:
            raise self._damaged(sink, name) from exc
        if not isinstance(said, dict):
            raise self._damaged(sink, name)
        return said

    def _write(self, sink: str, name: str, values: dict[str, object]) -> None:
        try:
            folder = private_folder(self._folder / sink)
            write_private(folder / name, json.dumps(values, sort_keys=True).encode("utf-8"))
        except ConfigError as exc:
            raise LedgerError(f"the outbox cannot be written: {exc.message}", hint="is the disk full?") from exc

    def _damaged(self, sink: str, name: str) -> LedgerError:
        path = self._folder / sink / name
        return LedgerError(f"{path} is damaged", hint=f"remove it; {os.fspath(path.parent)} holds no records")


def _text(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat()
