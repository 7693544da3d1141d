"""Pairs: what two sides treat differently, split by the rule that decides it in golden and the one in live.

Input: the functions of both sides on one way, in one family. Output: regions with boxes, an exact count and a witness
that the interpreter has confirmed, and whatever could not be confirmed.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, Protocol

from murenger.model.packet import Packet
from murenger.semantics.encode import Encoder
from murenger.semantics.engine import Engine, F
from murenger.semantics.fold import Chain, Node
from murenger.semantics.grow import Grower
from murenger.semantics.interpreter import Answer, Trace
from murenger.semantics.ir import Match, OpaqueKey, Provenance, Rule
from murenger.semantics.verdict import Decider, Limits, Reason, Region, Unknown

NO_LIST = Provenance(rule="no list", synthetic=True)
"""What permits a packet that passes no list at all."""
_MOST_COUNTED = 50
_MOST_TRIES = 4
_MOST_KEYS = 8


class Asked(Protocol):
    """What confirms a witness: `confirm.Interpreted`."""

    def trace(self, packet: Packet, valuation: Mapping[OpaqueKey, bool] | None = None) -> Trace:
        """Return what becomes of a packet."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Listed(Generic[F]):
    """A list of one side; `name` is None for one that only the other side has."""

    name: str | None
    chain: Chain[F]


@dataclasses.dataclass(frozen=True, slots=True)
class _Part(Generic[F]):
    """Packets, and the rules that decide them."""

    opened: bool
    is_certain: bool
    golden: Decider
    live: Decider
    golden_rule: Rule | None
    live_rule: Rule | None
    packets: F


@dataclasses.dataclass(slots=True)
class Judged:
    """What was found out so far."""

    regions: list[Region] = dataclasses.field(default_factory=list)
    regions_left: int = 0
    unknowns: list[Unknown] = dataclasses.field(default_factory=list)
    certain: bool = False


