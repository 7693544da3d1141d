"""Boxes and areas: the algebra in which nftables conditions are combined before they become matches.

Input: what each condition of a rule allows. Output: boxes, and from them the matches of the rule model.

A box allows, in each dimension, a set or everything (None). An area is the packets in any of its boxes and in none of
its exceptions. Both are plain tuples, because a ruleset has very many of them.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from murenger.errors import ParseError
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, IPV6, NOTHING, IntervalSet, any_address
from murenger.semantics.ir import ANY_L4, ANY_PLACE, L4, Match, OpaqueKey, Places, State, TcpFlags

FAMILY_4, FAMILY_6, BOTH_FAMILIES = 1, 2, 3
EVERY_STATE, EVERY_FLAG = 31, 7

MAX_BOXES = 1_000_000
"""A ruleset of more boxes than this is refused."""

Opaque: TypeAlias = tuple[tuple[OpaqueKey, bool], ...]


class Box(NamedTuple):
    """What a packet must meet in each dimension; None is everything."""

    family: int = BOTH_FAMILIES
    src: IntervalSet | None = None
    dst: IntervalSet | None = None
    proto: IntervalSet | None = None
    sport: IntervalSet | None = None
    dport: IntervalSet | None = None
    state: int = EVERY_STATE
    flags: int = EVERY_FLAG
    ingress: Places | None = None
    egress: Places | None = None
    opaque: Opaque = ()


class Area(NamedTuple):
    """Packets in any of the boxes and in none of the exceptions."""

    boxes: tuple[Box, ...]
    unless: tuple[Box, ...] = ()


ALL = Box()
NOWHERE = Area(())


class Algebra:
    """Combines boxes of one ruleset and gives equal interval sets and matches one identity.

    What it returns raises `ParseError` once the ruleset has come to too many boxes.

    Attributes:
        size: how many boxes have been made so far.
    """

    def __init__(self) -> None:
        """Make one that remembers nothing yet."""
        self.size = 0
        self._interned: dict[tuple[tuple[int, int], ...], IntervalSet] = {}
        self._met: dict[tuple[int, int], tuple[IntervalSet, IntervalSet, IntervalSet]] = {}
        self._l4: dict[tuple[int, int, int], tuple[tuple[IntervalSet | None, ...], tuple[L4, ...]]] = {}
        self._matches: dict[int, tuple[Box, tuple[Match, ...]]] = {}

    def interned(self, found: IntervalSet) -> IntervalSet:
        """Return the one object that stands for an interval set."""
        return self._interned.setdefault(found.spans, found) if found.spans else NOTHING

    def meet(self, a: Box, b: Box) -> Box | None:
        """Return what two boxes share, or None if that is nothing."""
        if a is ALL or b is ALL:
            return b if a is ALL else a
        family, src, dst, proto, sport, dport, state, flags, ingress, egress, opaque = a
        family2, src2, dst2, proto2, sport2, dport2, state2, flags2, ingress2, egress2, opaque2 = b
        family, state, flags = family & family2, state & state2, flags & flags2
        if not (family and state and flags):
            return None
        both = self._both
        # Spelt out: most dimensions of most boxes are free, and this is where parsing spends its time.
        src = src2 if src is None else src if src2 is None else both(src, src2)
        dst = dst2 if dst is None else dst if dst2 is None else both(dst, dst2)
        proto = proto2 if proto is None else proto if proto2 is None else both(proto, proto2)
        sport = sport2 if sport is None else sport if sport2 is None else both(sport, sport2)
        dport = dport2 if dport is None else dport if dport2 is None else both(dport, dport2)
        if src is NOTHING or dst is NOTHING or proto is NOTHING or sport is NOTHING or dport is NOTHING:
            return None
        ingress = ingress2 if ingress is None else ingress if ingress2 is None else ingress & ingress2
        egress = egress2 if egress is None else egress if egress2 is None else egress & egress2
        if (ingress is not None and ingress.is_empty) or (egress is not None and egress.is_empty):
            return None
        joined = _both_opaque(opaque, opaque2) if opaque2 else opaque
        if joined is None:
            return None
        self.size += 1
        return Box(family, src, dst, proto, sport, dport, state, flags, ingress, egress, joined)

    def meet_boxes(self, ours: tuple[Box, ...], theirs: tuple[Box, ...]) -> tuple[Box, ...]:
        """Return what two unions of boxes share."""
        if len(ours) == len(theirs) == 1:
            one = self.meet(ours[0], theirs[0])
            return () if one is None else (one,)
        if len(ours) == 1 and ours[0] is ALL:
            return theirs
        if len(theirs) == 1 and theirs[0] is ALL:
            return ours
        self._spend(len(ours) * len(theirs))
        return tuple(box for a in ours for b in theirs if (box := self.meet(a, b)) is not None)

    def meet_areas(self, a: Area, b: Area) -> Area:
        """Return what two areas share."""
        return Area(self.meet_boxes(a.boxes, b.boxes), a.unless + b.unless if b.unless else a.unless)

    def without(self, areas: tuple[Area, ...], taken: Area) -> tuple[Area, ...]:
        """Return areas without another."""
        left: list[Area] = []
        for area in areas:
            shared = self.meet_boxes(area.boxes, taken.boxes)
            if not self._covers(taken.boxes, area.boxes):
                self._spend(len(area.unless) + len(shared))
                left.append(Area(area.boxes, area.unless + shared))
            # What is no part of the area for another reason does not come back into it.
            known = {id(box) for box in area.unless}
            kept = tuple(box for box in taken.unless if id(box) not in known)
            if kept:
                back = self.meet_boxes(area.boxes, kept)
                if back:
                    left.append(Area(back, area.unless))
        return tuple(left)

    def matches(self, boxes: Iterable[Box]) -> tuple[Match, ...]:
        """Return the matches that boxes stand for."""
        found: list[Match] = []
        for box in boxes:
            known = self._matches.get(id(box))
            if known is None:
                known = self._matches[id(box)] = (box, self._matched(box))
            found += known[1]
        return tuple(found)

    def _spend(self, boxes: int) -> None:
        self.size += boxes
        if self.size > MAX_BOXES:
            raise ParseError(f"the rules of this ruleset come to more than {MAX_BOXES} boxes")

    def _covers(self, wide: tuple[Box, ...], narrow: tuple[Box, ...]) -> bool:
        """True if each narrow box is, plainly, in a wide one."""
        return all(any(w is ALL or self.meet(w, n) == n for w in wide) for n in narrow)

    def _both(self, a: IntervalSet, b: IntervalSet) -> IntervalSet:
        """Return what two sets share; `NOTHING` itself if that is nothing."""
        if a is b:
            return a
        known = self._met.get((id(a), id(b)))
        if known is None:
            # Both operands are kept, so that their identities stay theirs.
            known = self._met[id(a), id(b)] = (a, b, self.interned(a & b))
        return known[2]

    def _matched(self, box: Box) -> tuple[Match, ...]:
        l4 = ANY_L4 if box.proto is None and box.sport is None and box.dport is None else self._ports(box)
        return tuple(
            Match(
                family=family,
                src=any_address(family) if box.src is None else box.src,
                dst=any_address(family) if box.dst is None else box.dst,
                l4=l4,
                state=State(box.state),
                flags=TcpFlags(box.flags),
                ingress=ANY_PLACE if box.ingress is None else box.ingress,
                egress=ANY_PLACE if box.egress is None else box.egress,
                opaque=box.opaque,
            )
            for bit, family in ((FAMILY_4, IPV4), (FAMILY_6, IPV6))
            if box.family & bit
        )

    def _ports(self, box: Box) -> tuple[L4, ...]:
        parts = (box.proto, box.sport, box.dport)
        key = (id(box.proto), id(box.sport), id(box.dport))
        known = self._l4.get(key)
        if known is None:
            one = L4(
                ANY_PROTOCOL if box.proto is None else box.proto,
                ANY_PORT if box.sport is None else box.sport,
                ANY_PORT if box.dport is None else box.dport,
            )
            known = self._l4[key] = (parts, (one,))
        return known[1]


def _both_opaque(a: Opaque, b: Opaque) -> Opaque | None:
    """Return the union of two conjunctions, or None where they contradict each other."""
    if not a or a is b:
        return b
    if not b:
        return a
    found = dict(a)
    for key, holds in b:
        if found.setdefault(key, holds) is not holds:
            return None
    return tuple(sorted(found.items(), key=lambda item: (item[0].kind, item[0].digest)))
