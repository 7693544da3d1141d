"""One change, told from its records: what differed, who, which traffic, on whose authority, tested how, undone how.

Input: a stretch of drift and its records. Output: the values that its page shows; times are the records' claims.
"""

import dataclasses
import datetime
import enum
from collections.abc import Mapping, Sequence

from murenger.model import JsonValue
from murenger.record.evidence.site import words
from murenger.record.evidence.site.diff import MOST_BLOCKS, Block, blocks_of
from murenger.record.evidence.view import IncidentState, IncidentView, RecordView
from murenger.record.groups import Group
from murenger.record.reading import group_of, number_of, text_of, time_of

_MOST_SIGHTS = 5
_MOST_STEPS = 200


class Standing(enum.Enum):
    """How a change stands, in the one word that its badge shows."""

    HEALED = "healed"
    ENDED = "ended"
    HELD = "held"
    OPEN = "open"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What differed when somebody looked.

    Attributes:
        record: the record that tells it.
        seen_at: when, or None where that is not told.
        blocks: the differences.
        total: how many there were, shown or not.
        not_comparable: paths whose secrets the device encrypts anew each time.
    """

    record: RecordView
    seen_at: datetime.datetime | None
    blocks: tuple[Block, ...]
    total: int
    not_comparable: tuple[str, ...]

    @property
    def hidden(self) -> int:
        """Number of differences that are not shown."""
        return max(self.total - MOST_BLOCKS, 0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One change of the device: the intent, and the outcome where it was recorded.

    Attributes:
        intent: the record written before the device was touched, or None where the period does not hold it.
        outcome: the record written after, or None.
        verdict: how it ended, in words.
        result: what the outcome says besides: why, connections that were ended.
        change: reason, security impact, description and so on.
        approval: on whose authority.
        backout: how it would be undone, and what came of that.
        times: when each step was taken.
        before: tests before the change.
        after: tests after it.
        fresh_connection: whether the tests after it came over a connection of their own; None where that is not told.
    """

    intent: RecordView | None
    outcome: RecordView | None
    verdict: str
    result: Group
    change: Group
    approval: Group
    backout: Group
    times: Group
    before: tuple[Group, ...]
    after: tuple[Group, ...]
    fresh_connection: bool | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event in the course of a change.

    Attributes:
        record: the record of it.
        what: the event in a sentence.
    """

    record: RecordView
    what: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Everything the page of one change shows.

    Attributes:
        incident: the stretch of drift.
        number: number of its first record, which names the page.
        records: its records, ascending.
        title: a sentence: which device, what, how it ended.
        standing: how it stands.
        sights: what differed, each time that was recorded, at most a few.
        sights_hidden: how many more there are.
        actor: who is said to have done it.
        impact: which traffic it touched.
        golden: the approved policy that counted.
        before: the configuration that differed, by digest.
        after: the configuration after the last change of it, by digest; empty where none was read.
        retest: what is to be tested again, and until when.
        failure: the failed control: how long, why, what then.
        proposal: reason, impact and way back as planned, where no attempt was made.
        approval: on whose authority it was to be done, where no attempt was made.
        attempts: each change of the device.
        holds: (record, its hold) pairs.
        steps: the course of it, at most a few hundred.
        steps_hidden: how many more there are.
    """

    incident: IncidentView
    number: int
    records: tuple[RecordView, ...]
    title: str
    standing: Standing
    sights: tuple[Sight, ...]
    sights_hidden: int
    actor: Group
    impact: Group
    golden: Group
    before: Group
    after: Group
    retest: Group
    failure: Group
    proposal: Group
    approval: Group
    attempts: tuple[Attempt, ...]
    holds: tuple[tuple[RecordView, Group], ...]
    steps: tuple[Step, ...]
    steps_hidden: int


