"""Names: boxes of packets in the words of the configuration and of intents.yml, one line each.

Input: matches, the objects of both sides, segments and services. Output: text for people, safe for a terminal and in
one line; a name that could be mistaken for something else stands in quotes.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Sequence

from murenger.model.intent import Intents
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, TCP, protocol_name
from murenger.model.terminal import escape_for_terminal
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, IntervalSet, any_address
from murenger.semantics.ir import ANY_FLAGS, ANY_PLACE, ANY_STATE, L4, Hook, Match, Places, Ruleset, State, TcpFlags
from murenger.semantics.traffic import addresses_of, l4_of, separated
from murenger.semantics.verdict import Unknown

MOST_LISTED = 4
"""Addresses, ports or interfaces that are written out; of more, the number is told."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:/@+-]{0,63}")
_SEPARATORS = re.compile(r"[-_/:. ]+")
_MOST_CHARACTERS = 400
_LONGEST_NAME = 64
_BYTE = IntervalSet(((0, 255),))
_WITH_PORTS = IntervalSet.of(*((number, number) for number in PORT_PROTOCOLS))
_KNOWN_SETS = {
    ANY_PROTOCOL: "any protocol",
    _WITH_PORTS: "every protocol with ports",
    _WITH_PORTS | IntervalSet.single(ICMP): "icmp and every protocol with ports",
    _WITH_PORTS | IntervalSet.single(ICMPV6): "icmpv6 and every protocol with ports",
}
_FLAG_WORDS = {TcpFlags.SYN: "SYN", TcpFlags.ACK_OR_RST: "ACK or RST", TcpFlags.OTHER: "other flags"}
_ICMP_TYPES = {
    IPV4: {0: "echo-reply", 3: "unreachable", 5: "redirect", 8: "echo-request", 11: "time-exceeded"},
    6: {
        1: "unreachable",
        2: "packet-too-big",
        3: "time-exceeded",
        128: "echo-request",
        129: "echo-reply",
        133: "router-solicitation",
        134: "router-advertisement",
        135: "neighbour-solicitation",
        136: "neighbour-advertisement",
    },
}


class Names:
    """What things are called.

    A segment's name counts before that of an object, and live's objects before golden's, for live is what people see.

    Args:
        golden: rules as they should be.
        live: rules as they are.
        intents: what intents.yml says, or None.
    """

    def __init__(self, golden: Ruleset, live: Ruleset, intents: Intents | None = None) -> None:
        self._exact: dict[tuple[int, IntervalSet], str] = {}
        self._wide: dict[int, list[tuple[int, int, int, str, IntervalSet]]] = {IPV4: [], 6: []}
        self._services: list[tuple[int, str, tuple[L4, ...]]] = []
        self._memo: dict[tuple[int, IntervalSet], str] = {}
        self._service_memo: dict[tuple[int, L4], str] = {}
        for name, family, addresses in _addresses(golden, live, intents):
            if addresses and addresses != any_address(family):
                self._exact.setdefault((family, addresses), name)
                low, high = addresses.spans[0][0], addresses.spans[-1][1]
                self._wide[family].append((addresses.size, low, high, name, addresses))
        for known in self._wide.values():
            known.sort(key=lambda one: one[0])
        for name, l4 in _services(golden, live, intents):
            self._services.append((sum(map(_size, l4)), name, l4))
        self._services.sort(key=lambda one: one[0])

    def addresses(self, family: int, addresses: IntervalSet) -> str:
        """Return what some addresses are called, such as `card-db (10.1.2.3)` or `10.1.2.3 (part of servers)`."""
        if addresses == any_address(family):
            return "any"
        key = (family, addresses)
        if key not in self._memo:
            self._memo[key] = self._named_addresses(family, addresses)
        return self._memo[key]

    def _named_addresses(self, family: int, addresses: IntervalSet) -> str:
        literal = address_text(family, addresses)
        exact = self._exact.get((family, addresses))
        if exact is not None:
            return literal if exact == literal else f"{quoted(exact)} ({literal})"
        lowest, highest = addresses.spans[0][0], addresses.spans[-1][1]
        for _, low, high, name, around in self._wide[family]:
            # The bounds first: there may be tens of thousands of objects.
            if low <= lowest and highest <= high and around.covers(addresses):
                return f"{literal} (part of {quoted(name)})"
        return literal

    def service(self, family: int, l4: L4) -> str:
        """Return what protocols and ports are called, such as `tcp 3389`, `rdp (tcp 3389)` or `all traffic`."""
        if (family, l4) not in self._service_memo:
            self._service_memo[family, l4] = self._named_service(family, l4)
        return self._service_memo[family, l4]

    def _named_service(self, family: int, l4: L4) -> str:
        literal = service_text(family, l4)
        if l4.proto == ANY_PROTOCOL:
            return literal
        for _, name, parts in self._services:
            if any(_covers(part, l4, family) for part in parts):
                if len(parts) == 1 and _covers(l4, parts[0], family):
                    return literal if _SEPARATORS.sub(" ", name).lower() == literal else f"{quoted(name)} ({literal})"
                return f"{literal} (part of {quoted(name)})"
        return literal

    def box(self, match: Match, hook: Hook, acl: str = "") -> str:
        """Return one line for a box, such as `tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1`.

        Args:
            match: the box.
            hook: the way that its packets take.
            acl: with hook ACL, the list.
        """
        services = _limited([self.service(match.family, l4) for l4 in match.l4], "services")
        source, destination = self.addresses(match.family, match.src), self.addresses(match.family, match.dst)
        parts = [f"{services} from {source} to {destination}"]
        if source == destination == "any":
            parts.append(f"IPv{match.family}")
        parts += [text for text in (way_text(match, hook, acl), _state_text(match), _flags_text(match)) if text]
        parts += [f"{'if' if wanted else 'if not'} {one_line(key.label or key.kind)}" for key, wanted in match.opaque]
        return ", ".join(parts)


