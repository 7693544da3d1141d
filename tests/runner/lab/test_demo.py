"""The demonstration: it proves what it says on real devices, stops cleanly, and says what is missing."""

import io
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import pytest

from murenger.lab import probe, processes
from murenger.lab.demo.failure import DemoError, DemoFailedError
from murenger.lab.demo.needs import cast, empty_folder
from murenger.lab.demo.records import flip_byte
from murenger.lab.demo.screen import Screen
from murenger.lab.demo.shell import Shell, environment
from murenger.lab.failure import LabError

DEMO = (sys.executable, "-m", "murenger.lab.demo")
PATH = environment()["PATH"]
LONGEST_S = 280


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def demo(*words: str, before: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*before, *DEMO, *words),
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


def shell(folder: pathlib.Path, *, timeout_s: float = 20.0) -> tuple[Shell, io.StringIO]:
    (folder / "logs").mkdir()
    shown = io.StringIO()
    return Shell(Screen(shown), folder=folder, logs=folder / "logs", timeout_s=timeout_s), shown


def bare_machine(folder: pathlib.Path) -> probe.Machine:
    return probe.Machine(path=str(folder), settings=folder, is_root=False)


@pytest.mark.lab
@pytest.mark.slow
def test_the_whole_demo_is_proved_on_a_real_firewall_and_keeps_what_it_made(tmp_path: pathlib.Path) -> None:
    kept = tmp_path / "kept"
    done = demo("fw1", DEMO_KEEP=str(kept))
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.partition("== what was proved")[2].split())
    for claim in (
        "before the drift a real TCP connection does not open",
        "during the drift a real TCP connection opens",
        "after the heal a real TCP connection does not open",
        "session-1, opened through the rogue rule, was cut",
        "every change record is intact",
        "the changed record was found and named",
        "the log is complete up to the checkpoint that the witness holds",
        "ssh-keygen, openssl and sha256sum alone find the pack whole",
        "records cut from the end are missed",
    ):
        assert f"ok {claim}" in said
    assert "\033" not in done.stdout
    assert {path.name for path in kept.iterdir()} >= {
        "alice",
        "alice.pub",
        "lab",
        "logs",
        "pack",
        "site",
        "tampered-store",
    }
    assert not (kept / "lab" / "fw1").exists(), "the lab is down"
    logs = sorted(path.name for path in (kept / "logs").iterdir())
    assert logs[0] == "01-lab-up-fw1.txt"
    assert [int(name[:2]) for name in logs] == list(range(1, len(logs) + 1))
    vault_password = (kept / "lab" / "vault-password").read_text().strip()
    assert not [name for name in logs if vault_password in (kept / "logs" / name).read_text()]
    for words, code in ((("golden", "show", "fw1"), 0), (("verify",), 3)):
        again = subprocess.run(
            ("murenger", *words), cwd=kept / "site", env=environment(), capture_output=True, text=True, check=False
        )
        assert again.returncode == code, again.stderr


@pytest.mark.lab
@pytest.mark.slow
def test_without_user_namespaces_the_demo_says_so_and_goes_on_with_the_other_devices() -> None:
    apart = ("unshare", "--user", "--map-root-user", "sh", "-ec", "echo 0 >/proc/sys/user/max_user_namespaces")
    done = demo("fw1", "leaf1", before=(*apart[:-1], f'{apart[-1]}; exec "$@"', "sh"))
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "going on without fw1, the real firewall; user namespaces are off: as root: sysctl -w" in said
    assert "healed through the playbook: leaf1" in said
    assert "no real connection was tried" in said


