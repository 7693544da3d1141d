# Copyright: the murenger authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins that read change records: limits, whole records, bundles; nothing but a bundle is ever written."""

from __future__ import annotations

import hashlib
import json
import pathlib
import types
from collections.abc import Callable

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.murenger.drift.plugins.action import change_record, change_record_info
from ansible_collections.murenger.drift.plugins.modules import change_record as change_record_documentation
from ansible_collections.murenger.drift.plugins.modules import change_record_info as change_record_info_documentation
from ansible_collections.murenger.drift.plugins.plugin_utils import _bridge
from ansible_collections.murenger.drift.tests.unit.plugins import _site

DAY = "2026-11-22"
DOCUMENTED = {
    change_record: change_record_documentation,
    change_record_info: change_record_info_documentation,
}
DECISION = b'{"type":"standing-change"}'


def write_record(folder: pathlib.Path, number: int, kind: str, device: str, **groups: object) -> None:
    """Lay one record down, with its signature and its leaf."""
    said = {
        "origin": _site.ORIGIN,
        "seq": number,
        "kind": kind,
        "written_at": f"{DAY}T0{number}:00:00.000Z",
        "device": {"name": device},
        "event": {"type": f"{kind}-{{{{ 7 * 7 }}}}", "result": "success"},
        "refs": [],
        **groups,
    }
    statement = {"predicateType": f"https://murenger.dev/predicate/{kind}/v1", "predicate": said}
    content = json.dumps(statement, sort_keys=True).encode()
    (folder / "records" / f"{number:09d}.json").write_bytes(content)
    (folder / "records" / f"{number:09d}.json.sig").write_text("signature")
    with (folder / "LEAVES").open("a") as leaves:
        leaves.write(hashlib.sha256(b"\x00" + content).hexdigest() + "\n")