def change_page(incident: IncidentView, records: Sequence[RecordView]) -> ChangePage:
    """Return what the page of a change shows.

    Args:
        incident: the stretch of drift.
        records: its records, ascending, at least one.
    """
    sights = _sights(records)
    attempts = _attempts(records)
    return ChangePage(
        incident=incident,
        number=incident.records[0],
        records=tuple(records),
        title=title_of(incident, records),
        standing=standing_of(incident, records),
        sights=tuple(sights[:_MOST_SIGHTS]),
        sights_hidden=max(len(sights) - _MOST_SIGHTS, 0),
        actor=_first(records, "actor"),
        impact=_impact(records),
        golden=_newest(records, "golden"),
        before=_before(records),
        after=_newest([record for record in records if record.kind == "outcome"], "after"),
        retest=_newest(records, "retest"),
        failure=_newest(records, "failure"),
        proposal={} if attempts else _newest(records, "change"),
        approval={} if attempts else _newest(records, "approval"),
        attempts=attempts,
        holds=tuple((record, group_of(record.said, "hold")) for record in records if record.kind == "hold"),
        steps=tuple(Step(record=record, what=event_of(record)) for record in records[:_MOST_STEPS]),
        steps_hidden=max(len(records) - _MOST_STEPS, 0),
    )


def standing_of(incident: IncidentView, records: Sequence[RecordView]) -> Standing:
    """Return how a change stands; an open one is held where the last thing done about it was to refuse."""
    if incident.state is not IncidentState.OPEN:
        return Standing(incident.state.value)
    held = next((record.kind == "hold" for record in reversed(records) if record.kind in ("hold", "outcome")), False)
    return Standing.HELD if held else Standing.OPEN


def title_of(incident: IncidentView, records: Sequence[RecordView]) -> str:
    """Return a change as a sentence without its full stop: `fw1: an addition, healed in 4 min 12 s`."""
    what = words.deeds(tuple(text_of(operation, "op") for operation in _operations_of(records)))
    lasted = incident.duration_s
    standing = standing_of(incident, records)
    if standing is Standing.HEALED:
        end = "healed" if lasted is None else f"healed in {words.span(lasted)}"
    elif standing is Standing.ENDED:
        end = "gone without a heal" if lasted is None else f"gone without a heal after {words.span(lasted)}"
    elif standing is Standing.HELD:
        cause = next(text_of(group_of(r.said, "hold"), "cause") for r in reversed(records) if r.kind == "hold")
        end = f"still there, held ({cause})" if cause else "still there, held"
    else:
        end = "still there"
    return f"{incident.device}: {what}, {end}"


def event_of(record: RecordView) -> str:
    """Return the event of a record as a sentence."""
    said = record.said
    sentence = ""
    if record.kind == "drift":
        number = len(_operations(said))
        sentence = {
            "open": f"The device was seen to differ from golden: {words.count(number, 'difference')}.",
            "change": "What differs had changed" + (f": {words.count(number, 'difference')}." if number else "."),
            "close": "Nothing differed any more.",
        }.get(text_of(group_of(said, "drift"), "phase"), "")
    elif record.kind == "plan":
        sentence = f"{text_of(group_of(said, 'plan'), 'proposed_by')} planned how to put the approved policy back."
    elif record.kind == "approval":
        approval = group_of(said, "approval")
        mode = {"standing": " by a standing change", "break-glass": " by break-glass"}.get(
            text_of(approval, "mode"), ""
        )
        verb = text_of(approval, "decision") or "accepted"
        sentence = f"The decision of {text_of(approval, 'principal')}{mode} was taken in: {verb}."
    elif record.kind == "intent":
        way = words.ANCHORING.get(text_of(group_of(said, "intent"), "anchoring"), "")
        sentence = f"The change was about to begin{': ' + way if way else ''}."
    elif record.kind == "outcome":
        verdict = text_of(group_of(said, "outcome"), "verdict")
        sentence = f"The change ended; {words.VERDICTS.get(verdict, verdict)}."
    elif record.kind == "hold":
        hold = group_of(said, "hold")
        sentence = f"Nothing was done: held, {text_of(hold, 'cause')}."
    return sentence or record.summary


