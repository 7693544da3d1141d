"""Is what the ledger tells what happened, and was nobody hurt?

Input: a world after a scenario. Output: in which of four ways each change ended, and every violation in words.
"""

import collections
import dataclasses
import enum
import json
import pathlib
from collections.abc import Iterator
from typing import Any

from tests.faults.story import Note
from tests.faults.strikes import READ_LIES
from tests.faults.world import World

from murenger.adapters.keys.trust_folder import read_trust
from murenger.errors import MurengerError
from murenger.record.verify import Code, verify_store

# What clocks that jump, and a runner that runs no heartbeats here, leave in any log.
_EXPECTED_FAULTS = frozenset({Code.GAP})
_AS_BEFORE = frozenset({"not-applied", "rolled-back", "reverted-by-device"})
_UNPROVED = frozenset({"partial", "unknown"})


class End(enum.Enum):
    """How a scenario ended."""

    HEALED = "healed"
    UNCHANGED = "unchanged"
    REVERTED = "reverted"
    HELD = "held"


ENDS = {
    "healed": End.HEALED,
    "not-applied": End.UNCHANGED,
    "rolled-back": End.REVERTED,
    "reverted-by-device": End.REVERTED,
    "partial": End.HELD,
    "unknown": End.HELD,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record.

    Attributes:
        sequence: its number.
        kind: its kind.
        said: its predicate.
    """

    sequence: int
    kind: str
    said: dict[str, Any]


def entries(world: World) -> tuple[Entry, ...]:
    """Return the records in order, read without the product's reader."""
    folder = world.store / world.settings.store.origin
    paths = sorted(folder.glob("days/*/records/*.json"), key=lambda path: path.name)
    said = [json.loads(path.read_bytes())["predicate"] for path in paths]
    return tuple(Entry(sequence=one["seq"], kind=one["kind"], said=one) for one in said)


def end_of(records: tuple[Entry, ...]) -> End:
    """Return how the newest change ended; where none was begun, nothing was changed."""
    outcomes = [entry for entry in records if entry.kind == "outcome"]
    return ENDS[outcomes[-1].said["outcome"]["verdict"]] if outcomes else End.UNCHANGED


def judge(world: World, records: tuple[Entry, ...], *, since: int) -> Iterator[str]:
    """Yield every violation that the records and the story show.

    Args:
        world: after a clean pass.
        records: all of them.
        since: how many records there were before the scenario.
    """
    yield from _pairs(records)
    yield from _holds(records)
    yield from _stories(records[since:], world.story.notes())
    yield from _log(world)
    yield from _secrets(world)


def _pairs(records: tuple[Entry, ...]) -> Iterator[str]:
    """Every intent has exactly one outcome, and every outcome its intent."""
    if [entry.sequence for entry in records] != list(range(len(records))):
        yield f"records are numbered {[entry.sequence for entry in records]}"
    intents = {entry.sequence for entry in records if entry.kind == "intent"}
    told: collections.Counter[int] = collections.Counter()
    for entry in records:
        if entry.kind == "outcome":
            told[_intent_of(entry)] += 1
    for sequence in sorted(intents | set(told)):
        if sequence not in intents or told[sequence] != 1:
            yield f"intent {sequence} has {told[sequence]} outcomes"


def _intent_of(entry: Entry) -> int:
    (reference,) = [one for one in entry.said["refs"] if one["rel"] == "intent"]
    return int(reference["at_seq"])


def _holds(records: tuple[Entry, ...]) -> Iterator[str]:
    """A device in a state that is not proved is held for a person."""
    for place, entry in enumerate(records):
        if entry.kind == "outcome" and entry.said["outcome"]["verdict"] in _UNPROVED:
            later = [one for one in records[place + 1 :] if one.kind == "hold"]
            if not any(one.said["hold"]["cause"] == "held-for-a-person" for one in later):
                yield f"outcome {entry.sequence} is {entry.said['outcome']['verdict']}, and no hold follows"


def _stories(records: tuple[Entry, ...], notes: tuple[Note, ...]) -> Iterator[str]:
    """What each outcome says of the device was true when it was written."""
    intents = {entry.sequence: entry for entry in records if entry.kind == "intent"}
    lied = bool({note.name for note in notes if note.what == "struck"} & READ_LIES)
    told = {note.sequence: place for place, note in enumerate(notes) if note.what == "recorded"}
    for entry in records:
        if entry.kind == "outcome" and _intent_of(entry) in intents:
            # A runner that dies between record and note takes the note along; the look after its death stands in.
            died = (place for place, note in enumerate(notes) if note.what == "died")
            place = told.get(entry.sequence, next(died, None))
            if place is not None:
                yield from _story(entry, intents[_intent_of(entry)], notes[place], notes[:place], lied=lied)


def _story(entry: Entry, intent: Entry, note: Note, earlier: tuple[Note, ...], *, lied: bool) -> Iterator[str]:
    verdict = entry.said["outcome"]["verdict"]
    after = (entry.said.get("after") or {}).get("normalised_sha256", "")
    before = intent.said["before"]["normalised_sha256"]
    expected = intent.said["intent"]["expected_after_sha256"]
    # What ran before an administrator's edit may have been the last thing that was read.
    since = [place for place, one in enumerate(earlier) if one.what == "recorded" and one.name == "outcome"]
    edits = [one.running for one in earlier[since[-1] if since else 0 :] if one.what == "edited"]
    true = {_hex(digest) for digest in (note.running, *edits) if digest}
    if not true:
        return
    where = f"outcome {entry.sequence} says {verdict}"
    if verdict == "healed" and expected not in true:
        yield f"{where}, but the device runs {_named(note.running, before, expected)}"
    if verdict in _AS_BEFORE and before not in true and not edits:
        yield f"{where}, but the device runs {_named(note.running, before, expected)}"
    if after and after not in true and not lied and verdict != "unknown":
        yield f"{where} and {_named(after, before, expected)}, but it runs {_named(note.running, before, expected)}"
    confirmed = (entry.said.get("times") or {}).get("confirmed")
    if verdict == "healed" and confirmed and note.startup and _hex(note.startup) != expected and not edits:
        yield f"{where}, but the device would boot with {_named(note.startup, before, expected)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _named(digest: str, before: str, expected: str) -> str:
    names = {before: "what ran before", expected: "what was promised"}
    return names.get(_hex(digest), f"something else ({_hex(digest)[:12]})")


def _log(world: World) -> Iterator[str]:
    """The log is whole, signed and in order."""
    try:
        report = verify_store(world.store, trust=read_trust(world.settings.trust))
    except MurengerError as error:
        yield f"the log cannot be verified: {error}"
        return
    for log in report.logs:
        for finding in log.findings:
            if finding.code not in _EXPECTED_FAULTS:
                yield f"the log: {finding.code.value}: {finding.text}"


def _secrets(world: World) -> Iterator[str]:
    """No secret stands in the log or among the runner's files."""
    for folder in (world.store, world.state):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            if any(canary in content for canary in world.canaries):
                yield f"a secret stands in {pathlib.PurePath(path).relative_to(folder)}"
