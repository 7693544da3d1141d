"""Residue: what of a ruleset the rule model does not hold, by section.

Input: a document. Output: residue sections. Comments, handles, counts, and what only says how a set is kept in memory
are harmless and in none.
"""

from collections.abc import Collection, Iterable, Iterator

from murenger.adapters.parsers.nftables.document import (
    FILTERED_FAMILIES,
    Chain,
    Document,
    JsonObject,
    Table,
    is_dormant,
    reached,
    text_of,
)
from murenger.adapters.parsers.nftables.lists import filters, list_name
from murenger.adapters.parsers.nftables.nat import nat_chains, nat_said
from murenger.adapters.parsers.nftables.opaque import described, digest, plain, resolved, rules_said, whole_table
from murenger.adapters.parsers.nftables.sets import definition_of
from murenger.adapters.parsers.nftables.statements import Part, part_of
from murenger.model.json_value import JsonValue
from murenger.semantics.ir import ResidueSection

_TABLE = frozenset({"family", "name", "handle", "comment", "line"})
_CHAIN = frozenset({"family", "table", "name", "handle", "comment", "line", "type", "hook", "prio", "policy", "dev"})
_RULE = frozenset({"family", "table", "chain", "handle", "comment", "line", "expr"})
_UNORDERED = frozenset({"prerouting", "input", "forward", "output", "postrouting"})
_EFFECTS = (Part.EFFECT, Part.REWRITE, Part.UNKNOWN)


def writers(document: Document) -> JsonValue:
    """Return every rule that changes packets, marks, connections or sets, by chain and in order."""
    found: list[JsonValue] = []
    for table, chain in document.chains():
        is_nat = text_of(chain.said.get("type")) == "nat"
        if table.key[0] in FILTERED_FAMILIES and not is_dormant(table) and not is_nat:
            said = [rule.expressions for rule in chain.rules if any(_has_effect(one) for one in rule.expressions)]
            if said:
                found.append([list(table.key), chain.name, [resolved(list(one), table) for one in said]])
    return found


def residue(document: Document, effects: JsonValue, undecided: Collection[str] = ()) -> tuple[ResidueSection, ...]:
    """Return the sections of a ruleset that the rule model does not hold.

    Args:
        document: the ruleset.
        effects: what `writers` says of it.
        undecided: names of rule lists with a condition that nobody can tell.
    """
    modelled = list(filters(document))
    found = list(_hooks(document, undecided))
    if effects:
        found.append(_section("effects", effects, (0, 0), "rules that change packets, marks, connections or sets"))
    found += _nat(document)
    for table in document.tables.values():
        found += _of_table(table, reached(table, [chain for other, chain in modelled if other is table]))
    if document.strange:
        inner = [said for one in document.strange for said in one.values() if isinstance(said, dict)]
        rows: list[JsonValue] = [plain(one) for one in inner]
        found.append(_section("unreadable", rows, _span(inner), "objects of no known kind"))
    return tuple(found)


def _nat(document: Document) -> Iterator[ResidueSection]:
    chains = nat_chains(document)
    if chains:
        lines = _span(chain.said for _, chain in chains)
        yield _section("nat", nat_said(document), lines, "how addresses are translated")


def _hooks(document: Document, undecided: Collection[str]) -> Iterator[ResidueSection]:
    """Yield where base chains stand and in which order; the rules of those that filter are in the rule model.

    A packet passes if every chain on its way lets it: the order of those that look at nothing but its own fields, and
    change nothing, does not matter.
    """
    said: list[JsonValue] = []
    for table, chain in document.chains():
        if chain.is_base and table.key[0] in FILTERED_FAMILIES and not is_dormant(table):
            is_plain = chain.hook in _UNORDERED and chain.said.get("type") == "filter"
            if is_plain and list_name(table, chain) not in undecided and not _changes(table, chain):
                continue
            place = {name: chain.said.get(name) for name in ("type", "hook", "prio", "dev")}
            said.append([list(table.key), chain.name, place])
    if said:
        yield _section("hooks", said, (0, 0), "hooks and priorities of base chains")


def _changes(table: Table, chain: Chain) -> bool:
    """True if a rule that a base chain leads to changes packets, marks, connections or sets."""
    names = reached(table, [chain])
    return any(_has_effect(one) for name in names for rule in table.chains[name].rules for one in rule.expressions)


