"""Guard capability-proved: what is not proved of a driver is not used."""

import dataclasses
import datetime
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import CapabilityGuard, GuardCase
from murenger.model.capability import NEEDED_TO_HEAL, Capability, DriverProof, ProofName

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
GUARD = CapabilityGuard()


def capability(*, without: tuple[ProofName, ...] = (), **changes: Any) -> Capability:
    proofs = tuple(DriverProof(name=name, proved=name not in without, reason="seen", at=NOON) for name in ProofName)
    whole = Capability(
        driver="eos",
        driver_version="5.2.0",
        platform="eos",
        os_version="4.32.0F",
        device="leaf9",
        proofs=proofs,
        made_at=NOON,
        signed_by="carol@example.net",
    )
    return dataclasses.replace(whole, **changes)


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert caught.value.guard == "capability-proved"
    return caught.value.message


def test_a_driver_of_which_all_is_proved_passes_and_the_check_says_by_whom(make_case: Any) -> None:
    assert "carol@example.net" in GUARD.check(make_case(capability=capability())).observed


def test_a_driver_of_which_nothing_is_proved_is_refused(make_case: Any) -> None:
    assert "nothing is proved for eos 5.2.0 on 4.32.0F" in refusal(make_case(capability=None))


@pytest.mark.parametrize("missing", NEEDED_TO_HEAL)
def test_each_missing_proof_is_named(make_case: Any, missing: ProofName) -> None:
    assert f"{missing.value}: seen" in refusal(make_case(capability=capability(without=(missing,))))


def test_what_healing_does_not_need_may_be_missing(make_case: Any) -> None:
    spare = tuple(name for name in ProofName if name not in NEEDED_TO_HEAL)
    assert GUARD.check(make_case(capability=capability(without=spare))).passed


@pytest.mark.parametrize(
    "changes", [{"driver": "ios"}, {"driver_version": "5.1.0"}, {"platform": "junos"}, {"signed_by": ""}]
)
def test_proofs_of_something_else_or_by_nobody_prove_nothing(make_case: Any, changes: dict[str, Any]) -> None:
    assert "nothing is proved" in refusal(make_case(capability=capability(**changes)))
