"""JSON for programs: what a drift lets through or blocks.

Input: an impact. Output: a JSON object without a secret; device text is exact, so that whoever shows it must escape it.
"""

from murenger.model.impact import Flow, Impact, Proof, RuleAt, Violation
from murenger.model.json_value import JsonValue
from murenger.model.packet import Packet, packet_to_json
from murenger.secrets import redact


def impact_json(impact: Impact) -> dict[str, JsonValue]:
    """Return an impact as a JSON object; every witness is input for `murenger trace`."""
    return {
        "verdict": impact.verdict.value,
        "effect": impact.effect.value,
        "opened": [_flow(flow) for flow in impact.opened],
        "closed": [_flow(flow) for flow in impact.closed],
        "flows_left": impact.flows_left,
        "witnesses": [_packet(witness) for witness in impact.witnesses],
        "unknowns": [redact(text) for text in impact.unknowns],
        "assumptions": [redact(text) for text in impact.assumptions],
        "handling": [redact(text) for text in impact.handling],
        "violations": [_violation(violation) for violation in impact.violations],
        "crown_jewel": impact.crown_jewel,
        "proof": None if impact.proof is None else _proof(impact.proof),
    }


def _flow(flow: Flow) -> dict[str, JsonValue]:
    return {
        "text": redact(flow.text),
        "golden": _rule(flow.golden),
        "live": _rule(flow.live),
        "boxes": [redact(box) for box in flow.boxes],
        "whole": flow.is_whole,
        # Beyond 2^53 a number loses its value in many readers.
        "packets": str(flow.packets),
        "certain": flow.is_certain,
        "witness": _packet(flow.witness),
        "intents": list(flow.intents),
    }


def _rule(rule: RuleAt) -> dict[str, JsonValue]:
    lines = [rule.first_line, rule.last_line] if rule.first_line else None
    return {"name": redact(rule.name), "list": redact(rule.rule_list), "lines": lines}


def _packet(packet: Packet) -> dict[str, JsonValue]:
    return packet_to_json(packet)


def _violation(violation: Violation) -> dict[str, JsonValue]:
    return {
        "intent": violation.intent,
        "severity": violation.risk.value,
        "owner": violation.owner,
        "reference": violation.reference,
        "certain": violation.is_certain,
        "witness": _packet(violation.witness),
    }


def _proof(proof: Proof) -> dict[str, JsonValue]:
    """Return how it was reached; times are whole milliseconds, for signed files hold no fractions."""
    return {
        "engine": proof.engine,
        "parser": proof.parser,
        "stage": proof.stage,
        "cpu_ms": round(proof.cpu_s * 1000),
        "cpu_budget_ms": round(proof.cpu_budget_s * 1000),
        "nodes": proof.nodes,
        "node_budget": proof.node_budget,
        "rules": list(proof.rules),
        "opaque_rules": list(proof.opaque_rules),
    }
