"""Tables: the places and opaque conditions that rules and traffic can tell apart.

Input: lists of rules, matches. Output: place tables and sorted conditions, from which a universe is made.
"""

from collections.abc import Iterable, Sequence

from murenger.semantics.ir import Hook, Match, OpaqueKey, Rule, RuleList
from murenger.semantics.places import PlaceTable


def tables_of(
    lists: Sequence[RuleList], hook: Hook, traffic: Iterable[Match], reserved: Iterable[str]
) -> tuple[PlaceTable, PlaceTable]:
    """Return the ingress and egress places that lists and traffic can tell apart on a way.

    Args:
        lists: the lists of all sides.
        hook: the way; says which of the two the packets have.
        traffic: further matches that name places.
        reserved: names that must not stand for the places that nobody names.
    """
    sides: tuple[set[str], set[str]] = (set(), set())
    for match in (*traffic, *(match for one in lists for rule in one.rules for match in (*rule.any_of, *rule.unless))):
        for names, places in zip(sides, (match.ingress, match.egress), strict=True):
            if places.include is not None or places.exclude:
                names.update(places.names)
    taken = frozenset(reserved)
    return (
        PlaceTable(sides[0], is_real=hook in {Hook.FORWARD, Hook.INPUT}, reserved=taken),
        PlaceTable(sides[1], is_real=hook in {Hook.FORWARD, Hook.OUTPUT}, reserved=taken),
    )


def keys_of(rules: Iterable[Rule], traffic: Iterable[Match], more: Iterable[OpaqueKey] = ()) -> tuple[OpaqueKey, ...]:
    """Return the opaque conditions that rules and traffic name, and some more, sorted."""
    found = {key for match in traffic for key, _ in match.opaque}.union(more)
    found |= {key for rule in rules for match in (*rule.any_of, *rule.unless) for key, _ in match.opaque}
    return tuple(sorted(found, key=lambda key: (key.kind, key.digest)))
