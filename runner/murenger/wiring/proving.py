"""Proving: whether a plan hurts nobody on its way, asked of the engine before anything is touched.

Input: an examination and its plan. Output: a `HitlessProof`, for the guards `hitless` and `management-path`.
"""

import dataclasses
import functools
import ipaddress
from collections.abc import Callable
from types import MappingProxyType
from typing import Protocol

from murenger.adapters.engine import ChildAssessor
from murenger.adapters.own_address import own_address
from murenger.dialects import dialect, expected_after
from murenger.dialects.management import ManagementChange, management_changes
from murenger.errors import ConfigError, MurengerError
from murenger.model import Device, Plan, digest_of
from murenger.model.management import Management
from murenger.reconcile import Examination
from murenger.semantics.proofs import HitlessProof, ManagementProof, Proven, StepProof, unproven, worst
from murenger.wiring.parts import Parts

SOURCE, ADDRESS, PORT = "murenger_management_source", "murenger_management_address", "murenger_management_port"
INTERFACE = "murenger_management_interface"
VARIABLES = (SOURCE, ADDRESS, PORT, INTERFACE)
DEFAULT_PORTS = MappingProxyType({"nftables": 22, "eos": 443, "junos": 830})
RELAYED = "we reach the device by this machine's loopback interface, so something relays what we send"
AT_ONCE = "replace the whole configuration at once"
_RELAY = f"{RELAYED}: tell what the device sees in {SOURCE}"
_MOST_PORT = 65_535
_SHOWN = 5


class Variables(Protocol):
    """What of the inventory we ask."""

    def variable(self, device: Device, name: str) -> str | None: ...  # noqa: D102 - see AnsibleInventory


class Proving:
    """Proves plans.

    Args:
        assessor: the engine.
        inventory: variables of devices.
    """

    def __init__(self, assessor: Callable[[], ChildAssessor], inventory: Callable[[], Variables]) -> None:
        self._assessor = assessor
        self._inventory = inventory

    def prove(self, examination: Examination, plan: Plan) -> HitlessProof:
        """Return what is proven of a plan; whatever goes wrong means unknown, and the note says what.

        The platforms that are healed replace all at once: live and what the plan promises are the only states, as far
        as the guard `capability-proved` finds that proven for the driver.
        """
        try:
            return self._prove(examination.device, examination.live.text, plan)
        except MurengerError as error:
            return unproven(error.message)

    def _prove(self, device: Device, live: str, plan: Plan) -> HitlessProof:
        known = dialect(device.platform)
        promised = expected_after(plan.candidate, live, known)
        if digest_of(promised) != plan.expected_digest:
            return unproven("what the plan promises is not what its candidate gives")
        management = management_of(device, functools.partial(self._inventory().variable, device))
        if not known.management:
            if management.origin == RELAYED:
                return unproven(_RELAY)
            return self._assessor().prove_hitless(
                device.platform, (live, promised), steps=(AT_ONCE,), management=management
            )
        step = StepProof(number=1, step=AT_ONCE, verdict=Proven.PROVED, text="golden itself")
        found = self._sections(device, live, promised, management)
        return HitlessProof(
            verdict=worst(found.verdict, step.verdict),
            steps=(step,),
            management=found,
            note="no state lies between live and what the plan promises",
        )

    def _sections(self, device: Device, live: str, promised: str, management: Management) -> ManagementProof:
        """Return whether the sections that decide management access stay as they are, or let us pass all the same."""
        changes, count = management_changes(live, promised, dialect(device.platform), management.interface)
        if not changes:
            text = f"all {count} sections that decide who may manage the device stay as they are; {management.text}"
            return ManagementProof(verdict=Proven.PROVED, text=text)
        if not all(one.rule_list for one in changes):
            return ManagementProof(verdict=Proven.UNKNOWN, text=_refusal(changes))
        if management.origin == RELAYED:
            return ManagementProof(verdict=Proven.UNKNOWN, text=f"{_refusal(changes)}; {_RELAY}")
        lists = tuple(dict.fromkeys(one.rule_list for one in changes))
        asked = dataclasses.replace(management, lists=lists)
        found = self._assessor().prove_hitless(device.platform, (live, promised), management=asked)
        if found.management.verdict is Proven.PROVED:
            text = f"changed lists before the device itself let us pass as before: {', '.join(lists)}"
            return dataclasses.replace(found.management, text=f"{text}; {management.text}")
        why = found.management.text if found.steps else found.note
        tell = "" if management.interface else f"; or set {INTERFACE}, if our way is another"
        return dataclasses.replace(found.management, text=f"{_refusal(changes)}{tell}; {why}")


def proving(parts: Parts) -> Proving:
    """Return what proves plans at a site."""
    return Proving(lambda: parts.assessor, lambda: parts.inventory)


def management_of(device: Device, variable: Callable[[str], str | None]) -> Management:
    """Return our own traffic to a device, as the device sees it.

    Args:
        device: the device.
        variable: returns an inventory variable of it, or None.

    Raises:
        UnreachableError: nobody told us our address, and no route leads to the device.
        ConfigError: a variable is wrong.
    """
    told, address = variable(SOURCE), variable(ADDRESS) or ""
    if told:
        sources, origin = tuple(told.replace(",", " ").split()), f"from {SOURCE}"
    else:
        own, peer = own_address(device.address)
        sources, address = (own,), address or peer
        origin = RELAYED if ipaddress.ip_address(own).is_loopback else "our own address towards the device"
    port = variable(PORT)
    return Management(
        sources=tuple(_checked(device, SOURCE, one) for one in sources),
        address=address and _checked(device, ADDRESS, address),
        port=(device.port or DEFAULT_PORTS.get(device.platform, 22)) if port is None else _port(device, port),
        interface=variable(INTERFACE) or "",
        origin=origin,
    )


def _checked(device: Device, name: str, text: str) -> str:
    """Return a prefix as it is written.

    Raises:
        ConfigError: it is none, or more than one address where one is meant.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or (name == ADDRESS and network.num_addresses != 1):
        raise ConfigError(f"{name} is {text[:60]!r}, which is no address", device=device.name)
    return str(network.network_address) if name == ADDRESS else str(network)


def _port(device: Device, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_PORT:
        return int(text)
    raise ConfigError(f"{PORT} is {text[:20]!r}, which is no port", device=device.name)


def _refusal(changes: tuple[ManagementChange, ...]) -> str:
    names = [" / ".join(one.path) for one in changes]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"the change touches what decides who may manage the device: {', '.join(names[:_SHOWN])}{more}; "
        "make that part by hand, or have golden say what live does there"
    )
