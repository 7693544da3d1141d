"""`murenger doctor` and what is proved of the drivers: who may try one, what it tells, and what healing makes of it."""

import datetime
import pathlib
import shutil
import subprocess
from typing import Any

import pytest
from tests.proved import prove, prove_version

from murenger.adapters.keys import fingerprint, generate_key
from murenger.adapters.napalm.conformance import ConformanceRun
from murenger.cli.conformance import told
from murenger.errors import GuardRefusedError
from murenger.model.capability import NEEDED_TO_HEAL, Capability, DriverProof, ProofName
from murenger.wiring.conforming import Tried

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def tried(*unproved: ProofName, stranded: str = "") -> Tried:
    proofs = tuple(
        DriverProof(name=name, proved=name not in unproved, reason=f"{name.value} was looked at", at=NOON)
        for name in ProofName
    )
    capability = Capability(
        driver="eos",
        driver_version="5.2.0",
        platform="eos",
        os_version="4.33.1F",
        device="leaf1",
        proofs=proofs,
        made_at=NOON,
    )
    run = ConformanceRun(capability=capability, stranded=stranded, hint="look at it")
    return Tried(run=run, path=pathlib.Path("capabilities/eos.json"))


def test_nobody_is_asked_for_leave_by_a_pipe_and_nothing_is_touched(bench: Any) -> None:
    ran = bench.start("doctor", "--conformance", "leaf1", stdin=subprocess.DEVNULL)
    out, err = ran.communicate(timeout=60)
    assert ran.returncode == 2, out + err
    assert "is put in and taken out again" in err
    assert "leaf1: nobody is there to ask (use --yes" in err
    assert "healer" not in bench.switch.users()


def test_an_unknown_device_is_refused_before_anything_is_asked(refuses: Any) -> None:
    refuses("doctor", "--conformance", "leaf9", "--yes", says=("leaf9",))


def test_an_older_trust_file_is_noticed_before_the_device_is_touched(bench: Any, refuses: Any) -> None:
    trust = bench.site / "trust/allowed_signers"
    trust.write_text(trust.read_text().replace(",capability@murenger", ""))
    refuses(
        *("doctor", "--conformance", "leaf1", "--yes"),
        says=("may not sign in role 'capability@murenger'", "murenger keys trust murenger KEY.pub --role prover"),
    )


def test_the_hint_for_an_older_trust_file_helps(bench: Any) -> None:
    trust = bench.site / "trust/allowed_signers"
    trust.write_text(trust.read_text().replace(",capability@murenger", ""))
    public = str(bench.site / "keys/runner.pub")
    assert bench.cli("keys", "trust", "murenger", public, "--role", "prover").code == 0
    site = bench.open()
    site.parts.capabilities.refuse_stranger(site.parts.signer)


def test_a_change_without_a_proven_end_comes_first(bench: Any, refuses: Any) -> None:
    _leave_an_intent_open(bench)
    refuses("doctor", "--conformance", "leaf1", "--yes", says=("no proven end", "murenger heal leaf1"))


def _leave_an_intent_open(bench: Any) -> None:
    """Die between intent and outcome."""
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    bench.switch.drift()
    plan = site.plan(site.examine(device))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    site.parts.remediator.open = die
    with pytest.raises(KeyboardInterrupt):
        site.remediate(device, plan.sha256)
    bench.switch.reset()


def test_doctor_lists_what_is_proved_and_asks_no_device_for_it(bench: Any) -> None:
    done = bench.cli("doctor")
    assert done.code == 0, done.out
    assert "ok      capability files: eos " in done.out
    assert not bench.switch.users() & {"healer"}


def test_doctor_warns_where_nothing_is_proved(bench: Any) -> None:
    shutil.rmtree(bench.site / "capabilities")
    done = bench.cli("doctor", "--devices")
    assert done.code == 0, done.out
    assert "warning no capability file counts" in done.out
    assert "nothing is proved, so it cannot be healed (murenger doctor --conformance leaf1)" in done.out


def test_doctor_says_of_each_device_what_is_proved_of_its_driver(bench: Any) -> None:
    said = bench.cli("doctor", "--devices").out
    (line,) = [line for line in said.splitlines() if "proved on " in line]
    assert all(name.value in line for name in NEEDED_TO_HEAL)
    site = bench.open()
    prove(site, *site.devices(("leaf1",)), unproved=(ProofName.COMMIT_CONFIRM,))
    said = bench.cli("doctor", "--devices").out
    assert "cannot be healed, not proved: commit-confirm: said by a test" in said


def test_doctor_names_a_file_that_does_not_count(bench: Any) -> None:
    (path,) = (bench.site / "capabilities").glob("*.json")
    path.write_bytes(path.read_bytes().replace(b"bench", b"Bench"))
    said = bench.cli("doctor", "--devices").out
    assert f"{path.name} proves nothing: the signature is not over these bytes" in said
    assert "nothing is proved, so it cannot be healed" in said


def test_what_is_not_proved_is_not_used_and_the_refusal_names_it(bench: Any) -> None:
    missing = ProofName.COMMIT_CONFIRM
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    prove(site, device, unproved=(missing,))
    bench.switch.drift()
    running = bench.switch.running()
    plan = site.plan(site.examine(device))
    with pytest.raises(GuardRefusedError) as caught:
        site.remediate(device, plan.sha256)
    assert caught.value.guard == "capability-proved"
    assert f"{missing.value}: said by a test" in caught.value.message
    assert bench.switch.running() == running
    assert "healer" not in bench.switch.users()


def test_what_was_proved_on_another_version_is_not_used(bench: Any) -> None:
    shutil.rmtree(bench.site / "capabilities")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    raw = site.parts.source.read(device)
    for driver, version in ((raw.driver, f"{raw.os_version}2"), (f"{raw.driver}.1", raw.os_version)):
        prove_version(site, platform="eos", driver=driver, os_version=version)
    bench.switch.drift()
    plan = site.plan(site.examine(device))
    with pytest.raises(GuardRefusedError, match="nothing is proved for") as caught:
        site.remediate(device, plan.sha256)
    assert caught.value.guard == "capability-proved"


def test_a_run_tells_each_proof_and_ends_well_only_where_healing_lacks_none() -> None:
    text, data, code = told(tried(ProofName.MESSAGE))
    assert code == 0
    assert "all is proved that healing needs" in text
    assert "  not proved  message           message was looked at\n" in text
    assert data["missing"] == []
    text, data, code = told(tried(ProofName.COMMIT_CONFIRM))
    assert code == 2
    assert "commit-confirm was looked at (healing needs it)" in text
    assert "cannot be healed: commit-confirm not proved" in text
    assert data["missing"] == ["commit-confirm"]


def test_a_device_that_is_not_as_it_was_found_is_said_aloud_whatever_is_proved() -> None:
    text, data, code = told(tried(stranded="it would not"))
    assert code == 2
    assert "the device is NOT as it was found" in text
    assert data["as_found"] is False


def test_a_new_key_of_the_runner_may_sign_proofs_as_the_old_one_might(bench: Any) -> None:
    new = bench.site / "keys/runner2"
    generate_key(new, "murenger")
    assert bench.cli("keys", "rotate", "--key", str(new), "--overlap", "3d").code == 0
    bench.edit("key: keys/runner ", "key: keys/runner2 ")
    site = bench.open()
    site.parts.capabilities.refuse_stranger(site.parts.signer)
    assert site.parts.signer.identity().key_fingerprint == fingerprint(new)
