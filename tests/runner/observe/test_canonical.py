"""One read becomes a snapshot only if it is the whole running configuration of this very device."""

from collections.abc import Callable

import pytest

from murenger.dialects import PLATFORMS
from murenger.errors import IdentityError, IncompleteConfigError, UnsupportedPlatformError
from murenger.model import Device, PeerIdentity, RawRead, Snapshot, SnapshotKind
from murenger.observe import canonical
from murenger.secrets import Fingerprinter


def _snapshot(raw: RawRead, device: Device, fingerprinter: Fingerprinter) -> Snapshot:
    return canonical(raw, device, fingerprinter, SnapshotKind.RUNNING)[0]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_whole_read_becomes_a_snapshot_without_secrets(
    platform: str, raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    read = raw(platform, os_version="1.2", serial="S1")
    snapshot, values = canonical(read, device(platform), fingerprinter, SnapshotKind.RUNNING)
    assert snapshot.platform == platform
    assert snapshot.kind is SnapshotKind.RUNNING
    assert (snapshot.os_version, snapshot.serial, snapshot.driver) == ("1.2", "S1", "test 1")
    assert len(values) == len(snapshot.fingerprints)
    assert not any(value in snapshot.text for value in values.values())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_line_ends_and_reading_again_change_nothing(
    platform: str,
    raw: Callable[..., RawRead],
    texts: dict[str, str],
    device: Callable[..., Device],
    fingerprinter: Fingerprinter,
) -> None:
    once = _snapshot(raw(platform), device(platform), fingerprinter)
    crlf = _snapshot(raw(platform, texts[platform].replace("\n", "\r\n")), device(platform), fingerprinter)
    assert once == crlf


def test_volatile_parts_of_nft_change_nothing_and_quoted_ones_are_kept(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    plain = (
        "table ip x {\n\tcounter n {\n\t}\n\n\tquota q {\n\t\tover 5 mbytes\n\t}\n\n"
        "\tset s {\n\t\telements = { 192.0.2.1 timeout 1h }\n\t}\n\n"
        '\tchain c {\n\t\tcounter accept comment "counter packets 1 bytes 2 # handle 3"\n\t}\n}\n'
    )
    loud = (
        plain.replace("counter n {\n", "counter n {\n\t\tpackets 3 bytes 44\n")
        .replace("mbytes", "mbytes used 20 bytes")
        .replace("1h", "1h expires 59m59s992ms")
        .replace("counter accept", "counter packets 9 bytes 10 accept")
        .replace('3"\n', '3" # handle 7\n')
        .replace("table ip x {", "table ip x { # handle 1")
    )
    quiet = _snapshot(raw("nftables", plain), device("nftables"), fingerprinter)
    assert quiet.text == plain
    assert _snapshot(raw("nftables", loud), device("nftables"), fingerprinter).text == plain


def test_headers_of_eos_and_junos_change_nothing(
    raw: Callable[..., RawRead], texts: dict[str, str], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    for platform, old, new in (
        ("eos", "EOS-4.33.1F", "EOS-4.33.2F"),
        ("junos", "03:04:05 UTC by admin", "09:09:09 UTC by root"),
    ):
        assert old in texts[platform]
        one = _snapshot(raw(platform), device(platform), fingerprinter)
        other = _snapshot(raw(platform, texts[platform].replace(old, new)), device(platform), fingerprinter)
        assert one.digest == other.digest


def test_who_changed_the_device_last_is_kept(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    assert _snapshot(raw("junos"), device("junos"), fingerprinter).attribution == "admin"
    assert _snapshot(raw("nftables"), device("nftables"), fingerprinter).attribution == ""


def test_who_changed_the_device_is_read_from_the_header_only(
    raw: Callable[..., RawRead], texts: dict[str, str], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    text = texts["junos"].replace("## Last commit", "## Something")
    text += 'x {\n    note "\n## Last commit: now by mallory\n";\n}\n'
    assert _snapshot(raw("junos", text), device("junos"), fingerprinter).attribution == ""


@pytest.mark.parametrize(
    ("hostname", "label", "name"),
    [
        ("fw1", None, "fw1"),
        ("FW1", None, "fw1"),
        ("fw1.example.net", None, "fw1"),
        ("fw1", None, "fw1.example.net"),
        ("other", "other", "fw1"),
        ("", None, "fw1"),
    ],
)
def test_the_devices_own_name_is_accepted(
    *,
    hostname: str,
    label: str | None,
    name: str,
    raw: Callable[..., RawRead],
    device: Callable[..., Device],
    fingerprinter: Fingerprinter,
) -> None:
    labels = (("hostname", label),) if label else ()
    it = device("nftables", name=name, labels=labels)
    assert _snapshot(raw("nftables", hostname=hostname), it, fingerprinter).device == name


@pytest.mark.parametrize(
    ("hostname", "name"),
    [("fw2", "fw1"), ("fw1.site-b", "fw1.site-a"), ("fw1x", "fw1"), ("fw", "fw1"), ("fw2.fw1", "fw1")],
)
def test_another_name_is_another_device(
    hostname: str, name: str, raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    with pytest.raises(IdentityError, match="label"):
        _snapshot(raw("nftables", hostname=hostname), device("nftables", name=name), fingerprinter)


def test_a_file_has_no_identity_to_check(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    read = raw("eos", hostname="other", identity=PeerIdentity.FILE)
    assert _snapshot(read, device("eos"), fingerprinter).identity is PeerIdentity.FILE


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("eos", "! Command: show session-config named napalm_1\nhostname leaf1\n!\nend\n"),
        ("eos", "! Command: show startup-config\nhostname leaf1\n!\nend\n"),
        ("junos", "\n## Last changed: 2030-01-02 03:04:05 UTC\nversion 1;\n"),
    ],
)
def test_a_candidate_is_never_taken_for_running(
    platform: str, text: str, raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    with pytest.raises(IncompleteConfigError, match="candidate"):
        _snapshot(raw(platform, text), device(platform), fingerprinter)


def test_a_candidates_header_inside_a_banner_is_data(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    text = "! Command: show running-config\nbanner motd\n! Command: show session-config\nEOF\n!\nend\n"
    assert _snapshot(raw("eos", text), device("eos"), fingerprinter)


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("eos", ""),
        ("eos", "hostname leaf1\n"),
        ("eos", "hostname leaf1\n--More--\nend\n"),
        ("eos", "% Authorization denied for command 'show running-config'\nend\n"),
        ("eos", '{"jsonrpc": "2.0", "error": {"code": 1002}}'),
        ("eos", "hostname leaf1\n\0\nend\n"),
        ("junos", "error: permission denied\n"),
        ("junos", "version 1;\nsystem {\n"),
        ("junos", "<rpc-error>no</rpc-error>\n"),
        ("nftables", "Error: Could not process rule: Operation not permitted\n"),
        ("nftables", "sudo: a password is required\n"),
        ("nftables", '{"nftables": []}\n'),
    ],
)
def test_what_is_not_a_configuration_is_not_concluded_from(
    platform: str, text: str, raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    with pytest.raises(IncompleteConfigError):
        _snapshot(raw(platform, text), device(platform), fingerprinter)


def test_the_second_reading_must_count_as_many_rules(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    count = 8
    assert _snapshot(raw("nftables", witness_rule_count=count), device("nftables"), fingerprinter)
    for other in (0, count - 1, count + 1):
        with pytest.raises(IncompleteConfigError, match="8 rules"):
            _snapshot(raw("nftables", witness_rule_count=other), device("nftables"), fingerprinter)


def test_a_read_of_another_platform_is_refused(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    with pytest.raises(IncompleteConfigError, match="read as eos"):
        _snapshot(raw("eos"), device("junos"), fingerprinter)
    with pytest.raises(UnsupportedPlatformError):
        _snapshot(raw("eos"), Device(name="x", platform="panos", address="192.0.2.1"), fingerprinter)


def test_an_error_never_quotes_the_text(
    raw: Callable[..., RawRead], device: Callable[..., Device], fingerprinter: Fingerprinter
) -> None:
    with pytest.raises(IncompleteConfigError) as caught:
        _snapshot(raw("junos", 'secret "canary-value;\n'), device("junos"), fingerprinter)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(raw("junos", 'secret "canary-value;\n'))
