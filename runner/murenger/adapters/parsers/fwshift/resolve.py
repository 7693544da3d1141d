"""Objects: which addresses and services a member of a rule stands for, as far as anybody here can tell.

Input: a `Reading` of the library and the catalogue of definitions. Output: sets of addresses by family, of protocols
and ports, each with the members whose content is unknown.
"""

import dataclasses
import ipaddress
from collections.abc import Callable, Iterable, Sequence

from murenger.adapters.parsers.fwshift.library import ANY, AddressKind, Entry, Reading
from murenger.adapters.parsers.fwshift.lines import Catalogue, Key
from murenger.model.packet import ICMP, ICMPV6
from murenger.semantics.intervals import (
    ANY_IPV4,
    ANY_IPV6,
    ANY_PORT,
    IPV4,
    IPV6,
    MAX_PORT,
    NOTHING,
    IntervalSet,
    any_address,
)
from murenger.semantics.ir import ANY_L4, L4, NamedAddresses, NamedService

_PORT_PROTOCOL = {"tcp": 6, "udp": 17, "sctp": 132}
_MAX_SPANS = 65_536


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What address members hold.

    Attributes:
        ipv4: addresses of IPv4 that are known.
        ipv6: addresses of IPv6 that are known.
        unknown: family and name of members that hold something that nobody here can tell.
    """

    ipv4: IntervalSet = NOTHING
    ipv6: IntervalSet = NOTHING
    unknown: frozenset[tuple[int, str]] = frozenset()

    def unknown_of(self, family: int) -> frozenset[str]:
        """Return the members that may hold unknown addresses of a family."""
        return frozenset(name for one, name in self.unknown if one == family)

    def of(self, family: int) -> IntervalSet:
        """Return the known addresses of a family."""
        return self.ipv4 if family == IPV4 else self.ipv6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What service members hold: protocols and ports of each family, and the members that nobody here can tell."""

    ipv4: tuple[L4, ...] = ()
    ipv6: tuple[L4, ...] = ()
    unknown: frozenset[str] = frozenset()

    def of(self, family: int) -> tuple[L4, ...]:
        """Return what is known for a family."""
        return self.ipv4 if family == IPV4 else self.ipv6


EVERY_ADDRESS = Addresses(ipv4=ANY_IPV4, ipv6=ANY_IPV6)
EVERY_SERVICE = Services(ipv4=ANY_L4, ipv6=ANY_L4)


def literal(text: str) -> Addresses | None:
    """Return the addresses of `10.0.0.1`, `10.0.0.0/24` or `10.0.0.1-10.0.0.9`, or None if it is none of these."""
    try:
        if "-" in text:
            first, last = (ipaddress.ip_address(part.strip()) for part in text.split("-", 1))
            family, span = first.version, IntervalSet.of((int(first), int(last)))
            if first.version != last.version or not span:
                return None
        else:
            net = ipaddress.ip_network(text, strict=False)
            family, span = net.version, IntervalSet(((int(net.network_address), int(net.broadcast_address)),))
    except ValueError:
        return None
    return Addresses(ipv4=span) if family == IPV4 else Addresses(ipv6=span)


def port_set(text: str) -> IntervalSet | None:
    """Return the ports of `80,443,8000-8080`, all of them for "", or None if it is no such text."""
    if not text:
        return ANY_PORT
    spans = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isascii() and first.isdecimal() and (last or "0").isascii() and (last or "0").isdecimal()):
            return None
        low, high = int(first), int(last or first)
        if len(part) > 2 * 5 + 1 or low > high or high > MAX_PORT:
            return None
        spans.append((low, high))
    return IntervalSet.of(*spans)


def l4_of(entry: Entry) -> tuple[tuple[int, ...], L4] | None:
    """Return the families in which a service entry means anything, and what it means; None if it cannot be read."""
    if entry.protocol in _PORT_PROTOCOL:
        sport, dport = port_set(entry.src_ports), port_set(entry.dst_ports)
        if sport is None or dport is None:
            return None
        return (IPV4, IPV6), L4(proto=IntervalSet.single(_PORT_PROTOCOL[entry.protocol]), sport=sport, dport=dport)
    if entry.protocol in {"icmp", "icmp6"}:
        kind = ANY_PORT if entry.icmp_type is None else IntervalSet.single(entry.icmp_type)
        code = ANY_PORT if entry.icmp_code is None else IntervalSet.single(entry.icmp_code)
        family, number = (IPV4, ICMP) if entry.protocol == "icmp" else (IPV6, ICMPV6)
        return (family,), L4(proto=IntervalSet.single(number), sport=kind, dport=code)
    if entry.ip_protocol is None:
        return (IPV4, IPV6), L4()
    return (IPV4, IPV6), L4(proto=IntervalSet.single(entry.ip_protocol))


def merged(entries: Iterable[L4]) -> tuple[L4, ...]:
    """Return the same protocols and ports in as few entries as is cheap, in a fixed order."""
    by_sport: dict[tuple[IntervalSet, IntervalSet], IntervalSet] = {}
    for one in entries:
        key = (one.proto, one.sport)
        by_sport[key] = by_sport[key] | one.dport if key in by_sport else one.dport
    found = [L4(proto=proto, sport=sport, dport=dport) for (proto, sport), dport in by_sport.items()]
    if any(one == L4() for one in found):
        return ANY_L4
    return tuple(sorted(found, key=lambda one: (one.proto.spans, one.sport.spans, one.dport.spans)))


