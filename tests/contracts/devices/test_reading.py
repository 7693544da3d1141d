"""Reading: the peer is the device, reads are whole and the same again, and a broken one is never drift.

Contracts C01, C02, C27 to C29.
"""

import dataclasses
import pathlib
from typing import Any

import pytest
from tests.contracts.devices.passes import FINGERPRINTER, OneConnection, faulty, seen, trial, wanted

from murenger.adapters.napalm import Login
from murenger.compare import compare
from murenger.dialects import dialect
from murenger.errors import AuthenticationError, IdentityError, IncompleteConfigError, MurengerError
from murenger.lab import material
from murenger.lab.description import READ_ROLE
from murenger.model import Device, OutcomeVerdict
from murenger.observe import LastGood, canonical, observe

READS, NEW_CONNECTIONS = 200, 3


def one_line(error: MurengerError, login: Login) -> str:
    """Return the message that people see, which must be one line without the credential in it."""
    said = str(error)
    assert "\n" not in said
    assert not login.password or login.password not in said
    assert len(said) < 500, said
    return said


def relabelled(device: Device, **labels: str) -> Device:
    return dataclasses.replace(device, labels=tuple(sorted({**dict(device.labels), **labels}.items())))


def test_c01_open_read_and_close(bench: Any) -> None:
    raw = bench.read()
    assert raw.hostname == bench.name
    assert raw.os_version
    assert raw.driver
    assert seen(bench).digest == seen(bench).digest


@pytest.mark.parametrize("name", ["murenger-read", "nobody"])
def test_c01_a_bad_credential_is_refused(bench: Any, tmp_path: pathlib.Path, name: str) -> None:
    login = Login(username=name, password=material.password())
    if bench.login(READ_ROLE).key_file:
        material.write_ssh_key(tmp_path / "stranger", "stranger")
        login = Login(username=name, key_file=str(tmp_path / "stranger"))
    with pytest.raises(AuthenticationError) as refused:
        bench.source(login).read(bench.device)
    assert bench.name in one_line(refused.value, login)


def impostors(bench: Any, folder: pathlib.Path) -> list[Device]:
    """Return the device as it looks when its key or certificate is not the known one."""
    if "ca_file" in dict(bench.device.labels):
        material.write_certificate(folder, "leaf1", bench.device.address)
        stranger = relabelled(bench.device, ca_file=str(folder / "ca.pem"))
        other_name = dataclasses.replace(bench.device, address="localhost")
        return [stranger, other_name]
    material.write_ssh_key(folder / "other", "other")
    key = " ".join((folder / "other.pub").read_text(encoding="ascii").split()[:2])
    known = folder / "known_hosts"
    known.write_text(material.known_hosts_line(bench.device.address, bench.device.port, key), encoding="ascii")
    empty = folder / "empty"
    empty.write_text("", encoding="ascii")
    return [relabelled(bench.device, known_hosts=str(path)) for path in (known, empty)]


def test_c01_a_peer_with_another_key_or_certificate_gets_no_credential(bench: Any, tmp_path: pathlib.Path) -> None:
    login = bench.login(READ_ROLE)
    for device in impostors(bench, tmp_path):
        for reach in (bench.source(login).read, lambda found: bench.remediator().open(found).__enter__()):
            with pytest.raises(IdentityError) as refused:
                reach(device)
            one_line(refused.value, login)


def test_c01_a_peer_that_gives_itself_another_name_is_not_the_device(bench: Any) -> None:
    raw = bench.read()
    other = dataclasses.replace(bench.device, name=f"{bench.name}b")
    with pytest.raises(IdentityError, match="calls itself"):
        canonical(raw, other, FINGERPRINTER)


def test_c02_two_hundred_reads_of_an_unchanged_device_show_no_drift(bench: Any) -> None:
    golden = wanted(bench, bench.read().text).golden
    last = LastGood.of(golden.snapshot)
    digests = {seen(bench).digest for _ in range(NEW_CONNECTIONS)}
    with bench.connection() as connection:
        source = OneConnection(connection)
        for _ in range(READS - NEW_CONNECTIONS):
            found = observe(bench.device, source, FINGERPRINTER, last)
            drift = compare(golden.snapshot, found.snapshot, detected_at=found.snapshot.taken_at)
            assert drift.in_sync, drift.differences
            assert not found.doubt
            digests.add(found.snapshot.digest)
    assert source.count == READS - NEW_CONNECTIONS
    assert digests == {golden.snapshot.digest}


