"""History begins where an earlier run stopped, and never believes that run over the records."""

import datetime
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murenger.model import ChangeRecord, RecordKind, canonical_bytes
from murenger.record import History
from murenger.record.history import SAVE_EVERY
from murenger.record.predicate import BASE

DEVICES = ("fw1", "fw2", "fw3")
START = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)


class Shelf:
    """A log in memory: port `Ledger` as far as History asks it, which counts what is read."""

    def __init__(self) -> None:
        self.kept: list[ChangeRecord] = []
        self.first = 0
        self.read: list[int] = []

    def write(self, kind: str, device: str = "", **groups: Any) -> ChangeRecord:
        """Append a record."""
        previous = self.kept[-1].sha256 if self.kept else "0" * 64
        sequence = len(self.kept)
        at = START + datetime.timedelta(minutes=sequence)
        said = {"seq": sequence, "prev_record_sha256": previous, "written_at": f"{at:%Y-%m-%dT%H:%M:%S}Z", **groups}
        content = canonical_bytes({"predicateType": f"{BASE}/{kind}/v1", "predicate": said})
        record = ChangeRecord(
            origin="o",
            sequence=sequence,
            kind=RecordKind(kind),
            device=device,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            signature="",
        )
        self.kept.append(record)
        return record

    def records(self, start: int = 0) -> Iterator[ChangeRecord]:
        """Yield the records from the oldest kept one on."""
        for record in self.kept[max(start, self.first) :]:
            self.read.append(record.sequence)
            yield record

    def head(self) -> ChangeRecord | None:
        """Return the newest."""
        return self.kept[-1] if self.kept else None

    # What a site writes, one method each.
    def golden(self, device: str, revision: str) -> ChangeRecord:
        said = {"commit": revision, "path": f"{device}.conf", "approved_sha256": "a" * 64, "signer": "b", "key_fp": "k"}
        return self.write("golden", device, golden=said)

    def intent(self, device: str) -> ChangeRecord:
        return self.write("intent", device, before=read("b"))

    def outcome(self, intent: ChangeRecord, verdict: str = "healed") -> ChangeRecord:
        refs = [{"rel": "intent", "at_seq": intent.sequence, "sha256": intent.sha256}]
        finished = f"2026-12-01T00:{intent.sequence % 60:02d}:00Z"
        return self.write(
            "outcome",
            intent.device,
            refs=refs,
            change={"plan_sha256": intent.sha256},
            outcome={"verdict": verdict},
            times={"finished": finished},
            after=read("c"),
        )

    def drift(self, device: str, phase: str = "open") -> ChangeRecord:
        return self.write(
            "drift", device, drift={"phase": phase, "detected_at": "2026-11-30T00:00:00Z"}, before=read("d")
        )

    def hold(self, device: str, why: str) -> ChangeRecord:
        return self.write("hold", device, hold={"detail": why})

    def prune(self, history: History, before: int) -> None:
        """Remove the records before a number, as one that stays announces."""
        carried = [
            {
                "device": golden.device,
                "commit": golden.revision,
                "path": golden.path,
                "approved_sha256": golden.digest.removeprefix("sha256:"),
                "signer": golden.signer,
                "key_fp": golden.key_fingerprint,
                "accepted_at": golden.accepted_at.isoformat() if golden.accepted_at else None,
                "at_sequence": golden.sequence,
            }
            for golden in history.golden_told_before(before)
        ]
        self.write("prune", prune={"carried": carried, "days": []})
        self.first = before


def read(digest: str) -> dict[str, Any]:
    return {
        "normalised_sha256": digest * 64,
        "size_bytes": 10,
        "complete": True,
        "fetched_at": "2026-11-30T00:00:00Z",
    }


class Memory:
    """Port `Memory` in memory."""

    def __init__(self, shelf: Shelf | None = None, text: str | None = None) -> None:
        self.shelf, self.text, self.times = shelf, text, 0

    def recall(self) -> str | None:
        return self.text

    def keep(self, text: str) -> None:
        self.text, self.times = text, self.times + 1

    def fetch(self, sequence: int) -> ChangeRecord | None:
        if self.shelf is None or not self.shelf.first <= sequence < len(self.shelf.kept):
            return None
        return self.shelf.kept[sequence]


def answers(history: History, shelf: Shelf) -> dict[str, object]:
    """Return everything that can be asked."""
    told: dict[str, object] = {"intents": history.open_intents(), "newest": history.newest_golden()}
    told["oldest"] = history.oldest_open()
    for device in DEVICES:
        told[device] = (
            history.accepted_golden_of(device),
            history.open_drift(device),
            history.last_hold(device),
            history.last_in_sync_at(device),
            history.last_good(device),
            history.held(device),
            history.past_of(device),
        )
        ended = history.past(datetime.datetime.min.replace(tzinfo=datetime.UTC))
        assert history.past_of(device) == tuple(past for past in ended if past.device == device)
    for record in shelf.kept:
        told[f"plan {record.sequence}"] = history.outcome_of(record.sha256)
    return told


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["golden", "intent", "outcome", "failed", "drift", "close", "hold", "heartbeat", "key-event"]),
        st.sampled_from(DEVICES),
    ),
    max_size=40,
)


