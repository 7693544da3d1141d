"""The recorder's part about the log itself: its start, its keepers, its keys and its own failures.

Input: terms, counts, causes. Output: change records in the ledger.
"""

import datetime
from collections.abc import Sequence

from murenger.model import Approval, ChangeRecord, Device, Digest
from murenger.record import log_drafts, notice_drafts
from murenger.record.appending import Appender, document_of
from murenger.record.executor import Found, LogTerms, Population
from murenger.record.groups import hex_of
from murenger.record.notices import Export, KeyEvent, Prune, Review


class LogRecorder(Appender):
    """Writes change records about the log, the runner and its failures."""

    def start_log(self, terms: LogTerms) -> ChangeRecord | None:
        """Write the first record of a log, which binds the trust files; None if the log has begun already.

        Raises:
            RecordError: the terms are not valid, or the ledger cannot be written.
        """
        if self._ledger.head() is not None:
            return None
        return self._append(log_drafts.genesis_draft(terms, self._origin))

    def recovered(self, found: Sequence[Found]) -> tuple[ChangeRecord, ...]:
        """Record what a crash left behind and what was done about it; nothing where nothing was found."""
        return tuple(
            self.recovery(
                cause=item.cause, affected=item.file, sha256=item.sha256, found=item.cause, action=item.action
            )
            for item in found
        )

    def failed(
        self,
        *,
        control: str,
        cause: str,
        subject: tuple[str, str],
        device: Device | None = None,
        started: datetime.datetime | None = None,
        last_good: datetime.datetime | None = None,
    ) -> ChangeRecord:
        """Record that a control of ours failed: a device unreachable, a scan late, an anchor behind, an outage.

        Args:
            control: what no longer works.
            cause: why, as far as is known.
            subject: (name, hex digest) of the affected configuration or inventory.
            device: the device concerned, or None.
            started: when it began to fail, as far as is known; now if None.
            last_good: when the control was last seen to work, or None; tells how long the failure went unseen at most.
        """
        now = self._clock.now()
        draft = log_drafts.failure_draft(
            control=control,
            cause=cause,
            subject=subject,
            device=device,
            started=started or now,
            latency_s=None if last_good is None else max(0, int((now - last_good).total_seconds())),
            redactor=self._redactor,
        )
        return self._append(draft)

    def restored(
        self,
        opening: ChangeRecord,
        *,
        remediation: str,
        restored_at: datetime.datetime,
        resumed_at: datetime.datetime | None,
    ) -> ChangeRecord:
        """Record that a control works again.

        Args:
            opening: the record that opened the failure.
            remediation: what was done, or what was seen.
            restored_at: when it worked again.
            resumed_at: when monitoring resumed: the first good observation afterwards; None where there was none yet.
        """
        return self._append(
            log_drafts.restored_draft(
                opening,
                remediation=self._redactor.plain(remediation),
                restored_at=restored_at,
                resumed_at=resumed_at,
            )
        )

    def heartbeat(self, population: Population) -> ChangeRecord:
        """Record that a scan was made, and how much it saw."""
        return self._append(log_drafts.heartbeat_draft(population))

    def runner_started(self, configuration: Digest, reason: str) -> ChangeRecord:
        """Record that the runner started, with which configuration and why."""
        return self._append(log_drafts.runner_draft("start", configuration, self._redactor.plain(reason)))

    def runner_stopped(self, configuration: Digest, reason: str) -> ChangeRecord:
        """Record that the runner stopped, and why."""
        return self._append(log_drafts.runner_draft("stop", configuration, self._redactor.plain(reason)))

    def key_event(
        self, event: KeyEvent, trust: Sequence[tuple[str, Digest]], *, approval: Approval | None = None
    ) -> ChangeRecord:
        """Record what happened to a key that signs.

        Args:
            event: what happened.
            trust: (file name, digest) of the trust files as they are afterwards; at least one.
            approval: the custodian's signed decision, or None.
        """
        files = tuple((name, hex_of(digest)) for name, digest in trust)
        return self._append(
            notice_drafts.key_event_draft(event, files, approval, self._redactor),
            documents=[] if approval is None else [document_of(approval)],
        )

    def pruned(self, prune: Prune) -> ChangeRecord:
        """Record which sealed days are about to be removed; called before anything is."""
        return self._append(notice_drafts.prune_draft(prune))

    def exported(self, export: Export, manifests: Sequence[tuple[str, str]]) -> ChangeRecord:
        """Record that an evidence pack was handed out.

        Args:
            export: to whom, what for, which records.
            manifests: (name, hex digest) of what was handed out, such as each day's SHA256SUMS; at least one.
        """
        return self._append(notice_drafts.export_draft(export, tuple(manifests), self._redactor))

    def reviewed(self, review: Review, approval: Approval) -> ChangeRecord:
        """Record a person's review, with the decision file that they signed."""
        return self._append(
            notice_drafts.review_draft(review, approval, self._redactor), documents=[document_of(approval)]
        )
