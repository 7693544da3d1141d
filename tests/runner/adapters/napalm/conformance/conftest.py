"""A device in a folder with a driver of a test's choice, tried by the whole suite in virtual time."""

import dataclasses
import pathlib
import sys
import types
from collections.abc import Callable

import pytest
from tests.runner.adapters.napalm.conformance.liars import LIARS
from tests.runner.adapters.napalm.conformance.rack import Rack, RackClock

from murenger.adapters.napalm import Login, TimeLimits
from murenger.adapters.napalm.conformance import Conformance, ConformanceRun, Progress
from murenger.adapters.napalm.profiles import PROFILES
from murenger.model import Device, PeerIdentity, SafetyNet

DEVICE = Device(name="rack1", platform="eos", address="192.0.2.1")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A device, and what the suite said of its driver."""

    rack: Rack
    run: ConformanceRun

    def unproved(self) -> set[str]:
        """Return the names of what is not proved."""
        return {proof.name.value for proof in self.run.capability.proofs if not proof.proved}

    def reason(self, name: str) -> str:
        """Return what the suite says of one proof."""
        return next(proof.reason for proof in self.run.capability.proofs if proof.name.value == name)


@pytest.fixture
def rack(tmp_path: pathlib.Path) -> Rack:
    """Give a device."""
    return Rack(tmp_path)


@pytest.fixture
def suite(rack: Rack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Conformance]:
    """Give a function that makes the suite for a driver, which NAPALM finds by its name as any other."""

    def make(driver: str, report: Callable[[Progress], None] = lambda _: None) -> Conformance:
        home, module = types.ModuleType("custom_napalm"), types.ModuleType("custom_napalm.rack")
        home.rack, module.Driver = module, LIARS[driver]  # type: ignore[attr-defined]  # modules take any attribute
        monkeypatch.setitem(sys.modules, "custom_napalm", home)
        monkeypatch.setitem(sys.modules, "custom_napalm.rack", module)
        arguments = {"rack": rack, "reads": []}
        profile = dataclasses.replace(
            PROFILES["eos"],
            driver="rack",
            optional_args=lambda _: dict(arguments),
            identity=PeerIdentity.HOST_KEY,
            safety_net=SafetyNet.NATIVE_CONFIRM,
            handle="",
            named_candidate=False,
            undo_committed="rollback",
        )
        monkeypatch.setitem(PROFILES, "eos", profile)
        return Conformance(
            device=DEVICE,
            login=Login(username="healer", password="Xq7rkW93"),
            clock=RackClock(rack),
            limits=TimeLimits(connect_s=5.0, call_s=5.0),
            report=report,
        )

    return make


@pytest.fixture
def tried(rack: Rack, suite: Callable[..., Conformance]) -> Callable[..., Trial]:
    """Give a function that tries a driver."""
    return lambda driver: Trial(rack=rack, run=suite(driver).run())
