"""Port GoldenStore: what every adapter must hold to."""

import dataclasses
import datetime
import pathlib
import subprocess

import pytest

from murenger.adapters.git import GitGoldenStore
from murenger.adapters.keys import fingerprint, generate_key
from murenger.decide import AcceptedRevision, resolve
from murenger.errors import ConfigError, GoldenMissingError, GoldenUntrustedError
from murenger.ports import GoldenFile

NOW = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=datetime.UTC)
GOLDEN = GoldenFile(text="drop\n", platform="nftables", path="", sidecar=b"$ANSIBLE_VAULT;1.1;AES256\n00\n")


class StillClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        raise AssertionError(seconds)


@dataclasses.dataclass
class Place:
    """A store with Alice as its reviewer, whose key ends in 2027."""

    store: GitGoldenStore
    clock: StillClock
    folder: pathlib.Path
    accepted: str | None = None

    def accept(self, text: str, device: str = "fw1", key: str = "alice") -> str:
        golden = dataclasses.replace(GOLDEN, text=text)
        return self.store.accept(device, golden, signing_key=str(self.folder / key), message=f"golden of {device}")


@pytest.fixture(params=[(), ("--bare",), ("--object-format=sha256",)], ids=["work-tree", "bare", "sha256"])
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    repository, trust = tmp_path / "golden", tmp_path / "signers"
    command = ["git", "init", "--quiet", "--initial-branch=main", *request.param, str(repository)]
    subprocess.run(command, check=True, capture_output=True)
    lines = [
        f'{name}@example.net namespaces="git",valid-before="20270101Z" {generate_key(tmp_path / name, name)}\n'
        for name in ("alice", "mallory")
    ]
    trust.write_text(lines[0], encoding="ascii")
    clock = StillClock()
    made = Place(
        store=GitGoldenStore(repository, "main", trust, clock=clock, accepted=lambda: made.accepted),
        clock=clock,
        folder=tmp_path,
    )
    return made


def test_an_empty_store_has_no_head(place: Place) -> None:
    with pytest.raises(GoldenMissingError):
        place.store.head()


def test_what_is_accepted_becomes_the_head_signed_and_loaded_unchanged(place: Place) -> None:
    revision = place.accept("drop\n")
    assert place.store.head() == revision
    signatory = place.store.check(revision, accepted=None, at=NOW)
    assert signatory.principal == "alice@example.net"
    assert signatory.key_fingerprint == fingerprint(place.folder / "alice")
    assert place.store.load("fw1", revision) == dataclasses.replace(GOLDEN, path="devices/fw1/running.conf")


def test_accepting_the_same_again_changes_nothing(place: Place) -> None:
    revision = place.accept("drop\n")
    assert place.accept("drop\n") == revision


def test_every_revision_keeps_its_own_text(place: Place) -> None:
    first, second = place.accept("one\n"), place.accept("two\n")
    assert [place.store.load("fw1", revision).text for revision in (first, second)] == ["one\n", "two\n"]


def test_a_device_without_golden_is_missing(place: Place) -> None:
    revision = place.accept("drop\n")
    with pytest.raises(GoldenMissingError, match="fw2: no golden policy"):
        place.store.load("fw2", revision)


def test_a_name_that_cannot_be_a_devices_is_refused(place: Place) -> None:
    with pytest.raises(ConfigError):
        place.accept("drop\n", device="../fw1")


def test_a_descendant_is_trusted_and_an_ancestor_is_not(place: Place) -> None:
    first, second = place.accept("one\n"), place.accept("two\n")
    place.store.check(second, accepted=first, at=NOW)
    place.store.check(second, accepted=second, at=NOW)
    with pytest.raises(GoldenUntrustedError, match="does not descend"):
        place.store.check(first, accepted=second, at=NOW)


def test_a_key_is_judged_by_the_time_that_is_given(place: Place) -> None:
    revision = place.accept("drop\n")
    with pytest.raises(GoldenUntrustedError, match="was not valid"):
        place.store.check(revision, accepted=None, at=datetime.datetime(2027, 6, 1, tzinfo=datetime.UTC))


def test_a_strangers_accept_leaves_nothing_behind(place: Place) -> None:
    revision = place.accept("drop\n")
    with pytest.raises(GoldenUntrustedError):
        place.accept("accept\n", key="mallory")
    assert place.store.head() == revision


def test_first_sight_fixes_the_approval_for_good(place: Place) -> None:
    place.accept("one\n")
    accepted, is_new = resolve(place.store, None, NOW)
    assert is_new
    later = datetime.datetime(2027, 6, 1, tzinfo=datetime.UTC)
    assert resolve(place.store, accepted, later) == (accepted, False)
    place.accept("two\n")
    with pytest.raises(GoldenUntrustedError, match="was not valid"):
        resolve(place.store, accepted, later)
    newer, is_new = resolve(place.store, accepted, NOW)
    assert is_new
    assert isinstance(newer, AcceptedRevision)
    assert newer.revision == place.store.head()
