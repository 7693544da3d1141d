"""Conditions of a filter term: `from { ... }` as boxes.

Input: the statements of one `from`, by field. Output: boxes; a field that is not understood, or that does not fit the
protocol, is an opaque condition.

Fields are joined by and, values of a field by or; `address`, `prefix-list` and `port` hold if either side does. A
match on ports, ICMP or TCP flags does not imply the protocol: of a packet without them the filter compares whatever
bytes are there, which nobody can tell from here.
"""

import dataclasses
import enum
import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from murenger.adapters.parsers.acl.addresses import Wildcards
from murenger.adapters.parsers.acl.grammar import Box
from murenger.adapters.parsers.junos.prefixes import Prefix, PrefixLists, matched, read_prefix
from murenger.adapters.parsers.junos.vocabulary import (
    ICMP_CODES,
    ICMP_TYPES,
    ICMPV6_CODES,
    ICMPV6_TYPES,
    PORTS,
    PROTOCOLS,
)
from murenger.adapters.parsers.sections import digest_of
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, TCP
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, MAX_PORT, MAX_PROTOCOL, IntervalSet, any_address
from murenger.semantics.ir import ANY_FLAGS, L4, OpaqueKey, TcpFlags

Values = tuple[tuple[str, ...], ...]
"""The values of one field, each as its words."""

