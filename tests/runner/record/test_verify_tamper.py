"""Every way to alter a log without the runner's key, and the name that `verify` gives it."""

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import LedgerError
from murenger.model import canonical_bytes, digest_of
from murenger.record import Code, LogReport, verify_store
from murenger.record.predicate import MAX_RECORD_BYTES


def verdict(world: Any, folder: Path | None = None) -> LogReport:
    """Return the verdict on the one log there is."""
    (log,) = verify_store(folder or world.folder, verifier=world.verifier).logs
    return log


def found(world: Any) -> set[tuple[Code, int | None]]:
    return {(finding.code, finding.sequence) for finding in verdict(world).findings}


def codes(world: Any) -> set[Code]:
    return {finding.code for finding in verdict(world).findings}


def test_an_untouched_log_is_intact_and_its_completeness_unproven(told: Any) -> None:
    report = verify_store(told.store, verifier=told.verifier)
    assert report.exit_code == 3
    assert report.logs[0].findings == ()
    assert report.logs[0].records == 9
    assert any("no anchor" in limit for limit in report.logs[0].limits)


def test_a_store_one_log_and_a_copy_of_it_give_one_verdict(told: Any, tmp_path: Path) -> None:
    pack = told.copy(tmp_path / "pack")
    (pack / "LOCK").unlink()
    (pack / "verify.sh").write_text("")
    reports = [verify_store(path, verifier=told.verifier) for path in (told.store, told.folder, pack)]
    assert {report.exit_code for report in reports} == {3}
    assert {report.logs[0].head_sha256 for report in reports} == {told.ledger.head().sha256}


@pytest.mark.slow
@pytest.mark.parametrize("index", range(9))
def test_a_flipped_bit_at_every_byte_of_a_log_is_found_and_named(world: Any, tools: Any, index: int) -> None:
    world.start()
    world.recorder.approved(world.approval())
    world.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    paths = [path for path in (world.folder / "days").rglob("*") if path.is_file()]
    assert len(paths) == 9
    path = sorted(paths)[index]
    original = path.read_bytes()
    name = str(path.relative_to(world.folder))
    for position in range(len(original)):
        flipped = bytearray(original)
        flipped[position] ^= 1 << (position % 8)
        tools.rewrite(path, bytes(flipped))
        findings = verdict(world).findings
        assert findings, (name, position)
        assert {finding.file for finding in findings} <= {name}, (name, position)
        assert {finding.code for finding in findings} & expected_codes(name), (name, position)
    tools.rewrite(path, original)
    assert verdict(world).intact


def expected_codes(name: str) -> set[Code]:
    """Return the names that a flipped bit in a file may have."""
    if name.endswith("LEAVES"):
        return {Code.LEAVES_MISMATCH, Code.RECORD_MISSING}
    if "/decisions/" in name:
        return {Code.DECISION_MISMATCH}
    return {Code.RECORD_SIGNATURE} if name.endswith(".sig") else {Code.RECORD_ALTERED}


@pytest.mark.parametrize("number", [0, 3, 8])
def test_an_edited_record_is_named(told: Any, tools: Any, number: int) -> None:
    path = tools.record_path(told.folder, number)
    tools.rewrite(path, path.read_bytes().replace(b"mgmt1", b"mgmt2"))
    assert found(told) == {(Code.RECORD_ALTERED, number)}
    tools.restamp(told.folder)
    # For the last record nothing signed tells which of the two was altered.
    code = Code.RECORD_ALTERED if number < 8 else Code.RECORD_SIGNATURE
    assert found(told) == {(code, number)}


def test_a_removed_record_is_named(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 3)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    assert {(Code.RECORD_MISSING, 3), (Code.CHAIN_BREAK, 4)} <= found(told)
    tools.restamp(told.folder)
    assert {(Code.SEQUENCE, 4), (Code.CHAIN_BREAK, 4)} <= found(told)


def test_a_removed_record_whose_signature_stayed_is_named(told: Any, tools: Any) -> None:
    tools.record_path(told.folder, 8).unlink()
    assert {Code.RECORD_MISSING, Code.EXTRA_FILE} == codes(told)


def test_a_removed_signature_is_named(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 3)
    path.with_name(path.name + ".sig").unlink()
    assert found(told) == {(Code.RECORD_SIGNATURE, 3)}


def test_two_reordered_records_are_named(told: Any, tools: Any) -> None:
    for suffix in ("", ".sig"):
        one, two = (Path(f"{tools.record_path(told.folder, number)}{suffix}") for number in (1, 2))
        first, second = one.read_bytes(), two.read_bytes()
        tools.rewrite(one, second)
        tools.rewrite(two, first)
    tools.restamp(told.folder)
    assert {(Code.SEQ_FIELD, 1), (Code.SEQ_FIELD, 2), (Code.CHAIN_BREAK, 1)} <= found(told)


