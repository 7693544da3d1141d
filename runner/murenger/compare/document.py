"""JSON for programs: what a drift did, read golden -> live.

Input: a drift. Output: a JSON object of the schema `murenger.drift/1`, without a secret.
"""

import datetime

from murenger.compare.impact_json import impact_json
from murenger.model import Difference, Drift, JsonValue
from murenger.secrets import redact

SCHEMA = "murenger.drift/1"


def render_json(drift: Drift) -> dict[str, JsonValue]:
    """Return a drift as a JSON object; device text is exact except that `<redacted>` stands for each secret."""
    return {
        "schema": SCHEMA,
        "device": drift.device,
        "platform": drift.platform,
        "in_sync": drift.in_sync,
        "golden_digest": drift.golden_digest,
        "live_digest": drift.live_digest,
        "detected_at": _time(drift.detected_at),
        "last_in_sync_at": _time(drift.last_in_sync_at),
        "differences": [_difference(difference) for difference in drift.differences],
        "impact": impact_json(drift.impact),
        "not_comparable": list(drift.not_comparable),
        "ignored": [_difference(difference) for difference in drift.ignored],
    }


def _difference(difference: Difference) -> dict[str, JsonValue]:
    return {
        "path": [redact(level) for level in difference.path],
        "operation": difference.operation.value,
        "golden": _text(difference.golden),
        "live": _text(difference.live),
        "golden_position": difference.golden_position,
        "live_position": difference.live_position,
        "severity": difference.severity.value,
    }


def _text(text: str | None) -> str | None:
    return None if text is None else redact(text)


def _time(at: datetime.datetime | None) -> str | None:
    return None if at is None else at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
