"""Messages that wait: for each channel one file for each incident, and when the channel is tried again.

Input: incidents to be told. Output: the same incidents, in order, until somebody has taken them; a file is there before
anybody is asked to send it, and is gone only once it was sent, so a process that dies in between loses none.
"""

import contextlib
import dataclasses
import datetime
import json
import pathlib
import re
from collections.abc import Iterator

from murenger.adapters.clock import SystemClock
from murenger.adapters.files.exclusive import exclusive
from murenger.adapters.files.private import private_folder, write_private
from murenger.errors import ConfigError, NotifyError
from murenger.model.impact import Risk
from murenger.model.incident import (
    Incident,
    IncidentKind,
    Phase,
    incident_from_json,
    incident_id,
    incident_to_json,
    time_text,
)
from murenger.model.said import said_count, said_time
from murenger.ports import Clock
from murenger.record.store import LOCK, read_regular

FOLDER = "notices"
MOST_WAITING = 1000
# Others hold the lock while they write a file or two.
PATIENCE_S = 5.0

_NOTICE = re.compile(r"([0-9]{12})-(inc_[0-9a-f]{32})\.json")
_REST, _SENDING = "rest.json", "SENDING"
_MAX_BYTES = 256 * 1024


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A channel that did not take a message and is left alone for a while.

    Attributes:
        since: when the first attempt failed.
        attempts: how many attempts have failed since, >= 1.
        next_at: not tried again before this time.
        last_error: why the last attempt failed, one clause without secrets.
    """

    since: datetime.datetime
    attempts: int
    next_at: datetime.datetime
    last_error: str


class NoticeFiles:
    """The messages of one site that wait.

    Args:
        state: the runner's state folder.
        origin: name of the log.
        clock: the time, and how it passes.
        most: messages that may wait for one channel, >= 1.
    """

    def __init__(self, state: pathlib.Path, *, origin: str, clock: Clock, most: int = MOST_WAITING) -> None:
        self._folder = state / FOLDER
        self._origin = origin
        self._clock = clock
        self._most = most

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Return a context in which no other process or thread adds or removes messages.

        Raises:
            NotifyError: the folder cannot be written, or another process would not end.
        """
        with contextlib.ExitStack() as stack:
            with self._errors():
                path = private_folder(self._folder) / LOCK
                # By the machine's own time: who holds the lock works in that, whatever time the site goes by.
                is_alone = stack.enter_context(exclusive(path, SystemClock(), within_s=PATIENCE_S))
            if not is_alone:
                raise NotifyError(f"another process holds {path} and does not end")
            yield

    def put(self, channel: str, incident: Incident) -> None:
        """Let a message wait; an earlier one about the same incident that still waits is replaced, in its place.

        Where too many wait, one message says how many were not kept.

        Raises:
            NotifyError: the disk would not take it.
        """
        with self._errors():
            folder = private_folder(self._folder / channel)
            names = self.waiting(channel)
            known = next((name for name in names if _id_of(name) == incident.id), None)
            if known is None and len(names) >= self._most:
                incident = self._lost(channel, names)
                known = next((name for name in names if _id_of(name) == incident.id), None)
            name = known or f"{_order_of(names[-1]) + 1 if names else 1:012d}-{incident.id}.json"
            write_private(folder / name, json.dumps(incident_to_json(incident)).encode("utf-8"))

    def waiting(self, channel: str) -> tuple[str, ...]:
        """Return the names of the messages that wait for a channel, the one that is next first.

        Raises:
            NotifyError: the folder cannot be read.
        """
        try:
            found = [path.name for path in (self._folder / channel).iterdir() if _NOTICE.fullmatch(path.name)]
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise NotifyError(f"the folder {self._folder / channel} cannot be read: {exc.strerror}") from exc
        return tuple(sorted(found))

    def load(self, channel: str, name: str) -> Incident | None:
        """Return a message that waits, or None if it was sent meanwhile.

        Raises:
            NotifyError: it is damaged; it is put aside, so that it is reported once and does not hold up the others.
        """
        path = self._folder / channel / name
        try:
            return incident_from_json(json.loads(read_regular(path, _MAX_BYTES)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as exc:
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(".damaged"))
            raise NotifyError(f"the message {path} is damaged and was put aside", hint="look at the ledger") from exc

    def sent(self, channel: str, name: str, incident: Incident) -> None:
        """Forget a message that was taken, unless a newer one about the same incident has replaced it.

        Raises:
            NotifyError: it cannot be removed, so it will be sent once more.
        """
        with self.alone(), self._errors():
            now = self.load(channel, name)
            if now is not None and now.message_id == incident.message_id:
                (self._folder / channel / name).unlink()

    def postpone(self, channel: str, name: str) -> None:
        """Let a message wait behind the others: one that is never taken must not hold them up.

        Raises:
            NotifyError: it cannot be renamed.
        """
        with self.alone(), self._errors():
            names = self.waiting(channel)
            if name in names and name != names[-1]:
                path = self._folder / channel / name
                path.rename(path.with_name(f"{_order_of(names[-1]) + 1:012d}-{_id_of(name)}.json"))

    @contextlib.contextmanager
    def sending(self, channel: str) -> Iterator[bool]:
        """Return a context in which nobody else sends to a channel; False if somebody does.

        Raises:
            NotifyError: the folder cannot be written.
        """
        with contextlib.ExitStack() as stack:
            with self._errors():
                path = private_folder(self._folder / channel) / _SENDING
                is_alone = stack.enter_context(exclusive(path, self._clock, within_s=0.0))
            yield is_alone

    def rest(self, channel: str) -> Rest | None:
        """Return that a channel is left alone, and until when; None if it is not, or nobody can tell."""
        try:
            said = json.loads(read_regular(self._folder / channel / _REST, _MAX_BYTES))
            return Rest(
                since=said_time(said["since"]),
                attempts=said_count(said["attempts"]),
                next_at=said_time(said["next_at"]),
                last_error=str(said["last_error"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            # Only a pause is lost with it.
            return None

    def keep_rest(self, channel: str, rest: Rest | None) -> None:
        """Remember that a channel is left alone, or is not any more.

        Raises:
            NotifyError: the disk would not take it.
        """
        with self._errors():
            path = private_folder(self._folder / channel) / _REST
            if rest is None:
                path.unlink(missing_ok=True)
                return
            said = {**dataclasses.asdict(rest), "since": time_text(rest.since), "next_at": time_text(rest.next_at)}
            write_private(path, json.dumps(said).encode("utf-8"))

    def channels(self) -> tuple[str, ...]:
        """Return the names of all channels that messages wait for, configured or not."""
        try:
            folders = [path.name for path in self._folder.iterdir() if path.is_dir()]
        except OSError:
            return ()
        return tuple(sorted(name for name in folders if self.waiting(name)))

    def _lost(self, channel: str, names: tuple[str, ...]) -> Incident:
        """Return the message that stands for those that are not kept, counting one more."""
        before = next(
            (found for name in names if (found := self.load(channel, name)) and _is_lost(found)),
            None,
        )
        now = self._clock.now()
        opened_at = before.opened_at if before else now
        number = before.number + 1 if before else 1
        return Incident(
            id=incident_id(self._origin, FOLDER, channel, time_text(opened_at)),
            number=number,
            phase=Phase.CLOSED,
            kind=IncidentKind.NOTICES_LOST,
            severity=Risk.HIGH,
            peak=Risk.HIGH,
            origin=self._origin,
            device="",
            zone="",
            title=f"{number} messages for channel {channel} were not kept: {self._most} waited already",
            opened_at=opened_at,
            at=now,
            action="look at the ledger: murenger log, murenger status",
        )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ConfigError as exc:
            raise NotifyError(f"a message cannot be kept: {exc.message}", hint="is the disk full?") from exc
        except OSError as exc:
            hint = "is the disk full or read-only?"
            raise NotifyError(f"the folder {self._folder} cannot be written: {exc.strerror}", hint=hint) from exc


def _is_lost(incident: Incident) -> bool:
    return incident.kind is IncidentKind.NOTICES_LOST


def _order_of(name: str) -> int:
    return int(name[:12])


def _id_of(name: str) -> str:
    return name[13:].removesuffix(".json")
