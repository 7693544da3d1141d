"""What is promised, up to where, and what an anchor of the reader's own makes of a forged history."""

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from murenger.errors import ConfigError
from murenger.model import ReceiptKind
from murenger.record.tree.merkle import root_of
from murenger.record.verify import Scope, verify_store
from murenger.record.verify.given import parse_given
from murenger.record.verify.text import report_json, report_lines


def report(anchored: Any, scope: Scope | None = None) -> Any:
    return verify_store(anchored.folder, trust=anchored.trust, scope=scope or Scope())


def test_an_anchored_log_is_intact_and_says_what_nobody_promises(anchored: Any) -> None:
    found = report(anchored)
    log = found.logs[0]
    assert (found.exit_code, log.findings) == (3, ())
    assert [(span.first, span.last, bool(span.by)) for span in log.spans] == [(0, 5, True), (6, 7, False)]
    text = "\n".join(report_lines(found))
    assert "integrity: intact" in text
    assert "completeness: not proven" in text
    assert "0-5 anchored by" in text
    assert "6-7 unanchored" in text


@pytest.mark.parametrize("form", ["checkpoint", "cosigned", "heads", "git"])
def test_an_anchor_of_the_readers_that_agrees_gives_0_and_names_what_came_after(anchored: Any, form: str) -> None:
    leaves = anchored.world.ledger.leaves()
    head = anchored.heads().splitlines()[5]
    content: str | bytes = {
        "checkpoint": anchored.checkpoint(6),
        "cosigned": anchored.cosigned(anchored.checkpoint(6)),
        "heads": "\n".join(anchored.heads().splitlines()[:6]),
        "git": f"{head} 6 {root_of(leaves, 6).hex()}\nssh://git.example/x anchors {'a' * 40}\n",
    }[form]
    found = report(anchored, anchored.anchor(content))
    assert found.exit_code == 0
    assert found.logs[0].proven_to == 5
    assert any("6-7" in limit and "nothing is promised" in limit for limit in found.logs[0].limits)
    assert report_json(found)["logs"][0]["complete"] is True  # type: ignore[index,call-overload]  # JSON


def test_several_anchors_may_be_given_and_all_must_agree(anchored: Any) -> None:
    good = parse_given("good", anchored.heads().encode())
    assert report(anchored, Scope(anchors=(good, *anchored.anchor(anchored.checkpoint()).anchors))).exit_code == 0
    bad = parse_given("bad", f"3 {'0' * 64}\n".encode())
    assert report(anchored, Scope(anchors=(good, bad))).exit_code == 1


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_cut_tail_is_3_without_an_anchor_and_truncated_with_one(anchored: Any, count: int) -> None:
    heads, checkpoint = anchored.heads(), anchored.checkpoint()
    anchored.without_receipts()
    anchored.cut(count)
    codes = anchored.codes()
    assert codes <= {"open-intent", "empty-log"}
    assert codes or report(anchored).exit_code == 3
    last = 7 - count
    for anchor in (heads, checkpoint):
        log = anchored.verdict(anchored.anchor(anchor))
        (finding,) = [finding for finding in log.findings if finding.code.value == "truncated"]
        assert finding.sequence == last + 1
        assert "7" in finding.text
        assert report(anchored, anchored.anchor(anchor)).exit_code == 1


def test_a_cut_tail_whose_receipts_stayed_is_truncated_without_an_anchor(anchored: Any) -> None:
    anchored.cut(4)
    assert "truncated" in anchored.codes()


@pytest.mark.parametrize("number", [0, 1, 4, 7])
def test_a_history_rewritten_with_the_stolen_key_is_3_without_an_anchor_and_named_with_one(
    anchored: Any, number: int
) -> None:
    heads = anchored.heads()
    checkpoint = anchored.checkpoint()
    older = shutil.copytree(anchored.folder, anchored.aside / "older")
    anchored.without_receipts()
    anchored.rewrite(number)
    assert report(anchored).exit_code == 3
    log = anchored.verdict(anchored.anchor(heads))
    (finding,) = [finding for finding in log.findings if finding.code.value == "rewritten"]
    assert finding.sequence == number
    assert "rewritten" in anchored.codes(anchored.anchor(checkpoint))
    exact = anchored.found(Scope(against=older))
    assert ("rewritten", number) in exact


def delete(anchored: Any) -> None:
    path = anchored.tools.record_path(anchored.folder, 2)
    path.unlink()
    path.with_name(path.name + ".sig").unlink()
    for number in range(3, 8):
        old = anchored.tools.record_path(anchored.folder, number)
        for suffix in ("", ".sig"):
            Path(f"{old}{suffix}").rename(Path(f"{old.with_name(f'{number - 1:09d}.json')}{suffix}"))
    renumber(anchored)


