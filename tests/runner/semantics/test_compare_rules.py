"""Comparisons whose answer anybody can work out: what a report says, and what is never called equal."""

import dataclasses
import random
import time

import pytest
from tests.runner.semantics import cells as space

from murenger.model.impact import Effect, Verdict
from murenger.semantics import edits
from murenger.semantics.align import Segment, align
from murenger.semantics.compare import compare
from murenger.semantics.hygiene import Fault, hygiene
from murenger.semantics.interpreter import Answer, trace
from murenger.semantics.intervals import ANY_PORT, ANY_PROTOCOL, IntervalSet, network
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
    State,
)
from murenger.semantics.reach import reach
from murenger.semantics.verdict import Limits, Reason

PERMIT, DENY = Action.PERMIT, Action.DENY
TCP = 6
SSL = OpaqueKey("app", "01", "application ssl")


def match(
    src: str = "0.0.0.0/0", dst: str = "0.0.0.0/0", proto: int | None = None, dport: int | None = None, **more: object
) -> Match:
    family, sources = network(src)
    l4 = L4(
        ANY_PROTOCOL if proto is None else IntervalSet.single(proto),
        ANY_PORT,
        ANY_PORT if dport is None else IntervalSet.single(dport),
    )
    found = Match(family=family, src=sources, dst=network(dst)[1], l4=(l4,))
    return dataclasses.replace(found, **more)  # type: ignore[arg-type] - fields of a match by name


def rule(action: Action, what: Match, name: str, handling: str = "") -> Rule:
    return Rule(action=action, any_of=(what,), provenance=Provenance(rule=name, first_line=1), handling=handling)


WEB = rule(PERMIT, match(dst="10.1.2.0/24", proto=TCP, dport=443), "web")
BLOCK = rule(DENY, match(src="10.9.0.0/16"), "block")
RDP = rule(PERMIT, match(dst="10.1.2.3/32", proto=TCP, dport=3389), "rdp")
DEFAULT = space.default(DENY)


def filter_of(*rules: Rule, default: Rule = DEFAULT, hook: Hook = Hook.FORWARD) -> Ruleset:
    return space.ruleset([(*rules, default)], hook)


def test_one_rule_more_is_reported_with_count_box_and_both_rules() -> None:
    found = compare(filter_of(WEB), filter_of(WEB, RDP))
    assert (found.verdict, found.effect) == (Verdict.DIFFERENT, Effect.WIDENS)
    (region,) = found.regions
    assert (region.golden.rule.rule, region.live.rule.rule) == ("default deny", "rdp")
    assert region.packets == 2**32 * 2**16
    assert region.is_whole
    assert region.boxes == (RDP.any_of[0],)
    assert (region.witness.dport, region.witness.flags, region.witness.state, region.witness.sport) == (
        3389,
        "syn",
        "new",
        40000,
    )


def test_order_decides_only_where_rules_overlap() -> None:
    assert compare(filter_of(WEB, BLOCK), filter_of(BLOCK, WEB)).effect is Effect.TIGHTENS
    assert compare(filter_of(WEB, RDP), filter_of(RDP, WEB)).verdict is Verdict.EQUAL


def test_ignoring_order_in_the_alignment_would_miss_a_swap() -> None:
    segments = align(filter_of(WEB, BLOCK).lists[0].rules, filter_of(BLOCK, WEB).lists[0].rules)
    assert any(not one.is_paired for one in segments)


def test_default_flip_is_everything() -> None:
    found = compare(filter_of(), filter_of(default=space.default(PERMIT)))
    assert found.effect is Effect.WIDENS
    assert {region.witness.family for region in found.regions} == {4, 6}


def test_an_added_condition_is_unknown_with_its_box() -> None:
    guarded = rule(PERMIT, match(dst="10.1.2.3/32", proto=TCP, dport=22, opaque=((SSL, True),)), "ssh")
    found = compare(filter_of(WEB), filter_of(WEB, guarded))
    assert (found.verdict, found.effect) == (Verdict.UNKNOWN, Effect.UNKNOWN)
    assert [one.reason for one in found.unknowns] == [Reason.OPAQUE]
    assert "application ssl" in found.unknowns[0].text
    assert found.regions[0].boxes[0].opaque == ((SSL, True),)