class Resolver:
    """Resolves the members of rules, each object once.

    Args:
        reading: what the library read.
        catalogue: the definitions.
        keys_of: the definitions that a name of the library's stands for; the first argument is `address` or `service`.
    """

    def __init__(self, reading: Reading, catalogue: Catalogue, keys_of: Callable[[str, str], Sequence[Key]]) -> None:
        self._reading = reading
        self._catalogue = catalogue
        self._keys_of = keys_of
        self._addresses: dict[str, Addresses] = {}
        self._services: dict[str, Services] = {}

    def addresses(self, members: Sequence[str]) -> Addresses:
        """Return what address members hold together."""
        found = [self._address(member, ()) for member in members]
        if len(found) == 1:
            return found[0]
        return Addresses(
            ipv4=IntervalSet.of(*(span for one in found for span in one.ipv4.spans)),
            ipv6=IntervalSet.of(*(span for one in found for span in one.ipv6.spans)),
            unknown=frozenset(member for one in found for member in one.unknown),
        )

    def services(self, members: Sequence[str]) -> Services:
        """Return what service members hold together."""
        found = [self._service(member, ()) for member in members]
        if len(found) == 1:
            return found[0]
        return Services(
            ipv4=merged(one for each in found for one in each.ipv4),
            ipv6=merged(one for each in found for one in each.ipv6),
            unknown=frozenset(name for one in found for name in one.unknown),
        )

    def definition(self, kind: str, names: Iterable[str]) -> str:
        """Return what an opaque condition on these members depends on: their names and their full definitions."""
        parts = []
        for name in sorted(names):
            keys = tuple(self._keys_of(kind, name))
            known = self._reading.addresses.get(name) if kind == "address" else None
            if known is not None and known.kind is AddressKind.FQDN and name not in self._reading.loose_addresses:
                parts.append(f"fqdn {known.family} {known.value}")  # what it is called here changes nothing
            else:
                parts.append(f"{name}\n{self._catalogue.text_of(keys)}")
        return "\n".join(parts)

    def named_addresses(self) -> tuple[NamedAddresses, ...]:
        """Return the address objects and groups that the configuration names and whose content is known."""
        found = []
        for name in (*self._reading.addresses, *self._reading.address_groups):
            shown, held = self._own_name("address", name), self._address(name, ())
            if held.unknown or not shown:
                continue
            found += [
                NamedAddresses(name=shown, family=family, addresses=held.of(family))
                for family in (IPV4, IPV6)
                if held.of(family)
            ]
        return tuple(found)

    def named_services(self) -> tuple[NamedService, ...]:
        """Return the service objects and groups that the configuration names and whose content is known."""
        found = []
        for name in (*self._reading.services, *self._reading.service_groups):
            shown = name if name in self._reading.predefined else self._own_name("service", name)
            held = self._service(name, ())
            both = merged((*held.ipv4, *held.ipv6))
            if both and shown and not held.unknown:
                found.append(NamedService(name=shown, l4=both))
        return tuple(found)

    def _own_name(self, kind: str, name: str) -> str:
        """Return what the configuration calls an object of the library's, or "" if the library made it."""
        names = [key[1] for key in self._keys_of(kind, name) if key in self._catalogue]
        if name in names:
            return name
        # The library tells objects of the same name apart by what it puts behind it.
        return names[0] if names and name.endswith((")", "-v6")) else ""

    def _address(self, name: str, path: tuple[str, ...]) -> Addresses:
        if name == ANY:
            return EVERY_ADDRESS
        if name not in self._addresses:
            self._addresses[name] = self._read_address(name, path)
        return self._addresses[name]

    def _read_address(self, name: str, path: tuple[str, ...]) -> Addresses:
        unknown = Addresses(unknown=frozenset({(IPV4, name), (IPV6, name)}))
        if name in self._reading.loose_addresses or name in path:
            return unknown
        if name in self._reading.addresses:
            address = self._reading.addresses[name]
            if address.kind is AddressKind.FQDN and address.family:
                return Addresses(unknown=frozenset({(address.family, name)}))
            return (literal(address.value) if address.kind is AddressKind.STATIC else None) or unknown
        group = self._reading.address_groups.get(name)
        if group is None:
            return literal(name) or unknown
        if group.unknown or not group.members:
            return unknown
        held = [self._address(member, (*path, name)) for member in group.members]
        return Addresses(
            ipv4=IntervalSet.of(*(span for one in held for span in one.ipv4.spans)),
            ipv6=IntervalSet.of(*(span for one in held for span in one.ipv6.spans)),
            unknown=frozenset(member for one in held for member in one.unknown),
        )

    def _service(self, name: str, path: tuple[str, ...]) -> Services:
        if name == ANY:
            return EVERY_SERVICE
        if name not in self._services:
            self._services[name] = self._read_service(name, path)
        return self._services[name]

    def _read_service(self, name: str, path: tuple[str, ...]) -> Services:
        unknown = Services(unknown=frozenset({name}))
        if name in self._reading.loose_services or name in path:
            return unknown
        if name in self._reading.services:
            service = self._reading.services[name]
            entries = [l4_of(entry) for entry in service.entries]
            read = [entry for entry in entries if entry is not None]
            if service.unknown or len(read) != len(entries):
                return unknown
            return Services(
                ipv4=merged(l4 for families, l4 in read if IPV4 in families),
                ipv6=merged(l4 for families, l4 in read if IPV6 in families),
            )
        members = self._reading.service_groups.get(name)
        if not members:
            return unknown
        held = [self._service(member, (*path, name)) for member in members]
        return Services(
            ipv4=merged(l4 for one in held for l4 in one.ipv4),
            ipv6=merged(l4 for one in held for l4 in one.ipv6),
            unknown=frozenset(member for one in held for member in one.unknown),
        )


def complement(addresses: IntervalSet, family: int) -> IntervalSet:
    """Return every other address of a family."""
    return any_address(family) - addresses
