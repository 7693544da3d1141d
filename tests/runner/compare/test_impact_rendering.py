"""Impacts as text and as JSON: everything is said, nothing acts on a terminal, no secret shows."""

import dataclasses
import json

import pytest

from murenger.compare.impact_json import impact_json
from murenger.compare.impact_text import MOST_FLOWS, MOST_LINES, render_impact
from murenger.model.impact import (
    NOT_ASSESSED,
    Effect,
    Flow,
    Impact,
    Proof,
    Risk,
    RuleAt,
    Verdict,
    Violation,
)
from murenger.model.packet import Packet, packet_from_json
from murenger.semantics.verdict import Reason

WITNESS = Packet(
    family=4, src=1, dst=0x0A010203, proto=6, sport=40_000, dport=3389, flags="syn", ingress="eth0", egress="eth1"
)
FLOW = Flow(
    text="tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1",
    golden=RuleAt(name="default deny", rule_list="forward"),
    live=RuleAt(name="rdp", rule_list="forward", first_line=12, last_line=14),
    boxes=("tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1", "udp 3389 from any to card-db (10.1.2.3)"),
    is_whole=False,
    packets=2**70,
    is_certain=True,
    witness=WITNESS,
    intents=("cde-only",),
)
PROOF = Proof(
    engine="oxidd 0.13.0",
    parser="own 1",
    stage="bdd",
    cpu_s=0.1234,
    cpu_budget_s=60.0,
    nodes=5,
    node_budget=8_000_000,
    rules=(10, 11),
    opaque_rules=(0, 2),
)
DIFFERENT = Impact(
    verdict=Verdict.DIFFERENT,
    effect=Effect.WIDENS,
    opened=(FLOW,),
    flows_left=3,
    witnesses=(WITNESS,),
    violations=(
        Violation(
            intent="cde-only", risk=Risk.CRITICAL, owner="ciso@example.net", reference="PCI DSS 1.3.1", witness=WITNESS
        ),
    ),
    assumptions=("application ssl",),
    handling=("rule a: log -> nothing",),
    proof=PROOF,
)


def test_text_says_what_was_opened_by_which_rule_and_what_it_violates() -> None:
    *said, proof = render_impact(DIFFERENT).splitlines()
    assert said == [
        "traffic impact: different, proven; widens: more passes than golden permits",
        "  violates cde-only, critical, PCI DSS 1.3.1, ciso@example.net",
        "  opened: tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1",
        "    also udp 3389 from any to card-db (10.1.2.3)",
        "    and more of the same pair of rules",
        "    golden: default deny (forward); live: rdp (forward, line 12-14)",
        "  and 3 or more pairs of rules that are not listed",
        "  taken to be the same on both sides: application ssl",
        "  handling changed, traffic not: rule a: log -> nothing",
    ]
    assert proof.startswith("  judged by oxidd 0.13.0 in 0.12 of 60 CPU seconds, 10 and 11 rules, 2 of them with")


def test_no_change_of_traffic_is_said_to_be_proven() -> None:
    text = render_impact(Impact(verdict=Verdict.EQUAL, effect=Effect.NONE))
    assert text == "traffic impact: none, proven: the same packets pass\n"


@pytest.mark.parametrize("reason", [reason.value for reason in Reason])
def test_each_reason_for_unknown_says_what_to_do_next(reason: str) -> None:
    unknown = Impact(verdict=Verdict.UNKNOWN, effect=Effect.UNKNOWN, unknowns=(f"{reason}: because", f"{reason}: too"))
    lines = render_impact(unknown).splitlines()
    assert lines[0].startswith("traffic impact: unknown")
    assert lines[1:3] == [f"  not decided: {reason}: because", f"  not decided: {reason}: too"]
    assert len(lines) == 4
    assert lines[3].startswith("  to do: ")


def test_what_was_not_judged_at_all_says_so() -> None:
    assert "not-assessed" in render_impact(NOT_ASSESSED)
    assert "to do: " in render_impact(NOT_ASSESSED)


def test_what_may_be_so_is_not_said_to_be_so() -> None:
    flow = dataclasses.replace(FLOW, is_certain=False)
    violation = dataclasses.replace(DIFFERENT.violations[0], is_certain=False)
    maybe = dataclasses.replace(DIFFERENT, verdict=Verdict.UNKNOWN, opened=(flow,), violations=(violation,))
    text = render_impact(maybe)
    assert "perhaps opened: " in text
    assert "may violate cde-only" in text
    assert "proven" not in text


def test_a_long_list_is_cut_and_says_so() -> None:
    many = dataclasses.replace(DIFFERENT, opened=(FLOW,) * 99, unknowns=tuple(f"opaque: {n}" for n in range(99)))
    text = render_impact(many)
    assert text.count("  opened: tcp") == MOST_FLOWS
    assert f"opened: {99 - MOST_FLOWS} more" in text
    assert text.count("not decided: opaque") == MOST_LINES
    assert f"not decided: {99 - MOST_LINES} more" in text


def test_nothing_of_a_configuration_acts_on_a_terminal() -> None:
    bad = "x\x1b[2J\n\u202e"
    rule = RuleAt(name=bad, rule_list=bad, first_line=1)
    flow = dataclasses.replace(FLOW, text=bad, boxes=(bad,), golden=rule, live=rule)
    hostile = dataclasses.replace(DIFFERENT, opened=(flow,), unknowns=(bad,), assumptions=(bad,), handling=(bad,))
    text = render_impact(hostile)
    assert all(line.isprintable() for line in text.splitlines())
    assert text.count("\n") == len(render_impact(dataclasses.replace(hostile, opened=(FLOW,))).splitlines()) - 1
    assert impact_json(hostile)["unknowns"] == [bad]


def test_no_secret_shows_in_text_or_json() -> None:
    secret = "$6$abcdefgh$" + "Z" * 86
    rule = RuleAt(name=f"user {secret}", rule_list=secret, first_line=1)
    flow = dataclasses.replace(FLOW, text=secret, boxes=(secret,), golden=rule, live=rule)
    telling = dataclasses.replace(
        DIFFERENT, opened=(flow,), unknowns=(secret,), assumptions=(secret,), handling=(secret,)
    )
    for shown in (render_impact(telling), json.dumps(impact_json(telling))):
        assert secret not in shown
        assert "<redacted>" in shown


def test_json_is_exact_and_its_witnesses_are_packets_that_trace_reads() -> None:
    said = json.loads(json.dumps(impact_json(DIFFERENT)))
    assert set(said) == {
        *("verdict", "effect", "opened", "closed", "flows_left", "witnesses", "unknowns", "assumptions", "handling"),
        *("violations", "crown_jewel", "proof"),
    }
    (flow,) = said["opened"]
    assert set(flow) == {"text", "golden", "live", "boxes", "whole", "packets", "certain", "witness", "intents"}
    assert flow["packets"] == "1180591620717411303424"
    assert flow["live"] == {"name": "rdp", "list": "forward", "lines": [12, 14]}
    assert flow["golden"]["lines"] is None
    assert packet_from_json(flow["witness"]) == WITNESS
    assert [packet_from_json(one) for one in said["witnesses"]] == [WITNESS]
    assert packet_from_json(said["violations"][0]["witness"]) == WITNESS
    assert said["violations"][0]["severity"] == "critical"
    assert (said["proof"]["cpu_ms"], said["proof"]["rules"]) == (123, [10, 11])
