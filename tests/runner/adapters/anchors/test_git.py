"""A branch of a remote repository holds every head in order, and whatever does not fit is a conflict."""

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import anchor_peers as peers
from tests import anchor_remotes as remotes

from murenger.adapters.anchors.git import GitSink
from murenger.adapters.anchors.git_branch import RemoteBranch
from murenger.adapters.clock import SystemClock
from murenger.errors import AnchorConflictError, AnchorError, ConfigError

LOG = peers.Log(8)
CLOCK = SystemClock()


@pytest.fixture
def remote(tmp_path: Path) -> remotes.Remote:
    return remotes.Remote.make(tmp_path / "evidence.git")


@pytest.fixture
def sink(remote: remotes.Remote, tmp_path: Path) -> GitSink:
    return sink_for(str(remote.path), tmp_path)


def sink_for(repository: str, folder: Path, *, work: str = "work", timeout_s: float = 20) -> GitSink:
    return GitSink("evidence", repository, remotes.BRANCH, work=folder / work, clock=CLOCK, timeout_s=timeout_s)


def test_the_branch_is_begun_and_holds_head_and_checkpoint(sink: GitSink, remote: remotes.Remote) -> None:
    assert sink.state() == f"branch {remotes.BRANCH} is not begun yet"
    receipt = LOG.submit(sink, 2)
    head = LOG.head(2)
    assert remote.names() == ["checkpoint", "head"]
    assert remote.show("head") == head.line
    assert remote.show("checkpoint") == head.checkpoint.strip()
    first, second = receipt.content.decode().splitlines()
    assert first == f"2 {head.sha256} 3 {head.root}"
    assert second == f"{remote.path} {remotes.BRANCH} {remote.tip()}"
    assert sink.state() == f"branch {remotes.BRANCH} ends at {remote.tip()[:12]}"


def test_each_head_is_one_commit_on_top_of_the_one_before(sink: GitSink, remote: remotes.Remote) -> None:
    commits = [LOG.submit(sink, number).content.split()[-1].decode() for number in (0, 1, 5)]
    assert remotes.git(remote.path, "rev-list", "--reverse", remotes.BRANCH).splitlines() == commits
    assert remotes.git(remote.path, "fsck", "--strict", "--no-dangling") == ""
    assert "size 6\nroot" in remotes.git(remote.path, "log", "-1", "--format=%B", remotes.BRANCH)


def test_the_same_head_again_makes_no_second_commit(sink: GitSink, remote: remotes.Remote) -> None:
    assert LOG.submit(sink, 1).content == LOG.submit(sink, 1).content
    assert remote.count() == 1


def test_a_checkpoint_of_an_older_head_does_not_stay(sink: GitSink, remote: remotes.Remote) -> None:
    LOG.submit(sink, 0)
    for number in (1, 2):
        LOG.submit(sink, number, checkpoint="")
        assert remote.names() == ["head"]
    LOG.submit(sink, 3)
    assert remote.names() == ["checkpoint", "head"]


def test_a_repository_of_sha256_objects_is_served_as_well(tmp_path: Path) -> None:
    remote = remotes.Remote.make(tmp_path / "evidence.git", "sha256")
    remote.write({"README": "ours\n"})
    for number in (0, 1):
        LOG.submit(sink_for(str(remote.path), tmp_path), number)
    assert len(remote.tip()) == 64
    assert remote.show("head") == LOG.head(1).line


def test_another_writers_innocent_commit_is_gone_on_from(sink: GitSink, remote: remotes.Remote) -> None:
    remote.write({"README": "ours\n", "docs/a/b": "deep\n"})
    LOG.submit(sink, 0)
    remote.write({"README": "changed\n", "größe": "odd\n"})
    LOG.submit(sink, 1)
    assert remote.count() == 4
    assert remote.show("README") == "changed"
    assert remote.show("docs/a/b") == "deep"
    assert remote.show("head") == LOG.head(1).line
    assert len(remote.names()) == 5


