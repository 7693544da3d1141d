"""Impact: what a drift lets through, worst first, with names, the intents it violates and what nobody can tell."""

import dataclasses
import pathlib

import pytest

from murenger.config.intents import read_intents
from murenger.model.impact import Effect, Impact, Risk, Verdict
from murenger.semantics.compare import compare
from murenger.semantics.impact import assess
from murenger.semantics.intents import Intents, watched
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.intervals import ANY_PORT, IntervalSet, any_address, network
from murenger.semantics.ir import (
    ANY_L4,
    EVERYTHING,
    L4,
    Action,
    Hook,
    Match,
    NamedAddresses,
    OpaqueKey,
    Places,
    Provenance,
    ResidueSection,
    Rule,
    RuleList,
    Ruleset,
)
from murenger.semantics.verdict import Limits, Touched

INTENTS = """\
version: 1
segments:
  - {name: app, prefixes: [10.2.0.0/24]}
  - {name: cde, prefixes: [10.1.2.0/24], crown_jewel: true}
  - {name: dmz, prefixes: [192.0.2.0/24]}
services:
  - {name: postgres, protocol: tcp, ports: [5432]}
intents:
  - {name: cde-only-from-app, expect: only, from: app, to: cde, services: postgres, severity: critical,
     owner: ciso@example.net, reference: PCI DSS 1.3.1}
  - {name: app-works, expect: permit, from: app, to: cde, services: postgres, severity: high}
  - {name: no-dmz-mail, expect: deny, to: dmz, severity: low}
"""


@pytest.fixture
def intents() -> Intents:
    return read_intents(pathlib.Path("intents.yml"), INTENTS.encode())


def rule(action: Action, name: str, src: str = "", dst: str = "", port: int | None = None, **more: object) -> Rule:
    l4 = ANY_L4 if port is None else (L4(IntervalSet.single(6), ANY_PORT, IntervalSet.single(port)),)
    match = Match(
        family=4,
        src=network(src)[1] if src else any_address(4),
        dst=network(dst)[1] if dst else any_address(4),
        l4=l4,
    )
    match = dataclasses.replace(match, **more)  # type: ignore[arg-type]  # a test names fields that there are
    return Rule(action=action, any_of=(match,), provenance=Provenance(rule=name, first_line=7, last_line=8))


DENY = Rule(action=Action.DENY, any_of=EVERYTHING, provenance=Provenance(rule="default deny", synthetic=True))
GOOD = rule(Action.PERMIT, "app-to-db", "10.2.0.0/24", "10.1.2.0/24", 5432)
ROGUE = rule(Action.PERMIT, "rdp-in", "", "10.1.2.3", 3389, ingress=Places.of("eth0"), egress=Places.of("eth1"))


def ruleset(*rules: Rule, **more: object) -> Ruleset:
    only = RuleList(name="forward", hooks=frozenset({Hook.FORWARD}), rules=(*rules, DENY))
    made = Ruleset(
        platform="nftables",
        lists=(only,),
        covers=frozenset({Hook.FORWARD}),
        addresses=(NamedAddresses(name="card-db", family=4, addresses=network("10.1.2.3")[1]),),
        parser="own 1",
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]  # as above


def judged(golden: Ruleset, live: Ruleset, intents: Intents | None = None, *, is_asked: bool = True) -> Impact:
    asked = watched(intents) if intents and is_asked else {}
    return assess(compare(golden, live, watched=asked), golden, live, intents)


def test_what_was_opened_is_named_with_both_rules_and_a_witness_that_stands(intents: Intents) -> None:
    golden, live = ruleset(GOOD), ruleset(GOOD, ROGUE)
    impact = judged(golden, live, intents)
    assert (impact.verdict, impact.effect, impact.closed) == (Verdict.DIFFERENT, Effect.WIDENS, ())
    (flow,) = impact.opened
    assert flow.text == "tcp 3389 from any to card-db (10.1.2.3), eth0 -> eth1"
    assert (flow.golden.name, flow.live.name, flow.live.first_line) == ("default deny", "rdp-in", 7)
    assert (flow.is_certain, flow.is_whole, flow.packets) == (True, True, 2**32 * 2**16)
    assert flow.intents == ("cde-only-from-app",)
    assert impact.witnesses == (flow.witness,)
    assert trace(golden, flow.witness).answer is Answer.DENY
    assert trace(live, flow.witness).answer is Answer.ALLOW


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_violated_intent_is_carried_with_owner_reference_and_witness(intents: Intents, *, is_asked: bool) -> None:
    golden, live = ruleset(GOOD), ruleset(GOOD, ROGUE)
    (violation,) = judged(golden, live, intents, is_asked=is_asked).violations
    assert (violation.intent, violation.risk) == ("cde-only-from-app", Risk.CRITICAL)
    assert (violation.owner, violation.reference) == ("ciso@example.net", "PCI DSS 1.3.1")
    assert violation.is_certain
    assert trace(golden, violation.witness).answer is Answer.DENY
    assert trace(live, violation.witness).answer is Answer.ALLOW


