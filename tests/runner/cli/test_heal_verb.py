"""`murenger heal` through the remediation playbook: each ending is told truly, and the device is in a known state."""

import pathlib
from typing import Any

import pytest

from murenger.errors import GuardRefusedError
from murenger.wiring import guarding


@pytest.fixture(autouse=True)
def _collection(collections: None) -> None:
    """Let the playbook be found."""


def verdicts(bench: Any) -> list[str]:
    """Return how each heal ended, oldest first."""
    return [record["outcome"]["verdict"] for record in bench.records("outcome")]


def test_a_heal_restores_golden_and_records_intent_and_outcome(bench: Any) -> None:
    golden = bench.switch.running()
    bench.switch.drift("acl-permit-above-deny")
    done = bench.cli("heal", "leaf1", "-o", "json")
    assert done.code == 0, done
    (entry,) = done.data["devices"]
    assert (entry["verdict"], entry["action"]) == ("healed", "heal")
    assert bench.switch.running() == golden
    assert [record["kind"] for record in bench.records()][-5:] == ["drift", "plan", "approval", "intent", "outcome"]
    assert bench.switch.users() == {"reader", "healer"}
    assert bench.cli("verify").code == 3
    again = bench.cli("heal", "leaf1")
    assert (again.code, again.out) == (0, "leaf1: in sync\n")


def test_a_person_approves_and_then_it_heals(bench: Any) -> None:
    bench.edit("mode: heal", "mode: propose")
    bench.edit("    standing_change: decisions/standing-change.json ", "    #")
    bench.switch.drift()
    asked = bench.cli("heal", "leaf1")
    assert asked.code == 2
    assert "a person must approve the plan" in asked.out
    sha256 = str(bench.cli("plan", "leaf1", "-o", "json").data["plan_sha256"])
    assert bench.approve(sha256[:12]).code == 0
    done = bench.cli("heal", "leaf1")
    assert done.code == 0, done
    (intent,) = bench.records("intent")
    assert (intent["approval"]["mode"], intent["approval"]["principal"]) == ("person", "alice@example.net")
    assert intent["change"]["plan_sha256"] == sha256
    (approval,) = bench.records("approval")
    assert (approval["approval"]["decision"], approval["change"]["plan_sha256"]) == ("accepted", sha256)
    assert approval["device"]["name"] == "leaf1"
    assert {reference["rel"]: reference["at_seq"] for reference in intent["refs"]} == {
        "drift": bench.records("drift")[-1]["seq"],
        "plan": bench.records("plan")[-1]["seq"],
        "approval": approval["seq"],
    }
    assert bench.cli("verify").code == 3


def test_a_standing_change_is_taken_in_once_however_often_it_is_used(bench: Any) -> None:
    for _ in range(2):
        bench.switch.drift()
        assert bench.cli("heal", "leaf1").code == 0
    (approval,) = bench.records("approval")
    assert "device" not in approval
    named = [{reference["rel"]: reference["at_seq"] for reference in said["refs"]} for said in bench.records("intent")]
    assert [said["approval"] for said in named] == [approval["seq"]] * 2
    assert bench.cli("verify").code == 3


def test_a_candidate_that_the_device_refuses_changes_nothing(bench: Any, tmp_path: pathlib.Path) -> None:
    text = bench.switch.running().replace("hostname leaf1", "hostname leaf1\n!\nflux capacitor enable")
    (tmp_path / "golden.conf").write_text(text, encoding="utf-8")
    accepted = bench.cli(
        "golden", "accept", "leaf1", "--key", str(bench.alice), "--from", str(tmp_path / "golden.conf")
    )
    assert accepted.code == 0, accepted
    running = bench.switch.running()
    bench.sanction()
    done = bench.cli("heal", "leaf1")
    assert done.code == 2, done
    assert "flux capacitor" in done.out + done.err
    assert verdicts(bench) == ["not-applied"]
    assert bench.switch.running() == running
    assert not [one for one in bench.switch.emulator.device.sessions.all() if one.state.value == "pending"]
    assert not [secret for secret in bench.switch.passwords.values() if secret in done.out + done.err]


def test_a_link_that_breaks_in_the_commit_is_settled_and_told(bench: Any) -> None:
    bench.switch.drift()
    drifted = bench.switch.running()
    bench.switch.fault("drop", "commit timer", replies=1)
    done = bench.cli("heal", "leaf1")
    assert done.code == 2, done
    assert verdicts(bench) == ["rolled-back"]
    assert bench.switch.running() == drifted
    again = bench.cli("heal", "leaf1")
    assert (again.code, verdicts(bench)) == (2, ["rolled-back"]), again
    assert "back-off: the last change was not healed (record " in again.out
    bench.sanction()
    assert bench.cli("heal", "leaf1").code == 0
    assert verdicts(bench) == ["rolled-back", "healed"]


