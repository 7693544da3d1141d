"""Text for people: what a drift lets through or blocks, and what to do where that is not known.

Input: an impact. Output: lines safe for a terminal, without a secret.
"""

from collections.abc import Iterable, Sequence

from murenger.compare.shown import shown
from murenger.model.impact import Effect, Flow, Impact, Proof, RuleAt, Verdict, Violation

MOST_FLOWS = 10
MOST_LINES = 8

_WORDS = {
    Effect.NONE: "none: the same packets pass",
    Effect.WIDENS: "widens: more passes than golden permits",
    Effect.TIGHTENS: "tightens: less passes than golden permits",
    Effect.BOTH: "both: some traffic was opened and some closed",
    Effect.UNKNOWN: "unknown: it counts as widening, and nothing is changed automatically",
}
# What each reason asks a person to do; the reasons are those of `murenger.semantics.verdict.Reason`.
_NEXT = {
    "budget": "raise the budget, or split the change: the rules differ in too many places at once",
    "opaque": "look at the conditions named: they decide, and a configuration does not say whether they hold",
    "residue": "read the sections named in the difference below: the rule model does not hold them",
    "unreadable": "correct what cannot be read, then compare again",
    "parser-error": "correct what cannot be read, then compare again",
    "engine-disagreement": "a defect of murenger: keep both configurations and report it",
    "defect": "a defect of murenger: keep both configurations and report it",
    "not-assessed": "the rules of this platform are not judged: read the difference below",
}


def render_impact(impact: Impact) -> str:
    """Return an impact for people; ends with LF."""
    lines = [f"traffic impact: {_headline(impact)}"]
    lines += [_violation(violation) for violation in impact.violations]
    lines += _flows("opened", impact.opened)
    lines += _flows("closed", impact.closed)
    if impact.flows_left:
        lines.append(f"  and {impact.flows_left} or more pairs of rules that are not listed")
    lines += _listed("not decided", impact.unknowns)
    lines += _listed("taken to be the same on both sides", impact.assumptions)
    lines += _listed("handling changed, traffic not", impact.handling)
    lines += [f"  to do: {advice}" for advice in _advice(impact)]
    if impact.proof is not None:
        lines.append(f"  {_proof(impact.proof)}")
    return "\n".join(lines) + "\n"


def _headline(impact: Impact) -> str:
    if impact.verdict is Verdict.EQUAL:
        return "none, proven: the same packets pass"
    if impact.verdict is Verdict.DIFFERENT:
        return f"different, proven; {_WORDS[impact.effect]}"
    return _WORDS[Effect.UNKNOWN] if impact.effect is Effect.UNKNOWN else f"unknown; {_WORDS[impact.effect]}"


def _violation(violation: Violation) -> str:
    said = [f"  {'violates' if violation.is_certain else 'may violate'} {shown(violation.intent)}"]
    said.append(violation.risk.value)
    said += [shown(text) for text in (violation.reference, violation.owner) if text]
    return ", ".join(said)


def _flows(word: str, flows: Sequence[Flow]) -> list[str]:
    lines: list[str] = []
    for flow in flows[:MOST_FLOWS]:
        lines.append(f"  {word if flow.is_certain else 'perhaps ' + word}: {shown(flow.text)}")
        lines += [f"    also {shown(box)}" for box in flow.boxes if box != flow.text]
        if not flow.is_whole:
            lines.append("    and more of the same pair of rules")
        lines.append(f"    golden: {_rule(flow.golden)}; live: {_rule(flow.live)}")
    if len(flows) > MOST_FLOWS:
        lines.append(f"  {word}: {len(flows) - MOST_FLOWS} more, all of them with -o json")
    return lines


def _rule(rule: RuleAt) -> str:
    where = [shown(rule.rule_list)] if rule.rule_list else []
    if rule.first_line:
        last = f"-{rule.last_line}" if rule.last_line > rule.first_line else ""
        where.append(f"line {rule.first_line}{last}")
    return shown(rule.name) + (f" ({', '.join(where)})" if where else "")


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    lines = [f"  {title}: {shown(text)}" for text in texts]
    if len(lines) > MOST_LINES:
        return [*lines[:MOST_LINES], f"  {title}: {len(lines) - MOST_LINES} more"]
    return lines


def _advice(impact: Impact) -> list[str]:
    """Return what to do about each reason, once."""
    reasons = dict.fromkeys(text.partition(":")[0] for text in impact.unknowns)
    return [_NEXT[reason] for reason in reasons if reason in _NEXT]


def _proof(proof: Proof) -> str:
    opaque = (
        f", {sum(proof.opaque_rules)} of them with a condition that nobody can tell" if any(proof.opaque_rules) else ""
    )
    return (
        f"judged by {shown(proof.engine)} in {proof.cpu_s:.2f} of {proof.cpu_budget_s:g} CPU seconds, "
        f"{proof.rules[0]} and {proof.rules[1]} rules{opaque}"
    )
