"""Ordered edits: in which order to change a first-match list one entry at a time, so that nobody is hurt on the way.

Input: golden and live as aligned runs. Output: edits, each with the position where it happens.

Theorem: insert the entries that golden alone has, top-down, each before the live-only entries of its gap; then delete
the live-only ones, bottom-up. After every single edit each packet has its live or its golden verdict. While inserting,
the list holds live as a subsequence: if the first match is a live entry, it is the first in live; if it is golden-only,
all golden entries above it are there already, so that it is the first in golden. Deleting is the mirror image.

Conditions: each edit is atomic; an entry can be inserted at a place; the default is an entry; both copies of an entry
that moves may stand there at once. Where equal entries are refused a move is one edit, which the theorem does not
cover: what it does has to be proven state by state.
"""

import dataclasses
import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from murenger.semantics.align import Segment
from murenger.semantics.ir import Rule

T = TypeVar("T")


class Run(NamedTuple, Generic[T]):
    """Entries of both sides between two places: equal one by one if paired, else each side's own."""

    golden: Sequence[T]
    live: Sequence[T]
    is_paired: bool


class Operation(enum.Enum):
    """What an edit does."""

    INSERT = "insert"
    DELETE = "delete"
    MOVE = "move"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Generic[T]):
    """One edit of a list.

    Attributes:
        operation: what it does.
        entry: the entry inserted, deleted or moved.
        position: 0-based place of it after the edit; of a deletion, before it.
        origin: of a move, its place before; else -1.
    """

    operation: Operation
    entry: T
    position: int
    origin: int = -1


@dataclasses.dataclass(slots=True, eq=False)
class _Held(Generic[T]):
    """An entry of the list while it is edited, told apart from its equals by identity."""

    entry: T
    is_leaving: bool


def runs_of(segments: Iterable[Segment]) -> tuple[Run[Rule], ...]:
    """Return aligned segments as runs."""
    return tuple(Run(one.golden, one.live, one.is_paired) for one in segments)


def ordered_edits(runs: Sequence[Run[T]], *, may_repeat: bool = True) -> tuple[Edit[T], ...]:
    """Return the edits that make golden of live.

    Args:
        runs: both lists, aligned.
        may_repeat: False where a list must not hold an entry twice: then what stands there already is moved.
    """
    held = [[_Held(entry, not one.is_paired) for entry in one.live] for one in runs]
    working = [item for some in held for item in some]
    edits: list[Edit[T]] = []
    above: _Held[T] | None = None
    for one, some in zip(runs, held, strict=True):
        if one.is_paired:
            above = some[-1] if some else above
            continue
        for entry in one.golden:
            above, edit = _placed(working, above, entry, may_repeat=may_repeat)
            edits.append(edit)
    edits += (
        Edit(operation=Operation.DELETE, entry=working[place].entry, position=place)
        for place in range(len(working) - 1, -1, -1)
        if working[place].is_leaving
    )
    return tuple(edits)


def _placed(working: list[_Held[T]], above: _Held[T] | None, entry: T, *, may_repeat: bool) -> tuple[_Held[T], Edit[T]]:
    """Put an entry below the last one that golden has, by moving its equal or by inserting it."""
    old = None if may_repeat else next((one for one in working if one.is_leaving and one.entry == entry), None)
    if old is None:
        place = 0 if above is None else _index(working, above) + 1
        new = _Held(entry, is_leaving=False)
        working.insert(place, new)
        return new, Edit(operation=Operation.INSERT, entry=entry, position=place)
    origin = _index(working, old)
    del working[origin]
    place = 0 if above is None else _index(working, above) + 1
    old.is_leaving = False
    working.insert(place, old)
    return old, Edit(operation=Operation.MOVE, entry=entry, position=place, origin=origin)


def _index(working: Sequence[_Held[T]], item: _Held[T]) -> int:
    return next(place for place, one in enumerate(working) if one is item)


def applied(entries: Sequence[T], edits: Iterable[Edit[T]]) -> Iterator[tuple[T, ...]]:
    """Yield the list after each edit.

    Raises:
        ValueError: an edit does not fit the list.
    """
    now = list(entries)
    for edit in edits:
        if edit.operation is not Operation.INSERT:
            place = edit.position if edit.operation is Operation.DELETE else edit.origin
            if not 0 <= place < len(now) or now[place] != edit.entry:
                raise ValueError(f"no such entry at place {place}")
            del now[place]
        if edit.operation is not Operation.DELETE:
            if not 0 <= edit.position <= len(now):
                raise ValueError(f"no place {edit.position}")
            now.insert(edit.position, edit.entry)
        yield tuple(now)