def operation_count(records: Sequence[RecordView]) -> int:
    """Return the number of differences first seen."""
    return len(_operations_of(records))


def _operations_of(records: Sequence[RecordView]) -> list[Group]:
    """Return the differences first seen: those of the first record that tells any."""
    return next((found for record in records if (found := _operations(record.said))), [])


def _operations(said: Mapping[str, JsonValue]) -> list[Group]:
    found = group_of(said, "drift").get("ops")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _sights(records: Sequence[RecordView]) -> list[Sight]:
    telling = [record for record in records if _operations(record.said)]
    seen = [record for record in telling if record.kind == "drift"] or telling[:1]
    return [_sight(record) for record in seen]


def _sight(record: RecordView) -> Sight:
    drift, operations = group_of(record.said, "drift"), _operations(record.said)
    paths = drift.get("not_comparable")
    return Sight(
        record=record,
        seen_at=time_of(drift, "detected_at"),
        blocks=blocks_of(operations),
        total=len(operations),
        not_comparable=tuple(str(path) for path in paths) if isinstance(paths, list) else (),
    )


def _impact(records: Sequence[RecordView]) -> Group:
    """Return what the drift did to traffic; the record that closes it tells of nothing any more."""
    open_ones = [r for r in records if text_of(group_of(r.said, "drift"), "phase") in ("open", "change")]
    return _newest(open_ones, "impact") or _first(records, "impact")


def _before(records: Sequence[RecordView]) -> Group:
    """Return the configuration that differed: live in a record of drift, what was there before in the others."""
    found = next((group for r in records if r.kind == "drift" and (group := group_of(r.said, "after"))), {})
    return found or _first(records, "before")


def _attempts(records: Sequence[RecordView]) -> tuple[Attempt, ...]:
    outcomes = {_intent_of(record): record for record in records if record.kind == "outcome"}
    intents = [record for record in records if record.kind == "intent"]
    known = {record.sequence for record in intents}
    pairs: list[tuple[RecordView | None, RecordView | None]] = [(i, outcomes.get(i.sequence)) for i in intents]
    pairs += [(None, record) for number, record in outcomes.items() if number not in known]
    return tuple(_attempt(intent, outcome) for intent, outcome in pairs)


def _intent_of(outcome: RecordView) -> int:
    references = outcome.said.get("refs")
    for reference in references if isinstance(references, list) else []:
        if isinstance(reference, dict) and reference.get("rel") == "intent":
            return number_of(reference, "at_seq") or 0
    return -outcome.sequence


def _attempt(intent: RecordView | None, outcome: RecordView | None) -> Attempt:
    both = tuple(record for record in (intent, outcome) if record is not None)
    result = _newest(both, "outcome")
    verdict = text_of(result, "verdict")
    test = group_of(outcome.said, "test") if outcome else {}
    fresh = test.get("fresh_connection")
    return Attempt(
        intent=intent,
        outcome=outcome,
        verdict=words.VERDICTS.get(verdict, verdict) or "not recorded: the change was begun and nothing tells its end",
        result=result,
        change=_newest(both, "change"),
        approval=_newest(both, "approval"),
        backout=_newest(both, "backout"),
        times=_newest(both, "times"),
        before=_checks(both, "pre"),
        after=_checks(both, "post"),
        fresh_connection=fresh if isinstance(fresh, bool) else None,
    )


def _checks(records: Sequence[RecordView], which: str) -> tuple[Group, ...]:
    for record in reversed(records):
        found = group_of(record.said, "test").get(which)
        if isinstance(found, list) and found:
            return tuple(item for item in found if isinstance(item, dict))
    return ()


def _first(records: Sequence[RecordView], name: str) -> Group:
    return next((group for record in records if (group := group_of(record.said, name))), {})


def _newest(records: Sequence[RecordView], name: str) -> Group:
    return _first(tuple(reversed(records)), name)
