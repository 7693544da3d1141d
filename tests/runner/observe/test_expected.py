"""Golden takes the same form as live, and holds no secret."""

import datetime
from collections.abc import Callable

import pytest

from murenger.dialects import PLATFORMS
from murenger.errors import ParseError, SecretError, UnsupportedPlatformError
from murenger.model import Device, RawRead, SnapshotKind
from murenger.observe import canonical, golden_snapshot
from murenger.ports import GoldenFile
from murenger.secrets import Fingerprinter


def _golden(text: str, platform: str) -> GoldenFile:
    return GoldenFile(text=text, platform=platform, path="x", sidecar=None)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_accepted_live_is_golden_without_difference(
    platform: str,
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    fingerprinter: Fingerprinter,
    now: datetime.datetime,
) -> None:
    live, _ = canonical(raw(platform), device(platform), fingerprinter, SnapshotKind.RUNNING)
    golden = golden_snapshot(device(platform), _golden(live.text, platform), live.text, taken_at=now)
    assert golden.digest == live.digest
    assert golden.fingerprints == live.fingerprints
    assert golden.kind is SnapshotKind.GOLDEN


def test_a_secret_in_the_clear_is_refused_without_being_shown(
    device: Callable[..., Device], now: datetime.datetime
) -> None:
    text = "username x secret 0 canary-value\n!\nend\n"
    with pytest.raises(SecretError, match="in the clear") as caught:
        golden_snapshot(device("eos"), _golden(text, "eos"), text, taken_at=now)
    assert "canary-value" not in str(caught.value)


def test_a_placeholder_copied_to_another_place_is_refused(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter, now: datetime.datetime
) -> None:
    live, _ = canonical(raw("eos"), device("eos"), fingerprinter, SnapshotKind.RUNNING)
    admin, auditor = (holder for path, holder in live.fingerprints if path.startswith("secret "))
    text = live.text.replace(auditor, admin)
    with pytest.raises(SecretError, match="another place"):
        golden_snapshot(device("eos"), _golden(text, "eos"), text, taken_at=now)
    text = live.text.replace("description uplink", f"description {admin}")
    with pytest.raises(SecretError, match="another place"):
        golden_snapshot(device("eos"), _golden(text, "eos"), text, taken_at=now)
    text = live.text.replace("description uplink", "description <murenger-secret:00>")
    with pytest.raises(SecretError, match="broken"):
        golden_snapshot(device("eos"), _golden(text, "eos"), text, taken_at=now)


def test_golden_that_is_no_configuration_is_refused(device: Callable[..., Device], now: datetime.datetime) -> None:
    with pytest.raises(ParseError):
        golden_snapshot(device("junos"), _golden("a {\n", "junos"), "a {\n", taken_at=now)
    with pytest.raises(UnsupportedPlatformError):
        golden_snapshot(device("junos"), _golden("", "panos"), "", taken_at=now)
