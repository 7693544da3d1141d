"""Drafts of records about reviews, keys, pruning, exports, waivers and grants.

Input: values of `notices`. Output: drafts that only lack their place in the log.
"""

from murenger.model import Approval, JsonValue, RecordKind
from murenger.record import groups
from murenger.record.groups import Group, maybe_time, time_text
from murenger.record.notices import CarriedGolden, Disposition, Export, Grant, KeyEvent, Prune, Review, Waiver
from murenger.record.redaction import Redactor
from murenger.record.statement import Draft, Event


def key_event_draft(
    event: KeyEvent, trust: tuple[tuple[str, str], ...], approval: Approval | None, redactor: Redactor
) -> Draft:
    """Return what happened to a key.

    Args:
        event: what happened.
        trust: (name, hex digest) of the trust files as they are afterwards; at least one.
        approval: the custodian's decision, or None where the old key alone announces it.
        redactor: for the reason.
    """
    return Draft(
        kind=RecordKind.KEY_EVENT,
        subjects=tuple((f"trust/{name}", sha256) for name, sha256 in trust),
        event=Event(type=f"key-{event.action}", result="success", object=f"key of {event.principal}"),
        groups={
            **_authority(approval),
            "key-event": {
                "action": event.action,
                "principal": event.principal,
                "key_fp": event.key_fingerprint,
                "namespaces": list(event.namespaces),
                "valid_from": maybe_time(event.valid_from),
                "valid_until": maybe_time(event.valid_until),
                "suspect_from": maybe_time(event.suspect_from),
                "suspect": list(event.suspect),
                "replaces_key_fp": event.replaces or None,
                "reason": redactor.plain(event.reason) or None,
            },
        },
    )


def prune_draft(prune: Prune) -> Draft:
    """Return which days are about to be removed; their manifests stay and are its subject."""
    return Draft(
        kind=RecordKind.PRUNE,
        subjects=tuple((f"days/{day.day}/SHA256SUMS", day.manifest) for day in prune.days),
        event=Event(type="records-pruned", result="success", object=f"{len(prune.days)} days before {prune.before}"),
        groups={
            "prune": {
                "days": [
                    {"day": day.day, "first": day.first, "last": day.last, "manifest": day.manifest}
                    for day in prune.days
                ],
                "policy": {"retention_days": prune.retention_days, "before": prune.before},
                "carried": [_carried(golden) for golden in prune.carried],
            }
        },
    )


def _carried(golden: CarriedGolden) -> Group:
    return {
        "device": golden.device,
        "commit": golden.commit,
        "path": golden.path,
        "approved_sha256": golden.approved_sha256,
        "signer": golden.signer,
        "key_fp": golden.key_fingerprint,
        "accepted_at": maybe_time(golden.accepted_at),
        "at_sequence": golden.at_sequence,
    }


def export_draft(export: Export, manifests: tuple[tuple[str, str], ...], redactor: Redactor) -> Draft:
    """Return that an evidence pack was handed out.

    Args:
        export: to whom, what for, which records.
        manifests: (name, hex digest) of what was handed out, such as the days' SHA256SUMS; at least one.
        redactor: for recipient and purpose.
    """
    return Draft(
        kind=RecordKind.EXPORT,
        subjects=manifests,
        event=Event(type="evidence-exported", result="success", object="evidence pack"),
        groups={
            "export": {
                "recipient": redactor.plain(export.recipient),
                "purpose": redactor.plain(export.purpose),
                "from": time_text(export.start),
                "to": time_text(export.end),
                "head_sha256": export.head_sha256,
                "devices": list(export.devices),
            }
        },
    )


def review_draft(review: Review, approval: Approval, redactor: Redactor) -> Draft:
    """Return a person's review, with the decision file that the reviewer signed."""
    return Draft(
        kind=RecordKind.REVIEW,
        subjects=((f"decision/{approval.decision_sha256}", approval.decision_sha256),),
        event=Event(type="review-made", result="success", object=f"{review.items} items"),
        groups={
            **_authority(approval),
            "review": {
                "period": {"from": time_text(review.start), "to": time_text(review.end)},
                "items": review.items,
                "dispositions": [_disposition(item, redactor) for item in review.dispositions],
                "independent": review.independent,
                "next_due": maybe_time(review.next_due),
            },
        },
    )


def _disposition(item: Disposition, redactor: Redactor) -> Group:
    return {
        "at_seq": item.at_sequence,
        "subject": redactor.plain(item.subject),
        "disposition": item.disposition,
        "comment": redactor.plain(item.comment) or None,
        "further_action": redactor.plain(item.further_action) or None,
        "prevention": redactor.plain(item.prevention) or None,
    }


def waiver_draft(waiver: Waiver, approval: Approval, redactor: Redactor) -> Draft:
    """Return that a difference was accepted until a date, or that this ended; the owner signed the decision file."""
    return Draft(
        kind=RecordKind.WAIVER,
        subjects=((f"decision/{approval.decision_sha256}", approval.decision_sha256),),
        event=Event(type=f"waiver-{waiver.action}", result="success", object=f"waiver {waiver.identity}"),
        groups={
            **_authority(approval),
            "waiver": {
                "id": waiver.identity,
                "action": waiver.action,
                "scope": redactor.plain(waiver.scope),
                "owner": waiver.owner,
                "justification": redactor.plain(waiver.justification),
                "compensating_control": redactor.plain(waiver.compensating_control) or None,
                "expires_at": time_text(waiver.expires_at),
                "ticket": waiver.ticket or None,
            },
        },
    )


def grant_draft(grant: Grant, approval: Approval, redactor: Redactor) -> Draft:
    """Return that access was granted, used or ended; its approver signed the decision file."""
    return Draft(
        kind=RecordKind.GRANT,
        subjects=((f"decision/{approval.decision_sha256}", approval.decision_sha256),),
        event=Event(type=f"grant-{grant.action}", result="success", object=f"grant {grant.identity}"),
        groups={
            **_authority(approval),
            "grant": {
                "id": grant.identity,
                "action": grant.action,
                "requester": grant.requester,
                "rule": redactor.parts(f"grant {grant.identity}", grant.rule),
                "not_before": time_text(grant.not_before),
                "expires_at": time_text(grant.expires_at),
                "removed_at": maybe_time(grant.removed_at),
                "ticket": grant.ticket or None,
            },
        },
    )


def _authority(approval: Approval | None) -> dict[str, JsonValue]:
    return {} if approval is None else {"approval": groups.approval_group(approval)}
