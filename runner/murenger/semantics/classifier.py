"""The classifier: the interpreter's answers for a great many packets.

Input: a ruleset, then packets. Output: the same `Trace` that the interpreter gives.

Each condition of a box is a bit; the values of a dimension fall into intervals within which the same bits hold. A
packet's bits of every dimension, put together with AND, name the boxes that it is in, and the lowest is the first match
(Lakshman and Stiliadis, 1998: bit vectors). Rules come in blocks, so that memory grows with the rules and not with
their square.
"""

import dataclasses
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from murenger.model.packet import ICMP, ICMPV6, PORT_PROTOCOLS, Packet
from murenger.semantics.interpreter import (
    Answer,
    Trace,
    is_sure,
    lists_for,
    placed,
    settle,
    spread,
    telling,
    trace,
)
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IPV4, IntervalSet, any_address
from murenger.semantics.ir import L4, Action, Match, Rule, RuleList, Ruleset, State, TcpFlags

BLOCK = 1_024
"""Boxes of one block: long enough for a bit vector to pay, short enough to cost little memory."""
MOST_SPANS = 50_000
"""Intervals of one block in one dimension, unless one box alone has more."""
MOST_WAYS = 20_000
"""Ways that are remembered; names of interfaces come from whoever asks."""

_FLAGS = {"syn": TcpFlags.SYN, "ack": TcpFlags.ACK_OR_RST, "none": TcpFlags.OTHER}
_STATES = {str(state.name).lower(): state for state in State}

# Ends of intervals, and the bits that hold below the first and from each on; None where every box holds everywhere.
_Table: TypeAlias = tuple[Sequence[int], Sequence[int]] | None


@dataclasses.dataclass(frozen=True, slots=True)
class _Box:
    """One match with one of its protocols and ports; `answer` is what it decides, None where that depends."""

    match: Match
    l4: L4
    rule: Rule
    answer: Trace | None


class _Block:
    """Some boxes of one list and family, in order."""

    def __init__(self, boxes: Sequence[_Box], family: int) -> None:
        self.boxes = boxes
        self.answers = [box.answer for box in boxes]
        every = any_address(family)
        self.src = _table([box.match.src for box in boxes], every)
        self.dst = _table([box.match.dst for box in boxes], every)
        self.sport = _table([box.l4.sport for box in boxes], ANY_PORT)
        self.dport = _table([box.l4.dport for box in boxes], ANY_PORT)
        self._proto = _table([box.l4.proto for box in boxes], ANY_PROTOCOL)
        self._small: dict[tuple[str, str], int] = {}

    def base(self, proto: int, flags: str, state: str, ingress: str, egress: str) -> int:
        """Return the boxes that hold on a way, addresses and ports aside."""
        if len(self._small) > MOST_WAYS:
            self._small.clear()
        bits = -1 if self._proto is None else self._proto[1][bisect_right(self._proto[0], proto)]
        return (
            bits
            & self._bits("flags", flags, lambda match: _FLAGS[flags] in match.flags)
            & self._bits("state", state, lambda match: _STATES[state] in match.state)
            & self._bits("in", ingress, lambda match: ingress in match.ingress)
            & self._bits("out", egress, lambda match: egress in match.egress)
        )

    def _bits(self, dimension: str, value: str, holds: Callable[[Match], bool]) -> int:
        found = self._small.get((dimension, value))
        if found is None:
            found = sum(1 << number for number, box in enumerate(self.boxes) if holds(box.match))
            self._small[dimension, value] = found
        return found


# A block on one way: the bits that hold on it, the tables still to be asked, what each bit decides, the block.
_Lane: TypeAlias = tuple[int, _Table, _Table, _Table, _Table, Sequence[Trace | None], _Block]
_Way: TypeAlias = tuple[tuple[RuleList, ...], tuple[tuple[_Lane, ...], ...]]
_WayKey: TypeAlias = tuple[int, int, str, str, str, str, str]


