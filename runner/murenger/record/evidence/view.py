"""What an evidence pack shows to people: the values that its pages are made of.

Input: change records of one period, read once. Output: frozen values; nothing in them is escaped, for each page, table
and message has its own rules for that.
"""

import dataclasses
import datetime
import enum
from collections.abc import Mapping

from murenger.model import JsonValue


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """One change record, and where its files lie in the pack.

    Attributes:
        sequence: its number in the log.
        kind: the kind's name, such as `drift`, `intent`, `outcome`, `key-event`.
        device: name of the device concerned, or "".
        day: the day folder that holds it, `YYYY-MM-DD`.
        written_at: when it was written by the runner's clock, which is a claim; None where it claims no time.
        event_type: such as `drift-opened`, `change-intended`.
        result: success, failure, partial, refused or unknown.
        summary: what it says in one clause.
        sha256: hex digest of its bytes.
        path: of the record in the pack, such as `days/2026-11-21/records/000000025.json`; its signature is `path` +
            `.sig`.
        proof: path in the pack of its `.tlog-proof`, or "" where it has none.
        decision: path in the pack of the decision file that it cites, or "".
        receipts: paths in the pack of the anchors' receipts for exactly this record, by name.
        said: the whole predicate as the signed bytes hold it: the groups of RECORDS (`event`, `executor`, `actor`,
            `device`, `golden`, `before`, `after`, `drift` with its `ops`, `impact`, `change`, `approval`, `test`,
            `backout`, `times`, `outcome`, `failure` and so on). A group that the kind does not have is absent, a field
            that is not known is null. A text of a device is a string or a list of strings and
            `{"alg": "sha-256", "redacted": ...}` objects; `murenger.record.reading` has readers for both.
    """

    sequence: int
    kind: str
    device: str
    day: str
    written_at: datetime.datetime | None
    event_type: str
    result: str
    summary: str
    sha256: str
    path: str
    proof: str
    decision: str
    receipts: tuple[str, ...]
    said: Mapping[str, JsonValue] = dataclasses.field(repr=False)


class IncidentState(enum.Enum):
    """How one stretch of drift stood at the end of the period."""

    HEALED = "healed"
    """A heal put the approved policy back, and a read over a fresh connection agreed."""
    ENDED = "ended"
    """Nothing differs any more, though no heal of ours did it: adopted, or changed back outside murenger."""
    OPEN = "open"
    """The device still differed."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One stretch of drift on one device, from the record that opened it to the one that ended it.

    A drift that was open before the period began appears with what the period's records tell of it.

    Attributes:
        identity: the drift's identity, the same in each of its records.
        device: name of the device.
        state: how it stood at the end of the period.
        last_good: the last read in which nothing differed, or None.
        detected_at: when the difference was first seen, or None where that is not told.
        ended_at: when it was over (heal finished, or drift seen closed); None while open.
        latency_s: seconds from `last_good` to `detected_at`: the longest that it can have gone unseen; or None.
        duration_s: seconds from `detected_at` to `ended_at`; None while open.
        effect: none, widens, tightens, both or unknown: what the drift did to the traffic that passes.
        approved_by: principals on whose authority something was done, each once, in order.
        tickets: ticket numbers that its records name, each once, in order.
        records: numbers of its records in the period (drift, plan, approval, intent, outcome, hold), ascending.
        summary: how it ended, in one clause.
    """

    identity: str
    device: str
    state: IncidentState
    last_good: datetime.datetime | None
    detected_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    latency_s: int | None
    duration_s: int | None
    effect: str
    approved_by: tuple[str, ...]
    tickets: tuple[str, ...]
    records: tuple[int, ...]
    summary: str


