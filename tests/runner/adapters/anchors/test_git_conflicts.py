"""Whatever on the branch does not fit the log is a conflict, and stops healing."""

import shutil
from pathlib import Path

import pytest
from tests import anchor_peers as peers
from tests import anchor_remotes as remotes

from murenger.adapters.anchors.git import GitSink
from murenger.adapters.clock import SystemClock
from murenger.errors import AnchorConflictError

LOG = peers.Log(8)


@pytest.fixture
def remote(tmp_path: Path) -> remotes.Remote:
    return remotes.Remote.make(tmp_path / "evidence.git")


@pytest.fixture
def sink(remote: remotes.Remote, tmp_path: Path) -> GitSink:
    return sink_for(remote, tmp_path / "work")


def sink_for(remote: remotes.Remote, work: Path) -> GitSink:
    return GitSink("evidence", str(remote.path), remotes.BRANCH, work=work, clock=SystemClock())


def conflict(sink: GitSink, sequence: int, expected: str, log: peers.Log = LOG) -> None:
    with pytest.raises(AnchorConflictError, match=expected) as caught:
        log.submit(sink, sequence)
    assert "nothing is healed" in caught.value.hint


@pytest.mark.parametrize("forget", [False, True])
def test_a_log_that_was_cut_is_a_conflict(sink: GitSink, tmp_path: Path, *, forget: bool) -> None:
    LOG.submit(sink, 5)
    if forget:
        shutil.rmtree(tmp_path / "work")
    conflict(sink, 4, "holds record 5, and this log ends at 4")


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("checkpoint", [None, ""])
def test_another_record_of_the_same_number_is_a_conflict(
    sink: GitSink, tmp_path: Path, *, forget: bool, checkpoint: str | None
) -> None:
    LOG.submit(sink, 5, checkpoint)
    if forget:
        shutil.rmtree(tmp_path / "work")
    other = peers.Log(8, salt=" rewritten")
    with pytest.raises(AnchorConflictError, match="holds another record 5 than this log does"):
        other.submit(sink, 5, checkpoint)


@pytest.mark.parametrize("forget", [False, True])
def test_a_rewritten_log_that_has_grown_is_a_conflict(
    sink: GitSink, remote: remotes.Remote, tmp_path: Path, *, forget: bool
) -> None:
    LOG.submit(sink, 4)
    if forget:
        shutil.rmtree(tmp_path / "work")
    conflict(sink, 7, "holds another history of the first 5 records", peers.Log(8, salt=" rewritten"))
    assert remote.count() == 1


def test_the_checkpoint_of_another_log_is_a_conflict(sink: GitSink) -> None:
    peers.Log(8, origin="other.example").submit(sink, 1)
    conflict(sink, 4, "the checkpoint is not one of fw-site1.example")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"head": "nonsense\n"}, "head is not `SEQ SHA256`"),
        ({"head": f"2 {LOG.head(2).sha256}\n3 {LOG.head(3).sha256}\n"}, "head is not"),
        ({"head": "x" * 70000}, "head has more than 65536 bytes"),
        ({"head": None}, "somebody took that back"),
        ({"head": f"1 {LOG.head(1).sha256}\n", "checkpoint": LOG.head(1).checkpoint}, "somebody took that back"),
        ({"head": f"3 {LOG.head(3).sha256}\n"}, "do not name the same record"),
        ({"head": f"2 {'0' * 64}\n"}, ""),
        ({"checkpoint": "nonsense"}, "the checkpoint is not one of"),
        ({"checkpoint": "fw-site1.example\n3\nAAAA\n"}, "no root"),
        ({"checkpoint": "fw-site1.example\n3\n!!!!\n"}, "files that are not this log's"),
        ({"checkpoint": f"fw-site1.example\n3\n{'A' * 43}=\n"}, "another history of the first 3 records"),
    ],
)
def test_what_another_writer_does_to_our_files_is_a_conflict(
    sink: GitSink, remote: remotes.Remote, files: dict[str, str | None], expected: str
) -> None:
    LOG.submit(sink, 2)
    remote.write(files)
    if expected:
        conflict(sink, 4, expected)
    else:
        # Told only when the same record is anchored again: a digest alone says nothing of later ones.
        conflict(sink, 2, "another record 2")


def test_a_link_in_place_of_a_file_is_a_conflict(sink: GitSink, remote: remotes.Remote) -> None:
    LOG.submit(sink, 2)
    remote.write({"elsewhere": "x\n"}, links={"head": "elsewhere"})
    conflict(sink, 4, "head is no plain file")


def test_a_checkpoint_that_was_removed_hides_no_rewritten_log(sink: GitSink, remote: remotes.Remote) -> None:
    LOG.submit(sink, 4)
    remote.write({"checkpoint": None})
    conflict(sink, 7, "another history of the first 5 records", peers.Log(8, salt=" rewritten"))


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_branch_that_was_deleted_is_a_conflict(tmp_path: Path, object_format: str) -> None:
    remote = remotes.Remote.make(tmp_path / "other.git", object_format)
    remote.write({"README": "ours\n"})
    sink = sink_for(remote, tmp_path / "work")
    LOG.submit(sink, 1)
    remote.set_tip("")
    conflict(sink, 1, "no longer contains commit")
    conflict(sink, 2, "no longer contains commit")


def test_a_branch_that_was_rewritten_is_a_conflict(sink: GitSink, remote: remotes.Remote, tmp_path: Path) -> None:
    LOG.submit(sink, 1)
    first = remote.tip()
    LOG.submit(sink, 2)
    remote.set_tip(first)
    conflict(sink, 3, "no longer contains commit")
    remote.set_tip("")
    LOG.submit(sink_for(remote, tmp_path / "other"), 3)
    conflict(sink, 4, "no longer contains commit")


def test_a_server_that_takes_and_forgets_is_a_conflict(sink: GitSink, remote: remotes.Remote) -> None:
    LOG.submit(sink, 1)
    remote.hook("post-receive", f"git update-ref refs/heads/{remotes.BRANCH} {remote.tip()}")
    conflict(sink, 2, "no longer contains commit")
