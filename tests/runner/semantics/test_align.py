"""The lemma on which everything rests, by brute force, with the broken alignments that it must tell apart."""

import itertools
import random
import time

from tests.runner.semantics import cells as space

from murenger.semantics.align import Segment, align, is_equal
from murenger.semantics.interpreter import in_box
from murenger.semantics.ir import Rule
from murenger.semantics.places import PlaceTable

ROUNDS = 120


def _differing(golden: list[Rule], live: list[Rule], where: space.Grid) -> list[space.Cell]:
    ours, theirs = space.ruleset([golden], where.hook), space.ruleset([live], where.hook)
    return [
        cell
        for cell in space.cells(where)
        if space.decided(ours, cell, where.keys) != space.decided(theirs, cell, where.keys)
    ]


def _outside(cells: list[space.Cell], unpaired: list[Rule]) -> int:
    """Return how many cells no unpaired rule matches."""
    return sum(not any(in_box(m, cell.packet) for rule in unpaired for m in rule.any_of) for cell in cells)


def _by_set(golden: list[Rule], live: list[Rule]) -> list[Rule]:
    """Return what a set difference leaves: order is ignored."""
    ours = [rule for rule in golden if not any(is_equal(rule, one) for one in live)]
    return ours + [rule for rule in live if not any(is_equal(rule, one) for one in golden)]


def _without_defaults(unpaired: list[Rule]) -> list[Rule]:
    """Return unpaired rules without defaults: as if a default were no rule."""
    return [rule for rule in unpaired if not rule.provenance.synthetic]


def test_every_difference_lies_in_unpaired_rules_and_broken_alignments_miss_some() -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, no secret
    differences = missed = by_set = without_defaults = 0
    for _ in range(ROUNDS):
        where = space.grid(chance)
        (golden, *_), (live, *_) = space.random_pair(where, chance)[0], space.random_pair(where, chance)[1] or [[]]
        rules = golden[:-1]
        chance.shuffle(rules)
        live = [*rules, chance.choice((golden[-1], *([live[-1]] if live else [])))]
        cells = _differing(golden, live, where)
        unpaired = [rule for one in align(golden, live) if not one.is_paired for rule in (*one.golden, *one.live)]
        differences += len(cells)
        missed += _outside(cells, unpaired)
        by_set += _outside(cells, _by_set(golden, live))
        without_defaults += _outside(cells, _without_defaults(unpaired))
    assert differences > 1_000
    assert missed == 0
    assert by_set > 100
    assert without_defaults > 100


def test_pairs_are_equal_and_in_order_and_nothing_is_left_out() -> None:
    chance = random.Random(8)  # noqa: S311 - repeatable, no secret
    where = space.Grid(4, ("src", "dst"), (), {"src": (9,), "dst": (9,), "sport": (), "dport": ()}, space.Hook.FORWARD)
    for _ in range(300):
        pool = [space.random_rule(where, chance, str(number)) for number in range(8)]
        golden, live = (chance.choices(pool, k=chance.randrange(0, 20)) for _ in range(2))
        segments = align(golden, live)
        for one in segments:
            assert not one.is_paired or all(map(is_equal, one.golden, one.live))
            assert not one.is_paired or len(one.golden) == len(one.live)
        for rules, kept in ((golden, [s.golden for s in segments]), (live, [s.live for s in segments])):
            assert rules == list(itertools.chain.from_iterable(kept))


def test_thousands_of_equal_rules_are_aligned_at_once() -> None:
    where = space.Grid(4, ("src",), (), {"src": (9,), "dst": (), "sport": (), "dport": ()}, space.Hook.FORWARD)
    chance = random.Random(9)  # noqa: S311 - repeatable, no secret
    one, other = (space.random_rule(where, chance, name) for name in ("one", "other"))
    began = time.process_time()
    segments = align([other, *[one] * 5_000, *[other] * 5_000], [*[one] * 7_000, *[other] * 3_000, one])
    assert time.process_time() - began < 2
    assert any(isinstance(segment, Segment) and segment.is_paired for segment in segments)


def test_every_set_of_places_is_told_apart_by_a_member() -> None:
    names = ["eth0", "eth1", "ppp*", "ppp1", "pppx*", "other", "vlan10"]
    table = PlaceTable(names, is_real=True, reserved=("other1", "another"))
    assert len(set(table.names)) == len(table.names) == len(set(names)) + 1
    assert not {"other1", "another"} & set(table.names)
    chance = random.Random(10)  # noqa: S311 - repeatable, no secret
    for _ in range(300):
        some = chance.sample(names, chance.randrange(1, 4))
        places = chance.choice((space.Places.of(*some), space.Places.but(*some)))
        numbers = table.numbers(places)
        assert {name for n, name in enumerate(table.names) if n in numbers} == {n for n in table.names if n in places}
        back = table.numbers(table.places(numbers))
        assert back & numbers == back
        if not {"ppp*", "pppx*"} & set(some):
            assert back == numbers


def test_prefixes_that_use_up_every_digit_still_have_members() -> None:
    names = ["p*", "*", *(f"p{digit}*" for digit in range(10)), "pother*", "pp", "p"]
    table = PlaceTable(names, is_real=True)
    classes = {tuple(name.startswith(wide[:-1]) for wide in names if wide.endswith("*")) for name in table.names}
    assert len(classes) >= len([name for name in names if name.endswith("*")])


def test_without_an_interface_there_is_one_place() -> None:
    table = PlaceTable(["eth0"], is_real=False)
    assert table.names == ("",)
    assert not table.numbers(space.Places.of("eth0"))
    assert table.numbers(space.Places.but("eth0")) == table.everything
