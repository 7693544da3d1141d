"""Matches: which packets one condition of an nftables rule matches.

Input: a match statement as libnftables writes it, and from where on the packet's way it looks. Output: an area.

A negation negates the field, not what the field implies: `tcp dport != 22` is about TCP alone. A condition that nobody
here can tell becomes an opaque one, within what it implies.
"""

import functools
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from murenger.adapters.parsers.nftables import sets, values
from murenger.adapters.parsers.nftables.boxes import ALL, Algebra, Area, Box
from murenger.adapters.parsers.nftables.document import JsonObject, Table, text_of
from murenger.adapters.parsers.nftables.fields import Field, field_of, implied_by
from murenger.adapters.parsers.nftables.opaque import Keys
from murenger.adapters.parsers.nftables.sets import Row
from murenger.adapters.parsers.nftables.slots import placed
from murenger.adapters.parsers.nftables.values import UnknownValueError, spans
from murenger.model.json_value import JsonValue
from murenger.semantics.intervals import IntervalSet
from murenger.semantics.ir import Places

MAX_BOXES = 20_000
"""A single condition of more boxes than this is not expanded."""

Allowed: TypeAlias = IntervalSet | Places


class Sight(NamedTuple):
    """What a rule can see of a packet from the hook where its chain stands.

    Attributes:
        ingress: False if the kernel may or may not tell the interface that the packet came by.
        egress: False if the interface that it leaves by is not known yet: rules see an empty name.
        connections: False before connections are tracked.
    """

    ingress: bool = True
    egress: bool = True
    connections: bool = True