def cut_after(lines: int) -> Any:
    """Return what a broken link does to a text."""
    return lambda text: "".join(text.splitlines(keepends=True)[:lines])


def test_c27_a_read_cut_at_any_line_is_unknown(bench: Any) -> None:
    whole = seen(bench)
    last, text = LastGood.of(whole), bench.read().text
    with bench.connection() as connection:
        sound = OneConnection(connection).read(bench.device)
    lines = text.rstrip("\n").splitlines()
    refused = 0
    for count in range(len(lines)):
        cut = dataclasses.replace(sound, text=cut_after(count)(text))
        with pytest.raises(IncompleteConfigError):
            # The second look finds the device whole, so nothing is concluded from the first.
            observe(bench.device, _Script(cut, sound), FINGERPRINTER, last)
        refused += 1
    assert refused == len(lines) > 30


class _Script:
    """Gives each read in turn."""

    def __init__(self, *reads: Any) -> None:
        self._reads = list(reads)

    def read(self, _device: Device) -> Any:
        return self._reads.pop(0)

    def canonicalise(self, _device: Device, text: str) -> str:
        return text


def test_c27_a_device_that_sends_half_its_text_is_not_believed(bench: Any) -> None:
    whole = seen(bench)
    last = LastGood.of(whole)
    with bench.connection() as connection:
        half = len(bench.read().text.splitlines()) // 2
        source = OneConnection(connection, cut_after(half))
        with pytest.raises(IncompleteConfigError):
            observe(bench.device, source, FINGERPRINTER, last)


def test_c27_an_empty_read_is_unknown_until_a_second_one_agrees(bench: Any) -> None:
    last = LastGood.of(seen(bench))
    with bench.connection() as connection:
        source = OneConnection(connection, lambda _: "", str)
        with pytest.raises(IncompleteConfigError):
            observe(bench.device, source, FINGERPRINTER, last)


def test_c27_the_emulator_s_own_faults_are_not_believed(bench: Any) -> None:
    if not hasattr(bench, "trace"):
        bench.play("flush")
        with bench.connection() as connection:
            source = OneConnection(connection)
            found = observe(bench.device, source, FINGERPRINTER)
        assert (found.snapshot.text, found.doubt) == ("", "it is empty")
        assert source.count > 1, "an empty read was believed at once"
        return
    for name, value in (("truncate", 20), ("empty", True)):
        with faulty(bench, name, value), pytest.raises(IncompleteConfigError):
            observe(bench.device, bench.source(), FINGERPRINTER)
    observe(bench.device, bench.source(), FINGERPRINTER)


def test_c28_a_candidate_served_as_running_is_refused_or_never_healed(bench: Any) -> None:
    golden, really = bench.read().text, bench.running()
    with bench.driver() as driver:
        driver.load_replace_candidate(config=golden.replace("office", "elsewhere"))
        with faulty(bench, "candidate-as-running", True):
            assert "elsewhere" in bench.read().text, "the fault does nothing"
            try:
                outcome = trial(bench, golden).heal()
            except IncompleteConfigError:
                pass
            else:
                assert outcome.verdict is OutcomeVerdict.NOT_APPLIED, outcome
            assert bench.running() == really
        driver.discard_config()


def test_c29_what_changes_by_itself_is_no_drift(bench: Any) -> None:
    golden = wanted(bench, bench.read().text)
    raw = bench.read()
    if bench.platform == "eos":
        bench.fault("resalt", True)
        assert any(bench.read().text != raw.text for _ in range(5)), "the fault does nothing"
    elif bench.platform == "junos":
        bench.advance(3600)
        bench.type(*bench.harmless())
        bench.type("rollback 1", "commit")
        assert bench.read().text != raw.text
    else:
        bench.type("nft add element inet murenger guests '{ 198.51.100.9 timeout 5m }'")
    now = seen(bench)
    drift = compare(golden.golden.snapshot, now, detected_at=now.taken_at)
    assert drift.in_sync, drift.differences


def test_c29_healing_something_else_keeps_what_changes_by_itself(bench: Any) -> None:
    golden = bench.read().text
    bench.play(bench.rogue)
    if bench.platform == "eos":
        bench.fault("resalt", True)
    outcome = trial(bench, golden).heal()
    assert outcome.verdict is OutcomeVerdict.HEALED, outcome.reason
    assert seen(bench).digest == wanted(bench, golden).golden.snapshot.digest


def test_every_platform_has_its_dialect(bench: Any) -> None:
    assert dialect(bench.platform).name == bench.platform
