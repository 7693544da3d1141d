"""Alignment: which rules of two lists stand for one another, in order, and which runs between them differ.

Input: two lists of rules, the last of each a catch-all. Output: segments in order. Lemma: if every segment of golden
and its counterpart in live decide a packet alike (by first match, or not at all), both lists decide it alike, since the
first segment that decides it at all is the same on both sides. Paired rules are equal (action and matches), so only the
runs between pairs can differ. Order is part of it: a set difference of rules is no alignment.
"""

import bisect
import dataclasses
from collections.abc import Hashable, Iterator, Sequence

from murenger.semantics.ir import Rule

_NEAR = 6
"""After an edit, so many rules on both sides together are passed over to find the next equal ones."""
_SURE = 2
"""So many equal rules in a row end an edit."""


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """A run of rules on both sides.

    Attributes:
        golden: golden's rules.
        live: live's rules.
        is_paired: True if they are equal one by one.
    """

    golden: tuple[Rule, ...]
    live: tuple[Rule, ...]
    is_paired: bool


def align(golden: Sequence[Rule], live: Sequence[Rule]) -> tuple[Segment, ...]:
    """Return two lists as segments, paired and unpaired ones in turn; no rule is left out."""
    ends = len(golden), len(live)
    while ends[0] and ends[1] and is_equal(golden[ends[0] - 1], live[ends[1] - 1]):
        ends = ends[0] - 1, ends[1] - 1
    found: list[Segment] = []
    i = j = 0
    while i < ends[0] or j < ends[1]:
        a, b = i, j
        while a < ends[0] and b < ends[1] and is_equal(golden[a], live[b]):
            a, b = a + 1, b + 1
        found.append(Segment(tuple(golden[i:a]), tuple(live[j:b]), is_paired=True))
        i, j = _next_equal(golden, live, (a, b), ends)
        if i < 0:
            found += _align_far(golden[a : ends[0]], live[b : ends[1]])
            break
        found.append(Segment(tuple(golden[a:i]), tuple(live[b:j]), is_paired=False))
    found.append(Segment(tuple(golden[ends[0] :]), tuple(live[ends[1] :]), is_paired=True))
    return tuple(_joined(found))


def is_equal(one: Rule, other: Rule) -> bool:
    """True if two rules mean the same: action and matches; not where they come from, nor what else they do."""
    return one.action is other.action and one.any_of == other.any_of and one.unless == other.unless


def _next_equal(
    golden: Sequence[Rule], live: Sequence[Rule], start: tuple[int, int], ends: tuple[int, int]
) -> tuple[int, int]:
    """Return the nearest place where both lists go on alike, the end included, or (-1, -1) if it is far."""
    for skipped in range(1, _NEAR + 1):
        for more in range(skipped + 1):
            i, j = start[0] + more, start[1] + skipped - more
            if i > ends[0] or j > ends[1]:
                continue
            length = min(_SURE, ends[0] - i, ends[1] - j)
            is_end = i == ends[0] and j == ends[1]
            if is_end or (length and all(is_equal(golden[i + k], live[j + k]) for k in range(length))):
                return i, j
    return -1, -1


def _align_far(golden: Sequence[Rule], live: Sequence[Rule]) -> Iterator[Segment]:
    """Yield segments of lists that have little in common at their beginning."""
    numbers: dict[Hashable, int] = {}
    i = j = 0
    pairs = _longest_common(_numbered(golden, numbers), _numbered(live, numbers))
    place = 0
    while place < len(pairs):
        a, b = pairs[place]
        run = 1
        while place + run < len(pairs) and pairs[place + run] == (a + run, b + run):
            run += 1
        yield Segment(tuple(golden[i:a]), tuple(live[j:b]), is_paired=False)
        i, j = a + run, b + run
        yield Segment(tuple(golden[a:i]), tuple(live[b:j]), is_paired=True)
        place += run
    yield Segment(tuple(golden[i:]), tuple(live[j:]), is_paired=False)


def _numbered(rules: Sequence[Rule], numbers: dict[Hashable, int]) -> list[int]:
    """Return a number for each rule: the same for the first of equal rules on both sides, for the second, and so on."""
    seen: dict[int, int] = {}
    found: list[int] = []
    for rule in rules:
        what = numbers.setdefault((rule.action, rule.any_of, rule.unless), len(numbers))
        seen[what] = seen.get(what, 0) + 1
        found.append(numbers.setdefault((what, seen[what]), len(numbers)))
    return found


def _longest_common(ours: Sequence[int], theirs: Sequence[int]) -> list[tuple[int, int]]:
    """Return positions of the longest common subsequence of two sequences that each hold a number at most once.

    As no number repeats, it is the longest increasing subsequence of positions, found in n log n steps.
    """
    places = {number: place for place, number in enumerate(theirs)}
    ends: list[int] = []
    at: list[int] = []
    before: dict[int, int] = {}
    for i, number in enumerate(ours):
        j = places.get(number)
        if j is None:
            continue
        length = bisect.bisect_left(ends, j)
        before[i] = at[length - 1] if length else -1
        ends[length : length + 1] = [j]
        at[length : length + 1] = [i]
    found: list[tuple[int, int]] = []
    last = at[-1] if at else -1
    while last >= 0:
        found.append((last, places[ours[last]]))
        last = before[last]
    return found[::-1]


def _joined(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Yield segments without empty ones, neighbours of one kind as one."""
    run: list[Segment] = []
    for one in (one for one in segments if one.golden or one.live):
        if run and run[-1].is_paired != one.is_paired:
            yield _one(run)
            run = []
        run.append(one)
    if run:
        yield _one(run)


def _one(run: Sequence[Segment]) -> Segment:
    if len(run) == 1:
        return run[0]
    golden = tuple(rule for one in run for rule in one.golden)
    live = tuple(rule for one in run for rule in one.live)
    return Segment(golden, live, is_paired=run[0].is_paired)