class Pairs(Generic[F]):
    """Both sides of one comparison in one family.

    Args:
        encoder: makes the functions.
        golden: golden's lists in the order that the device evaluates them.
        live: live's lists.
        different: packets that any two paired lists decide differently; all others pass on both sides or on neither.
        asked: golden and live, to confirm witnesses.
        acl: list that is judged by itself, or "".
        tick: called between operations; may raise.
    """

    def __init__(
        self,
        encoder: Encoder[F],
        golden: Sequence[Listed[F]],
        live: Sequence[Listed[F]],
        different: F,
        *,
        asked: tuple[Asked, Asked],
        acl: str,
        tick: Callable[[], None],
    ) -> None:
        self.encoder, self._golden, self._live = encoder, golden, live
        self._asked, self._acl, self._tick = asked, acl, tick
        ours, theirs = _permitted(golden, different), _permitted(live, different)
        self.opened: F = theirs & ~ours
        self.closed: F = ours & ~theirs
        self.surely_opened = self._surely(self.opened)
        self.surely_closed = self._surely(self.closed)
        self.surely = self._surely(self.opened | self.closed)

    def _surely(self, function: F) -> F:
        """Return where a function is true whatever the opaque conditions mean."""
        return self.encoder.engine.forall(function, self.encoder.key_cube) if self.encoder.universe.keys else function

    def judge(self, limits: Limits, found: Judged, most: int) -> None:
        """Add regions, certain ones first, and what could not be decided.

        Args:
            limits: how many boxes a region has at most.
            found: takes in the findings; holds what was found even if this raises.
            most: how many regions to add at most.
        """
        false = self.encoder.engine.false
        mays = (self.opened & ~self.surely_opened, self.closed & ~self.surely_closed)
        certain = _in_turn(
            self._parts(self._settled(self.surely_opened), opened=True, is_certain=True),
            self._parts(self._settled(self.surely_closed), opened=False, is_certain=True),
        )
        may = _in_turn(
            self._parts(mays[0], opened=True, is_certain=False), self._parts(mays[1], opened=False, is_certain=False)
        )
        if any(one != false for one in mays):
            found.unknowns.append(self._undecided(mays[0] | mays[1]))
        turned = self.surely & ~self.surely_opened & ~self.surely_closed
        found.certain |= turned != false and self._is_turned(turned)
        parts = itertools.chain(certain, may)
        grower = Grower(self.encoder)
        for part in itertools.islice(parts, most):
            self._tick()
            region = self._region(part, grower, limits, found)
            if region is not None:
                found.regions.append(region)
                found.certain |= region.is_certain
        found.regions_left += sum(1 for _ in itertools.islice(parts, _MOST_COUNTED))

    def _is_turned(self, function: F) -> bool:
        """True if a packet is treated differently whatever the conditions mean, though which way depends on them."""
        keys = self.encoder.universe.keys
        if len(keys) > _MOST_KEYS:
            return False
        packet = self.encoder.universe.packet(pick_readable(self.encoder, function), self._acl)
        valuations = (dict(zip(keys, one, strict=True)) for one in itertools.product((False, True), repeat=len(keys)))
        return all(len({side.trace(packet, one).answer for side in self._asked}) > 1 for one in valuations)

    def _settled(self, function: F) -> F:
        """Return a function where every opaque condition is false: as the interpreter names the deciding rule."""
        keys = self.encoder.universe.key_variables.values()
        return function & self.encoder.point([False] * self.encoder.universe.variables, keys)

    def _undecided(self, function: F) -> Unknown:
        engine, universe = self.encoder.engine, self.encoder.universe
        keys = [
            key.label
            for key, variable in universe.key_variables.items()
            if engine.exists(function, engine.literals[variable]) != function
        ]
        return Unknown(reason=Reason.OPAQUE, text=f"IPv{universe.family}: it depends on " + ", ".join(keys))

    def _parts(self, function: F, *, opened: bool, is_certain: bool) -> Iterator[_Part[F]]:
        """Yield the packets of a function by the pair of rules that decides them."""
        for golden_list, golden, mine in self._deciding(self._golden, function, _golden_rule, permits=not opened):
            for live_list, live, packets in self._deciding(self._live, mine, _live_rule, permits=opened):
                yield _Part(
                    opened=opened,
                    is_certain=is_certain,
                    golden=_decider(golden_list, golden),
                    live=_decider(live_list, live),
                    golden_rule=golden,
                    live_rule=live,
                    packets=packets,
                )

    def _deciding(
        self, lists: Sequence[Listed[F]], function: F, rule_of: Callable[[Node[F]], Rule | None], *, permits: bool
    ) -> Iterator[tuple[Listed[F] | None, Rule | None, F]]:
        """Yield list and rule that decide packets which one side all permits, or all denies."""
        false = self.encoder.engine.false
        named = [one for one in lists if one.name is not None]
        if permits:
            yield from self._permitting(named, function, rule_of)
            return
        for one in named:
            # What the last list is shown at all, it denies.
            passed = false if one is named[-1] else one.chain.permitted(function)
            for node, mine in one.chain.split(function & ~passed):
                self._tick()
                yield one, rule_of(node), mine
            function = passed

    def _permitting(
        self, lists: Sequence[Listed[F]], function: F, rule_of: Callable[[Node[F]], Rule | None]
    ) -> Iterator[tuple[Listed[F] | None, Rule | None, F]]:
        """Yield the last list with a rule that some line says; where none has one, the last list (as `trace` does)."""
        false = self.encoder.engine.false
        for one in reversed(lists):
            silent = false
            for node, mine in one.chain.split(function):
                self._tick()
                rule = rule_of(node)
                if rule is None or rule.provenance.synthetic:
                    silent |= mine
                else:
                    yield one, rule, mine
            function = silent
        if function == false:
            return
        if not lists:
            yield None, None, function
            return
        for node, mine in lists[-1].chain.split(function):
            self._tick()
            yield lists[-1], rule_of(node), mine

    def _region(self, part: _Part[F], grower: Grower[F], limits: Limits, found: Judged) -> Region | None:
        engine, encoder = self.encoder.engine, self.encoder
        whole = engine.exists(part.packets, encoder.key_cube) if part.is_certain else part.packets
        boxes: list[Match] = []
        witness: Packet | None = None
        left, settled = whole, True
        outside = grower.outside(whole)
        for number in itertools.count():
            enough = number >= limits.boxes and (witness is not None or number >= _MOST_TRIES)
            if left == engine.false or enough:
                break
            values = pick_readable(self.encoder, left)
            grown = grower.grow(outside, values)
            if number < limits.boxes:
                boxes.append(grown.match)
            if witness is None:
                witness, settled = self._confirmed(part, values, found)
            left = left & ~grown.function
        if witness is None:
            if not settled:
                found.unknowns.append(_too_many(part))
            return None
        headers = engine.exists(whole, encoder.below_cube)
        return Region(
            hook=encoder.universe.hook,
            acl=self._acl,
            opened=part.opened,
            is_certain=part.is_certain,
            golden=part.golden,
            live=part.live,
            boxes=tuple(boxes),
            is_whole=left == engine.false and number <= limits.boxes,
            packets=engine.count(headers) >> (encoder.universe.variables - encoder.universe.header_bits),
            witness=witness,
        )

    def _confirmed(self, part: _Part[F], values: list[bool], found: Judged) -> tuple[Packet | None, bool]:
        """Return the packet if the interpreter agrees about it, and False if it cannot tell.

        A packet that it contradicts is a disagreement, which is noted.
        """
        universe = self.encoder.universe
        packet = universe.packet(values, self._acl)
        valuation = {key: values[variable] for key, variable in universe.key_variables.items()}
        golden, live = (one.trace(packet, None if part.is_certain else valuation) for one in self._asked)
        wanted = (Answer.DENY, Answer.ALLOW) if part.opened else (Answer.ALLOW, Answer.DENY)
        if part.is_certain and Answer.UNKNOWN in (golden.answer, live.answer):
            return None, False
        if (golden.answer, live.answer) == wanted and _same(golden, part.golden) and _same(live, part.live):
            return packet, True
        found.unknowns.append(_disagreement(packet, part))
        return None, True


