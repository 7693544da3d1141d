"""Sets and maps: what they hold, and whether that is known.

Input: a table's sets as listed, or a set written inside a rule. Output: their rows, and interval sets.

A set that rules or timeouts change is run-time data: what it holds at the moment says nothing about the policy.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

from murenger.adapters.parsers.nftables.document import JsonObject, Table, text_of
from murenger.adapters.parsers.nftables.values import Kind, UnknownValueError, number, spans
from murenger.model.json_value import JsonValue
from murenger.semantics.intervals import IntervalSet

_HARMLESS = frozenset(
    {
        "family", "name", "table", "handle", "comment", "line", "size", "policy", "gc-interval", "auto-merge",
        "type", "map", "flags", "elem", "timeout", "stmt",
    }
)  # fmt: skip
_PLAIN_FLAGS = frozenset({"interval", "constant"})
_ELEMENT = frozenset({"val", "comment", "counter"})


class Row(NamedTuple):
    """One element: a key and, in a map, what it leads to."""

    key: JsonValue
    data: JsonValue = None


def definition_of(name: str, table: Table) -> str:
    """Return a digest of what a named set is: a static one without its name, a run-time one with it."""
    found = table.digests.get(name)
    if found is None:
        whole = json.dumps(_definition(name, table), sort_keys=True)
        found = table.digests[name] = hashlib.sha256(whole.encode()).hexdigest()
    return found


def _definition(name: str, table: Table) -> JsonValue:
    kind, said = table.sets[name]
    elements = said.get("elem")
    keep: dict[str, JsonValue] = {"kind": kind, "type": said.get("type"), "map": said.get("map")}
    if not is_runtime(name, table):
        keep |= {other: value for other, value in said.items() if other not in _HARMLESS}
        rows = elements if isinstance(elements, list) else [elements]
        return {
            **keep,
            "stmt": _statements(said),
            "elem": sorted(json.dumps(_said(row), sort_keys=True) for row in rows),
        }
    unsaid = {"handle", "line", "comment", "family", "table"}
    keep |= {other: value for other, value in said.items() if other not in unsaid and other != "elem"}
    if not _is_changed_at_run_time(name, table) and isinstance(elements, list):
        kept = [row for row in elements if not _is_timed(row)]
        keep["elem"] = sorted(json.dumps(_said(row), sort_keys=True) for row in kept)
    keep["written by"] = [
        [chain.name, list(rule.expressions)]
        for chain in table.chains.values()
        for rule in chain.rules
        if name in table.written and any(_writes(one, name) for one in rule.expressions)
    ]
    return keep


def is_runtime(name: str, table: Table) -> bool:
    """True if what a named set holds is run-time data."""
    _, said = table.sets[name]
    flags = _flags(said)
    return _is_changed_at_run_time(name, table) or "timeout" in flags or "timeout" in said


def rows_of(name: str, table: Table) -> tuple[Row, ...]:
    """Return the elements of a named set.

    Raises:
        UnknownValueError: there is no such set, it is run-time data, or it says something unknown.
    """
    if name not in table.sets or is_runtime(name, table):
        raise UnknownValueError
    _, said = table.sets[name]
    if set(said) - _HARMLESS or not _flags(said) <= _PLAIN_FLAGS or _statements(said):
        raise UnknownValueError
    elements = said.get("elem", [])
    if not isinstance(elements, list):
        raise UnknownValueError
    return rows(elements)


def rows(elements: Iterable[JsonValue]) -> tuple[Row, ...]:
    """Return elements as rows, stripped of their comments and counters.

    Raises:
        UnknownValueError: one carries something else, such as a limit or a timeout.
    """
    found: list[Row] = []
    for one in elements:
        if isinstance(one, list):
            if len(one) != 2:
                raise UnknownValueError
            found.append(Row(_bare(one[0]), one[1]))
        else:
            found.append(Row(_bare(one)))
    return tuple(found)


def check_types(name: str, table: Table, kinds: Iterable[Kind | None], data: str | None) -> None:
    """Refuse a named set or map whose declared type is not that of the fields, or the data, that it is used for.

    Raises:
        UnknownValueError: it is another type.
    """
    declared = table.sets[name][1].get("type")
    types = declared if isinstance(declared, list) else [declared]
    wanted = [kind.types if kind is not None else frozenset({"ifname", "iface_index"}) for kind in kinds]
    if table.sets[name][1].get("map") != data or len(types) != len(wanted):
        raise UnknownValueError
    if not all(text_of(one) in known for one, known in zip(types, wanted, strict=True)):
        raise UnknownValueError


def union(found: Iterable[Row], kind: Kind) -> IntervalSet:
    """Return the integers that rows stand for.

    Raises:
        UnknownValueError: one of them cannot be told.
    """
    every: list[tuple[int, int]] = []
    for row in found:
        if isinstance(row.key, dict) or row.key == "*":
            every += spans(row.key, kind).spans
        else:
            one = number(row.key, kind)
            every.append((one, one))
    return IntervalSet.of(*every)


def _bare(one: JsonValue) -> JsonValue:
    if isinstance(one, dict) and "elem" in one:
        inner = one["elem"]
        if not isinstance(inner, dict) or set(inner) - _ELEMENT or len(one) != 1:
            raise UnknownValueError
        return inner.get("val")
    return one


def _said(one: JsonValue) -> JsonValue:
    """Return an element without its comment and counts."""
    if isinstance(one, list):
        return [_said(inner) for inner in one]
    if isinstance(one, dict) and isinstance(one.get("elem"), dict):
        inner = one["elem"]
        if isinstance(inner, dict):
            left = {name: value for name, value in inner.items() if name not in {"comment", "counter", "expires"}}
            return left["val"] if set(left) == {"val"} else left
    return one


def _is_timed(one: JsonValue) -> bool:
    inner = one.get("elem") if isinstance(one, dict) else None
    return isinstance(inner, dict) and ("expires" in inner or "timeout" in inner)


def _is_changed_at_run_time(name: str, table: Table) -> bool:
    return name in table.written or "dynamic" in _flags(table.sets[name][1])


def _writes(one: JsonObject, name: str) -> bool:
    for kind in ("set", "map"):
        inner = one.get(kind)
        if isinstance(inner, dict) and inner.get(kind) == f"@{name}":
            return True
    return False


def _flags(said: JsonObject) -> frozenset[str]:
    found = said.get("flags", [])
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(str(one) for one in found) if isinstance(found, list) else frozenset({"?"})


def _statements(said: JsonObject) -> JsonValue:
    """Return what a set does with each element beside counting, such as a limit."""
    found = said.get("stmt", [])
    if not isinstance(found, list):
        return [found]
    return [one for one in found if not (isinstance(one, dict) and set(one) == {"counter"})]
