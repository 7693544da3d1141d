"""The grammar of access list entries, shared by EOS and NX-OS.

Input: the words of one entry. Output: an `Entry`: its action and the boxes it matches, with an opaque condition for
whatever was not understood; a condition that is not understood never widens and never vanishes.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from murenger.adapters.parsers.acl.addresses import Wildcards, address, host, prefix
from murenger.adapters.parsers.acl.vocabulary import IcmpNames, Vocabulary
from murenger.adapters.parsers.sections import digest_of
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, TCP
from murenger.semantics.intervals import ANY_PORT, IPV4, MAX_PORT, MAX_PROTOCOL, NOTHING, IntervalSet, any_address
from murenger.semantics.ir import ANY_FLAGS, ANY_L4, L4, Action, OpaqueKey, TcpFlags

MAX_LABEL = 80
MAX_ENTRY = 4_096
"""Characters of an entry; no device stores longer ones."""
_T = TypeVar("_T")
_UDP = 17
_MAX_TYPE = 255
_MAX_SEQUENCE_DIGITS = 10
_ACTIONS = MappingProxyType({"permit": Action.PERMIT, "deny": Action.DENY})

# What an entry does with a packet besides deciding it.
_HANDLING = frozenset({"log"})
# Conditions that nothing here models; each can only narrow what is in front of it. Value: the kind of the key.
_NARROWING = MappingProxyType(
    {
        "ack": "tcp-flags", "dscp": "dscp", "ecn": "dscp", "fin": "tcp-flags", "flow-label": "option",
        "fragments": "fragments", "hop-limit": "ttl", "http-method": "app", "nexthop-group": "option",
        "packet-length": "length", "payload": "option", "precedence": "dscp", "psh": "tcp-flags", "rst": "tcp-flags",
        "syn": "tcp-flags", "tcp-flags-mask": "tcp-flags", "tcp-option-length": "length", "time-range": "schedule",
        "tos": "dscp", "tracked": "tracked", "ttl": "ttl", "udf": "option", "urg": "tcp-flags", "vlan": "option",
    }
)  # fmt: skip


Groups = Mapping[tuple[str, int, str], IntervalSet | None]
"""Object groups: (kind as entries call it, family or 0 of ports, name) -> what it holds, None if that is not clear."""


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """What an entry matches, without the places where it is bound; fields as in `Match`."""

    src: IntervalSet
    dst: IntervalSet
    l4: tuple[L4, ...] = ANY_L4
    flags: TcpFlags = ANY_FLAGS
    opaque: tuple[tuple[OpaqueKey, bool], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an access list.

    Attributes:
        line: 1-based line.
        sequence: its number, or 0 where it has none.
        action: permit or deny.
        boxes: what it matches.
        groups: object groups it names, as keys of `Groups`.
        handling: what else it does.
    """

    line: int
    sequence: int
    action: Action
    boxes: tuple[Box, ...]
    groups: tuple[tuple[str, int, str], ...] = ()
    handling: str = ""


class Unclear(Exception):  # noqa: N818 - no error: the rest of the entry becomes one opaque condition
    """The words from here on are not understood."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How one platform writes entries.

    Attributes:
        words: its names.
        groups: object groups of the configuration.
        definition: returns a digest of whatever the configuration defines under a name, or "".
        wildcards: spells out wildcards of this configuration.
    """

    words: Vocabulary
    groups: Groups
    definition: Callable[[str], str]
    wildcards: Wildcards

    def key(self, kind: str, words: Sequence[str]) -> OpaqueKey:
        """Return the opaque condition that some words of an entry stand for."""
        text = " ".join(words)
        digest = digest_of(kind, text, *(self.definition(word) for word in words))
        return OpaqueKey(kind, digest, text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 3] + "...")

    def entry(self, text: str, family: int, line: int, *, is_standard: bool = False) -> Entry | None:
        """Return an entry, or None where not even its action is clear.

        Args:
            text: the line, one blank between words.
            family: 4 or 6.
            line: 1-based line.
            is_standard: True in a list that looks at sources alone.
        """
        if len(text) > MAX_ENTRY:
            return None
        words = text.split(" ")
        sequence = 0
        if words[0].isascii() and words[0].isdigit() and len(words[0]) <= _MAX_SEQUENCE_DIGITS:
            sequence = int(words.pop(0))
        action = _ACTIONS.get(words[0]) if words else None
        if action is None or len(words) == 1:
            return None
        cursor = Cursor(words, 1, self, family)
        boxes = cursor.standard() if is_standard else cursor.extended()
        return Entry(
            line=line,
            sequence=sequence,
            action=action,
            boxes=boxes,
            groups=tuple(cursor.groups),
            handling=" ".join(cursor.handling),
        )