def _of_table(table: Table, modelled: Collection[str]) -> Iterator[ResidueSection]:
    if table.key[0] not in FILTERED_FAMILIES or is_dormant(table):
        state = "dormant table" if is_dormant(table) else f"{table.key[0]} filter"
        yield _section(
            table.name, whole_table(table), table.lines, f"{state}: not in the rule model", is_inert=is_dormant(table)
        )
        return
    yield from _attributes(table.name, table.said, _TABLE, table)
    bases = [chain for chain in table.chains.values() if text_of(chain.said.get("type")) == "nat"]
    held = {*modelled, *reached(table, bases)}
    for chain in table.chains.values():
        name = f"{table.name} / chain {chain.name}"
        yield from _attributes(name, chain.said, _CHAIN, table)
        if chain.name not in held:
            said: JsonValue = [resolved(dict(chain.said), table), rules_said(chain.rules, table)]
            what = "a chain that no filter leads to"
            yield _section(f"{name} / rules", said, chain.lines, what, is_inert=not chain.is_base)
        for rule in chain.rules:
            if not rule.said.keys() <= _RULE:
                yield from _attributes(f"{name} / rule {rule.number}", rule.said, _RULE, table)
    used = _named_in(table, held)
    for set_name, (kind, listed) in table.sets.items():
        if set_name not in used:
            said = definition_of(set_name, table)
            what = f"a {kind} that no rule uses"
            yield _section(f"{table.name} / {kind} {set_name}", said, _lines(listed), what, is_inert=True)
    for (kind, object_name), listed in table.objects.items():
        yield _section(f"{table.name} / {kind} {object_name}", plain(listed), _lines(listed), kind)
    if table.unreadable:
        inner = [said for one in table.unreadable for said in one.values() if isinstance(said, dict)]
        rows: list[JsonValue] = [plain(one) for one in inner]
        yield _section(f"{table.name} / unreadable", rows, _span(inner), "objects of no known kind")


def _attributes(name: str, said: JsonObject, known: frozenset[str], table: Table) -> Iterator[ResidueSection]:
    """Yield what an object says beyond what is known of its kind."""
    if not said.keys() <= known:
        left = {key: value for key, value in said.items() if key not in known}
        yield _section(f"{name} / attributes", resolved(left, table), _lines(said), described(left))


def _named_in(table: Table, chains: Iterable[str]) -> set[str]:
    """Return the names of sets and maps that the rules of chains use."""
    found: set[str] = set()
    waiting: list[JsonValue] = []
    for name in chains:
        for rule in table.chains[name].rules:
            for one in rule.expressions:
                waiting += _parts_that_may_name(one)
    while waiting:
        said = waiting.pop()
        if isinstance(said, str):
            if said[:1] == "@":
                found.add(said[1:])
        elif isinstance(said, list):
            waiting += said
        elif isinstance(said, dict):
            waiting += said.values()
    return found


def _parts_that_may_name(statement: JsonObject) -> Iterable[JsonValue]:
    """Return the parts of a statement in which a set may be named; of most matches there is none."""
    match = statement.get("match")
    if not isinstance(match, dict):
        return statement.values()
    left, right = match.get("left"), match.get("right")
    is_plain = isinstance(left, dict) and ("payload" in left or "meta" in left or "ct" in left)
    if isinstance(right, int) or (isinstance(right, str) and right[:1] != "@"):
        return () if is_plain else (left,)
    return (right,) if is_plain else (left, right)


def _has_effect(statement: JsonObject) -> bool:
    if "match" in statement or "accept" in statement or "drop" in statement:
        return False
    return part_of(statement) in _EFFECTS or "set" in statement or "map" in statement


def _section(
    name: str, said: JsonValue, lines: tuple[int, int], summary: str, *, is_inert: bool = False
) -> ResidueSection:
    return ResidueSection(
        name=name[:400],
        digest=digest(said),
        first_line=lines[0],
        last_line=lines[1],
        summary=summary[:200],
        is_inert=is_inert,
    )


def _lines(said: JsonObject) -> tuple[int, int]:
    return _span([said])


def _span(said: Iterable[JsonObject]) -> tuple[int, int]:
    """Return the first and last line of several objects, or zeros."""
    ends = [end for one in said if isinstance(one.get("line"), list) for end in _pair(one["line"])]
    return (min(ends), max(ends)) if ends else (0, 0)


def _pair(said: JsonValue) -> list[int]:
    return [end for end in said if isinstance(end, int)] if isinstance(said, list) else []