def test_a_condition_that_both_sides_share_is_an_assumption() -> None:
    guarded = rule(PERMIT, match(opaque=((SSL, True),)), "ssl")
    found = compare(filter_of(guarded, WEB, RDP), filter_of(guarded, RDP, WEB))
    assert found.verdict is Verdict.EQUAL
    assert found.assumptions == (SSL,)


def test_equal_text_of_a_condition_with_another_definition_is_not_equal() -> None:
    other = OpaqueKey("app", "02", "application ssl")
    ours, theirs = (rule(PERMIT, match(opaque=((key, True),)), "ssl") for key in (SSL, other))
    assert compare(filter_of(ours), filter_of(theirs)).verdict is Verdict.UNKNOWN


def test_a_condition_that_only_changes_direction_is_different_by_proof() -> None:
    ours = rule(PERMIT, match(opaque=((SSL, True),)), "with")
    theirs = rule(PERMIT, match(opaque=((SSL, False),)), "without")
    found = compare(filter_of(ours), filter_of(theirs))
    assert (found.verdict, found.effect) == (Verdict.DIFFERENT, Effect.UNKNOWN)


def test_residue_is_never_equal() -> None:
    golden = dataclasses.replace(filter_of(WEB), residue=(ResidueSection(name="nat", digest="1"),))
    for residue in ((), (ResidueSection(name="nat", digest="2"),)):
        found = compare(golden, dataclasses.replace(golden, residue=residue))
        assert (found.verdict, found.effect) == (Verdict.UNKNOWN, Effect.UNKNOWN)
        assert [change.name for change in found.residue] == ["nat"]
    wider = compare(golden, dataclasses.replace(filter_of(WEB, RDP)))
    assert (wider.verdict, wider.effect) == (Verdict.DIFFERENT, Effect.UNKNOWN)


def test_what_neither_device_acts_on_changes_no_packet_and_is_reported() -> None:
    def off(digest: str) -> Ruleset:
        section = ResidueSection(name="disabled rules", digest=digest, first_line=3, summary="2 rules", is_inert=True)
        return dataclasses.replace(filter_of(WEB), residue=(section,))

    found = compare(off("a"), off("b"))
    assert (found.verdict, found.residue, found.unknowns) == (Verdict.EQUAL, (), ())
    assert [(one.before, one.now) for one in found.handling] == [("2 rules", "2 rules, but not the same")]
    gone = compare(off("a"), filter_of(WEB))
    assert (gone.verdict, [(one.before, one.now) for one in gone.handling]) == (Verdict.EQUAL, [("2 rules", "")])
    assert compare(off("a"), off("a")).handling == ()


def test_what_one_device_acts_on_is_not_equal_to_what_the_other_does_not() -> None:
    acting, idle = (
        dataclasses.replace(filter_of(WEB), residue=(ResidueSection(name="s", digest=digest, is_inert=is_inert),))
        for digest, is_inert in (("a", False), ("b", True))
    )
    assert compare(acting, idle).verdict is compare(idle, acting).verdict is Verdict.UNKNOWN


def test_residue_in_another_order_is_not_equal() -> None:
    one, other = ResidueSection(name="a", digest="1"), ResidueSection(name="b", digest="2")
    golden = dataclasses.replace(filter_of(WEB), residue=(one, other))
    assert compare(golden, dataclasses.replace(golden, residue=(other, one))).verdict is Verdict.UNKNOWN


def test_a_way_that_one_side_alone_holds_is_unknown() -> None:
    golden = filter_of(WEB)
    found = compare(golden, dataclasses.replace(golden, covers=frozenset({Hook.FORWARD, Hook.INPUT})))
    assert [one.reason for one in found.unknowns] == [Reason.RESIDUE]


