"""What somebody can do to a pack, with and without the runner's key, and the line that verify.sh must have for it.

Input: a copy of a pack. Output: the copy, tampered with.
"""

import dataclasses
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from murenger.model import canonical_bytes


def rewrite(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(path, bytes(content))


class Case:
    """A copy of a pack, and what somebody can do to it."""

    def __init__(self, bureau: Any, pack: Path) -> None:
        self.bureau = bureau
        self.pack = pack
        self.anchors: list[str] = []
        self.days = sorted(path for path in (pack / "days").iterdir())

    def record(self, number: int) -> Path:
        return next(self.pack.glob(f"days/*/records/{number:09d}.json"))

    def decision(self) -> Path:
        return next(path for path in sorted(self.days[1].glob("decisions/*.json")))

    def edit(self, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        """Change what a record or decision says."""
        value = json.loads(path.read_bytes())
        change(value)
        rewrite(path, canonical_bytes(value))

    def sign(self, path: Path, namespace: str = "change-record@murenger", key: Any = None) -> None:
        signed = (key or self.bureau.world.runner).sign(path.read_bytes(), namespace=namespace)
        rewrite(path.with_name(path.name + ".sig"), signed.encode())

    def reseal(self, *days: int) -> None:
        """Seal days and pack anew with the stolen key."""
        for day in days:
            self.bureau.reseal_day(self.days[day])
        self.bureau.reseal_pack(self.pack)

    def rechain(self, start: int) -> None:
        """Make every record from a number on carry the digest of the one before, with the stolen key."""
        paths = sorted(self.pack.glob("days/*/records/*.json"), key=lambda path: path.name)
        previous = hashlib.sha256(paths[start - 1].read_bytes()).hexdigest()
        for path in paths[start:]:
            self.edit(path, lambda value, last=previous: value["predicate"].update(prev_record_sha256=last))
            self.sign(path)
            previous = hashlib.sha256(path.read_bytes()).hexdigest()
        self.reseal(0, 1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """Something done to a pack, and the line that verify.sh must have for it."""

    name: str
    act: Callable[[Case], object]
    expected: str
    options: tuple[str, ...] = ()


def _record_flip(case: Case) -> None:
    flip(case.record(3))


def _last_record_flip(case: Case) -> None:
    flip(case.record(12))


def _signature_of_another(case: Case) -> None:
    shutil.copy(case.record(2).with_name("000000002.json.sig"), case.record(3).with_name("000000003.json.sig"))
    case.reseal(0, 1)


def _manifest_flip(case: Case) -> None:
    flip(case.days[0] / "SHA256SUMS")


def _token_flip(case: Case) -> None:
    path = case.days[0] / "SHA256SUMS.tsr"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    rewrite(path, bytes(content))
    case.reseal()


def _token_of_other_day(case: Case) -> None:
    shutil.copy(case.days[1] / "SHA256SUMS.tsr", case.days[0] / "SHA256SUMS.tsr")
    case.reseal()


def _record_removed(case: Case) -> None:
    case.record(4).unlink()


def _record_removed_by_thief(case: Case) -> None:
    path = case.record(4)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    case.reseal(0, 1)


def _swapped(case: Case) -> None:
    first, second = case.record(3), case.record(4)
    for one, other in ((first, second), (first.with_name(first.name + ".sig"), second.with_name(second.name + ".sig"))):
        kept = one.read_bytes()
        rewrite(one, other.read_bytes())
        rewrite(other, kept)
    case.reseal(0, 1)


def _extra_file(case: Case) -> None:
    (case.days[1] / "records" / "000000099.json").write_bytes(b"{}")


def _extra_at_the_top(case: Case) -> None:
    (case.pack / "setup.exe").write_bytes(b"MZ")


def _odd_days(case: Case) -> None:
    for name in ("zzz", "aaaa-bb-cc", "2026-99-99"):
        records = case.pack / "days" / name / "records"
        records.mkdir(parents=True)
        for file in ("x.json", "00000000z.json", "000000001.json", "../SHA256SUMS", "../SHA256SUMS.tsr"):
            (records / file).write_bytes(b"{}")


def _list_altered(case: Case) -> None:
    path = case.pack / "population.csv"
    rewrite(path, path.read_bytes() + b"1,2,3\r\n")


def _middle_day_dropped(case: Case) -> None:
    shutil.rmtree(case.days[1])


def _middle_day_emptied(case: Case) -> None:
    for path in sorted(case.days[1].iterdir()):
        if path.name != "SHA256SUMS":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    case.reseal()


def _chained_to_nothing(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    rewrite(manifest, b"".join(line for line in manifest.read_bytes().splitlines(keepends=True) if b"../" not in line))
    case.reseal(1)


def _cut_and_resealed(case: Case) -> None:
    shutil.rmtree(case.days[2])
    case.reseal()


def _stranger(case: Case) -> None:
    path = case.record(3)
    case.sign(path, key=case.bureau.world.stranger)
    case.reseal(0, 1)


def _approver_as_runner(case: Case) -> None:
    case.sign(case.record(3), key=case.bureau.world.approver)
    case.reseal(0, 1)


def _sealed_by_stranger(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    case.sign(manifest, key=case.bureau.world.stranger)
    case.bureau.reseal_pack(case.pack)


def _pack_sealed_by_stranger(case: Case) -> None:
    case.sign(case.pack / "SHA256SUMS", key=case.bureau.world.stranger)


def _edited_by_thief(case: Case) -> None:
    case.edit(case.record(3), lambda value: value["predicate"]["executor"].update(host="another"))
    case.sign(case.record(3))
    case.rechain(4)


def _decision_flip(case: Case) -> None:
    path = case.decision()
    rewrite(path, path.read_bytes().replace(b"bob@example", b"rob@example"))
    case.reseal(1)


def _decision_removed(case: Case) -> None:
    path = case.decision()
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    case.reseal(1)


def _decision_by_runner(case: Case) -> None:
    case.sign(case.decision(), "change-approval@murenger", key=case.bureau.world.runner)
    case.reseal(1)


def _decision_in_wrong_role(case: Case) -> None:
    case.sign(case.decision(), "change-record@murenger", key=case.bureau.world.approver)
    case.reseal(1)


def _self_approved(case: Case) -> None:
    path = case.decision()
    value = json.loads(path.read_bytes())
    value["author"] = case.bureau.world.approver.principal
    content = canonical_bytes(value)
    forged = path.with_name(hashlib.sha256(content).hexdigest() + ".json")
    forged.write_bytes(content)
    case.sign(forged, "change-approval@murenger", key=case.bureau.world.approver)
    case.reseal(1)


def _symlink(case: Case) -> None:
    path = case.record(3)
    kept = case.pack / "kept"
    path.rename(kept)
    path.symlink_to("../../../kept")


def _newline_in_a_name(case: Case) -> None:
    (case.pack / "days" / "END\nEND").write_bytes(b"")


def _malformed_line(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    rewrite(manifest, manifest.read_bytes() + b"nothing of the kind\n")
    case.sign(manifest)
    case.bureau.reseal_pack(case.pack)


def _carriage_returns(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    rewrite(manifest, manifest.read_bytes().replace(b"\n", b"\r\n"))


def _absolute_name(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    rewrite(manifest, manifest.read_bytes() + hashlib.sha256(b"").hexdigest().encode() + b"  /dev/null\n")


def _way_out(case: Case) -> None:
    manifest = case.days[1] / "SHA256SUMS"
    rewrite(manifest, manifest.read_bytes() + hashlib.sha256(b"").hexdigest().encode() + b"  ../../../../x\n")


def _no_days(case: Case) -> None:
    for day in case.days:
        shutil.rmtree(day)
    case.reseal()


NO_KEY = (
    Tampering(name="record flipped", act=_record_flip, expected=r"days/D0/records/000000003.json: FAILED"),
    Tampering(
        name="unsealed record flipped", act=_last_record_flip, expected=r"\./days/D2/records/000000012.json: FAILED"
    ),
    Tampering(name="unsealed signature", act=_last_record_flip, expected=r"000000012.json.sig: record-signature"),
    Tampering(name="manifest flipped", act=_manifest_flip, expected=r"days/D0/SHA256SUMS.sig: seal-signature"),
    Tampering(
        name="record removed", act=_record_removed, expected=r"days/D0/records/000000004.json: extra-file or missing"
    ),
    Tampering(name="extra record", act=_extra_file, expected=r"days/D1/records/000000099.json: extra-file or missing"),
    Tampering(name="extra file", act=_extra_at_the_top, expected=r"setup.exe: extra-file or missing"),
    Tampering(name="odd days", act=_odd_days, expected=r"days/aaaa-bb-cc/records/x.json: extra-file or missing"),
    Tampering(name="list altered", act=_list_altered, expected=r"\./population.csv: FAILED"),
    Tampering(
        name="middle day dropped", act=_middle_day_dropped, expected=r"days/D1/SHA256SUMS: extra-file or missing"
    ),
    Tampering(name="sealed by a stranger", act=_sealed_by_stranger, expected=r"days/D1/SHA256SUMS.sig: seal-signature"),
    Tampering(
        name="pack sealed by a stranger", act=_pack_sealed_by_stranger, expected=r"\./SHA256SUMS.sig: seal-signature"
    ),
    Tampering(name="symlink", act=_symlink, expected=r"\./days/D0/records/000000003.json.*: not a plain file"),
    Tampering(name="newline in a name", act=_newline_in_a_name, expected=r"\./days/END\$ END\$ : not a plain file"),
    Tampering(name="malformed line", act=_malformed_line, expected=r"days/D1/SHA256SUMS: seal-malformed"),
    Tampering(name="carriage returns", act=_carriage_returns, expected=r"days/D1/SHA256SUMS: seal-malformed"),
    Tampering(name="absolute name", act=_absolute_name, expected=r"days/D1/SHA256SUMS: seal-malformed"),
    Tampering(name="way out", act=_way_out, expected=r"days/D1/SHA256SUMS: seal-malformed"),
)
STOLEN_KEY = (
    Tampering(name="other's signature", act=_signature_of_another, expected=r"000000003.json.sig: record-signature"),
    Tampering(name="token flipped", act=_token_flip, expected=r"days/D0/SHA256SUMS.tsr: timestamp-bad"),
    Tampering(name="other day's token", act=_token_of_other_day, expected=r"days/D0/SHA256SUMS.tsr: timestamp-bad"),
    Tampering(name="removed", act=_record_removed_by_thief, expected=r"000000005.json: sequence: record 4 should"),
    Tampering(name="removed, chain", act=_record_removed_by_thief, expected=r"000000005.json: chain-break"),
    Tampering(name="swapped", act=_swapped, expected=r"000000003.json: chain-break"),
    Tampering(name="day emptied", act=_middle_day_emptied, expected=r"days/D1: day-chain: it has no records"),
    Tampering(name="unchained", act=_chained_to_nothing, expected=r"days/D1/SHA256SUMS: day-chain: does not follow"),
    Tampering(name="stranger", act=_stranger, expected=r"000000003.json.sig: record-signature"),
    Tampering(name="approver as runner", act=_approver_as_runner, expected=r"000000003.json.sig: record-signature"),
    Tampering(
        name="decision altered", act=_decision_flip, expected=r"decisions/\w+.json: decision-mismatch: other bytes"
    ),
    Tampering(
        name="decision removed", act=_decision_removed, expected=r"decisions/\w+.json: decision-mismatch: .* cites"
    ),
    Tampering(name="by the runner", act=_decision_by_runner, expected=r"decisions/\w+.json.sig: decision-mismatch"),
    Tampering(name="wrong role", act=_decision_in_wrong_role, expected=r"decisions/\w+.json.sig: decision-mismatch"),
    Tampering(name="self-approved", act=_self_approved, expected=r"decisions/\w+.json.sig: approval-self"),
    Tampering(name="no days", act=_no_days, expected=r"days: empty-log"),
    Tampering(
        name="cut", act=_cut_and_resealed, expected=r"days: truncated: the anchor has record 12", options=("12",)
    ),
    Tampering(
        name="rewritten",
        act=_edited_by_thief,
        expected=r"000000006.json: rewritten: the anchor has another record 6",
        options=("6",),
    ),
)
ALL = NO_KEY + STOLEN_KEY


def run(packs: Any, kind: str, tampering: Tampering, folder: Path, script: Path | None = None) -> Any:
    bureau = packs.bureau(kind)
    case = Case(bureau, packs.copy(kind, folder / "a pack"))
    tampering.act(case)
    anchors = [int(number) for number in tampering.options]
    options = ("--anchor", str(bureau.anchor(*anchors))) if anchors else ()
    return bureau.check(case.pack, *options, script=script), expected_of(tampering, case)


def expected_of(tampering: Tampering, case: Case) -> re.Pattern[str]:
    text = tampering.expected
    for number, day in enumerate(case.days):
        text = text.replace(f"D{number}", day.name)
    return re.compile("FAULT " + (text if text.startswith((r"\./", "days", "setup")) else ".*" + text))


def named(name: str) -> Tampering:
    return next(tampering for tampering in ALL if tampering.name == name)
