"""Inventories as people have them: hosts that are no devices of ours are in nobody's way."""

from typing import Any

import pytest

JUMP = {"ansible_host": "192.0.2.5"}


@pytest.mark.parametrize("stranger", ["jump1", "web server", "localhost"])
def test_a_host_that_cannot_be_a_device_is_in_nobodys_way(bench: Any, stranger: str) -> None:
    bench.devices({"leaf1": bench.switch.variables(), stranger: JUMP})
    bench.switch.drift()
    assert bench.cli("diff").code == 1
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    outcome = site.remediate(device, site.plan(site.examine(device)).sha256)
    assert outcome.verdict.value == "healed"
    done = bench.cli("run", "--once")
    assert done.code == 0, done
    assert bench.cli("verify").code == 3


def test_records_tell_zone_and_address_of_the_device(bench: Any) -> None:
    bench.vary(murenger_zone="card-data")
    bench.switch.drift()
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    site.remediate(device, site.plan(site.examine(device)).sha256)
    (outcome,) = bench.records("outcome")
    assert outcome["device"]["zone"] == "card-data"
    assert outcome["device"]["mgmt_address"] == "127.0.0.1"
