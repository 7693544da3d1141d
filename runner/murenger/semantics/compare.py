"""Compare: whether two rulesets let the same packets pass, and if not, which they treat differently.

Input: golden's ruleset and live's. Output: a `Comparison`. Stages: equal rule by rule (digest); aligned with nothing
unpaired (alignment); the unpaired runs decide alike (boxes); decision diagrams of the rules that meet what was edited
(bdd). Every witness is confirmed by the interpreter; packets on the edges of rules are held against it besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from murenger.model.impact import Effect, Verdict
from murenger.semantics.align import Segment, align
from murenger.semantics.budget import Budget, BudgetSpentError, ContradictionError
from murenger.semantics.confirm import Interpreted
from murenger.semantics.duel import Asked, Duel, Seen, Sides
from murenger.semantics.intervals import IPV4, IPV6
from murenger.semantics.ir import Hook, Match, OpaqueKey, Provenance, ResidueSection, Ruleset
from murenger.semantics.questions import (
    PERMIT_ALL,
    Question,
    match_without_zones,
    questions,
    without_zones,
)
from murenger.semantics.tables import tables_of
from murenger.semantics.verdict import (
    Comparison,
    HandlingChange,
    Limits,
    Reason,
    SectionChange,
    Touched,
    Unknown,
)

Watched = Mapping[str, tuple[Hook, tuple[Match, ...]]]
DEFAULT_LIMITS = Limits()
_NOTHING_WATCHED: Watched = MappingProxyType({})


def compare(
    golden: Ruleset, live: Ruleset, *, limits: Limits = DEFAULT_LIMITS, watched: Watched = _NOTHING_WATCHED
) -> Comparison:
    """Return which packets two rulesets treat differently, as far as that can be proven within the limits.

    Never raises: what cannot be decided is an `unknown`, and then the verdict is not EQUAL.

    Args:
        golden: what ought to be.
        live: what is.
        limits: what may be used.
        watched: traffic to look for, by name: its way, and matches that together are the traffic.
    """
    return _Comparing(golden, live, limits, watched).run()


class _Comparing:
    """One comparison, which gathers what is seen."""

    def __init__(self, golden: Ruleset, live: Ruleset, limits: Limits, watched: Watched) -> None:
        self._golden, self._live, self._watched = golden, live, watched
        self._budget = Budget(limits)
        self._seen = Seen()
        self._handling: dict[HandlingChange, None] = {}
        self._keys: set[OpaqueKey] = set()

    def run(self) -> Comparison:
        """Return what could be found out."""
        residue = tuple(section_changes(self._golden, self._live))
        self._handling.update(dict.fromkeys(inert_changes(self._golden, self._live)))
        unknowns = self._seen.judged.unknowns
        asked: set[Hook] = set()
        try:
            self._ask(asked)
        except BudgetSpentError as error:
            unknowns.append(Unknown(reason=Reason.BUDGET, text=str(error)))
        except MemoryError:
            unknowns.append(Unknown(reason=Reason.BUDGET, text=f"{self._budget.limits.nodes} nodes were not enough"))
        except ContradictionError as error:
            text = f"the engine contradicts itself: {error}: please report this"
            unknowns.append(Unknown(reason=Reason.ENGINE_DISAGREEMENT, text=text))
        unknowns += [_residue_unknown(change) for change in residue]
        seen = self._seen
        verdict = _verdict(seen, unknowns)
        return Comparison(
            verdict=verdict,
            effect=_effect(verdict, seen, unknowns),
            regions=tuple(sorted(seen.judged.regions, key=lambda region: not region.is_certain)),
            regions_left=seen.judged.regions_left,
            unknowns=tuple(dict.fromkeys(unknowns)),
            assumptions=tuple(sorted(self._keys, key=lambda key: (key.kind, key.digest))),
            residue=residue,
            handling=tuple(self._handling),
            touched=tuple((name, self._touched(name, hook, asked)) for name, (hook, _) in self._watched.items()),
            engine=seen.engine,
            stage=seen.stage,
            cpu_s=self._budget.spent_s,
            nodes=seen.nodes,
        )

    def _ask(self, asked: set[Hook]) -> None:
        golden, live = self._golden, self._live
        zones = _zones(golden, live)
        if _must_expand(golden, live, self._watched):
            golden, live = without_zones(golden), without_zones(live)
            watched = {
                name: (hook, tuple(match_without_zones(match, zones) for match in matches))
                for name, (hook, matches) in self._watched.items()
            }
        else:
            watched = dict(self._watched)
        reserved = {name for one in zones.values() for name in one} | zones.keys()
        found, unknowns = questions(golden, live)
        self._seen.judged.unknowns += unknowns
        self._keys = _keys(golden) & _keys(live)
        sides = Sides(Interpreted(self._golden), Interpreted(self._live))
        for question in found:
            asked.add(question.hook)
            mine = {name: matches for name, (hook, matches) in watched.items() if hook is question.hook}
            self._answer(question, mine, reserved, sides)

    def _answer(
        self, question: Question, watched: Mapping[str, Sequence[Match]], reserved: Iterable[str], sides: Sides
    ) -> None:
        aligned = [self._aligned(question, i, j) for i, j in question.pairs]
        if all(one.is_paired for segments in aligned for one in segments):
            return
        traffic = [match for matches in watched.values() for match in matches]
        tables = tables_of((*question.golden, *question.live), question.hook, traffic, reserved)
        for family in (IPV4, IPV6):
            Duel(question, aligned, family, tables=tables, watched=watched, sides=sides, budget=self._budget).fight(
                self._seen
            )

    def _aligned(self, question: Question, i: int | None, j: int | None) -> tuple[Segment, ...]:
        self._budget.check()
        golden = (PERMIT_ALL,) if i is None else question.golden[i].rules
        live = (PERMIT_ALL,) if j is None else question.live[j].rules
        segments = align(golden, live)
        if len(golden) != len(live) or len(segments) > 1:
            self._seen.reached("alignment")
        for one in segments:
            if one.is_paired:
                for ours, theirs in zip(one.golden, one.live, strict=True):
                    if ours.handling != theirs.handling:
                        change = HandlingChange(
                            golden=ours.provenance,
                            live=theirs.provenance,
                            before=ours.handling,
                            now=theirs.handling,
                        )
                        self._handling[change] = None
        return segments

    def _touched(self, name: str, hook: Hook, asked: set[Hook]) -> Touched:
        known = self._seen.asked.get(name, Asked())
        undecided = hook not in asked or _is_undecided(self._seen.judged.unknowns)

        def answer(direction: int) -> bool | None:
            if known.surely[direction]:
                return True
            return None if undecided or known.may[direction] else False

        return Touched(opened=answer(0), closed=answer(1), witness=known.witness)


def _zones(golden: Ruleset, live: Ruleset) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, members in (*golden.zones, *live.zones):
        found[name] = found.get(name, frozenset()) | members
    return found


def _must_expand(golden: Ruleset, live: Ruleset, watched: Watched) -> bool:
    """True if zones must be seen as interfaces: their members differ, or a question names a member."""
    if dict(golden.zones) != dict(live.zones):
        return True
    members = {member for _, one in golden.zones for member in one}
    return any(
        (match.ingress.names | match.egress.names) & members for _, matches in watched.values() for match in matches
    )


def _keys(ruleset: Ruleset) -> set[OpaqueKey]:
    return {
        key
        for one in ruleset.lists
        for rule in one.rules
        for match in (*rule.any_of, *rule.unless)
        for key, _ in match.opaque
    }


def section_changes(golden: Ruleset, live: Ruleset) -> Iterable[SectionChange]:
    """Yield the sections of residue that differ: changed, absent on one side, or in another order.

    What differs only in a part that neither device acts on is not among them.
    """
    ours, theirs = ({one.name: one for one in side.residue} for side in (golden, live))
    for name in dict.fromkeys((*ours, *theirs)):
        mine, its = ours.get(name), theirs.get(name)
        if (mine is None or its is None or mine.digest != its.digest) and not _are_inert(mine, its):
            either = its or mine
            yield SectionChange(
                name=name,
                golden_line=mine.first_line if mine else 0,
                live_line=its.first_line if its else 0,
                summary=either.summary if either else "",
            )
    common = [
        [one.name for one in side.residue if not one.is_inert and one.name in ours and one.name in theirs]
        for side in (golden, live)
    ]
    moved = next(((a, b) for a, b in zip(*common, strict=False) if a != b), None)
    if moved:
        yield SectionChange(
            name=moved[1],
            golden_line=ours[moved[1]].first_line,
            live_line=theirs[moved[1]].first_line,
            summary="stands in another order",
        )


def inert_changes(golden: Ruleset, live: Ruleset) -> Iterable[HandlingChange]:
    """Yield what differs in parts of the residue that neither device acts on, such as rules that are switched off."""
    ours, theirs = ({one.name: one for one in side.residue} for side in (golden, live))
    for name in dict.fromkeys((*ours, *theirs)):
        mine, its = ours.get(name), theirs.get(name)
        if _are_inert(mine, its) and (mine is None or its is None or mine.digest != its.digest):
            before, now = (one.summary or "some" if one else "" for one in (mine, its))
            yield HandlingChange(
                golden=_inert_at(mine, name),
                live=_inert_at(its, name),
                before=before,
                now=f"{now}, but not the same" if now == before else now,
            )


def _are_inert(mine: ResidueSection | None, its: ResidueSection | None) -> bool:
    return (mine is None or mine.is_inert) and (its is None or its.is_inert)


def _inert_at(section: ResidueSection | None, name: str) -> Provenance:
    if section is None:
        return Provenance(rule=name)
    return Provenance(rule=name, first_line=section.first_line, last_line=section.last_line)


def _residue_unknown(change: SectionChange) -> Unknown:
    return Unknown(
        reason=Reason.RESIDUE,
        text=f"{change.name} changed" + (f": {change.summary}" if change.summary else ""),
        golden_line=change.golden_line,
        live_line=change.live_line,
    )


def _is_undecided(unknowns: Iterable[Unknown]) -> bool:
    """True if anything but an opaque condition is undecided: of those it is known what they might do."""
    return any(unknown.reason is not Reason.OPAQUE for unknown in unknowns)


def _verdict(seen: Seen, unknowns: Sequence[Unknown]) -> Verdict:
    if seen.judged.certain:
        return Verdict.DIFFERENT
    return Verdict.UNKNOWN if unknowns or seen.might_open or seen.might_close else Verdict.EQUAL


def _effect(verdict: Verdict, seen: Seen, unknowns: Sequence[Unknown]) -> Effect:
    if verdict is Verdict.EQUAL:
        return Effect.NONE
    certain = [region for region in seen.judged.regions if region.is_certain]
    opens, closes = (any(region.opened is wanted for region in certain) for wanted in (True, False))
    if opens and closes:
        return Effect.BOTH
    if _is_undecided(unknowns):
        return Effect.UNKNOWN
    if opens and not seen.might_close:
        return Effect.WIDENS
    return Effect.TIGHTENS if closes and not seen.might_open else Effect.UNKNOWN
