"""Flattening: the rules of a base chain, and of the chains that it leads to, as one pure first-match list.

Input: a base chain. Output: the rules in the order in which the kernel tries them, each with what a packet has met on
its way to it.

A jump narrows the rules of the chain it leads to. What returns from a chain, or comes back from a goto, is taken away
from the later rules of that chain. In a base chain both mean the policy, which is a rule.
"""

import dataclasses
from collections.abc import Mapping

from murenger.adapters.parsers.nftables.boxes import ALL, BOTH_FAMILIES, FAMILY_4, FAMILY_6, Algebra, Area, Box
from murenger.adapters.parsers.nftables.document import Chain, Document, JsonObject, RuleText, Table, text_of
from murenger.adapters.parsers.nftables.expressions import Conditions, Sight
from murenger.adapters.parsers.nftables.fields import implied_by
from murenger.adapters.parsers.nftables.nat import Translation
from murenger.adapters.parsers.nftables.opaque import Keys, described, whole_table
from murenger.adapters.parsers.nftables.statements import Part, doubtful_negations, noted, part_of
from murenger.adapters.parsers.nftables.values import UnknownValueError
from murenger.errors import ParseError
from murenger.model.json_value import JsonValue
from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import EVERYTHING, Action, OpaqueKey, Provenance, Remark, Rule

MAX_DEPTH = 16
"""Chains that lead to one another, as the kernel allows."""

MAX_EFFECTIVE_RULES = 50_000
"""Rules that come about by jumping to the same chain again, beyond those that are listed."""

_TCP = Box(proto=IntervalSet.single(6))
_REJECTED = {"icmp": Box(family=FAMILY_4), "icmpv6": Box(family=FAMILY_6), "tcp reset": _TCP}

Areas = tuple[Area, ...]


@dataclasses.dataclass(slots=True)
class Budget:
    """What flattening one ruleset may still use."""

    rules: int

    def spend(self, rule: RuleText) -> None:
        """Count one visit to a rule.

        Raises:
            ParseError: the ruleset is too large to be flattened.
        """
        self.rules -= 1
        if self.rules < 0:
            where = f", line {rule.lines[0]}" if rule.lines[0] else ""
            raise ParseError(f"jumps make of this ruleset more than {MAX_EFFECTIVE_RULES} further rules{where}")


@dataclasses.dataclass(slots=True)
class Reading:
    """What one ruleset's chains are flattened with.

    Attributes:
        rewrites: areas of packets that are rewritten on their way, with what says so.
        remarks: what became opaque.
    """

    document: Document
    algebra: Algebra
    conditions: Conditions
    keys: Keys
    budget: Budget
    translation: Translation
    rewrites: list[tuple[Areas, OpaqueKey]] = dataclasses.field(default_factory=list)
    remarks: dict[tuple[int, str], Remark] = dataclasses.field(default_factory=dict)

    def remark(self, rule: RuleText, chain: Chain, keys: Mapping[OpaqueKey, bool]) -> None:
        """Note, once for each rule, the conditions of it that nobody can tell."""
        for key in keys:
            code = "unreadable" if key.kind == "unreadable" else "opaque-condition"
            text = f"{chain.name} rule {rule.number}: {key.label}"
            self.remarks.setdefault((rule.lines[0], text), Remark(code=code, text=text, line=rule.lines[0]))


