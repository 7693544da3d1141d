"""Traffic: boxes of packets intersected, taken away from one another, and one packet picked from them.

Input: matches, segments, services. Output: matches that hold exactly what is asked for, in a form that says nothing
impossible: protocols without ports stand apart from those with ports, ICMP apart from both.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from murenger.model.intent import Segment, Service
from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, TCP, Packet
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, IntervalSet, any_address, network
from murenger.semantics.ir import ANY_FLAGS, ANY_PLACE, L4, Hook, Match, Places, State, TcpFlags

OTHER_PLACE = "another-interface"
"""Stands in a packet for an interface that nobody names."""

_PORTS = IntervalSet.of(*((number, number) for number in PORT_PROTOCOLS))
_ONLY_TCP = IntervalSet.single(TCP)
_NOT_TCP = ANY_PROTOCOL - _ONLY_TCP
_TYPES = IntervalSet(((0, 255),))
# From ranges kept for documentation: what an example of "any" should look like.
_EXAMPLE_SOURCE = {IPV4: 0xC0000201, 6: 0x20010DB8 << 96 | 1}
_EXAMPLE_PORT = 40_000
_FLAG_NAMES = ((TcpFlags.SYN, "syn"), (TcpFlags.ACK_OR_RST, "ack"), (TcpFlags.OTHER, "none"))


class TooManyPiecesError(ValueError):
    """What is left after taking traffic away is in more pieces than allowed."""


def l4_of(service: Service) -> tuple[L4, ...]:
    """Return protocols and ports of a service."""
    return tuple(
        L4(IntervalSet((part.protocols,)), IntervalSet.of(*part.source), IntervalSet.of(*part.destination))
        for part in service.parts
    )


def addresses_of(segment: Segment, family: int) -> IntervalSet:
    """Return the addresses of a segment; all of the family for one that names none."""
    if not segment.prefixes:
        return any_address(family)
    found = [network(prefix) for prefix in segment.prefixes]
    return IntervalSet.of(*(span for version, addresses in found if version == family for span in addresses.spans))


def separated(l4: Iterable[L4], family: int) -> Iterator[L4]:
    """Yield protocols and ports with each kind of protocol apart, and nothing that no packet can have."""
    icmp = IntervalSet.single(ICMP if family == IPV4 else ICMPV6)
    plain = ANY_PROTOCOL - _PORTS - icmp
    for one in l4:
        with_ports = L4(one.proto & _PORTS, one.sport & ANY_PORT, one.dport & ANY_PORT)
        with_types = L4(one.proto & icmp, one.sport & _TYPES, one.dport & _TYPES)
        without = L4(one.proto & plain)
        yield from (part for part in (with_ports, with_types, without) if part.proto and part.sport and part.dport)


def normal(match: Match) -> Iterator[Match]:
    """Yield a match as matches of one kind of protocol each, TCP apart where flags matter; none of them is empty."""
    if not (match.src and match.dst and match.state and match.flags):
        return
    if match.ingress.is_empty or match.egress.is_empty:
        return
    for l4 in separated(match.l4, match.family):
        if match.flags == ANY_FLAGS:
            yield dataclasses.replace(match, l4=(l4,))
            continue
        tcp, rest = dataclasses.replace(l4, proto=l4.proto & _ONLY_TCP), l4.proto & _NOT_TCP
        if tcp.proto:
            yield dataclasses.replace(match, l4=(tcp,))
        if rest and match.flags & TcpFlags.OTHER:
            yield dataclasses.replace(match, l4=(dataclasses.replace(l4, proto=rest),), flags=ANY_FLAGS)


def intersection(one: Match, other: Match) -> Iterator[Match]:
    """Yield what two matches share, opaque conditions of both kept."""
    if one.family != other.family or _apart(one.dst, other.dst) or _apart(one.src, other.src):
        return
    src, dst = one.src & other.src, one.dst & other.dst
    if not src or not dst:
        return
    shared = [
        L4(ours.proto & theirs.proto, ours.sport & theirs.sport, ours.dport & theirs.dport)
        for ours in separated(one.l4, one.family)
        for theirs in separated(other.l4, one.family)
    ]
    yield from normal(
        Match(
            family=one.family,
            src=src,
            dst=dst,
            l4=tuple(shared),
            state=one.state & other.state,
            flags=one.flags & other.flags,
            ingress=one.ingress & other.ingress,
            egress=one.egress & other.egress,
            opaque=tuple(sorted({*one.opaque, *other.opaque}, key=lambda entry: (entry[0].kind, entry[0].digest))),
        )
    )


def _apart(one: IntervalSet, other: IntervalSet) -> bool:
    """True if the bounds alone show that two sets share nothing: most boxes that are held against each other do not."""
    ours, theirs = one.spans, other.spans
    return not ours or not theirs or ours[-1][1] < theirs[0][0] or theirs[-1][1] < ours[0][0]


def meets(some: Iterable[Match], others: Sequence[Match]) -> Match | None:
    """Return a box that both have in common, or None if there is none."""
    for one in some:
        for other in others:
            shared = next(intersection(one, other), None)
            if shared is not None:
                return shared
    return None


def difference(some: Iterable[Match], taken: Iterable[Match], *, most: int) -> tuple[Match, ...]:
    """Return `some` without `taken`; states, flags and opaque conditions of `taken` are not looked at.

    Args:
        some: matches.
        taken: matches of the same states and flags.
        most: pieces allowed.

    Raises:
        TooManyPiecesError: there would be more pieces.
    """
    pieces = [piece for one in some for piece in normal(one)]
    for take in (part for one in taken for part in normal(one)):
        pieces = [rest for piece in pieces for rest in _without(piece, take)]
        if len(pieces) > most:
            raise TooManyPiecesError(f"more than {most} pieces")
    return tuple(pieces)


def _without(piece: Match, take: Match) -> Iterator[Match]:
    """Yield a piece without a box: what differs in the first dimension, then in the second where the first agrees..."""
    if meets((piece,), (take,)) is None:
        yield piece
        return
    (mine,), (theirs,) = piece.l4, take.l4
    if kept := piece.src - take.src:
        yield dataclasses.replace(piece, src=kept)
    rest = dataclasses.replace(piece, src=piece.src & take.src)
    if kept := piece.dst - take.dst:
        yield dataclasses.replace(rest, dst=kept)
    rest = dataclasses.replace(rest, dst=piece.dst & take.dst)
    for field in ("proto", "sport", "dport"):
        kept = getattr(mine, field) - getattr(theirs, field)
        if kept:
            yield dataclasses.replace(rest, l4=(dataclasses.replace(mine, **{field: kept}),))
        mine = dataclasses.replace(mine, **{field: getattr(mine, field) & getattr(theirs, field)})
    rest = dataclasses.replace(rest, l4=(mine,))
    for kept_places in _places_without(piece.ingress, take.ingress):
        yield dataclasses.replace(rest, ingress=kept_places)
    rest = dataclasses.replace(rest, ingress=piece.ingress & take.ingress)
    for kept_places in _places_without(piece.egress, take.egress):
        yield dataclasses.replace(rest, egress=kept_places)


def _places_without(places: Places, take: Places) -> Iterator[Places]:
    excluded = places & Places(take.exclude)
    if not excluded.is_empty:
        yield excluded
    if take.include is not None:
        outside = places & Places.but(*take.include)
        if not outside.is_empty:
            yield outside


def box_of(packet: Packet) -> Match:
    """Return the box of one packet alone."""
    return Match(
        family=packet.family,
        src=IntervalSet.single(packet.src),
        dst=IntervalSet.single(packet.dst),
        l4=(L4(*map(IntervalSet.single, (packet.proto, packet.sport, packet.dport))),),
        state=State[packet.state.upper()],
        flags=next(flag for flag, name in _FLAG_NAMES if name == packet.flags),
        ingress=Places.of(packet.ingress) if packet.ingress else ANY_PLACE,
        egress=Places.of(packet.egress) if packet.egress else ANY_PLACE,
    )


def sample(match: Match, hook: Hook, acl: str = "") -> Packet | None:
    """Return one packet of a match on its way, or None if there is none; opaque conditions are not looked at."""
    for part in normal(match):
        (l4,) = part.l4
        proto = TCP if TCP in l4.proto else l4.proto.spans[0][0]
        flags = next(name for flag, name in _FLAG_NAMES if part.flags & flag) if proto == TCP else "none"
        has_ports = proto in PORT_PROTOCOLS or proto == (ICMP if part.family == IPV4 else ICMPV6)
        ingress = "" if hook in (Hook.OUTPUT, Hook.ACL) else _place(part.ingress)
        egress = "" if hook in (Hook.INPUT, Hook.ACL) else _place(part.egress)
        return Packet(
            family=part.family,
            src=_address(part.src, part.family),
            dst=_address(part.dst, part.family),
            proto=proto,
            sport=_port(l4.sport) if has_ports else 0,
            dport=l4.dport.spans[0][0] if has_ports else 0,
            flags=flags,
            state=next(state for state in State if state & part.state).name.lower(),  # type: ignore[union-attr]  # a member
            ingress=ingress,
            egress=egress,
            acl=acl,
        )
    return None


def _address(addresses: IntervalSet, family: int) -> int:
    return _EXAMPLE_SOURCE[family] if addresses == any_address(family) else addresses.spans[0][0]


def _port(ports: IntervalSet) -> int:
    return _EXAMPLE_PORT if _EXAMPLE_PORT in ports else ports.spans[0][0]


def _place(places: Places) -> str:
    if places.include is None:
        name = OTHER_PLACE
        while name not in places:
            name += "-1"
        return name
    name = min(places.include)
    return name[:-1] + "0" if name.endswith("*") else name