class GapKind(enum.Enum):
    """Why nothing, or not everything, was observed for a while."""

    SILENT = "silent"
    """No heartbeat for more than two intervals, and no record says why."""
    STOPPED = "stopped"
    """The runner said that it stopped; until it started again nothing was observed."""
    UNREACHABLE = "unreachable"
    """A heartbeat names a device that could not be read; until one no longer does."""
    FAILURE = "failure"
    """A record of kind failure: a control of ours failed."""
    CLOCK = "clock"
    """The runner's clock went back, so the order of times around it is no measure."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """One stretch of time in which observation was missing or incomplete.

    Attributes:
        kind: why.
        device: the device concerned, or "" for all of them.
        started_at: from when, as the records claim.
        ended_at: until when; None where it lasted to the end of the period.
        duration_s: seconds between the two, or None while open.
        cause: what the records say of it, one clause.
        records: numbers of the records that tell it, ascending.
    """

    kind: GapKind
    device: str
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    duration_s: int | None
    cause: str
    records: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RequirementView:
    """One requirement of PCI DSS v4.0.1, by number, and the records that speak to it.

    Attributes:
        number: such as `1.2.2`.
        title: what an assessor looks for, in our own words.
        evidence: what this pack has for it, in our own words.
        supporting: True if people or other tools must complete it.
        path: of its list in the pack, such as `by-requirement/1.2.2.csv`.
        records: numbers of its records, ascending; heartbeats are left out here, not in the list.
        count: rows of the list, heartbeats included.
    """

    number: str
    title: str
    evidence: str
    supporting: bool
    path: str
    records: tuple[int, ...]
    count: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """One UTC day of the log, as it was copied.

    Attributes:
        name: `YYYY-MM-DD`.
        first: number of its first record, or None where it has none.
        last: number of its last record, or None.
        sealed: True if a signed SHA256SUMS covers it.
        stamped: True if a time-stamping authority's token covers that.
        pruned: True if its records were removed after the time they had to be kept.
    """

    name: str
    first: int | None
    last: int | None
    sealed: bool
    stamped: bool
    pruned: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerificationView:
    """What `murenger verify` said of the log when the pack was made; the pack's reader repeats it.

    Attributes:
        exit_code: 0 intact and complete, 1 faults, 3 intact and completeness not proven.
        intact: True if no fault was found.
        at: when it was asked.
        records: number of records that it looked at.
        head_sequence: number of the newest record, or None.
        head_sha256: hex digest of that record, or "".
        findings: each fault, one line; empty if intact.
        limits: what was not proven, one sentence each; never empty.
    """

    exit_code: int
    intact: bool
    at: datetime.datetime
    records: int
    head_sequence: int | None
    head_sha256: str
    findings: tuple[str, ...]
    limits: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    """Everything that the pages of one pack show.

    The pages come back from `murenger.record.evidence.site.render_site(view)` as `{path in the pack: bytes}`:
    `index.html`, and everything else below `site/`. A page links to a record's files by `RecordView.path` and so on,
    which are relative to the pack's root.

    Attributes:
        origin: name of the log.
        period_from: first day, UTC.
        period_to: last day, UTC, inclusive.
        made_at: when the pack was made.
        recipient: for whom, or "".
        purpose: what for, or "".
        devices: names that narrow the lists and pages, in order; empty for all. The sealed days are whole either way.
        days: the days that the pack holds, oldest first.
        records: the period's records of those devices and those of no device, ascending; heartbeats are left out, for
            there is one every few minutes (they are in records.csv).
        heartbeats: how many were left out.
        incidents: each stretch of drift, by the number of its first record.
        gaps: each stretch without full observation, by its start.
        largest_gap_s: the longest of them in seconds, 0 where there are none; one still open counts to the end.
        requirements: in the order of their numbers.
        verification: what verify said.
        algorithms: (what for, algorithm) pairs, such as (`record signatures`, `Ed25519 (SSHSIG, SHA-512)`).
        unsealed: days in the pack without a seal, whose file list nothing protects yet.
        completeness: what the pack proves and does not prove about being whole, one sentence each.
    """

    origin: str
    period_from: datetime.date
    period_to: datetime.date
    made_at: datetime.datetime
    recipient: str
    purpose: str
    devices: tuple[str, ...]
    days: tuple[DayView, ...]
    records: tuple[RecordView, ...]
    heartbeats: int
    incidents: tuple[IncidentView, ...]
    gaps: tuple[GapView, ...]
    largest_gap_s: int
    requirements: tuple[RequirementView, ...]
    verification: VerificationView
    algorithms: tuple[tuple[str, str], ...]
    unsealed: tuple[str, ...]
    completeness: tuple[str, ...]