def quoted(name: str) -> str:
    """Return a name as it is if it is a plain word, else in quotes with everything strange in it escaped."""
    if _PLAIN.fullmatch(name):
        return name
    cut = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "..."
    return escape_for_terminal(json.dumps(cut, ensure_ascii=False))


def one_line(text: str) -> str:
    """Return a text as one line of bounded length that does nothing to a terminal."""
    line = " ".join(text[: 2 * _MOST_CHARACTERS].split())
    line = line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 3] + "..."
    return escape_for_terminal(line)


def unknown_text(unknown: Unknown) -> str:
    """Return why something is not decided, as one line that begins with the reason."""
    lines = (("golden", unknown.golden_line), ("live", unknown.live_line))
    where = ", ".join(f"{side} line {number}" for side, number in lines if number)
    return f"{unknown.reason.value}: {one_line(unknown.text)}" + (f" ({where})" if where else "")


def address_text(family: int, addresses: IntervalSet) -> str:
    """Return addresses as prefixes where they are prefixes, else as ranges."""
    return _limited([_span_text(family, low, high) for low, high in addresses.spans], "ranges")


def _span_text(family: int, low: int, high: int) -> str:
    make = ipaddress.IPv4Address if family == IPV4 else ipaddress.IPv6Address
    size = high - low + 1
    if size == 1:
        return str(make(low))
    if size & (size - 1) == 0 and low % size == 0:
        return f"{make(low)}/{(32 if family == IPV4 else 128) - size.bit_length() + 1}"
    return f"{make(low)}-{make(high)}"


def service_text(family: int, l4: L4) -> str:
    """Return protocols and ports, or ICMP type and code, without names of the configuration."""
    if l4.proto == ANY_PROTOCOL and l4.sport == ANY_PORT and l4.dport == ANY_PORT:
        return "all traffic"
    protocols = _protocols(l4.proto)
    icmp = ICMP if family == IPV4 else ICMPV6
    if l4.proto == IntervalSet.single(icmp):
        return _icmp_text(family, l4)
    if not any(number in l4.proto for number in (*PORT_PROTOCOLS, icmp)):
        return protocols
    ports = "" if l4.dport == ANY_PORT else _ports(l4.dport)
    destination = f" (port {ports})" if ports and " " in protocols else f" {ports}" if ports else ""
    source = "" if l4.sport == ANY_PORT else f" from source port {_ports(l4.sport)}"
    return f"{protocols}{destination}{source}"


def _icmp_text(family: int, l4: L4) -> str:
    name = protocol_name(l4.proto.spans[0][0])
    kinds, codes = l4.sport & _BYTE, l4.dport & _BYTE
    if kinds != _BYTE:
        known = _ICMP_TYPES[family].get(kinds.spans[0][0]) if kinds.size == 1 else None
        name += f" {known}" if known else f" type {_ports(kinds)}"
    return name if codes == _BYTE else f"{name} code {_ports(codes)}"


