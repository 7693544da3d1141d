"""What people and the log's keepers do besides healing: reviews, keys, pruning, exports, waivers and grants.

Input: facts that wiring and the command line collect. Output: values that `notice_drafts` turns into records.
"""

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """What happened to a key that signs.

    Attributes:
        action: add, rotate, expire or compromise.
        principal: whose key.
        key_fingerprint: `SHA256:...` of the key.
        namespaces: what it may sign, at least one.
        valid_from: from when on it counts, or None where that is not bounded.
        valid_until: until when, or None.
        suspect_from: from when on its signatures are in doubt, or None.
        suspect: numbers of the records that no anchor covered when the key was found compromised.
        replaces: `SHA256:...` of the key that it follows, or "".
        reason: why, one clause, or "".
    """

    action: str
    principal: str
    key_fingerprint: str
    namespaces: tuple[str, ...]
    valid_from: datetime.datetime | None = None
    valid_until: datetime.datetime | None = None
    suspect_from: datetime.datetime | None = None
    suspect: tuple[int, ...] = ()
    replaces: str = ""
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrunedDay:
    """One sealed day whose records are to be removed.

    Attributes:
        day: `YYYY-MM-DD`.
        first: number of its first record.
        last: number of its last record.
        manifest: hex digest of its SHA256SUMS, which stays.
    """

    day: str
    first: int
    last: int
    manifest: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CarriedGolden:
    """The accepted golden policy of a device whose own golden record is removed.

    Attributes:
        device: the device.
        commit: full git commit id.
        path: path of the policy inside the repository.
        approved_sha256: hex digest of its text.
        signer: principal whose key signed the revision.
        key_fingerprint: `SHA256:...` of that key.
        accepted_at: when it was adopted, or None where the record does not say.
        at_sequence: number of the record that adopted it.
    """

    device: str
    commit: str
    path: str
    approved_sha256: str
    signer: str
    key_fingerprint: str
    accepted_at: datetime.datetime | None
    at_sequence: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """Days that are about to be removed.

    Attributes:
        days: sealed days, oldest first, at least one.
        retention_days: days that records are kept, >= 366.
        before: the first day that is kept, `YYYY-MM-DD`.
        carried: what the removed records say that must not be forgotten.
    """

    days: tuple[PrunedDay, ...]
    retention_days: int
    before: str
    carried: tuple[CarriedGolden, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An evidence pack that was handed out.

    Attributes:
        recipient: who got it.
        purpose: what for.
        start: the pack holds records from here.
        end: to here.
        head_sha256: hex digest of the newest record in it.
        devices: devices it was limited to; empty where it was not limited.
    """

    recipient: str
    purpose: str
    start: datetime.datetime
    end: datetime.datetime
    head_sha256: str
    devices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What a reviewer found about one thing.

    Attributes:
        subject: what it is about, such as a record or a rule.
        disposition: lower-case words joined by hyphens, such as accepted or to-be-removed.
        at_sequence: number of the record concerned, or None.
        comment: one clause, or "".
        further_action: what remains to be done about a failure, or "".
        prevention: what keeps a failure from happening again, or "".
    """

    subject: str
    disposition: str
    at_sequence: int | None = None
    comment: str = ""
    further_action: str = ""
    prevention: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person's review.

    Attributes:
        start: begin of the period reviewed.
        end: its end.
        items: how many things were looked at.
        dispositions: what was found, where something was.
        independent: whether the reviewer had no part in what was reviewed; None where nobody said.
        next_due: when the next review is due, or None.
    """

    start: datetime.datetime
    end: datetime.datetime
    items: int
    dispositions: tuple[Disposition, ...] = ()
    independent: bool | None = None
    next_due: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A difference that was accepted until a date.

    Attributes:
        identity: its name, letters, digits, dot, underscore and hyphen.
        action: opened, renewed, expired or revoked.
        scope: what is accepted, one clause.
        owner: who answers for it.
        justification: why.
        expires_at: when it ends.
        compensating_control: what protects meanwhile, or "".
        ticket: reference elsewhere, or "".
    """

    identity: str
    action: str
    scope: str
    owner: str
    justification: str
    expires_at: datetime.datetime
    compensating_control: str = ""
    ticket: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Access that was granted for a time.

    Attributes:
        identity: its name, letters, digits, dot, underscore and hyphen.
        action: opened, used, closed or revoked.
        requester: who asked for it.
        rule: the rule that permits it.
        not_before: when it begins.
        expires_at: when it ends.
        removed_at: when the rule was removed from the device, or None.
        ticket: reference elsewhere, or "".
    """

    identity: str
    action: str
    requester: str
    rule: str
    not_before: datetime.datetime
    expires_at: datetime.datetime
    removed_at: datetime.datetime | None = None
    ticket: str = ""
