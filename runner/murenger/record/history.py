"""History: what the ledger already knows, for those who decide what to do next.

Input: the records of a ledger, in order. Output: answers about open intents, drift, golden policy and good reads.
"""

import dataclasses
import datetime

from murenger.model import ChangeRecord, Digest, RecordKind
from murenger.ports import Ledger
from murenger.record.groups import Group
from murenger.record.reading import group_of, number_of, predicate_of, text_of, time_of


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedGolden:
    """The golden revision that counts for a repository.

    Attributes:
        revision: full git commit id.
        device: the device whose policy the revision was adopted for.
        path: path of that policy inside the repository.
        digest: digest of its text.
        signer: principal whose key signed the revision.
        key_fingerprint: `SHA256:...` of that key.
        accepted_at: when it was adopted.
    """

    revision: str
    device: str
    path: str
    digest: Digest
    signer: str
    key_fingerprint: str
    accepted_at: datetime.datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GoodRead:
    """The last whole read of a device that a record tells of.

    Attributes:
        digest: digest of the canonical text.
        size_bytes: its length.
        rule_count: rules in it, or None where they were not counted.
        read_at: when it was read, or None.
    """

    digest: Digest
    size_bytes: int
    rule_count: int | None
    read_at: datetime.datetime | None


class History:
    """Answers from one pass over the ledger; `refresh` takes in what was appended since."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._forget()
        self.refresh()

    def refresh(self) -> None:
        """Take in records that were appended since, by whomever.

        Raises:
            LedgerError: a record cannot be read.
        """
        head = self._ledger.head()
        if head is None or head.sha256 == self._seen_sha256:
            return
        self._forget()
        for record in self._ledger.records():
            self._take(record)

    def note(self, record: ChangeRecord) -> None:
        """Take in a record just appended, which spares the next `refresh` a pass if nobody else appended."""
        if record.sequence == self._seen + 1:
            self._take(record)

    def open_intents(self) -> tuple[ChangeRecord, ...]:
        """Return each intent without an outcome, oldest first."""
        return tuple(self._intents.values())

    def newest_golden(self) -> AcceptedGolden | None:
        """Return the last adopted revision, or None if none ever was.

        Wherever the repository lay then: moving it must not let an older revision pass as the first ever seen.
        """
        return self._newest_golden

    def accepted_golden_of(self, device: str) -> AcceptedGolden | None:
        """Return the last revision adopted for one device, or None."""
        return self._golden_of.get(device)

    def open_drift(self, device: str) -> ChangeRecord | None:
        """Return the record that opened a device's present drift, or None if it is not known to drift."""
        return self._drift.get(device)

    def last_hold(self, device: str) -> str:
        """Return why healing a device's present drift was refused last, or "" if it was not."""
        return self._holds.get(device, "")

    def last_in_sync_at(self, device: str) -> datetime.datetime | None:
        """Return when a device was last recorded in sync: healed, or its drift closed; None if never."""
        return self._in_sync.get(device)

    def last_good(self, device: str) -> GoodRead | None:
        """Return the last whole read of a device that a record tells the size of, or None."""
        return self._good.get(device)

    def outcome_of(self, plan_sha256: str) -> ChangeRecord | None:
        """Return the newest outcome of a plan, or None if it has none."""
        return self._outcomes.get(plan_sha256)

    def _forget(self) -> None:
        self._seen = -1
        self._seen_sha256 = ""
        self._intents: dict[str, ChangeRecord] = {}
        self._golden_of: dict[str, AcceptedGolden] = {}
        self._newest_golden: AcceptedGolden | None = None
        self._drift: dict[str, ChangeRecord] = {}
        self._holds: dict[str, str] = {}
        self._in_sync: dict[str, datetime.datetime] = {}
        self._good: dict[str, GoodRead] = {}
        self._outcomes: dict[str, ChangeRecord] = {}

    def _take(self, record: ChangeRecord) -> None:
        said = predicate_of(record)
        if record.kind is RecordKind.INTENT:
            self._intents[record.sha256] = record
        elif record.kind is RecordKind.OUTCOME:
            self._take_outcome(record, said)
        elif record.kind is RecordKind.GOLDEN:
            self._take_golden(record, said)
        elif record.kind is RecordKind.DRIFT:
            self._take_drift(record, said)
        elif record.kind is RecordKind.HOLD:
            self._holds[record.device] = text_of(group_of(said, "hold"), "detail")
        self._take_read(record.device, group_of(said, "before"))
        self._take_read(record.device, group_of(said, "after"))
        self._seen, self._seen_sha256 = record.sequence, record.sha256

    def _take_outcome(self, record: ChangeRecord, said: Group) -> None:
        references = said.get("refs")
        for reference in references if isinstance(references, list) else []:
            if reference.get("rel") == "intent":
                self._intents.pop(reference.get("sha256"), None)
        self._outcomes[text_of(group_of(said, "change"), "plan_sha256")] = record
        if text_of(group_of(said, "outcome"), "verdict") == "healed":
            self._close(record.device, time_of(group_of(said, "times"), "finished"))

    def _take_golden(self, record: ChangeRecord, said: Group) -> None:
        golden = group_of(said, "golden")
        accepted = AcceptedGolden(
            revision=text_of(golden, "commit"),
            device=record.device,
            path=text_of(golden, "path"),
            digest=Digest("sha256:" + text_of(golden, "approved_sha256")),
            signer=text_of(golden, "signer"),
            key_fingerprint=text_of(golden, "key_fp"),
            accepted_at=time_of(said, "written_at"),
        )
        self._golden_of[record.device] = accepted
        self._newest_golden = accepted

    def _take_drift(self, record: ChangeRecord, said: Group) -> None:
        drift = group_of(said, "drift")
        if text_of(drift, "phase") == "close":
            self._close(record.device, time_of(drift, "detected_at"))
        else:
            self._drift.setdefault(record.device, record)

    def _close(self, device: str, at: datetime.datetime | None) -> None:
        self._drift.pop(device, None)
        self._holds.pop(device, None)
        if at is not None:
            self._in_sync[device] = at

    def _take_read(self, device: str, state: Group) -> None:
        size_bytes = number_of(state, "size_bytes")
        if device and size_bytes is not None and state.get("complete") is True:
            self._good[device] = GoodRead(
                digest=Digest("sha256:" + text_of(state, "normalised_sha256")),
                size_bytes=size_bytes,
                rule_count=number_of(state, "rule_count"),
                read_at=time_of(state, "fetched_at"),
            )