def test_a_duplicated_record_is_named(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 8)
    for suffix in ("", ".sig"):
        shutil.copy(f"{path}{suffix}", f"{path.parent}/000000009.json{suffix}")
    tools.restamp(told.folder)
    assert {(Code.SEQ_FIELD, 9), (Code.CHAIN_BREAK, 9)} <= found(told)


def test_a_record_kept_in_two_days_is_named(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 5)
    for suffix in ("", ".sig"):
        shutil.copy(f"{path}{suffix}", f"{told.folder}/days/2026-11-22/records/{path.name}{suffix}")
    tools.restamp(told.folder)
    assert (Code.SEQUENCE, 5) in found(told)


def test_inserted_files_are_named(told: Any) -> None:
    day = told.folder / "days" / "2026-11-21"
    strays = [
        told.folder / "notes.txt",
        told.folder / "days" / "later",
        day / "SUMS",
        day / "records" / "000000003b.json",
        day / "records" / "000000099.json.sig",
        day / "decisions" / "x.json",
    ]
    for path in strays:
        path.write_text("{}")
    named = {finding.file for finding in verdict(told).findings if finding.code is Code.EXTRA_FILE}
    assert named == {str(path.relative_to(told.folder)) for path in strays}


def test_an_inserted_record_without_the_key_is_named(told: Any, tools: Any) -> None:
    head = told.ledger.head()
    path = tools.record_path(told.folder, 8)
    statement = json.loads(head.content)
    statement["predicate"] |= {"seq": 9, "prev_record_sha256": head.sha256}
    tools.forge(path.with_name("000000009.json"), canonical_bytes(statement), told.stranger)
    tools.restamp(told.folder)
    assert found(told) == {(Code.SIGNER_UNKNOWN, 9)}


def test_a_dropped_middle_of_the_log_is_named(told: Any, tools: Any) -> None:
    for number in (2, 3, 4):
        path = tools.record_path(told.folder, number)
        path.unlink()
        path.with_name(path.name + ".sig").unlink()
    tools.restamp(told.folder)
    assert {(Code.SEQUENCE, 5), (Code.CHAIN_BREAK, 5)} <= found(told)


def test_a_dropped_first_day_is_named(told: Any) -> None:
    shutil.rmtree(told.folder / "days" / "2026-11-21")
    assert {(Code.SEQUENCE, 6), (Code.CHAIN_BREAK, 6)} <= found(told)


def test_a_cut_tail_is_not_promised_to_be_seen(told: Any, tools: Any) -> None:
    for number in (7, 8):
        path = tools.record_path(told.folder, number)
        path.unlink()
        path.with_name(path.name + ".sig").unlink()
    assert {(Code.RECORD_MISSING, 7), (Code.RECORD_MISSING, 8)} <= found(told)
    tools.restamp(told.folder)
    assert codes(told) == {Code.OPEN_INTENT}


