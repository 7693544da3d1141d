"""Which policy speaks for a device."""

import pytest

from murenger.decide import DEFAULT_POLICY, policy_for
from murenger.errors import PolicyError
from murenger.model import Device, Mode, Policy

DEVICE = Device(name="fw1", platform="nftables", address="192.0.2.1", groups=("edge", "site1"))


def policy(name: str, *devices: str) -> Policy:
    return Policy(name=name, devices=devices, mode=Mode.PROPOSE)


def test_a_device_in_no_policy_is_only_observed() -> None:
    chosen = policy_for(DEVICE, [policy("a", "fw2", "fw10", "core")])
    assert chosen is DEFAULT_POLICY
    assert chosen.mode is Mode.OBSERVE
    assert chosen.standing_change is None


def test_an_empty_selection_selects_nothing() -> None:
    assert policy_for(DEVICE, [policy("empty")]) is DEFAULT_POLICY
    assert policy_for(DEVICE, []) is DEFAULT_POLICY


@pytest.mark.parametrize("name", ["fw1", "edge", "site1", "all"])
def test_a_policy_names_a_device_itself_its_group_or_all_written_out(name: str) -> None:
    chosen = policy("a", name)
    assert policy_for(DEVICE, [policy("b", "fw2"), chosen]) is chosen


@pytest.mark.parametrize("names", [("fw1", "edge"), ("edge", "site1"), ("all", "fw1")])
def test_a_device_in_two_policies_is_an_error_that_names_both(names: tuple[str, str]) -> None:
    with pytest.raises(PolicyError, match="fw1: named by the policies 'first' and 'second'"):
        policy_for(DEVICE, [policy("first", names[0]), policy("second", names[1])])


def test_one_policy_that_names_a_device_twice_is_no_conflict() -> None:
    chosen = policy("a", "fw1", "edge")
    assert policy_for(DEVICE, [chosen]) is chosen
