"""Whether a change was sent: only what is certain is told."""

import pathlib

import pytest

from murenger.adapters.files.sending import SendingMarks
from murenger.errors import ConfigError

INTENT, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def marks(tmp_path: pathlib.Path) -> SendingMarks:
    return SendingMarks(tmp_path)


def test_a_change_that_was_begun_and_not_sent_is_known_to_a_later_process(
    marks: SendingMarks, tmp_path: pathlib.Path
) -> None:
    marks.begin("fw1", INTENT)
    assert SendingMarks(tmp_path).never_sent("fw1", INTENT)
    marks.send("fw1", INTENT)
    assert not SendingMarks(tmp_path).never_sent("fw1", INTENT)


def test_nothing_is_told_of_another_change_or_another_device(marks: SendingMarks) -> None:
    marks.begin("fw1", INTENT)
    assert not marks.never_sent("fw1", OTHER)
    assert not marks.never_sent("fw2", INTENT)


@pytest.mark.parametrize("content", [b"", b"\xff", f"{INTENT} not yet sent".encode(), f"{INTENT} sent\n".encode()])
def test_nothing_is_told_by_a_file_that_is_damaged_or_gone(
    marks: SendingMarks, tmp_path: pathlib.Path, content: bytes
) -> None:
    marks.begin("fw1", INTENT)
    path = tmp_path / "changes" / "fw1"
    path.write_bytes(content)
    assert not marks.never_sent("fw1", INTENT)
    path.unlink()
    assert not marks.never_sent("fw1", INTENT)


def test_a_mark_that_cannot_be_written_is_an_error_before_anything_is_sent(tmp_path: pathlib.Path) -> None:
    (tmp_path / "changes").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigError):
        SendingMarks(tmp_path).send("fw1", INTENT)


def test_a_path_is_no_device(marks: SendingMarks) -> None:
    with pytest.raises(ConfigError):
        marks.begin("../fw1", INTENT)