def between(monkeypatch: pytest.MonkeyPatch, rival: Callable[[], object]) -> None:
    """Let somebody act after our commit is made and before it is pushed."""
    push = RemoteBranch.push

    def late(self: RemoteBranch, commit: str, *, after: str | None) -> str:
        rival()
        return push(self, commit, after=after)

    monkeypatch.setattr(RemoteBranch, "push", late)


def test_a_commit_that_comes_in_between_is_gone_on_from(
    sink: GitSink, remote: remotes.Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    LOG.submit(sink, 0)
    once = iter([True])
    between(monkeypatch, lambda: next(once, False) and remote.write({"README": "ours\n"}))
    LOG.submit(sink, 1)
    assert remote.names() == ["README", "checkpoint", "head"]
    assert remote.count() == 3


def test_a_branch_that_never_stands_still_is_given_up(
    sink: GitSink, remote: remotes.Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    LOG.submit(sink, 0)
    turns = iter(range(100))
    between(monkeypatch, lambda: remote.write({"README": f"{next(turns)}\n"}))
    with pytest.raises(AnchorError, match=r"does not take the commit: .*stale info") as caught:
        LOG.submit(sink, 1)
    assert not isinstance(caught.value, AnchorConflictError)


def test_a_commit_that_follows_ours_at_once_does_no_harm(
    sink: GitSink, remote: remotes.Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = RemoteBranch.push

    def followed(self: RemoteBranch, commit: str, *, after: str | None) -> str:
        refusal = push(self, commit, after=after)
        remote.write({"README": "ours\n"})
        return refusal

    monkeypatch.setattr(RemoteBranch, "push", followed)
    commit = LOG.submit(sink, 1).content.split()[-1].decode()
    assert remote.tip() != commit
    assert remotes.git(remote.path, "rev-parse", f"{remotes.BRANCH}~1") == commit


def test_a_server_that_denies_is_an_error_in_its_own_words(sink: GitSink, remote: remotes.Remote) -> None:
    remote.hook("pre-receive", "echo 'the branch is protected' >&2; exit 1")
    with pytest.raises(AnchorError, match="pre-receive hook declined") as caught:
        LOG.submit(sink, 1)
    assert not isinstance(caught.value, AnchorConflictError)
    assert "may this account push" in caught.value.hint


def test_the_work_folder_may_vanish_at_any_time(sink: GitSink, remote: remotes.Remote, tmp_path: Path) -> None:
    for number in range(4):
        LOG.submit(sink, number)
        shutil.rmtree(tmp_path / "work")
    remote.write({"README": "ours\n"})
    LOG.submit(sink, 4)
    remote.write({"README": "changed\n"})
    LOG.submit(sink, 5)
    assert remote.count() == 8
    assert remotes.git(remote.path, "fsck", "--strict", "--no-dangling") == ""


def test_a_crash_after_the_push_leaves_nothing_to_repair(
    sink: GitSink, remote: remotes.Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_self: RemoteBranch, _commit: str) -> None:
        raise KeyboardInterrupt

    LOG.submit(sink, 0)
    with monkeypatch.context() as patched:
        patched.setattr(RemoteBranch, "remember", crash)
        with pytest.raises(KeyboardInterrupt):
            LOG.submit(sink, 1)
    assert LOG.submit(sink, 1).content.split()[-1].decode() == remote.tip()
    LOG.submit(sink, 2)
    assert remote.count() == 3


def test_processes_that_anchor_at_the_same_time_wait_for_one_another(
    sink: GitSink, remote: remotes.Remote, tmp_path: Path
) -> None:
    receipts: list[bytes] = []
    others = [sink, sink_for(str(remote.path), tmp_path), sink_for(str(remote.path), tmp_path)]
    threads = [threading.Thread(target=lambda one=one: receipts.append(LOG.submit(one, 1).content)) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 3
    assert len(set(receipts)) == 1
    assert remote.count() == 1


def test_a_work_folder_that_is_held_is_an_error_in_time(remote: remotes.Remote, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with (tmp_path / "work" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AnchorError, match=r"no answer within 0\.3 s"):
            LOG.submit(sink_for(str(remote.path), tmp_path, timeout_s=0.3), 1)


def test_a_work_folder_that_cannot_be_made_is_an_error(remote: remotes.Remote, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnchorError, match="file/work"):
        LOG.submit(sink_for(str(remote.path), tmp_path / "file"), 1)


def test_the_work_folder_is_packed_once_in_a_while(
    sink: GitSink, remote: remotes.Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("murenger.adapters.anchors.git_branch._MAX_LOOSE_OBJECTS", 7)
    for number in range(4):
        LOG.submit(sink, number)
    assert list((tmp_path / "work/sha1.git/objects/pack").glob("*.pack"))
    assert remote.count() == 4


def test_ssh_needs_no_answer_to_any_question(
    remote: remotes.Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with remotes.over_ssh(remote, tmp_path / "ssh") as (url, programs):
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        for number in range(2):
            LOG.submit(sink_for(url, tmp_path), number)
        assert remote.count() == 2
        (programs / "known").write_text("")
        with pytest.raises(AnchorError, match="No ED25519 host key is known"):
            LOG.submit(sink_for(url, tmp_path), 2)


def test_https_takes_the_accounts_own_credentials_and_asks_nobody(
    remote: remotes.Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remotes.git(remote.path, "config", "http.receivepack", "true")
    authority = peers.Authority(tmp_path / "authority")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_ASKPASS", "/bin/echo")
    settings = f"[http]\nsslCAInfo = {authority.root}\n[credential]\nhelper = store\n"
    with remotes.over_https(remote, authority.server(), "runner:word") as url:
        sink = sink_for(url, tmp_path)
        with pytest.raises(AnchorError, match="certificate"):
            LOG.submit(sink, 0)
        (home / ".gitconfig").write_text(settings)
        with pytest.raises(AnchorError, match="could not read Username"):
            LOG.submit(sink, 0)
        (home / ".git-credentials").write_text(url.replace("https://", "https://runner:word@") + "\n")
        receipt = LOG.submit(sink, 0)
        LOG.submit(sink, 1)
    assert b"word" not in receipt.content
    assert remote.count() == 2


def commands_with(word: str) -> list[bytes]:
    """Return the command lines of running programs that hold a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return [line for line in found if word.encode() in line]


@pytest.mark.parametrize("form", ["https://127.0.0.1:{}/x.git", "ssh://nobody@127.0.0.1:{}/x.git"])
def test_a_server_that_says_nothing_leaves_no_program_behind(tmp_path: Path, form: str) -> None:
    with peers.tcp_peer(peers.silent) as port:
        with pytest.raises(AnchorError, match="no answer within"):
            LOG.submit(sink_for(form.format(port), tmp_path, timeout_s=0.5), 1)
        deadline = time.monotonic() + 5
        while commands_with(str(port)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not commands_with(str(port))


@pytest.mark.parametrize(
    "repository",
    [
        "",
        "relative/path",
        "-oProxyCommand=x",
        "--upload-pack=x",
        "ext::sh -c x",
        "git://example.net/x",
        "http://example.net/x",
        "https://",
        "https://someone:something@example.net/x",
        "ssh://someone:something@example.net/x",
        "ssh://[::1/x",
        "/path\n",
        "host:x\x00",
    ],
)
def test_what_is_no_repository_is_refused_at_once(repository: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        sink_for(repository, tmp_path)
    assert "something" not in str(caught.value)


@pytest.mark.parametrize("repository", ["/a b", "ssh://u@h:22/x", "https://h:443/x", "u@h:x.git", "h:x", "file:///x"])
def test_what_is_a_repository_is_taken(repository: str, tmp_path: Path) -> None:
    assert sink_for(repository, tmp_path).name == "evidence"


@pytest.mark.parametrize(
    "branch", ["", "-f", "a..b", "a b", "a:b", "+a", "a.lock", "a/", "a//b", "a/.b", "a\n", "@{-1}"]
)
def test_what_is_no_branch_is_refused_at_once(branch: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        GitSink("evidence", "/x", branch, work=tmp_path, clock=CLOCK)
