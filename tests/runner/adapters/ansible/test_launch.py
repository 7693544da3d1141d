"""Folders of plays: those whose process is gone are removed, and nobody else's."""

import os
import pathlib
import subprocess
import sys

import pytest

from murenger.adapters.ansible import launch


@pytest.fixture
def fast(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Give the folder in which plays have theirs."""
    monkeypatch.setattr(launch, "_fast_folder", lambda: tmp_path)
    return tmp_path


def play(fast: pathlib.Path, name: str, *, pid: str | None, age_s: float = 0) -> pathlib.Path:
    folder = fast / f"{launch.PREFIX}{name}"
    folder.mkdir()
    if pid is not None:
        (folder / launch.PID).write_text(pid)
    made = folder.stat().st_mtime - age_s
    os.utime(folder, (made, made))
    return folder


def ended() -> str:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return str(process.pid)


def test_folders_of_processes_that_are_gone_are_removed(fast: pathlib.Path) -> None:
    gone = [
        play(fast, "a", pid=ended()),
        play(fast, "b", pid="no number", age_s=launch.BEGINNING_S + 1),
        play(fast, "c", pid=None, age_s=launch.BEGINNING_S + 1),
    ]
    assert launch.clear_stale_folders() == len(gone)
    assert not [folder for folder in gone if folder.exists()]


def test_a_play_that_runs_or_is_just_beginning_keeps_its_folder(fast: pathlib.Path) -> None:
    kept = [play(fast, "a", pid=str(os.getpid()), age_s=3600), play(fast, "b", pid=None), play(fast, "c", pid="")]
    other = fast / "somebody-elses"
    other.mkdir()
    assert launch.clear_stale_folders() == 0
    assert all(folder.exists() for folder in (*kept, other))
