"""The witness as its operator runs it: the command line, one process, signals, kills and restarts.

Input: `murenger witness` in processes of its own, on loopback. Output: pass, or what did not survive.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from murenger.lab.material import write_certificate
from murenger.record.tree.checkpoint import open_cosigned
from murenger.record.tree.note import parse_vkey

READY = re.compile(r"witness (\S+) on (\S+) port ([0-9]+)")


def murenger(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line to its end."""
    command = (sys.executable, "-m", "murenger.cli.main", *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class Process:
    """A witness in a process of its own."""

    def __init__(self, site: Any, *arguments: str) -> None:
        command = (sys.executable, "-m", "murenger.cli.main", "witness", "serve", "--listen", "127.0.0.1:0")
        files = ("--state", str(site.state), "--key", str(site.key_file))
        self.popen = subprocess.Popen(
            (*command, *files, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.popen.stderr is not None
        first = self.popen.stderr.readline()
        found = READY.match(first)
        assert found, first + self.popen.stderr.read()
        self.vkey, self.port = found[1], int(found[3])

    def add(self, body: bytes, context: ssl.SSLContext | None = None) -> tuple[int, bytes]:
        """Send one request."""
        if context is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        with contextlib.closing(connection):
            connection.request("POST", "/add-checkpoint", body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def end(self, number: int) -> tuple[int, str]:
        """End it with a signal; return its exit code and what else it said."""
        self.popen.send_signal(number)
        out, err = self.popen.communicate(timeout=30)
        assert out == ""
        return self.popen.returncode, err


@pytest.fixture
def start(site: Any) -> Iterator[Callable[..., Process]]:
    """Give a function that starts the witness, and end what it started."""
    with contextlib.ExitStack() as stack:

        def begin(*arguments: str) -> Process:
            process = Process(site, *arguments)
            stack.callback(process.popen.communicate)
            stack.callback(process.popen.kill)
            return process

        yield begin


def test_key_memory_and_service_are_set_up_by_command(tmp_path: Path, log: Any) -> None:
    key, state = tmp_path / "w.key", tmp_path / "memory"
    made = murenger("witness", "key", "--key", str(key), "--name", "witness.example.org/w1")
    assert (made.returncode, made.stderr) == (0, "")
    vkey = made.stdout.strip()
    assert parse_vkey(vkey).name == "witness.example.org/w1"
    assert "PRIVATE" not in made.stdout
    serve = ("witness", "serve", "--key", str(key), "--state", str(state), "--log", log.vkey)
    early = murenger(*serve)
    assert early.returncode == 2
    assert "is not the memory of a witness" in early.stderr
    assert "murenger witness init" in early.stderr
    told = murenger("witness", "init", "--key", str(key), "--state", str(state), "-o", "json")
    assert json.loads(told.stdout) == {"schema": "murenger.witness.init/1", "vkey": vkey}
    assert murenger("witness", "init", "--key", str(key), "--state", str(state)).returncode == 2
    assert murenger("witness", "key", "--key", str(key), "--name", "w").returncode == 2


def test_a_log_is_cosigned_across_restarts(start: Callable[..., Process], site: Any, log: Any, tmp_path: Path) -> None:
    (tmp_path / "log.vkey").write_text(f"# the logs of site 1\n{log.vkey}\n", encoding="utf-8")
    first = start("--log", f"@{tmp_path / 'log.vkey'}")
    assert first.vkey == site.vkey
    assert first.add(log.request(0, 8))[0] == 200
    code, said = first.end(signal.SIGTERM)
    assert code == 0
    lines = said.splitlines()
    assert lines[-1] == "witness ended"
    assert lines[0].endswith("POST /add-checkpoint 200 origin='site1.fw.example.net' old=0 size=8: cosigned")
    second = start("--log", log.vkey)
    assert second.add(log.forked(3).request(8, 9))[0] == 422
    status, cosignature = second.add(log.request(8, 9))
    assert status == 200
    keys = {"log_keys": [log.key.verifier], "witness_keys": [parse_vkey(site.vkey)]}
    assert open_cosigned(log.checkpoint(9).encode() + cosignature, **keys).checkpoint.size == 9
    assert second.end(signal.SIGINT)[0] == 0


def test_nothing_cosigned_is_forgotten_by_a_kill_at_any_moment(
    start: Callable[..., Process], site: Any, log: Any
) -> None:
    known = 0
    for round_ in range(4):
        process = start("--log", log.vkey)
        seen: list[int] = []

        def grow(process: Process = process, seen: list[int] = seen, size: int = known) -> None:
            old = size
            with contextlib.suppress(OSError, http.client.HTTPException):
                for new in range(old + 1, 65):
                    status, content = process.add(log.request(old, new))
                    if status == 409:
                        old = int(content)
                        continue
                    assert status == 200
                    old = new
                    seen.append(new)

        thread = threading.Thread(target=grow)
        thread.start()
        deadline = time.monotonic() + 20
        while len(seen) < round_ + 1:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        process.popen.send_signal(signal.SIGKILL)
        thread.join()
        process.popen.communicate()
        known = seen[-1]
        checkpoint = open_cosigned(
            site.file(log).read_bytes(), log_keys=[log.key.verifier], witness_keys=[parse_vkey(site.vkey)]
        ).checkpoint
        # It may have been killed between writing and answering, never between answering and writing.
        assert checkpoint.size in (known, known + 1)
        known = checkpoint.size


def test_over_tls(start: Callable[..., Process], log: Any, tmp_path: Path) -> None:
    write_certificate(tmp_path, "localhost", "127.0.0.1")
    tls = ("--tls-cert", str(tmp_path / "server.pem"), "--tls-key", str(tmp_path / "server.key"))
    process = start("--log", log.vkey, *tls)
    assert process.add(log.request(0, 8), ssl.create_default_context(cafile=tmp_path / "ca.pem"))[0] == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        process.add(log.request(8, 9))
    assert process.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "8423"), "is not ADDRESS:PORT"),
        (("--listen", "127.0.0.1:99999"), "is not ADDRESS:PORT"),
        (("--listen", "192.0.2.1:0"), "cannot listen"),
        (("--tls-cert", "server.pem"), "belong together"),
        (("--tls-cert", "missing.pem", "--tls-key", "missing.key"), "cannot be used"),
        (("--log", "nonsense"), "--log 'nonsense'"),
        (("--log", "@missing"), "--log '@missing'"),
        (("--log", "@/proc/self/cmdline"), "--log '@/proc/self/cmdline'"),
        (("--key", "missing.key"), "there is no key"),
        (("--state", "missing"), "is not the memory of a witness"),
    ],
)
def test_a_mistake_is_one_line(site: Any, log: Any, arguments: tuple[str, ...], said: str) -> None:
    usual = ("--key", str(site.key_file), "--state", str(site.state), "--log", log.vkey, "--listen", "127.0.0.1:0")
    done = murenger("witness", "serve", *usual, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_process_and_a_damaged_memory_are_refused(start: Callable[..., Process], site: Any, log: Any) -> None:
    process = start("--log", log.vkey)
    usual = ("--key", str(site.key_file), "--state", str(site.state), "--log", log.vkey, "--listen", "127.0.0.1:0")
    assert "another process serves" in murenger("witness", "serve", *usual).stderr
    process.add(log.request(0, 8))
    process.end(signal.SIGKILL)
    os.truncate(site.file(log), 100)
    done = murenger("witness", "serve", *usual)
    assert done.returncode == 2
    assert "is damaged" in done.stderr


def test_a_witness_loads_no_device_driver() -> None:
    program = (
        "import sys; from murenger.cli.main import parser; "
        "parser('witness'); import murenger.cli.witness; "
        "print([name for name in ('napalm', 'netmiko', 'ansible', 'paramiko') if name in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