class Cursor:
    """Reads one entry, word by word; attributes grow as it goes.

    Attributes:
        groups: object groups named so far.
        handling: what else the entry does.
    """

    def __init__(self, words: Sequence[str], index: int, grammar: Grammar, family: int) -> None:
        self._words = words
        self._index = index
        self._grammar = grammar
        self._family = family
        self._keys: list[tuple[OpaqueKey, bool]] = []
        self._flags = ANY_FLAGS
        self.groups: list[tuple[str, int, str]] = []
        self.handling: list[str] = []

    def standard(self) -> tuple[Box, ...]:
        """Read `SOURCE [log]`."""
        everything = any_address(self._family)
        start = self._index
        try:
            src = self._address(bare=True)
            self._options(ANY_L4)
        except Unclear:
            return self._opaque_from(start, ANY_L4)
        return self._box(src, everything, ANY_L4)

    def extended(self) -> tuple[Box, ...]:
        """Read `PROTOCOL SOURCE [PORTS] DESTINATION [PORTS | ICMP] [OPTIONS]`."""
        start = self._index
        try:
            proto = self._protocol()
        except Unclear:
            return self._opaque_from(start, ANY_L4)
        start = self._index
        bare = ANY_L4 if proto is None else _protocol_alone(proto)
        try:
            src = self._address()
            sport = self._ports(proto)
            dst = self._address()
            l4 = self._destination(proto, bare, sport)
            self._options(l4)
        except Unclear:
            return self._opaque_from(start, bare)
        return self._box(src, dst, l4)

    def _destination(self, proto: int | None, bare: tuple[L4, ...], sport: IntervalSet) -> tuple[L4, ...]:
        if proto in PORT_PROTOCOLS:
            return _l4(proto, sport, self._ports(proto))
        if proto == (ICMP if self._family == IPV4 else ICMPV6):
            return _l4(proto, *self._icmp())
        return bare

    def _box(self, src: IntervalSet, dst: IntervalSet, l4: tuple[L4, ...]) -> tuple[Box, ...]:
        if not (src and dst and all(one.sport and one.dport for one in l4)):
            return ()
        return (Box(src, dst, l4, self._flags, tuple(sorted(set(self._keys), key=_key_order))),)

    def _opaque_from(self, start: int, l4: tuple[L4, ...]) -> tuple[Box, ...]:
        everything = any_address(self._family)
        self._flags, self._keys = ANY_FLAGS, [(self._grammar.key("condition", self._words[start:]), True)]
        return self._box(everything, everything, l4)

    def _peek(self) -> str:
        return self._words[self._index] if self._index < len(self._words) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise Unclear
        self._index += 1
        return word

    def _protocol(self) -> int | None:
        word = self._next()
        if word == ("ip" if self._family == IPV4 else "ipv6"):
            return None
        if word == "icmp":
            return ICMP if self._family == IPV4 else ICMPV6
        if word in {"icmpv6", "icmp6"} and self._family != IPV4:
            return ICMPV6
        found = self._grammar.words.protocols.get(word)
        return _number(word, MAX_PROTOCOL) if found is None else found

    def _address(self, *, bare: bool = False) -> IntervalSet:
        word = self._next()
        if word == "any":
            return any_address(self._family)
        if word == "host":
            return _known(host(self._next(), self._family))
        if word == "addrgroup":
            return self._group(word, self._family, any_address(self._family))
        found = prefix(word, self._family)
        if found is not None:
            return found
        base = _known(address(word, self._family))
        mask = address(self._peek(), IPV4) if self._family == IPV4 else None
        if mask is not None:
            self._index += 1
            return _known(self._grammar.wildcards.spell(base, mask))
        # Without a wildcard only a standard list reads it, as a host.
        if not bare:
            raise Unclear
        return IntervalSet(((base, base),))

    def _group(self, kind: str, family: int, everything: IntervalSet) -> IntervalSet:
        name = self._next()
        group = self._grammar.groups.get((kind, family, name))
        self.groups.append((kind, family, name))
        if group:
            return group
        # Unknown, unreadable or empty: what the device makes of it is not known.
        self._keys.append((self._grammar.key("object-group", (kind, name)), True))
        return everything

    def _ports(self, proto: int | None) -> IntervalSet:
        how = self._peek()
        if proto not in PORT_PROTOCOLS or how not in {"eq", "neq", "gt", "lt", "range", "portgroup"}:
            return ANY_PORT
        self._index += 1
        if how == "portgroup":
            return self._group(how, 0, ANY_PORT)
        names = self._port_names(proto)
        found = [_port(self._next(), names)]
        if how == "range":
            found.append(_port(self._next(), names))
        elif how in {"eq", "neq"} and self._grammar.words.has_port_lists:
            while (more := self._port_or_none(names)) is not None:
                found.append(more)
        return port_set(how, found)

    def _port_or_none(self, names: Mapping[str, int]) -> int | None:
        word = self._peek()
        if not (word.isascii() and word.isdigit()) and word not in names:
            return None
        return _port(self._next(), names)

    def _port_names(self, proto: int | None) -> Mapping[str, int]:
        words = self._grammar.words
        return {TCP: words.tcp, _UDP: words.udp}.get(proto or 0, MappingProxyType({}))

    def _icmp(self) -> tuple[IntervalSet, IntervalSet]:
        names: IcmpNames = self._grammar.words.icmp if self._family == IPV4 else self._grammar.words.icmpv6
        word = self._peek()
        if word in names:
            self._index += 1
            kind, code = names[word]
        elif word.isascii() and word.isdigit():
            kind, code = _number(self._next(), _MAX_TYPE), None
            if self._peek().isascii() and self._peek().isdigit():
                code = _number(self._next(), _MAX_TYPE)
        else:
            return ANY_PORT, ANY_PORT
        return IntervalSet.single(kind), ANY_PORT if code is None else IntervalSet.single(code)

    def _options(self, l4: tuple[L4, ...]) -> None:
        """Read what is left; raise Unclear unless each word is known to do no more than narrow."""
        while word := self._peek():
            if word in _HANDLING:
                self.handling.append(word)
                self._index += 1
            elif word == "established" and l4 != ANY_L4 and TCP in l4[0].proto:
                self._flags = TcpFlags.ACK_OR_RST
                self._index += 1
            elif word in _NARROWING:
                rest = [word for word in self._words[self._index :] if word not in _HANDLING]
                self.handling += [word for word in self._words[self._index :] if word in _HANDLING]
                self._keys.append((self._grammar.key(_NARROWING[word], rest), True))
                return
            else:
                raise Unclear


