"""Rule lists: an access list by itself, and where it is bound.

Input: the entries of one access list, and the interfaces that name it. Output: rule lists whose last rule is a
catch-all, the implicit deny and "not bound here" included.
"""

import dataclasses
from collections.abc import Callable, Collection, Sequence

from murenger.adapters.parsers.acl.grammar import Box, Entry
from murenger.adapters.parsers.sections import digest_of
from murenger.semantics.intervals import IPV4, any_address
from murenger.semantics.ir import (
    ANY_L4,
    ANY_PLACE,
    EVERYTHING,
    Action,
    Hook,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    Rule,
    RuleList,
)

STEP = 10
"""What the device adds to the last sequence number for an entry without one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A line of an access list of which not even the action is clear.

    Attributes:
        line: 1-based line.
        text: the line.
    """

    line: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """One access list of one family.

    Attributes:
        name: its name.
        family: 4 or 6.
        items: its entries and unreadable lines, in the order of the device.
        line: 1-based line of its header.
        implicit: boxes about which the device's release decides before the implicit deny, with what it is called.
    """

    name: str
    family: int
    items: tuple[Entry | Unreadable, ...]
    line: int
    implicit: tuple[Box, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where an access list stands.

    Attributes:
        direction: in or out.
        interfaces: names; empty for everything that is for the device itself.
        hooks: the ways on which it stands.
        label: what the list of rules is called.
    """

    direction: str
    interfaces: tuple[str, ...]
    hooks: frozenset[Hook]
    label: str


def in_order(items: Sequence[Entry | Unreadable]) -> tuple[Entry | Unreadable, ...]:
    """Return entries by sequence number; one without a number goes to the end of what stands before it.

    Of two entries with one number the device keeps one, and which is not known: the second becomes unreadable.
    """
    placed: dict[int, Entry | Unreadable] = {}
    highest = 0
    for item in items:
        number = (item.sequence if isinstance(item, Entry) else _number_of(item)) or highest + STEP
        if number in placed:
            second = Unreadable(line=item.line, text=f"second entry {number}: {_content(item)}")
            number = highest + STEP
            placed[number] = second
        elif isinstance(item, Entry) and not item.sequence:
            placed[number] = dataclasses.replace(item, sequence=number)
        else:
            placed[number] = item
        highest = max(highest, number)
    return tuple(placed[number] for number in sorted(placed))


def _number_of(item: Unreadable) -> int:
    word = item.text.split(" ", 1)[0]
    return int(word) if word.isascii() and word.isdigit() and len(word) <= STEP else 0


def _content(item: Entry | Unreadable) -> str:
    return item.text if isinstance(item, Unreadable) else digest_of(item.action.value, repr(item.boxes))[:16]


def _names(entry: Entry) -> tuple[str, ...]:
    return tuple(name for _, _, name in entry.groups)


def own_list(name: str, lists: Sequence[AccessList], *, bound: bool) -> RuleList:
    """Return a named access list by itself; those of both families where one name is used twice."""
    rules = [rule for one in lists for rule in _rules(one, ANY_PLACE, ANY_PLACE)]
    rules.append(_rule(Action.DENY, EVERYTHING, f"{name} implicit deny"))
    return RuleList(name=f"access list {name}", hooks=frozenset({Hook.ACL}), rules=tuple(rules), acl=name, bound=bound)


def bound_list(one: AccessList, binding: Binding) -> RuleList:
    """Return an access list where it is bound: its rules, its implicit deny, and a permit for all other traffic."""
    ingress, egress = _places(binding)
    rules = (
        *_rules(one, ingress, egress),
        _rule(Action.DENY, (_everything(one.family, ingress, egress),), f"{one.name} implicit deny"),
        _elsewhere(one.name),
    )
    return RuleList(name=binding.label, hooks=binding.hooks, rules=rules)


def unknown_list(name: str, families: Collection[int], binding: Binding, key: OpaqueKey, line: int) -> RuleList:
    """Return a filter of which nothing is known but where it stands: nobody can tell what it lets through."""
    ingress, egress = _places(binding)
    boxes = tuple(_everything(family, ingress, egress) for family in sorted(families))
    unsure = tuple(dataclasses.replace(box, opaque=((key, True),)) for box in boxes)
    rules = (
        Rule(action=Action.PERMIT, any_of=unsure, provenance=_at(name, line)),
        Rule(action=Action.DENY, any_of=boxes, provenance=_at(name, line)),
        _elsewhere(name),
    )
    return RuleList(name=binding.label, hooks=binding.hooks, rules=rules)


def _places(binding: Binding) -> tuple[Places, Places]:
    if not binding.interfaces:
        return ANY_PLACE, ANY_PLACE
    places = Places.of(*binding.interfaces)
    return (places, ANY_PLACE) if binding.direction == "in" else (ANY_PLACE, places)


def _everything(family: int, ingress: Places, egress: Places) -> Match:
    everything = any_address(family)
    return Match(family=family, src=everything, dst=everything, ingress=ingress, egress=egress)


def _rules(one: AccessList, ingress: Places, egress: Places) -> list[Rule]:
    def match(box: Box) -> Match:
        return Match(
            family=one.family,
            src=box.src,
            dst=box.dst,
            l4=box.l4,
            flags=box.flags,
            ingress=ingress,
            egress=egress,
            opaque=box.opaque,
        )

    return _rules_of(one, match)


def _rules_of(one: AccessList, match: Callable[[Box], Match]) -> list[Rule]:
    rules: list[Rule] = []
    for item in one.items:
        if isinstance(item, Unreadable):
            rules += _either(one, item, match)
            continue
        provenance = Provenance(
            rule=f"{one.name} {item.sequence}", first_line=item.line, last_line=item.line, objects=_names(item)
        )
        rules.append(
            Rule(
                action=item.action,
                any_of=tuple(map(match, item.boxes)),
                provenance=provenance,
                handling=item.handling,
            )
        )
    if not one.items:
        key = OpaqueKey("empty-list", digest_of("empty-list", str(one.family)), "an access list without entries")
        rules += _verdict_of(one, key, match, _at(f"{one.name} without entries", one.line))
    elif one.implicit:
        provenance = Provenance(rule=f"{one.name} implicit neighbour discovery", synthetic=True)
        rules.append(Rule(action=Action.PERMIT, any_of=tuple(map(match, one.implicit)), provenance=provenance))
    return rules


def _either(one: AccessList, item: Unreadable, match: Callable[[Box], Match]) -> list[Rule]:
    rules: list[Rule] = []
    everything = any_address(one.family)
    for action in (Action.PERMIT, Action.DENY):
        key = OpaqueKey("unreadable", digest_of("unreadable", action.value, item.text), f"line {item.line}")
        box = match(Box(everything, everything, ANY_L4, opaque=((key, True),)))
        provenance = _at(f"{one.name} line {item.line}", item.line)
        rules.append(Rule(action=action, any_of=(box,), provenance=provenance))
    return rules


def _verdict_of(one: AccessList, key: OpaqueKey, match: Callable[[Box], Match], at: Provenance) -> list[Rule]:
    """Return rules that decide everything of the family by a condition that nobody can tell."""
    everything = any_address(one.family)
    unsure = match(Box(everything, everything, opaque=((key, True),)))
    return [
        Rule(action=Action.PERMIT, any_of=(unsure,), provenance=at),
        Rule(action=Action.DENY, any_of=(match(Box(everything, everything)),), provenance=at),
    ]


def _at(name: str, line: int) -> Provenance:
    return Provenance(rule=name, first_line=line, last_line=line)


def _rule(action: Action, any_of: tuple[Match, ...], name: str) -> Rule:
    return Rule(action=action, any_of=any_of, provenance=Provenance(rule=name, synthetic=True))


def _elsewhere(name: str) -> Rule:
    return _rule(Action.PERMIT, EVERYTHING, f"{name} is not bound here")


def family_word(family: int) -> str:
    """Return `ip` or `ipv6`."""
    return "ip" if family == IPV4 else "ipv6"