def test_another_administrators_pending_session_is_never_touched(bench: Any) -> None:
    bench.switch.drift()
    bench.switch.drift("foreign-session")
    drifted = bench.switch.running()
    done = bench.cli("heal", "leaf1")
    assert done.code == 2, done
    assert "somebody else's change is open" in done.out + done.err
    assert verdicts(bench) == ["not-applied"]
    assert bench.switch.running() == drifted
    assert [one.name for one in bench.switch.emulator.device.sessions.all() if one.state.value == "pending"] == [
        "mallory-1"
    ]


@pytest.fixture
def locking_golden(bench: Any, tmp_path: pathlib.Path) -> Any:
    """Accept a golden policy that would lock us out, and give the site and its device."""
    text = bench.switch.running().replace("   10 permit 127.0.0.0/8", "   10 deny any")
    assert "deny any" in text
    (tmp_path / "golden.conf").write_text(text, encoding="utf-8")
    accepted = bench.cli(
        "golden", "accept", "leaf1", "--key", str(bench.alice), "--from", str(tmp_path / "golden.conf")
    )
    assert accepted.code == 0, accepted
    site = bench.open()
    return site, site.devices(("leaf1",))[0]


def test_a_golden_that_would_lock_us_out_is_refused_before_the_device_is_touched(
    bench: Any, locking_golden: Any
) -> None:
    site, device = locking_golden
    running = bench.switch.running()
    with pytest.raises(GuardRefusedError, match=r"own way to the device|lock us out") as refused:
        site.remediate(device, site.plan(site.examine(device)).sha256)
    assert refused.value.guard == "management-path"
    assert bench.switch.running() == running
    assert "healer" not in bench.switch.users()
    assert not bench.records("intent")
    assert [record["hold"]["guard"] for record in bench.records("hold")] == ["management-path"]


def test_a_lock_out_that_no_guard_foresees_is_rolled_back(
    bench: Any, locking_golden: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "AFTER_A_PROOF", ())
    site, device = locking_golden
    running = bench.switch.running()
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value in {"rolled-back", "reverted-by-device"}, outcome.reason
    assert not outcome.checks[0].passed
    assert bench.switch.running() == running


def test_your_own_tasks_run_around_the_change(bench: Any) -> None:
    for name in ("before", "after"):
        marker = bench.site / f"{name}.done"
        task = f"- name: Say it\n  ansible.builtin.copy: {{content: x, dest: '{marker}', mode: '0600'}}\n"
        (bench.site / f"{name}.yml").write_text(task + "  delegate_to: localhost\n", encoding="utf-8")
    bench.edit("  # pre_tasks: tasks/before.yml", "  pre_tasks: before.yml")
    bench.edit("  # post_tasks: tasks/after.yml", "  post_tasks: after.yml")
    bench.switch.drift()
    done = bench.cli("heal", "leaf1")
    assert done.code == 0, done
    assert (bench.site / "before.done").exists()
    assert (bench.site / "after.done").exists()


def test_a_task_of_yours_that_fails_before_means_no_change(bench: Any) -> None:
    (bench.site / "before.yml").write_text("- name: No ticket\n  ansible.builtin.fail: {msg: no ticket}\n")
    bench.edit("  # pre_tasks: tasks/before.yml", "  pre_tasks: before.yml")
    bench.switch.drift()
    drifted = bench.switch.running()
    done = bench.cli("heal", "leaf1")
    assert done.code == 2
    assert len(done.complaints) == 1
    assert "no ticket" in done.err
    assert bench.switch.running() == drifted
    assert not bench.records("intent")


def test_a_playbook_that_is_not_there_is_told_in_one_line(bench: Any) -> None:
    bench.edit("  name: murenger.drift.heal", "  name: nobody.here.heal")
    bench.switch.drift()
    drifted = bench.switch.running()
    done = bench.cli("heal", "leaf1")
    assert done.code == 2
    assert len(done.complaints) == 1
    assert "leaf1: the remediation playbook did not heal" in done.err
    assert "nobody.here.heal could not be found" in done.err
    assert "(run it by hand to see more: ansible-playbook nobody.here.heal -l leaf1)" in done.err
    assert bench.switch.running() == drifted
    assert not bench.records("intent")
