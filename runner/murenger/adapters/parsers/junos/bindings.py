"""Where filters stand: interfaces, their families and directions, and lists of filters.

Input: statements and the filters they define. Output: rule lists whose last rule is a catch-all; filters by themselves.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

from murenger.adapters.parsers.acl.grammar import Box
from murenger.adapters.parsers.acl.lists import Binding, unknown_list
from murenger.adapters.parsers.junos.filters import FAMILIES, Decision, Filter
from murenger.adapters.parsers.junos.statements import Statement
from murenger.adapters.parsers.sections import digest_of, shortened
from murenger.semantics.intervals import IPV4, IPV6, any_address
from murenger.semantics.ir import (
    ANY_PLACE,
    EVERYTHING,
    Action,
    Hook,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    Remark,
    Rule,
    RuleList,
)

LOOPBACK = "lo0"
_WAYS = {"input": ("in", False), "input-list": ("in", True), "output": ("out", False), "output-list": ("out", True)}
_FILTERS = frozenset({"filter", "simple-filter"})
_Key = tuple[str, int, str]


@dataclasses.dataclass(slots=True)
class _Bound:
    names: list[str]
    positions: list[int]
    line: int
    is_list: bool
    is_clear: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """What is bound.

    Attributes:
        lists: rule lists, bound ones first, then each filter by itself.
        carried: positions of the statements that they hold.
        remarks: what is not understood.
        interfaces: interfaces that a list names.
        before_host: filters that what is for the device itself has to pass.
    """

    lists: tuple[RuleList, ...]
    carried: frozenset[int]
    remarks: tuple[Remark, ...]
    interfaces: frozenset[str]
    before_host: frozenset[str]


class BindingReader:
    """Reads where the filters of one configuration stand."""

    def __init__(self, statements: Sequence[Statement], filters: Sequence[Filter]) -> None:
        self._statements = statements
        self._filters: Mapping[tuple[int, str], Filter] = {(one.family, one.name): one for one in filters}
        self._bound: dict[_Key, _Bound] = {}
        self._lists: list[RuleList] = []
        self._carried: set[int] = set()
        self._remarks: list[Remark] = []
        self._used: set[tuple[int, str]] = set()

    def read(self) -> Bindings:
        """Return what was read."""
        for position, one in enumerate(self._statements):
            if one.is_active and one.words[0] == "interfaces":
                self._interface(position, one)
            elif one.is_active and one.words[0] == "forwarding-options" and "filter" in one.words:
                self._unknown(" ".join(one.words), (), one)
        interfaces = frozenset(interface for interface, _, _ in self._bound)
        before_host = {name for (_, _, way), one in self._bound.items() if way == "in" for name in one.names}
        self._bind()
        for name in dict.fromkeys(name for _, name in self._filters):
            same = [self._filters[key] for key in ((IPV4, name), (IPV6, name)) if key in self._filters]
            bound = all((one.family, name) in self._used for one in same)
            self._lists.append(_own_list(name, same, bound=bound))
        return Bindings(
            lists=tuple(self._lists),
            carried=frozenset(self._carried),
            remarks=tuple(self._remarks),
            interfaces=interfaces,
            before_host=frozenset(before_host),
        )

    def _interface(self, position: int, one: Statement) -> None:
        words = one.words
        unit = shortened(f"{words[1]}.{words[3]}") if len(words) > 3 and words[2] == "unit" else ""
        if unit and len(words) == 9 and words[4] == "family" and words[5] in FAMILIES and words[6] == "filter":
            way, is_list = _WAYS.get(words[7], ("", False))
            if way and words[1] == LOOPBACK and (way == "out" or unit != f"{LOOPBACK}.0"):
                self._remark("unmodelled-filter", f"{words[7]} filter {words[8]} on {unit}", one.line)
                return
            if way and words[1] != "interface-range":
                self._note((unit, FAMILIES[words[5]], way), shortened(words[8]), position, is_list=is_list)
                return
        if any(word in _FILTERS and before != "description" for before, word in itertools.pairwise(words[:-1])):
            self._unknown(" ".join(words), (unit,) if unit and words[1] != LOOPBACK else (), one)

    def _note(self, key: _Key, name: str, position: int, *, is_list: bool) -> None:
        found = self._bound.setdefault(key, _Bound([], [], self._statements[position].line, is_list))
        # One filter, or a list of filters: both at once, or two single ones, no device stores.
        found.is_clear = found.is_clear and found.is_list is is_list and (is_list or not found.names)
        found.names.append(name)
        found.positions.append(position)

    def _remark(self, code: str, text: str, line: int) -> None:
        self._remarks.append(Remark(code=code, text=text[:_MAX_REMARK], line=line))

    def _unknown(self, what: str, interfaces: tuple[str, ...], one: Statement) -> None:
        what = shortened(what)
        self._remark("opaque-condition", what, one.line)
        key = OpaqueKey("unknown-filter", digest_of("unknown-filter", what), what)
        for way in ("in", "out") if interfaces else ("in",):
            hooks = frozenset({Hook.FORWARD, Hook.INPUT} if way == "in" else {Hook.FORWARD})
            binding = Binding(direction=way, interfaces=interfaces, hooks=hooks, label=f"{what} {way}")
            self._lists.append(unknown_list(what, {IPV4, IPV6}, binding, key, one.line))

    def _bind(self) -> None:
        groups: dict[tuple[tuple[str, ...], int, str, bool], list[str]] = {}
        for (interface, family, way), found in self._bound.items():
            self._carried.update(found.positions)
            names = tuple(found.names)
            known = [self._filters.get((family, name)) for name in names]
            if not found.is_clear or any(one is None or not one.has_terms for one in known):
                statement = self._statements[found.positions[0]]
                place = () if _is_loopback(interface) else (interface,)
                self._unknown(f"undefined, empty or unclear filter {' '.join(names)} on {interface}", place, statement)
                continue
            self._used.update((family, name) for name in names)
            groups.setdefault((names, family, way, _is_loopback(interface)), []).append(interface)
        for (names, family, way, is_host), interfaces in groups.items():
            label = f"filter {' '.join(names)} {way}put" + (f" on {LOOPBACK}" if is_host else "")
            places = Places() if is_host else Places.of(*interfaces)
            hooks = {Hook.INPUT} if is_host else {Hook.FORWARD, Hook.INPUT} if way == "in" else {Hook.FORWARD}
            ingress, egress = (places, ANY_PLACE) if way == "in" else (ANY_PLACE, places)
            filters = [self._filters[family, name] for name in names]
            self._lists.append(_bound_list(label, filters, frozenset(hooks), ingress, egress))


_MAX_REMARK = 200


def _is_loopback(interface: str) -> bool:
    return interface.startswith(f"{LOOPBACK}.")


def _rules(one: Filter, ingress: Places, egress: Places) -> list[Rule]:
    def match(box: Box) -> Match:
        return Match(
            family=one.family, src=box.src, dst=box.dst, l4=box.l4, flags=box.flags, ingress=ingress, egress=egress,
            opaque=box.opaque,
        )  # fmt: skip

    def rule(decision: Decision) -> Rule:
        return Rule(
            action=decision.action,
            any_of=tuple(match(box) for box in decision.boxes),
            provenance=decision.provenance,
            handling=decision.handling,
        )

    return [rule(decision) for decision in one.decisions]


def _bound_list(
    label: str, filters: Sequence[Filter], hooks: frozenset[Hook], ingress: Places, egress: Places
) -> RuleList:
    family, last = filters[0].family, filters[-1].name
    everything = any_address(family)
    box = Match(family=family, src=everything, dst=everything, ingress=ingress, egress=egress)
    rules = [rule for one in filters for rule in _rules(one, ingress, egress)]
    rules.append(_synthetic(Action.DENY, (box,), f"{last} implicit discard"))
    rules.append(_synthetic(Action.PERMIT, EVERYTHING, f"{last} is not bound here"))
    return RuleList(name=label, hooks=hooks, rules=tuple(rules))


def _own_list(name: str, filters: Sequence[Filter], *, bound: bool) -> RuleList:
    rules = [rule for one in filters for rule in _rules(one, ANY_PLACE, ANY_PLACE)]
    for one in filters:
        if not one.has_terms:
            key = OpaqueKey("empty-list", digest_of("empty-list", str(one.family)), "a filter without terms")
            everything = any_address(one.family)
            box = Match(family=one.family, src=everything, dst=everything, opaque=((key, True),))
            at = Provenance(rule=f"{name} without terms", first_line=one.line, last_line=one.line)
            rules.append(Rule(action=Action.PERMIT, any_of=(box,), provenance=at))
    rules.append(_synthetic(Action.DENY, EVERYTHING, f"{name} implicit discard"))
    return RuleList(name=f"filter {name}", hooks=frozenset({Hook.ACL}), rules=tuple(rules), acl=name, bound=bound)


def _synthetic(action: Action, any_of: tuple[Match, ...], name: str) -> Rule:
    return Rule(action=action, any_of=any_of, provenance=Provenance(rule=name, synthetic=True))