def play(shelf: Shelf, steps: list[tuple[str, str]]) -> None:
    """Write what a site of these steps would."""
    intents: dict[str, list[ChangeRecord]] = {}
    for step, device in steps:
        if step == "golden":
            shelf.golden(device, f"{len(shelf.kept):040d}")
        elif step == "intent":
            intents.setdefault(device, []).append(shelf.intent(device))
        elif step in {"outcome", "failed"}:
            if intents.get(device):
                shelf.outcome(intents[device].pop(), "healed" if step == "outcome" else "partial")
        elif step in {"drift", "close"}:
            shelf.drift(device, "open" if step == "drift" else "close")
        elif step == "hold":
            shelf.hold(device, f"because {len(shelf.kept)}")
        else:
            shelf.write(step)


@settings(max_examples=200)
@given(before=STEPS, after=STEPS, fast=st.booleans())
def test_a_later_run_knows_what_a_whole_read_tells(
    before: list[tuple[str, str]], after: list[tuple[str, str]], *, fast: bool
) -> None:
    shelf = Shelf()
    shelf.write("genesis")
    play(shelf, before)
    memory = Memory(shelf if fast else None, History(shelf).dump())
    known = len(shelf.kept)
    play(shelf, after)
    shelf.read.clear()
    later = History(shelf, memory)
    if fast:
        assert min(shelf.read, default=known) >= known
    assert answers(later, shelf) == answers(History(shelf), shelf)


@settings(max_examples=200)
@given(before=STEPS, after=STEPS, data=st.data())
def test_what_must_outlast_pruned_records_does_whoever_reads(
    before: list[tuple[str, str]], after: list[tuple[str, str]], data: st.DataObject
) -> None:
    shelf = Shelf()
    shelf.write("genesis")
    play(shelf, before)
    running = History(shelf)
    # What is still open is never pruned.
    oldest = running.oldest_open()
    bound = data.draw(st.integers(0, len(shelf.kept) if oldest is None else oldest))
    golden = {device: running.accepted_golden_of(device) for device in DEVICES}
    newest = running.newest_golden()
    memory = Memory(shelf, running.dump())
    shelf.prune(running, bound)
    for history in (History(shelf), History(shelf, memory)):
        assert {device: history.accepted_golden_of(device) for device in DEVICES} == golden
        assert history.newest_golden() == newest
        assert history.golden_told_before(bound) == ()
        assert all(intent.sequence >= bound for intent in history.open_intents())
    play(shelf, after)
    again = History(shelf)
    second = data.draw(st.integers(bound, again.oldest_open() or len(shelf.kept)))
    golden = {device: again.accepted_golden_of(device) for device in DEVICES}
    shelf.prune(again, second)
    assert answers(History(shelf, memory), shelf) == answers(History(shelf), shelf)
    assert {device: History(shelf).accepted_golden_of(device) for device in DEVICES} == golden


def test_a_refresh_reads_only_what_was_appended_since() -> None:
    shelf = Shelf()
    play(shelf, [("heartbeat", "fw1")] * 50)
    history = History(shelf)
    intent = shelf.intent("fw1")
    shelf.read.clear()
    history.refresh()
    assert shelf.read == [50]
    assert history.open_intents() == (intent,)
    history.refresh()
    assert shelf.read == [50]


def test_a_log_that_does_not_continue_from_what_was_read_is_read_anew() -> None:
    shelf = Shelf()
    shelf.golden("fw1", "1" * 40)
    shelf.drift("fw1")
    history = History(shelf)
    del shelf.kept[1:]
    shelf.hold("fw1", "another past")
    shelf.golden("fw1", "2" * 40)
    history.refresh()
    assert history.open_drift("fw1") is None
    assert history.accepted_golden_of("fw1").revision == "2" * 40
    del shelf.kept[1:]
    history.refresh()
    assert history.accepted_golden_of("fw1").revision == "1" * 40
    shelf.kept.clear()
    history.refresh()
    assert history.newest_golden() is None


def test_a_record_appended_by_somebody_else_in_between_is_not_noted_over() -> None:
    shelf = Shelf()
    shelf.write("genesis")
    history = History(shelf)
    shelf.drift("fw1")
    mine = shelf.intent("fw1")
    history.note(mine)
    assert history.open_intents() == ()
    history.refresh()
    assert history.open_intents() == (mine,)
    assert history.open_drift("fw1") is not None


def test_a_log_is_not_begun_in_its_middle() -> None:
    shelf = Shelf()
    history = History(shelf)
    shelf.drift("fw1")
    mine = shelf.intent("fw1")
    history.note(mine)
    assert history.open_intents() == ()
    history.refresh()
    assert history.open_drift("fw1") is not None


