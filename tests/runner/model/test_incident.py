"""An incident is the same after its form in JSON, and another text is none."""

import json

import pytest
from tests.notify_peers import incident

from murenger.model import Risk
from murenger.model.incident import incident_from_json, incident_id, incident_to_json, is_at_least, worst_of


def test_an_incident_survives_its_json() -> None:
    for told in (incident(), incident(device="", zone="", tier=None, witnesses=(), records=())):
        assert incident_from_json(json.loads(json.dumps(incident_to_json(told)))) == told


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": True},
        {"phase": "over"},
        {"kind": None},
        {"severity": "dire"},
        {"details": "x"},
        {"witnesses": [3]},
        {"witnesses": [{"src": "x", "dst": "y", "proto": "tcp"}]},
        {"at": "2026-11-22T07:05:09"},
        {"at": "soon"},
    ],
)
def test_what_is_no_incident_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not an incident"):
        incident_from_json({**incident_to_json(incident()), **change})
    with pytest.raises(ValueError, match="not an incident"):
        incident_from_json({name: value for name, value in incident_to_json(incident()).items() if name not in change})


def test_an_identity_is_stable_and_of_its_names_alone() -> None:
    assert incident_id("a", "b") == incident_id("a", "b")
    assert len({incident_id("a", "b"), incident_id("ab"), incident_id("a", "b", ""), incident_id('a", "b')}) == 4


def test_severities_have_an_order() -> None:
    assert is_at_least(Risk.HIGH, Risk.HIGH)
    assert not is_at_least(Risk.MEDIUM, Risk.HIGH)
    assert worst_of(Risk.LOW, Risk.CRITICAL, Risk.HIGH) is Risk.CRITICAL
    assert worst_of() is Risk.LOW
