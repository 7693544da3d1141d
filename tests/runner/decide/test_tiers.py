"""Tiers: each class needs its proof, and what lacks it is unknown."""

import dataclasses
import itertools
from typing import Any

import pytest

from murenger.decide import decide, tier_of
from murenger.model import Action, Effect, Flow, Impact, Mode, Standoff, Tier, Verdict
from murenger.model.impact import NOT_ASSESSED, NOTHING_CHANGED

EFFECTS = {
    Tier.CROWN_JEWEL: Effect.WIDENS,
    Tier.WIDENING: Effect.WIDENS,
    Tier.TIGHTENING: Effect.TIGHTENS,
    Tier.MIXED: Effect.BOTH,
}


@pytest.fixture
def flow(case: Any) -> Flow:
    found = case.drift.impact.opened[0]
    assert isinstance(found, Flow)
    return found


def proven(tier: Tier, flow: Flow) -> Impact:
    """Return an impact that proves a tier."""
    if tier is Tier.UNKNOWN:
        return NOT_ASSESSED
    if tier in {Tier.COSMETIC, Tier.HANDLING}:
        return dataclasses.replace(NOTHING_CHANGED, handling=("log lost",) if tier is Tier.HANDLING else ())
    return Impact(
        verdict=Verdict.DIFFERENT,
        effect=EFFECTS[tier],
        opened=() if tier is Tier.TIGHTENING else (flow,),
        closed=(flow,) if tier in {Tier.TIGHTENING, Tier.MIXED} else (),
        crown_jewel=tier is Tier.CROWN_JEWEL,
    )


def of(case: Any, impact: Impact) -> Tier:
    return tier_of(dataclasses.replace(case.drift, impact=impact))


@pytest.mark.parametrize("tier", [tier for tier in Tier if tier is not Tier.NONE])
def test_each_tier_is_given_on_its_proof(case: Any, flow: Flow, tier: Tier) -> None:
    assert of(case, proven(tier, flow)) is tier


def test_a_device_in_sync_has_no_tier(case: Any) -> None:
    assert tier_of(dataclasses.replace(case.drift, differences=())) is Tier.NONE


def test_tightening_needs_that_nothing_may_have_been_opened(case: Any, flow: Flow) -> None:
    """A might-open flow, of which nobody can tell, is enough to refuse the word."""
    impact = proven(Tier.TIGHTENING, flow)
    perhaps = dataclasses.replace(flow, is_certain=False)
    assert of(case, dataclasses.replace(impact, opened=(perhaps,))) is Tier.UNKNOWN
    assert of(case, dataclasses.replace(impact, crown_jewel=True)) is Tier.UNKNOWN
    assert of(case, dataclasses.replace(impact, closed=())) is Tier.UNKNOWN
    assert of(case, dataclasses.replace(impact, closed=(perhaps,))) is Tier.UNKNOWN


def test_widening_needs_that_something_was_surely_opened_and_nothing_may_have_been_closed(
    case: Any, flow: Flow
) -> None:
    impact = proven(Tier.WIDENING, flow)
    perhaps = dataclasses.replace(flow, is_certain=False)
    assert of(case, dataclasses.replace(impact, closed=(perhaps,))) is Tier.UNKNOWN
    assert of(case, dataclasses.replace(impact, opened=(perhaps,))) is Tier.UNKNOWN
    assert of(case, dataclasses.replace(impact, opened=(flow, perhaps))) is Tier.WIDENING


def test_an_unjudged_crown_jewel_is_no_proof_of_one(case: Any, flow: Flow) -> None:
    assert of(case, dataclasses.replace(proven(Tier.CROWN_JEWEL, flow), crown_jewel=None)) is Tier.WIDENING


@pytest.mark.parametrize("tier", [Tier.CROWN_JEWEL, Tier.WIDENING, Tier.TIGHTENING, Tier.MIXED])
def test_whatever_else_is_undecided_makes_it_unknown(case: Any, flow: Flow, tier: Tier) -> None:
    impact = proven(tier, flow)
    for reason in ("residue: nat differs", "budget: time", "unreadable", "engine-disagreement: x", "opaquely: new"):
        assert of(case, dataclasses.replace(impact, unknowns=("opaque: meta hour", reason))) is Tier.UNKNOWN
    # A condition that nobody can tell is bounded: the engine has already weighed what it might do.
    assert of(case, dataclasses.replace(impact, unknowns=("opaque: meta hour",))) is tier


@pytest.mark.parametrize("tier", [Tier.COSMETIC, Tier.HANDLING])
def test_equal_with_evidence_against_it_is_unknown(case: Any, flow: Flow, tier: Tier) -> None:
    impact = proven(tier, flow)
    for contradiction in (
        {"opened": (flow,)},
        {"closed": (flow,)},
        {"flows_left": 1},
        {"unknowns": ("opaque: x",)},
        {"effect": Effect.WIDENS},
        {"effect": Effect.UNKNOWN},
    ):
        assert of(case, dataclasses.replace(impact, **contradiction)) is Tier.UNKNOWN, contradiction