def test_a_prune_record_brings_no_older_golden_policy_back() -> None:
    shelf = Shelf()
    shelf.golden("fw1", "1" * 40)
    old = History(shelf).accepted_golden_of("fw1")
    shelf.golden("fw1", "2" * 40)
    carried = {"device": "fw1", "commit": old.revision, "path": old.path, "at_sequence": old.sequence}
    shelf.write("prune", prune={"carried": [carried, {"device": "fw2"}, "nonsense"], "days": []})
    history = History(shelf)
    assert history.accepted_golden_of("fw1").revision == "2" * 40
    assert history.accepted_golden_of("fw2") is None


def test_what_a_memory_names_counts_only_while_the_record_is_the_same() -> None:
    shelf = Shelf()
    shelf.golden("fw1", "1" * 40)
    for _ in range(5):
        shelf.write("heartbeat")
    memory = Memory(shelf, History(shelf).dump())
    other = Shelf()
    altered = other.golden("fw1", "6" * 40)
    shelf.kept[0] = altered
    history = History(shelf, memory)
    assert history.accepted_golden_of("fw1").revision == "6" * 40
    assert shelf.read[-6:] == [0, 1, 2, 3, 4, 5]


def test_a_memory_cannot_say_what_no_record_says() -> None:
    shelf = Shelf()
    shelf.golden("fw1", "1" * 40)
    old = shelf.golden("fw1", "2" * 40)
    kept = json.loads(History(shelf).dump())
    assert str(old.sequence) not in kept["facts"]["golden"]
    assert "2" * 40 not in json.dumps(kept)
    # A name for a device that the record is not about brings nothing in.
    kept["facts"]["good"] = {"fw2": [1, old.sha256]}
    kept["facts"]["golden"] = {"fw1": [0, "f" * 64]}
    history = History(shelf, Memory(shelf, json.dumps(kept)))
    assert history.last_good("fw2") is None
    assert history.accepted_golden_of("fw1").revision == "2" * 40


@pytest.mark.parametrize(
    "spoil",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"schema": "murenger.history/0", "seq": 3, "sha256": "", "facts": {}}',
        "{" * 5000,
        lambda kept: {**kept, "seq": True},
        lambda kept: {**kept, "seq": 10**9},
        lambda kept: {**kept, "seq": -1},
        lambda kept: {**kept, "seq": kept["seq"] - 1},
        lambda kept: {**kept, "sha256": "0" * 64},
        lambda kept: {**kept, "facts": []},
        lambda kept: {**kept, "facts": {**kept["facts"], "golden": None}},
        lambda kept: {**kept, "facts": {**kept["facts"], "golden": {"fw1": [True, "a"]}}},
        lambda kept: {**kept, "facts": {**kept["facts"], "golden": {"fw1": [1]}}},
        lambda kept: {**kept, "facts": {**kept["facts"], "golden": {"fw1": "x"}}},
    ],
)
def test_a_memory_of_no_use_is_as_good_as_none(spoil: Any) -> None:
    shelf = Shelf()
    shelf.golden("fw1", "1" * 40)
    shelf.drift("fw1")
    shelf.hold("fw1", "why")
    text = spoil if isinstance(spoil, str) else json.dumps(spoil(json.loads(History(shelf).dump())))
    assert answers(History(shelf, Memory(shelf, text)), shelf) == answers(History(shelf), shelf)


def test_what_is_known_is_kept_now_and_then_and_not_each_time() -> None:
    shelf = Shelf()
    shelf.write("genesis")
    memory = Memory(shelf)
    history = History(shelf, memory)
    for _ in range(SAVE_EVERY * 2):
        history.note(shelf.write("heartbeat"))
    assert memory.times == 2
    assert memory.text is not None
    assert json.loads(memory.text)["seq"] >= SAVE_EVERY * 2 - SAVE_EVERY
    shelf.read.clear()
    History(shelf, memory)
    assert len(shelf.read) <= SAVE_EVERY


def test_large_records_that_are_seldom_asked_for_are_not_held_in_memory() -> None:
    shelf = Shelf()
    outcome = shelf.outcome(shelf.intent("fw1"))
    history = History(shelf)
    shelf.read.clear()
    assert history.outcome_of(shelf.kept[0].sha256) == outcome
    assert shelf.read == [1]


def test_of_each_device_the_newest_64_changes_are_remembered() -> None:
    shelf = Shelf()
    for _ in range(70):
        shelf.outcome(shelf.intent("fw1"), "rolled-back")
    shelf.outcome(shelf.intent("fw2"))
    for history in (History(shelf), History(shelf, Memory(shelf, History(shelf).dump()))):
        own = history.past_of("fw1")
        assert [past.sequence for past in own] == [
            past.sequence for past in sorted(own, key=lambda past: past.sequence)
        ]
        assert (len(own), own[-1].sequence) == (64, 139)
        assert [past.device for past in history.past_of("fw2")] == ["fw2"]
        assert history.past_of("fw3") == ()
