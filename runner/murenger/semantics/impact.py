"""Impact: what the engine has proven, in words that an operator can act on.

Input: a comparison, both rulesets, intents. Output: an `Impact`: flows worst first, with names; what is not decided;
the intents that the drift violates; how it was proven.
"""

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence

from murenger.model.impact import Flow, Impact, Proof, Risk, RuleAt, Violation
from murenger.model.intent import Expect, Intent, Intents
from murenger.model.packet import Packet
from murenger.semantics.intents import Holding, IntentResult, Question, check, questions
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.ir import Hook, Match, Rule, Ruleset
from murenger.semantics.names import Names, one_line, quoted, unknown_text
from murenger.semantics.traffic import box_of, meets, sample
from murenger.semantics.verdict import (
    Comparison,
    Decider,
    HandlingChange,
    Limits,
    Reason,
    Region,
    SectionChange,
    Touched,
    Unknown,
)

_RESIDUE_ASIDE = {Reason.OPAQUE, Reason.RESIDUE}
"""Where nothing is undecided for another reason, the regions are all that the rule model can tell."""
_RISKS = {risk: number for number, risk in enumerate(Risk)}


def assess(
    comparison: Comparison,
    golden: Ruleset,
    live: Ruleset,
    intents: Intents | None = None,
    limits: Limits | None = None,
) -> Impact:
    """Return what a drift lets through or blocks.

    Args:
        comparison: what `compare` found, asked about `watched(intents)` if there are intents.
        golden: the rules as they should be.
        live: the rules as they are.
        intents: those of the device, or None.
        limits: what the comparison might use, and what a question that it leaves open may.

    Raises:
        ConfigError: an intent is in too many pieces.
    """
    limits = limits or Limits()
    asked = questions(intents, golden, live) if intents else ()
    names = Names(golden, live, intents)
    touched = dict(comparison.touched)
    opened = _flows(comparison, names, [one for one in asked if _may(touched, one, opened=True)], opened=True)
    closed = _flows(comparison, names, [one for one in asked if _may(touched, one, opened=False)], opened=False)
    return Impact(
        verdict=comparison.verdict,
        effect=comparison.effect,
        opened=opened,
        closed=closed,
        flows_left=comparison.regions_left,
        witnesses=tuple(flow.witness for flow in (*opened, *closed) if flow.is_certain),
        unknowns=_unknowns(comparison),
        assumptions=tuple(dict.fromkeys(one_line(key.label or key.kind) for key in comparison.assumptions)),
        handling=tuple(map(_handling, comparison.handling)),
        violations=_Judge(comparison, golden, live, limits).violations(asked) if intents else (),
        crown_jewel=_reaches_jewel(comparison, [one for one in asked if one.segment]),
        proof=_proof(comparison, golden, live, limits),
    )


def _flows(comparison: Comparison, names: Names, asked: Sequence[Question], *, opened: bool) -> tuple[Flow, ...]:
    """Return the flows of one direction: those to a crown jewel first, then by risk, ports, destinations, sources."""
    flows = []
    for region in (one for one in comparison.regions if one.opened is opened):
        touching = [one for one in asked if _meets(region, one)]
        broken = tuple(one.intent for one in touching if one.intent and _is_broken(one.intent, opened=opened))
        is_jewel = any(one.segment for one in touching)
        flows.append((_badness(region, broken, is_jewel=is_jewel), _flow(region, names, broken)))
    return tuple(flow for _, flow in sorted(flows, key=lambda pair: pair[0], reverse=True))


def _may(touched: Mapping[str, Touched], question: Question, *, opened: bool) -> bool:
    """True unless the engine has proven that none of this traffic was opened, or closed."""
    found = touched.get(question.key)
    return found is None or (found.opened if opened else found.closed) is not False


def _reaches_jewel(comparison: Comparison, jewels: Sequence[Question]) -> bool | None:
    """Return whether traffic to a crown jewel was or may have been opened, None where that cannot be said."""
    if any(_opens(comparison, one) is not False for one in jewels):
        return True
    is_all_judged = not comparison.residue and all(one.reason is Reason.OPAQUE for one in comparison.unknowns)
    return False if jewels and is_all_judged else None


