"""Hitless: what is proven of states agrees with every cell of small packet spaces, and each condition is held."""

import collections
import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import pytest
from tests.runner.semantics import cells as space

from murenger.model.management import Management
from murenger.model.packet import Packet
from murenger.semantics.confirm import Interpreted
from murenger.semantics.hitless import prove
from murenger.semantics.interpreter import Answer, Trace, trace
from murenger.semantics.intervals import ANY_IPV4, IntervalSet
from murenger.semantics.ir import (
    L4,
    Action,
    Hook,
    Match,
    OpaqueKey,
    Places,
    Provenance,
    ResidueSection,
    Rule,
    RuleList,
    Ruleset,
)
from murenger.semantics.proofs import HitlessProof, Proven
from murenger.semantics.verdict import Limits

SAMPLES = 48
KEY = OpaqueKey("schedule", "00", "schedule night")


def expected(sides: Sequence[Ruleset], where: space.Grid) -> Proven:
    """Return what every cell and every truth of the conditions says of a state between live and golden."""
    worst = Proven.PROVED
    for cell in space.cells(where):
        rows = zip(*(space.decided(side, cell, where.keys) for side in sides), strict=True)
        wrong = [(now and not old and not new, old and new and not now) for old, now, new in rows]
        for kind in zip(*wrong, strict=True):
            if all(kind):
                return Proven.REFUTED
            worst = Proven.UNKNOWN if any(kind) else worst
    return worst


def small(chance: random.Random) -> space.Grid:
    """Return a grid with few cells: three sides of each are looked at."""
    return next(
        where
        for where in iter(lambda: space.grid(chance), None)
        if len(where.dimensions) < 4 and len(where.keys) < 2 and len(list(space.cells(where))) < 300
    )


def third(ours: list[list[Rule]], theirs: list[list[Rule]], where: space.Grid, chance: random.Random) -> Any:
    """Return lists on the way from one side to the other, or somewhere else."""
    if len(ours) != len(theirs):
        return chance.choice((ours, theirs))
    found = []
    for one, other in zip(ours, theirs, strict=True):
        cut = chance.randrange(min(len(one), len(other)))
        rules = chance.choice(([*one[:cut], *other[cut:]], list(one), list(other)))
        if chance.random() < 0.4:
            rules.insert(chance.randrange(len(rules)), space.random_rule(where, chance, "new"))
        found.append(rules)
    return found


def test_every_cell_agrees() -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, no secret
    seen = collections.Counter[Proven]()
    for _ in range(SAMPLES):
        where = small(chance)
        ours, theirs = space.random_pair(where, chance)
        states = [space.ruleset(one, where.hook) for one in (theirs, third(ours, theirs, where, chance), ours)]
        found = prove(states)
        wanted = expected(states, where)
        assert found.steps[0].verdict is wanted, (found, states)
        assert found.steps[1].verdict is Proven.PROVED
        seen[wanted] += 1
        witness = found.steps[0].witness
        if wanted is Proven.REFUTED:
            assert witness is not None
            answers = [trace(state, witness).answer for state in states]
            assert answers in ([Answer.DENY, Answer.ALLOW, Answer.DENY], [Answer.ALLOW, Answer.DENY, Answer.ALLOW])
    assert all(seen[one] for one in Proven), seen


def rule(action: Action, low: int, high: int, *, port: int | None = None, opaque: bool = False) -> Rule:
    """Return a rule about sources 10.0.0.low to 10.0.0.high."""
    base = 10 << 24
    l4 = L4() if port is None else L4(IntervalSet.single(6), dport=IntervalSet.single(port))
    match = Match(
        family=4,
        src=IntervalSet.of((base + low, base + high)),
        dst=ANY_IPV4,
        l4=(l4,),
        opaque=((KEY, True),) if opaque else (),
    )
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=f"{action.value} {low}-{high}"))


WEB, DESK, BLOCK = rule(Action.PERMIT, 1, 9), rule(Action.PERMIT, 20, 29), rule(Action.DENY, 5, 25)
REST = space.default(Action.DENY)
ALL = space.default(Action.PERMIT)


def ruleset(*rules: Rule, hook: Hook = Hook.FORWARD, residue: str = "") -> Ruleset:
    found = space.ruleset([rules], hook)
    section = ResidueSection(name="nat", digest=residue)
    return dataclasses.replace(found, residue=(section,) if residue else ())


LIVE = ruleset(WEB, DESK, REST)
GOLDEN = ruleset(BLOCK, WEB, REST)


