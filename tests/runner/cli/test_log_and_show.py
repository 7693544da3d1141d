"""`murenger log` and `show`: quick, quiet about the index, honest about what holds a record in its place."""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from murenger.cli.main import OTHERS, VERBS, parser
from murenger.model import canonical_bytes
from murenger.record.predicate import BASE
from murenger.record.store import leaf_hash

HOSTILE = "\x1b]0;owned\x07 \x1b[2J{{ 7*7 }} <script> \u202e gnp.exe\nrecord 99"


def append(bench: Any, kind: str = "hold", *, device: str = "leaf1", **groups: Any) -> int:
    """Lay one more record down, past everything that writes records, and return its number."""
    number = sum(1 for _ in bench.store.glob("days/*/records/*.json"))
    day = max((bench.store / "days").iterdir())
    said = {
        "origin": "test.example.net",
        "seq": number,
        "kind": kind,
        "written_at": f"{day.name}T23:59:59.000Z",
        "device": {"name": device},
        "event": {"type": "x", "result": "success", "object": "x"},
        "refs": [],
        **groups,
    }
    content = canonical_bytes({"predicateType": f"{BASE}/{kind}/v1", "predicate": said, "subject": []})
    (day / "records" / f"{number:09d}.json").write_bytes(content)
    (day / "records" / f"{number:09d}.json.sig").write_text("signature", encoding="ascii")
    with (day / "LEAVES").open("a", encoding="ascii") as leaves:
        leaves.write(leaf_hash(content) + "\n")
    return number


def listed(text: str) -> list[int]:
    return [int(line.split()[0]) for line in text.splitlines()[1:]]


def test_text_and_json_list_the_same_records_with_and_without_an_index(bench: Any) -> None:
    everything = list(range(len(bench.records())))
    told = []
    for _ in range(2):
        text, data = bench.cli("log"), bench.cli("log", "-o", "json").data
        assert (text.err, data["schema"]) == ("", "murenger.log/1")
        assert listed(text.out) == [record["number"] for record in data["records"]] == everything
        told.append((text.out, data))
        assert bench.cli("log", "--rebuild").code == 0
    assert told[0] == told[1]
    assert [record["kind"] for record in told[0][1]["records"]] == [said["kind"] for said in bench.records()]


def test_limits_choose_records_and_together_they_narrow(bench: Any) -> None:
    for _ in range(3):
        append(bench)
    last = append(bench, device="leaf2")
    assert listed(bench.cli("log", "--last", "2").out) == [last - 1, last]
    assert listed(bench.cli("log", "--kind", "hold", "--device", "leaf1", "--last", "2").out) == [last - 2, last - 1]
    day = max((bench.store / "days").iterdir()).name
    assert listed(bench.cli("log", "--since", f"{day}T23:59:59Z").out) == list(range(last - 3, last + 1))
    assert last not in listed(bench.cli("log", "--until", f"{day}T23:59:59Z").out)
    following = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    assert listed(bench.cli("log", "--since", str(following)).out) == []
    assert bench.cli("log", "--device", "nobody", "-o", "json").data["records"] == []