class Walk:
    """Flattens one base chain."""

    def __init__(self, reading: Reading, table: Table, base: Chain, sight: Sight) -> None:
        """Begin with nothing found."""
        self._reading = reading
        self._algebra = reading.algebra
        self._table = table
        self._base = base
        self._sight = sight
        self._pending: list[str] = []
        self._path: list[str] = []
        self.rules: list[Rule] = []

    @property
    def pending(self) -> str:
        """What notes packets after the last rule that was found, as text."""
        text = "; ".join(self._pending)
        self._pending.clear()
        return text

    def walk(self, name: str, areas: Areas) -> None:
        """Add the rules that packets of some areas meet in a chain.

        Raises:
            ParseError: chains lead in a circle or too deep, or there are too many rules.
        """
        chain = self._table.chains.get(name)
        if chain is None:
            raise ParseError(f"a rule leads to chain {name[:80]!r}, which is not listed in {self._table.name[:80]}")
        if name in self._path or chain.is_base:
            raise ParseError(f"chain {name[:80]!r} leads back to itself")
        if len(self._path) > MAX_DEPTH:
            raise ParseError(f"chains lead to one another more than {MAX_DEPTH} deep, at {name[:80]!r}")
        self.visit(chain, areas)

    def visit(self, chain: Chain, areas: Areas) -> None:
        """As `walk`, for a chain that is known to be listed, the base chain above all."""
        self._path.append(chain.name)
        for rule in chain.rules:
            self._reading.budget.spend(rule)
            areas = self._rule(chain, rule, areas)
            if not areas:
                break
        self._path.pop()

    def _rule(self, chain: Chain, rule: RuleText, areas: Areas) -> Areas:
        """Add what one rule comes to; return the areas of packets that may meet the next rule of the chain."""
        step = _Step(self, chain, rule, areas)
        doubtful = doubtful_negations(rule.expressions)
        if doubtful:
            step.take({"match": {"op": "!=", "left": {"several": doubtful}, "right": None}})
        for statement in rule.expressions:
            if not doubtful or statement not in doubtful:
                step.take(statement)
        return step.finish()

    def met(self, areas: Areas, condition: Area) -> Areas:
        """Return what areas share with a condition."""
        boxes, unless = condition
        if len(areas) == len(boxes) == 1 and not unless and len(areas[0].boxes) == 1:
            # Nearly all conditions of nearly all rules.
            one = self._algebra.meet(areas[0].boxes[0], boxes[0])
            return () if one is None else (Area((one,), areas[0].unless),)
        found = (self._algebra.meet_areas(area, condition) for area in areas)
        return tuple(area for area in found if area.boxes)

    def note(self, text: str) -> None:
        """Let the next rule that is added say that packets were noted before it."""
        self._pending.append(text)

    def add(self, action: Action, areas: Areas, provenance: Provenance, handling: str) -> None:
        """Add a rule for each area; none for packets that cannot be."""
        if self._pending:
            handling = "; ".join(filter(None, (f"before it: {self.pending}", handling)))
        translation, base = self._reading.translation, self._base
        for area in areas or (Area(()),):
            self.rules.append(
                Rule(
                    action=action,
                    any_of=self._algebra.matches(translation.blurred(area.boxes, base)),
                    unless=self._algebra.matches(translation.blurred(area.unless, base)) if area.unless else (),
                    provenance=provenance,
                    handling=handling,
                )
            )

    def policy(self) -> Action:
        """Return what the base chain does with packets that no rule decides."""
        return Action.DENY if self._base.said.get("policy") == "drop" else Action.PERMIT

    @property
    def is_in_base(self) -> bool:
        """True while the rules of the base chain itself are visited."""
        return len(self._path) == 1

    @property
    def parts(self) -> tuple[Reading, Table, Sight]:
        """What statements are read with."""
        return self._reading, self._table, self._sight