def _opens(comparison: Comparison, question: Question, *, opened: bool = True) -> bool | None:
    """Return whether a drift opens (or closes) some traffic, None if it may; residue aside, of which nobody knows."""
    found = dict(comparison.touched).get(question.key)
    said = None if found is None else found.opened if opened else found.closed
    if said is not None:
        return said
    regions = [one for one in comparison.regions if one.opened is opened]
    hits = [region for region in regions if _meets(region, question)]
    if any(region.is_certain for region in hits):
        return True
    is_all = not comparison.regions_left and all(one.reason in _RESIDUE_ASIDE for one in comparison.unknowns)
    return False if is_all and not hits and all(region.is_whole for region in regions) else None


def _is_broken(intent: Intent, *, opened: bool) -> bool:
    """True if opening (or closing) traffic of an intent goes against it."""
    return (intent.expect is Expect.DENY) is opened


def _badness(region: Region, broken: Iterable[Intent], *, is_jewel: bool) -> tuple[bool, int, bool, int, int, int]:
    risk = max((_RISKS[intent.severity] for intent in broken), default=-1)
    width = max((_width(box) for box in region.boxes), default=(0, 0))
    return (is_jewel, risk, region.is_certain, *width, region.packets)


def _width(box: Match) -> tuple[int, int]:
    """Return ports x destinations, and sources."""
    ports = sum(l4.proto.size * l4.dport.size for l4 in box.l4)
    return ports * box.dst.size, box.src.size


def _flow(region: Region, names: Names, broken: Sequence[Intent]) -> Flow:
    boxes = tuple(dict.fromkeys(names.box(box, region.hook, region.acl) for box in region.boxes))
    return Flow(
        text=boxes[0] if boxes else names.box(box_of(region.witness), region.hook, region.acl),
        golden=_rule_at(region.golden),
        live=_rule_at(region.live),
        boxes=boxes,
        is_whole=region.is_whole,
        packets=region.packets,
        is_certain=region.is_certain,
        witness=region.witness,
        intents=tuple(dict.fromkeys(intent.name for intent in broken)),
    )


def _rule_at(decider: Decider) -> RuleAt:
    rule = decider.rule
    return RuleAt(name=rule.rule, rule_list=decider.rule_list, first_line=rule.first_line, last_line=rule.last_line)


def _meets(region: Region, question: Question) -> bool:
    if region.hook is not question.hook:
        return False
    return meets((*region.boxes, box_of(region.witness)), question.traffic) is not None


def _unknowns(comparison: Comparison) -> tuple[str, ...]:
    """Return what is not decided; a section that differs is named once, whoever else named it."""
    texts = [unknown_text(unknown) for unknown in comparison.unknowns]
    named = [unknown.text for unknown in comparison.unknowns if unknown.reason is Reason.RESIDUE]
    texts += [_section(change) for change in comparison.residue if not any(change.name in text for text in named)]
    return tuple(dict.fromkeys(texts))


def _section(change: SectionChange) -> str:
    said = f"{change.name} differs, and the model does not hold it" + (f": {change.summary}" if change.summary else "")
    return unknown_text(
        Unknown(reason=Reason.RESIDUE, text=said, golden_line=change.golden_line, live_line=change.live_line)
    )


def _handling(change: HandlingChange) -> str:
    line = f" (live line {change.live.first_line})" if change.live.first_line else ""
    return f"rule {quoted(change.live.rule)}{line}: {_said(change.before)} -> {_said(change.now)}"


def _said(handling: str) -> str:
    return one_line(handling) or "nothing"


def _proof(comparison: Comparison, golden: Ruleset, live: Ruleset, limits: Limits) -> Proof:
    return Proof(
        engine=comparison.engine or comparison.stage,
        parser=" and ".join(dict.fromkeys(side.parser for side in (golden, live) if side.parser)),
        stage=comparison.stage,
        cpu_s=comparison.cpu_s,
        cpu_budget_s=limits.cpu_s,
        nodes=comparison.nodes,
        node_budget=limits.nodes,
        rules=(len(_rules(golden)), len(_rules(live))),
        opaque_rules=(sum(map(_is_opaque, _rules(golden))), sum(map(_is_opaque, _rules(live)))),
    )


