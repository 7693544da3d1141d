"""What the tests of this folder share: snapshots of texts, read the way a device is read."""

import datetime
from collections.abc import Callable

import pytest

from murenger.model import Device, PeerIdentity, RawRead, Snapshot, SnapshotKind
from murenger.observe import canonical
from murenger.secrets import Fingerprinter

NOW = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
KEY = Fingerprinter(b"0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="session")
def now() -> datetime.datetime:
    return NOW


@pytest.fixture(scope="session")
def snapshot() -> Callable[..., Snapshot]:
    def make(text: str, platform: str = "nftables", kind: SnapshotKind = SnapshotKind.RUNNING) -> Snapshot:
        read = RawRead(
            text=text, platform=platform, hostname="", taken_at=NOW, identity=PeerIdentity.FILE, driver="test 1"
        )
        return canonical(read, Device(name="d1", platform=platform, address="192.0.2.1"), KEY, kind)[0]

    return make


@pytest.fixture(scope="session")
def chain(snapshot: Callable[..., Snapshot]) -> Callable[..., Snapshot]:
    """Return a snapshot of a firewall with one chain of these rules."""

    def make(*rules: str) -> Snapshot:
        return snapshot("table inet t {\n\tchain c {\n" + "".join(f"\t\t{rule}\n" for rule in rules) + "\t}\n}\n")

    return make
