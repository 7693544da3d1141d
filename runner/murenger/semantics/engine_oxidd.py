"""The engine on OxiDD: decision diagrams with complement edges, in one thread, with a fixed number of nodes.

Input: number of variables and of nodes. Output: an `Engine`.
"""

import importlib.metadata
from collections.abc import Sequence

from oxidd.bcdd import BCDDFunction, BCDDManager

CACHE_ENTRIES = 1 << 20
"""Results of operations that are remembered at most; costs 16 MiB and 50 ms."""


_SMALLEST_CACHE = 1 << 14
_PER_RULE = 256


def cache_for(rules: int) -> int:
    """Return how many results to remember for so many rules, a power of 2."""
    return min(CACHE_ENTRIES, max(_SMALLEST_CACHE, 1 << (rules * _PER_RULE).bit_length()))


def engine_name() -> str:
    """Return library and version."""
    return f"oxidd {importlib.metadata.version('oxidd')}"


class OxiddEngine:
    """Boolean functions in one OxiDD manager.

    Args:
        variables: how many variables there are.
        nodes: how many nodes may be in use at once.
        cache: how many results of operations to remember.
    """

    def __init__(self, variables: int, nodes: int, cache: int = CACHE_ENTRIES) -> None:
        self.name = engine_name()
        self._variables = variables
        self._manager = BCDDManager(max(nodes, 1), cache, 1)
        self._manager.add_vars(variables)
        self.true = self._manager.true()
        self.false = self._manager.false()
        self.literals: Sequence[BCDDFunction] = [self._manager.var(number) for number in range(variables)]

    def exists(self, function: BCDDFunction, cube: BCDDFunction) -> BCDDFunction:
        """Return where a function is true for some values of the variables of a cube."""
        return function.exists(cube)

    def forall(self, function: BCDDFunction, cube: BCDDFunction) -> BCDDFunction:
        """Return where a function is true for all values of the variables of a cube."""
        return function.forall(cube)

    def branches(self, function: BCDDFunction) -> tuple[int, BCDDFunction, BCDDFunction] | None:
        """Return the topmost variable on which a function depends and what is left if it is true or false."""
        rest = function.cofactors()
        variable = function.node_var()
        return None if rest is None or variable is None else (variable, *rest)

    def count(self, function: BCDDFunction) -> int:
        """Return how many values of all variables make a function true, exactly."""
        return function.sat_count(self._variables)

    def nodes(self) -> int:
        """Return the number of nodes in use, about."""
        return self._manager.approx_num_inner_nodes()

    def collect(self) -> None:
        """Free the nodes that no function needs any more."""
        self._manager.gc()
