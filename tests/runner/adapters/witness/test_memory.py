"""What a witness remembers survives crashes, and anything else in its place stops it.

Input: state folders, whole, torn, altered and taken away. Output: pass, or what was wrongly believed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from murenger.adapters.witness.key import load_witness_key, make_witness_key
from murenger.adapters.witness.memory import LOCK, MARKER, Memory, create_memory
from murenger.errors import LedgerError, SignatureError

CRASH = """
import os, signal, sys
from pathlib import Path
from murenger.adapters.clock import SystemClock
from murenger.adapters.witness.key import load_witness_key
from murenger.adapters.witness.memory import Memory
from murenger.adapters.witness.rules import Witness
from murenger.record.tree.note import parse_vkey

key_file, state, vkey, step = sys.argv[1:]
key = load_witness_key(Path(key_file))
def at_step(name):
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)
memory = Memory(Path(state), key.verifier, at_step=at_step)
witness = Witness(key, [parse_vkey(vkey)], memory=memory, clock=SystemClock())
sys.stdout.write(str(witness.add_checkpoint(sys.stdin.buffer.read()).status.value))
"""


@pytest.mark.parametrize(("step", "survives"), [("write", False), ("rename", False), ("sync", True), ("written", True)])
def test_a_kill_leaves_the_old_or_the_new_and_the_log_gets_on(
    site: Any, log: Any, step: str, *, survives: bool
) -> None:
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
    command = (sys.executable, "-c", CRASH, str(site.key_file), str(site.state), log.vkey, step)
    done = subprocess.run(command, input=log.request(8, 12), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-9, b""), done.stderr
    with site.open(log) as witness:
        # The log was not answered; it asks again, and is told where the witness is.
        again = witness.add_checkpoint(log.request(8, 12))
        assert (again.status, again.content if survives else b"12\n") == (409 if survives else 200, b"12\n")
        assert witness.add_checkpoint(log.request(12, 12)).status == 200
        assert witness.add_checkpoint(log.forked(9).request(12, 13)).status == 422
    assert sorted(path.name for path in site.state.iterdir()) == sorted([MARKER, LOCK, site.file(log).name])


def test_nothing_is_answered_before_it_is_on_disk(site: Any, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        happened.append("sync folder" if name == str(site.state) else "sync file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with site.open(log, at_step=happened.append) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
    assert happened == ["write", "sync file", "rename", "sync", "sync folder", "written"]


@pytest.mark.parametrize("step", ["write", "rename", "sync"])
def test_a_full_disk_is_no_cosignature(site: Any, log: Any, step: str) -> None:
    full = True

    def at_step(name: str) -> None:
        if full and name == step:
            raise OSError(28, "No space left on device")

    with site.open(log, at_step=at_step) as witness:
        full = False
        assert witness.add_checkpoint(log.request(0, 8)).status == 200
        full = True
        answer = witness.add_checkpoint(log.request(8, 9))
        assert answer.status == 503
        assert "No space left" in answer.said
        assert b"\xe2\x80\x94" not in answer.content
        assert witness.newest(log.hashed).content.startswith(log.checkpoint(8).encode())
        full = False
        assert witness.add_checkpoint(log.request(8, 9)).status == 200


def test_an_unfinished_file_is_cleared_away(site: Any, log: Any) -> None:
    (site.state / ".unfinished-abc").write_bytes(b"torn")
    with site.open(log):
        assert not (site.state / ".unfinished-abc").exists()


def damage(kind: str, path: Path, before: bytes) -> None:
    """Do something to a file of the memory that no crash does."""
    content = path.read_bytes()
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "torn":
        path.write_bytes(content[:-30])
    elif kind == "size":
        path.write_bytes(content.replace(b"\n8\n", b"\n7\n"))
    elif kind == "uncosigned":
        path.write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    elif kind == "mixed":
        path.write_bytes(content[: content.index(b"\n\n")] + before[before.index(b"\n\n") :])
    elif kind == "link":
        path.rename(path.with_name("moved"))
        path.symlink_to("moved")
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "huge":
        os.truncate(path, 2**40)
    elif kind == "renamed":
        path.rename(path.with_name("0" * 64 + ".checkpoint"))


@pytest.mark.parametrize("kind", ["empty", "torn", "size", "uncosigned", "mixed", "link", "folder", "huge", "renamed"])
def test_a_damaged_memory_is_named_and_stops_the_witness(site: Any, log: Any, kind: str) -> None:
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 5))
        before = site.file(log).read_bytes()
        witness.add_checkpoint(log.request(5, 8))
    damage(kind, site.file(log), before)
    with pytest.raises(LedgerError, match=r"\.checkpoint is damaged") as caught, site.open(log):
        pass
    assert "do not remove it" in str(caught.value)
    # What stopped it holds no lock: the next start says the same.
    with pytest.raises(LedgerError, match="is damaged"), site.open(log):
        pass


def test_a_log_that_is_no_longer_served_is_not_forgotten(site: Any, log: Any, other_log: Any) -> None:
    with site.open(log, other_log) as witness:
        witness.add_checkpoint(log.request(0, 8))
    with site.open(other_log) as witness:
        assert witness.add_checkpoint(log.request(8, 9)).status == 404
        assert witness.newest(log.hashed).status == 200
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(0, 9)).status == 409


def test_an_old_snapshot_of_the_memory_is_believed_which_is_the_documented_limit(site: Any, log: Any) -> None:
    with site.open(log) as witness:
        witness.add_checkpoint(log.request(0, 5))
    shutil.copytree(site.state, site.state.with_name("snapshot"))
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(5, 12)).status == 200
    shutil.rmtree(site.state)
    site.state.with_name("snapshot").rename(site.state)
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.forked(6).request(5, 12)).status == 200


@pytest.mark.parametrize("kind", ["absent", "empty", "no marker", "another witness", "marker is a link"])
def test_a_folder_that_is_not_this_witness_s_memory_is_refused(site: Any, log: Any, tmp_path: Path, kind: str) -> None:
    said = "is not the memory of a witness"
    if kind in ("absent", "empty"):
        shutil.rmtree(site.state)
    if kind == "empty":
        site.state.mkdir()
    if kind == "no marker":
        (site.state / MARKER).unlink()
    if kind == "another witness":
        site.key_file = tmp_path / "another.key"
        make_witness_key(site.key_file, "witness.example.org/w1")
        said = "a new key is a new witness"
    if kind == "marker is a link":
        (site.state / MARKER).rename(tmp_path / "marker")
        (site.state / MARKER).symlink_to(tmp_path / "marker")
        said = "cannot be read"
    with pytest.raises(LedgerError, match=said), site.open(log):
        pass


def test_a_memory_is_made_once_and_only_in_an_empty_folder(site: Any, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is not empty"):
        create_memory(site.state, site.key.verifier)
    empty = tmp_path / "empty"
    empty.mkdir()
    create_memory(empty, site.key.verifier)
    assert (empty / MARKER).read_text(encoding="utf-8") == f"{site.vkey}\n"
    with pytest.raises(LedgerError, match="cannot be made"):
        create_memory(tmp_path / "missing" / "state", site.key.verifier)


def test_two_processes_do_not_share_a_memory(site: Any, log: Any) -> None:
    with (
        site.open(log),
        pytest.raises(LedgerError, match="another process serves"),
        site.open(log),
    ):
        pass
    with site.open(log) as witness:
        assert witness.add_checkpoint(log.request(0, 8)).status == 200


def test_the_key_is_private_and_read_back(site: Any, tmp_path: Path) -> None:
    assert site.key_file.stat().st_mode & 0o777 == 0o400
    assert load_witness_key(site.key_file).verifier.vkey == site.vkey
    with pytest.raises(SignatureError, match="exists already"):
        make_witness_key(site.key_file, "w")
    with pytest.raises(SignatureError, match="cannot be named"):
        make_witness_key(tmp_path / "w.key", "a b")
    site.key_file.chmod(0o440)
    with pytest.raises(SignatureError, match="open to others"):
        load_witness_key(site.key_file)


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"\xff", b"PRIVATE+KEY+monkeys+db4d9f7e+ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6"],
)
def test_what_is_no_witness_s_key_is_refused_without_repeating_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(SignatureError, match=r"not the key of a witness|of another kind") as caught:
        load_witness_key(path)
    assert "nonsense" not in str(caught.value)
    assert "ATWIAF3" not in str(caught.value)


def test_a_memory_belongs_to_one_key(site: Any) -> None:
    memory = Memory(site.state, site.key.verifier)
    try:
        assert memory.newest("0" * 64) is None
    finally:
        memory.close()