@pytest.mark.parametrize("is_asked", [True, False])
def test_closing_what_must_pass_is_a_violation(intents: Intents, *, is_asked: bool) -> None:
    golden, live = ruleset(GOOD), ruleset(rule(Action.DENY, "block", "10.2.0.9", ""), GOOD)
    impact = judged(golden, live, intents, is_asked=is_asked)
    assert impact.effect is Effect.TIGHTENS
    assert [flow.intents for flow in impact.closed] == [("app-works",)]
    (violation,) = impact.violations
    assert violation.intent == "app-works"
    assert trace(golden, violation.witness).answer is Answer.ALLOW
    assert trace(live, violation.witness).answer is Answer.DENY


def test_tightening_a_forbidden_flow_violates_nothing(intents: Intents) -> None:
    impact = judged(ruleset(GOOD, ROGUE), ruleset(GOOD), intents)
    assert impact.effect is Effect.TIGHTENS
    assert [flow.intents for flow in impact.closed] == [()]
    assert impact.violations == ()


def test_what_golden_violates_already_is_not_laid_at_the_drifts_door(intents: Intents) -> None:
    web = rule(Action.PERMIT, "web", "198.51.100.0/24", "203.0.113.0/24", 443)
    impact = judged(ruleset(GOOD, ROGUE), ruleset(GOOD, ROGUE, web), intents)
    assert impact.effect is Effect.WIDENS
    assert impact.violations == ()


def test_a_changed_residue_lays_no_old_violation_at_the_drifts_door(intents: Intents) -> None:
    nat = ResidueSection(name="nat", digest="1" * 64)
    impact = judged(ruleset(GOOD, ROGUE), ruleset(GOOD, ROGUE, residue=(nat,)), intents)
    assert impact.verdict is Verdict.UNKNOWN
    assert impact.violations == ()


def test_violations_and_flows_stand_worst_first(intents: Intents) -> None:
    wide = rule(Action.PERMIT, "wide", "", "203.0.113.0/24")
    mail = rule(Action.PERMIT, "mail", "", "192.0.2.25", 25)
    impact = judged(ruleset(GOOD), ruleset(GOOD, wide, mail, ROGUE), intents)
    assert [violation.intent for violation in impact.violations] == ["cde-only-from-app", "no-dmz-mail"]
    assert [flow.live.name for flow in impact.opened] == ["rdp-in", "mail", "wide"]
    alone = judged(ruleset(GOOD), ruleset(GOOD, wide, mail, ROGUE))
    assert alone.opened[0].live.name == "wide"


@pytest.mark.parametrize("is_asked", [True, False])
def test_whether_a_crown_jewel_was_opened_is_told_only_where_it_is_known(intents: Intents, *, is_asked: bool) -> None:
    web = rule(Action.PERMIT, "web", "198.51.100.0/24", "203.0.113.0/24", 443)

    def told(golden: Ruleset, live: Ruleset) -> bool | None:
        return judged(golden, live, intents, is_asked=is_asked).crown_jewel

    assert told(ruleset(GOOD), ruleset(GOOD, ROGUE)) is True
    assert told(ruleset(GOOD), ruleset(GOOD, web)) is False
    assert told(ruleset(GOOD, ROGUE), ruleset(GOOD)) is False
    nat = ResidueSection(name="nat", digest="1" * 64)
    assert told(ruleset(GOOD), ruleset(GOOD, web, residue=(nat,))) is None
    assert told(ruleset(GOOD), ruleset(GOOD, ROGUE, residue=(nat,))) is True
    assert judged(ruleset(GOOD), ruleset(GOOD, ROGUE)).crown_jewel is None


def test_equal_traffic_says_so_and_how_it_was_proven(intents: Intents) -> None:
    one, other = rule(Action.PERMIT, "a", "10.5.0.0/25", "", 80), rule(Action.PERMIT, "b", "10.5.0.128/25", "", 80)
    both = rule(Action.PERMIT, "ab", "10.5.0.0/24", "", 80)
    impact = judged(ruleset(one, other), ruleset(both), intents)
    assert (impact.verdict, impact.effect) == (Verdict.EQUAL, Effect.NONE)
    assert not [*impact.opened, *impact.closed, *impact.unknowns, *impact.violations, *impact.witnesses]
    assert impact.proof is not None
    assert impact.proof.rules == (3, 2)
    assert impact.proof.parser == "own 1"
    assert impact.proof.cpu_budget_s == Limits().cpu_s


def test_a_changed_part_that_the_model_does_not_hold_is_named_once(intents: Intents) -> None:
    before = ResidueSection(name="nat", digest="1" * 64, first_line=40, last_line=44)
    now = dataclasses.replace(before, digest="2" * 64)
    impact = judged(ruleset(GOOD, residue=(before,)), ruleset(GOOD, residue=(now,)), intents)
    assert impact.verdict is Verdict.UNKNOWN
    assert impact.violations == ()
    (text,) = impact.unknowns
    assert text.startswith("residue: ")
    assert "nat" in text
    assert "40" in text


