"""Duel: one question in one family, from aligned lists to proven regions.

Input: a question, its aligned lists, the budget. Output: what was `Seen`, added to as it is found, so that a budget
that runs out leaves what is proven already.
"""

import contextlib
import dataclasses
import operator
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from oxidd.bcdd import BCDDFunction

from murenger.model.packet import Packet
from murenger.semantics.align import Segment
from murenger.semantics.boxes import Box, Boxer
from murenger.semantics.budget import Budget
from murenger.semantics.confirm import Interpreted
from murenger.semantics.edges import edge_packets
from murenger.semantics.edits import MANY_BOXES, edits
from murenger.semantics.encode import ORDER, SECOND_ORDER, Encoder, Universe, balanced
from murenger.semantics.engine import Engine
from murenger.semantics.engine_oxidd import OxiddEngine, cache_for
from murenger.semantics.fold import Folder, chains
from murenger.semantics.inside import Inside
from murenger.semantics.interpreter import Answer
from murenger.semantics.ir import Match, OpaqueKey, Rule
from murenger.semantics.narrow import differing
from murenger.semantics.pairs import Judged, Listed, Pairs, pick_readable
from murenger.semantics.places import PlaceTable
from murenger.semantics.questions import Question
from murenger.semantics.tables import keys_of
from murenger.semantics.verdict import Reason, Unknown

MAX_KEYS = 4_000
"""More opaque conditions than this where it was edited: unknown."""
_SAMPLES = 2_000
_SAMPLE_SHARE, _SAMPLE_S, _MOST_SAMPLE_S = 0.1, 0.03, 0.25
"""Packets on edges that are tried, and CPU seconds for it: a share of what was spent, within bounds."""
_FEW, _MANY = 20, 100
_TICKS = 64
_HALF = 2


@dataclasses.dataclass(slots=True)
class Asked:
    """What is known about one question that was watched for."""

    surely: list[bool] = dataclasses.field(default_factory=lambda: [False, False])
    may: list[bool] = dataclasses.field(default_factory=lambda: [False, False])
    witness: Packet | None = None
    is_certain: bool = False


@dataclasses.dataclass(slots=True)
class Seen:
    """Everything found so far."""

    judged: Judged = dataclasses.field(default_factory=Judged)
    asked: dict[str, Asked] = dataclasses.field(default_factory=dict)
    might_open: bool = False
    might_close: bool = False
    engine: str = ""
    stage: str = "digest"
    nodes: int = 0

    def reached(self, stage: str) -> None:
        """Note that a stage was needed."""
        stages = ("digest", "alignment", "boxes", "bdd")
        self.stage = max(self.stage, stage, key=stages.index)


@dataclasses.dataclass(frozen=True, slots=True)
class Sides:
    """Both sides as the interpreter reads them."""

    golden: Interpreted
    live: Interpreted


Edited = Sequence[Sequence[Sequence[Box]]]
"""For each pair of lists, for each segment, the boxes that hold what its runs decide differently."""
MakeEngine = Callable[[int, int, int], Engine[BCDDFunction]]


