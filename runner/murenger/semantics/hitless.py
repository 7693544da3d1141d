"""Hitless: whether every state that a device passes through is as safe as the two it lies between.

Input: the states in order, live first; golden; our management traffic. Output: a `HitlessProof`. Of each state S:

1. what S permits is permitted by live or by golden;
2. what live and golden both permit is permitted by S, or is named as cut;
3. management traffic that live permits is permitted by S;
4. the last state is equal to golden.

What fails, or is not decided, voids the plan. A witness is confirmed by the interpreter on all three rulesets.
"""

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterator, Sequence

from oxidd.bcdd import BCDDFunction

from murenger.model.impact import Verdict
from murenger.model.management import Management
from murenger.model.packet import Packet
from murenger.semantics.align import align
from murenger.semantics.budget import Budget, BudgetSpentError
from murenger.semantics.compare import compare, section_changes
from murenger.semantics.confirm import Interpreted
from murenger.semantics.edges import edge_packets
from murenger.semantics.engine_oxidd import engine_name
from murenger.semantics.interpreter import Answer
from murenger.semantics.intervals import IPV4, IPV6
from murenger.semantics.ir import Hook, Match, Rule, RuleList, Ruleset
from murenger.semantics.management import prove_management, shown
from murenger.semantics.proofs import NOT_ASKED, Cut, HitlessProof, ManagementProof, Proven, StepProof, unproven, worst
from murenger.semantics.questions import without_zones
from murenger.semantics.space import Space, within_space
from murenger.semantics.verdict import Limits

DEFAULT_LIMITS = Limits()
_TRIES = 8
_SAMPLES = 200
"""Packets on edges of rules that the interpreter is asked about, for each state."""
_ANSWERS = {True: Answer.ALLOW, False: Answer.DENY}


