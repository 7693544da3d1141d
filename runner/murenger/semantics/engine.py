"""The engine that decides: what the comparison asks of a library of binary decision diagrams.

Input: variables by number, the first on top. Output: Boolean functions of them. Any operation may raise `MemoryError`
once the nodes allowed are used up.
"""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar


class Function(Protocol):
    """A Boolean function; two are equal if and only if `==` says so."""

    def __and__(self, other: Self, /) -> Self:
        """Return the conjunction."""
        ...

    def __or__(self, other: Self, /) -> Self:
        """Return the disjunction."""
        ...

    def __invert__(self, /) -> Self:
        """Return the negation."""
        ...


F = TypeVar("F", bound=Function)


class Engine(Protocol[F]):
    """Makes and examines Boolean functions of a fixed number of variables.

    Attributes:
        name: library and version.
        true: the function that is always true.
        false: the function that is never true.
        literals: each variable as a function, in order.
    """

    name: str
    true: F
    false: F
    literals: Sequence[F]

    def exists(self, function: F, cube: F) -> F:
        """Return where a function is true for some values of the variables of a cube."""
        ...

    def forall(self, function: F, cube: F) -> F:
        """Return where a function is true for all values of the variables of a cube."""
        ...

    def branches(self, function: F) -> tuple[int, F, F] | None:
        """Return the topmost variable on which a function depends and what is left if it is true or false."""
        ...

    def count(self, function: F) -> int:
        """Return how many values of all variables make a function true, exactly."""
        ...

    def nodes(self) -> int:
        """Return the number of nodes in use, about."""
        ...

    def collect(self) -> None:
        """Free the nodes that no function needs any more."""
        ...
