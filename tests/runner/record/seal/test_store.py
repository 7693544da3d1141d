"""Files of a log are read as what they are: never through a link, never more than such a file may have."""

import os
from pathlib import Path

import pytest

from murenger.record.store import read_regular


def test_a_files_bytes_come_back_up_to_the_limit(tmp_path: Path) -> None:
    for content in (b"", b"x", b"x" * 100):
        (tmp_path / "a").write_bytes(content)
        assert read_regular(tmp_path / "a", 100) == content
    (tmp_path / "a").write_bytes(b"x" * 101)
    with pytest.raises(ValueError, match="101 bytes, more than the 100"):
        read_regular(tmp_path / "a", 100)


def test_a_file_that_is_longer_than_it_said_is_read_whole_or_refused() -> None:
    # The kernel gives the length of these as 0.
    path = Path("/proc/self/limits")
    assert read_regular(path, 1_000_000) == path.read_bytes()
    with pytest.raises(ValueError, match="more than the 10 bytes"):
        read_regular(path, 10)


def test_nothing_but_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="symbolic link"):
        read_regular(tmp_path / "link", 100)
    for name in ("folder", "pipe"):
        with pytest.raises(ValueError, match="not a regular file"):
            read_regular(tmp_path / name, 100)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 100)
