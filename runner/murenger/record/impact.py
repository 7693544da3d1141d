"""The group `impact` of a record: which traffic the drift opened or closed, and how that is known.

Input: an `Impact`. Output: a group of fields, its numbers of packets as text.
"""

from typing import TypeAlias

from murenger.model import Flow, Impact, JsonValue, Packet, Proof, RuleAt, Violation, packet_to_json
from murenger.record.redaction import Redactor

Group: TypeAlias = dict[str, JsonValue]


def impact_group(impact: Impact, redactor: Redactor) -> Group:
    """Return what the drift lets through."""
    widened = {"none": False, "tightens": False, "widens": True, "both": True}.get(impact.effect.value)
    return {
        "verdict": impact.verdict.value,
        "effect": impact.effect.value,
        "opened": [_flow(flow, redactor) for flow in impact.opened],
        "closed": [_flow(flow, redactor) for flow in impact.closed],
        "flows_left": impact.flows_left,
        "widened": widened,
        "cde_exposure": impact.crown_jewel,
        "risk": impact.violations[0].risk.value if impact.violations else None,
        "violations": [_violation(violation, redactor) for violation in impact.violations],
        "engine": None if impact.proof is None else _proof(impact.proof),
        "unknown_count": len(impact.unknowns),
        "unknowns": [redactor.plain(reason) for reason in impact.unknowns],
        "assumptions": [redactor.plain(condition) for condition in impact.assumptions],
        "handling": [redactor.plain(change) for change in impact.handling],
        "examples": [_packet(witness, redactor) for witness in impact.witnesses],
    }


def _flow(flow: Flow, redactor: Redactor) -> Group:
    return {
        "text": redactor.plain(flow.text),
        "golden_rule": _rule(flow.golden, redactor),
        "live_rule": _rule(flow.live, redactor),
        "boxes": [redactor.plain(box) for box in flow.boxes],
        "whole": flow.is_whole,
        "packets": str(flow.packets),
        "certain": flow.is_certain,
        "intents": [redactor.plain(intent) for intent in flow.intents],
    }


def _rule(rule: RuleAt, redactor: Redactor) -> str:
    many = f"lines {rule.first_line}-{rule.last_line}"
    words = [rule.name, f"in {rule.rule_list}" if rule.rule_list else ""]
    if rule.first_line:
        words.append(f"line {rule.first_line}" if rule.last_line <= rule.first_line else many)
    return redactor.plain(", ".join(word for word in words if word))


def _violation(violation: Violation, redactor: Redactor) -> Group:
    return {
        "text": redactor.plain(violation.intent),
        "risk": violation.risk.value,
        "owner": redactor.plain(violation.owner),
        "reference": redactor.plain(violation.reference),
        "certain": violation.is_certain,
    }


def _packet(packet: Packet, redactor: Redactor) -> Group:
    said = packet_to_json(packet)
    return {name: redactor.plain(value) if isinstance(value, str) else value for name, value in said.items()}


def _proof(proof: Proof) -> str:
    opaque = f"{proof.opaque_rules[0]} and {proof.opaque_rules[1]}"
    return (
        f"{proof.engine}, read by {proof.parser}; stage {proof.stage}; {proof.rules[0]} and {proof.rules[1]} rules, "
        f"{opaque} with a condition that cannot be told; budget {proof.cpu_budget_s:g} s and {proof.node_budget} nodes"
    )