@pytest.mark.parametrize(
    "limits",
    [
        ("--last", "0"),
        ("--last", "-1"),
        ("--last", "9999999999999"),
        ("--last", "many"),
        ("--kind", "nonsense"),
        ("--since", "yesterday"),
        ("--until", "2026-13-01"),
        ("--since", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_a_limit_that_is_none_is_refused(bench: Any, limits: tuple[str, str]) -> None:
    done = bench.cli("log", *limits)
    assert done.code == 2
    assert limits[0] in done.err
    assert done.out == ""


def test_looking_at_records_writes_nothing(bench: Any) -> None:
    held = bench.held()
    for verb in (("log",), ("log", "--last", "1"), ("show", "0"), ("show", "0", "-o", "json")):
        assert bench.cli(*verb).code == 0
    assert bench.held() == held
    bench.cli("log", "--rebuild")
    held = bench.held()
    for verb in (("log",), ("log", "--last", "1"), ("show", "0"), ("show", "0", "-o", "json")):
        assert bench.cli(*verb).code == 0
    assert bench.held() == held


def test_a_rebuild_compares_with_the_files_and_verify_takes_the_index_for_no_stray(bench: Any) -> None:
    count, head = len(bench.records()), bench.cli("verify", "-o", "json").data["logs"][0]["head_sha256"]
    done = bench.cli("log", "--rebuild")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"index: {count} records, head {count - 1} {head}",
        f"files: {count} records, head {count - 1} {head}",
        "the index agrees with the files",
    ]
    data = bench.cli("log", "--rebuild", "-o", "json").data
    assert (data["schema"], data["agrees"]) == ("murenger.index/1", True)
    assert data["index"] == {"records": count, "pruned": 0, "head": count - 1, "head_sha256": head}
    assert bench.cli("verify").code == 3


def test_a_rebuild_over_a_hole_says_which_record_is_missing(bench: Any) -> None:
    append(bench)
    next(bench.store.glob("days/*/records/000000001.json")).unlink()
    done = bench.cli("log", "--rebuild")
    assert done.code == 2
    assert "record 1 of test.example.net is missing" in done.err
    assert bench.cli("log").code == 2


def test_a_damaged_index_is_told_once_and_costs_only_time(bench: Any) -> None:
    wanted = bench.cli("log").out
    bench.cli("log", "--rebuild")
    (bench.store / "index.sqlite3").write_bytes(b"\x1b[2J" * 4000)
    done = bench.cli("log")
    assert (done.code, done.out) == (0, wanted)
    assert len(done.complaints) == 1
    assert "cannot be used" in done.err
    assert bench.cli("show", "1").code == 0


def test_what_a_record_says_never_reaches_the_terminal_unescaped(bench: Any) -> None:
    number = append(bench, hold={"detail": HOSTILE, "cause": HOSTILE}, device=HOSTILE)
    for _ in range(2):
        for verb in (("log",), ("show", str(number))):
            told = bench.cli(*verb)
            assert told.code == 0
            assert not [c for c in told.out if not c.isprintable() and c != "\n"]
            assert r"\x1b[2J{{ 7*7 }}" in told.out
            assert "\nrecord 99" not in told.out
        data = bench.cli("show", str(number), "-o", "json").data
        assert data["device"] == HOSTILE
        assert HOSTILE in bench.cli("log", "-o", "json").data["records"][number]["summary"]
        bench.cli("log", "--rebuild")


def test_show_tells_what_holds_a_record_in_its_place(bench: Any) -> None:
    alone = bench.cli("show", "1")
    assert "nobody outside this host has confirmed it" in alone.out
    assert "not sealed yet" in alone.out
    day = max((bench.store / "days").iterdir())
    (day / "receipts").mkdir(exist_ok=True)
    for name in ("000000000-early.tsr", "000000002-w1.cosig", "000000001-tsa1.tsr", "000000005-git1.git", "stray"):
        (day / "receipts" / name).write_bytes(b"\x1b")
    for name in ("SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.tsr"):
        (day / name).write_bytes(b"x")
    told = bench.cli("show", "1")
    assert f"day {day.name}: sealed, with a time stamp" in told.out
    held = [line for line in told.out.splitlines() if "/receipts/" in line]
    places = (next(n for n, line in enumerate(held) if f"-{sink}." in line) for sink in ("tsa1", "w1", "git1"))
    tsa, witness, git = places
    assert len(held) == 3
    assert tsa < witness < git
    assert "early" not in told.out
    data = bench.cli("show", "1", "-o", "json").data
    assert data["seal"] == {"day": day.name, "sealed": True, "stamped": True}
    assert [receipt["sink"] for receipt in data["receipts"]] == ["tsa1", "w1", "git1"]
    assert data["receipts"][0]["file"] == f"days/{day.name}/receipts/000000001-tsa1.tsr"


def test_receipts_of_a_later_day_cover_a_record_too(bench: Any) -> None:
    later = bench.store / "days" / "2099-01-01"
    (later / "receipts").mkdir(parents=True)
    (later / "receipts" / "000000009-w1.cosig").write_bytes(b"x")
    assert "cosigned by w1, given for record 9: days/2099-01-01/receipts/" in bench.cli("show", "1").out


def test_of_a_pruned_record_the_index_tells_what_is_left(bench: Any) -> None:
    bench.cli("log", "--rebuild")
    day = next((bench.store / "days").iterdir())
    following = bench.store / "days" / "2099-01-01" / "records"
    following.mkdir(parents=True)
    for path in (day / "records").glob("000000001.json*"):
        path.rename(following / path.name)
    digest = bench.cli("log", "-o", "json").data["records"][0]["sha256"]
    for path in (day / "records").iterdir():
        path.unlink()
    (day / "records").rmdir()
    (day / "SHA256SUMS").write_text(f"{digest}  records/000000000.json\n")
    told = bench.cli("show", "0")
    assert told.code == 0
    assert "record 0 of test.example.net: pruned" in told.out
    assert digest in told.out
    assert bench.cli("show", "0", "-o", "json").data["predicate"] is None
    (bench.store / "index.sqlite3").unlink()
    assert bench.cli("show", "0").code == 2


@pytest.fixture
def open_folder() -> Iterator[pathlib.Path]:
    """Give a folder of its own that everybody may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="murenger-read-only"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_store_that_may_only_be_read_is_read(bench: Any, open_folder: pathlib.Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can look with another user's eyes")
    bench.cli("log", "--rebuild")
    append(bench)
    wanted = [said["kind"] for said in bench.records()]
    program = (
        "import os, pathlib, sys\n"
        "from murenger.adapters.sqlite import RecordIndex\n"
        "from murenger.record.entry import RecordQuery\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "said = []\n"
        "index = RecordIndex(pathlib.Path(sys.argv[1]), origin='test.example.net', notice=said.append)\n"
        "kinds = [entry.kind for entry in index.entries(RecordQuery())]\n"
        "index.keep('{}'); index.keep('{}')\n"
        "print(*kinds, len(said), sep=',')\n"
    )
    place = open_folder / "log"
    shutil.copytree(bench.store, place)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    done = subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, check=True)
    assert done.stdout.strip().split(",") == [*wanted, "1"]


# What opens devices, and what makes, signs, judges or plans anything: whole packages, and modules of packages that
# listing does need.
NOT_FOR_LISTING = {
    *("napalm", "netmiko", "paramiko", "ansible", "ansible_runner", "apscheduler", "jsonschema_rs", "cryptography"),
    *("deepdiff", "jinja2", "subprocess", "socket", "ssl", "asyncio", "logging", "difflib"),
    *("murenger.wiring", "murenger.reconcile", "murenger.secrets", "murenger.dialects", "murenger.ports"),
    *("murenger.model.anchor", "murenger.model.drift", "murenger.model.plan", "murenger.model.snapshot"),
    *("murenger.record.executor", "murenger.record.recorder", "murenger.record.redaction", "murenger.record.verify"),
    *("murenger.adapters.sqlite.rebuild", "murenger.cli.bundle", "murenger.cli.options"),
}


@pytest.mark.parametrize("verb", ["log", "show"])
def test_listing_waits_for_nothing_that_it_does_not_need(bench: Any, verb: str) -> None:
    program = (
        "import sys; from murenger.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "print(code, *sys.modules, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, verb, *(["1"] if verb == "show" else []), "--config", str(bench.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, *loaded = done.stderr.split()
    assert (code, sorted(NOT_FOR_LISTING.intersection(loaded))) == ("0", [])


def test_the_log_streams_and_stops_when_nobody_reads_on(bench: Any) -> None:
    for _ in range(400):
        append(bench, hold={"detail": "x" * 300})
    process = bench.start("log")
    assert process.stdout.readline().split()[0] == "number"
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


def test_each_verb_is_a_module_that_registers_it_alone() -> None:
    for verb in VERBS:
        text = parser(verb).format_help()
        assert f"  {verb}" in text
        assert not [other for other in VERBS if other != verb and f"\n    {other} " in text]
    assert OTHERS not in VERBS


def test_without_a_verb_every_verb_is_told(bench: Any) -> None:
    told = bench.run("--help")
    assert told.code == 0
    assert not [verb for verb in (*VERBS, "lab") if f"\n    {verb} " not in told.out]
    assert bench.run("nonsense").code == 2
    assert bench.run().code == 2


def test_json_of_a_long_log_is_one_document(bench: Any) -> None:
    for _ in range(20):
        append(bench)
    data = json.loads(bench.cli("log", "-o", "json").out)
    assert [record["number"] for record in data["records"]] == list(range(len(bench.records())))


def test_a_bundle_is_written_beside_nothing_else_and_only_once(bench: Any, tmp_path: pathlib.Path) -> None:
    held = bench.held()
    first = bench.cli("show", "0", "--bundle", str(tmp_path / "CHG"))
    assert (first.code, first.err) == (0, "")
    record = next(bench.store.glob("days/*/records/000000000.json"))
    assert (tmp_path / "CHG" / "000000000.json").read_bytes() == record.read_bytes()
    data = bench.cli("show", "0", "--bundle", str(tmp_path / "CHG"), "-o", "json").data
    assert (data["schema"], data["changed"]) == ("murenger.bundle/1", [])
    assert {"000000000.json", "000000000.json.sig"} <= set(data["files"])
    assert bench.held() == held
    assert bench.cli("show", "99", "--bundle", str(tmp_path / "none")).code == 2
    assert not (tmp_path / "none").exists()
