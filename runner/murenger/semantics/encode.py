"""Encoding: packets as values of Boolean variables, and matches as functions of them.

Input: the names and opaque conditions of both sides, matches and rules. Output: functions of an engine, and packets of
the values that it picks.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic

from murenger.model.packet import ICMP, ICMPV6, IPV4, STATES, TCP, Packet
from murenger.semantics.boxes import Box, porty
from murenger.semantics.engine import Engine, F
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IntervalSet, any_address
from murenger.semantics.ir import ANY_FLAGS, ANY_STATE, L4, Hook, Match, OpaqueKey, Rule
from murenger.semantics.places import PlaceTable

ORDER = ("proto", "dport", "dst", "src", "sport")
"""Variables of the header from the top. Addresses on top cost many times the nodes."""
SECOND_ORDER = ("proto", "dport", "sport", "dst", "src")
"""Tried once where the nodes did not suffice."""
BELOW = ("flags", "state", "ingress", "egress")
FLAG_CODES = ("none", "syn", "ack")
"""Classes of TCP flags by code: what is not TCP has code 0."""
_FLAG_BITS = (2, 0, 1)
"""Bit number of `TcpFlags` by code."""
_CHUNK = 8
_DOCUMENTATION = {4: (0xC633640A, 0xCB00710A), 6: (0x20010DB8_0001 << 80 | 0x10, 0x20010DB8_0002 << 80 | 0x10)}
"""Source and destination that a witness has if it may: 198.51.100.10, 203.0.113.10, 2001:db8:1::10, 2001:db8:2::10."""
SPORT, DPORT = 40_000, 443


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """Where a field of the packet stands among the variables, its most significant bit first."""

    first: int
    width: int


class Universe:
    """The well-formed packets of one family on one way, and the opaque conditions they may meet.

    Args:
        family: 4 or 6.
        hook: the way.
        ingress: ingress places.
        egress: egress places.
        keys: opaque conditions.
        order: fields of the header from the top.
    """

    def __init__(
        self,
        family: int,
        hook: Hook,
        ingress: PlaceTable,
        egress: PlaceTable,
        *,
        keys: Sequence[OpaqueKey],
        order: Sequence[str] = ORDER,
    ) -> None:
        self.family, self.hook, self.ingress, self.egress = family, hook, ingress, egress
        self.keys = tuple(keys)
        address = 32 if family == IPV4 else 128
        widths = {"proto": 8, "dport": 16, "sport": 16, "dst": address, "src": address, "flags": 2, "state": 3}
        widths |= {"ingress": _width(ingress), "egress": _width(egress)}
        self.fields: dict[str, Field] = {}
        first = 0
        for name in (*order, *BELOW):
            self.fields[name] = Field(first, widths[name])
            first += widths[name]
        self.key_variables = {key: first + number for number, key in enumerate(self.keys)}
        self.header_bits = sum(widths[name] for name in ORDER)
        self.variables = first + len(self.keys)

    def values(self, packet: Packet, valuation: Mapping[OpaqueKey, bool]) -> list[bool]:
        """Return a packet as values of all variables; conditions not given are False."""
        numbers = {
            "proto": packet.proto,
            "dport": packet.dport,
            "sport": packet.sport,
            "dst": packet.dst,
            "src": packet.src,
            "flags": FLAG_CODES.index(packet.flags),
            "state": STATES.index(packet.state),
            "ingress": self.ingress.names.index(packet.ingress) if packet.ingress in self.ingress.names else 0,
            "egress": self.egress.names.index(packet.egress) if packet.egress in self.egress.names else 0,
        }
        found = [False] * self.variables
        for name, field in self.fields.items():
            for bit in range(field.width):
                found[field.first + bit] = bool(numbers[name] >> (field.width - 1 - bit) & 1)
        for key, variable in self.key_variables.items():
            found[variable] = valuation.get(key, False)
        return found

    def packet(self, values: Sequence[bool], acl: str = "") -> Packet:
        """Return the packet that values of the variables describe."""

        def number(name: str) -> int:
            field = self.fields[name]
            return int("".join("01"[bit] for bit in values[field.first : field.first + field.width]) or "0", 2)

        return Packet(
            family=self.family,
            src=number("src"),
            dst=number("dst"),
            proto=number("proto"),
            sport=number("sport"),
            dport=number("dport"),
            flags=FLAG_CODES[number("flags")],
            state=STATES[number("state")],
            ingress=self.ingress.names[number("ingress")],
            egress=self.egress.names[number("egress")],
            acl=acl,
        )

    def readable(self, proto: int = TCP) -> list[bool]:
        """Return the values that a witness has where it may: ordinary addresses, a SYN or an echo request."""
        src, dst = _DOCUMENTATION[self.family]
        is_echo = proto == (ICMP if self.family == IPV4 else ICMPV6)
        echo = 8 if self.family == IPV4 else 128
        packet = Packet(
            family=self.family,
            src=src,
            dst=dst,
            proto=proto,
            sport=echo if is_echo else SPORT,
            dport=0 if is_echo else DPORT,
            flags="syn" if proto == TCP else "none",
            ingress=self.ingress.names[0],
            egress=self.egress.names[-1 if len(self.egress.names) == 1 else 1],
        )
        return self.values(packet, {})


def _width(table: PlaceTable) -> int:
    return (len(table.names) - 1).bit_length()


class Encoder(Generic[F]):
    """Makes functions of matches and rules, each only once.

    Args:
        engine: makes the functions.
        universe: gives the variables.
    """

    def __init__(self, engine: Engine[F], universe: Universe) -> None:
        self.engine = engine
        self.universe = universe
        self._positive = list(engine.literals)
        self._negative = [~literal for literal in engine.literals]
        self._chunks: dict[tuple[int, int, int], F] = {}
        self._sets: dict[tuple[str, IntervalSet], F] = {}
        self._l4: dict[L4, F] = {}
        self._matches: dict[Match, F] = {}
        self._porty = porty(universe.family)
        self.well_formed = self._well_formed()
        fields = universe.fields
        header = [fields[name] for name in ORDER]
        self.header_cube = self.cube(v for f in header for v in range(f.first, f.first + f.width))
        self.below_cube = self.cube(range(universe.header_bits, universe.variables))
        self.key_cube = self.cube(universe.key_variables.values())

    def cube(self, variables: Iterable[int]) -> F:
        """Return the conjunction of variables."""
        found = self.engine.true
        for variable in sorted(variables, reverse=True):
            found = self._positive[variable] & found
        return found

    def point(self, values: Sequence[bool], variables: Iterable[int]) -> F:
        """Return the conjunction that gives variables their values."""
        found = self.engine.true
        for variable in sorted(variables, reverse=True):
            found = (self._positive if values[variable] else self._negative)[variable] & found
        return found

    def match(self, match: Match) -> F:
        """Return where a match holds, not cut to well-formed packets."""
        found = self._matches.get(match)
        if found is None:
            found = self._matches[match] = self._match(match)
        return found

    def _match(self, match: Match) -> F:
        universe = self.universe
        if match.family != universe.family:
            return self.engine.false
        found = self.engine.true
        for key, wanted in match.opaque:
            variable = universe.key_variables[key]
            found = found & (self._positive if wanted else self._negative)[variable]
        for name, table, places in (
            ("egress", universe.egress, match.egress),
            ("ingress", universe.ingress, match.ingress),
        ):
            found = self._and_values(found, name, table.numbers(places), table.everything)
        if match.state != ANY_STATE:
            found = self.values("state", mask_numbers(int(match.state))) & found
        if match.flags != ANY_FLAGS:
            found = self.values("flags", flag_codes(int(match.flags))) & found
        everywhere = any_address(universe.family)
        found = self._and_values(found, "src", match.src, everywhere)
        found = self._and_values(found, "dst", match.dst, everywhere)
        return balanced([self.l4(l4) for l4 in match.l4], _either, self.engine.false) & found

    def _and_values(self, function: F, name: str, values: IntervalSet, everything: IntervalSet) -> F:
        return function if values == everything else self.values(name, values) & function

    def l4(self, l4: L4) -> F:
        """Return where protocol and ports are as wanted; ports say nothing about protocols without any."""
        found = self._l4.get(l4)
        if found is None:
            if l4.sport == ANY_PORT and l4.dport == ANY_PORT:
                found = self.values("proto", l4.proto) if l4.proto != ANY_PROTOCOL else self.engine.true
            else:
                ports = self._and_values(self.engine.true, "sport", l4.sport, ANY_PORT)
                ports = self._and_values(ports, "dport", l4.dport, ANY_PORT)
                portless = self.values("proto", l4.proto - self._porty)
                found = portless | (self.values("proto", l4.proto & self._porty) & ports)
            self._l4[l4] = found
        return found

    def rule(self, rule: Rule) -> F:
        """Return where a rule matches, not cut to well-formed packets."""
        family = self.universe.family
        found = balanced([self.match(one) for one in rule.any_of if one.family == family], _either, self.engine.false)
        for one in rule.unless:
            if one.family == family:
                found = found & ~self.match(one)
        return found

    def box(self, box: Box) -> F:
        """Return where a box is, not cut to well-formed packets."""
        proto, dport, dst, src, sport, ingress, egress, state, flags = box.sets
        found = self.engine.true
        for key, wanted in box.literals:
            found = found & (self._positive if wanted else self._negative)[self.universe.key_variables[key]]
        codes = IntervalSet.of(*((c, c) for c, bit in enumerate(_FLAG_BITS) if bit in flags))
        for name, values in (("egress", egress), ("ingress", ingress), ("state", state), ("flags", codes)):
            found = self.values(name, values) & found
        for name, values in (("sport", sport), ("src", src), ("dst", dst), ("dport", dport), ("proto", proto)):
            found = self.values(name, values) & found
        return found

    def values(self, name: str, values: IntervalSet) -> F:
        """Return where a field has one of some values."""
        found = self._sets.get((name, values))
        if found is None:
            field = self.universe.fields[name]
            parts = [self._interval(field, low, high) for low, high in values.spans]
            found = self._sets[name, values] = balanced(parts, _either, self.engine.false)
        return found

    def _interval(self, field: Field, low: int, high: int) -> F:
        first, width = field.first, field.width
        free = (low ^ high).bit_length()
        if high - low + 1 == 1 << free:
            return self._prefix(first, width - free, low >> free)
        top = width - free
        # Both ends share `top` bits; below these there is a lower bound on the left, an upper bound on the right.
        mask = (1 << (free - 1)) - 1
        at = first + top
        lower = self._at_least(at + 1, free - 1, low & mask)
        upper = self._at_most(at + 1, free - 1, high & mask)
        split = (self._negative[at] & lower) | (self._positive[at] & upper)
        return self._prefix(first, top, low >> free) & split

    def _prefix(self, first: int, width: int, value: int) -> F:
        """Return where the `width` variables from `first` on spell a value."""
        if width > _CHUNK:
            low = width - _CHUNK
            return self._prefix(first, _CHUNK, value >> low) & self._prefix(first + _CHUNK, low, value & (1 << low) - 1)
        found = self._chunks.get((first, width, value))
        if found is None:
            found = self.engine.true
            for bit in range(width):
                variable = first + width - 1 - bit
                found = (self._positive if value >> bit & 1 else self._negative)[variable] & found
            self._chunks[first, width, value] = found
        return found

    def _at_least(self, first: int, width: int, value: int) -> F:
        found = self.engine.true
        for bit in range(width):
            literal = self._positive[first + width - 1 - bit]
            found = literal & found if value >> bit & 1 else literal | found
        return found

    def _at_most(self, first: int, width: int, value: int) -> F:
        found = self.engine.true
        for bit in range(width):
            literal = self._negative[first + width - 1 - bit]
            found = literal | found if value >> bit & 1 else literal & found
        return found

    def _well_formed(self) -> F:
        universe = self.universe
        icmp = IntervalSet.single(ICMP if universe.family == IPV4 else ICMPV6)
        tcp = IntervalSet.single(TCP)
        zero, byte = IntervalSet.single(0), IntervalSet(((0, 255),))
        is_icmp = self.values("proto", icmp)
        has_ports = self.values("proto", self._porty - icmp)
        portless = ~is_icmp & ~has_ports & self.values("sport", zero) & self.values("dport", zero)
        ports = has_ports | (is_icmp & self.values("sport", byte) & self.values("dport", byte)) | portless
        flags = self.values("flags", zero) | (self.values("proto", tcp) & self.values("flags", IntervalSet(((0, 2),))))
        places = self.values("ingress", universe.ingress.everything) & self.values("egress", universe.egress.everything)
        return ports & flags & self.values("state", IntervalSet(((0, len(STATES) - 1),))) & places


def mask_numbers(mask: int) -> IntervalSet:
    """Return the numbers of the bits that are set."""
    return IntervalSet.of(*((bit, bit) for bit in range(mask.bit_length()) if mask >> bit & 1))


def flag_codes(mask: int) -> IntervalSet:
    """Return the codes of classes of TCP flags."""
    return IntervalSet.of(*((code, code) for code, bit in enumerate(_FLAG_BITS) if mask >> bit & 1))


def flag_mask(codes: IntervalSet) -> int:
    """Return classes of TCP flags as a bit mask of `TcpFlags`."""
    return sum(1 << bit for code, bit in enumerate(_FLAG_BITS) if code in codes)


def balanced(parts: Sequence[F], join: Callable[[F, F], F], empty: F) -> F:
    """Join functions as a balanced tree: one after the other costs the square."""
    if not parts:
        return empty
    while len(parts) > 1:
        pairs = [join(parts[i], parts[i + 1]) for i in range(0, len(parts) - 1, 2)]
        parts = [*pairs, parts[-1]] if len(parts) % 2 else pairs
    return parts[0]


def _either(one: F, other: F) -> F:
    return one | other
