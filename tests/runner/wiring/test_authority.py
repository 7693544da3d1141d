"""On whose authority: what does not count leads to a hold that says why, at the runner's door and at the playbook's."""

import datetime
import json
import pathlib
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from murenger.decide import standing_change_document
from murenger.errors import ApprovalError, MurengerError, PolicyError
from murenger.model import Operation

Holds = Callable[..., None]


@pytest.fixture
def holds(bench: Any) -> Holds:
    """Give a function that checks that nothing heals leaf1 and that each door says why."""

    def check(*says: str, recorded: bool = True) -> None:
        running = bench.switch.running()
        done = bench.cli("run", "--once")
        assert done.code == 2, done
        assert not [word for word in says if word not in done.out], done.out
        site = bench.open()
        (device,) = site.devices(("leaf1",))
        examination = site.examine(device)
        with pytest.raises((PolicyError, ApprovalError)) as refused:
            site.remediate(device, site.plan(examination).sha256)
        assert not [word for word in says if word not in str(refused.value)], str(refused.value)
        assert bench.switch.running() == running
        assert "healer" not in bench.switch.users()
        assert not bench.records("intent")
        details = [record["hold"]["detail"] for record in bench.records("hold")]
        assert bool(details) == recorded
        assert not recorded or not [word for word in says if word not in details[-1]]

    return check


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


def standing(bench: Any, key: pathlib.Path | None = None, **changes: object) -> None:
    """Replace the standing change by one with other bounds, signed by alice or with another key."""
    bounds: dict[str, Any] = {
        "origin": "test.example.net",
        "author": "murenger",
        "author_key_fingerprint": "",
        "nonce": "0123456789abcdef",
        "not_after": datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(days=1),
        "devices": ("leaf1",),
        "operations": tuple(Operation),
        "max_differences": 5,
        "reason": "r",
        "security_impact": "s",
        "backout": "b",
        "test": "t",
        **changes,
    }
    path = bench.site / "decisions" / "standing-change.json"
    path.write_bytes(standing_change_document(**bounds))
    sign(path, key or bench.alice)


def sign(path: pathlib.Path, key: pathlib.Path, namespace: str = "change-approval@murenger") -> None:
    """Sign with stock ssh-keygen, as somebody who does not use our verb."""
    path.with_name(path.name + ".sig").unlink(missing_ok=True)
    command = ("ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace, str(path))
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def propose(bench: Any) -> str:
    """Ask for approval, and return the plan's digest."""
    bench.edit("mode: heal", "mode: propose")
    bench.edit("    standing_change: decisions/standing-change.json ", "    #")
    done = bench.cli("plan", "leaf1", "-o", "json")
    assert done.data["awaits_approval"] is True
    return str(done.data["plan_sha256"])


def approval(bench: Any, sha256: str) -> pathlib.Path:
    """Return where the approval of a plan lies."""
    return pathlib.Path(bench.site / "state" / "approvals" / f"{sha256}.json")


def test_observe_refuses_and_names_the_setting(bench: Any, holds: Holds) -> None:
    bench.edit("mode: heal", "mode: observe")
    holds("mode is observe", "`mode: heal`", "'heal'")


def test_an_unsigned_standing_change_does_not_count(bench: Any, holds: Holds) -> None:
    (bench.site / "decisions" / "standing-change.json.sig").unlink()
    holds("is not signed", "ssh-keygen -Y sign")


def test_a_missing_standing_change_does_not_count(bench: Any, holds: Holds) -> None:
    shutil.rmtree(bench.site / "decisions")
    holds("there is no decision file", "standing-change.json")


def test_a_standing_change_signed_by_a_stranger_does_not_count(bench: Any, holds: Holds) -> None:
    standing(bench, bench.mallory)
    holds("does not count")


def test_a_standing_change_signed_in_another_role_does_not_count(bench: Any, holds: Holds) -> None:
    sign(bench.site / "decisions" / "standing-change.json", bench.alice, "git")
    holds("does not count")


def test_an_altered_standing_change_does_not_count(bench: Any, holds: Holds) -> None:
    path = bench.site / "decisions" / "standing-change.json"
    path.write_bytes(path.read_bytes().replace(b'"max_differences":20', b'"max_differences":99'))
    holds("does not count")


def test_an_expired_standing_change_does_not_count(bench: Any, holds: Holds) -> None:
    standing(bench, not_after=datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(seconds=1))
    holds("ended at")


def test_a_standing_change_for_another_log_does_not_count(bench: Any, holds: Holds) -> None:
    standing(bench, origin="production.example.net")
    holds("for the log 'production.example.net'")


def test_a_standing_change_that_does_not_name_the_device_does_not_count(bench: Any, holds: Holds) -> None:
    standing(bench, devices=("leaf2",))
    holds("does not cover leaf1")


def test_more_differences_than_allowed_are_held(bench: Any, holds: Holds) -> None:
    standing(bench, max_differences=1)
    bench.switch.drift("description")
    holds("2 differences, the standing change covers 1")


def test_another_kind_of_difference_than_allowed_is_held(bench: Any, holds: Holds) -> None:
    standing(bench, operations=(Operation.CHANGED,))
    holds("does not cover differences of kind added")


def test_the_author_cannot_sign_his_own_standing_change(bench: Any, holds: Holds) -> None:
    standing(bench, author="Alice@example.net")
    holds("signed by alice@example.net, who is its author")


def test_the_runner_cannot_sign_its_own_standing_change_whatever_the_trust_file_says(bench: Any, holds: Holds) -> None:
    trust = bench.site / "trust" / "allowed_signers"
    public = " ".join((bench.site / "keys" / "runner.pub").read_text().split()[:2])
    trust.write_text(trust.read_text() + f'somebody@example.net namespaces="change-approval@murenger" {public}\n')
    standing(bench, bench.site / "keys" / "runner", author="bob@example.net")
    holds("who is the runner")


def test_a_proposal_waits_for_a_person(bench: Any, holds: Holds) -> None:
    propose(bench)
    holds("a person must approve the plan")


def test_a_persons_approval_is_what_the_intent_cites(bench: Any) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256[:12]).code == 0
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, sha256)
    assert outcome is not None
    assert outcome.verdict.value == "healed"
    (intent,) = bench.records("intent")
    assert intent["approval"]["mode"] == "person"
    assert intent["approval"]["principal"] == "alice@example.net"
    assert intent["approval"]["decision_sha256"] == sha256
    decision = next(bench.store.glob(f"days/*/decisions/{sha256}.json"))
    assert decision.read_bytes() == approval(bench, sha256).read_bytes()
    assert bench.cli("verify").code == 3


