"""A real witness, a real time-stamping authority and a real git server hold what a real heal writes."""

import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from murenger.errors import AnchorConflictError
from murenger.lab.anchors import keepers
from murenger.record.tree.checkpoint import open_cosigned
from murenger.record.tree.note import parse_vkey


def heal(bench: Any, *, drifts: bool = True) -> Any:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    if drifts:
        bench.switch.drift()
    return site.remediate(device, site.plan(site.examine(device)).sha256)


@pytest.fixture
def kept(bench: Any, tmp_path: pathlib.Path) -> Iterator[Any]:
    """Give a bench whose log others hold."""
    lab = tmp_path / "lab"
    lab.mkdir()
    section = keepers.up(lab, (bench.site / "trust/log.vkey").read_text().strip())
    try:
        with bench.config.open("a", encoding="utf-8") as file:
            file.write(section)
        yield bench
    finally:
        keepers.down(lab)


def test_every_keeper_holds_the_intent_and_the_outcome_and_stock_tools_agree(kept: Any) -> None:
    assert heal(kept).verdict.value == "healed"
    numbers = {record["kind"]: record["seq"] for record in kept.records()}
    receipts = {path.name: path for path in kept.store.glob("days/*/receipts/*")}
    sinks = {sink.name: sink for sink in kept.open().settings.anchors.sinks}
    (stamper,) = (name for name in sinks if hasattr(sinks[name], "roots"))
    for kind in ("intent", "outcome"):
        number = numbers[kind]
        (record,) = kept.store.glob(f"days/*/records/{number:09d}.json")
        token = receipts[f"{number:09d}-{stamper}.tsr"]
        command = ("openssl", "ts", "-verify", "-data", str(record), "-in", str(token))
        roots = ("-CAfile", str(sinks[stamper].roots))
        assert b"Verification: OK" in subprocess.run((*command, *roots), capture_output=True, check=True).stdout
        opened = open_cosigned(
            receipts[f"{number:09d}-witness.cosig"].read_bytes(),
            log_keys=[parse_vkey((kept.site / "trust/log.vkey").read_text().strip())],
            witness_keys=[parse_vkey(sinks["witness"].key)],
        )
        assert opened.checkpoint.size == number + 1
        assert f"{number:09d}-evidence.git" in receipts
    assert kept.records("intent")[-1]["intent"]["anchoring"] == "before_change"


def test_a_store_restored_from_an_old_copy_stops_all_healing(kept: Any, tmp_path: pathlib.Path) -> None:
    heal(kept)
    shutil.copytree(kept.store, tmp_path / "copy", symlinks=True)
    heal(kept)
    shutil.rmtree(kept.store)
    shutil.copytree(tmp_path / "copy", kept.store, symlinks=True)
    kept.switch.drift()
    before = kept.switch.running()
    with pytest.raises(AnchorConflictError, match="another history") as caught:
        heal(kept, drifts=False)
    assert "old copy" in caught.value.hint
    assert kept.switch.running() == before
    told = kept.cli("doctor")
    assert told.code == 2
    assert "old copy of the store restored" in told.out


def test_the_seal_of_a_finished_day_is_stamped(kept: Any) -> None:
    heal(kept)
    first = min(path.name for path in kept.store.glob("days/*"))
    kept.switch.clock.advance(86_400)
    site = kept.open()
    with site.journal.writing():
        pass
    folder = kept.store / "days" / first
    (roots,) = (sink.roots for sink in site.settings.anchors.sinks if hasattr(sink, "roots"))
    command = ("openssl", "ts", "-verify", "-data", str(folder / "SHA256SUMS"), "-in", str(folder / "SHA256SUMS.tsr"))
    done = subprocess.run((*command, "-CAfile", str(roots)), capture_output=True, check=True)
    assert b"Verification: OK" in done.stdout
    subprocess.run(("sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"), cwd=folder, check=True)


def test_the_doctor_asks_every_keeper_and_names_what_waits(kept: Any, tmp_path: pathlib.Path) -> None:
    heal(kept)
    well = kept.cli("doctor")
    assert well.code == 0, well.out
    assert well.out.count("anchor ") >= 3
    assert "records up to" in well.out
    assert "log key test.example.net+" in well.out
    assert "clock: " in well.out
    assert "no anchor is configured" not in well.out
    keepers.down(tmp_path / "lab")
    kept.open().watch.anchor_quietly()
    ill = kept.cli("doctor")
    assert ill.code == 2
    assert "anchor witness waits for record" in ill.out


def test_the_playbook_that_heals_anchors_too_and_says_why_it_would_not(
    kept: Any,
    tmp_path: pathlib.Path,
    collections: None,  # noqa: ARG001 - lets the playbook be found
) -> None:
    kept.switch.drift()
    done = kept.cli("heal", "leaf1")
    assert done.code == 0, done.err
    (intent,) = kept.records("intent")
    assert list(kept.store.glob(f"days/*/receipts/{intent['seq']:09d}-witness.cosig"))
    assert kept.cli("verify").code == 3
    trust = tmp_path / "auditor"
    shutil.copytree(kept.site / "trust", trust)
    shutil.copy(tmp_path / "lab" / "anchors" / "tsa" / "ca.pem", trust / "tsa-roots.pem")
    keepers.down(tmp_path / "lab")
    kept.switch.drift()
    running = kept.switch.running()
    refused = kept.cli("heal", "leaf1")
    assert refused.code == 2
    assert "not touched: nobody has confirmed" in refused.out
    assert kept.switch.running() == running
    assert [record["outcome"]["verdict"] for record in kept.records("outcome")] == ["healed", "not-applied"]
    verdict = kept.cli("verify", "--trust", str(trust))
    assert verdict.code == 3, verdict.out
    assert "time stamps were not checked" not in verdict.out
