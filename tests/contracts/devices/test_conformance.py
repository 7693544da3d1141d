"""The real drivers pass the conformance suite, and the devices do not show it afterwards."""

import json
import pathlib
from typing import Any

import pytest
from tests.contracts.devices.tables import NOT_PROVED

from murenger.adapters.napalm.conformance.harmless import HARMLESS
from murenger.model.capability import NEEDED_TO_HEAL, ProofName
from murenger.wiring.conforming import Conforming

# How the firewall is reached does not change what nft does; the other way is tried by `murenger doctor` in the demo.
BENCHES = [
    pytest.param("fw1-userns", marks=(pytest.mark.xdist_group("device-fw1-userns"), pytest.mark.lab(namespaces=True))),
    pytest.param("leaf1", marks=(pytest.mark.xdist_group("device-leaf1"), pytest.mark.lab(namespaces=False))),
    pytest.param("srx1", marks=(pytest.mark.xdist_group("device-srx1"), pytest.mark.lab(namespaces=False))),
]


@pytest.mark.parametrize("running_bench", BENCHES, indirect=True, scope="session")
def test_what_is_proved_of_a_driver_is_what_the_page_says(running_bench: Any, running_place: Any) -> None:
    running_bench.reset()
    before, startup = running_bench.running(), running_bench.startup()
    site = running_place.site()
    (device,) = site.devices((running_bench.name,))
    tried = Conforming(site.parts, site.journal, site.desk).try_driver(device, lambda _: None)
    capability = tried.run.capability
    reasons = {proof.name: proof.reason for proof in capability.proofs}
    unproved = {proof.name.value for proof in capability.proofs if not proof.proved}
    assert unproved == {name for platform, name in NOT_PROVED if platform == device.platform}, reasons
    assert not capability.missing(NEEDED_TO_HEAL)
    assert not tried.run.stranded
    assert _without_comments(running_bench.running()) == _without_comments(before)
    assert HARMLESS[device.platform].mark not in startup + running_bench.startup()
    _counts(site, tried.path)


def _counts(site: Any, path: pathlib.Path) -> None:
    said = json.loads(path.read_bytes())
    found = site.parts.capabilities.find(said["driver"], said["driver_version"], said["os_version"])
    assert found is not None
    assert found.device == said["device"]
    assert {proof["name"] for proof in said["proofs"]} == {name.value for name in ProofName}


def _without_comments(text: str) -> list[str]:
    # Junos heads what runs with the time of the last commit, and that one was ours.
    return [line for line in text.splitlines() if not line.startswith(("##", "! "))]