_MAX_LABEL = 80
_MAX_BYTE = 255
_MAX_DIGITS = 5
_PORT_SET = IntervalSet.of(*((proto, proto) for proto in PORT_PROTOCOLS if proto != TCP))
_TCP_SET = IntervalSet.single(TCP)
_ANY_PAIR = [(ANY_PORT, ANY_PORT)]
_PROTOCOL_FIELDS = (
    "protocol", "protocol-except", "next-header", "next-header-except", "payload-protocol", "payload-protocol-except",
)  # fmt: skip
_PORT_FIELDS = (
    "source-port", "source-port-except", "destination-port", "destination-port-except", "port", "port-except",
)  # fmt: skip
_ICMP_FIELDS = ("icmp-type", "icmp-type-except", "icmp-code", "icmp-code-except")
_FLAG_FIELDS = ("tcp-established", "tcp-initial", "tcp-flags")
# SYN together with RST is no well-formed packet, so `syn & !ack` is what opens a connection.
_FLAGS = MappingProxyType(
    {
        "ack|rst": TcpFlags.ACK_OR_RST,
        "rst|ack": TcpFlags.ACK_OR_RST,
        "syn&!ack": TcpFlags.SYN,
        "!ack&syn": TcpFlags.SYN,
        "syn&!ack&!rst": TcpFlags.SYN,
    }
)
_SIDES = MappingProxyType(
    {
        "source": ("source-address", "source-prefix-list"),
        "destination": ("destination-address", "destination-prefix-list"),
        "either": ("address", "prefix-list"),
    }
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Reads the conditions of one family's filters.

    Attributes:
        family: 4 or 6.
        prefix_lists: by name.
        definition: returns a digest of whatever the configuration defines under a name, or "".
        wildcards: spells out masks with holes of this configuration.
    """

    family: int
    prefix_lists: PrefixLists
    definition: Callable[[str], str]
    wildcards: Wildcards

    def key(self, kind: str, field: str, values: Values) -> OpaqueKey:
        """Return the opaque condition that a field stands for; the order of its values says nothing."""
        said = sorted(" ".join(value) for value in values)
        text = " ".join((field, *said))
        digest = digest_of(kind, str(self.family), field, *said, *(self.definition(one[0]) for one in values if one))
        return OpaqueKey(kind, digest, text if len(text) <= _MAX_LABEL else text[: _MAX_LABEL - 3] + "...")

    def boxes(self, fields: Mapping[str, Values]) -> tuple[Box, ...]:
        """Return what a term matches.

        Args:
            fields: the values of each field.
        """
        left = dict(fields)
        reading = _Reading(self, left)
        pairs = reading.addresses()
        transport = reading.transport()
        rest = {self.key("condition", field, values) for field, values in left.items()}
        keys = reading.keys | rest
        found: list[Box] = []
        for (src, dst), (l4, flags, more) in itertools.product(pairs, transport):
            both = keys | more
            opaque = tuple((key, True) for key in sorted(both, key=lambda key: (key.kind, key.digest))) if both else ()
            if src and dst:
                found.append(Box(src, dst, l4, flags, opaque))
        return tuple(found)


class _Kind(enum.Enum):
    """What the packets of a protocol have that a filter can look at."""

    TCP = "ports and flags"
    PORTS = "ports"
    ICMP = "type and code"
    OTHER = "nothing"


@functools.lru_cache(maxsize=1_024)
def _classes(protocols: IntervalSet, family: int) -> tuple[tuple[_Kind, IntervalSet], ...]:
    """Return some protocols by what their packets have."""
    icmp = IntervalSet.single(ICMP if family == IPV4 else ICMPV6)
    others = ANY_PROTOCOL - (_TCP_SET | _PORT_SET | icmp)
    kinds = ((_Kind.TCP, _TCP_SET), (_Kind.PORTS, _PORT_SET), (_Kind.ICMP, icmp), (_Kind.OTHER, others))
    return tuple((kind, protocols & members) for kind, members in kinds if protocols & members)


_Transport = tuple[tuple[L4, ...], TcpFlags, frozenset[OpaqueKey]]


class _Reading:
    """Takes the fields that it understands out of those of one term.

    Attributes:
        keys: conditions that are not understood.
    """

    def __init__(self, conditions: Conditions, fields: dict[str, Values]) -> None:
        self._conditions = conditions
        self._family = conditions.family
        self._fields = fields
        self.keys: set[OpaqueKey] = set()

    def _unclear(self, field: str, values: Values, kind: str = "condition") -> None:
        self.keys.add(self._conditions.key(kind, field, values))

    def addresses(self) -> list[tuple[IntervalSet, IntervalSet]]:
        """Return alternatives of source and destination addresses."""
        everything = any_address(self._family)
        src = self._side("source")
        dst = self._side("destination")
        either = self._side("either")
        ours = (everything if src is None else src, everything if dst is None else dst)
        if either is None:
            return [ours]
        return [(ours[0] & either, ours[1]), (ours[0], ours[1] & either)]

    def _side(self, side: str) -> IntervalSet | None:
        """Return the addresses of one side, or None where nothing constrains it."""
        if self._fields.keys().isdisjoint(_SIDES[side]):
            return None
        wanted: list[Prefix] = []
        excepted: list[Prefix] = []
        taken: list[tuple[str, Values]] = []
        is_clear = True
        for field, read in zip(_SIDES[side], (self._prefix, self._list), strict=True):
            values = self._fields.pop(field, None)
            if values is None:
                continue
            taken.append((field, values))
            for value in values:
                prefixes = read(value[0]) if value and value[1:] in {(), ("except",)} else None
                if prefixes is None:
                    is_clear = False
                else:
                    (excepted if value[1:] else wanted).extend(prefixes)
        found = matched(self._family, wanted, excepted) if is_clear else None
        if found is None:
            for field, values in taken:
                self._unclear(field, values, "addresses")
        return found

    def _prefix(self, text: str) -> Sequence[Prefix] | None:
        found = read_prefix(text, self._conditions.wildcards)
        return None if found is None or found.family != self._family else (found,)

    def _list(self, name: str) -> Sequence[Prefix] | None:
        """Return a prefix list, or None where it is unknown, unclear, or empty for this family."""
        found = self._conditions.prefix_lists.get(name)
        return found if found and any(one.family == self._family for one in found) else None

    def transport(self) -> list[_Transport]:
        """Return alternatives of protocols and ports, with what has to hold besides."""
        protocols = self._protocols()
        ports = self._taken(_PORT_FIELDS)
        icmp = self._taken(_ICMP_FIELDS)
        flags = self._taken(_FLAG_FIELDS)
        found: dict[tuple[TcpFlags, frozenset[OpaqueKey]], list[L4]] = {}
        for kind, proto in _classes(protocols, self._family):
            keys: set[OpaqueKey] = set()
            pairs = _ANY_PAIR
            if ports:
                pairs = self._pairs(ports, keys, fits=kind in {_Kind.TCP, _Kind.PORTS})
            if icmp:
                messages = self._messages(icmp, keys, fits=kind is _Kind.ICMP)
                pairs = messages if kind is _Kind.ICMP else pairs
            mask = self._flags(flags, keys, fits=kind is _Kind.TCP) if flags else ANY_FLAGS
            l4 = [L4(proto, sport, dport) for sport, dport in pairs if sport and dport]
            if mask and l4:
                found.setdefault((mask, frozenset(keys)), []).extend(l4)
        return [(_merged(l4), mask, keys) for (mask, keys), l4 in found.items()]

    def _taken(self, names: Iterable[str]) -> dict[str, Values]:
        return {name: self._fields.pop(name) for name in names if name in self._fields} if self._fields else {}

    def _protocols(self) -> IntervalSet:
        found = ANY_PROTOCOL
        for field, values in self._taken(_PROTOCOL_FIELDS).items():
            numbers = _numbers(values, PROTOCOLS, MAX_PROTOCOL)
            if numbers is None:
                self._unclear(field, values)
            else:
                found &= numbers.complement(MAX_PROTOCOL) if field.endswith("-except") else numbers
        return found

    def _constrained(
        self, fields: Mapping[str, Values], field: str, names: Mapping[str, int], top: int, keys: set[OpaqueKey]
    ) -> IntervalSet | None:
        """Return the values of a field and of its `-except`, or None where neither is given or understood."""
        found: IntervalSet | None = None
        for name in (field, f"{field}-except"):
            values = fields.get(name)
            if values is None:
                continue
            numbers = _numbers(values, names, top)
            if numbers is None:
                keys.add(self._conditions.key("condition", name, values))
                continue
            numbers = numbers.complement(MAX_PORT) if name != field else numbers
            found = numbers if found is None else found & numbers
        return found

    def _pairs(
        self, ports: Mapping[str, Values], keys: set[OpaqueKey], *, fits: bool
    ) -> list[tuple[IntervalSet, IntervalSet]]:
        if not fits:
            keys.update(self._conditions.key("bytes", field, values) for field, values in ports.items())
            return [(ANY_PORT, ANY_PORT)]
        names = ("source-port", "destination-port", "port")
        sport, dport, either = (self._constrained(ports, field, PORTS, MAX_PORT, keys) for field in names)
        sport = ANY_PORT if sport is None else sport
        dport = ANY_PORT if dport is None else dport
        if either is None:
            return [(sport, dport)]
        return [(sport & either, dport), (sport, dport & either)]

    def _messages(
        self, icmp: Mapping[str, Values], keys: set[OpaqueKey], *, fits: bool
    ) -> list[tuple[IntervalSet, IntervalSet]]:
        if not fits:
            keys.update(self._conditions.key("bytes", field, values) for field, values in icmp.items())
            return []
        types, codes = (ICMP_TYPES, ICMP_CODES) if self._family == IPV4 else (ICMPV6_TYPES, ICMPV6_CODES)
        kind = self._constrained(icmp, "icmp-type", types, _MAX_BYTE, keys)
        code = self._constrained(icmp, "icmp-code", codes, _MAX_BYTE, keys)
        return [(ANY_PORT if kind is None else kind, ANY_PORT if code is None else code)]

    def _flags(self, fields: Mapping[str, Values], keys: set[OpaqueKey], *, fits: bool) -> TcpFlags:
        mask = ANY_FLAGS
        for field, values in fields.items():
            wanted = _flag_classes(field, values)
            if not fits or wanted is None:
                keys.add(self._conditions.key("bytes" if wanted else "tcp-flags", field, values))
            else:
                mask &= wanted
        return mask


def _flag_classes(field: str, values: Values) -> TcpFlags | None:
    if field == "tcp-established":
        return TcpFlags.ACK_OR_RST
    if field == "tcp-initial":
        return TcpFlags.SYN
    if field != "tcp-flags" or len(values) != 1:
        return None
    return _FLAGS.get("".join("".join(values[0]).split()).removeprefix("(").removesuffix(")"))


def _numbers(values: Values, names: Mapping[str, int], top: int) -> IntervalSet | None:
    """Return the numbers that names, numbers and ranges describe, or None."""
    spans: list[tuple[int, int]] = []
    for value in values:
        if len(value) != 1:
            return None
        word = value[0]
        found = names.get(word.lower())
        if found is not None:
            spans.append((found, found))
            continue
        low, dash, high = word.partition("-")
        ends = (_number(low, top), _number(high if dash else low, top))
        if ends[0] is None or ends[1] is None:
            return None
        spans.append((ends[0], ends[1]))
    if len(spans) == 1 and spans[0][0] <= spans[0][1]:
        return IntervalSet((spans[0],))
    return IntervalSet.of(*spans) if spans else None


def _number(word: str, top: int) -> int | None:
    if not (word.isascii() and word.isdigit()) or len(word) > _MAX_DIGITS:
        return None
    number = int(word)
    return number if number <= top else None


def _merged(l4: Sequence[L4]) -> tuple[L4, ...]:
    """Return protocols with equal ports as one."""
    if len(l4) == 1:
        return (l4[0],)
    found: dict[tuple[IntervalSet, IntervalSet], IntervalSet] = {}
    for one in l4:
        pair = (one.sport, one.dport)
        found[pair] = found[pair] | one.proto if pair in found else one.proto
    return tuple(L4(proto, sport, dport) for (sport, dport), proto in found.items())
