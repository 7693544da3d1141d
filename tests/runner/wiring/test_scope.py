"""What a policy leaves alone is neither found to drift nor touched by a heal, and is never hidden."""

from typing import Any

IGNORED = "    ignore: [interface Ethernet1 / description *, interface Management1]\n"


def leave_alone(bench: Any, keys: str = IGNORED) -> None:
    bench.edit("    revert_in:", f"{keys}    revert_in:")


def healed(bench: Any) -> Any:
    """Carry out the plan that undoes the drift of leaf1, approved by alice if that is needed."""
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    examination = site.examine(device)
    plan = site.plan(examination)
    if examination.decision.awaits_approval:
        assert bench.approve(plan.sha256).code == 0
    return site.remediate(device, plan.sha256)


def test_drift_in_an_ignored_part_is_no_drift_and_is_shown(bench: Any) -> None:
    leave_alone(bench)
    bench.switch.type("interface Ethernet1", "description by hand", "end")
    told = bench.cli("diff", "leaf1")
    assert told.code == 0, told
    assert "in sync with golden" in told.out
    assert "left alone by the policy: interface Ethernet1 / " in told.out
    data = bench.cli("diff", "leaf1", "-o", "json").data["devices"][0]
    assert data["in_sync"] is True
    assert "by hand" in str(data["ignored"])


def test_a_heal_of_the_rest_leaves_it_as_it_is(bench: Any) -> None:
    leave_alone(bench)
    bench.switch.type("interface Ethernet1", "description by hand", "exit", "interface Ethernet3", "shutdown", "end")
    before = bench.switch.running()
    outcome = healed(bench)
    assert outcome.verdict.value == "healed", outcome.reason
    now = bench.switch.running()
    assert "description by hand" in now
    assert "   shutdown" in before
    assert "   shutdown" not in now
    assert bench.cli("status").code == 0
    assert bench.records("drift")[-1]["drift"]["ignored"], "the record names what was left alone"


def test_only_what_is_managed_drifts(bench: Any) -> None:
    leave_alone(bench, "    manage: [ip access-list *]\n")
    bench.switch.type("interface Ethernet3", "shutdown", "end")
    assert bench.cli("diff", "leaf1").code == 0
    bench.switch.drift()
    outcome = healed(bench)
    assert outcome.verdict.value == "healed", outcome.reason
    assert "   shutdown" in bench.switch.running()


def test_one_rule_of_an_ordered_list_cannot_be_left_out(bench: Any) -> None:
    leave_alone(bench, '    ignore: ["ip access-list CDE-IN / * permit *"]\n')
    bench.switch.drift()
    told = bench.cli("diff", "leaf1")
    assert told.code == 2
    assert "ip access-list CDE-IN: its order has meaning" in told.err
    assert "Traceback" not in told.err
