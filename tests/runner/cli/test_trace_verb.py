"""`murenger trace`: one answer for each line, in order, whatever the line is."""

import io
import json
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any

import pytest

from murenger.cli.main import main
from murenger.cli.rulesets import read_ruleset
from murenger.cli.trace import answer
from murenger.semantics.classifier import Classifier

CONFIG = """\
hostname leaf1
!
ip access-list OUTSIDE
   10 permit tcp 10.2.0.0/24 10.1.2.0/24 eq 5432
   20 permit tcp any host 10.1.2.3 eq 3389
   30 deny ip any any
!
interface Ethernet1
   ip access-group OUTSIDE in
!
end
"""
RDP = {"in": "Ethernet1", "out": "Ethernet2", "src": "192.0.2.1", "dst": "10.1.2.3", "proto": "tcp", "dport": 3389}
HOSTILE = (
    b"garbage",
    b"",
    b"[1]",
    b"null",
    b'{"src":"10.0.0.1"}',
    b'{"src":"10.0.0.1","src":"10.0.0.2","dst":"10.0.0.3","proto":"tcp"}',
    b"\xff\xfe",
    b"[" * 5_000,
    b'{"src":"10.0.0.1","dst":"10.0.0.3","proto":"tcp","dport":' + b"9" * 5_000 + b"}",
    b'{"src":"10.0.0.1","dst":"2001:db8::1","proto":"tcp"}',
    b'{"src":"10.0.0.1","dst":"10.0.0.3","proto":"tcp","sport":-1}',
    b'{"src":"10.0.0.1","dst":"10.0.0.3","proto":"tcp","\\u001b[2J":1}',
    b'{"src":"10.0.0.1","dst":"10.0.0.3","proto":"tcp","flags":[1]}',
    b'{"src":' + b" " * 20_000 + b"}",
)


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "leaf1.conf"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def run(config: pathlib.Path, *lines: bytes, capsys: Any, tmp_path: pathlib.Path) -> tuple[int, list[Any], list[str]]:
    packets = tmp_path / "packets.jsonl"
    packets.write_bytes(b"".join(line + b"\n" for line in lines))
    code = main(["trace", "--platform", "eos", "--config", str(config), "--packets", str(packets)])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()


def test_each_packet_is_answered_with_rule_list_and_line(
    config: pathlib.Path, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    other = {**RDP, "dport": 22}
    named = {"acl": "OUTSIDE", "src": "10.2.0.9", "dst": "10.1.2.9", "proto": "tcp", "dport": 5432}
    absent = {**named, "acl": "NOWHERE"}
    lines = [json.dumps(one).encode() for one in (RDP, other, named, absent)]
    code, answers, errors = run(config, *lines, capsys=capsys, tmp_path=tmp_path)
    assert (code, errors) == (0, [])
    assert [one["verdict"] for one in answers] == ["allow", "deny", "allow", "unknown"]
    assert [one["line"] for one in answers] == [5, 6, 4, None]
    assert all(set(one) == {"verdict", "rule", "list", "line", "why"} for one in answers)
    assert "20" in answers[0]["rule"]
    assert "OUTSIDE" in answers[0]["list"]
    assert (answers[3]["rule"], answers[3]["why"]) == (None, "the model holds no list NOWHERE")


def test_a_bad_line_gets_its_answer_and_its_error_and_the_others_keep_theirs(
    config: pathlib.Path, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    good = json.dumps(RDP).encode()
    mixed = [line for bad in HOSTILE for line in (good, bad)] + [good]
    code, answers, errors = run(config, *mixed, capsys=capsys, tmp_path=tmp_path)
    assert code == 2
    assert len(answers) == len(mixed)
    assert [one.get("verdict") for one in answers[::2]] == ["allow"] * (len(HOSTILE) + 1)
    assert all(set(one) == {"error"} for one in answers[1::2])
    assert len(errors) == len(HOSTILE)
    for number, (told, error) in enumerate(zip(answers[1::2], errors, strict=True)):
        assert told["error"].startswith(f"line {2 * number + 2}: ")
        assert error.startswith(f"murenger: line {2 * number + 2}: ")
        assert error.isprintable()
        assert len(error) < 400


def test_answers_come_as_the_packets_do(config: pathlib.Path) -> None:
    command = [sys.executable, "-m", "murenger.cli.main", "trace", "--platform", "eos", "--config", str(config)]
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=plain) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        deadline = threading.Timer(60, asking.kill)
        deadline.start()
        for dport, verdict in ((3389, "allow"), (22, "deny")):
            asking.stdin.write(json.dumps({**RDP, "dport": dport}) + "\n")
            asking.stdin.flush()
            # Were answers held back until the input ends, this would wait until the deadline.
            assert json.loads(asking.stdout.readline())["verdict"] == verdict
        asking.stdin.write(json.dumps(RDP))
        asking.stdin.close()
        assert json.loads(asking.stdout.readline())["verdict"] == "allow"
        assert asking.wait() == 0
        deadline.cancel()


def test_a_line_far_too_long_costs_one_answer(config: pathlib.Path) -> None:
    good = json.dumps(RDP).encode() + b"\n"
    out = io.StringIO()
    code = answer(Classifier(read_ruleset("eos", config)), io.BytesIO(good + b"x" * 5_000_000 + b"\n" + good), out)
    assert code == 2
    first, second, third = map(json.loads, out.getvalue().splitlines())
    assert (first["verdict"], third["verdict"]) == ("allow", "allow")
    assert second["error"] == "line 2: longer than 16384 bytes"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_configuration_that_cannot_be_read_is_one_clear_error(
    content: bytes | None, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.conf"
    if content is not None:
        path.write_bytes(content)
    assert main(["trace", "--platform", "eos", "--config", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"murenger: {path}: ")
    assert said.err.count("\n") == 1
