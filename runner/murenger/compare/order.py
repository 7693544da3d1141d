"""Order: the fewest items that must have moved to turn one order into another.

Input: the same distinct items in two orders. Output: those that moved. Near-linear, whatever the orders are.
"""

import bisect
from collections.abc import Sequence


def longest_increasing(numbers: Sequence[int]) -> tuple[int, ...]:
    """Return the indexes of a longest strictly increasing subsequence, in order.

    Source: patience sorting with back pointers, O(n log n).
    """
    tails: list[int] = []
    tail_indexes: list[int] = []
    previous: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect.bisect_left(tails, number)
        previous.append(tail_indexes[place - 1] if place else -1)
        if place == len(tails):
            tails.append(number)
            tail_indexes.append(index)
        else:
            tails[place] = number
            tail_indexes[place] = index
    kept: list[int] = []
    index = tail_indexes[-1] if tail_indexes else -1
    while index >= 0:
        kept.append(index)
        index = previous[index]
    return tuple(reversed(kept))


def moved(places: Sequence[int]) -> frozenset[int]:
    """Return which items moved: the fewest whose removal leaves the rest in order.

    Args:
        places: for each item, in live order, its place in golden; all distinct.

    Returns:
        Indexes into `places`.
    """
    return frozenset(range(len(places))) - frozenset(longest_increasing(places))
