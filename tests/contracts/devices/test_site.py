"""A whole site in front of each device: drift is found, healed and recorded.

Contracts C03, C04, C06 to C08, C16, C22, C23, C27, C30 to C32, C34, C36.
"""

import pathlib
import threading
from typing import Any

import pytest
from tests.contracts.devices.tables import CANNOT_ASK, HAND_WRITTEN

from murenger.errors import ApprovalError, GuardRefusedError, LeaseHeldError, PolicyError, SecretError
from murenger.lab.description import READ_ROLE
from murenger.model import Action, Operation, OutcomeVerdict, Severity
from murenger.wiring import guarding

ACL, UNTRUST = "ip access-list CDE-IN", "security policies from-zone untrust to-zone trust policy"
# What somebody types, and the first thing that a comparison must say about it.
DRIFTS: dict[str, dict[Operation, tuple[str, ...]]] = {
    "nftables": {
        Operation.ADDED: ("nft insert rule inet murenger forward tcp dport 5432 accept",),
        Operation.REMOVED: (
            'handle=$(nft -a list chain inet murenger forward | sed -n "s/.*nobody else.*handle //p")',
            'nft delete rule inet murenger forward handle "$handle"',
        ),
        Operation.CHANGED: ("nft chain inet murenger forward '{ policy accept; }'",),
    },
    "eos": {
        Operation.ADDED: (ACL, "5 permit ip any any"),
        Operation.REMOVED: (ACL, "no 60"),
        Operation.CHANGED: ("interface Ethernet3", "switchport access vlan 110"),
    },
    "junos": {
        Operation.ADDED: (
            f"set {UNTRUST} rogue match source-address any destination-address any application any",
            f"set {UNTRUST} rogue then permit",
            f"insert {UNTRUST} rogue before policy deny-all",
            "commit",
        ),
        Operation.REMOVED: (
            "delete security policies from-zone trust to-zone untrust policy block-quarantine",
            "commit",
        ),
        Operation.CHANGED: ("set security address-book global address partner 0.0.0.0/0", "commit"),
    },
}


@pytest.mark.parametrize("operation", [Operation.ADDED, Operation.REMOVED, Operation.CHANGED])
def test_c04_what_somebody_did_is_found(bench: Any, place: Any, operation: Operation) -> None:
    bench.type(*DRIFTS[bench.platform][operation])
    drift = place.site().examine(bench.device).drift
    assert operation in {found.operation for found in drift.differences}, drift.differences
    assert place.verb("status").code == 1


def test_c04_a_mere_reordering_is_drift_where_order_has_meaning(bench: Any, place: Any) -> None:
    bench.play(bench.reorder)
    drift = place.site().examine(bench.device).drift
    assert {found.operation for found in drift.differences} == {Operation.MOVED}, drift.differences


def test_c03_a_hand_written_golden_differs_in_nothing(bench: Any, new_place: Any, tmp_path: pathlib.Path) -> None:
    text = HAND_WRITTEN[bench.platform](bench.read().text)
    assert text != bench.read().text
    (tmp_path / "golden.txt").write_text(text, encoding="utf-8")
    words = ("golden", "accept", bench.name, "--key", str(new_place.key), "--from", str(tmp_path / "golden.txt"))
    if bench.key in CANNOT_ASK:
        said = new_place.verb(*words)
        assert said.code == 2, said
        return
    new_place.done(*words)
    found = new_place.verb("status")
    assert found.code == 0, found
    assert new_place.site().examine(bench.device).drift.in_sync


def test_c06_a_heal_makes_live_golden_again_and_c07_the_next_pass_changes_nothing(bench: Any, place: Any) -> None:
    before = bench.running()
    bench.play(bench.rogue)
    bench.play(bench.reorder)
    outcome = place.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome
    assert bench.running() == before
    assert place.site().examine(bench.device).drift.in_sync
    check_nothing_more_happens(bench, place)


