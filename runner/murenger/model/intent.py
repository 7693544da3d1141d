"""Intents: what must never pass and what must always pass, as intents.yml says it.

Input: what a person wrote. Output: frozen values in which every name is resolved; what they mean as packets is the
business of `murenger.semantics.intents`.
"""

import dataclasses
import enum

from murenger.model.impact import Risk


class Expect(enum.Enum):
    """What an intent asks for."""

    PERMIT = "permit"
    """All of the traffic must pass."""
    DENY = "deny"
    """None of the traffic may pass."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the network that has a name.

    Attributes:
        name: unique within the file.
        prefixes: IPv4 and IPv6 prefixes, such as `10.1.2.0/24`; empty for every address.
        places: zones and interfaces behind which it lies; empty where that does not matter.
        crown_jewel: True for what must be guarded first.
        scope: what it belongs to, such as `CDE`, or "".
        is_device: True for the firewall itself.
    """

    name: str
    prefixes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    crown_jewel: bool = False
    scope: str = ""
    is_device: bool = False


ANY = Segment(name="any")
"""Every address behind every interface."""
DEVICE = Segment(name="device", is_device=True)
"""The firewall itself: what reaches or leaves it, not what passes through it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServicePart:
    """Some protocols with ports, or ICMP types and codes.

    Attributes:
        protocols: lowest and highest protocol number.
        source: (lowest, highest) source port, or ICMP type, of each range.
        destination: (lowest, highest) destination port, or ICMP code, of each range.
    """

    protocols: tuple[int, int]
    source: tuple[tuple[int, int], ...] = ((0, 65_535),)
    destination: tuple[tuple[int, int], ...] = ((0, 65_535),)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Traffic of one kind that has a name."""

    name: str
    parts: tuple[ServicePart, ...]


ANY_SERVICE = Service(name="any", parts=(ServicePart(protocols=(0, 255)),))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Every connection from one of the sources to one of the destinations by one of the services."""

    sources: tuple[Segment, ...] = (ANY,)
    destinations: tuple[Segment, ...] = (ANY,)
    services: tuple[Service, ...] = (ANY_SERVICE,)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One thing that golden must hold, and that no drift may break.

    "Never" is `expect` DENY. "Only these may reach that" is DENY from everywhere, with those as `exceptions`.

    Attributes:
        name: unique within the file.
        sources: from where.
        destinations: to where.
        services: by what.
        expect: what must become of it.
        severity: how bad a violation is.
        owner: who answers for it, or "".
        reference: what it serves, such as `PCI DSS 1.3.1`, or "".
        exceptions: traffic of which the intent says nothing.
        devices: the devices that it speaks about; empty for all.
    """

    name: str
    sources: tuple[Segment, ...]
    destinations: tuple[Segment, ...]
    services: tuple[Service, ...]
    expect: Expect
    severity: Risk
    owner: str = ""
    reference: str = ""
    exceptions: tuple[Traffic, ...] = ()
    devices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """Everything that one intents.yml says.

    Attributes:
        segments: the segments, in the file's order.
        services: the services.
        intents: the intents.
    """

    segments: tuple[Segment, ...] = ()
    services: tuple[Service, ...] = ()
    intents: tuple[Intent, ...] = ()

    def for_device(self, name: str) -> "Intents":
        """Return the same with only the intents that speak about a device."""
        kept = tuple(intent for intent in self.intents if not intent.devices or name in intent.devices)
        return dataclasses.replace(self, intents=kept)
