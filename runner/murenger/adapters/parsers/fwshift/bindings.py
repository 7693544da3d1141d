"""Named access lists and the places where they are bound, as ASA and IOS have them.

Input: the entries of a list as rules. Output: lists of rules for a binding, and for the list by itself.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from murenger.adapters.parsers.fwshift.convert import default
from murenger.semantics.ir import Action, Hook, Match, Places, Rule, RuleList, State


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """A named list.

    Attributes:
        name: its name.
        entries: its rules, without places.
        families: the families that it decides; what it says nothing about passes it.
    """

    name: str
    entries: tuple[Rule, ...]
    families: tuple[int, ...] = (4, 6)


def placed(rule: Rule, ingress: Places, egress: Places) -> Rule:
    """Return a rule for traffic that takes one way."""

    def there(match: Match) -> Match:
        return dataclasses.replace(match, ingress=match.ingress & ingress, egress=match.egress & egress)

    return dataclasses.replace(
        rule, any_of=tuple(there(match) for match in rule.any_of), unless=tuple(there(match) for match in rule.unless)
    )


def limited(rule: Rule, families: Iterable[int]) -> Rule:
    """Return a rule for traffic of some families."""
    wanted = tuple(families)
    return dataclasses.replace(rule, any_of=tuple(match for match in rule.any_of if match.family in wanted))


def acl_list(acl: AccessList, *, first: Sequence[Rule] = (), bound: bool) -> RuleList:
    """Return a list by itself: what `trace` calls by its name."""
    end = limited(default(Action.DENY, f"end of {acl.name}"), acl.families)
    return RuleList(
        name=f"access list {acl.name}",
        hooks=frozenset({Hook.ACL}),
        rules=(*first, *acl.entries, end, default(Action.DENY, f"{acl.name}: another address family")),
        acl=acl.name,
        bound=bound,
    )


def bound_list(
    acls: Sequence[AccessList],
    *,
    name: str,
    hooks: frozenset[Hook],
    ingress: Places,
    egress: Places,
    first: Sequence[Rule] = (),
) -> RuleList:
    """Return what lists that are bound to a place, one after the other, do to the traffic there; the rest passes."""
    rules = [placed(rule, ingress, egress) for acl in acls for rule in acl.entries]
    families = sorted({family for acl in acls for family in acl.families})
    end = limited(default(Action.DENY, f"end of {acls[-1].name}", ((ingress, egress),)), families)
    return RuleList(name=name, hooks=hooks, rules=(*first, *rules, end, passes("not bound here")))


def passes(name: str) -> Rule:
    """Return the last rule of a list that has nothing to say about the rest."""
    return default(Action.PERMIT, name)


def in_state(rule: Rule, state: State) -> Rule:
    """Return a rule for packets in some states."""
    return dataclasses.replace(rule, any_of=tuple(dataclasses.replace(match, state=state) for match in rule.any_of))
