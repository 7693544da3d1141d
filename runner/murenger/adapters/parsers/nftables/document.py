"""A ruleset's objects, found by table and name.

Input: JSON as libnftables lists a ruleset, with or without lines. Output: a `Document`.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from murenger.errors import ParseError
from murenger.model.json_value import JsonValue

JsonObject: TypeAlias = Mapping[str, JsonValue]
TableId: TypeAlias = tuple[str, str]
"""Family and name."""

FILTERED_FAMILIES = ("ip", "ip6", "inet")
"""Families whose base chains see what is routed; the others are residue."""

_OBJECTS = frozenset(
    {"counter", "quota", "limit", "secmark", "synproxy", "ct helper", "ct timeout", "ct expectation", "flowtable"}
)
_MAX_OBJECTS = 1_000_000


@dataclasses.dataclass(slots=True)
class RuleText:
    """One rule as listed.

    Attributes:
        said: its JSON.
        expressions: its statements.
        number: 1-based place in its chain.
        lines: first and last line, or zeros.
    """

    said: JsonObject
    expressions: list[JsonObject]
    number: int
    lines: tuple[int, int]


@dataclasses.dataclass(slots=True)
class Chain:
    """One chain and its rules, in order."""

    table: TableId
    name: str
    said: JsonObject
    lines: tuple[int, int]
    rules: list[RuleText] = dataclasses.field(default_factory=list)

    @property
    def is_base(self) -> bool:
        """True if packets enter by it."""
        return "hook" in self.said or "type" in self.said

    @property
    def hook(self) -> str:
        """The kernel's hook, or "" for a chain that only others lead to."""
        return text_of(self.said.get("hook"))

    @property
    def priority(self) -> int:
        """Its place among the chains of its hook; the lowest sees a packet first."""
        found = self.said.get("prio")
        return found if isinstance(found, int) else 0


@dataclasses.dataclass(slots=True)
class Table:
    """One table.

    Attributes:
        written: names of sets and maps that a rule of it writes.
        digests: of what it holds, kept by those who made them, because many rules may need them.
    """

    key: TableId
    said: JsonObject
    lines: tuple[int, int]
    chains: dict[str, Chain] = dataclasses.field(default_factory=dict)
    sets: dict[str, tuple[str, JsonObject]] = dataclasses.field(default_factory=dict)
    objects: dict[tuple[str, str], JsonObject] = dataclasses.field(default_factory=dict)
    unreadable: list[JsonObject] = dataclasses.field(default_factory=list)
    written: set[str] = dataclasses.field(default_factory=set)
    digests: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """As nft writes it, such as `table inet filter`."""
        return f"table {self.key[0]} {self.key[1]}"

    @property
    def flags(self) -> JsonValue:
        """What the listing says of flags, or None."""
        return self.said.get("flags")


@dataclasses.dataclass(slots=True)
class Document:
    """A whole ruleset.

    Attributes:
        tables: by family and name, in the order of the listing.
        version: of nft, where the listing says.
        strange: objects that are of no known kind or belong to no table.
    """

    tables: dict[TableId, Table] = dataclasses.field(default_factory=dict)
    version: str = ""
    strange: list[JsonObject] = dataclasses.field(default_factory=list)

    def chains(self) -> Iterator[tuple[Table, Chain]]:
        """Yield each chain with its table."""
        for table in self.tables.values():
            for chain in table.chains.values():
                yield table, chain


def document(listing: JsonValue) -> Document:
    """Return the objects of a listing.

    Raises:
        ParseError: it is no listing: an object without a name, of a table or chain that is not there, or there twice.
    """
    objects = listing.get("nftables") if isinstance(listing, dict) else None
    if not isinstance(objects, list) or len(objects) > _MAX_OBJECTS:
        raise ParseError("this is no nftables ruleset: a list named nftables is expected")
    found = Document()
    for one in objects:
        if not isinstance(one, dict) or len(one) != 1:
            raise ParseError("an nftables object must be named by its kind")
        ((kind, said),) = one.items()
        if not isinstance(said, dict):
            raise ParseError(f"the nftables object {kind[:40]!r} says nothing")
        if kind == "rule":
            _add_rule(found, said)
        else:
            _add(found, kind, said)
    return found


