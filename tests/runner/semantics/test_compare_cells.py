"""The engine against every cell of small packet spaces: three values, effects, regions, counts and boxes."""

import collections
import itertools
import random

import pytest
from tests.runner.semantics import cells as space

from murenger.model.impact import Effect, Verdict
from murenger.semantics.compare import compare
from murenger.semantics.interpreter import Answer, in_box, trace
from murenger.semantics.ir import Ruleset
from murenger.semantics.verdict import Comparison, Reason, Region

SEEDS = 12
PER_SEED = 8


def _truth(golden: Ruleset, live: Ruleset, where: space.Grid) -> dict[space.Cell, list[int]]:
    """Return for each cell and truth of the conditions: 1 opened, -1 closed, 0 alike."""
    found = {}
    for cell in space.cells(where):
        ours, theirs = space.decided(golden, cell, where.keys), space.decided(live, cell, where.keys)
        found[cell] = [int(b) - int(a) for a, b in zip(ours, theirs, strict=True)]
    return found


def _expected(truth: dict[space.Cell, list[int]]) -> tuple[Verdict, Effect]:
    rows = truth.values()
    if not any(any(row) for row in rows):
        return Verdict.EQUAL, Effect.NONE
    opens = any(all(one == 1 for one in row) for row in rows)
    closes = any(all(one == -1 for one in row) for row in rows)
    might_open, might_close = any(1 in row for row in rows), any(-1 in row for row in rows)
    verdict = Verdict.DIFFERENT if any(all(row) for row in rows) else Verdict.UNKNOWN
    if opens and closes:
        return verdict, Effect.BOTH
    if opens and not might_close:
        return verdict, Effect.WIDENS
    return verdict, Effect.TIGHTENS if closes and not might_open else Effect.UNKNOWN


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_cell_agrees(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    for _ in range(PER_SEED):
        where = space.grid(chance)
        ours, theirs = space.random_pair(where, chance)
        golden, live = space.ruleset(ours, where.hook), space.ruleset(theirs, where.hook)
        found = compare(golden, live)
        truth = _truth(golden, live, where)
        assert not [one for one in found.unknowns if one.reason is not Reason.OPAQUE], found.unknowns
        assert (found.verdict, found.effect) == _expected(truth), (golden, live)
        _check_regions(found, golden, live, where, truth)


def _check_regions(
    found: Comparison, golden: Ruleset, live: Ruleset, where: space.Grid, truth: dict[space.Cell, list[int]]
) -> None:
    for sign, opened in ((1, True), (-1, False)):
        certain = [one for one in found.regions if one.is_certain and one.opened is opened]
        sure = {cell for cell, row in truth.items() if all(value == sign for value in row)}
        assert not found.regions_left
        for family in (4, 6):
            mine = {cell for cell in sure if cell.packet.family == family}
            _check_counts([one for one in certain if one.witness.family == family], mine)
        for cell in sure:
            if all(one.is_whole for one in certain):
                assert any(in_box(box, cell.packet) for one in certain for box in one.boxes)
        for region in certain:
            _check_witness(region, golden, live)
            for box, cell in itertools.product(region.boxes, truth):
                assert not in_box(box, cell.packet) or cell in sure
        may = [one for one in found.regions if not one.is_certain and one.opened is opened]
        maybe = {cell for cell, row in truth.items() if sign in row and cell not in sure}
        assert bool(may) == bool(maybe)
        for region in may:
            assert region.packets > 0
            _check_may(region, truth, where, sign)


def _check_counts(certain: list[Region], sure: set[space.Cell]) -> None:
    """Regions of one direction part their packets; headers may be in several, so each is counted by itself."""
    by_header = collections.Counter({cell.header: 0 for cell in sure})
    for cell in sure:
        by_header[cell.header] = cell.headers
    if len(certain) == 1:
        assert certain[0].packets == sum(by_header.values())
    else:
        assert sum(one.packets for one in certain) >= sum(by_header.values())
        assert all(one.packets <= sum(by_header.values()) for one in certain)


def _check_witness(region: Region, golden: Ruleset, live: Ruleset) -> None:
    ours, theirs = trace(golden, region.witness), trace(live, region.witness)
    wanted = (Answer.DENY, Answer.ALLOW) if region.opened else (Answer.ALLOW, Answer.DENY)
    assert (ours.answer, theirs.answer) == wanted
    for said, decider in ((ours, region.golden), (theirs, region.live)):
        if said.rule is not None:
            assert (said.rule_list, said.rule) == (decider.rule_list, decider.rule)
    assert any(in_box(box, region.witness) for box in region.boxes)


def _check_may(region: Region, truth: dict[space.Cell, list[int]], where: space.Grid, sign: int) -> None:
    valuations = list(itertools.product((False, True), repeat=len(where.keys)))
    for box, (cell, row) in itertools.product(region.boxes, truth.items()):
        if in_box(box, cell.packet):
            for values, value in zip(valuations, row, strict=True):
                known = dict(zip(where.keys, values, strict=True))
                assert value == sign or any(known[key] is not wanted for key, wanted in box.opaque)
