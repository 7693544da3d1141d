"""One line of iptables: what it matches, and what it does then.

Input: the words of an `-A` line. Output: one match, exactly or with an opaque condition, and the target.

The library reads addresses, protocols, ports and ICMP types; it gives up on negated protocols and ports and on
interfaces with `+`, and leaves out what it takes for granted (`--syn`, states), so those are read here.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from murenger.adapters.parsers.fwshift.convert import opaque_key
from murenger.adapters.parsers.fwshift.library import IptablesRule, iptables_rule
from murenger.adapters.parsers.fwshift.resolve import complement, literal, port_set
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, TCP
from murenger.semantics.intervals import (
    ANY_PORT,
    ANY_PROTOCOL,
    IPV4,
    IPV6,
    MAX_PORT,
    MAX_PROTOCOL,
    IntervalSet,
    any_address,
)
from murenger.semantics.ir import ANY_FLAGS, ANY_PLACE, ANY_STATE, L4, Match, Places, State, TcpFlags

_INGRESS = frozenset({"-i", "--in-interface"})
_EGRESS = frozenset({"-o", "--out-interface"})
_STATES = frozenset({"--ctstate", "--state"})
_PROTOCOL = frozenset({"-p", "--protocol"})
_SPORTS = frozenset({"--sport", "--source-port", "--sports", "--source-ports"})
_DPORTS = frozenset({"--dport", "--destination-port", "--dports", "--destination-ports"})
_JUMPS = frozenset({"-j", "--jump", "-g", "--goto"})
_NUMBERS = MappingProxyType({"tcp": 6, "udp": 17, "sctp": 132, "icmp": ICMP, "icmp6": ICMPV6})
_SYN_MASKS = frozenset({frozenset({"FIN", "SYN", "RST", "ACK"}), frozenset({"SYN", "RST", "ACK"})})
# The kernel takes this type for every type, whatever the code.
_EVERY_ICMP_TYPE = 255
_FLAG_BITS = ("SYN", "ACK", "RST", "FIN", "URG", "PSH")
_ACK_OR_RST = 0b110
_TAME_MODULES = frozenset(
    {
        "addrtype",
        "connlimit",
        "connmark",
        "dscp",
        "hashlimit",
        "length",
        "limit",
        "mac",
        "mark",
        "owner",
        "physdev",
        "pkttype",
        "recent",
        "set",
        "statistic",
        "time",
        "tos",
        "ttl",
    }
)
"""Modules that narrow a rule further, and whose values never look like options."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule of a chain.

    Attributes:
        number: 1-based line of the text.
        match: what it matches.
        target: ACCEPT, DROP, a chain, or empty for none.
        is_goto: True if it goes to the chain and does not come back.
        options: options of the target, as text.
        comment: its comment.
        condition: the words of what it matches.
        strange: what of it could not be read, for people.
    """

    number: int
    match: Match
    target: str
    is_goto: bool
    options: str
    comment: str
    condition: str
    strange: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class _Own:
    """Conditions that are read here, and the words that are left for the library."""

    rest: list[str]
    ingress: Places = ANY_PLACE
    egress: Places = ANY_PLACE
    state: State = ANY_STATE
    flags: TcpFlags = ANY_FLAGS
    protocol: IntervalSet = ANY_PROTOCOL
    sport: IntervalSet = ANY_PORT
    dport: IntervalSet = ANY_PORT
    needs_tcp: bool = False
    needs_ports: bool = False
    comment: str = ""
    strange: list[str] = dataclasses.field(default_factory=list)


def line_of(words: Sequence[str], number: int, family: int) -> Line:
    """Return a rule.

    Args:
        words: the words of the line, `-A` and the chain first.
        number: 1-based line of the text.
        family: 4 or 6.

    Raises:
        ParseError: the library failed.
    """
    own = _own(words)
    found = iptables_rule(own.rest, family)
    strange = [*own.strange, *found.unsupported]
    match = _match(found, own, family, strange)
    if strange:
        match = _bounded(match, strange, own)
    return Line(
        number=number,
        match=match,
        target=found.target,
        is_goto=found.is_goto,
        options=" ".join(f"{key} {value}".strip() for key, value in sorted(found.options.items())),
        comment=own.comment,
        condition=" ".join(word for word in _before_target(words[2:]) if word != own.comment),
        strange=tuple(strange),
    )


def _before_target(words: Sequence[str]) -> Iterator[str]:
    return itertools.takewhile(lambda word: word not in _JUMPS, words)


def _bounded(match: Match, strange: Sequence[str], own: _Own) -> Match:
    """Return a match with an opaque condition for what could not be read.

    The values of a module that nobody here knows might look like options: then nothing of the line bounds it.
    """
    modules = [one.split("'")[1] for one in strange if one.startswith("match module '")]
    condition = " ".join(_before_target(own.rest[2:]))
    kind = modules[0] if modules and modules[0] in _TAME_MODULES else "unsupported"
    key = opaque_key(kind, "; ".join(strange)[:120], condition, *strange)
    if set(modules) <= _TAME_MODULES and not any(
        one.startswith(("match -", "match ! -", "unexpected")) for one in strange
    ):
        return dataclasses.replace(match, opaque=((key, True),))
    family = match.family
    return Match(family=family, src=any_address(family), dst=any_address(family), opaque=((key, True),))


def _own(words: Sequence[str]) -> _Own:
    own = _Own(rest=list(words[:2]))
    index, negated = 2, False
    while index < len(words):
        word = words[index]
        if word in _JUMPS:
            own.rest += words[index:]
            break
        if word == "!":
            negated, index = True, index + 1
            continue
        taken = _take(own, words, index, negated=negated)
        if not taken:
            own.rest += ["!"] * negated + [word]
            taken = 1
        negated, index = False, index + taken
    return own


def _take(own: _Own, words: Sequence[str], index: int, *, negated: bool) -> int:
    """Read one option if it is one of ours; return how many words it took, 0 for none."""
    word = words[index]
    after = list(words[index + 1 : index + 4])
    if word in _READ_HERE and after[:1] == ["!"]:  # as old releases write it
        negated, after, extra = True, after[1:], 1
    else:
        extra = 0
    if word == "--comment" and after:
        own.comment = after[0]
    elif word == "--syn":
        own.flags &= TcpFlags.ACK_OR_RST | TcpFlags.OTHER if negated else TcpFlags.SYN
        own.needs_tcp = True
        return 1
    elif word == "--tcp-flags" and len(after) > 1:
        _tcp_flags(own, after[0], after[1], negated=negated)
        return 3 + extra
    elif after and (word in _INGRESS or word in _EGRESS):
        _interface(own, after[0], negated=negated, incoming=word in _INGRESS)
    elif after and word in _STATES:
        _states(own, after[0], negated=negated)
    elif after and negated and word in _PROTOCOL:
        return _not_protocol(own, after[0]) and 2 + extra
    elif after and negated and word in _SPORTS | _DPORTS:
        return _not_ports(own, after[0], is_source=word in _SPORTS) and 2 + extra
    else:
        return 0
    return 2 + extra


_READ_HERE = _INGRESS | _EGRESS | _STATES | _PROTOCOL | _SPORTS | _DPORTS | {"--tcp-flags"}


def _interface(own: _Own, name: str, *, negated: bool, incoming: bool) -> None:
    wide = f"{name[:-1]}*" if name.endswith("+") else name
    if not wide or "*" in wide[:-1] or wide == "*" or name.endswith("*"):
        own.strange.append(f"interface match {'! ' * negated}{name}")
        return
    places = Places.but(wide) if negated else Places.of(wide)
    if incoming:
        own.ingress &= places
    else:
        own.egress &= places


def _states(own: _Own, text: str, *, negated: bool) -> None:
    names = text.upper().split(",")
    if not set(names) <= set(State.__members__):
        own.strange.append(f"connection state {'! ' * negated}{text}")
        return
    wanted = State(0)
    for name in names:
        wanted |= State[name]
    own.state &= ANY_STATE & ~wanted if negated else wanted


def _tcp_flags(own: _Own, mask: str, wanted: str, *, negated: bool) -> None:
    own.needs_tcp = True
    if frozenset(mask.upper().split(",")) in _SYN_MASKS and wanted.upper() == "SYN":
        own.flags &= TcpFlags.ACK_OR_RST | TcpFlags.OTHER if negated else TcpFlags.SYN
        return
    masked, set_ones = _flag_bits(mask), _flag_bits(wanted)
    if masked is not None and set_ones is not None:
        may, must = TcpFlags(0), ANY_FLAGS
        for bits in range(1 << len(_FLAG_BITS)):
            matches = (bits & masked == set_ones) is not negated
            may, must = (may | _class_of(bits), must) if matches else (may, must & ~_class_of(bits))
        own.flags &= may
        if may == must:
            return
    own.strange.append(f"TCP flags match {'! ' * negated}{mask} {wanted}")


def _flag_bits(text: str) -> int | None:
    """Return the flags of a list as bits, or None if one is unknown."""
    names = set(text.upper().split(","))
    if names in ({"ALL"}, {"NONE"}):
        return (1 << len(_FLAG_BITS)) - 1 if names == {"ALL"} else 0
    if not names <= set(_FLAG_BITS):
        return None
    return sum(1 << _FLAG_BITS.index(name) for name in names)


def _class_of(bits: int) -> TcpFlags:
    if bits & _ACK_OR_RST:
        return TcpFlags.ACK_OR_RST
    return TcpFlags.SYN if bits & 1 else TcpFlags.OTHER


def _not_protocol(own: _Own, name: str) -> bool:
    found = iptables_rule(["-A", "x", "-p", name], IPV6)
    number = _protocol(found)
    if number is None or found.unsupported:
        return False
    own.protocol &= IntervalSet.single(number).complement(MAX_PROTOCOL)
    return True


def _not_ports(own: _Own, text: str, *, is_source: bool) -> bool:
    found = iptables_rule(["-A", "x", "-p", "tcp", "--dports", text], IPV4)
    ports = port_set(found.dports) if not found.unsupported else None
    if ports is None:
        return False
    own.needs_ports = True
    if is_source:
        own.sport &= ports.complement(MAX_PORT)
    else:
        own.dport &= ports.complement(MAX_PORT)
    return True


def _protocol(found: IptablesRule) -> int | None:
    if found.protocol in _NUMBERS:
        return _NUMBERS[found.protocol]
    return int(found.protocol) if found.protocol.isdecimal() else None


def _match(found: IptablesRule, own: _Own, family: int, strange: list[str]) -> Match:
    number = _protocol(found)
    proto = own.protocol if number is None else own.protocol & IntervalSet.single(number)
    if own.needs_tcp:
        proto &= IntervalSet.single(TCP)
    if own.needs_ports:
        proto &= IntervalSet.of(*((one, one) for one in PORT_PROTOCOLS))
    sport, dport = _ports(found, strange)
    if found.icmp_type is not None and found.icmp_type != _EVERY_ICMP_TYPE:
        sport = IntervalSet.single(found.icmp_type)
        dport = ANY_PORT if found.icmp_code is None else IntervalSet.single(found.icmp_code)
        if number != (ICMP if family == IPV4 else ICMPV6):
            strange.append("an ICMP type without its protocol")
    return Match(
        family=family,
        src=_side(found.src, family, negated=found.src_negated, strange=strange),
        dst=_side(found.dst, family, negated=found.dst_negated, strange=strange),
        l4=(L4(proto=proto, sport=sport & own.sport, dport=dport & own.dport),),
        state=own.state,
        flags=own.flags,
        ingress=own.ingress,
        egress=own.egress,
    )


def _ports(found: IptablesRule, strange: list[str]) -> tuple[IntervalSet, IntervalSet]:
    sport, dport = port_set(found.sports), port_set(found.dports)
    if sport is None or dport is None or ((found.sports or found.dports) and not _has_ports(found)):
        strange.append("ports without a protocol that has them")
        return ANY_PORT, ANY_PORT
    return sport, dport


def _has_ports(found: IptablesRule) -> bool:
    return _protocol(found) in PORT_PROTOCOLS


def _side(text: str, family: int, *, negated: bool, strange: list[str]) -> IntervalSet:
    if not text:
        return any_address(family)
    held = literal(text)
    if held is None or not held.of(family):
        strange.append(f"address {text[:60]} in a rule of the other family")
        return any_address(family)
    return complement(held.of(family), family) if negated else held.of(family)