def test_an_approval_is_good_for_one_change_only(bench: Any) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    assert site.remediate(device, sha256) is not None
    bench.switch.drift()
    again = bench.open()
    with pytest.raises(ApprovalError, match="carried out already"):
        again.remediate(device, sha256)
    assert len(bench.records("intent")) == 1
    assert bench.cli("run", "--once").code == 2


def test_an_approval_is_void_when_the_device_has_moved_on(bench: Any) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    bench.switch.drift("description")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    with pytest.raises(ApprovalError, match="plan"):
        site.remediate(device, sha256)
    assert bench.cli("run", "--once").code == 2
    assert "healer" not in bench.switch.users()


def test_an_approval_of_another_plan_does_not_count(bench: Any, holds: Holds) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    approved = approval(bench, sha256)
    bench.switch.drift("description")
    other = approval(bench, str(bench.cli("plan", "leaf1", "-o", "json").data["plan_sha256"]))
    for suffix in ("", ".sig"):
        shutil.copy(f"{approved}{suffix}", f"{other}{suffix}")
    holds("was altered", "have it approved")


def test_a_tampered_approval_does_not_count(bench: Any, holds: Holds) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    path = approval(bench, sha256)
    path.write_bytes(path.read_bytes().replace(b"2026", b"2027", 1))
    holds("was altered")


def test_an_approval_signed_by_a_stranger_does_not_count(bench: Any, holds: Holds) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    sign(approval(bench, sha256), bench.mallory)
    holds("does not count")


def test_an_approval_by_the_runner_does_not_count(bench: Any, holds: Holds) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    trust = bench.site / "trust" / "allowed_signers"
    public = " ".join((bench.site / "keys" / "runner.pub").read_text().split()[:2])
    trust.write_text(trust.read_text() + f'somebody@example.net namespaces="change-approval@murenger" {public}\n')
    sign(approval(bench, sha256), bench.site / "keys" / "runner")
    holds("who is its author")


@pytest.mark.parametrize("key", ["mallory", "site/keys/runner"])
def test_the_verb_approve_refuses_keys_that_may_not(bench: Any, key: str) -> None:
    sha256 = propose(bench)
    done = bench.approve(sha256, bench.folder / key)
    assert done.code == 2
    assert len(done.complaints) == 1
    assert not approval(bench, sha256).exists()


def test_an_expired_approval_does_not_count(bench: Any) -> None:
    sha256 = propose(bench)
    assert bench.approve(sha256).code == 0
    bench.switch.clock.advance(25 * 3600)
    try:
        site = bench.open()
        (device,) = site.devices(("leaf1",))
        done = site.reconcile(device)
        assert done.outcome is None
        with pytest.raises(MurengerError, match=r"ended|expired"):
            site.remediate(device, sha256)
    finally:
        bench.switch.clock.offset_s = 0.0
    assert "healer" not in bench.switch.users()


def test_what_is_shown_for_signing_is_the_whole_document(bench: Any) -> None:
    sha256 = propose(bench)
    done = bench.approve(sha256)
    said = json.loads((bench.site / "state" / "plans" / f"{sha256}.json").read_bytes())
    for name in said:
        assert f"{name}" in done.err
    assert "permit ip host 198.51.100.66" in done.err


def test_without_a_terminal_nobody_signs_by_accident(bench: Any) -> None:
    sha256 = propose(bench)
    process = bench.start("approve", sha256, "--key", str(bench.alice), stdin=subprocess.DEVNULL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "nobody is there to ask" in told
    assert not approval(bench, sha256).exists()


def test_the_same_hold_is_recorded_once_and_not_at_every_pass(bench: Any) -> None:
    bench.edit("mode: heal", "mode: observe")
    for _ in range(3):
        assert bench.cli("run", "--once").code == 2
    assert len(bench.records("hold")) == 1
    assert len(bench.records("drift")) == 1
    assert bench.cli("verify").code == 3
