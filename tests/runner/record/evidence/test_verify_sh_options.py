"""verify.sh: time stamps, validity of keys, revocation, odd paths, odd options, and a pack from the middle of a log."""

import datetime
import hashlib
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from murenger.record.evidence.pack import verifier_script


def own_trust(bureau: Any, folder: Path, **options: str) -> Path:
    """Write a trust folder in which the runner's or approver's line has further options."""
    folder.mkdir()
    lines = []
    for line in bureau.world.allowed_signers().splitlines():
        who = line.split("@")[0]
        more = options.get(who, "")
        lines.append(line.replace(" namespaces=", f" {more},namespaces=") if more else line)
    (folder / "allowed_signers").write_text("\n".join(lines) + "\n")
    if bureau.authority is not None:
        shutil.copy(bureau.authority.roots, folder / "tsa-roots.pem")
    return folder


def stamp_of(at: datetime.datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}Z"


def test_keys_are_judged_at_the_time_of_the_seals_token(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    now = datetime.datetime.now(datetime.UTC)
    # The last day is not sealed: it is judged at its end, the pack itself at its own claim, both of them tomorrow.
    late = own_trust(bureau, tmp_path / "late", runner=f'valid-before="{stamp_of(now + datetime.timedelta(days=3))}"')
    assert bureau.check(pack, trust=late).code == 0
    early = own_trust(bureau, tmp_path / "early", runner=f'valid-before="{stamp_of(now - datetime.timedelta(days=1))}"')
    done = bureau.check(pack, trust=early)
    assert done.code == 1
    assert "000000000.json.sig: record-signature" in done.out
    assert "SHA256SUMS.sig: seal-signature" in done.out
    approver = own_trust(bureau, tmp_path / "approver", alice='valid-before="20200101000000Z"')
    assert ".json.sig: decision-mismatch: not signed by one who may" in bureau.check(pack, trust=approver).out


def test_a_key_on_the_revocation_list_counts_at_no_time(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    trust = own_trust(bureau, tmp_path / "trust")
    (tmp_path / "revoked.pub").write_text(bureau.world.approver.line + "\n")
    subprocess.run(("ssh-keygen", "-q", "-k", "-f", trust / "krl", tmp_path / "revoked.pub"), check=True)
    done = bureau.check(bureau.folder / "pack", trust=trust)
    assert done.code == 1
    assert all(".json.sig: decision-mismatch" in fault for fault in done.faults)


def test_a_token_of_a_stranger_is_bad_and_no_roots_are_a_warning(packs: Any, authority: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    trust = own_trust(bureau, tmp_path / "trust")
    shutil.copy(authority(tmp_path / "other").roots, trust / "tsa-roots.pem")
    done = bureau.check(bureau.folder / "pack", trust=trust)
    assert [fault.split(": ")[1] for fault in done.faults] == ["timestamp-bad"] * 2
    (trust / "tsa-roots.pem").unlink()
    done = bureau.check(bureau.folder / "pack", trust=trust)
    assert done.code == 0
    assert "no time stamp to check" in done.out


@pytest.mark.slow
def test_a_token_whose_certificate_has_expired_holds_as_of_its_own_time_with_a_warning(
    packs: Any, authority: Any, tmp_path: Path
) -> None:
    bureau = packs.bureau("ed25519")
    short = authority(tmp_path / "short", lasts_s=3)
    pack = packs.copy("ed25519", tmp_path / "pack")
    for day in sorted((pack / "days").iterdir())[:2]:
        token = day / "SHA256SUMS.tsr"
        token.unlink()
        token.write_bytes(short.stamp((day / "SHA256SUMS").read_bytes()))
    bureau.reseal_pack(pack)
    trust = own_trust(bureau, tmp_path / "trust")
    shutil.copy(short.roots, trust / "tsa-roots.pem")
    deadline = time.monotonic() + 30
    while datetime.datetime.now(datetime.UTC) <= short.ends_at + datetime.timedelta(seconds=1):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    done = bureau.check(pack, trust=trust)
    assert done.code == 0, done.out
    assert "its certificate has expired since" in done.out


def late_pack(bureau: Any, packs: Any, folder: Path) -> Path:
    """Return a pack in which the first day was sealed days after it was over."""
    pack = packs.copy("ed25519", folder)
    days = sorted((pack / "days").iterdir())
    earlier = days[0].with_name(f"{datetime.date.fromisoformat(days[0].name) - datetime.timedelta(days=2)}")
    days[0].rename(earlier)
    manifest = days[1] / "SHA256SUMS"
    text = manifest.read_text().replace(f"../{days[0].name}/", f"../{earlier.name}/")
    manifest.unlink()
    manifest.write_text(text)
    for day in (earlier, days[1]):
        bureau.reseal_day(day)
    bureau.reseal_pack(pack)
    return pack


def test_a_day_sealed_long_after_its_end_is_late(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    pack = late_pack(bureau, packs, tmp_path / "pack")
    done = bureau.check(pack)
    (fault,) = done.faults
    assert "/SHA256SUMS.tsr: seal-late" in fault
    script = tmp_path / "crippled.sh"
    text = verifier_script().decode()
    assert text.count('fault "$token" \'seal-late') == 1
    script.write_text(text.replace('fault "$token" \'seal-late', ': "$token" \'seal-late'))
    assert not bureau.check(pack, script=script).faults


def test_a_pack_from_the_middle_of_a_log_is_tied_to_the_record_before_it(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    days = bureau.days()
    pack = tmp_path / "pack"
    bureau.pack(pack, days[1], days[2])
    assert sorted(path.name for path in (pack / "days" / days[0]).iterdir()) == ["SHA256SUMS"]
    done = bureau.check(pack)
    assert (done.faults, done.code) == ([], 0)
    assert "nothing in the pack tells the record before it" not in done.out
    carried = pack / "days" / days[0] / "SHA256SUMS"
    text = carried.read_text()
    digest = text.split("  records/000000006.json\n")[0][-64:]
    carried.chmod(0o600)
    carried.write_text(text.replace(digest, "0" * 64))
    for day in ("SHA256SUMS",):
        assert (pack / "days" / days[1] / day).exists()
    bureau.reseal_day(pack / "days" / days[1])
    bureau.reseal_pack(pack)
    assert "000000007.json: chain-break" in bureau.check(pack).out
    carried.unlink()
    bureau.reseal_pack(pack)
    done = bureau.check(pack)
    assert f"FAULT days/{days[1]}/../{days[0]}/SHA256SUMS: FAILED" in done.out


@pytest.mark.parametrize("name", ["a pack", "-pack", "--fast", "'$(id)'", "*"])
def test_the_path_of_a_pack_may_be_anything(packs: Any, name: str, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    shutil.copytree(bureau.folder / "pack", tmp_path / name)
    done = bureau.check(f"./{name}", cwd=tmp_path)
    assert (done.faults, done.code, done.err) == ([], 0, "")
    inside = bureau.run([str(bureau.bin / "sh"), f"./{name}/verify.sh"], cwd=tmp_path)
    assert (inside.faults, inside.code) == ([], 0)
    assert "keys from inside the pack show only that it fits itself" in inside.out


def test_nothing_in_the_environment_changes_the_verdict(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    pack = packs.copy("ed25519", tmp_path / "pack")
    record = next(pack.glob("days/*/records/000000003.json"))
    record.chmod(0o600)
    record.write_bytes(record.read_bytes().replace(b"mgmt1", b"mgmt2"))
    names = (
        "day",
        "previous",
        "next",
        "want",
        "held",
        "krl",
        "roots",
        "fast",
        "sealed",
        "heads",
        "trust",
        "signers",
        "IFS",
    )
    command = [str(bureau.bin / "sh"), str(bureau.script), "--trust", str(bureau.trust), str(pack)]
    honest = bureau.run(command)
    assert bureau.run(command, **dict.fromkeys(names, "yes"), CDPATH="/", LC_ALL="tr_TR.UTF-8").out == honest.out
    assert honest.code == 1


def test_anchors_may_have_carriage_returns_and_further_columns(packs: Any) -> None:
    bureau = packs.bureau("ed25519")
    heads = bureau.anchor(3, 6)
    heads.write_bytes(heads.read_bytes().replace(b"\n", b" 7 cm9vdA==\r\n"))
    done = bureau.check(bureau.folder / "pack", "--anchor", str(heads))
    assert (done.faults, done.code) == ([], 0)
    assert "anchored to 6" in done.out


def test_an_anchor_from_before_the_pack_says_nothing_about_it(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    days = bureau.days()
    pack = tmp_path / "pack"
    bureau.pack(pack, days[1], days[2])
    done = bureau.check(pack, "--anchor", str(bureau.anchor(2)))
    assert done.code == 0
    assert "the anchor's record 2 lies before this pack" in done.out


@pytest.mark.parametrize(
    "text", ["", "\n", "x\n", "3\n", f"08 {'0' * 64}\n", f"3 {'0' * 63}\n", f"-1 {'0' * 64}\n", "origin\n3\ncm9vdA==\n"]
)
def test_an_anchor_that_is_none_is_trouble_and_no_verdict(packs: Any, text: str, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    path = tmp_path / "heads"
    path.write_text(text)
    done = bureau.check(bureau.folder / "pack", "--anchor", str(path))
    assert done.code == 2
    assert done.err.startswith("TROUBLE: ")
    assert "no fault found" not in done.out


@pytest.mark.parametrize("options", [("--fsat",), ("--anchor",), ("--trust", "/nowhere"), ("--anchor", "/nowhere")])
def test_an_option_that_is_none_is_trouble(packs: Any, options: tuple[str, ...]) -> None:
    bureau = packs.bureau("ed25519")
    command = [str(bureau.bin / "sh"), str(bureau.script), "--trust", str(bureau.trust), *options]
    done = bureau.run(command)
    assert done.code == 2
    assert "TROUBLE: " in done.err


def test_trust_that_is_of_no_use_is_trouble(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert bureau.check(pack, trust=empty).code == 2
    trust = own_trust(bureau, tmp_path / "trust")
    with (trust / "allowed_signers").open("a") as file:
        file.write(f'eve@example {bureau.world.stranger.line} namespaces="change-record@murenger"\n')
    done = bureau.check(pack, trust=trust)
    assert done.code == 2
    assert "a key for every role" in done.err
    assert bureau.check(tmp_path).code == 2


def test_a_check_that_breaks_off_is_trouble_and_no_verdict(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    script = tmp_path / "broken.sh"
    script.write_text(verifier_script().decode().replace("anchors() {", "anchors() {\n  exit 0"))
    broken = tmp_path / "really.sh"
    broken.write_text(verifier_script().decode().replace("  manifest .\n", "  exit 0\n"))
    done = bureau.check(bureau.folder / "pack", script=broken)
    assert done.code == 2
    assert "the check broke off" in done.err


def test_the_script_is_short_enough_to_be_read_and_needs_nothing_uncommon() -> None:
    lines = verifier_script().decode().splitlines()
    assert len([line for line in lines if line.strip() and not line.strip().startswith("#")]) <= 125
    assert hashlib.sha256(verifier_script()).hexdigest()
