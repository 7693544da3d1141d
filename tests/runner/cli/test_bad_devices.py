"""Devices that cannot be had, or are not who they should be: one clear line, exit 2, nothing half-done."""

import pathlib
from collections.abc import Callable
from typing import Any

import asyncssh
import pytest

from murenger.errors import IncompleteConfigError
from murenger.lab.material import write_certificate

# Each of these doors must look at the device before it does anything else.
DOORS = [("diff",), ("plan", "leaf1"), ("heal", "leaf1"), ("run", "--once")]

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:ncclient.*")


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_an_unreachable_device_is_named(bench: Any, refuses: Any, closed_port: int, door: tuple[str, ...]) -> None:
    bench.vary(ansible_port=closed_port)
    refuses(*door, says=("leaf1: ", "no whole answer", "(check address"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_wrong_password_is_named(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    bench.vary(ansible_password="not-it")
    line = refuses(*door, says=("leaf1: ", "refused the login", "credential"))
    assert "not-it" not in line


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_certificate_for_another_name_is_refused(
    bench: Any, refuses: Any, another_switch: Callable[..., Any], tmp_path: pathlib.Path, door: tuple[str, ...]
) -> None:
    write_certificate(tmp_path, "leaf2.example.net", "127.0.0.2")
    other = another_switch("leaf1", tmp_path)
    bench.devices({"leaf1": other.variables()})
    refuses(*door, says=("leaf1: ", "not proved to be this device", "(check the address"))
    assert not other.users()


def test_a_certificate_of_another_authority_is_refused(bench: Any, refuses: Any, tmp_path: pathlib.Path) -> None:
    write_certificate(tmp_path, "leaf1.example.net", "127.0.0.1")
    bench.vary(murenger_ca_file=str(tmp_path / "ca.pem"))
    refuses("heal", "leaf1", says=("leaf1: ", "not proved to be this device"))


def test_a_missing_authority_file_is_named_with_its_variable(bench: Any, refuses: Any, tmp_path: pathlib.Path) -> None:
    bench.vary(murenger_ca_file=str(tmp_path / "gone.pem"))
    refuses("heal", "leaf1", says=("leaf1: ", "gone.pem", "murenger_ca_file"))


def test_a_device_that_says_it_is_another_is_refused(bench: Any, refuses: Any) -> None:
    bench.switch.fault("wrong-hostname", "leaf2")
    refuses("heal", "leaf1", says=("leaf1: ", "leaf2"))


def test_a_wrong_host_key_is_refused_before_login(bench: Any, refuses: Any, srx: Any) -> None:
    device, variables = srx
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode("ascii")
    hosts = pathlib.Path(str(variables["murenger_known_hosts"]))
    hosts.write_text(f"[127.0.0.1]:{device.port} {stranger}", encoding="ascii")
    bench.devices({"leaf1": bench.switch.variables(), "srx1": variables})
    refuses("diff", "srx1", says=("srx1: ", "host key", "ask its owner"))
    refuses("golden", "accept", "srx1", "--key", str(bench.alice), says=("srx1: ", "host key"))


def test_a_host_key_that_nobody_knows_is_refused(bench: Any, refuses: Any, srx: Any) -> None:
    _, variables = srx
    pathlib.Path(str(variables["murenger_known_hosts"])).write_text("", encoding="ascii")
    bench.devices({"leaf1": bench.switch.variables(), "srx1": variables})
    refuses("diff", "srx1", says=("srx1: ", "no host key", "ssh-keyscan"))


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_an_eos_device_declared_junos_is_refused(
    bench: Any, refuses: Any, tmp_path: pathlib.Path, door: tuple[str, ...]
) -> None:
    hosts = tmp_path / "known_hosts"
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode("ascii")
    hosts.write_text(f"[127.0.0.1]:{bench.switch.emulator.port} {key}", encoding="ascii")
    bench.vary(ansible_network_os="junos", murenger_known_hosts=str(hosts))
    refuses(*door, says=("leaf1: ", "no SSH service", "platform"))


def test_a_junos_device_declared_eos_is_refused(bench: Any, refuses: Any, srx: Any) -> None:
    _, variables = srx
    eos = {**variables, "ansible_network_os": "eos", "murenger_ca_file": bench.switch.variables()["murenger_ca_file"]}
    bench.devices({"leaf1": bench.switch.variables(), "srx1": eos})
    refuses("diff", "srx1", says=("srx1: ", "platform"))


def test_an_unknown_platform_is_named_with_those_there_are(bench: Any, refuses: Any) -> None:
    bench.vary(ansible_network_os="cisco.ios.ios")
    refuses("heal", "leaf1", says=("leaf1: ", "cisco.ios.ios", "eos", "junos", "nftables"))


def test_golden_of_another_platform_is_refused(bench: Any, refuses: Any, srx: Any) -> None:
    device, variables = srx
    bench.devices({"leaf1": variables})
    device.ask("fault", name="wrong-hostname", value="leaf1")
    refuses("heal", "leaf1", says=("leaf1: ", "golden policy is for platform eos", "the inventory says junos"))


def test_a_read_cut_at_any_line_concludes_nothing(bench: Any) -> None:
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    held = bench.held()
    lines = len(bench.switch.running().splitlines())
    assert lines > 50
    for count in range(lines):
        bench.switch.fault("truncate", count)
        with pytest.raises(IncompleteConfigError):
            site.examine(device)
    assert bench.held() == held


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_a_read_cut_short_is_one_line_at_each_door(bench: Any, refuses: Any, door: tuple[str, ...]) -> None:
    bench.switch.fault("truncate", 30)
    refuses(*door, says=("leaf1: ", "does not end with 'end'"))


def test_a_link_that_breaks_in_a_reply_is_one_line(bench: Any, refuses: Any) -> None:
    bench.switch.fault("drop", "show running-config")
    refuses("heal", "leaf1", says=("leaf1: ", "no whole answer", "(check"))


def test_a_device_that_answers_too_late_is_named(bench: Any, refuses: Any) -> None:
    bench.edit("read_timeout: 60s", "read_timeout: 1s")
    bench.edit("connect_timeout: 20s", "connect_timeout: 1s")
    bench.switch.fault("slow", 2.5)
    refuses("diff", says=("leaf1: ", "longer than 1 s", "murenger.yml"))


def test_status_tells_trouble_in_the_device_s_own_row(bench: Any, closed_port: int) -> None:
    bench.devices(
        {"leaf1": bench.switch.variables(), "leaf9": {**bench.switch.variables(), "ansible_port": closed_port}}
    )
    done = bench.cli("status", "-l", "leaf1,leaf9")
    assert done.code == 2
    rows = {line.split()[0]: line for line in done.out.splitlines()}
    assert "in sync" in rows["leaf1"]
    assert "unknown" in rows["leaf9"]
    assert "no whole answer" in rows["leaf9"]
    entries = {
        entry["device"]: entry for entry in bench.cli("status", "-l", "leaf1,leaf9", "-o", "json").data["devices"]
    }
    assert entries["leaf1"]["state"] == "in-sync"
    assert entries["leaf9"]["error"] == "UnreachableError"
    assert entries["leaf9"]["hint"]


def test_a_refused_candidate_is_told_and_changes_nothing(bench: Any) -> None:
    bench.switch.drift()
    before = bench.switch.running()
    bench.vary(murenger_heal_password="wrong")
    site = bench.open()
    (device,) = site.devices(("leaf1",))
    plan = site.plan(site.examine(device))
    outcome = site.remediate(device, plan.sha256)
    assert outcome.verdict.value == "not-applied"
    assert bench.switch.running() == before
    assert [record["kind"] for record in bench.records()][-2:] == ["intent", "outcome"]
    assert "wrong" not in outcome.reason