def _rules(ruleset: Ruleset) -> list[Rule]:
    """Return the rules, each once: a list that is bound stands in the ruleset a second time by its name."""
    return [rule for one in ruleset.lists if not (Hook.ACL in one.hooks and one.bound) for rule in one.rules]


def _is_opaque(rule: Rule) -> bool:
    return any(match.opaque for match in (*rule.any_of, *rule.unless))


class _Judge:
    """Finds the intents that a drift violates.

    A drift violates an intent if it opens a packet that the intent forbids, or closes one that must pass. What golden
    violates already, and the drift leaves as it is, is no violation of the drift.
    """

    def __init__(self, comparison: Comparison, golden: Ruleset, live: Ruleset, limits: Limits) -> None:
        self._comparison = comparison
        self._golden = golden
        self._live = live
        # What the comparison has left over is for all further questions together.
        self._limits = limits
        self._until_s = time.process_time() + max(limits.cpu_s / 10, limits.cpu_s - comparison.cpu_s)
        self._touched = dict(comparison.touched)

    def violations(self, asked: Iterable[Question]) -> tuple[Violation, ...]:
        """Return the violations, worst first; one for each intent."""
        found: dict[str, Violation] = {}
        for question in asked:
            violation = self._violation(question, question.intent) if question.intent else None
            if violation is None:
                continue
            known = found.get(violation.intent)
            if known is None or (violation.is_certain and not known.is_certain):
                found[violation.intent] = violation
        return tuple(sorted(found.values(), key=_violation_order))

    def _violation(self, question: Question, intent: Intent) -> Violation | None:
        touched = self._touched.get(question.key)
        state = _opens(self._comparison, question, opened=intent.expect is Expect.DENY)
        if state is False:
            return None
        witness, is_certain = self._witness(question, intent, touched)
        if witness is None:
            return None
        return Violation(
            intent=intent.name,
            risk=intent.severity,
            owner=intent.owner,
            reference=intent.reference,
            witness=witness,
            is_certain=is_certain,
        )

    def _witness(self, question: Question, intent: Intent, touched: Touched | None) -> tuple[Packet | None, bool]:
        """Return the packet that shows a violation best, and whether it proves it, which the interpreter says."""
        likely: Packet | None = None
        for packet in self._candidates(question, intent, touched):
            if self._proves(packet, intent):
                return packet, True
            likely = likely or packet
        result = self._live_alone(intent)
        if result is not None and result.holding is Holding.HOLDS:
            return None, False
        shown = result.counterexample if result is not None else None
        if shown is not None and self._proves(shown, intent):
            return shown, True
        return likely or sample(question.traffic[0], question.hook), False

    def _candidates(self, question: Question, intent: Intent, touched: Touched | None) -> Iterable[Packet]:
        opened = intent.expect is Expect.DENY
        if touched is not None and touched.witness is not None and opened:
            yield touched.witness
        for region in self._comparison.regions:
            if region.opened is not opened or region.hook is not question.hook:
                continue
            if meets((box_of(region.witness),), question.traffic) is not None:
                yield region.witness
            shared = meets(region.boxes, question.traffic)
            packet = sample(shared, region.hook, region.acl) if shared is not None else None
            if packet is not None:
                yield packet

    def _proves(self, packet: Packet, intent: Intent) -> bool:
        right, wrong = (Answer.DENY, Answer.ALLOW) if intent.expect is Expect.DENY else (Answer.ALLOW, Answer.DENY)
        return trace(self._golden, packet).answer is right and trace(self._live, packet).answer is wrong

    def _live_alone(self, intent: Intent) -> IntentResult | None:
        """Return whether live keeps the intent, None where there is no time left to ask."""
        left_s = self._until_s - time.process_time()
        if left_s <= 0:
            return None
        (result,) = check(self._live, Intents(intents=(intent,)), dataclasses.replace(self._limits, cpu_s=left_s))
        return result


def _violation_order(violation: Violation) -> tuple[bool, float, str]:
    return not violation.is_certain, -_RISKS[violation.risk], violation.intent
