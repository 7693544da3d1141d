"""The pack: byte-identical days, whole lists, named gaps, nothing half done, and nothing to guess secrets from."""

import base64
import csv
import dataclasses
import datetime
import hashlib
import io
import json
import stat
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError
from murenger.model import RecordKind
from murenger.record.evidence.pack import Packed
from murenger.record.evidence.requirements import REQUIREMENTS, requirements_of
from murenger.record.evidence.view import GapKind, IncidentState, PackView


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def predicates(folder: Path) -> list[dict[str, Any]]:
    """Return what every record says, read without our reader."""
    paths = sorted(folder.glob("days/*/records/*.json"), key=lambda path: path.name)
    return [json.loads(path.read_bytes())["predicate"] for path in paths]


def test_the_days_are_copied_byte_for_byte_and_everything_else_is_listed(packs: Any) -> None:
    bureau = packs.bureau("ed25519")
    pack, log = bureau.folder / "pack", bureau.world.folder
    copied = {str(path.relative_to(pack)): path.read_bytes() for path in pack.glob("days/**/*") if path.is_file()}
    assert copied == {str(path.relative_to(log)): path.read_bytes() for path in log.glob("days/**/*") if path.is_file()}
    listed = {line[66:]: line[:64] for line in (pack / "SHA256SUMS").read_text().splitlines()}
    assert list(listed) == sorted(listed)
    for name, sha256 in listed.items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == sha256
    sealed = {path.parent for path in pack.glob("days/*/SHA256SUMS")}
    for path in (path for path in pack.rglob("*") if path.is_file()):
        covered = (path.parent in sealed and not path.name.startswith("SHA256SUMS")) or path.parent.parent in sealed
        assert covered != (str(path.relative_to(pack)) in listed) or path.name in {"SHA256SUMS", "SHA256SUMS.sig"}
    assert (pack / "trust" / "allowed_signers").read_text() == bureau.world.allowed_signers()


def test_the_population_is_every_observed_change_and_leads_to_the_signed_bytes(packs: Any) -> None:
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    expected = [said["seq"] for said in predicates(pack) if said["kind"] in {"drift", "outcome", "golden"}]
    found = rows(pack / "population.csv")
    assert [int(row["number"]) for row in found] == expected
    for row in found:
        assert hashlib.sha256((pack / row["file"]).read_bytes()).hexdigest() == row["sha256"]
    drift = next(row for row in found if row["change"] == "drift-open")
    assert drift["disposition"].startswith("healed")
    assert drift["approved_by"] == "alice@example"
    outcome = next(said for said in predicates(pack) if said["kind"] == "outcome")
    assert str(outcome["seq"]) in drift["disposition_records"].split()
    assert drift["made_by"] == "mallory"


def test_every_record_is_listed_once_and_under_each_requirement_it_speaks_to(packs: Any) -> None:
    pack = packs.bureau("ed25519").folder / "pack"
    said = predicates(pack)
    assert [int(row["number"]) for row in rows(pack / "records.csv")] == [item["seq"] for item in said]
    assert len(rows(pack / "by-requirement" / "10.2.2.csv")) == len(said)
    changes = [item["seq"] for item in said if item["kind"] in {"plan", "approval", "intent", "outcome", "hold"}]
    assert [int(row["number"]) for row in rows(pack / "by-requirement" / "6.5.1.csv")] == changes


def test_every_kind_of_record_is_evidence_for_something_and_every_requirement_names_real_kinds() -> None:
    kinds = {kind.value for kind in RecordKind}
    for requirement in REQUIREMENTS:
        assert requirement.kinds <= kinds | {"*"}
    for kind in kinds - {"export"}:
        assert len(requirements_of(kind, {})) > 1, kind
    assert requirements_of("drift", {"pci": ["8.2.7", "99.9", 7]}).count("8.2.7") == 1
    numbers = [tuple(map(int, item.number.split("."))) for item in REQUIREMENTS]
    assert numbers == sorted(numbers)


