"""Interfaces and zones as numbers: each name that rules mention, one number for all the others.

Input: the names and prefixes (`ppp*`) of both sides. Output: sets of numbers for `Places`, and names for numbers.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping

from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import ANY_PLACE, Places

_OTHER = "other"
NO_PLACE = ""


class PlaceTable:
    """The places that rules can tell apart, numbered from 0.

    Args:
        names: every name and prefix that a rule mentions; for `is_real` False they do not matter.
        is_real: True if the packet has an interface here; else its only place is "", no interface at all.
        reserved: names that no rule mentions and that must not stand for others, such as interfaces of zones.
    """

    def __init__(self, names: Iterable[str], *, is_real: bool, reserved: Collection[str] = ()) -> None:
        self._sets: dict[Places, IntervalSet] = {}
        if not is_real:
            self._wide: tuple[str, ...] = ()
            self.names: tuple[str, ...] = (NO_PLACE,)
            self._of = {NO_PLACE: 0}
            return
        mentioned = set(names) - {NO_PLACE}
        self._wide = tuple(sorted(name for name in mentioned if name.endswith("*")))
        exact = sorted(mentioned.difference(self._wide))
        taken = mentioned | set(reserved)
        # Longest prefix first: what stands for `ppp*` is in no longer prefix, so that every class has its member.
        members = [_member(wide, self._wide, taken) for wide in self._wide]
        other = [] if "*" in self._wide else [_other(self._wide, taken)]
        self.names = (*exact, *members, *other)
        self._of = {name: number for number, name in enumerate(self.names)}
        self._member_of: Mapping[str, str] = dict(zip(members, self._wide, strict=True))
        self._exact = frozenset(exact)

    @property
    def everything(self) -> IntervalSet:
        """All numbers."""
        return IntervalSet(((0, len(self.names) - 1),))

    def numbers(self, places: Places) -> IntervalSet:
        """Return the numbers of a set of places."""
        found = self._sets.get(places)
        if found is None:
            found = self._sets[places] = self._numbers(places)
        return found

    def _numbers(self, places: Places) -> IntervalSet:
        if places.include is None and not places.exclude:
            return self.everything
        if not self._wide and places.include is not None:
            numbers = [self._of[name] for name in places.include - places.exclude if name in self._of]
        else:
            numbers = [number for number, name in enumerate(self.names) if name in places]
        return IntervalSet.of(*((number, number) for number in numbers))

    def places(self, numbers: IntervalSet) -> Places:
        """Return as large a set of places as can be written of those that the numbers stand for."""
        if numbers == self.everything:
            return ANY_PLACE
        chosen = {self.names[number] for low, high in numbers.spans for number in range(low, high + 1)}
        if NO_PLACE in self._of:
            return Places(frozenset())
        widest = self._widest(chosen)
        found = self._written(chosen, wide=widest)
        # A hole within a hole cannot be written: then only names without prefixes are kept.
        return found if self.numbers(found) & numbers == self.numbers(found) else self._written(chosen, wide=None)

    def _widest(self, chosen: Collection[str]) -> bool:
        return any(name not in self._exact and name not in self._member_of for name in chosen)

    def _written(self, chosen: Collection[str], *, wide: bool | None) -> Places:
        exact = self._exact.intersection(chosen)
        if wide is None:
            return Places(exact)
        prefixes = frozenset(self._member_of[name] for name in chosen if name in self._member_of)
        left_out = (self._exact - exact) | {name for name in self._wide if name not in prefixes}
        if wide:
            return Places(None, left_out)
        include = Places(exact | prefixes)
        return Places(include.include, frozenset(name for name in left_out if name.rstrip("*") in include))


def _matching(name: str, wide: Iterable[str]) -> set[str]:
    return {prefix for prefix in wide if name.startswith(prefix[:-1])}


def _member(wide: str, prefixes: Collection[str], taken: set[str]) -> str:
    """Return a name within a prefix that is in no longer one, and add it to those taken."""
    stem = wide[:-1]
    allowed = _matching(stem, prefixes)
    found = next(
        stem + suffix
        for suffix in _suffixes(len(prefixes) + len(taken))
        if stem + suffix not in taken and _matching(stem + suffix, prefixes) == allowed
    )
    taken.add(found)
    return found


def _other(prefixes: Collection[str], taken: set[str]) -> str:
    """Return a name that is in no prefix and not taken."""
    names = itertools.chain((_OTHER, "another", "elsewhere", "x"), _suffixes(len(prefixes) + len(taken)))
    return next(name for name in names if name not in taken and not _matching(name, prefixes))


def _suffixes(used: int) -> Iterable[str]:
    """Return endings, readable ones first, more than any number of prefixes and names can use up."""
    return itertools.chain(map(str, range(10)), (_OTHER,), (chr(0x100 + number) for number in range(used + 1)))