def prove(
    states: Sequence[Ruleset],
    *,
    golden: Ruleset | None = None,
    management: Management | None = None,
    steps: Sequence[str] = (),
    may_cut: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> HitlessProof:
    """Return what is proven of a plan; never raises.

    Args:
        states: what the device passes through, live first; two for a platform that replaces all at once.
        golden: what the last state must equal; the last state itself if None.
        management: our own way to the device; None leaves it undecided.
        steps: for people, what leads to each state after the first.
        may_cut: True if it is enough to name what is cut for the time of a step.
        limits: what may be used.
    """
    budget = Budget(limits)
    try:
        return _Proving(states, golden or states[-1], management, steps, budget, may_cut=may_cut).run()
    except BudgetSpentError as error:
        return unproven(str(error))
    except MemoryError:
        return unproven(f"{limits.nodes} nodes were not enough")


@dataclasses.dataclass(frozen=True, slots=True)
class _Way:
    """The lists of live, golden and a state on one way; of a list judged by itself, its name too."""

    hook: Hook
    acl: str
    lists: tuple[Sequence[RuleList], Sequence[RuleList], Sequence[RuleList]]


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    verdict: Proven
    text: str = ""
    witness: Packet | None = None


class _Proving:
    """One plan."""

    def __init__(
        self,
        states: Sequence[Ruleset],
        golden: Ruleset,
        management: Management | None,
        steps: Sequence[str],
        budget: Budget,
        *,
        may_cut: bool,
    ) -> None:
        self._asked = [Interpreted(one) for one in (states[0], golden)]
        self._raw = (states[0], golden)
        self._states = states
        self._flat = [without_zones(one) for one in states]
        self._live, self._golden = self._flat[0], without_zones(golden)
        self._is_golden_last = golden is states[-1]
        self._management, self._budget, self._may_cut = management, budget, may_cut
        self._names = [steps[n] if n < len(steps) else "" for n in range(len(states) - 1)]
        self._cuts: list[Cut] = []
        zones = [zone for one in (*states, golden) for zone in one.zones]
        self._reserved = {name for name, _ in zones} | {member for _, members in zones for member in members}

    def run(self) -> HitlessProof:
        """Return the proof."""
        steps = tuple(self._step(number) for number in range(1, len(self._states)))
        management = self._managed()
        said = f"{engine_name()}, {self._budget.spent_s:.2f} of {self._budget.limits.cpu_s:g} s of CPU time"
        return HitlessProof(
            verdict=worst(management.verdict, *(one.verdict for one in steps)) if steps else Proven.UNKNOWN,
            steps=steps,
            management=management,
            cuts=tuple(self._cuts),
            note=said if steps else "there is no state after live",
        )

    def _managed(self) -> ManagementProof:
        if self._management is None:
            return NOT_ASKED
        return prove_management(self._flat, self._management, self._budget)

    def _step(self, number: int) -> StepProof:
        self._budget.check()
        is_last = number == len(self._states) - 1
        found = self._last() if is_last else self._between(number)
        name = self._names[number - 1]
        return StepProof(number=number, step=name, verdict=found.verdict, text=found.text, witness=found.witness)

    def _last(self) -> _Found:
        """Condition 4."""
        if self._is_golden_last:
            return _Found(Proven.PROVED, "golden itself")
        left = max(self._budget.limits.cpu_s - self._budget.spent_s, 0.0)
        limits = dataclasses.replace(self._budget.limits, cpu_s=left)
        found = compare(self._raw[1], self._states[-1], limits=limits)
        if found.verdict is Verdict.EQUAL:
            return _Found(Proven.PROVED, "equal to golden")
        if found.verdict is Verdict.DIFFERENT:
            witness = found.regions[0].witness if found.regions else None
            what = f": {shown(witness)}" if witness else ""
            return _Found(Proven.REFUTED, f"the last state is not golden{what}", witness)
        why = found.unknowns[0].text if found.unknowns else "undecided"
        return _Found(Proven.UNKNOWN, f"it is not proven that the last state is golden: {why}")

    def _between(self, number: int) -> _Found:
        """Conditions 1 and 2 of a state that is neither the first nor the last."""
        state = self._flat[number]
        is_like = any(_is_like(state, one) for one in (self._live, self._golden))
        found: list[_Found] = []
        for way in (*self._lists(state), *(() if is_like else self._ways(state))):
            if isinstance(way, _Found):
                found.append(way)
            elif not any(_is_same(way.lists[2], way.lists[side]) for side in (0, 1)):
                found += self._judge(way, number)
        if not is_like:
            found += self._residue(state)
        verdict = worst(Proven.PROVED, *(one.verdict for one in found))
        if verdict is Proven.PROVED:
            told = (
                "as live or as golden" if is_like else "permits no more than live and golden together, and what both do"
            )
            return _Found(verdict, told)
        return next(one for one in found if one.verdict is verdict)

    def _residue(self, state: Ruleset) -> Iterator[_Found]:
        """Yield what the rule model does not hold and a state has otherwise than live and golden."""
        for side in (self._live, self._golden):
            for changed in itertools.islice(section_changes(side, state), 1):
                text = f"{changed.name} is not as in live and in golden, and the rule model does not hold it"
                yield _Found(Proven.UNKNOWN, text)

    def _ways(self, state: Ruleset) -> Iterator[_Way | _Found]:
        sides = (self._live, self._golden, state)
        for hook in (Hook.FORWARD, Hook.INPUT, Hook.OUTPUT):
            live, golden, now = ([one for one in side.lists if hook in one.hooks] for side in sides)
            held = {hook in side.covers for side in sides}
            if held == {True}:
                yield _Way(hook, "", (live, golden, now))
            elif held == {True, False} or live or golden or now:
                yield _Found(Proven.UNKNOWN, f"the rule model does not hold all {hook.value} traffic")

    def _lists(self, state: Ruleset) -> Iterator[_Way | _Found]:
        """Yield the lists that are bound nowhere, which something else may use."""
        sides = (self._live, self._golden, state)
        for name in dict.fromkeys(one.acl for side in sides[:2] for one in side.lists if _is_free(one)):
            both = [[one for one in side.lists if Hook.ACL in one.hooks and one.acl == name] for side in sides]
            if all(both):
                yield _Way(Hook.ACL, name, (both[0], both[1], both[2]))
            elif both[0] and both[1]:
                yield _Found(Proven.UNKNOWN, f"list {name} is not there, and whatever uses it is not known")

    def _judge(self, way: _Way, number: int) -> Iterator[_Found]:
        for family in (IPV4, IPV6):
            traffic = _edited(way.lists, family)
            if traffic:
                yield within_space(
                    self._decide(way, number, family),
                    way.lists,
                    way.hook,
                    family,
                    traffic,
                    reserved=self._reserved,
                    budget=self._budget,
                    acl=way.acl,
                )

    def _decide(self, way: _Way, number: int, family: int) -> Callable[[Space], _Found]:
        def decide(space: Space) -> _Found:
            live, golden, now = (space.permits(side) for side in range(3))
            opened, cut = now & ~(live | golden), live & golden & ~now
            asked = (*self._asked, Interpreted(self._states[number]))
            found = [_refuted(space, opened, asked, opens=True), _refuted(space, cut, asked, opens=False)]
            if found[1] is not None and found[1].verdict is Proven.REFUTED and found[1].witness is not None:
                if all(one.number != number for one in self._cuts):
                    self._cuts.append(Cut(number=number, witness=found[1].witness))
                if self._may_cut:
                    found[1] = None
            known = [one for one in found if one is not None]
            if known:
                return next((one for one in known if one.verdict is Proven.REFUTED), known[0])
            return self._sampled(way, family, space, asked)

        return decide

    def _sampled(self, way: _Way, family: int, space: Space, asked: Sequence[Interpreted]) -> _Found:
        """Hold packets on edges of rules against the interpreter: a wrong engine must not be the only witness."""
        rules = [rule for side in way.lists for one in side for rule in _some(one.rules)]
        names = (space.tables[0].names, space.tables[1].names)
        chance = random.Random(family)  # noqa: S311 - the same packets each time, no secret
        for number, packet in enumerate(edge_packets(rules, family, names, chance, acl=way.acl)):
            if number >= _SAMPLES:
                break
            live, golden, now = (one.trace(packet).answer for one in asked)
            allowed = {live, golden, Answer.UNKNOWN}
            if now not in allowed and not (self._may_cut and now is Answer.DENY):
                text = f"the interpreter contradicts the engine about {shown(packet)}: please report this"
                return _Found(Proven.UNKNOWN, text)
        return _Found(Proven.PROVED)


def _refuted(space: Space, function: BCDDFunction, asked: Sequence[Interpreted], *, opens: bool) -> _Found | None:
    """Return what a region that ought to be empty shows, None if it is empty."""
    if function == space.engine.false:
        return None
    word = "permits what neither live nor golden does" if opens else "cuts what live and golden both permit"
    certain = space.certain(function)
    before, now = _ANSWERS[not opens], _ANSWERS[opens]
    for values, _ in space.examples(certain, _TRIES):
        packet = space.encoder.universe.packet(values, space.acl)
        answers = [one.trace(packet).answer for one in asked]
        if answers == [before, before, now]:
            return _Found(Proven.REFUTED, f"{word}: {shown(packet)}", packet)
        if Answer.UNKNOWN not in answers:
            text = f"the interpreter contradicts the engine about {shown(packet)}: please report this"
            return _Found(Proven.UNKNOWN, text)
    labels = ", ".join(space.labels(function)) or "conditions"
    return _Found(Proven.UNKNOWN, f"it depends on {labels} whether it {word}")


def _edited(lists: Sequence[Sequence[RuleList]], family: int) -> list[Match]:
    """Return matches that hold every packet that the state may decide as neither live nor golden does.

    Outside of the rules that live and the state do not share, the state decides as live: that is the lemma of
    `murenger.semantics.align`, for each pair of lists; lists that have no partner count whole.
    """
    live, _, now = lists
    found: dict[Match, None] = {}
    for one, other in _paired(live, now):
        for segment in align(one, other):
            if not segment.is_paired:
                rules = (*segment.golden, *segment.live)
                found.update(dict.fromkeys(match for rule in rules for match in rule.any_of if match.family == family))
    return list(found)


def _paired(live: Sequence[RuleList], now: Sequence[RuleList]) -> Iterator[tuple[Sequence[Rule], Sequence[Rule]]]:
    names = {one.name for one in live} & {one.name for one in now}
    for name in names:
        mine, its = ([one.rules for one in side if one.name == name] for side in (live, now))
        yield from itertools.zip_longest(mine, its, fillvalue=())
    alone, others = ([one.rules for one in side if one.name not in names] for side in (live, now))
    yield from itertools.zip_longest(alone, others, fillvalue=())


def _is_free(one: RuleList) -> bool:
    return Hook.ACL in one.hooks and not one.bound


def _is_like(state: Ruleset, side: Ruleset) -> bool:
    """True if a state treats packets as a side does: the same bound lists, and all else the same."""
    if state is side:
        return True
    same_ways = all(
        _is_same(*([one for one in two.lists if hook in one.hooks] for two in (state, side)))
        for hook in (Hook.FORWARD, Hook.INPUT, Hook.OUTPUT)
    )
    return same_ways and state.covers == side.covers and not tuple(section_changes(side, state))


def _is_same(one: Sequence[RuleList], other: Sequence[RuleList]) -> bool:
    """True if two sides have lists that mean the same, in whatever order and number: a packet must pass them all."""
    return {_meaning(two) for two in one} == {_meaning(two) for two in other}


def _meaning(one: RuleList) -> tuple[object, ...]:
    return tuple((rule.action, rule.any_of, rule.unless) for rule in one.rules)


def _some(rules: Sequence[Rule]) -> Sequence[Rule]:
    return rules if len(rules) <= _SAMPLES else rules[:_SAMPLES]
