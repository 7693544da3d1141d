"""Guards hitless and management-path: what is not proved is refused."""

from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import HitlessGuard, ManagementPathGuard
from murenger.model.packet import Packet
from murenger.semantics.proofs import Cut, HitlessProof, ManagementProof, Proven, StepProof, unproven


def proof(
    *states: Proven,
    management: Proven = Proven.PROVED,
    said: str = "tcp 192.0.2.9 -> 192.0.2.1",
    cuts: tuple[Cut, ...] = (),
) -> HitlessProof:
    steps = tuple(
        StepProof(number=number, step="replace", verdict=verdict, text=f"state {number}")
        for number, verdict in enumerate(states, 1)
    )
    told = ManagementProof(verdict=management, text=said)
    return HitlessProof(verdict=Proven.PROVED, steps=steps, management=told, cuts=cuts, note="engine 1")


def refusal(guard: Any, case: Any) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        guard.check(case)
    assert caught.value.guard == guard.name
    return caught.value.message


def test_a_plan_of_which_each_state_is_proved_passes(make_case: Any) -> None:
    observed = HitlessGuard().check(make_case(proof=proof(Proven.PROVED, Proven.PROVED))).observed
    assert observed == "2 states proved; engine 1"


@pytest.mark.parametrize("verdict", [Proven.REFUTED, Proven.UNKNOWN])
def test_one_state_that_is_not_proved_refuses_the_plan_whatever_the_whole_is_called(
    make_case: Any, verdict: Any
) -> None:
    told = refusal(HitlessGuard(), make_case(proof=proof(Proven.PROVED, verdict, Proven.PROVED)))
    assert "step 2: state 2" in told
    assert "step 1" not in told


@pytest.mark.parametrize("nothing", [None, unproven("the engine ran out of memory")])
@pytest.mark.parametrize("guard", [HitlessGuard(), ManagementPathGuard()])
def test_without_a_proof_nothing_is_healed(make_case: Any, guard: Any, nothing: Any) -> None:
    assert refusal(guard, make_case(proof=nothing))


def test_what_is_cut_for_a_moment_is_told(make_case: Any) -> None:
    packet = Packet(family=4, src=1, dst=2, proto=6)
    told = HitlessGuard().check(make_case(proof=proof(Proven.PROVED, cuts=(Cut(number=1, witness=packet),)))).observed
    assert "cut during step 1" in told


def test_a_plan_that_keeps_our_own_way_open_passes(make_case: Any) -> None:
    assert "192.0.2.9" in ManagementPathGuard().check(make_case(proof=proof(Proven.PROVED))).observed


def test_a_lock_out_is_refused_though_every_state_is_harmless(make_case: Any) -> None:
    case = make_case(proof=proof(Proven.PROVED, management=Proven.REFUTED, said="step 1 cuts tcp 22"))
    assert refusal(ManagementPathGuard(), case) == "the change would lock us out: step 1 cuts tcp 22"
    assert HitlessGuard().check(case).passed


def test_an_undecided_way_to_the_device_is_refused(make_case: Any) -> None:
    case = make_case(proof=proof(Proven.PROVED, management=Proven.UNKNOWN))
    assert "not proved that our own way" in refusal(ManagementPathGuard(), case)
