"""A defect of ours is one line that says where, and names no value; developers may ask for more."""

import io
import pathlib
import sys

import pytest

from murenger.cli.main import main


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return the murenger.yml of a new site."""
    assert main(["init", str(tmp_path / "site"), "--origin", "test.example.net"]) == 0
    return tmp_path / "site" / "murenger.yml"


def stumble(settings: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """List records on a standard output that no code of ours expects, and return the exit code."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    return main(["log", "--config", str(settings)])


def test_a_defect_is_one_line_and_trouble(
    settings: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MURENGER_DEBUG", raising=False)
    assert stumble(settings, monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("murenger: internal error: ValueError at log.py:")
    assert said.count("\n") == 1


def test_developers_may_see_where_it_came_from(
    settings: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MURENGER_DEBUG", "1")
    assert stumble(settings, monkeypatch) == 2
    assert "cli/main.py" in capsys.readouterr().err
