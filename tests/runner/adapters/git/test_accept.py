"""Approving golden policy: one signed commit, or nothing at all."""

import concurrent.futures
import dataclasses
import datetime
import fcntl
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from murenger.adapters.clock import SystemClock
from murenger.adapters.git import Git, GitGoldenStore
from murenger.errors import (
    CompareError,
    GoldenMissingError,
    GoldenUntrustedError,
    LeaseHeldError,
    SecretError,
    SignatureError,
)
from murenger.ports import GoldenFile, Signatory


def accept(
    workshop: Any, golden: GoldenFile, device: str = "fw1", key: str = "alice", message: str = "accept golden policy"
) -> str:
    return workshop.store().accept(device, golden, signing_key=workshop.key(key), message=message)


def test_git_itself_verifies_what_was_accepted(workshop: Any, golden: GoldenFile) -> None:
    revision = accept(workshop, golden)
    workshop.git("-c", f"gpg.ssh.allowedSignersFile={workshop.trust}", "verify-commit", revision)
    assert workshop.git("log", "-1", "--format=%an %ae %cn %s") == (
        "alice@example.net alice@example.net alice@example.net accept golden policy"
    )
    workshop.git("fsck", "--strict", "--full")
    assert workshop.git("rev-parse", "main") == revision
    assert workshop.git("status", "--porcelain", "--untracked-files=all") == ""


def test_what_is_accepted_is_loaded_unchanged(workshop: Any, golden: GoldenFile) -> None:
    odd = dataclasses.replace(golden, text="descr{{ 1+1 }} <b>\x1b[31m \udcff\udcfe café\r\n\n")
    revision = accept(workshop, odd)
    loaded = workshop.store().load("fw1", revision)
    assert loaded == dataclasses.replace(odd, path="devices/fw1/running.conf")
    on_disk = (workshop.repository / "devices/fw1/running.conf").read_bytes()
    assert on_disk == odd.text.encode("utf-8", "surrogateescape")


def test_attributes_in_the_repository_do_not_change_the_bytes(workshop: Any, golden: GoldenFile) -> None:
    (workshop.repository / ".gitattributes").write_text("* text eol=crlf ident\n", encoding="ascii")
    workshop.git("add", ".gitattributes")
    workshop.accepted = workshop.commit_by_hand(key=workshop.key("alice"))
    revision = accept(workshop, dataclasses.replace(golden, text="a $Id$\nb\n"))
    assert workshop.store().load("fw1", revision).text == "a $Id$\nb\n"


def test_accepting_the_same_again_makes_no_commit(workshop: Any, golden: GoldenFile) -> None:
    first = accept(workshop, golden)
    workshop.accepted = first
    assert accept(workshop, golden) == first


def test_one_device_leaves_the_others_and_everything_else_alone(workshop: Any, golden: GoldenFile) -> None:
    (workshop.repository / "README").write_text("read me\n", encoding="ascii")
    workshop.git("add", "README")
    workshop.accepted = workshop.commit_by_hand(key=workshop.key("alice"))
    workshop.accepted = accept(workshop, golden, "fw1")
    (workshop.repository / "README").write_text("being edited\n", encoding="ascii")
    revision = accept(workshop, dataclasses.replace(golden, text="two\n"), "fw2")
    assert workshop.store().load("fw1", revision).text == golden.text
    assert workshop.git("show", f"{revision}:README") == "read me"
    assert (workshop.repository / "README").read_text(encoding="ascii") == "being edited\n"


def test_a_policy_without_secrets_drops_the_old_sidecar(workshop: Any, golden: GoldenFile) -> None:
    workshop.accepted = accept(workshop, golden)
    revision = accept(workshop, dataclasses.replace(golden, sidecar=None))
    assert workshop.store().load("fw1", revision).sidecar is None
    assert not (workshop.repository / "devices/fw1/secrets.vault").exists()


def test_secrets_that_are_not_encrypted_are_refused(workshop: Any, golden: GoldenFile) -> None:
    with pytest.raises(SecretError, match="not encrypted"):
        accept(workshop, dataclasses.replace(golden, sidecar=b'{"secret": "x"}'))


def seeded(workshop: Any, golden: GoldenFile) -> Any:
    workshop.accepted = accept(workshop, golden)
    return workshop.state()


CHANGED = "changed\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (None, "may not sign golden policy"),
        ('namespaces="change-approval@murenger"', "may not sign golden policy"),
        ('namespaces="git",valid-before="20260101Z"', "may not sign golden policy"),
        ('namespaces="git",valid-after="20270101Z"', "may not sign golden policy"),
    ],
)
def test_a_key_that_may_not_sign_leaves_nothing_behind(
    workshop: Any, golden: GoldenFile, options: str | None, message: str
) -> None:
    before = seeded(workshop, golden)
    if options is not None:
        workshop.trust_key("bob", options)
    with pytest.raises(GoldenUntrustedError, match=message):
        accept(workshop, dataclasses.replace(golden, text=CHANGED), key="bob")
    assert workshop.state() == before


