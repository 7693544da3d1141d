"""The fewest moves explain a new order, whatever the order is."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from murenger.compare.order import longest_increasing, moved


def test_the_longest_increasing_run_is_as_long_as_brute_force_finds() -> None:
    for size in range(7):
        for numbers in itertools.permutations(range(size)):
            kept = longest_increasing(numbers)
            chosen = [numbers[index] for index in kept]
            assert list(kept) == sorted(kept)
            assert chosen == sorted(chosen)
            best = max(
                len(part)
                for length in range(size + 1)
                for part in itertools.combinations(numbers, length)
                if list(part) == sorted(part)
            )
            assert len(kept) == best


@given(st.permutations(range(12)))
def test_taking_out_what_moved_leaves_the_rest_in_order(places: list[int]) -> None:
    left = [place for index, place in enumerate(places) if index not in moved(places)]
    assert left == sorted(left)


def test_one_item_taken_to_another_place_is_one_move() -> None:
    places = list(range(50))
    places.insert(3, places.pop(40))
    assert moved(places) == {3}


def test_a_shuffle_of_many_is_near_linear() -> None:
    def cost(size: int) -> float:
        places = [(index * 7919) % size for index in range(size)]
        started = time.process_time()
        moved(places)
        return time.process_time() - started

    small, large = max(cost(20_011), 1e-4), cost(200_003)
    assert large < small * 60
