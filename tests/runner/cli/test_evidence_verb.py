"""`murenger evidence`: a pack comes out whole, checks with stock tools, and is itself recorded."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile
from typing import Any

import pytest

from murenger.adapters.tickets import ticket_bundle


@pytest.fixture
def healed(bench: Any) -> Any:
    """Give a site with one heal in its ledger."""
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    assert site.remediate(device, site.plan(site.examine(device)).sha256) is not None
    return bench


def export(bench: Any, out: pathlib.Path, *options: str) -> Any:
    return bench.cli("evidence", "--from", "2026-01-01", "--to", "2099-12-31", "--out", str(out), *options)


def verify_sh(bench: Any, pack: pathlib.Path) -> "subprocess.CompletedProcess[str]":
    trust = pack.with_name("own")
    trust.mkdir(exist_ok=True)
    shutil.copy(bench.site / "trust" / "allowed_signers", trust / "allowed_signers")
    command = ("sh", str(pack / "verify.sh"), "--trust", str(trust))
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})


def test_a_pack_checks_with_stock_tools_and_is_recorded(healed: Any, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "pack"
    done = export(healed, out, "--recipient", "Q. Assessor", "--purpose", "2026 audit", "-o", "json")
    assert done.code == 0, done.err
    checked = verify_sh(healed, out)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    (record,) = healed.records("export")
    assert (record["export"]["recipient"], record["export"]["purpose"]) == ("Q. Assessor", "2026 audit")
    assert done.data["export_record"] == record["seq"]
    assert json.loads((out / "evidence.json").read_text())["recipient"] == "Q. Assessor"
    assert (out / "index.html").is_file()


def test_murenger_verify_takes_the_pack_too(healed: Any, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "pack"
    assert export(healed, out).code == 0
    done = healed.run("verify", "--store", str(out), "--trust", str(healed.site / "trust"))
    assert done.code == 3, done.out + done.err


def test_a_zip_holds_the_same_files(healed: Any, tmp_path: pathlib.Path) -> None:
    folder, file = tmp_path / "pack", tmp_path / "pack.zip"
    assert export(healed, folder).code == 0
    assert export(healed, file).code == 0
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert {"verify.sh", "VERIFY.md", "evidence.json", "SHA256SUMS", "SHA256SUMS.sig", "index.html"} <= set(names)


def test_nothing_is_overwritten_and_nothing_half_done_is_left(healed: Any, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "pack"
    out.mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    done = export(healed, out)
    assert done.code == 2
    assert "exists already" in done.err
    done = healed.cli("evidence", "--from", "2020-01-01", "--to", "2020-01-02", "--out", str(tmp_path / "none"))
    assert done.code == 2
    assert "no day" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert healed.records("export") == []


def test_a_log_that_does_not_verify_is_handed_out_only_by_force_and_with_the_verdict_on_it(
    healed: Any, tmp_path: pathlib.Path
) -> None:
    path = next(healed.store.glob("days/*/records/000000001.json"))
    path.chmod(0o640)
    path.write_bytes(path.read_bytes().replace(b'"result":"success"', b'"result":"unknown"'))
    out = tmp_path / "pack"
    done = export(healed, out)
    assert done.code == 1
    assert "000000001.json" in done.err
    assert not out.exists()
    done = export(healed, out, "--force")
    assert done.code == 1
    assert "WARNING" in done.err
    assert "DID NOT VERIFY" in (out / "VERIFY.md").read_text()
    assert json.loads((out / "evidence.json").read_text())["verification"]["intact"] is False
    assert verify_sh(healed, out).returncode == 1


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--from", "2026-01-01"),
        ("--from", "2026-01-02", "--to", "2026-01-01", "--out", "x"),
        ("--from", "yesterday", "--to", "2026-01-01", "--out", "x"),
        ("--from", "2026-1-1T00:00:00", "--to", "2026-01-01", "--out", "x"),
    ],
)
def test_a_period_that_is_none_is_refused(bench: Any, options: tuple[str, ...]) -> None:
    assert bench.cli("evidence", *options).code == 2


def test_a_device_narrows_the_lists_and_never_the_days(healed: Any, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "pack"
    done = export(healed, out, "--device", "fw9")
    assert done.code == 0
    assert "no record of the period is about fw9" in done.err
    assert "the days are whole" in done.out
    assert (out / "population.csv").read_text().count("\n") == 1
    kept = sorted(path.name for path in healed.store.glob("days/*/records/*.json"))[:-1]
    assert sorted(path.name for path in out.glob("days/*/records/*.json")) == kept
    assert verify_sh(healed, out).returncode == 0


def test_a_redacted_value_can_be_proved_later_and_is_in_no_pack(bench: Any, tmp_path: pathlib.Path) -> None:
    bench.switch.type("snmp-server community canary-public ro")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    site.journal.note(site.examine(device))
    number, digest = next(
        (record["seq"], found)
        for record in bench.records("drift")
        for found in re.findall(r'"redacted": ?"([A-Za-z0-9_-]{43})"', json.dumps(record))
    )
    done = bench.cli("evidence", "disclose", str(number), f"--digest={digest}", "-o", "json")
    assert done.code == 0, done.err
    opened = done.data
    assert opened["value"] == "canary-public"
    command = "printf %s \"$1\" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '='"
    told = subprocess.run(("sh", "-c", command, "sh", opened["disclosure"]), capture_output=True, text=True, check=True)
    assert told.stdout.strip() == digest
    text = bench.cli("evidence", "disclose", str(number), f"--digest={digest}").out
    assert digest in text
    assert "openssl dgst -sha256" in text
    _guess_in_vain(bench, tmp_path)
    for wrong in (f"--digest={'A' * 43}", "--digest=../x"):
        assert bench.cli("evidence", "disclose", str(number), wrong).code == 2
    assert bench.cli("evidence", "disclose", "999", f"--digest={digest}").code == 2
    (bench.store / "private" / "disclosures" / f"{digest}.vault").unlink()
    gone = bench.cli("evidence", "disclose", str(number), f"--digest={digest}")
    assert gone.code == 2
    assert "not kept any more" in gone.err


def _guess_in_vain(bench: Any, tmp_path: pathlib.Path) -> None:
    """Hash every guess at the raw configuration, and look for it in a whole pack."""
    assert export(bench, tmp_path / "pack").code == 0
    held = b"\n".join(path.read_bytes() for path in (tmp_path / "pack").rglob("*") if path.is_file())
    assert b"canary-public" not in held
    raw = bench.switch.running()
    texts = {raw, raw.strip(), raw.strip() + "\n", *raw.splitlines(), *raw.split()}
    for text in texts:
        for ending in ("", "\n"):
            digest = hashlib.sha256((text + ending).encode()).digest()
            for told in (digest.hex(), base64.b64encode(digest).decode(), base64.urlsafe_b64encode(digest).decode()):
                assert told.rstrip("=").encode() not in held, text


def test_the_bundle_of_an_outcome_verifies_alone(healed: Any, tmp_path: pathlib.Path) -> None:
    (outcome,) = healed.records("outcome")
    files = ticket_bundle(healed.store, origin=healed.store.name, sequence=outcome["seq"])
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (proof,) = tmp_path.glob("*.tlog-proof")
    trust = tmp_path / "trust"
    shutil.copytree(healed.site / "trust", trust)
    (trust / "log.vkey").write_text(healed.open().parts.log_key.vkey + "\n")
    done = healed.run("verify", str(proof), "--trust", str(trust))
    assert done.code == 3, done.out + done.err
    record = tmp_path / f"{outcome['seq']:09d}.json"
    record.chmod(0o600)
    record.write_bytes(record.read_bytes().replace(b"healed", b"heeled"))
    assert healed.run("verify", str(proof), "--trust", str(trust)).code == 1