def test_an_unbound_list_on_one_side_is_unknown_and_bound_ones_are_left_to_their_places() -> None:
    one = RuleList(name="A", hooks=frozenset({Hook.ACL}), rules=(WEB, DEFAULT), acl="A")
    golden = filter_of(RDP)
    with_list = dataclasses.replace(golden, lists=(*golden.lists, one))
    assert compare(golden, with_list).verdict is Verdict.UNKNOWN
    bound = dataclasses.replace(golden, lists=(*golden.lists, dataclasses.replace(one, bound=True)))
    other = dataclasses.replace(one, rules=(RDP, DEFAULT), bound=True)
    assert compare(bound, dataclasses.replace(golden, lists=(*golden.lists, other))).verdict is Verdict.EQUAL
    half = dataclasses.replace(golden, lists=(*golden.lists, dataclasses.replace(other, bound=False)))
    assert compare(bound, half).verdict is Verdict.DIFFERENT


def test_lost_logging_is_handling_not_traffic() -> None:
    found = compare(filter_of(dataclasses.replace(WEB, handling="log")), filter_of(WEB))
    assert (found.verdict, found.effect) == (Verdict.EQUAL, Effect.NONE)
    assert [(one.before, one.now) for one in found.handling] == [("log", "")]


def test_a_lost_exception_opens_what_it_spared() -> None:
    spared = match(dst="10.1.2.3/32")
    wide = rule(PERMIT, match(dst="10.0.0.0/8"), "wide")
    found = compare(filter_of(dataclasses.replace(wide, unless=(spared,))), filter_of(wide))
    assert found.effect is Effect.WIDENS
    assert found.regions[0].boxes == (spared,)


def test_a_rule_decides_nothing_for_what_it_spares() -> None:
    block = dataclasses.replace(rule(DENY, match(), "block"), unless=(match(dst="10.1.2.3/32"),))
    assert compare(filter_of(block), filter_of(block, RDP)).effect is Effect.WIDENS


def test_what_one_side_decided_at_an_early_edit_is_not_decided_again_at_a_late_one() -> None:
    between = [rule(PERMIT, match(dst=f"192.0.2.{number}/32"), str(number)) for number in range(40)]
    golden = filter_of(*between, WEB)
    live = filter_of(WEB, *between, dataclasses.replace(WEB, action=DENY))
    assert compare(golden, live).verdict is Verdict.EQUAL


def test_a_list_without_default_is_unknown() -> None:
    broken = space.ruleset([(WEB,)])
    assert compare(broken, broken).verdict is Verdict.UNKNOWN
    assert compare(filter_of(), space.ruleset([()])).verdict is Verdict.UNKNOWN


def test_an_interface_moved_to_another_zone_shows_as_packets() -> None:
    trusted = rule(PERMIT, match(ingress=Places.of("trust")), "trusted")
    golden = dataclasses.replace(
        filter_of(trusted), zones=(("trust", frozenset({"eth1"})), ("dmz", frozenset({"eth2"})))
    )
    live = dataclasses.replace(golden, zones=(("trust", frozenset({"eth1", "eth2"})), ("dmz", frozenset())))
    found = compare(golden, live)
    assert found.effect is Effect.WIDENS
    (region,) = found.regions
    assert region.witness.ingress == "eth2"
    assert (trace(golden, region.witness).answer, trace(live, region.witness).answer) == (Answer.DENY, Answer.ALLOW)


def test_watched_traffic_is_proven_opened_closed_or_neither() -> None:
    rdp = (Hook.FORWARD, (match(dst="10.1.2.0/24", proto=TCP, dport=3389),))
    web = (Hook.FORWARD, (match(proto=TCP, dport=443),))
    found = dict(compare(filter_of(WEB), filter_of(RDP), watched={"rdp": rdp, "web": web}).touched)
    assert (found["rdp"].opened, found["rdp"].closed) == (True, False)
    assert (found["web"].opened, found["web"].closed) == (False, True)
    witness = found["rdp"].witness
    assert witness is not None
    assert trace(filter_of(RDP), witness).answer is Answer.ALLOW


