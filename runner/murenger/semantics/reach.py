"""Reach: what one ruleset does with some traffic: whether any of it passes, whether any of it is denied.

Input: a ruleset, matches that together are the traffic, its way. Output: a `Reach` with a packet for each answer, which
the interpreter has confirmed.
"""

import dataclasses
from collections.abc import Sequence

from oxidd.bcdd import BCDDFunction

from murenger.model.packet import Packet
from murenger.semantics.align import Segment
from murenger.semantics.boxes import Boxer
from murenger.semantics.budget import Budget, BudgetSpentError
from murenger.semantics.confirm import Interpreted
from murenger.semantics.encode import ORDER, SECOND_ORDER, Encoder, Universe, balanced
from murenger.semantics.engine_oxidd import OxiddEngine, cache_for
from murenger.semantics.fold import Folder, chains
from murenger.semantics.inside import Inside
from murenger.semantics.interpreter import Answer, Trace
from murenger.semantics.intervals import IPV4, IPV6
from murenger.semantics.ir import Hook, Match, Ruleset
from murenger.semantics.pairs import NO_LIST, pick_readable
from murenger.semantics.questions import match_without_zones, without_zones
from murenger.semantics.tables import keys_of, tables_of
from murenger.semantics.verdict import Decider, Limits, Reach, Reason, Unknown

DEFAULT_LIMITS = Limits()
_TICKS = 64
_TRIES = 4
"""Packets that are tried where the interpreter cannot tell for too many conditions."""
_UNKNOWN = Reach(permitted=None, denied=None, may_permit=True, may_deny=True)


def reach(
    ruleset: Ruleset, traffic: Sequence[Match], *, hook: Hook, acl: str = "", limits: Limits = DEFAULT_LIMITS
) -> Reach:
    """Return what becomes of some traffic, as far as that can be proven within the limits; never raises.

    Args:
        ruleset: the filter.
        traffic: matches that together are the traffic; no packets where it is empty.
        hook: its way.
        acl: with hook ACL, the list.
        limits: what may be used.
    """
    unknown = _not_held(ruleset, hook, acl)
    if unknown:
        return dataclasses.replace(_UNKNOWN, unknowns=(unknown,))
    asking = _Asking(ruleset, traffic, hook, acl, limits)
    try:
        return asking.run()
    except (BudgetSpentError, MemoryError) as error:
        text = str(error) or "memory was not enough"
        return dataclasses.replace(_UNKNOWN, unknowns=(Unknown(reason=Reason.BUDGET, text=text),))


def _not_held(ruleset: Ruleset, hook: Hook, acl: str) -> Unknown | None:
    if hook is Hook.ACL:
        held = any(Hook.ACL in one.hooks and one.acl == acl for one in ruleset.lists)
        return None if held else Unknown(reason=Reason.RESIDUE, text=f"the model holds no list {acl}")
    held = hook in ruleset.covers
    return None if held else Unknown(reason=Reason.RESIDUE, text=f"the model holds no {hook.value} traffic")


