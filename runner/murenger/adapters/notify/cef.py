"""An incident as a line of the Common Event Format.

Input: an incident. Output: one line, version 0 of the format, in which no text of a device ends a field.
"""

import json

from murenger.model.impact import Risk
from murenger.model.incident import Incident
from murenger.model.packet import packet_to_json
from murenger.record.evidence.cef import cef_text

# Source: ArcSight Common Event Format: 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high.
_SEVERITIES = {Risk.LOW: 3, Risk.MEDIUM: 6, Risk.HIGH: 8, Risk.CRITICAL: 10}


def incident_line(incident: Incident, *, version: str) -> str:
    """Return an incident as a CEF line, without line end and without control characters.

    Args:
        incident: the incident.
        version: of murenger.
    """
    witness = json.dumps(packet_to_json(incident.witnesses[0])) if incident.witnesses else ""
    values = (
        ("rt", str(int(incident.at.timestamp() * 1000))),
        ("start", str(int(incident.opened_at.timestamp() * 1000))),
        ("dvchost", incident.device),
        ("deviceZoneExternalID", incident.zone),
        ("externalId", incident.id),
        ("act", incident.phase.value),
        ("cn1", str(incident.number)),
        ("cn1Label", "number"),
        ("cs1", incident.tier.value if incident.tier else ""),
        ("cs1Label", "tier" if incident.tier else ""),
        ("cs2", ",".join(map(str, incident.records))),
        ("cs2Label", "records" if incident.records else ""),
        ("cs3", incident.origin),
        ("cs3Label", "origin"),
        ("cs4", incident.action),
        ("cs4Label", "todo" if incident.action else ""),
        ("cs5", witness),
        ("cs5Label", "witness" if witness else ""),
        ("reason", incident.summary),
        ("msg", "; ".join(incident.details)),
    )
    return cef_text((version, incident.kind.value, incident.title), _SEVERITIES[incident.severity], values)