class Conditions:
    """Turns the match statements of one ruleset into areas; equal statements are read once.

    Attributes:
        services: sets that destination ports are held against: by name and protocols, None for all that have ports.
    """

    def __init__(self, algebra: Algebra, keys: Keys) -> None:
        """Use the algebra that all areas of the ruleset are made with."""
        self._algebra = algebra
        self._keys = keys
        self._areas: dict[object, Area] = {}
        self._sets: dict[tuple[int, str, int], IntervalSet] = {}
        self.services: dict[tuple[str, IntervalSet | None], IntervalSet] = {}

    def area(self, match: JsonValue, table: Table, sight: Sight) -> Area:
        """Return the packets that a match statement matches."""
        if not isinstance(match, dict):
            return self.opaque({"match": match}, table, ALL)
        key = _memo(match, table, sight)
        known = self._areas.get(key)
        if known is None:
            known = self._areas[key] = self._read(match, table, sight)
        return known

    def opaque(self, said: JsonObject, table: Table, implied: Box = ALL) -> Area:
        """Return the packets that a condition matches that nobody here can tell."""
        return Area((implied._replace(opaque=((self._keys.key(said, table), True),)),))

    def cases(self, key: JsonValue, found: Iterable[Row], table: Table, sight: Sight) -> list[tuple[Box, ...]]:
        """Return, for each element of a verdict map, the boxes of packets that it matches.

        Raises:
            UnknownValueError: one of them cannot be told.
        """
        fields = self._fields(key)
        return [self._row_boxes(row, fields, key, table, sight) for row in found]

    def rows(self, right: JsonValue, left: JsonValue, table: Table, data: str | None = None) -> tuple[Row, ...]:
        """Return the elements of a set, or of a map to some type of data, that is written in place or named.

        Raises:
            UnknownValueError: they cannot be told.
        """
        if isinstance(right, dict) and set(right) == {"set"}:
            inner = right["set"]
            return sets.rows(inner if isinstance(inner, list) else [inner])
        if isinstance(right, str) and right[:1] == "@":
            found = sets.rows_of(right[1:], table)
            sets.check_types(right[1:], table, [field.kind for field in self._fields(left)], data)
            return found
        raise UnknownValueError

    def members(self, name: str, table: Table, kind: values.Kind) -> IntervalSet:
        """Return the integers that a named set of one type of values holds.

        Raises:
            UnknownValueError: they cannot be told.
        """
        key = (id(table), name, kind.top)
        if key not in self._sets:
            self._sets[key] = self._algebra.interned(sets.union(sets.rows_of(name, table), kind))
        return self._sets[key]

    def _read(self, match: JsonObject, table: Table, sight: Sight) -> Area:
        left = match.get("left")
        if set(match) == {"op", "left", "right"}:
            try:
                return self._exact(text_of(match["op"]), left, match["right"], table, sight)
            except UnknownValueError:
                pass
        return self.opaque({"match": match}, table, self._implied(left))

    def _exact(self, operator: str, left: JsonValue, right: JsonValue, table: Table, sight: Sight) -> Area:
        fields = self._fields(left)
        if len(fields) != 1:
            return self._concatenation(operator, left, right, table, sight)
        (field,) = fields
        said: JsonObject = {"match": {"op": operator, "left": left, "right": right}}
        if field.kind is None:
            return Area(self._place(field, self._interfaces(operator, left, right, table), said, table, sight))
        if isinstance(left, dict) and "&" in left:
            allowed = _under_mask(operator, left["&"], right, field.kind)
        elif _is_set(right):
            allowed = self._members(right, left, field.kind, table)
            if isinstance(right, str) and field.slot in {"dport", "th-dport"} and field.kind is values.PORT:
                self.services[right[1:], field.implied.proto] = allowed
            allowed = _turned(operator, allowed, field.kind)
        else:
            allowed = _compared(operator, right, field.kind)
        return Area(self._place(field, self._algebra.interned(allowed), said, table, sight))

    def _fields(self, left: JsonValue) -> tuple[Field, ...]:
        if isinstance(left, dict) and len(left) == 1:
            if "concat" in left and isinstance(left["concat"], list):
                return tuple(self._field(one) for one in left["concat"])
            if "&" in left and isinstance(left["&"], list) and len(left["&"]) == 2:
                return (self._field(left["&"][0]),)
        return (self._field(left),)

    def _field(self, left: JsonValue) -> Field:
        found = field_of(left)
        if found is None:
            raise UnknownValueError
        return found

    def _implied(self, left: JsonValue) -> Box:
        parts = left["concat"] if isinstance(left, dict) and isinstance(left.get("concat"), list) else [left]
        found: Box | None = ALL
        for one in parts if isinstance(parts, list) else ():
            found = self._algebra.meet(found, implied_by(one)) if found is not None else None
        return ALL if found is None else found

    def _members(self, right: JsonValue, left: JsonValue, kind: values.Kind, table: Table) -> IntervalSet:
        if not isinstance(right, str):
            return sets.union(self.rows(right, left, table), kind)
        if right[1:] in table.sets:
            sets.check_types(right[1:], table, [kind], None)
        return self.members(right[1:], table, kind)

    def _interfaces(self, operator: str, left: JsonValue, right: JsonValue, table: Table) -> Places:
        if operator not in {"==", "!="}:
            raise UnknownValueError
        found = [row.key for row in self.rows(right, left, table)] if _is_set(right) else [right]
        names = [_interface(one, left) for one in found]
        return Places.of(*names) if operator == "==" else Places.but(*names)

    def _concatenation(self, operator: str, left: JsonValue, right: JsonValue, table: Table, sight: Sight) -> Area:
        fields = self._fields(left)
        said: JsonObject = {"match": {"op": operator, "left": left, "right": right}}
        if operator not in {"==", "!="} or not fields:
            raise UnknownValueError
        allowed = [self._components(row.key, fields, left) for row in self.rows(right, left, table)]
        boxes: list[Box] = []
        for row in _merged(allowed, len(fields)):
            boxes += self._product(row, fields, said, table, sight)
            if len(boxes) > MAX_BOXES:
                raise UnknownValueError
        if operator == "==":
            return Area(tuple(boxes))
        return Area((self._implied(left),), tuple(boxes))

    def _row_boxes(
        self, row: Row, fields: tuple[Field, ...], key: JsonValue, table: Table, sight: Sight
    ) -> tuple[Box, ...]:
        said: JsonObject = {"match": {"op": "==", "left": key, "right": row.key}}
        return self._product(self._components(row.key, fields, key), fields, said, table, sight)

    def _components(self, key: JsonValue, fields: tuple[Field, ...], left: JsonValue) -> tuple[Allowed, ...]:
        if len(fields) == 1:
            parts: list[JsonValue] = [key]
        elif key == "*":
            parts = ["*"] * len(fields)
        else:
            inner = key.get("concat") if isinstance(key, dict) else None
            if not isinstance(inner, list) or len(inner) != len(fields):
                raise UnknownValueError
            parts = inner
        return tuple(self._component(one, field, left) for one, field in zip(parts, fields, strict=True))

    def _component(self, one: JsonValue, field: Field, left: JsonValue) -> Allowed:
        if field.kind is None:
            return Places() if one == "*" else Places.of(_interface(one, left))
        return self._algebra.interned(spans(one, field.kind))

    def _product(
        self, row: tuple[Allowed, ...], fields: tuple[Field, ...], said: JsonObject, table: Table, sight: Sight
    ) -> tuple[Box, ...]:
        found: tuple[Box, ...] = (ALL,)
        for allowed, field in zip(row, fields, strict=True):
            found = self._algebra.meet_boxes(found, self._place(field, allowed, said, table, sight))
        return found

    def _place(self, field: Field, allowed: Allowed, said: JsonObject, table: Table, sight: Sight) -> tuple[Box, ...]:
        """Return the boxes of packets whose field has an allowed value."""
        if isinstance(allowed, Places):
            return self._placed(field, allowed, said, table, sight)
        if not allowed:
            return ()
        key = functools.partial(self._keys.key, said, table)
        if field.slot == "state" and not sight.connections:
            return (Box(opaque=((key(), True),)),)
        return placed(field, allowed, key)

    def _placed(self, field: Field, allowed: Places, said: JsonObject, table: Table, sight: Sight) -> tuple[Box, ...]:
        if field.slot == "egress":
            if not sight.egress:
                return (ALL,) if "" in allowed else ()
            return (Box(egress=allowed),)
        if not sight.ingress:
            return (Box(opaque=((self._keys.key(said, table), True),)),)
        return (Box(ingress=allowed),)


