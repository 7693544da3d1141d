"""Guard golden-trusted: a policy that does not count now, or that is another device's, heals nothing."""

import dataclasses
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.heal.guards import GoldenTrustedGuard, GuardCase, TrustFacts
from murenger.model import digest_of

GUARD = GoldenTrustedGuard()


def refusal(case: GuardCase) -> str:
    with pytest.raises(GuardRefusedError) as caught:
        GUARD.check(case)
    assert (caught.value.guard, caught.value.device) == ("golden-trusted", "leaf1")
    return caught.value.message


def test_an_accepted_policy_of_this_device_passes_and_the_check_names_its_signer(make_case: Any) -> None:
    check = GUARD.check(make_case())
    assert check.passed
    assert "alice@example.net" in check.observed


def test_a_revision_that_counts_no_more_is_refused(make_case: Any) -> None:
    fault = TrustFacts(revision="", accepted=None, fault="signed by a key that has expired")
    assert "a key that has expired" in refusal(make_case(trust=fault))


def test_a_newer_revision_that_was_accepted_meanwhile_voids_the_change(make_case: Any) -> None:
    case = make_case()
    newer = dataclasses.replace(case.trust, revision="b" * 40)
    assert "bbbbbbbbbbbb counts now" in refusal(dataclasses.replace(case, trust=newer))


def test_a_plan_to_another_revision_is_refused(make_case: Any) -> None:
    case = make_case()
    plan = dataclasses.replace(case.plan, golden_revision="b" * 40)
    assert "the plan returns to" in refusal(dataclasses.replace(case, plan=plan))


def test_a_text_that_was_not_compared_is_refused(make_case: Any) -> None:
    case = make_case()
    snapshot = dataclasses.replace(case.golden.snapshot, text=case.golden.snapshot.text + "!! more\n")
    golden = dataclasses.replace(case.golden, snapshot=snapshot)
    assert "not the one that was compared" in refusal(dataclasses.replace(case, golden=golden))


@pytest.mark.parametrize("accepted", [None, digest_of("another text")])
def test_a_text_of_which_the_ledger_knows_nothing_is_refused(make_case: Any, accepted: str | None) -> None:
    case = make_case()
    trust = dataclasses.replace(case.trust, accepted=accepted)
    assert "the ledger" in refusal(dataclasses.replace(case, trust=trust))


@pytest.mark.parametrize(
    ("platform", "golden"),
    [
        ("eos", "hostname leaf2\nip access-list edge\n   10 deny ip any any\n"),
        ("junos", "system {\n    host-name srx2;\n}\n"),
    ],
)
def test_a_policy_that_gives_itself_another_name_is_another_devices(make_case: Any, platform: str, golden: str) -> None:
    told = refusal(make_case(golden=golden, platform=platform))
    assert "2'" in told
    assert "its name is 'leaf1'" in told


@pytest.mark.parametrize("name", ["leaf1.example.net", "LEAF1"])
def test_a_domain_and_capitals_make_no_other_name(make_case: Any, name: str) -> None:
    case = make_case()
    golden = case.golden.snapshot.text.replace("hostname leaf1", f"hostname {name}")
    assert GUARD.check(make_case(golden=golden)).passed


def test_the_label_says_what_a_device_calls_itself(make_case: Any) -> None:
    case = make_case(golden=make_case().golden.snapshot.text.replace("hostname leaf1", "hostname tor-17"))
    labelled = dataclasses.replace(case.device, labels=(("hostname", "tor-17"),))
    assert GUARD.check(dataclasses.replace(case, device=labelled)).passed
    assert "'tor-17'" in refusal(case)


def test_a_policy_without_a_name_is_judged_by_its_management_address(make_case: Any) -> None:
    golden = "interface Management1\n   ip address 192.0.2.9/24\n!\nip access-list edge\n   10 deny ip any any\n"
    assert "management address 192.0.2.1" in refusal(make_case(golden=golden))


def test_a_part_that_golden_does_not_speak_for_cannot_make_it_another_devices(make_case: Any) -> None:
    rules = "ip access-list edge\n   10 deny ip any any\n"
    case = make_case(golden=rules)
    assert "management address" in refusal(case)
    head = case.live.text.partition("ip access-list")[0]
    kept = dataclasses.replace(case, plan=dataclasses.replace(case.plan, candidate=head + rules))
    assert GUARD.check(kept).passed


def test_a_rule_that_speaks_of_the_management_address_is_no_address_of_an_interface(make_case: Any) -> None:
    rules = "ip access-list edge\n   10 permit ip any host 192.0.2.1\n"
    assert GUARD.check(make_case(live=rules, golden="ip access-list edge\n   10 deny ip any any\n")).passed


def test_an_address_that_only_begins_alike_is_not_the_devices(make_case: Any) -> None:
    golden = make_case().golden.snapshot.text.replace("192.0.2.1/24", "192.0.2.11/24")
    assert "management address" in refusal(make_case(golden=golden))


@pytest.mark.parametrize("address", ["leaf1.example.net", "127.0.0.1", "198.51.100.7"])
def test_an_address_that_live_does_not_have_either_says_nothing(make_case: Any, address: str) -> None:
    case = make_case(golden="ip access-list edge\n   10 deny ip any any\n")
    device = dataclasses.replace(case.device, address=address)
    assert GUARD.check(dataclasses.replace(case, device=device)).passed


@pytest.mark.parametrize("change", [{"device": "leaf2"}, {"platform": "junos"}])
def test_a_policy_filed_under_another_device_or_platform_is_refused(make_case: Any, change: dict[str, Any]) -> None:
    case = make_case()
    golden = dataclasses.replace(case.golden, snapshot=dataclasses.replace(case.golden.snapshot, **change))
    assert "the golden policy is of" in refusal(dataclasses.replace(case, golden=golden))