@functools.lru_cache(maxsize=8_192)
def _l4(proto: int, sport: IntervalSet, dport: IntervalSet) -> tuple[L4, ...]:
    return (L4(IntervalSet(((proto, proto),)), sport, dport),)


def _protocol_alone(proto: int) -> tuple[L4, ...]:
    return _l4(proto, ANY_PORT, ANY_PORT)


def _known(value: _T | None) -> _T:
    if value is None:
        raise Unclear
    return value


def _number(word: str, top: int) -> int:
    if not (word.isascii() and word.isdigit()) or len(word) > len(str(top)) or int(word) > top:
        raise Unclear
    return int(word)


def _port(word: str, names: Mapping[str, int]) -> int:
    found = names.get(word)
    return _number(word, MAX_PORT) if found is None else found


def port_set(how: str, ports: Sequence[int]) -> IntervalSet:
    """Return the ports that an operator and its operands describe.

    Args:
        how: eq, neq, gt, lt or range.
        ports: its operands.
    """
    if how == "range":
        return _range(ports[0], ports[1])
    if how == "gt":
        return _range(ports[0] + 1, MAX_PORT)
    if how == "lt":
        return _range(0, ports[0] - 1)
    found = IntervalSet.of(*((port, port) for port in ports))
    return found if how == "eq" else found.complement(MAX_PORT)


@functools.lru_cache(maxsize=8_192)
def _range(low: int, high: int) -> IntervalSet:
    return IntervalSet(((low, high),)) if low <= high else NOTHING


def _key_order(item: tuple[OpaqueKey, bool]) -> tuple[str, str, bool]:
    return item[0].kind, item[0].digest, item[1]
