"""One emulated device: its settings, its configuration database, its faults and the record of what was asked of it.

Input: a device folder. Output: the state that NETCONF sessions, the console and the control socket share.
"""

import asyncio
import collections
import dataclasses
import datetime
import enum
import itertools
import json
import pathlib

from murenger.lab.clock import LabClock
from murenger.lab.junos.datastore import Datastore, Owner
from murenger.lab.junos.faults import Faults
from murenger.lab.junos.history import History

MODEL = "srx300"
VERSION = "21.4R3-S5.4"
SERIAL_NUMBER = "CV0000AF0001"
TRACE_LENGTH = 10_000
UPTIME = datetime.timedelta(days=12)


class Role(enum.Enum):
    """What a login may do."""

    READ = "read"
    """Read configuration and facts; lock, load and commit are denied."""
    HEAL = "heal"
    """Everything."""
    OTHER = "other"
    """Everything; another administrator."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One login.

    Attributes:
        password: in clear text; a lab generates it.
        role: what it may do.
        authorized_keys: public keys in OpenSSH form that also open the door.
    """

    password: str
    role: Role
    authorized_keys: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The content of `device.json`.

    Attributes:
        host_name: the device's name in its first configuration.
        address: IP address to listen on.
        port: TCP port to listen on; 0 lets the system choose.
        users: logins by name.
        host_key: OpenSSH private key file of the device.
        management_clients: addresses or prefixes that the first configuration lets manage the device.
        management_interface: logical interface that management connections arrive on.
        secrets: values for the first configuration by name (`radius`, `community`); missing ones are generated.
    """

    host_name: str
    address: str
    port: int
    users: dict[str, User]
    host_key: pathlib.Path
    management_clients: tuple[str, ...]
    management_interface: str
    secrets: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One thing that happened at the device.

    Attributes:
        at: when, in ISO 8601.
        user: who; empty before a login is known.
        session: identity of the session; 0 for none.
        operation: RPC name, `console`, `connect`, `refused`, `closed` or `committed`.
        detail: what about it, without configuration text or secrets.
    """

    at: str
    user: str
    session: int
    operation: str
    detail: str


def read_settings(folder: pathlib.Path) -> Settings:
    """Read `device.json`.

    Args:
        folder: the device folder.

    Returns:
        The settings.

    Raises:
        ValueError: a value is missing or of the wrong kind.
        OSError: the file cannot be read.
    """
    raw = json.loads((folder / "device.json").read_text("utf-8"))
    try:
        users = {
            name: User(
                password=str(user["password"]),
                role=Role(user["role"]),
                authorized_keys=tuple(user.get("authorized_keys", ())),
            )
            for name, user in raw["users"].items()
        }
        interface = str(raw.get("management_interface", "ge-0/0/0.0"))
        if "." not in interface:
            raise ValueError(f"device.json of {folder.name}: management_interface {interface!r} lacks its unit")
        return Settings(
            host_name=str(raw["hostname"]),
            address=str(raw["address"]),
            port=int(raw["port"]),
            users=users,
            host_key=folder / str(raw["host_key"]),
            management_clients=tuple(str(client) for client in raw.get("management_clients", ())),
            management_interface=interface,
            secrets={str(name): str(value) for name, value in raw.get("secrets", {}).items()},
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"device.json of {folder.name} does not fit: {exc!r}") from exc


class Device:
    """The state of one emulated device.

    Attributes:
        settings: from `device.json`.
        clock: the time the device believes in.
        store: its configuration database.
        faults: what is switched on.
        booted_at: when it started, as it claims.
        trace: what was asked of it, oldest first; bounded.
    """

    def __init__(self, settings: Settings, history: History, clock: LabClock) -> None:
        self.settings = settings
        self.clock = clock
        self.history = history
        self.store = Datastore(history, clock)
        self.faults = Faults()
        self.booted_at = clock.now() - UPTIME
        self.trace: collections.deque[TraceEntry] = collections.deque(maxlen=TRACE_LENGTH)
        self._sessions = itertools.count(1001)
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def host_name(self) -> str:
        """The name the device claims; Junos calls a nameless device Amnesiac."""
        return self.faults.host_name(self.store.running.value("system", "host-name") or "Amnesiac")

    def owner(self, user: str, client: str) -> Owner:
        """Return a new session identity."""
        return Owner(session=next(self._sessions), user=user, client=client, since=self.clock.now())

    def note(self, owner: Owner | None, operation: str, detail: str = "") -> None:
        """Add to the trace."""
        user, session = (owner.user, owner.session) if owner else ("", 0)
        at = self.clock.now().isoformat()
        self.trace.append(TraceEntry(at=at, user=user, session=session, operation=operation, detail=detail))

    def arm(self) -> None:
        """Have the event loop wake the device when the confirm timer of a pending commit runs out."""
        self.disarm()
        self.store.tick()
        pending = self.store.pending
        if pending is not None:
            delay_s = max(0.0, (pending.deadline - self.clock.now()).total_seconds())
            self._alarm = asyncio.get_running_loop().call_later(delay_s + 0.01, self.arm)

    def disarm(self) -> None:
        """Forget the alarm; the deadline itself stays on disk."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
