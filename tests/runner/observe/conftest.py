"""What the tests of this folder share: a clock that stands still, texts of each platform, sources that lie."""

import dataclasses
import datetime
import pathlib
from collections.abc import Callable

import pytest

from murenger.errors import UnreachableError
from murenger.model import Device, PeerIdentity, RawRead
from murenger.secrets import Fingerprinter

NOW = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
TEXTS = {
    platform: (FIXTURES / platform / "add" / "golden.conf").read_bytes().decode()
    for platform in ("nftables", "eos", "junos")
}
HOSTNAMES = {"nftables": "fw1", "eos": "leaf1", "junos": "srx1"}


class ScriptedSource:
    """Gives each read in turn; an exception among them is raised."""

    def __init__(self, *reads: RawRead | Exception) -> None:
        self.reads = list(reads)
        self.count = 0

    def read(self, _device: Device) -> RawRead:
        self.count += 1
        answer = self.reads.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def canonicalise(self, _device: Device, text: str) -> str:
        return text


@pytest.fixture
def fingerprinter() -> Fingerprinter:
    return Fingerprinter(b"0123456789abcdef0123456789abcdef")


@pytest.fixture
def device() -> Callable[..., Device]:
    def make(platform: str, **more: object) -> Device:
        return Device(name=more.pop("name", HOSTNAMES[platform]), platform=platform, address="192.0.2.1", **more)

    return make


@pytest.fixture
def raw() -> Callable[..., RawRead]:
    def make(platform: str, text: str | None = None, **more: object) -> RawRead:
        whole = RawRead(
            text=TEXTS[platform] if text is None else text,
            platform=platform,
            hostname=HOSTNAMES[platform],
            taken_at=NOW,
            identity=PeerIdentity.HOST_KEY,
            driver="test 1",
        )
        return dataclasses.replace(whole, **more)

    return make


@pytest.fixture
def source() -> type[ScriptedSource]:
    return ScriptedSource


@pytest.fixture
def texts() -> dict[str, str]:
    return TEXTS


@pytest.fixture
def unreachable() -> UnreachableError:
    return UnreachableError("gone")


@pytest.fixture
def now() -> datetime.datetime:
    return NOW
