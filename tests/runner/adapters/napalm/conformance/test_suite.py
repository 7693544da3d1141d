"""The suite leaves the device alone where it must, brings it back whatever happens, and tells no secret."""

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from tests.runner.adapters.napalm.conformance.liars import LIARS
from tests.runner.adapters.napalm.conformance.rack import RUNNING, Honest, Rack, RackClock

from murenger.adapters.napalm import Login, NapalmRemediator, TimeLimits
from murenger.adapters.napalm.conformance import Progress
from murenger.adapters.napalm.conformance.harmless import HARMLESS, harmless
from murenger.adapters.napalm.profiles import PROFILES
from murenger.errors import GuardRefusedError, UnsupportedPlatformError
from murenger.model import Device
from murenger.model.capability import ProofName

MARK = HARMLESS["eos"].mark


def theirs(rack: Rack) -> Honest:
    """Return somebody else's connection, with a candidate in it."""
    driver = Honest(hostname="192.0.2.1", optional_args={"rack": rack})
    driver.load_replace_candidate(config=RUNNING.replace("uplink", "theirs"))
    return driver


def test_a_device_with_an_unconfirmed_commit_is_not_touched(rack: Rack, suite: Callable[..., Any]) -> None:
    theirs(rack).commit_config(revert_in=600)
    with pytest.raises(GuardRefusedError) as caught:
        suite("Honest").run()
    assert caught.value.guard == "foreign-candidate"
    with rack.state() as state:
        assert state["pending"]
        assert "theirs" in state["running"]


def test_a_device_with_somebody_elses_candidate_is_not_touched(rack: Rack, suite: Callable[..., Any]) -> None:
    other = theirs(rack)
    with pytest.raises(GuardRefusedError):
        suite("Honest").run()
    assert rack.running() == RUNNING
    other.commit_config(revert_in=600)
    assert "theirs" in rack.running()


@pytest.mark.parametrize("at", list(ProofName))
def test_whoever_interrupts_a_run_gets_the_device_back_as_it_was(
    rack: Rack, suite: Callable[..., Any], at: ProofName
) -> None:
    def interrupt(progress: Progress) -> None:
        # Once, and not while the device is brought back.
        if progress.what.startswith(at.value) and not seen:
            seen.append(progress)
            raise KeyboardInterrupt

    seen: list[Progress] = []
    with pytest.raises(KeyboardInterrupt):
        suite("Honest", interrupt).run()
    assert seen
    assert rack.running() == RUNNING


def test_an_interrupt_while_a_timer_runs_is_no_exception(rack: Rack, suite: Callable[..., Any]) -> None:
    def interrupt(progress: Progress) -> None:
        if "what nobody confirms" in progress.what and progress.left_s and not seen:
            seen.append(rack.running())
            raise KeyboardInterrupt

    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        suite("Honest", interrupt).run()
    assert f"{MARK}2" in seen[0]
    assert rack.running() == RUNNING


def test_what_an_earlier_run_left_behind_is_refused_and_named(rack: Rack, suite: Callable[..., Any]) -> None:
    left = HARMLESS["eos"].put_into(RUNNING)
    with rack.state() as state:
        state["running"] = left
    run = suite("Honest").run()
    assert MARK in next(proof.reason for proof in run.capability.proofs if proof.name is ProofName.WHOLE_READ)
    assert not any(proof.proved for proof in run.capability.proofs)
    assert rack.running() == left


def test_progress_counts_the_checks_and_tells_what_is_waited_for(suite: Callable[..., Any]) -> None:
    seen: list[Progress] = []
    suite("Honest", seen.append).run()
    assert [item.done for item in seen] == sorted(item.done for item in seen)
    assert {item.total for item in seen} == {len(ProofName)}
    waits = [item.left_s for item in seen if "what nobody confirms" in item.what]
    assert max(waits) >= 55
    assert waits[-1] == 0


class Tattles(Honest):
    """Repeats the password in what it says."""

    def commit_config(self, **_: object) -> None:
        raise ValueError("login healer Xq7rkW93 \x1b[31mfailed\nat once")


def test_no_reason_holds_the_password_a_line_end_or_a_terminal_sequence(
    tried: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIARS, "Tattles", Tattles)
    trial = tried("Tattles")
    reasons = [proof.reason for proof in trial.run.capability.proofs]
    assert any("failed" in reason for reason in reasons), reasons
    assert not any(sign in reason for reason in reasons for sign in ("Xq7rkW93", "\x1b", "\n"))


def children() -> set[str]:
    """Return the ids of this process's children, those that have ended and were not waited for among them."""
    tasks = pathlib.Path("/proc/self/task").iterdir()
    return {number for task in tasks for number in (task / "children").read_text(encoding="ascii").split()}


def test_a_run_leaves_no_process_behind(tried: Callable[..., Any]) -> None:
    # Other tests of this process may have some that live on.
    before = children()
    tried("ClientSideTimer")
    assert children() <= before


def test_the_verdicts_name_driver_version_and_the_version_of_the_device(tried: Callable[..., Any]) -> None:
    capability = tried("Honest").run.capability
    assert (capability.driver, capability.os_version, capability.device) == ("rack", "1.2.3", "rack1")
    assert [proof.name for proof in capability.proofs] == list(ProofName)


@pytest.mark.parametrize("seconds", [0, -60, 59, 86_400])
def test_a_session_sends_no_revert_time_that_the_device_would_not_keep(
    rack: Rack, suite: Callable[..., Any], seconds: int
) -> None:
    suite("ZeroIsForGood")
    login, limits = Login(username="healer"), TimeLimits(connect_s=5.0, call_s=5.0)
    device = Device(name="rack1", platform="eos", address="192.0.2.1")
    with NapalmRemediator(lambda _: login, RackClock(rack), limits).open(device) as session:
        session.stage(HARMLESS["eos"].put_into(RUNNING))
        with pytest.raises(GuardRefusedError, match="cannot be armed exactly"):
            session.commit(message="", revert_in_s=seconds)
        assert rack.running() == RUNNING
    assert rack.running() == RUNNING


def test_every_driver_that_heals_has_its_harmless_change() -> None:
    assert set(HARMLESS) == set(PROFILES)
    for platform, change in HARMLESS.items():
        habits = PROFILES[platform]
        assert habits.revert_min_s <= change.revert_s <= habits.revert_max_s
        assert change.revert_s % habits.revert_step_s == 0
        assert change.mark in change.text
        assert change.mark in change.merge
        assert change.another().mark in change.another().text


def test_a_platform_without_one_is_refused() -> None:
    with pytest.raises(UnsupportedPlatformError, match="ios"):
        harmless("ios")


def test_the_change_goes_into_the_last_table_of_a_listing() -> None:
    base = "table inet a {\n\tchain x {\n\t}\n}\ntable ip b {\n\tchain y {\n\t}\n}\n"
    change = HARMLESS["nftables"]
    whole = change.put_into(base)
    assert whole.index(change.mark) > whole.index("chain y")
    assert whole.rstrip().endswith("}\n}")
    assert change.to_merge(base).startswith("table ip b {")


def test_nothing_is_written_beside_the_device(tried: Callable[..., Any], tmp_path: pathlib.Path) -> None:
    tried("Honest")
    assert {path.name for path in tmp_path.iterdir()} == {"state.json", "clock", "lock"}
