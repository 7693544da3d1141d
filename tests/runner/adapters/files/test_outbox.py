"""The outbox: durable, private, and never believed where it is damaged."""

import dataclasses
import datetime
import pathlib

import pytest

from murenger.adapters.files.outbox import Outbox, Waiting
from murenger.errors import LedgerError
from murenger.record.executor import AnchorSeen

AT = datetime.datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=datetime.UTC)
WAITING = Waiting(since=AT, first_sequence=3, attempts=2, next_at=AT, last_error="down", conflict=True)
SEEN = AnchorSeen(sequence=3, sha256="a" * 64, size=4, root="b" * 64, sink="w1", at=AT)


@pytest.fixture
def outbox(tmp_path: pathlib.Path) -> Outbox:
    return Outbox(tmp_path)


def test_what_was_kept_is_found_by_the_next_process(outbox: Outbox, tmp_path: pathlib.Path) -> None:
    assert (outbox.waiting("w1"), outbox.held("w1")) == (None, None)
    outbox.keep_waiting("w1", WAITING)
    outbox.keep_held(SEEN)
    again = Outbox(tmp_path)
    assert (again.waiting("w1"), again.held("w1")) == (WAITING, SEEN)
    assert (again.waiting("w2"), again.held("w2")) == (None, None)
    again.clear("w1")
    again.clear("w1")
    assert outbox.waiting("w1") is None
    assert outbox.held("w1") == SEEN


def test_it_is_private_and_leaves_nothing_half_written(outbox: Outbox, tmp_path: pathlib.Path) -> None:
    outbox.keep_waiting("w1", WAITING)
    folder = tmp_path / "outbox" / "w1"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("waiting.json", 0o600)]


def test_a_shorter_log_never_takes_the_place_of_a_longer_one(outbox: Outbox) -> None:
    outbox.keep_held(SEEN)
    outbox.keep_held(dataclasses.replace(SEEN, sequence=1, size=2))
    assert outbox.held("w1") == SEEN


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"since": "2026-11-21T12:00:00", "first_sequence": 1, "attempts": 1, "next_at": "x"}',
        b'{"since": "2026-11-21T12:00:00Z", "first_sequence": -1, "attempts": 1, "next_at": "2026-11-21T12:00:00Z"}',
        b"x" * 100_000,
    ],
)
@pytest.mark.parametrize("name", ["waiting.json", "held.json"])
def test_a_damaged_file_is_one_clear_error(outbox: Outbox, tmp_path: pathlib.Path, name: str, content: bytes) -> None:
    folder = tmp_path / "outbox" / "w1"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    with pytest.raises(LedgerError, match=rf"w1/{name} is damaged"):
        outbox.waiting("w1") if name == "waiting.json" else outbox.held("w1")


def test_a_link_is_not_followed(outbox: Outbox, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "outbox" / "w1"
    folder.mkdir(parents=True)
    (folder / "held.json").symlink_to("/etc/passwd")
    with pytest.raises(LedgerError):
        outbox.held("w1")


def test_a_disk_that_takes_nothing_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "outbox").write_text("a file in its place")
    with pytest.raises(LedgerError, match="outbox"):
        Outbox(tmp_path).keep_waiting("w1", WAITING)


class Patience:
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        self.waited_s = 0.0

    def now(self) -> datetime.datetime:
        return AT

    def monotonic_s(self) -> float:
        return self.waited_s

    def wait(self, seconds: float) -> None:
        self.waited_s += seconds


def test_one_process_at_a_time_gives_the_head_away(outbox: Outbox, tmp_path: pathlib.Path) -> None:
    other, clock = Outbox(tmp_path), Patience()
    with outbox.alone(clock, within_s=0) as first:
        with other.alone(clock, within_s=3) as second:
            assert (first, second) == (True, False)
        assert 3 <= clock.waited_s < 4
    with other.alone(clock, within_s=0) as third:
        assert third
