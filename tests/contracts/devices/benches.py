"""Lab devices as the contract suite sees them: one set of verbs, whatever the platform.

Input: the folder of a running lab. Output: benches, each a device with the product's own adapters in front of it and
the lab's own door behind it, so that what the product believes can be held against what is true.
"""

import abc
import contextlib
import dataclasses
import functools
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import napalm

from murenger.adapters.ansible.inventory import AnsibleInventory
from murenger.adapters.clock import SystemClock
from murenger.adapters.napalm import Login, NapalmRemediator, NapalmSource, TimeLimits
from murenger.adapters.napalm.connection import Connection, connect
from murenger.adapters.napalm.profiles import profile
from murenger.lab.blueprints import blueprint
from murenger.lab.control import JsonObject
from murenger.lab.description import HEAL_ROLE, READ_ROLE, Description, load_description
from murenger.lab.firewall.console import ask_device, in_fw
from murenger.lab.firewall.values import NETNS, USERNS
from murenger.model import Device, RawRead
from murenger.ports import Clock

LIMITS = TimeLimits(connect_s=20.0, call_s=30.0)
DEADLINE_S = 20.0
_STATE = "/run/murenger-nft"


def until(claim: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
    """Wait for a real process to settle.

    Args:
        claim: asked again and again.
        within_s: seconds, > 0.

    Raises:
        AssertionError: it did not become true in time.
    """
    deadline = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < deadline, f"not so within {within_s:g} s"
        time.sleep(0.05)


class BenchClock:
    """The product's clock, in step with a device whose clock is pushed instead of waited for.

    Args:
        bench: the device.
    """

    def __init__(self, bench: "Bench") -> None:
        self._bench = bench
        self._real = SystemClock()
        self._ahead_s = 0.0

    def now(self) -> Any:
        """Return the machine's time and what was pushed."""
        return self._real.now()

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return self._real.monotonic_s() + self._ahead_s

    def wait(self, seconds: float) -> None:
        """Let that time pass on the device."""
        self._bench.advance(seconds)
        self._ahead_s += seconds


@dataclasses.dataclass(kw_only=True)
class Bench(abc.ABC):
    """A running lab device.

    Attributes:
        key: `fw1-userns`, `fw1-netns`, `leaf1` or `srx1`.
        lab_dir: the lab's folder.
        lockout: scenario that drops management.
        rogue: scenario that opens something at the top of a rule list.
        reorder: scenario that only moves an entry.
        short_s: a revert time as short as the driver takes.
    """

    key: str
    lab_dir: pathlib.Path
    lockout: str = "lockout"
    rogue: str = ""
    reorder: str = ""
    short_s: int = 60
    faults: set[str] = dataclasses.field(default_factory=set)

    @property
    def name(self) -> str:
        """The device's name."""
        return self.key.partition("-")[0]

    @property
    def device_dir(self) -> pathlib.Path:
        """The device's folder."""
        return self.lab_dir / self.name

    @functools.cached_property
    def description(self) -> Description:
        """What the device was told at its start."""
        return load_description(self.device_dir)

    @functools.cached_property
    def device(self) -> Device:
        """The device as the inventory names it."""
        (found,) = AnsibleInventory(self.lab_dir / "inventory", self.lab_dir / "vault-password").devices((self.name,))
        return found

    @property
    def platform(self) -> str:
        """The dialect's name."""
        return self.device.platform

    @property
    def clock(self) -> Clock:
        """A clock in step with the device's."""
        return BenchClock(self)

    def login(self, role: str = HEAL_ROLE) -> Login:
        """Return a credential of the lab."""
        found = self.description.login(role)
        if self.description.form == NETNS:
            return Login(username=found.name, key_file=str(self.device_dir / "keys" / role))
        return Login(username=found.name, password=found.password)

    def source(self, login: Login | None = None) -> NapalmSource:
        """Return the product's way to read."""
        return NapalmSource(lambda _: login or self.login(READ_ROLE), SystemClock(), LIMITS)

    def remediator(self, login: Login | None = None) -> NapalmRemediator:
        """Return the product's way to change."""
        return NapalmRemediator(lambda _: login or self.login(), SystemClock(), LIMITS)

    def connection(self) -> contextlib.AbstractContextManager[Connection]:
        """Return one connection with the read credential."""
        return connect(self.device, self.login(READ_ROLE), LIMITS)

    def read(self) -> RawRead:
        """Read as the product does."""
        return self.source().read(self.device)

    @contextlib.contextmanager
    def driver(self, **optional: object) -> Iterator[Any]:
        """Open the unmodified NAPALM driver with the heal credential, and close it afterwards."""
        login, device = self.login(), self.device
        habits = profile(device.platform)
        arguments = habits.optional_args(device) | optional
        if login.key_file:
            arguments |= {"key_file": login.key_file, "use_keys": True}
        driver = napalm.get_network_driver(habits.driver)(
            device.address, login.username, login.password, timeout=20, optional_args=arguments
        )
        driver.open()
        try:
            yield driver
        finally:
            with contextlib.suppress(Exception):
                driver.close()

    def ask(self, op: str, **fields: object) -> JsonObject:
        """Use the lab's own door."""
        return ask_device(self.device_dir, {"op": op, **fields})

    def play(self, scenario: str) -> None:
        """Change the device behind the product's back."""
        self.ask("scenario", name=scenario)

    def fault(self, name: str, value: object) -> None:
        """Switch a fault of an emulator; None switches it off."""
        self.faults.add(name)
        self.ask("fault", name=name, value=value)

    @abc.abstractmethod
    def reset(self) -> None:
        """Bring back what the device booted with, and nothing else."""

    @abc.abstractmethod
    def running(self) -> str:
        """Return what the device really runs, past every login."""

    @abc.abstractmethod
    def startup(self) -> str:
        """Return what the device would boot with, past every login."""

    @abc.abstractmethod
    def state(self) -> object:
        """Return everything that looking must not touch, past every login."""

    @abc.abstractmethod
    def type(self, *lines: str) -> None:
        """Type lines at the console, as another administrator."""

    @abc.abstractmethod
    def advance(self, seconds: float) -> None:
        """Let time pass on the device."""

    @abc.abstractmethod
    def harmless(self) -> tuple[str, ...]:
        """Return console lines that change something that opens and locks nothing."""

    @abc.abstractmethod
    def let_timer_fire(self, revert_in_s: int) -> None:
        """Wait until a timer of that many seconds has run out."""


@dataclasses.dataclass(kw_only=True)
class Firewall(Bench):
    """fw1: real rules, real time."""

    rogue: str = "open-card-db"
    reorder: str = "reorder"
    short_s: int = 2

    def shell(self, command: str) -> str:
        """Run a shell command as the firewall's root."""
        return in_fw(self.device_dir, ("sh", "-c", command)).stdout

    def reset(self) -> None:
        """Load the first rules, forget state and connections."""
        self.play("revert")
        self.shell(f"rm -rf {_STATE}/* /etc/nftables.d/murenger.nft; conntrack -F 2>/dev/null || true")

    def running(self) -> str:
        """List the rules without counters."""
        return in_fw(self.device_dir, ("nft", "-s", "list", "ruleset")).stdout

    def startup(self) -> str:
        """Return the startup file, or nothing."""
        path = "/etc/nftables.d/murenger.nft" if self.description.form == NETNS else f"{_STATE}/startup.nft"
        return self.shell(f"cat {path} 2>/dev/null || true")

    def state(self) -> object:
        """Return rules with their handles, and the driver's folder but for the lock, which old timers take."""
        return self.shell(
            f"nft -s -a list ruleset; find {_STATE} /etc/nftables.d -type f ! -name lock 2>/dev/null | sort || true"
        )

    def type(self, *lines: str) -> None:
        """Run shell lines as the firewall's root."""
        self.ask("cli", user="mallory", lines=list(lines))

    def advance(self, seconds: float) -> None:
        """Let real time pass."""
        SystemClock().wait(seconds)

    def harmless(self) -> tuple[str, ...]:
        """Drop a port that nobody serves."""
        return ("nft add rule inet murenger forward tcp dport 9 drop",)

    def let_timer_fire(self, revert_in_s: int) -> None:
        """Poll the driver's folder."""
        until(lambda: not self.shell(f"ls {_STATE}/pending.* 2>/dev/null || true"), within_s=revert_in_s + DEADLINE_S)
        # The rename comes first and the rules after it, under the same lock.
        until(lambda: self.shell(f"flock {_STATE}/lock true 2>/dev/null; echo done") == "done\n")


@dataclasses.dataclass(kw_only=True)
class Emulator(Bench):
    """leaf1 or srx1: the device's clock is pushed."""

    def advance(self, seconds: float) -> None:
        """Push the device's clock."""
        self.ask("advance", seconds=seconds)

    def let_timer_fire(self, revert_in_s: int) -> None:
        """Push the clock past the timer."""
        self.advance(revert_in_s + 1)

    def running(self) -> str:
        """Return the running text."""
        return str(self.ask("config")["text"])

    def trace(self) -> list[dict[str, Any]]:
        """Return what clients asked, oldest first."""
        found = self.ask("trace")["trace"]
        assert isinstance(found, list)
        return found

    def _faults_off(self) -> None:
        for name in tuple(self.faults):
            self.fault(name, None)
        self.faults.clear()


@dataclasses.dataclass(kw_only=True)
class Switch(Emulator):
    """leaf1."""

    rogue: str = "acl-rogue-permit"
    reorder: str = "acl-permit-above-deny"

    def mark(self) -> None:
        """Remember what it boots with now."""
        self.type("copy running-config flash:boot")

    def reset(self) -> None:
        """End timers and foreign work, run and save the first configuration."""
        self._faults_off()
        self.advance(90_000)
        self.play("revert")
        self.type("configure replace flash:boot", "write memory")

    def startup(self) -> str:
        """Return what `write memory` saved."""
        return (self.device_dir / "startup-config").read_text(encoding="utf-8")

    def state(self) -> object:
        """Return running, startup, and what was asked by anybody who may change."""
        changing = [
            entry
            for entry in self.trace()
            if any(not command.startswith(("show ", "enable")) for command in entry["commands"])
            and entry["source"] != "connection"
        ]
        return self.running(), self.startup(), changing

    def type(self, *lines: str) -> None:
        """Type at the serial port, where no account is asked for."""
        errors = self.ask("cli", user="serial port", lines=list(lines))["errors"]
        assert not errors, errors

    def harmless(self) -> tuple[str, ...]:
        """Add a VLAN that no port is in."""
        return ("vlan 777", "name UNUSED")


@dataclasses.dataclass(kw_only=True)
class Gateway(Emulator):
    """srx1."""

    rogue: str = "untrust-to-trust"
    reorder: str = "reorder"

    def reset(self) -> None:
        """Go back to the first configuration."""
        self._faults_off()
        self.play("revert")

    def startup(self) -> str:
        """Return the committed configuration: Junos boots with what was committed last."""
        return self.running()

    def state(self) -> object:
        """Return the whole database, the commits on disk, and what was asked by anybody who may change."""
        reading = ("get-", "close-session", "connect", "closed", "file-show", "command", "hello", "console")
        changing = [entry for entry in self.trace() if not entry["operation"].startswith(reading)]
        commits = sorted(path.name for path in (self.device_dir / "commits").iterdir())
        return self.ask("config"), commits, changing

    def type(self, *lines: str) -> None:
        """Type at the serial port."""
        self.ask("cli", user="mallory", lines=list(lines))

    def harmless(self) -> tuple[str, ...]:
        """Name an address that no policy uses."""
        return ("set security address-book global address unused 198.51.100.77/32", "commit")


KINDS: dict[str, type[Bench]] = {"fw1-userns": Firewall, "fw1-netns": Firewall, "leaf1": Switch, "srx1": Gateway}
FORMS = {"fw1-userns": USERNS, "fw1-netns": NETNS, "leaf1": USERNS, "srx1": USERNS}


def bench_of(key: str, lab_dir: pathlib.Path) -> Bench:
    """Return the bench of a device that runs.

    Args:
        key: one of `KINDS`.
        lab_dir: the lab's folder.
    """
    assert blueprint(key.partition("-")[0])
    bench = KINDS[key](key=key, lab_dir=lab_dir)
    if isinstance(bench, Switch):
        bench.mark()
    return bench
