"""Connections that are open while a heal closes the rule that let them in (C33)."""

from typing import Any

from tests.contracts.devices.passes import trial

from murenger.adapters.napalm.profiles import PROFILES
from murenger.lab import firewall
from murenger.model import OutcomeVerdict


def test_c33_established_flows_end_or_live_on_as_declared(bench: Any) -> None:
    golden, declared = bench.read().text, PROFILES[bench.platform].flows
    bench.play(bench.rogue)
    if declared:
        outcome = trial(bench, golden).heal()
        assert outcome.verdict is OutcomeVerdict.HEALED, outcome.reason
        assert (outcome.flows_cut, outcome.flows_note) == (None, declared)
        return
    let_in, permitted = firewall.hold(bench.device_dir), firewall.hold(bench.device_dir, target="server", port=443)
    outcome = trial(bench, golden, revert_in_s=60).heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome.reason
    assert outcome.flows_cut == 1, outcome.flows_note
    assert not let_in.is_alive()
    assert permitted.is_alive()
    let_in.release()
    permitted.release()


def test_c33_a_flow_that_the_drift_admitted_lives_until_the_heal_is_confirmed(bench: Any) -> None:
    if PROFILES[bench.platform].flows:
        assert bench.remediator().cut_flows(bench.device, ()).cut is None
        return
    golden = bench.read().text
    bench.play(bench.rogue)
    let_in = firewall.hold(bench.device_dir)
    with bench.remediator().open(bench.device) as session:
        session.stage(golden)
        session.commit(message="contract", revert_in_s=60)
        assert let_in.is_alive(), "a change that may still be taken back ends nobody's connection"
    assert let_in.is_alive()
    let_in.release()