def test_a_key_with_a_passphrase_and_no_agent_is_refused_without_asking(
    workshop: Any, golden: GoldenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    before = seeded(workshop, golden)
    workshop.key("dave", passphrase="a long passphrase")
    workshop.trust_key("dave")
    with pytest.raises(GoldenUntrustedError, match="cannot be signed"):
        accept(workshop, dataclasses.replace(golden, text=CHANGED), key="dave")
    assert workshop.state() == before


class Doubter:
    """Port `Verifier` that trusts nothing."""

    def verify(self, content: bytes, signature: str, *, namespace: str, at: datetime.datetime) -> Signatory:
        raise SignatureError(f"no: {len(content)} {len(signature)} {namespace} {at}", reason="unknown")


def test_a_commit_that_does_not_check_is_never_published(workshop: Any, golden: GoldenFile) -> None:
    before = seeded(workshop, golden)
    store = GitGoldenStore(
        workshop.repository,
        "main",
        workshop.trust,
        clock=workshop.clock,
        accepted=lambda: workshop.accepted,
        verifier=Doubter(),
    )
    changed = dataclasses.replace(golden, text=CHANGED)
    with pytest.raises(GoldenUntrustedError, match="not to be trusted"):
        store.accept("fw1", changed, signing_key=workshop.key("alice"), message="x")
    assert workshop.state() == before


def test_a_missing_key_is_named(workshop: Any, golden: GoldenFile) -> None:
    with pytest.raises(GoldenUntrustedError, match="nobody"):
        workshop.store().accept("fw1", golden, signing_key=str(workshop.folder / "nobody"), message="x")


def stage_a_change(workshop: Any) -> None:
    (workshop.repository / "devices/fw1/running.conf").write_text("edited\n", encoding="ascii")
    workshop.git("add", "devices")


def edit_a_file(workshop: Any) -> None:
    (workshop.repository / "devices/fw1/running.conf").write_text("edited\n", encoding="ascii")


def remove_a_file(workshop: Any) -> None:
    (workshop.repository / "devices/fw1/running.conf").unlink()


def leave_a_file(workshop: Any) -> None:
    (workshop.repository / "devices/fw1/notes").write_text("mine\n", encoding="ascii")


def replace_by_link(workshop: Any) -> None:
    (workshop.repository / "devices/fw1/running.conf").unlink()
    (workshop.repository / "devices/fw1/running.conf").symlink_to("/etc/hostname")


def replace_folder_by_link(workshop: Any) -> None:
    (workshop.repository / "devices").rename(workshop.folder / "elsewhere")
    (workshop.repository / "devices").symlink_to(workshop.folder / "elsewhere")


@pytest.mark.parametrize(
    "change", [stage_a_change, edit_a_file, remove_a_file, leave_a_file, replace_by_link, replace_folder_by_link]
)
def test_uncommitted_changes_in_the_devices_folder_are_never_overwritten(
    workshop: Any, golden: GoldenFile, change: Callable[[Any], None]
) -> None:
    seeded(workshop, golden)
    change(workshop)
    before = workshop.state()
    with pytest.raises(GoldenUntrustedError, match=r"not committed|symbolic link"):
        accept(workshop, dataclasses.replace(golden, text=CHANGED))
    assert workshop.state() == before


def test_nobody_signs_on_top_of_what_a_stranger_pushed(workshop: Any, golden: GoldenFile) -> None:
    seeded(workshop, golden)
    (workshop.repository / "devices/fw1/running.conf").write_text("accept everything\n", encoding="ascii")
    workshop.git("add", "devices")
    workshop.commit_by_hand(key=None)
    before = workshop.state()
    with pytest.raises(GoldenUntrustedError, match="is not signed"):
        accept(workshop, golden, "fw2")
    assert workshop.state() == before


def test_nobody_signs_on_top_of_a_rolled_back_branch(workshop: Any, golden: GoldenFile) -> None:
    older = accept(workshop, golden)
    workshop.accepted = older
    workshop.accepted = accept(workshop, dataclasses.replace(golden, text=CHANGED))
    workshop.git("reset", "--quiet", "--hard", older)
    with pytest.raises(GoldenUntrustedError, match="does not descend"):
        accept(workshop, golden, "fw2")


def test_nobody_starts_anew_where_a_branch_has_vanished(workshop: Any, golden: GoldenFile) -> None:
    workshop.accepted = "1" * 40
    with pytest.raises(GoldenUntrustedError, match="is gone"):
        accept(workshop, golden)


def test_an_accepted_head_whose_key_has_expired_since_can_be_built_upon(workshop: Any, golden: GoldenFile) -> None:
    workshop.accepted = accept(workshop, golden)
    workshop.trust.write_text("", encoding="ascii")
    workshop.trust_key("bob")
    revision = accept(workshop, dataclasses.replace(golden, text=CHANGED), key="bob")
    assert workshop.git("rev-parse", "main") == revision


def test_a_branch_that_cannot_be_moved_leaves_work_tree_and_index_as_they_were(
    workshop: Any, golden: GoldenFile
) -> None:
    before = seeded(workshop, golden)
    (workshop.repository / ".git/refs/heads/main.lock").write_text("", encoding="ascii")
    for device in ("fw1", "fw2"):
        with pytest.raises(GoldenMissingError, match=r"main\.lock"):
            accept(workshop, dataclasses.replace(golden, text=CHANGED, sidecar=None), device)
    (workshop.repository / ".git/refs/heads/main.lock").unlink()
    assert workshop.state() == before
    assert (workshop.repository / "devices/fw1/running.conf").read_text(encoding="ascii") == golden.text
    assert not (workshop.repository / "devices/fw2").exists()


def test_a_full_disk_leaves_work_tree_and_index_as_they_were(
    workshop: Any, golden: GoldenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seeded(workshop, golden)
    replaced = []
    replace = pathlib.Path.replace

    def full(path: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
        if str(target).endswith("golden.json") and not replaced:
            replaced.append(target)
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(pathlib.Path, "replace", full)
    with pytest.raises(CompareError, match="No space left"):
        accept(workshop, dataclasses.replace(golden, text=CHANGED))
    assert replaced
    assert workshop.state() == before


def test_concurrent_accepts_all_end_up_on_the_branch(workshop: Any, golden: GoldenFile) -> None:
    workshop.accepted = accept(workshop, golden)
    key, devices = workshop.key("alice"), [f"fw{number}" for number in range(2, 6)]

    def one(device: str) -> str:
        store = GitGoldenStore(
            workshop.repository, "main", workshop.trust, clock=SystemClock(), accepted=lambda: workshop.accepted
        )
        return store.accept(device, golden, signing_key=key, message=device)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        revisions = list(pool.map(one, devices))
    assert len(set(revisions)) == len(devices)
    assert workshop.store().devices(workshop.store().head()) == ("fw1", *devices)
    assert workshop.git("status", "--porcelain") == ""


def test_a_writer_that_never_ends_is_reported(workshop: Any, golden: GoldenFile) -> None:
    with (workshop.repository / ".git/murenger.lock").open("w", encoding="ascii") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LeaseHeldError, match="another process"):
            accept(workshop, golden)
    assert workshop.clock.waited_s >= 30


@pytest.mark.parametrize("arguments", [["--bare"], ["--object-format=sha256"], ["--bare", "--object-format=sha256"]])
def test_bare_and_sha256_repositories_serve_as_well(workshop: Any, golden: GoldenFile, arguments: list[str]) -> None:
    repository = workshop.folder / "other"
    subprocess.run(
        ["git", "init", "--quiet", "-b", "main", *arguments, str(repository)], check=True, capture_output=True
    )
    store = workshop.store(repository)
    first = store.accept("fw1", golden, signing_key=workshop.key("alice"), message="one")
    workshop.accepted = first
    changed = dataclasses.replace(golden, text=CHANGED)
    second = store.accept("fw1", changed, signing_key=workshop.key("alice"), message="two")
    store.check(second, accepted=first, at=workshop.clock.now())
    assert store.load("fw1", second).text == CHANGED
    trust = ["-c", f"gpg.ssh.allowedSignersFile={workshop.trust}", "-c", "safe.bareRepository=all"]
    subprocess.run(["git", *trust, "-C", str(repository), "verify-commit", second], check=True, capture_output=True)


def test_another_branch_that_is_checked_out_is_left_alone(workshop: Any, golden: GoldenFile) -> None:
    seeded(workshop, golden)
    workshop.git("checkout", "--quiet", "-b", "proposal")
    (workshop.repository / "devices/fw1/running.conf").write_text("proposed\n", encoding="ascii")
    accept(workshop, dataclasses.replace(golden, text=CHANGED))
    assert (workshop.repository / "devices/fw1/running.conf").read_text(encoding="ascii") == "proposed\n"
    assert workshop.git("show", "main:devices/fw1/running.conf") == "changed"
    assert workshop.git("show", "proposal:devices/fw1/running.conf") == golden.text.strip()


def test_a_missing_git_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoldenMissingError, match="git is not installed"):
        Git(tmp_path).run(["version"])


def test_a_git_that_hangs_is_given_up(workshop: Any) -> None:
    fifo = workshop.repository / ".git" / "config"
    fifo.unlink()
    subprocess.run(["mkfifo", str(fifo)], check=True)
    with pytest.raises(GoldenMissingError, match=r"did not answer within 0\.2 s"):
        Git(workshop.repository, timeout_s=0.2).run(["status"])
