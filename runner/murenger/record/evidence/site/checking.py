"""How to check records without us: the anchors that cover them, and the stock commands to type.

Input: the pack's records and days. Output: receipts in reach of each record, and command lines safe to paste.
"""

import bisect
import dataclasses
import re
import shlex
from collections.abc import Iterator, Sequence

from murenger.record.evidence.view import DayView, RecordView
from murenger.record.reading import group_of, text_of

_DIGEST = re.compile(r"[0-9a-f]{64}")
_RECORD_ROLE = "change-record@murenger"
_ROLES = {"break-glass": "break-glass@murenger"}
_APPROVAL_ROLE = "change-approval@murenger"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What somebody else holds of the log at a record or soon after; it covers everything before.

    Attributes:
        record: the record that was the newest then.
        receipts: paths of the receipts in the pack.
    """

    record: RecordView
    receipts: tuple[str, ...]


class Anchored:
    """Finds the first anchor that covers a record; one pass over the records, then a search."""

    def __init__(self, records: Sequence[RecordView]) -> None:
        covers = [Cover(record=record, receipts=record.receipts) for record in records if record.receipts]
        self._covers = covers
        self._numbers = [cover.record.sequence for cover in covers]

    def cover_of(self, record: RecordView) -> Cover | None:
        """Return the first anchor taken at the record or after it, or None if there is none in the pack."""
        place = bisect.bisect_left(self._numbers, record.sequence)
        return self._covers[place] if place < len(self._covers) else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordFiles:
    """One record as a change's page lists it for checking.

    Attributes:
        record: the record.
        cover: the first anchor that covers it, or None.
        day: its day, or None where the pack does not list it.
        attachments: (name, path in the pack) pairs of what lies beside it.
    """

    record: RecordView
    cover: Cover | None
    day: DayView | None
    attachments: tuple[tuple[str, str], ...]


def files_of(record: RecordView, anchored: Anchored, days: dict[str, DayView]) -> RecordFiles:
    """Return how one record is checked."""
    return RecordFiles(
        record=record,
        cover=anchored.cover_of(record),
        day=days.get(record.day),
        attachments=tuple(_attachments(record)),
    )


def _attachments(record: RecordView) -> Iterator[tuple[str, str]]:
    listed = record.said.get("attachments")
    for item in listed if isinstance(listed, list) else []:
        digest = text_of(item, "sha256") if isinstance(item, dict) else ""
        if _DIGEST.fullmatch(digest):
            yield text_of(item, "name") or "attachment", f"days/{record.day}/attachments/{digest}"


def commands_for(entries: Sequence[RecordFiles]) -> tuple[str, ...]:
    """Return the stock commands that check records, their decisions and time stamps, quoted for a POSIX shell."""
    digests = [shlex.quote(f"{entry.record.sha256}  {entry.record.path}") for entry in entries]
    commands = [" \\\n  ".join([r"printf '%s\n'", *digests]) + " | sha256sum -c --strict"]
    for entry in entries:
        record = entry.record
        commands.append(_signature(text_of(group_of(record.said, "executor"), "runner_id"), _RECORD_ROLE, record.path))
        approval = group_of(record.said, "approval")
        if record.decision and text_of(approval, "principal"):
            role = _ROLES.get(text_of(approval, "mode"), _APPROVAL_ROLE)
            commands.append(_signature(text_of(approval, "principal"), role, record.decision))
        commands += _stamps(entry.cover)
    return tuple(dict.fromkeys(commands))


def _stamps(cover: Cover | None) -> list[str]:
    if cover is None:
        return []
    roots = ("-CAfile", "trust/tsa-roots.pem")
    tokens = (receipt for receipt in cover.receipts if receipt.endswith(".tsr"))
    return [_line("openssl", "ts", "-verify", "-data", cover.record.path, "-in", token, *roots) for token in tokens]


def _signature(principal: str, namespace: str, path: str) -> str:
    trust = ("-f", "trust/allowed_signers", "-I", principal, "-n", namespace, "-s", f"{path}.sig")
    return _line("ssh-keygen", "-Y", "verify", *trust) + " < " + shlex.quote(path)


def _line(*parts: str) -> str:
    return shlex.join(parts)