def pick_readable(encoder: Encoder[F], function: F) -> list[bool]:
    """Return values that make a function true, readable ones where it lets them be; it must be true somewhere."""
    universe = encoder.universe
    values = _picked(encoder.engine, function, universe.readable())
    return _picked(encoder.engine, function, universe.readable(universe.packet(values).proto))


def _picked(engine: Engine[F], function: F, preferred: list[bool]) -> list[bool]:
    values = list(preferred)
    while (found := engine.branches(function)) is not None:
        variable, high, low = found
        wanted, other = (high, low) if preferred[variable] else (low, high)
        is_wanted = wanted != engine.false
        function = wanted if is_wanted else other
        values[variable] = preferred[variable] is is_wanted
    return values


def _permitted(lists: Sequence[Listed[F]], packets: F) -> F:
    for one in lists:
        packets = one.chain.permitted(packets)
    return packets


def _golden_rule(node: Node[F]) -> Rule | None:
    return node.golden


def _live_rule(node: Node[F]) -> Rule | None:
    return node.live


def _decider(one: Listed[F] | None, rule: Rule | None) -> Decider:
    if one is None or one.name is None or rule is None:
        return Decider(rule_list="", rule=NO_LIST)
    return Decider(rule_list=one.name, rule=rule.provenance)


def _same(found: Trace, decider: Decider) -> bool:
    if found.rule is None:
        return decider.rule == NO_LIST
    return found.rule_list == decider.rule_list and found.rule == decider.rule


def _in_turn(*parts: Iterator[_Part[F]]) -> Iterator[_Part[F]]:
    """Yield of each in turn until all are used up."""
    left = list(parts)
    while left:
        for one in tuple(left):
            part = next(one, None)
            if part is None:
                left.remove(one)
            else:
                yield part


def _too_many(part: _Part[F]) -> Unknown:
    return Unknown(
        reason=Reason.OPAQUE,
        text=f"rule {part.golden.rule.rule} became rule {part.live.rule.rule}, with too many conditions to try",
        golden_line=part.golden.rule.first_line,
        live_line=part.live.rule.first_line,
    )


def _disagreement(packet: Packet, part: _Part[F]) -> Unknown:
    return Unknown(
        reason=Reason.ENGINE_DISAGREEMENT,
        text=f"the interpreter contradicts the engine about {packet}: please report this",
        golden_line=part.golden.rule.first_line,
        live_line=part.live.rule.first_line,
    )