class Duel:
    """One question in one family.

    Args:
        question: the lists.
        aligned: for each pair of lists its segments.
        family: 4 or 6.
        tables: ingress and egress places.
        watched: traffic to look for, by name.
        sides: both rulesets, to confirm what is found.
        budget: what may be used.
        make_engine: makes an engine of so many variables, nodes and remembered results.
    """

    def __init__(
        self,
        question: Question,
        aligned: Sequence[Sequence[Segment]],
        family: int,
        *,
        tables: tuple[PlaceTable, PlaceTable],
        watched: Mapping[str, Sequence[Match]],
        sides: Sides,
        budget: Budget,
        make_engine: MakeEngine = OxiddEngine,
    ) -> None:
        self._question, self._aligned, self._family = question, aligned, family
        self._tables, self._watched, self._sides, self._budget = tables, watched, sides, budget
        self._make_engine = make_engine
        self._boxer = Boxer(family, *tables)
        self._ticks = 0
        self._engine: Engine[BCDDFunction] | None = None

    def fight(self, seen: Seen) -> None:
        """Decide, and add to what is seen.

        Raises:
            BudgetSpentError: CPU seconds ran out.
            MemoryError: nodes or memory ran out.
        """
        found = [edits(segments, self._boxer, self._budget) for segments in self._aligned]
        edited = [[one.boxes for one in some] for some in found]
        boxes = [box for lists in edited for some in lists for box in some]
        if not boxes:
            if self._is_edited():
                seen.reached("boxes")
                self._sample(seen, None)
            return
        seen.reached("bdd")
        touched = [Inside([one.segment for one in some], self._boxer).touched(boxes, self._budget) for some in found]
        try:
            self._decide(touched, edited, ORDER, seen)
        except MemoryError:
            self._engine = None
            self._budget.check()
            self._decide(touched, edited, SECOND_ORDER, seen)

    def _is_edited(self) -> bool:
        """True if an unpaired rule has a match of the family."""
        unpaired = (one for segments in self._aligned for one in segments if not one.is_paired)
        rules = (rule for one in unpaired for rule in (*one.golden, *one.live))
        return any(match.family == self._family for rule in rules for match in rule.any_of)

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _TICKS == 0:
            self._budget.check()
            if self._engine is not None and self._engine.nodes() > self._budget.limits.nodes // _HALF:
                self._engine.collect()

    def _decide(self, touched: Sequence[Sequence[Segment]], edited: Edited, order: Sequence[str], seen: Seen) -> None:
        rules = [rule for segments in touched for rule in _rules(segments)]
        traffic = [match for matches in self._watched.values() for match in matches]
        keys = keys_of(rules, traffic, _conditions(edited))
        if len(keys) > MAX_KEYS:
            text = f"{len(keys)} conditions decide where it was edited"
            seen.might_open = seen.might_close = True
            seen.judged.unknowns.append(Unknown(reason=Reason.BUDGET, text=text))
            return
        universe = Universe(self._family, self._question.hook, *self._tables, keys=keys, order=order)
        engine = self._engine = self._make_engine(universe.variables, self._budget.limits.nodes, cache_for(len(rules)))
        encoder = Encoder(engine, universe)
        pairs = self._pairs(encoder, touched, edited)
        seen.engine, seen.nodes = engine.name, max(seen.nodes, engine.nodes())
        false = engine.false
        seen.might_open |= pairs.opened != false
        seen.might_close |= pairs.closed != false
        judged = Judged()
        limits = self._budget.limits
        with contextlib.ExitStack() as stack:
            stack.callback(_merge, seen.judged, judged)
            pairs.judge(limits, judged, max(limits.pairs - len(seen.judged.regions), 4))
        self._watch(pairs, seen)
        seen.nodes = max(seen.nodes, engine.nodes())
        self._sample(seen, pairs)

    def _pairs(
        self, encoder: Encoder[BCDDFunction], touched: Sequence[Sequence[Segment]], edited: Edited
    ) -> Pairs[BCDDFunction]:
        false, question = encoder.engine.false, self._question
        boxes = [[_union(encoder, [encoder.box(box) for box in some]) for some in lists] for lists in edited]
        within = [[one & encoder.well_formed for one in lists] for lists in boxes]
        folder = Folder(encoder, self._within(encoder, edited, within), self._tick)
        golden: list[tuple[int, Listed[BCDDFunction]]] = []
        live: list[tuple[int, Listed[BCDDFunction]]] = []
        different = false
        for (i, j), segments, mine in zip(question.pairs, touched, within, strict=True):
            ours, theirs = chains(folder, segments, [one != false for one in mine])
            different = different | differing(ours, theirs, mine, false, self._tick)
            golden.append((-1, Listed(None, ours)) if i is None else (i, Listed(question.golden[i].name, ours)))
            live.append((-1, Listed(None, theirs)) if j is None else (j, Listed(question.live[j].name, theirs)))
        return Pairs(
            encoder,
            [one for _, one in sorted(golden, key=operator.itemgetter(0))],
            [one for _, one in sorted(live, key=operator.itemgetter(0))],
            different,
            asked=(self._sides.golden, self._sides.live),
            acl=question.acl,
            tick=self._tick,
        )

    def _within(
        self, encoder: Encoder[BCDDFunction], edited: Edited, within: Sequence[Sequence[BCDDFunction]]
    ) -> BCDDFunction:
        """Return what every rule is cut to: where it was edited, unless that is more work than it saves."""
        if sum(len(some) for lists in edited for some in lists) > MANY_BOXES:
            return encoder.well_formed
        return _union(encoder, [one for lists in within for one in lists])

    def _watch(self, pairs: Pairs[BCDDFunction], seen: Seen) -> None:
        encoder, false = pairs.encoder, pairs.encoder.engine.false
        for name, matches in self._watched.items():
            self._budget.check()
            traffic = _union(encoder, [encoder.match(one) for one in matches])
            known = seen.asked.setdefault(name, Asked())
            both = ((pairs.opened, pairs.surely_opened), (pairs.closed, pairs.surely_closed))
            for number, (may, surely) in enumerate(both):
                known.may[number] |= may & traffic != false
                sure = surely & traffic
                if sure != false:
                    known.surely[number] = True
                if number == 0 and may & traffic != false and not known.is_certain:
                    values = pick_readable(encoder, sure if sure != false else may & traffic)
                    known.witness = encoder.universe.packet(values, self._question.acl)
                    known.is_certain = sure != false

    def _sample(self, seen: Seen, pairs: Pairs[BCDDFunction] | None) -> None:
        """Hold packets on edges of rules against the interpreter."""
        chance = random.Random(self._family)  # noqa: S311 - the same packets each time, no secret
        rules = self._sampled_rules(chance)
        names = (self._tables[0].names, self._tables[1].names)
        packets = edge_packets(rules, self._family, names, chance, acl=self._question.acl)
        spent = self._budget.spent_s
        end = spent + min(spent * _SAMPLE_SHARE + _SAMPLE_S, _MOST_SAMPLE_S)
        for number, packet in enumerate(packets):
            if number >= _SAMPLES or self._budget.spent_s > end:
                return
            golden, live = self._sides.golden.trace(packet).answer, self._sides.live.trace(packet).answer
            if Answer.UNKNOWN in (golden, live):
                continue
            differs = (golden is Answer.DENY and live is Answer.ALLOW, golden is Answer.ALLOW and live is Answer.DENY)
            expected = (False, False) if pairs is None else _expected(pairs, packet)
            if differs != expected:
                text = f"the interpreter contradicts the engine about {packet}: please report this"
                seen.judged.unknowns.append(Unknown(reason=Reason.ENGINE_DISAGREEMENT, text=text))
                return

    def _sampled_rules(self, chance: random.Random) -> list[Rule]:
        """Return the unpaired rules and some others of both sides."""
        found: list[Rule] = []
        for segments in self._aligned:
            for one in segments:
                some = (*one.golden, *one.live)
                most = _FEW if one.is_paired else _MANY
                found += some if len(some) <= most else chance.sample(some, most)
        return found if len(found) <= _SAMPLES else chance.sample(found, _SAMPLES)


def _expected(pairs: Pairs[BCDDFunction], packet: Packet) -> tuple[bool, bool]:
    values = pairs.encoder.universe.values(packet, {})

    def holds(function: BCDDFunction) -> bool:
        while (found := pairs.encoder.engine.branches(function)) is not None:
            function = found[1] if values[found[0]] else found[2]
        return function == pairs.encoder.engine.true

    return holds(pairs.opened), holds(pairs.closed)


def _merge(into: Judged, found: Judged) -> None:
    into.regions += found.regions
    into.regions_left += found.regions_left
    into.unknowns += found.unknowns
    into.certain |= found.certain


def _union(encoder: Encoder[BCDDFunction], functions: Sequence[BCDDFunction]) -> BCDDFunction:
    return balanced(functions, lambda one, other: one | other, encoder.engine.false)


def _conditions(edited: Edited) -> set[OpaqueKey]:
    return {key for lists in edited for some in lists for box in some for key, _ in box.literals}


def _rules(segments: Iterable[Segment]) -> Iterator[Rule]:
    for one in segments:
        yield from one.golden
        yield from one.live
