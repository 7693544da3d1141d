"""Boxes: products of intervals, with intersection and difference, for the small parts of rule sets that were edited.

Input: rules. Output: boxes that together hold every packet that two short runs of rules decide differently, and perhaps
some more: exactness is left to decision diagrams.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS
from murenger.semantics.intervals import ANY_PORT, IPV4, IntervalSet
from murenger.semantics.ir import Action, Match, OpaqueKey, Places, Rule, State, TcpFlags
from murenger.semantics.places import PlaceTable

Literals = frozenset[tuple[OpaqueKey, bool]]


class PiecesSpentError(Exception):
    """More boxes than allowed."""


def porty(family: int) -> IntervalSet:
    """Return the protocols of a family that have ports, or type and code."""
    icmp = ICMP if family == IPV4 else ICMPV6
    return _PORTY[icmp]


_PORTY = {
    icmp: IntervalSet.of(*((number, number) for number in sorted(PORT_PROTOCOLS | {icmp}))) for icmp in (ICMP, ICMPV6)
}


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """A product of sets, all of one family.

    Attributes:
        sets: protocols, destination ports, destinations, sources, source ports, ingress and egress numbers, states and
            flags as sets of bit numbers.
        literals: opaque conditions that must hold or must not.
    """

    sets: tuple[IntervalSet, ...]
    literals: Literals = frozenset()

    def overlaps(self, other: "Box") -> bool:
        """True if a packet can be in both."""
        return all(map(_meets, self.sets, other.sets)) and not any(
            (key, not wanted) in other.literals for key, wanted in self.literals
        )

    def covers(self, other: "Box") -> bool:
        """True if every packet of the other box is in this one."""
        return self.literals <= other.literals and all(map(IntervalSet.covers, self.sets, other.sets))

    def minus(self, other: "Box") -> Iterator["Box"]:
        """Yield disjoint boxes that together are this one without the other."""
        if not self.overlaps(other):
            yield self
            return
        sets = list(self.sets)
        for number, (ours, theirs) in enumerate(zip(self.sets, other.sets, strict=True)):
            rest = ours - theirs
            if rest:
                sets[number] = rest
                yield Box(tuple(sets), self.literals)
                sets[number] = ours & theirs
        literals = self.literals
        for key, wanted in sorted(other.literals - literals, key=lambda one: (one[0].kind, one[0].digest)):
            yield Box(tuple(sets), literals | {(key, not wanted)})
            literals |= {(key, wanted)}


def _meets(ours: IntervalSet, theirs: IntervalSet) -> bool:
    one, other = ours.spans, theirs.spans
    if len(one) == 1 and len(other) == 1:
        return one[0][0] <= other[0][1] and other[0][0] <= one[0][1]
    return bool(ours & theirs)


class Boxer:
    """Makes boxes of matches.

    Args:
        family: 4 or 6; matches of the other family have no boxes.
        ingress: numbers of ingress places.
        egress: numbers of egress places.
    """

    def __init__(self, family: int, ingress: PlaceTable, egress: PlaceTable) -> None:
        self.family = family
        self._ingress = ingress
        self._egress = egress
        self._porty = porty(family)
        self._portless = IntervalSet.of((0, 255)) - self._porty

    def boxes(self, match: Match) -> Iterator[Box]:
        """Yield the boxes of a match; empty ones are left out."""
        if match.family != self.family:
            return
        literals = frozenset(match.opaque)
        if any((key, not wanted) in literals for key, wanted in literals):
            return
        rest = (match.dst, match.src, self._numbers(match.ingress, match.egress), _bits(match.state, match.flags))
        for proto, sport, dport in self._l4(match):
            dst, src, (ingress, egress), (state, flags) = rest
            sets = (proto, dport, dst, src, sport, ingress, egress, state, flags)
            if all(sets):
                yield Box(sets, literals)

    def _numbers(self, ingress: Places, egress: Places) -> tuple[IntervalSet, IntervalSet]:
        return self._ingress.numbers(ingress), self._egress.numbers(egress)

    def _l4(self, match: Match) -> Iterator[tuple[IntervalSet, IntervalSet, IntervalSet]]:
        for l4 in match.l4:
            if l4.sport == ANY_PORT and l4.dport == ANY_PORT:
                yield l4.proto, ANY_PORT, ANY_PORT
            else:
                yield l4.proto & self._porty, l4.sport, l4.dport
                yield l4.proto & self._portless, ANY_PORT, ANY_PORT


def _bits(state: State, flags: TcpFlags) -> tuple[IntervalSet, IntervalSet]:
    return _bit_numbers(int(state)), _bit_numbers(int(flags))


def _bit_numbers(mask: int) -> IntervalSet:
    return IntervalSet.of(*((bit, bit) for bit in range(mask.bit_length()) if mask >> bit & 1))


def subtract(boxes: Iterable[Box], taken: Sequence[Box], pieces: int) -> list[Box]:
    """Return disjoint boxes that are the first without those taken, if the first were disjoint.

    Raises:
        PiecesSpentError: there would be more than `pieces`.
    """
    rest = list(boxes)
    for one in taken:
        rest = [piece for box in rest for piece in box.minus(one)]
        if len(rest) > pieces:
            raise PiecesSpentError
    return rest


def difference(golden: Sequence[Rule], live: Sequence[Rule], boxer: Boxer, pieces: int) -> list[Box]:
    """Return boxes that hold every packet that two runs of rules decide differently, one of them not at all included.

    A run decides a packet by its first match; a packet that no rule of it matches is left to what follows.

    Args:
        golden: one run.
        live: the other.
        boxer: makes the boxes; only packets of its family are looked at.
        pieces: most boxes to work with; beyond, every box of every rule of both runs is returned.
    """
    try:
        ours, theirs = _decided(golden, boxer, pieces), _decided(live, boxer, pieces)
        found: list[Box] = []
        for action in Action:
            found += subtract(ours[action], theirs[action], pieces)
            found += subtract(theirs[action], ours[action], pieces)
    except PiecesSpentError:
        return [box for rule in (*golden, *live) for match in rule.any_of for box in boxer.boxes(match)]
    return found


def _decided(rules: Sequence[Rule], boxer: Boxer, pieces: int) -> dict[Action, list[Box]]:
    """Return what a run of rules decides, by action, as disjoint boxes."""
    found: dict[Action, list[Box]] = {action: [] for action in Action}
    before: list[Box] = []
    for rule in rules:
        taken = [box for match in rule.unless for box in boxer.boxes(match)]
        boxes = [box for match in rule.any_of for box in boxer.boxes(match)]
        if len(boxes) * (len(taken) + len(before)) > _MAX_STEPS:
            raise PiecesSpentError
        for box in boxes:
            mine = subtract([box], taken, pieces)
            fresh = subtract(mine, before, pieces)
            found[rule.action] += fresh
            before += fresh
        if len(before) > pieces:
            raise PiecesSpentError
    return found


_MAX_STEPS = 200_000
"""Most pairs of boxes to look at for one rule; beyond, decision diagrams are faster."""