def swap(anchored: Any) -> None:
    one, two = (anchored.tools.record_path(anchored.folder, number) for number in (1, 2))
    first, second = one.read_bytes(), two.read_bytes()
    anchored.tools.rewrite(one, second)
    anchored.tools.rewrite(two, first)
    renumber(anchored)


def insert(anchored: Any) -> None:
    path = anchored.tools.record_path(anchored.folder, 7).with_name("000000008.json")
    anchored.tools.rewrite(path, anchored.tools.record_path(anchored.folder, 7).read_bytes())
    anchored.tools.edit(path, anchored.world.runner, lambda said: said.update(seq=8))
    anchored.tools.rechain(anchored.folder, anchored.world.runner)


def renumber(anchored: Any) -> None:
    """Make every record say the number of its file, then chain and sign all anew."""
    for path in sorted((anchored.folder / "days").glob("*/records/*.json")):

        def number(said: dict[str, Any], value: int = int(path.stem)) -> None:
            said["seq"] = value
            said["refs"] = []

        anchored.tools.edit(path, anchored.world.runner, number)
    anchored.tools.rechain(anchored.folder, anchored.world.runner)


@pytest.mark.parametrize("harm", [delete, swap, insert])
def test_whatever_a_thief_of_the_key_does_is_named_with_an_anchor(anchored: Any, harm: Callable[[Any], None]) -> None:
    heads = anchored.heads()
    checkpoint = anchored.checkpoint()
    anchored.without_receipts()
    harm(anchored)
    for anchor in (heads, checkpoint):
        found = report(anchored, anchored.anchor(anchor))
        if harm is insert:
            # An addition after the last anchor is not promised to show.
            assert found.logs[0].proven_to == 7
            continue
        assert found.exit_code == 1
        assert {finding.code.value for finding in found.logs[0].findings} & {"rewritten", "truncated"}


def test_receipts_in_the_log_name_a_rewrite_between_two_anchors(anchored: Any) -> None:
    anchored.rewrite(4)
    rewritten = [item for item in anchored.verdict().findings if item.code.value == "rewritten"]
    assert [item.sequence for item in rewritten] == [3]
    assert "records 3 to 5" in rewritten[0].text
    assert "witness.example/w1" in rewritten[0].text


def test_a_fork_is_named_with_both_roots(anchored: Any) -> None:
    other = b"\x07" * 32
    found = anchored.verdict(anchored.anchor(anchored.checkpoint(6, root=other)))
    (fork,) = [finding for finding in found.findings if finding.code.value == "fork"]
    assert other.hex() in fork.text
    assert root_of(anchored.world.ledger.leaves(), 6).hex() in fork.text


