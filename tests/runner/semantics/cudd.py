"""A second engine, on CUDD: it shares no code with the first but the interface.

Input: number of variables. Output: an `Engine` whose counts are exact, worked out here, as CUDD's own are floats.
"""

from collections.abc import Sequence

from dd import cudd


class CuddEngine:
    """Boolean functions in one CUDD manager; `nodes` and `cache` are taken for the interface's sake."""

    def __init__(self, variables: int, nodes: int = 0, cache: int = 0) -> None:
        del nodes, cache
        self.name = "cudd"
        self._manager = cudd.BDD()
        self._manager.configure(reordering=False)
        self._names = [f"x{number}" for number in range(variables)]
        self._manager.declare(*self._names)
        self._number = {name: number for number, name in enumerate(self._names)}
        self.true, self.false = self._manager.true, self._manager.false
        self.literals: Sequence[cudd.Function] = [self._manager.var(name) for name in self._names]

    def exists(self, function: cudd.Function, cube: cudd.Function) -> cudd.Function:
        return self._manager.exist(self._manager.support(cube), function)

    def forall(self, function: cudd.Function, cube: cudd.Function) -> cudd.Function:
        return self._manager.forall(self._manager.support(cube), function)

    def branches(self, function: cudd.Function) -> tuple[int, cudd.Function, cudd.Function] | None:
        if function in (self.true, self.false):
            return None
        high, low = function.high, function.low
        return (
            (self._number[function.var], ~high, ~low) if function.negated else (self._number[function.var], high, low)
        )

    def count(self, function: cudd.Function) -> int:
        known: dict[int, tuple[int, int]] = {}

        def walk(here: cudd.Function) -> tuple[int, int]:
            """Return from which variable on it depends and how many values from there on make it true."""
            if here == self.false:
                return len(self._names), 0
            if here == self.true:
                return len(self._names), 1
            found = known.get(int(here))
            if found is None:
                variable, *both = self.branches(here) or (0,)
                total = 0
                for one in both:
                    below, count = walk(one)
                    total += count << (below - variable - 1)
                found = known[int(here)] = (variable, total)
            return found

        first, count = walk(function)
        return count << first

    def nodes(self) -> int:
        return len(self._manager)

    def collect(self) -> None:
        self._manager.reorder()
