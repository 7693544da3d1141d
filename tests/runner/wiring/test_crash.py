"""kill -9 between intent and outcome: found at the next start, settled from the device, never left open."""

import dataclasses
import gc
import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from murenger.adapters.ansible.launch import PlaybookRun
from murenger.adapters.napalm.candidates import mark_of

# A process that carries out a plan and is killed right before or right after one step of it.
DYING = """\
import os, pathlib, signal, sys
from murenger.adapters.napalm.remediator import NapalmRemediator, NapalmSession
from murenger.record.recorder import Recorder
from murenger.wiring import open_site
from murenger.wiring.watch import Watch

def dies(owner, name, when):
    whole = getattr(owner, name)
    def step(*arguments, **options):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = whole(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, step)

config, step, when = sys.argv[1:]
owners = {"open": NapalmRemediator, "outcome": Recorder, "anchor_change": Watch}
dies(owners.get(step, NapalmSession), step, when)
site = open_site(file=pathlib.Path(config))
(device,) = site.devices(("leaf1",))
site.remediate(device, site.plan(site.examine(device)).sha256)
"""

# Where the process dies, and in which state the device must then be found once its timer has had its time.
DEATHS = [
    ("anchor_change", "before", "not-applied"),
    ("anchor_change", "after", "not-applied"),
    ("open", "before", "not-applied"),
    ("stage", "before", "not-applied"),
    ("stage", "after", "not-applied"),
    ("commit", "before", "not-applied"),
    ("commit", "after", "reverted-by-device"),
    ("confirm", "before", "reverted-by-device"),
    ("confirm", "after", "healed"),
    ("outcome", "before", "healed"),
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InThisProcess:
    """What the remediation playbook does, without the play: carries the plan out under the same clock."""

    bench: Any

    def run(self, playbook: str, *, device: str, variables: Mapping[str, str]) -> PlaybookRun:
        assert playbook == "murenger.drift.heal"
        site = self.bench.open()
        (found,) = site.devices((device,))
        site.remediate(found, variables["murenger_plan"])
        return PlaybookRun(status="successful", return_code=0, messages=(), stdout="")


def die(bench: Any, step: str, when: str) -> None:
    """Let a process die in the middle of healing leaf1."""
    command = [sys.executable, "-c", DYING, str(bench.config), step, when]
    died = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


@pytest.mark.parametrize(("step", "when", "verdict"), DEATHS)
def test_a_killed_heal_is_settled_from_the_device_at_the_next_pass(
    bench: Any, step: str, when: str, verdict: str
) -> None:
    drifted = bench.switch.running()
    die(bench, step, when)
    assert [record["kind"] for record in bench.records()][-1] == "intent"
    site = bench.open()
    site.parts.launcher = InThisProcess(bench=bench)
    (device,) = site.devices(("leaf1",))
    done = site.reconcile(device)
    kinds = [record["kind"] for record in bench.records()]
    assert kinds[kinds.index("intent") :][:3] == ["intent", "recovery", "outcome"]
    settled = bench.records("outcome")[0]
    assert settled["outcome"]["verdict"] == verdict
    assert settled["change"]["plan_sha256"] == bench.records("intent")[0]["change"]["plan_sha256"]
    assert bench.records("recovery")[0]["recovery"]["cause"] == "open-intent"
    with site.journal.reading() as history:
        assert history.open_intents() == ()
    if verdict == "healed":
        assert done.outcome is None
        assert done.examination.drift.in_sync
    else:
        assert done.outcome is not None
        assert done.outcome.verdict.value == "healed", done.outcome.reason
    assert bench.switch.running() != drifted
    assert site.examine(device).drift.in_sync
    assert bench.cli("verify").code == 3


def test_the_command_line_settles_what_was_not_applied_and_heals(
    bench: Any,
    collections: None,  # noqa: ARG001 - lets the playbook be found
) -> None:
    die(bench, "stage", "before")
    done = bench.cli("run", "--once")
    assert done.code == 0, done
    assert "leaf1: healed" in done.out
    assert [record["outcome"]["verdict"] for record in bench.records("outcome")] == ["not-applied", "healed"]
    assert bench.cli("verify").code == 3
    assert "1 intents without outcome" not in bench.cli("doctor").out


def test_the_playbooks_door_settles_too_and_then_refuses_the_old_plan(bench: Any) -> None:
    die(bench, "commit", "after")
    plan = bench.records("intent")[0]["change"]["plan_sha256"]
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    with pytest.raises(Exception, match="carried out already"):
        site.remediate(device, plan)
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "reverted-by-device"


def test_somebody_elses_change_meanwhile_is_a_third_state_and_is_called_so(bench: Any) -> None:
    die(bench, "confirm", "after")
    bench.switch.drift("description")
    bench.edit("mode: heal", "mode: observe")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    done = site.reconcile(device)
    assert done.outcome is None
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "partial"
    assert bench.cli("verify").code == 3


def test_a_device_that_cannot_be_read_any_more_is_unknown_and_not_called_healed(bench: Any) -> None:
    die(bench, "commit", "after")
    bench.switch.fault("empty", value=True)
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    with pytest.raises(Exception, match="leaf1"):
        site.reconcile(device)
    outcome = bench.records("outcome")[0]["outcome"]
    assert outcome["verdict"] == "unknown"
    bench.switch.fault("empty", value=None)
    assert bench.cli("verify").code == 3


def test_a_candidate_that_another_installation_left_is_not_ours_to_clear(bench: Any) -> None:
    name = mark_of("another.example.net") + "0badcafe"
    bench.switch.type(f"configure session {name}", "interface Ethernet8", "description half done")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "not-applied"
    assert [session.name for session in bench.switch.emulator.device.sessions.all()] == [name]
    requests = len(bench.switch.emulator.device.trace)
    gc.collect()
    assert len(bench.switch.emulator.device.trace) == requests, "a driver that was closed never connects again"


def test_looking_settles_nothing(bench: Any) -> None:
    die(bench, "stage", "before")
    before = bench.everything()
    for verb in (("status",), ("diff",), ("heal", "leaf1", "--check"), ("log",), ("doctor",)):
        bench.cli(*verb)
    assert bench.everything() == before


def test_a_killed_heal_leaves_no_lease_and_no_lock_behind(bench: Any) -> None:
    die(bench, "commit", "before")
    site = bench.open()
    with site.runner_lock(), site.parts.leases.hold("leaf1"):
        assert pathlib.Path(bench.site / "state" / "leases" / "leaf1.lock").exists()