def test_an_older_copy_that_agrees_is_no_fault_and_a_shorter_log_is_truncated(anchored: Any) -> None:
    older = shutil.copytree(anchored.folder, anchored.aside / "older")
    assert anchored.codes(Scope(against=older)) == set()
    anchored.heartbeat()
    assert anchored.codes(Scope(against=older)) == set()
    anchored.without_receipts()
    anchored.cut(2)
    assert ("truncated", 7) in anchored.found(Scope(against=older))


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"7", b"7 xyz\n", b"7 " + b"0" * 63, b"7 " + b"0" * 64 + b"\nnonsense\n", b"fw-site1.example\n1\n"],
)
def test_an_anchor_that_is_none_is_trouble(content: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_given("x", content)


def test_an_anchor_of_another_log_or_with_a_false_signature_is_trouble(anchored: Any) -> None:
    checkpoint = anchored.checkpoint()
    with pytest.raises(ConfigError, match="of log"):
        anchored.verdict(anchored.anchor(checkpoint.replace("fw-site1.example\n", "other.example\n", 1)))
    forged = checkpoint.replace("\n8\n", "\n7\n")
    with pytest.raises(ConfigError, match="not signed"):
        anchored.verdict(anchored.anchor(forged))


def test_keys_are_judged_when_others_saw_the_record_and_not_when_it_says(anchored: Any) -> None:
    # The key ends before anybody saw record 6; what it signed before counts, what came after does not.
    role = anchored.world.verifier.roles[0]
    role.valid_before = datetime.datetime(2026, 11, 22, 0, 15, tzinfo=datetime.UTC)
    assert anchored.codes() == set()
    late = anchored.world.clock.at + datetime.timedelta(days=30)
    anchored.keep(ReceiptKind.WITNESS, anchored.cosigned(anchored.checkpoint(), late), sink="w2")
    assert {("signer-expired", 6), ("signer-expired", 7)} <= anchored.found()


@pytest.mark.parametrize(("claimed", "number"), [("2026-11-21T10:00:00.000Z", 7), ("2026-11-22T09:00:00.000Z", 5)])
def test_a_time_that_anchors_contradict_is_named(anchored: Any, claimed: str, number: int) -> None:
    anchored.without_receipts()

    def back_date(said: dict[str, Any]) -> None:
        said["written_at"] = claimed

    anchored.tools.edit(anchored.tools.record_path(anchored.folder, number), anchored.world.runner, back_date)
    anchored.tools.rechain(anchored.folder, anchored.world.runner)
    leaves_then = b"".join(bytes.fromhex(line) for line in leaf_lines(anchored.folder))
    text = anchored.checkpoint(6, root=root_of(leaves_then, 6))
    at = datetime.datetime(2026, 11, 22, 0, 10, tzinfo=datetime.UTC)
    folder = anchored.folder / "days" / "2026-11-22" / "receipts"
    folder.mkdir(exist_ok=True)
    anchored.tools.rewrite(folder / "000000005-w1.cosig", anchored.cosigned(text, at))
    assert ("clock-outside-anchors", number) in anchored.found()


def leaf_lines(folder: Path) -> list[str]:
    return [line for path in sorted((folder / "days").glob("*/LEAVES")) for line in path.read_text().split()]


def test_since_looks_at_what_came_later_and_says_so(anchored: Any) -> None:
    anchored.tools.rewrite(anchored.tools.record_path(anchored.folder, 1), b"{}")
    assert anchored.codes(Scope(since="2026-11-22")) == set()
    assert anchored.codes(Scope(since="4")) == set()
    assert "record-altered" in anchored.codes(Scope(since="1"))
    assert any("before 4" in limit for limit in anchored.verdict(Scope(since="4")).limits)
    for nothing in ("2030-01-01", "99", "-1", "x"):
        with pytest.raises(ConfigError):
            anchored.verdict(Scope(since=nothing))


@pytest.mark.parametrize("number", range(8))
def test_one_record_is_judged_by_everything_that_speaks_of_it(anchored: Any, number: int) -> None:
    assert anchored.codes(Scope(only=number)) == set()
    path = anchored.tools.record_path(anchored.folder, number)
    original = path.read_bytes()
    anchored.tools.rewrite(path, original.replace(b"mgmt1", b"mgmt2"))
    assert anchored.codes(Scope(only=number)) & {"record-altered", "record-signature"}
    anchored.tools.rewrite(path, original)
    other = 7 if number < 4 else 1
    anchored.tools.rewrite(anchored.tools.record_path(anchored.folder, other), b"{}")
    assert not {code for code, sequence in anchored.found(Scope(only=number)) if sequence == other}


def test_a_record_that_is_not_there_is_trouble(anchored: Any) -> None:
    with pytest.raises(ConfigError, match="no record 99"):
        anchored.verdict(Scope(only=99))


def test_a_seal_that_is_stamped_while_the_next_day_is_written_contradicts_nothing(anchored: Any) -> None:
    # The first record of the second day is of 00:05 or so; the stamp on the first day comes only then.
    anchored.without_receipts()
    anchored.seal("2026-11-21", at=datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.UTC))
    assert "clock-outside-anchors" not in anchored.codes()


def test_a_change_that_was_refused_for_want_of_an_anchor_needs_no_receipt(blank: Any) -> None:
    blank.world.start()
    blank.world.outcome(blank.world.intent())
    intent, outcome = (blank.tools.record_path(blank.folder, number) for number in (1, 2))
    blank.tools.edit(intent, blank.world.runner, lambda said: said["intent"].update(anchoring="before_change"))
    blank.mend()
    assert ("unanchored-change", 1) in blank.found()

    def refused(said: dict[str, Any]) -> None:
        said["outcome"]["verdict"] = "not-applied"
        said["times"]["started"] = None

    blank.tools.edit(outcome, blank.world.runner, refused)
    blank.mend()
    assert "unanchored-change" not in blank.codes()


def test_what_was_altered_is_named_before_what_follows_from_it(blank: Any) -> None:
    blank.world.start()
    blank.world.outcome(blank.world.intent())
    blank.heartbeat()
    path = blank.tools.record_path(blank.folder, 2)
    blank.tools.rewrite(path, path.read_bytes().replace(b"healed", b"heeled", 1))
    found = report(blank).logs[0].findings
    assert (found[0].code.value, found[0].sequence) == ("record-altered", 2)
    assert ("open-intent", 1) in {(finding.code.value, finding.sequence) for finding in found[1:]}