def test_a_condition_that_nobody_can_tell_is_uncertain_and_still_counts(intents: Intents) -> None:
    key = OpaqueKey("schedule", "3" * 64, "schedule nights")
    timed = dataclasses.replace(ROGUE, any_of=(dataclasses.replace(ROGUE.any_of[0], opaque=((key, True),)),))
    impact = judged(ruleset(GOOD), ruleset(GOOD, timed), intents)
    assert impact.verdict is Verdict.UNKNOWN
    assert any(text.startswith("opaque: ") for text in impact.unknowns)
    assert [flow.is_certain for flow in impact.opened] == [False]
    (violation,) = impact.violations
    assert (violation.intent, violation.is_certain) == ("cde-only-from-app", False)
    assert impact.proof is not None
    assert impact.proof.opaque_rules == (0, 1)


def test_a_condition_that_both_sides_share_is_an_assumption() -> None:
    key = OpaqueKey("app", "4" * 64, "application ssl")
    timed = dataclasses.replace(ROGUE, any_of=(dataclasses.replace(ROGUE.any_of[0], opaque=((key, True),)),))
    one, other = rule(Action.PERMIT, "a", "10.5.0.0/25", "", 80), rule(Action.PERMIT, "b", "10.6.0.0/25", "", 81)
    impact = judged(ruleset(timed, one, other), ruleset(timed, other, one))
    assert impact.verdict is Verdict.EQUAL
    assert impact.assumptions == ("application ssl",)


def test_a_lost_log_is_told_and_is_no_change_of_traffic() -> None:
    logged = dataclasses.replace(GOOD, handling="log prefix \x1b[1mdb")
    impact = judged(ruleset(logged), ruleset(GOOD))
    assert (impact.verdict, impact.effect) == (Verdict.EQUAL, Effect.NONE)
    assert impact.handling == ("rule app-to-db (live line 7): log prefix \\x1b[1mdb -> nothing",)


def test_an_intent_that_the_engine_left_open_is_settled_or_said_to_be_open(intents: Intents) -> None:
    golden, live = ruleset(GOOD), ruleset(GOOD, ROGUE)
    found = compare(golden, live)
    undecided = tuple((key, Touched(opened=None, closed=None)) for key in watched(intents))
    impact = assess(dataclasses.replace(found, touched=undecided), golden, live, intents)
    # Live alone keeps the two others, so that no drift can have broken them.
    assert [(one.intent, one.is_certain) for one in impact.violations] == [("cde-only-from-app", True)]
    spent = dataclasses.replace(found, touched=undecided, regions=(), regions_left=1)
    opaque = OpaqueKey("app", "5" * 64, "application x")
    maybe = dataclasses.replace(ROGUE, any_of=(dataclasses.replace(ROGUE.any_of[0], opaque=((opaque, True),)),))
    impact = assess(spent, golden, ruleset(GOOD, maybe), intents)
    assert [(one.intent, one.is_certain) for one in impact.violations] == [("cde-only-from-app", False)]


def test_a_packet_that_golden_treats_wrongly_too_proves_nothing(intents: Intents) -> None:
    golden = live = ruleset(GOOD, ROGUE)
    undecided = tuple((key, Touched(opened=None, closed=None)) for key in watched(intents))
    left = dataclasses.replace(compare(golden, live), touched=undecided, regions_left=1)
    impact = assess(left, golden, live, intents)
    assert [(one.intent, one.is_certain) for one in impact.violations] == [("cde-only-from-app", False)]


def test_where_no_time_is_left_an_open_intent_stays_open(intents: Intents) -> None:
    golden, live = ruleset(GOOD), ruleset(GOOD, ROGUE)
    undecided = tuple((key, Touched(opened=None, closed=None)) for key in watched(intents))
    spent = dataclasses.replace(compare(golden, live), touched=undecided, regions=(), regions_left=1)
    impact = assess(spent, golden, live, intents, Limits(cpu_s=0.0))
    assert {one.intent: one.is_certain for one in impact.violations} == dict.fromkeys(
        ("cde-only-from-app", "app-works", "no-dmz-mail"), False
    )


def test_zones_and_interfaces_of_an_intent_meet_rules_that_name_the_other() -> None:
    text = INTENTS.replace("name: app, ", "name: app, interfaces: [ge-0/0/1], ").replace(
        "name: cde, ", "name: cde, zones: [secure], "
    )
    intents = read_intents(pathlib.Path("intents.yml"), text.encode())
    zones = (("trust", frozenset({"ge-0/0/1"})), ("secure", frozenset({"ge-0/0/2"})))
    places = {"ingress": Places.of("trust"), "egress": Places.of("secure")}
    good = rule(Action.PERMIT, "app-to-db", "10.2.0.0/24", "10.1.2.0/24", 5432, **places)
    rogue = rule(Action.PERMIT, "rdp", "", "10.1.2.3", 3389, **places)
    golden, live = ruleset(good, zones=zones), ruleset(good, rogue, zones=zones)
    for is_asked in (True, False):
        impact = judged(golden, live, intents, is_asked=is_asked)
        assert [one.intent for one in impact.violations] == ["cde-only-from-app"]
        assert impact.opened[0].intents == ("cde-only-from-app",)