@pytest.mark.lab(namespaces=False)
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_demo_leaves_no_lab_and_no_folder(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        (*DEMO, "leaf1"), env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        heard = iter(running.stdout.readline, "")
        assert any(line.startswith("  ok  devices up") for line in heard), "the lab never came up"
        (process,) = tmp_path.glob("murenger-demo-*/lab/leaf1/process.json")
        device = processes.load_record(process)
        assert device is not None
        assert processes.is_running(device)
        running.send_signal(number)
        rest = "".join(heard)
        assert running.wait(LONGEST_S) == 128 + number
    assert "the lab is down" in rest
    assert not processes.is_running(device)
    assert not list(tmp_path.iterdir())


def test_commands_run_side_by_side_and_each_is_shown_and_kept(tmp_path: pathlib.Path) -> None:
    runner, shown = shell(tmp_path)
    # Each waits for the other's file, so neither can end before both have begun.
    script = 'touch "$0"; while [ ! -e "$1" ]; do sleep 0.02; done; echo "$0 ends"; echo "$0 murmurs" >&2'
    commands = [("sh", "-c", script, *names) for names in (("one", "two"), ("two", "one"))]
    first, second = runner.run_at_once(*commands, timeout_s=20)
    assert (first.stdout, second.stdout) == ("one ends\n", "two ends\n")
    said = shown.getvalue()
    assert said.index("$ ") < said.index("one ends") < said.index("two ends")
    assert "one murmurs" not in said
    assert "one murmurs" in first.log.read_text()
    assert first.log.read_text().endswith("[exit code 0]\n")


def test_one_of_several_that_fails_fails_the_demo_and_tells_why(tmp_path: pathlib.Path) -> None:
    runner, shown = shell(tmp_path)
    with pytest.raises(DemoFailedError, match="ended with exit code 3"):
        runner.run_at_once(("true",), ("sh", "-c", "echo because >&2; exit 3"), timeout_s=20)
    assert "because" in shown.getvalue()


def test_commands_that_do_not_end_in_time_are_ended(tmp_path: pathlib.Path) -> None:
    runner, _ = shell(tmp_path)
    with pytest.raises(DemoFailedError, match="did not end within"):
        runner.run_at_once(("true",), ("sh", "-c", "echo $$ >pid; exec sleep 600"), timeout_s=1)
    assert not pathlib.Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_programs_that_every_device_needs_are_named_with_their_packages(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DemoError) as caught:
        cast((), path=str(tmp_path))
    assert str(caught.value) == "git is missing: apt install git; ssh-keygen is missing: apt install openssh-client"
    assert caught.value.exit_code == 2


def test_the_command_ends_with_one_line_when_a_program_is_missing(tmp_path: pathlib.Path) -> None:
    done = demo(PATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 2
    assert "FAILED: git is missing: apt install git" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_machine_without_nft_goes_on_without_the_firewall(tmp_path: pathlib.Path) -> None:
    chosen = cast((), path=PATH, machine=bare_machine(tmp_path))
    assert chosen.devices == ("leaf1", "srx1")
    assert {"nft is missing: apt install nftables", "conntrack is missing: apt install conntrack"} <= set(chosen.absent)


def test_nothing_is_left_to_show_when_only_the_firewall_was_asked_for(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DemoError, match="nft is missing: apt install nftables"):
        cast(("fw1",), path=PATH, machine=bare_machine(tmp_path))


def test_what_the_firewall_lacks_is_not_asked_when_it_takes_no_part(tmp_path: pathlib.Path) -> None:
    chosen = cast(("srx1", "srx1"), path=PATH, machine=bare_machine(tmp_path))
    assert (chosen.devices, chosen.absent) == (("srx1",), ())


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(LabError, match="no device called 'fw9'"):
        cast(("fw9",), path=PATH)


def test_a_folder_that_holds_something_is_never_used(tmp_path: pathlib.Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = demo("leaf1", DEMO_KEEP=str(tmp_path))
    assert done.returncode == 2
    assert "is not empty (name another folder" in " ".join(done.stdout.split())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_folder_to_keep_is_made_for_its_owner_alone(tmp_path: pathlib.Path) -> None:
    folder = empty_folder(tmp_path / "new" / "kept")
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="cannot be used: file exists"):
        empty_folder(tmp_path / "file")


def test_an_unexpected_exit_code_fails_and_names_the_log(tmp_path: pathlib.Path) -> None:
    runs, shown = shell(tmp_path)
    with pytest.raises(DemoFailedError, match="ended with exit code 3, where 0 was expected") as caught:
        runs.run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert caught.value.exit_code == 1
    log = tmp_path / "logs" / "01-sh.txt"
    assert str(log) in str(caught.value)
    assert {"out", "err"} < set(log.read_text().splitlines())
    assert shown.getvalue().endswith("[exit code 3]\n")


def test_the_expected_exit_code_is_no_failure_even_when_it_is_not_zero(tmp_path: pathlib.Path) -> None:
    runs, _ = shell(tmp_path)
    assert runs.run("sh", "-c", "printf 'a\\nb'; echo no >&2; exit 1", expect=1).stdout == "a\nb\n"
    with pytest.raises(DemoFailedError, match="exit code 0, where 1 was expected"):
        runs.run("true", expect=1)


def test_a_command_that_never_ends_is_ended_with_its_children(tmp_path: pathlib.Path) -> None:
    runs, _ = shell(tmp_path, timeout_s=0.5)
    with pytest.raises(DemoFailedError, match=r"did not end within 0\.5 s"):
        runs.run("sh", "-c", "trap '' INT; sleep 60 & echo $! >child; wait")
    child = pathlib.Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 5
    while child.exists() and ") Z " not in child.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.exists() or ") Z " in child.read_text()


def test_a_child_left_behind_does_not_hold_the_story_up(tmp_path: pathlib.Path) -> None:
    runs, _ = shell(tmp_path)
    began = time.monotonic()
    assert runs.run("sh", "-c", "sleep 8 & echo done").stdout == "done\n"
    assert time.monotonic() - began < 7


def test_a_program_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    runs, _ = shell(tmp_path)
    with pytest.raises(DemoError, match="no-such-program is not installed"):
        runs.run("no-such-program")


@pytest.mark.parametrize(
    "words",
    [
        ("murenger", "status"),
        ("ssh-keygen", "-N", "", "-C", "a b", "$HOME"),
        ("murenger", *(f"--option-{number}" for number in range(40))),
        ("x" * 200, "'"),
    ],
)
def test_a_shown_command_can_be_copied_back_to_a_shell(words: tuple[str, ...]) -> None:
    stream = io.StringIO()
    Screen(stream).command(words)
    text = stream.getvalue()
    assert text.startswith("\n$ ")
    *continued, last = text.splitlines()[1:]
    assert all(line.endswith(" \\") for line in continued)
    assert not last.endswith("\\")
    assert tuple(shlex.split(text[3:].replace("\\\n", ""))) == words
    assert all(len(line) <= 80 for line in text.splitlines() if "x" * 80 not in line)


def test_colours_and_moving_lines_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TERM", "xterm"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for stream, is_coloured in ((io.StringIO(), False), (Terminal(), True)):
        screen = Screen(stream)
        screen.heading("one")
        screen.still_waiting("work", 3.0)
        screen.proved("claim")
        assert ("\033[32m" in stream.getvalue()) is is_coloured
        assert ("\r\033[K" in stream.getvalue()) is is_coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Screen(plain).proved("claim")
    assert plain.getvalue() == "  ok  claim\n"


def test_one_byte_of_one_record_is_changed_and_the_record_stays_well_formed(tmp_path: pathlib.Path) -> None:
    record = tmp_path / "store" / "log" / "000000007.json"
    record.parent.mkdir(parents=True)
    before = b'{"times":{"detected":"2030-01-02T03:49:05.000Z"}}'
    record.write_bytes(before)
    record.chmod(0o440)
    (record.parent / "000000007.json.sig").write_bytes(b"signature")
    (record.parent / "000000017.json").write_bytes(b"{}")
    flip = flip_byte(tmp_path / "store", 7)
    after = record.read_bytes()
    assert json.loads(after)["times"]["detected"] == "2030-01-02T03:48:05.000Z"
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    assert flip.record == "000000007.json"
    assert flip.text.startswith("Byte 37 of store/log/000000007.json: '9' becomes '8'")


def test_a_record_that_is_not_there_or_says_no_time_is_not_changed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "000000001.json").write_bytes(b"{}")
    for number in (1, 2):
        with pytest.raises(DemoFailedError):
            flip_byte(tmp_path, number)
    assert (tmp_path / "000000001.json").read_bytes() == b"{}"
