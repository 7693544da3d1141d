"""Approvals: what people sign counts once, for one thing, until its end; the oracle is ssh-keygen."""

import dataclasses
import datetime
import pathlib
import subprocess
from typing import Any

import pytest

from murenger.adapters.files.approvals import NAMESPACE, FileApprovals
from murenger.adapters.files.plans import PlanFiles
from murenger.adapters.keys import SshVerifier, fingerprint
from murenger.decide import plan_document, standing_change_document
from murenger.errors import ApprovalError
from murenger.model import (
    Approval,
    ApprovalMode,
    Digest,
    Drift,
    Effect,
    Impact,
    Mode,
    Operation,
    Plan,
    Policy,
    SafetyNet,
    StandingChange,
    Verdict,
    digest_of,
)
from murenger.ports import Signatory

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
ORIGIN = "lab.example.net"


@dataclasses.dataclass
class StillClock:
    """A clock that stands still."""

    time: datetime.datetime = NOW

    def now(self) -> datetime.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        raise AssertionError(seconds)


@dataclasses.dataclass
class Desk:
    """A folder with keys, a trust file and decision files."""

    folder: pathlib.Path
    clock: StillClock

    @property
    def trust(self) -> pathlib.Path:
        return self.folder / "allowed_signers"

    def key(self, name: str) -> pathlib.Path:
        path = self.folder / name
        if not path.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path))
        return path

    def trust_key(self, name: str, options: str = f'namespaces="{NAMESPACE}"', principal: str = "") -> None:
        public = self.key(name).with_suffix(".pub").read_text(encoding="ascii").strip()
        with self.trust.open("a", encoding="ascii") as stream:
            stream.write(f"{principal or name + '@example.net'} {options} {public}\n")

    def sign(self, path: pathlib.Path, name: str, namespace: str = NAMESPACE) -> None:
        path.with_name(path.name + ".sig").unlink(missing_ok=True)
        run("ssh-keygen", "-Y", "sign", "-f", str(self.key(name)), "-n", namespace, str(path))

    def store(self) -> FileApprovals:
        runner = Signatory(principal="murenger@lab", key_fingerprint=fingerprint(self.key("runner")))
        return FileApprovals(self.folder, SshVerifier(self.trust), self.clock, origin=ORIGIN, runner=runner)

    def standing(self, **changes: Any) -> pathlib.Path:
        """Write a standing change, not signed yet."""
        values: dict[str, Any] = {
            "origin": ORIGIN,
            "author": "murenger@lab",
            "author_key_fingerprint": "",
            "nonce": "0123456789abcdef",
            "not_after": NOW + datetime.timedelta(days=30),
            "devices": ["fw1"],
            "operations": list(Operation),
            "max_differences": 5,
            "reason": "drift is healed",
            "security_impact": "less is open",
            "backout": "the device reverts",
            "test": "read again",
        }
        path = self.folder / "standing-change.json"
        path.write_bytes(standing_change_document(**{**values, **changes}))
        return path

    def ask(self, path: pathlib.Path | None = None) -> tuple[StandingChange, Approval]:
        named = str(path or self.folder / "standing-change.json")
        policy = Policy(name="edge", devices=("fw1",), mode=Mode.HEAL, standing_change=named)
        return self.store().standing(policy)

    def plan(self, **changes: Any) -> str:
        """Keep a plan where an approver would put the signed copy; returns its digest."""
        values: dict[str, Any] = {
            "origin": ORIGIN,
            "author": "murenger@lab",
            "author_key_fingerprint": "",
            "nonce": "0123456789abcdef",
            "reason": "drift is healed",
            "security_impact": "less is open",
        }
        content = plan_document(a_plan(), **{**values, **changes})
        sha256 = PlanFiles(self.folder).save(content)
        path = self.store().path_for_plan(sha256)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return sha256


