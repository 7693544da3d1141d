"""The parts of pages: diffs, drawings, words, lists and commands that work."""

import datetime
import hashlib
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murenger.record.evidence.site import words
from murenger.record.evidence.site.change import Standing, standing_of
from murenger.record.evidence.site.checking import Anchored, commands_for, files_of
from murenger.record.evidence.site.diff import blocks_of
from murenger.record.evidence.site.pages import Contents, paged, period_text, spread
from murenger.record.evidence.site.timeline import SCALE, timeline_of
from murenger.record.evidence.view import IncidentState

LINES = st.lists(st.sampled_from(["accept", "drop", "log", "tcp dport 22 accept", ""]), min_size=1, max_size=8)


def lines_of(before: Any, after: Any) -> list[tuple[str, str]]:
    """Return kind and text of each line of a difference."""
    (block,) = blocks_of([{"op": "changed", "path": ["p"], "before": before, "after": after}])
    return [(line.kind, unescape(re.sub("<[^>]*>", "", str(line.text)))) for line in block.lines]


@given(LINES, LINES)
def test_a_diff_holds_both_texts_whole_and_in_order(golden: list[str], live: list[str]) -> None:
    lines = lines_of("\n".join([*golden, "end"]), "\n".join([*live, "end"]))
    assert [text for kind, text in lines if kind != "added"] == [*golden, "end"]
    assert [text for kind, text in lines if kind != "removed"] == [*live, "end"]


def test_texts_in_parts_keep_their_redactions_in_place() -> None:
    secret = {"alg": "sha-256", "redacted": "ABCDEFGHIJKL"}
    assert lines_of(["user a ", secret, "\nuser b"], "user b\n") == [
        ("removed", "user a redacted ABCDEFGH…"),
        ("unchanged", "user b"),
    ]


def test_words_that_differ_are_marked_only_where_lines_are_alike() -> None:
    (alike,) = blocks_of(
        [{"op": "changed", "path": [], "before": "tcp dport 22 accept", "after": "tcp dport 23 accept"}]
    )
    (other,) = blocks_of([{"op": "changed", "path": [], "before": "tcp dport 22 accept", "after": "jump audit"}])
    assert [str(line.text) for line in alike.lines] == [
        "tcp dport <mark>22</mark> accept",
        "tcp dport <mark>23</mark> accept",
    ]
    assert not [line for line in other.lines if "mark" in line.text]


def test_a_move_says_both_places() -> None:
    (block,) = blocks_of(
        [{"op": "moved", "path": [], "before": "a", "after": "a", "before_position": 1, "after_position": 9}]
    )
    assert block.place == "place 1 in golden, place 9 in live"
    assert [line.kind for line in block.lines] == ["unchanged"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (252, "4 min 12 s"), (3600, "1 h"), (52320, "14 h 32 min"),
     (273600, "3 d 4 h"), (-5, "-5 s")],
)  # fmt: skip
def test_spans_read_well(seconds: int, said: str) -> None:
    assert words.span(seconds) == said


def test_times_of_other_zones_are_told_in_utc() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    assert words.moment(datetime.datetime(2026, 11, 21, 5, 0, tzinfo=zone)) == "2026-11-20 23:30:00 UTC"


def test_what_a_drift_did_is_told_in_words() -> None:
    assert words.deeds(("added",)) == "an addition"
    assert words.deeds(("added", "moved", "moved")) == "an addition and 2 moves"
    assert words.deeds(()) == "a difference"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ((2026, 11, 8), (2026, 11, 8), "8 November 2026"),
        ((2026, 11, 8), (2026, 11, 21), "8 to 21 November 2026"),
        ((2026, 10, 1), (2026, 12, 31), "1 October to 31 December 2026"),
        ((2025, 12, 1), (2026, 1, 31), "1 December 2025 to 31 January 2026"),
    ],
)
def test_periods_read_well(first: tuple[int, int, int], last: tuple[int, int, int], said: str) -> None:
    assert period_text(datetime.date(*first), datetime.date(*last)) == said


@given(st.lists(st.integers(), max_size=40), st.integers(min_value=2, max_value=12))
def test_samples_reach_from_the_first_to_the_last(numbers: list[int], most: int) -> None:
    taken = spread(numbers, most)
    assert len(taken) == min(len(numbers), most)
    assert list(taken[:1]) == numbers[:1]
    assert list(taken[-1:]) == numbers[-1:]


def test_an_empty_list_has_one_page() -> None:
    nothing: tuple[str, ...] = ()
    ((stretch, items),) = paged("gaps", nothing)
    assert (stretch.path, stretch.total, list(items)) == ("site/gaps.html", 1, [])


