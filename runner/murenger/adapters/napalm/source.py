"""Live configurations through NAPALM, with the read credential.

Input: a device. Output: port `ConfigSource`; each read is a new connection.
"""

from collections.abc import Callable
from typing import cast

from murenger.adapters.napalm.connection import Login, TimeLimits, connect
from murenger.adapters.napalm.failures import observe_error
from murenger.adapters.napalm.profiles import profile
from murenger.errors import ParseError, UnsupportedPlatformError
from murenger.model import Device, RawRead
from murenger.ports import Clock


class NapalmSource:
    """Port `ConfigSource` over NAPALM drivers.

    Args:
        login: gives the read credential of a device.
        clock: the time of each read.
        limits: time limits.
    """

    def __init__(self, login: Callable[[Device], Login], clock: Clock, limits: TimeLimits) -> None:
        self._login = login
        self._clock = clock
        self._limits = limits

    def read(self, device: Device) -> RawRead:
        """Read the full running configuration over a new connection, which is closed afterwards.

        Raises:
            ObserveError: the read could not be had, is not whole, or the peer is not the device.
        """
        with connect(device, self._login(device), self._limits) as connection:
            return connection.read(self._clock)

    def canonicalise(self, device: Device, text: str) -> str:
        """Return the text as the device's own software would list it after loading; nothing on the device changes.

        Raises:
            ObserveError: the device cannot be asked.
            ParseError: the device's software refuses the text.
        """
        if not profile(device.platform).canonicalises:
            return text
        with connect(device, self._login(device), self._limits) as connection:
            canonicalise = cast("Callable[[str], str]", getattr(connection.driver, "canonicalise", None))
            try:
                return connection.call("canonical form", lambda: canonicalise(text))
            except Exception as exc:  # drivers let their libraries' exceptions through
                if type(exc).__name__ == "ReplaceConfigException":
                    raise ParseError(
                        f"the device's software refuses this golden policy: {exc}", device=device.name
                    ) from exc
                if type(exc).__name__ in ("CommandErrorException", "UnsupportedVersion"):
                    raise UnsupportedPlatformError(
                        f"the read login cannot ask the device how it would list a text: {exc}",
                        device=device.name,
                        hint="give the text as the device lists it, or let the login make network namespaces",
                    ) from exc
                raise observe_error(exc, device.name, connection.secrets) from exc
