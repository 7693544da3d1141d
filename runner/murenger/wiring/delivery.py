"""Delivery: messages that wait go to their channels, each channel by itself, and none holds up anything else.

Input: the messages that wait, and channels that take them or do not. Output: sent messages, pauses, and `failure`
records of channels that do not work.
"""

import datetime
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence

from murenger.adapters.files.notices import NoticeFiles, Rest
from murenger.errors import MurengerError, NotifyError
from murenger.model import digest_of
from murenger.model.incident import Incident
from murenger.ports import Clock, Notifier
from murenger.wiring.anchoring import redacted, rest_s
from murenger.wiring.failures import Failures, channel_control, is_channel_control

# What a server may ask for at most: who asks for more is asked again all the same.
LONGEST_ASKED_S = 3600
# How many messages one attempt may send before others look after the channel again.
MOST_AT_ONCE = 100


class Delivery:
    """The channels of one site.

    Args:
        notifiers: the channels by name, in the file's order.
        files: the messages that wait.
        failures: open failures.
        clock: the time.
    """

    def __init__(
        self, notifiers: Mapping[str, Notifier], files: NoticeFiles, failures: Failures, *, clock: Clock
    ) -> None:
        self._notifiers = dict(notifiers)
        self._files = files
        self._failures = failures
        self._clock = clock
        self._busy: dict[str, threading.Thread] = {}
        self._rests: dict[str, Rest | None] = {}
        self._done: queue.SimpleQueue[tuple[str, Incident | None, NotifyError | None]] = queue.SimpleQueue()

    @property
    def notifiers(self) -> tuple[Notifier, ...]:
        """The channels, in the file's order."""
        return tuple(self._notifiers.values())

    def tick(self) -> None:
        """Note what became of earlier attempts, and begin those whose time has come; nothing is waited for.

        Raises:
            MurengerError: what became of an attempt could not be kept, or the messages cannot be read.
        """
        self._note()
        self._begin()

    def flush(self, within_s: float) -> None:
        """Send what waits and may be sent now, and wait for that, but not for ever.

        Args:
            within_s: seconds to wait, > 0.

        Raises:
            MurengerError: as for `tick`.
        """
        self._begin()
        deadline_s = self._clock.monotonic_s() + within_s
        for thread in tuple(self._busy.values()):
            thread.join(max(0.0, deadline_s - self._clock.monotonic_s()))
        self._note()

    def note_removed(self) -> None:
        """Record the end of failures of channels that murenger.yml does not name any more.

        Raises:
            LedgerError: the ledger cannot be read or written.
        """
        named = {channel_control(name) for name in self._notifiers}
        for device, control in self._failures.opened():
            if is_channel_control(control) and control not in named and not device:
                now = self._clock.now()
                self._failures.works(
                    control, "the channel is not configured any more", restored_at=now, resumed_at=None
                )

    def rest(self, channel: str) -> Rest | None:
        """Return that a channel is left alone, and until when, or None."""
        return self._rests[channel] if channel in self._rests else self._files.rest(channel)

    def _begin(self) -> None:
        now = self._clock.now()
        self._busy = {name: thread for name, thread in self._busy.items() if thread.is_alive()}
        for name in self._notifiers:
            rest = self.rest(name)
            if name in self._busy or (rest is not None and rest.next_at > now) or not self._files.waiting(name):
                continue
            # A daemon: a channel that never answers must not keep the program from ending.
            thread = threading.Thread(target=self._send, args=(name,), daemon=True, name=f"channel-{name}")
            self._busy[name] = thread
            thread.start()

    def _send(self, name: str) -> None:
        """Send what waits for one channel, until it is all sent or one message was not taken."""
        try:
            with self._files.sending(name) as is_alone:
                if is_alone:
                    self._send_all(name)
        except NotifyError as error:
            self._done.put((name, None, error))
        except Exception as error:  # noqa: BLE001 - a defect of one channel must not silence the others, nor be lost
            said = f"channel {name}: internal error: {type(error).__name__}; please report it"
            self._done.put((name, None, NotifyError(said)))

    def _send_all(self, name: str) -> None:
        for notice in self._files.waiting(name)[:MOST_AT_ONCE]:
            incident = self._files.load(name, notice)
            if incident is None:
                continue
            try:
                self._notifiers[name].notify(incident)
            except NotifyError as error:
                self._done.put((name, incident, error))
                self._files.postpone(name, notice)
                return
            self._files.sent(name, notice, incident)
            self._done.put((name, incident, None))

    def _note(self) -> None:
        for name, incident, error in self._answers():
            if error is None:
                self._taken(name)
            else:
                self._failed(name, incident, error)

    def _answers(self) -> Iterator[tuple[str, Incident | None, NotifyError | None]]:
        while True:
            try:
                yield self._done.get_nowait()
            except queue.Empty:
                return

    def _taken(self, name: str) -> None:
        if self.rest(name) is not None:
            self._rests[name] = None
            self._files.keep_rest(name, None)
        now = self._clock.now()
        self._failures.works(channel_control(name), "messages are taken again", restored_at=now, resumed_at=now)

    def _failed(self, name: str, incident: Incident | None, error: NotifyError) -> None:
        before, now = self.rest(name), self._clock.now()
        attempts = 1 if before is None else before.attempts + 1
        asked_s = min(error.retry_after_s or 0.0, LONGEST_ASKED_S)
        rest = Rest(
            since=now if before is None else before.since,
            attempts=attempts,
            next_at=now + datetime.timedelta(seconds=max(rest_s(attempts), asked_s)),
            last_error=redacted(error.message),
        )
        # In memory first: a full disk must not make us ask a dead channel every second.
        self._rests[name] = rest
        subject = incident.message_id if incident else name
        problems: list[MurengerError] = []
        try:
            self._files.keep_rest(name, rest)
        except NotifyError as problem:
            problems.append(problem)
        self._failures.failed(
            channel_control(name),
            rest.last_error,
            subject=(f"notices/{name}", digest_of(subject).removeprefix("sha256:")),
            started=rest.since,
        )
        if problems:
            raise problems[0]


def sent_in_time(notifiers: Sequence[Notifier], incident: Incident) -> dict[str, NotifyError | None]:
    """Send one message to every channel now, and return what each said.

    Args:
        notifiers: the channels.
        incident: the message.
    """
    said: dict[str, NotifyError | None] = {}
    for notifier in notifiers:
        try:
            notifier.notify(incident)
        except NotifyError as error:
            said[notifier.name] = error
        else:
            said[notifier.name] = None
    return said