class _Asking:
    """One question to one ruleset."""

    def __init__(self, ruleset: Ruleset, traffic: Sequence[Match], hook: Hook, acl: str, limits: Limits) -> None:
        self._asked = Interpreted(ruleset)
        self._budget = Budget(limits)
        self._hook, self._acl = hook, acl
        zones = dict(ruleset.zones)
        members = {member for one in zones.values() for member in one}
        self._reserved = members | zones.keys()
        if any((match.ingress.names | match.egress.names) & members for match in traffic):
            ruleset = without_zones(ruleset)
            traffic = [match_without_zones(match, zones) for match in traffic]
        self._traffic = traffic
        self._lists = [one for one in ruleset.lists if hook in one.hooks and (hook is not Hook.ACL or one.acl == acl)]
        self._unknowns: list[Unknown] = []
        self._ticks = 0

    def run(self) -> Reach:
        """Return the answer of both families as one."""
        found = [self._family(family) for family in (IPV4, IPV6) if self._has(family)]
        permitted = next(((one.permitted, one.permitting) for one in found if one.permitted), (None, None))
        denied = next(((one.denied, one.denying) for one in found if one.denied), (None, None))
        return Reach(
            permitted=permitted[0],
            denied=denied[0],
            may_permit=any(one.may_permit for one in found),
            may_deny=any(one.may_deny for one in found),
            permitting=permitted[1],
            denying=denied[1],
            unknowns=tuple(self._unknowns),
        )

    def _has(self, family: int) -> bool:
        return any(match.family == family for match in self._traffic)

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _TICKS == 0:
            self._budget.check()

    def _family(self, family: int) -> Reach:
        tables = tables_of(self._lists, self._hook, self._traffic, self._reserved)
        boxer = Boxer(family, *tables)
        boxes = [box for match in self._traffic for box in boxer.boxes(match)]
        touched = [
            Inside((Segment(one.rules, one.rules, is_paired=True),), boxer).touched(boxes, self._budget)
            for one in self._lists
        ]
        keys = keys_of((rule for segments in touched for one in segments for rule in one.golden), self._traffic)
        try:
            return self._answer(Universe(family, self._hook, *tables, keys=keys, order=ORDER), touched)
        except MemoryError:
            self._budget.check()
            return self._answer(Universe(family, self._hook, *tables, keys=keys, order=SECOND_ORDER), touched)

    def _answer(self, universe: Universe, touched: Sequence[Sequence[Segment]]) -> Reach:
        engine = OxiddEngine(universe.variables, self._budget.limits.nodes, cache_for(_count(touched)))
        encoder = Encoder(engine, universe)
        traffic = balanced([encoder.match(one) for one in self._traffic], lambda one, other: one | other, engine.false)
        traffic = traffic & encoder.well_formed
        folder = Folder(encoder, traffic, self._tick)
        permits = traffic
        for segments in touched:
            permits = chains(folder, segments, [False] * len(segments))[0].permitted(permits)
        denies = traffic & ~permits
        permitted = self._witness(encoder, engine.forall(permits, encoder.key_cube), Answer.ALLOW)
        denied = self._witness(encoder, engine.forall(denies, encoder.key_cube), Answer.DENY)
        self._note(universe, engine, permits)
        return Reach(
            permitted=permitted and permitted[0],
            denied=denied and denied[0],
            may_permit=permits != engine.false,
            may_deny=denies != engine.false,
            permitting=permitted and permitted[1],
            denying=denied and denied[1],
        )

    def _note(self, universe: Universe, engine: OxiddEngine, permits: BCDDFunction) -> None:
        """Note the conditions on which the answer depends."""
        keys = [
            key.label
            for key, variable in universe.key_variables.items()
            if engine.exists(permits, engine.literals[variable]) != permits
        ]
        if keys:
            text = f"IPv{universe.family}: it depends on " + ", ".join(keys)
            self._unknowns.append(Unknown(reason=Reason.OPAQUE, text=text))

    def _witness(
        self, encoder: Encoder[BCDDFunction], function: BCDDFunction, wanted: Answer
    ) -> tuple[Packet, Decider] | None:
        """Return a packet that the interpreter answers as the engine does."""
        universe = encoder.universe
        for _ in range(_TRIES):
            if function == encoder.engine.false:
                return None
            values = pick_readable(encoder, function)
            packet = universe.packet(values, self._acl)
            found = self._asked.trace(packet)
            if found.answer is wanted:
                return packet, _decider(found)
            if found.answer is not Answer.UNKNOWN:
                text = f"the interpreter contradicts the engine about {packet}: please report this"
                self._unknowns.append(Unknown(reason=Reason.ENGINE_DISAGREEMENT, text=text))
                return None
            function = function & ~encoder.point(values, range(universe.variables))
        self._unknowns.append(Unknown(reason=Reason.OPAQUE, text="too many conditions to try them out"))
        return None


def _decider(found: Trace) -> Decider:
    return Decider(rule_list=found.rule_list, rule=found.rule or NO_LIST)


def _count(touched: Sequence[Sequence[Segment]]) -> int:
    return sum(len(one.golden) for segments in touched for one in segments)
