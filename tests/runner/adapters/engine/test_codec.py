"""Values cross to the child process and back whole, and nothing else is taken for one."""

import json

import pytest

from murenger.adapters.engine.codec import decode, encode
from murenger.model import Effect, Flow, Impact, Packet, Proof, Risk, RuleAt, Verdict, Violation
from murenger.semantics.verdict import Limits

PACKET = Packet(family=6, src=2**127, dst=1, proto=58, sport=128, ingress="wan", egress="dmz")
FLOW = Flow(
    text="icmpv6 128 from any",
    golden=RuleAt(name="default deny"),
    live=RuleAt(name="rule 3", rule_list="IN", first_line=7, last_line=9),
    boxes=("a", "b"),
    is_whole=False,
    packets=2**300,
    is_certain=True,
    witness=PACKET,
    intents=("never",),
)
IMPACT = Impact(
    verdict=Verdict.DIFFERENT,
    effect=Effect.BOTH,
    opened=(FLOW,),
    closed=(FLOW,),
    flows_left=3,
    witnesses=(PACKET,),
    unknowns=("opaque: <b>\x1b[2J{{ 7*7 }}\udcff",),
    violations=(Violation(intent="i", risk=Risk.HIGH, owner="", reference="r", witness=PACKET, is_certain=False),),
    crown_jewel=None,
    proof=Proof(
        engine="e",
        parser="p",
        stage="bdd",
        cpu_s=1.5,
        cpu_budget_s=60,
        nodes=1,
        node_budget=2,
        rules=(3, 4),
        opaque_rules=(0, 1),
    ),
)

LISTED: list[object] = list(json.loads(json.dumps(encode(IMPACT))))


def test_an_impact_comes_back_as_it_was() -> None:
    assert decode(Impact, json.loads(json.dumps(encode(IMPACT)))) == IMPACT


def test_limits_come_back_as_they_were() -> None:
    assert decode(Limits, json.loads(json.dumps(encode(Limits())))) == Limits()


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        [],
        "different",
        LISTED[:-1],
        [*LISTED, 1],
        ["else", *LISTED[1:]],
        [*LISTED[:4], "3", *LISTED[5:]],
        [*LISTED[:4], True, *LISTED[5:]],
    ],
)
def test_anything_else_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match=r"not a|is not a valid"):
        decode(Impact, said)