def _add(found: Document, kind: str, said: JsonObject) -> None:
    if kind == "metainfo":
        found.version = text_of(said.get("version"))
        return
    if kind == "table":
        table_key = (_name(said, "family", kind), _name(said, "name", kind))
        if table_key in found.tables:
            raise ParseError(f"table {' '.join(table_key)[:80]!r} is listed twice{_at(said)}")
        found.tables[table_key] = Table(table_key, said, lines_of(said))
        return
    table = found.tables.get((text_of(said.get("family")), text_of(said.get("table"))))
    if kind == "unreadable" or (table is not None and kind not in _OBJECTS and kind not in {"chain", "set", "map"}):
        (found.strange if table is None else table.unreadable).append({kind: said})
        return
    if table is None:
        found.strange.append({kind: said})
        return
    name = _name(said, "name", kind)
    if kind == "chain":
        _once(name, kind, said, is_there=name in table.chains)
        table.chains[name] = Chain(table.key, name, said, lines_of(said))
    elif kind in {"set", "map"}:
        _once(name, kind, said, is_there=name in table.sets)
        table.sets[name] = (kind, said)
    else:
        _once(name, kind, said, is_there=(kind, name) in table.objects)
        table.objects[kind, name] = said


def _add_rule(found: Document, said: JsonObject) -> None:
    table = found.tables.get((text_of(said.get("family")), text_of(said.get("table"))))
    chain = table.chains.get(text_of(said.get("chain"))) if table is not None else None
    if table is None or chain is None:
        raise ParseError(f"a rule belongs to a chain that is not listed{_at(said)}")
    expressions = said.get("expr", [])
    if not isinstance(expressions, list):
        raise ParseError(f"the statements of a rule are no list{_at(said)}")
    rows: list[JsonObject] = []
    for one in expressions:
        if not isinstance(one, dict) or len(one) != 1:
            raise ParseError(f"a statement of a rule has no kind{_at(said)}")
        rows.append(one)
        if "set" in one or "map" in one:
            for kind, written in one.items():
                if isinstance(written, dict):
                    table.written.add(text_of(written.get(kind)).removeprefix("@"))
    chain.rules.append(RuleText(said, rows, len(chain.rules) + 1, lines_of(said)))


def _once(name: str, kind: str, said: JsonObject, *, is_there: bool) -> None:
    if is_there:
        raise ParseError(f"{kind} {name[:80]!r} is listed twice{_at(said)}")


def _name(said: JsonObject, field: str, kind: str) -> str:
    found = said.get(field)
    if not isinstance(found, str) or not found:
        raise ParseError(f"an nftables {kind[:40]} has no {field}{_at(said)}")
    return found


def text_of(value: JsonValue) -> str:
    """Return a value that is text, or "" for any other."""
    return value if isinstance(value, str) else ""


def lines_of(said: JsonObject) -> tuple[int, int]:
    """Return the first and last line of an object, or zeros where it did not come from text."""
    found = said.get("line")
    if isinstance(found, list) and len(found) == 2:
        first, last = found
        if isinstance(first, int) and isinstance(last, int):
            return first, last
    return 0, 0


def _at(said: JsonObject) -> str:
    first, _ = lines_of(said)
    return f", line {first}" if first else ""


def reached(table: Table, bases: Iterable[Chain]) -> list[str]:
    """Return the names of chains and of those that they lead to, in the order of the listing."""
    found: set[str] = set()
    waiting = [chain.name for chain in bases]
    while waiting:
        name = waiting.pop()
        if name in found or name not in table.chains:
            continue
        found.add(name)
        for rule in table.chains[name].rules:
            for one in rule.expressions:
                if not ("match" in one or "accept" in one or "drop" in one):
                    waiting += _targets(one, table)
    return [name for name in table.chains if name in found]


def _targets(said: JsonValue, table: Table) -> Iterator[str]:
    """Yield the chains that a statement leads to."""
    if isinstance(said, list):
        for one in said:
            yield from _targets(one, table)
    elif isinstance(said, dict):
        for kind, inner in said.items():
            if kind in {"jump", "goto"} and isinstance(inner, dict):
                yield text_of(inner.get("target"))
            elif kind == "data" and isinstance(inner, str) and inner[1:] in table.sets:
                yield from _targets(table.sets[inner[1:]][1].get("elem"), table)
            elif kind in {"vmap", "data", "set"}:
                yield from _targets(inner, table)


def is_dormant(table: Table) -> bool:
    """True if a table is surely switched off."""
    flags = table.flags
    return isinstance(flags, list) and "dormant" in flags


def may_be_dormant(table: Table) -> bool:
    """True if a table may be switched off, but its listing does not say: nft 1.0.6 writes wrong flags as JSON."""
    flags = table.flags
    known = isinstance(flags, list) and all(flag in ("dormant", "owner", "persist") for flag in flags)
    return flags is not None and not known