def test_reach_proves_what_passes_and_what_does_not() -> None:
    found = reach(filter_of(BLOCK, WEB), (match(dst="10.1.2.0/25", proto=TCP, dport=443),), hook=Hook.FORWARD)
    assert found.permitting is not None
    assert found.denying is not None
    assert (found.permitting.rule.rule, found.denying.rule.rule) == ("web", "block")
    none = reach(filter_of(WEB), (match(dst="10.1.3.0/24"),), hook=Hook.FORWARD)
    assert (none.permitted, none.may_permit, none.may_deny) == (None, False, True)
    assert reach(filter_of(WEB), (match(),), hook=Hook.INPUT).unknowns[0].reason is Reason.RESIDUE
    spent = reach(filter_of(WEB), (match(),), hook=Hook.FORWARD, limits=Limits(nodes=50))
    assert (spent.may_permit, spent.may_deny, spent.unknowns[0].reason) == (True, True, Reason.BUDGET)


def explosive(size: int, seed: int) -> tuple[Rule, ...]:
    """Return rules that no small diagram holds: each an odd pair of a source, a destination and port ranges."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret

    def span(bits: int) -> IntervalSet:
        return IntervalSet.of(
            *((low, low + chance.randrange(1 << (bits - 3))) for low in chance.sample(range(1 << bits), 6))
        )

    return tuple(
        Rule(
            action=chance.choice((PERMIT, DENY)),
            any_of=(
                Match(
                    family=4,
                    src=IntervalSet.of(*span(31).spans),
                    dst=IntervalSet.of(*span(31).spans),
                    l4=(L4(IntervalSet.single(TCP), IntervalSet.of(*span(15).spans), IntervalSet.of(*span(15).spans)),),
                    state=State(chance.randrange(1, 32)),
                ),
            ),
            provenance=Provenance(rule=str(number)),
        )
        for number in range(size)
    )


@pytest.mark.parametrize("limits", [Limits(cpu_s=1.5), Limits(nodes=60_000)])
def test_rules_built_to_explode_are_unknown_within_the_budget(limits: Limits) -> None:
    golden, live = filter_of(*explosive(120, 1)), filter_of(*explosive(120, 1), default=space.default(PERMIT))
    began = time.process_time()
    found = compare(golden, live, limits=limits)
    assert time.process_time() - began < 15
    assert found.verdict is not Verdict.EQUAL
    assert Reason.BUDGET in {one.reason for one in found.unknowns}


def test_a_wrong_claim_of_equality_is_caught_by_packets_on_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(segments: tuple[Segment, ...], *_: object) -> tuple[edits.Edit, ...]:
        return tuple(edits.Edit(one) for one in segments)

    monkeypatch.setattr("murenger.semantics.duel.edits", blind)
    found = compare(filter_of(WEB), filter_of(WEB, RDP))
    assert found.verdict is Verdict.UNKNOWN
    assert [one.reason for one in found.unknowns] == [Reason.ENGINE_DISAGREEMENT]


def test_hygiene_names_shadowed_redundant_and_never_matching_rules() -> None:
    never = Rule(action=PERMIT, any_of=(), provenance=Provenance(rule="never"))
    narrow = rule(DENY, match(dst="10.1.2.7/32", proto=TCP, dport=443), "narrow")
    needless = rule(DENY, match(dst="192.0.2.0/24"), "needless")
    found = hygiene(filter_of(WEB, narrow, never, needless, RDP)).findings
    assert [(one.rule.rule, one.fault) for one in found] == [
        ("narrow", Fault.SHADOWED),
        ("never", Fault.NEVER),
        ("needless", Fault.REDUNDANT),
    ]
    assert [by.rule for by in found[0].by] == ["web"]
    assert hygiene(filter_of(WEB, narrow), Limits(nodes=30)).unknowns[0].reason is Reason.BUDGET


@pytest.mark.parametrize("seed", range(15))
def test_removing_one_faulty_rule_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    where = space.grid(chance)
    rules = [space.random_rule(where, chance, str(number)) for number in range(6)] + [space.default(DENY)]
    golden = space.ruleset([rules], where.hook)
    findings = hygiene(golden).findings
    for one in rules[:-1]:
        live = space.ruleset([[other for other in rules if other is not one]], where.hook)
        is_same = all(
            space.decided(golden, cell, where.keys) == space.decided(live, cell, where.keys)
            for cell in space.cells(where)
        )
        assert is_same == any(found.rule == one.provenance for found in findings)
