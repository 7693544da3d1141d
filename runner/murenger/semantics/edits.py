"""Edits: which unpaired runs of aligned lists really decide otherwise, and which were only written otherwise.

Input: aligned segments. Output: segments with the boxes of what their two runs decide differently; rules that changed
places without overlapping, and rules that were split or joined, leave none.
"""

import dataclasses
from collections.abc import Sequence

from murenger.semantics.align import Segment
from murenger.semantics.boxes import Box, Boxer, difference
from murenger.semantics.budget import Budget

_NEAR, _MOST_RULES, _TRIES = 16, 96, 8
"""Edits so near one another are tried as one, with so many rules on both sides at most, so often."""
MANY = 64
"""More edits than this are not followed one by one."""
MANY_BOXES = 400
"""More boxes than this are no longer worth cutting every rule to them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Edit:
    """A segment and the boxes that hold what its runs decide differently; none if they decide alike."""

    segment: Segment
    boxes: tuple[Box, ...] = ()


def edits(segments: Sequence[Segment], boxer: Boxer, budget: Budget) -> tuple[Edit, ...]:
    """Return segments, some joined, with what they decide differently in one family."""
    found: list[Edit] = []
    place = 0
    while place < len(segments):
        budget.check()
        one = segments[place]
        boxes = () if one.is_paired else tuple(_difference(one, boxer, budget))
        used = 1
        if boxes:
            joined = _alike(segments, place, boxer, budget)
            if joined:
                one, used, boxes = *joined, ()
        found.append(Edit(one, boxes))
        place += used
    if sum(1 for one in found if one.boxes) > MANY:
        return (_whole(found),)
    return tuple(found)


def _difference(segment: Segment, boxer: Boxer, budget: Budget) -> list[Box]:
    return difference(segment.golden, segment.live, boxer, budget.limits.pieces)


def _alike(segments: Sequence[Segment], place: int, boxer: Boxer, budget: Budget) -> tuple[Segment, int] | None:
    """Return an edit joined with those after it, and how many segments these are, if together they decide alike."""
    golden, live = list(segments[place].golden), list(segments[place].live)
    for tried in range(_TRIES):
        more = segments[place + 1 + 2 * tried : place + 3 + 2 * tried]
        if len(more) <= 1 or len(more[0].golden) > _NEAR:
            return None
        for one in more:
            golden += one.golden
            live += one.live
        if len(golden) + len(live) > _MOST_RULES:
            return None
        joined = Segment(tuple(golden), tuple(live), is_paired=False)
        if not _difference(joined, boxer, budget):
            return joined, 3 + 2 * tried
    return None


def _whole(found: Sequence[Edit]) -> Edit:
    """Return many edits as one."""
    golden = tuple(rule for one in found for rule in one.segment.golden)
    live = tuple(rule for one in found for rule in one.segment.live)
    return Edit(Segment(golden, live, is_paired=False), tuple(box for one in found for box in one.boxes))
