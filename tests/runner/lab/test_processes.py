"""Processes are recorded before they begin, found again, and never mistaken for another.

Input: small real processes. Output: records, and what is left running.
"""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from murenger.lab import processes
from murenger.lab.failure import LabError

DEADLINE_S = 10.0


def start(folder: pathlib.Path, *argv: str) -> processes.ProcessRecord:
    return processes.start_detached(argv, record_path=folder / "process.json", log_path=folder / "log")


def eventually(claim: object, folder: pathlib.Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not (callable(claim) and claim()):
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.01)


def test_record_on_disk_is_the_running_process_which_leads_its_own_session(tmp_path: pathlib.Path) -> None:
    record = start(tmp_path, "sleep", "60")
    try:
        assert processes.load_record(tmp_path / "process.json") == record
        assert processes.is_running(record)
        assert os.getsid(record.pid) == record.pid != os.getsid(0)
        assert (tmp_path / "process.json").stat().st_mode & 0o777 == 0o600
    finally:
        assert processes.stop(record)
    assert not processes.is_running(record)
    assert not processes.stop(record)


def test_process_that_took_over_a_pid_is_left_alone(tmp_path: pathlib.Path) -> None:
    record = start(tmp_path, "sleep", "60")
    try:
        for stranger in (
            dataclasses.replace(record, start_ticks=record.start_ticks - 1),
            dataclasses.replace(record, boot_id="another boot"),
        ):
            assert not processes.is_running(stranger)
            assert not processes.stop(stranger)
            assert processes.is_running(record)
    finally:
        processes.stop(record)


def test_stop_ends_children_and_processes_that_ignore_sigterm(tmp_path: pathlib.Path) -> None:
    record = start(tmp_path, "sh", "-c", 'trap "" TERM; sleep 60 & echo $!; wait')
    eventually(lambda: (tmp_path / "log").read_text().endswith("\n"), tmp_path)
    child = int((tmp_path / "log").read_text())
    assert processes.identify(child) is not None
    assert processes.stop(record)
    eventually(lambda: processes.identify(child) is None, tmp_path)


def test_controller_killed_before_the_record_is_written_starts_nothing(tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "began"
    script = f"""
import os, pathlib, signal
from murenger.lab import processes
processes.write_json = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
folder = pathlib.Path({str(tmp_path)!r})
processes.start_detached(("touch", {str(mark)!r}), record_path=folder / "process.json", log_path=folder / "log")
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    # The gate ends by itself; once its end of the log is closed nothing can begin any more.
    eventually(lambda: not _open_elsewhere(tmp_path / "log"), tmp_path)
    assert not mark.exists()


def _open_elsewhere(path: pathlib.Path) -> bool:
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == path:
                return True
        except OSError:
            continue
    return False


def test_output_goes_to_the_log_and_input_is_empty(tmp_path: pathlib.Path) -> None:
    record = start(tmp_path, "sh", "-c", "cat; echo out; echo err >&2; pwd")
    eventually(lambda: not processes.is_running(record), tmp_path)
    assert (tmp_path / "log").read_text() == "out\nerr\n/\n"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "1", "start_ticks": 1, "boot_id": "x"}'])
def test_damaged_record_is_an_error_and_not_an_absent_process(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "process.json"
    path.write_text(text)
    with pytest.raises(LabError):
        processes.load_record(path)
    assert processes.load_record(tmp_path / "absent.json") is None
