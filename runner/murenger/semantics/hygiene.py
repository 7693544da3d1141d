"""Hygiene: rules of one ruleset that decide nothing, or nothing that the rules after them would not decide alike.

Input: a ruleset, a budget. Output: findings, in the order of the rules. On request only: it is advice about golden, not
part of any verdict.
"""

import dataclasses
import enum
from collections.abc import Sequence

from oxidd.bcdd import BCDDFunction

from murenger.semantics.budget import Budget, BudgetSpentError
from murenger.semantics.encode import Encoder, Universe
from murenger.semantics.engine_oxidd import OxiddEngine, cache_for
from murenger.semantics.intervals import IPV4, IPV6
from murenger.semantics.ir import Action, Hook, Provenance, RuleList, Ruleset
from murenger.semantics.tables import keys_of, tables_of
from murenger.semantics.verdict import Limits, Reason, Unknown

DEFAULT_LIMITS = Limits()
_NODE_SHARE = 2


class Fault(enum.Enum):
    """What is wrong with a rule."""

    NEVER = "never-matching"
    """No packet can match it, whatever stands before it."""
    SHADOWED = "shadowed"
    """Whatever it matches, rules before it decide."""
    REDUNDANT = "redundant"
    """Without it the rules after it would decide alike."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that could be removed without a change for any packet; look again before the next is removed.

    Attributes:
        fault: why.
        rule_list: its list.
        rule: the rule.
        by: rules before it that decide what it matches, the first few; empty unless shadowed.
    """

    fault: Fault
    rule_list: str
    rule: Provenance
    by: tuple[Provenance, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """What was found, and what could not be decided within the limits."""

    findings: tuple[Finding, ...]
    unknowns: tuple[Unknown, ...] = ()


MOST_NAMED = 5
"""So many rules are named that shadow one together."""


def hygiene(ruleset: Ruleset, limits: Limits = DEFAULT_LIMITS) -> Hygiene:
    """Return the rules that decide nothing, each list by itself; never raises.

    A rule with opaque conditions is only reported where that holds whatever they mean. Rules that no line says, such as
    an implicit deny, are not reported. Bound lists are looked at where they are bound, not again by themselves.
    """
    budget = Budget(limits)
    found: list[Finding] = []
    unknowns: list[Unknown] = []
    for one in ruleset.lists:
        if one.hooks == {Hook.ACL} and one.bound:
            continue
        try:
            found += _of_list(one, budget)
        except (BudgetSpentError, MemoryError) as error:
            text = f"list {one.name}: {error or 'memory was not enough'}"
            unknowns.append(Unknown(reason=Reason.BUDGET, text=text))
    return Hygiene(findings=tuple(found), unknowns=tuple(unknowns))


def _of_list(one: RuleList, budget: Budget) -> list[Finding]:
    per_family = [_OneFamily(one, family, budget).faults() for family in (IPV4, IPV6)]
    found: list[Finding] = []
    for place, rule in enumerate(one.rules):
        if rule.provenance.synthetic:
            continue
        faults = [faults[place] for faults in per_family]
        worst = _common(faults)
        if worst is not None:
            shadows = dict.fromkeys(by for fault in faults for by in fault[1]) if worst is Fault.SHADOWED else {}
            by = tuple(one.rules[number].provenance for number in sorted(shadows))[:MOST_NAMED]
            found.append(Finding(fault=worst, rule_list=one.name, rule=rule.provenance, by=by))
    return found


_Faults = tuple[Fault | None, tuple[int, ...]]


def _common(faults: Sequence[_Faults]) -> Fault | None:
    """Return the fault that a rule has in every family; it has none if it is of use in one."""
    kinds = {kind for kind, _ in faults}
    if None in kinds:
        return None
    # A rule that matches nothing in one family and is redundant in the other is redundant, and so on.
    for kind in (Fault.REDUNDANT, Fault.SHADOWED, Fault.NEVER):
        if kind in kinds:
            return kind
    return None


class _OneFamily:
    """The rules of one list in one family."""

    def __init__(self, one: RuleList, family: int, budget: Budget) -> None:
        self._rules = one.rules
        self._budget = budget
        hook = next((hook for hook in (Hook.FORWARD, Hook.INPUT, Hook.OUTPUT) if hook in one.hooks), Hook.ACL)
        universe = Universe(family, hook, *tables_of([one], hook, (), ()), keys=keys_of(one.rules, ()))
        engine = OxiddEngine(universe.variables, budget.limits.nodes, cache_for(len(one.rules)))
        self._engine = engine
        self._encoder: Encoder[BCDDFunction] = Encoder(engine, universe)

    def faults(self) -> list[_Faults]:
        """Return for each rule its fault, or None, and the numbers of the rules that shadow it."""
        matches = [self._encoder.rule(rule) & self._encoder.well_formed for rule in self._rules]
        false = self._engine.false
        found: list[_Faults] = []
        fresh: list[BCDDFunction] = []
        before = false
        for number, mine in enumerate(matches):
            self._tick()
            new = mine & ~before
            fresh.append(new)
            if mine == false:
                found.append((Fault.NEVER, ()))
            elif new == false:
                found.append((Fault.SHADOWED, self._shadowing(mine, matches[:number])))
            else:
                found.append((None, ()))
            before = before | mine
        self._mark_redundant(matches, fresh, found)
        return found

    def _mark_redundant(
        self, matches: Sequence[BCDDFunction], fresh: Sequence[BCDDFunction], found: list[_Faults]
    ) -> None:
        """Find rules after which every packet that they decide would be decided alike.

        From the last rule upwards: what the rules below permit and deny, those that decide nothing today included, as
        without the rule above them they may.
        """
        false = self._engine.false
        permitted = denied = false
        for number in reversed(range(len(matches))):
            self._tick()
            is_permit = self._rules[number].action is Action.PERMIT
            mine = matches[number]
            is_last = number == len(matches) - 1
            alike = permitted if is_permit else denied
            if not is_last and found[number][0] is None and fresh[number] & ~alike == false:
                found[number] = (Fault.REDUNDANT, ())
            permitted, denied = (permitted | mine, denied & ~mine) if is_permit else (permitted & ~mine, denied | mine)

    def _shadowing(self, mine: BCDDFunction, before: Sequence[BCDDFunction]) -> tuple[int, ...]:
        found: list[int] = []
        for number, one in enumerate(before):
            rest = mine & ~one
            if rest != mine:
                found.append(number)
                mine = rest
            if mine == self._engine.false or len(found) >= MOST_NAMED:
                break
        return tuple(found)

    def _tick(self) -> None:
        self._budget.check()
        if self._engine.nodes() > self._budget.limits.nodes // _NODE_SHARE:
            self._engine.collect()
