"""Golden policy that does not count: one clear line, exit 2, nothing half-done."""

import datetime
import os
import pathlib
import subprocess
from typing import Any

import pytest

from murenger.lab.clock import LabClock

DOORS = [("diff",), ("plan", "leaf1"), ("heal", "leaf1"), ("run", "--once")]


@pytest.fixture(autouse=True)
def drifted(bench: Any) -> None:
    """Give each door something that it would heal, were golden to count."""
    bench.switch.drift()


def signed(bench: Any, key: pathlib.Path | None, message: str = "x", **when: str) -> None:
    """Commit a change of golden policy past murenger, signed with a key or not at all."""
    path = bench.site / "golden" / "devices" / "leaf1" / "running.conf"
    path.write_text(path.read_text().replace("deny ip any", "permit ip any"), encoding="utf-8")
    bench.git("add", "-A")
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "commit", "-S") if key else ("commit",)
    bench.git(*sign, "-q", "-m", message, **when)


def reset_to(bench: Any, revision: str) -> None:
    bench.git("reset", "-q", "--hard", revision)


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_an_unsigned_revision_is_refused(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    signed(bench, None)
    refuses(*door, says=("golden revision", "not signed"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_revision_signed_by_a_stranger_is_refused(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    signed(bench, bench.mallory)
    refuses(*door, says=("golden revision", "an allowed reviewer must sign it"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_an_expired_key_on_a_back_dated_commit_is_refused(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    signers = bench.site / "trust" / "golden_signers"
    public = " ".join((bench.folder / "mallory.pub").read_text().split()[:2])
    now = datetime.datetime.now(tz=datetime.UTC)
    window = f'valid-after="{now - datetime.timedelta(days=90):%Y%m%d%H%M%SZ}",'
    window += f'valid-before="{now - datetime.timedelta(days=30):%Y%m%d%H%M%SZ}"'
    signers.write_text(signers.read_text() + f'bob@example.net namespaces="git",{window} {public}\n')
    then = f"{now - datetime.timedelta(days=60):%Y-%m-%dT%H:%M:%S}+00:00"
    signed(bench, bench.mallory, GIT_AUTHOR_DATE=then, GIT_COMMITTER_DATE=then)
    check = ("git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", "HEAD")
    stock = subprocess.run(check, cwd=bench.site / "golden", capture_output=True, text=True, check=False)
    assert stock.returncode == 0, "stock git, which judges by the commit's own date, takes it"
    refuses(*door, says=("golden revision", "whatever date the commit bears"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_roll_back_to_an_older_signed_revision_is_refused(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    older = bench.git("rev-parse", "HEAD")
    assert bench.accept("leaf1").code == 0
    assert bench.git("rev-parse", "HEAD") != older
    reset_to(bench, older)
    bench.switch.drift("description")
    refuses(*door, says=("does not descend", "was accepted before", "sign that"))


def test_a_rewritten_history_is_refused(bench: Any, refuses: Any) -> None:
    bench.git("checkout", "-q", "--orphan", "other")
    bench.git("-c", "gpg.format=ssh", "-c", f"user.signingkey={bench.alice}", "commit", "-q", "-S", "-m", "anew")
    bench.git("branch", "-M", "other", "main")
    refuses("heal", "leaf1", says=("does not descend", "accepted before"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_repository_that_is_gone_is_named(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    (bench.site / "golden").rename(bench.site / "elsewhere")
    refuses(*door, says=("golden repository", str(bench.site / "golden")))


def test_a_device_without_golden_is_named_with_the_remedy(bench: Any, refuses: Any, another_switch: Any) -> None:
    other = another_switch("leaf2")
    bench.devices({"leaf1": bench.switch.variables(), "leaf2": other.variables()})
    refuses("diff", "leaf2", says=("leaf2: ", "no golden policy", "murenger golden accept leaf2"))
    refuses("heal", "leaf2", says=("leaf2: ", "no golden policy", "murenger golden accept leaf2"))


def test_golden_in_another_device_s_folder_is_refused(bench: Any, refuses: Any, another_switch: Any) -> None:
    other = another_switch("leaf2")
    bench.devices({"leaf1": bench.switch.variables(), "leaf2": other.variables()})
    bench.git("mv", "devices/leaf1", "devices/leaf2")
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={bench.alice}", "commit", "-S")
    bench.git(*sign, "-q", "-m", "moved by hand")
    refuses("diff", "leaf2", says=("leaf2: ", "moved to another's folder"))


def test_a_stranger_cannot_accept_golden(bench: Any, refuses: Any) -> None:
    before = bench.git("rev-parse", "HEAD")
    refuses(
        "golden", "accept", "leaf1", "--key", str(bench.mallory), says=("may not sign golden policy", "golden_signers")
    )
    assert bench.git("rev-parse", "HEAD") == before


def test_one_device_that_cannot_be_read_hides_no_other_that_was_accepted(bench: Any) -> None:
    dead = {**bench.switch.variables(), "ansible_password": "wrong"}
    bench.devices({"leaf0": dead, "leaf1": bench.switch.variables()})
    done = bench.accept("leaf1", "leaf0")
    assert done.code == 2
    assert done.out.startswith("leaf1: accepted at revision ")
    assert len(done.complaints) == 1
    assert "leaf0: the device refused the login" in done.err
    assert bench.cli("status", "-l", "leaf1").code == 0


def test_the_runner_s_key_cannot_accept_golden(bench: Any, refuses: Any) -> None:
    key = str(bench.site / "keys" / "runner")
    refuses("golden", "accept", "leaf1", "--key", key, says=("may not sign golden policy",))


def test_a_key_that_is_not_there_is_named(refuses: Any) -> None:
    refuses("golden", "accept", "leaf1", "--key", "/nonexistent/key", says=("/nonexistent/key",))


def test_accepting_refuses_to_build_upon_what_a_stranger_slipped_in(bench: Any, refuses: Any) -> None:
    signed(bench, bench.mallory)
    refuses("golden", "accept", "leaf1", "--key", str(bench.alice), says=("golden revision", "reviewer must sign it"))


def test_a_lost_vault_password_is_one_clear_error(bench: Any, refuses: Any) -> None:
    (bench.site / "keys" / "vault-password").unlink()
    refuses("diff", says=("vault", "keys/vault-password"))
    refuses("heal", "leaf1", says=("vault", "keys/vault-password"))


def test_a_wrong_vault_password_is_one_clear_error(bench: Any, refuses: Any) -> None:
    (bench.site / "keys" / "vault-password").write_text("another\n")
    line = refuses("heal", "leaf1", says=("vault",))
    assert "another\n" not in line


def test_a_lost_fingerprint_key_is_named_and_is_not_drift_everywhere(bench: Any, refuses: Any) -> None:
    bench.git("rm", "-q", "fingerprint-key.vault")
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={bench.alice}", "commit", "-S")
    bench.git(*sign, "-q", "-m", "tidy up")
    refuses("diff", says=("fingerprint-key.vault", "restore the file from history"))
    refuses("heal", "leaf1", says=("fingerprint-key.vault", "restore the file from history"))


def test_a_hand_edit_that_is_not_committed_does_not_count(bench: Any) -> None:
    assert bench.accept("leaf1").code == 0
    path = bench.site / "golden" / "devices" / "leaf1" / "running.conf"
    path.write_text(path.read_text().replace("deny ip any", "permit ip any"), encoding="utf-8")
    assert bench.cli("diff").code == 0


def test_a_revision_signed_by_a_key_that_expires_later_still_counts_once_accepted(bench: Any) -> None:
    bench.switch.reset()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    bench.switch.clock.advance(366 * 86400)
    try:
        assert site.examine(device).drift.in_sync
    finally:
        bench.switch.clock.offset_s = LabClock().offset_s


def test_git_is_never_run_with_the_user_s_own_configuration(
    bench: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "hooks").mkdir()
    for name in ("pre-commit", "reference-transaction", "post-checkout", "post-index-change"):
        hook = tmp_path / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
        hook.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\thooksPath = {tmp_path}/hooks\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", os.devnull)
    assert bench.accept("leaf1").code == 0
    assert not marker.exists()


def test_another_device_s_text_is_not_accepted(bench: Any, refuses: Any, tmp_path: pathlib.Path) -> None:
    before = bench.git("rev-parse", "HEAD")
    text = tmp_path / "leaf9.txt"
    text.write_text(bench.switch.running().replace("hostname leaf1", "hostname leaf9"), encoding="utf-8")
    accept = ("golden", "accept", "leaf1", "--key", str(bench.alice), "--from", str(text))
    refuses(*accept, says=("leaf1: the text calls its device 'leaf9', not 'leaf1'", "accept the device's own text"))
    assert bench.git("rev-parse", "HEAD") == before
    text.write_text(bench.switch.running(), encoding="utf-8")
    assert bench.cli(*accept).code == 0
