"""A case in which nothing speaks against the change, for tests that let one thing speak against it."""

import dataclasses
import datetime
from collections.abc import Callable
from typing import TypeAlias

import pytest

from murenger.config.settings import GuardSettings
from murenger.heal.guards import ClockFacts, GuardCase, LedgerFacts, SecondRead, TrustFacts
from murenger.model import (
    Device,
    Difference,
    Drift,
    Golden,
    Operation,
    OutcomeVerdict,
    PastOutcome,
    PeerIdentity,
    Plan,
    SafetyNet,
    Snapshot,
    SnapshotKind,
)
from murenger.model.impact import NOT_ASSESSED

NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
HEAD = "hostname leaf1\n!\ninterface Management1\n   ip address 192.0.2.1/24\n!\nip access-list edge\n"
GOLDEN = HEAD + "   10 deny ip any any\n"
LIVE = HEAD + "   10 permit ip any host 192.0.2.1\n   20 deny ip any any\n"
REVISION = "a" * 40

MakeCase: TypeAlias = Callable[..., GuardCase]
MakePast: TypeAlias = Callable[..., PastOutcome]


def text_of(text: str, kind: SnapshotKind = SnapshotKind.RUNNING, platform: str = "eos") -> Snapshot:
    """Return a snapshot of leaf1 with that text."""
    return Snapshot(
        device="leaf1",
        platform=platform,
        kind=kind,
        text=text,
        taken_at=NOON,
        identity=PeerIdentity.CERTIFICATE,
        driver="eos 5.2.0",
        os_version="4.32.0F",
        serial="SN1",
    )


def case_of(
    *,
    live: str = LIVE,
    golden: str = GOLDEN,
    platform: str = "eos",
    differences: int = 1,
    **facts: object,
) -> GuardCase:
    """Return the case of one change to leaf1."""
    seen, wanted = text_of(live, platform=platform), text_of(golden, SnapshotKind.GOLDEN, platform)
    difference = Difference(path=("x",), operation=Operation.ADDED, golden=None, live="y")
    drift = Drift(
        device="leaf1",
        platform=platform,
        golden_digest=wanted.digest,
        live_digest=seen.digest,
        differences=(difference,) * differences,
        impact=NOT_ASSESSED,
        detected_at=NOON,
    )
    plan = Plan(
        device="leaf1",
        platform=platform,
        serial="SN1",
        drift=drift,
        golden_revision=REVISION,
        candidate=golden,
        rollback=live,
        expected_digest=wanted.digest,
        steps=(),
        safety_net=SafetyNet.NATIVE_CONFIRM,
        revert_in_s=60,
        made_at=NOON,
        expires_at=NOON + datetime.timedelta(hours=1),
    )
    case = GuardCase(
        device=Device(name="leaf1", platform=platform, address="192.0.2.1", zone="dc"),
        plan=plan,
        live=seen,
        golden=Golden(
            snapshot=wanted,
            repository="golden",
            path="devices/leaf1/running.conf",
            revision=REVISION,
            approved_by="alice@example.net",
            key_fingerprint="SHA256:a",
            approved_at=NOON,
        ),
        now=NOON,
        limits=GuardSettings(),
        trust=TrustFacts(revision=REVISION, accepted=wanted.digest),
        clock=ClockFacts(synchronised=True, offset_s=0.001, error_s=0.01, newest_record_at=NOON),
        ledger=LedgerFacts(write_fault="", free_bytes=1 << 30, anchor_fault="", anchoring="unanchored"),
        zone_members=("leaf1", "leaf2", "leaf3", "leaf4"),
        read=SecondRead(snapshot=dataclasses.replace(seen)),
    )
    return dataclasses.replace(case, **facts)  # type: ignore[arg-type]  # each test gives a field its own type


def past_of(
    device: str, minutes_ago: float, verdict: str = "healed", *, zone: str = "dc", sequence: int = 1
) -> PastOutcome:
    """Return a change that ended some minutes before noon."""
    return PastOutcome(
        device=device,
        zone=zone,
        verdict=OutcomeVerdict(verdict),
        ended_at=NOON - datetime.timedelta(minutes=minutes_ago),
        drift_key="k",
        golden_sha256="g",
        actor="",
        sequence=sequence,
    )


@pytest.fixture
def make_case() -> MakeCase:
    """Give what makes a case."""
    return case_of


@pytest.fixture
def make_past() -> MakePast:
    """Give what makes an earlier change."""
    return past_of
