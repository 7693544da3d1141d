"""Rule lists: one for each base chain that sees what is routed, to or from the device.

Input: a document. Output: rule lists, and what of the flattening a reader should know.
"""

from collections.abc import Iterator
from types import MappingProxyType

from murenger.adapters.parsers.nftables.boxes import ALL, FAMILY_4, FAMILY_6, Area, Box
from murenger.adapters.parsers.nftables.document import (
    FILTERED_FAMILIES,
    Chain,
    Document,
    Table,
    is_dormant,
    may_be_dormant,
    text_of,
)
from murenger.adapters.parsers.nftables.expressions import Sight
from murenger.adapters.parsers.nftables.flatten import Areas, Reading, Walk, catch_all
from murenger.errors import ParseError
from murenger.model.json_value import JsonValue
from murenger.semantics.ir import Action, Hook, OpaqueKey, Places, Provenance, Rule, RuleList, State

_HOOKS = MappingProxyType(
    {
        "ingress": frozenset({Hook.FORWARD, Hook.INPUT}),
        "prerouting": frozenset({Hook.FORWARD, Hook.INPUT}),
        "input": frozenset({Hook.INPUT}),
        "forward": frozenset({Hook.FORWARD}),
        "output": frozenset({Hook.OUTPUT}),
        "postrouting": frozenset({Hook.FORWARD, Hook.OUTPUT}),
    }
)
_FAMILIES = MappingProxyType({"ip": Box(family=FAMILY_4), "ip6": Box(family=FAMILY_6), "inet": ALL})
_TRACKED = -200
"""Priority at which connections are tracked; chains up to it do not know a packet's state."""


def filters(document: Document) -> Iterator[tuple[Table, Chain]]:
    """Yield each base chain that may decide what is routed, to or from the device, with its table."""
    for table, chain in document.chains():
        is_active = table.key[0] in FILTERED_FAMILIES and not is_dormant(table)
        if is_active and chain.hook in _HOOKS and text_of(chain.said.get("type")) != "nat":
            yield table, chain


def rule_list(reading: Reading, table: Table, chain: Chain) -> RuleList:
    """Return what a base chain does with packets, as pure first match.

    Raises:
        ParseError: its chains lead in a circle or too deep, or come to too many rules.
    """
    if text_of(chain.said.get("policy", "accept")) not in {"accept", "drop"}:
        raise ParseError(f"the policy of chain {chain.name[:80]!r} is neither accept nor drop")
    seen = _FAMILIES[table.key[0]]
    unbound = ""
    if chain.hook == "ingress":
        devices = _devices(chain.said.get("dev"))
        if devices is None:
            unbound = "the device of an ingress chain, which the listing does not say"
        else:
            seen = seen._replace(ingress=Places.of(*devices))
    walk = Walk(reading, table, chain, _sight(chain))
    walk.rules += [
        _passed(reading, table, label, kind)
        for kind, label in (("device", unbound), ("dormant", "a table that may be dormant" * may_be_dormant(table)))
        if label
    ]
    areas: Areas = (Area((seen,)),)
    walk.visit(chain, areas)
    return RuleList(
        name=list_name(table, chain),
        hooks=_HOOKS[chain.hook],
        rules=(*walk.rules, *_policy(walk, reading, chain, seen)),
    )


def list_name(table: Table, chain: Chain) -> str:
    """Return the name of the rule list of a base chain."""
    return f"{table.name} / chain {chain.name}"


def gate(reading: Reading, table: Table, chain: Chain) -> RuleList:
    """Return a list that refuses new connections or does not: for a chain that the rule model does not hold."""
    whole = {"refused by": [chain.name, reading.translation.said]}
    key = reading.keys.key(whole, table, "nat", f"what {table.name} / chain {chain.name} refuses")
    box = Box(state=State.NEW.value, opaque=((key, True),))
    provenance = Provenance(rule=f"chain {chain.name}", first_line=chain.lines[0], last_line=chain.lines[1])
    refused = Rule(action=Action.DENY, any_of=reading.algebra.matches((box,)), provenance=provenance)
    rest = catch_all(Action.PERMIT, Provenance(rule=f"chain {chain.name} otherwise", synthetic=True))
    return RuleList(name=list_name(table, chain), hooks=_HOOKS[chain.hook], rules=(refused, rest))


def with_rewrites(
    found: RuleList, rewrites: list[tuple[frozenset[Hook], Areas, OpaqueKey]], reading: Reading
) -> RuleList:
    """Return a list that does not pretend to know what becomes of packets that are rewritten on its way."""
    rules: list[Rule] = []
    algebra = reading.algebra
    for hooks, areas, key in rewrites:
        if not hooks & found.hooks:
            continue
        provenance = Provenance(rule=f"rewritten: {key.label}"[:200], synthetic=True)
        condition = Area((Box(opaque=((key, True),)),))
        for area in areas:
            refused = algebra.meet_areas(area, condition)
            for action, part in ((Action.DENY, refused), (Action.PERMIT, area)):
                rules.append(
                    Rule(
                        action=action,
                        any_of=algebra.matches(part.boxes),
                        unless=algebra.matches(part.unless),
                        provenance=provenance,
                    )
                )
    if not rules:
        return found
    return RuleList(name=found.name, hooks=found.hooks, rules=(*rules, *found.rules))


def _policy(walk: Walk, reading: Reading, chain: Chain, seen: Box) -> Iterator[Rule]:
    action = walk.policy()
    provenance = Provenance(
        rule=f"chain {chain.name} policy {'drop' if action is Action.DENY else 'accept'}",
        first_line=chain.lines[0],
        last_line=chain.lines[1],
    )
    pending = walk.pending
    handling = f"before it: {pending}" if pending else ""
    if action is Action.PERMIT or seen is ALL:
        yield catch_all(action, provenance, handling)
        return
    yield Rule(action=action, any_of=reading.algebra.matches((seen,)), provenance=provenance, handling=handling)
    yield catch_all(Action.PERMIT, Provenance(rule=f"not seen by chain {chain.name}", synthetic=True))


def _passed(reading: Reading, table: Table, label: str, kind: str) -> Rule:
    """Return a rule that lets everything pass if the chain is not in force."""
    key = reading.keys.key({kind: list(table.key)}, table, kind, label)
    return Rule(
        action=Action.PERMIT,
        any_of=reading.algebra.matches((Box(opaque=((key, True),)),)),
        provenance=Provenance(rule=label, synthetic=True),
    )


def _sight(chain: Chain) -> Sight:
    early = chain.hook in {"ingress", "prerouting"}
    return Sight(
        ingress=chain.hook != "postrouting",
        egress=not early,
        connections=chain.hook != "ingress"
        and not (chain.hook in {"prerouting", "output"} and chain.priority <= _TRACKED),
    )


def _devices(said: JsonValue) -> tuple[str, ...] | None:
    """Return the devices of an ingress chain, or None where they are not told."""
    names = said if isinstance(said, list) else [said]
    found = tuple(name for name in names if isinstance(name, str) and name and "*" not in name)
    return found if found and len(found) == len(names) else None