@pytest.fixture
def store(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Give a store of four records to whoever opens a site."""
    day = tmp_path / "store" / _site.ORIGIN / "days" / DAY
    for name in ("records", "decisions", "receipts"):
        (day / name).mkdir(parents=True)
    sha256 = hashlib.sha256(DECISION).hexdigest()
    (day / "decisions" / f"{sha256}.json").write_bytes(DECISION)
    (day / "decisions" / f"{sha256}.json.sig").write_text("decision signature")
    (day / "receipts" / "000000002-tsa1.tsr").write_bytes(b"token")
    (day / "receipts" / "000000003-tsa1.tsr").write_bytes(b"later token")
    write_record(day, 0, "drift", "fw1")
    write_record(day, 1, "intent", "fw1", approval={"decision_sha256": sha256, "mode": "standing"})
    write_record(day, 2, "outcome", "fw1", outcome={"verdict": "healed"})
    write_record(day, 3, "drift", "fw2")
    site = _site.Site(store=tmp_path / "store")
    monkeypatch.setattr(_bridge, "open_site", lambda **_: site)
    return tmp_path / "store"


@pytest.fixture
def contents(store: pathlib.Path) -> Callable[[], dict[str, bytes]]:
    """Give a function that returns what the store holds."""
    return lambda: {str(path): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def run(plugin: types.ModuleType, arguments: str = "", **how: bool) -> dict[str, object]:
    """Run an action plugin and check that each key of its result is documented."""
    result = _site.run(plugin, arguments, **how)
    assert not set(result) - set(yaml.safe_load(DOCUMENTED[plugin].RETURN)) - {"changed", "diff"}
    return result


@pytest.mark.parametrize(
    ("limits", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ("device: fw1", [0, 1, 2]),
        ("{device: fw1, kind: drift}", [0]),
        ("last: 2", [2, 3]),
        ("{device: fw1, last: 1}", [2]),
        (f"since: {DAY}T02:00:00Z", [2, 3]),
        (f"until: '{DAY}'", []),
        (f"{{since: '{DAY}', until: '{DAY}T01:30:00Z'}}", [0, 1]),
    ],
)
@pytest.mark.usefixtures("store")
def test_limits_choose_records_and_together_they_narrow(limits: str, numbers: list[int]) -> None:
    result = run(change_record_info, limits)
    assert [record["number"] for record in result["records"]] == numbers
    assert result["changed"] is False


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("limits", ["last: 0", "last: -3", "since: yesterday", "until: '2026-13-01'", "anchors: [/x]"])
def test_a_limit_that_is_none_is_refused(limits: str) -> None:
    with pytest.raises(AnsibleActionFail, match=limits.partition(":")[0]):
        _site.run(change_record_info, limits)


@pytest.mark.usefixtures("store")
def test_a_record_by_its_number_is_whole_and_shows_what_covers_it() -> None:
    (record,) = run(change_record_info, "number: 1")["records"]
    assert record["predicate"]["approval"]["mode"] == "standing"
    assert record["seal"] == {"day": DAY, "sealed": False, "stamped": False}
    assert [receipt["number"] for receipt in record["receipts"]] == [2, 3]
    # Data from a device stays data.
    assert "{{ 7 * 7 }}" in record["summary"]


def test_reading_writes_nothing(contents: Callable[[], dict[str, bytes]]) -> None:
    before = contents()
    for arguments in ("", "number: 2", "last: 1"):
        run(change_record_info, arguments)
    assert contents() == before


def test_a_bundle_is_written_once_and_then_known(
    store: pathlib.Path, tmp_path: pathlib.Path, contents: Callable[[], dict[str, bytes]]
) -> None:
    before = contents()
    arguments = f"{{number: 1, dest: {tmp_path}/tickets/CHG1}}"
    first, second = run(change_record, arguments), run(change_record, arguments)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["files"] == second["files"] == first["written"]
    assert second["written"] == []
    sha256 = hashlib.sha256(DECISION).hexdigest()
    assert set(first["files"]) == {
        "000000001.json",
        "000000001.json.sig",
        f"{sha256}.json",
        f"{sha256}.json.sig",
        "000000002-tsa1.tsr",
        "servicenow.json",
    }
    day = store / _site.ORIGIN / "days" / DAY
    for name, place in (
        ("000000001.json", "records"),
        (f"{sha256}.json", "decisions"),
        ("000000002-tsa1.tsr", "receipts"),
    ):
        assert (tmp_path / "tickets/CHG1" / name).read_bytes() == (day / place / name).read_bytes()
    fields = json.loads((tmp_path / "tickets/CHG1/servicenow.json").read_bytes())
    assert fields["type"] in ("standard", "normal")
    assert contents() == before


def test_check_mode_predicts_and_writes_nothing(store: pathlib.Path, tmp_path: pathlib.Path) -> None:
    arguments = f"{{number: 2, dest: {tmp_path}/CHG2}}"
    predicted = run(change_record, arguments, check=True, diff=True)
    assert not (tmp_path / "CHG2").exists()
    done = run(change_record, arguments, diff=True)
    assert predicted == done
    assert store.exists()
    assert run(change_record, arguments, check=True)["changed"] is False


@pytest.mark.usefixtures("store")
def test_a_difference_names_files_and_digests_and_never_what_is_in_them(tmp_path: pathlib.Path) -> None:
    arguments = f"{{number: 0, dest: {tmp_path}}}"
    assert "diff" not in run(change_record, arguments, check=True)
    diff = run(change_record, arguments, check=True, diff=True)["diff"]
    assert diff["before"] == ""
    assert "  000000000.json\n" in diff["after"]
    assert "predicate" not in str(diff)
    run(change_record, arguments)
    diff = run(change_record, arguments, diff=True)["diff"]
    assert diff["before"] == diff["after"]


@pytest.mark.usefixtures("store")
def test_an_altered_file_is_written_anew_and_strange_ones_are_left_alone(tmp_path: pathlib.Path) -> None:
    dest = tmp_path / "CHG"
    run(change_record, f"{{number: 0, dest: {dest}}}")
    (dest / "000000000.json").chmod(0o640)
    (dest / "000000000.json").write_bytes(b"altered")
    (dest / "notes.txt").write_text("mine")
    result = run(change_record, f"{{number: 0, dest: {dest}}}")
    assert result["written"] == ["000000000.json"]
    assert (dest / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in dest.iterdir()) == [
        "000000000.json",
        "000000000.json.sig",
        "000000002-tsa1.tsr",
        "notes.txt",
    ]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("number", [9, -1])
def test_a_record_that_is_not_there_has_no_bundle(tmp_path: pathlib.Path, number: int) -> None:
    with pytest.raises(AnsibleActionFail, match=f"there is no record {number}"):
        _site.run(change_record, f"{{number: {number}, dest: {tmp_path}/CHG}}")
    assert not (tmp_path / "CHG").exists()


@pytest.mark.usefixtures("store")
def test_a_link_in_the_way_is_not_followed(tmp_path: pathlib.Path) -> None:
    dest, other = tmp_path / "CHG", tmp_path / "other"
    dest.mkdir()
    other.write_text("mine")
    (dest / "000000000.json").symlink_to(other)
    with pytest.raises(AnsibleActionFail, match="cannot be laid into"):
        _site.run(change_record, f"{{number: 0, dest: {dest}}}")
    assert other.read_text() == "mine"
