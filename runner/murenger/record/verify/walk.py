"""What a walk through the records remembers, from one to the next and for the checks of the whole.

Input: records in order. Output: small values; a part of a walk made elsewhere can be added to it.
"""

import dataclasses
import datetime
from array import array
from typing import NamedTuple

from murenger.model import RecordKind
from murenger.record.groups import Group
from murenger.record.predicate import GENESIS_PREVIOUS
from murenger.record.reading import group_of, number_of, text_of
from murenger.record.verify.digests import Digests
from murenger.record.verify.examined import Examined
from murenger.record.verify.finding import Finding
from murenger.record.verify.timeline import Timeline

EARLIEST = datetime.datetime.min.replace(tzinfo=datetime.UTC)

# Kinds whose whole content matters to checks of the log; a log holds few of them.
_NOTED = frozenset(
    {RecordKind.GENESIS, RecordKind.RUNNER, RecordKind.FAILURE, RecordKind.RECOVERY, RecordKind.KEY_EVENT}
    | {RecordKind.PRUNE}
)


class State(NamedTuple):
    """What the check of one record needs to know of those before it.

    Attributes:
        origin: name of the log, from its first record that was not altered; "" before that.
        previous_sha256: digest of the record before; zeros at the start, "" where it could not be read.
        previous_altered: whether the record before was found altered, which explains a broken chain.
        at: the newest time claimed so far; without an anchor there is no better one to judge keys by.
    """

    origin: str = ""
    previous_sha256: str = GENESIS_PREVIOUS
    previous_altered: bool = False
    at: datetime.datetime = EARLIEST


_START = State()


