"""What single records tell that later decisions rest on.

Input: one change record. Output: the golden policy it adopts or carries on, the read it tells of, when drift ended.
"""

import dataclasses
import datetime
from collections.abc import Iterator

from murenger.model import ChangeRecord, Digest, Held, JsonValue, OutcomeVerdict, PastOutcome, RecordKind
from murenger.record.reading import Group, group_of, number_of, predicate_of, text_of, time_of


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
        sequence: number of the record that adopted it, which may be pruned.
    """

    revision: str
    device: str
    path: str
    digest: Digest
    signer: str
    key_fingerprint: str
    accepted_at: datetime.datetime | None
    sequence: int


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


def itself(record: ChangeRecord, _key: str) -> ChangeRecord:
    """Return the record: it is what is to be known."""
    return record


def golden_in(record: ChangeRecord, device: str) -> AcceptedGolden | None:
    """Return the golden policy of a device that a record adopts or carries on."""
    said = predicate_of(record)
    if record.kind is RecordKind.GOLDEN:
        return _accepted(group_of(said, "golden"), device, time_of(said, "written_at"), record.sequence)
    for carried in carried_in(said):
        adopted = number_of(carried, "at_sequence")
        if text_of(carried, "device") == device and adopted is not None:
            return _accepted(carried, device, time_of(carried, "accepted_at"), adopted)
    return None


def _accepted(said: Group, device: str, at: datetime.datetime | None, sequence: int) -> AcceptedGolden:
    return AcceptedGolden(
        revision=text_of(said, "commit"),
        device=device,
        path=text_of(said, "path"),
        digest=Digest("sha256:" + text_of(said, "approved_sha256")),
        signer=text_of(said, "signer"),
        key_fingerprint=text_of(said, "key_fp"),
        accepted_at=at,
        sequence=sequence,
    )


def carried_in(said: Group) -> Iterator[Group]:
    """Yield the golden policy that a prune record carries on, one device after the other."""
    carried: JsonValue = group_of(said, "prune").get("carried")
    for item in carried if isinstance(carried, list) else []:
        if isinstance(item, dict):
            yield item


def hold_in(record: ChangeRecord, _device: str) -> str:
    """Return why a record says that healing was refused."""
    return text_of(group_of(predicate_of(record), "hold"), "detail")


def refused_in(record: ChangeRecord, _key: str) -> tuple[str, str] | None:
    """Return the hex digests of live and golden for which a guard refused to heal, if a record tells of that."""
    said = predicate_of(record)
    if not text_of(group_of(said, "hold"), "guard"):
        return None
    live, golden = group_of(said, "before"), group_of(said, "golden")
    return text_of(live, "normalised_sha256"), text_of(golden, "approved_sha256")


def in_sync_in(record: ChangeRecord, _device: str) -> datetime.datetime | None:
    """Return when a record that ends a drift says that live equalled golden again."""
    said = predicate_of(record)
    if record.kind is RecordKind.OUTCOME:
        return time_of(group_of(said, "times"), "finished")
    return time_of(group_of(said, "drift"), "detected_at")


def good_in(record: ChangeRecord, _device: str) -> GoodRead | None:
    """Return the newest whole read that a record tells the size of."""
    said = predicate_of(record)
    for name in ("after", "before"):
        state = group_of(said, name)
        size_bytes = number_of(state, "size_bytes")
        if size_bytes is not None and state.get("complete") is True:
            return GoodRead(
                digest=Digest("sha256:" + text_of(state, "normalised_sha256")),
                size_bytes=size_bytes,
                rule_count=number_of(state, "rule_count"),
                read_at=time_of(state, "fetched_at"),
            )
    return None


def past_in(record: ChangeRecord, _key: str) -> PastOutcome | None:
    """Return how a change ended, as its outcome record tells."""
    said = predicate_of(record)
    ended_at = time_of(group_of(said, "times"), "finished") or time_of(said, "written_at")
    if ended_at is None:
        return None
    device, drift = group_of(said, "device"), group_of(said, "drift")
    return PastOutcome(
        device=record.device,
        zone=text_of(device, "zone"),
        verdict=OutcomeVerdict(text_of(group_of(said, "outcome"), "verdict")),
        ended_at=ended_at,
        drift_key=text_of(drift, "key"),
        golden_sha256=text_of(group_of(said, "golden"), "approved_sha256"),
        actor=text_of(group_of(said, "actor"), "claimed"),
        sequence=record.sequence,
        drift_id=text_of(drift, "id"),
        drift_since=time_of(drift, "first_bad"),
        # After a crash nobody can say when it began, but what was read then tells that it was under way.
        started=time_of(group_of(said, "times"), "started") is not None or bool(group_of(said, "test").get("post")),
    )


def held_in(record: ChangeRecord, device: str) -> Held | None:
    """Return that a device waits for a person, if an outcome leaves it in a state that is not proven."""
    past = past_in(record, device)
    if past is None or past.verdict not in (OutcomeVerdict.PARTIAL, OutcomeVerdict.UNKNOWN):
        return None
    return Held(verdict=past.verdict, since=past.ended_at, sequence=record.sequence)
