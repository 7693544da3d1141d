"""Incidents: what people are told, as one message that is brought up to date.

Input: what became of a drift or of a control. Output: values that notifiers send, and their form in JSON
(`murenger.incident/1`), which the outbox keeps too.
"""

import dataclasses
import datetime
import enum
import hashlib
import json
from collections.abc import Mapping

from murenger.model.impact import Risk
from murenger.model.json_value import JsonValue
from murenger.model.packet import Packet, packet_from_json, packet_to_json
from murenger.model.said import said_count, said_time
from murenger.model.tier import Tier

SCHEMA = "murenger.incident/1"
_ID_DIGITS = 32


class Phase(enum.Enum):
    """Where in its life an incident is."""

    OPENED = "opened"
    """The first message about it."""
    UPDATED = "updated"
    """Something changed: what differs, how grave that is, or what is done about it."""
    CLOSED = "closed"
    """It is over; no message about it follows."""


class IncidentKind(enum.Enum):
    """What happened last."""

    DRIFT = "drift"
    """Live differs from golden."""
    LOST_LOGGING = "lost-logging"
    """Live differs from golden, and something is no longer logged."""
    HELD = "held"
    """Nothing is done about a drift until a person acts."""
    FIGHT = "fight"
    """The same change keeps coming back, so healing is held."""
    GUARD_REFUSED = "guard-refused"
    """A guard refused the change before the device was touched."""
    HEAL_FAILED = "heal-failed"
    """A change did not end healed."""
    HEALED = "healed"
    """A change of ours returned live to golden."""
    IN_SYNC = "in-sync"
    """Live equals golden again without a change of ours."""
    NOT_JUDGED = "not-judged"
    """A device was read and could not be compared with golden."""
    UNREACHABLE = "unreachable"
    """A device cannot be read."""
    LEDGER_FAILED = "ledger-failed"
    """The ledger cannot be read or written."""
    ANCHOR_FAILED = "anchor-failed"
    """An anchor does not hold the head of the log."""
    CONTROL_FAILED = "control-failed"
    """Another control of ours does not work."""
    RESTORED = "restored"
    """What failed works again."""
    NOTICES_LOST = "notices-lost"
    """More messages waited for a channel than are kept; it stands for those that were not."""
    TEST = "test"
    """Somebody tries the channel."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One message about one incident; each stands for itself and replaces those with lower numbers.

    Texts are one line each, without secrets; they may quote a device, so whoever shows them escapes them.

    Attributes:
        id: the same in all messages about it; letters, digits and underscore.
        number: 1 for the first message, one more for each later one.
        phase: opened, updated or closed.
        kind: what happened last.
        severity: how grave it is now.
        peak: how grave it ever was.
        origin: name of the log.
        device: name of the device, or "".
        zone: its zone, or "".
        title: what happened.
        opened_at: when the first message was made.
        at: when this one was.
        tier: how grave the drift is by its traffic, or None where there is no drift.
        summary: what the drift lets through, or "".
        details: more of the same, most important first.
        action: what a person should do next, or "".
        records: numbers of the records that tell of it, oldest first.
        witnesses: packets that show what the drift did.
    """

    id: str
    number: int
    phase: Phase
    kind: IncidentKind
    severity: Risk
    peak: Risk
    origin: str
    device: str
    zone: str
    title: str
    opened_at: datetime.datetime
    at: datetime.datetime
    tier: Tier | None = None
    summary: str = ""
    details: tuple[str, ...] = ()
    action: str = ""
    records: tuple[int, ...] = ()
    witnesses: tuple[Packet, ...] = ()

    @property
    def message_id(self) -> str:
        """What tells whether a message is one that was received already."""
        return f"{self.id}_{self.number}"


def incident_id(*names: str) -> str:
    """Return the identity of an incident: of the same names always the same, of others another."""
    return "inc_" + hashlib.sha256(json.dumps(names).encode("utf-8")).hexdigest()[:_ID_DIGITS]


def is_at_least(severity: Risk, least: Risk) -> bool:
    """Tell whether something is at least so grave."""
    order = list(Risk)
    return order.index(severity) >= order.index(least)


def worst_of(*severities: Risk) -> Risk:
    """Return the gravest of some severities, low where there is none."""
    return max(severities, key=list(Risk).index, default=Risk.LOW)


def incident_to_json(incident: Incident) -> dict[str, JsonValue]:
    """Return an incident as a JSON object of the form `murenger.incident/1`."""
    return {
        "id": incident.id,
        "number": incident.number,
        "phase": incident.phase.value,
        "kind": incident.kind.value,
        "severity": incident.severity.value,
        "peak": incident.peak.value,
        "tier": incident.tier.value if incident.tier else None,
        "origin": incident.origin,
        "device": incident.device or None,
        "zone": incident.zone or None,
        "title": incident.title,
        "summary": incident.summary or None,
        "details": list(incident.details),
        "action": incident.action or None,
        "records": list(incident.records),
        "witnesses": [packet_to_json(packet) for packet in incident.witnesses],
        "opened_at": time_text(incident.opened_at),
        "at": time_text(incident.at),
    }


def incident_from_json(said: Mapping[str, object]) -> Incident:
    """Return the incident that a JSON object describes.

    Raises:
        ValueError: it describes none.
    """
    try:
        return Incident(
            id=str(said["id"]),
            number=said_count(said["number"]),
            phase=Phase(said["phase"]),
            kind=IncidentKind(said["kind"]),
            severity=Risk(said["severity"]),
            peak=Risk(said["peak"]),
            tier=None if said["tier"] is None else Tier(said["tier"]),
            origin=str(said["origin"]),
            device=str(said["device"] or ""),
            zone=str(said["zone"] or ""),
            title=str(said["title"]),
            summary=str(said["summary"] or ""),
            details=tuple(map(str, _list(said["details"]))),
            action=str(said["action"] or ""),
            records=tuple(map(said_count, _list(said["records"]))),
            witnesses=tuple(packet_from_json(_mapping(item)) for item in _list(said["witnesses"])),
            opened_at=said_time(said["opened_at"]),
            at=said_time(said["at"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"not an incident: {exc}") from exc


def time_text(at: datetime.datetime) -> str:
    """Return a time in UTC as RFC 3339 has it, to the microsecond."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value