class Classifier:
    """Answers as `interpreter.trace` does, many times faster once a way has been met.

    Args:
        ruleset: the rules.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._zone_of = {interface: zone for zone, interfaces in ruleset.zones for interface in interfaces}
        self._blocks: dict[tuple[int, int], tuple[_Block, ...]] = {}
        self._ways: dict[_WayKey, _Way | None] = {}

    def trace(self, packet: Packet) -> Trace:
        """Return what becomes of a packet."""
        key = (
            packet.family,
            packet.proto,
            packet.flags,
            packet.state,
            packet.ingress,
            packet.egress,
            packet.acl,
        )
        try:
            way = self._ways[key]
        except KeyError:
            way = self._way(key, packet)
        if way is None:
            return trace(self._ruleset, packet)
        last = _PASSED
        for lanes in way[1]:
            answer = _first(lanes, packet.src, packet.dst, packet.sport, packet.dport)
            if answer is None:
                return self._undecided(way, packet)
            if answer.answer is Answer.DENY:
                return answer
            last = telling(last, answer)
        return last

    def _way(self, key: _WayKey, packet: Packet) -> _Way | None:
        """Return the lanes of a way, None where the model does not hold it or it stands for several."""
        if len(self._ways) > MOST_WAYS:
            self._ways.clear()
        ways = spread(self._ruleset, packet)
        lists = lists_for(self._ruleset, packet) if len(ways) == 1 else None
        way: _Way | None = None
        if lists is not None:
            inside = placed(self._ruleset, ways[0])
            way = lists, tuple(self._lanes(one, inside) for one in lists)
        self._ways[key] = way
        return way

    def _lanes(self, rule_list: RuleList, packet: Packet) -> tuple[_Lane, ...]:
        icmp = ICMP if packet.family == IPV4 else ICMPV6
        has_ports = packet.proto in PORT_PROTOCOLS or packet.proto == icmp
        lanes: list[_Lane] = []
        for block in self._blocks_of(rule_list, packet.family):
            bits = block.base(packet.proto, packet.flags, packet.state, packet.ingress, packet.egress)
            if bits:
                ports = (block.sport, block.dport) if has_ports else (None, None)
                lanes.append((bits, block.src, block.dst, *ports, block.answers, block))
        return tuple(lanes)

    def _blocks_of(self, rule_list: RuleList, family: int) -> tuple[_Block, ...]:
        key = (id(rule_list), family)
        if key not in self._blocks:
            self._blocks[key] = tuple(_Block(boxes, family) for boxes in _split(_boxes(rule_list, family)))
        return self._blocks[key]

    def _undecided(self, way: _Way, packet: Packet) -> Trace:
        """Return the answer where a condition that nobody can tell, or an exception of a rule, has a say."""
        inside = placed(self._ruleset, spread(self._ruleset, packet)[0])
        lists, lanes = way
        return settle(lists, inside, [_relevant(one, inside) for one in lanes])


_PASSED = Trace(answer=Answer.ALLOW)


def _first(lanes: Iterable[_Lane], src: int, dst: int, sport: int, dport: int) -> Trace | None:
    """Return what the first match of one list decides, None where that depends."""
    for lane_bits, sources, destinations, source_ports, destination_ports, answers, _ in lanes:
        bits = lane_bits
        if destinations is not None:
            bits &= destinations[1][bisect_right(destinations[0], dst)]
        if sources is not None:
            bits &= sources[1][bisect_right(sources[0], src)]
        if destination_ports is not None:
            bits &= destination_ports[1][bisect_right(destination_ports[0], dport)]
        if source_ports is not None:
            bits &= source_ports[1][bisect_right(source_ports[0], sport)]
        if bits:
            return answers[(bits & -bits).bit_length() - 1]
    return None


def _relevant(lanes: Iterable[_Lane], packet: Packet) -> list[Rule]:
    """Return the rules of one list that can decide a packet, as `interpreter.relevant` does."""
    found: list[Rule] = []
    for bits, sources, destinations, source_ports, destination_ports, _, block in lanes:
        held = bits
        for table, value in (
            (sources, packet.src),
            (destinations, packet.dst),
            (source_ports, packet.sport),
            (destination_ports, packet.dport),
        ):
            held &= -1 if table is None else table[1][bisect_right(table[0], value)]
        while held:
            lowest = held & -held
            rule = block.boxes[lowest.bit_length() - 1].rule
            if not found or found[-1] is not rule:
                found.append(rule)
                if is_sure(rule, packet):
                    return found
            held ^= lowest
    return found


def _boxes(rule_list: RuleList, family: int) -> Iterator[_Box]:
    for rule in rule_list.rules:
        action = Answer.ALLOW if rule.action is Action.PERMIT else Answer.DENY
        answer = Trace(answer=action, rule_list=rule_list.name, rule=rule.provenance)
        for match in rule.any_of:
            if match.family == family:
                known = None if match.opaque or rule.unless else answer
                yield from (_Box(match, l4, rule, known) for l4 in match.l4)


def _split(boxes: Iterable[_Box]) -> Iterator[list[_Box]]:
    """Yield boxes in blocks of bounded size."""
    block: list[_Box] = []
    spans = 0
    for box in boxes:
        more = max(map(len, (box.match.src, box.match.dst, box.l4.sport, box.l4.dport)))
        if block and (len(block) == BLOCK or spans + more > MOST_SPANS):
            yield block
            block, spans = [], 0
        block.append(box)
        spans += more
    if block:
        yield block


def _table(sets: Sequence[IntervalSet], everything: IntervalSet) -> _Table:
    if all(one == everything for one in sets):
        return None
    changes: dict[int, int] = {}
    for number, one in enumerate(sets):
        bit = 1 << number
        for low, high in one.spans:
            changes[low] = changes.get(low, 0) ^ bit
            changes[high + 1] = changes.get(high + 1, 0) ^ bit
    ends = sorted(changes)
    bits = [0]
    for end in ends:
        bits.append(bits[-1] ^ changes[end])
    return ends, bits
