"""Security policies beside filters: zones spelt out as interfaces where a filter stands on one of them.

Input: the rules of security policies, which name zones, and the interfaces that filters name. Output: the same rules.
"""

import dataclasses
from collections.abc import Mapping

from murenger.semantics.ir import Match, Places, Remark, Rule, RuleList, Ruleset


def on_interfaces(policies: Ruleset, filtered: frozenset[str]) -> Ruleset:
    """Return policies with every zone that holds a filtered interface replaced by its interfaces.

    Args:
        policies: rules that name zones.
        filtered: interfaces on which a filter stands.
    """
    spelt = {zone: interfaces for zone, interfaces in policies.zones if interfaces & filtered}
    if not spelt:
        return policies
    names = ", ".join(sorted(spelt))
    text = f"filters stand on interfaces of {names}: a packet that names the zone is asked about each"
    return dataclasses.replace(
        policies,
        lists=tuple(_spell_list(one, spelt) for one in policies.lists),
        zones=tuple((zone, interfaces) for zone, interfaces in policies.zones if zone not in spelt),
        spelt_zones=tuple(sorted(spelt.items(), key=lambda item: item[0])),
        remarks=(*policies.remarks, Remark(code="zones-spelt-out", text=text)),
    )


def _spell_list(one: RuleList, zones: Mapping[str, frozenset[str]]) -> RuleList:
    return dataclasses.replace(one, rules=tuple(_spell_rule(rule, zones) for rule in one.rules))


def _spell_rule(rule: Rule, zones: Mapping[str, frozenset[str]]) -> Rule:
    any_of = tuple(_spell_match(match, zones) for match in rule.any_of)
    unless = tuple(_spell_match(match, zones) for match in rule.unless)
    return dataclasses.replace(rule, any_of=any_of, unless=unless)


def _spell_match(match: Match, zones: Mapping[str, frozenset[str]]) -> Match:
    ingress, egress = _spell(match.ingress, zones), _spell(match.egress, zones)
    if ingress is match.ingress and egress is match.egress:
        return match
    return dataclasses.replace(match, ingress=ingress, egress=egress)


def _spell(places: Places, zones: Mapping[str, frozenset[str]]) -> Places:
    if not places.names & zones.keys():
        return places
    include = None if places.include is None else _names(places.include, zones)
    return Places(include, _names(places.exclude, zones))


def _names(names: frozenset[str], zones: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(interface for name in names for interface in zones.get(name, {name}))
