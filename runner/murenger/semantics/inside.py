"""Inside the part that was edited: which rules of two long lists can decide a packet there at all.

Input: aligned segments and boxes. Output: the same segments with only the rules that meet a box before some rule has
decided all of it.
"""

import dataclasses
from collections.abc import Iterator, Sequence

from murenger.model.packet import PORT_PROTOCOLS
from murenger.semantics.align import Segment
from murenger.semantics.boxes import Box, Boxer
from murenger.semantics.budget import Budget
from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import Match, Rule

_GOLDEN, _LIVE, _BOTH = 1, 2, 3
_PROTO, _DPORT, _DST, _SRC = 0, 1, 2, 3
_MAX_STEPS = 40_000_000
"""Most pairs of box and match to look at; beyond, all rules are kept."""
_MAX_BOXES = 4_000


@dataclasses.dataclass(slots=True)
class _Item:
    """A rule of a segment and on which side it stands; of a paired rule, both."""

    segment: int
    place: int
    sides: int
    rule: Rule


class Inside:
    """The matches of one family of aligned lists, in order, by their lowest and highest values.

    Args:
        segments: the lists.
        boxer: makes boxes of one family.
    """

    def __init__(self, segments: Sequence[Segment], boxer: Boxer) -> None:
        self._segments = segments
        self._boxer = boxer
        self._items = list(_items(segments))
        family = boxer.family
        found = [
            (number, match)
            for number, item in enumerate(self._items)
            for match in item.rule.any_of
            if match.family == family and match.dst.spans and match.src.spans and match.l4
        ]
        self._found = found
        self._dst = [(match.dst.spans[0][0], match.dst.spans[-1][1]) for _, match in found]
        self._src = [(match.src.spans[0][0], match.src.spans[-1][1]) for _, match in found]

    def touched(self, boxes: Sequence[Box], budget: Budget) -> tuple[Segment, ...]:
        """Return each segment with the rules that can decide a packet in one of the boxes; it may have none left."""
        if len(boxes) > _MAX_BOXES or len(boxes) * len(self._found) > _MAX_STEPS:
            return tuple(self._segments)
        kept: set[int] = set()
        for box in boxes:
            budget.check()
            self._keep_deciding(box, kept)
        return self._kept(kept)

    def _keep_deciding(self, box: Box, kept: set[int]) -> None:
        dst_low, dst_high = _hull(box.sets[_DST])
        src_low, src_high = _hull(box.sets[_SRC])
        near = [n for n, (low, high) in enumerate(self._dst) if low <= dst_high and dst_low <= high]
        src = self._src
        near = [n for n in near if src[n][0] <= src_high and src_low <= src[n][1]]
        decided = 0
        for number in near:
            owner, match = self._found[number]
            item = self._items[owner]
            if not item.sides & ~decided or not _may_meet(match, box):
                continue
            kept.add(owner)
            is_wide = self._dst[number][0] <= dst_low and dst_high <= self._dst[number][1]
            if is_wide and src[number][0] <= src_low and src_high <= src[number][1] and self._covers(item, match, box):
                decided |= item.sides
                if decided == _BOTH:
                    break

    def _covers(self, item: _Item, match: Match, box: Box) -> bool:
        return not item.rule.unless and any(one.covers(box) for one in self._boxer.boxes(match))

    def _kept(self, kept: set[int]) -> tuple[Segment, ...]:
        sides: list[tuple[list[Rule], list[Rule]]] = [([], []) for _ in self._segments]
        for number in sorted(kept):
            item = self._items[number]
            segment = self._segments[item.segment]
            if item.sides & _GOLDEN:
                sides[item.segment][0].append(segment.golden[item.place])
            if item.sides & _LIVE:
                sides[item.segment][1].append(segment.live[item.place])
        return tuple(
            Segment(tuple(golden), tuple(live), is_paired=segment.is_paired)
            for segment, (golden, live) in zip(self._segments, sides, strict=True)
        )


def _may_meet(match: Match, box: Box) -> bool:
    """False only if no packet of the box has a protocol and a port of the match."""
    proto_low, proto_high = _hull(box.sets[_PROTO])
    port_low, port_high = _hull(box.sets[_DPORT])
    if proto_low != proto_high or proto_low not in PORT_PROTOCOLS:
        return True
    return any(
        proto_low in l4.proto and any(low <= port_high and port_low <= high for low, high in l4.dport.spans)
        for l4 in match.l4
    )


def _hull(values: IntervalSet) -> tuple[int, int]:
    return values.spans[0][0], values.spans[-1][1]


def _items(segments: Sequence[Segment]) -> Iterator[_Item]:
    for number, segment in enumerate(segments):
        if segment.is_paired:
            for place, rule in enumerate(segment.golden):
                yield _Item(number, place, _BOTH, rule)
        else:
            for place, rule in enumerate(segment.golden):
                yield _Item(number, place, _GOLDEN, rule)
            for place, rule in enumerate(segment.live):
                yield _Item(number, place, _LIVE, rule)
