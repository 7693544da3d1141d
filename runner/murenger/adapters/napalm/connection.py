"""One open NAPALM driver: connect with a login, check the peer, call within time limits, disconnect.

Input: a device and a login. Output: a driver object that is open, and reads in our own terms.
"""

import concurrent.futures
import contextlib
import dataclasses
import importlib.metadata
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar, cast

from murenger.adapters.napalm.failures import connect_error, observe_error
from murenger.adapters.napalm.identity import check_host_key
from murenger.adapters.napalm.profiles import DriverProfile, known_hosts, profile
from murenger.errors import UnreachableError, UnsupportedPlatformError
from murenger.model import Device, PeerIdentity, RawRead
from murenger.ports import Clock

T = TypeVar("T")

# These libraries print tracebacks of what we report ourselves, in one line and without secrets.
_NOISY_LOGGERS = ("pyeapi", "pyeapi.eapilib", "paramiko", "ncclient", "netmiko", "jnpr")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A credential for one device; lives in memory only.

    Attributes:
        username: login name.
        password: password, or "" where a key is used.
        key_file: path of a private SSH key, or "".
    """

    username: str
    password: str = dataclasses.field(default="", repr=False)
    key_file: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long a device may take.

    Attributes:
        connect_s: seconds to connect and log in, > 0.
        call_s: seconds for any one call of a driver, > 0.
    """

    connect_s: float = 20.0
    call_s: float = 60.0


class Driver(Protocol):
    """The part of `napalm.base.NetworkDriver` that we use, typed."""

    def open(self) -> None: ...  # noqa: D102 - NAPALM's own contract
    def close(self) -> None: ...  # noqa: D102
    def is_alive(self) -> dict[str, bool]: ...  # noqa: D102
    def get_facts(self) -> dict[str, object]: ...  # noqa: D102
    def get_config(self, retrieve: str = ...) -> dict[str, str]: ...  # noqa: D102
    def load_replace_candidate(self, filename: None = ..., config: str = ...) -> None: ...  # noqa: D102
    def load_merge_candidate(self, filename: None = ..., config: str = ...) -> None: ...  # noqa: D102
    def compare_config(self) -> str: ...  # noqa: D102
    def commit_config(self, message: str = ..., revert_in: int | None = ...) -> None: ...  # noqa: D102
    def confirm_commit(self) -> None: ...  # noqa: D102
    def has_pending_commit(self) -> bool: ...  # noqa: D102
    def discard_config(self) -> None: ...  # noqa: D102
    def rollback(self) -> None: ...  # noqa: D102


class Connection:
    """An open driver for one device; every call has a deadline.

    Args:
        device: the device.
        driver: its open driver.
        limits: time limits.
        secrets: login secrets, never shown in an error.
    """

    def __init__(self, device: Device, driver: Driver, limits: TimeLimits, secrets: tuple[str, ...]) -> None:
        self.device = device
        self.driver = driver
        self.profile: DriverProfile = profile(device.platform)
        self.secrets = secrets
        self._limits = limits

    def call(self, what: str, function: Callable[[], T]) -> T:
        """Return what one driver call returns.

        Raises:
            UnreachableError: it took longer than `call_s`; the connection is then unusable.
        """
        return _within(self._limits.call_s, what, self.device.name, function)

    def read(self, clock: Clock) -> RawRead:
        """Read the full running configuration and the facts that identify the device.

        Raises:
            ObserveError: the read is not whole.
        """
        try:
            facts = self.call("facts", self.driver.get_facts)
            text = self.call("running configuration", lambda: self.driver.get_config(retrieve="running"))["running"]
            count = self._witness_rule_count()
        except Exception as exc:  # drivers let their libraries' exceptions through
            raise observe_error(exc, self.device.name, self.secrets) from exc
        return RawRead(
            text=text,
            platform=self.device.platform,
            hostname=str(facts.get("hostname", "")),
            taken_at=clock.now(),
            identity=self.profile.identity,
            driver=f"{self.profile.driver} {importlib.metadata.version(self.profile.distribution)}",
            os_version=str(facts.get("os_version", "")),
            serial=str(facts.get("serial_number", "")),
            witness_rule_count=count,
        )

    def _witness_rule_count(self) -> int | None:
        """Count the rules by the driver's second form of the same state, where it has one."""
        list_json = getattr(self.driver, "list_json", None)
        if list_json is None:
            return None
        listing = json.loads(self.call("second listing", cast("Callable[[], str]", list_json)))
        return sum("rule" in item for item in listing["nftables"])


