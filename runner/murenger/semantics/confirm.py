"""Confirmation: one packet through the independent interpreter, quickly enough for thousands of packets.

Input: a ruleset and packets. Output: what the interpreter says. Rules whose lowest and highest addresses and ports rule
the packet out are not shown to it; nothing of the engine is used.
"""

import bisect
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from murenger.model.packet import PORT_PROTOCOLS, Packet
from murenger.semantics.interpreter import Trace, lists_for, trace
from murenger.semantics.ir import Match, OpaqueKey, Rule, RuleList, Ruleset

_BUCKETS = 512
_FEW = 6
"""So many packets are looked up one rule after the other before a table is made."""

_Hull = tuple[int, int]


class Interpreted:
    """A ruleset that is asked about many packets.

    Args:
        ruleset: the ruleset.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._near: dict[tuple[int, int], _Near] = {}

    def trace(self, packet: Packet, valuation: Mapping[OpaqueKey, bool] | None = None) -> Trace:
        """Return what becomes of a packet.

        Args:
            packet: the packet.
            valuation: the truth of opaque conditions, False for those not named; None if it is not known.
        """
        lists = lists_for(self._ruleset, packet) or ()
        fewer = tuple(dataclasses.replace(one, rules=self._rules(one, packet)) for one in lists)
        if valuation is not None:
            fewer = tuple(dataclasses.replace(one, rules=_settled(one.rules, valuation)) for one in fewer)
        return trace(dataclasses.replace(self._ruleset, lists=fewer), packet)

    def _rules(self, one: RuleList, packet: Packet) -> tuple[Rule, ...]:
        near = self._near.get((id(one), packet.family))
        if near is None:
            near = self._near[id(one), packet.family] = _Near(one.rules, packet.family)
        return near.rules(packet)


class _Near:
    """The rules of one list that have matches of one family, by their lowest and highest values."""

    def __init__(self, rules: Sequence[Rule], family: int) -> None:
        self._rules: list[Rule] = []
        self._hulls: tuple[list[_Hull], list[_Hull], list[_Hull]] = ([], [], [])
        self._tables: tuple[_Table, ...] = ()
        self._asked = 0
        dst, src, dport = self._hulls
        for rule in rules:
            found = [match for match in rule.any_of if match.family == family and match.dst.spans and match.src.spans]
            if found:
                self._rules.append(rule)
                dst.append(_hull([match.dst.spans for match in found]))
                src.append(_hull([match.src.spans for match in found]))
                # An empty set of ports keeps protocols that have none: it rules nothing out.
                ports = [l4.dport.spans or ((0, 0),) for match in found for l4 in match.l4]
                dport.append(_hull(ports) if ports else (0, 0))

    def rules(self, packet: Packet) -> tuple[Rule, ...]:
        """Return the rules that may match a packet, in order."""
        self._asked += 1
        values = (packet.dst, packet.src, packet.dport if packet.proto in PORT_PROTOCOLS else None)
        if self._asked <= _FEW:
            numbers: Iterable[int] = range(len(self._rules))
            for hulls, value in zip(self._hulls, values, strict=True):
                if value is not None:
                    numbers = [number for number in numbers if hulls[number][0] <= value <= hulls[number][1]]
            return tuple(self._rules[number] for number in numbers)
        self._tables = self._tables or tuple(_Table(hulls) for hulls in self._hulls)
        mask = -1
        for table, value in zip(self._tables, values, strict=True):
            if value is not None:
                mask &= table.mask(value)
        return tuple(self._rules[number] for number in _bits(mask))


class _Table:
    """For each stretch of values, a bit mask of the hulls that meet it."""

    def __init__(self, hulls: Sequence[_Hull]) -> None:
        values = sorted({low for low, _ in hulls} | {high + 1 for _, high in hulls})
        self._bounds = values[:: 1 + len(values) // _BUCKETS]
        enter: list[list[int]] = [[] for _ in range(len(self._bounds) + 1)]
        leave: list[list[int]] = [[] for _ in range(len(self._bounds) + 1)]
        for number, (low, high) in enumerate(hulls):
            enter[bisect.bisect_right(self._bounds, low)].append(number)
            leave[bisect.bisect_right(self._bounds, high)].append(number)
        now = bytearray(len(hulls) // 8 + 1)
        self._masks: list[int] = []
        for come, go in zip(enter, leave, strict=True):
            for number in come:
                now[number >> 3] |= 1 << (number & 7)
            self._masks.append(int.from_bytes(now, "little"))
            for number in go:
                now[number >> 3] &= ~(1 << (number & 7))

    def mask(self, value: int) -> int:
        """Return the hulls that may hold a value."""
        return self._masks[bisect.bisect_right(self._bounds, value)]


def _bits(mask: int) -> Iterable[int]:
    digits = format(mask, "b")[::-1]
    number = digits.find("1")
    while number >= 0:
        yield number
        number = digits.find("1", number + 1)


def _hull(spans: Sequence[Sequence[tuple[int, int]]]) -> _Hull:
    if len(spans) == 1:
        return spans[0][0][0], spans[0][-1][1]
    return min(one[0][0] for one in spans), max(one[-1][1] for one in spans)


def _settled(rules: Iterable[Rule], valuation: Mapping[OpaqueKey, bool]) -> tuple[Rule, ...]:
    """Return rules as they are where the truth of every condition is known."""

    def settled(matches: tuple[Match, ...]) -> tuple[Match, ...]:
        return tuple(
            dataclasses.replace(match, opaque=())
            for match in matches
            if all(valuation.get(key, False) is wanted for key, wanted in match.opaque)
        )

    return tuple(dataclasses.replace(rule, any_of=settled(rule.any_of), unless=settled(rule.unless)) for rule in rules)
