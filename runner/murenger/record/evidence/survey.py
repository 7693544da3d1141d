"""The first pass over the records of a period: what they add up to.

Input: records in order. Output: incidents, gaps, counts and, for the pages, a view of each record but heartbeats.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping

from murenger.model import RecordKind
from murenger.record.evidence.entry import Entry
from murenger.record.evidence.gaps import Gaps, concerning, largest_s
from murenger.record.evidence.incidents import Incidents
from murenger.record.evidence.order import PackOrder, PackSource
from murenger.record.evidence.requirements import REQUIREMENTS, requirements_of
from murenger.record.evidence.view import PackView, RecordView, RequirementView
from murenger.record.reading import group_of, text_of
from murenger.record.summary import summary

_KINDS = {kind.value: kind for kind in RecordKind}


class Survey:
    """Adds records up.

    Args:
        order: the pack.
        receipts: paths of receipts in the pack by the number of the record that they vouch for.
    """

    def __init__(self, order: PackOrder, receipts: Mapping[int, tuple[str, ...]]) -> None:
        self._order = order
        self._receipts = receipts
        self._gaps = Gaps(order.heartbeat_s, order.starts_at)
        self._views: list[RecordView] = []
        self._listed: dict[str, list[int]] = {item.number: [] for item in REQUIREMENTS}
        self._rows: Counter[str] = Counter()
        self.incidents = Incidents()
        self.records = 0
        self.heartbeats = 0
        self.head: tuple[int, str] | None = None
        self._missing = 0

    def take(self, entry: Entry) -> None:
        """Take in the next record."""
        self.records += 1
        if self.head is not None:
            self._missing += entry.sequence != self.head[0] + 1
        self.head = (entry.sequence, entry.sha256)
        self._gaps.take(entry)
        if not entry.concerns(self._order.devices):
            return
        self.incidents.take(entry)
        numbers = requirements_of(entry.kind, entry.said)
        self._rows.update(numbers)
        if entry.kind == "heartbeat":
            self.heartbeats += 1
            return
        for number in numbers:
            self._listed[number].append(entry.sequence)
        self._views.append(self._view(entry))

    def view(self, source: PackSource, *, algorithms: tuple[tuple[str, str], ...], proofs: frozenset[int]) -> PackView:
        """Return what the pages show, once every record was taken in.

        Args:
            source: what the pack is made of.
            algorithms: (what for, algorithm) pairs.
            proofs: numbers of the records that have a proof.
        """
        order = self._order
        gaps = tuple(concerning(self._gaps.views(order.ends_at), order.devices))
        return PackView(
            origin=order.origin,
            period_from=order.period_from,
            period_to=order.period_to,
            made_at=order.made_at,
            recipient=order.recipient,
            purpose=order.purpose,
            devices=order.devices,
            days=source.days,
            records=tuple(_proved(view, proofs) for view in self._views),
            heartbeats=self.heartbeats,
            incidents=self.incidents.views(),
            gaps=gaps,
            largest_gap_s=largest_s(gaps, order.ends_at),
            requirements=tuple(
                RequirementView(
                    number=item.number,
                    title=item.title,
                    evidence=item.evidence,
                    supporting=item.supporting,
                    path=requirement_path(item.number),
                    records=tuple(self._listed[item.number]),
                    count=self._rows[item.number],
                )
                for item in REQUIREMENTS
            ),
            verification=source.verification,
            algorithms=algorithms,
            unsealed=source.unsealed,
            completeness=self._completeness(source),
        )

    def _view(self, entry: Entry) -> RecordView:
        event = group_of(entry.said, "event")
        kind = _KINDS.get(entry.kind)
        return RecordView(
            sequence=entry.sequence,
            kind=entry.kind,
            device=entry.device,
            day=entry.day,
            written_at=entry.written_at,
            event_type=text_of(event, "type"),
            result=text_of(event, "result"),
            summary=summary(kind, entry.said) if kind else "",
            sha256=entry.sha256,
            path=entry.path,
            proof="",
            decision=entry.decision,
            receipts=self._receipts.get(entry.sequence, ()),
            said=entry.said,
        )

    def _completeness(self, source: PackSource) -> tuple[str, ...]:
        first = next((day.first for day in source.days if day.first is not None), None)
        last = self.head[0] if self.head else None
        whole = "whose numbers have no gap" if not self._missing else f"WHOSE NUMBERS BREAK OFF {self._missing} TIME(S)"
        said = [f"the pack holds {self.records} record(s) of the log, {first} to {last}, {whole}"]
        if source.carried:
            said.append(
                f"it begins in the middle of the log; the SHA256SUMS of {source.carried} is carried so that its first "
                "record is tied to the one before"
            )
        if source.unsealed:
            said.append(
                f"not sealed when the pack was made: {', '.join(source.unsealed)}; each record there is signed, but "
                "that none is missing at the end rests on this pack's own SHA256SUMS"
            )
        if self._order.devices:
            said.append(
                f"lists and pages tell of {', '.join(self._order.devices)} and of records about no device; the days "
                "are whole, because a seal covers a whole day"
            )
        said.append(
            "nothing inside a pack shows that no record was cut from its end, or that the log was not rewritten by "
            "whoever holds the runner's key: compare it with a head that somebody else kept"
        )
        return (*said, *source.verification.limits)


def requirement_path(number: str) -> str:
    """Return where the list of a requirement lies in the pack."""
    return f"by-requirement/{number}.csv"


def proof_path(sequence: int) -> str:
    """Return where the proof of a record lies in the pack."""
    return f"proofs/{sequence:09d}.tlog-proof"


def _proved(view: RecordView, proofs: frozenset[int]) -> RecordView:
    return dataclasses.replace(view, proof=proof_path(view.sequence)) if view.sequence in proofs else view
