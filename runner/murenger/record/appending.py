"""Appending: how a draft gets its place in the log.

Input: drafts. Output: change records, durable when the call returns.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Sequence

from murenger.errors import ApprovalError
from murenger.model import Approval, ChangeRecord, Device, RecordKind
from murenger.ports import Clock, Ledger
from murenger.record import log_drafts
from murenger.record.executor import AnchorSeen, Executor
from murenger.record.groups import anchor_seen_group, time_text
from murenger.record.reading import written_at
from murenger.record.redaction import Redactor
from murenger.record.statement import Draft, statement_bytes

# Clocks are stepped by less than this in ordinary synchronisation; only more is worth a record of its own.
CLOCK_STEP = datetime.timedelta(seconds=1)


def no_anchor() -> AnchorSeen | None:
    """Return None: nobody else holds a head of this log."""
    return None


class Appender:
    """Writes drafts into one log.

    Args:
        ledger: where they go.
        origin: name of the log.
        clock: the time.
        executor: who acts.
        redactor: replaces placeholders of secrets.
        devices: the inventory, for addresses and zones; a device not in it is recorded without them.
        anchoring: unanchored while no anchor is configured, else before_change or queue.
        anchor_seen: returns the newest head that somebody else holds, or None.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        origin: str,
        clock: Clock,
        executor: Executor,
        redactor: Redactor,
        devices: Sequence[Device] = (),
        anchoring: str = "unanchored",
        anchor_seen: Callable[[], AnchorSeen | None] = no_anchor,
    ) -> None:
        self._ledger = ledger
        self._origin = origin
        self._clock = clock
        self._executor = executor
        self._redactor = redactor
        self._devices = {device.name: device for device in devices}
        self._anchoring = anchoring
        self._anchor_seen = anchor_seen

    def recovery(self, *, cause: str, affected: str, sha256: str, found: str, action: str) -> ChangeRecord:
        """Record a crash, clock step or stray file, and what was done.

        Args:
            cause: lower-case words joined by hyphens.
            affected: the record or file.
            sha256: hex digest of its bytes.
            found: what was found.
            action: what was done.
        """
        plain = self._redactor.plain
        return self._append(
            log_drafts.recovery_draft(
                cause=cause, affected=plain(affected), sha256=sha256, found=plain(found), action=plain(action)
            )
        )

    def _append(
        self,
        draft: Draft,
        *,
        documents: Sequence[tuple[bytes, str]] = (),
        before: Callable[[str], None] | None = None,
        approval: Approval | None = None,
    ) -> ChangeRecord:
        """Append a record.

        Args:
            draft: what it says.
            documents: what it cites.
            before: called with the hex digest of the record's bytes before they are written, or None.
            approval: what must still be valid at the time that the record gives itself, or None.

        Raises:
            ApprovalError: it has ended; nothing is written.
        """
        if draft.kind is not RecordKind.RECOVERY:
            self._note_clock_step()
        seen = self._anchor_seen()
        if seen is not None:
            draft = dataclasses.replace(draft, groups={**draft.groups, "anchor_seen": anchor_seen_group(seen)})

        def build(sequence: int, previous_sha256: str) -> bytes:
            now = self._clock.now()
            if approval is not None and now > approval.expires_at:
                raise ApprovalError(
                    f"the approval ended at {time_text(approval.expires_at)}",
                    hint="make a new plan, and have it signed",
                )
            content = self._build(draft, sequence, previous_sha256, at=now)
            if before is not None:
                before(hashlib.sha256(content).hexdigest())
            return content

        return self._ledger.append(build, documents=documents)

    def _build(self, draft: Draft, sequence: int, previous_sha256: str, *, at: datetime.datetime) -> bytes:
        return statement_bytes(
            draft,
            origin=self._origin,
            sequence=sequence,
            previous_sha256=previous_sha256,
            written_at=at,
            executor=self._executor,
        )

    def _note_clock_step(self) -> None:
        head = self._ledger.head()
        now = self._clock.now()
        if head is None or written_at(head) <= now + CLOCK_STEP:
            return
        self.recovery(
            cause="clock-step",
            affected=f"record {head.sequence}",
            sha256=head.sha256,
            found=f"the clock shows {time_text(now)}, earlier than the newest record ({time_text(written_at(head))})",
            action="recording goes on in the newest day",
        )


def document_of(approval: Approval) -> tuple[bytes, str]:
    """Return an approval's decision file and its signature, as the ledger keeps them."""
    return approval.decision, approval.signature
