"""Questions: which lists of two rulesets are held against one another.

Input: two rulesets. Output: one question for each way that both hold and for each list judged by itself, with the lists
of both sides paired; and what cannot be asked because one side alone has it.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from murenger.semantics.align import is_equal
from murenger.semantics.ir import (
    ANY_PLACE,
    EVERYTHING,
    Action,
    Hook,
    Match,
    Places,
    Provenance,
    Rule,
    RuleList,
    Ruleset,
)
from murenger.semantics.verdict import Reason, Unknown

PERMIT_ALL = Rule(action=Action.PERMIT, any_of=EVERYTHING, provenance=Provenance(rule="no list", synthetic=True))
"""The only rule of a list that is not there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Lists that a packet on one way must all pass, on both sides.

    Attributes:
        hook: the way.
        acl: with hook ACL, the list.
        golden: golden's lists in their order.
        live: live's lists in their order.
        pairs: positions in `golden` and `live` of lists that stand for one another; None where a side has none.
    """

    hook: Hook
    acl: str
    golden: tuple[RuleList, ...]
    live: tuple[RuleList, ...]
    pairs: tuple[tuple[int | None, int | None], ...]


def questions(golden: Ruleset, live: Ruleset) -> tuple[tuple[Question, ...], tuple[Unknown, ...]]:
    """Return what to compare, and what only one side has or no side can be asked about."""
    asked: list[Question] = []
    unknowns: list[Unknown] = []
    for hook in (Hook.FORWARD, Hook.INPUT, Hook.OUTPUT):
        ours, theirs = _on(golden, hook), _on(live, hook)
        if hook in golden.covers and hook in live.covers:
            asked.append(_question(hook, "", ours, theirs))
        elif (hook in golden.covers) != (hook in live.covers) or ours or theirs:
            side = "golden" if hook in golden.covers else "live" if hook in live.covers else "neither side"
            unknowns.append(Unknown(reason=Reason.RESIDUE, text=f"{hook.value} traffic is held by {side} alone"))
    ours, theirs = _on(golden, Hook.ACL), _on(live, Hook.ACL)
    for name in dict.fromkeys(one.acl for one in (*ours, *theirs)):
        mine, its = ([one for one in side if one.acl == name] for side in (ours, theirs))
        if mine and its:
            if not all(one.bound for one in (*mine, *its)):
                asked.append(_question(Hook.ACL, name, mine, its))
        elif not all(one.bound for one in (*mine, *its)):
            side = "golden" if mine else "live"
            unknowns.append(Unknown(reason=Reason.RESIDUE, text=f"list {name} is in {side} alone and bound nowhere"))
    broken = [one for one in (*golden.lists, *live.lists) if not _has_default(one)]
    unknowns += [Unknown(reason=Reason.PARSER_ERROR, text=f"list {one.name} has no default") for one in broken]
    return tuple(question for question in asked if not _is_broken(question, broken)), tuple(unknowns)


def _on(ruleset: Ruleset, hook: Hook) -> list[RuleList]:
    return [one for one in ruleset.lists if hook in one.hooks]


def _has_default(one: RuleList) -> bool:
    if not one.rules:
        return False
    last = one.rules[-1]
    return not last.unless and set(EVERYTHING) <= set(last.any_of)


def _is_broken(question: Question, broken: Sequence[RuleList]) -> bool:
    ids = {id(one) for one in broken}
    return any(id(one) in ids for one in (*question.golden, *question.live))


def _question(hook: Hook, acl: str, golden: Sequence[RuleList], live: Sequence[RuleList]) -> Question:
    """Pair lists by name, then by what they say, then by order: any pairing is sound, a good one saves work."""
    left = dict(enumerate(live))
    pairs: list[tuple[int | None, int | None]] = []
    lonely: list[int] = []
    for i, one in enumerate(golden):
        j = next((j for j, other in left.items() if other.name == one.name), None)
        if j is None:
            lonely.append(i)
        else:
            pairs.append((i, j))
            del left[j]
    still: list[int] = []
    for i in lonely:
        j = next((j for j, other in left.items() if _says_the_same(golden[i], other)), None)
        if j is None:
            still.append(i)
        else:
            pairs.append((i, j))
            del left[j]
    both = list(zip(still, left, strict=False))
    pairs += both
    pairs += [(i, None) for i in still[len(both) :]]
    pairs += [(None, j) for j in list(left)[len(both) :]]
    return Question(hook, acl, tuple(golden), tuple(live), tuple(pairs))


def _says_the_same(one: RuleList, other: RuleList) -> bool:
    return len(one.rules) == len(other.rules) and all(map(is_equal, one.rules, other.rules))


def without_zones(ruleset: Ruleset) -> Ruleset:
    """Return a ruleset whose rules name the interfaces of each zone instead of the zone."""
    zones = dict(ruleset.zones)
    if not zones:
        return ruleset
    return dataclasses.replace(ruleset, lists=tuple(_expanded(one, zones, {}) for one in ruleset.lists))


def match_without_zones(match: Match, zones: Mapping[str, frozenset[str]]) -> Match:
    """Return a match that names the interfaces of each zone instead of the zone."""
    ingress, egress = interfaces(match.ingress, zones), interfaces(match.egress, zones)
    if ingress is match.ingress and egress is match.egress:
        return match
    return dataclasses.replace(match, ingress=ingress, egress=egress)


def interfaces(places: Places, zones: Mapping[str, frozenset[str]]) -> Places:
    """Return places with each zone replaced by its interfaces; a zone that has none is no place at all."""
    if places == ANY_PLACE or not places.names & zones.keys():
        return places
    include = None if places.include is None else _members(places.include, zones)
    return Places(include, _members(places.exclude, zones))


def _members(names: Iterable[str], zones: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(member for name in names for member in zones.get(name, (name,)))


def _expanded(one: RuleList, zones: Mapping[str, frozenset[str]], known: dict[Match, Match]) -> RuleList:
    def expanded(matches: tuple[Match, ...]) -> tuple[Match, ...]:
        return tuple(
            known[match] if match in known else known.setdefault(match, match_without_zones(match, zones))
            for match in matches
        )

    rules = tuple(
        dataclasses.replace(rule, any_of=expanded(rule.any_of), unless=expanded(rule.unless)) for rule in one.rules
    )
    return dataclasses.replace(one, rules=rules)
