"""Port `Prober`: each kind of probe by its own means, none longer than its limit.

Input: a probe and a device. Output: a sighting.
"""

import concurrent.futures
import dataclasses
import threading
from collections.abc import Callable

from murenger.adapters.ansible.launch import PlaybookLauncher
from murenger.adapters.napalm import Login, TimeLimits
from murenger.adapters.probes.getter import see_value
from murenger.adapters.probes.playbook import see_from, see_playbook
from murenger.adapters.probes.tcp import see_port
from murenger.errors import MurengerError
from murenger.model import Device
from murenger.model.probe import GetterProbe, Probe, TcpProbe
from murenger.ports import Sighting


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Makes probes of every kind.

    Attributes:
        login: gives the read credential of a device.
        limits: time limits of connections; a probe's own may be shorter.
        launcher: runs playbooks.
    """

    login: Callable[[Device], Login]
    limits: TimeLimits
    launcher: Callable[[], PlaybookLauncher]

    def probe(self, device: Device, probe: Probe) -> Sighting:
        """Make one probe, in no more than its `limit_s`."""
        return _within(probe.limit_s, lambda: self._see(device, probe))

    def _see(self, device: Device, probe: Probe) -> Sighting:
        if isinstance(probe, GetterProbe):
            return see_value(device, self.login(device), self.limits, probe)
        if not isinstance(probe, TcpProbe):
            return see_playbook(self.launcher(), device, probe)
        return see_from(self.launcher(), probe) if probe.vantage else see_port(probe)


def _within(limit_s: float, see: Callable[[], Sighting]) -> Sighting:
    """Return what is seen in time; what hangs is left behind in a thread of its own, which keeps no process alive."""
    result: concurrent.futures.Future[Sighting] = concurrent.futures.Future()

    def run() -> None:
        try:
            result.set_result(see())
        except MurengerError as exc:
            result.set_result(Sighting(passed=False, text=exc.message))
        except Exception as exc:  # noqa: BLE001 - drivers and their libraries raise what they like; none of it is a pass
            result.set_result(Sighting(passed=False, text=f"{type(exc).__name__}: {exc}"))

    threading.Thread(target=run, name="probe", daemon=True).start()
    try:
        return result.result(timeout=limit_s)
    except TimeoutError:
        return Sighting(passed=False, text=f"no result within {limit_s:g} s")