def test_a_stop_and_unreachable_devices_are_gaps(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    found = []

    def render(view: PackView) -> Iterator[tuple[str, bytes]]:
        found.append(view)
        yield "index.html", b""

    bureau.pack(tmp_path / "pack", render=render)
    (view,) = found
    kinds = {gap.kind for gap in view.gaps}
    assert kinds == {GapKind.STOPPED, GapKind.UNREACHABLE}
    (unreachable,) = [gap for gap in view.gaps if gap.kind is GapKind.UNREACHABLE]
    assert unreachable.device == "fw2"
    (stopped,) = [gap for gap in view.gaps if gap.kind is GapKind.STOPPED]
    assert 86000 < (stopped.duration_s or 0) < 86400
    assert view.largest_gap_s == max(gap.duration_s or 0 for gap in view.gaps)
    (incident,) = view.incidents
    assert incident.state is IncidentState.HEALED
    assert incident.latency_s is not None
    assert (incident.duration_s or 0) > 0
    assert [gap["kind"] for gap in rows(tmp_path / "pack" / "gaps.csv")] == [gap.kind.value for gap in view.gaps]
    assert view.heartbeats == 3
    assert all(record.kind != "heartbeat" for record in view.records)


def test_a_day_without_a_seal_is_named_so(packs: Any) -> None:
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    last = bureau.days()[-1]
    data = json.loads((pack / "evidence.json").read_text())
    assert data["unsealed_days"] == [last]
    assert [day["sealed"] for day in data["days"]] == [True, True, False]
    assert f"not sealed when the pack was made: {last}" in (pack / "VERIFY.md").read_text()
    assert data["schema"] == "murenger.evidence/1"
    assert (
        data["head"]["sha256"]
        == hashlib.sha256(next(pack.glob("days/*/records/000000012.json")).read_bytes()).hexdigest()
    )


def test_the_instructions_give_commands_that_work(packs: Any) -> None:
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    text = (pack / "VERIFY.md").read_text().replace("\\\n", "").replace("DIR", '"$DIR"')
    commands = [
        line.strip().split("  #")[0]
        for line in text.splitlines()
        if line.startswith("    ") and "verify.sh" not in line
    ]
    assert len(commands) >= 6
    script = "\n".join(["set -e", *commands])
    done = bureau.run([str(bureau.bin / "sh"), "-c", script], cwd=pack, DIR=str(bureau.trust))
    assert done.code == 0, done.out + done.err + script


def test_a_zip_of_the_same_pack_has_the_same_bytes(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    for name in ("a.zip", "b.zip"):
        bureau.pack(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
        modes = {stat.S_IMODE(info.external_attr >> 16) for info in archive.infolist()}
    assert modes == {0o640, 0o750}
    assert bureau.check(tmp_path / "unpacked").code == 0


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_a_pack_that_fails_halfway_leaves_nothing(packs: Any, tmp_path: Path, name: str) -> None:
    def render(_: PackView) -> Iterator[tuple[str, bytes]]:
        yield "index.html", b""
        raise LedgerError("the disk is full")

    with pytest.raises(LedgerError, match="full"):
        packs.bureau("ed25519").pack(tmp_path / name, render=render)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_nothing_is_overwritten_even_if_it_appears_meanwhile(packs: Any, tmp_path: Path, name: str) -> None:
    bureau = packs.bureau("ed25519")
    target = tmp_path / name

    def render(_: PackView) -> Iterator[tuple[str, bytes]]:
        if name == "pack":
            target.mkdir()
            (target / "mine").write_text("precious")
        else:
            target.write_text("precious")
        yield "index.html", b""

    with pytest.raises(LedgerError, match="cannot be made"):
        bureau.pack(target, render=render)
    assert ((target / "mine") if name == "pack" else target).read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(LedgerError, match="exists already"):
        bureau.pack(target)


@pytest.mark.parametrize("path", ["../escape", "/absolute", "a//b", "", "days/../x"])
def test_no_page_can_leave_the_pack(packs: Any, tmp_path: Path, path: str) -> None:
    with pytest.raises(LedgerError, match="cannot be a file of a pack"):
        packs.bureau("ed25519").pack(tmp_path / "pack", render=lambda _: iter([(path, b"x")]))
    assert list(tmp_path.iterdir()) == []


def test_no_page_can_replace_a_file_of_the_pack(packs: Any, tmp_path: Path) -> None:
    for taken in ("records.csv", "days/" + packs.bureau("ed25519").days()[0] + "/SHA256SUMS"):
        with pytest.raises(LedgerError):
            packs.bureau("ed25519").pack(tmp_path / "pack", render=lambda _, path=taken: iter([(path, b"x")]))


def test_links_and_pruned_days_in_a_log_are_refused(plain_bureau: Any, tmp_path: Path) -> None:
    log = plain_bureau.world.folder
    first = plain_bureau.days()[0]
    link = log / "days" / first / "receipts"
    link.mkdir(exist_ok=True)
    (link / "000000001-x.txt").symlink_to("/etc/passwd")
    with pytest.raises(LedgerError, match="cannot be copied"):
        plain_bureau.pack(tmp_path / "pack")
    (link / "000000001-x.txt").unlink()
    plain_bureau.world.ledger.prune([first])
    with pytest.raises(LedgerError, match="pruned"):
        plain_bureau.pack(tmp_path / "pack")
    rest = plain_bureau.days()[1:]
    plain_bureau.pack(tmp_path / "pack", rest[0], rest[-1])
    assert plain_bureau.check(tmp_path / "pack").faults == []


def test_a_bad_verdict_is_on_the_pack_loudly(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    order = bureau.order("2026-01-01", "2026-01-01")
    bad = dataclasses.replace(
        bureau.intact(order.made_at),
        exit_code=1,
        intact=False,
        findings=("record-altered: `x` *y* [z](http://e)\n# h",),
    )
    bureau.pack(tmp_path / "pack", verification=bad)
    text = (tmp_path / "pack" / "VERIFY.md").read_text()
    assert "DID NOT VERIFY" in text
    assert r"record-altered: \`x\` \*y\* \[z\](http://e) \# h" in text


def test_devices_narrow_lists_and_never_the_days(packs: Any, tmp_path: Path) -> None:
    bureau = packs.bureau("ed25519")
    bureau.pack(tmp_path / "one", devices=("fw1",))
    bureau.pack(tmp_path / "none", devices=("fw9",))
    assert len(rows(tmp_path / "one" / "population.csv")) == 3
    assert rows(tmp_path / "none" / "population.csv") == []
    assert {row["kind"] for row in rows(tmp_path / "none" / "records.csv")} == {
        "genesis",
        "runner",
        "heartbeat",
    }
    for name in ("one", "none"):
        assert bureau.check(tmp_path / name).faults == []
        assert "the days are whole" in (tmp_path / name / "VERIFY.md").read_text()


def test_a_weak_secret_cannot_be_guessed_from_a_whole_pack(packs: Any) -> None:
    """The canary: whoever holds the pack hashes every guess at the raw configuration, and finds nothing."""
    bureau = packs.bureau("ed25519")
    pack = bureau.folder / "pack"
    held = b"\n".join(path.read_bytes() for path in pack.rglob("*") if path.is_file())
    placeholder = "<murenger-secret:00112233445566778899aabbccddeeff>"
    templates = (f"user admin password {placeholder} <redacted>", f"set password {placeholder}", placeholder)
    assert b'"redacted":"' in held
    for guess in ("public", "private", "secret", placeholder):
        for template in templates:
            for raw in (template.replace(placeholder, guess), template.replace(placeholder, guess) + "\n"):
                for name in ("sha256", "sha1", "md5", "sha512"):
                    digest = hashlib.new(name, raw.encode(), usedforsecurity=False).digest()
                    for told in (
                        digest.hex().encode(),
                        base64.b64encode(digest).rstrip(b"="),
                        base64.urlsafe_b64encode(digest).rstrip(b"="),
                    ):
                        assert told not in held, (guess, template, name)
    for disclosure in bureau.world.disclosed:
        assert disclosure.encode() not in held
        assert base64.urlsafe_b64decode(disclosure + "==") not in held


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_heartbeats(plain_bureau: Any, tmp_path: Path) -> None:
    def peak(name: str) -> int:
        tracemalloc.start()
        plain_bureau.pack(tmp_path / name)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    few = peak("few")
    template = json.loads(next(plain_bureau.world.folder.glob("days/*/records/000000012.json")).read_bytes())
    day = plain_bureau.world.folder / "days" / plain_bureau.days()[-1]
    signature = (day / "records" / "000000012.json.sig").read_bytes()
    for number in range(13, 3013):
        template["predicate"]["seq"] = number
        (day / "records" / f"{number:09d}.json").write_text(json.dumps(template))
        (day / "records" / f"{number:09d}.json.sig").write_bytes(signature)
    many = peak("many")
    # The list of files is what remains: a name and a digest each.
    assert many - few < 3000 * 2 * 1024, (few, many)


def test_what_was_packed_is_told(plain_bureau: Any, tmp_path: Path) -> None:
    packed: Packed = plain_bureau.pack(tmp_path / "pack")
    assert packed.manifest_sha256 == hashlib.sha256((tmp_path / "pack" / "SHA256SUMS").read_bytes()).hexdigest()
    assert packed.head_sequence == 12
    assert packed.view.period_from == datetime.date.fromisoformat(plain_bureau.days()[0])