class _Step:
    """One rule, statement by statement."""

    def __init__(self, walk: Walk, chain: Chain, rule: RuleText, areas: Areas) -> None:
        self._walk = walk
        self._reading, self._table, self._sight = walk.parts
        self._chain = chain
        self._rule = rule
        self._all = areas
        self._areas = areas
        self._family = BOTH_FAMILIES if self._table.key[0] == "inet" else 0
        self._is_decided = False
        self._left = areas

    def take(self, statement: JsonObject) -> None:
        """Follow one statement."""
        if "match" in statement:
            self._narrow(self._reading.conditions.area(statement["match"], self._table, self._sight))
            return
        ((kind, said),) = statement.items()
        part = part_of(statement)
        if part is Part.NOTE:
            return
        if part is Part.GATE:
            self._narrow(self._reading.conditions.opaque(statement, self._table))
        elif part is Part.VERDICT:
            self._is_decided = True
            self._verdict(kind, said)
        elif part is Part.REWRITE:
            self._rewritten(statement)
        elif part is Part.UNKNOWN:
            self._unknown(statement)

    def finish(self) -> Areas:
        """Return the areas of packets that go on to the next rule."""
        if not self._is_decided:
            text = "; ".join(described(one) for one in self._rule.expressions)
            if text:
                self._walk.note(text)
        return self._left

    def _narrow(self, condition: Area) -> None:
        self._areas = self._walk.met(self._areas, condition)
        family = 0
        for box in condition.boxes:
            family |= box.family
            if box.opaque:
                self._reading.remark(self._rule, self._chain, dict(box.opaque))
        self._family &= family

    def _verdict(self, kind: str, said: JsonValue) -> None:
        match kind:
            case "accept":
                self._decide(Action.PERMIT, self._areas)
            case "drop":
                self._decide(Action.DENY, self._areas)
            case "reject":
                self._reject(said)
            case "return":
                self._leave(self._areas)
            case "jump" | "goto":
                self._lead(kind, said, self._areas)
            case "vmap":
                self._map(said)
            case "queue":
                self._queue(said)
            case _:
                self._is_decided = False

    def _decide(self, action: Action, areas: Areas) -> None:
        if areas or self._walk.is_in_base:
            self._walk.add(action, areas, self._provenance(), noted(self._rule.expressions))

    def _reject(self, said: JsonValue) -> None:
        kind = text_of(said.get("type")) if isinstance(said, dict) else ""
        box = _REJECTED.get(kind, ALL)
        if kind == "tcp reset" and self._family == BOTH_FAMILIES:
            # nft 1.0.6 does not list `meta nfproto` beside this verdict: it may be there.
            condition: JsonObject = {"reject": {"type": kind, "rule": list(self._rule.expressions)}}
            label = "an address family that nft does not list beside reject with tcp reset"
            box = box._replace(opaque=((self._reading.keys.key(condition, self._table, "family", label), True),))
            self._reading.remark(self._rule, self._chain, dict(box.opaque))
        self._areas = self._walk.met(self._areas, Area((box,)))
        self._decide(Action.DENY, self._areas)

    def _leave(self, areas: Areas) -> None:
        """Take packets out of this chain: in the base chain that is the policy."""
        if self._walk.is_in_base:
            self._decide(self._walk.policy(), areas)
            return
        for area in areas:
            self._left = self._reading.algebra.without(self._left, area)

    def _lead(self, kind: str, said: JsonValue, areas: Areas) -> None:
        target = text_of(said.get("target")) if isinstance(said, dict) else ""
        notes = noted(self._rule.expressions)
        if notes:
            self._walk.note(notes)
        if areas:
            self._walk.walk(target, areas)
        if kind == "goto":
            self._leave(areas)

    def _map(self, said: JsonValue) -> None:
        key = said.get("key") if isinstance(said, dict) else None
        data = said.get("data") if isinstance(said, dict) else None
        conditions = self._reading.conditions
        try:
            rows = conditions.rows(data, key, self._table, "verdict")
            cases = conditions.cases(key, rows, self._table, self._sight)
        except UnknownValueError:
            self._narrow(Area((implied_by(key),)))
            self._open({"vmap": said}, self._areas)
            return
        others: tuple[Box, ...] = ()
        for row, boxes in sorted(zip(rows, cases, strict=True), key=lambda case: case[0].key == "*"):
            unless = others if row.key == "*" else ()
            others += boxes
            if isinstance(row.data, dict) and len(row.data) == 1:
                ((kind, inner),) = row.data.items()
            else:
                kind, inner = "", None
            areas = self._walk.met(self._areas, Area(boxes, unless))
            self._case(kind, inner, areas)

    def _case(self, kind: str, said: JsonValue, areas: Areas) -> None:
        match kind:
            case "accept" | "drop":
                self._decide(Action.PERMIT if kind == "accept" else Action.DENY, areas)
            case "return":
                self._leave(areas)
            case "jump" | "goto":
                self._lead(kind, said, areas)
            case "continue":
                pass
            case _:
                self._open({"vmap": {kind: said}}, areas)

    def _queue(self, said: JsonValue) -> None:
        """Let nobody know what a program decides about the packets."""
        key = self._reading.keys.key({"queue": said}, self._table, "queue")
        self._reading.remark(self._rule, self._chain, {key: True})
        refused = self._walk.met(self._areas, Area((Box(opaque=((key, True),)),)))
        self._decide(Action.DENY, refused)
        self._decide(Action.PERMIT, self._areas)

    def _rewritten(self, statement: JsonObject) -> None:
        # Any chain on the way may decide the packet by what it is then.
        tables = [whole_table(table) for table in self._reading.document.tables.values()]
        key = self._reading.keys.key(
            {"rewrite": [dict(statement), *tables]}, self._table, "rewrite", described(statement)
        )
        self._reading.remark(self._rule, self._chain, {key: True})
        self._reading.rewrites.append((self._areas, key))

    def _unknown(self, statement: JsonObject) -> None:
        """Let a statement decide the packets, or let any of them go on to the statements after it.

        Nothing is listed after a verdict, so a statement before one is none: it is a condition, or has an effect.
        """
        if not any(part_of(one) is Part.VERDICT for one in self._rule.expressions):
            self._is_decided = True
            self._open(statement, self._areas)
        self._narrow(self._reading.conditions.opaque(statement, self._table))

    def _open(self, statement: JsonObject, areas: Areas) -> None:
        """Let packets be permitted, denied, sent back or sent on: nobody here knows."""
        ((kind, _),) = statement.items()
        whole: list[JsonValue] = [dict(statement), list(self._rule.expressions), whole_table(self._table)]
        sort = "vmap" if kind == "vmap" else "unreadable"
        for effect in ("permit", "deny", "return"):
            key = self._reading.keys.key({"open": [effect, *whole]}, self._table, sort, described(statement))
            self._reading.remark(self._rule, self._chain, {key: True})
            found = self._walk.met(areas, Area((Box(opaque=((key, True),)),)))
            if effect != "return":
                self._decide(Action.PERMIT if effect == "permit" else Action.DENY, found)
            elif not self._walk.is_in_base:
                self._leave(found)

    def _provenance(self) -> Provenance:
        comment = text_of(self._rule.said.get("comment"))
        name = f"chain {self._chain.name} rule {self._rule.number}"
        return Provenance(
            rule=f"{name} {comment}" if comment else name,
            first_line=self._rule.lines[0],
            last_line=self._rule.lines[1],
            objects=_objects(self._rule.expressions),
        )


def catch_all(action: Action, provenance: Provenance, handling: str = "") -> Rule:
    """Return the rule that decides whatever no other did."""
    return Rule(action=action, any_of=EVERYTHING, provenance=provenance, handling=handling)


def _objects(expressions: list[JsonObject]) -> tuple[str, ...]:
    """Return the names of the sets that a rule uses."""
    found: dict[str, None] = {}
    for one in expressions:
        for said in one.values():
            if isinstance(said, dict):
                for inner in said.values():
                    if isinstance(inner, str) and inner[:1] == "@":
                        found[inner[1:]] = None
    return tuple(found)
