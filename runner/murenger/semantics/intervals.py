"""Sets of integers: addresses, ports and protocols, canonical by construction, so that equal sets are equal objects.

Input: closed intervals. Output: `IntervalSet`.
"""

import dataclasses
import functools
import ipaddress

IPV4, IPV6 = 4, 6
MAX_PORT = 65_535
MAX_PROTOCOL = 255

_Spans = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class IntervalSet:
    """A set of integers as sorted, disjoint, non-adjacent closed intervals; make one with `IntervalSet.of`.

    Attributes:
        spans: (lowest, highest) of each interval.
    """

    spans: _Spans

    @staticmethod
    def of(*spans: tuple[int, int]) -> "IntervalSet":
        """Return the union of closed intervals, in canonical form; an interval with low > high is empty."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return IntervalSet(tuple(merged))

    @staticmethod
    def single(value: int) -> "IntervalSet":
        """Return the set of one integer."""
        return IntervalSet(((value, value),))

    def __bool__(self) -> bool:
        """True unless empty."""
        return bool(self.spans)

    def __contains__(self, value: int) -> bool:
        """True if the integer is in the set."""
        return any(low <= value <= high for low, high in self.spans)

    def __len__(self) -> int:
        """Return the number of intervals, not of integers: see `size`."""
        return len(self.spans)

    @property
    def size(self) -> int:
        """How many integers the set holds."""
        return sum(high - low + 1 for low, high in self.spans)

    def __and__(self, other: "IntervalSet") -> "IntervalSet":
        """Return the intersection."""
        if self.spans == other.spans:
            return self
        found: list[tuple[int, int]] = []
        ours, theirs = self.spans, other.spans
        i = j = 0
        while i < len(ours) and j < len(theirs):
            low, high = max(ours[i][0], theirs[j][0]), min(ours[i][1], theirs[j][1])
            if low <= high:
                found.append((low, high))
            if ours[i][1] < theirs[j][1]:
                i += 1
            else:
                j += 1
        return IntervalSet(tuple(found))

    def __or__(self, other: "IntervalSet") -> "IntervalSet":
        """Return the union."""
        return IntervalSet.of(*self.spans, *other.spans)

    def __sub__(self, other: "IntervalSet") -> "IntervalSet":
        """Return what only this set holds."""
        if not self.spans:
            return self
        return self & other.complement(self.spans[-1][1])

    def complement(self, top: int) -> "IntervalSet":
        """Return 0..top without this set."""
        found: list[tuple[int, int]] = []
        begin = 0
        for low, high in self.spans:
            if low > top:
                break
            if begin < low:
                found.append((begin, low - 1))
            begin = high + 1
        if begin <= top:
            found.append((begin, top))
        return IntervalSet(tuple(found))

    def covers(self, other: "IntervalSet") -> bool:
        """True if every integer of the other set is in this one."""
        return self & other == other


def top_address(family: int) -> int:
    """Return the highest address of a family as an integer."""
    return (1 << (32 if family == IPV4 else 128)) - 1


ANY_IPV4 = IntervalSet(((0, top_address(IPV4)),))
ANY_IPV6 = IntervalSet(((0, top_address(IPV6)),))
ANY_PORT = IntervalSet(((0, MAX_PORT),))
ANY_PROTOCOL = IntervalSet(((0, MAX_PROTOCOL),))
NOTHING = IntervalSet(())


def any_address(family: int) -> IntervalSet:
    """Return all addresses of a family."""
    return ANY_IPV4 if family == IPV4 else ANY_IPV6


@functools.lru_cache(maxsize=65_536)
def network(text: str) -> tuple[int, IntervalSet]:
    """Return family and addresses of an address or prefix; host bits may be set and are ignored.

    Raises:
        ValueError: it is neither.
    """
    found = ipaddress.ip_network(text, strict=False)
    return found.version, IntervalSet(((int(found.network_address), int(found.broadcast_address)),))
