"""Edges: packets on the borders of rules, where a wrong comparison shows first.

Input: rules, the places that can be told apart. Output: well-formed packets at the lowest and highest values of matches
and one beside them.
"""

import random
from collections.abc import Iterator, Sequence

from murenger.model.packet import ICMP, ICMPV6, IPV4, PORT_PROTOCOLS, STATES, TCP, Packet
from murenger.semantics.intervals import MAX_PORT, IntervalSet, top_address
from murenger.semantics.ir import Match, Rule

_FLAGS = ("syn", "ack", "none")
_MAX_BYTE = 255
_ODDS = 4
"""One packet in so many has an unlikely state."""


def edge_packets(
    rules: Sequence[Rule],
    family: int,
    places: tuple[Sequence[str], Sequence[str]],
    chance: random.Random,
    *,
    acl: str = "",
) -> Iterator[Packet]:
    """Yield packets on edges of rules without end; none if no rule has a match of the family.

    Args:
        rules: where the edges come from.
        family: 4 or 6.
        places: names of ingress and of egress places to choose from, [""] for none.
        chance: chooses; with one seed the packets are the same.
        acl: the list that the packets are held against, or "".
    """
    own = [match for rule in rules for match in (*rule.any_of, *rule.unless) if match.family == family]
    matches = [match for match in own if match.src and match.dst and match.l4]
    while matches:
        yield _packet(chance.choice(matches), places, chance, acl)


def _packet(match: Match, places: tuple[Sequence[str], Sequence[str]], chance: random.Random, acl: str) -> Packet:
    l4 = chance.choice(match.l4)
    top = top_address(match.family)
    proto = min(_edge(l4.proto, 255, chance), 255)
    icmp = ICMP if match.family == IPV4 else ICMPV6
    sport = dport = 0
    if proto in PORT_PROTOCOLS:
        sport, dport = _edge(l4.sport, MAX_PORT, chance), _edge(l4.dport, MAX_PORT, chance)
    elif proto == icmp:
        sport, dport = min(_edge(l4.sport, _MAX_BYTE, chance), 255), min(_edge(l4.dport, _MAX_BYTE, chance), 255)
    ways = zip(places, (match.ingress, match.egress), strict=False)
    named = [[name for name in side if name in wanted] for side, wanted in ways]
    return Packet(
        family=match.family,
        src=_edge(match.src, top, chance),
        dst=_edge(match.dst, top, chance),
        proto=proto,
        sport=sport,
        dport=dport,
        flags=chance.choice(_FLAGS) if proto == TCP else "none",
        state="new" if chance.randrange(_ODDS) else chance.choice(STATES),
        ingress=chance.choice(named[0] if named[0] and chance.randrange(_ODDS) else places[0]),
        egress=chance.choice(named[1] if named[1] and chance.randrange(_ODDS) else places[1]),
        acl=acl,
    )


def _edge(values: IntervalSet, top: int, chance: random.Random) -> int:
    if not values:
        return 0
    low, high = chance.choice(values.spans)
    chosen = chance.choice((low - 1, low, low, high, high, high + 1, (low + high) // 2))
    return min(max(chosen, 0), top)