def test_only_a_whole_proof_ever_gives_a_tier_that_heals_by_itself(case: Any, flow: Flow) -> None:
    """Over every combination of claim and evidence, widening is never said where something may have been closed."""
    perhaps = dataclasses.replace(flow, is_certain=False)
    flows = ((), (flow,), (perhaps,), (flow, perhaps))
    for verdict, effect, opened, closed, jewel in itertools.product(Verdict, Effect, flows, flows, (True, False, None)):
        tier = of(case, Impact(verdict=verdict, effect=effect, opened=opened, closed=closed, crown_jewel=jewel))
        if tier in {Tier.WIDENING, Tier.CROWN_JEWEL}:
            assert (verdict, effect, closed) == (Verdict.DIFFERENT, Effect.WIDENS, ())
            assert flow in opened
        if tier is Tier.TIGHTENING:
            assert (verdict, effect, opened) == (Verdict.DIFFERENT, Effect.TIGHTENS, ())
        if tier in {Tier.COSMETIC, Tier.HANDLING}:
            assert (verdict, effect, opened, closed) == (Verdict.EQUAL, Effect.NONE, (), ())


def decided(case: Any, flow: Flow, tier: Tier, **more: Any) -> Any:
    return decide(
        dataclasses.replace(case.drift, impact=proven(tier, flow)),
        case.policy,
        standing=(case.change, case.signed()),
        approval=case.approval,
        plan_digest=case.plan_digest,
        now=case.now,
        **more,
    )


@pytest.mark.parametrize("tier", [Tier.CROWN_JEWEL, Tier.WIDENING, Tier.HANDLING, Tier.COSMETIC])
def test_these_tiers_heal_by_a_standing_change(case: Any, flow: Flow, tier: Tier) -> None:
    decision = decided(case, flow, tier)
    assert (decision.action, decision.tier) == (Action.HEAL, tier)
    assert decision.reasons[0].startswith(f"{tier.value} drift")
    assert (decision.cause, decision.until) == ("", None)


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (Tier.TIGHTENING, "perhaps in answer to an incident: ask who did it, then approve the plan"),
        (Tier.MIXED, "opened some traffic and closed some: a person must look"),
        (Tier.UNKNOWN, "the effect on traffic is not proven (not-assessed): a person must look"),
    ],
)
def test_these_tiers_never_heal_without_a_person_and_say_what_to_do(
    case: Any, flow: Flow, tier: Tier, words: str
) -> None:
    decision = decided(case, flow, tier)
    assert decision.action is Action.HOLD
    assert (decision.tier, decision.cause, decision.awaits_approval) == (tier, tier.value, True)
    assert decision.reasons[0].startswith(f"{tier.value} drift")
    assert words in decision.reasons[1]
    assert "approve the plan" in decision.reasons[1]
    case.approval = case.approved()
    assert decided(case, flow, tier).action is Action.HEAL


def test_unknown_is_alarmed_as_widening(case: Any, flow: Flow) -> None:
    assert "counts as widening" in decided(case, flow, Tier.UNKNOWN).reasons[0]
    assert Tier.UNKNOWN.rank < Tier.MIXED.rank < Tier.TIGHTENING.rank
    assert Tier.CROWN_JEWEL.rank == 0


@pytest.mark.parametrize("mode", list(Mode))
def test_a_standoff_holds_in_every_mode_and_a_person_overrides_it_where_one_may(
    case: Any, flow: Flow, mode: Mode
) -> None:
    case.vary_policy(mode=mode)
    standoff = Standoff(cause="fight", reason="fight: stop them")
    decision = decided(case, flow, Tier.CROWN_JEWEL, standoffs=(standoff,))
    assert decision.action is Action.HOLD
    assert ("fight: stop them" in decision.reasons) is (mode is not Mode.OBSERVE)
    assert decision.cause == ("policy" if mode is Mode.OBSERVE else "fight")
    case.approval = case.approved()
    action = Action.HOLD if mode is Mode.OBSERVE else Action.HEAL
    assert decided(case, flow, Tier.CROWN_JEWEL, standoffs=(standoff,)).action is action


def test_a_hold_ends_by_itself_only_where_nothing_else_stands_in_the_way(case: Any, flow: Flow) -> None:
    until = case.now
    waits = Standoff(cause="back-off", reason="back-off: wait", until=until)
    fights = Standoff(cause="fight", reason="fight: stop them")
    assert decided(case, flow, Tier.WIDENING, standoffs=(waits,)).until == until
    assert decided(case, flow, Tier.TIGHTENING, standoffs=(waits,)).until is None
    both = decided(case, flow, Tier.WIDENING, standoffs=(fights, waits))
    assert (both.until, both.cause) == (None, "fight")
    assert both.reasons[1:] == ("fight: stop them", "back-off: wait")