def refuted(found: HitlessProof) -> list[int]:
    return [step.number for step in found.steps if step.verdict is Proven.REFUTED]


def test_the_order_of_the_theorem_is_proved() -> None:
    states = [LIVE, ruleset(BLOCK, WEB, DESK, REST), GOLDEN]
    found = prove(states, steps=("insert deny", "delete permit"))
    assert [step.verdict for step in found.steps] == [Proven.PROVED, Proven.PROVED]
    assert [step.step for step in found.steps] == ["insert deny", "delete permit"]
    assert found.states_verdict is Proven.PROVED
    assert found.verdict is Proven.UNKNOWN, "nobody asked about management"
    assert "CPU time" in found.note


def test_a_state_that_lets_pass_what_neither_side_does_is_refuted_with_a_packet() -> None:
    found = prove([LIVE, ruleset(ALL), GOLDEN])
    assert refuted(found) == [1]
    assert found.steps[0].witness is not None
    assert "permits what neither live nor golden does" in found.steps[0].text
    assert found.verdict is Proven.REFUTED


def test_a_state_that_cuts_what_both_sides_let_pass_is_refuted_unless_cuts_may_be_named() -> None:
    states = [LIVE, ruleset(DESK, REST), GOLDEN]
    found = prove(states)
    assert refuted(found) == [1]
    assert [cut.number for cut in found.cuts] == [1]
    witness = found.cuts[0].witness
    assert [trace(one, witness).answer for one in states] == [Answer.ALLOW, Answer.DENY, Answer.ALLOW]
    named = prove(states, may_cut=True)
    assert named.states_verdict is Proven.PROVED
    assert named.cuts == found.cuts


def test_a_state_that_opens_is_refuted_though_cuts_may_be_named() -> None:
    assert refuted(prove([LIVE, ruleset(BLOCK, ALL), GOLDEN], may_cut=True)) == [1]


def test_the_last_state_must_be_golden() -> None:
    found = prove([LIVE, GOLDEN], golden=ruleset(WEB, REST))
    assert refuted(found) == [1]
    assert "the last state is not golden" in found.steps[0].text
    assert prove([LIVE, ruleset(BLOCK, WEB, WEB, REST)], golden=GOLDEN).states_verdict is Proven.PROVED
    left = prove([LIVE, ruleset(BLOCK, WEB, REST, residue="01")], golden=GOLDEN)
    assert left.steps[0].verdict is Proven.UNKNOWN


def test_a_part_that_the_model_does_not_hold_must_stay_as_both_sides_have_it() -> None:
    live, golden = (
        dataclasses.replace(one, residue=(ResidueSection(name="nat", digest="00"),)) for one in (LIVE, GOLDEN)
    )
    between = ruleset(BLOCK, WEB, DESK, REST, residue="01")
    found = prove([live, between, golden])
    assert found.steps[0].verdict is Proven.UNKNOWN
    assert "nat" in found.steps[0].text


def test_a_condition_that_nobody_can_tell_leaves_a_state_unknown() -> None:
    found = prove([LIVE, ruleset(rule(Action.PERMIT, 40, 40, opaque=True), WEB, REST), GOLDEN])
    assert found.steps[0].verdict is Proven.UNKNOWN
    assert "schedule night" in found.steps[0].text
    both = rule(Action.PERMIT, 40, 40, opaque=True)
    states = [ruleset(both, WEB, DESK, REST), ruleset(both, BLOCK, WEB, DESK, REST), ruleset(both, BLOCK, WEB, REST)]
    assert prove(states).states_verdict is Proven.PROVED


def test_a_list_that_stands_on_its_own_may_not_vanish_on_the_way() -> None:
    states = [
        ruleset(WEB, REST, hook=Hook.ACL),
        dataclasses.replace(LIVE, lists=()),
        ruleset(DESK, REST, hook=Hook.ACL),
    ]
    states = [dataclasses.replace(one, covers=frozenset()) for one in states]
    found = prove(states)
    assert found.steps[0].verdict is Proven.UNKNOWN
    assert "list A is not there" in found.steps[0].text


def test_a_way_that_the_model_holds_in_some_states_only_is_unknown() -> None:
    found = prove([LIVE, dataclasses.replace(ruleset(WEB, REST), covers=frozenset()), GOLDEN])
    assert found.steps[0].verdict is Proven.UNKNOWN


