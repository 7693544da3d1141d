"""`murenger run` as a process: checks in time, ends on SIGTERM, one runner to a site, no device holds up another."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

LIMIT_S = 60.0
_COUNTS = re.compile(
    r"(?P<due>\d+) checks due, (?P<executed>\d+) made, (?P<coalesced>\d+) merged, "
    r"(?P<refused>\d+) refused, (?P<overdue>\d+) not begun"
)


def until(claim: Callable[[], object], what: str) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + LIMIT_S
    while not claim():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


@pytest.fixture
def serve(bench: Any, tmp_path: Any) -> Iterator[Callable[..., Any]]:
    """Give a function that starts `murenger run`, its output in files."""
    started: list[Any] = []

    def start(*argv: str) -> Any:
        environment = os.environ | {"PYTHONFAULTHANDLER": "1"}
        bench.edit("      interval: 5m\n    jitter: 30s", "      interval: 1s")
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            process = bench.start("run", *argv, stdout=out, stderr=err, start_new_session=True, env=environment)
        started.append(process)
        until(lambda: "running, " in told(tmp_path, "err") or process.poll() is not None, "the runner runs")
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=LIMIT_S)
    sys.stderr.write(told(tmp_path, "err"))


def told(folder: Any, stream: str) -> str:
    """Return what the runner has written so far."""
    path = folder / stream
    return str(path.read_text(encoding="utf-8")) if path.exists() else ""


def ended(folder: Any) -> dict[str, int]:
    """Return the counts of a runner that has ended."""
    match = _COUNTS.search(told(folder, "err"))
    assert match is not None, told(folder, "err")
    return {name: int(count) for name, count in match.groupdict().items()}


def stop(process: Any, number: int = signal.SIGTERM) -> float:
    """Send a signal, wait for a clean end, and return how many seconds it took."""
    begun = time.monotonic()
    process.send_signal(number)
    try:
        assert process.wait(timeout=LIMIT_S) == 0
    except subprocess.TimeoutExpired:
        # Python then tells where each of its threads stands.
        process.send_signal(signal.SIGABRT)
        process.wait(timeout=LIMIT_S)
        raise
    return time.monotonic() - begun


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_checks_at_its_interval_and_ends_cleanly(
    bench: Any, serve: Callable[..., Any], tmp_path: Any, number: int
) -> None:
    process = serve()
    until(lambda: told(tmp_path, "out").count("leaf1: in sync") >= 3, "three passes")
    assert stop(process, number) < 10
    lines = told(tmp_path, "out").splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ leaf1: in sync", line) for line in lines), lines
    counts = ended(tmp_path)
    assert counts["due"] == counts["executed"] + counts["coalesced"] + counts["refused"] + counts["overdue"]
    assert counts["executed"] == len(lines)
    assert (counts["refused"], counts["overdue"]) == (0, 0)
    assert "Traceback" not in told(tmp_path, "err")
    phases = [record["runner"]["phase"] for record in bench.records() if "runner" in record]
    assert phases == ["start", "stop"]
    assert bench.cli("verify").code == 3


def test_it_says_that_it_lives_what_it_saw_and_what_it_could_not_see(
    bench: Any, serve: Callable[..., Any], tmp_path: Any, closed_port: int
) -> None:
    dead = {**bench.switch.variables(), "ansible_port": closed_port}
    bench.devices({"leaf1": bench.switch.variables(), "dead1": dead})
    bench.edit('devices: ["leaf1"]', 'devices: ["leaf1", "dead1"]')
    process = serve()
    until(lambda: told(tmp_path, "err").count("dead1: no whole answer") >= 3, "three complaints")
    until(lambda: bench.records("heartbeat"), "a heartbeat")
    stop(process)
    population = bench.records("heartbeat")[0]["population"]
    assert (population["expected"], population["seen"], population["unreachable"]) == (2, 1, ["dead1"])
    (failure,) = bench.records("failure")
    assert (failure["device"]["name"], failure["failure"]["phase"]) == ("dead1", "open")
    assert "defect" not in told(tmp_path, "err")
    assert bench.cli("verify").code == 3


def test_json_is_one_value_a_pass(serve: Callable[..., Any], tmp_path: Any) -> None:
    process = serve("-o", "json")
    until(lambda: told(tmp_path, "out").count('"murenger.pass/1"') >= 2, "two passes")
    stop(process)
    assert '"in_sync": true' in told(tmp_path, "out")


def test_an_unreachable_device_does_not_stop_the_others(
    bench: Any, serve: Callable[..., Any], tmp_path: Any, closed_port: int
) -> None:
    dead = {**bench.switch.variables(), "ansible_port": closed_port}
    bench.devices({"leaf1": bench.switch.variables(), "dead1": dead})
    bench.edit('devices: ["leaf1"]', 'devices: ["leaf1", "dead1"]')
    process = serve("--workers", "1")
    until(lambda: told(tmp_path, "err").count("dead1: no whole answer") >= 2, "two complaints")
    until(lambda: told(tmp_path, "out").count("leaf1: in sync") >= 2, "two passes")
    stop(process)
    assert "Traceback" not in told(tmp_path, "err")
    assert "defect" not in told(tmp_path, "err")


def test_a_second_runner_is_refused_and_the_first_goes_on(bench: Any, serve: Callable[..., Any], tmp_path: Any) -> None:
    process = serve()
    for argv in (("run",), ("run", "--once")):
        second = bench.start(*argv)
        _, complaint = second.communicate(timeout=LIMIT_S)
        assert second.returncode == 2
        assert complaint.count("\n") == 1
        assert f"another runner serves this site: process {process.pid}" in complaint
        assert "stop it first" in complaint
    passes = told(tmp_path, "out").count("in sync")
    until(lambda: told(tmp_path, "out").count("in sync") > passes, "one more pass")
    stop(process)


def test_a_device_that_another_process_works_on_is_counted_as_refused(
    bench: Any, serve: Callable[..., Any], tmp_path: Any
) -> None:
    leases = bench.site / "state" / "leases"
    leases.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(leases / "leaf1.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        process = serve()
        until(lambda: told(tmp_path, "err").count("works on this device") >= 2, "two refusals")
    finally:
        os.close(handle)
    until(lambda: "leaf1: in sync" in told(tmp_path, "out"), "a pass once the device is free")
    stop(process)
    counts = ended(tmp_path)
    assert counts["refused"] >= 2
    assert counts["due"] == counts["executed"] + counts["coalesced"] + counts["refused"] + counts["overdue"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_heal_that_has_begun_is_finished_before_the_runner_ends(
    bench: Any,
    serve: Callable[..., Any],
    tmp_path: Any,
    collections: None,  # noqa: ARG001 - lets the playbook be found
    number: int,
) -> None:
    process = serve()
    until(lambda: "leaf1: in sync" in told(tmp_path, "out"), "a first pass")
    bench.switch.drift()
    until(lambda: bench.records("plan"), "a plan")
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, number)
    assert process.wait(timeout=LIMIT_S) == 0
    assert "leaf1: healed" in told(tmp_path, "out"), told(tmp_path, "err")
    assert bench.records("outcome")[0]["outcome"]["verdict"] == "healed"
    assert bench.records()[-1]["runner"]["phase"] == "stop"
    assert not list((bench.site / "state").glob("murenger-play-*"))
    assert bench.cli("verify").code == 3


def test_kill_9_of_the_runner_leaves_nothing_that_stops_the_next(
    bench: Any, serve: Callable[..., Any], tmp_path: Any
) -> None:
    process = serve()
    until(lambda: "in sync" in told(tmp_path, "out"), "a first pass")
    process.kill()
    assert process.wait(timeout=LIMIT_S) == -signal.SIGKILL
    assert bench.cli("run", "--once").code == 0
    assert bench.cli("verify").code == 3


def test_once_makes_one_pass_and_tells_the_worst(bench: Any) -> None:
    done = bench.cli("run", "--once")
    assert (done.code, done.out) == (0, "leaf1: in sync\n")
    bench.switch.drift()
    bench.edit("mode: heal", "mode: observe")
    done = bench.cli("run", "--once", "-o", "json")
    assert done.code == 2
    (entry,) = done.data["devices"]
    assert (entry["device"], entry["in_sync"], entry["action"]) == ("leaf1", False, "hold")


@pytest.mark.parametrize("workers", ["0", "-1"])
def test_a_number_of_workers_that_cannot_be_is_refused(bench: Any, workers: str) -> None:
    done = bench.cli("run", "--once", f"--workers={workers}")
    assert done.code == 2
    assert "--workers" in done.err


def test_output_into_a_closed_pipe_is_no_traceback(bench: Any) -> None:
    process = bench.start("log")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=LIMIT_S)
    assert "Traceback" not in complaint
    assert isinstance(process, subprocess.Popen)