def _is_set(right: JsonValue) -> bool:
    if isinstance(right, str):
        return right[:1] == "@"
    return isinstance(right, dict) and "set" in right


def _interface(name: JsonValue, left: JsonValue) -> str:
    """Return an interface's name; one that ends in `*` is a beginning."""
    by_index = isinstance(left, dict) and isinstance(left.get("meta"), dict) and "if" in str(left["meta"])
    if not isinstance(name, str) or not name.strip("*") or "\\" in name or (by_index and name.isdecimal()):
        raise UnknownValueError
    if "*" in name[:-1]:
        raise UnknownValueError
    return name


def _turned(operator: str, allowed: IntervalSet, kind: values.Kind) -> IntervalSet:
    if operator == "==":
        return allowed
    if operator == "!=":
        return allowed.complement(kind.top)
    raise UnknownValueError


def _compared(operator: str, right: JsonValue, kind: values.Kind) -> IntervalSet:
    """Return the values that hold against one value, prefix, range, or combination of flags."""
    if operator in {"==", "!="}:
        return _turned(operator, spans(right, kind), kind)
    number = values.number(right, kind)
    if operator in {"in", "!"} and kind in (values.STATE, values.TCP_FLAG):
        return values.bits(number, kind, some=operator == "in")
    bounds = {"<": (0, number - 1), "<=": (0, number), ">": (number + 1, kind.top), ">=": (number, kind.top)}
    if operator not in bounds:
        raise UnknownValueError
    return IntervalSet.of(bounds[operator])


def _under_mask(operator: str, operands: JsonValue, right: JsonValue, kind: values.Kind) -> IntervalSet:
    mask = values.number(operands[1], kind) if isinstance(operands, list) else -1
    return _turned(operator, values.masked(mask, values.number(right, kind), kind), kind)


def _merged(found: list[tuple[Allowed, ...]], width: int) -> list[tuple[Allowed, ...]]:
    """Return rows with those joined that differ in one component alone, in an order that is always the same."""
    for axis in range(width):
        groups: dict[tuple[Allowed, ...], list[Allowed]] = {}
        for row in found:
            groups.setdefault(row[:axis] + row[axis + 1 :], []).append(row[axis])
        found = [(*rest[:axis], _joined(parts), *rest[axis:]) for rest, parts in groups.items()]
    return sorted(found, key=_row_order)


def _joined(parts: list[Allowed]) -> Allowed:
    if len(parts) == 1:
        return parts[0]
    intervals = [span for part in parts if isinstance(part, IntervalSet) for span in part.spans]
    if intervals:
        return IntervalSet.of(*intervals)
    if any(isinstance(part, Places) and part.include is None for part in parts):
        return Places()
    return Places.of(*(name for part in parts if isinstance(part, Places) for name in part.names))


def _row_order(row: tuple[Allowed, ...]) -> tuple[object, ...]:
    return tuple(part.spans if isinstance(part, IntervalSet) else tuple(sorted(part.names)) for part in row)


def _memo(match: JsonObject, table: Table, sight: Sight) -> object:
    """Return what two match statements share that mean the same."""
    left, right = match.get("left"), match.get("right")
    if isinstance(left, dict) and isinstance(right, (str, int)) and len(left) == 1:
        inner = left.get("payload")
        if isinstance(inner, dict) and len(inner) == 2:
            parts = (match.get("op"), inner.get("protocol"), inner.get("field"))
            if type(parts[0]) is type(parts[1]) is type(parts[2]) is str:
                # A right side of true is no 1.
                return *parts, right, type(right), id(table), sight
    return repr(match), id(table), sight
