"""The emulated switch itself: running and startup configuration, users, management access, faults and trace.

Input: commands of authenticated users, and the lab's control requests. Output: its state, always behind one lock.
"""

import collections
import dataclasses
import hashlib
import hmac
import ipaddress
import itertools
import os
import pathlib
import secrets
import threading
from collections.abc import Mapping

from murenger.lab.clock import LabClock
from murenger.lab.eos import access, editor, render, tree
from murenger.lab.eos.faults import ANOTHER_NAME, Fault, Faults
from murenger.lab.eos.passwords import verify
from murenger.lab.eos.sessions import SessionTable

_TRACE_LENGTH = 20_000
# The switch has been up for a while when the lab starts, as a real one has.
_UPTIME_AT_START_S = 600.0
_OLD_RELEASE, _NEW_RELEASE = "4.31.5M", "4.33.1F"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One thing that happened to the device.

    Attributes:
        at: ISO 8601 time on the lab clock.
        source: `eapi`, `console`, `connection` or `timer`.
        user: who; empty where nobody was authenticated.
        commands: what was asked, secrets replaced, or what happened.
    """

    at: str
    source: str
    user: str
    commands: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One local user, read from the running configuration.

    Attributes:
        name: login name.
        privilege: 0 to 15; 1 where the line does not say.
        role: role name; `network-operator` where the line does not say.
        secret: `$6$` hash; empty where there is no password.
    """

    name: str
    privilege: int
    role: str
    secret: str


class Device:
    """One emulated EOS switch.

    Attributes:
        clock: the time it believes in.
        faults: its switchable misbehaviour.
        lock: held by whoever reads or changes it.
        sessions: its configuration sessions and running configuration.
        flash: files by name, text.
        trace: what happened, oldest first, bounded.
    """

    def __init__(self, *, startup: str, startup_path: pathlib.Path | None, clock: LabClock | None = None) -> None:
        """Boot from a startup configuration.

        Args:
            startup: configuration text.
            startup_path: where `write memory` keeps it; None keeps it in memory only.
            clock: the lab's clock; None makes one.

        Raises:
            RefusedError: the startup configuration has a line that the device does not know.
        """
        self.clock = clock or LabClock()
        self.faults = Faults()
        self.lock = threading.RLock()
        self.sessions = SessionTable(editor.load(startup), self.clock)
        self.flash: dict[str, str] = {}
        self.trace: collections.deque[TraceEntry] = collections.deque(maxlen=_TRACE_LENGTH)
        self._startup = tree.duplicate(self.sessions.running)
        self._startup_path = startup_path
        self._booted_at_s = self.clock.monotonic_s() - _UPTIME_AT_START_S
        self._key = secrets.token_bytes(32)
        self._logins_seen: set[bytes] = set()

    @property
    def running(self) -> tree.Node:
        """Return the running configuration."""
        return self.sessions.running

    @property
    def release(self) -> str:
        """Return the EOS release it claims to run."""
        return _OLD_RELEASE if self.faults.peek(Fault.DETAIL_STYLE) == "4.31" else _NEW_RELEASE

    @property
    def hostname(self) -> str:
        """Return the name the device gives itself."""
        if self.faults.peek(Fault.OTHER_DEVICE):
            return ANOTHER_NAME
        wrong = self.faults.peek(Fault.WRONG_HOSTNAME)
        if isinstance(wrong, str):
            return wrong
        node = self.running.child("hostname")
        return "localhost" if node is None else node.line.removeprefix("hostname ")

    def uptime_s(self, at_s: float | None = None) -> float:
        """Return seconds since boot, now or at a moment of the lab clock's monotonic scale."""
        return (self.clock.monotonic_s() if at_s is None else at_s) - self._booted_at_s

    def note(self, source: str, user: str, *commands: str) -> None:
        """Add to the trace, without secrets."""
        with self.lock:
            at = self.clock.now().isoformat()
            told = tuple(render.without_secrets(command) for command in commands)
            self.trace.append(TraceEntry(at=at, source=source, user=user, commands=told))

    def tick(self) -> None:
        """Let timers fire that are due."""
        with self.lock:
            ended = self.sessions.expire()
            if ended is not None:
                self.note("timer", "", f"commit timer of session {ended} expired, running configuration restored")

    def header(self) -> str:
        """Return the words of the `! device:` line."""
        return f"{self.hostname} (vEOS-lab, EOS-{self.release})"

    def text(self, config: tree.Node, command: str, spell: render.Spelling = render.as_stored) -> str:
        """Return a configuration as `command` shows it."""
        return render.text(config, command=command, device=self.header(), spell=spell)

    def startup_text(self) -> str:
        """Return the startup configuration as the device shows it."""
        return self.text(self._startup, "show startup-config")

    def save_startup(self, config: tree.Node | None = None) -> None:
        """Make a configuration, by default the running one, what the next boot starts from."""
        self._startup = tree.duplicate(self.running if config is None else config)
        if self._startup_path is not None:
            write_private(self._startup_path, self.startup_text())

    def commit(self, session: str, user: str, *, timer_s: int | None) -> None:
        """Commit or confirm a session, as far as the device is honest.

        Args:
            session: its name.
            user: who asks.
            timer_s: seconds until the commit ends by itself unless confirmed; None commits for good.

        Raises:
            RefusedError: see `SessionTable.commit`.
        """
        table, faults = self.sessions, self.faults
        on_trial = table.trial is not None and table.trial.session == session
        if timer_s is None and on_trial and faults.strike(Fault.IGNORE_CONFIRM):
            return
        if not on_trial and faults.strike(Fault.IGNORE_COMMIT):
            table.get(session).config = tree.duplicate(self.running)
        table.commit(session, user, timer_s=timer_s)
        if table.trial is None or timer_s is None:
            return
        late_s, early_s = faults.strike(Fault.REVERT_LATE), faults.strike(Fault.REVERT_EARLY)
        if isinstance(late_s, int | float):
            table.trial = dataclasses.replace(table.trial, deadline_s=table.trial.deadline_s + late_s)
        if isinstance(early_s, int | float):
            table.trial = dataclasses.replace(table.trial, deadline_s=self.clock.monotonic_s() + early_s)

    def replace_running(self, text: str) -> None:
        """Run another configuration at once.

        Raises:
            RefusedError: it has a line that the device does not know; nothing changes.
        """
        self.sessions.running = editor.load(text)

    def account(self, name: str) -> Account | None:
        """Return a local user; None where the running configuration has none of that name."""
        node = self.running.child(f"username {name}")
        if node is None:
            return None
        words = node.line.split()
        fields: Mapping[str, str] = dict(itertools.pairwise(words))
        return Account(
            name=name,
            privilege=int(fields.get("privilege", "1")),
            role=fields.get("role", "network-operator"),
            secret=words[-1] if "nopassword" not in words else "",
        )

    def authenticate(self, name: str, password: str) -> Account | None:
        """Return the user that a name and password belong to; None where they belong to nobody."""
        with self.lock:
            account = self.account(name)
        if account is None or not account.secret:
            return None
        # Hashing costs milliseconds and every request authenticates anew: remember what was right, keyed.
        seen = hmac.digest(self._key, f"{name}\0{password}\0{account.secret}".encode(), hashlib.sha256)
        if seen not in self._logins_seen:
            if not verify(password, account.secret):
                return None
            self._logins_seen.add(seen)
        return account

    def admits(self, address: str) -> bool:
        """Say whether a new management connection from an IPv4 address is let in."""
        with self.lock:
            self.tick()
            return access.admits(self.running, ipaddress.IPv4Address(address))


def write_private(path: pathlib.Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
