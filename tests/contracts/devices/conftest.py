"""Fixtures of the contract suite: each lab device is started once, and reset before every test.

Input: a test's name, which begins with the contract's id. Output: the test once for each device that the contract means
something on; the others are stated in `tables.NOT_APPLICABLE`.
"""

import os
import pathlib
import re
from collections.abc import Iterator

import pytest
from tests.contracts.devices.benches import FORMS, KINDS, Bench, bench_of
from tests.contracts.devices.sites import Workplace, workplace
from tests.contracts.devices.tables import NOT_APPLICABLE

from murenger.lab import site
from murenger.lab.blueprints import blueprint

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
PLATFORMS = {"fw1": "nftables", "leaf1": "eos", "srx1": "junos"}
_ID = re.compile(r"test_(c\d\d)_")


def _marks(key: str) -> tuple[pytest.MarkDecorator, ...]:
    marks = [pytest.mark.lab(namespaces=key.startswith("fw1"))]
    if key == "fw1-netns" and os.geteuid() != 0:
        marks = [pytest.mark.skip(reason="fw1 behind OpenSSH in network namespaces needs root")]
    # Each worker that meets a device starts one of its own, so what a group spares is time and nothing else.
    return pytest.mark.xdist_group(f"device-{key}"), *marks


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on every device that its contract applies to, and a fixture case on every device of its platform.

    A module about one kind of device names its keys in `DEVICES`.
    """
    if "bench" not in metafunc.fixturenames:
        return
    found = _ID.match(metafunc.definition.originalname)
    contract = found[1].upper() if found else ""
    meant = getattr(metafunc.module, "DEVICES", KINDS)
    keys = [key for key in KINDS if key in meant and (key.partition("-")[0], contract) not in NOT_APPLICABLE]
    if "case" not in metafunc.fixturenames:
        parameters = [pytest.param(key, marks=_marks(key), id=key) for key in keys]
        metafunc.parametrize("running_bench", parameters, indirect=True, scope="session")
        return
    # What a case is made of does not depend on how the firewall is reached.
    pairs = [(key, case) for key in keys if key != "fw1-netns" for case in cases_for(key)]
    parameters = [pytest.param(key, case, marks=_marks(key), id=f"{key}-{case.name}") for key, case in pairs]
    metafunc.parametrize(("running_bench", "case"), parameters, indirect=["running_bench"], scope="session")


def cases_for(key: str) -> list[pathlib.Path]:
    """Return the fixture cases of a device's platform."""
    folder = FIXTURES / PLATFORMS[key.partition("-")[0]]
    found = sorted(path.parent for path in folder.glob("*/live.conf"))
    assert len(found) > 5, f"there are no cases in {folder}"
    return found


@pytest.fixture(scope="session")
def running_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Run one device for as long as tests need it."""
    key = str(request.param)
    lab_dir: pathlib.Path = tmp_path_factory.mktemp(key) / "lab"
    chosen = (blueprint(key.partition("-")[0]),)
    reports: list[str] = []
    try:
        (found,) = site.up(lab_dir, chosen, FORMS[key], reports.append)
        assert found.state is site.State.UP, found.detail
        yield bench_of(key, lab_dir)
    finally:
        site.down(lab_dir, chosen, reports.append)


@pytest.fixture
def bench(running_bench: Bench) -> Bench:
    """Provide a device with the configuration it booted with."""
    running_bench.reset()
    return running_bench


@pytest.fixture(scope="session")
def running_place(running_bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """Make one working directory for each device; its ledger grows with the tests."""
    running_bench.reset()
    return workplace(running_bench, tmp_path_factory.mktemp(f"{running_bench.key}-site") / "work")


@pytest.fixture
def place(bench: Bench, running_place: Workplace) -> Workplace:
    """Provide a site whose device runs golden."""
    assert running_place.bench is bench
    return running_place


@pytest.fixture
def new_place(bench: Bench, tmp_path: pathlib.Path) -> Workplace:
    """Provide a site of one's own, for a test that accepts another golden policy."""
    return workplace(bench, tmp_path / "work")