def check_nothing_more_happens(bench: Any, place: Any) -> None:
    """Pass again over a device in sync: it is not touched, and nothing is written about it."""
    device, state, records = bench.device, bench.state(), len(place.records())
    again = place.site().reconcile(device)
    assert again.outcome is None
    assert again.examination.drift.in_sync
    assert again.examination.decision.action is Action.NONE
    assert bench.state() == state
    assert len(place.records()) == records


def test_c08_looking_and_check_mode_touch_nothing(bench: Any, place: Any) -> None:
    bench.play(bench.rogue)
    device, state, records = bench.device, bench.state(), place.records()
    asked = len(bench.trace()) if hasattr(bench, "trace") else 0
    for words in (("diff",), ("heal", bench.name, "--check")):
        said = place.verb(*words)
        assert said.code == 1, (words, said)
    examination = place.site().examine(device)
    place.site().preview(examination)
    assert bench.state() == state
    assert place.records() == records
    if hasattr(bench, "trace"):
        assert {entry["user"] for entry in bench.trace()[asked:]} <= {bench.login(READ_ROLE).username, ""}


@pytest.fixture
def locking_place(bench: Any, new_place: Any, tmp_path: pathlib.Path) -> Any:
    """Give a site whose golden policy, accepted and signed, would lock us out."""
    bench.play(bench.lockout)
    locked = tmp_path / "locked.txt"
    locked.write_text(bench.running(), encoding="utf-8")
    bench.reset()
    new_place.done("golden", "accept", bench.name, "--key", str(new_place.key), "--from", str(locked))
    return new_place


def test_c16_a_golden_that_locks_us_out_is_refused_before_the_device_is_touched(bench: Any, locking_place: Any) -> None:
    before, asked = bench.state(), len(bench.trace()) if hasattr(bench, "trace") else 0
    with pytest.raises(GuardRefusedError) as refused:
        locking_place.heal()
    assert refused.value.guard == "management-path"
    assert bench.state() == before
    if hasattr(bench, "trace"):
        assert {entry["user"] for entry in bench.trace()[asked:]} <= {bench.login(READ_ROLE).username, ""}
    records = [record["predicate"] for record in locking_place.records()]
    assert records[-1]["hold"]["guard"] == "management-path"
    assert not [record for record in records if record["kind"] == "intent"]


def test_c16_a_lock_out_that_no_guard_foresees_ends_where_it_began(
    bench: Any, locking_place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "AFTER_A_PROOF", ())
    before = bench.running()
    outcome = locking_place.heal()
    assert outcome.verdict in (OutcomeVerdict.ROLLED_BACK, OutcomeVerdict.REVERTED_BY_DEVICE), outcome
    assert bench.running() == before
    assert bench.read().hostname == bench.name
    last = locking_place.records()[-1]["predicate"]
    assert last["kind"] == "outcome"
    assert last["outcome"]["verdict"] == outcome.verdict.value


EOS_TEXT = "hostname leaf2\n!\nip access-list edge\n   10 deny ip any any\n!\nend\n"
NFTABLES_TEXT = "table inet edge {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n"


def test_the_text_of_another_platform_is_no_golden(bench: Any, new_place: Any, tmp_path: pathlib.Path) -> None:
    text = NFTABLES_TEXT if bench.platform == "eos" else EOS_TEXT
    (tmp_path / "other.txt").write_text(text, encoding="utf-8")
    before = bench.state()
    accept = ("golden", "accept", bench.name, "--key", str(new_place.key), "--from", str(tmp_path / "other.txt"))
    said = new_place.verb(*accept)
    assert said.code == 2
    assert f"{bench.name}: " in said.err
    assert new_place.site().examine(bench.device).drift.in_sync
    assert bench.state() == before


def test_c22_a_second_worker_finds_the_device_taken(bench: Any, place: Any) -> None:
    bench.play(bench.rogue)
    site, device = place.site(), bench.device
    sha256 = site.plan(site.examine(device)).sha256
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with site.parts.leases.hold(device.name):
            entered.set()
            leave.wait(30)

    worker = threading.Thread(target=hold)
    worker.start()
    try:
        assert entered.wait(10)
        before = bench.state()
        with pytest.raises(LeaseHeldError):
            place.site().remediate(device, sha256)
        assert bench.state() == before
    finally:
        leave.set()
        worker.join()