def test_zones_may_change_their_interfaces_on_the_way() -> None:
    def inside(*members: str) -> Ruleset:
        match = Match(family=4, src=ANY_IPV4, dst=ANY_IPV4, ingress=Places.of("trust"))
        permit = Rule(action=Action.PERMIT, any_of=(match,), provenance=Provenance(rule="trust"))
        return dataclasses.replace(ruleset(permit, REST), zones=(("trust", frozenset(members)),))

    assert refuted(prove([inside("eth0"), inside("eth0", "eth1"), inside("eth0")])) == [1]
    assert prove([inside("eth0"), inside("eth0"), inside("eth1")]).states_verdict is Proven.PROVED


@pytest.mark.parametrize("limits", [Limits(cpu_s=0.0), Limits(nodes=64)])
def test_a_budget_that_runs_out_leaves_everything_unknown(limits: Limits) -> None:
    found = prove([LIVE, ruleset(BLOCK, WEB, DESK, REST), GOLDEN], limits=limits)
    assert found.verdict is Proven.UNKNOWN
    assert "not enough" in found.note


def test_no_state_after_live_proves_nothing() -> None:
    assert prove([LIVE]).verdict is Proven.UNKNOWN


def test_an_interpreter_that_disagrees_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interpreted, "trace", lambda _self, _packet, _valuation=None: Trace(answer=Answer.DENY))
    found = prove([LIVE, ruleset(ALL), GOLDEN])
    assert found.steps[0].verdict is Proven.UNKNOWN
    assert "please report this" in found.steps[0].text


def test_an_engine_that_sees_no_harm_is_held_against_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("murenger.semantics.hitless._refuted", lambda *_arguments, **_named: None)
    found = prove([LIVE, ruleset(ALL), GOLDEN])
    assert found.steps[0].verdict is Proven.UNKNOWN
    assert "the interpreter contradicts the engine" in found.steps[0].text


US = Management(sources=("10.0.0.7",), address="192.0.2.1", port=22, interface="eth0")
SSH, PING = rule(Action.PERMIT, 7, 7, port=22), rule(Action.PERMIT, 0, 255, port=7)


def box(*rules: Rule) -> Ruleset:
    """Return a device with rules about what is for itself, and none about what it sends."""
    into = RuleList(name="input", hooks=frozenset({Hook.INPUT}), rules=rules)
    return Ruleset(platform="nftables", lists=(into,), covers=frozenset({Hook.INPUT, Hook.OUTPUT}))


def test_management_that_is_cut_on_the_way_is_refuted_and_the_step_is_named() -> None:
    live, golden = box(SSH, REST), box(SSH, PING, REST)
    found = prove([live, box(PING, REST), golden], management=US, may_cut=True)
    assert found.states_verdict is Proven.PROVED, "the cut is named, but it is ours"
    assert found.management.verdict is Proven.REFUTED
    assert "step 1" in found.management.text
    assert found.verdict is Proven.REFUTED
    assert prove([live, box(SSH, PING, PING, REST), golden], management=US).verdict is Proven.PROVED


def test_a_condition_before_management_is_unknown_unless_live_has_it_too() -> None:
    night = rule(Action.PERMIT, 7, 7, port=22, opaque=True)
    assert prove([box(SSH, REST), box(night, REST)], management=US).management.verdict is Proven.UNKNOWN
    assert prove([box(night, REST), box(PING, night, REST)], management=US).management.verdict is Proven.PROVED


def test_every_source_that_live_lets_in_must_stay_in() -> None:
    wide = dataclasses.replace(US, sources=("10.0.0.0/28",))
    live = box(rule(Action.PERMIT, 0, 15, port=22), REST)
    assert prove([live, box(SSH, REST)], management=wide).management.verdict is Proven.REFUTED
    assert prove([box(SSH, REST), live], management=wide).management.verdict is Proven.PROVED


@pytest.mark.parametrize("source", ["2001:db8::7", "nowhere"])
def test_a_source_that_fits_nothing_is_unknown(source: str) -> None:
    found = prove([box(SSH, REST), box(SSH, REST)], management=dataclasses.replace(US, sources=(source,)))
    assert found.management.verdict is Proven.UNKNOWN


def test_a_packet_is_shown_as_trace_reads_it() -> None:
    found = prove([box(SSH, REST), box(REST)], management=US)
    witness = found.management.witness
    assert isinstance(witness, Packet)
    assert (witness.family, witness.dport, witness.ingress) == (4, 22, "eth0")
    assert "dport=22" in found.management.text
