"""Turns and room: one after the other on this machine, and whether a disk takes what will be written."""

import pathlib
import signal
import subprocess
import sys
import threading

import pytest

from murenger.adapters.files.room import free_bytes, write_fault
from murenger.adapters.files.turns import turn
from murenger.errors import ConfigError

HOLDER = """
import pathlib, sys
from murenger.adapters.files.turns import turn
with turn(pathlib.Path(sys.argv[1]), "intent"):
    print("in turn", flush=True)
    sys.stdin.read()
"""


def test_threads_take_turns(tmp_path: pathlib.Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            with turn(tmp_path, "intent"):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] * 80


def test_another_process_waits_until_the_first_has_ended_however_it_ended(tmp_path: pathlib.Path) -> None:
    command = (sys.executable, "-c", HOLDER, str(tmp_path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in turn\n"
        entered = threading.Event()

        def enter() -> None:
            with turn(tmp_path, "intent"):
                entered.set()

        waiter = threading.Thread(target=enter)
        waiter.start()
        assert not entered.wait(0.2)
        holder.send_signal(signal.SIGKILL)
        assert entered.wait(10)
        waiter.join(10)


def test_turns_of_two_names_do_not_hinder_one_another(tmp_path: pathlib.Path) -> None:
    with turn(tmp_path, "intent"), turn(tmp_path, "other"):
        assert {path.name for path in (tmp_path / "turns").iterdir()} == {"intent.lock", "other.lock"}


def test_a_link_in_the_place_of_the_lock_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "turns").mkdir()
    (tmp_path / "turns" / "intent.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"intent\.lock cannot be opened"), turn(tmp_path, "intent"):
        pass


def test_a_folder_that_takes_files_has_no_fault_and_nothing_stays_in_it(tmp_path: pathlib.Path) -> None:
    assert write_fault(tmp_path) == ""
    assert free_bytes(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_none_says_why(tmp_path: pathlib.Path) -> None:
    assert write_fault(tmp_path / "gone") == "No such file or directory"
    assert free_bytes(tmp_path / "gone") == 0
    assert write_fault(pathlib.Path("/proc/self")) != ""