def test_c23_a_plan_is_void_once_live_is_another(bench: Any, place: Any) -> None:
    bench.play(bench.rogue)
    site, device = place.site(), bench.device
    sha256 = site.plan(site.examine(device)).sha256
    place.approve(sha256)
    bench.type(*bench.harmless())
    before = bench.running()
    with pytest.raises((ApprovalError, PolicyError)) as refused:
        site.remediate(device, sha256)
    assert "plan" in str(refused.value)
    assert bench.running() == before


def test_c27_erased_rules_are_healed_once_a_second_read_agrees(bench: Any, place: Any) -> None:
    if not hasattr(bench, "shell"):
        bench.fault("empty", True)
        said = place.verb("status")
        assert said.code == 2, said
        assert place.verb("heal", bench.name).code == 2
        return
    before = bench.running()
    bench.play("flush")
    assert not bench.running()
    outcome = place.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED
    assert bench.running() == before


def test_c31_foreign_tables_are_reported_and_not_touched(bench: Any, place: Any) -> None:
    bench.play("foreign-table")
    foreign = bench.shell("nft -a list table inet f2b-table")
    only = place.site().examine(bench.device)
    assert {found.severity for found in only.drift.differences} == {Severity.FOREIGN}
    assert only.decision.action is not Action.HEAL
    bench.play(bench.rogue)
    outcome = place.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome
    assert bench.shell("nft -a list table inet f2b-table") == foreign
    after = place.site().examine(bench.device).drift
    assert {found.severity for found in after.differences} == {Severity.FOREIGN}


def test_c32_a_timed_grant_survives_a_heal_with_the_time_it_has_left(bench: Any, place: Any) -> None:
    bench.play("guest")
    assert place.site().examine(bench.device).drift.in_sync
    bench.play(bench.rogue)
    outcome = place.heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome
    kept = bench.shell("nft list set inet murenger guests")
    assert "198.51.100.10 timeout 30m expires 29m" in kept, kept


def test_c34_a_masked_text_is_refused_as_golden(bench: Any, new_place: Any, tmp_path: pathlib.Path) -> None:
    if bench.platform == "nftables":
        bench.type("nft add rule inet murenger forward tcp dport 9 drop comment '\"password: <removed>\"'")
        text = bench.read().text
    else:
        text = masked(bench)
    (tmp_path / "masked.txt").write_text(text, encoding="utf-8")
    head, state = new_place.site().desk.store.head(), bench.state()
    with pytest.raises(SecretError, match="mask"):
        new_place.site().accept_golden(bench.device, signing_key=str(new_place.key), text_file=tmp_path / "masked.txt")
    assert new_place.site().desk.store.head() == head
    assert bench.state() == state


def masked(bench: Any) -> str:
    """Return the configuration as the driver masks it."""
    with bench.driver() as driver:
        text = str(driver.get_config(retrieve="running", sanitized=True)["running"])
    assert "<removed>" in text
    return text


def test_c36_the_record_names_safety_net_driver_and_version(bench: Any, place: Any) -> None:
    bench.play(bench.rogue)
    raw = bench.read()
    assert place.heal().verdict is OutcomeVerdict.HEALED
    outcome = place.records()[-1]["predicate"]
    assert outcome["kind"] == "outcome"
    net = place.site().parts.remediator.safety_net(bench.device, revert_in_s=60)
    assert outcome["backout"]["method"] == net.value
    assert outcome["device"]["driver"] == raw.driver
    assert outcome["device"]["os_version"] == raw.os_version
    assert outcome["device"]["peer_identity"] == raw.identity.value
    assert bench.login(READ_ROLE).username != bench.login().username


def test_c30_verify_finds_every_record_intact(place: Any) -> None:
    found = place.verb("verify")
    assert found.code == 3, found