def test_an_empty_log_is_a_fault_and_no_log_is_trouble(told: Any, tmp_path: Path) -> None:
    for day in (told.folder / "days").iterdir():
        shutil.rmtree(day)
    report = verify_store(told.store, verifier=told.verifier)
    assert (report.exit_code, codes(told)) == (1, {Code.EMPTY_LOG})
    (told.folder / "days").rmdir()
    assert codes(told) == {Code.EMPTY_LOG}
    for nothing in (tmp_path / "missing", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(LedgerError):
            verify_store(nothing, verifier=told.verifier)


def test_links_in_place_of_files_are_named_and_not_followed(told: Any, tools: Any, tmp_path: Path) -> None:
    path = tools.record_path(told.folder, 3)
    aside = tmp_path / "aside.json"
    path.rename(aside)
    path.symlink_to(aside)
    assert {(Code.NOT_REGULAR, None), (Code.RECORD_UNREADABLE, 3)} <= found(told)
    path.unlink()
    aside.rename(path)
    records = path.parent
    records.rename(tmp_path / "records")
    records.symlink_to(tmp_path / "records")
    assert Code.NOT_REGULAR in codes(told)


def test_a_fifo_in_place_of_a_record_does_not_hang(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 3)
    path.unlink()
    os.mkfifo(path)
    assert (Code.RECORD_UNREADABLE, 3) in found(told)


def test_a_record_of_a_gigabyte_is_refused_by_its_size(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 8)
    tools.rewrite(path, b"")
    with path.open("r+b") as file:
        file.truncate(2**30)
    (finding,) = [item for item in verdict(told).findings if item.code is Code.RECORD_UNREADABLE]
    assert str(2**30) in finding.text
    assert MAX_RECORD_BYTES < 2**30


HOSTILE: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: content.replace(b'"seq":8', b'"seq":8,"seq":8'),
    lambda content: content.replace(b'"seq":8', b'"seq":8.0'),
    lambda content: content.replace(b'"seq":8', b'"seq":9007199254740993'),
    lambda content: content.replace(b'"seq":8', b'"seq":NaN'),
    lambda content: content.replace(b'"seq":8', b'"seq": 8'),
    lambda content: content.replace(b'"seq":8', b'"seq":' + b"9" * 5000),
    lambda content: content.replace(b"mgmt1", b"\xff\xfe"),
    lambda content: content.replace(b"mgmt1", b"\\ud800"),
    lambda content: content.replace(b"mgmt1", b"\\u003cb>"),
    lambda content: content + b"\n",
    lambda content: b"[" * 200_000 + b"]" * 200_000 + content[:0],
    lambda content: b"null" + content[:0],
    lambda content: content[: len(content) // 2],
    lambda content: content[:0],
)


@pytest.mark.parametrize("spoil", HOSTILE)
def test_bytes_that_readers_could_read_in_two_ways_are_named_even_if_signed(
    told: Any, tools: Any, spoil: Callable[[bytes], bytes]
) -> None:
    path = tools.record_path(told.folder, 8)
    tools.forge(path, spoil(path.read_bytes()), told.runner)
    tools.restamp(told.folder)
    assert (Code.NOT_CANONICAL, 8) in found(told)


def test_terminal_escapes_and_html_in_a_record_reach_no_finding_unescaped(told: Any, tools: Any) -> None:
    def spoil(said: dict[str, Any]) -> None:
        said["origin"] = "\x1b[2J<script>"

    tools.edit(tools.record_path(told.folder, 8), told.runner, spoil)
    tools.restamp(told.folder)
    assert "\x1b" not in "".join(finding.text for finding in verdict(told).findings)


@pytest.mark.parametrize(
    ("role", "code"),
    [("stranger", Code.SIGNER_UNKNOWN), ("approver", Code.NAMESPACE), ("expired", Code.SIGNER_EXPIRED)],
)
def test_a_record_signed_by_the_wrong_key_is_named_by_what_is_wrong(
    told: Any, tools: Any, role: str, code: Code
) -> None:
    if role == "expired":
        told.verifier.roles[0].valid_before = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
        assert found(told) == {(code, number) for number in (6, 7, 8)}
        return
    path = tools.record_path(told.folder, 8)
    tools.forge(path, path.read_bytes(), getattr(told, role))
    assert found(told) == {(code, 8)}


def test_a_record_signed_in_another_role_is_named(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 8)
    signature = told.runner.sign(path.read_bytes(), namespace="change-approval@murenger")
    tools.rewrite(path.with_name(path.name + ".sig"), signature.encode())
    assert found(told) == {(Code.NAMESPACE, 8)}


def test_a_rewrite_with_a_stolen_key_is_beyond_what_is_promised_and_said_so(told: Any, tools: Any) -> None:
    path = tools.record_path(told.folder, 1)
    tools.edit(path, told.runner, lambda said: said["runner"].update(reason="something else"))
    tools.restamp(told.folder)
    assert found(told) == {(Code.CHAIN_BREAK, 2)}


def test_a_log_is_verified_while_another_process_appends(told: Any) -> None:
    before = verdict(told)
    told.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    assert before.intact
    assert verdict(told).records == before.records + 1


def test_two_logs_in_one_store_are_both_named(told: Any) -> None:
    shutil.copytree(told.folder, told.store / "other.example")
    report = verify_store(told.store, verifier=told.verifier)
    assert len(report.logs) == 2
    assert hashlib.sha256(told.ledger.head().content).hexdigest() == report.logs[1].head_sha256


def test_a_back_dated_record_by_a_key_that_had_ended_is_named(told: Any, tools: Any) -> None:
    role = type(told.verifier.roles[0])
    ended = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    told.verifier.roles.append(role(told.stranger, ("change-record@murenger",), ended))

    def back_date(said: dict[str, Any]) -> None:
        said["written_at"] = "2026-11-21T23:59:00.000Z"
        said["executor"]["key_fp"] = told.stranger.fingerprint

    tools.edit(tools.record_path(told.folder, 8), told.stranger, back_date)
    tools.restamp(told.folder)
    assert found(told) == {(Code.SIGNER_EXPIRED, 8)}


def test_a_clock_that_was_far_ahead_voids_its_own_records_up_to_the_step_back_and_no_more(told: Any) -> None:
    told.verifier.roles[0].valid_before = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    now = told.clock.at
    told.clock.at = now.replace(year=2099)
    told.recorder.runner_stopped(digest_of("x"), "SIGTERM")
    told.clock.at = now
    told.recorder.runner_started(digest_of("x"), "murenger run")
    assert {number for code, number in found(told) if code is Code.SIGNER_EXPIRED} == {9, 10}