def _protocols(protocols: IntervalSet) -> str:
    if protocols in _KNOWN_SETS:
        return _KNOWN_SETS[protocols]
    if protocols.size <= MOST_LISTED:
        numbers = [number for low, high in protocols.spans for number in range(low, high + 1)]
        names = [protocol_name(number) for number in numbers]
        return "/".join(f"protocol {name}" if name.isdigit() else name for name in names)
    return "protocols " + _ports(protocols)


def _ports(ports: IntervalSet) -> str:
    return _limited([str(low) if low == high else f"{low}-{high}" for low, high in ports.spans], "ranges")


def way_text(match: Match, hook: Hook, acl: str) -> str:
    """Return the way of a box: its interfaces or zones, or the list that it is held against; "" for any."""
    if hook is Hook.ACL:
        return f"in list {quoted(acl)}"
    ingress = "this device" if hook is Hook.OUTPUT else _place_text(match.ingress)
    egress = "this device" if hook is Hook.INPUT else _place_text(match.egress)
    return "" if ingress == egress == "any" else f"{ingress} -> {egress}"


def _place_text(places: Places) -> str:
    if places == ANY_PLACE:
        return "any"
    excluded = _limited(sorted(map(quoted_place, places.exclude)), "others")
    if places.include is None:
        return f"any but {excluded}"
    included = _limited(sorted(map(quoted_place, places.include)), "others")
    return f"{included} but {excluded}" if places.exclude else included


def quoted_place(name: str) -> str:
    """Return an interface or zone; the `*` of a name that stands for many is kept."""
    return quoted(name[:-1]) + "*" if name.endswith("*") and _PLAIN.fullmatch(name[:-1]) else quoted(name)


def _state_text(match: Match) -> str:
    """Return the connection states, "" where a new connection is among them: that is what a reader expects."""
    if match.state == ANY_STATE or match.state & State.NEW:
        return ""
    return "state " + " or ".join(str(state.name).lower() for state in State if state & match.state)


def _flags_text(match: Match) -> str:
    is_tcp = any(TCP in l4.proto for l4 in match.l4)
    if not is_tcp or match.flags == ANY_FLAGS or match.flags & TcpFlags.SYN:
        return ""
    return "with " + " or ".join(text for flag, text in _FLAG_WORDS.items() if flag & match.flags)


def _limited(texts: Sequence[str], what: str) -> str:
    texts = list(dict.fromkeys(texts))
    if len(texts) <= MOST_LISTED:
        return ", ".join(texts)
    return ", ".join(texts[: MOST_LISTED - 1]) + f" and {len(texts) - MOST_LISTED + 1} more {what}"


def _addresses(golden: Ruleset, live: Ruleset, intents: Intents | None) -> Iterable[tuple[str, int, IntervalSet]]:
    for segment in intents.segments if intents else ():
        for family in (IPV4, 6):
            yield segment.name, family, addresses_of(segment, family)
    for ruleset in (live, golden):
        for named in ruleset.addresses:
            yield named.name, named.family, named.addresses


def _services(golden: Ruleset, live: Ruleset, intents: Intents | None) -> Iterable[tuple[str, tuple[L4, ...]]]:
    for service in intents.services if intents else ():
        yield service.name, l4_of(service)
    for ruleset in (live, golden):
        for named in ruleset.services:
            if not any(_says_nothing(l4) for l4 in named.l4):
                yield named.name, named.l4


def _says_nothing(l4: L4) -> bool:
    """True for a service that is a whole protocol, or all of them: being part of it tells nobody anything."""
    return l4.sport == ANY_PORT and l4.dport == ANY_PORT and any(n in l4.proto for n in (*PORT_PROTOCOLS, ICMP, ICMPV6))


def _covers(wide: L4, narrow: L4, family: int) -> bool:
    """True if one service holds all of another, for packets that there can be."""
    held = list(separated((wide,), family))
    return all(
        any(
            mine.proto.covers(theirs.proto) and mine.sport.covers(theirs.sport) and mine.dport.covers(theirs.dport)
            for mine in held
        )
        for theirs in separated((narrow,), family)
    )


def _size(l4: L4) -> int:
    return l4.proto.size * l4.sport.size * l4.dport.size
