"""Golden revisions: which one counts, judged once, at first sight.

Input: the golden store, and the revision that the ledger says was accepted last. Output: the revision to compare with.
A commit's own date proves nothing, so a key's validity is judged at the time we first see the revision; after that the
ledger's record holds the approval, and an expired key no longer matters.
"""

import dataclasses
import datetime

from murenger.ports import GoldenStore


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRevision:
    """A golden revision and who approved it, as the ledger records it.

    Attributes:
        revision: full git commit id.
        approved_by: principal whose key signed it.
        key_fingerprint: `SHA256:...` of that key.
        approved_at: when it was first seen and accepted.
    """

    revision: str
    approved_by: str
    key_fingerprint: str
    approved_at: datetime.datetime


def resolve(
    store: GoldenStore, accepted: AcceptedRevision | None, at: datetime.datetime
) -> tuple[AcceptedRevision, bool]:
    """Return the golden revision that counts now, and whether it is new and must be recorded before it is used.

    Args:
        store: the golden repository.
        accepted: the last accepted revision by the ledger, or None if there has been none.
        at: now; a new revision's key is judged by it.

    Raises:
        GoldenMissingError: there is no repository or no commit.
        GoldenUntrustedError: the branch's head is new, and unsigned, signed by a stranger or a key not valid now, or
            not a descendant of the accepted revision (it was rolled back or replaced).
    """
    head = store.head()
    if accepted is not None and head == accepted.revision:
        return accepted, False
    signatory = store.check(head, accepted=accepted.revision if accepted else None, at=at)
    new = AcceptedRevision(
        revision=head,
        approved_by=signatory.principal,
        key_fingerprint=signatory.key_fingerprint,
        approved_at=at,
    )
    return new, True
