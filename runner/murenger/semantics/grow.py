"""Growing: the largest readable boxes of a set of packets, from one packet outwards.

Input: a function and the values of one packet in it. Output: a `Match` around the packet that lies wholly within.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Generic

from murenger.model.packet import ICMP, ICMPV6, IPV4, TCP
from murenger.semantics.boxes import porty
from murenger.semantics.budget import ContradictionError
from murenger.semantics.encode import BELOW, Encoder, Field, flag_mask
from murenger.semantics.engine import Engine, F
from murenger.semantics.intervals import ANY_PORT, IntervalSet
from murenger.semantics.ir import L4, Match, OpaqueKey, State, TcpFlags

GROWTH = ("flags", "state", "sport", "dst", "dport", "proto", "src", "ingress", "egress")
"""In this order a box grows: first what rules seldom name, then what people read first."""
_ONE_INTERVAL = frozenset({"dst", "dport", "src", "sport"})
_MAX_SPANS = 4_096
_FLAGS_CODES = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Grown(Generic[F]):
    """A box and its function, cut to nothing."""

    match: Match
    function: F


@dataclasses.dataclass(frozen=True, slots=True)
class Outside(Generic[F]):
    """What a box must not meet, and the fields that do not matter."""

    packets: F
    free: frozenset[str]


class Grower(Generic[F]):
    """Grows boxes in the universe of an encoder.

    Args:
        encoder: makes the functions.
    """

    def __init__(self, encoder: Encoder[F]) -> None:
        self._encoder = encoder
        universe = encoder.universe
        everything = range(universe.variables)
        below = [universe.fields[name] for name in BELOW]
        self._below = encoder.cube(v for field in below for v in range(field.first, field.first + field.width))
        self._others = {
            name: encoder.cube(v for v in everything if not field.first <= v < field.first + field.width)
            for name, field in universe.fields.items()
        }

    def outside(self, function: F) -> Outside[F]:
        """Return what a box in a set of well-formed packets must not meet."""
        encoder, fields = self._encoder, self._encoder.universe.fields
        outside = encoder.well_formed & ~function
        # Most regions are alike whatever interface, state and flags: then these need no growing.
        below = [name for name in BELOW if fields[name].width]
        free = encoder.engine.exists(function, self._below) & encoder.well_formed == function
        return Outside(outside, frozenset(below) if free else frozenset())

    def grow(self, outside: Outside[F], values: Sequence[bool]) -> Grown[F]:
        """Return a largest box around a packet.

        Args:
            outside: what it must not meet.
            values: values of all variables of the packet, and the truth of the opaque conditions.
        """
        encoder, universe = self._encoder, self._encoder.universe
        engine = encoder.engine
        numbers = {name: _number(values, universe.fields[name]) for name in GROWTH}
        sets = {
            name: self._everything(name) if name in outside.free else IntervalSet.single(number)
            for name, number in numbers.items()
        }
        literals: dict[OpaqueKey, bool | None] = {key: values[v] for key, v in universe.key_variables.items()}
        # What still is the packet's own value, and what is grown already: at each step all but one field.
        later = [self._literals(literals)]
        for name in reversed(GROWTH):
            later.append(encoder.values(name, sets[name]) & later[-1])
        grown = engine.true
        for step, name in enumerate(GROWTH):
            field = universe.fields[name]
            if field.width and name not in outside.free:
                refused = engine.exists(grown & later[-2 - step] & outside.packets, self._others[name])
                sets[name] = self._allowed(name, ~refused, numbers[name], sets)
            grown = encoder.values(name, sets[name]) & grown
        for key in list(literals):
            wanted = literals.pop(key)
            stays = (grown & self._literals(literals) & outside.packets) != engine.false
            literals[key] = wanted if stays else None
        match = self._match(sets, literals)
        box = encoder.match(match)
        if (box & outside.packets) != engine.false:
            raise ContradictionError("a box leaves its region")
        return Grown(match, box)

    def _everything(self, name: str) -> IntervalSet:
        universe = self._encoder.universe
        if name == "flags":
            return IntervalSet(((0, _FLAGS_CODES),))
        if name == "state":
            return IntervalSet(((0, len(State) - 1),))
        return (universe.ingress if name == "ingress" else universe.egress).everything

    def _literals(self, literals: Mapping[OpaqueKey, bool | None]) -> F:
        encoder = self._encoder
        found = encoder.engine.true
        for key, wanted in literals.items():
            if wanted is not None:
                literal = encoder.engine.literals[encoder.universe.key_variables[key]]
                found = found & (literal if wanted else ~literal)
        return found

    def _allowed(self, name: str, allowed: F, number: int, sets: dict[str, IntervalSet]) -> IntervalSet:
        engine, field = self._encoder.engine, self._encoder.universe.fields[name]
        if name in _ONE_INTERVAL:
            return around(engine, allowed, field, number)
        found = self._real(name, spans(engine, allowed, field), sets)
        return found if number in found else sets[name]

    def _real(self, name: str, found: IntervalSet, sets: dict[str, IntervalSet]) -> IntervalSet:
        """Return values without those that no packet has, or only in name."""
        universe = self._encoder.universe
        if name in {"ingress", "egress"}:
            table = universe.ingress if name == "ingress" else universe.egress
            found = found & table.everything
            return table.numbers(table.places(found))
        if name == "flags":
            return found & IntervalSet(((0, _FLAGS_CODES),))
        if name == "state":
            return found & IntervalSet(((0, len(State) - 1),))
        icmp = ICMP if universe.family == IPV4 else ICMPV6
        portless = IntervalSet(((0, 255),)) - porty(universe.family)
        if 0 not in sets["sport"] or 0 not in sets["dport"]:
            found = found - portless
        if not (sets["sport"].spans[0][0] <= 255 and sets["dport"].spans[0][0] <= 255):
            found = found - IntervalSet.single(icmp)
        return found if 0 in sets["flags"] else found & IntervalSet.single(TCP)

    def _match(self, sets: dict[str, IntervalSet], literals: Mapping[OpaqueKey, bool | None]) -> Match:
        universe = self._encoder.universe
        sport, dport, proto = sets["sport"], sets["dport"], sets["proto"]
        if not proto & porty(universe.family):
            sport = dport = ANY_PORT
        flags = TcpFlags(flag_mask(sets["flags"]))
        state = State(sum(1 << number for number in range(len(State)) if number in sets["state"]))
        opaque = sorted(
            ((key, wanted) for key, wanted in literals.items() if wanted is not None),
            key=lambda one: (one[0].kind, one[0].digest),
        )
        return Match(
            family=universe.family,
            src=sets["src"],
            dst=sets["dst"],
            l4=(L4(proto, sport, dport),),
            state=state,
            flags=flags,
            ingress=universe.ingress.places(sets["ingress"]),
            egress=universe.egress.places(sets["egress"]),
            opaque=tuple(opaque),
        )


def _number(values: Sequence[bool], field: Field) -> int:
    found = 0
    for bit in values[field.first : field.first + field.width]:
        found = found << 1 | bit
    return found


def around(engine: Engine[F], function: F, field: Field, value: int) -> IntervalSet:
    """Return the largest interval around a value that makes a function of one field true."""
    low = high = value
    open_low = open_high = True
    path = [function]
    for bit in range(field.width - 1):
        path.append(_below(engine, path[-1], field.first + bit, bool(value >> (field.width - 1 - bit) & 1)))
    for bit in reversed(range(field.width)):
        size = 1 << (field.width - 1 - bit)
        is_one = bool(value >> (field.width - 1 - bit) & 1)
        sibling = _below(engine, path[bit], field.first + bit, not is_one)
        if is_one and open_low:
            run = _run(engine, sibling, field.first + bit + 1, size, from_high=True)
            low, open_low = low - run, run == size
        elif not is_one and open_high:
            run = _run(engine, sibling, field.first + bit + 1, size, from_high=False)
            high, open_high = high + run, run == size
    return IntervalSet(((low, high),))


def _below(engine: Engine[F], function: F, variable: int, value: bool) -> F:  # noqa: FBT001 - the value of a variable
    found = engine.branches(function)
    if found is None or found[0] != variable:
        return function
    return found[1] if value else found[2]


def _run(engine: Engine[F], function: F, variable: int, size: int, *, from_high: bool) -> int:
    """Return how many of `size` values from one end on make a function true."""
    run = 0
    while function != engine.true:
        if function == engine.false or size == 1:
            return run
        size //= 2
        near = _below(engine, function, variable, from_high)
        if near == engine.true:
            run += size
            function = _below(engine, function, variable, not from_high)
        else:
            function = near
        variable += 1
    return run + size


def spans(engine: Engine[F], function: F, field: Field) -> IntervalSet:
    """Return the values of a field that make a function of it true."""
    found: list[tuple[int, int]] = []

    def walk(here: F, bit: int, low: int) -> None:
        size = 1 << (field.width - bit)
        if here == engine.false or len(found) > _MAX_SPANS:
            return
        if here == engine.true:
            found.append((low, low + size - 1))
            return
        walk(_below(engine, here, field.first + bit, value=False), bit + 1, low)
        walk(_below(engine, here, field.first + bit, value=True), bit + 1, low + size // 2)

    walk(function, 0, 0)
    return IntervalSet.of(*found)
