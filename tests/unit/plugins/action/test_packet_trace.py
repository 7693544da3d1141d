# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin that asks rules about packets: golden, live or a file; a bad packet is named by its number."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.murenger.drift.plugins.action import packet_trace_info
from ansible_collections.murenger.drift.plugins.modules import packet_trace_info as documentation
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge
from ansible_collections.murenger.drift.tests.unit.plugins import _site

SSH = {"in": "eth0", "out": "eth1", "src": "192.0.2.1", "dst": "198.51.100.7", "proto": "tcp", "dport": 22}


@pytest.fixture(autouse=True)
def a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the one device to whoever opens a site."""
    monkeypatch.setattr(_bridge, "open_site", lambda **_: _site.Site())


def ask(**options: object) -> dict[str, object]:
    """Run the action as a task of fw1 would."""
    return _site.run(packet_trace_info, json.dumps({"packets": [SSH], **options}))


def test_golden_is_asked_unless_live_is_wanted() -> None:
    assert [answer["verdict"] for answer in ask()["answers"]] == ["deny"]
    assert [answer["verdict"] for answer in ask(source="live")["answers"]] == ["allow"]


def test_every_key_of_an_answer_is_documented() -> None:
    returned = yaml.safe_load(documentation.RETURN)
    answer = ask()
    assert set(answer) - {"changed"} <= set(returned)
    assert set(answer["answers"][0]) == set(returned["answers"]["contains"])
    assert answer["answers"][0]["rule"].startswith("chain forward rule 1")
    assert answer["answers"][0]["line"] == 4


def test_a_file_needs_no_site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bridge, "open_site", lambda **_: pytest.fail("a site was opened"))
    path = tmp_path / "rules.nft"
    path.write_text(_site.RULES.format("accept"))
    assert ask(source="file", src=str(path), platform="nftables")["answers"][0]["verdict"] == "allow"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "file"}, "both of them"),
        ({"source": "file", "src": "/x"}, "both of them"),
        ({"src": "/x", "platform": "eos"}, "never else"),
        ({"source": "file", "src": "/nonexistent", "platform": "eos"}, "cannot be read"),
        ({"packets": [SSH, {**SSH, "dport": 65536}]}, "packet 2: dport must be a number from 0 to 65535"),
        ({"packets": [{**SSH, "colour": "red"}]}, "packet 1: unknown field 'colour'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(AnsibleActionFail, match=message):
        ask(**options)