def test_bars_lie_within_the_drawing_and_neighbours_are_one(views: SimpleNamespace) -> None:
    story = views.Story()
    for minute in range(2000):
        seen = views.at(9, 0) + datetime.timedelta(minutes=minute)
        ended = seen + datetime.timedelta(seconds=30)
        story.incident("fw1", IncidentState.HEALED, seen, ended, (minute,))
    before = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    story.incident("fw1", IncidentState.OPEN, before, None, (2001,))
    drawn = timeline_of(story.incidents, (), datetime.date(2026, 11, 8), datetime.date(2026, 11, 21))
    (lane,) = drawn.lanes
    assert [bar.kind for bar in lane.bars] == ["healed", "open"]
    assert (lane.bars[1].start, lane.bars[1].width) == (0, SCALE)
    assert all(bar.start >= 0 and bar.start + bar.width <= SCALE for bar in lane.bars)


def test_a_drift_at_the_very_end_is_still_drawn_whole(views: SimpleNamespace) -> None:
    story = views.Story()
    last = views.at(21, 23, 59, 59)
    story.incident("fw1", IncidentState.HEALED, last, last, (1,))
    drawn = timeline_of(story.incidents, (), datetime.date(2026, 11, 8), datetime.date(2026, 11, 21))
    (bar,) = drawn.lanes[0].bars
    assert bar.width > 0
    assert bar.start + bar.width == SCALE


def test_an_anchored_record_is_covered_by_its_own_receipts(views: SimpleNamespace) -> None:
    records = views.fortnight().records
    anchored = [record for record in records if record.receipts]
    covers = [Anchored(records).cover_of(record) for record in anchored]
    assert [cover.record if cover else None for cover in covers] == anchored
    assert Anchored(records).cover_of(records[-1]) is None


@pytest.mark.parametrize(("refused_last", "standing"), [(True, Standing.HELD), (False, Standing.OPEN)])
def test_an_open_change_is_held_if_refusing_was_the_last_thing_done(
    views: SimpleNamespace, standing: Standing, *, refused_last: bool
) -> None:
    story = views.Story()
    seen = views.at(9, 1)
    numbers = [story.drift("fw1", seen, [])]
    steps: list[Callable[[], None]] = [
        lambda: numbers.append(story.hold("fw1", seen, "freeze", "until Friday")),
        lambda: numbers.extend(story.heal("fw1", seen, 10, seen=seen, verdict="rolled-back")),
    ]
    for step in reversed(steps) if refused_last else steps:
        step()
    story.incident("fw1", IncidentState.OPEN, seen, None, tuple(numbers))
    assert standing_of(story.incidents[0], story.records) is standing


def test_open_devices_are_drawn_first_and_the_rest_is_counted(views: SimpleNamespace) -> None:
    story = views.Story()
    for number in range(30):
        story.incident(f"fw{number:02d}", IncidentState.HEALED, views.at(9, 1), views.at(9, 2), (number,))
    story.incident("zz", IncidentState.OPEN, views.at(9, 1), None, (99,))
    drawn = timeline_of(story.incidents, (), datetime.date(2026, 11, 8), datetime.date(2026, 11, 21))
    assert drawn.lanes[0].device == "zz"
    assert len(drawn.lanes) + drawn.hidden == 31


def _signed_pack(story: Any, folder: Path) -> None:
    """Write the files of a story's records and sign them with a key made for it."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().split()[:2]
    (folder / "trust").mkdir()
    allowed = "".join(
        f'{who} namespaces="{role}" {" ".join(public)}\n'
        for who, role in (
            ("runner@fw-site1", "change-record@murenger"),
            ("alice@corp.example", "change-approval@murenger"),
        )
    )
    (folder / "trust/allowed_signers").write_text(allowed)
    for record in story.records:
        files = [(record.path, "change-record@murenger")]
        files += [(record.decision, "change-approval@murenger")] if record.decision else []
        for path, role in files:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path)
            sign = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", role]
            signature = subprocess.run(sign, input=path.encode(), capture_output=True, check=True).stdout
            target.with_name(target.name + ".sig").write_bytes(signature)


def test_the_printed_commands_pass_on_sound_files_and_fail_on_altered_ones(
    views: SimpleNamespace, tmp_path: Path
) -> None:
    story = views.Story()
    story.drift("fw1", views.at(9, 1), [])
    story.heal("fw1", views.at(9, 1, 5), 20, seen=views.at(9, 1))
    _signed_pack(story, tmp_path)
    contents = Contents(story.view())
    assert all(record.sha256 == hashlib.sha256(record.path.encode()).hexdigest() for record in story.records)
    commands = commands_for([files_of(record, contents.anchored, contents.days) for record in story.records])
    stock = [command for command in commands if not command.startswith("openssl")]
    assert len(stock) == 7  # one list of digests, five records, one decision
    assert len(commands) == 8

    def passes(command: str) -> bool:
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    assert all(passes(command) for command in stock)
    altered = tmp_path / story.records[2].path
    altered.write_text("altered")
    assert [passes(command) for command in stock].count(False) == 2
