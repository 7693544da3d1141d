"""The verb `lab`: what it prints, and how it ends.

Input: command lines. Output: text or JSON on standard output, progress on standard error, exit codes.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from murenger.lab import command
from murenger.lab.__main__ import main
from murenger.lab.bench import Bench, running


@pytest.fixture(scope="module")
def fw1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Provide one firewall for all tests of this file."""
    with running(tmp_path_factory.mktemp("lab") / "lab") as bench:
        yield bench


def test_verb_registers_itself_in_another_command_line() -> None:
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    args = parser.parse_args(["lab", "up", "fw1", "--form", "userns"])
    assert callable(args.run)
    assert (args.devices, args.form, args.dir) == (["fw1"], "userns", pathlib.Path("lab"))


@pytest.mark.lab
def test_status_of_a_running_firewall_in_both_forms(fw1: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--dir", str(fw1.lab_dir)]) == 1
    assert f"fw1    up    127.0.0.1:{fw1.port}" in capsys.readouterr().out
    assert main(["status", "--dir", str(fw1.lab_dir), "-o", "json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["kind"], printed["schema"]) == ("lab-status", "1.0")
    assert [item["state"] for item in printed["devices"]] == ["up", "down", "down"]


@pytest.mark.lab
def test_up_again_prints_where_everything_is(fw1: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "fw1", "--dir", str(fw1.lab_dir), "-o", "json"]) == 0
    captured = capsys.readouterr()
    printed = json.loads(captured.out)
    for name in ("inventory", "vault_password_file", "known_hosts"):
        assert pathlib.Path(printed[name]).exists()
    assert captured.err == f"fw1 up on 127.0.0.1:{fw1.port}, nftables firewall, real\n"


@pytest.mark.lab
def test_drift_and_probe_show_the_breach_and_its_end(fw1: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--dir", str(fw1.lab_dir)]
    assert main(["probe", "fw1", *where]) == 1
    assert main(["drift", "fw1", "open-card-db", *where]) == 0
    assert main(["probe", "fw1", *where]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "client -> carddb:5432: timed out",
        "fw1: open-card-db",
        "client -> carddb:5432: connected",
    ]
    assert main(["probe", "fw1", "--hold", *where]) == 0
    name = capsys.readouterr().out.strip()
    assert main(["probe", "fw1", "--session", name, *where]) == 0
    assert main(["drift", "fw1", "revert", *where]) == 0
    assert main(["probe", "fw1", "--session", name, "-o", "json", *where]) == 0
    assert json.loads(capsys.readouterr().out.split("\n", 2)[2])["alive"] is True


@pytest.mark.lab
def test_drift_lists_scenarios(fw1: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "fw1", "--list", "--dir", str(fw1.lab_dir)]) == 0
    listed = capsys.readouterr().out
    for name in ("open-card-db", "flush", "foreign-table", "lockout", "reorder", "hostile-comment", "revert"):
        assert f"{name} " in listed


@pytest.mark.lab
@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["drift", "fw1"], "no scenario named"),
        (["drift", "fw1", "nonsense"], "no scenario called 'nonsense'"),
        (["drift", "fw9", "flush"], "no device called 'fw9'"),
        (["drift", "leaf1", "revert"], "it is not up"),
        (["probe", "fw1", "--session", "nonsense"], "no held session"),
        (["probe", "fw1", "--source", "moon"], "no namespace called 'moon'"),
        (["up", "../fw1"], "no device called '../fw1'"),
        (["down", "all"], "no device called 'all'"),
    ],
)
def test_bad_request_is_one_line_and_exit_2(
    fw1: Bench, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert main([*words, "--dir", str(fw1.lab_dir)]) == 2
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_nothing_is_up_where_there_is_no_lab(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = str(tmp_path / "absent")
    assert main(["status", "--dir", absent]) == 1
    assert main(["down", "--dir", absent]) == 2
    assert "is no lab folder" in capsys.readouterr().err
    assert not (tmp_path / "absent").exists()


def test_openssh_form_without_root_is_refused_before_anything_is_made(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["up", "--form", "netns", "--dir", str(tmp_path / "lab")]) == 2
    assert "needs root" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_machine_without_tools_gets_one_line_for_each_and_exit_2(tmp_path: pathlib.Path) -> None:
    script = """
import sys
from murenger.lab import probe
from murenger.lab.__main__ import main
lacking = (probe.Missing(what="nft is missing", remedy="apt install nftables"),)
probe.missing = lambda *_: lacking
sys.exit(main(["up", "fw1", "--dir", sys.argv[1]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "lab")], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (2, "fw1 did not come up: nft is missing: apt install nftables\n")
