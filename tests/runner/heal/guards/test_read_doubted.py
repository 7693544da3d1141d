"""Guard read-doubted: one read is no read."""

import dataclasses
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import GuardCase, ReadDoubtedGuard, SecondRead
from murenger.model import PeerIdentity, SnapshotKind

GUARD = ReadDoubtedGuard()


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert caught.value.guard == "read-doubted"
    return caught.value.message


def test_two_equal_reads_pass(make_case: Any) -> None:
    check = GUARD.check(make_case())
    assert check.expected == make_case().live.digest
    assert check.observed == f"{check.expected} over a new connection"


def test_without_a_second_read_nothing_is_healed(make_case: Any) -> None:
    assert refusal(make_case(read=None)) == "the second read was not made"


def test_a_second_read_that_failed_refuses_and_says_why(make_case: Any) -> None:
    assert refusal(make_case(read=SecondRead(snapshot=None, fault="no answer"))) == "the second read failed: no answer"


def test_a_second_read_that_differs_by_one_character_refuses(make_case: Any) -> None:
    case = make_case()
    other = dataclasses.replace(case.live, text=case.live.text.replace("20 deny", "21 deny"))
    assert "two reads differ" in refusal(dataclasses.replace(case, read=SecondRead(snapshot=other)))


def test_a_second_read_from_another_device_refuses(make_case: Any) -> None:
    case = make_case()
    other = dataclasses.replace(case.live, serial="SN2")
    assert "two devices" in refusal(dataclasses.replace(case, read=SecondRead(snapshot=other)))


@pytest.mark.parametrize("live", ["", "hostname leaf1\n"])
def test_a_cliff_that_both_reads_show_is_real_drift_and_may_be_healed(make_case: Any, live: str) -> None:
    observed = GUARD.check(make_case(live=live)).observed
    assert "confirmed: " in observed
    assert "0 rules where golden has 1" in observed


@pytest.mark.parametrize(
    "change",
    [
        {"kind": SnapshotKind.STARTUP},
        {"identity": PeerIdentity.FILE},
        {"device": "leaf2"},
        {"platform": "junos"},
    ],
)
def test_what_is_not_read_from_this_devices_running_configuration_heals_nothing(
    make_case: Any, change: dict[str, Any]
) -> None:
    case = make_case()
    assert refusal(dataclasses.replace(case, live=dataclasses.replace(case.live, **change)))


def test_a_read_that_was_not_compared_is_refused(make_case: Any) -> None:
    case = make_case()
    other = dataclasses.replace(case.live, text="hostname leaf1\n")
    assert "compared" in refusal(dataclasses.replace(case, live=other, read=SecondRead(snapshot=other)))


def test_a_read_that_is_no_whole_configuration_is_refused_though_it_was_read_twice(make_case: Any) -> None:
    cut = "table inet filter {\n  chain forward {\n"
    case = make_case(live=cut, golden="table inet filter {\n}\n", platform="nftables")
    assert "does not parse" in refusal(case)