def run(*arguments: str) -> None:
    subprocess.run(arguments, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def a_plan() -> Plan:
    digest = Digest("sha256:" + "a" * 64)
    drift = Drift(
        device="fw1",
        platform="nftables",
        golden_digest=digest,
        live_digest=digest,
        differences=(),
        impact=Impact(verdict=Verdict.DIFFERENT, effect=Effect.WIDENS),
        detected_at=NOW,
    )
    return Plan(
        device="fw1",
        platform="nftables",
        serial="",
        drift=drift,
        golden_revision="e" * 40,
        candidate="",
        rollback="",
        expected_digest=digest,
        steps=("add rule drop",),
        safety_net=SafetyNet.DEVICE_TIMER,
        revert_in_s=120,
        made_at=NOW,
        expires_at=NOW + datetime.timedelta(hours=1),
    )


@pytest.fixture
def desk(tmp_path: pathlib.Path) -> Desk:
    made = Desk(folder=tmp_path, clock=StillClock())
    made.trust_key("alice")
    return made


def test_a_standing_change_signed_by_a_person_counts(desk: Desk) -> None:
    path = desk.standing()
    desk.sign(path, "alice")
    change, approval = desk.ask()
    assert approval.mode is ApprovalMode.STANDING
    assert approval.principal == "alice@example.net"
    assert approval.key_fingerprint == fingerprint(desk.key("alice"))
    assert approval.decision == path.read_bytes()
    assert approval.signature == (desk.folder / "standing-change.json.sig").read_text(encoding="ascii")
    assert f"sha256:{approval.decision_sha256}" == digest_of(path.read_bytes()) == f"sha256:{change.sha256}"
    assert approval.expires_at == change.not_after
    assert change.devices == ("fw1",)


def test_a_plan_signed_by_a_person_counts_for_that_plan_only(desk: Desk) -> None:
    sha256, other = desk.plan(), desk.plan(nonce="fedcba9876543210")
    desk.sign(desk.store().path_for_plan(sha256), "alice")
    approval = desk.store().for_plan(sha256)
    assert approval is not None
    assert (approval.mode, approval.principal) == (ApprovalMode.PERSON, "alice@example.net")
    assert approval.plan_digest == f"sha256:{sha256}"
    assert approval.expires_at == a_plan().expires_at
    with pytest.raises(ApprovalError, match="is not signed"):
        desk.store().for_plan(other)


def test_a_plan_that_nobody_approved_has_no_approval(desk: Desk) -> None:
    assert desk.store().for_plan("0" * 64) is None


def test_a_signed_plan_under_another_plans_name_is_refused(desk: Desk) -> None:
    sha256, other = desk.plan(), desk.plan(nonce="fedcba9876543210")
    store = desk.store()
    desk.sign(store.path_for_plan(sha256), "alice")
    for suffix in ("", ".sig"):
        source, target = (pathlib.Path(f"{store.path_for_plan(name)}{suffix}") for name in (sha256, other))
        target.write_bytes(source.read_bytes())
    with pytest.raises(ApprovalError, match="was altered"):
        store.for_plan(other)


def test_a_signature_without_its_plan_is_an_error(desk: Desk) -> None:
    sha256 = desk.plan()
    path = desk.store().path_for_plan(sha256)
    desk.sign(path, "alice")
    path.unlink()
    with pytest.raises(ApprovalError, match="no decision file"):
        desk.store().for_plan(sha256)


def test_a_standing_change_is_no_approval_of_a_plan(desk: Desk) -> None:
    content = desk.standing().read_bytes()
    sha256 = digest_of(content).removeprefix("sha256:")
    path = desk.store().path_for_plan(sha256)
    path.parent.mkdir()
    path.write_bytes(content)
    desk.sign(path, "alice")
    with pytest.raises(ApprovalError, match="type 'standing-change', where 'plan'"):
        desk.store().for_plan(sha256)


@pytest.mark.parametrize("name", ["", "x", "../" + "0" * 61, "0" * 63, "A" * 64, "0" * 64 + "\n"])
def test_only_a_digest_names_a_plan(desk: Desk, name: str) -> None:
    with pytest.raises(ApprovalError, match="not a plan's digest"):
        desk.store().for_plan(name)


def test_a_missing_or_unsigned_standing_change_is_named(desk: Desk) -> None:
    with pytest.raises(ApprovalError, match=r"no decision file .*standing-change\.json"):
        desk.ask()
    desk.standing()
    with pytest.raises(ApprovalError, match="ssh-keygen -Y sign"):
        desk.ask()


def test_a_policy_without_a_standing_change_is_named(desk: Desk) -> None:
    with pytest.raises(ApprovalError, match="policy 'edge' names no standing change"):
        desk.store().standing(Policy(name="edge", devices=("fw1",)))


def test_a_stranger_does_not_approve(desk: Desk) -> None:
    desk.sign(desk.standing(), "mallory")
    with pytest.raises(ApprovalError, match="not an allowed signer"):
        desk.ask()


@pytest.mark.parametrize("namespace", ["git", "file", "change-record@murenger", "waiver@murenger"])
def test_a_signature_in_another_role_does_not_approve(desk: Desk, namespace: str) -> None:
    desk.sign(desk.standing(), "alice", namespace)
    with pytest.raises(ApprovalError, match=f"signed in role '{namespace}'"):
        desk.ask()


def test_a_key_for_another_role_does_not_approve(desk: Desk) -> None:
    desk.trust_key("carol", 'namespaces="git"')
    desk.sign(desk.standing(), "carol")
    with pytest.raises(ApprovalError, match="may not sign in role"):
        desk.ask()


def test_an_expired_key_does_not_approve(desk: Desk) -> None:
    desk.trust_key("carol", f'namespaces="{NAMESPACE}",valid-before="20260101Z"')
    desk.sign(desk.standing(), "carol")
    with pytest.raises(ApprovalError, match="was not valid"):
        desk.ask()


def test_a_document_altered_after_signing_does_not_count(desk: Desk) -> None:
    path = desk.standing()
    desk.sign(path, "alice")
    path.write_bytes(path.read_bytes().replace(b'"max_differences":5', b'"max_differences":9'))
    with pytest.raises(ApprovalError, match="not over these bytes"):
        desk.ask()


def test_an_end_is_an_end(desk: Desk) -> None:
    desk.sign(desk.standing(), "alice")
    desk.clock.time = NOW + datetime.timedelta(days=30, seconds=-1)
    desk.ask()
    desk.clock.time = NOW + datetime.timedelta(days=30)
    with pytest.raises(ApprovalError, match="ended at 2026-12-22T10:00:00Z"):
        desk.ask()


def test_an_approval_for_another_log_does_not_count(desk: Desk) -> None:
    desk.sign(desk.standing(origin="production.example.net"), "alice")
    with pytest.raises(ApprovalError, match=r"for the log 'production\.example\.net'"):
        desk.ask()
    sha256 = desk.plan(origin="production.example.net")
    desk.sign(desk.store().path_for_plan(sha256), "alice")
    with pytest.raises(ApprovalError, match="for the log"):
        desk.store().for_plan(sha256)


@pytest.mark.parametrize("author", ["alice@example.net", "Alice@Example.NET"])
def test_nobody_approves_what_they_wrote_themselves(desk: Desk, author: str) -> None:
    desk.sign(desk.standing(author=author), "alice")
    with pytest.raises(ApprovalError, match="who is its author"):
        desk.ask()


def test_the_authors_key_under_another_name_does_not_approve(desk: Desk) -> None:
    key = fingerprint(desk.key("alice"))
    desk.sign(desk.standing(author="somebody@example.net", author_key_fingerprint=key), "alice")
    with pytest.raises(ApprovalError, match="who is its author"):
        desk.ask()


@pytest.mark.parametrize("principal", ["murenger@lab", "MURENGER@LAB", "a-person@example.net"])
def test_the_runners_key_never_approves_whatever_it_is_called(desk: Desk, principal: str) -> None:
    desk.trust_key("runner", principal=principal)
    desk.sign(desk.standing(author="bob@example.net"), "runner")
    with pytest.raises(ApprovalError, match="who is the runner"):
        desk.ask()


def test_a_person_called_like_the_runner_does_not_approve(desk: Desk) -> None:
    desk.trust_key("bob", principal="murenger@lab")
    desk.sign(desk.standing(author="carol@example.net"), "bob")
    with pytest.raises(ApprovalError, match="who is the runner"):
        desk.ask()


def test_a_document_too_large_or_unreadable_is_refused(desk: Desk) -> None:
    path = desk.folder / "large.json"
    with path.open("wb") as stream:
        stream.truncate(5_000_000)
    with pytest.raises(ApprovalError, match="too large"):
        desk.ask(path)
    with pytest.raises(ApprovalError, match="cannot be read"):
        desk.ask(desk.folder)


@pytest.mark.parametrize("signature", ["", "nonsense", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"])
def test_a_signature_that_is_none_is_refused(desk: Desk, signature: str) -> None:
    path = desk.standing()
    path.with_name(path.name + ".sig").write_text(signature, encoding="ascii")
    with pytest.raises(ApprovalError, match="does not count"):
        desk.ask()