@dataclasses.dataclass(slots=True, kw_only=True)
class Intent:
    """A change that was begun.

    Attributes:
        number: of the intent record.
        file: of the intent record.
        at: when, for judging the outcome's approval.
        waited: whether it says that a receipt was waited for before the device was touched.
        settled_by: number of its outcome's record, or None.
        refused: whether that says that the device was never touched.
    """

    number: int
    file: str
    at: datetime.datetime
    waited: bool
    settled_by: int | None = None
    refused: bool = False

    def settle(self, number: int, *, refused: bool) -> None:
        """Remember the first outcome of it."""
        if self.settled_by is None:
            self.settled_by, self.refused = number, refused


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A record that checks of the whole log look into.

    Attributes:
        number: of the record.
        file: of the record.
        kind: what it is about.
        at: when it says it was written, or None.
        said: its group of the kind's name.
    """

    number: int
    file: str
    kind: RecordKind
    at: datetime.datetime | None
    said: Group


@dataclasses.dataclass(slots=True, kw_only=True)
class Seen:
    """What a stretch of records was found to hold; small, for it travels between processes.

    Attributes:
        findings: faults of these records.
        intents: digest of each intent -> what became of it.
        settled: (digest of an intent, number of the outcome, whether refused) for intents before this stretch.
        later: numbers of outcomes that can only be judged with what came before this stretch.
        cited: day and digest of each decision that a record cites.
        altered: numbers of records found altered.
        references: (number, number it refers to, digest it gives) to records before this stretch.
        signers: (number, fingerprint) wherever another key signs than before.
        heartbeats: numbers of heartbeats.
        beaten_at: when each says it was written, seconds since 1970.
        noted: records that checks of the whole log look into.
        roots: (number, size, root) that records say an anchor holds.
        attachments: (day, digest, number) of attachments that records name.
    """

    findings: list[Finding] = dataclasses.field(default_factory=list)
    intents: dict[str, Intent] = dataclasses.field(default_factory=dict)
    settled: list[tuple[str, int, bool]] = dataclasses.field(default_factory=list)
    later: list[int] = dataclasses.field(default_factory=list)
    cited: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    altered: set[int] = dataclasses.field(default_factory=set)
    references: list[tuple[int, int, bytes]] = dataclasses.field(default_factory=list)
    signers: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    heartbeats: "array[int]" = dataclasses.field(default_factory=lambda: array("I"))
    beaten_at: "array[float]" = dataclasses.field(default_factory=lambda: array("d"))
    noted: list[Noted] = dataclasses.field(default_factory=list)
    roots: list[tuple[int, int, bytes]] = dataclasses.field(default_factory=list)
    attachments: list[tuple[str, str, int]] = dataclasses.field(default_factory=list)


class Walk:
    """A walk through records in order, or through one stretch of them.

    Args:
        state: what is known of the records before the first.
        timeline: times at which others had seen the log.

    Attributes:
        state: what is known of the records so far.
        timeline: times at which others had seen the log.
        seen: what these records hold.
        digests: number -> digest of every record so far.
        leaves: number -> leaf hash of each record of the days whose `LEAVES` says otherwise.
    """

    __slots__ = ("digests", "leaves", "seen", "state", "timeline")

    def __init__(self, state: State = _START, timeline: Timeline | None = None) -> None:
        self.state = state
        self.timeline = timeline or Timeline()
        self.seen = Seen()
        self.digests = Digests()
        self.leaves = Digests()

    def judged_at(self, record: Examined) -> datetime.datetime:
        """Return the time to judge a record's signature by: when others saw it, or else the newest time claimed."""
        return self.timeline.seen_at(record.number) or max(record.claimed_at or self.state.at, self.state.at)

    def approved_at(self, record: Examined) -> datetime.datetime:
        """Return the time to judge a record's approval by: an outcome's is judged when its intent was written."""
        if record.kind is RecordKind.OUTCOME:
            for reference in references(record.predicate):
                intent = self.seen.intents.get(text_of(reference, "sha256"))
                if intent is not None:
                    return intent.at
        return self.judged_at(record)

    def signed_by(self, number: int, key_fingerprint: str) -> None:
        """Remember whose key signed a record."""
        if not self.seen.signers or self.seen.signers[-1][1] != key_fingerprint:
            self.seen.signers.append((number, key_fingerprint))

    def step(self, record: Examined) -> None:
        """Remember a record for the checks of those after it; an altered one says nothing."""
        altered = record.number in self.seen.altered
        if record.content is not None:
            self.digests.put(record.number, record.digest)
        said, state = record.predicate, self.state
        origin, at = state.origin, state.at
        if not altered:
            origin = origin or text_of(said, "origin")
            self._remember(record)
            claimed = record.claimed_at
            if claimed is not None:
                # The log itself tells that the clock had been wrong; what it claimed before is no measure any more.
                recovery = group_of(said, "recovery") if "recovery" in said else {}
                stepped = text_of(recovery, "cause") == "clock-step"
                at = claimed if stepped or claimed > at else at
        self.state = State(origin=origin, previous_sha256=record.sha256, previous_altered=altered, at=at)

    def _remember(self, record: Examined) -> None:
        said, seen = record.predicate, self.seen
        if record.kind is RecordKind.HEARTBEAT and record.claimed_at is not None:
            seen.heartbeats.append(record.number)
            seen.beaten_at.append(record.claimed_at.timestamp())
        elif record.kind is RecordKind.INTENT:
            seen.intents[record.sha256] = Intent(
                number=record.number,
                file=record.file,
                at=self.approved_at(record),
                waited=text_of(group_of(said, "intent"), "anchoring") == "before_change",
            )
        elif record.kind is RecordKind.OUTCOME:
            for reference in references(said):
                self._settle(text_of(reference, "sha256"), record.number, refused=_is_refused(said))
        elif record.kind in _NOTED:
            seen.noted.append(_note(record, record.kind))
        if "approval" in said:
            seen.cited.add((record.day.name, text_of(group_of(said, "approval"), "decision_sha256")))
        if "attachments" in said:
            for item in items(said, "attachments"):
                seen.attachments.append((record.day.name, text_of(item, "sha256"), record.number))
        if "anchor_seen" in said:
            self._remember_anchor(record.number, group_of(said, "anchor_seen"))

    def _settle(self, intent_sha256: str, number: int, *, refused: bool) -> None:
        intent = self.seen.intents.get(intent_sha256)
        if intent is None:
            self.seen.settled.append((intent_sha256, number, refused))
        else:
            intent.settle(number, refused=refused)

    def _remember_anchor(self, number: int, anchor: Group) -> None:
        size, root = number_of(anchor, "size"), digest_bytes(text_of(anchor, "root"))
        if size is not None and root is not None and (not self.seen.roots or self.seen.roots[-1][1:] != (size, root)):
            self.seen.roots.append((number, size, root))


def _note(record: Examined, kind: RecordKind) -> Noted:
    said = group_of(record.predicate, kind.value)
    return Noted(number=record.number, file=record.file, kind=kind, at=record.claimed_at, said=said)


def _is_refused(outcome: Group) -> bool:
    """Tell whether an outcome says that the device was never touched."""
    verdict = text_of(group_of(outcome, "outcome"), "verdict")
    return verdict == "not-applied" and not text_of(group_of(outcome, "times"), "started")


def references(predicate: Group) -> list[Group]:
    """Return a record's references that have the form of one."""
    return items(predicate, "refs")


def items(group: Group, name: str) -> list[Group]:
    """Return the groups of a list of groups."""
    listed = group.get(name)
    return [dict(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def digest_bytes(text: str) -> bytes | None:
    """Return the bytes of a hex digest, or None where it is none."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return None
    return digest if len(digest) == len(text) // 2 == 32 else None  # noqa: PLR2004 - SHA-256