@contextlib.contextmanager
def connect(
    device: Device,
    login: Login,
    limits: TimeLimits,
    *,
    to_change: bool = False,
    more_args: tuple[tuple[str, object], ...] = (),
) -> Iterator[Connection]:
    """Open a driver, and close it afterwards whatever happened.

    Args:
        device: where to.
        login: as whom.
        limits: time limits.
        to_change: True for a connection that changes the device; some drivers then take a lock.
        more_args: further `optional_args`; they win over those of the driver's profile.

    Raises:
        ObserveError: the device cannot be reached, refuses the login, or is another.
        GuardRefusedError: somebody else holds the lock.
    """
    driver = _driver(device, login, limits, to_change=to_change, more_args=more_args)
    secrets = (login.password,) if login.password else ()
    try:
        _within(limits.connect_s, "login", device.name, driver.open)
    except Exception as exc:  # drivers let their libraries' exceptions through
        _close_quietly(driver, device.name)
        raise connect_error(exc, device.name, secrets) from exc
    try:
        yield Connection(device, driver, limits, secrets)
    finally:
        _close_quietly(driver, device.name)


def _driver(
    device: Device, login: Login, limits: TimeLimits, *, to_change: bool, more_args: tuple[tuple[str, object], ...]
) -> Driver:
    # NAPALM costs about two CPU seconds to import, so only the process that talks to devices pays.
    import napalm  # noqa: PLC0415

    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    habits = profile(device.platform)
    arguments = habits.optional_args(device)
    if habits.identity is PeerIdentity.PREFLIGHT:
        port = arguments["port"]
        check_host_key(device, port=cast("int", port), known_hosts=known_hosts(device), timeout_s=limits.connect_s)
    arguments |= dict(habits.change_args if to_change else habits.read_args) | dict(more_args)
    if login.key_file:
        arguments |= {"key_file": login.key_file, "use_keys": True}
    try:
        driver_class = napalm.get_network_driver(habits.driver)
    except ImportError as exc:
        raise UnsupportedPlatformError(f"NAPALM has no driver {habits.driver!r}: {exc}", device=device.name) from exc
    return cast(
        "Driver",
        driver_class(
            hostname=device.address,
            username=login.username,
            password=login.password,
            timeout=int(limits.call_s),
            optional_args=arguments,
        ),
    )


def _close_quietly(driver: Driver, device: str) -> None:
    """Close; a device that fails while we leave has nothing more to tell us."""
    with contextlib.suppress(Exception):
        _within(10.0, "disconnect", device, driver.close)
    # NAPALM's destructor closes what says it is alive; eos's would connect anew for that, at any time, in any thread.
    driver.is_alive = _is_closed  # type: ignore[method-assign]  # this one object's answer is what the destructor asks


def _is_closed() -> dict[str, bool]:
    return {"is_alive": False}


def _within(limit_s: float, what: str, device: str, function: Callable[[], T]) -> T:
    """Run a blocking call in a thread of its own and wait for it no longer than the limit."""
    result: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            result.set_result(function())
        except BaseException as exc:  # noqa: BLE001 - handed to the waiting thread as it is
            result.set_exception(exc)

    # A daemon thread: one that hangs in a dead connection must not keep the process alive.
    threading.Thread(target=run, name=f"{device} {what}", daemon=True).start()
    try:
        return result.result(timeout=limit_s)
    except TimeoutError as exc:
        if result.done():
            raise
        raise UnreachableError(
            f"{what} took longer than {limit_s:g} s",
            device=device,
            hint="check the device and the path; connection in murenger.yml sets the time limits",
        ) from exc
