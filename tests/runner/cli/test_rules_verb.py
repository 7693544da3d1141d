"""`murenger intents rules`: what decides nothing is named with its line; a clean policy says so."""

import json
import pathlib

import pytest

from murenger.cli.main import main

USELESS = """\
ip access-list EDGE
   10 permit tcp any any eq 443
   20 permit tcp host 192.0.2.1 any eq 443
   30 deny udp any any eq 53
   40 deny ip any any
"""


def write(folder: pathlib.Path, text: str) -> str:
    path = folder / "edge.conf"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_what_decides_nothing_is_named(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, USELESS)
    assert main(("intents", "rules", "--platform", "eos", "--config", config, "-o", "json")) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "murenger.rules/1"
    found = [(one["fault"], one["rule"], one["lines"]) for one in said["findings"]]
    assert ("shadowed", "EDGE 20", [3, 3]) in found
    assert ("redundant", "EDGE 30", [4, 4]) in found
    assert "EDGE 10" not in [rule for _, rule, _ in found]
    shadowed = next(one for one in said["findings"] if one["rule"] == "EDGE 20")
    assert shadowed["by"] == [{"rule": "EDGE 10", "lines": [2, 2]}]


def test_text_says_why(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("intents", "rules", "--platform", "eos", "--config", write(tmp_path, USELESS))) == 1
    out = capsys.readouterr().out
    assert "shadowed: EDGE 20, line 3 in access list EDGE: rules before it decide all that it matches" in out


def test_rules_that_all_decide_something_are_said_to(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path, "ip access-list EDGE\n   10 permit tcp any any eq 443\n")
    assert main(("intents", "rules", "--platform", "eos", "--config", config)) == 0
    assert capsys.readouterr().out == "every rule decides something\n"
