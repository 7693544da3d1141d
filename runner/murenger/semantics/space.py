"""Space: several states of one device in one universe, so that what they permit can be put together.

Input: for each state the lists on one way, the packets that matter. Output: for each state a function of what it
permits there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from oxidd.bcdd import BCDDFunction

from murenger.semantics.align import Segment
from murenger.semantics.boxes import Boxer
from murenger.semantics.budget import Budget
from murenger.semantics.encode import ORDER, SECOND_ORDER, Encoder, Universe, balanced
from murenger.semantics.engine_oxidd import OxiddEngine, cache_for
from murenger.semantics.fold import Folder, chains
from murenger.semantics.inside import Inside
from murenger.semantics.ir import Hook, Match, Rule, RuleList
from murenger.semantics.pairs import pick_readable
from murenger.semantics.tables import keys_of, tables_of

State = Sequence[RuleList]
T = TypeVar("T")
_TICKS = 64


class Space:
    """What several states permit of some traffic, on one way and in one family.

    Args:
        states: for each state the lists that a packet must all pass.
        hook: the way.
        family: 4 or 6.
        traffic: matches that together hold the packets that matter.
        reserved: names that must not stand for the places that no rule names.
        acl: with hook ACL, the list.
        budget: what may be used.
        order: fields of the header from the top.

    Raises:
        BudgetSpentError: CPU seconds ran out.
        MemoryError: nodes or memory ran out.
    """

    def __init__(
        self,
        states: Sequence[State],
        hook: Hook,
        family: int,
        traffic: Sequence[Match],
        *,
        reserved: Iterable[str],
        budget: Budget,
        acl: str = "",
        order: Sequence[str] = ORDER,
    ) -> None:
        self._budget = budget
        self._ticks = 0
        self.acl = acl
        lists = list({id(one): one for state in states for one in state}.values())
        self.tables = tables_of(lists, hook, traffic, reserved)
        boxer = Boxer(family, *self.tables)
        boxes = [box for match in traffic for box in boxer.boxes(match)]
        self._touched: dict[int, tuple[Rule, ...]] = {
            id(one): tuple(
                rule
                for segment in Inside((Segment(one.rules, one.rules, is_paired=True),), boxer).touched(boxes, budget)
                for rule in segment.golden
            )
            for one in lists
        }
        keys = keys_of((rule for rules in self._touched.values() for rule in rules), traffic)
        universe = Universe(family, hook, *self.tables, keys=keys, order=order)
        count = sum(map(len, self._touched.values()))
        self.engine = OxiddEngine(universe.variables, budget.limits.nodes, cache_for(count))
        self.encoder = Encoder(self.engine, universe)
        self.traffic = self.union(traffic) & self.encoder.well_formed
        self._states = states
        self._folder = Folder(self.encoder, self.traffic, self._tick)

    def union(self, matches: Sequence[Match]) -> BCDDFunction:
        """Return where any of some matches holds."""
        return balanced([self.encoder.match(one) for one in matches], lambda a, b: a | b, self.engine.false)

    def permits(self, number: int) -> BCDDFunction:
        """Return what a state permits of the traffic."""
        permits = self.traffic
        for one in self._states[number]:
            rules = self._touched[id(one)]
            segment = Segment(rules, rules, is_paired=True)
            permits = chains(self._folder, (segment,), (False,))[0].permitted(permits)
        return permits

    def certain(self, function: BCDDFunction) -> BCDDFunction:
        """Return where a function is true whatever the opaque conditions mean."""
        return self.engine.forall(function, self.encoder.key_cube)

    def examples(self, function: BCDDFunction, most: int) -> Iterator[tuple[list[bool], BCDDFunction]]:
        """Yield some points where a function is true, readable ones first, each with what is left without it."""
        universe = self.encoder.universe
        for _ in range(most):
            if function == self.engine.false:
                return
            values = pick_readable(self.encoder, function)
            function = function & ~self.encoder.point(values, range(universe.variables))
            yield values, function

    def labels(self, function: BCDDFunction) -> list[str]:
        """Return the opaque conditions on which a function depends."""
        literals = self.engine.literals
        names = (
            key.label
            for key, variable in self.encoder.universe.key_variables.items()
            if self.engine.exists(function, literals[variable]) != function
        )
        return list(dict.fromkeys(names))

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _TICKS == 0:
            self._budget.check()


def within_space(
    work: Callable[[Space], T],
    states: Sequence[State],
    hook: Hook,
    family: int,
    traffic: Sequence[Match],
    *,
    reserved: Iterable[str],
    budget: Budget,
    acl: str = "",
) -> T:
    """Return what some work finds in a space; with another order of variables if the nodes did not suffice.

    Raises:
        BudgetSpentError: CPU seconds ran out.
        MemoryError: nodes or memory ran out twice.
    """

    def attempt(order: Sequence[str]) -> T:
        return work(Space(states, hook, family, traffic, reserved=reserved, budget=budget, acl=acl, order=order))

    try:
        return attempt(ORDER)
    except MemoryError:
        budget.check()
    return attempt(SECOND_ORDER)
