"""Probes at a site: their checks are in the plan and in the outcome, and a change that they outlast is refused."""

import json
import socket
from typing import Any

import pytest

from murenger.errors import ApprovalError, GuardRefusedError

FACT = "{name: name, type: getter, getter: get_facts, path: hostname, equals: leaf1}"


@pytest.fixture(autouse=True)
def _drifted(bench: Any) -> None:
    bench.switch.drift()


def with_probes(bench: Any, *probes: str) -> None:
    bench.edit("mode: heal", f"probes: [{', '.join(probes)}]\n    mode: heal")


def heal(bench: Any) -> Any:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    return site.remediate(device, site.plan(site.examine(device)).sha256)


def test_probes_are_named_in_the_plan_and_answered_in_the_outcome(bench: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with_probes(bench, FACT, f"{{name: web, type: tcp, host: 127.0.0.1, port: {port}, expect: open}}")
        outcome = heal(bench)
    assert outcome.verdict.value == "healed", outcome.reason
    (plan,) = (bench.site / "state" / "plans").glob("*.json")
    tests = json.loads(plan.read_bytes())["test"]
    assert tests[1:] == [
        "probe name: get_facts / hostname equals 'leaf1'",
        f"probe web: tcp 127.0.0.1 port {port} is open, seen from this host",
    ]
    told = {test["name"]: test for test in bench.records("outcome")[0]["test"]["post"]}
    assert told["probe name"]["observed"] == '"leaf1"'
    assert told["probe web"]["observed"] == "open at 127.0.0.1"
    assert "reader" in bench.switch.users()


def test_a_probe_that_fails_is_undone_and_named(bench: Any) -> None:
    drifted = bench.switch.running()
    with_probes(bench, FACT.replace("equals: leaf1", "equals: leaf2"))
    outcome = heal(bench)
    assert outcome.verdict.value == "rolled-back"
    assert "probe name did not pass" in outcome.reason
    assert bench.switch.running() == drifted
    assert bench.cli("verify").code == 3


def test_what_a_probe_sees_is_hostile_text(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_probes(bench, FACT)
    secret = bench.switch.passwords["reader"]
    text = f"\x1b[2J\u202e{secret}\n" + "A" * 10_000

    def see(*_: object) -> Any:
        raise ValueError(text)

    monkeypatch.setattr("murenger.adapters.probes.prober.see_value", see)
    heal(bench)
    (record,) = bench.records("outcome")
    (seen,) = [test["observed"] for test in record["test"]["post"] if test["name"] == "probe name"]
    assert len(seen) <= 200
    assert seen.isprintable()
    assert secret not in json.dumps(record)


def test_a_plan_whose_probes_changed_is_void(bench: Any) -> None:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    sha256 = site.plan(site.examine(device)).sha256
    with_probes(bench, FACT)
    again = bench.open()
    with pytest.raises(ApprovalError, match="tests changed since it was made"):
        again.remediate(device, sha256)
    assert again.plan(again.examine(device)).sha256 != sha256


def test_a_timer_shorter_than_the_tests_is_refused_with_the_sum_before_anything_is_touched(bench: Any) -> None:
    with_probes(bench, "{name: slow, type: getter, getter: get_facts, path: hostname, equals: leaf1, timeout: 40s}")
    before = bench.held()
    with pytest.raises(GuardRefusedError) as caught:
        heal(bench)
    assert (
        "may take 60 s (20 s to connect + 40 s for probe slow), and the device takes the change back after 60 s"
        in caught.value.message
    )
    assert "revert_in" in caught.value.hint
    assert bench.held() == before
    assert "healer" not in bench.switch.users()
